//! The releases of a centre: which is in force on a day, which follows, and which may be published or withdrawn.
//!
//! A release is published for a day to come, or for today. What has begun is never taken back: another release follows it.

use std::sync::Arc;

use selaras_model::Date;

use crate::Rules;
use crate::centre_dates::RulesDay;
use crate::store::MAX_BATCH_BYTES;

/// The most releases that a centre keeps.
pub const MAX_RELEASES: usize = 256;
/// The most bytes of a release's two texts together: either end stores them in one commit.
pub const MAX_RULES_BYTES: usize = 768 << 10;

// With them come a few rows and their keys.
const _: () = assert!(MAX_RULES_BYTES + (64 << 10) <= MAX_BATCH_BYTES);

/// Rules and their first day, as a centre holds them.
pub trait ReleasedRules {
    /// Gives the first day.
    fn first_day(&self) -> Date;
    /// Gives the rules.
    fn rules(&self) -> &Rules;
}

impl<T: ReleasedRules> ReleasedRules for Arc<T> {
    fn first_day(&self) -> Date {
        T::first_day(self)
    }

    fn rules(&self) -> &Rules {
        T::rules(self)
    }
}

/// All releases of a centre.
#[derive(Debug)]
pub struct ReleaseList<'a, T> {
    /// Those of the program or its configuration, from the beginning of time.
    pub base: &'a T,
    /// Those that were published, in order of their first days; no two begin on one day.
    pub published: &'a [T],
}

/// What holds on a day.
#[derive(Debug)]
pub struct ReleaseInForce<'a, T> {
    /// The release in force.
    pub now: &'a T,
    /// The one that is announced: the first to begin after that day.
    pub next: Option<&'a T>,
}

/// Why a release is not published, or not withdrawn.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReleaseRefused {
    /// Its first day has passed.
    #[error("refused: rules.past")]
    Past {
        /// The first day.
        from: Date,
        /// The centre's date.
        today: Date,
    },
    /// Another begins on that day.
    #[error("refused: rules.taken")]
    Taken {
        /// The first day.
        from: Date,
    },
    /// There are [`MAX_RELEASES`].
    #[error("refused: rules.too-many")]
    TooMany,
    /// The texts are over [`MAX_RULES_BYTES`].
    #[error("refused: rules.too-large")]
    TooLarge,
    /// They are those that are in force before that day.
    #[error("refused: rules.same")]
    Same,
    /// Records that exist could not go on under the pack that follows; all problems.
    #[error("refused: rules.breaks")]
    Breaks(Vec<String>),
    /// None begins on that day.
    #[error("refused: rules.unknown")]
    Unknown {
        /// The first day.
        from: Date,
    },
    /// It has begun.
    #[error("refused: rules.begun")]
    Begun {
        /// The first day.
        from: Date,
    },
}

impl ReleaseRefused {
    /// Gives the stable code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Past { .. } => "rules.past",
            Self::Taken { .. } => "rules.taken",
            Self::TooMany => "rules.too-many",
            Self::TooLarge => "rules.too-large",
            Self::Same => "rules.same",
            Self::Breaks(_) => "rules.breaks",
            Self::Unknown { .. } => "rules.unknown",
            Self::Begun { .. } => "rules.begun",
        }
    }
}

/// The place of a release among those that were published, and the one before it.
#[derive(Debug)]
pub struct ReleaseSlot<'a, T> {
    /// Where it is put in.
    pub at: usize,
    /// What is in force before its first day; what it leaves out stays as it is there.
    pub before: &'a T,
    after: Option<&'a T>,
}

impl<'a, T: ReleasedRules> ReleaseList<'a, T> {
    /// Gives what is in force on a day, and what follows it.
    #[must_use]
    pub fn at(&self, day: impl Into<RulesDay>) -> ReleaseInForce<'a, T> {
        let reached = day.into().reached();
        let begun = self.published.partition_point(|held| held.first_day() <= reached);
        ReleaseInForce { now: self.before(begun), next: self.published.get(begun) }
    }

    /// Finds the place of a release from a day on.
    ///
    /// # Errors
    /// [`ReleaseRefused::Past`], [`ReleaseRefused::Taken`], [`ReleaseRefused::TooMany`].
    pub fn slot(&self, from: Date, day: impl Into<RulesDay>) -> Result<ReleaseSlot<'a, T>, ReleaseRefused> {
        // Before what has begun already it would never be in force.
        let today = day.into().reached();
        if from < today {
            return Err(ReleaseRefused::Past { from, today });
        }
        if self.published.iter().any(|held| held.first_day() == from) {
            return Err(ReleaseRefused::Taken { from });
        }
        if self.published.len() >= MAX_RELEASES {
            return Err(ReleaseRefused::TooMany);
        }
        let at = self.published.partition_point(|held| held.first_day() < from);
        Ok(ReleaseSlot { at, before: self.before(at), after: self.published.get(at) })
    }

    /// Finds a release that has not begun, and that may go.
    ///
    /// # Errors
    /// [`ReleaseRefused::Unknown`], [`ReleaseRefused::Begun`]; [`ReleaseRefused::Breaks`] where what follows it could not
    /// follow what was before it.
    pub fn withdrawable(&self, from: Date, day: impl Into<RulesDay>) -> Result<usize, ReleaseRefused> {
        let at = self.published.iter().position(|held| held.first_day() == from);
        let at = at.ok_or(ReleaseRefused::Unknown { from })?;
        if from <= day.into().reached() {
            return Err(ReleaseRefused::Begun { from });
        }
        if let Some(after) = self.published.get(at + 1) {
            follows(after.rules(), self.before(at).rules())?;
        }
        Ok(at)
    }

    fn before(&self, at: usize) -> &'a T {
        at.checked_sub(1).and_then(|last| self.published.get(last)).unwrap_or(self.base)
    }
}

impl<T: ReleasedRules> ReleaseSlot<'_, T> {
    /// Checks that rules may stand here: not too large, other than those before, with nothing lost on the way to them
    /// and from them.
    ///
    /// # Errors
    /// [`ReleaseRefused::TooLarge`], [`ReleaseRefused::Same`], [`ReleaseRefused::Breaks`].
    pub fn check(&self, rules: &Rules) -> Result<(), ReleaseRefused> {
        if rules.pack.source().len() + rules.rulebook.source().len() > MAX_RULES_BYTES {
            return Err(ReleaseRefused::TooLarge);
        }
        let before = self.before.rules();
        if rules.pack.hash() == before.pack.hash() && rules.rulebook.hash() == before.rulebook.hash() {
            return Err(ReleaseRefused::Same);
        }
        follows(rules, before)?;
        self.after.map_or(Ok(()), |after| follows(after.rules(), rules))
    }
}

fn follows(rules: &Rules, before: &Rules) -> Result<(), ReleaseRefused> {
    let problems = rules.pack.breaks_with(&before.pack);
    if problems.is_empty() { Ok(()) } else { Err(ReleaseRefused::Breaks(problems)) }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[derive(Debug)]
    struct Held(Date, Rules);

    impl ReleasedRules for Held {
        fn first_day(&self) -> Date {
            self.0
        }

        fn rules(&self) -> &Rules {
            &self.1
        }
    }

    fn day(text: &str) -> Date {
        text.parse().unwrap()
    }

    /// The built-in rules under other versions.
    fn rules(pack: &str, rulebook: &str) -> Rules {
        let own = Rules::builtin();
        let named = |text: &str, version: &str| {
            let (_, rest) = text.split_once("version = \"").unwrap();
            let (_, rest) = rest.split_once('"').unwrap();
            format!("version = \"{version}\"{rest}")
        };
        Rules::from_texts(&named(own.pack.source(), pack), &named(own.rulebook.source(), rulebook)).unwrap()
    }

    /// The built-in rules under a pack that has lost its last entity's last field.
    fn poorer(pack: &str) -> Rules {
        let own = rules(pack, "1");
        let source = own.pack.source();
        let fewer = source.replacen("name = \"nama_ibu_kandung\"", "name = \"nama_lain\"", 1);
        let pack = Arc::new(selaras_model::Pack::from_toml(&fewer).unwrap());
        Rules { pack, rulebook: own.rulebook }
    }

    #[test]
    fn a_day_belongs_to_the_last_release_that_has_begun_and_announces_the_next() {
        let base = Held(Date::MIN, rules("0", "0"));
        let published = [Held(day("2026-12-15"), rules("0", "1")), Held(day("2027-01-01"), rules("0", "2"))];
        let list = ReleaseList { base: &base, published: &published };
        let told = |on: &str| {
            let ReleaseInForce { now, next } = list.at(day(on));
            (now.0, next.map(|next| next.0))
        };
        assert_eq!(told("2026-12-14"), (Date::MIN, Some(day("2026-12-15"))));
        assert_eq!(told("2026-12-15"), (day("2026-12-15"), Some(day("2027-01-01"))));
        assert_eq!(told("2026-12-31"), (day("2026-12-15"), Some(day("2027-01-01"))));
        assert_eq!(told("2027-01-01"), (day("2027-01-01"), None));
    }

    #[test]
    fn what_has_begun_is_in_force_whatever_the_date_is_now() {
        let base = Held(Date::MIN, rules("0", "0"));
        let published = [Held(day("2026-12-15"), rules("0", "1")), Held(day("2027-01-01"), rules("0", "2"))];
        let list = ReleaseList { base: &base, published: &published };
        let back = RulesDay { today: day("2026-12-01"), begun: Some(day("2026-12-15")) };
        let ReleaseInForce { now, next } = list.at(back);
        assert_eq!((now.0, next.map(|next| next.0)), (day("2026-12-15"), Some(day("2027-01-01"))));
        assert_eq!(list.withdrawable(day("2026-12-15"), back).unwrap_err().code(), "rules.begun");
        assert_eq!(list.slot(day("2026-12-10"), back).unwrap_err().code(), "rules.past");
        assert_eq!(list.withdrawable(day("2027-01-01"), back), Ok(1));
    }

    #[test]
    fn a_release_stands_between_its_neighbours_and_loses_nothing_of_either() {
        let base = Held(Date::MIN, rules("0", "0"));
        let published = [Held(day("2026-12-15"), rules("0", "1")), Held(day("2027-01-01"), rules("0", "2"))];
        let list = ReleaseList { base: &base, published: &published };
        let today = day("2026-12-01");
        let slot = list.slot(day("2026-12-20"), today).unwrap();
        assert_eq!((slot.at, slot.before.0), (1, day("2026-12-15")));
        assert_eq!(slot.check(&rules("0", "3")), Ok(()));
        assert_eq!(slot.check(&rules("0", "1")), Err(ReleaseRefused::Same));
        let large = format!("{}\n# {}\n", base.1.pack.source(), "x".repeat(MAX_RULES_BYTES));
        let large = Rules::from_texts(&large, base.1.rulebook.source()).unwrap();
        assert_eq!(slot.check(&large), Err(ReleaseRefused::TooLarge));
        // The last of all needs not be followed by anything.
        for on in ["2026-12-20", "2027-02-01"] {
            let refused = list.slot(day(on), today).unwrap().check(&poorer("3"));
            assert_eq!(refused.unwrap_err().code(), "rules.breaks");
        }
        let first = list.slot(today, today).unwrap();
        assert_eq!((first.at, first.before.0), (0, Date::MIN), "today is early enough");
    }

    #[test]
    fn what_follows_a_release_has_to_be_able_to_follow_it_and_what_is_before_it() {
        let today = day("2026-12-01");
        let (base, begins) = (Held(Date::MIN, poorer("0")), [Held(day("2026-12-15"), rules("1", "1"))]);
        let slot = ReleaseList { base: &base, published: &begins }.slot(day("2026-12-10"), today).unwrap();
        assert_eq!(slot.check(&poorer("1")).unwrap_err().code(), "rules.breaks", "the one after it");
        let base = Held(Date::MIN, rules("0", "0"));
        let begin = [Held(day("2026-12-15"), poorer("1")), Held(day("2027-01-01"), poorer("2"))];
        let list = ReleaseList { base: &base, published: &begin };
        assert_eq!(list.withdrawable(day("2026-12-15"), today).unwrap_err().code(), "rules.breaks");
        assert_eq!(list.withdrawable(day("2027-01-01"), today), Ok(1), "nothing follows it");
    }

    #[test]
    fn what_is_past_taken_begun_or_unknown_is_refused() {
        let base = Held(Date::MIN, rules("0", "0"));
        let published = [Held(day("2026-12-01"), rules("0", "1")), Held(day("2026-12-02"), rules("0", "2"))];
        let list = ReleaseList { base: &base, published: &published };
        let today = day("2026-12-01");
        let slot = |on: &str| list.slot(day(on), today).map(|slot| slot.at).map_err(|refused| refused.code());
        assert_eq!(slot("2026-11-30"), Err("rules.past"));
        assert_eq!(slot("2026-12-01"), Err("rules.taken"));
        assert_eq!(slot("2026-12-03"), Ok(2));
        let gone = |on: &str| list.withdrawable(day(on), today).map_err(|refused| refused.code());
        assert_eq!(gone("2026-12-01"), Err("rules.begun"));
        assert_eq!(gone("2026-12-03"), Err("rules.unknown"));
        assert_eq!(gone("2026-12-02"), Ok(1));
        let full: Vec<Held> = (0..MAX_RELEASES).map(|_| Held(day("2052-02-20"), base.1.clone())).collect();
        let list = ReleaseList { base: &base, published: &full };
        assert_eq!(list.slot(day("2099-01-01"), today).unwrap_err(), ReleaseRefused::TooMany);
    }
}
