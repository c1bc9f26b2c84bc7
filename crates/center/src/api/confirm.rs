//! An operator's word after a restore: what approves, registers and acts again.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, State};
use axum::response::Response;
use axum::routing::post;

use super::{About, Shared, reply, told};
use crate::catalogue::problem;
use crate::desk::Desk;
use crate::host::{Host, school};
use crate::messages::{AccountsConfirmed, SchoolConfirmed};

pub(super) fn router() -> Router<Arc<Host>> {
    Router::new()
        .route("/v1/admin/schools/{npsn}/confirmed", post(confirm))
        .route("/v1/admin/accounts/confirmed", post(confirm_accounts))
}

async fn confirm(State(host): Shared, Path(npsn): Path<String>) -> Response {
    let work = async { host.at(school(&npsn)?, Desk::confirm).await };
    let confirmed = work.await;
    let about = confirmed.as_ref().ok().map(|confirmed: &SchoolConfirmed| {
        let devices = confirmed.devices.iter().map(|device| format!(" device {device}"));
        let keys = confirmed.keys.iter().map(|key| format!(" key {key}"));
        let kode = confirmed.kode.map(|number| format!(" kode {number}"));
        About::done(format!("confirmed{}", devices.chain(keys).chain(kode).collect::<String>()))
    });
    told(about, reply(&host, "admin", confirmed))
}

async fn confirm_accounts(State(host): Shared) -> Response {
    let work = tokio::task::spawn_blocking({
        let host = Arc::clone(&host);
        move || host.accounts.confirm()
    });
    let confirmed = work.await.map_err(|_| problem("center.failed")).and_then(|done| done);
    let confirmed = confirmed.map(|accounts| AccountsConfirmed { accounts });
    let about = confirmed.as_ref().ok().map(|done| About::done(format!("confirmed {}", done.accounts.join(" "))));
    told(about, reply(&host, "admin", confirmed))
}
