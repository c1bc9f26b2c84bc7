//! `GET /v1/schools/{npsn}/snapshots/{hash}`: a file that never changes, by ranges.

use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Path, Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use selaras_transport::{Problem, SNAPSHOT_TYPE};

use super::{Shared, admitted, session};
use crate::catalogue::problem;
use crate::host::{Host, school};

/// What is read at once.
const PIECE: usize = 64 << 10;

pub(super) async fn snapshot(
    State(host): Shared,
    Path((npsn, hash)): Path<(String, String)>,
    request: Request,
) -> Response {
    match answer(&host, &npsn, &hash, request.headers()).await {
        Ok(response) => {
            host.metrics.request("snapshot", "ok");
            response
        }
        Err(problem) => {
            host.metrics.request("snapshot", &problem.code);
            problem.into_response()
        }
    }
}

async fn answer(host: &Arc<Host>, npsn: &str, hash: &str, headers: &HeaderMap) -> Result<Response, Problem> {
    let npsn = school(npsn)?;
    admitted(host, session(host, headers, npsn)?).await?;
    let hash = blake3::Hash::from_hex(hash).map_err(|_| problem("path.unknown"))?.to_hex().to_string();
    let tag = format!("\"{hash}\"");
    let opened = tokio::task::spawn_blocking({
        let host = Arc::clone(host);
        move || {
            let Some(file) = host.snapshots.open(npsn, &hash)? else { return Ok(None) };
            let length = file.metadata()?.len();
            Ok::<_, std::io::Error>(Some((file, length)))
        }
    });
    let opened = opened.await.map_err(|_| problem("center.failed"))?;
    let opened = opened.map_err(|_| problem("center.store").after(std::time::Duration::from_secs(30)))?;
    let (mut file, length) = opened.ok_or_else(|| problem("snapshot.unknown"))?;
    let wanted = wanted(headers, &tag, length);
    let mut response = match wanted {
        Wanted::Whole => Response::new(pieces(file, length)),
        Wanted::From(from) => {
            file.seek(SeekFrom::Start(from)).map_err(|_| problem("center.failed"))?;
            let mut response = Response::new(pieces(file, length - from));
            *response.status_mut() = StatusCode::PARTIAL_CONTENT;
            set(&mut response, header::CONTENT_RANGE, &format!("bytes {from}-{}/{length}", length - 1))?;
            response
        }
        Wanted::Beyond => {
            let mut response = problem("snapshot.range").into_response();
            set(&mut response, header::CONTENT_RANGE, &format!("bytes */{length}"))?;
            return Ok(response);
        }
    };
    let rest = if let Wanted::From(from) = wanted { length - from } else { length };
    set(&mut response, header::CONTENT_LENGTH, &rest.to_string())?;
    set(&mut response, header::CONTENT_TYPE, SNAPSHOT_TYPE)?;
    set(&mut response, header::ETAG, &tag)?;
    set(&mut response, header::ACCEPT_RANGES, "bytes")?;
    Ok(response)
}

fn set(response: &mut Response, name: header::HeaderName, value: &str) -> Result<(), Problem> {
    let value = HeaderValue::from_str(value).map_err(|_| problem("center.failed"))?;
    response.headers_mut().insert(name, value);
    Ok(())
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Wanted {
    Whole,
    From(u64),
    Beyond,
}

/// Which part is asked for. Only a range to the end is understood; any other is answered with the whole, as a server
/// may. One that is bound to another file by `If-Range` is not granted.
fn wanted(headers: &HeaderMap, tag: &str, length: u64) -> Wanted {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    if text(header::IF_RANGE).is_some_and(|bound| bound != tag) {
        return Wanted::Whole;
    }
    let range = text(header::RANGE).and_then(|range| range.strip_prefix("bytes=")?.strip_suffix('-'));
    match range.and_then(|from| from.parse::<u64>().ok()) {
        None | Some(0) => Wanted::Whole,
        Some(from) if from < length => Wanted::From(from),
        Some(_) => Wanted::Beyond,
    }
}

/// The rest of a file, piece by piece.
fn pieces(file: File, length: u64) -> Body {
    let pieces = futures_util::stream::try_unfold((file, length), |(mut file, left)| async move {
        if left == 0 {
            return Ok(None);
        }
        let read = tokio::task::spawn_blocking(move || {
            let mut piece = vec![0; usize::try_from(left).unwrap_or(PIECE).min(PIECE)];
            let read = file.read(&mut piece)?;
            piece.truncate(read);
            Ok::<_, std::io::Error>((file, piece))
        });
        let (file, piece) = read.await.map_err(std::io::Error::other)??;
        if piece.is_empty() {
            return Err(std::io::Error::from(std::io::ErrorKind::UnexpectedEof));
        }
        let left = left - piece.len() as u64;
        Ok(Some((Bytes::from(piece), (file, left))))
    });
    Body::from_stream(pieces)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn ranges_to_the_end_of_the_same_file_are_granted() {
        let asked = |range: &str, bound: Option<&str>| {
            let mut headers = HeaderMap::new();
            headers.insert(header::RANGE, range.parse().unwrap());
            if let Some(bound) = bound {
                headers.insert(header::IF_RANGE, bound.parse().unwrap());
            }
            wanted(&headers, "\"a\"", 100)
        };
        assert_eq!(asked("bytes=40-", None), Wanted::From(40));
        assert_eq!(asked("bytes=40-", Some("\"a\"")), Wanted::From(40));
        assert_eq!(asked("bytes=40-", Some("\"b\"")), Wanted::Whole);
        assert_eq!(asked("bytes=0-", None), Wanted::Whole);
        assert_eq!(asked("bytes=100-", None), Wanted::Beyond);
        assert_eq!(asked("bytes=1-2,4-5", None), Wanted::Whole);
        assert_eq!(asked("lines=1-", None), Wanted::Whole);
    }
}
