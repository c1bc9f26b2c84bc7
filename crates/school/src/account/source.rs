//! From where something is asked, as far as wrong guesses are concerned.

use std::net::{IpAddr, Ipv6Addr};

/// From where a password or the kode registrasi is offered. Wrong ones are counted and slowed for each source apart.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Source {
    /// This computer: its command line and its own browser.
    #[default]
    Here,
    /// A browser on another computer, in which this account is signed in.
    Account(String),
    /// Another computer, at which nobody is signed in.
    Address(IpAddr),
}

impl Source {
    /// The source of an address; `signed_in` is the account whose session asks.
    pub(crate) fn of(peer: IpAddr, signed_in: Option<&str>) -> Source {
        match (is_here(peer), signed_in) {
            (true, _) => Source::Here,
            (false, Some(account)) => Source::Account(account.to_owned()),
            (false, None) => Source::Address(network(peer)),
        }
    }
}

/// Whether an address is this computer's own. Other loopback addresses are given by a system to whoever asks for them, so
/// they count as what they are: other addresses.
pub(crate) fn is_here(peer: IpAddr) -> bool {
    peer == IpAddr::from([127, 0, 0, 1]) || peer == IpAddr::V6(Ipv6Addr::LOCALHOST)
}

/// A computer chooses the lower half of its IPv6 address as often as it likes: the upper half counts.
fn network(peer: IpAddr) -> IpAddr {
    match peer {
        IpAddr::V4(_) => peer,
        IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX))),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn addresses_are_told_apart_as_far_as_nobody_chooses_them() {
        let of = |text: &str| Source::of(text.parse().unwrap(), None);
        assert_eq!(of("127.0.0.1"), Source::Here);
        assert_eq!(of("::1"), Source::Here);
        assert_ne!(of("127.0.0.2"), Source::Here);
        assert_eq!(of("2001:db8:1:2::7"), of("2001:db8:1:2:a:b:c:d"));
        assert_ne!(of("2001:db8:1:2::7"), of("2001:db8:1:3::7"));
        assert_eq!(Source::of("192.0.2.7".parse().unwrap(), Some("siti")), Source::Account("siti".to_owned()));
    }
}
