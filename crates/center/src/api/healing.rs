//! Whom a restored centre waits for, as a school's computer asks, and a head's word that they will not come.

use std::sync::Arc;

use axum::extract::{Path, Request, State};
use axum::http::HeaderMap;
use axum::response::Response;
use selaras_transport::{HealedRequest, HealingAnswer, Problem};

use super::{About, Shared, json, reply, session, told};
use crate::host::{Host, school};

pub(super) async fn healing(State(host): Shared, Path(npsn): Path<String>, headers: HeaderMap) -> Response {
    reply(&host, "healing", waiting(&host, &npsn, &headers).await)
}

async fn waiting(host: &Arc<Host>, npsn: &str, headers: &HeaderMap) -> Result<HealingAnswer, Problem> {
    let npsn = school(npsn)?;
    let bearer = session(host, headers, npsn)?;
    host.at(npsn, move |desk| {
        desk.device(bearer.device)?;
        desk.waited_for()
    })
    .await
}

pub(super) async fn healed(State(host): Shared, Path(npsn): Path<String>, request: Request) -> Response {
    let given_up = given_up(&host, &npsn, request).await;
    let about = given_up.as_ref().ok().map(|(said, _)| About::done(said.clone()));
    told(about, reply(&host, "healed", given_up.map(|(_, answer)| answer)))
}

async fn given_up(host: &Arc<Host>, npsn: &str, request: Request) -> Result<(String, HealingAnswer), Problem> {
    let npsn = school(npsn)?;
    let (parts, body) = request.into_parts();
    let bearer = session(host, &parts.headers, npsn)?;
    let asked: HealedRequest = json(host, &parts.headers, body).await?;
    host.at(npsn, move |desk| {
        desk.device(bearer.device)?;
        let devices = asked.devices.iter().map(|device| format!(" device {device}")).collect::<String>();
        let said = format!("given up by key {}{devices}", asked.key);
        Ok((said, desk.give_up(bearer.device, asked)?))
    })
    .await
}
