//! The texts that a disk holds: what people typed is among them.

use selaras_merge::Document;
use selaras_model::{EntityCode, Value};
use selaras_sync::{Flow, Key, Range, ReadStore, Row, Subject};

use crate::world::disk::Disk;
use crate::world::rules::rules;
use crate::world::trouble::{Trouble, wrong};

/// What people type into.
pub(super) fn students() -> Result<EntityCode, Trouble> {
    match rules().pack.entity_named("siswa") {
        Some(entity) => Ok(entity.code),
        None => wrong("no students"),
    }
}

/// The texts in a range of views and drafts, each with its field.
pub(super) fn each_text(disk: &Disk, range: &Range, visit: &mut dyn FnMut(&str, &str)) -> Result<(), Trouble> {
    disk.scan(range, &mut |_, row| {
        let fields = match &row {
            Row::View(view) => &view.fields,
            Row::Draft(draft) => &draft.fields,
            _ => return Ok(Flow::Continue),
        };
        for (name, value) in fields {
            if let Value::Text(text) = value {
                visit(name.as_str(), text);
            }
        }
        Ok(Flow::Continue)
    })?;
    Ok(())
}

/// The values of all sides of conflicts.
pub(super) fn sides(disk: &Disk) -> Result<Vec<String>, Trouble> {
    let mut keys = Vec::new();
    disk.scan(&Range::Conflicts, &mut |key, _| {
        if let Key::Conflict(key) = key {
            keys.push(key);
        }
        Ok(Flow::Continue)
    })?;
    let mut sides = Vec::new();
    for key in keys {
        let Some(Row::Blob(bytes)) = ReadStore::get(disk, &Key::Document(key))? else { continue };
        let document = Document::load(&bytes).or_else(|error| wrong(format!("a document: {error}")))?;
        let resolved = document.resolve(&rules().pack, key.entity, key.id);
        let resolved = resolved.or_else(|error| wrong(format!("a document: {error}")))?;
        for conflict in resolved.conflicts.iter().filter(|conflict| matches!(conflict.subject, Subject::Field(_))) {
            let candidates = std::iter::once(&conflict.winner).chain(&conflict.others);
            sides.extend(candidates.filter_map(|side| match &side.value {
                Value::Text(text) => Some(text.as_str().to_owned()),
                _ => None,
            }));
        }
    }
    Ok(sides)
}
