//! Entries of the log and receipts: what is signed is exactly what was done.

#![allow(clippy::unwrap_used, reason = "tests")]

use ed25519_dalek::SigningKey;
use proptest::prelude::*;
use selaras_model::{BundleId, Digest, EntryHash, EpochId, LogVersion, PackHash, ReplicaId, RulebookHash, Sequence};
use selaras_sync::{EntryError, LogEntry, Origin, Receipt, entry_hash};

fn entry() -> LogEntry {
    LogEntry {
        npsn: "99999999".parse().unwrap(),
        epoch: EpochId::from_bytes([1; 8]),
        version: LogVersion::new(5),
        previous: Some(EntryHash::from_bytes([2; 32])),
        edits: [3; 32],
        records: 58,
        origin: Origin::Bundle {
            bundle: BundleId::from_bytes([4; 32]),
            replica: ReplicaId::from_bytes([5; 8]),
            sequence: Sequence::new(6),
        },
        pack: PackHash::from_bytes([7; 32]),
        rulebook: RulebookHash::from_bytes([8; 32]),
        digests: vec![Digest::from_bytes([9; 32]), Digest::from_bytes([10; 32])],
        at: 1_795_392_000,
        first: None,
    }
}

fn key() -> SigningKey {
    SigningKey::from_bytes(&[42; 32])
}

#[test]
fn an_entry_reads_back() {
    assert_eq!(LogEntry::from_bytes(&entry().to_bytes()).unwrap(), entry());
    let act = LogEntry {
        previous: None,
        origin: Origin::Act { kind: "identity.correct".to_owned(), promises: Vec::new() },
        ..entry()
    };
    assert_eq!(LogEntry::from_bytes(&act.to_bytes()).unwrap(), act);
}

#[test]
fn a_receipt_is_the_centres_alone() {
    let receipt = Receipt::sign(entry().to_bytes(), &key()).unwrap();
    let again = Receipt::verify(receipt.bytes().to_vec(), receipt.signature(), &key().verifying_key()).unwrap();
    assert_eq!(again, receipt);

    let stranger = SigningKey::from_bytes(&[43; 32]).verifying_key();
    let refused = Receipt::verify(receipt.bytes().to_vec(), receipt.signature(), &stranger);
    assert_eq!(refused.unwrap_err(), EntryError::Signature);

    let other = LogEntry { records: 59, ..entry() }.to_bytes();
    let refused = Receipt::verify(other, receipt.signature(), &key().verifying_key());
    assert_eq!(refused.unwrap_err(), EntryError::Signature);
}

#[test]
fn an_entry_with_a_field_that_is_not_known_here_is_read_and_verified_as_its_bytes_came_and_cannot_be_built_again() {
    let mut bytes = entry().to_bytes();
    prost::encoding::bytes::encode(14, &vec![1_u8, 2, 3], &mut bytes);
    let receipt = Receipt::sign(bytes.clone(), &key()).unwrap();
    let again = Receipt::verify(bytes.clone(), receipt.signature(), &key().verifying_key()).unwrap();
    assert_eq!((again.entry(), again.bytes()), (&entry(), bytes.as_slice()));
    // So such an entry travels whole: what is built from its parts has another hash.
    assert_ne!(entry_hash(&again.entry().to_bytes()), entry_hash(&bytes));
}

/// Counted from the other end than the code under test does, from the hash as people see it.
#[test]
fn the_short_code_is_the_first_sixty_bits_of_the_hash() {
    let receipt = Receipt::sign(entry().to_bytes(), &key()).unwrap();
    let hash = entry_hash(receipt.bytes()).to_string();
    let first = u64::from_str_radix(hash.split_at(15).0, 16).unwrap();
    let letters: Vec<char> = "0123456789ABCDEFGHJKMNPQRSTVWXYZ".chars().collect();
    let (mut rest, mut code) = (first, Vec::new());
    for _ in 0..12 {
        code.push(*letters.get(usize::try_from(rest % 32).unwrap()).unwrap());
        rest /= 32;
    }
    let code: String = code.into_iter().rev().collect();
    assert_eq!(receipt.short_code().replace('-', ""), code);
    assert_eq!(receipt.short_code().len(), 14);
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let _ = LogEntry::from_bytes(&bytes);
    }
}
