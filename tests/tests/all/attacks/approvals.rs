//! Approvals: by whom, over what, when.

use ed25519_dalek::SigningKey;
use prost::Message as _;
use selaras_model::{Date, KeyId, RecordId};

use super::Scene;
use super::forge::Forgery;

#[test]
fn an_approval_holds_for_what_was_signed_and_nothing_else() {
    let mut scene = Scene::new();
    let mallory = scene.mallory(0x63);
    type Spoil = fn(&mut Forgery<'_>);
    let spoils: [(&str, &str, Spoil); 8] = [
        ("a stranger's signature", "approval.signature", |f| f.signer = SigningKey::from_bytes(&[66; 32])),
        ("a key that nobody enrolled", "approval.key-unknown", |f| f.key = KeyId::from_bytes([66; 8])),
        ("the head's key for another person", "approval.person", |f| f.ptk = RecordId::from_bytes([66; 16])),
        ("counts that are not the bundle's", "approval.counts", |f| f.counts = Some(Vec::new())),
        ("a judging date long ago", "approval.date", |f| f.judged_on = "2020-01-01".parse::<Date>().unwrap()),
        ("a judging date to come", "approval.date", |f| f.judged_on = "2099-01-01".parse::<Date>().unwrap()),
        ("an old rulebook", "bundle.rulebook", |f| {
            f.header.rulebook = selaras_model::RulebookHash::from_bytes([5; 32]);
        }),
        ("another pack", "bundle.pack", |f| f.header.pack = selaras_model::PackHash::from_bytes([5; 32])),
    ];
    for ((name, code, spoil), number) in spoils.into_iter().zip(10..) {
        scene.attack(name, code, || mallory.sound(number).spoilt(spoil).send());
    }
    scene.attack("bytes without an approval", "approval.missing", || {
        let mut request = mallory.sound(30).request();
        request.approval = None;
        mallory.outcome(&request.encode_to_vec())
    });
    scene.attack("an approval over other bytes", "approval.signature", || {
        let (signed, sent) = (mallory.sound(31), mallory.sound(32));
        let mut request = sent.request();
        request.approval = Some(signed.approval(&signed.frozen()));
        mallory.outcome(&request.encode_to_vec())
    });
    scene.attack("warnings changed after signing", "approval.signature", || {
        let mut request = mallory.sound(33).request();
        request.approval.as_mut().unwrap().warnings += 1;
        mallory.outcome(&request.encode_to_vec())
    });
    scene.attack("a signature made malleable", "approval.signature", || {
        let mut request = mallory.sound(34).request();
        add_order(&mut request.approval.as_mut().unwrap().signature[32..]);
        mallory.outcome(&request.encode_to_vec())
    });
    scene.honest_still_syncs();
}

/// Adds the group's order to a scalar: another writing of the same signature.
fn add_order(scalar: &mut [u8]) {
    const ORDER: [u8; 32] = [
        0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14, 0, 0, 0, 0, 0,
        0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
    ];
    let mut carry = 0_u16;
    for (byte, order) in scalar.iter_mut().zip(ORDER) {
        let sum = u16::from(*byte) + u16::from(order) + carry;
        *byte = u8::try_from(sum & 0xff).unwrap();
        carry = sum >> 8;
    }
}

#[test]
fn a_head_whose_assignment_has_ended_approves_nothing() {
    let scene = Scene::new();
    let mallory = scene.mallory(0x64);
    scene.centre.operator(&["head", "end", scene.school.npsn, "--ptk", &scene.school.head, "--until", "2026-08-01"]);
    mallory.pull();
    scene.attack("an approval after the assignment's end", "approval.key-revoked", || mallory.sound(1).send());
}
