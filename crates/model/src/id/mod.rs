//! Identifiers and positions: one type each, so that none can stand in for another.

mod actor;
mod key;
mod npsn;
mod position;
mod record_id;

pub use actor::{Actor, ActorError, Side};
pub use key::{EntityCode, RecordKey, RecordKeyError};
pub use npsn::{Npsn, NpsnError};
pub use position::{LogVersion, PositionError, Sequence};
pub use record_id::{RecordId, RecordIdError};

/// Says that a text or a byte string is not an identifier of the named kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a {kind} is {len} bytes, written as {} hexadecimal digits", len * 2)]
pub struct IdError {
    /// Name of the identifier's type.
    pub kind: &'static str,
    /// Length of the identifier in bytes.
    pub len: usize,
}

/// Serialises through `Display` and `FromStr` for formats that people read, and as the given plain type for others.
macro_rules! serde_as {
    ($name:ident, $plain:ty, |$value:ident| $to:expr, |$input:ident| $from:expr) => {
        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                if serializer.is_human_readable() {
                    return serializer.collect_str(self);
                }
                let $value = self;
                let plain: $plain = $to;
                serde::Serialize::serialize(&plain, serializer)
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                if deserializer.is_human_readable() {
                    let text = <std::borrow::Cow<'de, str> as serde::Deserialize>::deserialize(deserializer)?;
                    return text.parse().map_err(serde::de::Error::custom);
                }
                let $input = <$plain as serde::Deserialize>::deserialize(deserializer)?;
                $from.map_err(serde::de::Error::custom)
            }
        }
    };
}
pub(crate) use serde_as;

macro_rules! byte_id {
    ($(#[$doc:meta])* $name:ident, $len:literal) => {
        $(#[$doc])*
        ///
        /// It is written as lower-case hexadecimal digits.
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name([u8; $len]);

        impl $name {
            /// Length in bytes.
            pub const LEN: usize = $len;

            /// Takes the bytes as they are.
            #[must_use]
            pub const fn from_bytes(bytes: [u8; $len]) -> Self {
                Self(bytes)
            }

            /// Returns the bytes.
            #[must_use]
            pub const fn as_bytes(&self) -> &[u8; $len] {
                &self.0
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&data_encoding::HEXLOWER.encode(&self.0))
            }
        }

        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(f, "{}({self})", stringify!($name))
            }
        }

        impl std::str::FromStr for $name {
            type Err = IdError;

            fn from_str(text: &str) -> Result<Self, IdError> {
                let error = IdError { kind: stringify!($name), len: $len };
                let bytes = data_encoding::HEXLOWER_PERMISSIVE.decode(text.as_bytes()).map_err(|_| error)?;
                Self::try_from(bytes.as_slice())
            }
        }

        impl TryFrom<&[u8]> for $name {
            type Error = IdError;

            fn try_from(bytes: &[u8]) -> Result<Self, IdError> {
                bytes.try_into().map(Self).map_err(|_| IdError { kind: stringify!($name), len: $len })
            }
        }

        $crate::id::serde_as!($name, [u8; $len], |id| id.0, |bytes| Ok::<_, IdError>($name(bytes)));
    };
}

byte_id!(
    /// Names one installation of the school's application: a new one after every restore.
    ReplicaId, 8
);
byte_id!(
    /// Names one life of the centre's database: random, new at every restore.
    EpochId, 8
);
byte_id!(
    /// Names a registered device of a school.
    DeviceId, 8
);
byte_id!(
    /// Names a head's enrolled signing key.
    KeyId, 8
);
byte_id!(
    /// Names a bundle: BLAKE3 of its frozen, compressed bytes.
    BundleId, 32
);
byte_id!(
    /// Names an entry of a school's log and chains it to the one before.
    EntryHash, 32
);
byte_id!(
    /// Names a school pack: BLAKE3 of its exact text.
    PackHash, 32
);
byte_id!(
    /// Names a rulebook: BLAKE3 of its exact text.
    RulebookHash, 32
);
byte_id!(
    /// Names the content of a record: BLAKE3 over its canonical bytes.
    ContentHash, 32
);
byte_id!(
    /// Names one change of a record's document.
    ChangeHash, 32
);
byte_id!(
    /// Stands for the state of one module, or of all of them.
    Digest, 32
);

impl ChangeHash {
    /// Returns the first 8 bytes, by which a bundle names the heads it builds on.
    #[must_use]
    pub const fn prefix(&self) -> [u8; 8] {
        let [a, b, c, d, e, f, g, h, ..] = self.0;
        [a, b, c, d, e, f, g, h]
    }
}
