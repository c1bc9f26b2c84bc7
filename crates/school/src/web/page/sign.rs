//! The head's signature from another computer: this one seals and gives a file, the head's own shows what is in it and
//! signs, and the signature comes back as a file. No password leaves its computer, and no line is needed between them.

use std::path::PathBuf;

use axum::response::Response;
use data_encoding::HEXLOWER;
use maud::{Markup, html};

use super::super::answer::{Answer, File};
use super::super::parts::{pairs, refusal, token};
use super::super::rights::What;
use super::super::value::isolated;
use super::super::visit::{Fields, Posted, Uploaded, User};
use crate::account::Account;
use crate::command::approval::ApprovalReport;
use crate::command::approve::{self, Approve, Head};
use crate::command::status::StatusReport;
use crate::failure::Failure;
use crate::output::Collected;
use crate::secret::Secret;
use crate::service::Open;

const REQUEST_NAME: &str = "minta-tanda-tangan.selaras";
const SIGNATURE_NAME: &str = "tanda-tangan.selaras";

/// What a file that a browser sent is called where it is refused.
fn file_name(user: &User) -> PathBuf {
    user.words().say("web.sign.file").into()
}

/// Does something at the desk, and a backup behind it when one is due.
fn at_desk<T: Send + 'static>(
    user: &User,
    work: impl FnOnce(&mut Open, &mut Collected) -> Result<T, Failure> + Send + 'static,
) -> Result<T, Failure> {
    let mut said = user.collected();
    user.web().house.with(move |service| {
        let done = work(service.open_store()?, &mut said)?;
        service.back_up_when_due(&mut said);
        Ok(done)
    })
}

pub(super) async fn page(user: User) -> Response {
    user.show(|user| shown(user, None)).await
}

fn shown(user: &User, failure: Option<&Failure>) -> Result<Answer, Failure> {
    let words = user.words();
    let (status, heads, asked) = user.read(|reading| {
        let said = Collected::new(user.lang());
        let accounts = Account::all(reading.open.store())?;
        let heads =
            accounts.into_iter().filter(|one| one.ptk.is_some() && one.roles.iter().any(|role| role.approves()));
        let asked = reading.open.school().to_be_signed()?.map(|text| approve::told(&reading.open, &text));
        Ok((StatusReport::new(&reading.open, &said)?, heads.map(|one| one.name).collect::<Vec<_>>(), asked))
    })?;
    let content = html! {
        p.faint { a href="/sinkronisasi" { (words.say("web.menu.sync")) } }
        h1 { (words.say("web.sign")) }
        p { (words.say("web.sign.lead")) }
        @if let Some(failure) = failure { (refusal(failure, words)) }
        @if user.may(What::Exchange) { (asking(user, &status, &heads, asked.as_ref())) }
        section.card aria-labelledby="give" {
            h2 #give { (words.say("web.sign.give")) }
            p { (words.say("web.sign.give.lead")) }
            (upload(user, "/tanda-tangan/lihat", "request", "web.sign.request", "web.sign.look"))
        }
    };
    let title = words.say("web.sign");
    Ok(if failure.is_some() { Answer::unfit(title, content) } else { Answer::page(title, content) })
}

/// What the computer with the data does: seals and asks, then takes the signature in.
fn asking(user: &User, status: &StatusReport, heads: &[String], asked: Option<&ApprovalReport>) -> Markup {
    let words = user.words();
    html! {
        section.card aria-labelledby="ask" {
            h2 #ask { (words.say("web.sign.ask")) }
            @if let Some(asked) = asked {
                p { (words.say("web.sign.waits")) }
                (signed_text(asked, user))
                p { a href="/tanda-tangan/minta" { (words.say("web.sign.download")) } }
                (upload(user, "/tanda-tangan/terima", "signature", "web.sign.signature", "web.sign.take"))
            } @else if status.sealed.is_some() {
                p { (words.say("web.sign.unsent")) " " a href="/sinkronisasi" { (words.say("web.menu.sync")) } }
            } @else if status.pending_records == 0 {
                p.faint { (words.say("web.sync.nothing")) }
            } @else if heads.is_empty() {
                p.faint { (words.say("web.sign.no-account")) }
            } @else {
                p { (words.say("web.sign.ask.lead")) }
                form.filters method="post" action="/tanda-tangan" {
                    (token(user))
                    div.field {
                        label for="akun" { (words.say("web.sheet.head")) }
                        select #akun name="akun" { @for name in heads { option value=(name) { (name) } } }
                    }
                    button type="submit" { (words.say("web.sign.seal")) }
                }
            }
        }
    }
}

/// What is signed, the same at both computers.
fn signed_text(report: &ApprovalReport, user: &User) -> Markup {
    let words = user.words();
    html! {
        (pairs(&[
            (words.say("approval.school"), html! { (report.npsn) }),
            (words.say("approval.head"), html! { (isolated(report.head.as_deref().unwrap_or(&report.ptk))) }),
            (words.say("approval.warnings"), html! { (words.number(u64::from(report.warnings))) }),
            (words.say("approval.judged"), html! { (report.judged_on) }),
        ]))
        (pairs(&report.modules.iter().map(|(module, records)| {
            let count = words.number(u64::from(*records));
            (words.module(module), html! { (words.fill("approval.records", &[("count", &count)])) })
        }).collect::<Vec<_>>()))
        (pairs(&[(words.say("web.sign.digest"), html! { code { (report.bundle) } })]))
    }
}

fn upload(user: &User, action: &str, id: &str, label: &'static str, button: &'static str) -> Markup {
    let words = user.words();
    html! {
        form.filters method="post" action=(action) enctype="multipart/form-data" {
            (token(user))
            div.field.wide {
                label for=(id) { (words.say(label)) }
                input id=(id) name="berkas" type="file" required;
            }
            button.second type="submit" { (words.say(button)) }
        }
    }
}

/// Seals what waits for a head whose key is elsewhere.
pub(super) async fn seal(posted: Posted) -> Response {
    posted
        .act(|user, fields| {
            user.must(What::Exchange)?;
            let account = Some(fields.get("akun").to_owned());
            let ask = Approve {
                account,
                modules: Vec::new(),
                sheet: None,
                export: None,
                sign: None,
                out: None,
                import: None,
                password: Secret::default(),
            };
            match at_desk(user, move |open, said| ask.ask(open, said)) {
                Ok(_) => Ok(Answer::done("/tanda-tangan", user.words().say("web.sign.sealed"))),
                Err(failure) => shown(user, Some(&failure)),
            }
        })
        .await
}

/// The file that the head is asked to sign.
pub(super) async fn request(user: User) -> Response {
    user.show(|user| {
        user.must(What::Exchange)?;
        let asked = user.read(|reading| Ok(reading.open.school().to_be_signed()?))?;
        let asked = asked.ok_or_else(|| Failure::new("web.no-page"))?;
        let bytes = selaras_sync::evidence::write_request(&asked);
        Ok(Answer::File(File { name: REQUEST_NAME.into(), kind: "application/octet-stream", content: bytes.into() }))
    })
    .await
}

/// Takes the head's signature in: what was sealed is approved with it.
pub(super) async fn take(uploaded: Uploaded) -> Response {
    uploaded
        .act(|user, _, file| {
            user.must(What::Exchange)?;
            let (signature, name) = (file.to_vec(), file_name(user));
            match at_desk(user, move |open, said| approve::take_in(open, &signature, &name, said)) {
                Ok(_) => Ok(Answer::done("/sinkronisasi", user.words().say("web.sign.taken"))),
                Err(failure) => shown(user, Some(&failure)),
            }
        })
        .await
}

/// What another computer asks the head to sign, before it is signed.
pub(super) async fn look(uploaded: Uploaded) -> Response {
    uploaded
        .act(|user, _, file| match asked(user, file) {
            Ok(report) => Ok(Answer::page(user.words().say("web.sign"), ask(user, &report, file, Fields::EMPTY, None))),
            Err(failure) => shown(user, Some(&failure)),
        })
        .await
}

fn asked(user: &User, request: &[u8]) -> Result<ApprovalReport, Failure> {
    user.read(|reading| {
        let text = approve::asked(&reading.open, request, &file_name(user))?;
        Ok(approve::told(&reading.open, &text))
    })
}

fn ask(user: &User, report: &ApprovalReport, request: &[u8], typed: &Fields, failure: Option<&Failure>) -> Markup {
    let words = user.words();
    let account = if typed.has("akun") { typed.get("akun") } else { user.name() };
    html! {
        p.faint { a href="/tanda-tangan" { (words.say("web.sign")) } }
        h1 { (words.say("web.sign.give")) }
        @if let Some(failure) = failure { (refusal(failure, words)) }
        section.card {
            (signed_text(report, user))
            p.hint { (words.say("web.sign.compare")) }
        }
        form.card method="post" action="/tanda-tangan/beri" {
            (token(user))
            input type="hidden" name="minta" value=(HEXLOWER.encode(request));
            div.fields {
                div.field {
                    label for="akun" { (words.say("web.account")) }
                    input #akun name="akun" value=(account) required maxlength="64" autocomplete="off";
                }
                div.field {
                    label for="sandi" { (words.say("web.sheet.password")) }
                    input #sandi name="sandi" type="password" required maxlength="1024" autocomplete="off";
                }
            }
            div.actions { button type="submit" { (words.say("web.sign.sign")) } }
        }
    }
}

/// Signs with the head's key and gives the signature.
pub(super) async fn give(posted: Posted) -> Response {
    posted
        .act(|user, fields| {
            let unread = |_| Failure::new("web.no-page");
            let request = HEXLOWER.decode(fields.get("minta").as_bytes()).map_err(unread)?;
            match signed(user, fields, &request) {
                Ok(bytes) => Ok(Answer::File(File {
                    name: SIGNATURE_NAME.into(),
                    kind: "application/octet-stream",
                    content: bytes.into(),
                })),
                Err(failure) => {
                    let report = asked(user, &request)?;
                    let content = ask(user, &report, &request, fields, Some(&failure));
                    Ok(Answer::unfit(user.words().say("web.sign"), content))
                }
            }
        })
        .await
}

fn signed(user: &User, fields: &Fields, request: &[u8]) -> Result<Vec<u8>, Failure> {
    let (request, file) = (request.to_vec(), file_name(user));
    let (account, password) = (fields.get("akun").trim().to_owned(), fields.secret("sandi"));
    at_desk(user, move |open, said| {
        let text = approve::asked(open, &request, &file)?;
        let head = Head { name: &account, password: &password, from: &said.from };
        Ok(approve::sign(open, text, head, &file)?.1)
    })
}
