//! Whose value holds, what stays open, and how a decision closes it.

use selaras_merge::{Conflict, Document, Subject};
use selaras_model::{Fields, Side, Value};

use crate::story::{centre, created, edit, name, resolve, school, with};

fn text(text: &str) -> Value {
    Value::text(text)
}

/// School and centre write different things without knowing of each other.
fn torn(base: &Document, by_school: &[(&str, Value)], by_centre: &[(&str, Value)]) -> Document {
    let one = with(base, school(2), &edit(base, by_school));
    with(&one, centre(1), &edit(base, by_centre))
}

fn conflict<'a>(conflicts: &'a [Conflict], field: &str) -> &'a Conflict {
    conflicts.iter().find(|conflict| conflict.subject == Subject::Field(name(field))).unwrap()
}

#[test]
fn different_fields_both_stand() {
    let base = created(&[("nama", text("a")), ("catatan", text("a"))]);
    let resolved = resolve(&torn(&base, &[("nama", text("b"))], &[("catatan", text("c"))]));
    assert_eq!((resolved.record.text("nama"), resolved.record.text("catatan")), (Some("b"), Some("c")));
    assert!(resolved.conflicts.is_empty());
    assert_eq!(resolved.heads.len(), 2);
}

#[test]
fn the_school_wins_its_own_fields_and_the_centre_those_of_a_verified_record() {
    for (verified, expected) in [(false, "sekolah"), (true, "pusat")] {
        let base = created(&[("nama", text("a")), ("terverifikasi", Value::Bool(verified))]);
        let resolved = resolve(&torn(&base, &[("nama", text("sekolah"))], &[("nama", text("pusat"))]));
        assert_eq!(resolved.record.text("nama"), Some(expected));
        let conflict = conflict(&resolved.conflicts, "nama");
        assert_eq!(conflict.winner.actor.side, if verified { Side::Centre } else { Side::School });
        assert_eq!(conflict.others.len(), 1);
        assert_ne!(conflict.others[0].value, conflict.winner.value);
    }
}

#[test]
fn a_condition_is_settled_for_the_centre_before_it_is_asked() {
    // The centre makes the row its own (jabatan 2) while the school keeps it otherwise and writes beside it.
    let base = created(&[("jabatan", Value::Code("9".into())), ("catatan", text("a"))]);
    let by_school = [("jabatan", Value::Null), ("catatan", text("sekolah"))];
    let by_centre = [("jabatan", Value::Code("2".into())), ("catatan", text("pusat"))];
    let resolved = resolve(&torn(&base, &by_school, &by_centre));
    assert_eq!(resolved.record.code("jabatan"), Some("2"));
    assert_eq!(resolved.record.text("catatan"), Some("pusat"));
    let subjects: Vec<_> = resolved.conflicts.iter().map(|conflict| conflict.subject.clone()).collect();
    assert_eq!(subjects, [Subject::Field(name("catatan")), Subject::Field(name("jabatan"))]);
}

#[test]
fn a_cleared_field_conflicts_with_an_edit() {
    let base = created(&[("catatan", text("a"))]);
    let resolved = resolve(&torn(&base, &[("catatan", Value::Null)], &[("catatan", text("pusat"))]));
    assert_eq!(resolved.record.get("catatan"), &Value::Null);
    assert_eq!(conflict(&resolved.conflicts, "catatan").others[0].value, text("pusat"));
}

#[test]
fn equal_values_are_no_conflict_but_another_history() {
    let base = created(&[("catatan", text("a"))]);
    let apart = torn(&base, &[("catatan", text("b"))], &[("catatan", text("b"))]);
    let one = with(&base, school(2), &edit(&base, &[("catatan", text("b"))]));
    let in_turn = with(&one, centre(1), &edit(&one, &[("catatan", text("b"))]));
    let (apart, in_turn) = (resolve(&apart), resolve(&in_turn));
    assert_eq!(apart.record, in_turn.record);
    assert!(apart.conflicts.is_empty() && in_turn.conflicts.is_empty());
    assert_ne!(apart.heads, in_turn.heads);
}

#[test]
fn writing_what_is_there_already_counts_as_an_edit() {
    // The school insists on the value that the base has; the centre changes it. That is a true conflict.
    let base = created(&[("nama", text("a")), ("catatan", Value::Null)]);
    let by_school = [("nama", text("a")), ("catatan", Value::Null)];
    let by_centre = [("nama", text("b")), ("catatan", text("b"))];
    let resolved = resolve(&torn(&base, &by_school, &by_centre));
    assert_eq!(resolved.record.text("nama"), Some("a"));
    assert_eq!(resolved.record.get("catatan"), &Value::Null);
    assert_eq!(resolved.conflicts.len(), 2);
}

#[test]
fn a_decision_on_all_heads_closes_a_conflict_even_for_the_present_winner() {
    for decision in ["sekolah", "pusat", "lain"] {
        let base = created(&[("nama", text("a"))]);
        let open = torn(&base, &[("nama", text("sekolah"))], &[("nama", text("pusat"))]);
        let closed = with(&open, school(3), &edit(&open, &[("nama", text(decision))]));
        let resolved = resolve(&closed);
        assert_eq!(resolved.record.text("nama"), Some(decision));
        assert!(resolved.conflicts.is_empty());
        assert_eq!(resolved.heads.len(), 1);
    }
}

#[test]
fn an_edit_of_another_field_leaves_a_conflict_open() {
    let base = created(&[("nama", text("a"))]);
    let open = torn(&base, &[("nama", text("sekolah"))], &[("nama", text("pusat"))]);
    let later = with(&open, school(3), &edit(&open, &[("catatan", text("x"))]));
    assert_eq!(resolve(&later).conflicts, resolve(&open).conflicts);
}

#[test]
fn two_creations_of_one_record_come_together() {
    let one = created(&[("nama", text("a")), ("catatan", text("a"))]);
    let other = selaras_merge::Edit { fields: crate::story::fields(&[("nama", text("b"))]), ..Default::default() };
    let resolved = resolve(&with(&one, centre(1), &other));
    assert_eq!(resolved.record.text("catatan"), Some("a"));
    assert_eq!(conflict(&resolved.conflicts, "nama").others.len(), 1);
}

#[test]
fn a_field_unknown_to_the_pack_is_kept_and_is_the_centres() {
    let base = created(&[("nama", text("a")), ("unsur_baru", text("a"))]);
    let resolved = resolve(&torn(&base, &[("unsur_baru", text("sekolah"))], &[("unsur_baru", text("pusat"))]));
    assert_eq!(resolved.record.text("unsur_baru"), Some("pusat"));
}

#[test]
fn a_cleared_field_stays_in_the_record_as_null() {
    let base = created(&[("nama", text("a"))]);
    let cleared = with(&base, school(2), &edit(&base, &[("nama", Value::Null)]));
    assert_eq!(resolve(&cleared).record.fields, Fields::from_iter([(name("nama"), Value::Null)]));
}

#[test]
fn nothing_shows_a_value_in_debug() {
    let base = created(&[("nama", text("Rahasia"))]);
    let open = torn(&base, &[("nama", text("Rahasia1"))], &[("nama", text("Rahasia2"))]);
    let shown = format!("{open:?} {:?} {:?}", resolve(&open), edit(&open, &[("nama", text("Rahasia"))]));
    assert!(!shown.contains("Rahasia"), "{shown}");
}
