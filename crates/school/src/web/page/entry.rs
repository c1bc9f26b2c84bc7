//! Saying who one is, and leaving.

use axum::response::{IntoResponse, Response};
use maud::{Markup, html};
use serde::Deserialize;

use super::super::address::{Path, Query};
use super::super::answer::{Answer, see_other};
use super::super::parts::refusal;
use super::super::visit::{Open, Posted, Theme, User, Visit};
use crate::account::Account;
use crate::failure::Failure;

#[derive(Deserialize)]
pub(super) struct To {
    #[serde(default)]
    ke: String,
}

/// The page that asks who somebody is; without a store or an account, this computer is set up first.
pub(super) async fn form(visit: Visit, Query(to): Query<To>) -> Response {
    visit
        .outside(move |visit| {
            let accounts = visit.web.house.read(|reading| Ok(Account::all(reading.open.store())?.len()));
            match accounts {
                Err(failure) if failure.code == "store.missing" => Ok(Answer::go("/pasang")),
                Ok(0) => Ok(Answer::go("/pasang/akun")),
                accounts => {
                    accounts.map(|_| Answer::page(visit.words().say("web.enter"), ask(visit, "", &to.ke, None)))
                }
            }
        })
        .await
}

fn ask(visit: &Visit, name: &str, to: &str, failure: Option<&Failure>) -> Markup {
    let words = visit.words();
    html! {
        h1 { (words.say("web.enter")) }
        @if let Some(failure) = failure { (refusal(failure, words)) }
        form.card method="post" action="/masuk" {
            input type="hidden" name="ke" value=(to);
            div.field {
                label for="name" { (words.say("web.account")) }
                input #name name="name" value=(name) required maxlength="64" autocomplete="username" autofocus;
            }
            div.field {
                label for="password" { (words.say("ask.password")) }
                input #password name="password" type="password" required maxlength="1024" autocomplete="current-password";
            }
            div.actions { button type="submit" { (words.say("web.enter")) } }
        }
        p.faint { (words.say("web.enter.forgot")) }
        form.actions method="post" action="/tampilan" {
            input type="hidden" name="theme" value=(visit.theme.word());
            input type="hidden" name="ke" value="/masuk";
            button.quiet name="lang" value="id" type="submit" lang="id" { "Bahasa Indonesia" }
            button.quiet name="lang" value="en" type="submit" lang="en" { "English" }
        }
    }
}

/// Lets somebody in who knows the password of an account with a role.
pub(super) async fn enter(open: Open) -> Response {
    let Open { visit, fields } = open;
    let (name, password) = (fields.get("name").trim().to_owned(), fields.secret("password"));
    let entered = visit.wait_for(move |visit| {
        let from = visit.source();
        visit.web.house.with(move |service| {
            // Names are no secret at a school; what a stranger may not learn is the password.
            let account = service.open_store()?.authenticate(&name, &password, &from)?;
            if account.roles.is_empty() {
                return Err(Failure::new("account.no-role").arg("name", account.name));
            }
            Ok(account)
        })
    });
    let entered = entered.await;
    let to = own(fields.get("ke")).to_owned();
    let name = fields.get("name").to_owned();
    let failure = match entered {
        Ok(account) => match visit.let_in(&account, &to) {
            Ok(response) => return response,
            Err(failure) => failure,
        },
        Err(failure) => failure,
    };
    visit
        .outside(move |visit| Ok(Answer::unfit(visit.words().say("web.enter"), ask(visit, &name, &to, Some(&failure)))))
        .await
}

/// Only pages of this server are gone on to.
pub(super) fn own(to: &str) -> &str {
    let inside = to.starts_with('/') && !to.starts_with("//") && !to.contains(['\\', '\r', '\n', '\t']);
    if inside { to } else { "/" }
}

/// Lets in whoever has the link that the program printed when it was started.
pub(super) async fn invited(visit: Visit, Path(key): Path<String>) -> Response {
    if visit.way.tls {
        return see_other("/masuk");
    }
    let Some(name) = visit.web.sessions.welcome(&key) else { return see_other("/masuk") };
    let house = visit.web.house.clone();
    let found = tokio::task::spawn_blocking(move || house.read(|reading| Account::load(reading.open.store(), &name)));
    match found.await {
        Ok(Ok(Some(account))) if account.is_usable() => {
            visit.let_in(&account, "/").unwrap_or_else(|_| see_other("/masuk"))
        }
        _ => see_other("/masuk"),
    }
}

/// Ends the session.
pub(super) async fn leave(posted: Posted) -> Response {
    posted.user.visit.let_out()
}

/// Remembers language and theme, of somebody known or not.
pub(super) async fn looks(open: Open) -> Response {
    let theme = Theme::ALL.into_iter().find(|theme| theme.word() == open.fields.get("theme")).unwrap_or_default();
    let lang = open.fields.get("lang").parse().unwrap_or(open.visit.lang);
    open.visit.remember_looks(lang, theme, own(open.fields.get("ke")))
}

/// An address that leads nowhere.
pub(super) async fn nothing(user: Result<User, Response>) -> Response {
    match user {
        Ok(user) => user.show(|_| Err(Failure::new("web.no-page"))).await,
        Err(elsewhere) => elsewhere.into_response(),
    }
}

#[cfg(test)]
mod tests {
    use super::own;

    #[test]
    fn nobody_is_led_elsewhere() {
        assert_eq!(own("/data/ptk?q=a"), "/data/ptk?q=a");
        for to in ["//evil.example", "https://evil.example", "/\\evil.example", "", "javascript:alert(1)", "/\n/evil"] {
            assert_eq!(own(to), "/", "{to}");
        }
    }
}
