//! One record's document: mint, merge, resolve, conflicts as values.
//!
//! A bundle carries edits, never automerge bytes. Both ends turn an [`Edit`] into the same change with one function,
//! [`mint`], which merges it into the record's [`Document`] as well; [`Document::resolve`] then says what the record
//! is now and which [`Conflict`]s wait for a person. The same edits give the same heads, record and conflicts in
//! whatever order and grouping they arrive.
//!
//! This is the only crate that names automerge, and none of its types shows outside. It stores nothing, sends
//! nothing, and does not know who may write what: that is asked of the pack before an edit comes here.
//!
//! ```
//! use selaras_merge::{Edit, mint};
//! use selaras_model::{Actor, EntityCode, Fields, Pack, RecordId, Side, Value};
//!
//! let pack = Pack::builtin();
//! let entity = pack.entity_named("peserta_didik").ok_or("no such entity")?;
//! let actor = |sequence| -> Result<Actor, Box<dyn std::error::Error>> {
//!     Ok(Actor { side: Side::School, school: "20100001".parse()?, replica: *b"replica1", sequence })
//! };
//!
//! let creation = Edit { fields: Fields::from_iter([("nama".parse()?, Value::text("Contoh"))]), ..Edit::default() };
//! let (document, _) = mint(None, &actor(1)?, &creation)?;
//!
//! let renamed = Fields::from_iter([("nama".parse()?, Value::text("Contoh Siswa"))]);
//! let edit = Edit { fields: renamed, ..Edit::on(&document.heads()) };
//! let (document, minted) = mint(Some(&document), &actor(2)?, &edit)?;
//!
//! let resolved = document.resolve(&pack, entity.code, RecordId::from_bytes([7; 16]))?;
//! assert_eq!(resolved.record.text("nama"), Some("Contoh Siswa"));
//! assert_eq!(resolved.heads, vec![minted.change]);
//! assert!(resolved.conflicts.is_empty());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod conflict;
mod deletion;
mod document;
mod edit;
mod error;
mod guard;
mod history;
mod mint;
mod past;
mod resolve;
mod scalar;

pub use conflict::{Candidate, Conflict, Resolved, Subject};
pub use document::Document;
pub use edit::{Edit, HeadPrefix, Minted, head_prefix};
pub use error::MergeError;
pub use mint::{append, mint, peek};
pub use past::PastChange;

/// Named limits of this crate.
pub mod limits {
    pub use crate::document::MAX_DOCUMENT_BYTES;
}
