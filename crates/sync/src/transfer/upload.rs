//! The client's half: one bundle, until all of it has landed.

use std::time::Duration;

/// The size of the first piece: about two seconds of a line of 1 Mbit/s.
pub const FIRST_PIECE: u64 = 256 << 10;
/// The smallest piece. A middlebox that takes whole requests, on a line that is cut all the time, lets nothing larger
/// through.
pub const SMALLEST_PIECE: u64 = 4 << 10;
/// The largest piece: what a cut at its end may cost where a middlebox takes whole requests.
const LARGEST_PIECE: u64 = 8 << 20;
/// A piece that took no longer than this may be followed by one of twice the size: people see how far it is whenever
/// a piece is acknowledged.
const QUICK: Duration = Duration::from_secs(5);
/// A piece that took longer than this is followed by one of half the size.
const SLOW: Duration = Duration::from_secs(20);
/// How often the centre may find the landed bytes to be others before the client gives up.
const MAX_SPOILT: u8 = 3;

/// What the client does next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// Ask the centre how much it has.
    Ask,
    /// Send this piece.
    Send(Piece),
    /// All of it has landed: commit it by its id.
    Landed,
}

/// A stretch of the bundle's bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Piece {
    /// The first byte.
    pub from: u64,
    /// How many.
    pub length: u64,
}

/// Why an upload cannot go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum UploadError {
    /// The other side says that it has more than there is: it is not our centre, or speaks of other bytes.
    #[error("the other side has {offset} bytes of {total}")]
    Beyond {
        /// What it says that it has.
        offset: u64,
        /// What there is.
        total: u64,
    },
    /// What landed was found to be other bytes, again and again: something on the line alters them.
    #[error("the landed bytes were others {MAX_SPOILT} times")]
    Spoilt,
}

/// An upload in progress.
///
/// It keeps nothing that has to survive: a new process starts with [`Upload::new`] and asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Upload {
    total: u64,
    /// What the centre has, as far as it said; none after a cut, when only asking can tell.
    offset: Option<u64>,
    /// The most that it ever said.
    reached: u64,
    /// The piece that was on its way when the line was cut.
    cut: Option<Piece>,
    size: u64,
    spoilt: u8,
}

impl Upload {
    /// Begins, or goes on where the centre says; `total` is the bundle's length.
    #[must_use]
    pub const fn new(total: u64) -> Self {
        Self { total, offset: None, reached: 0, cut: None, size: FIRST_PIECE, spoilt: 0 }
    }

    /// Gives what is to be done now.
    #[must_use]
    pub fn next(&self) -> Next {
        match self.offset {
            None => Next::Ask,
            Some(offset) if offset >= self.total => Next::Landed,
            Some(from) => Next::Send(Piece { from, length: self.size.min(self.total - from) }),
        }
    }

    /// How many bytes the centre has acknowledged.
    #[must_use]
    pub fn acknowledged(&self) -> u64 {
        self.offset.unwrap_or(self.reached)
    }

    /// The most that the centre ever said it has.
    #[must_use]
    pub const fn reached(&self) -> u64 {
        self.reached
    }

    /// The bundle's length.
    #[must_use]
    pub const fn total(&self) -> u64 {
        self.total
    }

    /// Takes the centre's word on how much it has: the answer to a question, or to a piece at another offset. Says
    /// whether that is more than was known.
    ///
    /// # Errors
    /// [`UploadError::Beyond`].
    pub fn told(&mut self, offset: u64) -> Result<bool, UploadError> {
        self.checked(offset)?;
        if let Some(cut) = self.cut.take() {
            // Nothing of a whole piece arrived: whoever stands between takes whole requests. A smaller one may pass.
            if offset <= cut.from {
                self.size = (cut.length / 2).max(SMALLEST_PIECE);
            }
        }
        Ok(self.stands_at(offset))
    }

    /// Takes the centre's word that it knows nothing of this bundle.
    ///
    /// Only its own answer says so; a failed question never does, or an error would cost everything that has landed.
    pub fn unknown(&mut self) {
        if let Some(cut) = self.cut.take() {
            self.size = (cut.length / 2).max(SMALLEST_PIECE);
        }
        self.offset = Some(0);
    }

    /// Takes the acknowledgement of a piece that took so long. Says whether more has landed than was known.
    ///
    /// # Errors
    /// [`UploadError::Beyond`].
    pub fn landed(&mut self, offset: u64, took: Duration) -> Result<bool, UploadError> {
        self.checked(offset)?;
        if took <= QUICK {
            self.size = self.size.saturating_mul(2).min(LARGEST_PIECE);
        } else if took > SLOW {
            self.size = (self.size / 2).max(SMALLEST_PIECE);
        }
        Ok(self.stands_at(offset))
    }

    /// Notes that a piece had no answer: how much of it arrived, only the centre knows.
    pub fn cut(&mut self) {
        if let Next::Send(piece) = self.next() {
            self.cut = Some(piece);
        }
        self.offset = None;
    }

    /// Notes that what landed has another hash than the bundle, and that the centre dropped it.
    ///
    /// # Errors
    /// [`UploadError::Spoilt`] when it happens again and again.
    pub fn spoilt(&mut self) -> Result<(), UploadError> {
        self.spoilt += 1;
        if self.spoilt >= MAX_SPOILT {
            return Err(UploadError::Spoilt);
        }
        self.offset = Some(0);
        self.cut = None;
        Ok(())
    }

    const fn checked(&self, offset: u64) -> Result<(), UploadError> {
        if offset > self.total { Err(UploadError::Beyond { offset, total: self.total }) } else { Ok(()) }
    }

    fn stands_at(&mut self, offset: u64) -> bool {
        self.offset = Some(offset);
        let further = offset > self.reached;
        self.reached = self.reached.max(offset);
        further
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    const KIB: u64 = 1 << 10;

    fn piece(upload: &Upload) -> Piece {
        let Next::Send(piece) = upload.next() else { unreachable!("{:?}", upload.next()) };
        piece
    }

    #[test]
    fn it_asks_before_it_sends_and_believes_the_answer() {
        let mut upload = Upload::new(1 << 20);
        assert_eq!(upload.next(), Next::Ask);
        assert!(upload.told(300 * KIB).unwrap());
        assert_eq!(upload.next(), Next::Send(Piece { from: 300 * KIB, length: FIRST_PIECE }));
        assert!(!upload.told(300 * KIB).unwrap(), "the same again is no progress");
    }

    #[test]
    fn pieces_grow_while_they_are_quick_and_shrink_when_they_are_slow() {
        let mut upload = Upload::new(64 << 20);
        upload.unknown();
        for size in [256, 512, 1_024] {
            let Piece { from, length } = piece(&upload);
            assert_eq!(length, size * KIB);
            upload.landed(from + length, Duration::from_secs(1)).unwrap();
        }
        let Piece { from, length } = piece(&upload);
        upload.landed(from + length, Duration::from_secs(10)).unwrap();
        assert_eq!(piece(&upload).length, length, "neither quick nor slow");
        let Piece { from, .. } = piece(&upload);
        upload.landed(from + length, Duration::from_secs(60)).unwrap();
        assert_eq!(piece(&upload).length, length / 2);
    }

    #[test]
    fn a_cut_that_let_something_through_shrinks_nothing() {
        let mut upload = Upload::new(1 << 20);
        upload.unknown();
        upload.cut();
        assert_eq!(upload.next(), Next::Ask);
        assert!(upload.told(64 * KIB).unwrap());
        assert_eq!(piece(&upload), Piece { from: 64 * KIB, length: FIRST_PIECE });
    }

    #[test]
    fn where_whole_requests_are_taken_pieces_shrink_until_one_passes() {
        let mut upload = Upload::new(1 << 20);
        upload.unknown();
        let mut sizes = Vec::new();
        for _ in 0..8 {
            sizes.push(piece(&upload).length / KIB);
            upload.cut();
            assert!(!upload.told(0).unwrap());
        }
        assert_eq!(sizes, [256, 128, 64, 32, 16, 8, 4, 4]);
    }

    #[test]
    fn a_question_that_failed_costs_nothing_of_what_has_landed() {
        let mut upload = Upload::new(1 << 20);
        upload.told(512 * KIB).unwrap();
        upload.cut();
        // The question fails too: there is no answer to take, and asking again is what follows.
        assert_eq!((upload.next(), upload.acknowledged()), (Next::Ask, 512 * KIB));
        upload.told(512 * KIB).unwrap();
        assert_eq!(piece(&upload).from, 512 * KIB);
    }

    #[test]
    fn an_offset_beyond_the_end_is_not_believed() {
        let mut upload = Upload::new(10);
        assert_eq!(upload.told(11), Err(UploadError::Beyond { offset: 11, total: 10 }));
        assert_eq!(upload.next(), Next::Ask);
    }

    #[test]
    fn other_bytes_are_sent_anew_and_not_for_ever() {
        let mut upload = Upload::new(10);
        upload.told(10).unwrap();
        assert_eq!(upload.next(), Next::Landed);
        upload.spoilt().unwrap();
        assert_eq!(piece(&upload).from, 0);
        upload.spoilt().unwrap();
        assert_eq!(upload.spoilt(), Err(UploadError::Spoilt));
    }
}
