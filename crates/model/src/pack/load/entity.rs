//! Reads entities and checks what their parts say about each other.

use std::collections::{BTreeMap, BTreeSet};

use super::super::entity::{CentreIf, Entity, Field, FieldKind, FieldOwner, Right};
use super::super::read::{At, Node, Reader};
use super::{Known, MAX_FIELDS, field, name, nodes};
use crate::{EntityCode, FieldName};

const KEYS: [&str; 10] =
    ["code", "name", "module", "label", "create", "delete", "verified", "centre_if", "title", "fields"];

pub(super) fn entity(node: &Node<'_>, reader: &mut Reader, known: &Known<'_>) -> Option<Entity> {
    node.only(reader, &KEYS);
    let code = code(node, reader);
    let name = name(node, reader);
    let module = module(node, reader, known);
    let label = node.label(reader);
    let (create, delete) = (right(node, reader, "create"), right(node, reader, "delete"));
    let fields = fields(node, reader, known);
    let verified = verified(node, reader, &fields);
    let centre_if = centre_if(node, reader, known, &fields);
    let title = title(node, reader, &fields);
    Some(Entity {
        code: code?,
        name: name?.to_owned(),
        module: module?,
        label: label?,
        create: create?,
        delete: delete?,
        verified,
        centre_if,
        title,
        by_name: fields.iter().enumerate().map(|(at, field)| (field.name.clone(), at)).collect(),
        fields,
    })
}

/// Reports names and codes that two entities share.
pub(super) fn unique(nodes: &[Node<'_>], reader: &mut Reader) {
    let (mut names, mut codes) = (BTreeSet::new(), BTreeSet::new());
    let mut quiet = Reader::new("");
    for node in nodes {
        if let Some(name) = node.string(&mut quiet, "name").filter(|name| !names.insert(name.value)) {
            let line = node.line_of(reader, "name");
            reader.problem(line, format!("entity `{}` is listed twice", name.value.escape_debug()));
        }
        if let Some(code) = node.integer(&mut quiet, "code").filter(|code| !codes.insert(code.value)) {
            let line = node.line_of(reader, "code");
            reader.problem(line, format!("code {} belongs to another entity", code.value));
        }
    }
}

fn code(node: &Node<'_>, reader: &mut Reader) -> Option<EntityCode> {
    let found = node.integer(reader, "code");
    let found = node.required(reader, "code", found)?;
    let code = u16::try_from(found.value).ok().filter(|code| *code > 0);
    if code.is_none() {
        reader.problem(found.line, format!("`code` is not from 1 to {}", u16::MAX));
    }
    code.map(EntityCode)
}

fn module(node: &Node<'_>, reader: &mut Reader, known: &Known<'_>) -> Option<usize> {
    let found = node.string(reader, "module");
    let found = node.required(reader, "module", found)?;
    let module = known.modules.iter().position(|module| module.name == found.value);
    if module.is_none() {
        reader.problem(found.line, format!("there is no module `{}`", found.value.escape_debug()));
    }
    module
}

fn right(node: &Node<'_>, reader: &mut Reader, key: &str) -> Option<Right> {
    let found = node.string(reader, key);
    let found = node.required(reader, key, found)?;
    match found.value {
        "school" => Some(Right::School),
        "centre" => Some(Right::Centre),
        "both" => Some(Right::Both),
        _ => {
            reader.problem(found.line, format!("`{key}` is not school, centre or both"));
            None
        }
    }
}

fn fields(node: &Node<'_>, reader: &mut Reader, known: &Known<'_>) -> Vec<Field> {
    if !node.has("fields") {
        reader.problem(node.line, "`fields` is missing");
    }
    let mut seen: BTreeMap<FieldName, usize> = BTreeMap::new();
    let mut fields = Vec::new();
    for node in nodes(node, reader, "fields", MAX_FIELDS) {
        let Some(field) = field::field(&node, reader, known) else { continue };
        if let Some(line) = seen.insert(field.name.clone(), node.line) {
            reader.problem(node.line, format!("field `{}` is listed twice, first on line {line}", field.name));
            continue;
        }
        fields.push(field);
    }
    fields
}

/// Looks up the field that a key of the entity names.
fn named<'f>(key: &str, found: &At<&str>, reader: &mut Reader, fields: &'f [Field]) -> Option<&'f Field> {
    let field = fields.iter().find(|field| field.name == found.value);
    if field.is_none() {
        let message = format!("`{key}` names `{}`, which is no valid field here", found.value.escape_debug());
        reader.problem(found.line, message);
    }
    field
}

fn verified(node: &Node<'_>, reader: &mut Reader, fields: &[Field]) -> Option<FieldName> {
    let Some(found) = node.string(reader, "verified") else {
        let waiting = fields.iter().find(|field| field.owner == FieldOwner::CentreWhenVerified);
        if let Some(field) = waiting.filter(|_| !node.has("verified")) {
            let message = format!("`{}` is the centre's when verified, but there is no `verified`", field.name);
            reader.problem(node.line, message);
        }
        return None;
    };
    let field = named("verified", &found, reader, fields)?;
    if field.kind != FieldKind::Bool {
        reader.problem(found.line, format!("`verified` names `{}`, which is not a bool", field.name));
    }
    // A school that could set the mark could give away or take back identities.
    if !field.centre_only {
        reader.problem(found.line, format!("`verified` names `{}`, which is not centre_only", field.name));
    }
    Some(field.name.clone())
}

fn centre_if(node: &Node<'_>, reader: &mut Reader, known: &Known<'_>, fields: &[Field]) -> Option<CentreIf> {
    let node = node.node(reader, "centre_if")?;
    node.only(reader, &["field", "values"]);
    let (found, values) = (node.string(reader, "field"), node.strings(reader, "values"));
    let found = node.required(reader, "field", found);
    let values = node.required(reader, "values", values);
    let (found, values) = (found?, values?);
    let field = named("centre_if.field", &found, reader, fields)?;
    if !matches!(field.kind, FieldKind::Code { .. }) {
        reader.problem(found.line, format!("`centre_if` reads `{}`, which is not a code", field.name));
        return None;
    }
    if values.is_empty() {
        reader.problem(node.line, "`centre_if.values` is empty");
    }
    Some(CentreIf { field: field.name.clone(), values: field::values(&values, &field.kind, reader, known) })
}

fn title(node: &Node<'_>, reader: &mut Reader, fields: &[Field]) -> Option<FieldName> {
    let found = node.string(reader, "title")?;
    named("title", &found, reader, fields).map(|field| field.name.clone())
}
