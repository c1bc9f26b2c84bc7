//! What is around every page: the school, where it stands, the menu, and what was just done.

use axum::response::{IntoResponse, Response};
use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::answer::{Flash, Page};
use super::assets;
use super::glance::Glance;
use super::parts::token;
use super::rights::What;
use super::value::isolated;
use super::visit::{User, Visit};
use crate::catalogue::Words;
use crate::characters::named;
use crate::serve::State;

/// A menu's entry: the path, and the key of its name.
const MENU: [(&str, &str); 12] = [
    ("/", "web.menu.home"),
    ("/data", "web.menu.data"),
    ("/kelas", "web.menu.classes"),
    ("/jadwal", "web.menu.timetable"),
    ("/validasi", "web.menu.validate"),
    ("/sinkronisasi", "web.menu.sync"),
    ("/konflik", "web.menu.conflicts"),
    ("/riwayat", "web.menu.history"),
    ("/pengguna", "web.menu.people"),
    ("/cadangan", "web.menu.backups"),
    ("/diagnosa", "web.menu.doctor"),
    ("/pengaturan", "web.menu.settings"),
];

/// The mark of the application: two bars of the same length.
const MARK: &str = r#"<svg class="mark" viewBox="0 0 24 24" aria-hidden="true" focusable="false"><rect x="2" y="6" width="20" height="4" rx="2"/><rect x="2" y="14" width="20" height="4" rx="2"/></svg>"#;

/// An address of ours with a query.
pub(crate) fn link(path: &str, query: &[(&str, &str)]) -> String {
    let mut text = form_urlencoded::Serializer::new(String::new());
    for (name, value) in query.iter().filter(|(_, value)| !value.is_empty()) {
        text.append_pair(name, value);
    }
    let text = text.finish();
    if text.is_empty() { path.to_owned() } else { format!("{path}?{text}") }
}

/// A page for somebody known.
pub(super) fn inside(user: &User, page: &Page, said: Option<&Flash>) -> Response {
    let words = user.words();
    let glance = user.read(|reading| Glance::of(&reading.open)).ok();
    let busy = user.web().house.line().course().state == State::Running;
    let body = html! {
        a.skip href="#isi" { (words.say("web.skip")) }
        header.top {
            a.brand href="/" { (PreEscaped(MARK)) span { "Selaras" } }
            @if let Some(glance) = &glance {
                span.school { (glance.school) " " small { "NPSN " (glance.npsn) } }
                (standing(glance, busy, words))
            }
            span.who {
                span.name { (user.name()) }
                form method="post" action="/keluar" { (token(user)) button.quiet type="submit" { (words.say("web.leave")) } }
            }
        }
        div.frame {
            nav.side aria-label=(words.say("web.menu")) { (menu(user, glance.as_ref())) }
            main #isi tabindex="-1" {
                @if let Some(said) = said { (flash(said, user)) }
                (page.content)
            }
        }
    };
    respond(&user.visit, page.status, &document(&user.visit, &page.title, page.again, &body))
}

fn menu(user: &User, glance: Option<&Glance>) -> Markup {
    let (words, path) = (user.words(), user.visit.path.split('?').next().unwrap_or_default().to_owned());
    let here = |to: &str| if to == "/" { path == "/" } else { path == to || path.starts_with(&format!("{to}/")) };
    let count = |to: &str| match (to, glance) {
        ("/validasi", Some(glance)) => glance.invalid,
        ("/konflik", Some(glance)) => glance.conflicts,
        _ => 0,
    };
    let shown = |to: &str| match to {
        "/pengguna" | "/cadangan" => user.may(What::Keep),
        _ => true,
    };
    html! {
        ul {
            @for (to, name) in MENU.iter().filter(|(to, _)| shown(to)) {
                li {
                    a href=(to) aria-current=[here(to).then_some("page")] {
                        (words.say_or(name, name))
                        @if count(to) > 0 { " " span.count { (words.number(u64::from(count(to)))) } }
                    }
                }
            }
        }
    }
}

/// In step or not, in two words, leading to where more is said.
fn standing(glance: &Glance, busy: bool, words: Words) -> Markup {
    let (class, text) = match glance {
        _ if busy => ("busy", words.say("web.state.busy").to_owned()),
        Glance { sealed: Some(_), .. } => ("wait", words.say("web.state.sealed").to_owned()),
        Glance { equal: Some(false), .. } => ("bad", words.say("web.state.differs").to_owned()),
        Glance { pending, more, .. } if *pending > 0 => {
            let count = words.number(u64::from(*pending));
            ("wait", words.fill("web.state.pending", &[("count", &if *more { format!("> {count}") } else { count })]))
        }
        glance if glance.in_step() => ("good", words.say("web.state.equal").to_owned()),
        _ => ("wait", words.say("web.state.unknown").to_owned()),
    };
    html! { a.state.(class) href="/sinkronisasi" { (text) } }
}

fn flash(said: &Flash, user: &User) -> Markup {
    html! {
        div.flash.good[said.good].bad[!said.good] role="status" {
            p { (isolated(&said.text)) }
            @if let Some(undo) = &said.undo {
                form method="post" action=(undo.action) {
                    (token(user))
                    @for (name, value) in &undo.fields { input type="hidden" name=(name) value=(value); }
                    button.quiet type="submit" { (user.words().say("web.undo")) }
                }
            }
        }
    }
}

/// A page for somebody who is not known yet.
pub(super) fn outside(visit: &Visit, page: &Page) -> Response {
    let body = html! {
        header.top { span.brand { (PreEscaped(MARK)) span { "Selaras" } } }
        main.narrow #isi { (page.content) }
    };
    respond(visit, page.status, &document(visit, &page.title, page.again, &body))
}

fn document(visit: &Visit, title: &str, again: Option<u32>, body: &Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang=(visit.lang) data-theme=(visit.theme.word()) {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (named(title)) " — Selaras" }
                link rel="icon" href=(assets::ICON.path());
                link rel="stylesheet" href=(assets::STYLE.path());
                script src=(assets::SCRIPT.path()) defer {}
                @if let Some(seconds) = again { noscript { meta http-equiv="refresh" content=(seconds); } }
            }
            body { (body) }
        }
    }
}

fn respond(visit: &Visit, status: axum::http::StatusCode, page: &Markup) -> Response {
    let language = visit.lang.to_string();
    let headers = [("content-type", "text/html; charset=utf-8".to_owned()), ("content-language", language)];
    (status, headers, page.0.clone()).into_response()
}
