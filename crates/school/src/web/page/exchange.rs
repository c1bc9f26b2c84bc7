//! Sinkronisasi: what would be sent, who may approve it, the confirmation sheet, and sending; Tarik Data beside it.

use std::collections::BTreeMap;

use axum::response::Response;
use maud::{Markup, html};
use selaras_model::{Entity, Value};
use selaras_sync::{Prepared, PreparedChange};

use super::super::address::Query;
use super::super::answer::Answer;
use super::super::frame::link;
use super::super::input;
use super::super::later;
use super::super::parts::{pager, record_path, refusal, token};
use super::super::places::Work;
use super::super::rights::What;
use super::super::settings::Settings;
use super::super::value::isolated;
use super::super::visit::{Fields, Posted, User};
use super::people::ways;
use crate::characters::named;
use crate::command::Command;
use crate::command::approve::Approve;
use crate::command::heads::{HeadLine, heads};
use crate::command::prepare::ModuleLine;
use crate::command::pull::Pull;
use crate::command::status::StatusReport;
use crate::command::sync::Sync;
use crate::command::withdraw::Withdraw;
use crate::failure::Failure;
use crate::output::Collected;
use crate::serve::{Errand, Reading};
use crate::service::{Open, Sheet, Titles};
use crate::window::Window;

/// Changes of a page.
const CHANGES: usize = 50;

fn status(user: &User, open: &Open) -> Result<StatusReport, Failure> {
    StatusReport::new(open, &Collected::new(user.lang()))
}

pub(super) async fn exchange(user: User) -> Response {
    user.show(|user| {
        let status = user.read(|reading| status(user, &reading.open))?;
        Ok(Answer::page(user.words().say("web.menu.sync"), content(user, &status)))
    })
    .await
}

fn content(user: &User, status: &StatusReport) -> Markup {
    let words = user.words();
    let invalid: u32 = status.tabs.iter().map(|tab| tab.invalid).sum();
    let may = status.heads.iter().any(|head| head.may_approve);
    let pending = status.pending_records > 0;
    html! {
        h1 { (words.say("web.menu.sync")) }
        @if let Some(later) = user.web().house.line().course().later {
            p.notice { (super::course::waits(later, words)) " " a href="/sinkronisasi/jalan" { (words.say("web.next.look")) } }
        }
        @if user.web().house.line().is_busy() {
            p.notice { (words.say("web.next.running")) " " a href="/sinkronisasi/jalan" { (words.say("web.next.look")) } }
        }
        (sealed(user, status))
        section.card aria-labelledby="what" {
            h2 #what { (words.fill("status.pending", &[("count", &words.number(u64::from(status.pending_records)))])) }
            @if pending { (module_table(&status.pending, user)) p { a href="/sinkronisasi/rincian" { (words.say("web.details")) } } }
            @else { p { (words.say("web.sync.nothing")) } }
        }
        @if pending && status.sealed.is_none() {
            section.card aria-labelledby="gate" {
                h2 #gate { (words.say("web.gate")) }
                ul.plain.conditions {
                    li {
                        (mark(invalid == 0)) " "
                        @if invalid == 0 { (words.say("web.gate.valid")) }
                        @else { a href="/validasi" { (words.fill("web.gate.invalid", &[("count", &invalid)])) } }
                    }
                    li { (mark(may)) " " (words.say(if may { "status.may" } else { "status.may-not" })) }
                }
                (ways(&status.heads, user))
                @if may && user.may(What::Exchange) {
                    div.actions { a.button href="/sinkronisasi/lembar" { (words.say("web.sheet.open")) } }
                }
            }
        }
        section.card aria-labelledby="elsewhere" {
            h2 #elsewhere { (words.say("web.sign")) }
            p { (words.say("web.sign.lead")) }
            p { a href="/tanda-tangan" { (words.say("web.sign")) } }
        }
        section.card aria-labelledby="only-pull" {
            h2 #only-pull { (words.say("web.menu.pull")) }
            p { (words.say("web.pull.brief")) }
            p { a href="/tarik" { (words.say("web.menu.pull")) } }
        }
    }
}

fn mark(good: bool) -> Markup {
    html! { @if good { span.good-text aria-hidden="true" { "✔" } } @else { span.bad-text aria-hidden="true" { "✘" } } }
}

fn module_table(modules: &[ModuleLine], user: &User) -> Markup {
    let words = user.words();
    html! {
        div.scroll { table {
            thead { tr {
                th scope="col" { (words.say("web.module")) }
                th.number scope="col" { (words.say("change.new")) }
                th.number scope="col" { (words.say("change.changed")) }
                th.number scope="col" { (words.say("change.deleted")) }
            } }
            tbody { @for line in modules {
                tr {
                    th scope="row" { (words.module(&line.module)) }
                    @for count in [line.new, line.changed, line.deleted] { td.number { (words.number(u64::from(count))) } }
                }
            } }
        } }
    }
}

/// What was approved and is not at the centre.
fn sealed(user: &User, status: &StatusReport) -> Markup {
    let words = user.words();
    let Some(sealed) = &status.sealed else { return html! {} };
    let phase = words.say_or(&format!("phase.{}", sealed.phase), &sealed.phase);
    let size = words.bytes(sealed.bytes);
    let args: [(&str, &dyn std::fmt::Display); 3] = [("records", &sealed.records), ("size", &size), ("phase", &phase)];
    let waits = sealed.phase == "waiting";
    html! {
        section.card.next aria-labelledby="sealed" {
            h2 #sealed { (words.say("web.sealed")) }
            p { (words.fill("status.sealed", &args)) }
            @if waits { p { (words.say("web.sealed.elsewhere")) " " a href="/tanda-tangan" { (words.say("web.sign")) } } }
            @if user.may(What::Exchange) {
                div.actions {
                    @if !waits {
                        form method="post" action="/sinkronisasi/kirim" { (token(user)) button type="submit" { (words.say("web.send.go-on")) } }
                    }
                    form method="post" action="/sinkronisasi/batal" { (token(user)) button.second type="submit" { (words.say("web.withdraw")) } }
                }
                p.faint { (words.say("web.withdraw.hint")) }
            }
        }
    }
}

/// What would change, record by record.
pub(super) async fn details(user: User, Query(query): Query<BTreeMap<String, String>>) -> Response {
    user.ask(Work::Form, move |user| {
        let words = user.words();
        let page: usize = query.get("hal").and_then(|page| page.parse().ok()).unwrap_or(1).max(1);
        let sheet = query.get("sidik").map(String::as_str).unwrap_or_default();
        let (prepared, old) = prepared(user, sheet)?;
        let content = user.read(|reading| {
            let pages = prepared.changes.len().div_ceil(CHANGES).max(1);
            let page = page.min(pages);
            let mut known = Titles::new();
            let shown = prepared.changes.iter().skip((page - 1) * CHANGES).take(CHANGES);
            let lines =
                shown.map(|change| change_card(user, reading, change, &mut known)).collect::<Result<Vec<_>, _>>()?;
            let hidden = usize::try_from(prepared.records).unwrap_or(usize::MAX).saturating_sub(prepared.changes.len());
            Ok(html! {
                p.faint { a href="/sinkronisasi" { (words.say("web.menu.sync")) } }
                h1 { (words.fill("prepare.head", &[("count", &words.number(u64::from(prepared.records)))])) }
                @if let Some(old) = &old { (refusal(old, words)) }
                @for line in &lines { (line) }
                @if hidden > 0 { p.faint { (words.fill("prepare.more", &[("count", &hidden)])) } }
                (pager(page, pages, |page| link("/sinkronisasi/rincian", &[("hal", &page.to_string()), ("sidik", sheet)]), words))
            })
        })?;
        Ok(Answer::page(words.say("web.details"), content))
    })
    .await
}

/// What would change; for somebody who comes from a sheet, with a refusal where it is not that sheet's any more.
fn prepared(user: &User, sheet: &str) -> Result<(Prepared, Option<Failure>), Failure> {
    if sheet.is_empty() {
        return user.read(|reading| Ok((reading.open.school().prepare(None)?, None)));
    }
    let (sheet, mut said) = (sheet.to_owned(), user.collected());
    user.web().house.with(move |service| {
        let open = service.open_store()?;
        let old = open.sheet(&mut said)?.seen(&sheet, &[]).err();
        Ok((open.school().prepare(None)?, old))
    })
}

fn change_card(user: &User, reading: &Reading, change: &PreparedChange, known: &mut Titles) -> Result<Markup, Failure> {
    let (words, open) = (user.words(), &reading.open);
    let entity = open.rules().pack.entity(change.key.entity).ok_or_else(|| Failure::new("input.entity"))?;
    let kind = match &change.before {
        _ if change.after.deleted => "change.deleted",
        None => "change.new",
        Some(_) => "change.changed",
    };
    let title = open.describe(&change.after, known)?;
    let fields = differences(open, entity, change, known, user)?;
    Ok(html! {
        section.card.change {
            h2 {
                span.kind { (words.say(kind)) } " " (entity.label.get(words.0)) ": "
                a href=(record_path(&entity.name, &change.key.id.to_string(), None)) { (isolated(&title)) }
            }
            dl.pairs {
                @for (label, before, after) in &fields {
                    div {
                        dt { (label) }
                        dd { @if !before.is_empty() { del { (isolated(before)) } " → " } @if after.is_empty() { ins { (words.say("record.null")) } } @else { ins { (isolated(after)) } } }
                    }
                }
            }
        }
    })
}

fn differences(
    open: &Open,
    entity: &Entity,
    change: &PreparedChange,
    known: &mut Titles,
    user: &User,
) -> Result<Vec<(String, String, String)>, Failure> {
    let mut fields = Vec::new();
    for field in entity.fields() {
        let before = change.before.as_ref().map_or(Value::Null, |before| before.get(&field.name).clone());
        let after = change.after.get(&field.name);
        if before != *after {
            let mut text = |value: &Value| input::meaning(open, entity.code, field, value, known, user.words());
            fields.push((field.label.get(user.lang()).to_owned(), text(&before)?, text(after)?));
        }
    }
    Ok(fields)
}

/// The confirmation sheet.
pub(super) async fn sheet(user: User) -> Response {
    user.ask(Work::Form, |user| {
        user.must(What::Exchange)?;
        let content = sheet_of(user, Fields::EMPTY, None)?;
        Ok(content.map_or_else(
            || Answer::go("/sinkronisasi"),
            |content| Answer::page(user.words().say("web.sheet"), content),
        ))
    })
    .await
}

/// Everything that the page of a sheet shows, read in one turn.
struct Shown {
    sheet: Sheet,
    heads: Vec<HeadLine>,
    window: Option<Window>,
}

/// The sheet, with what was wrong with it; none where nothing can be approved now.
fn sheet_of(user: &User, typed: &Fields, failure: Option<&Failure>) -> Result<Option<Markup>, Failure> {
    let mut said = user.collected();
    let shown = user.web().house.with(move |service| {
        let open = service.open_store()?;
        let sheet = open.sheet(&mut said)?;
        if sheet.records() == 0 || open.school().sealed()?.is_some() {
            return Ok(None);
        }
        let window = Settings::load(open)?.window;
        Ok(Some(Shown { heads: heads(open, &said, true)?, sheet, window }))
    })?;
    Ok(shown.map(|shown| {
        // What was ticked on another sheet was not ticked on this one.
        let changed = typed.has("sidik") && typed.get("sidik") != shown.sheet.fingerprint();
        let typed = if changed { Fields::EMPTY } else { typed };
        let old = changed.then(|| Failure::new("web.sheet-old"));
        let said = failure.into_iter().filter(|failure| !changed || failure.code != "web.sheet-old");
        let failures: Vec<&Failure> = old.iter().chain(said).collect();
        sheet_form(user, &shown, typed, &failures)
    }))
}

fn sheet_form(user: &User, shown: &Shown, typed: &Fields, failures: &[&Failure]) -> Markup {
    let words = user.words();
    let (sheet, window) = (&shown.sheet, shown.window);
    let (invalid, warnings) = (sheet.invalid(), sheet.warnings());
    let heads: Vec<_> = shown.heads.iter().filter(|head| head.may_approve).collect();
    let ticked = |name: &str| typed.get(name) == "ya";
    let later = typed.get("kapan") == "nanti";
    let form = html! {
        form.sheet method="post" action="/sinkronisasi/lembar" {
            (token(user))
            input type="hidden" name="sidik" value=(sheet.fingerprint());
            fieldset {
                legend { (words.say("web.sheet.parts")) }
                p.hint { (words.say("web.sheet.parts.hint")) }
                @for line in sheet.pending() {
                    label.choice {
                        input type="checkbox" name=(format!("m.{}", line.module)) value="ya" checked[ticked(&format!("m.{}", line.module))]; " "
                        b { (words.module(&line.module)) } ": "
                        (words.fill("prepare.module", &[("new", &line.new), ("changed", &line.changed), ("deleted", &line.deleted)]))
                    }
                }
                p { a href=(link("/sinkronisasi/rincian", &[("sidik", sheet.fingerprint())])) { (words.say("web.details")) } }
            }
            fieldset {
                legend { (words.say("web.sheet.consent")) }
                @if warnings > 0 { p { (words.fill("web.sheet.warnings", &[("count", &warnings)])) } }
                label.choice { input type="checkbox" name="setuju" value="ya" required checked[ticked("setuju")]; " " (words.say("web.sheet.agree")) }
                div.fields {
                    @if let [head] = heads.as_slice() {
                        div.field {
                            span.label { (words.say("web.sheet.head")) }
                            div.fixed { (isolated(head.title.as_deref().unwrap_or("-"))) " (" (head.account.as_deref().unwrap_or("-")) ")" }
                            input type="hidden" name="akun" value=(head.account.as_deref().unwrap_or_default());
                        }
                    } @else {
                        div.field {
                            label for="akun" { (words.say("web.sheet.head")) }
                            select #akun name="akun" {
                                @for head in &heads { option value=(head.account.as_deref().unwrap_or_default()) selected[head.account.as_deref() == Some(typed.get("akun"))] { (named(head.title.as_deref().unwrap_or("-"))) } }
                            }
                        }
                    }
                    div.field {
                        label for="sandi" { (words.say("web.sheet.password")) }
                        input #sandi name="sandi" type="password" required maxlength="1024" autocomplete="off";
                    }
                }
                @if let Some(window) = window {
                    label.choice { input type="radio" name="kapan" value="kini" checked[!later]; " " (words.say("web.sheet.now")) }
                    label.choice { input type="radio" name="kapan" value="nanti" checked[later]; " " (words.fill("web.sheet.later", &[("window", &window)])) }
                }
            }
            div.actions {
                button type="submit" { (words.say("web.sheet.send")) }
                a.button.second href="/sinkronisasi" { (words.say("web.cancel")) }
            }
        }
    };
    html! {
        h1 { (words.say("web.sheet")) }
        p { (words.say("web.sheet.lead")) }
        @for failure in failures { (refusal(failure, words)) }
        @if heads.is_empty() {
            p.bad-text { (words.say("status.may-not")) }
            (ways(&shown.heads, user))
        } @else if invalid > 0 {
            p.notice {
                (words.fill("web.next.invalid", &[("count", &invalid)])) " "
                a href="/validasi" { (words.say("web.menu.validate")) }
            }
            details { summary { (words.say("web.sheet.partly")) } (form) }
        } @else { (form) }
    }
}

/// Seals what was ticked, signs it with the head's key, and sends it in the background.
pub(super) async fn approve(posted: Posted) -> Response {
    posted
        .act(|user, fields| {
            user.must(What::Exchange)?;
            match approved(user, fields) {
                Ok(window) => begin_sending(user, window),
                Err(failure) => {
                    let title = user.words().say("web.sheet");
                    match sheet_of(user, fields, Some(&failure))? {
                        Some(content) => Ok(Answer::unfit(title, content)),
                        None => Err(failure),
                    }
                }
            }
        })
        .await
}

fn approved(user: &User, fields: &Fields) -> Result<Option<Window>, Failure> {
    if fields.get("setuju") != "ya" {
        return Err(Failure::new("web.no-consent"));
    }
    let ticked = fields.under("m.").into_iter().filter(|(_, value)| *value == "ya");
    let modules: Vec<String> = ticked.map(|(module, _)| module.to_owned()).collect();
    if modules.is_empty() {
        return Err(Failure::new("web.no-tick"));
    }
    let approve = Approve {
        account: Some(fields.get("akun").to_owned()),
        modules,
        // What was seen is looked at again in the turn in which it is sealed; what somebody types meanwhile comes behind.
        sheet: Some(fields.get("sidik").to_owned()),
        export: None,
        sign: None,
        out: None,
        import: None,
        password: fields.secret("sandi"),
    };
    user.run(Command::Approve(approve))?;
    let window = user.read(|reading| Ok(Settings::load(&reading.open)?.window))?;
    Ok(window.filter(|_| fields.get("kapan") == "nanti"))
}

fn begin_sending(user: &User, window: Option<Window>) -> Result<Answer, Failure> {
    let house = &user.web().house;
    let errand = Errand::in_background(Command::Sync(Sync::default()), user.lang());
    match window {
        Some(window) => {
            let bundle = house.with(|service| later::remember(service.open_store()?))?;
            let bundle = bundle.ok_or_else(|| Failure::new("web.sheet-old"))?;
            house.line().begin_later(errand, bundle, window, user.web().config.line.at_spread_seconds)?;
        }
        None => {
            house.with(|service| later::forget(service.open_store()?))?;
            house.line().begin_soon(errand)?;
        }
    }
    Ok(Answer::go("/sinkronisasi/jalan"))
}

/// Sends what was approved, from where it stopped.
pub(super) async fn send(posted: Posted) -> Response {
    posted
        .act(|user, _| {
            user.must(What::Exchange)?;
            user.run(Command::Sync(Sync::check()))?;
            begin_sending(user, None)
        })
        .await
}

pub(super) async fn withdraw(posted: Posted) -> Response {
    posted
        .act(|user, _| {
            user.must(What::Exchange)?;
            let text = user.done(Command::Withdraw(Withdraw {}))?;
            Ok(Answer::done("/sinkronisasi", text))
        })
        .await
}

/// What Tarik Data does and does not do.
pub(super) async fn pull_page(user: User) -> Response {
    user.show(|user| {
        let words = user.words();
        let may = user.may(What::Exchange);
        Ok(Answer::page(words.say("web.menu.pull"), html! {
            p.faint { a href="/sinkronisasi" { (words.say("web.menu.sync")) } }
            h1 { (words.say("web.menu.pull")) }
            div.cards {
                section.card { h2 { (words.say("web.pull.does")) } p { (words.say("web.pull.does.text")) } }
                section.card { h2 { (words.say("web.pull.does-not")) } p { (words.say("web.pull.does-not.text")) } }
            }
            @if may {
                form.actions method="post" action="/tarik" { (token(user)) button type="submit" { (words.say("web.pull.go")) } }
            }
        }))
    })
    .await
}

pub(super) async fn pull(posted: Posted) -> Response {
    posted
        .act(|user, _| {
            user.must(What::Exchange)?;
            match user.web().house.line().begin(Errand::in_background(Command::Pull(Pull {}), user.lang())) {
                Err(failure) if !super::course::already(&failure) => Err(failure),
                _ => Ok(Answer::go("/sinkronisasi/jalan")),
            }
        })
        .await
}
