//! One way of one connection: bytes in as they arrive, pieces out that end where something happens.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::{Bytes, BytesMut};
use tokio::io::AsyncReadExt as _;
use tokio::net::tcp::OwnedReadHalf;

use super::ledger::{Fate, Ledger, Met};
use super::marks::Place;
use super::plan::Way;
use crate::http::{Scan, Sort};

/// Bytes that are taken from a socket at once.
const BUFFER: usize = 16 << 10;

/// Requests of a connection that wait for their answers.
pub(super) type Turns = Arc<Mutex<VecDeque<Turn>>>;

/// A request that waits for its answer.
#[derive(Debug, Clone)]
pub(super) struct Turn {
    number: u64,
    /// HEAD was asked.
    bodiless: bool,
    fate: Fate,
}

/// One way of one connection.
#[derive(Debug)]
pub(super) struct Stream<'a> {
    ledger: &'a Ledger,
    turns: Turns,
    buffer: BytesMut,
    scan: Scan,
    place: Place,
    turn: Option<Turn>,
}

/// A piece that passed.
#[derive(Debug)]
pub(super) struct Piece {
    pub(super) bytes: Bytes,
    /// It is the last of its message.
    pub(super) ended: bool,
    pub(super) met: Option<Met>,
}

/// What a socket gave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Filled {
    Bytes,
    End,
    Reset,
}

impl<'a> Stream<'a> {
    pub(super) fn new(ledger: &'a Ledger, way: Way, connection: u64, turns: &Turns) -> Self {
        let sort = match way {
            Way::Up => Sort::Request,
            Way::Down => Sort::Answer,
        };
        let place = Place { way, connection, position: 0, message: None };
        let (turns, scan) = (Arc::clone(turns), Scan::new(sort));
        Self { ledger, turns, buffer: BytesMut::new(), scan, place, turn: None }
    }

    /// What waits before the first byte.
    pub(super) fn at_the_beginning(&self) -> Option<Met> {
        self.ledger.pass(&self.place, &mut BytesMut::new())
    }

    /// Reads what has arrived.
    pub(super) async fn fill(&mut self, from: &mut OwnedReadHalf) -> Filled {
        self.buffer.reserve(BUFFER);
        match from.read_buf(&mut self.buffer).await {
            Ok(0) => Filled::End,
            Ok(_) => Filled::Bytes,
            Err(_) => Filled::Reset,
        }
    }

    /// The next piece of what was read.
    pub(super) fn next(&mut self) -> Option<Piece> {
        if self.scan.begins(*self.buffer.first()?) {
            self.begin();
        }
        let most = self.ledger.limit(&self.place).min(self.buffer.len());
        let taken = self.scan.take(self.buffer.get(..most).unwrap_or_default());
        let mut bytes = self.buffer.split_to(taken.len);
        let met = self.ledger.pass(&self.place, &mut bytes);
        self.place.position += taken.len as u64;
        if let Some((_, offset)) = &mut self.place.message {
            *offset += taken.len as u64;
        }
        if taken.head && self.place.way == Way::Up {
            self.expect();
        }
        if taken.ended {
            self.end();
        }
        Some(Piece { bytes: bytes.freeze(), ended: taken.ended, met })
    }

    /// Gives up what was read and did not pass.
    pub(super) fn leave(&mut self) {
        let left = self.buffer.len() as u64;
        self.buffer.clear();
        self.ledger.count(self.place.way, |passed| passed.left += left);
    }

    /// What becomes of the request that is under way or, going down, of its answer.
    pub(super) fn fate(&self) -> Fate {
        self.turn.as_ref().filter(|_| !self.scan.opaque()).map(|turn| turn.fate.clone()).unwrap_or_default()
    }

    fn begin(&mut self) {
        self.turn = match self.place.way {
            Way::Up => {
                let (number, fate) = self.ledger.requested(self.place.connection);
                Some(Turn { number, bodiless: false, fate })
            }
            Way::Down => self.turns.lock().unwrap_or_else(PoisonError::into_inner).pop_front(),
        };
        self.scan.expect_no_body(self.turn.as_ref().is_some_and(|turn| turn.bodiless));
        self.place.message = self.turn.as_ref().map(|turn| (turn.number, 0));
    }

    fn expect(&mut self) {
        // What is held is answered by other ways than the upstream's connection, unless it is only held.
        let forwarded = |turn: &&Turn| turn.fate.double.is_none() && turn.fate.portal.is_none();
        if let Some(turn) = self.turn.as_ref().filter(forwarded) {
            let turn = Turn { bodiless: self.scan.head().method() == "HEAD", ..turn.clone() };
            self.turns.lock().unwrap_or_else(PoisonError::into_inner).push_back(turn);
        }
    }

    fn end(&mut self) {
        if self.scan.interim()
            && let Some(turn) = self.turn.clone()
        {
            // The answer itself is still to come.
            self.turns.lock().unwrap_or_else(PoisonError::into_inner).push_front(turn);
        }
        self.place.message = None;
    }
}
