//! The school number.

use std::fmt;
use std::str::FromStr;

/// Names a school: NPSN, 8 decimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Npsn([u8; 8]);

/// Says that a text is not a school number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an NPSN is 8 decimal digits")]
pub struct NpsnError;

impl Npsn {
    /// Length in bytes.
    pub const LEN: usize = 8;

    /// Takes 8 ASCII digits.
    ///
    /// # Errors
    /// Refuses anything but digits.
    pub fn from_bytes(bytes: [u8; 8]) -> Result<Self, NpsnError> {
        if bytes.iter().all(u8::is_ascii_digit) { Ok(Self(bytes)) } else { Err(NpsnError) }
    }

    /// Returns the 8 ASCII digits.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 8] {
        &self.0
    }

    /// Returns the number that the digits write; at most 99,999,999.
    #[must_use]
    pub fn number(&self) -> u32 {
        self.0.iter().fold(0, |number, digit| number * 10 + u32::from(digit - b'0'))
    }

    /// Takes the number that the 8 digits write.
    ///
    /// # Errors
    /// Refuses more than 99,999,999.
    pub fn from_number(number: u32) -> Result<Self, NpsnError> {
        format!("{number:08}").parse()
    }
}

impl FromStr for Npsn {
    type Err = NpsnError;

    fn from_str(text: &str) -> Result<Self, NpsnError> {
        text.as_bytes().try_into().map_err(|_| NpsnError).and_then(Self::from_bytes)
    }
}

impl fmt::Display for Npsn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Digits are ASCII by construction.
        f.write_str(std::str::from_utf8(&self.0).map_err(|_| fmt::Error)?)
    }
}

impl fmt::Debug for Npsn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Npsn({self})")
    }
}

super::serde_as!(Npsn, [u8; 8], |npsn| npsn.0, |bytes| Npsn::from_bytes(bytes));
