//! Reads and checks a pack's text.

mod entity;
mod field;
mod table;

use std::collections::{BTreeMap, BTreeSet};

use toml::de::DeTable;

use super::error::{PackError, PackProblem};
use super::read::{Node, Reader};
use super::{Deadline, Entity, Module, Pack};
use crate::{EntityCode, FieldName};

/// Longest text of a pack, in bytes.
pub const MAX_PACK_BYTES: usize = 4 << 20;
/// Most modules of a pack.
pub const MAX_MODULES: usize = 32;
/// Most deadlines of a pack.
pub const MAX_DEADLINES: usize = 32;
/// Most entities of a pack.
pub const MAX_ENTITIES: usize = 256;
/// Most fields of an entity.
pub const MAX_FIELDS: usize = 128;
/// Most reference tables of a pack.
pub const MAX_TABLES: usize = 256;
/// Most rows of a reference table.
pub const MAX_TABLE_ROWS: usize = 50_000;
/// Longest label, in bytes.
pub const MAX_LABEL_BYTES: usize = 512;
/// Longest text that a field may ask for, in characters; four bytes each stay within the limit of a value.
pub const MAX_TEXT_CHARS: usize = crate::canonical::MAX_TEXT_BYTES / 4;
/// Most digits after a decimal's point.
pub const MAX_SCALE: u8 = 6;

/// What the entities' checks look up.
struct Known<'k> {
    modules: &'k [Module],
    tables: &'k BTreeMap<String, super::Table>,
    /// Every entity that the text names, broken ones too, so that one problem is not reported twice.
    entities: BTreeMap<&'k str, EntityCode>,
}

pub(super) fn load(text: &str) -> Result<Pack, PackError> {
    if text.len() > MAX_PACK_BYTES {
        let message = format!("the pack is larger than {MAX_PACK_BYTES} bytes");
        return Err(PackError::new(vec![PackProblem { line: 1, message }]));
    }
    let mut reader = Reader::new(text);
    let (document, errors) = DeTable::parse_recoverable(text);
    if !errors.is_empty() {
        return Err(syntax(&reader, &errors));
    }
    let root = Node::root(document.get_ref());
    root.only(&mut reader, &["version", "semester", "deadline", "module", "entity", "table"]);
    let version = version(&root, &mut reader);
    let semester = semester(&root, &mut reader);
    let deadlines = deadlines(&root, &mut reader);
    let modules = modules(&root, &mut reader);
    let tables = table::tables(&root, &mut reader);
    let nodes = nodes(&root, &mut reader, "entity", MAX_ENTITIES);
    let known = Known { modules: &modules, tables: &tables, entities: entity_names(&nodes) };
    let entities: Vec<Entity> = nodes.iter().filter_map(|node| entity::entity(node, &mut reader, &known)).collect();
    entity::unique(&nodes, &mut reader);
    reader.finish()?;
    Ok(Pack {
        hash: Pack::hash_of(text),
        source: text.to_owned(),
        version,
        semester,
        deadlines,
        by_code: entities.iter().enumerate().map(|(at, entity)| (entity.code, at)).collect(),
        by_name: entities.iter().enumerate().map(|(at, entity)| (entity.name.clone(), at)).collect(),
        modules,
        entities,
        tables,
    })
}

fn syntax(reader: &Reader, errors: &[toml::de::Error]) -> PackError {
    let problem = |error: &toml::de::Error| PackProblem {
        line: error.span().map_or(1, |span| reader.line(&span)),
        message: error.message().to_owned(),
    };
    PackError::new(errors.iter().take(super::MAX_PROBLEMS).map(problem).collect())
}

fn version(root: &Node<'_>, reader: &mut Reader) -> String {
    let found = root.string(reader, "version");
    let Some(found) = root.required(reader, "version", found) else { return String::new() };
    if !crate::canonical::is_code(found.value) {
        reader.problem(found.line, "`version` is not letters, digits, `.`, `_` and `-`");
    }
    found.value.to_owned()
}

fn semester(root: &Node<'_>, reader: &mut Reader) -> String {
    let found = root.string(reader, "semester");
    let Some(found) = root.required(reader, "semester", found) else { return String::new() };
    let form = matches!(found.value.as_bytes(), [b'2', year @ .., b'1' | b'2']
        if year.len() == 3 && year.iter().all(u8::is_ascii_digit));
    if !form {
        reader.problem(found.line, "`semester` is not a year from 2000 to 2999 and 1 or 2, as in \"20261\"");
    }
    found.value.to_owned()
}

/// Reads the days that matter, in the order of their dates.
fn deadlines(root: &Node<'_>, reader: &mut Reader) -> Vec<Deadline> {
    let mut deadlines = Vec::new();
    for node in nodes(root, reader, "deadline", MAX_DEADLINES) {
        node.only(reader, &["date", "label"]);
        let date = node.date(reader, "date");
        let date = node.required(reader, "date", date);
        if let (Some(date), Some(label)) = (date, node.label(reader)) {
            deadlines.push(Deadline { date, label });
        }
    }
    deadlines.sort_by_key(|deadline| deadline.date);
    deadlines
}

fn modules(root: &Node<'_>, reader: &mut Reader) -> Vec<Module> {
    let mut seen = BTreeSet::new();
    let mut modules = Vec::new();
    for node in nodes(root, reader, "module", MAX_MODULES) {
        node.only(reader, &["name", "label"]);
        let (name, label) = (name(&node, reader), node.label(reader));
        let Some(name) = name else { continue };
        if !seen.insert(name) {
            reader.problem(node.line_of(reader, "name"), format!("module `{name}` is listed twice"));
        }
        // A module with a broken label still counts as known.
        let label = label.unwrap_or_else(|| super::Label { id: String::new(), en: String::new() });
        modules.push(Module { name: name.to_owned(), label });
    }
    modules
}

/// Reads an array of tables under a limit; a missing one is empty.
fn nodes<'n>(parent: &Node<'n>, reader: &mut Reader, key: &str, limit: usize) -> Vec<Node<'n>> {
    let mut nodes = parent.nodes(reader, key).unwrap_or_default();
    if let Some(first) = nodes.get(limit) {
        reader.problem(first.line, format!("more than {limit} of `{key}`"));
        nodes.truncate(limit);
    }
    nodes
}

/// Reads a required `name`.
fn name<'n>(node: &Node<'n>, reader: &mut Reader) -> Option<&'n str> {
    let found = node.string(reader, "name");
    let found = node.required(reader, "name", found)?;
    if FieldName::is_valid(found.value) {
        return Some(found.value);
    }
    reader.problem(found.line, format!("`{}` cannot be a name", found.value.escape_debug()));
    None
}

fn entity_names<'n>(nodes: &[Node<'n>]) -> BTreeMap<&'n str, EntityCode> {
    // A reader of its own: the problems of these keys are reported where the entity is read.
    let mut quiet = Reader::new("");
    let mut pair = |node: &Node<'n>| {
        let name = node.string(&mut quiet, "name")?.value;
        let code = node.integer(&mut quiet, "code").and_then(|code| u16::try_from(code.value).ok());
        Some((name, EntityCode(code.unwrap_or_default())))
    };
    nodes.iter().filter_map(&mut pair).collect()
}
