//! What every request passes: the marker on answers, the protocol check, the token in the head.

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::rejection::{Lookup, Rejection};
use crate::wire::{MARKER, OLDEST_PROTOCOL, PROTOCOL};

/// Marks every answer as ours; the outermost layer, so that errors and unknown paths are marked too.
pub async fn mark(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    response.headers_mut().insert(MARKER, HeaderValue::from(PROTOCOL));
    response
}

/// Refuses requests without the marker or of a protocol that this server does not speak.
pub async fn require_protocol(State(lookup): State<Lookup>, request: Request, next: Next) -> Response {
    match spoken(request.headers()) {
        Ok(_) => next.run(request).await,
        Err(rejection) => rejection.problem(lookup).into_response(),
    }
}

fn spoken(headers: &HeaderMap) -> Result<u32, Rejection> {
    let value = headers.get(MARKER).and_then(|value| value.to_str().ok()).ok_or(Rejection::NoMarker)?;
    let protocol = value.trim().parse().map_err(|_| Rejection::NoMarker)?;
    match protocol {
        old if old < OLDEST_PROTOCOL => Err(Rejection::TooOld(old)),
        new if new > PROTOCOL => Err(Rejection::TooNew(new)),
        known => Ok(known),
    }
}

/// The token of `Authorization: Bearer`.
#[must_use]
pub fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    fn head(name: &'static str, value: &str) -> HeaderMap {
        HeaderMap::from_iter([(name.parse().unwrap(), value.parse().unwrap())])
    }

    #[test]
    fn only_known_protocols_pass() {
        assert_eq!(spoken(&head("selaras", "2")), Ok(2));
        assert_eq!(spoken(&head("selaras", "1")), Ok(1), "the one before is answered");
        assert_eq!(spoken(&head("selaras", "0")), Err(Rejection::TooOld(0)));
        assert_eq!(spoken(&head("selaras", "3")), Err(Rejection::TooNew(3)));
        assert_eq!(spoken(&head("selaras", "99")), Err(Rejection::TooNew(99)));
        assert_eq!(spoken(&head("selaras", "x")), Err(Rejection::NoMarker));
        assert_eq!(spoken(&head("host", "x")), Err(Rejection::NoMarker));
    }

    #[test]
    fn a_token_is_read_from_its_scheme_alone() {
        assert_eq!(bearer(&head("authorization", "Bearer abc")), Some("abc"));
        assert_eq!(bearer(&head("authorization", "Basic abc")), None);
        assert_eq!(bearer(&HeaderMap::new()), None);
    }
}
