//! The operators' endpoints, under `/v1/admin`, with the operators' token.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::{Path, Query, Request, State};
use axum::response::Response;
use axum::routing::{get, post};
use axum::{Extension, Router};
use data_encoding::HEXLOWER;
use selaras_model::RecordId;
use selaras_transport::server::{BodyLimits, read_body};
use selaras_transport::{LINES_TYPE, MAX_LINES_BODY, Problem};
use serde::de::DeserializeOwned;

use super::staff::{in_area, staff};
use super::{About, STALL, Shared, json, moves, reply, told};
use crate::access::{Staff, StaffRole};
use crate::catalogue::{lookup, problem};
use crate::desk::{By, Desk};
use crate::host::{Host, school};
use crate::messages::{
    Acted, BackupAsked, BackupDone, FailedSchool, HeadAssign, HeadEnd, HeadRevoke, IdentityEdit, KeyShown, KodeShown,
    RecordEdit, SchoolAdd, SchoolPage, StudentAdd,
};

/// Schools on a page of the list.
const PAGE_SCHOOLS: usize = 200;
/// Schools that the audit log names of those that a backup does not hold.
const MAX_TOLD: usize = 20;

/// The shortest and the longest reason, in characters.
const REASON: [usize; 2] = [10, 200];

type Questions = Query<BTreeMap<String, String>>;

pub(super) fn router() -> Router<Arc<Host>> {
    Router::new()
        .route("/v1/admin/schools", get(list).post(add))
        .route("/v1/admin/schools/{npsn}/kode", post(rotate))
        .route("/v1/admin/key", get(key))
        .route("/v1/admin/backup", post(backup))
        .route("/v1/admin/schools/{npsn}/healing", get(healing))
        .route("/v1/admin/schools/{npsn}/healed", post(healed))
        .route("/v1/admin/schools/{npsn}/digests", get(digests))
        .route("/v1/admin/schools/{npsn}/evidence/{version}", get(evidence))
        .route("/v1/admin/schools/{npsn}/import", post(import))
        .route("/v1/admin/schools/{npsn}/records", get(page).post(edit))
        .route("/v1/admin/schools/{npsn}/records/{entity}/{id}", get(show))
        .route("/v1/admin/schools/{npsn}/identity", post(identity))
        .route("/v1/admin/schools/{npsn}/heads", get(keys).post(assign))
        .route("/v1/admin/schools/{npsn}/heads/revoke", post(revoke))
        .route("/v1/admin/schools/{npsn}/heads/end", post(end))
        .route("/v1/admin/schools/{npsn}/students", post(add_student))
        .route("/v1/admin/schools/{npsn}/moves", post(moves::offer))
        .route("/v1/admin/schools/{npsn}/moves/withdraw", post(moves::withdraw))
}

async fn list(State(host): Shared, Query(asked): Questions, Extension(staff): Extension<Staff>) -> Response {
    reply(&host, "admin", listed(&host, &asked, &staff).await)
}

/// A page may be shorter than it is long where an account sees a part of the schools only. A school that is damaged or busy
/// is named, and hides no other one.
async fn listed(host: &Arc<Host>, asked: &BTreeMap<String, String>, staff: &Staff) -> Result<SchoolPage, Problem> {
    let after = asked.get("after").map(|text| school(text)).transpose()?;
    let reader = Arc::clone(host);
    let found = tokio::task::spawn_blocking(move || reader.schools(after, PAGE_SCHOOLS)).await;
    let found = found.map_err(|_| problem("center.failed"))??;
    let (mut schools, mut failed) = (Vec::new(), Vec::new());
    for npsn in found.iter().take(PAGE_SCHOOLS).copied() {
        let line = match in_area(host, staff, npsn).await {
            Ok(()) => host.at(npsn, Desk::line).await,
            Err(problem) => Err(problem),
        };
        match line {
            Ok(line) => schools.push(line),
            Err(problem) if problem.code == "admin.outside-area" => {}
            Err(problem) => failed.push(FailedSchool { npsn, failed: problem.code }),
        }
    }
    let next = (found.len() > PAGE_SCHOOLS).then(|| found.get(PAGE_SCHOOLS - 1).copied()).flatten();
    Ok(SchoolPage { schools, failed, next })
}

async fn add(State(host): Shared, request: Request) -> Response {
    reply(&host, "admin", added(&host, request).await)
}

async fn added(host: &Arc<Host>, request: Request) -> Result<KodeShown, Problem> {
    let (parts, body) = request.into_parts();
    let asked: SchoolAdd = json(host, &parts.headers, body).await?;
    let npsn = school(&asked.npsn.to_string())?;
    let kode = host.found(npsn, asked.name).await?;
    Ok(KodeShown { npsn, kode_registrasi: kode.shown() })
}

async fn rotate(State(host): Shared, Path(npsn): Path<String>) -> Response {
    let work = async {
        let npsn = school(&npsn)?;
        let kode = host.at(npsn, Desk::rotate).await?;
        Ok(KodeShown { npsn, kode_registrasi: kode.shown() })
    };
    reply(&host, "admin", work.await)
}

async fn key(State(host): Shared) -> Response {
    let public = HEXLOWER.encode(host.keys.signing.verifying_key().as_bytes());
    reply(&host, "admin", Ok(KeyShown { public }))
}

async fn backup(State(host): Shared, request: Request) -> Response {
    let work = async {
        let (parts, body) = request.into_parts();
        let asked: BackupAsked = json(&host, &parts.headers, body).await?;
        let manifest = crate::backup::back_up(&host, &asked.to).await?;
        Ok(BackupDone { schools: manifest.schools.len(), to: asked.to, left_out: manifest.left_out })
    };
    let result: Result<BackupDone, Problem> = work.await;
    told(result.as_ref().ok().map(about_backup), reply(&host, "admin", result))
}

fn about_backup(done: &BackupDone) -> About {
    let left_out = done.left_out.iter().take(MAX_TOLD).map(|left| format!(" without {}", left.npsn));
    About::done(format!("schools {}{}", done.schools, left_out.collect::<String>()))
}

async fn healing(State(host): Shared, Path(npsn): Path<String>) -> Response {
    let work = async { host.at(school(&npsn)?, Desk::healing).await };
    reply(&host, "admin", work.await)
}

async fn healed(State(host): Shared, Path(npsn): Path<String>) -> Response {
    let work = async { host.at(school(&npsn)?, Desk::declare_healed).await };
    reply(&host, "admin", work.await)
}

async fn digests(State(host): Shared, Path(npsn): Path<String>) -> Response {
    let work = async { host.at(school(&npsn)?, Desk::digests).await };
    reply(&host, "admin", work.await)
}

async fn evidence(State(host): Shared, Path((npsn, version)): Path<(String, String)>) -> Response {
    let work = async {
        let version = version.parse().map_err(|_| problem("evidence.none"))?;
        host.at(school(&npsn)?, move |desk| desk.evidence(version)).await
    };
    reply(&host, "admin", work.await)
}

async fn page(State(host): Shared, Path(npsn): Path<String>, Query(asked): Questions) -> Response {
    let work = async {
        let page = move |desk: &Desk| {
            desk.page(asked.get("entity").map(String::as_str), asked.get("from").map(String::as_str))
        };
        host.at(school(&npsn)?, page).await
    };
    reply(&host, "admin", work.await)
}

async fn show(State(host): Shared, Path((npsn, entity, id)): Path<(String, String, String)>) -> Response {
    let work = async {
        let unknown = || problem("record.unknown").with("entity", &entity).with("id", &id);
        let id: RecordId = id.parse().map_err(|_| unknown())?;
        let entity = entity.clone();
        host.at(school(&npsn)?, move |desk| desk.show(&entity, id)).await
    };
    reply(&host, "admin", work.await)
}

async fn import(State(host): Shared, Path(npsn): Path<String>, request: Request) -> Response {
    let result = imported(&host, &npsn, request).await;
    told(result.as_ref().ok().map(about), reply(&host, "admin", result))
}

async fn imported(host: &Arc<Host>, npsn: &str, request: Request) -> Result<Acted, Problem> {
    let npsn = school(npsn)?;
    let by = by(&request)?;
    let (parts, body) = request.into_parts();
    let limits = BodyLimits { bytes: MAX_LINES_BODY, stall: STALL };
    let (lines, permit) = read_body(&parts.headers, body, LINES_TYPE, limits, &host.budget)
        .await
        .map_err(|rejection| rejection.problem(lookup))?;
    host.at(npsn, move |desk| {
        let _permit = permit;
        desk.import(&by, &lines)
    })
    .await
}

/// Who asks, and why: an act that would leave what nobody at the school may mend is done for a reason only, and by the centre's
/// own staff.
pub(super) fn by(request: &Request) -> Result<By, Problem> {
    let staff = staff(request)?;
    let asked: Questions = Query::try_from_uri(request.uri()).map_err(|_| problem("path.unknown"))?;
    let reason = asked.get("reason").map(|reason| reason.trim().to_owned());
    if let Some(reason) = &reason {
        if staff.role != StaffRole::Centre {
            return Err(problem("admin.role").with("name", &staff.name));
        }
        let [min, max] = REASON;
        if !(min..=max).contains(&reason.chars().count()) || reason.chars().any(char::is_control) {
            return Err(problem("act.reason").with("min", min).with("max", max));
        }
    }
    Ok(By { name: staff.name, reason })
}

/// An act by its version and counts, and the ids that it made or ended.
pub(super) fn about(acted: &Acted) -> About {
    let Acted { version, records, created, revoked, reason } = acted;
    let ids = created.iter().map(|id| format!(" made {id}")).chain(revoked.iter().map(|id| format!(" revoked {id}")));
    let why = reason.iter().map(|reason| format!(" because {reason}"));
    About::done(format!("version {version} records {records}{}", ids.chain(why).collect::<String>()))
}

/// Reads a JSON body and has the desk act on it, in the name of whoever asked.
async fn acted<T: DeserializeOwned + Send + 'static>(
    host: Arc<Host>,
    npsn: String,
    request: Request,
    act: impl FnOnce(&Desk, &By, &T) -> Result<Acted, Problem> + Send + 'static,
) -> Response {
    let work = async {
        let npsn = school(&npsn)?;
        let by = by(&request)?;
        let (parts, body) = request.into_parts();
        let asked: T = json(&host, &parts.headers, body).await?;
        host.at(npsn, move |desk| act(desk, &by, &asked)).await
    };
    let result: Result<Acted, Problem> = work.await;
    told(result.as_ref().ok().map(about), reply(&host, "admin", result))
}

async fn edit(State(host): Shared, Path(npsn): Path<String>, request: Request) -> Response {
    acted(host, npsn, request, |desk, by, asked: &RecordEdit| desk.edit(by, asked)).await
}

async fn identity(State(host): Shared, Path(npsn): Path<String>, request: Request) -> Response {
    acted(host, npsn, request, |desk, by, asked: &IdentityEdit| desk.verify(by, asked)).await
}

async fn assign(State(host): Shared, Path(npsn): Path<String>, request: Request) -> Response {
    acted(host, npsn, request, |desk, by, asked: &HeadAssign| desk.assign(by, asked)).await
}

async fn end(State(host): Shared, Path(npsn): Path<String>, request: Request) -> Response {
    acted(host, npsn, request, |desk, by, asked: &HeadEnd| desk.end(by, asked)).await
}

async fn revoke(State(host): Shared, Path(npsn): Path<String>, request: Request) -> Response {
    acted(host, npsn, request, |desk, by, asked: &HeadRevoke| desk.revoke(by, asked)).await
}

async fn keys(State(host): Shared, Path(npsn): Path<String>) -> Response {
    let work = async { host.at(school(&npsn)?, Desk::keys).await };
    reply(&host, "admin", work.await)
}

async fn add_student(State(host): Shared, Path(npsn): Path<String>, request: Request) -> Response {
    acted(host, npsn, request, |desk, by, asked: &StudentAdd| desk.add_student(by, asked)).await
}
