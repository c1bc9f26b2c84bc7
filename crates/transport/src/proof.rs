//! The proof of a device key by which a device asks for a token.

use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};
use selaras_model::{DeviceId, Npsn};

use crate::TokenRequest;

const CONTEXT: &[u8] = b"selaras 1 token request";

/// Says that a token request was not signed by the device's key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the request was not signed by the device's key")]
pub struct ProofError;

/// Makes a signed token request; `at` is this computer's clock, `nonce` has to be new and random.
///
/// Signed are the context `selaras 1 token request`, the NPSN's 8 digits, the device's 8 bytes and the nonce, in this
/// order with nothing between them: every part has a fixed length.
#[must_use]
pub fn prove(key: &SigningKey, npsn: Npsn, device: DeviceId, nonce: [u8; 16], at: i64) -> TokenRequest {
    let signature = key.sign(&message(npsn, device, &nonce)).to_bytes();
    TokenRequest { device, at, nonce, signature, registration: None, lacks_registration: false }
}

/// Checks a token request against the device's public key as it was registered.
///
/// # Errors
/// [`ProofError`] for a key that is none and for a signature that does not fit; strict, so that there is one
/// signature for one message.
pub fn verify_proof(public: &[u8; 32], npsn: Npsn, request: &TokenRequest) -> Result<(), ProofError> {
    let key = VerifyingKey::from_bytes(public).map_err(|_| ProofError)?;
    let signature = Signature::from_bytes(&request.signature);
    key.verify_strict(&message(npsn, request.device, &request.nonce), &signature).map_err(|_| ProofError)
}

fn message(npsn: Npsn, device: DeviceId, nonce: &[u8; 16]) -> Vec<u8> {
    [CONTEXT, npsn.as_bytes(), device.as_bytes(), nonce].concat()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn a_proof_holds_for_its_school_and_device_only() {
        let key = SigningKey::from_bytes(&[3; 32]);
        let public = key.verifying_key().to_bytes();
        let npsn: Npsn = "99999999".parse().unwrap();
        let mut request = prove(&key, npsn, DeviceId::from_bytes([1; 8]), [9; 16], 0);
        assert_eq!(verify_proof(&public, npsn, &request), Ok(()));
        assert_eq!(verify_proof(&public, "99999998".parse().unwrap(), &request), Err(ProofError));
        assert_eq!(verify_proof(&[0; 32], npsn, &request), Err(ProofError));
        request.device = DeviceId::from_bytes([2; 8]);
        assert_eq!(verify_proof(&public, npsn, &request), Err(ProofError));
    }
}
