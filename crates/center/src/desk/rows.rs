//! The centre's own rows in a school's scope, as JSON under `Key::Local`, and those of no school. Those of computers and
//! heads' keys are the engine's ([`selaras_sync::DeviceRow`], [`selaras_sync::HeadKeyRow`]).
//!
//! | key | row |
//! |---|---|
//! | `centre` | [`CentreRow`], in the scope of NPSN 00000000 |
//! | `staff/<name>` | [`StaffRow`], there too |
//! | `registration` | [`RegistrationRow`] |
//! | `seen` | [`SeenRow`] |

use selaras_model::{DeviceId, EpochId};
use selaras_sync::{ReadStore, StoreError};
use serde::{Deserialize, Serialize};

use crate::access::{Guesses, HashedKode, StaffRow};

pub(crate) use selaras_sync::local::{put, read};

pub(crate) const CENTRE: &str = "centre";
pub(crate) const REGISTRATION: &str = "registration";
pub(crate) const SEEN: &str = "seen";
const STAFF: &str = "staff/";

/// What holds for the whole centre.
#[derive(Serialize, Deserialize)]
pub(crate) struct CentreRow {
    /// This life of the database.
    pub(crate) epoch: EpochId,
    /// BLAKE3 of the operators' token, which has 256 random bits.
    pub(crate) admin_token: [u8; 32],
}

/// A school's name and secret.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct RegistrationRow {
    pub(crate) name: String,
    /// None for a school that came back with its computers: its kode is known by its proof alone.
    pub(crate) kode: Option<HashedKode>,
    /// Which kode it is; 0 for one that was made before they were counted.
    #[serde(default)]
    pub(crate) number: u32,
    pub(crate) guesses: Guesses,
}

/// When the school was last here.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct SeenRow {
    pub(crate) at: i64,
    pub(crate) device: DeviceId,
    pub(crate) agent: String,
}

pub(crate) fn staff_key(name: &str) -> String {
    format!("{STAFF}{name}")
}

/// All accounts of the Dinas and the centre.
pub(crate) fn staff(store: &dyn ReadStore) -> Result<Vec<(String, StaffRow)>, StoreError> {
    selaras_sync::local::all(store, STAFF)
}
