//! Numbers that only ever grow: a replica's bundles and a log's entries.

use std::fmt;
use std::str::FromStr;

/// Says that a text is not a position.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a position is a whole number from 0 to {}", u64::MAX)]
pub struct PositionError;

macro_rules! position {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
        pub struct $name(u64);

        impl $name {
            /// Takes the number as it is.
            #[must_use]
            pub const fn new(number: u64) -> Self {
                Self(number)
            }

            /// Returns the number.
            #[must_use]
            pub const fn get(self) -> u64 {
                self.0
            }

            /// Returns the position after this one; the last of all is its own successor, and no real one gets there.
            #[must_use]
            pub const fn next(self) -> Self {
                Self(self.0.saturating_add(1))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&self.0, f)
            }
        }

        impl FromStr for $name {
            type Err = PositionError;

            fn from_str(text: &str) -> Result<Self, PositionError> {
                text.parse().map(Self).map_err(|_| PositionError)
            }
        }

        super::serde_as!($name, u64, |position| position.0, |number| Ok::<_, PositionError>($name(number)));
    };
}

position!(
    /// Numbers the bundles of one replica; a later bundle has a greater one, and gaps are allowed.
    Sequence
);
position!(
    /// Numbers the entries of one school's log; 0 stands before the first entry.
    LogVersion
);
