//! What a link is made from.

use std::time::Duration;

use super::trust::Trust;

/// How a link reaches the centre.
#[derive(Debug, Clone)]
pub struct LinkOptions {
    /// The centre's address: `https://host[:port][/path]`; `http` is allowed to this computer only.
    pub base_url: String,
    /// Whose certificates are believed.
    pub trust: Trust,
    /// How long to wait for what.
    pub timeouts: Timeouts,
    /// Sent as `User-Agent`; short, because it is part of every request.
    pub agent: String,
}

impl LinkOptions {
    /// The usual timeouts and agent.
    #[must_use]
    pub fn new(base_url: impl Into<String>, trust: Trust) -> Self {
        Self {
            base_url: base_url.into(),
            trust,
            timeouts: Timeouts::default(),
            agent: concat!("selaras/", env!("CARGO_PKG_VERSION")).to_owned(),
        }
    }
}

/// How long a link waits for what; none of them limits a whole call that gets on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timeouts {
    /// For a connection with TLS on it.
    pub connect: Duration,
    /// Without a byte of the answer's body arriving. On Linux also without the other side confirming bytes that were
    /// sent.
    pub stall: Duration,
    /// Without the connection taking the next piece of a request's body. Longer than [`Timeouts::stall`], because the
    /// HTTP client takes some 400 KiB ahead of a TLS connection, and a line of 4 KiB/s needs 100 s for them.
    pub send_stall: Duration,
    /// For the answer's head once the request has been handed over: the centre works on a first upload for a while.
    pub answer: Duration,
    /// How long an unused connection is kept.
    pub idle: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(15),
            stall: Duration::from_secs(20),
            send_stall: Duration::from_secs(120),
            answer: Duration::from_secs(300),
            idle: Duration::from_secs(90),
        }
    }
}
