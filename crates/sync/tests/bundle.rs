//! Bundles: what is frozen reads back, and no bytes do harm.

#![allow(clippy::unwrap_used, reason = "tests")]

use proptest::prelude::*;
use prost::Message as _;
use selaras_merge::Edit;
use selaras_model::{
    BundleId, EntityCode, EpochId, LogVersion, PackHash, RecordId, RecordKey, ReplicaId, RulebookHash, Sequence, Value,
};
use selaras_sync::bundle::{self, Bundle, BundleError, Header};
use selaras_sync::{EditSet, EditsChain, EditsError};

fn header() -> Header {
    Header {
        npsn: "99999999".parse().unwrap(),
        replica: ReplicaId::from_bytes([1; 8]),
        sequence: Sequence::new(7),
        previous: Some(BundleId::from_bytes([2; 32])),
        epoch: EpochId::from_bytes([3; 8]),
        sealed_on: LogVersion::new(12),
        pack: PackHash::from_bytes([4; 32]),
        rulebook: RulebookHash::from_bytes([5; 32]),
        minted: [6; 32],
    }
}

fn value() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        "[a-z]{1,12}".prop_map(Value::text),
        any::<i64>().prop_map(Value::Int),
        any::<bool>().prop_map(Value::Bool),
        any::<[u8; 16]>().prop_map(|id| Value::Ref(RecordId::from_bytes(id))),
    ]
}

fn edit() -> impl Strategy<Value = (RecordKey, Edit)> {
    let fields = proptest::collection::btree_map("[a-d]", value(), 1..4);
    let heads = proptest::collection::btree_set(any::<[u8; 8]>(), 0..3);
    (1_u16..4, any::<[u8; 16]>(), heads, fields, any::<Option<bool>>()).prop_map(
        |(entity, id, heads, fields, deleted)| {
            let key = RecordKey { entity: EntityCode(entity), id: RecordId::from_bytes(id) };
            let fields = fields.into_iter().map(|(name, value)| (name.parse().unwrap(), value)).collect();
            (key, Edit { heads: heads.into_iter().collect(), fields, deleted })
        },
    )
}

fn edits() -> impl Strategy<Value = Vec<(RecordKey, Edit)>> {
    proptest::collection::btree_map(any::<u8>(), edit(), 0..40).prop_map(|edits| {
        let by_key: std::collections::BTreeMap<_, _> = edits.into_values().collect();
        by_key.into_iter().collect()
    })
}

proptest! {
    #[test]
    fn what_is_frozen_reads_back(edits in edits()) {
        let bundle = Bundle { header: header(), edits: EditSet::new(edits).unwrap() };
        let frozen = bundle::freeze(bundle.clone()).unwrap();
        prop_assert_eq!(bundle::decode(&frozen).unwrap(), bundle);
    }

    #[test]
    fn the_order_of_typing_leaves_no_trace(edits in edits()) {
        let forwards = EditSet::new(edits.clone()).unwrap();
        let backwards = EditSet::new(edits.into_iter().rev().collect()).unwrap();
        prop_assert_eq!(forwards.hash(), backwards.hash());
    }

    #[test]
    fn the_hash_of_a_set_can_be_kept_and_gone_on_with_anywhere(edits in edits(), at in any::<prop::sample::Index>()) {
        let set = EditSet::new(edits).unwrap();
        let at = at.index(set.edits().len() + 1);
        let (before, after) = set.edits().split_at(at);
        let mut chain = EditsChain::default();
        before.iter().for_each(|(key, edit)| chain.push(*key, edit));
        let mut resumed = EditsChain::from_value(chain.value());
        after.iter().for_each(|(key, edit)| resumed.push(*key, edit));
        prop_assert_eq!(resumed.value(), set.hash());
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        let _ = bundle::decode(&bytes);
        let _ = bundle::decode(&zstd::bulk::compress(&bytes, 1).unwrap());
    }

    #[test]
    fn a_flipped_byte_changes_the_id(edits in edits(), at in any::<prop::sample::Index>()) {
        let frozen = bundle::freeze(Bundle { header: header(), edits: EditSet::new(edits).unwrap() }).unwrap();
        let mut flipped = frozen.clone();
        let at = at.index(flipped.len());
        *flipped.get_mut(at).unwrap() ^= 1;
        prop_assert_ne!(bundle::id(&flipped), bundle::id(&frozen));
    }
}

/// Fields of these numbers, each with three bytes that mean nothing.
fn unknown(numbers: &[u32]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for number in numbers {
        prost::encoding::bytes::encode(*number, &vec![1_u8, 2, 3], &mut bytes);
    }
    bytes
}

#[test]
fn a_field_of_the_header_that_is_not_known_here_is_ignored_and_stays_in_the_frozen_bytes() {
    let key = RecordKey { entity: EntityCode(1), id: RecordId::from_bytes([1; 16]) };
    let fields = [("nama".parse().unwrap(), Value::text("a"))].into_iter().collect();
    let edits = EditSet::new(vec![(key, Edit { fields, ..Edit::default() })]).unwrap();
    let bundle = Bundle { header: header(), edits };
    let frozen = bundle::freeze(bundle.clone()).unwrap();
    let open = zstd::stream::decode_all(frozen.as_slice()).unwrap();
    let message = selaras_sync::wire::Bundle::decode(open.as_slice()).unwrap();
    // The place of the drafts' positions, and one that nobody has reserved.
    let newer = [message.header.unwrap().encode_to_vec(), unknown(&[11, 1_000])].concat();
    let mut open = Vec::new();
    prost::encoding::bytes::encode(1, &newer, &mut open);
    prost::encoding::bytes::encode(2, &message.edits.unwrap().encode_to_vec(), &mut open);
    let newer = zstd::bulk::compress(&open, 3).unwrap();
    assert_eq!(bundle::decode(&newer).unwrap(), bundle);
    assert_ne!(bundle::id(&newer), bundle::id(&frozen), "the head signs the bytes, with what they say beyond");
}

#[test]
fn one_record_is_edited_once() {
    let key = RecordKey { entity: EntityCode(1), id: RecordId::from_bytes([1; 16]) };
    let edit =
        |text| Edit { fields: [("nama".parse().unwrap(), Value::text(text))].into_iter().collect(), ..Edit::default() };
    assert_eq!(EditSet::new(vec![(key, edit("a")), (key, edit("b"))]).unwrap_err(), EditsError::Twice);
    assert_eq!(EditSet::new(vec![(key, Edit::default())]).unwrap_err(), EditsError::Nothing);
}

#[test]
fn a_small_file_that_opens_into_a_huge_one_is_refused() {
    let zeros = std::io::Read::take(std::io::repeat(0), (bundle::MAX_OPEN_BYTES + 2) as u64);
    let frozen = zstd::stream::encode_all(zeros, 1).unwrap();
    assert!(frozen.len() < 1 << 20);
    assert_eq!(bundle::decode(&frozen).unwrap_err(), BundleError::TooLarge);
}
