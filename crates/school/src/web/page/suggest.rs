//! Looking a record up while typing.

use axum::response::Response;
use serde::Deserialize;

use super::super::address::{Path, Query};
use super::super::answer::Answer;
use super::super::visit::User;

/// Suggestions at most.
const MOST: usize = 12;

#[derive(Deserialize)]
pub(super) struct Typed {
    #[serde(default)]
    q: String,
}

/// The first records whose title, or what else identifies them, holds what was typed.
pub(super) async fn suggest(user: User, Path(name): Path<String>, Query(typed): Query<Typed>) -> Response {
    user.show(move |user| {
        let found: Vec<String> = user.read(|reading| {
            let entity = reading.open.entity(&name)?.code;
            let briefs = reading.beside.briefs(&reading.open, entity)?;
            let text: String = typed.q.chars().take(100).collect();
            let mut found: Vec<String> = briefs
                .search(&text)
                .take(MOST)
                .map(|brief| format!("{} · {}", brief.title, brief.id.to_string().chars().take(8).collect::<String>()))
                .collect();
            found.sort();
            Ok(found)
        })?;
        Ok(Answer::Json(serde_json::json!(found)))
    })
    .await
}
