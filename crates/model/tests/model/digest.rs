//! Laws of the digests.

use proptest::prelude::*;
use selaras_model::{Digest, Element, ModuleDigest, content_hash, element, root_digest};

use crate::school::{any_record, heads};

fn elements() -> impl Strategy<Value = Vec<Element>> {
    proptest::collection::vec(any::<[u8; 32]>().prop_map(Element::from_bytes), 0..12)
}

fn sum<'e>(elements: impl IntoIterator<Item = &'e Element>) -> ModuleDigest {
    let mut digest = ModuleDigest::default();
    for element in elements {
        digest.add(element);
    }
    digest
}

proptest! {
    #[test]
    fn the_order_of_elements_does_not_matter(elements in elements(), seed in any::<u64>()) {
        let mut shuffled = elements.clone();
        shuffled.sort_by_key(|element| blake3_of(seed, element));
        prop_assert_eq!(sum(&elements), sum(&shuffled));
    }

    #[test]
    fn removing_undoes_adding_in_any_order(kept in elements(), passing in elements()) {
        let mut digest = sum(passing.iter().chain(&kept));
        for element in passing.iter().rev() {
            digest.remove(element);
        }
        prop_assert_eq!(digest.digest(), sum(&kept).digest());
        let mut early = ModuleDigest::default();
        for element in &passing {
            early.remove(element);
        }
        for element in &passing {
            early.add(element);
        }
        prop_assert_eq!(early, ModuleDigest::default());
    }

    #[test]
    fn another_multiset_has_another_digest(elements in elements(), extra in any::<[u8; 32]>()) {
        let mut more = sum(&elements);
        more.add(&Element::from_bytes(extra));
        prop_assert_ne!(more.digest(), sum(&elements).digest());
        more.add(&Element::from_bytes(extra));
        prop_assert_ne!(more.digest(), sum(&elements).digest());
    }

    #[test]
    fn the_stored_form_reads_back(elements in elements()) {
        let digest = sum(&elements);
        prop_assert_eq!(ModuleDigest::from_bytes(&digest.to_bytes()), Ok(digest));
    }

    #[test]
    fn any_other_length_is_refused(bytes in any::<Vec<u8>>()) {
        prop_assume!(bytes.len() != ModuleDigest::LEN);
        prop_assert!(ModuleDigest::from_bytes(&bytes).is_err());
    }

    #[test]
    fn an_element_covers_everything_but_the_order_of_heads(record in any_record(), heads in heads()) {
        let content = content_hash("x", &record);
        let made = element("x", record.id, record.deleted, &content, &heads);
        let reversed: Vec<_> = heads.iter().rev().copied().collect();
        prop_assert_eq!(made, element("x", record.id, record.deleted, &content, &reversed));
        prop_assert_ne!(made, element("x", record.id, !record.deleted, &content, &heads));
        prop_assert_ne!(made, element("y", record.id, record.deleted, &content, &heads));
        let mut more = heads.clone();
        more.push(selaras_model::ChangeHash::from_bytes([9; 32]));
        prop_assert_ne!(made, element("x", record.id, record.deleted, &content, &more));
    }
}

#[test]
fn the_root_depends_on_the_order_of_modules() {
    let (a, b) = (Digest::from_bytes([1; 32]), Digest::from_bytes([2; 32]));
    assert_ne!(root_digest(&[a, b]), root_digest(&[b, a]));
}

/// Shuffles: a key that depends on the seed as well as on the element.
fn blake3_of(seed: u64, element: &Element) -> u64 {
    element.as_bytes().iter().fold(seed, |key, byte| key.rotate_left(7).wrapping_mul(31) ^ u64::from(*byte))
}
