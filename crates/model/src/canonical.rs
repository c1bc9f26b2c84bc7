//! Canonical bytes: one encoding per value and record, the same on every computer.
//!
//! The layout is specified in docs/formats.md and pinned by proto/vectors/model.json.

use crate::{ContentHash, Date, DateError, Record, RecordId, Value};

/// Longest text value, in bytes of UTF-8.
pub const MAX_TEXT_BYTES: usize = 4096;
/// Longest code, in bytes.
pub const MAX_CODE_BYTES: usize = 64;

const CONTENT_CONTEXT: &str = "selaras 1 content";

const NULL: u8 = 0;
const TEXT: u8 = 1;
const INT: u8 = 2;
const DECIMAL: u8 = 3;
const DATE: u8 = 4;
const BOOL: u8 = 5;
const CODE: u8 = 6;
const REF: u8 = 7;

/// Says why bytes are not the canonical form of a value. It never contains the value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CanonicalError {
    /// The bytes end within a value.
    #[error("the value ends too early")]
    Truncated,
    /// The first byte names no type.
    #[error("unknown value tag {0}")]
    Tag(u8),
    /// A text or code is longer than its limit.
    #[error("a value of {len} bytes exceeds the limit of {limit}")]
    TooLong {
        /// The length that the bytes claim.
        len: u32,
        /// The limit.
        limit: usize,
    },
    /// A text is empty; the empty text is null.
    #[error("an empty text must be written as null")]
    Empty,
    /// A text is not UTF-8.
    #[error("a text is not UTF-8")]
    Utf8,
    /// A text is not in Unicode normalisation form C.
    #[error("a text is not in NFC")]
    NotNfc,
    /// A code is empty or has characters besides ASCII letters, digits, `.`, `_` and `-`.
    #[error("a code has forbidden characters")]
    Code,
    /// A bool is neither 0 nor 1.
    #[error("a bool is neither 0 nor 1")]
    Bool,
    /// A date is outside the years 1 to 9999.
    #[error(transparent)]
    Date(#[from] DateError),
}

/// Appends the canonical bytes of a value: a tag byte and the payload.
///
/// Every value made at the crate's edges ([`Value::text`], the pack's parsers) decodes again. A longer text or an
/// ill-formed code, which only the bare variants can hold, is written as it is and refused by [`decode_value`].
pub fn encode_value(value: &Value, out: &mut Vec<u8>) {
    match value {
        Value::Null => out.push(NULL),
        Value::Text(text) => tagged_bytes(TEXT, text, out),
        Value::Int(int) => tagged(INT, &int.to_be_bytes(), out),
        Value::Decimal(scaled) => tagged(DECIMAL, &scaled.to_be_bytes(), out),
        Value::Date(date) => tagged(DATE, &date.days_since_epoch().to_be_bytes(), out),
        Value::Bool(bool) => tagged(BOOL, &[u8::from(*bool)], out),
        Value::Code(code) => tagged_bytes(CODE, code, out),
        Value::Ref(id) => tagged(REF, id.as_bytes(), out),
    }
}

/// Reads one value off the front of the input and leaves the rest.
///
/// # Errors
/// Refuses whatever [`encode_value`] would not write for a value made at the crate's edges. On an error the input's
/// position is unspecified.
pub fn decode_value(input: &mut &[u8]) -> Result<Value, CanonicalError> {
    let [tag] = take(input)?;
    Ok(match tag {
        NULL => Value::Null,
        TEXT => Value::Text(decode_text(input)?),
        INT => Value::Int(i64::from_be_bytes(take(input)?)),
        DECIMAL => Value::Decimal(i64::from_be_bytes(take(input)?)),
        DATE => Value::Date(Date::from_days(i32::from_be_bytes(take(input)?))?),
        BOOL => match take(input)? {
            [0] => Value::Bool(false),
            [1] => Value::Bool(true),
            [_] => return Err(CanonicalError::Bool),
        },
        CODE => Value::Code(decode_code(input)?),
        REF => Value::Ref(RecordId::from_bytes(take(input)?)),
        other => return Err(CanonicalError::Tag(other)),
    })
}

/// Returns the bytes that a record's content hash covers: the entity's name, the id, and every field that is not null
/// in byte order of names. The deleted flag is not content; the digest element covers it.
#[must_use]
pub fn canonical_bytes(entity_name: &str, record: &Record) -> Vec<u8> {
    let mut out = Vec::with_capacity(512);
    prefixed(entity_name, &mut out);
    out.extend_from_slice(record.id.as_bytes());
    for (name, value) in record.present() {
        prefixed(name, &mut out);
        encode_value(value, &mut out);
    }
    out
}

/// Hashes the canonical bytes of a record: BLAKE3 in key derivation mode, context `selaras 1 content`.
#[must_use]
pub fn content_hash(entity_name: &str, record: &Record) -> ContentHash {
    ContentHash::from_bytes(blake3::derive_key(CONTENT_CONTEXT, &canonical_bytes(entity_name, record)))
}

/// Says whether a text can be a code: ASCII letters, digits, `.`, `_`, `-`.
pub(crate) fn is_code(text: &str) -> bool {
    (1..=MAX_CODE_BYTES).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-'))
}

fn tagged(tag: u8, payload: &[u8], out: &mut Vec<u8>) {
    out.push(tag);
    out.extend_from_slice(payload);
}

fn tagged_bytes(tag: u8, text: &str, out: &mut Vec<u8>) {
    out.push(tag);
    prefixed(text, out);
}

/// Appends a text with its length in 4 big-endian bytes.
pub(crate) fn prefixed(text: &str, out: &mut Vec<u8>) {
    // No text of 4 GiB gets past the edges; cut rather than wrapped, two such texts could still not be confused.
    let len = u32::try_from(text.len()).unwrap_or(u32::MAX);
    out.extend_from_slice(&len.to_be_bytes());
    out.extend_from_slice(text.as_bytes());
}

fn take<const N: usize>(input: &mut &[u8]) -> Result<[u8; N], CanonicalError> {
    let (head, rest) = input.split_first_chunk::<N>().ok_or(CanonicalError::Truncated)?;
    *input = rest;
    Ok(*head)
}

fn take_prefixed<'a>(input: &mut &'a [u8], limit: usize) -> Result<&'a str, CanonicalError> {
    let len = u32::from_be_bytes(take(input)?);
    let wanted = usize::try_from(len).ok().filter(|wanted| *wanted <= limit);
    let wanted = wanted.ok_or(CanonicalError::TooLong { len, limit })?;
    let (head, rest) = input.split_at_checked(wanted).ok_or(CanonicalError::Truncated)?;
    *input = rest;
    std::str::from_utf8(head).map_err(|_| CanonicalError::Utf8)
}

fn decode_text(input: &mut &[u8]) -> Result<String, CanonicalError> {
    let text = take_prefixed(input, MAX_TEXT_BYTES)?;
    if text.is_empty() {
        Err(CanonicalError::Empty)
    } else if !text.is_ascii() && !unicode_normalization::is_nfc(text) {
        Err(CanonicalError::NotNfc)
    } else {
        Ok(text.to_owned())
    }
}

fn decode_code(input: &mut &[u8]) -> Result<String, CanonicalError> {
    let code = take_prefixed(input, MAX_CODE_BYTES)?;
    if is_code(code) { Ok(code.to_owned()) } else { Err(CanonicalError::Code) }
}
