//! An answer before it is written.

use std::collections::BTreeMap;

use data_encoding::BASE64;
use serde::Serialize;

use super::script::Act;
use crate::http::Head;

/// The header that marks answers of a centre, with the protocol's number.
const MARKER: (&str, &str) = ("selaras", "2");
/// The header with a problem's code, for answers without a body.
const CODE: &str = "selaras-code";
/// How long schools are asked to stay away from a closed centre.
const CLOSED_SECONDS: u32 = 300;
/// The type of an exchange, both ways.
pub(super) const EXCHANGE_TYPE: &str = "application/x-selaras";
const PAGE: &str = "<!doctype html><title>Login</title><h1>Selamat datang</h1><p>Masukkan kode voucher.</p>";

/// An answer: its length is told when it is written, whatever told it before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Vec<u8>,
}

impl Answer {
    fn of(status: u16, content_type: &str, body: Vec<u8>) -> Self {
        Self { status, headers: Vec::new(), body }.with("content-type", content_type)
    }

    /// An answer of the centre behind.
    pub(super) fn come(head: &Head, body: Vec<u8>) -> Self {
        let between = ["content-length", "transfer-encoding", "connection", "keep-alive"];
        let kept = head.headers().iter().filter(|(name, _)| !between.contains(&name.as_str()));
        Self { status: head.status().unwrap_or_default(), headers: kept.cloned().collect(), body }
    }

    /// Nobody is behind, or nobody answers there; it is not marked, because no centre says it.
    pub(super) fn nobody(status: u16) -> Self {
        Self::of(status, "text/plain", b"the mock centre has no centre behind it that answers this".to_vec())
    }

    fn with(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_string()));
        self
    }

    fn marked(self) -> Self {
        let (name, value) = MARKER;
        self.with(name, value)
    }

    /// The same without the marker.
    pub(super) fn unmarked(mut self) -> Self {
        self.headers.retain(|(name, _)| name != MARKER.0);
        self
    }

    /// The first header of a name.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// What a rule gives by itself; none where it changes the centre's own answer.
    pub(super) fn scripted(act: &Act) -> Option<Self> {
        Some(match act {
            Act::Problem { status, code, retry_after, args, id, en } => {
                let texts = Texts {
                    id: id.clone().unwrap_or_else(|| format!("Pusat tiruan: {code}.")),
                    en: en.clone().unwrap_or_else(|| format!("The mock centre: {code}.")),
                };
                problem(*status, code, *retry_after, args.clone(), texts)
            }
            Act::Closed(message) => {
                let args = [("message", message.clone()), ("seconds", CLOSED_SECONDS.to_string())];
                let args = args.map(|(name, value)| (name.to_owned(), value)).into();
                let texts = Texts {
                    id: format!("Pusat ditutup sementara: {message}"),
                    en: format!("The centre is closed for now: {message}"),
                };
                problem(503, "center.closed", Some(CLOSED_SECONDS), args, texts)
            }
            Act::Answer { status, headers, text, base64, marked } => {
                // Checked with the script.
                let bytes = base64.as_ref().and_then(|body| BASE64.decode(body.as_bytes()).ok());
                let headers = headers.iter().map(|(name, value)| (name.to_ascii_lowercase(), value.clone())).collect();
                let body = bytes.unwrap_or_else(|| text.clone().into_bytes());
                let answer = Self { status: *status, headers, body };
                if *marked { answer.marked() } else { answer }
            }
            Act::Page => Self::of(200, "text/html", PAGE.as_bytes().to_vec()),
            Act::Redirect(to) => Self { status: 302, headers: Vec::new(), body: Vec::new() }.with("location", to),
            Act::TooLarge { .. } => Self::of(200, EXCHANGE_TYPE, Vec::new()).marked(),
            _ => return None,
        })
    }

    /// The answer as it is written; to a question by HEAD without its body.
    pub(super) fn bytes(&self, by_head: bool) -> Vec<u8> {
        let mut bytes = self.head(Some(self.body.len()).filter(|_| !by_head)).into_bytes();
        if !by_head {
            bytes.extend_from_slice(&self.body);
        }
        bytes
    }

    /// The head of an answer whose body ends with the connection.
    pub(super) fn head_without_end(self) -> String {
        self.with("connection", "close").head(None)
    }

    fn head(&self, length: Option<usize>) -> String {
        let mut head = format!("HTTP/1.1 {} {}\r\n", self.status, phrase(self.status));
        for (name, value) in &self.headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        // No body may follow these two, and none is announced.
        if let Some(length) = length.filter(|_| !matches!(self.status, 204 | 304)) {
            head.push_str(&format!("content-length: {length}\r\n"));
        }
        head.push_str("\r\n");
        head
    }
}

/// The body of a centre's problem, as docs/protocol.md says it.
#[derive(Serialize)]
struct Body<'a> {
    code: &'a str,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    args: BTreeMap<String, String>,
    retry: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_after: Option<u32>,
    who: &'static str,
    message: Texts,
}

#[derive(Serialize)]
struct Texts {
    id: String,
    en: String,
}

fn problem(
    status: u16,
    code: &str,
    retry_after: Option<u32>,
    args: BTreeMap<String, String>,
    message: Texts,
) -> Answer {
    let retry = match status {
        401 | 409 => "now",
        408 | 425 | 429 | 500.. => "after",
        _ => "after_human_action",
    };
    let body = Body { code, args, retry, retry_after, who: "centre", message };
    let answer = Answer::of(status, "application/json", serde_json::to_vec(&body).unwrap_or_default());
    let answer = answer.marked().with(CODE, code);
    match retry_after {
        Some(seconds) => answer.with("retry-after", &seconds.to_string()),
        None => answer,
    }
}

/// Clients go by the number; the phrase is for people who look at the bytes.
const fn phrase(status: u16) -> &'static str {
    match status {
        200 => "OK",
        201 => "Created",
        204 => "No Content",
        302 => "Found",
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        409 => "Conflict",
        413 => "Content Too Large",
        422 => "Unprocessable Content",
        426 => "Upgrade Required",
        429 => "Too Many Requests",
        500 => "Internal Server Error",
        501 => "Not Implemented",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        504 => "Gateway Timeout",
        507 => "Insufficient Storage",
        _ => "Status",
    }
}
