//! From a record along its references to a field: `anggota_rombel_id->rombongan_belajar_id`.

use selaras_model::{EntityCode, FieldKind, FieldName, Pack};

use super::read::{At, Problems};

/// Most references that a path follows.
const MAX_HOPS: usize = 3;

/// One reference that is followed.
#[derive(Clone)]
pub(crate) struct Hop {
    pub(crate) entity: EntityCode,
    pub(crate) field: FieldName,
    pub(crate) target: EntityCode,
}

/// A field at the end of references.
#[derive(Clone)]
pub(crate) struct Path {
    pub(crate) hops: Vec<Hop>,
    pub(crate) field: FieldName,
    pub(crate) kind: FieldKind,
    pub(crate) indexed: bool,
}

impl Path {
    /// Checks a path against the pack.
    pub(crate) fn read(text: At<&str>, from: EntityCode, pack: &Pack, problems: &mut Problems<'_>) -> Option<Self> {
        let parts: Vec<&str> = text.value.split("->").map(str::trim).collect();
        let (last, first) = parts.split_last()?;
        if first.len() > MAX_HOPS {
            problems.add(text.at, format!("a path follows at most {MAX_HOPS} references"));
            return None;
        }
        let mut entity = from;
        let mut hops = Vec::new();
        for part in first {
            let field = known(part, entity, pack, text.at, problems)?;
            let FieldKind::Ref { entity: target } = field.kind else {
                problems.add(text.at, format!("`{part}` is not a reference"));
                return None;
            };
            hops.push(Hop { entity, field: field.name.clone(), target });
            entity = target;
        }
        let field = known(last, entity, pack, text.at, problems)?;
        let indexed = field.indexed || matches!(field.kind, FieldKind::Ref { .. });
        Some(Self { hops, field: field.name.clone(), kind: field.kind.clone(), indexed })
    }

    pub(crate) fn is_own(&self) -> bool {
        self.hops.is_empty()
    }
}

fn known<'p>(
    name: &str,
    entity: EntityCode,
    pack: &'p Pack,
    at: usize,
    problems: &mut Problems<'_>,
) -> Option<&'p selaras_model::Field> {
    let field = pack.field(entity, name);
    if field.is_none() {
        let of = pack.entity(entity).map(|entity| entity.name.as_str()).unwrap_or_default();
        problems.add(at, format!("`{of}` has no field `{name}`"));
    }
    field
}
