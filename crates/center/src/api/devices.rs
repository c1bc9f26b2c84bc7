//! `/v1/admin/schools/{npsn}/devices`: the computers of a school.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, Request, State};
use axum::response::Response;
use axum::routing::{get, post};
use selaras_model::DeviceId;
use selaras_transport::Problem;

use super::staff::staff;
use super::{About, Shared, json, reply, told};
use crate::catalogue::problem;
use crate::desk::Desk;
use crate::host::{Host, school};
use crate::messages::{DeviceLine, DeviceRemove};

pub(super) fn router() -> Router<Arc<Host>> {
    Router::new()
        .route("/v1/admin/schools/{npsn}/devices", get(list))
        .route("/v1/admin/schools/{npsn}/devices/{device}/removed", post(remove))
}

async fn list(State(host): Shared, Path(npsn): Path<String>) -> Response {
    let work = async { host.at(school(&npsn)?, Desk::devices).await };
    reply(&host, "admin", work.await)
}

async fn remove(State(host): Shared, Path((npsn, device)): Path<(String, String)>, request: Request) -> Response {
    let removed = removed(&host, &npsn, &device, request).await;
    let said = |line: &DeviceLine| {
        About::done(format!("device {} {}", line.device, line.ended_because.as_deref().unwrap_or_default()))
    };
    told(removed.as_ref().ok().map(said), reply(&host, "admin", removed))
}

async fn removed(host: &Arc<Host>, npsn: &str, device: &str, request: Request) -> Result<DeviceLine, Problem> {
    let npsn = school(npsn)?;
    let device: DeviceId = device.parse().map_err(|_| problem("device.unknown").with("device", "?"))?;
    let by = staff(&request)?.name;
    let (parts, body) = request.into_parts();
    let asked: DeviceRemove = json(host, &parts.headers, body).await?;
    host.at(npsn, move |desk| desk.remove_device(&by, device, &asked)).await
}
