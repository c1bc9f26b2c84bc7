//! Konflik: fields on which both sides wrote, with both values, who wrote them and when; choose one or type another.

use std::collections::BTreeMap;

use axum::response::Response;
use maud::{Markup, html};
use selaras_model::{FieldKind, Value};
use selaras_sync::{Candidate, OpenConflict, Subject};

use super::super::address::Query;
use super::super::answer::Answer;
use super::super::frame::link;
use super::super::parts::{pager, record_path, token};
use super::super::rights::What;
use super::super::undo::undoable;
use super::super::value::isolated;
use super::super::visit::{Posted, User};
use super::super::{forms, input};
use super::trail::Past;
use crate::command::Command;
use crate::command::resolve::Resolve;
use crate::failure::Failure;
use crate::serve::Reading;
use crate::service::{DELETED_FIELD, Open, Titles};

/// Conflicts of a page.
const SHOWN: usize = 20;

pub(super) async fn conflicts(user: User, Query(query): Query<BTreeMap<String, String>>) -> Response {
    user.show(move |user| {
        let words = user.words();
        let page: usize = query.get("hal").and_then(|page| page.parse().ok()).unwrap_or(1).max(1);
        let (shown, page, pages) = user.read(|reading| {
            let conflicts = reading.open.school().conflicts()?;
            let past = Past::of(&reading.open)?;
            let pages = conflicts.len().div_ceil(SHOWN).max(1);
            let page = page.min(pages);
            let here = conflicts.iter().skip((page - 1) * SHOWN).take(SHOWN);
            let shown: Result<Vec<_>, Failure> = here.map(|conflict| shown(user, reading, &past, conflict)).collect();
            Ok((shown?, page, pages))
        })?;
        Ok(Answer::page(
            words.say("web.menu.conflicts"),
            html! {
                h1 { (words.say("web.menu.conflicts")) }
                p { (words.say("web.conflicts.lead")) }
                @if shown.is_empty() { p.good-text { (words.say("conflicts.none")) } }
                @for one in &shown { (one) }
                (pager(page, pages, |page| link("/konflik", &[("hal", &page.to_string())]), words))
            },
        ))
    })
    .await
}

/// The field's name as forms and the command have it.
fn subject(conflict: &OpenConflict) -> &str {
    match &conflict.subject {
        Subject::Field(field) => field,
        Subject::EditedWhileDeleted => DELETED_FIELD,
    }
}

fn value_text(
    open: &Open,
    conflict: &OpenConflict,
    value: &Value,
    known: &mut Titles,
    user: &User,
) -> Result<String, Failure> {
    let words = user.words();
    let field = match &conflict.subject {
        Subject::Field(name) => open.rules().pack.entity(conflict.key.entity).and_then(|entity| entity.field(name)),
        Subject::EditedWhileDeleted => None,
    };
    let text = match (field, value) {
        (Some(field), _) => input::meaning(open, conflict.key.entity, field, value, known, words)?,
        (None, Value::Bool(true)) => words.say("web.trail.deleted").to_owned(),
        (None, _) => words.say("web.conflicts.stays").to_owned(),
    };
    Ok(if text.is_empty() { words.say("record.null").to_owned() } else { text })
}

fn shown(user: &User, reading: &Reading, past: &Past, conflict: &OpenConflict) -> Result<Markup, Failure> {
    let (words, open) = (user.words(), &reading.open);
    let mut known = Titles::new();
    let entity = open.rules().pack.entity(conflict.key.entity).ok_or_else(|| Failure::new("input.entity"))?;
    let record = open.record(conflict.key)?;
    let title = open.describe(&record, &mut known)?;
    let name = subject(conflict);
    let field = entity.field(name);
    let label = field.map_or_else(|| words.say("web.conflicts.deletion"), |field| forms::label(&field.label, words.0));
    let ours = conflict.owner == selaras_model::Side::School && user.may(What::Exchange);
    let mut values = Vec::new();
    for candidate in std::iter::once(&conflict.winner).chain(&conflict.others) {
        let text = value_text(open, conflict, &candidate.value, &mut known, user)?;
        // The value itself, not its number: between this page and the click others may have come.
        let kept = open.value_text(&entity.name, name, &candidate.value);
        values.push((text, kept, wrote(past, candidate, words)));
    }
    let id = conflict.key.id.to_string();
    let hidden = || {
        html! {
            (token(user))
            input type="hidden" name="entity" value=(entity.name);
            input type="hidden" name="id" value=(id);
            input type="hidden" name="field" value=(name);
        }
    };
    // A value that can be typed in one line is; others are chosen, and typed in the record afterwards.
    let typed =
        field.filter(|field| !matches!(field.kind, FieldKind::Code { .. } | FieldKind::Ref { .. } | FieldKind::Bool));
    Ok(html! {
        section.card.conflict {
            h2 { a href=(record_path(&entity.name, &id, field.map(|_| name))) { (isolated(&title)) } " · " (label) }
            ul.plain {
                @for (number, (text, kept, (who, when))) in values.iter().enumerate() {
                    li.candidate {
                        p { b.value { (isolated(text)) } @if number == 0 { " " span.faint { "← " (words.say("conflicts.holds")) } } }
                        p.faint { (who) @if !when.is_empty() { " · " (when) } }
                        @if ours {
                            form method="post" action="/konflik" {
                                (hidden())
                                input type="hidden" name="keep" value=(kept);
                                button.second type="submit" { (words.say("web.conflicts.keep")) }
                            }
                        }
                    }
                }
            }
            @if ours && typed.is_some() {
                form.actions method="post" action="/konflik" {
                    (hidden())
                    label for=(format!("v-{id}-{name}")) { (words.say("web.conflicts.type")) }
                    input id=(format!("v-{id}-{name}")) name="value" maxlength="300" required autocomplete="off";
                    button.second type="submit" { (words.say("web.conflicts.take")) }
                }
            } @else if !ours && conflict.owner == selaras_model::Side::Centre {
                p { "→ " (words.say("conflicts.theirs")) }
            }
            @if conflict.pending { p.faint { (words.say("conflicts.pending")) } }
        }
    })
}

fn wrote(past: &Past, candidate: &Candidate, words: crate::catalogue::Words) -> (String, String) {
    let came = past.came(&candidate.actor);
    (past.who(candidate.actor.side, came, words), came.map_or_else(String::new, |line| crate::env::local_time(line.at)))
}

pub(super) async fn decide(posted: Posted) -> Response {
    posted
        .act(|user, fields| {
            user.must(What::Exchange)?;
            let get = |name: &str| fields.get(name).to_owned();
            let keep = fields.has("keep").then(|| get("keep"));
            // An empty text clears the field.
            let value = keep.is_none().then(|| get("value"));
            let command = Resolve {
                entity: get("entity"),
                id: get("id"),
                field: get("field"),
                keep,
                value,
                author: user.name().to_owned(),
            };
            let key = user.read(|reading| reading.open.find_record(fields.get("entity"), fields.get("id")))?;
            let (text, undo) = undoable(user, vec![key], "/konflik", move |service, said| {
                Command::Resolve(command).run(service, said)?;
                Ok(said.done_text())
            })?;
            Ok(Answer::done_with_undo("/konflik", text, undo))
        })
        .await
}
