//! A full run of the rulebook, and what it changes among the stored findings.

use std::collections::BTreeMap;

use selaras_model::{Date, LogVersion, Record};
use selaras_policy::{Judge, MemoryView};

use crate::Rules;
use crate::state::{self, Judged};
use crate::store::{Batch, FindingRow, Flow, Key, Range, ReadStore, Row, StateName, StoreError};
use crate::view::StoreView;
use crate::work::{WorkError, carry_over, invalid_in, size_of};

/// Subjects whose findings are written in one commit, and about how many bytes: a record may have many findings.
const SUBJECTS_A_STEP: usize = 500;
const BYTES_A_STEP: usize = 512 << 10;

/// Reads all records into memory.
pub(crate) fn whole(store: &dyn ReadStore, rules: &Rules) -> Result<MemoryView, StoreError> {
    let view = StoreView { store, rules };
    let mut records: Vec<Record> = Vec::new();
    for entity in rules.pack.entities() {
        view.scan(entity.code, None, &mut |record| {
            records.push(record);
            Ok(Flow::Continue)
        })?;
    }
    Ok(MemoryView::new(&rules.pack, records))
}

/// Judges everything and gives the commits that bring the stored findings to it; the last one says that it is done.
pub(crate) fn run(
    store: &dyn ReadStore,
    rules: &Rules,
    date: Date,
    raised: LogVersion,
) -> Result<Vec<Batch>, WorkError> {
    let fresh = Judge::new(&rules.pack, &rules.rulebook, date).full(&StoreView { store, rules })?;
    let mut old: BTreeMap<Key, Vec<FindingRow>> = BTreeMap::new();
    store.scan(&Range::Findings, &mut |key, row| {
        if let Row::Findings(rows) = row {
            old.insert(key, rows);
        }
        Ok(Flow::Continue)
    })?;
    let mut writes: Vec<(Key, Option<Row>)> = Vec::new();
    let mut invalid = 0;
    for (subject, findings) in fresh {
        let key = Key::Finding(subject.to_bytes());
        let before = old.remove(&key).unwrap_or_default();
        let after = carry_over(&before, findings, raised);
        invalid += invalid_in(&after);
        if before != after {
            writes.push((key, Some(Row::Findings(after))));
        }
    }
    writes.extend(old.into_keys().map(|key| (key, None)));
    let done = Judged { pack: rules.pack.hash(), rulebook: rules.rulebook.hash(), date, complete: true, invalid };
    batches(writes, &done)
}

fn batches(writes: Vec<(Key, Option<Row>)>, done: &Judged) -> Result<Vec<Batch>, WorkError> {
    let mut batches = vec![Batch::default()];
    let mut bytes = 0;
    for (key, row) in writes {
        if bytes >= BYTES_A_STEP || batches.last().is_none_or(|batch| batch.len() >= SUBJECTS_A_STEP) {
            batches.push(Batch::default());
            bytes = 0;
        }
        bytes += row.as_ref().map_or(0, |row| size_of(&key, row));
        let Some(batch) = batches.last_mut() else { break };
        match row {
            Some(row) => batch.put(key, row),
            None => batch.remove(key),
        }
    }
    if let Some(last) = batches.last_mut() {
        state::put(last, StateName::Judged, done)?;
    }
    Ok(batches)
}

/// Whether the stored findings are those of all records under these rules and this date.
pub(crate) fn is_current(judged: &Judged, rules: &Rules, date: Date) -> bool {
    judged.complete
        && judged.date == date
        && judged.pack == rules.pack.hash()
        && judged.rulebook == rules.rulebook.hash()
}
