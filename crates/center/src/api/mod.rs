//! The centre's HTTP endpoints: heads, tokens and bodies in; the desk's work on a blocking thread; answers out.

mod admin;
mod audited;
pub(crate) mod clock;
mod confirm;
mod devices;
mod exchange;
mod healing;
mod health;
mod moves;
mod probe;
mod registration;
mod rules;
mod snapshots;
mod staff;
mod uploads;

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::HeaderMap;
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use selaras_model::Npsn;
use selaras_transport::Problem;
use selaras_transport::server::{Lookup, bearer, linger, mark, read_json, require_protocol};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::access::{Bearer, TokenFault};
use crate::catalogue::{lookup, problem};
use crate::desk::admit;
use crate::host::Host;

pub(crate) use audited::About;
pub(crate) use probe::Probes;

/// A body that stands still for longer is refused.
const STALL: Duration = Duration::from_secs(20);
/// How long schools are asked to stay away while the centre is closed.
const CLOSED_WAIT: Duration = Duration::from_secs(300);

type Shared = State<Arc<Host>>;

/// All endpoints.
pub(crate) fn router(host: Arc<Host>) -> Router {
    let protocol = from_fn_with_state(lookup as Lookup, require_protocol);
    let schools = Router::new()
        .route("/v1/schools/{npsn}/sync", post(exchange::sync))
        .route("/v1/schools/{npsn}/heal", post(exchange::heal))
        .route("/v1/schools/{npsn}/repair", post(exchange::repair))
        .route("/v1/schools/{npsn}/register", post(registration::register))
        .route("/v1/schools/{npsn}/token", post(registration::token))
        .route("/v1/schools/{npsn}/heads", post(registration::heads))
        .route("/v1/schools/{npsn}/healing", get(healing::healing))
        .route("/v1/schools/{npsn}/healed", post(healing::healed))
        .route("/v1/schools/{npsn}/snapshots/{hash}", get(snapshots::snapshot))
        .route("/v1/rules", get(registration::rules))
        .route("/v1/rules/announced", get(registration::announced_rules))
        .route("/v1/probe", get(probe::down).post(probe::up))
        .layer(from_fn_with_state(Arc::clone(&host), open))
        .layer(protocol.clone());
    // An application that is too old to speak may still bring its bytes: nobody has to send them twice.
    let uploads = uploads::router().layer(from_fn_with_state(Arc::clone(&host), open));
    let admin = admin::router()
        .merge(confirm::router())
        .merge(devices::router())
        .merge(rules::router())
        .merge(clock::router())
        .merge(staff::router())
        .layer(from_fn_with_state(Arc::clone(&host), staff::staff_only))
        .layer(protocol);
    Router::new()
        .merge(schools)
        .merge(uploads)
        .merge(admin)
        .route("/healthz", get(health::healthz))
        .route("/metrics", get(health::metrics))
        .fallback(|| async { problem("path.unknown") })
        .method_not_allowed_fallback(|| async { problem("path.unknown") })
        // Bodies have limits of their own, by endpoint.
        .layer(DefaultBodyLimit::disable())
        .layer(from_fn_with_state(Arc::clone(&host), audited::audited))
        .layer(from_fn(mark))
        .layer(from_fn(linger))
        .with_state(host)
}

/// Turns schools away while the centre is closed for maintenance; operators still get in.
async fn open(State(host): Shared, request: Request, next: Next) -> Response {
    match &host.closed {
        None => next.run(request).await,
        Some(message) => {
            host.metrics.request("closed", "center.closed");
            problem("center.closed").with("message", message).after(CLOSED_WAIT).into_response()
        }
    }
}

/// Counts and writes an answer.
fn reply<T: Serialize>(host: &Host, endpoint: &'static str, result: Result<T, Problem>) -> Response {
    match result {
        Ok(answer) => {
            host.metrics.request(endpoint, "ok");
            Json(answer).into_response()
        }
        Err(problem) => {
            host.metrics.request(endpoint, &problem.code);
            problem.into_response()
        }
    }
}

/// Adds to an answer what the audit log is to say of it.
fn told(about: Option<About>, response: Response) -> Response {
    if let Some(about) = about { about.on(response) } else { response }
}

/// Reads a JSON body.
async fn json<T: DeserializeOwned>(host: &Host, headers: &HeaderMap, body: Body) -> Result<T, Problem> {
    read_json(headers, body, STALL, &host.budget).await.map_err(|rejection| rejection.problem(lookup))
}

/// Judges the token of a request that names no school: it is the token's. Whether its computer was removed since is for
/// the desk to ask, or for [`admitted`].
fn anyone(host: &Host, headers: &HeaderMap) -> Result<Bearer, Problem> {
    let token = bearer(headers).ok_or_else(|| problem("session.missing"))?;
    host.tokens.judge(token, host.clock.now()).map_err(|fault| match fault {
        TokenFault::Expired => problem("session.expired"),
        TokenFault::Foreign => problem("session.foreign"),
    })
}

/// Fails for a computer that was removed since its session began; for requests that come to no desk.
async fn admitted(host: &Arc<Host>, bearer: Bearer) -> Result<Bearer, Problem> {
    let reader = Arc::clone(host);
    let looked = tokio::task::spawn_blocking(move || admit(&reader, bearer)).await;
    looked.map_err(|_| problem("center.failed"))?.map(|()| bearer)
}

/// Judges the token of a request to a school.
fn session(host: &Host, headers: &HeaderMap, npsn: Npsn) -> Result<Bearer, Problem> {
    let bearer = anyone(host, headers)?;
    if bearer.npsn == npsn { Ok(bearer) } else { Err(problem("session.other-school")) }
}

/// Where a request comes from.
type From = axum::extract::ConnectInfo<std::net::SocketAddr>;

fn address(from: &From) -> IpAddr {
    from.0.ip()
}
