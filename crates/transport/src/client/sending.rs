//! A larger body in pieces, and the watch over its being taken.

use std::convert::Infallible;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use reqwest::Body;
use tokio::time::{Instant, sleep_until};

use super::error::{LinkError, Phase};
use super::options::Timeouts;
use super::traffic::Counters;
use crate::limits::{SEND_PIECE, WHOLE_BODY};

/// How far a request's body was handed over, and when it last moved.
#[derive(Debug, Clone)]
pub(super) struct Handover(Arc<Mutex<(Instant, bool)>>);

impl Handover {
    fn new(done: bool) -> Self {
        Self(Arc::new(Mutex::new((Instant::now(), done))))
    }

    fn moved(&self, done: bool) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = (Instant::now(), done);
    }

    fn state(&self) -> (Instant, bool) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ends when nothing moved for too long: the next piece was not taken, or no answer begins.
    pub(super) async fn stalled(&self, timeouts: &Timeouts) -> LinkError {
        loop {
            let (moved, done) = self.state();
            let limit = if done { timeouts.answer } else { timeouts.send_stall };
            let end = moved + limit;
            if Instant::now() >= end {
                return LinkError::TooSlow(if done { Phase::Waiting } else { Phase::Sending });
            }
            sleep_until(end).await;
        }
    }
}

/// The body of a request, with its handover; counts what is handed over.
pub(super) fn body(bytes: Bytes, counters: &Arc<Counters>) -> (Body, Handover) {
    if bytes.len() <= WHOLE_BODY {
        counters.sent(bytes.len());
        return (Body::from(bytes), Handover::new(true));
    }
    let handover = Handover::new(false);
    let (watch, counters) = (handover.clone(), Arc::clone(counters));
    let pieces = futures_util::stream::unfold(bytes, move |mut rest| {
        let piece = rest.split_to(rest.len().min(SEND_PIECE));
        watch.moved(rest.is_empty());
        counters.sent(piece.len());
        async move { (!piece.is_empty()).then_some((Ok::<_, Infallible>(piece), rest)) }
    });
    (Body::wrap_stream(pieces), handover)
}
