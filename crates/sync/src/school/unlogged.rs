//! Changes of a record that the log does not know: an older backup of the centre was restored than one that was told to
//! cover them, or another life of the log took others in their place. Somebody typed them, and they were signed for; a
//! record that is made anew from the log keeps them as a draft.

use std::collections::BTreeSet;

use selaras_merge::{Document, HeadPrefix, Resolved, Subject};
use selaras_model::{ChangeHash, Fields, Pack, Record, RecordKey, Side};

use crate::error::SchoolError;
use crate::store::DraftRow;
use crate::work::WorkError;

/// What those changes wrote that the record of the log does not say.
pub(super) struct Unlogged {
    fields: Fields,
    deleted: Option<bool>,
}

/// Compares a record as it was here with what the log makes of it; none in `after` where the log has no such record.
pub(super) fn of(
    pack: &Pack,
    key: RecordKey,
    before: &Document,
    after: Option<(&Document, &Resolved)>,
) -> Result<Option<Unlogged>, SchoolError> {
    let failed = |error| WorkError::Merge { record: key, error };
    let past = match after {
        Some((document, _)) => document.past().map_err(failed)?,
        None => Vec::new(),
    };
    let logged: BTreeSet<ChangeHash> = past.into_iter().map(|change| change.hash).collect();
    let mut unlogged = Unlogged { fields: Fields::new(), deleted: None };
    // Each change comes behind those that it builds on, so that what was written last stands.
    for change in before.past().map_err(failed)?.into_iter().filter(|change| !logged.contains(&change.hash)) {
        unlogged.fields.extend(change.fields);
        unlogged.deleted = change.deleted.or(unlogged.deleted);
    }
    unlogged.leave_out(pack, key, after.map(|(_, resolved)| resolved));
    Ok(Some(unlogged).filter(Unlogged::says_something))
}

/// The same of a record that cannot be read any more, by what people see of it: values that no change of the log has written.
pub(super) fn of_seen(
    pack: &Pack,
    seen: &Record,
    after: Option<(&Document, &Resolved)>,
) -> Result<Option<Unlogged>, SchoolError> {
    let key = seen.key();
    let past = match after {
        Some((document, _)) => document.past().map_err(|error| WorkError::Merge { record: key, error })?,
        None => Vec::new(),
    };
    let mut fields = seen.fields.clone();
    fields.retain(|name, value| {
        !past.iter().any(|change| change.fields.iter().any(|(of, was)| of == name && was == value))
    });
    let deleted = Some(seen.deleted).filter(|deleted| *deleted && past.is_empty());
    let mut unlogged = Unlogged { fields, deleted };
    unlogged.leave_out(pack, key, after.map(|(_, resolved)| resolved));
    Ok(Some(unlogged).filter(Unlogged::says_something))
}

impl Unlogged {
    fn says_something(&self) -> bool {
        !self.fields.is_empty() || self.deleted.is_some()
    }

    /// What is left of it beneath a sealed change, which was typed over it: should the bundle be refused, the newer draft
    /// would win.
    pub(super) fn beneath(mut self, sealed: Option<&DraftRow>) -> Option<Self> {
        if let Some(sealed) = sealed {
            self.fields.retain(|name, _| !sealed.fields.contains_key(name));
            self.deleted = self.deleted.filter(|_| sealed.deleted.is_none());
        }
        Some(self).filter(Self::says_something)
    }

    /// Leaves out what the record says already, be it as the other side of a conflict that waits for a person, and what is
    /// not the school's to say.
    fn leave_out(&mut self, pack: &Pack, key: RecordKey, after: Option<&Resolved>) {
        let Some(resolved) = after else {
            let fields = self.fields.clone();
            self.fields.retain(|name, _| pack.owner(key.entity, name, &fields) == Side::School);
            // Nobody types a record that is gone.
            if self.deleted == Some(true) {
                self.fields = Fields::new();
            }
            self.deleted = None;
            return;
        };
        let record = &resolved.record;
        self.fields.retain(|name, value| {
            let offered = resolved.conflicts.iter().any(|conflict| {
                conflict.subject == Subject::Field(name.clone())
                    && conflict.others.iter().chain([&conflict.winner]).any(|side| side.value == *value)
            });
            let ours = pack.owner(key.entity, name, &record.fields) == Side::School;
            ours && !offered && record.get(name) != value
        });
        self.deleted = self.deleted.filter(|deleted| *deleted != record.deleted);
    }

    /// Makes a draft of it, under what was typed since.
    pub(super) fn under(self, typed: Option<DraftRow>, heads: Vec<HeadPrefix>, now: i64) -> DraftRow {
        let Self { mut fields, deleted } = self;
        match typed {
            Some(typed) => {
                fields.extend(typed.fields);
                DraftRow { fields, deleted: typed.deleted.or(deleted), ..typed }
            }
            None => DraftRow { heads, fields, deleted, author: String::new(), typed_at: now },
        }
    }
}
