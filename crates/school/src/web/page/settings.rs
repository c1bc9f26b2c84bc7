//! Pengaturan: language and theme of this browser; the schedule, and whether other computers may come in.

use axum::response::Response;
use maud::{Markup, html};
use selaras_model::Lang;

use super::super::answer::Answer;
use super::super::parts::{pairs, refusal, token};
use super::super::rights::What;
use super::super::settings::Settings;
use super::super::visit::{Fields, Posted, Theme, User};
use crate::failure::Failure;
use crate::window::Window;

pub(super) async fn settings(user: User) -> Response {
    user.show(|user| shown(user, None, None)).await
}

fn shown(user: &User, typed: Option<&Fields>, failure: Option<&Failure>) -> Result<Answer, Failure> {
    let words = user.words();
    let (settings, opens) = user.read(|reading| {
        let settings = Settings::load(&reading.open)?;
        Ok((settings, settings.opens(&reading.open)))
    })?;
    let content = html! {
        h1 { (words.say("web.menu.settings")) }
        @if let Some(failure) = failure { (refusal(failure, words)) }
        (looks(user))
        @if user.may(What::Keep) { (for_all(user, settings, opens, typed)) }
        section.card {
            h2 { (words.say("web.settings.about")) }
            (pairs(&[
                (words.say("web.settings.version"), html! { "Selaras " (env!("CARGO_PKG_VERSION")) }),
                (words.say("web.settings.place"), html! { code { (user.web().place.root().display()) } }),
            ]))
            p { a href=(format!("/pengguna/{}", user.name())) { (words.say("web.people.password")) } }
        }
    };
    let title = words.say("web.menu.settings");
    Ok(if failure.is_some() { Answer::unfit(title, content) } else { Answer::page(title, content) })
}

fn looks(user: &User) -> Markup {
    let words = user.words();
    html! {
        form.card method="post" action="/tampilan" {
            h2 { (words.say("web.settings.looks")) }
            input type="hidden" name="ke" value="/pengaturan";
            div.fields {
                div.field {
                    label for="lang" { (words.say("web.settings.lang")) }
                    select #lang name="lang" {
                        option value="id" selected[user.lang() == Lang::Id] lang="id" { "Bahasa Indonesia" }
                        option value="en" selected[user.lang() == Lang::En] lang="en" { "English" }
                    }
                }
                div.field {
                    label for="theme" { (words.say("web.settings.theme")) }
                    select #theme name="theme" { @for theme in Theme::ALL {
                        option value=(theme.word()) selected[user.visit.theme == theme] {
                            (words.say_or(&format!("web.theme.{}", theme.word()), theme.word()))
                        }
                    } }
                }
            }
            div.actions { button type="submit" { (words.say("web.save")) } }
        }
    }
}

fn for_all(user: &User, settings: Settings, opens: bool, typed: Option<&Fields>) -> Markup {
    let words = user.words();
    let window = settings.window.map(|window| window.to_string()).unwrap_or_default();
    let kept = window.split_once('-').unwrap_or_default();
    let (from, to) = typed.map_or(kept, |typed| (typed.get("from"), typed.get("to")));
    let ticked = typed.map_or(opens, |typed| typed.get("others") == "ya");
    let certificate = opens.then(|| user.web().certificate().ok()).flatten();
    html! {
        form.card method="post" action="/pengaturan" {
            (token(user))
            h2 { (words.say("web.settings.schedule")) }
            p { (words.say("web.settings.schedule.lead")) }
            div.fields {
                div.field { label for="from" { (words.say("web.settings.from")) } input #from name="from" type="time" value=(from); }
                div.field { label for="to" { (words.say("web.settings.to")) } input #to name="to" type="time" value=(to); }
            }
            h2 { (words.say("web.settings.others")) }
            p { (words.say("web.settings.others.lead")) }
            label.choice {
                input type="checkbox" name="others" value="ya" checked[ticked]; " " (words.say("web.settings.others.on"))
            }
            @if let Some(url) = user.web().others_url() { p { (words.say("web.settings.others.at")) " " b { (url) } } }
            @if let Some(certificate) = certificate {
                p { (words.say("web.settings.fingerprint")) br; code { (certificate.fingerprint) } }
            }
            div.actions { button type="submit" { (words.say("web.save")) } }
        }
    }
}

pub(super) async fn save(posted: Posted) -> Response {
    posted
        .act(|user, fields| {
            user.must(What::Keep)?;
            match saved(user, fields) {
                Ok(()) => Ok(Answer::done("/pengaturan", user.words().say("web.settings.saved"))),
                Err(failure) => shown(user, Some(fields), Some(&failure)),
            }
        })
        .await
}

fn saved(user: &User, fields: &Fields) -> Result<(), Failure> {
    let window: Option<Window> = match (fields.get("from"), fields.get("to")) {
        ("", "") => None,
        (from, to) => Some(format!("{from}-{to}").parse().map_err(|_| Failure::new("web.window"))?),
    };
    let opens = fields.get("others") == "ya";
    // What cannot be opened is not said to be open.
    user.visit.web.open_to_others(opens)?;
    let saved = user.web().house.with(move |service| {
        let open = service.open_store()?;
        let here = open.installation().replica;
        Settings { window, others: opens.then_some(here) }.save(open)
    });
    if saved.is_err() {
        // As the settings say still.
        user.visit.web.follow_settings()?;
    }
    saved
}
