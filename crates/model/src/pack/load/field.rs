//! Reads fields.

use super::super::entity::{Field, FieldKind, FieldOwner};
use super::super::read::{At, Node, Reader};
use super::{Known, MAX_SCALE, MAX_TEXT_CHARS, name};
use crate::Value;

const KEYS: [&str; 11] = [
    "name",
    "type",
    "max",
    "scale",
    "table",
    "entity",
    "owner",
    "centre_only",
    "centre_only_values",
    "indexed",
    "label",
];
/// Length of a text field that names none, in characters.
const DEFAULT_TEXT_CHARS: usize = 255;

pub(super) fn field(node: &Node<'_>, reader: &mut Reader, known: &Known<'_>) -> Option<Field> {
    node.only(reader, &KEYS);
    let name = name(node, reader);
    let label = node.label(reader);
    let kind = kind(node, reader, known);
    let indexed = node.bool(reader, "indexed").unwrap_or(false);
    let centre_only = node.bool(reader, "centre_only").unwrap_or(false);
    let owner = owner(node, reader, centre_only);
    let raw = node.strings(reader, "centre_only_values").unwrap_or_default();
    let (name, label, kind) = (name?, label?, kind?);
    let centre_only_values = values(&raw, &kind, reader, known);
    let indexed = indexed || matches!(kind, FieldKind::Ref { .. });
    Some(Field { name: name.parse().ok()?, kind, label, indexed, owner: owner?, centre_only, centre_only_values })
}

/// Reads values written as text, as a person would type them into the field.
pub(super) fn values(raw: &[At<&str>], kind: &FieldKind, reader: &mut Reader, known: &Known<'_>) -> Vec<Value> {
    let mut values = Vec::new();
    for found in raw {
        match crate::edge::parse_value(kind, found.value) {
            Ok(Value::Null) => reader.problem(found.line, "an empty value"),
            Ok(value) => values.push(value),
            Err(error) => reader.problem(found.line, error.to_string()),
        }
        if let FieldKind::Code { table } = kind
            && known.tables.get(table).is_some_and(|table| table.row(found.value.trim()).is_none())
        {
            reader.problem(found.line, format!("table `{table}` has no code `{}`", found.value.escape_debug()));
        }
    }
    values
}

fn owner(node: &Node<'_>, reader: &mut Reader, centre_only: bool) -> Option<FieldOwner> {
    let Some(found) = node.string(reader, "owner") else {
        return Some(if centre_only { FieldOwner::Centre } else { FieldOwner::School });
    };
    let owner = match found.value {
        "school" => FieldOwner::School,
        "centre" => FieldOwner::Centre,
        "centre-when-verified" => FieldOwner::CentreWhenVerified,
        _ => {
            reader.problem(found.line, "`owner` is not school, centre or centre-when-verified");
            return None;
        }
    };
    if centre_only && owner != FieldOwner::Centre {
        reader.problem(found.line, "a centre_only field has the owner centre");
    }
    Some(owner)
}

fn kind(node: &Node<'_>, reader: &mut Reader, known: &Known<'_>) -> Option<FieldKind> {
    let found = node.string(reader, "type");
    let found = node.required(reader, "type", found)?;
    for (key, of) in [("max", "text"), ("scale", "decimal"), ("table", "code"), ("entity", "ref")] {
        if node.has(key) && found.value != of {
            reader.problem(node.line_of(reader, key), format!("`{key}` belongs to the type {of} only"));
        }
    }
    match found.value {
        "text" => text(node, reader),
        "int" => Some(FieldKind::Int),
        "decimal" => decimal(node, reader),
        "date" => Some(FieldKind::Date),
        "bool" => Some(FieldKind::Bool),
        "code" => code(node, reader, known),
        "ref" => reference(node, reader, known),
        other => {
            reader.problem(found.line, format!("there is no type `{}`", other.escape_debug()));
            None
        }
    }
}

fn text(node: &Node<'_>, reader: &mut Reader) -> Option<FieldKind> {
    if !node.has("max") {
        return Some(FieldKind::Text { max: DEFAULT_TEXT_CHARS });
    }
    let found = node.integer(reader, "max")?;
    let max = usize::try_from(found.value).ok().filter(|max| (1..=MAX_TEXT_CHARS).contains(max));
    if max.is_none() {
        reader.problem(found.line, format!("`max` is not from 1 to {MAX_TEXT_CHARS}"));
    }
    max.map(|max| FieldKind::Text { max })
}

fn decimal(node: &Node<'_>, reader: &mut Reader) -> Option<FieldKind> {
    let found = node.integer(reader, "scale");
    let found = node.required(reader, "scale", found)?;
    let scale = u8::try_from(found.value).ok().filter(|scale| *scale <= MAX_SCALE);
    if scale.is_none() {
        reader.problem(found.line, format!("`scale` is not from 0 to {MAX_SCALE}"));
    }
    scale.map(|scale| FieldKind::Decimal { scale })
}

fn code(node: &Node<'_>, reader: &mut Reader, known: &Known<'_>) -> Option<FieldKind> {
    let found = node.string(reader, "table");
    let found = node.required(reader, "table", found)?;
    if !known.tables.contains_key(found.value) {
        reader.problem(found.line, format!("there is no table `{}`", found.value.escape_debug()));
        return None;
    }
    Some(FieldKind::Code { table: found.value.to_owned() })
}

fn reference(node: &Node<'_>, reader: &mut Reader, known: &Known<'_>) -> Option<FieldKind> {
    let found = node.string(reader, "entity");
    let found = node.required(reader, "entity", found)?;
    let Some(entity) = known.entities.get(found.value) else {
        reader.problem(found.line, format!("there is no entity `{}`", found.value.escape_debug()));
        return None;
    };
    Some(FieldKind::Ref { entity: *entity })
}
