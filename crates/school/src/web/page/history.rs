//! Riwayat: everything that happened between this computer and the centre, in words.

use std::collections::BTreeMap;

use axum::response::Response;
use maud::html;

use super::super::address::Query;
use super::super::answer::{Answer, File};
use super::super::frame::link;
use super::super::parts::pager;
use super::super::visit::User;
use crate::catalogue::{Words, fill};
use crate::command::report::LogLine;
use crate::doctor::Helpdesk;
use crate::failure::Failure;

/// Lines of a page.
const LINES: usize = 50;
/// What the page may be filtered by: a word, and the kinds of lines.
const FILTERS: [(&str, &[&str]); 4] = [
    ("kirim", &["approved", "sealed", "withdrawn", "receipt", "refused"]),
    ("tarik", &["pulled", "equal", "rules"]),
    ("masalah", &["refused", "differs", "uncovered", "repaired", "healed", "renewed"]),
    ("komputer", &["installed", "imported", "restored", "renewed"]),
];

/// A line of the history in words.
pub(super) fn in_words(line: &LogLine, words: Words) -> String {
    fill(words.say_or(&format!("history.{}", line.what), &line.what), |name| line.args.get(name).cloned())
}

pub(super) async fn history(user: User, Query(query): Query<BTreeMap<String, String>>) -> Response {
    user.show(move |user| {
        let words = user.words();
        let get = |name: &str| query.get(name).map(String::as_str).unwrap_or_default();
        let chosen = FILTERS.iter().find(|(name, _)| *name == get("jenis"));
        let mut lines = user.read(|reading| reading.open.history())?;
        lines.retain(|line| chosen.is_none_or(|(_, kinds)| kinds.contains(&line.what.as_str())));
        lines.reverse();
        let pages = lines.len().div_ceil(LINES).max(1);
        let page = get("hal").parse().unwrap_or(1).clamp(1, pages);
        let name = chosen.map(|(name, _)| *name).unwrap_or_default();
        let address = |page: usize| link("/riwayat", &[("jenis", name), ("hal", &page.to_string())]);
        Ok(Answer::page(words.say("web.menu.history"), html! {
            h1 { (words.say("web.menu.history")) }
            ul.tabs aria-label=(words.say("web.history.filter")) {
                li { a href="/riwayat" aria-current=[chosen.is_none().then_some("true")] { (words.say("web.all")) } }
                @for (filter, _) in FILTERS {
                    li { a href=(link("/riwayat", &[("jenis", filter)])) aria-current=[(filter == name).then_some("true")] { (words.say_or(&format!("web.history.{filter}"), filter)) } }
                }
            }
            @if lines.is_empty() { p { (words.say("log.none")) } }
            @else {
                div.scroll { table {
                    thead { tr {
                        th scope="col" { (words.say("web.history.when")) }
                        th scope="col" { (words.say("web.history.what")) }
                        th scope="col" { (words.say("web.history.code")) }
                    } }
                    tbody { @for line in lines.iter().skip((page - 1) * LINES).take(LINES) {
                        tr {
                            td { (line.at) }
                            td {
                                (in_words(line, words))
                                @if line.what == "receipt" && let Some(version) = line.args.get("version") {
                                    " " a href=(format!("/tanda-terima/{version}")) { (words.say("web.receipt.open")) }
                                }
                            }
                            td { @if !line.code.is_empty() { code { (line.code) } } }
                        }
                    } }
                } }
            }
            (pager(page, pages, address, words))
            p { a href="/riwayat/berkas" { (words.say("web.history.file")) } " " span.faint { (words.say("web.doctor.file.hint")) } }
        }))
    })
    .await
}

/// What a helpdesk needs of it: what, when, codes and counts, and nothing about anybody.
pub(super) async fn file(user: User) -> Response {
    user.show(|user| {
        let root = user.web().place.root().to_owned();
        let helpdesk = user.read(|reading| {
            let open = &reading.open;
            Ok(Helpdesk::new(Some(open.npsn().to_string()), None, open.standing().ok(), &[], open.history()?, &root))
        })?;
        let bytes = serde_json::to_vec_pretty(&helpdesk)
            .map_err(|_| Failure::new("internal.error").arg("place", "helpdesk"))?;
        Ok(Answer::File(File {
            name: "selaras-riwayat.json".to_owned(),
            kind: "application/json",
            content: bytes.into(),
        }))
    })
    .await
}
