//! What went over a line, as it can be read at any time.

use serde::Serialize;

/// What went over a line since it was set up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Counts {
    /// Connections that were taken.
    pub connections: u64,
    /// Requests of which the first byte was seen; those in a TLS connection are not seen.
    pub requests: u64,
    /// Connections that a fault ended.
    pub cuts: u64,
    /// Connections that found no upstream.
    pub unreached: u64,
    /// From the client to the upstream.
    pub up: Passed,
    /// From the upstream to the client.
    pub down: Passed,
}

/// Bytes of one way, heads and bodies together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Passed {
    /// Bytes that their sender got onto the line.
    pub read: u64,
    /// Bytes of those that were given on to the other side.
    pub forwarded: u64,
    /// Bytes that the proxy added itself: a portal's answers, a request's second delivery.
    pub own: u64,
    /// Bytes that lay in the sender's socket at a cut and never were on the line; how many depends on the system.
    pub left: u64,
}

impl Passed {
    /// Bytes that were sent for nothing: read and not given on. While something is under way it counts too.
    #[must_use]
    pub const fn wasted(&self) -> u64 {
        self.read.saturating_sub(self.forwarded)
    }
}
