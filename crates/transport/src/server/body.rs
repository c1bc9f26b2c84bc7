//! Reads request bodies as they arrive, under a limit of size, of standing still, and of all bodies together.

use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, HttpBody};
use axum::http::{HeaderMap, header};
use bytes::{Bytes, BytesMut};
use futures_util::StreamExt;
use serde::de::DeserializeOwned;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::rejection::Rejection;
use crate::limits::MAX_JSON_BODY;
use crate::wire::{JSON_TYPE, essence};

/// Bytes that one permit of the budget stands for.
const PERMIT: usize = 64 << 10;

/// What one body may take.
#[derive(Debug, Clone, Copy)]
pub struct BodyLimits {
    /// Bytes.
    pub bytes: usize,
    /// Time without another byte.
    pub stall: Duration,
}

/// The memory that all bodies under way may take together.
#[derive(Debug, Clone)]
pub struct BodyBudget(Arc<Semaphore>);

impl BodyBudget {
    /// Sets this many bytes aside, rounded up to 64 KiB.
    #[must_use]
    pub fn new(bytes: usize) -> Self {
        Self(Arc::new(Semaphore::new(bytes.div_ceil(PERMIT))))
    }

    fn take(&self, permits: usize) -> Result<OwnedSemaphorePermit, Rejection> {
        let permits = u32::try_from(permits).map_err(|_| Rejection::NoRoom)?;
        Arc::clone(&self.0).try_acquire_many_owned(permits).map_err(|_| Rejection::NoRoom)
    }
}

/// Reads a body of a content type whole; the permit holds its share of the budget until it is dropped.
///
/// # Errors
/// The [`Rejection`]s of bodies.
pub async fn read_body(
    headers: &HeaderMap,
    body: Body,
    content_type: &str,
    limits: BodyLimits,
    budget: &BodyBudget,
) -> Result<(Bytes, OwnedSemaphorePermit), Rejection> {
    let sent_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).map_or("", essence);
    if sent_type != content_type {
        return Err(Rejection::WrongType);
    }
    let length = announced(&body, limits)?;
    collect(body, length, limits, budget).await
}

/// Reads a JSON body.
///
/// # Errors
/// The [`Rejection`]s of bodies.
pub async fn read_json<T: DeserializeOwned>(
    headers: &HeaderMap,
    body: Body,
    stall: Duration,
    budget: &BodyBudget,
) -> Result<T, Rejection> {
    let limits = BodyLimits { bytes: MAX_JSON_BODY, stall };
    let (bytes, _permit) = read_body(headers, body, JSON_TYPE, limits, budget).await?;
    parse_json(&bytes)
}

/// The longest name of a place in a body that is told.
const MAX_PLACE: usize = 80;

/// Reads JSON of an endpoint; what is wrong is told by its place, never by what stands there.
///
/// # Errors
/// [`Rejection::NotJson`].
pub fn parse_json<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Rejection> {
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let read = serde_path_to_error::deserialize(&mut reader).map_err(|error| {
        let path = error.path().to_string();
        let inner = error.into_inner();
        if inner.is_syntax() || inner.is_eof() {
            return at(&inner);
        }
        Rejection::NotJson { place: place(&path, &inner.to_string()) }
    })?;
    reader.end().map_err(|error| at(&error))?;
    Ok(read)
}

/// Where a text stops being JSON.
fn at(error: &serde_json::Error) -> Rejection {
    Rejection::NotJson { place: format!("{}:{}", error.line(), error.column()) }
}

/// The path of a field; of one that is missing, the path that it would have.
fn place(path: &str, said: &str) -> String {
    let missing = said.strip_prefix("missing field `").and_then(|rest| rest.split('`').next());
    let place = match (path, missing) {
        (".", Some(field)) => field.to_owned(),
        (path, Some(field)) => format!("{path}.{field}"),
        (path, None) => path.to_owned(),
    };
    // Names of a map are whatever was sent.
    let plain = |sign: &char| sign.is_ascii_alphanumeric() || matches!(sign, '_' | '.' | '-' | '[' | ']');
    place.chars().filter(plain).take(MAX_PLACE).collect()
}

fn announced(body: &Body, limits: BodyLimits) -> Result<usize, Rejection> {
    let length = usize::try_from(body.size_hint().lower()).map_err(|_| Rejection::TooLarge(limits.bytes))?;
    if length > limits.bytes { Err(Rejection::TooLarge(limits.bytes)) } else { Ok(length) }
}

async fn collect(
    body: Body,
    announced: usize,
    limits: BodyLimits,
    budget: &BodyBudget,
) -> Result<(Bytes, OwnedSemaphorePermit), Rejection> {
    // Room for the announced length is taken at once, so that what is begun can be finished; memory only as it comes.
    let mut held = announced.div_ceil(PERMIT).max(1);
    let mut permit = budget.take(held)?;
    let mut bytes = BytesMut::with_capacity(announced.min(PERMIT));
    let mut pieces = body.into_data_stream();
    loop {
        let piece = match tokio::time::timeout(limits.stall, pieces.next()).await {
            Err(_) => return Err(Rejection::TooSlow),
            Ok(None) => return Ok((bytes.freeze(), permit)),
            Ok(Some(Err(_))) => return Err(Rejection::Cut),
            Ok(Some(Ok(piece))) => piece,
        };
        let length = bytes.len() + piece.len();
        if length > limits.bytes {
            return Err(Rejection::TooLarge(limits.bytes));
        }
        let wanted = length.div_ceil(PERMIT);
        if wanted > held {
            permit.merge(budget.take(wanted - held)?);
            held = wanted;
        }
        bytes.extend_from_slice(&piece);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use std::convert::Infallible;

    use axum::http::HeaderValue;

    use super::*;

    const LIMITS: BodyLimits = BodyLimits { bytes: 200_000, stall: Duration::from_secs(20) };

    async fn read(body: Body, budget: &BodyBudget) -> Result<usize, Rejection> {
        let headers = HeaderMap::from_iter([(header::CONTENT_TYPE, HeaderValue::from_static("a/b; charset=utf-8"))]);
        read_body(&headers, body, "a/b", LIMITS, budget).await.map(|(bytes, _)| bytes.len())
    }

    fn pieces(count: usize) -> Body {
        let pieces = (0..count).map(|_| Ok::<_, Infallible>(vec![0u8; 10_000]));
        Body::from_stream(futures_util::stream::iter(pieces))
    }

    #[derive(Debug, PartialEq, serde::Deserialize)]
    struct Asked {
        npsn: String,
        counts: Vec<u32>,
    }

    #[test]
    fn what_is_wrong_with_json_is_told_by_its_place_and_never_by_its_value() {
        let place = |text: &str| match parse_json::<Asked>(text.as_bytes()) {
            Err(Rejection::NotJson { place }) => place,
            other => format!("{other:?}"),
        };
        assert_eq!(place(r#"{"npsn":"9"}"#), "counts");
        assert_eq!(place(r#"{"npsn":9,"counts":[]}"#), "npsn");
        assert_eq!(place(r#"{"npsn":"9","counts":[1,"3273..."]}"#), "counts[1]");
        assert_eq!(place("{\n\"npsn\""), "2:6");
        assert_eq!(place(r#"{"npsn":"9","counts":[]} more"#), "1:26");
        assert!(parse_json::<Asked>(br#"{"npsn":"9","counts":[]}"#).is_ok());
    }

    #[tokio::test]
    async fn a_body_up_to_its_limit_is_read() {
        let budget = BodyBudget::new(1 << 20);
        assert_eq!(read(pieces(20), &budget).await, Ok(200_000));
        assert_eq!(read(pieces(21), &budget).await, Err(Rejection::TooLarge(200_000)));
        assert_eq!(read(Body::from(vec![0; 200_001]), &budget).await, Err(Rejection::TooLarge(200_000)));
    }

    #[tokio::test]
    async fn all_bodies_together_keep_to_the_budget() {
        let budget = BodyBudget::new(128 << 10);
        assert_eq!(read(pieces(14), &budget).await, Err(Rejection::NoRoom));
        assert_eq!(read(Body::from(vec![0; 150_000]), &budget).await, Err(Rejection::NoRoom));
        assert_eq!(read(pieces(13), &budget).await, Ok(130_000), "what was held is given back");
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_stands_still_is_refused() {
        let stuck = Body::from_stream(futures_util::stream::pending::<Result<Bytes, Infallible>>());
        assert_eq!(read(stuck, &BodyBudget::new(1 << 20)).await, Err(Rejection::TooSlow));
    }

    #[tokio::test]
    async fn another_content_type_is_refused() {
        let budget = BodyBudget::new(1 << 20);
        let read = read_body(&HeaderMap::new(), Body::empty(), "a/b", LIMITS, &budget).await;
        assert_eq!(read.map(|_| ()), Err(Rejection::WrongType));
    }
}
