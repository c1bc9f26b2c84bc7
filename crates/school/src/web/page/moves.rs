//! Mutasi: students and PTK that the centre offers to this school; accepted or declined with a reason.

use axum::response::Response;
use maud::html;

use super::super::answer::Answer;
use super::super::parts::token;
use super::super::rights::What;
use super::super::undo::undoable;
use super::super::value::isolated;
use super::super::visit::{Posted, User};
use crate::command::Command;
use crate::command::moves::{Moves, offers};
use crate::failure::Failure;

pub(super) async fn moves(user: User) -> Response {
    user.show(|user| {
        let words = user.words();
        let lines = user.read(|reading| offers(&reading.open))?;
        let may = user.may(What::Exchange);
        Ok(Answer::page(words.say("web.menu.moves"), html! {
            h1 { (words.say("web.menu.moves")) }
            p { (words.say("web.moves.lead")) }
            @if lines.is_empty() { p.good-text { (words.say("moves.none")) } }
            @for line in &lines {
                section.card {
                    h2 { (words.say_or(&format!("moves.{}", line.entity), &line.entity)) ": " (isolated(&line.title)) }
                    p { (words.fill("moves.from", &[("school", &line.from), ("on", &line.on)])) }
                    @if let Some(answer) = &line.answer {
                        p.wait-text { (words.say_or(&format!("moves.answer-{answer}"), answer)) }
                    }
                    @if may {
                        div.actions {
                            form method="post" action="/mutasi" {
                                (token(user))
                                input type="hidden" name="entity" value=(line.entity);
                                input type="hidden" name="id" value=(line.id);
                                button.second name="jawab" value="terima" type="submit" { (words.say("web.moves.accept")) }
                            }
                        }
                        details {
                            summary { (words.say("web.moves.decline")) }
                            form.actions method="post" action="/mutasi" {
                                (token(user))
                                input type="hidden" name="entity" value=(line.entity);
                                input type="hidden" name="id" value=(line.id);
                                label for=(format!("why-{}", line.id)) { (words.say("web.moves.why")) }
                                input id=(format!("why-{}", line.id)) name="alasan" maxlength="200" required;
                                button.danger name="jawab" value="tolak" type="submit" { (words.say("web.moves.decline")) }
                            }
                        }
                    }
                }
            }
        }))
    })
    .await
}

pub(super) async fn answer(posted: Posted) -> Response {
    posted
        .act(|user, fields| {
            user.must(What::Exchange)?;
            let (id, author) = (fields.get("id").to_owned(), user.name().to_owned());
            let key = user.read(|reading| reading.open.find_record(fields.get("entity"), &id))?;
            let moves = match fields.get("jawab") {
                "terima" => Moves::Accept { id, author },
                "tolak" => Moves::Decline { id, author, why: fields.get("alasan").to_owned() },
                _ => return Err(Failure::new("web.no-page")),
            };
            let (text, undo) = undoable(user, vec![key], "/mutasi", move |service, said| {
                Command::Moves(moves).run(service, said)?;
                Ok(said.done_text())
            })?;
            Ok(Answer::done_with_undo("/mutasi", text, undo))
        })
        .await
}
