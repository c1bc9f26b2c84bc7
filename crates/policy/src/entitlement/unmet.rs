//! A condition that is not fulfilled, with its words.

use std::collections::BTreeMap;
use std::fmt;

use selaras_model::{Date, Label, Lang};

use super::table::{Condition, LocalCondition, Variant};
use crate::rendered::{Rendered, Who, fill};

/// The stable name of a condition, such as `head-assignment`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConditionId(String);

impl ConditionId {
    /// Gives the name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ConditionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A condition that is not fulfilled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unmet {
    /// Its name.
    pub condition: ConditionId,
    /// Who has to act.
    pub who: Who,
    /// What the texts name.
    pub args: BTreeMap<String, String>,
    message: Label,
    remedy: Label,
    command: String,
    personal: bool,
}

impl Unmet {
    /// Gives the condition in words.
    #[must_use]
    pub fn render(&self, lang: Lang) -> Rendered {
        Rendered {
            message: fill(&self.message, lang, &self.args),
            remedy: fill(&self.remedy, lang, &self.args),
            who: self.who,
        }
    }

    /// Gives the command that is typed at the school for it, for an account of this name.
    #[must_use]
    pub fn command(&self, account: &str) -> String {
        let mut args = self.args.clone();
        args.insert("account".to_owned(), account.to_owned());
        fill(&Label { id: self.command.clone(), en: String::new() }, Lang::Id, &args)
    }

    /// Whether it is the person who lacks something; else it is the school as a whole that does not allow it.
    #[must_use]
    pub fn is_personal(&self) -> bool {
        self.personal
    }

    pub(super) fn of_condition(condition: &Condition, why: Option<&Variant>, shown: Option<(&str, Date)>) -> Self {
        let (id, message, remedy) = match why {
            Some(why) => (&why.id, &why.message, &why.remedy),
            None => (&condition.id, &condition.message, &condition.remedy),
        };
        Self {
            condition: ConditionId(id.clone()),
            who: condition.who,
            args: shown.into_iter().map(|(field, date)| (field.to_owned(), date.to_string())).collect(),
            message: message.into(),
            remedy: remedy.into(),
            command: condition.command.clone(),
            personal: condition.alone.is_empty(),
        }
    }

    pub(super) fn of_local(condition: &LocalCondition) -> Self {
        Self {
            condition: ConditionId(condition.id.clone()),
            who: condition.who,
            args: BTreeMap::new(),
            message: (&condition.message).into(),
            remedy: (&condition.remedy).into(),
            command: condition.command.clone(),
            personal: true,
        }
    }

    pub(super) fn with(mut self, name: &str, value: impl fmt::Display) -> Self {
        self.args.insert(name.to_owned(), value.to_string());
        self
    }
}
