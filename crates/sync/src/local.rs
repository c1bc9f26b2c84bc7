//! Rows of the host's own under `Key::Local`, as JSON: the codec of the centre's registry and of what its host keeps
//! beside it.

use std::str::FromStr;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::store::{Batch, Flow, Key, Range, ReadStore, Row, StoreError};

/// Reads a row.
///
/// # Errors
/// As the store gives them; [`StoreError::Damaged`] for a row that is not of this type.
pub fn read<T: DeserializeOwned>(store: &dyn ReadStore, name: &str) -> Result<Option<T>, StoreError> {
    store.get(&Key::Local(name.to_owned()))?.map(|row| decode(name, &row)).transpose()
}

/// Adds a row to a batch.
///
/// # Errors
/// [`StoreError::Io`] for a value that JSON cannot hold.
pub fn put<T: Serialize>(batch: &mut Batch, name: &str, value: &T) -> Result<(), StoreError> {
    let (key, row) = row(name, value)?;
    batch.put(key, row);
    Ok(())
}

/// Makes a row, for who writes it with others.
///
/// # Errors
/// As [`put`].
pub fn row<T: Serialize>(name: &str, value: &T) -> Result<(Key, Row), StoreError> {
    let bytes = serde_json::to_vec(value).map_err(|error| StoreError::Io(Box::new(error)))?;
    Ok((Key::Local(name.to_owned()), Row::Bytes(bytes)))
}

/// Gives all rows whose names are a prefix and an identifier, in the order of their names.
///
/// # Errors
/// As [`read`].
pub fn all<I: FromStr, T: DeserializeOwned>(store: &dyn ReadStore, prefix: &str) -> Result<Vec<(I, T)>, StoreError> {
    let mut found = Vec::new();
    store.scan(&Range::Locals(prefix.to_owned()), &mut |key, row| {
        let Key::Local(name) = key else { return Ok(Flow::Continue) };
        let id = name.strip_prefix(prefix).and_then(|id| id.parse().ok());
        let id = id.ok_or_else(|| StoreError::Damaged(format!("the key of row {name}")))?;
        found.push((id, decode(&name, &row)?));
        Ok(Flow::Continue)
    })?;
    Ok(found)
}

fn decode<T: DeserializeOwned>(name: &str, row: &Row) -> Result<T, StoreError> {
    let Row::Bytes(bytes) = row else { return Err(StoreError::Damaged(format!("the kind of row {name}"))) };
    serde_json::from_slice(bytes).map_err(|_| StoreError::Damaged(format!("row {name}")))
}
