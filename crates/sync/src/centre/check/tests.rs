//! How a bundle that cannot be merged is refused: each reason has its code, and names the record.

use selaras_model::{EntityCode, RecordId};

use super::*;

#[test]
fn what_cannot_be_merged_is_refused_by_what_is_wrong_with_it() {
    let record = RecordKey { entity: EntityCode(1), id: RecordId::from_bytes([7; 16]) };
    for (error, code) in [
        (MergeError::UnknownHeads, "bundle.heads"),
        (MergeError::AmbiguousHeads, "bundle.heads"),
        // Two bundles under one number: a computer and its clone.
        (MergeError::Fork, "bundle.fork"),
        (MergeError::EmptyEdit, "bundle.unmergeable"),
    ] {
        let No::Refused(refusal) = unmergeable(record, error) else { panic!("{error} is the bundle's") };
        assert_eq!((refusal.code.as_str(), refusal.record), (code, Some(record)));
    }
    // Damage of the centre's own is never a final refusal.
    let No::Error(own) = unmergeable(record, MergeError::Damaged("")) else { panic!("the centre's") };
    assert_eq!(own.code(), "center.damaged");
}
