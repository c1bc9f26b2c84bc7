//! What a refusal says: a code, the record, the reason, and whether trying again helps.

use std::collections::BTreeMap;

use selaras_model::{FieldName, RecordKey};
use selaras_policy::{Finding, RuleId, Unmet, Who};

use crate::store::StoreError;
use crate::work::WorkError;

/// Whether the same thing may be tried again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Retry {
    /// At once.
    Now,
    /// After a while.
    After,
    /// After somebody has done something.
    AfterHumanAction,
    /// Never: the outcome will be the same.
    Never,
}

/// A refusal, by this side or by the centre.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Refusal {
    /// A stable code such as `gate.invalid`.
    pub code: String,
    /// Counts, names of fields and rules, identifiers; never a person's data.
    pub args: BTreeMap<String, String>,
    /// The record that it is about, where it is about one.
    pub record: Option<RecordKey>,
    /// All records that it is about, with field and rule.
    pub records: Vec<RefusedRecord>,
    /// Who has to act.
    pub who: Who,
}

/// A record that a refusal is about.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct RefusedRecord {
    /// The record.
    pub record: RecordKey,
    /// The field.
    pub field: Option<FieldName>,
    /// The rule of the rulebook that it breaks.
    pub rule: Option<RuleId>,
}

impl Refusal {
    pub(crate) fn new(code: &str, who: Who) -> Self {
        Self { code: code.to_owned(), args: BTreeMap::new(), record: None, records: Vec::new(), who }
    }

    pub(crate) fn with(mut self, name: &str, value: impl std::fmt::Display) -> Self {
        self.args.insert(name.to_owned(), format!("{value}"));
        self
    }

    pub(crate) fn about(mut self, record: RecordKey, field: Option<FieldName>) -> Self {
        self.record.get_or_insert(record);
        self.records.push(RefusedRecord { record, field, rule: None });
        self
    }
}

/// What keeps the gate closed: all of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct GateClosed {
    /// Findings that block.
    pub invalid: Vec<Finding>,
    /// Conditions of entitlement that are not met.
    pub unmet: Vec<Unmet>,
}

/// Why the school's side could not do something; nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum SchoolError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// It may not be done.
    #[error("refused: {}", .0.code)]
    Refused(Box<Refusal>),
    /// The gate is closed.
    #[error("the gate is closed")]
    Gate(Box<GateClosed>),
    /// The answer is not by this school's centre, or damaged; nothing of it was taken.
    #[error("the answer is not this centre's: {0}")]
    NotOurCentre(&'static str),
}

impl SchoolError {
    /// Gives the stable code.
    #[must_use]
    pub fn code(&self) -> &str {
        match self {
            Self::Store(error) => store_code(error),
            Self::Refused(refusal) => &refusal.code,
            Self::Gate(_) => "gate.closed",
            Self::NotOurCentre(_) => "answer.not-ours",
        }
    }

    /// Says whether trying again helps.
    #[must_use]
    pub fn retry(&self) -> Retry {
        match self {
            Self::Store(StoreError::Busy) => Retry::After,
            Self::Store(_) | Self::Refused(_) | Self::Gate(_) => Retry::AfterHumanAction,
            Self::NotOurCentre(_) => Retry::After,
        }
    }
}

impl From<Refusal> for SchoolError {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(Box::new(refusal))
    }
}

impl From<WorkError> for SchoolError {
    fn from(error: WorkError) -> Self {
        match error {
            WorkError::Store(error) => Self::Store(error),
            WorkError::Merge { record, error } => {
                Refusal::new("record.unmergeable", Who::Centre).about(record, None).with("problem", error).into()
            }
            WorkError::TooLarge(record) => Refusal::new("record.too-large", Who::Operator).about(record, None).into(),
            WorkError::TooManyHeads(record) => {
                Refusal::new("bundle.too-many-heads", Who::Operator).about(record, None).into()
            }
        }
    }
}

impl From<selaras_policy::PolicyError> for SchoolError {
    fn from(error: selaras_policy::PolicyError) -> Self {
        WorkError::from(error).into()
    }
}

/// Why the centre's side could not do something; nothing was changed. None of these is a final refusal of a bundle.
#[derive(Debug, thiserror::Error)]
pub enum CentreError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The request cannot be answered.
    #[error("refused: {code}")]
    Refused {
        /// A stable code such as `cursor.unknown`.
        code: &'static str,
        /// Identifiers and counts.
        args: BTreeMap<String, String>,
    },
    /// The person may not approve; all conditions that are not met.
    #[error("refused: head.not-entitled")]
    NotEntitled(Vec<Unmet>),
}

impl CentreError {
    pub(crate) fn refused(code: &'static str) -> Self {
        Self::Refused { code, args: BTreeMap::new() }
    }

    pub(crate) fn with(mut self, name: &str, value: impl std::fmt::Display) -> Self {
        if let Self::Refused { args, .. } = &mut self {
            args.insert(name.to_owned(), value.to_string());
        }
        self
    }

    /// Gives the stable code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Store(error) => store_code(error),
            Self::Refused { code, .. } => code,
            Self::NotEntitled(_) => "head.not-entitled",
        }
    }

    /// Gives the arguments.
    #[must_use]
    pub fn args(&self) -> Option<&BTreeMap<String, String>> {
        match self {
            Self::Refused { args, .. } => Some(args),
            Self::Store(_) | Self::NotEntitled(_) => None,
        }
    }

    /// Says whether trying again helps.
    #[must_use]
    pub fn retry(&self) -> Retry {
        match self {
            Self::Store(_) => Retry::After,
            Self::Refused { code, .. }
                if matches!(*code, "school.unfinished" | "center.healing" | "center.restored") =>
            {
                Retry::After
            }
            Self::Refused { .. } | Self::NotEntitled(_) => Retry::AfterHumanAction,
        }
    }
}

impl From<WorkError> for CentreError {
    fn from(error: WorkError) -> Self {
        match error {
            WorkError::Store(error) => Self::Store(error),
            WorkError::Merge { record, error } => {
                Self::refused("record.unmergeable").with("record", record).with("problem", error)
            }
            WorkError::TooLarge(record) => Self::refused("record.too-large").with("record", record),
            WorkError::TooManyHeads(record) => Self::refused("act.too-large").with("record", record),
        }
    }
}

impl From<selaras_policy::PolicyError> for CentreError {
    fn from(error: selaras_policy::PolicyError) -> Self {
        WorkError::from(error).into()
    }
}

fn store_code(error: &StoreError) -> &'static str {
    match error {
        StoreError::Busy => "store.busy",
        StoreError::Full => "store.full",
        StoreError::Damaged(_) => "store.damaged",
        StoreError::TooLarge { .. } => "store.too-large",
        StoreError::Version { .. } => "store.version",
        StoreError::Io(_) => "store.io",
    }
}
