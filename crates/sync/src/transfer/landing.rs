//! The centre's half: which bytes of a bundle it takes, and at which place.

use crate::bundle::MAX_BUNDLE_BYTES;

/// The largest upload: a bundle.
pub const MAX_UPLOAD_BYTES: u64 = MAX_BUNDLE_BYTES as u64;

/// A bundle that is landing: how long it is, and how much of it is safely here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Landing {
    length: u64,
    offset: u64,
}

/// Why a piece is not taken; nothing has changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum LandingError {
    /// It begins somewhere else than where the upload stands.
    #[error("the upload stands at {offset}")]
    Offset {
        /// Where it stands.
        offset: u64,
    },
    /// It would reach beyond the length that was announced.
    #[error("the piece reaches beyond the length of {length}")]
    TooLong {
        /// The length.
        length: u64,
    },
    /// The upload was announced with another length before.
    #[error("the upload has the length {length}")]
    Length {
        /// The length.
        length: u64,
    },
    /// Longer than a bundle may be, or empty.
    #[error("an upload has 1 to {MAX_UPLOAD_BYTES} bytes")]
    Limit,
}

impl Landing {
    /// Begins an upload of an announced length.
    ///
    /// # Errors
    /// [`LandingError::Limit`].
    pub const fn begin(length: u64) -> Result<Self, LandingError> {
        if length == 0 || length > MAX_UPLOAD_BYTES { Err(LandingError::Limit) } else { Ok(Self { length, offset: 0 }) }
    }

    /// Takes up an upload that has come so far; more than was announced cannot be there.
    #[must_use]
    pub const fn resume(length: u64, offset: u64) -> Self {
        Self { length, offset: if offset > length { length } else { offset } }
    }

    /// Judges a piece before any of it is taken, and says how much of it may come at most.
    ///
    /// `announced` is the upload's length, where the piece names it; `body` the piece's, where it is known.
    ///
    /// # Errors
    /// Every kind of [`LandingError`] but the limit's.
    pub fn admit(&self, at: u64, announced: Option<u64>, body: Option<u64>) -> Result<u64, LandingError> {
        if announced.is_some_and(|announced| announced != self.length) {
            return Err(LandingError::Length { length: self.length });
        }
        if at != self.offset {
            return Err(LandingError::Offset { offset: self.offset });
        }
        let room = self.length - self.offset;
        if body.is_some_and(|body| body > room) {
            return Err(LandingError::TooLong { length: self.length });
        }
        Ok(room)
    }

    /// Notes bytes that are safely here.
    pub const fn took(&mut self, bytes: u64) {
        let sum = self.offset.saturating_add(bytes);
        self.offset = if sum > self.length { self.length } else { sum };
    }

    /// How much is safely here.
    #[must_use]
    pub const fn offset(&self) -> u64 {
        self.offset
    }

    /// How long it is.
    #[must_use]
    pub const fn length(&self) -> u64 {
        self.length
    }

    /// Whether all of it is here. That is not yet a commit.
    #[must_use]
    pub const fn is_whole(&self) -> bool {
        self.offset == self.length
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn a_piece_is_taken_only_where_the_upload_stands() {
        let mut landing = Landing::begin(100).unwrap();
        assert_eq!(landing.admit(0, Some(100), Some(60)), Ok(100));
        landing.took(60);
        assert_eq!(landing.admit(0, None, Some(60)), Err(LandingError::Offset { offset: 60 }), "the same piece twice");
        assert_eq!(landing.admit(60, None, Some(41)), Err(LandingError::TooLong { length: 100 }));
        assert_eq!(landing.admit(60, Some(99), None), Err(LandingError::Length { length: 100 }));
        assert_eq!(landing.admit(60, None, None), Ok(40));
        landing.took(40);
        assert!(landing.is_whole());
        assert_eq!(landing.admit(100, None, Some(0)), Ok(0), "an empty piece at the end asks for nothing");
    }

    #[test]
    fn lengths_have_a_limit() {
        assert_eq!(Landing::begin(0), Err(LandingError::Limit));
        assert_eq!(Landing::begin(MAX_UPLOAD_BYTES + 1), Err(LandingError::Limit));
        assert!(Landing::begin(MAX_UPLOAD_BYTES).is_ok());
    }

    #[test]
    fn more_than_was_announced_is_never_there() {
        assert!(Landing::resume(10, 11).is_whole());
    }
}
