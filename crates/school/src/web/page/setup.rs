//! Setting a computer up: registering it at the centre, and the first account.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use axum::response::Response;
use maud::{Markup, html};

use super::super::answer::Answer;
use super::super::parts::refusal;
use super::super::places::Work;
use super::super::visit::{Fields, Open, Visit};
use crate::account::{Account, Role as Name};
use crate::command::Command;
use crate::command::account::{Account as AccountCommand, Add};
use crate::command::init::Init;
use crate::command::recover::Recover;
use crate::command::role::{Change, Role};
use crate::failure::Failure;
use crate::output::Collected;
use crate::secret::Secret;
use crate::service::Service;

/// What is asked before there is a store.
pub(super) async fn form(visit: Visit) -> Response {
    visit
        .outside(|visit| {
            if installed(visit)? {
                return Ok(Answer::go("/masuk"));
            }
            Ok(Answer::page(visit.words().say("web.setup"), ask(visit, Fields::EMPTY, None)))
        })
        .await
}

/// Whether there is a store already. Whoever comes from another computer sets nothing up here.
fn installed(visit: &Visit) -> Result<bool, Failure> {
    if visit.way.tls {
        return Err(Failure::new("web.no-page"));
    }
    if visit.web.installed.load(Ordering::Relaxed) {
        return Ok(true);
    }
    let installed = visit.web.house.with(|service| Ok(service.is_installed()))?;
    visit.web.installed.store(installed, Ordering::Relaxed);
    Ok(installed)
}

fn ask(visit: &Visit, typed: &Fields, failure: Option<&Failure>) -> Markup {
    let words = visit.words();
    let recovers = typed.get("what") == "recover";
    html! {
        h1 { (words.say("web.setup")) }
        p { (words.say("web.setup.lead")) }
        @if let Some(failure) = failure { (refusal(failure, words)) }
        form.card method="post" action="/pasang" {
            div.field {
                label for="server" { (words.say("web.setup.server")) }
                input #server name="server" type="url" value=(typed.get("server")) required maxlength="512" placeholder="https://";
            }
            div.field {
                label for="npsn" { "NPSN" }
                input #npsn name="npsn" value=(typed.get("npsn")) required inputmode="numeric" pattern="[0-9]{8}" maxlength="8";
            }
            div.field {
                label for="kode" { (words.say("ask.kode")) }
                input #kode name="kode" type="password" required maxlength="128" autocomplete="off";
            }
            fieldset {
                legend { (words.say("web.setup.what")) }
                label.choice { input type="radio" name="what" value="new" checked[!recovers]; " " (words.say("web.setup.new")) }
                label.choice { input type="radio" name="what" value="recover" checked[recovers]; " " (words.say("web.setup.recover")) }
            }
            details {
                summary { (words.say("web.setup.ca")) }
                label.hidden for="ca" { (words.say("web.setup.ca")) }
                textarea.paste #ca name="ca" maxlength="65536" placeholder="-----BEGIN CERTIFICATE-----" { (typed.get("ca")) }
            }
            div.actions { button type="submit" { (words.say("web.setup.go")) } }
        }
    }
}

/// Registers this computer, or fetches everything that the centre has of the school.
pub(super) async fn set_up(open: Open) -> Response {
    let Open { visit, fields } = open;
    let web = Arc::clone(&visit.web);
    let _place = web.places.take(Work::Stranger).await;
    visit
        .outside(move |visit| {
            if installed(visit)? {
                return Ok(Answer::go("/masuk"));
            }
            match register(visit, &fields) {
                Ok(()) => Ok(Answer::go("/pasang/akun")),
                Err(failure) => {
                    let again = ask(visit, &fields, Some(&failure));
                    Ok(Answer::unfit(visit.words().say("web.setup"), again))
                }
            }
        })
        .await
}

fn register(visit: &Visit, fields: &Fields) -> Result<(), Failure> {
    let server = fields.get("server").trim().to_owned();
    let npsn = fields.get("npsn").trim();
    let npsn = npsn.parse().map_err(|_| Failure::new("web.npsn"))?;
    let kode = fields.secret("kode");
    let ca = match fields.get("ca").trim() {
        "" => None,
        pem => {
            let path = visit.web.place.root().join("centre-ca.pem");
            crate::platform::write_private(&path, pem.as_bytes())
                .map_err(|_| Failure::new("place.unwritable").arg("place", path.display()))?;
            Some(path)
        }
    };
    let engine = selaras_storage::EngineKind::default();
    let command = match fields.get("what") {
        "recover" => Command::Recover(Recover { server, npsn, ca, engine, kode }),
        _ => Command::Init(Init { server, npsn, ca, engine, kode }),
    };
    visit.web.house.run(command, Collected::asked(visit.lang, visit.source()))?;
    visit.web.follow_settings()
}

/// What is asked while there is no account.
pub(super) async fn account_form(visit: Visit) -> Response {
    visit
        .outside(|visit| {
            nobody_yet(visit)?;
            Ok(Answer::page(visit.words().say("web.first"), ask_account(visit, "", None)))
        })
        .await
}

/// The kode registrasi lets in whoever makes the first account; later ones are made by those who have one.
fn nobody_yet(visit: &Visit) -> Result<(), Failure> {
    if visit.way.tls {
        return Err(Failure::new("web.no-page"));
    }
    let accounts = visit.web.house.read(|reading| Account::all(reading.open.store()))?;
    if accounts.is_empty() { Ok(()) } else { Err(Failure::new("web.not-first")) }
}

fn ask_account(visit: &Visit, name: &str, failure: Option<&Failure>) -> Markup {
    let words = visit.words();
    html! {
        h1 { (words.say("web.first")) }
        p { (words.say("web.first.lead")) }
        @if let Some(failure) = failure { (refusal(failure, words)) }
        form.card method="post" action="/pasang/akun" {
            div.field {
                label for="name" { (words.say("web.account")) }
                input #name name="name" value=(name) required maxlength="64" autocomplete="username";
                p.hint { (words.say("web.account.hint")) }
            }
            div.field {
                label for="password" { (words.say("ask.new-password")) }
                input #password name="password" type="password" required maxlength="1024" autocomplete="new-password";
                p.hint { (words.fill("web.password.hint", &[("least", &crate::account::MIN_CHARACTERS)])) }
            }
            div.field {
                label for="again" { (words.say("ask.again")) }
                input #again name="again" type="password" required maxlength="1024" autocomplete="new-password";
            }
            div.field {
                label for="kode" { (words.say("ask.kode")) }
                input #kode name="kode" type="password" required maxlength="128" autocomplete="off";
            }
            div.actions { button type="submit" { (words.say("web.first.go")) } }
        }
    }
}

/// Makes the first account; the kode registrasi is looked at before anything is made.
fn make_first(
    service: &mut Service,
    name: &str,
    password: Secret,
    kode: Secret,
    said: &mut Collected,
) -> Result<Account, Failure> {
    let open = service.open_store()?;
    if !Account::all(open.store())?.is_empty() {
        return Err(Failure::new("web.not-first"));
    }
    open.check_kode(&kode, &said.from)?;
    let add = Add { name: name.to_owned(), ptk: None, password };
    service.run(&Command::Account(AccountCommand::Add(add)), said)?;
    let role = Change { account: name.to_owned(), role: Name::Operator, kode };
    service.run(&Command::Role(Role::Add(role)), said)?;
    Account::find(service.open_store()?.store(), name)
}

/// Makes the first account, an operator's.
pub(super) async fn first_account(open: Open) -> Response {
    let Open { visit, fields } = open;
    let (name, kode) = (fields.get("name").trim().to_owned(), fields.secret("kode"));
    let (password, again) = (fields.secret("password"), fields.secret("again"));
    let made = visit.wait_for(move |visit| {
        nobody_yet(visit)?;
        if password != again {
            return Err(Failure::new("input.not-the-same"));
        }
        let mut said = Collected::asked(visit.lang, visit.source());
        // In one turn: of several who ask at once one is the first.
        visit.web.house.with(move |service| make_first(service, &name, password, kode, &mut said))
    });
    let made = made.await;
    let name = fields.get("name").to_owned();
    let failure = match made {
        Ok(account) => match visit.let_in(&account, "/") {
            Ok(response) => return response,
            Err(failure) => failure,
        },
        Err(failure) => failure,
    };
    visit
        .outside(move |visit| {
            Ok(Answer::unfit(visit.words().say("web.first"), ask_account(visit, &name, Some(&failure))))
        })
        .await
}
