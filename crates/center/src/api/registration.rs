//! The JSON endpoints that a school calls: registration, tokens, heads' keys, rules.

use std::sync::Arc;

use axum::extract::{Path, Request, State};
use axum::response::Response;
use selaras_transport::{HeadAnswer, Problem, RegisterAnswer, RulesAnswer, TokenAnswer};

use super::{From, Shared, address, json, reply, session};
use crate::host::{Host, school};

pub(super) async fn register(State(host): Shared, Path(npsn): Path<String>, from: From, request: Request) -> Response {
    reply(&host, "register", registered(&host, &npsn, &from, request).await)
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
    host.at(npsn, move |desk| desk.token(&asked)).await
}

pub(super) async fn heads(State(host): Shared, Path(npsn): Path<String>, from: From, request: Request) -> Response {
    reply(&host, "heads", enrolled(&host, &npsn, &from, request).await)
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

pub(super) async fn rules(State(host): Shared) -> Response {
    let rules = &host.rules;
    let texts = RulesAnswer { pack: rules.pack.source().to_owned(), rulebook: rules.rulebook.source().to_owned() };
    reply(&host, "rules", Ok(texts))
}
