//! Whatever the order, the grouping and the restarts: the same edits make the same record.

use proptest::collection::vec;
use proptest::prelude::*;
use selaras_merge::{Document, mint};
use selaras_model::content_hash;

use crate::story::{Story, resolve, story};

/// Merges a story's edits in another order, saving and loading or appending chunks on the way.
fn replay(story: &Story, ranks: &[u16], habits: &[u8]) -> Document {
    let mut document: Option<Document> = None;
    for (turn, at) in story.order(ranks).into_iter().enumerate() {
        let told = &story.told[at];
        let (next, minted) = mint(document.as_ref(), &told.actor, &told.edit).unwrap();
        assert_eq!(minted, told.minted, "minted on another computer");
        document = Some(match (habits[turn % habits.len()] % 3, document) {
            (1, _) => Document::load(&next.save()).unwrap(),
            (2, Some(before)) => Document::load(&[before.save(), minted.chunk].concat()).unwrap(),
            (2, None) => Document::load(&minted.chunk).unwrap(),
            _ => next,
        });
    }
    document.unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn any_order_and_any_restarts_give_the_same_record(
        story in story(), ranks in vec(any::<u16>(), 8), habits in vec(any::<u8>(), 8),
    ) {
        let other = replay(&story, &ranks, &habits);
        let (here, there) = (resolve(&story.document), resolve(&other));
        prop_assert_eq!(&here, &there);
        prop_assert_eq!(&here.record.fields, &there.record.fields);
        prop_assert_eq!(content_hash("tugas", &here.record), content_hash("tugas", &there.record));
        prop_assert_eq!(story.document.heads(), other.heads());
        prop_assert_eq!(other.changes(), story.told.len());
    }

    #[test]
    fn minting_again_changes_nothing(story in story()) {
        for told in &story.told {
            let (again, minted) = mint(Some(&story.document), &told.actor, &told.edit).unwrap();
            prop_assert_eq!(&minted, &told.minted);
            prop_assert_eq!(again.heads(), story.document.heads());
            prop_assert_eq!(again.changes(), story.told.len());
        }
    }

    #[test]
    fn the_document_given_stays_as_it_was(story in story()) {
        let before = resolve(&story.document);
        let edit = crate::story::edit(&story.document, &[("nama", selaras_model::Value::text("lain"))]);
        let (after, _) = mint(Some(&story.document), &crate::story::school(99), &edit).unwrap();
        prop_assert_eq!(resolve(&story.document), before);
        prop_assert_ne!(after.heads(), story.document.heads());
    }
}
