//! `POST /v1/schools/{npsn}/sync`, `heal` and `repair`: the exchange.

use std::sync::Arc;
use std::time::Instant;

use axum::extract::{Path, Request, State};
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use selaras_sync::Carry;
use selaras_sync::exchange::Endpoint;
use selaras_sync::limits::{MAX_HEAL_BYTES, MAX_REPAIR_BYTES};
use selaras_transport::server::{BodyLimits, read_body};
use selaras_transport::{EXCHANGE_TYPE, LANDED, MAX_EXCHANGE_BODY, Problem};

use super::{About, STALL, Shared, moves, session, told};
use crate::catalogue::lookup;
use crate::desk::{Desk, Due};
use crate::host::{Host, school};
use crate::lanes::Urgency;

/// The longest name of an application that is kept.
const MAX_AGENT: usize = 40;

pub(super) async fn sync(State(host): Shared, Path(npsn): Path<String>, request: Request) -> Response {
    let landed = request.headers().contains_key(LANDED);
    let carry = if landed { Carry::Landed } else { Carry::Inline };
    served(&host, &npsn, Endpoint::Exchange(carry), request).await
}

/// `POST /v1/schools/{npsn}/heal`: what a restored centre lacks comes back.
pub(super) async fn heal(State(host): Shared, Path(npsn): Path<String>, request: Request) -> Response {
    served(&host, &npsn, Endpoint::Heal, request).await
}

/// `POST /v1/schools/{npsn}/repair`: records that differ are found, and mended.
pub(super) async fn repair(State(host): Shared, Path(npsn): Path<String>, request: Request) -> Response {
    served(&host, &npsn, Endpoint::Repair, request).await
}

/// What was answered, and the request's size.
struct Answered {
    received: usize,
    body: Vec<u8>,
    about: Option<About>,
}

async fn served(host: &Arc<Host>, npsn: &str, endpoint: Endpoint, request: Request) -> Response {
    let began = Instant::now();
    let door = match endpoint {
        Endpoint::Exchange(_) => "sync",
        Endpoint::Heal => "heal",
        Endpoint::Repair => "repair",
    };
    match answer(host, npsn, endpoint, request).await {
        Ok(Answered { received, body, about }) => {
            host.metrics.request(door, "ok");
            if let Endpoint::Exchange(_) = endpoint {
                host.metrics.exchange(began.elapsed(), received, body.len());
            }
            let response = ([(header::CONTENT_TYPE, HeaderValue::from_static(EXCHANGE_TYPE))], body).into_response();
            told(about, response)
        }
        Err(problem) => {
            host.metrics.request(door, &problem.code);
            problem.into_response()
        }
    }
}

async fn answer(host: &Arc<Host>, npsn: &str, endpoint: Endpoint, request: Request) -> Result<Answered, Problem> {
    let npsn = school(npsn)?;
    let (parts, body) = request.into_parts();
    let bearer = session(host, &parts.headers, npsn)?;
    let (limit, urgency) = match endpoint {
        Endpoint::Exchange(Carry::Landed) => (MAX_EXCHANGE_BODY, Urgency::Landed),
        Endpoint::Exchange(Carry::Inline) => (MAX_EXCHANGE_BODY, Urgency::Usual),
        Endpoint::Heal => (MAX_HEAL_BYTES, Urgency::Usual),
        Endpoint::Repair => (MAX_REPAIR_BYTES, Urgency::Usual),
    };
    if let Some(problem) = host.lanes.crowded().filter(|_| urgency == Urgency::Usual) {
        return Err(problem);
    }
    let limits = BodyLimits { bytes: limit, stall: STALL };
    let (body, permit) = read_body(&parts.headers, body, EXCHANGE_TYPE, limits, &host.budget)
        .await
        .map_err(|rejection| rejection.problem(lookup))?;
    let received = body.len();
    let agent = agent(&parts.headers);
    let ((body, about), moves) = host
        .at_once(npsn, urgency, move |desk| {
            // The body's share of memory is held until the work on it is done.
            let _permit = permit;
            let answered = desk.exchange(bearer.device, endpoint, &agent, &body)?;
            let moves = if let Endpoint::Exchange(_) = endpoint { due_moves(desk) } else { Due::default() };
            Ok((answered, moves))
        })
        .await?;
    moves::carry_out(host, npsn, moves).await;
    Ok(Answered { received, body, about })
}

/// What could not be looked up is no fault of this exchange, which is answered.
fn due_moves(desk: &Desk) -> Due {
    desk.due_moves().unwrap_or_else(|problem| {
        tracing::warn!(npsn = %desk.npsn, code = %problem.code, "moves wait for the next contact");
        Due::default()
    })
}

fn agent(headers: &HeaderMap) -> String {
    let agent = headers.get(header::USER_AGENT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    agent.chars().take(MAX_AGENT).collect()
}
