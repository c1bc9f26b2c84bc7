//! Named limits of what goes over the line.

use std::time::Duration;

/// The largest body of an exchange: a bundle that travels inside, and what stands before it. Larger ones are uploaded.
pub const MAX_EXCHANGE_BODY: usize = 256 << 10;

/// The largest answer of an exchange.
pub const MAX_EXCHANGE_ANSWER: usize = 8 << 20;

/// The largest JSON request body.
pub const MAX_JSON_BODY: usize = 256 << 10;

/// The largest JSON answer that a client reads, error bodies included.
pub const MAX_JSON_ANSWER: usize = 4 << 20;

/// The largest answer to a question for pack and rulebook, both as text.
pub const MAX_RULES_ANSWER: usize = 16 << 20;

/// The largest body with a pack, a rulebook and its examples.
pub const MAX_RULES_BODY: usize = 4 << 20;

/// The largest body of record lines that an operator sends.
pub const MAX_LINES_BODY: usize = 128 << 20;

/// The longest `Retry-After` that is believed; a longer one counts as this.
pub const MAX_RETRY_AFTER: Duration = Duration::from_secs(3_600);

/// The body of an upload probe.
pub const MAX_PROBE_UP: usize = 128 << 10;

/// The largest upload probe that a server reads; more than clients send, so that they may send more one day.
pub const MAX_PROBE_BODY: usize = 256 << 10;

/// The largest answer of a download probe.
pub const MAX_PROBE_DOWN: usize = 512 << 10;

/// What of an upload probe is sent before the answer's first line has come.
pub(crate) const PROBE_FIRST: usize = 8 << 10;

/// How long the rest of an upload probe waits for that line.
pub(crate) const PROBE_HOLD: Duration = Duration::from_secs(5);

/// The longest time of a probe: a line of 4 KiB/s needs 32 s for what goes up.
pub(crate) const PROBE_TIME: Duration = Duration::from_secs(90);

/// The size of a piece in which a larger body is handed to the connection.
pub(crate) const SEND_PIECE: usize = 16 << 10;

/// Bodies up to this are handed over whole, so that the HTTP client may send them again by itself when a kept
/// connection turns out to be dead before anything was written.
pub(crate) const WHOLE_BODY: usize = 64 << 10;
