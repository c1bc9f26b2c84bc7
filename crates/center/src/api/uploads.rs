//! `/v1/uploads`: large bundles by tus 1.0 (docs/protocol.md), each at the address that its content gives it.
//!
//! A piece is written as it comes, and what is acknowledged is on the disk. It may be cut at any byte, by anybody: what
//! has arrived stays.

use std::io::Write as _;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use axum::body::Body;
use axum::extract::{Path, Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use axum::routing::{any, post};
use bytes::Bytes;
use futures_util::StreamExt as _;
use selaras_model::{BundleId, Npsn};
use selaras_sync::transfer::{Landing, LandingError, MAX_UPLOAD_BYTES};
use selaras_transport::Problem;
use selaras_transport::server::tus;

use super::{STALL, Shared, admitted, anyone};
use crate::access::random;
use crate::catalogue::problem;
use crate::host::Host;
use crate::uploads::{EXPIRY, Landed, Naming, Turn};

/// How long the next bytes of a connection may take that was overtaken by a newer request: those that lie in buffers
/// here already come at once, and would have to be sent again.
const LINGER: Duration = Duration::from_millis(50);
/// How many of them are taken: whoever was overtaken and still sends is not waited for.
const MAX_LINGERED: u64 = 4 << 20;

/// The key of `Upload-Metadata` that names the bundle.
const BUNDLE_KEY: &str = "bundle";

pub(super) fn router() -> axum::Router<Arc<Host>> {
    axum::Router::new()
        .route("/v1/uploads", post(create).options(options))
        .route("/v1/uploads/{bundle}", any(at_upload))
        .layer(from_fn(tus_answers))
}

/// What every answer of tus carries.
async fn tus_answers(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    response.headers_mut().insert(tus::TUS_RESUMABLE, HeaderValue::from_static(tus::TUS_VERSION));
    response
}

async fn options() -> Response {
    let mut response = StatusCode::NO_CONTENT.into_response();
    let headers = response.headers_mut();
    headers.insert("tus-version", HeaderValue::from_static(tus::TUS_VERSION));
    headers.insert("tus-extension", HeaderValue::from_static(tus::TUS_EXTENSIONS));
    headers.insert("tus-max-size", HeaderValue::from(MAX_UPLOAD_BYTES));
    response
}

/// A request to an upload's own address, by the method that is meant.
async fn at_upload(State(host): Shared, Path(bundle): Path<String>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let meant = if parts.method == Method::POST { tus::meant_method(&parts.headers) } else { None };
    let done = match meant.unwrap_or(parts.method) {
        Method::PATCH => patch(&host, &bundle, &parts.headers, body).await,
        Method::HEAD => head(&host, &bundle, &parts.headers).await,
        Method::DELETE => delete(&host, &bundle, &parts.headers).await,
        Method::OPTIONS => Ok(options().await),
        _ => Err(problem("path.unknown").into()),
    };
    answer(&host, done)
}

fn answer(host: &Host, done: Result<Response, No>) -> Response {
    match done {
        Ok(response) => {
            host.metrics.request("upload", "ok");
            response
        }
        Err(No { problem, offset }) => {
            host.metrics.request("upload", &problem.code);
            let mut response = problem.into_response();
            if let Some(offset) = offset {
                response.headers_mut().insert(tus::UPLOAD_OFFSET, HeaderValue::from(offset));
            }
            response
        }
    }
}

/// A problem, and where the upload stands, where that is known: a client needs no second question then.
struct No {
    problem: Box<Problem>,
    offset: Option<u64>,
}

impl From<Problem> for No {
    fn from(problem: Problem) -> Self {
        Self { problem: Box::new(problem), offset: None }
    }
}

impl From<LandingError> for No {
    fn from(error: LandingError) -> Self {
        match error {
            LandingError::Offset { offset } => {
                Self { offset: Some(offset), ..problem("upload.offset").with("offset", offset).into() }
            }
            LandingError::TooLong { length } => problem("upload.too-long").with("length", length).into(),
            LandingError::Length { length } => problem("upload.length").with("length", length).into(),
            LandingError::Limit => problem("upload.limit").with("limit", MAX_UPLOAD_BYTES).into(),
        }
    }
}

fn number(headers: &HeaderMap, name: &header::HeaderName) -> Result<Option<u64>, No> {
    tus::number(headers, name).map_err(|_| problem("upload.heads").into())
}

/// Who asks, and which upload is meant.
async fn who(host: &Arc<Host>, headers: &HeaderMap, bundle: &str) -> Result<(Npsn, BundleId), No> {
    if !tus::speaks_tus(headers) {
        return Err(problem("upload.version").into());
    }
    let npsn = admitted(host, anyone(host, headers)?).await?.npsn;
    let bundle = bundle.parse().map_err(|_| No::from(problem("path.unknown")))?;
    Ok((npsn, bundle))
}

/// `POST /v1/uploads`: makes an upload for clients that do not know its address. A body is not taken: creating and
/// sending in one request would begin anew after every cut.
async fn create(State(host): Shared, request: Request) -> Response {
    let made = make(&host, request.headers()).await;
    answer(&host, made)
}

async fn make(host: &Arc<Host>, headers: &HeaderMap) -> Result<Response, No> {
    let named = tus::metadata(headers, BUNDLE_KEY);
    let (named, naming) = match named.filter(|named| !named.is_empty()) {
        Some(named) => (named.parse().map_err(|_| No::from(problem("upload.heads")))?, Naming::ByContent),
        None => (BundleId::from_bytes(random().ok_or_else(|| problem("center.failed"))?), Naming::Unnamed),
    };
    let (npsn, bundle) = who(host, headers, &named.to_string()).await?;
    let length = number(headers, &tus::UPLOAD_LENGTH)?.ok_or_else(|| problem("upload.heads"))?;
    let landing = Landing::begin(length)?;
    let _turn = host.uploads.turn(npsn, bundle).await?;
    let landed = match find(host, npsn, bundle).await? {
        Some(landed) => {
            landed.landing.admit(landed.landing.offset(), Some(length), None)?;
            landed
        }
        None => {
            let _room = host.uploads.room(false)?;
            begin(host, (npsn, bundle), landing, naming).await?
        }
    };
    let mut response = StatusCode::CREATED.into_response();
    // There are clients of tus that refuse a path.
    let asked_at = headers.get(header::HOST).and_then(|value| value.to_str().ok());
    let place = host.config.address_of(&format!("/v1/uploads/{bundle}"), asked_at);
    let place = HeaderValue::try_from(place).map_err(|_| problem("center.failed"))?;
    response.headers_mut().insert(header::LOCATION, place);
    Ok(stand(response, &landed.landing, landed.touched))
}

async fn head(host: &Arc<Host>, bundle: &str, headers: &HeaderMap) -> Result<Response, No> {
    let (npsn, bundle) = who(host, headers, bundle).await?;
    let _turn = host.uploads.turn(npsn, bundle).await?;
    let landed = find(host, npsn, bundle).await?.ok_or_else(|| problem("upload.unknown"))?;
    let mut response = StatusCode::OK.into_response();
    response.headers_mut().insert(tus::UPLOAD_LENGTH, HeaderValue::from(landed.landing.length()));
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(stand(response, &landed.landing, landed.touched))
}

async fn delete(host: &Arc<Host>, bundle: &str, headers: &HeaderMap) -> Result<Response, No> {
    let (npsn, bundle) = who(host, headers, bundle).await?;
    let _turn = host.uploads.turn(npsn, bundle).await?;
    find(host, npsn, bundle).await?.ok_or_else(|| problem("upload.unknown"))?;
    on_disk(host, move |host| host.uploads.files.remove(npsn, bundle)).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// `PATCH`: takes a piece. The first piece makes the upload, where it says how long all of it is.
async fn patch(host: &Arc<Host>, bundle: &str, headers: &HeaderMap, body: Body) -> Result<Response, No> {
    let (npsn, bundle) = who(host, headers, bundle).await?;
    if headers.get(header::CONTENT_TYPE).is_none_or(|value| value != HeaderValue::from_static(tus::TUS_TYPE)) {
        return Err(problem("body.wrong-type").into());
    }
    let at = number(headers, &tus::UPLOAD_OFFSET)?.ok_or_else(|| problem("upload.heads"))?;
    let announced = number(headers, &tus::UPLOAD_LENGTH)?;
    let length = number(headers, &header::CONTENT_LENGTH)?;
    let mut turn = host.uploads.turn(npsn, bundle).await?;
    let found = find(host, npsn, bundle).await?;
    let _room = host.uploads.room(found.is_some())?;
    let landed = match (found, announced) {
        (Some(landed), _) => landed,
        (None, Some(announced)) if at == 0 => {
            begin(host, (npsn, bundle), Landing::begin(announced)?, Naming::ByContent).await?
        }
        (None, _) => return Err(problem("upload.unknown").into()),
    };
    let room = landed.landing.admit(at, announced, length)?;
    let (taken, ended) = take(host, &landed, body, room, &mut turn).await?;
    host.metrics.uploaded.inc_by(taken);
    let mut landing = landed.landing;
    landing.took(taken);
    if let Err(code) = ended {
        return Err(No { offset: Some(landing.offset()), ..problem(code).with("offset", landing.offset()).into() });
    }
    if landing.is_whole() {
        settle(host, npsn, bundle, Landed { landing, ..landed }).await?;
    }
    Ok(stand(StatusCode::NO_CONTENT.into_response(), &landing, SystemTime::now()))
}

/// Writes what comes until it ends, stands still, or somebody newer wants the turn; then brings it to the disk. Says
/// how much that is, and with what code it ended early.
async fn take(
    host: &Arc<Host>,
    landed: &Landed,
    body: Body,
    room: u64,
    turn: &mut Turn,
) -> Result<(u64, Result<(), &'static str>), No> {
    let path = landed.path.clone();
    let file = on_disk(host, move |_| std::fs::File::options().append(true).open(path)).await?;
    let file = Arc::new(file);
    let mut pieces = body.into_data_stream();
    let (mut taken, mut patience, mut lingered) = (0, STALL, 0);
    let ended = loop {
        let overtaken = patience == LINGER;
        let piece = tokio::select! {
            biased;
            piece = tokio::time::timeout(patience, pieces.next()) => piece,
            () = turn.superseded(), if !overtaken => {
                patience = LINGER;
                continue;
            }
        };
        let piece: Bytes = match piece {
            Err(_) if overtaken => break Err("upload.superseded"),
            Err(_) => break Err("body.too-slow"),
            Ok(None) => break Ok(()),
            Ok(Some(Err(_))) => break Err("body.cut"),
            Ok(Some(Ok(piece))) => piece,
        };
        let length = piece.len() as u64;
        if taken + length > room {
            break Err("upload.too-long");
        }
        let writer = Arc::clone(&file);
        // A full disk leaves what was written so far; the next question tells how much that is.
        on_disk(host, move |_| (&*writer).write_all(&piece)).await?;
        taken += length;
        lingered += if overtaken { length } else { 0 };
        if lingered > MAX_LINGERED {
            break Err("upload.superseded");
        }
    };
    on_disk(host, move |_| file.sync_data()).await?;
    Ok((taken, ended))
}

/// All of it is here: it is what its name says, or it is dropped.
async fn settle(host: &Arc<Host>, npsn: Npsn, bundle: BundleId, landed: Landed) -> Result<(), No> {
    let content = on_disk(host, {
        let path = landed.path.clone();
        move |_| {
            let mut hasher = blake3::Hasher::new();
            hasher.update_reader(std::fs::File::open(path)?)?;
            Ok(BundleId::from_bytes(*hasher.finalize().as_bytes()))
        }
    })
    .await?;
    if content == bundle {
        return Ok(());
    }
    if landed.unnamed {
        return on_disk(host, move |host| host.uploads.files.rename(npsn, &landed, content)).await;
    }
    on_disk(host, move |host| host.uploads.files.remove(npsn, bundle)).await?;
    Err(No { offset: Some(0), ..problem("upload.damaged").into() })
}

async fn find(host: &Arc<Host>, npsn: Npsn, bundle: BundleId) -> Result<Option<Landed>, No> {
    on_disk(host, move |host| host.uploads.files.find(npsn, bundle)).await
}

async fn begin(
    host: &Arc<Host>,
    (npsn, bundle): (Npsn, BundleId),
    landing: Landing,
    naming: Naming,
) -> Result<Landed, No> {
    let begun = on_disk(host, move |host| host.uploads.files.begin(npsn, bundle, landing, naming)).await?;
    begun.ok_or_else(|| problem("upload.too-many").into())
}

/// Runs work on the disk on a blocking thread.
async fn on_disk<T: Send + 'static>(
    host: &Arc<Host>,
    work: impl FnOnce(&Host) -> std::io::Result<T> + Send + 'static,
) -> Result<T, No> {
    let host = Arc::clone(host);
    let done = tokio::task::spawn_blocking(move || work(&host)).await;
    match done {
        Ok(Ok(done)) => Ok(done),
        Ok(Err(error)) => Err(failed(&error).into()),
        Err(_) => Err(problem("center.failed").into()),
    }
}

fn failed(error: &std::io::Error) -> Problem {
    use std::io::ErrorKind;
    tracing::error!(%error, "an upload could not be written");
    let wait = Duration::from_secs(300);
    match error.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::FileTooLarge => {
            problem("center.disk-full").after(wait)
        }
        _ => problem("center.store").after(wait / 10),
    }
}

/// Says where an upload stands, and until when it is kept.
fn stand(mut response: Response, landing: &Landing, touched: SystemTime) -> Response {
    let headers = response.headers_mut();
    headers.insert(tus::UPLOAD_OFFSET, HeaderValue::from(landing.offset()));
    if let Ok(expires) = HeaderValue::try_from(httpdate::fmt_http_date(touched + EXPIRY)) {
        headers.insert(tus::UPLOAD_EXPIRES, expires);
    }
    response
}
