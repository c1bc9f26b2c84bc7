//! `/v1/probe`: bytes that mean nothing, by which a school's diagnosis sees what its line does.
//!
//! Bound to a token, few at a time and small, so that nobody else loads the centre with them.

use std::convert::Infallible;
use std::io;
use std::sync::Arc;

use axum::body::{Body, BodyDataStream, HttpBody};
use axum::extract::{Query, Request, State};
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use selaras_transport::{BYTES_TYPE, LINES_TYPE, MAX_PROBE_BODY, MAX_PROBE_DOWN, Problem};
use serde::Deserialize;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::{STALL, Shared, anyone};
use crate::catalogue::problem;
use crate::host::Host;

/// Probes at once; more are asked to come back.
const MAX_PROBES: usize = 8;
/// How long a probe that found no place is asked to wait.
const PROBE_WAIT: std::time::Duration = std::time::Duration::from_secs(10);
/// Bytes of an upload for which one line of the answer is written.
const LINE_EVERY: usize = 16 << 10;
/// The size of a piece of a download.
const PIECE: usize = 16 << 10;

/// The places for probes of one process.
pub(crate) struct Probes(Arc<Semaphore>);

impl Default for Probes {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(MAX_PROBES)))
    }
}

/// How much is to be sent.
#[derive(Deserialize)]
pub(super) struct Wanted {
    #[serde(default)]
    bytes: usize,
}

/// Gives a place to whoever has a token of any school.
fn admitted(host: &Host, headers: &HeaderMap) -> Result<OwnedSemaphorePermit, Problem> {
    anyone(host, headers)?;
    Arc::clone(&host.probes.0).try_acquire_owned().map_err(|_| problem("center.busy").after(PROBE_WAIT))
}

/// `GET`: so many bytes, at most [`MAX_PROBE_DOWN`].
pub(super) async fn down(State(host): Shared, Query(wanted): Query<Wanted>, headers: HeaderMap) -> Response {
    let place = match admitted(&host, &headers) {
        Ok(place) => place,
        Err(problem) => return refused(&host, problem),
    };
    host.metrics.request("probe", "ok");
    let bytes = noise(wanted.bytes.min(MAX_PROBE_DOWN));
    let length = HeaderValue::from(bytes.len());
    // The place is held until the last piece has been taken.
    let pieces = futures_util::stream::unfold((bytes, place), |(mut rest, place)| async move {
        let piece = rest.split_to(rest.len().min(PIECE));
        (!piece.is_empty()).then_some((Ok::<_, Infallible>(piece), (rest, place)))
    });
    let head = [(header::CONTENT_TYPE, HeaderValue::from_static(BYTES_TYPE)), (header::CONTENT_LENGTH, length)];
    (head, Body::from_stream(pieces)).into_response()
}

/// `POST`: reads a body and says, line by line and from its first piece on, how much of it has come.
pub(super) async fn up(State(host): Shared, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let place = match admitted(&host, &parts.headers) {
        Ok(place) => place,
        Err(problem) => return refused(&host, problem),
    };
    if body.size_hint().lower() > MAX_PROBE_BODY as u64 {
        return refused(&host, problem("body.too-large").with("limit", MAX_PROBE_BODY));
    }
    host.metrics.request("probe", "ok");
    let reading = Reading { body: body.into_data_stream(), received: 0, ended: false, _place: place };
    let lines = futures_util::stream::try_unfold(reading, Reading::line);
    let head = [(header::CONTENT_TYPE, HeaderValue::from_static(LINES_TYPE))];
    (head, Body::from_stream(lines)).into_response()
}

fn refused(host: &Host, problem: Problem) -> Response {
    host.metrics.request("probe", &problem.code);
    problem.into_response()
}

/// An upload that is read.
struct Reading {
    body: BodyDataStream,
    received: usize,
    ended: bool,
    _place: OwnedSemaphorePermit,
}

impl Reading {
    /// The next line. A body that stands still, is cut or too large ends the answer without its last line.
    async fn line(mut self) -> io::Result<Option<(Bytes, Self)>> {
        use futures_util::StreamExt;
        if self.ended {
            return Ok(None);
        }
        let told = self.received;
        loop {
            let piece = tokio::time::timeout(STALL, self.body.next()).await;
            match piece.map_err(|_| io::ErrorKind::TimedOut)? {
                None => {
                    self.ended = true;
                    let line = format!("{{\"received\":{},\"done\":true}}\n", self.received);
                    return Ok(Some((line.into(), self)));
                }
                Some(piece) => self.received += piece.map_err(io::Error::other)?.len(),
            }
            if self.received > MAX_PROBE_BODY {
                return Err(io::ErrorKind::InvalidInput.into());
            }
            if told == 0 || self.received - told >= LINE_EVERY {
                return Ok(Some((format!("{{\"received\":{}}}\n", self.received).into(), self)));
            }
        }
    }
}

/// Bytes that cannot be compressed: a modem that compresses would look faster than it is.
fn noise(length: usize) -> Bytes {
    let mut bytes = vec![0; length];
    blake3::Hasher::new_derive_key("selaras 1 probe").finalize_xof().fill(&mut bytes);
    bytes.into()
}
