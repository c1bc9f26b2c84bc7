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

/// The largest body of record lines that an operator sends.
pub const MAX_LINES_BODY: usize = 128 << 20;

/// The longest `Retry-After` that is believed; a longer one counts as this.
pub const MAX_RETRY_AFTER: Duration = Duration::from_secs(3_600);

/// The size of a piece in which a larger body is handed to the connection.
pub(crate) const SEND_PIECE: usize = 16 << 10;

/// Bodies up to this are handed over whole, so that the HTTP client may send them again by itself when a kept
/// connection turns out to be dead before anything was written.
pub(crate) const WHOLE_BODY: usize = 64 << 10;
