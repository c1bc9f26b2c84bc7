//! What the rules of a day allowed, in plain lists: which release was in force when the centre accepted something, and
//! that none that had begun was taken back.

use std::collections::{BTreeMap, BTreeSet};

use selaras_model::{BundleId, Date, Fields, LogVersion, PackHash, RecordKey, RulebookHash};

use super::trouble::{Trouble, wrong};

/// The names of a pack and a rulebook that are in force together.
pub(super) type Names = (PackHash, RulebookHash);

/// The greatest age in the rulebook from which a world begins.
const FIRST_GREATEST: i64 = 99;

/// What a head approved, as it stood in the drafts.
#[derive(Debug, Clone)]
pub(super) struct Approved {
    /// The date by which it was judged.
    pub(super) judged_on: Date,
    /// Ages that were typed.
    pub(super) ages: Vec<(RecordKey, i64)>,
    /// Texts that were typed, or chosen.
    pub(super) values: Vec<String>,
    /// What was typed into other modules, and is not approved.
    pub(super) left: Vec<(RecordKey, Fields)>,
}

impl Approved {
    pub(super) fn on(judged_on: Date) -> Self {
        Self { judged_on, ages: Vec::new(), values: Vec::new(), left: Vec::new() }
    }
}

/// When a centre judged a bundle that now is in its log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum JudgedOn {
    /// On the day on which it is in the log.
    Now(Date),
    /// Before: it is large, and its centre died over it. So many releases were published by then; one that came later
    /// that day says nothing of it.
    Earlier(Date, usize),
}

#[derive(Debug, Clone, Copy)]
struct Begins {
    from: Date,
    names: Names,
    /// The greatest age that is allowed from then on.
    greatest: i64,
}

/// How far the log of a school was read.
#[derive(Debug, Clone, Default)]
struct Read {
    version: LogVersion,
    /// The rules of the newest entry.
    names: Option<Names>,
    /// The first day of the newest release under which an entry was made.
    newest: Option<Date>,
    /// The day on which it decided a large bundle that is not in the log yet, and how many releases were published then.
    decided: Option<(Date, usize)>,
    /// The greatest date on which the centre did anything; more than one where it died at writing it down.
    latest: BTreeSet<Date>,
    /// All dates on which it ever did anything.
    ever: BTreeSet<Date>,
}

impl Read {
    /// The date by which a centre works whose clock shows another: one more than a week past the last waits for somebody.
    fn worked_by(&self, clock: Date) -> Vec<Date> {
        let believed = |last: &Date| clock.days_since_epoch() - last.days_since_epoch() <= 7;
        let by = self.latest.iter().map(|last| if believed(last) { clock } else { *last });
        if self.latest.is_empty() { vec![clock] } else { by.collect() }
    }
}

#[derive(Default)]
pub(super) struct Lawful {
    published: Vec<Begins>,
    approved: BTreeMap<BundleId, Approved>,
    /// All values that were ever approved.
    values: BTreeSet<String>,
    read: BTreeMap<usize, Read>,
    /// What a backup of a school knows of the last, by its number: the greatest date on which the centre had done anything.
    backed_up: BTreeMap<(usize, usize), BTreeSet<Date>>,
}

impl Lawful {
    pub(super) fn published(&mut self, from: Date, names: Names, greatest: i64) {
        self.published.push(Begins { from, names, greatest });
    }

    pub(super) fn approved(&mut self, bundle: BundleId, approved: Approved) {
        self.values.extend(approved.values.iter().cloned());
        self.approved.insert(bundle, approved);
    }

    /// Of what schools typed a centre holds nothing that no head approved.
    pub(super) fn only_what_was_approved(&self, held: &[String]) -> Result<(), Trouble> {
        let typed = |value: &&String| value.starts_with(['k', 'i']) && value.contains('-');
        match held.iter().filter(typed).find(|value| !self.values.contains(*value)) {
            Some(value) => wrong(format!("{value} is at the centre, and no head approved it")),
            None => Ok(()),
        }
    }

    /// The version up to which a school's log was read.
    pub(super) fn version(&self, school: usize) -> LogVersion {
        self.read.get(&school).map_or(LogVersion::new(0), |read| read.version)
    }

    /// A centre has made this backup of a school, and goes on from its date should it be put back.
    pub(super) fn backed_up(&mut self, school: usize, backup: usize) {
        let latest = self.read.get(&school).map(|read| read.latest.clone()).unwrap_or_default();
        self.backed_up.insert((school, backup), latest);
    }

    /// A centre lost its disk and was put back from this backup: what it did since is void, and is done again under the
    /// rules of then.
    pub(super) fn disk_lost(&mut self, school: usize, backup: usize, version: LogVersion, names: Option<Names>) {
        let ever = self.read.remove(&school).map(|read| read.ever).unwrap_or_default();
        let latest = self.backed_up.get(&(school, backup)).cloned().unwrap_or_default();
        self.read.insert(school, Read { version, names, latest, ever, ..Read::default() });
    }

    /// A centre has decided a large bundle, which is in the log later: it was judged by the rules of that day.
    pub(super) fn decided(&mut self, school: usize, today: Date) {
        let published = self.published.len();
        self.read.entry(school).or_default().decided = Some((today, published));
    }

    /// The day on which the bundle was decided that now is in the log.
    pub(super) fn decided_on(&mut self, school: usize) -> Option<JudgedOn> {
        let decided = self.read.get_mut(&school).and_then(|read| read.decided.take());
        decided.map(|(today, published)| JudgedOn::Earlier(today, published))
    }

    /// A centre does something while its clock shows a date, and wrote down by which it works, or died at that.
    pub(super) fn acts_on(&mut self, school: usize, clock: Date, written: bool) {
        let read = self.read.entry(school).or_default();
        let by = read.worked_by(clock);
        let later = read.latest.iter().flat_map(|last| by.iter().map(move |by| *by.max(last)));
        let later: BTreeSet<Date> = if read.latest.is_empty() { by.iter().copied().collect() } else { later.collect() };
        read.ever.extend(by);
        if written {
            read.latest = later;
        } else {
            read.latest.extend(later);
        }
    }

    /// Somebody confirms what the clock of a centre shows.
    pub(super) fn confirmed(&mut self, school: usize, clock: Date, written: bool) {
        let read = self.read.entry(school).or_default();
        if written {
            read.latest.clear();
        }
        read.latest.insert(clock);
        read.ever.insert(clock);
    }

    /// Reads an entry of the log: rules begin by an entry of their own, which writes down whose value holds where a
    /// field gets another owner, and what has begun is never taken back.
    pub(super) fn entry(
        &mut self,
        school: usize,
        version: LogVersion,
        names: Names,
        begins_rules: bool,
    ) -> Result<(), Trouble> {
        let from = self.published.iter().find(|begins| begins.names == names).map_or(Date::MIN, |begins| begins.from);
        let read = self.read.entry(school).or_default();
        read.version = version;
        if read.names.replace(names).is_some_and(|before| before != names) && !begins_rules {
            return wrong(format!("school {school}: entry {version} changes the rules on its way"));
        }
        if read.newest.is_some_and(|newest| from < newest) {
            return wrong(format!("school {school}: entry {version} takes rules back that have begun"));
        }
        read.newest = Some(from);
        Ok(())
    }

    /// A bundle took effect while the clock showed a date: nothing in it was invalid under the rulebook of then, and its
    /// approval's date was good: it is one that the centre has worked by, and not too long ago.
    pub(super) fn accepted(&self, school: usize, bundle: BundleId, judged: JudgedOn) -> Result<(), Trouble> {
        let Some(approved) = self.approved.get(&bundle) else { return Ok(()) };
        let (clock, published, when) = match judged {
            JudgedOn::Now(clock) => (clock, self.published.len(), "now"),
            JudgedOn::Earlier(clock, published) => (clock, published, "earlier"),
        };
        let read = self.read.get(&school).cloned().unwrap_or_default();
        let by = read.worked_by(clock);
        let days = |from: Date, to: Date| to.days_since_epoch() - from.days_since_epoch();
        let age = by.iter().map(|today| days(approved.judged_on, *today)).min().unwrap_or_default();
        let latest = by.iter().chain(&read.latest).copied().max().unwrap_or(clock);
        if age > 30 || days(latest, approved.judged_on) > 1 {
            return wrong(format!("bundle {bundle} was judged {age} days before it was accepted"));
        }
        // Where the clock was set back, the rules of the greatest date hold on.
        let today = by.into_iter().min().unwrap_or(clock);
        let greatest = self.greatest(today, published).max(self.greatest(latest, published));
        match approved.ages.iter().find(|(_, age)| !(0..=greatest).contains(age)) {
            Some((record, age)) => wrong(format!(
                "bundle {bundle}, judged {when}, was accepted with the age {age} in {record}, above {greatest}"
            )),
            None => Ok(()),
        }
    }

    /// The names of the rules that a school goes by while its centre's clock shows a date: those that have begun by then, or
    /// by a clock that was ahead; none where none were published.
    pub(super) fn in_force(&self, school: usize, clock: Date) -> Option<Names> {
        self.begun(self.reached(school, clock)).map(|begins| begins.names)
    }

    /// The first day of the release that is announced then.
    pub(super) fn announced(&self, school: usize, clock: Date) -> Option<Date> {
        let reached = self.reached(school, clock);
        self.published.iter().map(|begins| begins.from).filter(|from| *from > reached).min()
    }

    fn reached(&self, school: usize, clock: Date) -> Date {
        let Some(read) = self.read.get(&school) else { return clock };
        let today = read.worked_by(clock).into_iter().max().unwrap_or(clock);
        read.newest.map_or(today, |newest| newest.max(today))
    }

    /// The greatest age that is allowed on a day by the first so many releases.
    fn greatest(&self, today: Date, published: usize) -> i64 {
        let begun = self.published.iter().take(published).filter(|begins| begins.from <= today);
        begun.max_by_key(|begins| begins.from).map_or(FIRST_GREATEST, |begins| begins.greatest)
    }

    fn begun(&self, today: Date) -> Option<&Begins> {
        self.published.iter().filter(|begins| begins.from <= today).max_by_key(|begins| begins.from)
    }
}
