//! `POST /v1/admin/schools/{npsn}/moves` offers a student or PTK to another school; what that school answered is carried
//! out when its answer arrives.

use std::sync::Arc;

use axum::extract::{Path, Request, State};
use axum::response::Response;
use selaras_model::Npsn;
use selaras_sync::AnsweredMove;
use selaras_transport::Problem;

use super::admin::about;
use super::staff::{in_area, staff};
use super::{Shared, json, reply, told};
use crate::audit::{Event, ok};
use crate::catalogue::problem;
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
    let offered = host.at(old, move |desk| desk.offered(who, id)).await?;
    host.at(new, move |desk| desk.offer_move(&staff.name, &asked, offered)).await
}

/// Carries out what a school has answered, stage by stage as the engine says; what is cut off goes on at the new school's
/// next contact.
pub(super) async fn carry_out(host: &Arc<Host>, npsn: Npsn, answered: Vec<AnsweredMove>) {
    for answered in answered.into_iter().take(MAX_AT_ONCE) {
        let (person, from) = (answered.person, answered.from);
        if let Err(problem) = carried_out(host, npsn, answered).await {
            tracing::warn!(%npsn, %from, id = %person, code = %problem.code, "an answered move waits for the next contact");
        }
    }
}

async fn carried_out(host: &Arc<Host>, npsn: Npsn, answered: AnsweredMove) -> Result<(), Problem> {
    let mut carried = answered.carry_out(npsn);
    while let Some(school) = carried.school() {
        let mut taken = carried;
        carried = host.at(school, move |desk| desk.move_stage(BY, &mut taken).map(|()| taken)).await?;
    }
    let AnsweredMove { person, from, accepted, .. } = carried.answered();
    let event = Event {
        who: BY.to_owned(),
        what: if *accepted { "move-accepted" } else { "move-declined" }.to_owned(),
        school: npsn.to_string(),
        about: format!("{person} from {from}"),
        ..ok()
    };
    host.audit.note(event).await.map_err(|_| problem("center.audit"))
}
