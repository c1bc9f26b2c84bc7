//! Conditions on a record: `{ path = "jenis_rombel", is = ["1"] }`.

use selaras_model::{Date, EntityCode, Pack, Value};

use super::path::Path;
use super::read::{Node, Problems};

/// One condition; all of a list have to hold.
#[derive(Clone)]
pub(crate) struct Test {
    pub(crate) path: Path,
    pub(crate) ask: Ask,
}

/// What is asked of the value.
#[derive(Clone)]
pub(crate) enum Ask {
    /// One of these, as codes are written.
    Is(Vec<String>),
    /// Something, and none of these.
    Not(Vec<String>),
    /// Nothing.
    Empty,
    /// Something.
    Filled,
    /// Nothing, or a last day that is not before the judging date.
    Active,
    /// The pack's semester, or nothing where a record has none.
    Semester,
    /// The pack's school year, or nothing where a record has none.
    Year,
}

impl Test {
    pub(crate) fn read_all(
        nodes: Vec<Node<'_, '_>>,
        from: EntityCode,
        pack: &Pack,
        problems: &mut Problems<'_>,
    ) -> Vec<Self> {
        nodes.into_iter().filter_map(|node| Self::read(node, from, pack, problems)).collect()
    }

    fn read(mut node: Node<'_, '_>, from: EntityCode, pack: &Pack, problems: &mut Problems<'_>) -> Option<Self> {
        let path = node.need_text("path", problems).and_then(|text| Path::read(text, from, pack, problems));
        let list = |texts: Vec<super::read::At<&str>>| texts.iter().map(|text| text.value.to_owned()).collect();
        let mut asks = Vec::new();
        asks.extend(node.texts("is", problems).map(|texts| Ask::Is(list(texts))));
        asks.extend(node.texts("not", problems).map(|texts| Ask::Not(list(texts))));
        asks.extend(node.flag("empty", problems).map(|empty| if empty { Ask::Empty } else { Ask::Filled }));
        for (key, ask) in [("active", Ask::Active), ("semester", Ask::Semester), ("year", Ask::Year)] {
            asks.extend(node.flag(key, problems).and_then(|set| set.then_some(ask)));
        }
        node.finish(problems);
        let [ask] = asks.as_slice() else {
            problems.add(node.at(), "a condition asks exactly one of is, not, empty, active, semester, year");
            return None;
        };
        Some(Self { path: path?, ask: ask.clone() })
    }
}

impl Ask {
    pub(crate) fn holds(&self, value: &Value, pack: &Pack, date: Date) -> bool {
        match self {
            Self::Is(list) => plain(value).is_some_and(|text| list.contains(&text)),
            Self::Not(list) => plain(value).is_some_and(|text| !list.contains(&text)),
            Self::Empty => *value == Value::Null,
            Self::Filled => *value != Value::Null,
            Self::Active => match value {
                Value::Null => true,
                Value::Date(last) => *last >= date,
                _ => false,
            },
            Self::Semester => plain(value).is_none_or(|text| text == pack.semester()),
            Self::Year => plain(value).is_none_or(|text| text == pack.school_year()),
        }
    }
}

/// A value as codes are written, whatever type the pack gives the field.
pub(crate) fn plain(value: &Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::Text(text) | Value::Code(text) => Some(text.clone()),
        Value::Int(number) | Value::Decimal(number) => Some(number.to_string()),
        Value::Bool(yes) => Some(if *yes { "1" } else { "0" }.to_owned()),
        Value::Date(date) => Some(date.to_string()),
        Value::Ref(id) => Some(id.to_string()),
    }
}
