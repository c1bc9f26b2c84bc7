//! What the rulebook says of a record, and the subject under which it is kept.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use selaras_model::{FieldName, RecordKey};
use serde::{Deserialize, Serialize};

/// The longest id of a rule, in bytes.
pub const MAX_RULE_ID: usize = 64;

/// The id of a rule, such as `pd.nik-ganda`: lower-case letters, digits, full stops and hyphens.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct RuleId(String);

/// A text that is no rule's id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a rule's id is 1 to {MAX_RULE_ID} of a-z, 0-9, full stop and hyphen, and begins with a letter")]
pub struct RuleIdError;

impl RuleId {
    /// Gives the id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A stand-in where an index names no rule, which cannot be.
pub(crate) fn unknown_rule() -> RuleId {
    RuleId(String::from("unknown"))
}

impl fmt::Display for RuleId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for RuleId {
    type Err = RuleIdError;
    fn from_str(text: &str) -> Result<Self, RuleIdError> {
        let letters = text.bytes().all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'.' | b'-'));
        let begins = text.bytes().next().is_some_and(|b| b.is_ascii_lowercase());
        if letters && begins && text.len() <= MAX_RULE_ID { Ok(Self(text.to_owned())) } else { Err(RuleIdError) }
    }
}

impl TryFrom<String> for RuleId {
    type Error = RuleIdError;
    fn try_from(text: String) -> Result<Self, RuleIdError> {
        text.parse()
    }
}

impl From<RuleId> for String {
    fn from(rule: RuleId) -> Self {
        rule.0
    }
}

/// How much a finding weighs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Level {
    /// Closes the gate, even one of them.
    Invalid,
    /// Is shown and acknowledged, and closes nothing.
    Warning,
}

/// The part of the validation page on which a finding stands, as operators know it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Tab {
    /// The school itself.
    Sekolah,
    /// Land, buildings, rooms, equipment.
    Sarpras,
    /// Teachers and staff.
    Gtk,
    /// Students.
    PesertaDidik,
    /// Class groups and the timetable.
    Rombel,
    /// Lesson assignments.
    Pembelajaran,
    /// Grades.
    Nilai,
    /// References to tables and records.
    Referensi,
}

/// One thing that a rule says of one record.
///
/// The arguments hold the person's own values for the message on the person's own screen; `Debug` hides them.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Finding {
    /// The rule that says it.
    pub rule: RuleId,
    /// Whether it closes the gate.
    pub level: Level,
    /// Where it is shown.
    pub tab: Tab,
    /// The record to mend.
    pub record: RecordKey,
    /// The field to mend, if there is one.
    pub field: Option<FieldName>,
    /// What the message names.
    pub args: BTreeMap<String, String>,
}

/// The argument that says that the field to mend is the centre's.
pub(crate) const MENDER: &str = "mender";

impl Finding {
    /// Whether the field to mend is the centre's, so that nobody at the school may mend it.
    #[must_use]
    pub fn is_the_centres(&self) -> bool {
        self.args.contains_key(MENDER)
    }
}

impl fmt::Debug for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Finding")
            .field("rule", &self.rule)
            .field("record", &self.record)
            .field("field", &self.field)
            .finish_non_exhaustive()
    }
}

/// Under what findings are kept and replaced whole: a record for the rules that read it alone, or a group of a rule.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SubjectKey {
    /// All rules that look at this record alone.
    Record(RecordKey),
    /// One group of a rule over many records, such as all records with the same NIK.
    Group {
        /// The rule.
        rule: RuleId,
        /// The group's own key; at most [`MAX_GROUP_KEY`] bytes.
        key: Vec<u8>,
    },
}

/// The longest key of a group, in bytes; longer values are hashed by the rule.
pub const MAX_GROUP_KEY: usize = 64;

/// Bytes that are no subject's key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("these bytes are no subject of findings")]
pub struct SubjectKeyError;

impl SubjectKey {
    /// Gives the key's bytes for a store: a tag, then the record's key, or the rule's id, a zero and the group's key.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(32);
        match self {
            Self::Record(key) => {
                bytes.push(b'r');
                bytes.extend_from_slice(&key.to_bytes());
            }
            Self::Group { rule, key } => {
                bytes.push(b'g');
                bytes.extend_from_slice(rule.as_str().as_bytes());
                bytes.push(0);
                bytes.extend_from_slice(key);
            }
        }
        bytes
    }

    /// Reads what [`Self::to_bytes`] gave.
    ///
    /// # Errors
    /// For any other bytes.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, SubjectKeyError> {
        match bytes.split_first() {
            Some((b'r', rest)) => RecordKey::from_bytes(rest).map(Self::Record).map_err(|_| SubjectKeyError),
            Some((b'g', rest)) => {
                let mut parts = rest.splitn(2, |byte| *byte == 0);
                let rule = parts.next().and_then(|rule| std::str::from_utf8(rule).ok()).ok_or(SubjectKeyError)?;
                let key = parts.next().ok_or(SubjectKeyError)?;
                if key.len() > MAX_GROUP_KEY {
                    return Err(SubjectKeyError);
                }
                let rule = rule.parse().map_err(|_| SubjectKeyError)?;
                Ok(Self::Group { rule, key: key.to_vec() })
            }
            _ => Err(SubjectKeyError),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_group_key_reads_back(rule in "[a-z][a-z0-9.-]{0,30}", key in proptest::collection::vec(any::<u8>(), 0..64)) {
            let subject = SubjectKey::Group { rule: rule.parse().unwrap(), key };
            prop_assert_eq!(SubjectKey::from_bytes(&subject.to_bytes()).unwrap(), subject);
        }

        #[test]
        fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..120)) {
            if let Ok(subject) = SubjectKey::from_bytes(&bytes) {
                prop_assert_eq!(subject.to_bytes(), bytes);
            }
        }
    }

    #[test]
    fn a_findings_debug_hides_the_persons_values() {
        let finding = Finding {
            rule: "pd.nik".parse().unwrap(),
            level: Level::Invalid,
            tab: Tab::PesertaDidik,
            record: "7/00000000-0000-4000-8000-000000000001".parse().unwrap(),
            field: None,
            args: BTreeMap::from([("nik".to_owned(), "3199990101100001".to_owned())]),
        };
        assert!(!format!("{finding:?}").contains("3199"));
    }
}
