//! Identifiers: text, bytes and serde forms go both ways; anything else is refused.

use proptest::prelude::*;
use selaras_model::{
    Actor, BundleId, ChangeHash, Date, EntityCode, FieldName, LogVersion, Npsn, Record, RecordId, RecordKey, ReplicaId,
    Sequence, Side, Value,
};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::school::{any_record, date};

fn through_text<T: std::str::FromStr + ToString + PartialEq + std::fmt::Debug>(value: &T)
where
    T::Err: std::fmt::Debug,
{
    assert_eq!(&value.to_string().parse::<T>().unwrap(), value);
}

fn through_json<T: Serialize + DeserializeOwned + PartialEq + std::fmt::Debug>(value: &T) {
    let text = serde_json::to_string(value).unwrap();
    assert_eq!(&serde_json::from_str::<T>(&text).unwrap(), value);
}

proptest! {
    #[test]
    fn records_pass_through_serde_in_both_kinds_of_formats(record in any_record()) {
        through_json(&record);
        let config = bincode::config::standard();
        let bytes = bincode::serde::encode_to_vec(&record, config).unwrap();
        let (again, read): (Record, usize) = bincode::serde::decode_from_slice(&bytes, config).unwrap();
        prop_assert_eq!((again, read), (record, bytes.len()));
    }

    #[test]
    fn every_identifier_reads_its_own_text(
        short in any::<[u8; 8]>(), long in any::<[u8; 32]>(), uuid in any::<[u8; 16]>(), number in any::<u64>(),
        npsn in "[0-9]{8}", entity in any::<u16>(), date in date(), centre in any::<bool>(),
    ) {
        let school: Npsn = npsn.parse().unwrap();
        let side = if centre { Side::Centre } else { Side::School };
        let key = RecordKey { entity: EntityCode(entity), id: RecordId::from_bytes(uuid) };
        let actor = Actor { side, school, replica: short, sequence: number };
        through_text(&ReplicaId::from_bytes(short));
        through_text(&BundleId::from_bytes(long));
        through_text(&RecordId::from_bytes(uuid));
        through_text(&Sequence::new(number));
        through_text(&LogVersion::new(number));
        through_text(&school);
        through_text(&key);
        through_text(&date);
        through_text(&actor);
        through_json(&ReplicaId::from_bytes(short));
        through_json(&ChangeHash::from_bytes(long));
        through_json(&RecordId::from_bytes(uuid));
        through_json(&Sequence::new(number));
        through_json(&school);
        through_json(&key);
        through_json(&date);
        prop_assert_eq!(Actor::from_bytes(&actor.to_bytes()), Ok(actor));
        prop_assert_eq!(RecordKey::from_bytes(&key.to_bytes()), Ok(key));
        prop_assert_eq!(Npsn::from_number(school.number()), Ok(school));
    }

    #[test]
    fn any_text_or_bytes_parse_or_fail_without_panic(text in any::<String>(), bytes in any::<Vec<u8>>()) {
        let _ = (text.parse::<Npsn>(), text.parse::<RecordId>(), text.parse::<BundleId>(), text.parse::<RecordKey>());
        let _ = (text.parse::<Date>(), text.parse::<FieldName>(), text.parse::<Actor>());
        let _ = (Actor::from_bytes(&bytes), RecordKey::from_bytes(&bytes), BundleId::try_from(bytes.as_slice()));
    }

    #[test]
    fn keys_sort_as_their_bytes(a in any::<(u16, [u8; 16])>(), b in any::<(u16, [u8; 16])>()) {
        let key = |(entity, id): (u16, [u8; 16])| RecordKey { entity: EntityCode(entity), id: RecordId::from_bytes(id) };
        let (a, b) = (key(a), key(b));
        prop_assert_eq!(a.cmp(&b), a.to_bytes().cmp(&b.to_bytes()));
    }

    #[test]
    fn days_count_both_ways(days in any::<i32>()) {
        if let Ok(date) = Date::from_days(days) {
            prop_assert_eq!(date.days_since_epoch(), days);
            prop_assert_eq!(Date::new(date.year(), date.month(), date.day()), Ok(date));
        }
    }
}

#[test]
fn identifiers_are_written_in_lower_case() {
    assert_eq!(ReplicaId::from_bytes([0xAB; 8]).to_string(), "abababababababab");
    assert_eq!(RecordId::from_bytes([0xAB; 16]).to_string(), "abababab-abab-abab-abab-abababababab");
}

#[test]
fn other_spellings_are_refused() {
    for text in ["", "1234567", "123456789", "1234567a", "１2345678"] {
        assert!(text.parse::<Npsn>().is_err(), "{text}");
    }
    for text in
        ["ababababababababababababababab", "{abababab-abab-abab-abab-abababababab}", "abababababababababababababababab"]
    {
        assert!(text.parse::<RecordId>().is_err(), "{text}");
    }
    for text in ["2026-7-01", "2026-02-29", "2026-07-01T00:00", "+002026-07-01", "0000-01-01", "20260701", ""] {
        assert!(text.parse::<Date>().is_err(), "{text}");
    }
    for text in ["", "1a", "A", "a-b", "~deleted", "a b", &"a".repeat(65)] {
        assert!(text.parse::<FieldName>().is_err(), "{text}");
    }
}

#[test]
fn a_new_record_id_is_a_random_uuid() {
    assert_eq!(RecordId::from_random([0xff; 16]).to_string(), "ffffffff-ffff-4fff-bfff-ffffffffffff");
}

#[test]
fn binary_formats_get_plain_bytes_and_numbers() {
    fn plain<T: Serialize + DeserializeOwned + Clone + PartialEq + std::fmt::Debug>(value: &T) -> Vec<u8> {
        let config = bincode::config::standard().with_fixed_int_encoding().with_big_endian();
        let bytes = bincode::serde::encode_to_vec(value, config).unwrap();
        assert_eq!(bincode::serde::decode_from_slice::<T, _>(&bytes, config).unwrap(), (value.clone(), bytes.len()));
        bytes
    }
    let key = RecordKey { entity: EntityCode(7), id: RecordId::from_bytes([3; 16]) };
    assert_eq!(plain(&ReplicaId::from_bytes([1; 8])), [1; 8]);
    assert_eq!(plain(&BundleId::from_bytes([2; 32])), [2; 32]);
    assert_eq!(plain(&Sequence::new(7)), 7_u64.to_be_bytes());
    assert_eq!(plain(&"99999999".parse::<Npsn>().unwrap()), b"99999999");
    assert_eq!(plain(&key), key.to_bytes());
    assert_eq!(plain(&Date::from_days(-1).unwrap()), (-1_i32).to_be_bytes());
    assert_eq!(plain(&Value::Bool(true)), [0, 0, 0, 0, 0, 0, 0, 2, 5, 1]);
}

#[test]
fn readable_formats_get_text() {
    assert_eq!(serde_json::to_string(&Sequence::new(7)).unwrap(), "\"7\"");
    assert_eq!(serde_json::to_string(&Date::from_days(0).unwrap()).unwrap(), "\"1970-01-01\"");
}

#[test]
fn serde_lets_no_value_in_that_the_canonical_form_refuses() {
    let config = bincode::config::standard();
    for bytes in [vec![2, 5, 2], vec![3, 5, 1, 0], vec![0], vec![1, 8]] {
        assert!(bincode::serde::decode_from_slice::<Value, _>(&bytes, config).is_err(), "{bytes:?}");
    }
    assert!(serde_json::from_str::<Value>("{\"code\":\"a b\"}").is_err());
    assert_eq!(serde_json::from_str::<Value>("{\"text\":\"\"}").unwrap(), Value::Null);
}
