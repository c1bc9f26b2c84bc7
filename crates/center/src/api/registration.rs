//! The JSON endpoints that a school calls: registration, tokens, heads' keys, rules.

use std::sync::Arc;

use axum::extract::{Path, Request, State};
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse as _, Response};
use selaras_transport::{HeadAnswer, JSON_TYPE, Problem, RegisterAnswer, TokenAnswer, takes_zstd};

use super::{About, From, Shared, address, json, reply, session, told};
use crate::catalogue::problem;
use crate::desk::shown_of_unknown;
use crate::host::{Host, school};
use crate::releases::Held;

pub(super) async fn register(State(host): Shared, Path(npsn): Path<String>, from: From, request: Request) -> Response {
    let registered = registered(&host, &npsn, &from, request).await;
    let about = registered.as_ref().ok().map(|answer| About::done(format!("device {}", answer.device)));
    told(about, reply(&host, "register", registered))
}

async fn registered(host: &Arc<Host>, npsn: &str, from: &From, request: Request) -> Result<RegisterAnswer, Problem> {
    let npsn = school(npsn)?;
    let (parts, body) = request.into_parts();
    let asked: selaras_transport::RegisterRequest = json(host, &parts.headers, body).await?;
    let from = address(from);
    host.at(npsn, move |desk| desk.register(&asked, from)).await
}

pub(super) async fn token(State(host): Shared, Path(npsn): Path<String>, request: Request) -> Response {
    reply(&host, "token", given(&host, &npsn, request).await)
}

async fn given(host: &Arc<Host>, npsn: &str, request: Request) -> Result<TokenAnswer, Problem> {
    let npsn = school(npsn)?;
    let (parts, body) = request.into_parts();
    let asked: selaras_transport::TokenRequest = json(host, &parts.headers, body).await?;
    let again = asked.clone();
    match host.at(npsn, move |desk| desk.token(&asked)).await {
        Err(problem) if problem.code == "school.unknown" => {
            let certificate = shown_of_unknown(host, npsn, &again).ok_or(problem)?;
            host.found_again(certificate).await?;
            host.at(npsn, move |desk| desk.token(&again)).await
        }
        given => given,
    }
}

pub(super) async fn heads(State(host): Shared, Path(npsn): Path<String>, from: From, request: Request) -> Response {
    let enrolled = enrolled(&host, &npsn, &from, request).await;
    let about = enrolled.as_ref().ok().map(|answer| About::done(format!("key {}", answer.key_id)));
    told(about, reply(&host, "heads", enrolled))
}

async fn enrolled(host: &Arc<Host>, npsn: &str, from: &From, request: Request) -> Result<HeadAnswer, Problem> {
    let npsn = school(npsn)?;
    let (parts, body) = request.into_parts();
    let bearer = session(host, &parts.headers, npsn)?;
    let asked: selaras_transport::HeadRequest = json(host, &parts.headers, body).await?;
    let from = address(from);
    host.at(npsn, move |desk| {
        desk.device(bearer.device)?;
        desk.enrol(&asked, from)
    })
    .await
}

pub(super) async fn rules(State(host): Shared, headers: HeaderMap) -> Response {
    match host.acting().map(|acting| acting.in_force) {
        Ok(in_force) => given_rules(&host, &in_force.now, &headers),
        Err(problem) => reply::<()>(&host, "rules", Err(problem)),
    }
}

/// What is announced for a day to come.
pub(super) async fn announced_rules(State(host): Shared, headers: HeaderMap) -> Response {
    match host.acting().and_then(|acting| acting.in_force.next.ok_or_else(|| problem("rules.none-announced"))) {
        Ok(next) => given_rules(&host, &next, &headers),
        Err(problem) => reply::<()>(&host, "rules", Err(problem)),
    }
}

fn given_rules(host: &Host, held: &Held, headers: &HeaderMap) -> Response {
    let takes = headers.get(header::ACCEPT_ENCODING).and_then(|value| value.to_str().ok()).is_some_and(takes_zstd);
    if takes {
        host.metrics.request("rules", "ok");
        let heads = [(header::CONTENT_TYPE, JSON_TYPE), (header::CONTENT_ENCODING, "zstd")];
        return (heads, held.packed.clone()).into_response();
    }
    reply(host, "rules", Ok(held.answer(&host.keys)))
}
