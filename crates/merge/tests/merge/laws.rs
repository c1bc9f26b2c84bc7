//! Whatever the order, the grouping and the restarts: the same edits make the same record.

use proptest::collection::vec;
use proptest::prelude::*;
use selaras_merge::{Document, Edit, append, mint};
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
            (1, _) => Document::load(&next.save().unwrap()).unwrap(),
            (2, Some(before)) => Document::load(&[before.save().unwrap(), minted.chunk].concat()).unwrap(),
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
    fn an_appended_change_says_what_a_merged_one_does(story in story(), ranks in vec(any::<u16>(), 8)) {
        let pack = crate::story::pack();
        let mut document: Option<Document> = None;
        for at in story.order(&ranks) {
            let told = &story.told[at];
            let place = (&pack, crate::story::ENTITY, crate::story::record_id());
            let appended = append(document.as_ref(), &told.actor, &told.edit, place).unwrap();
            let (merged, minted) = mint(document.as_ref(), &told.actor, &told.edit).unwrap();
            if let Some((resolved, chunk)) = &appended {
                prop_assert_eq!(resolved, &resolve(&merged));
                prop_assert_eq!(chunk, &minted);
                let bytes = document.as_ref().map(|document| document.save().unwrap()).unwrap_or_default();
                let loaded = Document::load(&[bytes, chunk.chunk.clone()].concat()).unwrap();
                prop_assert_eq!(&resolve(&loaded), resolved);
                prop_assert_eq!(append(Some(&merged), &told.actor, &told.edit, place).unwrap(), None, "minted before");
            }
            // Whoever saw everything and deletes nothing need not merge.
            let saw_all = document.as_ref().is_none_or(|document| Edit::on(&document.heads()).heads == told.edit.heads);
            let lives = document.as_ref().is_none_or(|document| !resolve(document).record.deleted);
            let only_writes = told.edit.deleted.is_none() && !told.edit.fields.is_empty();
            prop_assert_eq!(appended.is_some(), saw_all && lives && only_writes);
            document = Some(merged);
        }
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
