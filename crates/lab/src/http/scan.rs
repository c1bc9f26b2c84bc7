//! Follows one direction of a connection from message to message.

use super::chunks::{Chunks, Went};
use super::head::{Head, MAX_HEAD};

/// What kind of messages goes this way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sort {
    /// Requests.
    Request,
    /// Answers.
    Answer,
}

/// Follows one direction of a connection.
#[derive(Debug)]
pub(crate) struct Scan {
    sort: Sort,
    state: State,
    bytes: Vec<u8>,
    head: Head,
    /// The decoded body, where somebody wants it.
    body: Option<Vec<u8>>,
    bodiless: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Idle,
    Head,
    Length(u64),
    Chunked(Chunks),
    UntilClose,
    Opaque,
}

/// What was taken of some bytes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Taken {
    /// Bytes that belong to the message under way.
    pub(crate) len: usize,
    /// The head was completed by them.
    pub(crate) head: bool,
    /// The message ends with them.
    pub(crate) ended: bool,
}

impl Scan {
    /// Begins between two messages.
    pub(crate) fn new(sort: Sort) -> Self {
        Self { sort, state: State::Idle, bytes: Vec::new(), head: Head::default(), body: None, bodiless: false }
    }

    /// Keeps the bodies of messages too, without their framing.
    pub(crate) fn collecting(sort: Sort) -> Self {
        Self { body: Some(Vec::new()), ..Self::new(sort) }
    }

    /// Whether the next byte begins a message.
    pub(crate) fn begins(&self, byte: u8) -> bool {
        self.state == State::Idle && self.looks_right(byte)
    }

    /// Whether this is not HTTP, or not as we know it; then everything belongs to one message without an end.
    pub(crate) fn opaque(&self) -> bool {
        self.state == State::Opaque
    }

    /// Whether the message ends with the connection alone.
    pub(crate) fn ends_with_the_connection(&self) -> bool {
        matches!(self.state, State::UntilClose | State::Opaque)
    }

    /// The head of the message that is under way or ended last.
    pub(crate) fn head(&self) -> &Head {
        &self.head
    }

    /// Takes what was kept of the body since the last time.
    pub(crate) fn take_body(&mut self) -> Vec<u8> {
        self.body.as_mut().map(std::mem::take).unwrap_or_default()
    }

    /// Says that the next answer has no body whatever its head says, because HEAD was asked.
    pub(crate) fn expect_no_body(&mut self, bodiless: bool) {
        self.bodiless = bodiless;
    }

    /// Whether the answer is one before the answer (100 Continue).
    pub(crate) fn interim(&self) -> bool {
        self.sort == Sort::Answer && self.head.status().is_some_and(|status| (100..200).contains(&status))
    }

    /// Takes of the bytes what belongs to the message under way, at most up to its end.
    pub(crate) fn take(&mut self, bytes: &[u8]) -> Taken {
        let mut taken = Taken::default();
        while let Some(rest) = bytes.get(taken.len..).filter(|rest| !rest.is_empty() && !taken.ended) {
            taken.len += self.step(rest, &mut taken);
        }
        taken
    }

    fn step(&mut self, rest: &[u8], taken: &mut Taken) -> usize {
        match self.state {
            State::Idle => {
                let right = rest.first().is_some_and(|byte| self.looks_right(*byte));
                self.state = if right { State::Head } else { State::Opaque };
                self.bytes.clear();
                self.body.iter_mut().for_each(Vec::clear);
                0
            }
            State::Head => self.take_head(rest, taken),
            State::UntilClose | State::Opaque => {
                self.keep(rest);
                rest.len()
            }
            State::Length(left) => {
                let used = usize::try_from(left).map_or(rest.len(), |left| left.min(rest.len()));
                self.keep(rest.get(..used).unwrap_or_default());
                self.goes_on(State::Length(left - used as u64), taken);
                used
            }
            State::Chunked(chunks) => self.take_chunk(chunks, rest, taken),
        }
    }

    fn take_head(&mut self, rest: &[u8], taken: &mut Taken) -> usize {
        for (at, byte) in rest.iter().enumerate() {
            self.bytes.push(*byte);
            if self.bytes.ends_with(b"\r\n\r\n") {
                taken.head = true;
                match Head::parse(&self.bytes) {
                    Some(head) => {
                        self.head = head;
                        let body = self.body_state();
                        self.goes_on(body, taken);
                    }
                    None => self.state = State::Opaque,
                }
                return at + 1;
            }
            if self.bytes.len() > MAX_HEAD {
                self.state = State::Opaque;
                return at + 1;
            }
        }
        rest.len()
    }

    fn body_state(&self) -> State {
        let status = self.head.status().filter(|_| self.sort == Sort::Answer);
        match status {
            Some(101) => return State::Opaque,
            Some(100..200 | 204 | 304) => return State::Length(0),
            Some(_) if self.bodiless => return State::Length(0),
            _ => {}
        }
        if self.head.chunked() {
            return State::Chunked(Chunks::Size(0));
        }
        match (self.head.length(), self.sort) {
            (Some(length), _) => State::Length(length),
            (None, Sort::Request) => State::Length(0),
            (None, Sort::Answer) => State::UntilClose,
        }
    }

    fn take_chunk(&mut self, chunks: Chunks, rest: &[u8], taken: &mut Taken) -> usize {
        match chunks.take(rest) {
            Went::Framing(next) => {
                self.state = State::Chunked(next);
                1
            }
            Went::Data(used, next) => {
                self.keep(rest.get(..used).unwrap_or_default());
                self.state = State::Chunked(next);
                used
            }
            Went::Ended => {
                self.goes_on(State::Length(0), taken);
                1
            }
            Went::Broken => {
                self.state = State::Opaque;
                0
            }
        }
    }

    fn goes_on(&mut self, state: State, taken: &mut Taken) {
        taken.ended = state == State::Length(0);
        self.state = if taken.ended { State::Idle } else { state };
    }

    fn keep(&mut self, bytes: &[u8]) {
        if let Some(body) = &mut self.body {
            body.extend_from_slice(bytes);
        }
    }

    fn looks_right(&self, byte: u8) -> bool {
        match self.sort {
            Sort::Request => byte.is_ascii_uppercase(),
            Sort::Answer => byte == b'H',
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::indexing_slicing, reason = "tests")]

    use super::*;

    /// Feeds a text in pieces of a size; gives the ends of messages.
    fn messages(sort: Sort, text: &str, piece: usize) -> Vec<usize> {
        let mut scan = Scan::new(sort);
        let (mut at, mut found) = (0, Vec::new());
        while at < text.len() {
            let end = (at + piece).min(text.len());
            let taken = scan.take(&text.as_bytes()[at..end]);
            assert!(taken.len > 0);
            at += taken.len;
            if taken.ended {
                found.push(at);
            }
        }
        found
    }

    #[test]
    fn messages_end_where_they_end_in_whatever_pieces() {
        let requests = [
            "GET / HTTP/1.1\r\nhost: a\r\n\r\n",
            "POST /x HTTP/1.1\r\nContent-Length: 5\r\n\r\nhello",
            "PUT /y HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n4;a=b\r\nWiki\r\nA\r\n0123456789\r\n0\r\nx: y\r\n\r\n",
            "HEAD / HTTP/1.1\r\n\r\n",
        ];
        let text = requests.concat();
        let mut end = 0;
        let expected = requests.map(|text| {
            end += text.len();
            end
        });
        for piece in 1..=text.len() {
            assert_eq!(messages(Sort::Request, &text, piece), expected, "pieces of {piece}");
        }
    }

    #[test]
    fn bodies_are_kept_without_their_framing() {
        let text = "PUT /y HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n4;a=b\r\nWiki\r\nA\r\n0123456789\r\n0\r\nx: y\r\n\r\n";
        for piece in [1, 7, text.len()] {
            let mut scan = Scan::collecting(Sort::Request);
            let mut body = Vec::new();
            for bytes in text.as_bytes().chunks(piece) {
                assert_eq!(scan.take(bytes).len, bytes.len());
                body.extend(scan.take_body());
            }
            assert_eq!(body, b"Wiki0123456789", "pieces of {piece}");
        }
    }

    #[test]
    fn answers_without_a_length_end_with_the_connection() {
        let text = "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No Content\r\n\r\nHTTP/1.1 200 OK\r\n\r\nto the end";
        assert_eq!(messages(Sort::Answer, text, 7).len(), 2);
        let mut scan = Scan::new(Sort::Answer);
        scan.expect_no_body(true);
        let head = b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n";
        assert_eq!(scan.take(head), Taken { len: head.len(), head: true, ended: true });
    }

    #[test]
    fn what_is_not_http_is_opaque() {
        for text in ["\u{16}\u{3}\u{1}", "GET\r\n\r\n", "GET / HTTP/1.1\r\nno colon\r\n\r\n"] {
            let mut scan = Scan::new(Sort::Request);
            assert_eq!(scan.take(text.as_bytes()).len, text.len());
            assert!(scan.opaque(), "{text:?}");
        }
        let mut scan = Scan::new(Sort::Request);
        scan.take(b"POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n");
        assert!(scan.opaque());
    }
}
