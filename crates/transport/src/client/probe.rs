//! Small calls by which the diagnosis sees what the line does: a greeting, and bytes both ways.
//!
//! Whether something in between holds requests back is seen without a clock: of the upload only the first piece is
//! sent until the centre's line about it has come back. A proxy that waits for the whole body waits too, until the
//! hold is over; then the line comes late, and that is the proof.

use std::convert::Infallible;
use std::time::Duration;

use bytes::Bytes;
use reqwest::header::{CONTENT_LENGTH, CONTENT_TYPE, DATE, HeaderValue};
use reqwest::{Body, Method};
use serde::Deserialize;
use tokio::sync::oneshot;
use tokio::time::{Instant, timeout};

use super::answer;
use super::diagnosis::diagnose;
use super::error::{LinkError, Phase};
use super::link::{Call, Link, decoded};
use super::stranger::Stranger;
use crate::limits::{MAX_JSON_ANSWER, MAX_PROBE_DOWN, MAX_PROBE_UP, PROBE_FIRST, PROBE_HOLD, PROBE_TIME, SEND_PIECE};
use crate::wire::{BYTES_TYPE, JSON_TYPE, LINES_TYPE};

/// Where the probes go.
const PROBE_PATH: &str = "/v1/probe";
/// The longest line of the upload's answer.
const MAX_LINE: usize = 200;

/// What a centre says about itself before anything else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Greeting {
    /// `ok`, or `closed` while schools are turned away.
    pub status: String,
    /// The centre's version.
    pub version: String,
    /// The answer's `Date`, as it was written.
    pub date: Option<String>,
}

#[derive(Deserialize)]
struct Health {
    status: String,
    #[serde(default)]
    version: String,
}

/// How an upload went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sent {
    /// Whether the first piece was held back on the way until all had been sent.
    pub buffered: bool,
    /// Bytes behind the first piece, and what they took until the centre had them all.
    pub bytes: u64,
    /// How long those took.
    pub took: Duration,
}

/// A line of the upload's answer.
#[derive(Deserialize)]
struct Received {
    received: u64,
    #[serde(default)]
    done: bool,
}

impl Link {
    /// Asks whether the centre is there; needs no token.
    ///
    /// # Errors
    /// Every kind of [`LinkError`].
    pub async fn greet(&self) -> Result<Greeting, LinkError> {
        let call = Call {
            method: Method::GET,
            path: "/healthz",
            token: None,
            heads: Vec::new(),
            body: None,
            answers: JSON_TYPE,
        };
        let mut response = self.start(call).await?;
        let date = response.headers().get(DATE).and_then(|value| value.to_str().ok()).map(str::to_owned);
        let body = answer::read(&mut response, MAX_JSON_ANSWER, self.timeouts.stall, &self.counters).await?;
        let Health { status, version } = decoded(&body)?;
        Ok(Greeting { status, version, date })
    }

    /// Asks for something that needs a token, without one: a centre that is open and speaks this protocol says that
    /// the session is missing, and one that knows no probes says that it has no such path.
    ///
    /// # Errors
    /// Every kind of [`LinkError`]: closed, another protocol, a stranger.
    pub async fn knock(&self) -> Result<(), LinkError> {
        let call = Call {
            method: Method::GET,
            path: PROBE_PATH,
            token: None,
            heads: Vec::new(),
            body: None,
            answers: BYTES_TYPE,
        };
        match self.start(call).await {
            Ok(_) | Err(LinkError::SessionExpired(_)) => Ok(()),
            Err(LinkError::Server(problem)) if problem.code == "path.unknown" => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Sends bytes that mean nothing; `moved` is told how many the centre has.
    ///
    /// # Errors
    /// Every kind of [`LinkError`]; [`LinkError::Server`] with `path.unknown` of a centre that knows no probes.
    pub async fn probe_up(&self, token: &str, moved: &mut dyn FnMut(u64, u64)) -> Result<Sent, LinkError> {
        timeout(PROBE_TIME, self.send_probe(token, moved)).await.map_err(|_| LinkError::TooSlow(Phase::Sending))?
    }

    async fn send_probe(&self, token: &str, moved: &mut dyn FnMut(u64, u64)) -> Result<Sent, LinkError> {
        // What cannot be compressed: a modem or a proxy that compresses would look faster than it is.
        let mut bytes = vec![0; MAX_PROBE_UP];
        let _ = getrandom::fill(&mut bytes);
        let total = bytes.len() as u64;
        let (release, held) = oneshot::channel();
        let call = Call {
            method: Method::POST,
            path: PROBE_PATH,
            token: Some(token),
            heads: Vec::new(),
            body: None,
            answers: LINES_TYPE,
        };
        let (mut request, _) = self.request(call)?;
        request.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(BYTES_TYPE));
        request.headers_mut().insert(CONTENT_LENGTH, HeaderValue::from(total));
        *request.body_mut() = Some(held_back(bytes.into(), held));
        self.counters.request();
        self.counters.sent(MAX_PROBE_UP);
        let response = self.client.execute(request).await.map_err(|error| diagnose(error, Phase::Sending))?;
        let mut response = answer::checked(response, LINES_TYPE, self.timeouts.stall, &self.counters).await?;
        let mut release = Some(release);
        let mut buffered = false;
        let mut began = Instant::now();
        let mut text = Vec::new();
        while let Some(piece) = answer::next_piece(&mut response, self.timeouts.stall, &self.counters).await? {
            text.extend_from_slice(&piece);
            while let Some(end) = text.iter().position(|byte| *byte == b'\n') {
                let line: Vec<u8> = text.drain(..=end).collect();
                let line: Received = decoded(&line)?;
                if let Some(release) = release.take() {
                    // Nobody waits for the release any more: the line came after the hold.
                    buffered = release.send(()).is_err();
                    began = Instant::now();
                }
                moved(line.received, total);
                if line.done {
                    let bytes = total.saturating_sub(PROBE_FIRST as u64);
                    return Ok(Sent { buffered, bytes, took: began.elapsed() });
                }
            }
            if text.len() > MAX_LINE {
                break;
            }
        }
        Err(LinkError::NotOurServer { status: 200, who: Stranger::Unknown })
    }

    /// Fetches bytes that mean nothing; `moved` is told how many have come. Gives their number and how long they took
    /// from the answer's head on.
    ///
    /// # Errors
    /// Every kind of [`LinkError`].
    pub async fn probe_down(&self, token: &str, moved: &mut dyn FnMut(u64, u64)) -> Result<(u64, Duration), LinkError> {
        timeout(PROBE_TIME, self.fetch_probe(token, moved)).await.map_err(|_| LinkError::TooSlow(Phase::Receiving))?
    }

    async fn fetch_probe(&self, token: &str, moved: &mut dyn FnMut(u64, u64)) -> Result<(u64, Duration), LinkError> {
        let path = format!("{PROBE_PATH}?bytes={MAX_PROBE_DOWN}");
        let call = Call {
            method: Method::GET,
            path: &path,
            token: Some(token),
            heads: Vec::new(),
            body: None,
            answers: BYTES_TYPE,
        };
        let mut response = self.start(call).await?;
        let began = Instant::now();
        let (mut come, total) = (0, MAX_PROBE_DOWN as u64);
        while let Some(piece) = answer::next_piece(&mut response, self.timeouts.stall, &self.counters).await? {
            come += piece.len() as u64;
            if come > total {
                return Err(LinkError::TooLarge { limit: MAX_PROBE_DOWN });
            }
            moved(come, total);
        }
        Ok((come, began.elapsed()))
    }
}

/// A body whose first piece goes at once and whose rest waits for the release, or for the end of the hold.
fn held_back(bytes: Bytes, held: oneshot::Receiver<()>) -> Body {
    let pieces = futures_util::stream::unfold((bytes, Some(held), true), |(mut rest, held, first)| async move {
        if rest.is_empty() {
            return None;
        }
        if first {
            let piece = rest.split_to(rest.len().min(PROBE_FIRST));
            return Some((Ok::<_, Infallible>(piece), (rest, held, false)));
        }
        if let Some(held) = held {
            // A release that never comes and one that was dropped are the same: the rest goes on.
            let _ = timeout(PROBE_HOLD, held).await;
        }
        let piece = rest.split_to(rest.len().min(SEND_PIECE));
        Some((Ok(piece), (rest, None, false)))
    });
    Body::wrap_stream(pieces)
}
