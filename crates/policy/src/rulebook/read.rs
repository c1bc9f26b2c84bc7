//! Reads tables of TOML and keeps every problem with its line, where serde would stop at the first.

use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// One thing wrong with a rulebook.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RulebookProblem {
    /// The line, from 1.
    pub line: usize,
    /// What is wrong, in English, for whoever writes rulebooks.
    pub message: String,
}

impl std::fmt::Display for RulebookProblem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "line {}: {}", self.line, self.message)
    }
}

/// Everything that is wrong with a rulebook; it is not in use.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the rulebook has {} problems, the first: {}", .0.len(), .0.first().map(ToString::to_string).unwrap_or_default())]
pub struct RulebookError(Vec<RulebookProblem>);

impl RulebookError {
    /// Gives the problems in order of lines.
    #[must_use]
    pub fn problems(&self) -> &[RulebookProblem] {
        &self.0
    }

    /// Gives the stable code of the error.
    #[must_use]
    pub fn code(&self) -> &'static str {
        "rulebook.invalid"
    }
}

/// Most problems that are reported of one rulebook.
const MAX_PROBLEMS: usize = 200;

/// Collects problems of one source.
pub(crate) struct Problems<'a> {
    source: &'a str,
    found: Vec<RulebookProblem>,
}

impl<'a> Problems<'a> {
    pub(crate) fn new(source: &'a str) -> Self {
        Self { source, found: Vec::new() }
    }

    pub(crate) fn add(&mut self, at: usize, message: impl Into<String>) {
        if self.found.len() < MAX_PROBLEMS {
            let before = self.source.as_bytes().iter().take(at);
            let line = before.filter(|byte| **byte == b'\n').count() + 1;
            self.found.push(RulebookProblem { line, message: message.into() });
        }
    }

    pub(crate) fn count(&self) -> usize {
        self.found.len()
    }

    pub(crate) fn into_result<T>(mut self, value: Option<T>) -> Result<T, RulebookError> {
        self.found.sort_by_key(|problem| problem.line);
        match value {
            Some(value) if self.found.is_empty() => Ok(value),
            _ => Err(RulebookError(self.found)),
        }
    }
}

/// A table of which every key has to be asked for; what is left over is unknown.
pub(crate) struct Node<'t, 'i> {
    table: &'t DeTable<'i>,
    at: usize,
    asked: Vec<&'static str>,
}

/// A value with its place.
#[derive(Clone, Copy)]
pub(crate) struct At<T> {
    pub(crate) value: T,
    pub(crate) at: usize,
}

impl<'t, 'i> Node<'t, 'i> {
    pub(crate) fn new(table: &'t DeTable<'i>, at: usize) -> Self {
        Self { table, at, asked: Vec::new() }
    }

    pub(crate) fn at(&self) -> usize {
        self.at
    }

    pub(crate) fn get(&mut self, key: &'static str) -> Option<&'t Spanned<DeValue<'i>>> {
        self.asked.push(key);
        self.table.get(key)
    }

    pub(crate) fn text(&mut self, key: &'static str, problems: &mut Problems<'_>) -> Option<At<&'t str>> {
        let value = self.get(key)?;
        text_of(value, key, problems)
    }

    pub(crate) fn need_text(&mut self, key: &'static str, problems: &mut Problems<'_>) -> Option<At<&'t str>> {
        if !self.table.contains_key(key) {
            problems.add(self.at, format!("`{key}` is missing"));
        }
        self.text(key, problems)
    }

    pub(crate) fn texts(&mut self, key: &'static str, problems: &mut Problems<'_>) -> Option<Vec<At<&'t str>>> {
        let value = self.get(key)?;
        let Some(array) = value.get_ref().as_array() else {
            problems.add(value.span().start, format!("`{key}` has to be a list of texts"));
            return None;
        };
        Some(array.iter().filter_map(|item| text_of(item, key, problems)).collect())
    }

    pub(crate) fn need_texts(&mut self, key: &'static str, problems: &mut Problems<'_>) -> Vec<At<&'t str>> {
        if !self.table.contains_key(key) {
            problems.add(self.at, format!("`{key}` is missing"));
        }
        self.texts(key, problems).unwrap_or_default()
    }

    /// A list of lists of texts.
    pub(crate) fn text_lists(&mut self, key: &'static str, problems: &mut Problems<'_>) -> Vec<Vec<String>> {
        let Some(value) = self.get(key) else { return Vec::new() };
        let Some(outer) = value.get_ref().as_array() else {
            problems.add(value.span().start, format!("`{key}` has to be a list of lists of texts"));
            return Vec::new();
        };
        let texts = |item: &Spanned<DeValue<'_>>, problems: &mut Problems<'_>| -> Vec<String> {
            let Some(inner) = item.get_ref().as_array() else {
                problems.add(item.span().start, format!("`{key}` has to be a list of lists of texts"));
                return Vec::new();
            };
            inner.iter().filter_map(|text| text_of(text, key, problems)).map(|text| text.value.to_owned()).collect()
        };
        outer.iter().map(|item| texts(item, problems)).collect()
    }

    pub(crate) fn int(&mut self, key: &'static str, problems: &mut Problems<'_>) -> Option<i64> {
        let value = self.get(key)?;
        let number = value.get_ref().as_integer().and_then(|int| i64::from_str_radix(int.as_str(), int.radix()).ok());
        if number.is_none() {
            problems.add(value.span().start, format!("`{key}` has to be a whole number"));
        }
        number
    }

    pub(crate) fn flag(&mut self, key: &'static str, problems: &mut Problems<'_>) -> Option<bool> {
        let value = self.get(key)?;
        if value.get_ref().as_bool().is_none() {
            problems.add(value.span().start, format!("`{key}` has to be true or false"));
        }
        value.get_ref().as_bool()
    }

    pub(crate) fn node(&mut self, key: &'static str, problems: &mut Problems<'_>) -> Option<Node<'t, 'i>> {
        let value = self.get(key)?;
        node_of(value, key, problems)
    }

    pub(crate) fn nodes(&mut self, key: &'static str, problems: &mut Problems<'_>) -> Vec<Node<'t, 'i>> {
        let Some(value) = self.get(key) else { return Vec::new() };
        let Some(array) = value.get_ref().as_array() else {
            problems.add(value.span().start, format!("`{key}` has to be a list of tables"));
            return Vec::new();
        };
        array.iter().filter_map(|item| node_of(item, key, problems)).collect()
    }

    /// Gives the entries of a table whose keys are data.
    pub(crate) fn entries(&self) -> impl Iterator<Item = (&'t str, &'t Spanned<DeValue<'i>>)> {
        self.table.iter().map(|(key, value)| (key.get_ref().as_ref(), value))
    }

    /// Reports every key that nobody asked for.
    pub(crate) fn finish(&self, problems: &mut Problems<'_>) {
        for (key, _) in self.table {
            if !self.asked.contains(&key.get_ref().as_ref()) {
                problems.add(key.span().start, format!("`{}` is not known here", key.get_ref()));
            }
        }
    }
}

fn text_of<'t>(value: &'t Spanned<DeValue<'_>>, key: &str, problems: &mut Problems<'_>) -> Option<At<&'t str>> {
    let at = value.span().start;
    match value.get_ref().as_str() {
        Some(text) => Some(At { value: text, at }),
        None => {
            problems.add(at, format!("`{key}` has to be a text"));
            None
        }
    }
}

fn node_of<'t, 'i>(value: &'t Spanned<DeValue<'i>>, key: &str, problems: &mut Problems<'_>) -> Option<Node<'t, 'i>> {
    let at = value.span().start;
    match value.get_ref().as_table() {
        Some(table) => Some(Node::new(table, at)),
        None => {
            problems.add(at, format!("`{key}` has to be a table"));
            None
        }
    }
}
