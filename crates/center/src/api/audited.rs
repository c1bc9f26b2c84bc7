//! The layer that notes every request which changes something, reads as an operator, or is refused its right.
//!
//! It stands around all endpoints, so that none has to remember it: what happened is durable before the answer goes out.

use std::net::SocketAddr;
use std::time::Duration;

use axum::extract::rejection::RawPathParamsRejection;
use axum::extract::{ConnectInfo, MatchedPath, RawPathParams, Request, State};
use axum::http::{Extensions, Method};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use selaras_model::Npsn;
use selaras_transport::server::bearer;

use super::Shared;
use crate::audit::{Event, ok};
use crate::catalogue::problem;
use crate::host::Host;

/// How long others are asked to wait while nothing can be noted.
const WAIT: Duration = Duration::from_secs(60);
const ADMIN: &str = "/v1/admin/";
const SCHOOLS: [&str; 2] = ["/v1/schools/", "/v1/admin/schools/"];
/// What a school asks and changes nothing by, unless it is refused or its answer says otherwise.
const QUIET: [&str; 5] = ["sync", "repair", "probe", "rules", "uploads"];
/// What happens all day and says nothing about anybody's right.
const USUAL: [&str; 2] = ["session.expired", "path.unknown"];

/// What an answer says about what was done: ids and counts for the audit log.
#[derive(Debug, Clone)]
pub(crate) struct About {
    /// Ids and counts.
    pub(crate) what: String,
    /// `ok`, or the code of a refusal that travels inside a good answer.
    pub(crate) result: String,
}

impl About {
    /// Something that was done.
    pub(crate) fn done(what: String) -> Self {
        Self { what, result: "ok".to_owned() }
    }

    /// Adds it to an answer.
    pub(crate) fn on(self, mut response: Response) -> Response {
        response.extensions_mut().insert(self);
        response
    }
}

/// The parts of a path that its route names, decoded.
pub(super) type PathParts = Result<RawPathParams, RawPathParamsRejection>;

/// The school that a path names, however its number is written there: that one which routing reaches.
pub(super) fn school_in(parts: &PathParts) -> Option<Npsn> {
    let named = parts.as_ref().ok()?.iter().find(|(name, _)| *name == "npsn");
    named.and_then(|(_, text)| text.parse().ok())
}

pub(super) async fn audited(State(host): Shared, parts: PathParts, request: Request, next: Next) -> Response {
    let asked = Asked::of(&host, school_in(&parts), &request);
    if asked.acts && !host.audit.is_writable() && host.audit.note(probe()).await.is_err() {
        return unwritable();
    }
    let response = next.run(request).await;
    let Some(event) = asked.event(&response) else { return response };
    match host.audit.note(event).await {
        Ok(()) => response,
        Err(crate::audit::Unwritable) => unwritable(),
    }
}

/// Looks whether the log can be written again.
fn probe() -> Event {
    Event { who: "centre".to_owned(), what: "audit-tried-again".to_owned(), ..ok() }
}

fn unwritable() -> Response {
    problem("center.audit").after(WAIT).into_response()
}

struct Asked {
    event: Event,
    admin: bool,
    quiet: bool,
    /// Whether it may change something.
    acts: bool,
}

impl Asked {
    fn of(host: &Host, school: Option<Npsn>, request: &Request) -> Self {
        let (extensions, path) = (request.extensions(), request.uri().path());
        let route = extensions.get::<MatchedPath>().map_or("", MatchedPath::as_str);
        let admin = route.starts_with(ADMIN);
        let last = route.rsplit('/').find(|part| !part.starts_with('{')).unwrap_or_default();
        let quiet = !admin && (QUIET.contains(&last) || request.method() == Method::GET || route.contains("/uploads"));
        let rest = SCHOOLS.iter().find_map(|prefix| path.strip_prefix(prefix));
        let about = rest.map_or(path, |rest| rest.split_once('/').map_or("", |(_, about)| about));
        let event = Event {
            who: who(host, request, admin),
            what: format!("{} {}", request.method(), if route.is_empty() { "unknown" } else { route }),
            // What is no school's number is noted for none: it may be anything.
            school: school.map(|npsn| npsn.to_string()).unwrap_or_default(),
            from: address(extensions),
            about: about.to_owned(),
            ..ok()
        };
        let acts = request.method() != Method::GET && last != "probe";
        Self { event, admin, quiet, acts }
    }

    /// What is to be noted of it; nothing for what is of no account.
    fn event(self, response: &Response) -> Option<Event> {
        let Self { mut event, admin, quiet, .. } = self;
        let code = response.headers().get(selaras_transport::CODE).and_then(|value| value.to_str().ok());
        let about = response.extensions().get::<About>();
        if let Some(about) = about {
            event.about.clone_from(&about.what);
            event.result.clone_from(&about.result);
        }
        let Some(code) = code else { return (admin || !quiet || about.is_some()).then_some(event) };
        code.clone_into(&mut event.result);
        let refused = response.status().is_client_error() && !USUAL.contains(&code);
        (admin || refused).then_some(event)
    }
}

/// The account or the device whose token it is.
fn who(host: &Host, request: &Request, admin: bool) -> String {
    let token = bearer(request.headers());
    let known = match token {
        Some(token) if admin => host.staff(token).ok().map(|staff| staff.name),
        Some(token) => {
            let bearer = host.tokens.judge(token, host.clock.now()).ok();
            bearer.map(|bearer| format!("device:{}", bearer.device))
        }
        None => None,
    };
    known.unwrap_or_else(|| "nobody".to_owned())
}

fn address(extensions: &Extensions) -> String {
    extensions.get::<ConnectInfo<SocketAddr>>().map(|from| from.0.ip().to_canonical().to_string()).unwrap_or_default()
}
