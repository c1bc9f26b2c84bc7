//! Pengguna: accounts and roles, and the head's path to an approval.

use axum::response::Response;
use clap::ValueEnum as _;
use maud::{Markup, html};

use super::super::address::Path;
use super::super::answer::Answer;
use super::super::parts::{reasons, refusal, token};
use super::super::rights::What;
use super::super::value::isolated;
use super::super::visit::{Fields, Posted, User};
use crate::account::Role as Name;
use crate::command::account::{Account, Add, Link, Named, Passwd, Reset};
use crate::command::accounts::{AccountLine, AccountsReport};
use crate::command::head::{Activate, Head};
use crate::command::heads::{HeadLine, heads};
use crate::command::role::{Change, Role};
use crate::command::{Command, Report};
use crate::failure::Failure;
use crate::output::Collected;
use crate::secret::Secret;

/// The roles that can be given.
const ROLES: [Name; 6] = [Name::Operator, Name::Head, Name::Plt, Name::Ptk, Name::WaliKelas, Name::Bendahara];

/// Everybody who heads the school or could, what each lacks, and the steps to an approval with the pages where they
/// are done.
pub(super) fn ways(lines: &[HeadLine], user: &User) -> Markup {
    let words = user.words();
    let page = |line: &HeadLine| match &line.account {
        Some(account) => format!("/pengguna/{account}"),
        None => "/pengguna".to_owned(),
    };
    html! {
        @if lines.is_empty() { p.bad-text { (words.say("status.no-head")) } }
        @for line in lines {
            div.way {
                h3 {
                    (isolated(line.title.as_deref().unwrap_or("-"))) " — "
                    (line.account.as_deref().unwrap_or_else(|| words.say("status.no-account")))
                    @if line.may_approve { " " span.good-text { (words.say("account.may")) } }
                }
                @if !line.unmet.is_empty() {
                    (reasons(&line.unmet, words))
                    p { b { (words.say("web.people.steps")) } }
                    ol {
                        @for step in line.steps.iter().filter(|step| step.step != "approve") {
                            li {
                                (step.what) " " span.faint { "(" (words.who(&step.who)) ")" }
                                @if matches!(step.who.as_str(), "operator" | "head") {
                                    " " @if step.command.contains(" pull") { a href="/tarik" { (words.say("web.menu.pull")) } }
                                    @else { a href=(page(line)) { (words.say("web.menu.people")) } }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

pub(super) async fn people(user: User) -> Response {
    user.show(|user| shown(user, Fields::EMPTY, None)).await
}

fn shown(user: &User, typed: &Fields, failure: Option<&Failure>) -> Result<Answer, Failure> {
    user.must(What::Keep)?;
    let words = user.words();
    let (accounts, heads) = user.read(|reading| {
        let said = Collected::new(user.lang());
        Ok((AccountsReport::new(&reading.open)?.accounts, heads(&reading.open, &said, false)?))
    })?;
    let content = html! {
        h1 { (words.say("web.menu.people")) }
        @if let Some(failure) = failure { (refusal(failure, words)) }
        div.scroll { table {
            caption { (words.say("web.people.accounts")) }
            thead { tr {
                th scope="col" { (words.say("web.account")) } th scope="col" { (words.say("web.people.person")) }
                th scope="col" { (words.say("web.people.roles")) } th scope="col" { (words.say("web.people.state")) }
            } }
            tbody { @for account in &accounts {
                tr {
                    td { a href=(format!("/pengguna/{}", account.name)) { (account.name) } }
                    td { (isolated(account.title.as_deref().unwrap_or("-"))) }
                    td { (roles(account, user)) }
                    td { (state(account, user)) }
                }
            } }
        } }
        section.card aria-labelledby="head" {
            h2 #head { (words.say("web.people.heads")) }
            (ways(&heads, user))
        }
        section.card aria-labelledby="add" {
            h2 #add { (words.say("web.people.add")) }
            form method="post" action="/pengguna" {
                (token(user))
                div.fields {
                    div.field {
                        label for="name" { (words.say("web.account")) }
                        input #name name="name" value=(typed.get("name")) required maxlength="64" autocomplete="off";
                        p.hint { (words.say("web.account.hint")) }
                    }
                    (ptk_field(user, false, typed.get("ptk")))
                    (new_password(user, "add"))
                }
                div.actions { button type="submit" { (words.say("web.people.add")) } }
            }
        }
    };
    let title = words.say("web.menu.people");
    Ok(if failure.is_some() { Answer::unfit(title, content) } else { Answer::page(title, content) })
}

fn roles(account: &AccountLine, user: &User) -> String {
    let names: Vec<&str> = account.roles.iter().map(|role| user.words().say_or(role.key(), "?")).collect();
    if names.is_empty() { "-".to_owned() } else { names.join(", ") }
}

fn state(account: &AccountLine, user: &User) -> &'static str {
    let words = user.words();
    match account {
        AccountLine { disabled: true, .. } => words.say("account.disabled-line"),
        AccountLine { locked: true, .. } => words.say("account.locked-line"),
        AccountLine { may_approve: true, .. } => words.say("account.may"),
        _ => words.say("web.people.usable"),
    }
}

fn ptk_field(user: &User, required: bool, typed: &str) -> Markup {
    html! {
        div.field {
            label for="ptk" { (user.words().say("web.people.ptk")) }
            input #ptk name="ptk" value=(typed) maxlength="300" list="l-ptk" data-suggest="/data/ptk/cari" autocomplete="off" required[required];
            datalist #l-ptk {}
        }
    }
}

/// A new password, typed twice; the ids begin with a word, because a page may ask for two.
fn new_password(user: &User, of: &str) -> Markup {
    let words = user.words();
    let (new, again) = (format!("{of}-new"), format!("{of}-again"));
    html! {
        div.field {
            label for=(new) { (words.say("ask.new-password")) }
            input id=(new) name="new" type="password" required maxlength="1024" autocomplete="new-password";
            p.hint { (words.fill("web.password.hint", &[("least", &crate::account::MIN_CHARACTERS)])) }
        }
        div.field {
            label for=(again) { (words.say("ask.again")) }
            input id=(again) name="again" type="password" required maxlength="1024" autocomplete="new-password";
        }
    }
}

fn kode_field(user: &User, id: &str) -> Markup {
    html! {
        div.field {
            label for=(id) { (user.words().say("ask.kode")) }
            input id=(id) name="kode" type="password" required maxlength="128" autocomplete="off";
        }
    }
}

/// A password that was typed twice the same.
fn typed_twice(fields: &Fields) -> Result<Secret, Failure> {
    let new = fields.secret("new");
    if new == fields.secret("again") { Ok(new) } else { Err(Failure::new("input.not-the-same")) }
}

/// What was typed into the field of a PTK, as commands take it: the beginning of an id.
fn ptk_of(user: &User, text: &str) -> Result<String, Failure> {
    user.read(|reading| {
        let ptk = reading.open.entity("ptk")?.code;
        super::super::input::find(&reading.open, &reading.beside, ptk, "ptk", text).map(|id| id.to_string())
    })
}

pub(super) async fn add(posted: Posted) -> Response {
    posted
        .act(|user, fields| {
            user.must(What::Keep)?;
            let made = typed_twice(fields).and_then(|password| {
                let ptk = fields.get("ptk").trim();
                let ptk = if ptk.is_empty() { None } else { Some(ptk_of(user, ptk)?) };
                let name = fields.get("name").trim().to_owned();
                user.done(Command::Account(Account::Add(Add { name: name.clone(), ptk, password })))
                    .map(|text| (name, text))
            });
            match made {
                Ok((name, text)) => Ok(Answer::done(format!("/pengguna/{name}"), text)),
                Err(failure) => shown(user, fields, Some(&failure)),
            }
        })
        .await
}

pub(super) async fn person(user: User, Path(name): Path<String>) -> Response {
    user.show(move |user| one(user, &name, None)).await
}

fn one(user: &User, name: &str, failure: Option<&Failure>) -> Result<Answer, Failure> {
    let words = user.words();
    if name != user.name() {
        user.must(What::Keep)?;
    }
    let (account, way) = user.read(|reading| {
        let said = Collected::new(user.lang());
        let accounts = AccountsReport::new(&reading.open)?.accounts;
        let account = accounts.into_iter().find(|account| account.name == name);
        let way: Vec<HeadLine> = heads(&reading.open, &said, false)?
            .into_iter()
            .filter(|line| line.account.as_deref() == Some(name))
            .collect();
        Ok((account, way))
    })?;
    let account = account.ok_or_else(|| Failure::new("account.unknown").arg("name", name))?;
    let action = format!("/pengguna/{name}");
    let keeps = user.may(What::Keep);
    let form = |title: &'static str, what: &str, inner: Markup, button: &'static str| {
        html! {
            section.card {
                h2 { (words.say(title)) }
                form method="post" action=(action) {
                    (token(user))
                    input type="hidden" name="apa" value=(what);
                    div.fields { (inner) }
                    div.actions { button.second type="submit" { (words.say(button)) } }
                }
            }
        }
    };
    let approves = account.roles.iter().any(|role| role.approves());
    let content = html! {
        p.faint { a href="/pengguna" { (words.say("web.menu.people")) } }
        h1 { (account.name) }
        @if let Some(failure) = failure { (refusal(failure, words)) }
        p { (isolated(account.title.as_deref().unwrap_or("-"))) " · " (roles(&account, user)) " · " (state(&account, user)) }
        @if !way.is_empty() { section.card { h2 { (words.say("web.people.heads")) } (ways(&way, user)) } }
        @if approves && keeps {
            (form(if account.key { "web.people.key-again" } else { "web.people.key" }, "kunci", html! {
                (kode_field(user, "kode-key"))
                div.field {
                    label for="password-key" { (words.say("ask.password")) }
                    input #password-key name="password" type="password" required maxlength="1024" autocomplete="off";
                }
            }, "web.people.key.go"))
        }
        @if keeps {
            (form("web.people.roles", "peran", html! {
                div.field {
                    label for="role" { (words.say("web.people.role")) }
                    select #role name="role" { @for role in ROLES {
                        option value=(role_word(role)) { (words.say_or(role.key(), "?")) @if account.roles.contains(&role) { " ✔" } }
                    } }
                }
                (kode_field(user, "kode-role"))
            }, "web.people.role.give"))
            @if !account.roles.is_empty() {
                (form("web.people.role.take", "cabut", html! {
                    div.field {
                        label for="role-off" { (words.say("web.people.role")) }
                        select #role-off name="role" { @for role in &account.roles {
                            option value=(role_word(*role)) { (words.say_or(role.key(), "?")) }
                        } }
                    }
                    (kode_field(user, "kode-off"))
                }, "web.people.role.take"))
            }
            (form("web.people.link", "ptk", html! { (ptk_field(user, true, "")) (kode_field(user, "kode-ptk")) }, "web.people.link.go"))
            @if name != user.name() {
                (form("web.people.reset", "atur-ulang", html! { (new_password(user, "reset")) (kode_field(user, "kode-reset")) }, "web.people.reset.go"))
            }
            @if account.locked { (form("web.people.unlock", "buka", kode_field(user, "kode-unlock"), "web.people.unlock")) }
            @if account.disabled { (form("web.people.enable", "aktif", kode_field(user, "kode-on"), "web.people.enable")) }
            @else { (form("web.people.disable", "nonaktif", kode_field(user, "kode-disable"), "web.people.disable")) }
        }
        @if name == user.name() {
            (form("web.people.password", "sandi", html! {
                div.field {
                    label for="password" { (words.say("ask.password")) }
                    input #password name="password" type="password" required maxlength="1024" autocomplete="current-password";
                }
                (new_password(user, "own"))
            }, "web.people.password"))
        }
    };
    Ok(if failure.is_some() { Answer::unfit(name, content) } else { Answer::page(name, content) })
}

fn role_word(role: Name) -> String {
    role.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
}

pub(super) async fn change(Path(name): Path<String>, posted: Posted) -> Response {
    posted
        .act(move |user, fields| match changed(user, &name, fields) {
            Ok(text) => {
                if name == user.name() {
                    user.stay()?;
                }
                Ok(Answer::done(format!("/pengguna/{name}"), text))
            }
            Err(failure) => one(user, &name, Some(&failure)),
        })
        .await
}

fn changed(user: &User, name: &str, fields: &Fields) -> Result<String, Failure> {
    let what = fields.get("apa");
    if what != "sandi" || name != user.name() {
        user.must(What::Keep)?;
    }
    let named = || Named { name: name.to_owned(), kode: fields.secret("kode") };
    let role = || {
        let role = Name::from_str(fields.get("role"), true).map_err(|_| Failure::new("web.no-page"))?;
        Ok::<_, Failure>(Change { account: name.to_owned(), role, kode: fields.secret("kode") })
    };
    let command = match what {
        "sandi" => {
            let new_password = typed_twice(fields)?;
            Command::Account(Account::Passwd(Passwd {
                name: name.to_owned(),
                password: fields.secret("password"),
                new_password,
            }))
        }
        "atur-ulang" => {
            let new_password = typed_twice(fields)?;
            Command::Account(Account::Reset(Reset { name: name.to_owned(), kode: fields.secret("kode"), new_password }))
        }
        "ptk" => {
            let ptk = ptk_of(user, fields.get("ptk"))?;
            Command::Account(Account::Link(Link { name: name.to_owned(), ptk, kode: fields.secret("kode") }))
        }
        "buka" => Command::Account(Account::Unlock(named())),
        "nonaktif" => Command::Account(Account::Disable(named())),
        "aktif" => Command::Account(Account::Enable(named())),
        "peran" => Command::Role(Role::Add(role()?)),
        "cabut" => Command::Role(Role::Remove(role()?)),
        "kunci" => return activate(user, name, fields),
        _ => return Err(Failure::new("web.no-page")),
    };
    user.done(command)
}

/// Activates the head's key: the one thing here that needs the centre, so it is asked on the line and waited for.
fn activate(user: &User, name: &str, fields: &Fields) -> Result<String, Failure> {
    let activate =
        Activate { account: name.to_owned(), kode: fields.secret("kode"), password: fields.secret("password") };
    match user.web().house.on_the_line(Command::Head(Head::Activate(activate)), user.lang(), user.source())? {
        Some(Report::Done(done)) => Ok(done.text(user.words())),
        _ => Ok(String::new()),
    }
}
