//! Packs and rulebooks with their days: which are in force, which will be.
//!
//! The ones that came with the program, or that the configuration names, are in force until the first published release
//! begins. A release is published for a day to come, or for today; schools are told of it at once, judge by it in
//! advance, and change with the centre at its midnight. What has begun is never taken back: another release follows it.

use std::sync::{Arc, PoisonError, RwLock};

use bytes::Bytes;
use selaras_model::{Date, PackHash, RulebookHash};
use selaras_policy::Examples;
use selaras_storage::SchoolStore;
use selaras_sync::limits::{MAX_RELEASES, MAX_RULES_BYTES};
use selaras_sync::{
    Batch, CentreKeys, Flow, Key, PromisedRelease, Range, ReadStore, Release, ReleaseList, ReleaseRefused,
    ReleaseStage, ReleasedRules, ReturnedRelease, Row, Rules, RulesDay, RulesError, Store, StoreError,
};
use selaras_transport::{Problem, Reason, RulesAnswer, Text};
use serde::{Deserialize, Serialize};

use crate::catalogue::problem;
use crate::desk::{rows, stored};
use crate::messages::{ReleaseLine, RulesPublish};

/// Problems of a text that an answer names.
const MAX_NAMED: usize = 50;
const ROWS: &str = "release/";
/// Releases that were taken back before they began, in one row.
const WITHDRAWN: &str = "withdrawn";
/// Of those the newest; a school hears of one at its next contact.
const MAX_WITHDRAWN: usize = 64;

/// A release, as its row keeps it (JSON); its texts are beside it under their hashes.
#[derive(Serialize, Deserialize)]
struct ReleaseRow {
    release: Release,
    published_at: i64,
}

/// Rules and their first day.
pub(crate) struct Held {
    pub(crate) from: Date,
    pub(crate) rules: Rules,
    /// The answer to a question for them, packed once.
    pub(crate) packed: Bytes,
    published_at: Option<i64>,
}

impl Held {
    fn new(from: Date, rules: Rules, published_at: Option<i64>, keys: &CentreKeys) -> Result<Self, StoreError> {
        let failed = |error: Box<dyn std::error::Error + Send + Sync>| StoreError::Io(error);
        let text = serde_json::to_vec(&answer(from, &rules, keys)).map_err(|error| failed(Box::new(error)))?;
        let packed = selaras_transport::pack_body(&text).map_err(|error| failed(Box::new(error)))?;
        Ok(Self { from, rules, packed: Bytes::from(packed), published_at })
    }

    /// Pack and rulebook as they are given out.
    pub(crate) fn answer(&self, keys: &CentreKeys) -> RulesAnswer {
        answer(self.from, &self.rules, keys)
    }
}

impl ReleasedRules for Held {
    fn first_day(&self) -> Date {
        self.from
    }

    fn rules(&self) -> &Rules {
        &self.rules
    }
}

fn answer(from: Date, rules: &Rules, keys: &CentreKeys) -> RulesAnswer {
    RulesAnswer {
        pack: rules.pack.source().to_owned(),
        rulebook: rules.rulebook.source().to_owned(),
        from,
        signature: Release::of(rules, from).sign(&keys.signing),
    }
}

/// What holds on a day.
#[derive(Clone)]
pub(crate) struct InForce {
    pub(crate) now: Arc<Held>,
    pub(crate) next: Option<Arc<Held>>,
}

/// All releases of a centre.
pub(crate) struct Releases {
    store: SchoolStore,
    /// Those of the program or its configuration, from the beginning of time.
    base: Arc<Held>,
    /// Those that were published, in order of their first days.
    published: RwLock<Vec<Arc<Held>>>,
    /// Those that were taken back before they began, in that order.
    withdrawn: RwLock<Arc<[Release]>>,
}

impl Releases {
    /// Reads those that were published.
    pub(crate) fn open(store: SchoolStore, base: Rules, keys: &CentreKeys) -> Result<Self, StoreError> {
        let base = Arc::new(Held::new(Date::MIN, base, None, keys)?);
        let mut published = Vec::new();
        let mut rows = Vec::new();
        store.scan(&Range::Locals(ROWS.to_owned()), &mut |_, row| {
            let Row::Bytes(bytes) = row else { return Err(StoreError::Damaged("the kind of a release's row".into())) };
            let row = serde_json::from_slice::<ReleaseRow>(&bytes);
            rows.push(row.map_err(|_| StoreError::Damaged("the row of a release".to_owned()))?);
            Ok(Flow::Continue)
        })?;
        for row in rows {
            let rules = Rules::from_texts(
                &text(&store, row.release.pack.as_bytes())?,
                &text(&store, row.release.rulebook.as_bytes())?,
            )
            .map_err(|error| StoreError::Damaged(format!("the rules from {}: {error}", row.release.from)))?;
            published.push(Arc::new(Held::new(row.release.from, rules, Some(row.published_at), keys)?));
        }
        let withdrawn: Vec<Release> = rows::read(&store, WITHDRAWN)?.unwrap_or_default();
        Ok(Self { store, base, published: RwLock::new(published), withdrawn: RwLock::new(withdrawn.into()) })
    }

    /// Those that were taken back before they began.
    pub(crate) fn withdrawn(&self) -> Arc<[Release]> {
        Arc::clone(&self.withdrawn.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// What is in force on a day, and what follows it.
    pub(crate) fn at(&self, day: impl Into<RulesDay>) -> InForce {
        let published = self.published.read().unwrap_or_else(PoisonError::into_inner);
        let selaras_sync::ReleaseInForce { now, next } = self.list_of(&published).at(day);
        InForce { now: Arc::clone(now), next: next.cloned() }
    }

    fn list_of<'a>(&'a self, published: &'a [Arc<Held>]) -> ReleaseList<'a, Arc<Held>> {
        ReleaseList { base: &self.base, published }
    }

    /// All of them, in order of their first days.
    pub(crate) fn list(&self, day: impl Into<RulesDay>) -> Vec<ReleaseLine> {
        let now = self.at(day).now;
        let published = self.published.read().unwrap_or_else(PoisonError::into_inner);
        std::iter::once(&self.base).chain(published.iter()).map(|held| line(held, &now)).collect()
    }

    /// Checks a release and keeps it; from its first day on it is in force.
    pub(crate) fn publish(
        &self,
        asked: &RulesPublish,
        day: impl Into<RulesDay>,
        at: i64,
        keys: &CentreKeys,
    ) -> Result<ReleaseLine, Problem> {
        let day = day.into();
        let mut held = self.published.write().unwrap_or_else(PoisonError::into_inner);
        let slot = self.list_of(&held).slot(asked.from, day).map_err(not_released)?;
        let place = slot.at;
        let rules = read(asked, &slot.before.rules)?;
        slot.check(&rules).map_err(not_released)?;
        check_examples(asked, &rules)?;
        let release = Release::of(&rules, asked.from);
        let fresh = self.keep(&mut held, place, (release, rules), at, keys).map_err(|error| stored(&error))?;
        drop(held);
        tracing::info!(from = %asked.from, pack = %release.pack, rulebook = %release.rulebook, "rules were published");
        Ok(line(&fresh, &self.at(day).now))
    }

    fn keep(
        &self,
        held: &mut Vec<Arc<Held>>,
        place: usize,
        (release, rules): (Release, Rules),
        at: i64,
        keys: &CentreKeys,
    ) -> Result<Arc<Held>, StoreError> {
        let mut batch = Batch::default();
        rows::put(&mut batch, &row_name(release.from), &ReleaseRow { release, published_at: at })?;
        let texts =
            [(*release.pack.as_bytes(), rules.pack.source()), (*release.rulebook.as_bytes(), rules.rulebook.source())];
        for (hash, text) in texts {
            batch.put(Key::Text32(hash), Row::Blob(text.as_bytes().to_vec()));
        }
        let withdrawn = self.without_withdrawn(release, &mut batch)?;
        let fresh = Arc::new(Held::new(release.from, rules, Some(at), keys)?);
        self.store.commit(&batch)?;
        *self.withdrawn.write().unwrap_or_else(PoisonError::into_inner) = withdrawn;
        held.insert(place, Arc::clone(&fresh));
        Ok(fresh)
    }

    /// Whoever publishes again what was withdrawn means it.
    fn without_withdrawn(&self, release: Release, batch: &mut Batch) -> Result<Arc<[Release]>, StoreError> {
        let before = self.withdrawn();
        if !before.contains(&release) {
            return Ok(before);
        }
        let rest: Vec<Release> = before.iter().copied().filter(|gone| *gone != release).collect();
        rows::put(batch, WITHDRAWN, &rest)?;
        Ok(rest.into())
    }

    /// Whether a release that a school's log promises is not held here, or not as far.
    pub(crate) fn lacks(&self, promised: &PromisedRelease, day: impl Into<RulesDay>) -> bool {
        let PromisedRelease { release, stage } = promised;
        let published = self.published.read().unwrap_or_else(PoisonError::into_inner);
        let known = published.iter().find(|held| held.from == release.from);
        let held = known.is_some_and(|held| Release::of(&held.rules, held.from) == *release);
        match stage {
            ReleaseStage::Withdrawn => !self.withdrawn().contains(release),
            ReleaseStage::Announced => known.is_none() && !self.withdrawn().contains(release),
            // Where another has its day by now, an operator has decided so.
            ReleaseStage::Begun => known.is_none() || held && release.from > day.into().reached(),
        }
    }

    /// Takes a release back that a school's log proves; gives its line where the list is another one now.
    pub(crate) fn take_back(
        &self,
        returned: ReturnedRelease,
        day: impl Into<RulesDay>,
        at: i64,
        keys: &CentreKeys,
    ) -> Result<bool, StoreError> {
        let day = day.into();
        let PromisedRelease { release, stage } = returned.promised;
        let mut held = self.published.write().unwrap_or_else(PoisonError::into_inner);
        let place = held.iter().position(|held| Release::of(&held.rules, held.from) == release);
        if stage == ReleaseStage::Withdrawn {
            let place = place.filter(|_| release.from > day.reached());
            return self.forget(&mut held, place, release).map(|()| true);
        }
        if place.is_some() {
            return Ok(true);
        }
        let Some(rules) = returned.rules else {
            tracing::error!(from = %release.from, "a release came back that this version does not understand");
            return Ok(false);
        };
        if held.len() >= MAX_RELEASES || held.iter().any(|held| held.from == release.from) {
            return Ok(false);
        }
        let place = held.partition_point(|held| held.from < release.from);
        self.keep(&mut held, place, (release, rules), at, keys)?;
        Ok(true)
    }

    /// Takes a release out, where it is held, and keeps in mind that it was withdrawn.
    fn forget(&self, held: &mut Vec<Arc<Held>>, place: Option<usize>, release: Release) -> Result<(), StoreError> {
        let mut batch = Batch::default();
        let mut withdrawn = self.withdrawn().to_vec();
        withdrawn.retain(|gone| *gone != release);
        withdrawn.push(release);
        if withdrawn.len() > MAX_WITHDRAWN {
            withdrawn.remove(0);
        }
        rows::put(&mut batch, WITHDRAWN, &withdrawn)?;
        if place.is_some() {
            batch.remove(Key::Local(row_name(release.from)));
        }
        self.store.commit(&batch)?;
        *self.withdrawn.write().unwrap_or_else(PoisonError::into_inner) = withdrawn.into();
        if let Some(place) = place {
            held.remove(place);
        }
        Ok(())
    }

    /// Takes back a release that has not begun.
    pub(crate) fn withdraw(&self, from: Date, day: impl Into<RulesDay>) -> Result<ReleaseLine, Problem> {
        let day = day.into();
        let mut held = self.published.write().unwrap_or_else(PoisonError::into_inner);
        let place = self.list_of(&held).withdrawable(from, day).map_err(not_released)?;
        let gone = held.get(place).map(Arc::clone).ok_or_else(|| problem("center.failed"))?;
        let release = Release::of(&gone.rules, from);
        self.forget(&mut held, Some(place), release).map_err(|error| stored(&error))?;
        drop(held);
        tracing::info!(%from, "rules were withdrawn before they began");
        Ok(line(&gone, &self.at(day).now))
    }
}

fn row_name(from: Date) -> String {
    // ISO dates are in the order of days.
    format!("{ROWS}{from}")
}

fn text(store: &SchoolStore, hash: &[u8; 32]) -> Result<String, StoreError> {
    match store.get(&Key::Text32(*hash))? {
        Some(Row::Blob(bytes)) => {
            String::from_utf8(bytes).map_err(|_| StoreError::Damaged("the text of a pack or rulebook".to_owned()))
        }
        _ => Err(StoreError::Damaged("the text of a pack or rulebook is missing".to_owned())),
    }
}

fn line(held: &Arc<Held>, now: &Arc<Held>) -> ReleaseLine {
    let (pack, rulebook): (PackHash, RulebookHash) = (held.rules.pack.hash(), held.rules.rulebook.hash());
    ReleaseLine {
        from: (held.from > Date::MIN).then_some(held.from),
        pack_version: held.rules.pack.version().to_owned(),
        rulebook_version: held.rules.rulebook.version().to_owned(),
        pack,
        rulebook,
        published_at: held.published_at,
        in_force: Arc::ptr_eq(held, now),
    }
}

/// Reads the texts; what is left out stays as it was before.
fn read(asked: &RulesPublish, before: &Rules) -> Result<Rules, Problem> {
    let pack = asked.pack.as_deref().unwrap_or(before.pack.source());
    let rulebook = asked.rulebook.as_deref().unwrap_or(before.rulebook.source());
    Rules::from_texts(pack, rulebook).map_err(|error| match error {
        RulesError::Pack(error) => invalid("pack", error.problems().iter().map(ToString::to_string)),
        RulesError::Rulebook(error) => invalid("rulebook", error.problems().iter().map(ToString::to_string)),
    })
}

fn not_released(refused: ReleaseRefused) -> Problem {
    let told = problem(refused.code());
    match refused {
        ReleaseRefused::Past { from, today } => told.with("from", from).with("today", today),
        ReleaseRefused::Taken { from } | ReleaseRefused::Unknown { from } | ReleaseRefused::Begun { from } => {
            told.with("from", from)
        }
        ReleaseRefused::TooMany => told.with("limit", MAX_RELEASES),
        ReleaseRefused::TooLarge => told.with("limit", MAX_RULES_BYTES),
        ReleaseRefused::Same => told,
        ReleaseRefused::Breaks(problems) => named(told, problems.into_iter()),
    }
}

/// A rule that nothing shows to pass and to fail is not given to half a million schools.
fn check_examples(asked: &RulesPublish, rules: &Rules) -> Result<(), Problem> {
    let (book, pack) = (&rules.rulebook, &rules.pack);
    let examples = match &asked.examples {
        Some(text) => Examples::from_toml(text, book, pack),
        None => Examples::builtin(book, pack),
    };
    let examples = examples.map_err(|error| invalid("examples", error.problems().iter().map(ToString::to_string)))?;
    let missed = examples.run(book, pack).map_err(|error| {
        tracing::error!(%error, "the examples of a rulebook could not be judged");
        problem("center.failed")
    })?;
    if missed.is_empty() {
        return Ok(());
    }
    let lines = missed.iter().map(|missed| format!("{}: line {}", missed.rule, missed.line));
    Err(named(problem("rules.missed").with("count", missed.len()), lines))
}

fn invalid(what: &str, problems: impl Iterator<Item = String>) -> Problem {
    named(problem("rules.invalid").with("what", what), problems)
}

/// Adds what is wrong, line by line; the texts are written in English by whoever checks them.
fn named(told: Problem, problems: impl Iterator<Item = String>) -> Problem {
    let who = told.who.clone();
    let code = told.code.clone();
    let reason = |text: String| Reason {
        code: code.clone(),
        who: who.clone(),
        message: Text { id: text.clone(), en: text },
        remedy: Text { id: String::new(), en: String::new() },
    };
    told.because(problems.take(MAX_NAMED).map(reason).collect())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

    use ed25519_dalek::SigningKey;
    use selaras_storage::{Changelog, MemoryEngine};

    use super::*;

    fn keys() -> CentreKeys {
        CentreKeys { signing: SigningKey::from_bytes(&[9; 32]) }
    }

    fn day(text: &str) -> Date {
        text.parse().unwrap()
    }

    fn store() -> SchoolStore {
        Changelog::new(Arc::new(MemoryEngine::new())).unwrap().school("00000000".parse().unwrap())
    }

    /// The built-in rulebook under another version.
    fn named(version: &str, from: &str) -> RulesPublish {
        let own = Rules::builtin().rulebook.source().to_owned();
        let text = own.replacen("version = \"2026.1\"", &format!("version = \"{version}\""), 1);
        RulesPublish { from: day(from), pack: None, rulebook: Some(text), examples: None }
    }

    fn version(held: &Held) -> String {
        held.rules.rulebook.version().to_owned()
    }

    #[test]
    fn a_release_begins_at_midnight_and_is_announced_until_then() {
        let (store, today) = (store(), day("2026-12-01"));
        let releases = Releases::open(store.clone(), Rules::builtin(), &keys()).unwrap();
        releases.publish(&named("b", "2027-01-01"), today, 1, &keys()).unwrap();
        releases.publish(&named("a", "2026-12-15"), today, 2, &keys()).unwrap();
        // Read again from what is stored, as after a restart.
        for releases in [&releases, &Releases::open(store, Rules::builtin(), &keys()).unwrap()] {
            let told = |date: &str| {
                let InForce { now, next } = releases.at(day(date));
                (version(&now), next.map(|next| version(&next)))
            };
            assert_eq!(told("2026-12-14"), ("2026.1".to_owned(), Some("a".to_owned())));
            assert_eq!(told("2026-12-15"), ("a".to_owned(), Some("b".to_owned())));
            assert_eq!(told("2026-12-31"), ("a".to_owned(), Some("b".to_owned())));
            assert_eq!(told("2027-01-01"), ("b".to_owned(), None));
            let in_force: Vec<bool> = releases.list(day("2026-12-20")).iter().map(|line| line.in_force).collect();
            assert_eq!(in_force, [false, true, false]);
        }
    }

    #[test]
    fn what_has_begun_stays_and_what_has_not_is_taken_back() {
        let releases = Releases::open(store(), Rules::builtin(), &keys()).unwrap();
        let today = day("2026-12-01");
        releases.publish(&named("a", "2026-12-01"), today, 1, &keys()).unwrap();
        releases.publish(&named("b", "2026-12-02"), today, 1, &keys()).unwrap();
        assert_eq!(releases.withdraw(day("2026-12-01"), today).err().unwrap().code, "rules.begun");
        assert_eq!(releases.withdraw(day("2026-12-03"), today).err().unwrap().code, "rules.unknown");
        releases.withdraw(day("2026-12-02"), today).unwrap();
        assert!(releases.at(day("2027-06-01")).next.is_none());
        assert_eq!(version(&releases.at(day("2027-06-01")).now), "a");
    }

    #[test]
    fn there_is_a_limit() {
        let releases = Releases::open(store(), Rules::builtin(), &keys()).unwrap();
        let one = Arc::new(Held::new(day("2052-02-20"), Rules::builtin(), Some(1), &keys()).unwrap());
        *releases.published.write().unwrap() = vec![one; MAX_RELEASES];
        let refused = releases.publish(&named("a", "2099-01-01"), day("2026-12-01"), 1, &keys());
        assert_eq!(refused.err().unwrap().code, "rules.too-many");
    }
}
