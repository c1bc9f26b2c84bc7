//! `POST /v1/schools/{npsn}/sync`: the exchange.

use std::sync::Arc;
use std::time::Instant;

use axum::extract::{Path, Request, State};
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use selaras_sync::limits::{MAX_HEAL_BYTES, MAX_REPAIR_BYTES};
use selaras_transport::server::{BodyLimits, read_body};
use selaras_transport::{EXCHANGE_TYPE, LANDED, MAX_EXCHANGE_BODY, Problem};

use super::{About, STALL, Shared, moves, session, told};
use crate::catalogue::lookup;
use crate::host::{Host, school};
use crate::lanes::Urgency;

/// The longest name of an application that is kept.
const MAX_AGENT: usize = 40;

pub(super) async fn sync(State(host): Shared, Path(npsn): Path<String>, request: Request) -> Response {
    let began = Instant::now();
    match answer(&host, &npsn, request).await {
        Ok((received, (body, about))) => {
            host.metrics.request("sync", "ok");
            host.metrics.exchange(began.elapsed(), received, body.len());
            let response = ([(header::CONTENT_TYPE, HeaderValue::from_static(EXCHANGE_TYPE))], body).into_response();
            told(about, response)
        }
        Err(problem) => {
            host.metrics.request("sync", &problem.code);
            problem.into_response()
        }
    }
}

/// `POST /v1/schools/{npsn}/heal`: what a restored centre lacks comes back.
pub(super) async fn heal(State(host): Shared, Path(npsn): Path<String>, request: Request) -> Response {
    match healed(&host, &npsn, request).await {
        Ok(body) => {
            host.metrics.request("heal", "ok");
            ([(header::CONTENT_TYPE, HeaderValue::from_static(EXCHANGE_TYPE))], body).into_response()
        }
        Err(problem) => {
            host.metrics.request("heal", &problem.code);
            problem.into_response()
        }
    }
}

async fn healed(host: &Arc<Host>, npsn: &str, request: Request) -> Result<Vec<u8>, Problem> {
    let npsn = school(npsn)?;
    let (parts, body) = request.into_parts();
    let bearer = session(host, &parts.headers, npsn)?;
    if let Some(problem) = host.lanes.crowded() {
        return Err(problem);
    }
    let limits = BodyLimits { bytes: MAX_HEAL_BYTES, stall: STALL };
    let (body, permit) = read_body(&parts.headers, body, EXCHANGE_TYPE, limits, &host.budget)
        .await
        .map_err(|rejection| rejection.problem(lookup))?;
    host.at(npsn, move |desk| {
        let _permit = permit;
        desk.heal(bearer.device, &body)
    })
    .await
}

/// `POST /v1/schools/{npsn}/repair`: records that differ are found, and mended.
pub(super) async fn repair(State(host): Shared, Path(npsn): Path<String>, request: Request) -> Response {
    match repaired(&host, &npsn, request).await {
        Ok(body) => {
            host.metrics.request("repair", "ok");
            ([(header::CONTENT_TYPE, HeaderValue::from_static(EXCHANGE_TYPE))], body).into_response()
        }
        Err(problem) => {
            host.metrics.request("repair", &problem.code);
            problem.into_response()
        }
    }
}

async fn repaired(host: &Arc<Host>, npsn: &str, request: Request) -> Result<Vec<u8>, Problem> {
    let npsn = school(npsn)?;
    let (parts, body) = request.into_parts();
    let bearer = session(host, &parts.headers, npsn)?;
    if let Some(problem) = host.lanes.crowded() {
        return Err(problem);
    }
    let limits = BodyLimits { bytes: MAX_REPAIR_BYTES, stall: STALL };
    let (body, permit) = read_body(&parts.headers, body, EXCHANGE_TYPE, limits, &host.budget)
        .await
        .map_err(|rejection| rejection.problem(lookup))?;
    host.at(npsn, move |desk| {
        let _permit = permit;
        desk.repair(bearer.device, &body)
    })
    .await
}

async fn answer(host: &Arc<Host>, npsn: &str, request: Request) -> Result<(usize, (Vec<u8>, Option<About>)), Problem> {
    let npsn = school(npsn)?;
    let (parts, body) = request.into_parts();
    let bearer = session(host, &parts.headers, npsn)?;
    let urgency = if parts.headers.contains_key(LANDED) { Urgency::Landed } else { Urgency::Usual };
    if let Some(problem) = host.lanes.crowded().filter(|_| urgency == Urgency::Usual) {
        return Err(problem);
    }
    let limits = BodyLimits { bytes: MAX_EXCHANGE_BODY, stall: STALL };
    let (body, permit) = read_body(&parts.headers, body, EXCHANGE_TYPE, limits, &host.budget)
        .await
        .map_err(|rejection| rejection.problem(lookup))?;
    let received = body.len();
    let agent = agent(&parts.headers);
    let (answer, answered) = host
        .at_once(npsn, urgency, move |desk| {
            // The body's share of memory is held until the work on it is done.
            let _permit = permit;
            Ok((desk.exchange(bearer.device, &agent, &body)?, desk.answered_moves()?))
        })
        .await?;
    moves::carry_out(host, npsn, answered).await;
    Ok((received, answer))
}

fn agent(headers: &HeaderMap) -> String {
    let agent = headers.get(header::USER_AGENT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    agent.chars().take(MAX_AGENT).collect()
}
