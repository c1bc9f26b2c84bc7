//! The store of records: an engine that keeps bytes, and above it, written once, the changelog of a school.
//!
//! It is no judge of what it keeps: it does not merge, validate or send. What it promises is that a commit is durable
//! when it returns, atomic, and that bytes which are not those that were written are never given out as if they were.
//!
//! The main types are [`Engine`] (a trait: [`open_store`] gives one on disk, by sled or redb; [`MemoryEngine`] is for
//! simulations, [`FaultyEngine`] goes around either), [`Changelog`] (rows of all schools over an engine) and
//! [`SchoolStore`] (one school's rows, as `selaras_sync` reads and writes them). docs/storage.md says how the engines
//! have to be used, and why.

mod aside;
mod blobs;
mod changelog;
mod directory;
mod disk;
mod engine;
mod faulty;
mod frame;
mod growing;
mod guard;
mod handle;
mod keys;
mod memory;
mod open;
mod place;
mod raw;
mod record_rows;
mod redb_handle;
mod rows;
mod sled_handle;
mod space;
mod split;
mod stop;

pub use aside::move_aside;
pub use blobs::{FileBlobs, MemoryBlobs};
pub use changelog::{Changelog, SchoolStore};
pub use engine::{Engine, EngineError, MAX_COMMIT_BYTES, MAX_COMMIT_WRITES, MAX_KEY_BYTES, Visit, Write};
pub use faulty::{Fault, FaultyEngine};
pub use growing::Growing;
pub use guard::silence_engines;
pub use memory::MemoryEngine;
pub use open::{EngineKind, OpenStore, UnknownEngine, engine_of, lasting_files, open_store};
pub use place::{Claim, put_in_place};
pub use raw::{RawRow, RawWriter};
pub use space::{STORE_FORMAT, Space};
pub use stop::LastStop;
