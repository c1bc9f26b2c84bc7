//! `show`: a record with its labels, what was typed and not yet sent, its findings and its conflicts.

use selaras_model::{FieldKind, Lang, Record, Side, Value};
use serde::{Deserialize, Serialize};

use crate::catalogue::Words;
use crate::characters::named;
use crate::command::Report;
use crate::command::validate::FindingLine;
use crate::failure::{Failure, Outcome};
use crate::output::Output;
use crate::page::{Manner, Page};
use crate::service::{Open, Service};

/// The arguments of `show`.
#[derive(Debug, Clone, clap::Args, Serialize, Deserialize)]
pub struct Show {
    /// The entity.
    pub entity: String,
    /// The id, or a unique beginning of one.
    pub id: String,
}

impl Show {
    pub(super) fn run(&self, service: &mut Service, out: &mut dyn Output) -> Result<Outcome, Failure> {
        let open = service.open_store()?;
        open.settle(out)?;
        let key = open.find_record(&self.entity, &self.id)?;
        let record = open.record(key)?;
        out.report(Report::Record(RecordReport::new(open, &record, out.lang())?));
        Ok(Outcome::Done)
    }
}

/// A record.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct RecordReport {
    /// The entity.
    pub entity: String,
    /// The id.
    pub id: String,
    /// What people call it.
    pub title: String,
    /// Whether it is deleted.
    pub deleted: bool,
    /// The fields in the pack's order, empty ones included.
    pub fields: Vec<FieldLine>,
    /// Who typed last and when, when something was not sent yet.
    pub typed: Option<String>,
    /// What the rules find.
    pub findings: Vec<FindingLine>,
}

/// A field of a record.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldLine {
    /// The field's name.
    pub name: String,
    /// Its label.
    pub label: String,
    /// Its value as typed; empty when there is none.
    pub value: String,
    /// What the value stands for: a code's label, a record's title.
    pub meaning: Option<String>,
    /// Whether the school may change it.
    pub ours: bool,
    /// Whether it was typed here and not sent yet.
    pub pending: bool,
}

impl RecordReport {
    fn new(open: &Open, record: &Record, lang: Lang) -> Result<RecordReport, Failure> {
        let pack = open.rules().pack.clone();
        let entity = pack.entity(record.entity).ok_or_else(|| Failure::new("input.entity"))?;
        let draft = open.school().draft(record.key())?;
        let mut fields = Vec::new();
        for field in entity.fields() {
            let value = record.get(&field.name);
            fields.push(FieldLine {
                name: field.name.to_string(),
                label: field.label.get(lang).to_owned(),
                value: pack.render_field(record.entity, &field.name, value),
                meaning: meaning(open, &field.kind, value, lang)?,
                ours: pack.owner(record.entity, &field.name, &record.fields) == Side::School,
                pending: draft.as_ref().is_some_and(|draft| draft.fields.contains_key(&field.name)),
            });
        }
        Ok(RecordReport {
            entity: entity.name.clone(),
            id: record.id.to_string(),
            title: open.title(record),
            deleted: record.deleted,
            fields,
            typed: draft.map(|draft| format!("{}, {}", draft.author, crate::env::local_time(draft.typed_at))),
            findings: open.findings_of(record.key(), lang)?,
        })
    }

    pub(super) fn show(&self, words: Words, page: &mut Page) {
        page.head(format!("{} — {}", self.title, self.entity));
        page.line(Manner::Faint, format!("  {}", self.id));
        if self.deleted {
            page.line(Manner::Bad, format!("  {}", words.say("record.deleted")));
        }
        let rows: Vec<Vec<String>> =
            self.fields.iter().filter(|field| !field.value.is_empty()).map(|field| row(field, words)).collect();
        page.table(&rows);
        let empty: Vec<&str> =
            self.fields.iter().filter(|field| field.value.is_empty()).map(|field| field.name.as_str()).collect();
        if !empty.is_empty() {
            page.line(Manner::Faint, format!("  {}: {}", words.say("record.empty"), empty.join(", ")));
        }
        if let Some(typed) = &self.typed {
            page.plain(format!("  * {}: {typed}", words.say("record.typed")));
        }
        for finding in &self.findings {
            finding.show(words, page);
        }
    }
}

fn row(field: &FieldLine, words: Words) -> Vec<String> {
    let mark = if field.pending { "*" } else { " " };
    let value = match &field.meaning {
        Some(meaning) => format!("{} ({meaning})", field.value),
        None => named(&field.value),
    };
    let owner = if field.ours { "" } else { words.say("record.theirs") };
    vec![format!("{mark} {}", field.name), value, owner.to_owned()]
}

fn meaning(open: &Open, kind: &FieldKind, value: &Value, lang: Lang) -> Result<Option<String>, Failure> {
    match (kind, value) {
        (FieldKind::Code { table }, Value::Code(code)) => Ok(open
            .rules()
            .pack
            .table(table)
            .and_then(|table| table.rows.get(code))
            .map(|row| row.label.get(lang).to_owned())),
        (FieldKind::Ref { entity }, Value::Ref(id)) => open.title_of_key(*entity, *id).map(Some),
        _ => Ok(None),
    }
}
