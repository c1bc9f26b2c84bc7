//! One HTTP message, as it is kept in a file and as it goes over the line.

use std::io::{BufReader, Read};
use std::path::Path;

/// Heads that are of one connection, of one clock or of one session: a recording is kept without them.
const OF_THE_MOMENT: [&str; 9] = [
    "authorization",
    "connection",
    "content-length",
    "date",
    "host",
    "keep-alive",
    "transfer-encoding",
    "user-agent",
    "accept",
];

/// A request or an answer.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Message {
    pub(crate) start: String,
    pub(crate) heads: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Message {
    /// Reads one from a connection; none when it ended before.
    pub(crate) fn read(from: impl Read, bodiless: bool) -> Option<Self> {
        let mut from = BufReader::new(from);
        let start = line(&mut from).filter(|start| !start.is_empty())?;
        let mut heads = Vec::new();
        while let Some(head) = line(&mut from).filter(|head| !head.is_empty()) {
            let (name, value) = head.split_once(':')?;
            heads.push((name.to_ascii_lowercase(), value.trim().to_owned()));
        }
        let mut message = Self { start, heads, body: Vec::new() };
        if bodiless {
            return Some(message);
        }
        if message.head("transfer-encoding") == Some("chunked") {
            while let Some(size) = line(&mut from).and_then(|size| usize::from_str_radix(&size, 16).ok()) {
                let mut piece = vec![0; size];
                from.read_exact(&mut piece).ok()?;
                line(&mut from)?;
                message.body.extend(piece);
                if size == 0 {
                    break;
                }
            }
        } else {
            let length = message.head("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
            message.body.resize(length, 0);
            from.read_exact(&mut message.body).ok()?;
        }
        Some(message)
    }

    pub(crate) fn head(&self, name: &str) -> Option<&str> {
        self.heads.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    pub(crate) fn method(&self) -> &str {
        self.start.split(' ').next().unwrap()
    }

    pub(crate) fn path(&self) -> &str {
        self.start.split(' ').nth(1).unwrap()
    }

    pub(crate) fn status(&self) -> u16 {
        self.path().parse().unwrap()
    }

    /// Sets a head.
    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        self.heads.retain(|(known, _)| known != name);
        self.heads.push((name.to_owned(), value.to_owned()));
        self
    }

    /// As it goes over a connection that ends behind it.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        let mut text = format!("{}\r\n", self.start);
        for (name, value) in &self.heads {
            if !["connection", "content-length", "transfer-encoding"].contains(&name.as_str()) {
                text.push_str(&format!("{name}: {value}\r\n"));
            }
        }
        text.push_str(&format!("connection: close\r\ncontent-length: {}\r\n\r\n", self.body.len()));
        [text.into_bytes(), self.body.clone()].concat()
    }

    /// Keeps it: the heads that are not of the moment, an empty line, the body.
    pub(crate) fn keep(&self, file: &Path) {
        let mut text = format!("{}\n", self.start);
        for (name, value) in &self.heads {
            if !OF_THE_MOMENT.contains(&name.as_str()) {
                text.push_str(&format!("{name}: {value}\n"));
            }
        }
        std::fs::write(file, [text.as_bytes(), b"\n", &self.body].concat()).unwrap();
    }

    /// Reads what was kept.
    pub(crate) fn kept(file: &Path) -> Self {
        let bytes = std::fs::read(file).unwrap();
        let end = bytes.windows(2).position(|two| two == b"\n\n").unwrap();
        let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
        let mut lines = head.lines();
        let start = lines.next().unwrap().to_owned();
        let heads = lines.map(|line| line.split_once(": ").unwrap());
        let heads = heads.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        Self { start, heads, body: bytes[end + 2..].to_vec() }
    }
}

fn line(from: &mut impl std::io::BufRead) -> Option<String> {
    let mut line = String::new();
    let read = from.read_line(&mut line).ok()?;
    (read > 0).then(|| line.trim_end().to_owned())
}
