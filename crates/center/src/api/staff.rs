//! Who may call the operators' endpoints, and the accounts of those who do.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{ConnectInfo, MatchedPath, Path, Request, State};
use axum::http::Method;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use selaras_model::Npsn;
use selaras_transport::Problem;
use selaras_transport::server::bearer;

use super::audited::{PathParts, school_in};
use super::{Shared, json, reply};
use crate::access::{Staff, StaffRole};
use crate::catalogue::problem;
use crate::host::Host;
use crate::messages::{StaffAdd, StaffDisable, StaffLine, StaffList, StaffToken};

/// Where the paths of schools begin.
const SCHOOLS: &str = "/v1/admin/schools/";
/// What an education office may call, in its area; an endpoint that is not named here is the centre's staff's.
const OF_DINAS: &[(Method, &str)] = &[
    (Method::GET, "/v1/admin/schools"),
    (Method::GET, "/v1/admin/schools/{npsn}/digests"),
    (Method::GET, "/v1/admin/schools/{npsn}/evidence/{version}"),
    (Method::GET, "/v1/admin/schools/{npsn}/records"),
    (Method::GET, "/v1/admin/schools/{npsn}/records/{entity}/{id}"),
    (Method::GET, "/v1/admin/schools/{npsn}/heads"),
    (Method::POST, "/v1/admin/schools/{npsn}/heads"),
    (Method::POST, "/v1/admin/schools/{npsn}/heads/end"),
    (Method::POST, "/v1/admin/schools/{npsn}/heads/revoke"),
    (Method::POST, "/v1/admin/schools/{npsn}/moves"),
    (Method::POST, "/v1/admin/schools/{npsn}/moves/withdraw"),
    (Method::GET, "/v1/admin/schools/{npsn}/devices"),
    (Method::POST, "/v1/admin/schools/{npsn}/devices/{device}/removed"),
];

pub(super) fn router() -> Router<Arc<Host>> {
    Router::new()
        .route("/v1/admin/accounts", get(list).post(add))
        .route("/v1/admin/accounts/{name}/disabled", post(disable))
        .route("/v1/admin/accounts/{name}/token", post(rotate))
}

/// Lets through who has a token, for what the account's role and area cover; the rest of the request's way knows who.
pub(super) async fn staff_only(State(host): Shared, parts: PathParts, mut request: Request, next: Next) -> Response {
    match admitted(&host, Asked::by(school_in(&parts), &request)).await {
        Ok(staff) => {
            request.extensions_mut().insert(staff);
            next.run(request).await
        }
        Err(problem) => {
            host.metrics.request("admin", &problem.code);
            problem.into_response()
        }
    }
}

/// Whoever the request was let through for.
pub(super) fn staff(request: &Request) -> Result<Staff, Problem> {
    request.extensions().get::<Staff>().cloned().ok_or_else(|| problem("admin.wrong-token"))
}

/// Fails for an account in whose area a school does not lie.
pub(super) async fn in_area(host: &Arc<Host>, staff: &Staff, npsn: Npsn) -> Result<(), Problem> {
    if staff.role == StaffRole::Centre {
        return Ok(());
    }
    let area = staff.area.clone();
    if host.at(npsn, move |desk| desk.is_in(&area)).await? {
        return Ok(());
    }
    Err(problem("admin.outside-area").with("npsn", npsn).with("name", &staff.name))
}

/// What of a request decides whether it is let through.
struct Asked {
    from: Option<IpAddr>,
    token: Option<String>,
    method: Method,
    /// The path as its route is written.
    route: String,
    /// The school that the path names.
    school: Option<Npsn>,
}

impl Asked {
    fn by(school: Option<Npsn>, request: &Request) -> Self {
        let extensions = request.extensions();
        Self {
            from: extensions.get::<ConnectInfo<SocketAddr>>().map(|from| from.0.ip()),
            token: bearer(request.headers()).map(str::to_owned),
            method: request.method().clone(),
            route: extensions.get::<MatchedPath>().map_or("", MatchedPath::as_str).to_owned(),
            school,
        }
    }
}

async fn admitted(host: &Arc<Host>, asked: Asked) -> Result<Staff, Problem> {
    let staff = known(host, &asked)?;
    if staff.role == StaffRole::Dinas {
        if !OF_DINAS.iter().any(|(method, route)| *method == asked.method && *route == asked.route) {
            return Err(problem("admin.role").with("name", &staff.name));
        }
        if let Some(npsn) = asked.school {
            in_area(host, &staff, npsn).await?;
        } else if asked.route.starts_with(SCHOOLS) {
            // Its path names what is no school's number.
            return Err(problem("school.bad-npsn"));
        }
    }
    Ok(staff)
}

/// Whose token it is; a wrong one counts against the address that it comes from.
fn known(host: &Host, asked: &Asked) -> Result<Staff, Problem> {
    let now = host.clock.now();
    if let Some(wait) = asked.from.and_then(|from| host.strangers.wait(from, now)) {
        return Err(problem("admin.too-many").after(Duration::from_secs(wait.unsigned_abs())));
    }
    let wrong = || problem("admin.wrong-token");
    let judged = asked.token.as_deref().ok_or_else(wrong).and_then(|token| host.staff(token));
    match (&judged, asked.from) {
        (Ok(_), Some(from)) => host.strangers.right(from),
        (Err(refused), Some(from)) if refused.code == "admin.wrong-token" => host.strangers.wrong(from, now),
        _ => {}
    }
    judged
}

async fn list(State(host): Shared) -> Response {
    let accounts = host.accounts.all().into_iter().map(line).collect();
    reply(&host, "admin", Ok(StaffList { accounts }))
}

async fn add(State(host): Shared, request: Request) -> Response {
    let work = async {
        let (parts, body) = request.into_parts();
        let asked: StaffAdd = json(&host, &parts.headers, body).await?;
        let StaffAdd { name, role, area } = asked;
        blocking(&host, move |host| {
            let token = host.accounts.add(&name, role, area, host.clock.now())?;
            Ok(StaffToken { name, token })
        })
        .await
    };
    let result = work.await;
    reply(&host, "admin", result)
}

async fn disable(State(host): Shared, Path(name): Path<String>, request: Request) -> Response {
    let work = async {
        let (parts, body) = request.into_parts();
        let asked: StaffDisable = json(&host, &parts.headers, body).await?;
        blocking(&host, move |host| {
            host.accounts.set_disabled(&name, asked.disabled)?;
            let found = host.accounts.all().into_iter().find(|(known, _)| *known == name);
            found.map(line).ok_or_else(|| problem("staff.unknown").with("name", name))
        })
        .await
    };
    let result = work.await;
    reply(&host, "admin", result)
}

async fn rotate(State(host): Shared, Path(name): Path<String>) -> Response {
    let work = blocking(&host, move |host| {
        let token = host.accounts.rotate(&name)?;
        Ok(StaffToken { name, token })
    });
    let result = work.await;
    reply(&host, "admin", result)
}

/// A row is written to the disk.
async fn blocking<T: Send + 'static>(
    host: &Arc<Host>,
    work: impl FnOnce(&Host) -> Result<T, Problem> + Send + 'static,
) -> Result<T, Problem> {
    let host = Arc::clone(host);
    tokio::task::spawn_blocking(move || work(&host)).await.map_err(|_| problem("center.failed"))?
}

fn line((name, row): (String, crate::access::StaffRow)) -> StaffLine {
    let crate::access::StaffRow { role, area, disabled, unconfirmed, made_at, .. } = row;
    StaffLine { name, role, area, disabled, unconfirmed, made_at }
}
