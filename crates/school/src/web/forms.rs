//! How entities of the pack are shown: columns, filters and groups of fields, from `data/forms.toml`; everything that
//! the file does not name is shown behind it.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use selaras_model::{Entity, Field, FieldKind, Label, Lang, Pack};
use serde::Deserialize;

use crate::catalogue::Both;

/// Columns of a list of an entity that the file does not name.
const DEFAULT_COLUMNS: usize = 5;

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Form {
    columns: Vec<String>,
    search: Vec<String>,
    filters: Vec<String>,
    group: Vec<Group>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Group {
    label: Both,
    fields: Vec<String>,
}

static FORMS: LazyLock<BTreeMap<String, Form>> =
    LazyLock::new(|| toml::from_str(include_str!("../../data/forms.toml")).unwrap_or_default());

fn named<'a>(entity: &'a Entity, names: &[String]) -> Vec<&'a Field> {
    names.iter().filter_map(|name| entity.field(name)).collect()
}

/// The columns of an entity's list.
pub(super) fn columns(entity: &Entity) -> Vec<&Field> {
    let columns = FORMS.get(&entity.name).map(|form| named(entity, &form.columns)).unwrap_or_default();
    if columns.is_empty() { entity.fields().iter().take(DEFAULT_COLUMNS).collect() } else { columns }
}

/// Where the value of a field stands in a brief, if it is a column or a filter of the entity's list.
pub(super) fn cell(entity: &Entity, name: &str) -> Option<usize> {
    columns(entity).into_iter().chain(filters(entity)).position(|field| *field.name == *name)
}

/// The fields that a search looks at besides the record's title.
pub(super) fn searched(entity: &Entity) -> Vec<&Field> {
    FORMS.get(&entity.name).map(|form| named(entity, &form.search)).unwrap_or_default()
}

/// The fields that a list is filtered by: codes and yes or no.
pub(super) fn filters(entity: &Entity) -> Vec<&Field> {
    let filters = FORMS.get(&entity.name).map(|form| named(entity, &form.filters)).unwrap_or_default();
    filters.into_iter().filter(|field| matches!(field.kind, FieldKind::Code { .. } | FieldKind::Bool)).collect()
}

/// A record's fields in groups, each with its heading where it has one.
pub(super) fn groups(entity: &Entity, lang: Lang) -> Vec<(Option<String>, Vec<&Field>)> {
    let mut left: Vec<&Field> = entity.fields().iter().collect();
    let mut groups = Vec::new();
    for group in FORMS.get(&entity.name).map(|form| form.group.as_slice()).unwrap_or_default() {
        let fields = named(entity, &group.fields);
        left.retain(|field| !fields.iter().any(|taken| taken.name == field.name));
        groups.push((Some(group.label.get(lang).to_owned()), fields));
    }
    if !left.is_empty() {
        groups.push((None, left));
    }
    groups
}

/// Entities whose records belong to one of this entity, and the field that says so.
pub(super) fn belonging<'a>(pack: &'a Pack, entity: &Entity) -> Vec<(&'a Entity, &'a Field)> {
    let refers = |field: &&Field| matches!(field.kind, FieldKind::Ref { entity: to } if to == entity.code);
    pack.entities().iter().filter_map(|other| Some((other, other.fields().iter().find(refers)?))).collect()
}

/// What a field is called.
pub(super) fn label(label: &Label, lang: Lang) -> &str {
    label.get(lang)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]
    use super::*;

    #[test]
    fn the_file_names_what_the_pack_has_and_no_field_twice() {
        let forms: BTreeMap<String, Form> = toml::from_str(include_str!("../../data/forms.toml")).unwrap();
        let pack = Pack::builtin();
        for (name, form) in &forms {
            let entity = pack.entity_named(name).expect(name);
            for field in form.columns.iter().chain(&form.search).chain(&form.filters) {
                assert!(entity.field(field).is_some(), "{name}.{field}");
            }
            let mut grouped: Vec<&String> = form.group.iter().flat_map(|group| &group.fields).collect();
            assert!(grouped.iter().all(|field| entity.field(field).is_some()), "{name}");
            let all = grouped.len();
            grouped.sort_unstable();
            grouped.dedup();
            assert_eq!(grouped.len(), all, "{name}");
        }
    }

    #[test]
    fn every_field_of_every_entity_has_a_place() {
        let pack = Pack::builtin();
        for entity in pack.entities() {
            let shown: usize = groups(entity, Lang::Id).iter().map(|(_, fields)| fields.len()).sum();
            assert_eq!(shown, entity.fields().len(), "{}", entity.name);
            assert!(!columns(entity).is_empty());
        }
    }
}
