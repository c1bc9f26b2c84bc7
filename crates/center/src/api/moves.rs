//! `POST /v1/admin/schools/{npsn}/moves` offers a student or PTK to another school; what that school answered is carried
//! out when its answer arrives.

use std::sync::Arc;

use axum::extract::{Path, Request, State};
use axum::response::Response;
use selaras_model::Npsn;
use selaras_transport::Problem;

use super::admin::about;
use super::staff::{in_area, staff};
use super::{Shared, json, reply, told};
use crate::audit::{Event, ok};
use crate::catalogue::problem;
use crate::desk::Answered;
use crate::host::{Host, school};
use crate::messages::{Acted, MoveAsked};

/// Who acts when a school's answer is carried out.
const BY: &str = "centre";
/// Answers that are carried out at one contact, while the school waits; the next contact goes on.
const MAX_AT_ONCE: usize = 10;

pub(super) async fn offer(State(host): Shared, Path(npsn): Path<String>, request: Request) -> Response {
    let result = offered(&host, &npsn, request).await;
    told(result.as_ref().ok().map(about), reply(&host, "admin", result))
}

async fn offered(host: &Arc<Host>, npsn: &str, request: Request) -> Result<Acted, Problem> {
    let old = school(npsn)?;
    let staff = staff(&request)?;
    let (parts, body) = request.into_parts();
    let asked: MoveAsked = json(host, &parts.headers, body).await?;
    let new = school(&asked.to.to_string())?;
    if old == new {
        return Err(problem("move.elsewhere").with("id", asked.id).with("npsn", new));
    }
    in_area(host, &staff, new).await?;
    let (who, id) = (asked.who, asked.id);
    let leaving = host.at(old, move |desk| desk.offered(who, id)).await?;
    host.at(new, move |desk| desk.offer_move(&staff.name, &asked, old, &leaving)).await
}

/// Carries out what a school has answered.
///
/// In at the new school first, then out at the old one, then the offer goes: entries of two logs, with no transaction
/// over both. Each step does nothing where it was done before, and the offer is there until all are; what is cut off
/// goes on at the new school's next contact.
pub(super) async fn carry_out(host: &Arc<Host>, npsn: Npsn, answered: Vec<Answered>) {
    for answered in answered.into_iter().take(MAX_AT_ONCE) {
        let (person, from) = (answered.person, answered.from);
        if let Err(problem) = carried_out(host, npsn, answered).await {
            tracing::warn!(%npsn, %from, id = %person, code = %problem.code, "an answered move waits for the next contact");
        }
    }
}

async fn carried_out(host: &Arc<Host>, npsn: Npsn, answered: Answered) -> Result<(), Problem> {
    let answered = Arc::new(answered);
    if answered.accepted {
        let of = Arc::clone(&answered);
        let leaving = host.at(answered.from, move |desk| desk.leaving(of.who, of.person)).await?;
        let of = Arc::clone(&answered);
        host.at(npsn, move |desk| desk.arrive(BY, &of, &leaving)).await?;
        let of = Arc::clone(&answered);
        host.at(answered.from, move |desk| desk.leave(BY, &of)).await?;
    }
    let of = Arc::clone(&answered);
    host.at(npsn, move |desk| desk.close_move(BY, &of)).await?;
    let Answered { person, from, accepted, .. } = &*answered;
    let event = Event {
        who: BY.to_owned(),
        what: if *accepted { "move-accepted" } else { "move-declined" }.to_owned(),
        school: npsn.to_string(),
        about: format!("{person} from {from}"),
        ..ok()
    };
    host.audit.note(event).await.map_err(|_| problem("center.audit"))
}
