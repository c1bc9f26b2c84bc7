//! Who asks for a page, and in which language: what handlers take instead of raw requests.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use axum::Form;
use axum::extract::{ConnectInfo, FromRequest, FromRequestParts, Multipart, Request};
use axum::http::request::Parts;
use axum::http::{Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use selaras_model::Lang;

use super::answer::{Answer, Flash, Page, see_other};
use super::places::Work;
use super::session::{Session, seal};
use super::way::Way;
use super::{Web, frame};
use crate::account::{Account, Role, Source};
use crate::catalogue::Words;
use crate::command::{Command, Report};
use crate::failure::{Exit, Failure};
use crate::output::{Collected, Event};
use crate::secret::Secret;
use crate::serve::Reading;

/// Fields of a form at most: a pasted class with all its columns fits.
const MAX_FORM_FIELDS: usize = 20_000;
/// The largest file of a form: requests and signatures are a few hundred bytes.
const MAX_FILE: usize = 64 << 10;
/// How long a browser may take to send a form.
const FORM_TIME: Duration = Duration::from_secs(60);

/// Light, dark, or as the computer says.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Theme {
    #[default]
    System,
    Light,
    Dark,
}

impl Theme {
    pub(crate) const ALL: [Theme; 3] = [Theme::System, Theme::Light, Theme::Dark];

    pub(crate) const fn word(self) -> &'static str {
        match self {
            Theme::System => "system",
            Theme::Light => "light",
            Theme::Dark => "dark",
        }
    }
}

/// Somebody at a browser, known or not.
#[derive(Clone)]
pub(crate) struct Visit {
    pub(crate) web: Arc<Web>,
    pub(crate) lang: Lang,
    pub(crate) theme: Theme,
    pub(crate) way: Way,
    pub(crate) peer: IpAddr,
    /// The page that was asked for.
    pub(crate) path: String,
    key: Option<Secret>,
    session: Option<Session>,
}

/// Somebody who has said who they are.
#[derive(Clone)]
pub(crate) struct User {
    pub(crate) visit: Visit,
    pub(crate) session: Session,
    /// What the account may be used for.
    pub(crate) roles: Vec<Role>,
}

/// A form of somebody known; that it came from our own page was checked.
pub(crate) struct Posted {
    pub(crate) user: User,
    pub(crate) fields: Fields,
}

/// The fields of a form, in order.
pub(crate) struct Fields(Vec<(String, String)>);

impl Fields {
    /// A form into which nobody has typed yet.
    pub(crate) const EMPTY: &Fields = &Fields(Vec::new());

    /// The last value under a name; empty when there is none.
    pub(crate) fn get(&self, name: &str) -> &str {
        self.0.iter().rev().find(|(known, _)| known == name).map_or("", |(_, value)| value)
    }

    /// The same as something that must not be shown.
    pub(crate) fn secret(&self, name: &str) -> Secret {
        Secret::new(self.get(name))
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.0.iter().any(|(known, _)| known == name)
    }

    /// All values under names that begin so, by the rest of the name.
    pub(crate) fn under(&self, prefix: &str) -> BTreeMap<&str, &str> {
        self.0.iter().filter_map(|(name, value)| Some((name.strip_prefix(prefix)?, value.as_str()))).collect()
    }
}

fn cookie<'a>(parts: &'a Parts, name: &str) -> Option<&'a str> {
    let cookies = parts.headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut pairs = cookies.flat_map(|text| text.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(known, _)| *known == name).map(|(_, value)| value)
}

impl Visit {
    fn of(parts: &Parts, web: &Arc<Web>) -> Option<Visit> {
        let way = parts.extensions.get::<Way>()?.clone();
        let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>()?.0.ip().to_canonical();
        let key = cookie(parts, &session_cookie(&way)).map(Secret::new);
        let session = key.as_ref().and_then(|key| web.sessions.find(key.expose(), peer));
        let (lang, theme) = read_looks(cookie(parts, LOOKS_COOKIE).unwrap_or_default(), web.lang);
        let path = parts.uri.path_and_query().map(|path| path.as_str().to_owned()).unwrap_or_default();
        Some(Visit { web: Arc::clone(web), lang, theme, way, peer, path, key, session })
    }

    pub(crate) fn words(&self) -> Words {
        Words(self.lang)
    }

    /// Does work that waits for the store, and answers with a page without menus.
    pub(crate) async fn outside(
        self,
        work: impl FnOnce(&Visit) -> Result<Answer, Failure> + Send + 'static,
    ) -> Response {
        blocking(move || {
            let answer = work(&self).unwrap_or_else(|failure| refusal_page(&failure, self.words()));
            match answer {
                Answer::Page(page) => frame::outside(&self, &page),
                Answer::Go(to, _) => see_other(&to),
                Answer::Json(json) => axum::Json(json).into_response(),
                Answer::File(file) => file.into_response(),
            }
        })
        .await
    }

    /// From where a password that is typed here is offered.
    pub(crate) fn source(&self) -> Source {
        Source::of(self.peer, None)
    }

    /// Begins a session for an account, and goes on to a page.
    pub(crate) fn let_in(&self, account: &Account, to: &str) -> Result<Response, Failure> {
        let key = self.web.sessions.begin(&account.name, seal(account), self.peer)?;
        let secure = if self.way.tls { "; Secure" } else { "" };
        let cookie =
            format!("{}={}; HttpOnly; SameSite=Strict; Path=/{secure}", session_cookie(&self.way), key.expose());
        Ok(with_cookie(see_other(to), &cookie))
    }

    /// Ends the session.
    pub(crate) fn let_out(&self) -> Response {
        if let Some(key) = &self.key {
            self.web.sessions.end(key.expose());
        }
        let cookie = format!("{}=; HttpOnly; SameSite=Strict; Path=/; Max-Age=0", session_cookie(&self.way));
        with_cookie(see_other("/masuk"), &cookie)
    }

    /// Remembers language and theme in the browser.
    pub(crate) fn remember_looks(&self, lang: Lang, theme: Theme, to: &str) -> Response {
        let looks = format!("{lang}.{}", theme.word());
        let cookie = format!("{LOOKS_COOKIE}={looks}; HttpOnly; SameSite=Strict; Path=/; Max-Age=31536000");
        with_cookie(see_other(to), &cookie)
    }
}

/// Cookies do not know ports: two schools on one computer have different names.
fn session_cookie(way: &Way) -> String {
    format!("selaras-{}", way.port)
}

const LOOKS_COOKIE: &str = "selaras-tampilan";

fn read_looks(text: &str, usual: Lang) -> (Lang, Theme) {
    let (lang, theme) = text.split_once('.').unwrap_or_default();
    let theme = Theme::ALL.into_iter().find(|known| known.word() == theme).unwrap_or_default();
    (lang.parse().unwrap_or(usual), theme)
}

fn with_cookie(mut response: Response, cookie: &str) -> Response {
    if let Ok(value) = cookie.parse() {
        response.headers_mut().append(header::SET_COOKIE, value);
    }
    response
}

impl User {
    pub(crate) fn words(&self) -> Words {
        self.visit.words()
    }

    pub(crate) fn lang(&self) -> Lang {
        self.visit.lang
    }

    pub(crate) fn web(&self) -> &Web {
        &self.visit.web
    }

    pub(crate) fn name(&self) -> &str {
        &self.session.account
    }

    /// From where a password that is typed in this session is offered.
    pub(crate) fn source(&self) -> Source {
        Source::of(self.visit.peer, Some(self.name()))
    }

    /// What a command says to this session.
    pub(crate) fn collected(&self) -> Collected {
        Collected::asked(self.lang(), self.source())
    }

    /// Whether one of the account's roles lets it do this.
    pub(crate) fn may(&self, what: super::rights::What<'_>) -> bool {
        super::rights::may(&self.roles, what)
    }

    /// Fails where no role of the account lets it do this.
    pub(crate) fn must(&self, what: super::rights::What<'_>) -> Result<(), Failure> {
        if self.may(what) { Ok(()) } else { Err(Failure::new("web.role").arg("name", self.name())) }
    }

    /// Reads for a page.
    pub(crate) fn read<T>(&self, read: impl FnOnce(&Reading) -> Result<T, Failure>) -> Result<T, Failure> {
        self.web().house.read(read)
    }

    /// Runs a command and gives its report.
    pub(crate) fn run(&self, command: Command) -> Result<Option<Report>, Failure> {
        let (_, events) = self.web().house.run(command, self.collected())?;
        let report = events.into_iter().rev().find_map(|event| match event {
            Event::Report(report) => Some(*report),
            _ => None,
        });
        Ok(report)
    }

    /// Runs a command and gives the text of what was done.
    pub(crate) fn done(&self, command: Command) -> Result<String, Failure> {
        Ok(match self.run(command)? {
            Some(Report::Done(done)) => done.text(self.words()),
            _ => String::new(),
        })
    }

    /// The refusal of a form that is not this session's; none for one that is.
    fn refuses_form(&self, fields: &Fields) -> Option<Response> {
        if self.session.owns(fields.get("csrf")) {
            return None;
        }
        tracing::warn!("a form without its token was refused");
        Some((StatusCode::FORBIDDEN, "web.csrf\n").into_response())
    }

    /// Goes on with this session behind a change of its own account's password; all others have ended.
    pub(crate) fn stay(&self) -> Result<(), Failure> {
        let account = self.read(|reading| Account::load(reading.open.store(), self.name()))?;
        if let (Some(key), Some(account)) = (&self.visit.key, account) {
            self.web().sessions.renew(key.expose(), seal(&account));
        }
        Ok(())
    }

    /// Does work that waits for the desk, once there is a place for it.
    pub(crate) async fn ask(
        self,
        of: Work,
        work: impl FnOnce(&User) -> Result<Answer, Failure> + Send + 'static,
    ) -> Response {
        let web = Arc::clone(&self.visit.web);
        let _place = web.places.take(of).await;
        self.show(work).await
    }

    /// Does the work of a page that only shows.
    pub(crate) async fn show(self, work: impl FnOnce(&User) -> Result<Answer, Failure> + Send + 'static) -> Response {
        blocking(move || {
            let answer = work(&self).unwrap_or_else(|failure| refusal_page(&failure, self.words()));
            self.answered(answer)
        })
        .await
    }

    fn answered(&self, answer: Answer) -> Response {
        match answer {
            Answer::Page(page) => frame::inside(self, &page, self.said().as_ref()),
            Answer::Go(to, flash) => {
                if let (Some(flash), Some(key)) = (flash, &self.visit.key) {
                    self.web().sessions.say(key.expose(), flash);
                }
                see_other(&to)
            }
            Answer::Json(json) => axum::Json(json).into_response(),
            Answer::File(file) => file.into_response(),
        }
    }

    fn said(&self) -> Option<Flash> {
        self.visit.key.as_ref().and_then(|key| self.web().sessions.said(key.expose()))
    }
}

impl Posted {
    /// Does the work of a form.
    pub(crate) async fn act(
        self,
        work: impl FnOnce(&User, &Fields) -> Result<Answer, Failure> + Send + 'static,
    ) -> Response {
        let Posted { user, fields } = self;
        user.ask(Work::Form, move |user| work(user, &fields)).await
    }

    /// Does the work of a form that takes seconds.
    pub(crate) async fn act_long(
        self,
        work: impl FnOnce(&User, &Fields) -> Result<Answer, Failure> + Send + 'static,
    ) -> Response {
        let Posted { user, fields } = self;
        user.ask(Work::Long, move |user| work(user, &fields)).await
    }
}

/// What a failure looks like as a page.
pub(crate) fn refusal_page(failure: &Failure, words: Words) -> Answer {
    tracing::info!(code = failure.code, "a page was refused");
    let status = match failure.exit() {
        Exit::Input | Exit::Usage => StatusCode::UNPROCESSABLE_ENTITY,
        Exit::Gate => StatusCode::FORBIDDEN,
        Exit::InUse => StatusCode::SERVICE_UNAVAILABLE,
        Exit::Network => StatusCode::BAD_GATEWAY,
        _ => StatusCode::INTERNAL_SERVER_ERROR,
    };
    let content = maud::html! {
        h1 { (words.say("web.refused")) }
        (super::parts::refusal(failure, words))
        p { a href="/" { (words.say("web.to-home")) } }
    };
    Answer::Page(Page { title: words.say("web.refused").to_owned(), content, status, again: None })
}

impl Visit {
    /// Does the work of a form of somebody who is not signed in, once there is a place for it.
    pub(crate) async fn wait_for<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Visit) -> Result<T, Failure> + Send + 'static,
    ) -> Result<T, Failure> {
        let _place = self.web.places.take(Work::Stranger).await;
        let visit = self.clone();
        let done = tokio::task::spawn_blocking(move || work(&visit)).await;
        // A handler that panics takes nobody with it.
        done.unwrap_or_else(|_| Err(Failure::new("internal.error").arg("place", "page")))
    }
}

async fn blocking(work: impl FnOnce() -> Response + Send + 'static) -> Response {
    // A handler that panics takes nobody with it; what it had begun is whole or not there.
    tokio::task::spawn_blocking(work).await.unwrap_or_else(|_| StatusCode::INTERNAL_SERVER_ERROR.into_response())
}

impl FromRequestParts<Arc<Web>> for Visit {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, web: &Arc<Web>) -> Result<Visit, Response> {
        Visit::of(parts, web).ok_or_else(|| StatusCode::INTERNAL_SERVER_ERROR.into_response())
    }
}

impl FromRequestParts<Arc<Web>> for User {
    type Rejection = Response;

    /// Whoever is not known is sent to say who they are, or to set this computer up.
    async fn from_request_parts(parts: &mut Parts, web: &Arc<Web>) -> Result<User, Response> {
        let visit = Visit::from_request_parts(parts, web).await?;
        let Some(session) = visit.session.clone() else {
            // Behind the login a page can be shown again; a form that was sent cannot.
            let back = if parts.method == Method::GET { visit.path.as_str() } else { "/" };
            return Err(see_other(&frame::link("/masuk", &[("ke", if back == "/" { "" } else { back })])));
        };
        let name = session.account.clone();
        let house = web.house.clone();
        let found =
            tokio::task::spawn_blocking(move || house.read(|reading| Account::load(reading.open.store(), &name)));
        match found.await {
            Ok(Ok(Some(account))) if account.is_usable() && session.fits(&seal(&account)) => {
                Ok(User { visit, session, roles: account.roles })
            }
            // The account is gone, disabled, without a role, or has another password, or the store is gone: the session
            // means nothing any more.
            Ok(Ok(_)) => Err(visit.let_out()),
            Ok(Err(failure)) if failure.code == "store.missing" => Err(visit.let_out()),
            Ok(Err(failure)) => Err(visit.outside(move |_| Err(failure)).await),
            Err(_) => Err(StatusCode::INTERNAL_SERVER_ERROR.into_response()),
        }
    }
}

impl FromRequest<Arc<Web>> for Posted {
    type Rejection = Response;

    async fn from_request(request: Request, web: &Arc<Web>) -> Result<Posted, Response> {
        let (mut parts, body) = request.into_parts();
        let user = User::from_request_parts(&mut parts, web).await?;
        let fields = read_form(Request::from_parts(parts, body), user.words()).await?;
        match user.refuses_form(&fields) {
            Some(refusal) => Err(refusal),
            None => Ok(Posted { user, fields }),
        }
    }
}

/// A form with one file of somebody known; that it came from our own page was checked.
pub(crate) struct Uploaded {
    pub(crate) user: User,
    pub(crate) fields: Fields,
    pub(crate) file: Vec<u8>,
}

impl Uploaded {
    /// Does the work of the form.
    pub(crate) async fn act(
        self,
        work: impl FnOnce(&User, &Fields, &[u8]) -> Result<Answer, Failure> + Send + 'static,
    ) -> Response {
        let Uploaded { user, fields, file } = self;
        user.ask(Work::Form, move |user| work(user, &fields, &file)).await
    }
}

impl FromRequest<Arc<Web>> for Uploaded {
    type Rejection = Response;

    async fn from_request(request: Request, web: &Arc<Web>) -> Result<Uploaded, Response> {
        let (mut parts, body) = request.into_parts();
        let user = User::from_request_parts(&mut parts, web).await?;
        let too_large = || (StatusCode::PAYLOAD_TOO_LARGE, user.words().say("web.too-large")).into_response();
        let read = tokio::time::timeout(FORM_TIME, read_parts(Request::from_parts(parts, body)));
        let Ok(Some((fields, file))) = read.await else { return Err(too_large()) };
        match user.refuses_form(&fields) {
            Some(refusal) => Err(refusal),
            None => Ok(Uploaded { user, fields, file }),
        }
    }
}

/// The texts and the file of a form; none where it is too large or is no such form.
async fn read_parts(request: Request) -> Option<(Fields, Vec<u8>)> {
    let mut parts = Multipart::from_request(request, &()).await.ok()?;
    let (mut fields, mut file) = (Vec::new(), Vec::new());
    while let Some(part) = parts.next_field().await.ok()? {
        let name = part.name().unwrap_or_default().to_owned();
        let is_file = part.file_name().is_some();
        let bytes = part.bytes().await.ok()?;
        if bytes.len() > MAX_FILE || fields.len() >= MAX_FORM_FIELDS {
            return None;
        }
        if is_file {
            file = bytes.to_vec();
        } else {
            fields.push((name, String::from_utf8(bytes.to_vec()).ok()?));
        }
    }
    Some((Fields(fields), file))
}

/// A form of somebody who is not known yet.
pub(crate) struct Open {
    pub(crate) visit: Visit,
    pub(crate) fields: Fields,
}

impl FromRequest<Arc<Web>> for Open {
    type Rejection = Response;

    async fn from_request(request: Request, web: &Arc<Web>) -> Result<Open, Response> {
        let (mut parts, body) = request.into_parts();
        let visit = Visit::from_request_parts(&mut parts, web).await?;
        let fields = read_form(Request::from_parts(parts, body), visit.words()).await?;
        Ok(Open { visit, fields })
    }
}

async fn read_form(request: Request, words: Words) -> Result<Fields, Response> {
    let form = Form::<Vec<(String, String)>>::from_request(request, &());
    let Ok(form) = tokio::time::timeout(FORM_TIME, form).await else {
        return Err((StatusCode::REQUEST_TIMEOUT, words.say("web.too-large")).into_response());
    };
    match form {
        Ok(Form(fields)) if fields.len() <= MAX_FORM_FIELDS => Ok(Fields(fields)),
        Ok(_) => Err((StatusCode::PAYLOAD_TOO_LARGE, words.say("web.too-large")).into_response()),
        Err(rejection) => Err((rejection.status(), words.say("web.too-large")).into_response()),
    }
}
