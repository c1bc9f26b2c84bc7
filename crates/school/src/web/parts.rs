//! Pieces that several pages are made of.

use maud::{Markup, html};

use super::value::isolated;
use super::visit::User;
use crate::catalogue::Words;
use crate::command::report::FindingLine;
use crate::failure::{Failure, Reason};

/// The token of a session's forms.
pub(super) fn token(user: &User) -> Markup {
    html! { input type="hidden" name="csrf" value=(user.session.csrf.expose()); }
}

/// A failure: what happened, everything that stands in the way, what is next and who acts.
pub(super) fn refusal(failure: &Failure, words: Words) -> Markup {
    let told = crate::show::tell(failure, words);
    html! {
        section.refusal role="alert" {
            p.what { strong { (isolated(&told.what)) } " " code { (failure.code) } }
            @if let Some(record) = &failure.record { p { (words.say("failure.record")) ": " (isolated(record)) } }
            (reasons(&failure.reasons, words))
            @if !told.next.is_empty() { p { b { (words.say("failure.next")) ": " } (told.next) } }
            @if let Some(until) = failure.until {
                p { b { (words.say("failure.until")) ": " } (crate::env::local_clock(until)) }
            }
            @if !told.who.is_empty() { p.faint { (words.say("failure.who")) ": " (told.who) } }
        }
    }
}

/// Reasons: where, what, what to do and who.
pub(super) fn reasons(reasons: &[Reason], words: Words) -> Markup {
    html! {
        @if !reasons.is_empty() {
            ul.reasons {
                @for reason in reasons {
                    li {
                        @if !reason.place.is_empty() { b { (isolated(&reason.place)) ": " } }
                        (isolated(&reason.message))
                        @if !reason.remedy.is_empty() {
                            br; span.remedy { "→ " (reason.remedy) }
                            @if !reason.who.is_empty() { " " span.who { "(" (words.who(&reason.who)) ")" } }
                        }
                    }
                }
            }
        }
    }
}

/// Where a record, or one of its fields, is typed into.
pub(super) fn record_path(entity: &str, id: &str, field: Option<&str>) -> String {
    match field {
        Some(field) => format!("/data/{entity}/{id}#i-{field}"),
        None => format!("/data/{entity}/{id}"),
    }
}

/// A finding, which leads to the field.
pub(super) fn finding(line: &FindingLine, label: Option<&str>, words: Words) -> Markup {
    let level = if line.blocks { "invalid" } else { "warning" };
    html! {
        li.finding.(level) {
            p {
                span.level { (words.say(if line.blocks { "validate.invalid" } else { "validate.warning" })) } " "
                a href=(record_path(&line.entity, &line.id, line.field.as_deref())) { (isolated(&line.title)) }
                @if let Some(label) = label { " · " (label) }
                @if let Some(held) = &line.value { @if !held.is_empty() { ": " b.value { (isolated(held)) } } }
            }
            p { (isolated(&line.message)) }
            p.remedy { "→ " (line.remedy) " " span.who { "(" (words.who(&line.who)) ")" } }
            p.faint { code { (line.rule) }
                @if let Some(version) = &line.new_in { " " (words.fill("validate.new-in", &[("version", version)])) }
            }
        }
    }
}

/// Links to the pages of a list.
pub(super) fn pager(page: usize, pages: usize, address: impl Fn(usize) -> String, words: Words) -> Markup {
    html! {
        @if pages > 1 {
            nav.pager aria-label=(words.say("web.pages")) {
                @if page > 1 { a rel="prev" href=(address(page - 1)) { (words.say("web.page.before")) } }
                span { (words.fill("web.page.of", &[("page", &page), ("pages", &pages)])) }
                @if page < pages { a rel="next" href=(address(page + 1)) { (words.say("web.page.after")) } }
            }
        }
    }
}

/// A list of names and values.
pub(super) fn pairs(rows: &[(&str, Markup)]) -> Markup {
    html! { dl.pairs { @for (name, value) in rows { div { dt { (name) } dd { (value) } } } } }
}
