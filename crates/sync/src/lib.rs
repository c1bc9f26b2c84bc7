//! The sync engine without I/O, for both ends: formats, and what the engine asks of a store.
//!
//! It never waits, reads no clock and opens nothing. So far it holds the formats that both ends agree on
//! ([`Bundle`], [`EditSet`]) and the rows of the store ([`store`]); the engine above them comes next.
//!
//! ```
//! use selaras_sync::bundle;
//!
//! assert!(bundle::decode(b"not a bundle").is_err());
//! ```

pub mod bundle;
mod edits;
mod entry;
pub mod store;
pub mod wire;

pub use bundle::Bundle;
pub use edits::{EditSet, EditsChain, EditsError, MAX_EDIT_FIELDS, MAX_EDIT_HEADS, MAX_EDITS};
pub use entry::{EntryError, LogEntry, MAX_ACT_KIND, MAX_ENTRY_BYTES, MAX_ENTRY_MODULES, Origin, Receipt, entry_hash};
