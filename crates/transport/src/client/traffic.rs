//! Counts of what a link sent and received, for benchmarks and for the person who pays by volume.

use std::sync::atomic::{AtomicU64, Ordering};

use reqwest::header::HeaderMap;
use reqwest::{Method, StatusCode, Url};

/// What went over a link since it was made.
///
/// Counted are heads and bodies as HTTP/1.1 writes them; TLS, TCP and IP are not. Heads are *estimated*: the request
/// line and the header lines are added up with the two that the HTTP client adds by itself (`host`, and
/// `content-length` where there is a body), status lines with their usual phrase. Of a request that was cut, the body
/// counts as far as it was handed to the connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Traffic {
    /// Requests, failed ones included.
    pub requests: u64,
    /// Bytes of requests.
    pub sent: u64,
    /// Bytes of answers.
    pub received: u64,
    /// Bytes of requests that the centre has: those that it answered, and of a large bundle what it says has landed.
    pub acknowledged: u64,
}

#[derive(Debug, Default)]
pub(super) struct Counters {
    requests: AtomicU64,
    sent: AtomicU64,
    received: AtomicU64,
    acknowledged: AtomicU64,
}

impl Counters {
    pub(super) fn request(&self) {
        self.requests.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn sent(&self, bytes: usize) {
        self.sent.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    pub(super) fn received(&self, bytes: usize) {
        self.received.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    pub(super) fn acknowledged(&self, bytes: u64) {
        self.acknowledged.fetch_add(bytes, Ordering::Relaxed);
    }

    pub(super) fn snapshot(&self) -> Traffic {
        Traffic {
            requests: self.requests.load(Ordering::Relaxed),
            sent: self.sent.load(Ordering::Relaxed),
            received: self.received.load(Ordering::Relaxed),
            acknowledged: self.acknowledged.load(Ordering::Relaxed),
        }
    }
}

const CRLF: usize = 2;

pub(super) fn request_head(method: &Method, url: &Url, headers: &HeaderMap, body: Option<usize>) -> usize {
    let target = url.path().len() + url.query().map_or(0, |query| query.len() + 1);
    let line = method.as_str().len() + 1 + target + " HTTP/1.1".len() + CRLF;
    let host = url.host_str().map_or(0, str::len) + url.port().map_or(0, |port| port.to_string().len() + 1);
    let host_line = "host: ".len() + host + CRLF;
    let length_line = match body {
        Some(length) if !headers.contains_key("content-length") => {
            "content-length: ".len() + length.to_string().len() + CRLF
        }
        _ => 0,
    };
    line + host_line + length_line + header_lines(headers) + CRLF
}

pub(super) fn answer_head(status: StatusCode, headers: &HeaderMap) -> usize {
    let phrase = status.canonical_reason().map_or(0, str::len);
    "HTTP/1.1 200 ".len() + phrase + CRLF + header_lines(headers) + CRLF
}

fn header_lines(headers: &HeaderMap) -> usize {
    headers.iter().map(|(name, value)| name.as_str().len() + 2 + value.len() + CRLF).sum()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn heads_are_counted_as_they_are_written() {
        let mut headers = HeaderMap::new();
        headers.insert("selaras", "1".parse().unwrap());
        let url = Url::parse("http://127.0.0.1:8080/v1/rules?x=1").unwrap();
        let written = "POST /v1/rules?x=1 HTTP/1.1\r\nhost: 127.0.0.1:8080\r\ncontent-length: 12\r\nselaras: 1\r\n\r\n";
        assert_eq!(request_head(&Method::POST, &url, &headers, Some(12)), written.len());
        assert_eq!(answer_head(StatusCode::OK, &headers), "HTTP/1.1 200 OK\r\nselaras: 1\r\n\r\n".len());
    }
}
