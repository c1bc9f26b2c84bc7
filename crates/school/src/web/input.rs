//! Fields as people see and type them.

use maud::{Markup, html};
use selaras_model::{Entity, EntityCode, Field, FieldKind, FieldName, Lang, RecordId, Value};

use super::Beside;
use super::value::isolated;
use crate::catalogue::Words;
use crate::characters::has_unusual;
use crate::failure::Failure;
use crate::service::{MAX_DEPTH, Open, Titles};

/// Between a record's title and the beginning of its id, in what is typed into a reference.
const BETWEEN: &str = " · ";
/// Digits of the id that are shown.
const SHOWN_ID: usize = 8;
/// Characters of a number or a date as typed.
const MAX_NUMBER: usize = 32;
/// Characters of a reference as typed.
const MAX_REFERENCE: usize = 300;

/// How a field stands on a page.
#[derive(Default)]
pub(super) struct Shown {
    /// The value as typed.
    pub(super) value: String,
    /// What the value was when the page was made.
    pub(super) was: String,
    /// What it stands for, where it may not be typed into.
    pub(super) meaning: String,
    /// Whether it may be typed into.
    pub(super) open: bool,
    /// Whether the school may change it; where not, it says whose it is.
    pub(super) ours: bool,
    /// Whether it was typed here and not sent yet.
    pub(super) pending: bool,
    /// What is wrong with it.
    pub(super) wrong: Vec<String>,
    /// What a person should look at.
    pub(super) warned: Vec<String>,
}

/// A value as it stands in an input.
pub(super) fn typed_text(
    open: &Open,
    entity: EntityCode,
    field: &Field,
    value: &Value,
    known: &mut Titles,
) -> Result<String, Failure> {
    Ok(match (&field.kind, value) {
        (FieldKind::Ref { entity: to }, Value::Ref(id)) => {
            let short: String = id.to_string().chars().take(SHOWN_ID).collect();
            format!("{}{BETWEEN}{short}", open.described(*to, *id, known, MAX_DEPTH)?)
        }
        _ => open.rules().pack.render_field(entity, &field.name, value),
    })
}

/// A value as people read it.
pub(super) fn meaning(
    open: &Open,
    entity: EntityCode,
    field: &Field,
    value: &Value,
    known: &mut Titles,
    words: Words,
) -> Result<String, Failure> {
    Ok(match (&field.kind, value) {
        (FieldKind::Ref { entity: to }, Value::Ref(id)) => open.described(*to, *id, known, MAX_DEPTH)?,
        (FieldKind::Code { table }, Value::Code(code)) => {
            let row = open.rules().pack.table(table).and_then(|table| table.row(code));
            row.map_or_else(|| code.clone(), |row| row.label.get(words.0).to_owned())
        }
        (_, Value::Bool(true)) => words.say("web.yes").to_owned(),
        (_, Value::Bool(false)) => words.say("web.no").to_owned(),
        _ => open.rules().pack.render_field(entity, &field.name, value),
    })
}

/// Reads a value as it was typed: a reference by its title or the beginning of its id, a decimal with a comma too.
pub(super) fn read(
    open: &Open,
    beside: &Beside,
    entity: &Entity,
    field: &Field,
    text: &str,
) -> Result<(FieldName, Value), Failure> {
    let text = text.trim();
    match &field.kind {
        FieldKind::Ref { entity: to } if !text.is_empty() => reference(open, beside, *to, &field.name, text),
        FieldKind::Decimal { .. } => open.parse_value(&entity.name, &field.name, &text.replacen(',', ".", 1)),
        _ => open.parse_value(&entity.name, &field.name, text),
    }
}

fn reference(
    open: &Open,
    beside: &Beside,
    to: EntityCode,
    field: &FieldName,
    text: &str,
) -> Result<(FieldName, Value), Failure> {
    find(open, beside, to, field, text).map(|id| (field.clone(), Value::Ref(id)))
}

/// The record that a text names: by its whole title, by its title and the beginning of its id, or by its whole id. Not by
/// the beginning of an id alone: there are names that look like one.
pub(super) fn find(open: &Open, beside: &Beside, to: EntityCode, field: &str, text: &str) -> Result<RecordId, Failure> {
    let wanted = text.trim().to_lowercase();
    let (title, id) = wanted.rsplit_once(BETWEEN).unwrap_or((&wanted, ""));
    let (whole, has_id) = (wanted.parse::<RecordId>().ok(), id.len() >= SHOWN_ID);
    let briefs = beside.briefs(open, to)?;
    let mut named = briefs.all().filter(|brief| {
        let known = brief.title.to_lowercase();
        known == wanted || whole == Some(brief.id) || has_id && known == title && brief.id.to_string().starts_with(id)
    });
    match (named.next(), named.next()) {
        (Some(one), None) => Ok(one.id),
        (None, _) => Err(Failure::new("web.ref-unknown").arg("field", field)),
        (Some(_), Some(_)) => Err(Failure::new("web.ref-ambiguous").arg("field", field)),
    }
}

/// One field of a form.
pub(super) fn field(open: &Open, of: &Field, shown: &Shown, words: Words) -> Markup {
    let (name, lang) = (&*of.name, words.0);
    let described = format!("d-{name}");
    html! {
        div.field id=(format!("f-{name}")) data-field=(name) {
            @if shown.open {
                label for=(format!("i-{name}")) { (of.label.get(lang)) (pending(shown, words)) }
                (control(open, of, shown, words))
                @if has_unusual(&shown.value) { p.hint { (words.say("web.unusual")) " " (isolated(&shown.value)) } }
                input type="hidden" name=(format!("w.{name}")) value=(shown.was);
            } @else {
                span.label { (of.label.get(lang)) (pending(shown, words)) }
                div.fixed id=(format!("i-{name}")) tabindex="-1" { @if shown.meaning.is_empty() { span.faint { (words.say("record.null")) } } @else { (isolated(&shown.meaning)) } }
                @if !shown.ours { p.hint { (words.say("web.theirs")) } }
            }
            div id=(described) aria-live="polite" {
                @for text in &shown.wrong { p.wrong { (text) } }
                @for text in &shown.warned { p.warn { (text) } }
            }
        }
    }
}

fn pending(shown: &Shown, words: Words) -> Markup {
    html! { @if shown.pending { " " span.pending-mark title=(words.say("web.pending")) { "●" span.hidden { (words.say("web.pending")) } } } }
}

fn control(open: &Open, of: &Field, shown: &Shown, words: Words) -> Markup {
    let name = format!("f.{}", of.name);
    let id = format!("i-{}", of.name);
    let described = format!("d-{}", of.name);
    let invalid = (!shown.wrong.is_empty()).then_some("true");
    let value = &shown.value;
    match &of.kind {
        FieldKind::Text { max } => html! {
            input id=(id) name=(name) value=(value) maxlength=(max) aria-describedby=(described) aria-invalid=[invalid] autocomplete="off";
        },
        FieldKind::Int => html! {
            input id=(id) name=(name) value=(value) inputmode="numeric" maxlength=(MAX_NUMBER) aria-describedby=(described) aria-invalid=[invalid] autocomplete="off";
        },
        FieldKind::Decimal { .. } => html! {
            input id=(id) name=(name) value=(value) inputmode="decimal" maxlength=(MAX_NUMBER) aria-describedby=(described) aria-invalid=[invalid] autocomplete="off";
        },
        FieldKind::Date => html! {
            input id=(id) name=(name) value=(value) type="date" aria-describedby=(described) aria-invalid=[invalid];
        },
        FieldKind::Bool => choose(
            &id,
            &name,
            &described,
            invalid,
            value,
            &[
                (String::new(), words.say("record.null").to_owned()),
                ("ya".to_owned(), words.say("web.yes").to_owned()),
                ("tidak".to_owned(), words.say("web.no").to_owned()),
            ],
        ),
        FieldKind::Code { table } => choose(&id, &name, &described, invalid, value, &codes(open, table, value, words)),
        FieldKind::Ref { entity } => {
            let target = open.rules().pack.entity(*entity).map(|entity| entity.name.as_str()).unwrap_or_default();
            html! {
                input id=(id) name=(name) value=(value) maxlength=(MAX_REFERENCE) list=(format!("l-{}", of.name)) data-suggest=(format!("/data/{target}/cari"))
                    aria-describedby=(described) aria-invalid=[invalid] autocomplete="off";
                datalist id=(format!("l-{}", of.name)) {}
            }
        }
    }
}

fn choose(
    id: &str,
    name: &str,
    described: &str,
    invalid: Option<&str>,
    value: &str,
    options: &[(String, String)],
) -> Markup {
    html! {
        select id=(id) name=(name) aria-describedby=(described) aria-invalid=[invalid] {
            @for (code, text) in options { option value=(code) selected[code == value] { (text) } }
        }
    }
}

/// The codes of a table that are in use, and the present one though it has expired.
pub(super) fn codes(open: &Open, table: &str, present: &str, words: Words) -> Vec<(String, String)> {
    let today = open.rules().pack.semester_start();
    let mut options = vec![(String::new(), words.say("record.null").to_owned())];
    let Some(table) = open.rules().pack.table(table) else { return options };
    let rows = table.order.iter().filter_map(|code| Some((code, table.row(code)?)));
    let used = rows.filter(|(code, row)| *code == present || row.expires.is_none_or(|expires| expires >= today));
    options.extend(used.map(|(code, row)| (code.clone(), row.label.get(words.0).to_owned())));
    if !present.is_empty() && !options.iter().any(|(code, _)| code == present) {
        options.push((present.to_owned(), present.to_owned()));
    }
    options
}

/// What a field is called, by its name.
pub(super) fn label<'a>(open: &'a Open, entity: &str, field: &'a str, lang: Lang) -> &'a str {
    let known = open.rules().pack.entity_named(entity).and_then(|entity| entity.field(field));
    known.map_or(field, |field| field.label.get(lang))
}
