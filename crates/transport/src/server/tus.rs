//! The heads of tus 1.0 (resumable uploads): what a request says, and what every answer carries.

use axum::http::{HeaderMap, HeaderName, HeaderValue, Method};
use data_encoding::BASE64;

/// The version of tus that is spoken.
pub const TUS_VERSION: &str = "1.0.0";
/// The extensions that are spoken.
pub const TUS_EXTENSIONS: &str = "creation,expiration,termination";
/// The content type of a piece.
pub const TUS_TYPE: &str = "application/offset+octet-stream";

/// The version of tus, in every request but `OPTIONS`, and in every answer.
pub const TUS_RESUMABLE: HeaderName = HeaderName::from_static("tus-resumable");
/// Where an upload stands, or a piece begins.
pub const UPLOAD_OFFSET: HeaderName = HeaderName::from_static("upload-offset");
/// How long an upload is.
pub const UPLOAD_LENGTH: HeaderName = HeaderName::from_static("upload-length");
/// When an unfinished upload is dropped.
pub const UPLOAD_EXPIRES: HeaderName = HeaderName::from_static("upload-expires");
/// What a client says of an upload when it is made.
pub const UPLOAD_METADATA: HeaderName = HeaderName::from_static("upload-metadata");
const METHOD_OVERRIDE: HeaderName = HeaderName::from_static("x-http-method-override");

/// Longest metadata that is read.
const MAX_METADATA: usize = 4 << 10;

/// Whether a request speaks the version of tus that is spoken here.
#[must_use]
pub fn speaks_tus(headers: &HeaderMap) -> bool {
    headers.get(TUS_RESUMABLE).is_some_and(|value| value == HeaderValue::from_static(TUS_VERSION))
}

/// A head that holds a number of bytes; `None` where it is missing.
///
/// # Errors
/// Where it is there and no number: such a request must not be taken for one without it.
pub fn number(headers: &HeaderMap, name: &HeaderName) -> Result<Option<u64>, NotANumber> {
    let mut values = headers.get_all(name).iter();
    let Some(value) = values.next() else { return Ok(None) };
    if values.next().is_some() {
        return Err(NotANumber);
    }
    let digits = value.to_str().map_err(|_| NotANumber)?.trim();
    // No sign, no blanks within, nothing that `parse` would be lenient about.
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(NotANumber);
    }
    digits.parse().map(Some).map_err(|_| NotANumber)
}

/// A head that should hold a number and does not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a number of bytes")]
pub struct NotANumber;

/// A value of `Upload-Metadata`, which may be missing, empty, or without this key.
#[must_use]
pub fn metadata(headers: &HeaderMap, key: &str) -> Option<String> {
    let text = headers.get(UPLOAD_METADATA)?.to_str().ok().filter(|text| text.len() <= MAX_METADATA)?;
    let mut pairs = text.split(',').map(|pair| pair.trim().split_once(' ').unwrap_or((pair.trim(), "")));
    let (_, value) = pairs.find(|(name, _)| *name == key)?;
    String::from_utf8(BASE64.decode(value.trim().as_bytes()).ok()?).ok()
}

/// The method that a client means which may only send `POST` (some old proxies let nothing else through).
#[must_use]
pub fn meant_method(headers: &HeaderMap) -> Option<Method> {
    let value = headers.get(METHOD_OVERRIDE)?.to_str().ok()?.trim().to_ascii_uppercase();
    [Method::PATCH, Method::DELETE, Method::HEAD].into_iter().find(|method| method.as_str() == value)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    fn head(name: &'static str, value: &str) -> HeaderMap {
        HeaderMap::from_iter([(name.parse().unwrap(), value.parse().unwrap())])
    }

    #[test]
    fn numbers_are_digits_and_nothing_else() {
        for (value, read) in [("0", Ok(Some(0))), ("42", Ok(Some(42))), ("18446744073709551616", Err(NotANumber))] {
            assert_eq!(number(&head("upload-offset", value), &UPLOAD_OFFSET), read, "{value}");
        }
        for value in ["", "-1", "+1", "1 2", "0x10", "1.0", "1,1"] {
            assert_eq!(number(&head("upload-offset", value), &UPLOAD_OFFSET), Err(NotANumber), "{value}");
        }
        assert_eq!(number(&HeaderMap::new(), &UPLOAD_OFFSET), Ok(None));
        let mut twice = head("upload-offset", "1");
        twice.append(UPLOAD_OFFSET, HeaderValue::from_static("2"));
        assert_eq!(number(&twice, &UPLOAD_OFFSET), Err(NotANumber));
    }

    #[test]
    fn metadata_may_be_missing_empty_or_of_others() {
        assert_eq!(metadata(&HeaderMap::new(), "bundle"), None);
        assert_eq!(metadata(&head("upload-metadata", ""), "bundle"), None);
        assert_eq!(metadata(&head("upload-metadata", "filename eA==,bundle"), "bundle").as_deref(), Some(""));
        assert_eq!(metadata(&head("upload-metadata", "filename eA==, bundle YWI="), "bundle").as_deref(), Some("ab"));
        assert_eq!(metadata(&head("upload-metadata", "bundle %%%"), "bundle"), None);
    }

    #[test]
    fn only_methods_of_uploads_are_meant() {
        assert_eq!(meant_method(&head("x-http-method-override", "patch")), Some(Method::PATCH));
        assert_eq!(meant_method(&head("x-http-method-override", "PUT")), None);
        assert_eq!(meant_method(&HeaderMap::new()), None);
    }
}
