//! The progress of what runs on the line: live by server-sent events, every two seconds without script; pause, close the
//! page and come back.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::http::StatusCode;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use maud::{Markup, html};

use super::super::answer::{Answer, Page};
use super::super::parts::{refusal, token};
use super::super::rights::What;
use super::super::visit::{Posted, User};
use crate::catalogue::Words;
use crate::command::Report;
use crate::command::report::ExchangeReport;
use crate::failure::Failure;
use crate::output::Way;
use crate::serve::{Appointment, Course, Ended, State};

/// Pages that watch at once; more ask again like one without script.
const MAX_WATCHERS: usize = 64;
/// How often a page hears of it at most: a line that delivers a thousand pieces a second has not so much to tell.
const TELL_EVERY: Duration = Duration::from_millis(250);
/// Seconds after which a browser without script asks again.
const ASK_AGAIN: u32 = 2;
/// The same while it waits for the night.
const ASK_LATER: u32 = 60;

static WATCHERS: AtomicUsize = AtomicUsize::new(0);

pub(super) async fn page(user: User) -> Response {
    user.show(|user| {
        let words = user.words();
        let course = user.web().house.line().course();
        if course.task == "doctor" && course.is_busy() {
            return Ok(Answer::go("/diagnosa"));
        }
        let content = html! {
            h1 { (words.say("web.course")) }
            p.faint { (words.say("web.course.lead")) }
            section #jalan.card data-events="/sinkronisasi/kejadian" data-busy[goes_on(&course)] aria-live="polite" {
                (shown(&course, words))
            }
            @if user.may(What::Exchange) {
                form.actions.pause method="post" action="/sinkronisasi/jeda" hidden[!goes_on(&course)] {
                    (token(user)) button.second type="submit" { (words.say("web.course.pause")) }
                    span.faint { (words.say("web.course.pause.hint")) }
                }
                @if !course.is_busy() { (afterwards(user, &course)) }
            }
        };
        let again = if course.is_busy() { Some(ASK_AGAIN) } else { course.later.map(|_| ASK_LATER) };
        Ok(Answer::Page(Page { title: words.say("web.course").to_owned(), content, status: StatusCode::OK, again }))
    })
    .await
}

/// What can be done when it has ended.
fn afterwards(user: &User, course: &Course) -> Markup {
    let words = user.words();
    let paused_or_failed = matches!(&course.state, State::Ended(Ended::Badly(_)));
    let action = if course.task == "pull" { "/tarik" } else { "/sinkronisasi/kirim" };
    html! {
        @if paused_or_failed && matches!(course.task, "sync" | "pull") {
            form.actions method="post" action=(action) {
                (token(user)) button type="submit" { (words.say("web.send.go-on")) }
                a.button.second href="/" { (words.say("web.to-home")) }
            }
        } @else {
            div.actions {
                @if has_receipt(course) { a.button href="/tanda-terima" { (words.say("web.receipt.open")) } }
                a.button.second href="/" { (words.say("web.to-home")) }
            }
        }
    }
}

fn has_receipt(course: &Course) -> bool {
    matches!(&course.state, State::Ended(Ended::Well(_, Some(report)))
        if matches!(report.as_ref(), Report::Exchange(ExchangeReport { receipt: Some(_), .. })))
}

/// How far it has come, as the page and the events have it.
pub(super) fn shown(course: &Course, words: Words) -> Markup {
    html! {
        @if let Some(later) = course.later { p.notice { (waits(later, words)) } }
        @if course.task != "doctor" { (of_exchange(course, words)) }
    }
}

fn of_exchange(course: &Course, words: Words) -> Markup {
    html! {
        h2 { (words.say_or(&format!("web.task.{}", course.task), words.say("web.task.none"))) }
        @match &course.state {
            State::Idle => { p { (words.say("web.course.idle")) } }
            State::Running => { (running(course, words)) }
            State::Ended(Ended::Badly(failure)) if failure.code == "sync.paused" => {
                p.wait-text { strong { (words.say("web.course.paused")) } }
                (moved(course, words))
            }
            State::Ended(Ended::Badly(failure)) => { (refusal(failure, words)) }
            State::Ended(Ended::Well(_, report)) => { (ended(report.as_deref(), words)) }
        }
        @if !course.notes.is_empty() {
            ul { @for note in &course.notes { li { (note.text(words.0)) } } }
        }
    }
}

/// Until when it waits.
pub(super) fn waits(later: Appointment, words: Words) -> String {
    let until = crate::env::local_time(later.at());
    words.fill("web.course.later", &[("until", &until), ("window", &later.window)])
}

/// Whether there is something to watch.
fn goes_on(course: &Course) -> bool {
    course.is_busy() || course.later.is_some()
}

fn running(course: &Course, words: Words) -> Markup {
    html! {
        (moved(course, words))
        @if let Some(wait) = &course.wait {
            @let told = crate::show::tell(&wait.because, words);
            div.notice {
                p {
                    (words.fill("wait.line", &[
                        ("until", &crate::env::local_clock(wait.until)),
                        ("attempt", &wait.attempt),
                        ("what", &told.what),
                        ("code", &wait.because.code),
                    ]))
                }
                @if !told.who.is_empty() { p { (words.fill("wait.who", &[("who", &told.who)])) } }
            }
        } @else if let Some(progress) = &course.progress {
            p { (words.say_or(&progress.work, &progress.work)) @if progress.total > 0 { ": " (words.number(progress.done)) " / " (words.number(progress.total)) } }
        } @else if course.transfer.is_none() {
            p { (words.say("web.course.begun")) }
            progress aria-label=(words.say("web.course")) {}
        }
    }
}

/// Bytes that arrived, how fast, and how long it takes.
fn moved(course: &Course, words: Words) -> Markup {
    let Some((transfer, pace)) = &course.transfer else { return html! {} };
    let work = words.say_or(transfer.way.work(), "");
    html! {
        p {
            b { (work) } ": " span.done { (words.bytes(transfer.done)) }
            @if transfer.total > 0 { " / " (words.bytes(transfer.total)) }
            @if transfer.way == Way::Up { " " span.faint { "(" (words.say("web.course.acknowledged")) ")" } }
        }
        @if transfer.total > 0 {
            progress max=(transfer.total) value=(transfer.done.min(transfer.total)) aria-label=(work) {}
        }
        p.faint {
            @if let Some(speed) = pace.speed { (words.fill("web.course.speed", &[("speed", &words.bytes(speed))])) }
            @if let Some(left) = pace.left { " · " (words.fill("web.course.left", &[("time", &words.about(left))])) }
        }
    }
}

fn ended(report: Option<&Report>, words: Words) -> Markup {
    let report = match report {
        Some(Report::Exchange(report)) => report,
        Some(Report::Done(done)) => return html! { p.good-text { strong { (done.text(words)) } } },
        _ => return html! { p.good-text { (words.say("web.course.ended")) } },
    };
    html! {
        @if let Some(receipt) = &report.receipt {
            p.good-text { strong { (words.say("exchange.sent")) } }
            p.short-code { (receipt.short_code) }
        } @else {
            p.good-text { strong { (words.say("exchange.pulled")) } }
        }
        (super::super::parts::pairs(&[
            (words.say("exchange.records-out"), html! { (words.number(u64::from(report.records_out))) }),
            (words.say("exchange.records-in"), html! { (words.number(report.records_in)) }),
            (words.say("exchange.traffic"), html! { (words.fill("exchange.cost", &[
                ("requests", &report.requests),
                ("up", &words.bytes(report.bytes_up)),
                ("down", &words.bytes(report.bytes_down)),
                ("time", &words.duration(Duration::from_millis(report.millis))),
            ])) }),
        ]))
        @match report.equal {
            Some(true) => { p.good-text { (words.say("exchange.equal")) } }
            Some(false) => { p.bad-text { (words.say("exchange.not-equal")) } }
            None => { p.faint { (words.say("exchange.not-compared")) } }
        }
        @if report.rules_changed { p { (words.fill("exchange.rules", &[("version", &report.rulebook)])) } }
        @if report.conflicts > 0 {
            p { a href="/konflik" { (words.fill("web.next.conflicts", &[("count", &report.conflicts)])) } }
        }
        @if report.invalid > 0 {
            p { a href="/validasi" { (words.fill("web.next.invalid", &[("count", &report.invalid)])) } }
        }
    }
}

/// Where a page goes by itself when what it watches has ended.
fn goes_to(course: &Course) -> &'static str {
    if has_receipt(course) { "/tanda-terima" } else { "" }
}

/// Counts a page that watches, until it goes away.
struct Watching;

impl Watching {
    fn begin() -> Option<Watching> {
        let begun =
            WATCHERS.fetch_update(Ordering::AcqRel, Ordering::Acquire, |now| (now < MAX_WATCHERS).then_some(now + 1));
        begun.ok().map(|_| Watching)
    }
}

impl Drop for Watching {
    fn drop(&mut self) {
        WATCHERS.fetch_sub(1, Ordering::AcqRel);
    }
}

/// The progress as it goes on; ends with what runs.
pub(super) async fn events(user: User) -> Response {
    let Some(watching) = Watching::begin() else { return StatusCode::SERVICE_UNAVAILABLE.into_response() };
    let words = user.words();
    let mut changes = user.web().house.line().watch();
    changes.mark_changed();
    let web = Arc::clone(&user.visit.web);
    let told = stream::unfold(Some((changes, watching, web, false)), move |state| async move {
        let (mut changes, watching, web, ran) = state?;
        changes.changed().await.ok()?;
        let course = changes.borrow_and_update().clone();
        // When what was watched has ended the page is told, whatever waits for the night behind it.
        let ran = ran || course.is_busy();
        let busy = if ran { course.is_busy() } else { goes_on(&course) };
        let data = serde_json::json!({
            "busy": busy,
            "html": if course.task == "doctor" { super::doctor::shown(&course, words).0 } else { shown(&course, words).0 },
            "to": goes_to(&course),
        });
        let event = Event::default().json_data(data).unwrap_or_default();
        // What changes faster than people read is told together.
        tokio::time::sleep(TELL_EVERY).await;
        let next = busy.then_some((changes, watching, web, ran));
        Some((Ok::<_, Infallible>(event), next))
    });
    Sse::new(told).keep_alive(KeepAlive::default()).into_response()
}

pub(super) async fn pause(posted: Posted) -> Response {
    posted
        .act(|user, _| {
            user.must(What::Exchange)?;
            let house = &user.web().house;
            house.line().forget_later();
            house.with(|service| super::super::later::forget(service.open_store()?))?;
            house.line().pause_and_wait();
            Ok(Answer::go("/sinkronisasi/jalan"))
        })
        .await
}

/// The failure of somebody who asks for a second thing on the line.
pub(super) fn already(failure: &Failure) -> bool {
    failure.code == "line.busy"
}
