//! Diagnosa: every part of the way to the centre, its steps live, and the file for the helpdesk.

use axum::http::StatusCode;
use axum::response::Response;
use maud::{Markup, html};

use super::super::answer::{Answer, File, Page};
use super::super::parts::{refusal, token};
use super::super::rights::What;
use super::super::visit::{Posted, User};
use crate::catalogue::Words;
use crate::command::doctor::Doctor;
use crate::command::{Command, Report};
use crate::doctor::{StepLine, Verdict};
use crate::failure::Failure;
use crate::serve::{Course, Ended, Errand, State};

/// The file that the last diagnosis wrote, beside the store.
const FILE: &str = "helpdesk.json";
/// Seconds after which a browser without script asks again.
const ASK_AGAIN: u32 = 1;

pub(super) async fn doctor(user: User) -> Response {
    user.show(|user| {
        let words = user.words();
        let course = user.web().house.line().course();
        let ours = course.task == "doctor";
        let busy = course.is_busy();
        let has_file = user.web().place.root().join(FILE).exists();
        let content = html! {
            h1 { (words.say("web.menu.doctor")) }
            p { (words.say("web.doctor.lead")) }
            @if ours {
                section #jalan.card data-events="/sinkronisasi/kejadian" data-busy[busy] aria-live="polite" {
                    (shown(&course, words))
                }
            }
            @if busy && !ours { p.notice { (words.say("web.doctor.busy")) } }
            form.actions method="post" action="/diagnosa" hidden[busy || !user.may(What::Exchange)] {
                (token(user)) button type="submit" { (words.say(if ours { "web.doctor.again" } else { "web.doctor.go" })) }
            }
            @if has_file && !busy {
                p { a href="/diagnosa/berkas" { (words.say("web.doctor.file")) } " " span.faint { (words.say("web.doctor.file.hint")) } }
            }
        };
        let again = (ours && busy).then_some(ASK_AGAIN);
        let title = words.say("web.menu.doctor").to_owned();
        Ok(Answer::Page(Page { title, content, status: StatusCode::OK, again }))
    })
    .await
}

/// The steps so far, as the page and the events have them.
pub(super) fn shown(course: &Course, words: Words) -> Markup {
    html! {
        ol.steps {
            @for step in &course.steps { (line(step, words)) }
            @if course.is_busy() { li { progress aria-label=(words.say("web.menu.doctor")) {} } }
        }
        @match &course.state {
            State::Ended(Ended::Badly(failure)) => { (refusal(failure, words)) }
            State::Ended(Ended::Well(_, report)) => { (verdict(report.as_deref(), words)) }
            _ => {}
        }
    }
}

fn line(step: &StepLine, words: Words) -> Markup {
    let (class, mark) = match step.verdict {
        Verdict::Passed => ("verdict-passed", "doctor.mark.passed"),
        Verdict::Warned => ("verdict-warned", "doctor.mark.warned"),
        Verdict::Failed => ("verdict-failed", "doctor.mark.failed"),
        Verdict::Skipped => ("verdict-skipped", "doctor.mark.skipped"),
    };
    html! {
        li {
            b { (words.say_or(&format!("doctor.step.{}", step.step), &step.step)) } ": "
            span.(class) { (words.say(mark)) } " " (step.text)
            @if let Some(code) = &step.code { " " code { (code) } }
            @if !step.next.is_empty() {
                br; "→ " (step.next)
                @if !step.who.is_empty() { " " span.faint { "(" (words.who(&step.who)) ")" } }
            }
            @if let Some(until) = step.until {
                br; (words.say("failure.until")) ": " (crate::env::local_clock(until))
            }
        }
    }
}

fn verdict(report: Option<&Report>, words: Words) -> Markup {
    let Some(Report::Doctor(report)) = report else { return html! {} };
    let count = |verdict: Verdict| report.steps.iter().filter(|step| step.verdict == verdict).count();
    let (failed, warned) = (count(Verdict::Failed), count(Verdict::Warned));
    html! {
        @if failed > 0 {
            p.bad-text { strong { (words.fill("doctor.failed", &[("count", &failed)])) } }
        } @else if warned > 0 {
            p.wait-text { strong { (words.fill("doctor.warned", &[("count", &warned)])) } }
        } @else {
            p.good-text { strong { (words.say("doctor.well")) } }
        }
    }
}

pub(super) async fn begin(posted: Posted) -> Response {
    posted
        .act(|user, _| {
            user.must(What::Exchange)?;
            let file = user.web().place.root().join(FILE);
            let _ = std::fs::remove_file(&file);
            let command = Command::Doctor(Doctor { server: None, ca: None, bundle: Some(file) });
            match user.web().house.line().begin(Errand::once(command, user.lang())) {
                Err(failure) if !super::course::already(&failure) => Err(failure),
                _ => Ok(Answer::go("/diagnosa")),
            }
        })
        .await
}

/// The file of the last diagnosis.
pub(super) async fn helpdesk(user: User) -> Response {
    user.show(|user| {
        let bytes = std::fs::read(user.web().place.root().join(FILE)).map_err(|_| Failure::new("web.no-page"))?;
        Ok(Answer::File(File {
            name: "selaras-bantuan-teknis.json".to_owned(),
            kind: "application/json",
            content: bytes.into(),
        }))
    })
    .await
}
