//! Where a mock centre answers otherwise than the centre behind it: plain data.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::request::Endpoint;
use crate::line::Then;

mod check;

pub use check::ScriptError;

/// A script. The default one changes nothing.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Script {
    /// What is spoken to clients.
    pub tls: Tls,
    /// What it does otherwise. The first rule that is meant decides about a request.
    #[serde(rename = "rule")]
    pub rules: Vec<Rule>,
}

/// What is spoken to clients.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Tls {
    /// Plain HTTP.
    #[default]
    None,
    /// TLS with a certificate for 127.0.0.1 and localhost that somebody else signed.
    SomeoneElse,
}

/// What happens to some requests.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Rule {
    /// To which.
    #[serde(default)]
    pub on: On,
    /// How long the answer waits.
    #[serde(default)]
    pub delay_ms: u64,
    /// The request reaches the centre although its answer is another one: the answer of a gateway that gave up.
    #[serde(default)]
    pub works: bool,
    /// What.
    pub act: Act,
}

/// Which requests a rule is for.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct On {
    /// To this endpoint; to all where it is missing.
    pub endpoint: Option<Endpoint>,
    /// By this method, in capitals.
    pub method: Option<String>,
    /// So many of them pass before it begins.
    pub after: u64,
    /// So many of them meet it then; all where it is missing.
    pub times: Option<u64>,
}

/// What happens.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Act {
    /// The centre's own answer; with a delay, a late one.
    Honest,
    /// A problem of the centre, in its own form.
    #[serde(rename_all = "kebab-case")]
    Problem {
        /// The status.
        status: u16,
        /// The code.
        code: String,
        /// Seconds, in the head `Retry-After` and in the body.
        #[serde(default)]
        retry_after: Option<u32>,
        /// Arguments of the message.
        #[serde(default)]
        args: BTreeMap<String, String>,
        /// The message in Indonesian; one that names the code where it is missing.
        #[serde(default)]
        id: Option<String>,
        /// The message in English.
        #[serde(default)]
        en: Option<String>,
    },
    /// The centre is closed, with this message: 503 `center.closed`, `Retry-After: 300`.
    Closed(String),
    /// Any answer at all.
    #[serde(rename_all = "kebab-case")]
    Answer {
        /// The status.
        status: u16,
        /// Headers; a length is added, and the marker where it is wanted.
        #[serde(default)]
        headers: BTreeMap<String, String>,
        /// The body as text.
        #[serde(default)]
        text: String,
        /// The body in base64, in place of the text.
        #[serde(default)]
        base64: Option<String>,
        /// Whether it carries the header that marks answers of a centre.
        #[serde(default = "yes")]
        marked: bool,
    },
    /// 200 with a page of somebody else, unmarked.
    Page,
    /// 302 to an address, unmarked.
    Redirect(String),
    /// The centre's own answer without the marker, as through something that strips headers it does not know.
    Unmarked,
    /// The request reaches the centre, its answer does not come.
    Lost {
        /// What the client sees instead.
        #[serde(default)]
        then: Then,
    },
    /// The centre's own answer, twice one after the other on the same connection.
    Doubled,
    /// The centre's own answer, up to a byte of it, head included.
    Cut {
        /// How many bytes come.
        after: usize,
        /// What follows.
        #[serde(default)]
        then: Then,
    },
    /// The centre's own answer, slowly.
    #[serde(rename_all = "kebab-case")]
    Slow {
        /// How slowly.
        bytes_per_second: u64,
    },
    /// 200 with so many zeros of the exchange's type, and no length told beforehand.
    TooLarge {
        /// How many.
        bytes: u64,
    },
    /// The centre's own answer with the lowest bit of one byte of its body flipped, the first byte being 0; a shorter
    /// body stays as it is.
    Flip {
        /// Which byte.
        at: usize,
    },
    /// The centre's own answer of an exchange with something wrong in it; other endpoints' answers stay as they are.
    Forge(Forgery),
}

const fn yes() -> bool {
    true
}

/// What is wrong in the answer of an exchange. Where the answer has no such part it stays as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Forgery {
    /// The last digest that an entry names is another.
    Digests,
    /// One bit of the signature over the log, and of a receipt's or a refusal's, is another.
    Signature,
    /// It says that the digests at the client's cursor were not the centre's.
    Differs,
    /// It says that the client is a copy of a computer that was seen further on.
    Copied,
    /// It is of another log.
    Epoch,
    /// The snapshot that it offers has another hash.
    Snapshot,
    /// It is no frame of zstd.
    Garbage,
}

impl Rule {
    /// What happens to a request that no rule is for.
    pub(super) fn none() -> Self {
        Self { on: On::default(), delay_ms: 0, works: false, act: Act::Honest }
    }
}

impl Act {
    /// Whether it gives, changes or loses the centre's own answer, and the request therefore reaches the centre.
    pub(super) const fn changes_the_centres(&self) -> bool {
        !matches!(
            self,
            Self::Problem { .. }
                | Self::Closed(_)
                | Self::Answer { .. }
                | Self::Page
                | Self::Redirect(_)
                | Self::TooLarge { .. }
        )
    }
}
