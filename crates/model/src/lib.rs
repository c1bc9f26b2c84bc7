//! Records of a school: identifiers, values, the school pack, canonical bytes, hashes and digests.
//!
//! The crate says what a record *is* and when two of them are equal. It merges nothing, stores nothing, judges no
//! rule of a rulebook and reads no clock; those are the crates above it.
//!
//! The main types are [`Record`] (entity, id, fields), [`Pack`] (which entities and fields exist and who may edit
//! them, read from data) and [`ModuleDigest`] (a set hash over all documents of a module, by which two computers
//! prove that they hold the same).
//!
//! ```
//! use selaras_model::{Pack, content_hash, record_from_json};
//!
//! let pack = Pack::builtin();
//! let entity = pack.entity_named("peserta_didik").ok_or("no such entity")?;
//! let line = serde_json::json!({
//!     "entity": "peserta_didik",
//!     "id": "0190a000-0000-7000-8000-000000000001",
//!     "fields": { "nama": "Contoh Siswa" },
//! });
//! let record = record_from_json(&pack, &line)?;
//! assert_eq!(record.text("nama"), Some("Contoh Siswa"));
//! let hash = content_hash(&entity.name, &record);
//! assert_eq!(hash.to_string().len(), 64);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod canonical;
mod digest;
mod edge;
mod id;
mod pack;
mod record;
mod value;

pub use canonical::{CanonicalError, canonical_bytes, content_hash, decode_value, encode_value};
pub use digest::{Element, ModuleDigest, ModuleDigestError, element, root_digest};
pub use edge::{LineError, LineProblem, RecordLine, ValueError, line_from_json, record_from_json, record_to_json};
pub use id::{
    Actor, ActorError, BundleId, ChangeHash, ContentHash, DeviceId, Digest, EntityCode, EntryHash, EpochId, IdError,
    KeyId, LogVersion, Npsn, NpsnError, PackHash, PositionError, RecordId, RecordIdError, RecordKey, RecordKeyError,
    ReplicaId, RulebookHash, Sequence, Side,
};
pub use pack::{
    Breach, BreachKind, CentreIf, Deadline, Entity, Field, FieldKind, FieldOwner, Label, Lang, LangError, Module, Pack,
    PackError, PackProblem, Right, Table, TableRow,
};
pub use record::{Fields, Record};
pub use value::{Date, DateError, FieldName, FieldNameError, Value};

/// Named limits of the formats in this crate; whatever exceeds one is refused with an error that says so.
pub mod limits {
    pub use crate::canonical::{MAX_CODE_BYTES, MAX_TEXT_BYTES};
    pub use crate::pack::{
        MAX_DEADLINES, MAX_ENTITIES, MAX_FIELDS, MAX_LABEL_BYTES, MAX_MODULES, MAX_PACK_BYTES, MAX_PROBLEMS, MAX_SCALE,
        MAX_TABLE_ROWS, MAX_TABLES, MAX_TEXT_CHARS,
    };
    pub use crate::value::MAX_FIELD_NAME_BYTES;
}
