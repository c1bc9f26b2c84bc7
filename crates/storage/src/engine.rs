//! What the changelog asks of an engine, and nothing more.

use std::fmt;

use selaras_sync::store::{Flow, StoreError};

use crate::Space;

/// The largest number of writes in one commit (a batch of 60,000 peaked at 375-529 MB in sled).
pub const MAX_COMMIT_WRITES: usize = selaras_sync::store::MAX_BATCH_WRITES;
/// The largest number of bytes of keys and values in one commit.
pub const MAX_COMMIT_BYTES: usize = selaras_sync::store::MAX_BATCH_BYTES;
/// The longest key, in bytes without the space's. 256 keys of this length still fit into one of sled's index nodes
/// without becoming a file of its own, which sled would never sync.
pub const MAX_KEY_BYTES: usize = 256;

/// Gives one row to whoever scans, and is told whether to go on.
pub type Visit<'a> = dyn FnMut(&[u8], &[u8]) -> Result<Flow, EngineError> + 'a;

/// Keys and values in spaces, in order, written atomically and durably.
///
/// There is no flush, no transaction for reading and no iterator that escapes: an engine that needs one has it inside.
pub trait Engine: Send + Sync {
    /// Makes all writes durable, or none; it returns when they are. Of two writes of one key the later counts.
    ///
    /// Another thread may read the writes shortly before they are durable.
    ///
    /// # Errors
    /// [`EngineError::TooLarge`] over [`MAX_COMMIT_WRITES`], [`MAX_COMMIT_BYTES`] or [`MAX_KEY_BYTES`]. After any error
    /// no later call on this handle sees any of the writes; an engine that cannot promise that answers no more.
    fn commit(&self, writes: &[Write]) -> Result<(), EngineError>;

    /// Reads one value.
    ///
    /// # Errors
    /// As the engine gives them; a missing key is `None`.
    fn get(&self, space: Space, key: &[u8]) -> Result<Option<Vec<u8>>, EngineError>;

    /// Gives the rows of a space in order of their keys, from a key on. The visitor may read and commit; whether it
    /// then meets rows written meanwhile is open.
    ///
    /// # Errors
    /// As the engine or the visitor gives them.
    fn scan(&self, space: Space, from: &[u8], visit: &mut Visit<'_>) -> Result<(), EngineError>;

    /// Reads everything and says whether it holds together, as far as the engine can know.
    ///
    /// # Errors
    /// [`EngineError::Corrupt`] when it does not.
    fn verify(&self) -> Result<(), EngineError>;

    /// Gives space back, where the engine can; may do nothing.
    ///
    /// # Errors
    /// As the engine gives them.
    fn compact(&self) -> Result<(), EngineError>;
}

/// One write of a commit.
#[derive(Clone, PartialEq, Eq)]
pub struct Write {
    /// The space.
    pub space: Space,
    /// The key within the space.
    pub key: Vec<u8>,
    /// The value; `None` removes the key, and removing one that is not there is allowed.
    pub value: Option<Vec<u8>>,
}

impl Write {
    /// Writes a value.
    #[must_use]
    pub fn put(space: Space, key: impl Into<Vec<u8>>, value: impl Into<Vec<u8>>) -> Self {
        Self { space, key: key.into(), value: Some(value.into()) }
    }

    /// Removes a key.
    #[must_use]
    pub fn remove(space: Space, key: impl Into<Vec<u8>>) -> Self {
        Self { space, key: key.into(), value: None }
    }
}

impl fmt::Debug for Write {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Write")
            .field("space", &self.space)
            .field("bytes", &self.value.as_ref().map(Vec::len))
            .finish_non_exhaustive()
    }
}

/// Why an engine could not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// Another process, or another handle in this one, owns the store.
    #[error("the store is in use by another process")]
    Busy,
    /// The disk is full. Nothing is lost; a store may not open again before there is space.
    #[error("the disk is full")]
    Full,
    /// What is there is not what was written. The way out is a restored backup or a recovery from the centre.
    #[error("the store is damaged ({0}); restore a backup, or recover the school from the centre")]
    Corrupt(String),
    /// A commit over the limits.
    #[error("a commit of {writes} writes and {bytes} bytes is over the limit")]
    TooLarge {
        /// Writes in it.
        writes: usize,
        /// Bytes in it.
        bytes: usize,
    },
    /// The store was written by a version that this one does not know.
    #[error("the store has format {found}, this version knows up to {known}")]
    Version {
        /// The number found.
        found: u32,
        /// The largest number known here.
        known: u32,
    },
    /// The disk or the system failed.
    #[error("the store could not be read or written")]
    Io(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl EngineError {
    pub(crate) fn corrupt(reason: impl Into<String>) -> Self {
        Self::Corrupt(reason.into())
    }

    pub(crate) fn io(cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Io(cause.into())
    }

    /// Says the same once more, for a handle that answers every call with what ended it.
    pub(crate) fn again(&self) -> Self {
        match self {
            Self::Busy => Self::Busy,
            Self::Full => Self::Full,
            Self::Corrupt(reason) => Self::Corrupt(reason.clone()),
            Self::TooLarge { writes, bytes } => Self::TooLarge { writes: *writes, bytes: *bytes },
            Self::Version { found, known } => Self::Version { found: *found, known: *known },
            Self::Io(cause) => Self::io(cause.to_string()),
        }
    }
}

impl From<std::io::Error> for EngineError {
    fn from(error: std::io::Error) -> Self {
        use std::io::ErrorKind;
        match error.kind() {
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::FileTooLarge => Self::Full,
            _ => Self::io(error),
        }
    }
}

impl From<EngineError> for StoreError {
    fn from(error: EngineError) -> Self {
        match error {
            EngineError::Busy => Self::Busy,
            EngineError::Full => Self::Full,
            EngineError::Corrupt(reason) => Self::Damaged(reason),
            EngineError::TooLarge { writes, bytes } => Self::TooLarge { writes, bytes },
            EngineError::Version { found, known } => Self::Version { found, known },
            EngineError::Io(cause) => Self::Io(cause),
        }
    }
}

/// Refuses a commit over the limits; every engine asks it first, so that none takes what another would not.
pub(crate) fn check_limits(writes: &[Write]) -> Result<(), EngineError> {
    let size = |write: &Write| 1 + write.key.len() + write.value.as_ref().map_or(0, Vec::len);
    let bytes = writes.iter().map(size).sum();
    let long_key = writes.iter().any(|write| write.key.len() > MAX_KEY_BYTES);
    if writes.len() > MAX_COMMIT_WRITES || bytes > MAX_COMMIT_BYTES || long_key {
        return Err(EngineError::TooLarge { writes: writes.len(), bytes });
    }
    Ok(())
}
