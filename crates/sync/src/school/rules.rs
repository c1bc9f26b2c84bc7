//! Rules that come from the centre: those in force, and those that it has announced.
//!
//! Texts are believed for the centre's signature over their hashes. Rules that come to be in force are taken before the
//! entries of the same answer; those announced are kept beside them, so that people see without a line what will become
//! invalid, and nobody has to fetch them on the evening on which all schools change.

use std::collections::BTreeSet;

use ed25519_dalek::VerifyingKey;
use selaras_model::{Date, Pack, RecordKey};
use selaras_policy::{Changed, Finding, Judge, Rulebook, Who};

use super::School;
use super::answer::foreign;
use crate::error::{Refusal, SchoolError};
use crate::release::Release;
use crate::rules::{put_text, text};
use crate::state::{self, HistoryKind, Judged, Position, Releases};
use crate::step::{Effect, Step};
use crate::store::{Batch, StateName};
use crate::view::StoreView;
use crate::work::Work;
use crate::{Rules, wire};

/// A release with its texts, which are those that the centre signed.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) struct Texts {
    release: Release,
    pack: String,
    rulebook: String,
}

/// Records that are judged one by one; of more all are.
const MAX_APART: usize = 500;

/// A finding by what makes it the same under other rules.
fn sameness(finding: &Finding) -> impl Ord {
    (finding.rule.clone(), finding.record, finding.field.clone(), finding.level)
}

impl School<'_> {
    /// Reads the rules of an answer; none where the school has those in force.
    pub(super) fn read_rules(
        &self,
        release: Option<&wire::Release>,
        pack: String,
        rulebook: String,
        key: &VerifyingKey,
    ) -> Result<Option<Texts>, SchoolError> {
        match release {
            None if pack.is_empty() && rulebook.is_empty() => Ok(None),
            None => Err(unsigned()),
            Some(release) => self.read_texts(release, pack, rulebook, key).map(Some),
        }
    }

    /// Reads an announcement; none in it where nothing is announced any more.
    pub(super) fn read_announced(
        &self,
        told: wire::Announcement,
        key: &VerifyingKey,
    ) -> Result<Option<Texts>, SchoolError> {
        let wire::Announcement { release, pack, rulebook } = told;
        release.map(|release| self.read_texts(&release, pack, rulebook, key)).transpose()
    }

    fn read_texts(
        &self,
        release: &wire::Release,
        pack: String,
        rulebook: String,
        key: &VerifyingKey,
    ) -> Result<Texts, SchoolError> {
        let release = Release::from_wire(release, key).map_err(|_| unsigned())?;
        let pack = self.known_or(pack, release.pack.as_bytes())?;
        let rulebook = self.known_or(rulebook, release.rulebook.as_bytes())?;
        if Pack::hash_of(&pack) != release.pack || Rulebook::hash_of(&rulebook) != release.rulebook {
            return Err(unsigned());
        }
        Ok(Texts { release, pack, rulebook })
    }

    fn known_or(&self, given: String, hash: &[u8; 32]) -> Result<String, SchoolError> {
        if given.is_empty() {
            text(self.store, hash)?.ok_or_else(|| foreign("it names rules that it does not give"))
        } else {
            Ok(given)
        }
    }

    pub(super) fn take_rules(&self, texts: &Texts, mut position: Position) -> Result<Step, SchoolError> {
        let rules = Rules::from_texts(&texts.pack, &texts.rulebook).map_err(|error| broken(&error))?;
        let mut work = Work::new(self.store, self.rules);
        let before = Some((position.pack, position.rulebook));
        position.pack = rules.pack.hash();
        position.rulebook = rules.rulebook.hash();
        let args = [("pack", rules.pack.version().to_owned()), ("rulebook", rules.rulebook.version().to_owned())];
        self.tell(&mut work, &mut position, HistoryKind::Rules, "", &args)?;
        work.put_state(StateName::Position, &position)?;
        work.put_state(StateName::Releases, &Releases { before, ..self.releases()? })?;
        let mut judged: Judged = state::need(self.store, StateName::Judged)?;
        judged.complete = false;
        work.put_state(StateName::Judged, &judged)?;
        let mut batch = work.finish();
        rules.put(&mut batch);
        let mut step = Step::of(batch);
        step.effects.push(Effect::RulesChanged);
        Ok(step)
    }

    /// What is announced need not be rules that this version understands: whoever looks at them is told so in time.
    pub(super) fn take_announced(&self, texts: Option<&Texts>) -> Result<Step, SchoolError> {
        let mut batch = Batch::default();
        if let Some(texts) = texts {
            put_text(&mut batch, texts.release.pack.as_bytes(), &texts.pack);
            put_text(&mut batch, texts.release.rulebook.as_bytes(), &texts.rulebook);
        }
        let next = texts.map(|texts| texts.release);
        state::put(&mut batch, StateName::Releases, &Releases { next, ..self.releases()? })?;
        Ok(Step::of(batch))
    }

    pub(super) fn releases(&self) -> Result<Releases, SchoolError> {
        Ok(state::read(self.store, StateName::Releases)?.unwrap_or_default())
    }

    /// Gives the rules that the centre has announced, and their first day.
    ///
    /// # Errors
    /// `rules.broken` when this version does not understand them; as the store gives them.
    pub fn announced(&self) -> Result<Option<(Date, Rules)>, SchoolError> {
        let Some(next) = self.releases()?.next else { return Ok(None) };
        let rules = Rules::stored(self.store, next.pack, next.rulebook)?.map_err(|error| broken(&error))?;
        Ok(Some((next.from, rules)))
    }

    /// Gives the first day of the rules that the centre has announced, whether or not this version understands them.
    ///
    /// # Errors
    /// As the store gives them.
    pub fn first_day_announced(&self) -> Result<Option<Date>, SchoolError> {
        Ok(self.releases()?.next.map(|next| next.from))
    }

    /// Gives the rules that were in force before these; none before any have changed.
    ///
    /// # Errors
    /// As the store gives them.
    pub fn rules_before(&self) -> Result<Option<Rules>, SchoolError> {
        let Some((pack, rulebook)) = self.releases()?.before else { return Ok(None) };
        // A newer version of this program may no longer understand what was in force long ago.
        Ok(Rules::stored(self.store, pack, rulebook)?.ok())
    }

    /// Judges all records by other rules than those in force, and changes nothing.
    ///
    /// # Errors
    /// As the store gives them.
    pub fn findings_under(&self, rules: &Rules) -> Result<Vec<Finding>, SchoolError> {
        let judge = Judge::new(&rules.pack, &rules.rulebook, self.position()?.judged_on);
        let found = judge.full(&StoreView { store: self.store, rules })?;
        Ok(found.into_iter().flat_map(|(_, findings)| findings).collect())
    }

    /// Judges these records by other rules than those in force, with whatever else they make the rules look at, and
    /// changes nothing. Few records are judged in far less time than all.
    ///
    /// # Errors
    /// As the store gives them.
    pub fn findings_about(&self, records: &BTreeSet<RecordKey>, rules: &Rules) -> Result<Vec<Finding>, SchoolError> {
        if records.len() > MAX_APART {
            return self.findings_under(rules);
        }
        let judge = Judge::new(&rules.pack, &rules.rulebook, self.position()?.judged_on);
        let as_new = |key: &RecordKey| Ok(Changed { before: None, after: self.record(*key)? });
        let changed = records.iter().map(as_new).collect::<Result<Vec<_>, SchoolError>>()?;
        let found = judge.incremental(&StoreView { store: self.store, rules }, &changed)?;
        Ok(found.into_iter().flat_map(|(_, findings)| findings).collect())
    }
}

/// Marks those findings that other rules did not make of the same records.
#[must_use]
pub fn new_among(now: &[Finding], then: &[Finding]) -> Vec<bool> {
    let known: BTreeSet<_> = then.iter().map(sameness).collect();
    now.iter().map(|finding| !known.contains(&sameness(finding))).collect()
}

fn unsigned() -> SchoolError {
    Refusal::new("rules.signature", Who::Centre).into()
}

fn broken(error: &crate::RulesError) -> SchoolError {
    Refusal::new("rules.broken", Who::Centre).with("problem", error).into()
}
