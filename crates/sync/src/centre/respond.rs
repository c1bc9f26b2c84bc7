//! The answer to a request, read under the same lock as what it answers.

use prost::Message;

use super::Centre;
use super::receive::Received;
use crate::Rules;
use crate::error::CentreError;
use crate::page::{Held, Page, compress, cut, entry_row};
use crate::release::Release;
use crate::school::Offer;
use crate::store::{AnswerRow, Key, Row, StoreError};
use crate::wire::{self, exchange_response::Outcome};

impl Centre<'_> {
    /// Makes the body of the answer; with a snapshot on offer the page is left out.
    ///
    /// # Errors
    /// As the store gives them; `school.unfinished` when the request's step was not carried to its end.
    pub fn respond(&self, received: &Received, offer: Option<&Offer>) -> Result<Vec<u8>, CentreError> {
        let position = self.at_rest()?;
        let outcome = self.outcome(received)?;
        // A school that was refused has let go of the bundle by the time it reads the page.
        let held = received.held.filter(|_| matches!(outcome, Some(Outcome::Accepted(_))));
        let held = Held { bundle: held, again: &received.holds };
        let page = match offer {
            Some(_) => Page::default(),
            None => cut(self.store, self.blobs, &position, received.cursor, &held)?,
        };
        let outcome = outcome.map(|outcome| without_entry(outcome, received, &page));
        let rules = self.under_its_rules(|centre| Ok(centre.tell_rules(received, self.rules)))?;
        let epoch = position.epoch()?;
        let answer = wire::ExchangeResponse {
            outcome,
            page: page.fragments,
            signature: page.signature,
            epoch: epoch.as_bytes().to_vec(),
            head: position.version.get(),
            today: self.today.days_since_epoch(),
            pack: rules.pack,
            rulebook: rules.rulebook,
            release: rules.release,
            announcement: self.tell_announced(received),
            seen: received.seen.as_ref().map(|row| wire::Seen {
                sequence: row.last_sequence.get(),
                accepted: row.last_accepted.map(|bundle| bundle.as_bytes().to_vec()).unwrap_or_default(),
            }),
            differs: received.differs,
            snapshot: offer.map(|offer| wire::SnapshotOffer {
                version: offer.version.get(),
                hash: offer.hash.to_vec(),
                bytes: offer.bytes,
            }),
            covered: position.keeping.covered.get(),
        };
        Ok(compress(&answer.encode_to_vec())?)
    }

    /// The rules of the log, where the school has others. One that has those in force already, and meets a centre that
    /// waits under those of before, keeps them.
    fn tell_rules(&self, received: &Received, in_force: &Rules) -> wire::Announcement {
        let release = Release::of(self.rules, self.announced.from);
        let has = |rules: &Rules| {
            received.pack == rules.pack.hash().as_bytes() && received.rulebook == rules.rulebook.hash().as_bytes()
        };
        if has(self.rules) || has(in_force) {
            return wire::Announcement::default();
        }
        let other_pack = received.pack != release.pack.as_bytes();
        let other_rulebook = received.rulebook != release.rulebook.as_bytes();
        let known = received.announced == release.id();
        wire::Announcement {
            release: Some(release.to_wire(&self.keys.signing)),
            pack: text(other_pack && !known, self.rules.pack.source()),
            rulebook: text(other_rulebook && !known, self.rules.rulebook.source()),
        }
    }

    /// What will be in force, where the school knows of something else.
    fn tell_announced(&self, received: &Received) -> Option<wire::Announcement> {
        let Some((from, rules)) = self.announced.next else {
            return (!received.announced.is_empty()).then(wire::Announcement::default);
        };
        let release = Release::of(rules, from);
        (received.announced != release.id()).then(|| wire::Announcement {
            release: Some(release.to_wire(&self.keys.signing)),
            pack: text(received.pack != release.pack.as_bytes(), rules.pack.source()),
            rulebook: text(received.rulebook != release.rulebook.as_bytes(), rules.rulebook.source()),
        })
    }

    fn outcome(&self, received: &Received) -> Result<Option<Outcome>, CentreError> {
        let Some(bundle) = received.bundle else { return Ok(None) };
        match self.store.get(&Key::Answer(bundle))? {
            Some(Row::Answer(AnswerRow::Receipt(version))) => {
                let row = entry_row(self.store, version)?;
                let signature = row.signature.unwrap_or_default();
                Ok(Some(Outcome::Accepted(wire::Accepted { version: version.get(), signature, entry: row.entry })))
            }
            Some(Row::Answer(AnswerRow::Refusal(bytes))) => {
                let refusal = wire::SignedRefusal::decode(bytes.as_slice());
                Ok(Some(Outcome::Refusal(refusal.map_err(|_| StoreError::Damaged("a refusal".to_owned()))?)))
            }
            _ => Ok(None),
        }
    }
}

fn text(wanted: bool, text: &str) -> String {
    if wanted { text.to_owned() } else { String::new() }
}

/// A receipt's entry is left out where it ends in the page.
fn without_entry(outcome: Outcome, received: &Received, page: &Page) -> Outcome {
    match outcome {
        Outcome::Accepted(mut accepted) => {
            let (from, _) = received.cursor;
            let in_page = page.last.is_some_and(|last| accepted.version > from.get() && accepted.version <= last.get());
            if in_page {
                accepted.entry.clear();
            }
            Outcome::Accepted(accepted)
        }
        refusal @ Outcome::Refusal(_) => refusal,
    }
}
