//! `POST /v1/admin/schools/{npsn}/moves` offers a student or PTK to another school, and `/withdraw` takes an offer back; what
//! that school answered is carried out when its answer arrives.

use std::sync::Arc;

use axum::extract::{Path, Request, State};
use axum::response::Response;
use selaras_model::Npsn;
use selaras_sync::{CarriedMove, LatePage};
use selaras_transport::Problem;

use super::admin::{about, by};
use super::staff::{in_area, staff};
use super::{Shared, json, reply, told};
use crate::audit::{Event, ok};
use crate::catalogue::problem;
use crate::desk::{Answer, Due};
use crate::host::{Host, school};
use crate::messages::{Acted, MoveAsked, MoveWithdrawn};

/// Who acts when a school's answer is carried out.
const BY: &str = "centre";
pub(super) async fn offer(State(host): Shared, Path(npsn): Path<String>, request: Request) -> Response {
    let result = offered(&host, &npsn, request).await;
    told(result.as_ref().ok().map(about), reply(&host, "admin", result))
}

async fn offered(host: &Arc<Host>, npsn: &str, request: Request) -> Result<Acted, Problem> {
    let old = school(npsn)?;
    let (staff, by) = (staff(&request)?, by(&request)?);
    let (parts, body) = request.into_parts();
    let asked: MoveAsked = json(host, &parts.headers, body).await?;
    let new = school(&asked.to.to_string())?;
    if old == new {
        return Err(problem("move.elsewhere").with("id", asked.id).with("npsn", new));
    }
    in_area(host, &staff, new).await?;
    let (who, id) = (asked.who, asked.id);
    host.at(new, move |desk| desk.may_come(who, id)).await?;
    let promised = match host.at(old, move |desk| desk.promise_move(&asked)).await? {
        Answer::Promised(promised) => promised,
        Answer::Elsewhere(to, on) => {
            // The old school's log may say so of an offer that never came there, or is gone.
            if host.at(to, move |desk| desk.offer_stands(who, id, old, on)).await? {
                return Err(problem("move.offered").with("id", id).with("npsn", to));
            }
            host.at(old, move |desk| desk.end_offer(who, id, to, on)).await?;
            match host.at(old, move |desk| desk.promise_move(&asked)).await? {
                Answer::Promised(promised) => promised,
                Answer::Elsewhere(to, _) => return Err(problem("move.offered").with("id", id).with("npsn", to)),
            }
        }
    };
    host.at(new, move |desk| desk.offer_move(&by, &asked, promised)).await
}

pub(super) async fn withdraw(State(host): Shared, Path(npsn): Path<String>, request: Request) -> Response {
    let result = withdrawn(&host, &npsn, request).await;
    told(result.as_ref().ok().map(about), reply(&host, "admin", result))
}

/// The offer goes at the new school first, which may have accepted it; then the old school's log says that it is over.
async fn withdrawn(host: &Arc<Host>, npsn: &str, request: Request) -> Result<Acted, Problem> {
    let old = school(npsn)?;
    let by = by(&request)?;
    let (parts, body) = request.into_parts();
    let MoveWithdrawn { who, id } = json(host, &parts.headers, body).await?;
    let (to, on) = host.at(old, move |desk| desk.promised(who, id)).await?;
    host.at(to, move |desk| desk.take_back_offer(&by, (who, id), old, on)).await?;
    host.at(old, move |desk| desk.end_offer(who, id, to, on)).await
}

/// Carries out what a school's log asks for, stage by stage as the engine says; what is cut off goes on at that school's next
/// contact.
pub(super) async fn carry_out(host: &Arc<Host>, npsn: Npsn, due: Due) {
    for carried in due.moves {
        let (_, person, from) = carried.of();
        if let Err(problem) = carried_out(host, npsn, carried).await {
            tracing::warn!(%npsn, %from, id = %person, code = %problem.code, "a move waits for the next contact");
        }
    }
    if let Some(late) = due.late
        && let Err(problem) = gone_on(host, npsn, late).await
    {
        tracing::warn!(%npsn, code = %problem.code, "what came late of people who left waits for the next contact");
    }
}

async fn carried_out(host: &Arc<Host>, npsn: Npsn, mut carried: CarriedMove) -> Result<(), Problem> {
    while let Some(school) = carried.school() {
        let mut taken = carried;
        carried = host.at(school, move |desk| desk.move_stage(BY, &mut taken).map(|()| taken)).await?;
    }
    let (_, person, from) = carried.of();
    let event = Event {
        who: BY.to_owned(),
        what: if carried.accepted() { "move-accepted" } else { "move-declined" }.to_owned(),
        school: npsn.to_string(),
        about: format!("{person} from {from}"),
        ..ok()
    };
    host.audit.note(event).await.map_err(|_| problem("center.audit"))
}

/// What a school wrote about people who had left it goes on to where they are. A school that does not take it now
/// holds up nothing that is for others.
async fn gone_on(host: &Arc<Host>, npsn: Npsn, mut page: LatePage) -> Result<(), Problem> {
    for late in std::mem::take(&mut page.edits) {
        if page.waits(&late) {
            page.keep_back(&late);
            continue;
        }
        let (to, taken) = (late.to, late.clone());
        if let Err(problem) = host.at(to, move |desk| desk.take_late(&taken)).await {
            tracing::warn!(%npsn, %to, code = %problem.code, "what came late is tried again at a later contact");
            page.keep_back(&late);
        }
    }
    host.at(npsn, move |desk| desk.late_done(&page)).await
}
