//! Limits on guessing the kode registrasi: a few free tries, then a delay that doubles.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

use serde::{Deserialize, Serialize};

/// Wrong codes that cost nothing: people mistype.
const FREE: u32 = 4;
/// The longest delay in seconds. Not longer, because whoever guesses also keeps the school itself out.
const LONGEST: i64 = 900;
/// Addresses that are remembered; the one that was quiet for longest makes room.
const ADDRESSES: usize = 10_000;
/// An address behind which a whole town may sit gets more free tries than a school.
const ADDRESS_FREE: u32 = 20;

/// Wrong codes in a row, and when the next try is heard.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(crate) struct Guesses {
    wrong: u32,
    /// Seconds since 1970 by the centre's clock.
    closed_until: i64,
}

impl Guesses {
    /// Seconds until the next try is heard, or `None` where it is heard now.
    pub(crate) fn wait(&self, now: i64) -> Option<i64> {
        // A clock that was set back must not keep a school out for longer than the longest delay.
        let left = (self.closed_until - now).min(LONGEST);
        (left > 0).then_some(left)
    }

    /// A wrong code.
    pub(crate) fn wrong(&mut self, now: i64) {
        self.count(now, FREE);
    }

    fn count(&mut self, now: i64, free: u32) {
        self.wrong = self.wrong.saturating_add(1);
        let over = self.wrong.saturating_sub(free);
        if over > 0 {
            let delay = 1_i64.checked_shl(over).unwrap_or(LONGEST).clamp(1, LONGEST);
            self.closed_until = now.saturating_add(delay);
        }
    }
}

/// Wrong codes by address, in memory: a restart forgives, the school's own count does not.
#[derive(Debug, Default)]
pub(crate) struct AddressGuesses(Mutex<BTreeMap<IpAddr, (Guesses, i64)>>);

impl AddressGuesses {
    /// Seconds until an address is heard again.
    pub(crate) fn wait(&self, address: IpAddr, now: i64) -> Option<i64> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.get(&block(address)).and_then(|(guesses, _)| guesses.wait(now))
    }

    /// A wrong code from an address.
    pub(crate) fn wrong(&self, address: IpAddr, now: i64) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let address = block(address);
        if known.len() >= ADDRESSES && !known.contains_key(&address) {
            let quiet = known.iter().min_by_key(|(_, (_, last))| *last).map(|(address, _)| *address);
            quiet.map(|address| known.remove(&address));
        }
        let (guesses, last) = known.entry(address).or_default();
        guesses.count(now, ADDRESS_FREE);
        *last = now;
    }

    /// A right code from an address.
    pub(crate) fn right(&self, address: IpAddr) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&block(address));
    }
}

/// One customer has a whole /64 of IPv6.
fn block(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => {
            let [a, b, c, d, ..] = v6.segments();
            IpAddr::from([a, b, c, d, 0, 0, 0, 0])
        }
        v4 @ IpAddr::V4(_) => v4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_few_tries_are_free_then_the_delay_doubles_up_to_its_longest() {
        let mut guesses = Guesses::default();
        let mut waits = Vec::new();
        for _ in 0..16 {
            guesses.wrong(1_000);
            waits.push(guesses.wait(1_000).unwrap_or(0));
        }
        assert_eq!(waits, [0, 0, 0, 0, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900, 900]);
        assert_eq!(guesses.wait(1_900), None);
    }

    #[test]
    fn the_count_never_overflows() {
        let mut guesses = Guesses { wrong: u32::MAX, closed_until: 0 };
        guesses.wrong(0);
        assert_eq!(guesses.wait(0), Some(LONGEST));
        assert_eq!(guesses.wait(-1_000_000), Some(LONGEST), "a clock set back");
    }

    #[test]
    fn addresses_are_counted_by_block_and_forgiven() {
        let all = AddressGuesses::default();
        let one = IpAddr::from([0x2001, 0xdb8, 0, 1, 0, 0, 0, 1]);
        let neighbour = IpAddr::from([0x2001, 0xdb8, 0, 1, 9, 9, 9, 9]);
        for _ in 0..=ADDRESS_FREE {
            all.wrong(one, 0);
        }
        assert_eq!(all.wait(neighbour, 0), Some(2));
        all.right(neighbour);
        assert_eq!(all.wait(one, 0), None);
    }

    #[test]
    fn no_more_than_so_many_addresses_are_remembered() {
        let all = AddressGuesses::default();
        for number in 0..=ADDRESSES {
            let [.., b, c, d] = u32::try_from(number).unwrap_or_default().to_be_bytes();
            all.wrong(IpAddr::from([10, b, c, d]), i64::try_from(number).unwrap_or_default());
        }
        assert_eq!(all.0.lock().unwrap_or_else(PoisonError::into_inner).len(), ADDRESSES);
    }
}
