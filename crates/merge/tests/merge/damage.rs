//! Damaged and crafted documents are errors, never a panic.

use automerge::transaction::{CommitOptions, Transactable as _};
use automerge::{ActorId, Automerge, ObjType, ROOT, ScalarValue};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;
use selaras_merge::{Document, Edit, MergeError, mint};
use selaras_model::Value;

use crate::story::{ENTITY, created, edit, pack, record_id, school, story, with};

/// Does everything that can be done with bytes; whatever it says, it has to come back.
fn use_all(bytes: &[u8]) -> Option<Document> {
    let document = Document::load(bytes).ok()?;
    drop(document.resolve(&pack(), ENTITY, record_id()));
    drop(mint(Some(&document), &school(77), &edit(&document, &[("nama", Value::text("x"))])));
    drop(mint(Some(&document), &school(77), &Edit { deleted: Some(true), ..Edit::default() }));
    drop(document.save());
    Some(document)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn bytes_changed_anywhere_are_refused(story in story(), at in any::<Index>(), flip in 1_u8..) {
        let mut bytes = story.document.save().unwrap();
        let at = at.index(bytes.len());
        bytes[at] ^= flip;
        prop_assert!(use_all(&bytes).is_none());
    }

    #[test]
    fn bytes_cut_short_are_refused(story in story(), at in any::<Index>()) {
        let bytes = story.document.save().unwrap();
        prop_assert!(use_all(&bytes[..at.index(bytes.len())]).is_none());
    }

    #[test]
    fn garbage_behind_a_document_is_refused(story in story(), garbage in vec(any::<u8>(), 1..40)) {
        prop_assert!(use_all(&[story.document.save().unwrap(), garbage].concat()).is_none());
    }

    #[test]
    fn any_bytes_at_all_come_back(bytes in vec(any::<u8>(), 0..200)) {
        use_all(&bytes);
        // The same behind automerge's magic number and a plausible chunk type.
        use_all(&[&[0x85, 0x6f, 0x4a, 0x83], bytes.as_slice()].concat());
    }

    #[test]
    fn chunks_in_any_order_and_number_come_back(story in story(), picks in vec(any::<Index>(), 0..12)) {
        let chunks = picks.iter().flat_map(|pick| story.told[pick.index(story.told.len())].minted.chunk.clone());
        use_all(&chunks.collect::<Vec<_>>());
    }
}

#[test]
fn a_chunk_without_what_it_builds_on_is_refused() {
    let base = created(&[("nama", Value::text("a"))]);
    let two = with(&base, school(2), &edit(&base, &[("nama", Value::text("b"))]));
    let (_, third) = mint(Some(&two), &school(3), &edit(&two, &[("nama", Value::text("c"))])).unwrap();
    let lacking = [base.save().unwrap(), third.chunk].concat();
    assert!(matches!(Document::load(&lacking), Err(MergeError::Damaged(_))));
}

#[test]
fn nothing_is_no_document() {
    assert!(matches!(Document::load(&[]), Err(MergeError::Damaged(_))));
    assert!(matches!(Document::load(&Automerge::new().save()), Err(MergeError::Damaged(_))));
}

#[test]
fn a_document_that_is_no_record_is_refused() {
    type Write = fn(&mut automerge::transaction::Transaction<'_>);
    let writes: [Write; 6] = [
        |tx| tx.put(ROOT, "nama", 1.5).unwrap(),
        |tx| tx.put(ROOT, "nama", ScalarValue::counter(1)).unwrap(),
        |tx| drop(tx.put_object(ROOT, "nama", ObjType::Text).unwrap()),
        |tx| drop(tx.put_object(ROOT, "nama", ObjType::List).unwrap()),
        |tx| tx.put(ROOT, "Not A Name", 1).unwrap(),
        |tx| tx.put(ROOT, "~deleted", "yes").unwrap(),
    ];
    for write in writes {
        let mut foreign = Automerge::new();
        foreign.set_actor(ActorId::from(school(1).to_bytes().as_slice()));
        let mut transaction = foreign.transaction();
        write(&mut transaction);
        transaction.commit_with(CommitOptions::default());
        let document = Document::load(&foreign.save()).unwrap();
        assert!(matches!(document.resolve(&pack(), ENTITY, record_id()), Err(MergeError::Damaged(_))));
        use_all(&foreign.save());
    }
}

#[test]
fn an_author_that_is_no_bundle_is_refused_where_it_matters() {
    let mut foreign = Automerge::new();
    foreign.transact::<_, _, automerge::AutomergeError>(|tx| tx.put(ROOT, "~deleted", true)).unwrap();
    let document = Document::load(&foreign.save()).unwrap();
    assert!(matches!(document.resolve(&pack(), ENTITY, record_id()), Err(MergeError::Damaged(_))));
}
