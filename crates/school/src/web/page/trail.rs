//! What happened to a record: who wrote what, when, and which exchange it came with.

use std::collections::BTreeMap;

use maud::{Markup, html};
use selaras_model::{Actor, Entity, LogVersion, Record, ReplicaId, Side, Value};
use selaras_sync::{Flow, HistoryKind, HistoryLine, PastChange};

use super::super::input;
use super::super::value::isolated;
use crate::catalogue::Words;
use crate::failure::Failure;
use crate::service::{Open, Titles};

/// Changes that are shown, the newest.
const MAX_SHOWN: usize = 50;

/// A change in words.
struct Line {
    who: String,
    when: String,
    with: String,
    fields: Vec<(String, String)>,
}

/// Which exchange brought what, and who approved it.
pub(super) struct Past {
    bundles: BTreeMap<(ReplicaId, u64), LogVersion>,
    history: Vec<HistoryLine>,
}

impl Past {
    pub(super) fn of(open: &Open) -> Result<Past, Failure> {
        let bundles = open.school().bundles()?;
        let mut history = Vec::new();
        open.school().history(0, &mut |line| {
            history.push(line.clone());
            Flow::Continue
        })?;
        Ok(Past { bundles, history })
    }

    /// The version of the school's log that a writer's change is in.
    fn version(&self, actor: &Actor) -> Option<u64> {
        match actor.side {
            Side::Centre => Some(actor.sequence),
            Side::School => {
                self.bundles.get(&(ReplicaId::from_bytes(actor.replica), actor.sequence)).map(|version| version.get())
            }
        }
    }

    /// The line of this computer's history with which a writer's change came.
    pub(super) fn came(&self, actor: &Actor) -> Option<&HistoryLine> {
        let version = self.version(actor)?;
        let arrived = |line: &&HistoryLine| matches!(line.what, HistoryKind::Receipt | HistoryKind::Pulled);
        self.history.iter().filter(arrived).find(|line| version_of(line).is_some_and(|reached| reached >= version))
    }

    /// The account that approved it where that is known here, else whose side wrote.
    pub(super) fn who(&self, side: Side, came: Option<&HistoryLine>, words: Words) -> String {
        if side == Side::Centre {
            return words.say("web.trail.centre").to_owned();
        }
        let approved = came.filter(|line| line.what == HistoryKind::Receipt).and_then(|receipt| {
            let before = self.history.iter().take_while(|line| line.number < receipt.number);
            before.filter(|line| line.what == HistoryKind::Approved).last()?.args.get("account").cloned()
        });
        match approved {
            Some(account) => words.fill("web.trail.school-by", &[("account", &account)]),
            None => words.say("web.trail.school").to_owned(),
        }
    }
}

fn version_of(line: &HistoryLine) -> Option<u64> {
    line.args.get("version")?.parse().ok()
}

/// The trail of a record, newest first.
pub(super) fn trail(
    open: &Open,
    record: &Record,
    entity: &Entity,
    known: &mut Titles,
    words: Words,
) -> Result<Markup, Failure> {
    let changes = open.school().past(record.key())?;
    let past = Past::of(open)?;
    let mut lines = Vec::new();
    for change in changes.iter().rev().take(MAX_SHOWN) {
        let came = past.came(&change.actor);
        let version = past.version(&change.actor);
        lines.push(Line {
            who: past.who(change.actor.side, came, words),
            when: came.map_or_else(String::new, |line| crate::env::local_time(line.at)),
            with: version.map_or_else(String::new, |version| {
                words.fill("web.trail.version", &[("version", &words.number(version))])
            }),
            fields: fields(open, record, entity, change, known, words)?,
        });
    }
    Ok(html! {
        details.card {
            summary { (words.say("web.trail")) " (" (changes.len()) ")" }
            @if lines.is_empty() { p { (words.say("web.trail.none")) } }
            ul.plain {
                @for line in &lines {
                    li {
                        h3 { (isolated(&line.who)) }
                        p.faint { (line.when) @if !line.with.is_empty() { " · " (line.with) } }
                        dl.pairs { @for (name, held) in &line.fields { div { dt { (name) } dd { (isolated(held)) } } } }
                    }
                }
            }
        }
    })
}

fn fields(
    open: &Open,
    record: &Record,
    entity: &Entity,
    change: &PastChange,
    known: &mut Titles,
    words: Words,
) -> Result<Vec<(String, String)>, Failure> {
    let mut fields = Vec::new();
    if let Some(deleted) = change.deleted {
        let text = words.say(if deleted { "web.trail.deleted" } else { "web.trail.undeleted" });
        fields.push((text.to_owned(), String::new()));
    }
    for (name, value) in &change.fields {
        let (label, text) = match entity.field(name) {
            Some(field) => {
                (field.label.get(words.0).to_owned(), input::meaning(open, record.entity, field, value, known, words)?)
            }
            None => (name.to_string(), String::new()),
        };
        let empty = matches!(value, Value::Null);
        fields.push((label, if empty { words.say("record.null").to_owned() } else { text }));
    }
    Ok(fields)
}
