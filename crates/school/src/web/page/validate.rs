//! Validasi: the eight tabs with what the rules find, each finding with a way into its field.

use std::collections::BTreeMap;

use axum::response::Response;
use maud::{Markup, html};

use super::super::address::Query;
use super::super::answer::Answer;
use super::super::frame::link;
use super::super::input;
use super::super::parts::{finding, pager, token};
use super::super::rights::What;
use super::super::visit::{Posted, User};
use crate::command::Command;
use crate::command::report::FindingLine;
use crate::command::validate::Validate;
use crate::failure::Failure;
use crate::service::{Found, Open};

/// The tabs in the order in which people know them.
const TABS: [&str; 8] = ["sekolah", "sarpras", "gtk", "peserta-didik", "rombel", "pembelajaran", "nilai", "referensi"];
/// Findings of a page.
const FINDINGS: usize = 100;

/// What the page is asked for.
struct Asked {
    tab: Option<String>,
    page: usize,
    /// By the rulebook that the centre has announced.
    upcoming: bool,
}

impl Asked {
    fn of(query: &BTreeMap<String, String>) -> Asked {
        let get = |name: &str| query.get(name).map(String::as_str).unwrap_or_default();
        Asked {
            tab: Some(get("tab").to_owned()).filter(|tab| TABS.contains(&tab.as_str())),
            page: get("hal").parse().unwrap_or(1).max(1),
            upcoming: get("nanti") == "ya",
        }
    }

    fn address(&self, tab: &str, page: usize) -> String {
        let page = if page > 1 { page.to_string() } else { String::new() };
        link("/validasi", &[("tab", tab), ("hal", &page), ("nanti", if self.upcoming { "ya" } else { "" })])
    }
}

pub(super) async fn validate(user: User, Query(query): Query<BTreeMap<String, String>>) -> Response {
    user.show(move |user| {
        let asked = Asked::of(&query);
        let words = user.words();
        let content = user.read(|reading| {
            let open = &reading.open;
            let found = if asked.upcoming { open.found_by_announced()? } else { Some(open.found()?) };
            let Some(found) = found else {
                return Ok(html! {
                    h1 { (words.say("web.menu.validate")) }
                    p { (words.say("rules.none-announced")) }
                    p { a href="/validasi" { (words.say("web.validate.now")) } }
                });
            };
            shown(user, open, &asked, &found)
        })?;
        Ok(Answer::page(words.say("web.menu.validate"), content))
    })
    .await
}

fn shown(user: &User, open: &Open, asked: &Asked, found: &Found) -> Result<Markup, Failure> {
    let words = user.words();
    let by_tab = found.counts();
    let counts = |tab: &str| by_tab.get(tab).copied().unwrap_or_default();
    // Without a choice, the first tab in which something stands in the way.
    let first =
        TABS.into_iter().find(|tab| counts(tab).0 > 0).or_else(|| TABS.into_iter().find(|tab| counts(tab).1 > 0));
    let tab = asked.tab.as_deref().or(first).unwrap_or(TABS[0]);
    let (here, warned_here) = counts(tab);
    let pages = (here + warned_here).div_ceil(FINDINGS).max(1);
    let page = asked.page.min(pages);
    let lines = open.lines_of(found, tab, (page - 1) * FINDINGS, FINDINGS, user.lang())?;
    let label = |line: &FindingLine| {
        line.field.as_deref().map(|field| input::label(open, &line.entity, field, user.lang()).to_owned())
    };
    let (invalid, warnings) = by_tab.values().fold((0, 0), |sum, tab| (sum.0 + tab.0, sum.1 + tab.1));
    let new = found.new_invalid();
    let (rulebook, args): (_, [(&str, &dyn std::fmt::Display); 2]) =
        (found.rulebook(), [("invalid", &invalid), ("warnings", &warnings)]);
    Ok(html! {
        h1 { (words.say("web.menu.validate")) }
        @if let Some(from) = found.from {
            p.notice {
                (words.fill("validate.upcoming", &[("version", &rulebook), ("from", &words.date(from))])) " "
                a href="/validasi" { (words.say("web.validate.now")) }
            }
        }
        p #sum.good-text[invalid == 0].bad-text[invalid > 0] {
            strong { (words.fill(if invalid == 0 { "validate.clean" } else { "validate.blocked" }, &args)) }
        }
        @if new > 0 {
            p.bad-text { (words.fill("validate.new", &[("count", &new), ("version", &rulebook)])) }
        }
        ul.tabs aria-label=(words.say("web.validate.tabs")) {
            @for name in TABS {
                li {
                    a href=(asked.address(name, 1)) aria-current=[(name == tab).then_some("true")] {
                        (words.say_or(&format!("tab.{name}"), name))
                        @let (invalid, warnings) = counts(name);
                        @if invalid > 0 { " " span.count { (invalid) span.hidden { " " (words.say("validate.invalid")) } } }
                        @if warnings > 0 { " " span.count.warnings { (warnings) span.hidden { " " (words.say("validate.warning")) } } }
                    }
                }
            }
        }
        @if lines.is_empty() { p.good-text { (words.say("web.validate.tab-clean")) } }
        ul.findings {
            @for line in &lines { (finding(line, label(line).as_deref(), words)) }
        }
        (pager(page, pages, |page| asked.address(tab, page), words))
        @if !asked.upcoming {
            form.actions method="post" action="/validasi" hidden[!user.may(What::Exchange)] {
                (token(user)) button.second type="submit" { (words.say("web.validate.anew")) }
                span.faint { (words.fill("web.validate.by", &[("version", &rulebook)])) }
            }
        }
    })
}

/// Judges every record anew.
pub(super) async fn anew(posted: Posted) -> Response {
    posted
        .act_long(|user, _| {
            user.must(What::Exchange)?;
            user.run(Command::Validate(Validate { tab: None, full: true, upcoming: false }))?;
            Ok(Answer::done("/validasi", user.words().say("web.validate.done")))
        })
        .await
}
