//! Uploads: one bundle over however many requests it takes.
//!
//! What to ask and send next is decided by `selaras_sync::transfer::Upload`; here it is carried. Only the centre's own
//! answers move the upload: whatever fails otherwise, the next thing is to ask.

use std::io;
use std::time::Duration;

use reqwest::Method;
use reqwest::header::{HeaderName, HeaderValue};
use selaras_model::BundleId;
use selaras_sync::transfer::{Next, Piece, Upload, UploadError};
use tokio::time::Instant;

use super::answer;
use super::error::{Cause, LinkError};
use super::link::{Call, Link};
use super::options::Timeouts;
use super::stranger::Stranger;
use crate::problem::{Problem, Retry};
use crate::retry::{Backoff, Patience};
use crate::server::tus::{TUS_RESUMABLE, TUS_TYPE, TUS_VERSION, UPLOAD_LENGTH, UPLOAD_OFFSET};

/// Reads bytes of the bundle: from where, how many.
pub type ReadBundle<'r> = dyn Fn(u64, u64) -> io::Result<Vec<u8>> + Sync + 'r;

/// How long the acknowledgement of a piece may take once it was handed over: what lies in buffers on the way, on a line
/// of 4 KiB/s, and the centre's disk.
const ACKNOWLEDGED: Duration = Duration::from_secs(120);

/// A bundle to upload.
#[derive(Clone, Copy)]
pub struct Parcel<'p> {
    /// Its id, which is its address.
    pub bundle: BundleId,
    /// Where its bytes are.
    pub read: &'p ReadBundle<'p>,
}

/// Who is told how an upload goes.
pub struct Telling<'t> {
    /// Whenever the centre has more.
    pub landed: &'t mut dyn FnMut(&Upload),
    /// Of every failure, before the wait.
    pub waiting: &'t mut dyn FnMut(&LinkError, Duration),
}

impl Link {
    /// Uploads a bundle, through failures that pass by themselves, until all of it has landed.
    ///
    /// `chance` gives numbers from 0 up to 1. The upload is where the centre says, so the same call goes on after
    /// anything, with another token too.
    ///
    /// # Errors
    /// The last failure: an ended session, one that only a person can mend, or any once patience has run out.
    pub async fn upload(
        &self,
        token: &str,
        parcel: Parcel<'_>,
        upload: &mut Upload,
        patience: Patience,
        mut chance: impl FnMut() -> f64,
        telling: Telling<'_>,
    ) -> Result<(), LinkError> {
        let started = Instant::now();
        let mut backoff = Backoff::new(patience);
        let mut known = None;
        loop {
            let before = upload.reached();
            let Err(error) = self.upload_on(token, parcel, upload, &mut known, telling.landed).await else {
                return Ok(());
            };
            let further = upload.reached() > before;
            if further {
                backoff.progressed();
            }
            let other_first = matches!(error, LinkError::SessionExpired(_));
            if other_first || matches!(error.retry(), Retry::AfterHumanAction | Retry::Never) {
                return Err(error);
            }
            if further && matches!(error, LinkError::Cut(_)) {
                // A line that is cut and lets something through each time: waiting would not make it better.
                continue;
            }
            let Some(wait) = backoff.failed(started.elapsed(), chance(), error.retry_after()) else {
                return Err(error);
            };
            (telling.waiting)(&error, wait);
            tokio::time::sleep(wait).await;
        }
    }

    /// Goes on until all has landed or something fails. `known` is how far the centre has said that it has come, from where
    /// it stood at first: what lay there before was counted by whoever brought it.
    async fn upload_on(
        &self,
        token: &str,
        parcel: Parcel<'_>,
        upload: &mut Upload,
        known: &mut Option<u64>,
        landed: &mut dyn FnMut(&Upload),
    ) -> Result<(), LinkError> {
        loop {
            let before = upload.acknowledged();
            match upload.next() {
                Next::Landed => return Ok(()),
                Next::Ask => self.ask(token, parcel, upload).await?,
                Next::Send(piece) => {
                    known.get_or_insert(piece.from);
                    self.piece(token, parcel, upload, piece).await?;
                }
            }
            let stands = upload.acknowledged();
            self.counters().acknowledged(stands.saturating_sub(known.unwrap_or(stands)));
            *known = Some(stands);
            if upload.acknowledged() != before {
                landed(upload);
            }
        }
    }

    async fn ask(&self, token: &str, parcel: Parcel<'_>, upload: &mut Upload) -> Result<(), LinkError> {
        let path = path_of(parcel.bundle);
        let call = Call { method: Method::HEAD, body: None, heads: vec![version()], ..blank(&path, token) };
        match self.offset(call).await {
            Ok(offset) => upload.told(offset).map(drop).map_err(strange),
            Err(error) if error.code() == "upload.unknown" => {
                upload.unknown();
                Ok(())
            }
            Err(error) => Err(error),
        }
    }

    async fn piece(&self, token: &str, parcel: Parcel<'_>, upload: &mut Upload, piece: Piece) -> Result<(), LinkError> {
        let bytes = (parcel.read)(piece.from, piece.length).map_err(|error| LinkError::Unreadable(Cause::of(error)))?;
        let mut heads = vec![version(), (UPLOAD_OFFSET, HeaderValue::from(piece.from))];
        if piece.from == 0 {
            heads.push((UPLOAD_LENGTH, HeaderValue::from(upload.total())));
        }
        let path = path_of(parcel.bundle);
        let call = Call { method: Method::PATCH, body: Some((TUS_TYPE, bytes.into())), heads, ..blank(&path, token) };
        let began = Instant::now();
        let error = match self.offset(call).await {
            Ok(offset) => return upload.landed(offset, began.elapsed()).map(drop).map_err(strange),
            Err(error) => error,
        };
        upload.cut();
        let LinkError::Server(problem) = &error else { return Err(error) };
        match (problem.code.as_str(), offset_of(problem)) {
            ("upload.offset", Some(offset)) => upload.told(offset).map(drop).map_err(strange),
            ("upload.unknown", _) => {
                upload.unknown();
                Ok(())
            }
            ("upload.damaged", _) => upload.spoilt().map_err(strange),
            _ => Err(error),
        }
    }

    /// Makes a call whose answer is where the upload stands.
    async fn offset(&self, call: Call<'_>) -> Result<u64, LinkError> {
        let timeouts = Timeouts { answer: ACKNOWLEDGED, ..self.timeouts() };
        let response = self.send(call, &timeouts).await?;
        let response = answer::headed(response, timeouts.stall, self.counters()).await?;
        let offset = response.headers().get(UPLOAD_OFFSET).and_then(|value| value.to_str().ok()?.parse().ok());
        offset.ok_or(LinkError::NotOurServer { status: response.status().as_u16(), who: Stranger::Unknown })
    }
}

fn path_of(bundle: BundleId) -> String {
    format!("/v1/uploads/{bundle}")
}

fn version() -> (HeaderName, HeaderValue) {
    (TUS_RESUMABLE, HeaderValue::from_static(TUS_VERSION))
}

fn blank<'c>(path: &'c str, token: &'c str) -> Call<'c> {
    Call { method: Method::HEAD, path, token: Some(token), heads: Vec::new(), body: None, answers: "" }
}

fn offset_of(problem: &Problem) -> Option<u64> {
    problem.args.get("offset")?.parse().ok()
}

/// What only another server, or somebody on the line, can have said.
fn strange(error: UploadError) -> LinkError {
    match error {
        UploadError::Beyond { .. } => LinkError::NotOurServer { status: 204, who: Stranger::Unknown },
        UploadError::Spoilt => LinkError::Altered,
    }
}
