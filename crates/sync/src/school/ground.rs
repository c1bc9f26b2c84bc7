//! What of the log stood beneath something that was typed here on changes which the log does not know.
//!
//! A draft that stands on such changes has to stand elsewhere once the record is made anew. Were that the record as it is
//! now, it would silently write over what others have written since; so it stands on those changes of the log that its
//! author had before them.

use std::collections::BTreeSet;

use selaras_merge::{Document, HeadPrefix};
use selaras_model::{ChangeHash, RecordKey};

use super::School;
use super::layers::{Drafts, Floor, prefixes, stands};
use crate::error::SchoolError;
use crate::local;
use crate::store::{Key, StoreError};
use crate::work::{Work, WorkError};

/// A record as it was here, and which of its changes the log knows.
pub(super) struct Ground<'a> {
    key: RecordKey,
    before: &'a Document,
    after: &'a Document,
    logged: BTreeSet<ChangeHash>,
}

impl<'a> Ground<'a> {
    /// None where one of both is missing: then nobody can say it, or there is nothing to write over.
    pub(super) fn of(
        key: RecordKey,
        before: Option<&'a Document>,
        after: Option<&'a Document>,
    ) -> Result<Option<Self>, SchoolError> {
        let (Some(before), Some(after)) = (before, after) else { return Ok(None) };
        let logged = after.within(&after.heads()).map_err(|error| WorkError::Merge { record: key, error })?;
        Ok(Some(Self { key, before, after, logged }))
    }

    /// The heads of what of the log all these changes build on, and what was typed on these heads.
    pub(super) fn beneath(
        &self,
        changes: &BTreeSet<ChangeHash>,
        typed: Option<&[HeadPrefix]>,
    ) -> Result<Vec<HeadPrefix>, SchoolError> {
        let typed = typed.and_then(|heads| self.before.resolve_heads_prefixes(heads).ok());
        let states = changes.iter().map(|change| vec![*change]).chain(typed);
        let mut common = self.logged.clone();
        for state in states {
            let within = self.before.within(&state).map_err(|error| self.failed(error))?;
            common.retain(|change| within.contains(change));
        }
        Ok(prefixes(&self.before.heads_of(&common).map_err(|error| self.failed(error))?))
    }

    /// The same of heads that the log does not know; none where it knows them, or where this record did not either.
    fn beneath_heads(&self, heads: &[HeadPrefix]) -> Result<Option<Vec<HeadPrefix>>, SchoolError> {
        let logged = self.after.resolve_heads_prefixes(heads).is_ok();
        if logged || self.before.resolve_heads_prefixes(heads).is_err() {
            return Ok(None);
        }
        self.beneath(&BTreeSet::new(), Some(heads)).map(Some)
    }

    fn failed(&self, error: selaras_merge::MergeError) -> SchoolError {
        WorkError::Merge { record: self.key, error }.into()
    }
}

/// The row that says on what a sealed change stands once it is a draft again: as long as it is sealed it stays as it is.
fn row(key: RecordKey) -> String {
    format!("ground:{key}")
}

impl School<'_> {
    /// Lets the drafts of a record that is made anew stand on what of the log they stood on.
    pub(super) fn keep_ground(
        &self,
        work: &mut Work<'_>,
        drafts: &mut Drafts,
        floor: &Floor,
        ground: &Ground<'_>,
    ) -> Result<(), SchoolError> {
        let key = ground.key;
        if let Some(sealed) = &drafts.sealed
            && let Some(heads) = ground.beneath_heads(&sealed.heads)?
        {
            work.put_local(&row(key), &heads)?;
        }
        if let Some(open) = drafts.open.as_mut().filter(|open| !stands(floor, &open.heads))
            && let Some(heads) = ground.beneath_heads(&open.heads)?
        {
            open.heads = heads;
            self.put_draft(work, key, open, &drafts.generations)?;
            drafts.generations = vec![self.position()?.generation];
        }
        Ok(())
    }

    /// Takes what was noted of a record's sealed change; none where nothing was.
    pub(super) fn take_ground(work: &mut Work<'_>, key: RecordKey) -> Result<Option<Vec<HeadPrefix>>, StoreError> {
        let heads = local::read(&work.read(), &row(key))?;
        if heads.is_some() {
            work.remove(Key::Local(row(key)));
        }
        Ok(heads)
    }
}
