//! The JSON bodies of the endpoints that a school calls; written down in `proto/openapi.yaml` too.
//!
//! Unknown members are ignored, so that a newer peer may say more.

use std::fmt;

use selaras_model::{Date, DeviceId, EpochId, KeyId, Npsn, RecordId, ReplicaId};
use serde::{Deserialize, Serialize};

/// Asks to register an installation: `POST /v1/schools/{npsn}/register`.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RegisterRequest {
    /// The school's secret code.
    pub kode_registrasi: String,
    /// The installation's public device key (Ed25519).
    #[serde(with = "hex_array")]
    pub device_key: [u8; 32],
    /// The replica that the installation made for itself.
    pub replica: ReplicaId,
    /// Version of the school's application.
    pub app_version: String,
    /// The device that this computer was before its store was lost or damaged; it ends with this registration.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replaces: Option<DeviceId>,
}

impl fmt::Debug for RegisterRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RegisterRequest").field("replica", &self.replica).finish_non_exhaustive()
    }
}

/// What a registered installation is told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RegisterAnswer {
    /// The name of this device at the centre.
    pub device: DeviceId,
    /// The centre's public key (Ed25519); receipts and refusals are signed with it.
    #[serde(with = "hex_array")]
    pub centre_key: [u8; 32],
    /// What the centre calls itself.
    pub centre_name: String,
    /// The school's name at the centre.
    pub school_name: String,
    /// The centre's date.
    pub today: Date,
    /// The registration as the centre signed it, in hexadecimal; see `selaras_sync::DeviceCertificate`. None of a centre of
    /// an earlier version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub certificate: Option<String>,
}

/// Asks for a short-lived token: `POST /v1/schools/{npsn}/token`.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenRequest {
    /// The registered device.
    pub device: DeviceId,
    /// The asking computer's clock in seconds since 1970; shown to operators, never used to decide.
    pub at: i64,
    /// Sixteen random bytes, new for every request.
    #[serde(with = "hex_array")]
    pub nonce: [u8; 16],
    /// The device key's signature; see [`crate::prove`].
    #[serde(with = "hex_array")]
    pub signature: [u8; 64],
    /// The registration as the centre signed it, in hexadecimal: for a centre that does not know this device any more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub registration: Option<String>,
    /// Whether this computer has none, and asks for it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub lacks_registration: bool,
}

impl fmt::Debug for TokenRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenRequest").field("device", &self.device).field("at", &self.at).finish_non_exhaustive()
    }
}

/// A token and how long it is good by the centre's clock.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenAnswer {
    /// What goes into `Authorization: Bearer`.
    pub token: String,
    /// Seconds that it is good from now.
    pub expires_in: u64,
    /// The registration as the centre signed it, in hexadecimal, where it was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub registration: Option<String>,
}

impl fmt::Debug for TokenAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenAnswer").field("expires_in", &self.expires_in).finish_non_exhaustive()
    }
}

/// Asks to activate a head's key: `POST /v1/schools/{npsn}/heads`, with a device's token.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeadRequest {
    /// The school's secret code.
    pub kode_registrasi: String,
    /// The PTK whose key it is.
    pub ptk: RecordId,
    /// The head's public key (Ed25519).
    #[serde(with = "hex_array")]
    pub public_key: [u8; 32],
}

impl fmt::Debug for HeadRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HeadRequest").field("ptk", &self.ptk).finish_non_exhaustive()
    }
}

/// Whom a restored centre waits for: `GET /v1/schools/{npsn}/healing`, with a device's token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HealingAnswer {
    /// The life of the centre's database.
    pub epoch: EpochId,
    /// Computers of the school that have not told yet what they hold.
    pub waiting: Vec<WaitedFor>,
}

/// A computer that a restored centre waits for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WaitedFor {
    /// The computer.
    pub device: DeviceId,
    /// When it was registered, by the centre's clock in seconds since 1970.
    pub registered_at: i64,
    /// When it was last here, exact to a day; none where that was never written down.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seen_at: Option<i64>,
}

/// A head's word that computers will not come: `POST /v1/schools/{npsn}/healed`, with a device's token. The answer is that
/// of [`HealingAnswer`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HealedRequest {
    /// The life of the centre's database.
    pub epoch: EpochId,
    /// The computers.
    pub devices: Vec<DeviceId>,
    /// The head's key.
    pub key: KeyId,
    /// Its signature; see `selaras_sync::GivenUp`.
    #[serde(with = "hex_array")]
    pub signature: [u8; 64],
}

/// The name of an enrolled key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeadAnswer {
    /// The key's name; approvals carry it.
    pub key_id: KeyId,
    /// When it was enrolled, by the centre's clock in seconds since 1970.
    pub enrolled_at: i64,
    /// The centre's signature over school, PTK, key and time; see `selaras_sync::evidence`.
    #[serde(with = "hex_array")]
    pub certificate: [u8; 64],
}

/// The current pack and rulebook: `GET /v1/rules`.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RulesAnswer {
    /// The pack's exact text; its hash is over these bytes.
    pub pack: String,
    /// The rulebook's exact text.
    pub rulebook: String,
    /// Their first day.
    pub from: Date,
    /// The centre's signature over all three; see `selaras_sync::Release`.
    #[serde(with = "hex_array")]
    pub signature: [u8; 64],
}

impl fmt::Debug for RulesAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RulesAnswer({} and {} bytes)", self.pack.len(), self.rulebook.len())
    }
}

/// The school of a path, as both halves write it.
pub(crate) fn school_path(npsn: Npsn, rest: &str) -> String {
    format!("/v1/schools/{npsn}/{rest}")
}

/// Fixed byte strings as lower-case hexadecimal digits.
mod hex_array {
    use std::borrow::Cow;

    use data_encoding::{HEXLOWER, HEXLOWER_PERMISSIVE};
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub(super) fn serialize<S: Serializer, const N: usize>(bytes: &[u8; N], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&HEXLOWER.encode(bytes))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>, const N: usize>(deserializer: D) -> Result<[u8; N], D::Error> {
        let text = Cow::<'de, str>::deserialize(deserializer)?;
        let bytes = HEXLOWER_PERMISSIVE.decode(text.as_bytes()).map_err(|_| D::Error::custom("not hexadecimal"))?;
        bytes.try_into().map_err(|_| D::Error::custom(format!("not {N} bytes in hexadecimal")))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn a_register_request_keeps_its_shape() {
        let request = RegisterRequest {
            kode_registrasi: "RAHASIA".into(),
            device_key: [7; 32],
            replica: ReplicaId::from_bytes([1; 8]),
            app_version: "0.1.0".into(),
            replaces: None,
        };
        let text = serde_json::to_string(&request).unwrap();
        assert_eq!(
            text,
            format!(
                r#"{{"kode_registrasi":"RAHASIA","device_key":"{}","replica":"0101010101010101","app_version":"0.1.0"}}"#,
                "07".repeat(32)
            )
        );
        assert_eq!(serde_json::from_str::<RegisterRequest>(&text).unwrap(), request);
        assert!(!format!("{request:?}").contains("RAHASIA"));
    }

    #[test]
    fn a_member_that_is_not_known_here_is_ignored() {
        let answer = r#"{"token":"t","expires_in":900,"recipient":"07","certificate":{"by":"a later version"}}"#;
        assert_eq!(
            serde_json::from_str::<TokenAnswer>(answer).unwrap(),
            TokenAnswer { token: "t".into(), expires_in: 900, registration: None }
        );
    }

    #[test]
    fn a_heads_word_keeps_its_shape() {
        let request = HealedRequest {
            epoch: selaras_model::EpochId::from_bytes([1; 8]),
            devices: vec![DeviceId::from_bytes([2; 8])],
            key: KeyId::from_bytes([3; 8]),
            signature: [4; 64],
        };
        let text = serde_json::to_string(&request).unwrap();
        let [epoch, device, key] = ["01", "02", "03"].map(|byte| byte.repeat(8));
        let signature = "04".repeat(64);
        assert_eq!(
            text,
            format!(r#"{{"epoch":"{epoch}","devices":["{device}"],"key":"{key}","signature":"{signature}"}}"#)
        );
        assert_eq!(serde_json::from_str::<HealedRequest>(&text).unwrap(), request);
    }

    #[test]
    fn a_key_of_another_length_is_no_key() {
        let text = r#"{"kode_registrasi":"x","device_key":"0707","replica":"0101010101010101","app_version":"1"}"#;
        assert!(serde_json::from_str::<RegisterRequest>(text).is_err());
    }
}
