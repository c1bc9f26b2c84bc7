//! Files about approvals and requests for tokens: hostile bytes come back as errors, and what is read was written so.
//!
//! The first byte chooses what the rest is read as: evidence, a request for a signature, a signed request, an approval
//! as it travels, a request for a token.

#![no_main]

use ed25519_dalek::{SigningKey, VerifyingKey};
use libfuzzer_sys::fuzz_target;
use prost::Message as _;
use selaras_model::{KeyId, RecordId};
use selaras_sync::evidence::{Evidence, read_request, read_signed, write_request, write_signed};
use selaras_sync::wire;
use selaras_transport::{TokenRequest, verify_proof};

fuzz_target!(|bytes: &[u8]| {
    let Some((mode, rest)) = bytes.split_first() else { return };
    match mode % 5 {
        0 => evidence(rest),
        1 => {
            if let Ok(text) = read_request(rest) {
                assert_eq!(write_request(&text), rest, "a request was read that nobody wrote");
            }
        }
        2 => signed(rest),
        3 => {
            // Travelling, it is put together with the bundle's header and checked; alone it only has to be read.
            let _ = wire::Approval::decode(rest);
            let _ = wire::ExchangeRequest::decode(rest);
        }
        _ => {
            if let Ok(asked) = serde_json::from_slice::<TokenRequest>(rest) {
                let own = SigningKey::from_bytes(&[7; 32]).verifying_key();
                assert!(verify_proof(own.as_bytes(), "99999999".parse().expect("a number"), &asked).is_err());
            }
        }
    }
});

fn evidence(bytes: &[u8]) {
    let Ok(evidence) = Evidence::from_bytes(bytes) else { return };
    assert_eq!(evidence.to_bytes(), bytes, "evidence was read that nobody wrote");
    // Nobody who fuzzes has the centre's key.
    let stranger = SigningKey::from_bytes(&[42; 32]).verifying_key();
    let _ = evidence.verify();
    let known = Evidence { centre_key: stranger.to_bytes(), ..evidence };
    assert!(known.verify().is_err(), "evidence by a key that never signed");
}

fn signed(bytes: &[u8]) {
    let Ok((approval, key)) = read_signed(bytes) else { return };
    assert_eq!(write_signed(&approval, &key), bytes, "a signature was read that nobody wrote");
    let text = approval.text();
    let stranger: VerifyingKey = SigningKey::from_bytes(&[42; 32]).verifying_key();
    assert!(key.verify(text.npsn, text.ptk, text.key, &stranger).is_err());
    assert!(key.verify(text.npsn, RecordId::from_bytes([1; 16]), KeyId::from_bytes([1; 8]), &stranger).is_err());
}
