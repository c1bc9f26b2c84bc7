//! The few names that both halves write into HTTP heads.

/// The header that every request and every answer carries; its value is the protocol number.
///
/// An answer without it was not given by our server, whatever its status: captive portals answer 200, filtering
/// proxies 403, and neither knows this header.
pub const MARKER: &str = "selaras";

/// The header that carries a problem's code, for answers that have no body.
pub const CODE: &str = "selaras-code";

/// The header by which a request says that its bundle has landed before; such a request is the last to be turned away,
/// because turning it away frees nothing.
pub const LANDED: &str = "selaras-landed";

/// The protocol that this version speaks; what 2 has beyond 1 is in docs/protocol.md.
pub const PROTOCOL: u32 = 2;

/// The oldest protocol that a server of this version still answers (the present one and the one before).
pub const OLDEST_PROTOCOL: u32 = 1;

/// Content type of the exchange, both ways.
pub const EXCHANGE_TYPE: &str = "application/x-selaras";

/// Content type of a snapshot of a school's log.
pub const SNAPSHOT_TYPE: &str = "application/x-selaras-snapshot";

/// Content type of the JSON endpoints and of every error body.
pub const JSON_TYPE: &str = "application/json";

/// Content type of bytes that mean nothing, for probes.
pub const BYTES_TYPE: &str = "application/octet-stream";

/// Content type of record lines: one JSON object a line.
pub const LINES_TYPE: &str = "application/x-ndjson";

/// The essence of a content type: what stands before its parameters, without blanks.
pub(crate) fn essence(content_type: &str) -> &str {
    content_type.split(';').next().unwrap_or_default().trim()
}
