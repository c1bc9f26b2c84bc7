//! Cadangan: backups beside the store, made, checked, taken along and brought back.

use axum::response::Response;
use maud::{Markup, html};

use super::super::address::Path;
use super::super::answer::{Answer, File, from_disk};
use super::super::parts::{refusal, token};
use super::super::rights::What;
use super::super::visit::{Fields, Posted, User};
use crate::backup::{BackupKey, Kept, Shelf, What as Kind};
use crate::command::backup::Backup;
use crate::command::restore::Restore;
use crate::command::{Command, Report};
use crate::failure::Failure;
use crate::secret::Secret;

pub(super) async fn backups(user: User) -> Response {
    user.show(|user| shown(user, None)).await
}

fn shown(user: &User, failure: Option<&Failure>) -> Result<Answer, Failure> {
    user.must(What::Keep)?;
    let words = user.words();
    let shelf = Shelf::of(&user.web().place);
    let content = html! {
        h1 { (words.say("web.menu.backups")) }
        p { (words.say("web.backups.lead")) }
        @if let Some(failure) = failure { (refusal(failure, words)) }
        form.card method="post" action="/cadangan" {
            (token(user))
            h2 { (words.say("web.backups.make")) }
            div.fields {
                div.field {
                    label for="new" { (words.say("web.backups.passphrase")) }
                    input #new name="new" type="password" required maxlength="1024" autocomplete="new-password";
                    p.hint { (words.say("web.backups.passphrase.hint")) }
                }
                div.field {
                    label for="again" { (words.say("ask.again")) }
                    input #again name="again" type="password" required maxlength="1024" autocomplete="new-password";
                }
            }
            div.actions { button type="submit" { (words.say("web.backups.make")) } }
        }
        h2 { (words.say("web.backups.kept")) }
        @if shelf.kept().is_empty() { p { (words.say("backup.list.none")) } }
        @for kept in shelf.kept().iter().rev() { (one(user, kept)) }
    };
    let title = words.say("web.menu.backups");
    Ok(if failure.is_some() { Answer::unfit(title, content) } else { Answer::page(title, content) })
}

fn one(user: &User, kept: &Kept) -> Markup {
    let words = user.words();
    let number = kept.number;
    let what = if kept.what == Kind::Automatic { "backup.list.automatic" } else { "backup.list.asked" };
    let asks = kept.what == Kind::Asked;
    let passphrase = |id: &str| {
        html! {
            @if asks {
                label for=(format!("{id}-{number}")) { (words.say("web.backups.passphrase")) }
                input id=(format!("{id}-{number}")) name="passphrase" type="password" required maxlength="1024" autocomplete="off";
            }
        }
    };
    html! {
        section.card.backup {
            h3 { (crate::env::local_time(kept.at)) }
            p { (words.say(what)) " · " (words.bytes(kept.bytes)) }
            details {
                summary { (words.say("web.backups.check")) }
                form.actions method="post" action=(format!("/cadangan/{number}/periksa")) {
                    (token(user)) (passphrase("p"))
                    button.second type="submit" { (words.say("web.backups.check")) }
                }
            }
            p { a href=(format!("/cadangan/{number}/berkas")) { (words.say("web.backups.download")) } }
            details {
                summary { (words.say("web.backups.restore")) }
                p { (words.say("web.backups.restore.lead")) }
                form.actions method="post" action=(format!("/cadangan/{number}/pulihkan")) {
                    (token(user)) (passphrase("r"))
                    label.choice { input type="checkbox" name="yakin" value="ya" required; " " (words.say("web.backups.restore.sure")) }
                    button.danger type="submit" { (words.say("web.backups.restore")) }
                }
            }
        }
    }
}

fn find(user: &User, number: u64) -> Result<Kept, Failure> {
    user.must(What::Keep)?;
    let shelf = Shelf::of(&user.web().place);
    let kept = shelf.kept().iter().find(|kept| kept.number == number).cloned();
    kept.ok_or_else(|| Failure::new("web.no-page"))
}

pub(super) async fn make(posted: Posted) -> Response {
    posted
        .act_long(|user, fields| {
            user.must(What::Keep)?;
            let passphrase = fields.secret("new");
            if passphrase != fields.secret("again") {
                return shown(user, Some(&Failure::new("input.not-the-same")));
            }
            match user.run(Command::Backup(Backup { file: None, list: false, passphrase })) {
                Ok(Some(Report::Backup(made))) => {
                    let (bytes, rows) = (user.words().bytes(made.bytes), user.words().number(made.rows));
                    let args: [(&str, &dyn std::fmt::Display); 3] =
                        [("file", &made.file), ("bytes", &bytes), ("rows", &rows)];
                    Ok(Answer::done("/cadangan", user.words().fill("backup.done", &args)))
                }
                Ok(_) => Ok(Answer::go("/cadangan")),
                Err(failure) => shown(user, Some(&failure)),
            }
        })
        .await
}

pub(super) async fn file(user: User, Path(number): Path<u64>) -> Response {
    user.show(move |user| {
        let kept = find(user, number)?;
        let file = std::fs::File::open(&kept.path)
            .map_err(|_| Failure::new("backup.unreadable").arg("file", kept.path.display()))?;
        let name = kept.path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        Ok(Answer::File(File { name, kind: "application/octet-stream", content: from_disk(file) }))
    })
    .await
}

fn key_of(user: &User, kept: &Kept, fields: &Fields) -> Result<BackupKey, Failure> {
    match kept.what {
        Kind::Automatic => BackupKey::from_file(&user.web().place.backup_key()),
        Kind::Asked => Ok(BackupKey::Passphrase(fields.secret("passphrase"))),
    }
}

/// Reads a backup from its first byte to its last.
pub(super) async fn check(Path(number): Path<u64>, posted: Posted) -> Response {
    posted
        .act_long(move |user, fields| {
            let kept = find(user, number)?;
            let words = user.words();
            match key_of(user, &kept, fields).and_then(|key| crate::backup::check(&kept.path, &key)) {
                Ok((head, counts)) => {
                    let (at, rows) = (crate::env::local_time(head.at), words.number(counts.rows));
                    let args: [(&str, &dyn std::fmt::Display); 3] =
                        [("at", &at), ("rows", &rows), ("version", &head.version)];
                    Ok(Answer::done("/cadangan", words.fill("web.backups.whole", &args)))
                }
                Err(failure) => shown(user, Some(&failure)),
            }
        })
        .await
}

/// Puts a backup in the store's place; what was there is moved aside, with what was typed and not sent.
pub(super) async fn restore(Path(number): Path<u64>, posted: Posted) -> Response {
    posted
        .act_long(move |user, fields| {
            let kept = find(user, number)?;
            if fields.get("yakin") != "ya" {
                return shown(user, Some(&Failure::new("web.no-consent")));
            }
            let passphrase = if kept.what == Kind::Asked { fields.secret("passphrase") } else { Default::default() };
            let command = Restore {
                file: kept.path,
                key: None,
                engine: selaras_storage::EngineKind::default(),
                passphrase,
                kode: Secret::default(),
            };
            match user.run(Command::Restore(command)) {
                Ok(report) => {
                    user.visit.web.follow_settings()?;
                    let text = match report {
                        Some(Report::Restored(restored)) => {
                            let args: [(&str, &dyn std::fmt::Display); 3] =
                                [("npsn", &restored.npsn), ("at", &restored.at), ("version", &restored.version)];
                            user.words().fill("restore.done", &args)
                        }
                        _ => String::new(),
                    };
                    Ok(Answer::done("/", format!("{text} {}", user.words().say("restore.next"))))
                }
                Err(failure) => shown(user, Some(&failure)),
            }
        })
        .await
}
