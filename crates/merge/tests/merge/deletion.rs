//! A deletion holds until a person decides, and nobody's edit is lost without a word.

use selaras_merge::{Conflict, Document, Subject};
use selaras_model::Value;

use crate::story::{centre, created, edit, flag, resolve, school, with};

fn base() -> Document {
    created(&[("nama", Value::text("a")), ("catatan", Value::text("a"))])
}

fn renamed(document: &Document) -> selaras_merge::Edit {
    edit(document, &[("nama", Value::text("b"))])
}

fn only_conflict(document: &Document) -> Conflict {
    let mut conflicts = resolve(document).conflicts;
    assert_eq!(conflicts.len(), 1);
    assert_eq!(conflicts[0].subject, Subject::EditedWhileDeleted);
    conflicts.remove(0)
}

/// The school deletes what the centre edits at the same time.
fn edited_while_deleted() -> Document {
    let base = base();
    let deleted = with(&base, school(2), &flag(&base, true));
    with(&deleted, centre(1), &renamed(&base))
}

#[test]
fn a_deleted_record_keeps_its_fields() {
    let base = base();
    let resolved = resolve(&with(&base, school(2), &flag(&base, true)));
    assert!(resolved.record.deleted && resolved.conflicts.is_empty());
    assert_eq!(resolved.record.text("nama"), Some("a"));
}

#[test]
fn an_edit_beside_a_deletion_is_a_conflict_and_the_record_stays_deleted() {
    let document = edited_while_deleted();
    assert!(resolve(&document).record.deleted);
    let conflict = only_conflict(&document);
    assert_eq!((conflict.winner.actor, conflict.winner.value), (school(2), Value::Bool(true)));
    assert_eq!(conflict.others.len(), 1);
    assert_eq!((conflict.others[0].actor, &conflict.others[0].value), (centre(1), &Value::Bool(false)));
}

#[test]
fn deciding_either_way_closes_it() {
    for deleted in [true, false] {
        let open = edited_while_deleted();
        let decided = resolve(&with(&open, school(3), &flag(&open, deleted)));
        assert_eq!(decided.record.deleted, deleted);
        assert!(decided.conflicts.is_empty());
        assert_eq!(decided.record.text("nama"), Some("b"));
    }
}

#[test]
fn editing_other_fields_in_sight_of_both_decides_nothing() {
    let open = edited_while_deleted();
    let later = with(&open, school(3), &edit(&open, &[("catatan", Value::text("c"))]));
    assert!(resolve(&later).record.deleted);
    assert_eq!(only_conflict(&later), only_conflict(&open));
}

#[test]
fn an_edit_of_a_record_known_to_be_deleted_is_no_conflict() {
    let base = base();
    let deleted = with(&base, school(2), &flag(&base, true));
    let resolved = resolve(&with(&deleted, centre(1), &renamed(&deleted)));
    assert!(resolved.record.deleted && resolved.conflicts.is_empty());
}

#[test]
fn two_deletions_agree() {
    let base = base();
    let deleted = with(&base, school(2), &flag(&base, true));
    let resolved = resolve(&with(&deleted, centre(1), &flag(&base, true)));
    assert!(resolved.record.deleted && resolved.conflicts.is_empty());
    assert_eq!(resolved.heads.len(), 2);
}

#[test]
fn a_deletion_in_sight_of_the_edit_settles_it_for_another_deletion_too() {
    let open = edited_while_deleted();
    let base = base();
    // The centre, which knows only its own edit, deletes the record as well.
    let centre_alone = with(&base, centre(1), &renamed(&base));
    let settled = with(&open, centre(2), &flag(&centre_alone, true));
    assert!(resolve(&settled).record.deleted);
    assert!(resolve(&settled).conflicts.is_empty());
}

#[test]
fn a_restored_record_deleted_elsewhere_stays_deleted_as_a_conflict() {
    let base = base();
    let deleted = with(&base, school(2), &flag(&base, true));
    let restored = with(&deleted, school(3), &flag(&deleted, false));
    assert!(!resolve(&restored).record.deleted);
    // The centre deletes, in sight of the first deletion only.
    let both = with(&restored, centre(1), &flag(&deleted, true));
    assert!(resolve(&both).record.deleted);
    let conflict = only_conflict(&both);
    assert_eq!((conflict.winner.actor, conflict.others[0].actor), (centre(1), school(3)));
}

#[test]
fn deleting_again_counts_as_a_deletion_of_its_own() {
    let base = base();
    let deleted = with(&base, school(2), &flag(&base, true));
    let again = with(&deleted, school(3), &flag(&deleted, true));
    // The centre restores, in sight of the first deletion only.
    let both = with(&again, centre(1), &flag(&deleted, false));
    assert!(resolve(&both).record.deleted);
    assert_eq!(only_conflict(&both).others[0].actor, centre(1));
}
