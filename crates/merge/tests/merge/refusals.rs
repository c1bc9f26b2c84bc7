//! Edits that cannot be minted are errors, and never change a document.

use selaras_merge::{Edit, MergeError, head_prefix, mint};
use selaras_model::Value;

use crate::story::{centre, created, edit, school, with};

fn note(text: &str) -> [(&'static str, Value); 1] {
    [("catatan", Value::text(text))]
}

#[test]
fn heads_that_nobody_has() {
    let document = created(&note("a"));
    let unknown = Edit { heads: vec![[7; 8]], ..edit(&document, &note("b")) };
    assert_eq!(mint(Some(&document), &school(2), &unknown).unwrap_err(), MergeError::UnknownHeads);
    assert_eq!(mint(None, &school(2), &unknown).unwrap_err(), MergeError::UnknownHeads);
    assert_eq!(document.resolve_heads_prefixes(&unknown.heads), Err(MergeError::UnknownHeads));
    let mut half = edit(&document, &note("b"));
    half.heads.push([7; 8]);
    assert_eq!(mint(Some(&document), &school(2), &half).unwrap_err(), MergeError::UnknownHeads);
}

#[test]
fn heads_named_twice_or_contained_in_each_other() {
    let one = created(&note("a"));
    let two = with(&one, school(2), &edit(&one, &note("b")));
    let three = with(&two, school(3), &edit(&two, &note("c")));
    let head = |document: &selaras_merge::Document| head_prefix(&document.heads()[0]);
    for heads in [vec![head(&two), head(&two)], vec![head(&one), head(&two)], vec![head(&three), head(&one)]] {
        let edit = Edit { heads, ..edit(&three, &note("d")) };
        assert_eq!(mint(Some(&three), &school(4), &edit).unwrap_err(), MergeError::AmbiguousHeads);
    }
}

#[test]
fn heads_in_any_order_are_the_same_heads() {
    let base = created(&note("a"));
    let one = with(&base, school(2), &edit(&base, &note("b")));
    let two = with(&one, centre(1), &edit(&base, &note("c")));
    let sorted = edit(&two, &note("d"));
    let mut reversed = sorted.clone();
    reversed.heads.reverse();
    assert_ne!(sorted.heads, reversed.heads);
    let minted = |edit| mint(Some(&two), &school(3), edit).unwrap().1;
    assert_eq!(minted(&sorted), minted(&reversed));
    assert_eq!(two.resolve_heads_prefixes(&reversed.heads).unwrap(), two.heads());
}

#[test]
fn one_bundle_number_with_two_contents() {
    let base = created(&note("a"));
    let one = with(&base, school(2), &edit(&base, &note("b")));
    assert_eq!(mint(Some(&one), &school(2), &edit(&base, &note("c"))).unwrap_err(), MergeError::Fork);
    assert_eq!(mint(Some(&one), &school(2), &edit(&one, &note("b"))).unwrap_err(), MergeError::Fork);
}

#[test]
fn an_edit_that_writes_nothing() {
    let base = created(&note("a"));
    assert_eq!(mint(Some(&base), &school(2), &edit(&base, &[])).unwrap_err(), MergeError::EmptyEdit);
    assert_eq!(mint(None, &school(2), &Edit::default()).unwrap_err(), MergeError::EmptyEdit);
}
