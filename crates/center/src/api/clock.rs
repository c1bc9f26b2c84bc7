//! The operators' endpoints for the centre's date, and the alarm while what its clock shows waits for their word.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::{get, post};
use selaras_model::Date;
use selaras_sync::ActingDate;
use selaras_transport::Problem;

use super::{About, Shared, reply, told};
use crate::audit::{Event, ok};
use crate::catalogue::problem;
use crate::host::Host;
use crate::messages::ClockState;

/// How often the clock is looked at where nobody asks.
const LOOK_EVERY: Duration = Duration::from_secs(600);

pub(super) fn router() -> Router<Arc<Host>> {
    Router::new().route("/v1/admin/clock", get(show)).route("/v1/admin/clock/confirm", post(confirm))
}

/// What the clock shows, and by which date the centre works.
pub(super) fn state(host: &Host) -> Result<ClockState, Problem> {
    let clock = host.clock.today().ok_or_else(|| problem("center.failed"))?;
    let ActingDate { today, unconfirmed } = host.dates.judged(clock);
    Ok(ClockState { clock, today, confirmed: unconfirmed.is_none() })
}

async fn show(State(host): Shared) -> Response {
    reply(&host, "admin", state(&host))
}

async fn confirm(State(host): Shared) -> Response {
    let confirmed = confirmed(&host).await;
    let about = confirmed.as_ref().ok().map(|state| About::done(format!("date {}", state.clock)));
    told(about, reply(&host, "admin", confirmed))
}

async fn confirmed(host: &Arc<Host>) -> Result<ClockState, Problem> {
    let host = Arc::clone(host);
    let work = move || {
        let clock = host.clock.today().ok_or_else(|| problem("center.failed"))?;
        host.dates.confirm(clock).map_err(|error| crate::desk::stored(&error))?;
        tracing::warn!(%clock, "an operator confirmed the centre's date");
        state(&host)
    };
    tokio::task::spawn_blocking(work).await.map_err(|_| problem("center.failed"))?
}

/// Raises the alarm while the clock shows a date that waits for an operator's word: in the log of the program, in the audit
/// log once for each date, in the metrics.
pub(crate) async fn watch(host: Arc<Host>) {
    let mut told: Option<Date> = None;
    loop {
        if let Ok(ClockState { clock, today, confirmed }) = state(&host) {
            host.metrics.clock_unconfirmed.set(i64::from(!confirmed));
            if !confirmed {
                tracing::error!(%clock, %today, "the clock is far ahead of the last date; the centre works on by that one \
                    until an operator confirms: selaras-center clock confirm");
            }
            if !confirmed && told.replace(clock) != Some(clock) {
                let about = format!("clock {clock}, works by {today}");
                let event = Event { who: "centre".to_owned(), what: "clock-unconfirmed".to_owned(), about, ..ok() };
                // It is said again at the next look where it could not be written.
                if host.audit.note(event).await.is_err() {
                    told = None;
                }
            }
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}
