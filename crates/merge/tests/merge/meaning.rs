//! What a story means, computed from who knew what, without automerge: the resolved record must agree.

use proptest::prelude::*;
use selaras_merge::{Candidate, Conflict, Subject};
use selaras_model::{FieldName, Fields, Side, Value};

use crate::story::{ENTITY, FIELDS, Story, Told, name, pack, resolve, story};

/// The edits whose write nobody has written over in sight of it.
fn standing<'a>(story: &'a Story, writes: impl Fn(&Told) -> bool + 'a) -> Vec<usize> {
    let written_over = |at: usize| story.told.iter().any(|other| writes(other) && other.seen.contains(&at));
    (0..story.told.len()).filter(|at| writes(&story.told[*at]) && !written_over(*at)).collect()
}

fn candidate(told: &Told, value: Value) -> Candidate {
    Candidate { value, actor: told.actor, change: told.minted.change }
}

/// Every value that stands for a field.
fn values(story: &Story, field: &FieldName) -> Vec<Candidate> {
    let standing = standing(story, |told| told.edit.fields.contains_key(field));
    standing.into_iter().map(|at| candidate(&story.told[at], story.told[at].edit.fields[field].clone())).collect()
}

fn concurrent_with_deletion(story: &Story, deletions: &[usize]) -> Vec<Candidate> {
    let knows = |a: usize, b: usize| a == b || story.told[a].seen.contains(&b);
    let ignorant = |at: &usize| deletions.iter().all(|deletion| !knows(*at, *deletion) && !knows(*deletion, *at));
    let mut edits: Vec<_> =
        (0..story.told.len()).filter(ignorant).map(|at| candidate(&story.told[at], Value::Bool(false))).collect();
    edits.sort_by_key(|edit| (edit.actor, edit.change));
    edits
}

fn check_field(values: &[Candidate], held: Option<&Value>, owner: Side, conflict: Option<&Conflict>) {
    let Some(held) = held else {
        assert!(values.is_empty() && conflict.is_none());
        return;
    };
    let of_owner: Vec<_> = values.iter().filter(|value| value.actor.side == owner).collect();
    if of_owner.is_empty() {
        assert!(values.iter().any(|value| value.value == *held));
    } else {
        assert!(of_owner.iter().any(|value| value.value == *held), "the owner's side wins");
    }
    let mut others: Vec<_> = values.iter().filter(|value| value.value != *held).cloned().collect();
    others.sort_by_key(|other| (other.actor, other.change));
    assert_eq!(others, conflict.map_or(vec![], |conflict| conflict.others.clone()));
    if let Some(conflict) = conflict {
        assert!(values.contains(&conflict.winner) && conflict.winner.value == *held);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    #[test]
    fn what_stands_is_what_nobody_has_written_over_in_sight_of_it(story in story()) {
        let pack = pack();
        let resolved = resolve(&story.document);
        let conflict = |subject: &Subject| resolved.conflicts.iter().find(|conflict| conflict.subject == *subject);
        let conditions: Fields = resolved.record.fields.iter()
            .filter(|(name, _)| matches!(&***name, "jabatan" | "terverifikasi"))
            .map(|(name, value)| (name.clone(), value.clone())).collect();

        for field in FIELDS.map(name) {
            let condition = matches!(&*field, "jabatan" | "terverifikasi");
            let owner = if condition { Side::Centre } else { pack.owner(ENTITY, &field, &conditions) };
            let subject = Subject::Field(field.clone());
            check_field(&values(&story, &field), resolved.record.fields.get(&field), owner, conflict(&subject));
        }

        let flags = standing(&story, |told| told.edit.deleted.is_some());
        let deletions: Vec<_> = flags.into_iter().filter(|at| story.told[*at].edit.deleted == Some(true)).collect();
        prop_assert_eq!(resolved.record.deleted, !deletions.is_empty());
        let expected = if deletions.is_empty() { vec![] } else { concurrent_with_deletion(&story, &deletions) };
        let found = conflict(&Subject::EditedWhileDeleted);
        prop_assert_eq!(expected, found.map_or(vec![], |conflict| conflict.others.clone()));
        if let Some(conflict) = found {
            prop_assert!(deletions.iter().any(|at| story.told[*at].minted.change == conflict.winner.change));
        }
    }
}
