//! The operators' endpoints for packs and rulebooks.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::response::Response;
use axum::routing::{get, post};
use selaras_transport::server::{BodyLimits, parse_json, read_body};
use selaras_transport::{JSON_TYPE, MAX_RULES_BODY, Problem};

use super::{About, STALL, Shared, json, reply, told};
use crate::catalogue::{lookup, problem};
use crate::host::Host;
use crate::messages::{ReleaseLine, RulesPublish, RulesWithdraw};

pub(super) fn router() -> Router<Arc<Host>> {
    Router::new().route("/v1/admin/rules", get(list).post(publish)).route("/v1/admin/rules/withdraw", post(withdraw))
}

async fn list(State(host): Shared) -> Response {
    let listed = host.acting().map(|acting| host.releases.list(acting.day));
    reply(&host, "admin", listed)
}

async fn publish(State(host): Shared, request: Request) -> Response {
    let published = published(&host, request).await;
    told(published.as_ref().ok().map(about), reply(&host, "admin", published))
}

fn about(line: &ReleaseLine) -> About {
    let from = line.from.map(|from| from.to_string()).unwrap_or_default();
    About::done(format!("from {from} pack {} rulebook {}", line.pack, line.rulebook))
}

async fn published(host: &Arc<Host>, request: Request) -> Result<ReleaseLine, Problem> {
    let (parts, body) = request.into_parts();
    let limits = BodyLimits { bytes: MAX_RULES_BODY, stall: STALL };
    let read = read_body(&parts.headers, body, JSON_TYPE, limits, &host.budget).await;
    let (bytes, permit) = read.map_err(|rejection| rejection.problem(lookup))?;
    let asked: RulesPublish = parse_json(&bytes).map_err(|rejection| rejection.problem(lookup))?;
    let host = Arc::clone(host);
    let work = move || {
        let _permit = permit;
        host.releases.publish(&asked, host.acting()?.day, host.clock.now(), &host.keys)
    };
    tokio::task::spawn_blocking(work).await.map_err(|_| problem("center.failed"))?
}

async fn withdraw(State(host): Shared, request: Request) -> Response {
    let withdrawn = withdrawn(&host, request).await;
    told(withdrawn.as_ref().ok().map(about), reply(&host, "admin", withdrawn))
}

async fn withdrawn(host: &Arc<Host>, request: Request) -> Result<ReleaseLine, Problem> {
    let (parts, body) = request.into_parts();
    let asked: RulesWithdraw = json(host, &parts.headers, body).await?;
    let host = Arc::clone(host);
    let work = move || host.releases.withdraw(asked.from, host.acting()?.day);
    tokio::task::spawn_blocking(work).await.map_err(|_| problem("center.failed"))?
}
