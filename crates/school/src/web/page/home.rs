//! Beranda: in step or not, and the one thing to do next.

use axum::response::Response;
use maud::{Markup, html};
use selaras_model::{Date, Deadline};

use super::super::answer::Answer;
use super::super::parts::{pairs, token};
use super::super::visit::User;
use super::summary;
use crate::command::status::StatusReport;
use crate::output::Collected;
use crate::serve::{Ended, State};

pub(super) async fn home(user: User) -> Response {
    user.show(|user| {
        let said = Collected::new(user.lang());
        let (status, deadline, history) = user.read(|reading| {
            let open = &reading.open;
            let mut status = StatusReport::new(open, &said)?;
            let semester = open.rules().pack.table("semester").and_then(|table| table.row(&status.semester));
            if let Some(row) = semester {
                row.label.get(user.lang()).clone_into(&mut status.semester);
            }
            Ok((status, next_deadline(open.rules().pack.deadlines()), open.history()?))
        })?;
        Ok(Answer::page(user.words().say("web.menu.home"), content(user, &status, deadline.as_ref(), &history)))
    })
    .await
}

/// The next of the pack's deadlines by this computer's clock: it is shown, and decides nothing.
fn next_deadline(deadlines: &[Deadline]) -> Option<(Deadline, i64)> {
    let today = crate::env::today()?;
    let next = deadlines.iter().find(|deadline| deadline.date >= today)?;
    Some((next.clone(), days_between(today, next.date)))
}

fn days_between(from: Date, to: Date) -> i64 {
    i64::from(to.days_since_epoch()) - i64::from(from.days_since_epoch())
}

fn content(
    user: &User,
    status: &StatusReport,
    deadline: Option<&(Deadline, i64)>,
    history: &[crate::command::report::LogLine],
) -> Markup {
    let words = user.words();
    html! {
        h1 { (status.name.as_deref().unwrap_or_else(|| words.say("status.no-name"))) }
        (next_step(user, status))
        div.cards {
            section.card aria-labelledby="in-step" { (in_step(user, status)) }
            section.card aria-labelledby="waits" { (waiting(user, status)) }
            section.card aria-labelledby="deadline" {
                h2 #deadline { (words.say("web.deadline")) }
                @match deadline {
                    Some((deadline, days)) => {
                        p.big { (words.date(deadline.date)) }
                        p { (words.fill("web.deadline.days", &[("days", days)])) }
                        p { (deadline.label.get(user.lang())) }
                    }
                    None => { p { (words.say("web.deadline.none")) } }
                }
            }
            section.card aria-labelledby="receipt" {
                h2 #receipt { (words.say("status.receipt")) }
                @match &status.receipt {
                    Some(receipt) => {
                        p.short-code { (receipt.short_code) }
                        p { a href="/tanda-terima" { (words.say("web.receipt.open")) } }
                    }
                    None => { p { (words.say("web.receipt.none")) } }
                }
            }
            section.card aria-labelledby="line" { (line(user, status)) }
        }
        section.card aria-labelledby="exchanges" {
            h2 #exchanges { (words.say("web.chart.exchanges")) }
            (summary::exchanges(history, words))
            p { a href="/ringkasan" { (words.say("web.summary")) } }
        }
    }
}

fn in_step(user: &User, status: &StatusReport) -> Markup {
    let words = user.words();
    let (class, text) = match status.equal {
        Some(true) => ("good-text", words.say("status.equal")),
        Some(false) => ("bad-text", words.say("status.not-equal")),
        None => ("wait-text", words.say("status.not-compared")),
    };
    html! {
        h2 #in-step { (words.say("web.in-step")) }
        p.(class) { strong { (text) } }
        (pairs(&[
            (words.say("status.contact"), html! { (status.last_contact.as_deref().unwrap_or_else(|| words.say("status.never"))) }),
            (words.say("status.version"), html! { (words.number(status.version)) }),
            (words.say("status.semester"), html! { (status.semester) }),
            (words.say("status.rulebook"), html! { (status.rulebook) }),
        ]))
    }
}

fn waiting(user: &User, status: &StatusReport) -> Markup {
    let words = user.words();
    html! {
        h2 #waits { (words.fill("status.pending", &[("count", &words.number(u64::from(status.pending_records)))])) }
        (pairs(&status.pending.iter().map(|line| {
            let counts = words.fill("prepare.module", &[("new", &line.new), ("changed", &line.changed), ("deleted", &line.deleted)]);
            (words.module(&line.module), html! { (counts) })
        }).collect::<Vec<_>>()))
        @if let Some(announced) = &status.announced {
            p.notice {
                @match &announced.rulebook {
                    Some(version) => (words.fill("web.announced", &[("version", version), ("from", &announced.from)])),
                    None => (words.fill("rules.not-understood", &[("from", &announced.from)])),
                }
                " " a href="/validasi?nanti=ya" { (words.say("web.announced.look")) }
            }
        }
    }
}

fn line(user: &User, status: &StatusReport) -> Markup {
    let words = user.words();
    let course = user.web().house.line().course();
    html! {
        h2 #line { (words.say("web.line")) }
        p { (status.centre) }
        @if let Some(later) = course.later { p { (super::course::waits(later, words)) } }
        @match &course.state {
            State::Ended(Ended::Badly(failure)) if failure.code != "sync.paused" => {
                p.bad-text { (crate::show::tell(failure, words).what) " " code { (failure.code) } }
                p { a href="/diagnosa" { (words.say("web.line.look")) } }
            }
            State::Ended(Ended::Well(..)) => { p.good-text { (words.say("web.line.good")) } }
            State::Running => { p { a href="/sinkronisasi/jalan" { (words.say("web.next.running")) } } }
            _ => { p.faint { (words.say("web.line.unknown")) } }
        }
    }
}

/// One sentence on what to do next, and the way there.
fn next_step(user: &User, status: &StatusReport) -> Markup {
    let words = user.words();
    let busy = user.web().house.line().is_busy();
    let invalid: u32 = status.tabs.iter().map(|tab| tab.invalid).sum();
    let sealed = status.sealed.as_ref().map(|sealed| sealed.phase.as_str());
    let may = status.heads.iter().any(|head| head.may_approve);
    let waits = u64::from(status.pending_records);
    let (class, text, to, go) = match () {
        () if busy => ("", words.say("web.next.running").to_owned(), "/sinkronisasi/jalan", "web.next.look"),
        () if sealed == Some("waiting") => {
            ("", words.say("web.next.waits-for-head").to_owned(), "/sinkronisasi", "web.next.look")
        }
        () if sealed.is_some() => return unsent(user),
        () if status.last_contact.is_none() => ("", words.say("web.next.pull").to_owned(), "/tarik", "web.menu.pull"),
        () if invalid > 0 => (
            "bad",
            words.fill("web.next.invalid", &[("count", &words.number(u64::from(invalid)))]),
            "/validasi",
            "web.menu.validate",
        ),
        () if status.conflicts > 0 => {
            ("", words.fill("web.next.conflicts", &[("count", &status.conflicts)]), "/konflik", "web.menu.conflicts")
        }
        () if status.moves > 0 => {
            ("", words.fill("web.next.moves", &[("count", &status.moves)]), "/mutasi", "web.menu.moves")
        }
        () if waits > 0 && !may => ("bad", words.say("web.next.nobody").to_owned(), "/sinkronisasi", "web.next.who"),
        () if waits > 0 => (
            "",
            words.fill("web.next.send", &[("count", &words.number(waits))]),
            "/sinkronisasi/lembar",
            "web.menu.sync",
        ),
        () if status.equal == Some(true) => {
            ("good", words.say("web.next.nothing").to_owned(), "/data", "web.menu.data")
        }
        () => ("", words.say("web.next.compare").to_owned(), "/tarik", "web.menu.pull"),
    };
    html! {
        section.card.next.(class) aria-label=(words.say("web.next")) {
            p { (text) }
            div.actions { a.button href=(to) { (words.say(go)) } }
        }
    }
}

/// What was approved and has not arrived goes on with one click.
fn unsent(user: &User) -> Markup {
    let words = user.words();
    html! {
        section.card.next aria-label=(words.say("web.next")) {
            @match user.web().house.line().course().later {
                Some(later) => { p { (super::course::waits(later, words)) } }
                None => { p { (words.say("web.next.unsent")) } }
            }
            form.actions method="post" action="/sinkronisasi/kirim" {
                (token(user))
                button type="submit" { (words.say("web.send.go-on")) }
                a.button.second href="/sinkronisasi" { (words.say("web.next.look")) }
            }
        }
    }
}
