//! Checks that an answer is the centre's own and reads its body under limits.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use reqwest::header::{CONTENT_TYPE, RETRY_AFTER};
use reqwest::{Response, StatusCode};

use super::catalogue;
use super::diagnosis::diagnose;
use super::error::{LinkError, Phase};
use super::stranger::{Stranger, stranger};
use super::traffic::{self, Counters};
use crate::limits::MAX_JSON_ANSWER;
use crate::problem::{Problem, Retry};
use crate::wire::{CODE, JSON_TYPE, MARKER, essence};

/// What a page for people is sent as.
const HTML_TYPE: &str = "text/html";

/// Takes an answer's head: counts it, checks marker and content type, turns error bodies into errors.
pub(super) async fn checked(
    response: Response,
    content_type: &str,
    stall: Duration,
    counters: &Counters,
) -> Result<Response, LinkError> {
    let response = headed(response, stall, counters).await?;
    if is_type(&response, content_type) {
        Ok(response)
    } else {
        Err(LinkError::NotOurServer { status: response.status().as_u16(), who: Stranger::Unknown })
    }
}

/// Takes the head of an answer that says everything in its head: counts it, checks the marker, turns problems into
/// errors. To a question by `HEAD` no body comes, and the code stands in the head.
pub(super) async fn headed(
    mut response: Response,
    stall: Duration,
    counters: &Counters,
) -> Result<Response, LinkError> {
    let status = response.status();
    counters.received(traffic::answer_head(status, response.headers()));
    if !marked(&response) {
        let who = stranger(status.as_u16(), is_type(&response, HTML_TYPE));
        return Err(LinkError::NotOurServer { status: status.as_u16(), who });
    }
    // With our marker and not ours: a middlebox rewrote the body, and who that is cannot be told.
    let strange = LinkError::NotOurServer { status: status.as_u16(), who: Stranger::Unknown };
    if status.is_success() {
        return Ok(response);
    }
    let code = text_of(&response, CODE).map(str::to_owned);
    let body = if is_type(&response, JSON_TYPE) {
        read(&mut response, MAX_JSON_ANSWER, stall, counters).await?
    } else {
        return Err(strange);
    };
    let mut problem: Problem = match (serde_json::from_slice(&body), code) {
        (Ok(problem), _) => problem,
        (Err(_), Some(code)) if body.is_empty() => coded(status, code),
        _ => return Err(strange),
    };
    problem.status = status.as_u16();
    if problem.retry_after.is_none() {
        problem.retry_after = retry_after(&response);
    }
    Err(error_of(status, problem))
}

/// A problem of which only the code came.
fn coded(status: StatusCode, code: String) -> Problem {
    let mut problem = catalogue::CODE_ONLY.problem();
    problem.retry = match status {
        StatusCode::UNAUTHORIZED => Retry::Now,
        StatusCode::TOO_MANY_REQUESTS | StatusCode::REQUEST_TIMEOUT => Retry::After,
        status if status.is_server_error() => Retry::After,
        _ => Retry::AfterHumanAction,
    };
    problem.code = code;
    problem
}

/// Reads a body whole; no pause between two pieces may be longer than `stall`.
pub(super) async fn read(
    response: &mut Response,
    limit: usize,
    stall: Duration,
    counters: &Counters,
) -> Result<Bytes, LinkError> {
    let announced = response.content_length().unwrap_or_default();
    if usize::try_from(announced).map_or(true, |announced| announced > limit) {
        return Err(LinkError::TooLarge { limit });
    }
    let mut body = BytesMut::new();
    while let Some(piece) = next_piece(response, stall, counters).await? {
        if body.len() + piece.len() > limit {
            return Err(LinkError::TooLarge { limit });
        }
        body.extend_from_slice(&piece);
    }
    Ok(body.freeze())
}

/// The body's next piece, or `None` at its end.
pub(super) async fn next_piece(
    response: &mut Response,
    stall: Duration,
    counters: &Counters,
) -> Result<Option<Bytes>, LinkError> {
    let piece = tokio::time::timeout(stall, response.chunk())
        .await
        .map_err(|_| LinkError::TooSlow(Phase::Receiving))?
        .map_err(|error| diagnose(error, Phase::Receiving))?;
    counters.received(piece.as_ref().map_or(0, Bytes::len));
    Ok(piece)
}

/// Whether an answer bears our marker.
pub(super) fn marked(response: &Response) -> bool {
    text_of(response, MARKER).is_some_and(|value| value.parse::<u32>().is_ok())
}

fn is_type(response: &Response, wanted: &str) -> bool {
    text_of(response, CONTENT_TYPE.as_str()).is_some_and(|value| essence(value) == wanted)
}

fn text_of<'r>(response: &'r Response, name: &str) -> Option<&'r str> {
    response.headers().get(name).and_then(|value| value.to_str().ok())
}

fn retry_after(response: &Response) -> Option<u32> {
    response.headers().get(RETRY_AFTER)?.to_str().ok()?.trim().parse().ok()
}

fn error_of(status: StatusCode, problem: Problem) -> LinkError {
    let problem = Box::new(problem);
    match status {
        StatusCode::UNAUTHORIZED => LinkError::SessionExpired(problem),
        StatusCode::UPGRADE_REQUIRED => LinkError::Protocol(problem),
        StatusCode::SERVICE_UNAVAILABLE | StatusCode::TOO_MANY_REQUESTS => LinkError::Busy(problem),
        _ => LinkError::Server(problem),
    }
}
