//! A store seen through writes that are not committed yet.

use std::collections::BTreeMap;

use crate::store::{Batch, Flow, Key, Range, ReadStore, Row, StoreError};

/// Reads what the store would hold after a batch.
pub(crate) struct Pending<'a> {
    pub(crate) store: &'a dyn ReadStore,
    pub(crate) batch: &'a Batch,
}

impl ReadStore for Pending<'_> {
    fn get(&self, key: &Key) -> Result<Option<Row>, StoreError> {
        match self.batch.pending(key) {
            Some(row) => Ok(row.cloned()),
            None => self.store.get(key),
        }
    }

    fn scan(
        &self,
        range: &Range,
        visit: &mut dyn FnMut(Key, Row) -> Result<Flow, StoreError>,
    ) -> Result<(), StoreError> {
        let mut fresh: BTreeMap<&Key, Option<&Row>> =
            self.batch.writes().filter(|(key, _)| within(range, key)).collect();
        if fresh.is_empty() {
            return self.store.scan(range, visit);
        }
        let mut stopped = false;
        self.store.scan(range, &mut |key, row| {
            while let Some(entry) = fresh.first_entry().filter(|entry| **entry.key() < key) {
                let (key, row) = entry.remove_entry();
                if give(key, row, visit)? == Flow::Stop {
                    stopped = true;
                    return Ok(Flow::Stop);
                }
            }
            let flow = match fresh.remove(&key) {
                Some(row) => give(&key, row, visit)?,
                None => visit(key, row)?,
            };
            stopped = flow == Flow::Stop;
            Ok(flow)
        })?;
        if stopped {
            return Ok(());
        }
        for (key, row) in fresh {
            if give(key, row, visit)? == Flow::Stop {
                return Ok(());
            }
        }
        Ok(())
    }
}

fn give(
    key: &Key,
    row: Option<&Row>,
    visit: &mut dyn FnMut(Key, Row) -> Result<Flow, StoreError>,
) -> Result<Flow, StoreError> {
    match row {
        Some(row) => visit(key.clone(), row.clone()),
        None => Ok(Flow::Continue),
    }
}

/// Says whether a key lies in a range. The order of keys within a range is that of the store.
fn within(range: &Range, key: &Key) -> bool {
    match (range, key) {
        (Range::Views(entity, from), Key::View(key)) => key.entity == *entity && from.is_none_or(|from| key.id >= from),
        (Range::Bases(from), Key::Base(key)) | (Range::Drafts(from), Key::Draft(key, _)) => {
            from.is_none_or(|from| *key >= from)
        }
        (Range::DraftsOf(of), Key::Draft(key, _)) => key == of,
        (Range::Index(entity, bucket), Key::Index(of, in_bucket, _)) => of == entity && in_bucket == bucket,
        (Range::AllIndex, Key::Index(..))
        | (Range::Conflicts, Key::Conflict(_))
        | (Range::Findings, Key::Finding(_))
        | (Range::Replicas, Key::Replica(_)) => true,
        (Range::Kept(from), Key::Kept(at, _)) => at >= from,
        (Range::Entries(from), Key::Entry(version)) => version >= from,
        (Range::History(from), Key::History(number)) => number >= from,
        (Range::Locals(prefix), Key::Local(name)) => name.starts_with(prefix),
        _ => false,
    }
}
