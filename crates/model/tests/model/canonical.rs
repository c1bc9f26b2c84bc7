//! Canonical bytes: one encoding per value, and nothing else decodes.

use proptest::prelude::*;
use selaras_model::limits::MAX_TEXT_BYTES;
use selaras_model::{CanonicalError, Value, canonical_bytes, content_hash, decode_value, encode_value};

use crate::school::{any_record, name, value};

fn encoded(value: &Value) -> Vec<u8> {
    let mut bytes = Vec::new();
    encode_value(value, &mut bytes);
    bytes
}

proptest! {
    #[test]
    fn what_is_encoded_decodes_to_the_same_and_leaves_the_rest(value in value(), rest in any::<Vec<u8>>()) {
        let mut bytes = encoded(&value);
        bytes.extend_from_slice(&rest);
        let mut input = bytes.as_slice();
        prop_assert!(decode_value(&mut input) == Ok(value));
        prop_assert_eq!(input, rest.as_slice());
    }

    #[test]
    fn bytes_that_decode_are_the_only_encoding_of_their_value(
        tag in 0u8..10,
        payload in proptest::collection::vec(prop_oneof![Just(0u8), Just(1), Just(2), any::<u8>()], 0..40),
    ) {
        let bytes: Vec<u8> = std::iter::once(tag).chain(payload).collect();
        let mut input = bytes.as_slice();
        if let Ok(value) = decode_value(&mut input) {
            let used = bytes.len() - input.len();
            prop_assert_eq!(encoded(&value), &bytes[..used]);
        }
    }

    #[test]
    fn decoding_any_bytes_never_panics(bytes in any::<Vec<u8>>()) {
        let mut input = bytes.as_slice();
        while !input.is_empty() && decode_value(&mut input).is_ok() {}
    }

    #[test]
    fn an_encoding_cut_short_never_decodes(value in value(), cut in any::<prop::sample::Index>()) {
        let bytes = encoded(&value);
        let cut = cut.index(bytes.len());
        prop_assert!(decode_value(&mut &bytes[..cut]).is_err());
    }

    #[test]
    fn records_with_equal_content_have_equal_bytes_and_others_have_not(a in any_record(), b in any_record()) {
        let mut twin = a.clone();
        twin.fields.insert(name("zz_cleared"), Value::Null);
        twin.deleted = !a.deleted;
        prop_assert_eq!(canonical_bytes("x", &a), canonical_bytes("x", &twin));
        prop_assert_eq!(content_hash("x", &a), content_hash("x", &twin));
        let same = a.id == b.id && a.present().eq(b.present());
        prop_assert_eq!(canonical_bytes("x", &a) == canonical_bytes("x", &b), same);
        prop_assert_ne!(canonical_bytes("x", &a), canonical_bytes("y", &a));
    }
}

#[test]
fn a_length_is_checked_before_anything_is_read() {
    let limit = MAX_TEXT_BYTES;
    let bytes = [1, 0xff, 0xff, 0xff, 0xff];
    assert_eq!(decode_value(&mut bytes.as_slice()), Err(CanonicalError::TooLong { len: u32::MAX, limit }));
}

#[test]
fn the_longest_text_decodes_and_one_byte_more_does_not() {
    let longest = Value::text("x".repeat(MAX_TEXT_BYTES));
    assert_eq!(decode_value(&mut encoded(&longest).as_slice()), Ok(longest));
    let longer = encoded(&Value::text("x".repeat(MAX_TEXT_BYTES + 1)));
    assert!(matches!(decode_value(&mut longer.as_slice()), Err(CanonicalError::TooLong { .. })));
}

#[test]
fn text_is_normalised_where_it_enters() {
    assert_eq!(Value::text("e\u{301}"), Value::Text("\u{e9}".to_owned()));
    assert_eq!(Value::text(""), Value::Null);
}
