//! Rules that begin by date, as an operator publishes them at a centre.

use selaras_model::Date;
use selaras_sync::{ReleaseInForce, ReleaseList, ReleasedRules, Rules, RulesDay};

use super::rules::{self, Change};
use super::trouble::{Trouble, wrong};

/// Rules and their first day.
#[derive(Clone)]
pub(super) struct Release {
    pub(super) from: Date,
    pub(super) rules: Rules,
}

impl ReleasedRules for Release {
    fn first_day(&self) -> Date {
        self.from
    }

    fn rules(&self) -> &Rules {
        &self.rules
    }
}

/// All releases of a centre. They outlive its disk: an operator publishes again what a backup does not hold.
#[derive(Clone)]
pub(super) struct Releases {
    base: Release,
    published: Vec<Release>,
}

impl Releases {
    pub(super) fn new() -> Self {
        Self { base: Release { from: Date::MIN, rules: rules::rules() }, published: Vec::new() }
    }

    /// What holds on a day, and what is announced.
    pub(super) fn at(&self, day: RulesDay) -> ReleaseInForce<'_, Release> {
        self.list().at(day)
    }

    /// Whether something may begin on a day.
    pub(super) fn may_begin(&self, from: Date, day: RulesDay) -> bool {
        self.list().slot(from, day).is_ok()
    }

    /// Publishes what changes something of the rules before; gives its rules, or none where it may not begin then.
    pub(super) fn publish(&mut self, change: Change, from: Date, day: RulesDay) -> Result<Option<Rules>, Trouble> {
        let named = self.published.len() + 1;
        let Ok(slot) = self.list().slot(from, day) else { return Ok(None) };
        let rules = rules::changed(&slot.before.rules, change, named)?;
        if let Err(refused) = slot.check(&rules) {
            return wrong(format!("a release of this world is {refused}"));
        }
        let at = slot.at;
        self.published.insert(at, Release { from, rules: rules.clone() });
        Ok(Some(rules))
    }

    fn list(&self) -> ReleaseList<'_, Release> {
        ReleaseList { base: &self.base, published: &self.published }
    }
}
