//! Approvals as files: what they prove, and that no byte of them can be changed.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use ed25519_dalek::SigningKey;
use selaras_model::{
    BundleId, Digest, EpochId, KeyId, LogVersion, PackHash, RecordId, ReplicaId, RulebookHash, Sequence,
};
use selaras_policy::{ApprovalText, ModuleCount, sign_elsewhere};
use selaras_sync::evidence::{self, Evidence, EvidenceError};
use selaras_sync::{LogEntry, Origin, Receipt};

const BUNDLE: &[u8] = b"the frozen bytes";

fn centre() -> SigningKey {
    SigningKey::from_bytes(&[42; 32])
}

fn head() -> SigningKey {
    SigningKey::from_bytes(&[7; 32])
}

fn text() -> ApprovalText {
    ApprovalText {
        npsn: "99999999".parse().unwrap(),
        bundle: selaras_sync::bundle::id(BUNDLE),
        replica: ReplicaId::from_bytes([2; 8]),
        sequence: Sequence::new(3),
        pack: PackHash::from_bytes([4; 32]),
        rulebook: RulebookHash::from_bytes([5; 32]),
        counts: vec![ModuleCount { module: "gtk".to_owned(), records: 6 }],
        warnings: 1,
        judged_on: "2026-11-23".parse().unwrap(),
        ptk: RecordId::from_bytes([9; 16]),
        key: KeyId::from_bytes([10; 8]),
    }
}

fn entry(text: &ApprovalText) -> LogEntry {
    LogEntry {
        npsn: text.npsn,
        epoch: EpochId::from_bytes([1; 8]),
        version: LogVersion::new(5),
        previous: None,
        edits: [3; 32],
        records: 6,
        origin: Origin::Bundle { bundle: text.bundle, replica: text.replica, sequence: text.sequence },
        pack: text.pack,
        rulebook: text.rulebook,
        digests: vec![Digest::from_bytes([9; 32])],
        at: 1_795_392_000,
        first: None,
    }
}

fn evidence_of(entry: &LogEntry, text: ApprovalText) -> Evidence {
    let receipt = Receipt::sign(entry.to_bytes(), &centre()).unwrap();
    let public = head().verifying_key().to_bytes();
    let key = evidence::certify(text.npsn, text.ptk, text.key, public, 1_795_000_000, &centre());
    Evidence {
        approval: sign_elsewhere(text, &head()).unwrap(),
        key,
        entry: receipt.bytes().to_vec(),
        entry_signature: receipt.signature().to_vec(),
        centre_key: centre().verifying_key().to_bytes(),
    }
}

fn whole() -> Evidence {
    evidence_of(&entry(&text()), text())
}

#[test]
fn evidence_holds_and_reads_back() {
    let bytes = whole().to_bytes();
    let read = Evidence::from_bytes(&bytes).unwrap();
    assert_eq!(read, whole());
    assert_eq!(read.verify().unwrap().entry(), &entry(&text()));
    assert_eq!(read.verify_bundle(BUNDLE), Ok(()));
    assert_eq!(read.verify_bundle(b"other bytes"), Err(EvidenceError::Bundle));
}

#[test]
fn the_files_keep_their_bytes() {
    let hash = |bytes: &[u8]| blake3::hash(bytes).to_hex().to_string();
    assert_eq!(hash(&whole().to_bytes()), "67f098f7e7e5ec81b815c9b9f7b993d2b6924146e8ff6610b539d2fe9d9199bb");
    assert_eq!(
        hash(&evidence::write_request(&text())),
        "97f0a873480b55e3e5fef6deb40c5b7e801904a2437830982782e744b1edb23a"
    );
    assert_eq!(
        hash(&evidence::write_signed(&whole().approval, &whole().key)),
        "eeb2eb2b95e375e4915ce512badfb905d2cb9dabe42702b142d8b21e1a1ce721"
    );
}

#[test]
fn every_changed_byte_of_evidence_is_noticed() {
    let bytes = whole().to_bytes();
    for place in 0..bytes.len() {
        for bit in [1_u8, 0x80] {
            let mut changed = bytes.clone();
            changed[place] ^= bit;
            let verdict = Evidence::from_bytes(&changed).and_then(|read| read.verify().map(|_| ()));
            assert!(verdict.is_err(), "byte {place}");
        }
    }
    for length in 0..bytes.len() {
        assert!(Evidence::from_bytes(&bytes[..length]).and_then(|read| read.verify()).is_err(), "cut to {length}");
    }
    let mut longer = bytes;
    longer.push(0);
    assert!(Evidence::from_bytes(&longer).is_err());
}

#[test]
fn parts_of_two_exchanges_are_no_evidence() {
    let other = |change: &dyn Fn(&mut ApprovalText)| {
        let mut text = text();
        change(&mut text);
        evidence_of(&entry(&self::text()), text).verify().unwrap_err()
    };
    assert_eq!(other(&|text| text.bundle = BundleId::from_bytes([0; 32])), EvidenceError::Mismatch);
    assert_eq!(other(&|text| text.replica = ReplicaId::from_bytes([0; 8])), EvidenceError::Mismatch);
    assert_eq!(other(&|text| text.sequence = Sequence::new(4)), EvidenceError::Mismatch);
    assert_eq!(other(&|text| text.rulebook = RulebookHash::from_bytes([0; 32])), EvidenceError::Mismatch);
    assert_eq!(other(&|text| text.counts[0].records = 5), EvidenceError::Mismatch);
    assert_eq!(other(&|text| text.npsn = "99999998".parse().unwrap()), EvidenceError::Mismatch);
    let act =
        LogEntry { origin: Origin::Act { kind: "head.assign".to_owned(), promises: Vec::new() }, ..entry(&text()) };
    assert_eq!(evidence_of(&act, text()).verify().unwrap_err(), EvidenceError::Mismatch);
}

#[test]
fn a_strangers_signature_is_named_for_what_it_is() {
    let stranger = SigningKey::from_bytes(&[66; 32]);
    let mut forged = whole();
    forged.approval = sign_elsewhere(text(), &stranger).unwrap();
    assert_eq!(forged.verify().unwrap_err(), EvidenceError::Signature);
    forged.key.public = stranger.verifying_key().to_bytes();
    assert_eq!(forged.verify().unwrap_err(), EvidenceError::HeadKey);
    let mut another = whole();
    another.centre_key = stranger.verifying_key().to_bytes();
    assert_eq!(another.verify().unwrap_err(), EvidenceError::Entry);
}

#[test]
fn a_request_and_its_signature_go_there_and_back() {
    let request = evidence::write_request(&text());
    let asked = evidence::read_request(&request).unwrap();
    assert_eq!(ApprovalText { key: text().key, ..asked.clone() }, text());
    let approval = sign_elsewhere(ApprovalText { key: text().key, ..asked }, &head()).unwrap();
    let signed = evidence::write_signed(&approval, &whole().key);
    assert_eq!(evidence::read_signed(&signed).unwrap(), (approval, whole().key));
    // One kind is not taken for another.
    assert_eq!(evidence::read_signed(&request).unwrap_err(), EvidenceError::Kind);
    assert_eq!(evidence::read_request(&signed).unwrap_err(), EvidenceError::Kind);
    assert_eq!(Evidence::from_bytes(&signed).unwrap_err(), EvidenceError::Kind);
    for (bytes, what) in [(&request, "request"), (&signed, "signed")] {
        let mut newer = bytes.clone();
        newer[19] = 9;
        let told = evidence::read_request(&newer).err().or(evidence::read_signed(&newer).err());
        assert!(told.is_some(), "{what}");
        assert!(evidence::read_request(&[bytes.as_slice(), &[0]].concat()).is_err(), "{what}");
    }
}
