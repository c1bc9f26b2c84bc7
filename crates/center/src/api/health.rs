//! Health and metrics; neither needs a token, neither tells of a school.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use selaras_transport::{PROTOCOL, Problem};

use super::Shared;
use crate::catalogue::problem;
use crate::host::Host;

pub(super) async fn healthz(State(host): Shared) -> Response {
    match readable(&host).await {
        Ok(()) => {
            let state = if host.closed.is_some() { "closed" } else { "ok" };
            let version = env!("CARGO_PKG_VERSION");
            let mut health = serde_json::json!({ "status": state, "version": version, "protocol": PROTOCOL });
            if let (Ok(clock), Some(health)) = (super::clock::state(&host), health.as_object_mut())
                && !clock.confirmed
            {
                health.insert("clock".to_owned(), serde_json::json!(clock));
            }
            Json(health).into_response()
        }
        Err(problem) => problem.into_response(),
    }
}

pub(super) async fn metrics(State(host): Shared) -> Response {
    let content_type = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    ([(header::CONTENT_TYPE, content_type)], host.metrics.text(host.audit.alarms())).into_response()
}

/// Reads something of the store.
async fn readable(host: &Arc<Host>) -> Result<(), Problem> {
    let host = Arc::clone(host);
    let read = tokio::task::spawn_blocking(move || host.schools(None, 1)).await;
    read.map_err(|_| problem("center.failed"))?.map(|_| ())
}
