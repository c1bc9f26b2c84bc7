//! Nonces that were used, so that a recorded token request is not good a second time.

use std::collections::{BTreeSet, VecDeque};
use std::sync::{Mutex, PoisonError};

use selaras_model::DeviceId;

/// Nonces that are remembered; over TLS nobody can record them anyway, this is the second lock.
const REMEMBERED: usize = 100_000;

type Used = (DeviceId, [u8; 16]);

/// The nonces used of late, in memory.
#[derive(Debug, Default)]
pub(crate) struct Nonces(Mutex<(BTreeSet<Used>, VecDeque<Used>)>);

impl Nonces {
    /// Takes a nonce; false where it was used already.
    pub(crate) fn take(&self, device: DeviceId, nonce: [u8; 16]) -> bool {
        let mut guard = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (used, order) = &mut *guard;
        if !used.insert((device, nonce)) {
            return false;
        }
        order.push_back((device, nonce));
        if order.len() > REMEMBERED
            && let Some(oldest) = order.pop_front()
        {
            used.remove(&oldest);
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_nonce_is_good_once_for_each_device() {
        let nonces = Nonces::default();
        let (one, two) = (DeviceId::from_bytes([1; 8]), DeviceId::from_bytes([2; 8]));
        assert!(nonces.take(one, [0; 16]));
        assert!(!nonces.take(one, [0; 16]));
        assert!(nonces.take(two, [0; 16]));
    }
}
