//! Releases that a school hands back: what a restored centre had announced, withdrawn or begun since its backup was made.
//!
//! They come before the entries, which were made under them. A release is believed for the entry of a log that promises it,
//! which this centre signed; its texts for their hashes.

use std::collections::BTreeMap;

use selaras_model::{EntryHash, Pack};
use selaras_policy::Rulebook;

use super::Centre;
use super::heal::{Handing, damaged, unproven};
use super::promise::releases;
use crate::Rules;
use crate::entry::LogEntry;
use crate::error::CentreError;
use crate::limits::MAX_RULES_BYTES;
use crate::release::{PromisedRelease, Release, ReleaseStage, ReturnedRelease};
use crate::wire;

/// Releases that one request tells.
pub(crate) const MAX_TOLD_RELEASES: usize = 64;

impl Handing {
    /// Gives the release that the request hands back, once.
    pub(crate) fn take_returned(&mut self) -> Option<ReturnedRelease> {
        self.returned.take()
    }

    /// Says which of the releases that the request told the centre lacks.
    pub(crate) fn wants(&mut self, lacks: impl Fn(&PromisedRelease) -> bool) {
        self.wanted = self.told.iter().map(|promised| u8::from(lacks(promised))).collect();
    }
}

impl Centre<'_> {
    pub(super) fn told_releases(told: &[wire::RulesReleased]) -> Result<Vec<PromisedRelease>, CentreError> {
        if told.len() > MAX_TOLD_RELEASES {
            return Err(damaged());
        }
        told.iter().map(|told| PromisedRelease::from_wire(told).ok_or_else(damaged)).collect()
    }

    pub(super) fn returned_release(
        &self,
        returned: &wire::RulesReturned,
        proven: &BTreeMap<EntryHash, LogEntry>,
    ) -> Result<ReturnedRelease, CentreError> {
        let promised = returned.released.as_ref().and_then(PromisedRelease::from_wire).ok_or_else(damaged)?;
        if !proven.values().any(|entry| releases(self.npsn, entry.promises()).contains(&promised)) {
            return Err(unproven());
        }
        if promised.stage == ReleaseStage::Withdrawn {
            return Ok(ReturnedRelease { promised, rules: None });
        }
        let (wire::RulesReturned { pack, rulebook, .. }, Release { pack: named, rulebook: judging, .. }) =
            (returned, promised.release);
        if pack.len().saturating_add(rulebook.len()) > MAX_RULES_BYTES {
            return Err(damaged());
        }
        if Pack::hash_of(pack) != named || Rulebook::hash_of(rulebook) != judging {
            return Err(unproven());
        }
        Ok(ReturnedRelease { promised, rules: Rules::from_texts(pack, rulebook).ok() })
    }
}
