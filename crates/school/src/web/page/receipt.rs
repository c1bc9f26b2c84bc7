//! The receipt: to be printed, read out, and kept as a file that anybody can verify.

use axum::response::Response;
use maud::{Markup, html};
use selaras_model::LogVersion;

use super::super::address::Path;
use super::super::answer::{Answer, File};
use super::super::parts::pairs;
use super::super::visit::User;
use crate::command::receipt::ReceiptReport;

pub(super) async fn last(user: User) -> Response {
    shown(user, None).await
}

pub(super) async fn of(user: User, Path(version): Path<u64>) -> Response {
    shown(user, Some(version)).await
}

async fn shown(user: User, version: Option<u64>) -> Response {
    user.show(move |user| {
        let words = user.words();
        let (receipt, school, npsn) = user.read(|reading| {
            let open = &reading.open;
            Ok((open.receipt_of(version)?, open.school_name()?.unwrap_or_default(), open.npsn()))
        })?;
        let Some(receipt) = receipt else {
            return Ok(Answer::page(
                words.say("web.receipt"),
                html! {
                    h1 { (words.say("web.receipt")) }
                    p { (words.say("web.receipt.none")) }
                },
            ));
        };
        Ok(Answer::page(words.say("web.receipt"), content(user, &receipt, &school, &npsn.to_string())))
    })
    .await
}

fn content(user: &User, receipt: &ReceiptReport, school: &str, npsn: &str) -> Markup {
    let words = user.words();
    let approval = receipt.approval.as_ref();
    let mut rows = vec![
        (words.say("approval.school"), html! { (school) " (NPSN " (npsn) ")" }),
        (words.say("receipt.version"), html! { (words.number(receipt.version)) }),
    ];
    if let Some(approval) = approval {
        rows.push((words.say("approval.head"), html! { (approval.head.as_deref().unwrap_or(&approval.ptk)) }));
        rows.push((words.say("approval.judged"), html! { (approval.judged_on) }));
        rows.push((words.say("approval.warnings"), html! { (words.number(u64::from(approval.warnings))) }));
        rows.push((words.say("web.receipt.rulebook"), html! { code { (approval.rulebook) } }));
    }
    html! {
        section.receipt {
            h1 { (words.say("web.receipt")) }
            p.good-text { strong { (words.say("web.receipt.arrived")) } }
            p.short-code { (receipt.short_code) }
            p.faint { (words.say("web.receipt.code.hint")) }
            (pairs(&rows))
            @if let Some(approval) = approval {
                h2 { (words.say("web.receipt.sent")) }
                (pairs(&approval.modules.iter().map(|(module, count)| {
                    (words.module(module), html! { (words.fill("approval.records", &[("count", &words.number(u64::from(*count)))])) })
                }).collect::<Vec<_>>()))
            }
            details open {
                summary { (words.say("web.receipt.proof")) }
                (pairs(&[
                    (words.say("receipt.bundle"), html! { code { (receipt.bundle.as_deref().unwrap_or("-")) } }),
                    (words.say("receipt.entry"), html! { code { (receipt.entry) } }),
                    (words.say("receipt.signature"), html! { code { (receipt.signature) } }),
                ]))
            }
        }
        @if receipt.since > 0 {
            p.notice { (words.fill("receipt.since", &[("count", &words.number(u64::from(receipt.since)))])) }
        }
        div.actions {
            button.second type="button" data-print hidden { (words.say("web.receipt.print")) }
            @if approval.is_some() {
                a.button.second href=(format!("/tanda-terima/{}/bukti", receipt.version)) { (words.say("web.receipt.file")) }
            }
            a.button.second href="/" { (words.say("web.to-home")) }
        }
        p.faint.noprint { (words.say("web.receipt.print.hint")) }
    }
}

/// Receipt and approval in a file that anybody can verify.
pub(super) async fn evidence(user: User, Path(version): Path<u64>) -> Response {
    user.show(move |user| {
        let evidence = user.read(|reading| Ok(reading.open.school().evidence(Some(LogVersion::new(version)))?))?;
        let name = format!("selaras-tanda-terima-{version}.bukti");
        Ok(Answer::File(File { name, kind: "application/octet-stream", content: evidence.to_bytes().into() }))
    })
    .await
}
