//! What a command can end in: done, or a failure with a stable code.
//!
//! A failure is a value that travels from the process that owns the store to the terminal. It carries a code and its
//! arguments; what it says to a person comes from the catalogue, in the language of the one who asked.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

/// A process's exit code by kind of failure. The numbers are documented and never change their meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Exit {
    /// 0: done.
    Done,
    /// 1: a failure that has no kind of its own.
    Other,
    /// 2: the command line cannot be understood.
    Usage,
    /// 3: the gate is closed, or the account may not do this.
    Gate,
    /// 4: the centre refused.
    Refused,
    /// 5: no or a bad connection; the same command may be tried again.
    Network,
    /// 6: another process owns the store.
    InUse,
    /// 7: data on this computer is damaged or cannot be written.
    Damaged,
    /// 8: what was given is not valid.
    Input,
    /// 9: after an exchange the two sides are not equal.
    NotEqual,
}

impl Exit {
    /// All kinds in the order of their numbers.
    pub const ALL: [Exit; 10] = [
        Exit::Done,
        Exit::Other,
        Exit::Usage,
        Exit::Gate,
        Exit::Refused,
        Exit::Network,
        Exit::InUse,
        Exit::Damaged,
        Exit::Input,
        Exit::NotEqual,
    ];

    /// The number that the process ends with.
    #[must_use]
    pub const fn number(self) -> u8 {
        match self {
            Exit::Done => 0,
            Exit::Other => 1,
            Exit::Usage => 2,
            Exit::Gate => 3,
            Exit::Refused => 4,
            Exit::Network => 5,
            Exit::InUse => 6,
            Exit::Damaged => 7,
            Exit::Input => 8,
            Exit::NotEqual => 9,
        }
    }

    /// The kind of a number; an unknown one is [`Exit::Other`].
    #[must_use]
    pub fn from_number(number: u8) -> Exit {
        Exit::ALL.into_iter().find(|exit| exit.number() == number).unwrap_or(Exit::Other)
    }
}

/// Whether the same command may be tried again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Again {
    /// At once.
    Now,
    /// After a while.
    After,
    /// After a person has done something.
    AfterHumanAction,
    /// Never with success.
    Never,
}

impl From<selaras_transport::Retry> for Again {
    fn from(retry: selaras_transport::Retry) -> Again {
        match retry {
            selaras_transport::Retry::Now => Again::Now,
            selaras_transport::Retry::After => Again::After,
            selaras_transport::Retry::AfterHumanAction => Again::AfterHumanAction,
            selaras_transport::Retry::Never => Again::Never,
        }
    }
}

/// One of several reasons: a bad line of a file, an invalid record, an unmet condition.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reason {
    /// Where: `baris 12`, a record's title, a condition's id.
    pub place: String,
    /// What is wrong, in the language of the one who asked.
    pub message: String,
    /// What to do about it; may be empty.
    pub remedy: String,
    /// Who has to act: a key of the catalogue's `who`; may be empty.
    pub who: String,
}

// Reasons quote what people typed.
impl fmt::Debug for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reason").field("who", &self.who).finish_non_exhaustive()
    }
}

/// A command's failure; one pointer, because nearly every function of this crate may return it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Failure(Box<Told>);

/// What a [`Failure`] tells.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Told {
    /// The stable code, `area.reason`.
    pub code: String,
    /// Arguments of the message.
    pub args: BTreeMap<String, String>,
    /// Everything that stands in the way, not the first of it.
    pub reasons: Vec<Reason>,
    /// The record that it is about, as entity and id.
    pub record: Option<String>,
    /// Whether to try again, when the failing side said so; else the catalogue says it.
    pub again: Option<Again>,
    /// Not before this time, in seconds since 1970 by this computer's clock, when the centre said so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<i64>,
    /// What the centre itself wrote, for a code that this version does not know.
    pub said: Option<BTreeMap<String, String>>,
}

impl Failure {
    /// Makes a failure of a code of the catalogue.
    pub fn new(code: impl Into<String>) -> Failure {
        Failure(Box::new(Told {
            code: code.into(),
            args: BTreeMap::new(),
            reasons: Vec::new(),
            record: None,
            again: None,
            until: None,
            said: None,
        }))
    }

    /// Adds an argument of the message.
    #[must_use]
    pub fn arg(mut self, name: &str, value: impl fmt::Display) -> Failure {
        self.args.insert(name.to_owned(), value.to_string());
        self
    }

    /// Adds reasons.
    #[must_use]
    pub fn because(mut self, reasons: impl IntoIterator<Item = Reason>) -> Failure {
        self.reasons.extend(reasons);
        self
    }

    /// The kind of failure, from the catalogue.
    #[must_use]
    pub fn exit(&self) -> Exit {
        crate::catalogue::error(&self.code).map_or_else(|| self.unknown_exit(), |entry| Exit::from_number(entry.exit))
    }

    /// A code that only the centre knows was said by the centre: busy, or a refusal.
    fn unknown_exit(&self) -> Exit {
        match (&self.said, self.again) {
            (Some(_), Some(Again::Now | Again::After)) => Exit::Network,
            (Some(_), _) => Exit::Refused,
            (None, _) => Exit::Other,
        }
    }
}

impl std::ops::Deref for Failure {
    type Target = Told;

    fn deref(&self) -> &Told {
        &self.0
    }
}

impl std::ops::DerefMut for Failure {
    fn deref_mut(&mut self) -> &mut Told {
        &mut self.0
    }
}

impl fmt::Debug for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Failure")
            .field("code", &self.code)
            .field("reasons", &self.reasons.len())
            .finish_non_exhaustive()
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.code)
    }
}

impl std::error::Error for Failure {}

/// How a command ended that did not fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It did what was asked.
    Done,
    /// It did what was asked, and found that the two sides are not equal.
    NotEqual,
    /// It did what was asked, and found something that this exit code tells.
    Found(u8),
}

impl Outcome {
    /// The kind that the process ends with.
    #[must_use]
    pub fn exit(self) -> Exit {
        match self {
            Outcome::Found(number) => Exit::from_number(number),
            Outcome::Done => Exit::Done,
            Outcome::NotEqual => Exit::NotEqual,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Exit;

    #[test]
    fn every_number_leads_back_to_its_kind() {
        for exit in Exit::ALL {
            assert_eq!(Exit::from_number(exit.number()), exit);
        }
    }
}
