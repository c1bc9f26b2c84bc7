//! Reads TOML so that every problem is found, with its line, instead of the first only (as serde would).

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::error::{MAX_PROBLEMS, PackError, PackProblem};
use super::table::Label;
use crate::Date;
use crate::limits::MAX_LABEL_BYTES;

/// Something read, with the line it stands on.
#[derive(Debug, Clone)]
pub(super) struct At<T> {
    pub(super) line: usize,
    pub(super) value: T,
}

/// Collects problems and knows where lines begin.
pub(super) struct Reader {
    line_starts: Vec<usize>,
    problems: Vec<PackProblem>,
}

impl Reader {
    pub(super) fn new(text: &str) -> Self {
        let breaks = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n').map(|(at, _)| at + 1);
        Self { line_starts: std::iter::once(0).chain(breaks).collect(), problems: Vec::new() }
    }

    /// Returns the line of a span's beginning, counted from 1.
    pub(super) fn line(&self, span: &Range<usize>) -> usize {
        self.line_starts.partition_point(|start| *start <= span.start)
    }

    pub(super) fn problem(&mut self, line: usize, message: impl Into<String>) {
        if self.problems.len() < MAX_PROBLEMS {
            self.problems.push(PackProblem { line, message: message.into() });
        }
    }

    pub(super) fn finish(self) -> Result<(), PackError> {
        if self.problems.is_empty() { Ok(()) } else { Err(PackError::new(self.problems)) }
    }
}

/// A TOML table being read.
#[derive(Clone)]
pub(super) struct Node<'n> {
    table: &'n DeTable<'n>,
    pub(super) line: usize,
}

impl<'n> Node<'n> {
    pub(super) const fn root(table: &'n DeTable<'n>) -> Self {
        Self { table, line: 1 }
    }

    /// Reports keys that nothing reads: a misspelt `centre_only` must not pass silently.
    pub(super) fn only(&self, reader: &mut Reader, known: &[&str]) {
        for key in self.table.keys().filter(|key| !known.contains(&key.get_ref().as_ref())) {
            let line = reader.line(&key.span());
            reader.problem(line, format!("unknown key `{}`", key.get_ref().escape_debug()));
        }
    }

    pub(super) fn has(&self, key: &str) -> bool {
        self.raw(key).is_some()
    }

    /// Returns the line of a key's value, or the table's own line without one.
    pub(super) fn line_of(&self, reader: &Reader, key: &str) -> usize {
        self.raw(key).map_or(self.line, |value| reader.line(&value.span()))
    }

    /// Reports a missing key and passes on what was found.
    pub(super) fn required<T>(&self, reader: &mut Reader, key: &str, found: Option<T>) -> Option<T> {
        if found.is_none() && !self.has(key) {
            reader.problem(self.line, format!("`{key}` is missing"));
        }
        found
    }

    pub(super) fn string(&self, reader: &mut Reader, key: &str) -> Option<At<&'n str>> {
        self.typed(reader, key, "a string", DeValue::as_str)
    }

    pub(super) fn bool(&self, reader: &mut Reader, key: &str) -> Option<bool> {
        self.typed(reader, key, "true or false", DeValue::as_bool).map(|found| found.value)
    }

    pub(super) fn integer(&self, reader: &mut Reader, key: &str) -> Option<At<i64>> {
        self.typed(reader, key, "a whole number", |value| {
            let number = value.as_integer()?;
            i64::from_str_radix(number.as_str(), number.radix()).ok()
        })
    }

    pub(super) fn date(&self, reader: &mut Reader, key: &str) -> Option<Date> {
        let found = self.typed(reader, key, "a date", |value| {
            let moment = value.as_datetime()?;
            let day = moment.date.filter(|_| moment.time.is_none())?;
            let (year, month) = (i16::try_from(day.year).ok()?, i8::try_from(day.month).ok()?);
            Date::new(year, month, i8::try_from(day.day).ok()?).ok()
        });
        found.map(|found| found.value)
    }

    pub(super) fn node(&self, reader: &mut Reader, key: &str) -> Option<Node<'n>> {
        let found = self.typed(reader, key, "a table", DeValue::as_table)?;
        Some(Node { table: found.value, line: found.line })
    }

    /// Reads an array of strings; anything else in it is reported.
    pub(super) fn strings(&self, reader: &mut Reader, key: &str) -> Option<Vec<At<&'n str>>> {
        self.items(reader, key, "a string", DeValue::as_str)
    }

    /// Reads an array of tables; anything else in it is reported.
    pub(super) fn nodes(&self, reader: &mut Reader, key: &str) -> Option<Vec<Node<'n>>> {
        let found = self.items(reader, key, "a table", DeValue::as_table)?;
        Some(found.into_iter().map(|found| Node { table: found.value, line: found.line }).collect())
    }

    /// Reads the required `label = { id = "..", en = ".." }`.
    pub(super) fn label(&self, reader: &mut Reader) -> Option<Label> {
        let node = self.node(reader, "label");
        let node = self.required(reader, "label", node)?;
        node.only(reader, &["id", "en"]);
        node.texts(reader)
    }

    /// Reads the two required texts `id` and `en` of this very table.
    pub(super) fn texts(&self, reader: &mut Reader) -> Option<Label> {
        let (id, en) = (self.label_text(reader, "id"), self.label_text(reader, "en"));
        Some(Label { id: id?, en: en? })
    }

    fn label_text(&self, reader: &mut Reader, key: &str) -> Option<String> {
        let text = self.string(reader, key);
        let text = self.required(reader, key, text)?;
        if text.value.trim().is_empty() {
            reader.problem(text.line, format!("the label `{key}` is empty"));
            return None;
        }
        if text.value.len() > MAX_LABEL_BYTES {
            reader.problem(text.line, format!("the label `{key}` is longer than {MAX_LABEL_BYTES} bytes"));
            return None;
        }
        Some(text.value.to_owned())
    }

    fn raw(&self, key: &str) -> Option<&'n Spanned<DeValue<'n>>> {
        self.table.get(key)
    }

    fn typed<T>(
        &self,
        reader: &mut Reader,
        key: &str,
        wanted: &str,
        read: impl FnOnce(&'n DeValue<'n>) -> Option<T>,
    ) -> Option<At<T>> {
        let raw = self.raw(key)?;
        let line = reader.line(&raw.span());
        let Some(value) = read(raw.get_ref()) else {
            reader.problem(line, format!("`{key}` is not {wanted}"));
            return None;
        };
        Some(At { line, value })
    }

    fn items<T>(
        &self,
        reader: &mut Reader,
        key: &str,
        wanted: &str,
        read: impl Fn(&'n DeValue<'n>) -> Option<T>,
    ) -> Option<Vec<At<T>>> {
        let array = self.typed(reader, key, "an array", DeValue::as_array)?;
        let mut items = Vec::new();
        for raw in array.value {
            let line = reader.line(&raw.span());
            match read(raw.get_ref()) {
                Some(value) => items.push(At { line, value }),
                None => reader.problem(line, format!("an item of `{key}` is not {wanted}")),
            }
        }
        Some(items)
    }
}
