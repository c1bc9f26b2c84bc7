//! Downloads: one file that never changes, over however many requests it takes.

use std::io;
use std::time::Duration;

use reqwest::header::{CONTENT_RANGE, HeaderValue, IF_RANGE, RANGE};
use reqwest::{Method, StatusCode};
use selaras_model::Npsn;
use tokio::time::Instant;

use super::answer;
use super::error::{Cause, LinkError};
use super::link::{Call, Link};
use super::stranger::Stranger;
use crate::messages::school_path;
use crate::problem::Retry;
use crate::retry::{Backoff, Patience};
use crate::wire::SNAPSHOT_TYPE;

/// Where a download grows; what it has survives the process.
pub trait Sink {
    /// How much is here.
    fn length(&self) -> u64;
    /// Appends bytes.
    ///
    /// # Errors
    /// As the disk gives them.
    fn append(&mut self, bytes: &[u8]) -> io::Result<()>;
    /// Empties it: what comes is the file from its beginning.
    ///
    /// # Errors
    /// As the disk gives them.
    fn restart(&mut self) -> io::Result<()>;
}

/// What is to be downloaded.
#[derive(Debug, Clone, Copy)]
pub struct Wanted<'w> {
    /// The school.
    pub npsn: Npsn,
    /// The file's hash in hexadecimal: its address and its tag.
    pub hash: &'w str,
    /// How long it is.
    pub bytes: u64,
}

impl Link {
    /// Downloads a snapshot, through failures that pass by themselves, until the sink has all of it.
    ///
    /// # Errors
    /// The last failure: an ended session, one that only a person can mend, or any once patience has run out.
    pub async fn download(
        &self,
        token: &str,
        wanted: Wanted<'_>,
        sink: &mut dyn Sink,
        patience: Patience,
        mut chance: impl FnMut() -> f64,
        waiting: &mut dyn FnMut(&LinkError, Duration),
    ) -> Result<(), LinkError> {
        let started = Instant::now();
        let mut backoff = Backoff::new(patience);
        let mut reached = sink.length();
        loop {
            let Err(error) = self.download_on(token, wanted, sink).await else { return Ok(()) };
            let further = sink.length() > reached;
            reached = reached.max(sink.length());
            if further {
                backoff.progressed();
            }
            let gone = error.code() == "snapshot.unknown" || matches!(error, LinkError::SessionExpired(_));
            if gone || matches!(error.retry(), Retry::AfterHumanAction | Retry::Never) {
                return Err(error);
            }
            if further && matches!(error, LinkError::Cut(_)) {
                continue;
            }
            let Some(wait) = backoff.failed(started.elapsed(), chance(), error.retry_after()) else {
                return Err(error);
            };
            waiting(&error, wait);
            tokio::time::sleep(wait).await;
        }
    }

    async fn download_on(&self, token: &str, wanted: Wanted<'_>, sink: &mut dyn Sink) -> Result<(), LinkError> {
        let from = sink.length();
        if from == wanted.bytes {
            return Ok(());
        }
        let path = school_path(wanted.npsn, &format!("snapshots/{}", wanted.hash));
        let mut heads = Vec::new();
        if from > 0 {
            let value = |text: String| HeaderValue::try_from(text).map_err(|_| LinkError::BadAddress);
            heads.push((RANGE, value(format!("bytes={from}-"))?));
            heads.push((IF_RANGE, value(format!("\"{}\"", wanted.hash))?));
        }
        let call =
            Call { method: Method::GET, path: &path, token: Some(token), heads, body: None, answers: SNAPSHOT_TYPE };
        let timeouts = self.timeouts();
        let response = self.send(call, &timeouts).await?;
        let mut response = answer::checked(response, SNAPSHOT_TYPE, timeouts.stall, self.counters()).await?;
        let unwritten = |error| LinkError::Unwritable(Cause::of(error));
        if !continues(&response, from) {
            sink.restart().map_err(unwritten)?;
        }
        while let Some(piece) = answer::next_piece(&mut response, timeouts.stall, self.counters()).await? {
            if sink.length() + piece.len() as u64 > wanted.bytes {
                return Err(LinkError::NotOurServer { status: response.status().as_u16(), who: Stranger::Unknown });
            }
            sink.append(&piece).map_err(unwritten)?;
        }
        // A body of unknown length may end early without anybody noticing.
        if sink.length() < wanted.bytes { Err(LinkError::Cut(Cause::none())) } else { Ok(()) }
    }
}

/// Whether an answer goes on where the sink is; else it is the file from its beginning.
fn continues(response: &reqwest::Response, from: u64) -> bool {
    let range = response.headers().get(CONTENT_RANGE).and_then(|value| value.to_str().ok());
    from > 0
        && response.status() == StatusCode::PARTIAL_CONTENT
        && range.is_some_and(|range| range.starts_with(&format!("bytes {from}-")))
}
