//! Labels, modules and reference tables.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use crate::Date;

/// A language that the application speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Lang {
    /// Indonesian, the default.
    #[default]
    Id,
    /// English.
    En,
}

/// Says that a text names no language that the application speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a language is id or en")]
pub struct LangError;

impl FromStr for Lang {
    type Err = LangError;

    fn from_str(text: &str) -> Result<Self, LangError> {
        match text {
            "id" => Ok(Self::Id),
            "en" => Ok(Self::En),
            _ => Err(LangError),
        }
    }
}

impl fmt::Display for Lang {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Id => "id",
            Self::En => "en",
        })
    }
}

/// A text in every language; none is empty.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Label {
    /// Indonesian.
    pub id: String,
    /// English.
    pub en: String,
}

impl Label {
    /// Returns the text in a language.
    #[must_use]
    pub fn get(&self, lang: Lang) -> &str {
        match lang {
            Lang::Id => &self.id,
            Lang::En => &self.en,
        }
    }
}

/// A day on which others count what the centre has: funds, aid.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Deadline {
    /// The last day.
    pub date: crate::Date,
    /// What is counted.
    pub label: Label,
}

/// A group of entities, as operators know it: a tab, a part of the summary, a digest.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Module {
    /// The module's name.
    pub name: String,
    /// What people read.
    pub label: Label,
}

/// A reference table; part of the pack, so both ends hold the same one.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Table {
    /// The table's name.
    pub name: String,
    /// What people read.
    pub label: Label,
    /// Rows by code.
    pub rows: BTreeMap<String, TableRow>,
    /// Codes in the order in which the pack lists them, for choices on a screen.
    pub order: Vec<String>,
}

impl Table {
    /// Returns the row of a code.
    #[must_use]
    pub fn row(&self, code: &str) -> Option<&TableRow> {
        self.rows.get(code)
    }
}

/// A row of a reference table.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct TableRow {
    /// What people read.
    pub label: Label,
    /// The last day on which the code may be used; none while it is in use.
    pub expires: Option<Date>,
}
