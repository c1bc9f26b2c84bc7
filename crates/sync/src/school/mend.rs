//! After an unclean stop: the log's end fits the position, the index says what the records say, and the sealed bundle's
//! bytes are what was signed.

use std::collections::HashSet;

use selaras_model::BundleId;

use super::School;
use crate::entry::entry_hash;
use crate::error::SchoolError;
use crate::step::Step;
use crate::store::{Batch, Flow, Key, MAX_BATCH_WRITES, Range, Row, StoreError};
use crate::view::{StoreView, index_keys};

/// What makes the derived rows agree with the records again.
#[derive(Debug)]
pub struct Mended {
    /// To be made durable.
    pub step: Step,
    /// Rows of the index that were missing or said what no record says.
    pub rows: u64,
    /// The sealed bundle, where its bytes are lost: the next exchange says so, and its edits are drafts again.
    pub lost: Option<BundleId>,
}

impl School<'_> {
    /// Holds the end of the log to the position, every row of the index to the records, and the sealed bundle's bytes to
    /// their name; every record is read and checked on the way. Bytes that can be made again are.
    ///
    /// # Errors
    /// [`StoreError::Damaged`] where the log or a record is not as it was written: then the way is `recover`.
    pub fn mend(&self) -> Result<Mended, SchoolError> {
        self.check_end_of_log()?;
        let mut expected = self.expected_index()?;
        let mut wrong = Vec::new();
        self.store.scan(&Range::AllIndex, &mut |key, _| {
            if !expected.remove(&key) {
                wrong.push((key, None));
            }
            Ok(Flow::Continue)
        })?;
        wrong.extend(expected.into_iter().map(|key| (key, Some(Row::Mark))));
        let rows = wrong.len() as u64;
        let lost = self.lost_bundle()?;
        Ok(Mended { step: Step::of_all(batches(wrong)), rows, lost })
    }

    /// Gives the sealed bundle where its bytes are lost; those that can be made again are.
    ///
    /// # Errors
    /// As the store gives them.
    pub fn lost_bundle(&self) -> Result<Option<BundleId>, SchoolError> {
        let Some(sealed) = self.sealed()? else { return Ok(None) };
        Ok(if self.has_frozen(&sealed)? { None } else { Some(sealed.bundle) })
    }

    fn check_end_of_log(&self) -> Result<(), SchoolError> {
        let position = self.position()?;
        let Some(hash) = position.entry else { return Ok(()) };
        let found = match self.store.get(&Key::Entry(position.version))? {
            Some(Row::Entry(row)) => Some(entry_hash(&row.entry)),
            _ => None,
        };
        if found == Some(hash) { Ok(()) } else { Err(StoreError::Damaged("the end of the log".to_owned()).into()) }
    }

    fn expected_index(&self) -> Result<HashSet<Key>, StoreError> {
        let view = StoreView { store: self.store, rules: self.rules };
        let mut keys = HashSet::new();
        for entity in self.rules.pack.entities() {
            view.scan(entity.code, None, &mut |record| {
                keys.extend(index_keys(self.rules, &record));
                Ok(Flow::Continue)
            })?;
        }
        Ok(keys)
    }
}

fn batches(writes: Vec<(Key, Option<Row>)>) -> Vec<Batch> {
    let mut batches = Vec::new();
    let mut batch = Batch::default();
    for (key, row) in writes {
        match row {
            Some(row) => batch.put(key, row),
            None => batch.remove(key),
        }
        if batch.len() == MAX_BATCH_WRITES {
            batches.push(std::mem::take(&mut batch));
        }
    }
    batches.push(batch);
    batches
}
