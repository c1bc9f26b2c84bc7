//! Reads reference tables.

use std::collections::BTreeMap;

use super::super::read::{Node, Reader};
use super::super::table::{Label, Table, TableRow};
use super::{MAX_TABLE_ROWS, MAX_TABLES, name, nodes};

pub(super) fn tables(root: &Node<'_>, reader: &mut Reader) -> BTreeMap<String, Table> {
    let mut tables = BTreeMap::new();
    for node in nodes(root, reader, "table", MAX_TABLES) {
        node.only(reader, &["name", "label", "rows"]);
        let (name, label) = (name(&node, reader), node.label(reader));
        let (rows, order) = rows(&node, reader);
        let Some(name) = name else { continue };
        // A table with a broken label still counts as known.
        let label = label.unwrap_or_else(|| Label { id: String::new(), en: String::new() });
        let table = Table { name: name.to_owned(), label, rows, order };
        if tables.insert(name.to_owned(), table).is_some() {
            reader.problem(node.line_of(reader, "name"), format!("table `{name}` is listed twice"));
        }
    }
    tables
}

fn rows(table: &Node<'_>, reader: &mut Reader) -> (BTreeMap<String, TableRow>, Vec<String>) {
    let mut rows = BTreeMap::new();
    let mut order = Vec::new();
    if !table.has("rows") {
        reader.problem(table.line, "`rows` is missing");
    }
    for node in nodes(table, reader, "rows", MAX_TABLE_ROWS) {
        node.only(reader, &["code", "id", "en", "expires"]);
        let code = node.string(reader, "code");
        let code = node.required(reader, "code", code);
        let (label, expires) = (node.texts(reader), node.date(reader, "expires"));
        let Some(code) = code else { continue };
        if !crate::canonical::is_code(code.value) {
            reader.problem(code.line, format!("`{}` cannot be a code", code.value.escape_debug()));
            continue;
        }
        // A row with a broken label still counts as known.
        let label = label.unwrap_or_else(|| Label { id: String::new(), en: String::new() });
        if rows.insert(code.value.to_owned(), TableRow { label, expires }).is_some() {
            reader.problem(code.line, format!("code `{}` is listed twice", code.value));
        }
        order.push(code.value.to_owned());
    }
    (rows, order)
}
