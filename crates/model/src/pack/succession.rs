//! Whether a pack can follow another while records, digests and indexes stay as they are.

use super::{Entity, Field, FieldKind, Pack};

impl Pack {
    /// Lists why this pack cannot follow another; nothing where it can.
    ///
    /// The records that exist go on under the new pack, and both ends compute digests and indexes over them: modules
    /// stay, entities and fields are added and never taken away, a field keeps its type, and whether it is indexed. Who
    /// owns a field, labels, lengths that grow, reference tables and the semester may change.
    #[must_use]
    pub fn breaks_with(&self, before: &Pack) -> Vec<String> {
        let mut problems = Vec::new();
        let names = |pack: &Pack| pack.modules().iter().map(|module| module.name.clone()).collect::<Vec<_>>();
        if names(self) != names(before) {
            problems.push("the modules are others, or in another order".to_owned());
        }
        for old in before.entities() {
            match self.entity(old.code) {
                None => problems.push(format!("entity {} `{}` is gone", old.code, old.name)),
                Some(new) => problems.extend(breaks(new, old)),
            }
        }
        let reused = |new: &&Entity| before.entity_named(&new.name).is_some_and(|old| old.code != new.code);
        problems.extend(self.entities().iter().filter(reused).map(|new| format!("`{}` has another code", new.name)));
        problems
    }
}

fn breaks(new: &Entity, old: &Entity) -> Vec<String> {
    let mut problems = Vec::new();
    if new.name != old.name || new.module != old.module {
        problems.push(format!("entity {} `{}` has another name or module", old.code, old.name));
    }
    if new.verified != old.verified {
        problems.push(format!("`{}` has another verification mark", old.name));
    }
    for field in old.fields() {
        let said = |what: &str| format!("`{}.{}` {what}", old.name, field.name);
        match new.field(&field.name) {
            None => problems.push(said("is gone")),
            Some(now) if !keeps_type(now, field) => problems.push(said("has another type")),
            Some(now) if now.indexed != field.indexed => problems.push(said("gains or loses its index")),
            Some(_) => {}
        }
    }
    problems
}

/// Texts may get longer; codes may come from another table.
fn keeps_type(new: &Field, old: &Field) -> bool {
    match (&new.kind, &old.kind) {
        (FieldKind::Text { max: now }, FieldKind::Text { max: then }) => now >= then,
        (FieldKind::Code { .. }, FieldKind::Code { .. }) => true,
        (now, then) => now == then,
    }
}
