//! Reads examples, and makes the school of each.

use selaras_model::{Date, Entity, FieldKind, Fields, Pack, Record, RecordId, Value};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::{Example, Examples, Node, Problems, School};
use crate::rulebook::{Rulebook, paragraph};

/// Names of records have their ids of this context's hash.
const ID_CONTEXT: &str = "selaras 2026 example record id v1";

pub(super) fn read(text: &str, book: &Rulebook, pack: &Pack, problems: &mut Problems<'_>) -> Option<Examples> {
    let root = match DeTable::parse(text) {
        Ok(root) => root,
        Err(error) => {
            problems.add(error.span().map_or(0, |span| span.start), error.message());
            return None;
        }
    };
    let mut root_node = Node::new(root.get_ref(), 0);
    let judged_on = root_node.need_text("judged_on", problems);
    let judged_on = judged_on.and_then(|text| {
        let date = text.value.parse::<Date>().ok();
        if date.is_none() {
            problems.add(text.at, "`judged_on` has to be a date");
        }
        date
    });
    let mut builder = Builder { pack, book, text, school: School::new() };
    if let Some(school) = root_node.node("school", problems) {
        builder.school = builder.with_records(&School::new(), &school, problems);
    }
    let examples = root_node.nodes("example", problems);
    let examples = examples.into_iter().filter_map(|mut node| builder.example(&mut node, problems)).collect();
    root_node.finish(problems);
    Some(Examples { judged_on: judged_on?, school: builder.school, examples })
}

struct Builder<'a> {
    pack: &'a Pack,
    book: &'a Rulebook,
    text: &'a str,
    school: School,
}

impl Builder<'_> {
    fn example(&self, node: &mut Node<'_, '_>, problems: &mut Problems<'_>) -> Option<Example> {
        let at = node.at();
        let rule = node.need_text("rule", problems)?;
        let mut school = self.school.clone();
        if let Some(added) = node.node("add", problems) {
            school = self.with_records(&school, &added, problems);
        }
        if let Some(set) = node.node("set", problems) {
            for (path, value) in set.entries() {
                self.set(&mut school, path, value, problems);
            }
        }
        for path in node.texts("clear", problems).unwrap_or_default() {
            self.clear(&mut school, path.value, path.at, problems);
        }
        for name in node.texts("remove", problems).unwrap_or_default() {
            match school.get_mut(name.value) {
                Some(record) => record.deleted = true,
                None => problems.add(name.at, format!("no record is called `{}`", name.value)),
            }
        }
        let mut finds = std::collections::BTreeSet::new();
        for name in node.need_texts("finds", problems) {
            match school.get(name.value) {
                Some(record) => drop(finds.insert(record.key())),
                None => problems.add(name.at, format!("no record is called `{}`", name.value)),
            }
        }
        node.finish(problems);
        let known = self.book.rules().iter().find(|known| known.id().as_str() == rule.value);
        if known.is_none() {
            problems.add(rule.at, format!("no rule is called `{}`", rule.value));
        }
        let (line, source) = self.place(at);
        Some(Example { rule: known?.id().clone(), line, source, school, finds })
    }

    /// The line of an example's head, and its text.
    fn place(&self, at: usize) -> (usize, String) {
        let before = self.text.get(..at).unwrap_or_default();
        let lines = paragraph(self.text, at);
        let lines = lines.lines().filter(|line| !line.starts_with("rule ="));
        (before.matches('\n').count() + 1, lines.collect::<Vec<_>>().join("\n"))
    }

    fn with_records(&self, school: &School, tables: &Node<'_, '_>, problems: &mut Problems<'_>) -> School {
        let mut school = school.clone();
        // References may point forward: first every record, then its fields.
        for (name, value) in tables.entries() {
            if let Some(record) = self.bare(&school, name, value, problems) {
                school.insert(name.to_owned(), record);
            }
        }
        for (name, value) in tables.entries() {
            for (field, value) in fields(value) {
                self.set(&mut school, &format!("{name}.{field}"), value, problems);
            }
        }
        school
    }

    fn bare(
        &self,
        school: &School,
        name: &str,
        value: &Spanned<DeValue<'_>>,
        problems: &mut Problems<'_>,
    ) -> Option<Record> {
        let at = value.span().start;
        let id = id_of(name);
        let Some(table) = value.get_ref().as_table() else {
            problems.add(at, format!("`{name}` has to be a table"));
            return None;
        };
        let text = |key: &str| table.get(key).and_then(|value| value.get_ref().as_str());
        match (text("entity"), text("like")) {
            (Some(entity), None) => match self.pack.entity_named(entity) {
                Some(entity) => Some(Record { entity: entity.code, id, deleted: false, fields: Fields::new() }),
                None => {
                    problems.add(at, format!("there is no entity `{entity}`"));
                    None
                }
            },
            (None, Some(like)) => match school.get(like) {
                Some(record) => Some(Record { id, ..record.clone() }),
                None => {
                    problems.add(at, format!("no record is called `{like}`"));
                    None
                }
            },
            _ => {
                problems.add(at, format!("`{name}` needs either `entity` or `like`"));
                None
            }
        }
    }

    fn set(&self, school: &mut School, path: &str, value: &Spanned<DeValue<'_>>, problems: &mut Problems<'_>) {
        let at = value.span().start;
        let Some((name, field)) = split(school, path, at, problems) else { return };
        let Some(entity) = school.get(name).and_then(|record| self.pack.entity(record.entity)) else { return };
        let Some(kind) = entity.field(field) else {
            problems.add(at, format!("{} has no field `{field}`", entity.name));
            return;
        };
        match self.value(school, entity, field, &kind.kind, value.get_ref()) {
            Ok(value) => {
                if let Some(record) = school.get_mut(name) {
                    record.fields.insert(kind.name.clone(), value);
                }
            }
            Err(why) => problems.add(at, format!("`{path}`: {why}")),
        }
    }

    fn clear(&self, school: &mut School, path: &str, at: usize, problems: &mut Problems<'_>) {
        let Some((name, field)) = split(school, path, at, problems) else { return };
        let Some(record) = school.get_mut(name) else { return };
        let known = self.pack.entity(record.entity).and_then(|entity| entity.field(field));
        match known {
            Some(field) => drop(record.fields.remove(&field.name)),
            None => problems.add(at, format!("`{path}` is no field")),
        }
    }

    fn value(
        &self,
        school: &School,
        entity: &Entity,
        field: &str,
        kind: &FieldKind,
        value: &DeValue<'_>,
    ) -> Result<Value, String> {
        if let (FieldKind::Ref { .. }, Some(name)) = (kind, value.as_str()) {
            // A name that nobody has is a reference to nothing, which is something to test.
            return Ok(Value::Ref(school.get(name).map_or_else(|| id_of(name), |record| record.id)));
        }
        if let (FieldKind::Bool, Some(flag)) = (kind, value.as_bool()) {
            return Ok(Value::Bool(flag));
        }
        let text = match value {
            DeValue::String(text) => text.to_string(),
            DeValue::Integer(number) => number.as_str().to_owned(),
            DeValue::Float(number) => number.as_str().to_owned(),
            _ => return Err("has to be a text, a number, true or false".to_owned()),
        };
        self.pack.parse_field(entity.code, field, &text).map_err(|error| error.to_string())
    }
}

fn fields<'t, 'i>(value: &'t Spanned<DeValue<'i>>) -> impl Iterator<Item = (&'t str, &'t Spanned<DeValue<'i>>)> {
    let entries = value.get_ref().as_table().into_iter().flat_map(|table| table.iter());
    let entries = entries.map(|(key, value)| (key.get_ref().as_ref(), value));
    entries.filter(|(key, _)| !matches!(*key, "entity" | "like"))
}

fn split<'p>(school: &School, path: &'p str, at: usize, problems: &mut Problems<'_>) -> Option<(&'p str, &'p str)> {
    let parts = path.split_once('.').filter(|(name, _)| school.contains_key(*name));
    if parts.is_none() {
        problems.add(at, format!("`{path}` names no record of this school; write `record.field`"));
    }
    parts
}

fn id_of(name: &str) -> RecordId {
    let hash = blake3::derive_key(ID_CONTEXT, name.as_bytes());
    let mut id = [0; 16];
    id.copy_from_slice(&hash[..16]);
    RecordId::from_bytes(id)
}
