//! How rules see a school.

mod memory;
mod overlay;

use selaras_model::{EntityCode, Record, RecordId, RecordKey, Value};

pub use memory::MemoryView;
pub use overlay::Overlay;

/// The view could not be read; the cause is the store's.
#[derive(Debug, thiserror::Error)]
#[error("the records could not be read")]
pub struct ViewError(#[source] pub Box<dyn std::error::Error + Send + Sync>);

/// Gives rules the records of one school: by key, and by the value of an indexed field.
pub trait SchoolView {
    /// Gives a record; a deleted one with its flag.
    ///
    /// # Errors
    /// As the store gives them; a record that does not exist is `None`, never an error.
    fn record(&self, key: RecordKey) -> Result<Option<Record>, ViewError>;

    /// Visits the live records of an entity that have a value in a reference or an indexed field.
    ///
    /// # Errors
    /// As the store gives them.
    fn with_value(
        &self,
        entity: EntityCode,
        field: &str,
        value: &Value,
        visit: &mut dyn FnMut(RecordId),
    ) -> Result<(), ViewError>;

    /// Visits all live records of an entity; only full runs may ask for this.
    ///
    /// # Errors
    /// As the store or the visitor gives them.
    fn each(
        &self,
        entity: EntityCode,
        visit: &mut dyn FnMut(&Record) -> Result<(), ViewError>,
    ) -> Result<(), ViewError>;
}
