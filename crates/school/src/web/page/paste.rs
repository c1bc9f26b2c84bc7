//! Many rows at once: a semester's heights and weights, pasted from a spreadsheet, looked at and saved, all or none.

use std::collections::{BTreeMap, BTreeSet};

use axum::response::Response;
use maud::{Markup, html};
use selaras_model::{Entity, Field, FieldKind, Fields as Values, Record, RecordId, RecordKey, Value};
use selaras_sync::TypedEdit;

use super::super::address::{Path, Query};
use super::super::answer::{Answer, Undo};
use super::super::input;
use super::super::parts::{refusal, token};
use super::super::rights::What;
use super::super::undo::undoable;
use super::super::value::isolated;
use super::super::visit::{Fields, Posted, User};
use super::classes::{members, referring};
use super::list::PASTED;
use crate::catalogue::Words;
use crate::failure::Failure;
use crate::serve::Reading;
use crate::service::{Open, Titles};

const STUDENT: &str = "peserta_didik";
/// What names the student of a row, in this order: numbers first.
const NAMED_BY: [&str; 3] = ["nisn", "nik", "nama"];
/// Digits of a NISN and of a NIK.
const DIGITS: [(&str, usize); 2] = [("nisn", 10), ("nik", 16)];
/// Rows of one paste.
const MAX_ROWS: usize = 2_000;

/// A row as it was understood.
struct Line {
    number: usize,
    /// The student's name, or what was written.
    title: String,
    /// What is wrong with the row as a whole.
    wrong: Option<String>,
    cells: Vec<Cell>,
    /// What would be written, and what stands there now.
    edit: Option<(TypedEdit, Option<Record>)>,
}

/// A value as it was understood.
struct Cell {
    text: String,
    before: String,
    wrong: Option<String>,
    changed: bool,
}

/// The whole paste.
struct Pasted<'a> {
    columns: Vec<&'a Field>,
    /// Headings of columns that are not read.
    ignored: Vec<String>,
    lines: Vec<Line>,
}

impl Pasted<'_> {
    fn wrong(&self) -> usize {
        self.lines
            .iter()
            .filter(|line| line.wrong.is_some() || line.cells.iter().any(|cell| cell.wrong.is_some()))
            .count()
    }

    /// What the preview shows, so that nothing else is saved than what was seen.
    fn fingerprint(&self) -> String {
        let mut hasher = blake3::Hasher::new();
        for line in &self.lines {
            // Of a new record the id is chance.
            let row = line.edit.as_ref().map(|(edit, seen)| {
                let before = |name| seen.as_ref().map(|seen| seen.get(name));
                edit.fields.iter().map(|(name, value)| (name, value, before(name))).collect::<Vec<_>>()
            });
            hasher.update(&serde_json::to_vec(&(line.number, &line.title, row)).unwrap_or_default());
        }
        hasher.finalize().to_hex().to_string()
    }

    fn changed(&self) -> usize {
        self.lines.iter().filter(|line| line.edit.is_some()).count()
    }
}

/// The fields that can be pasted: all but those that say whose row it is.
fn pasted_fields(entity: &Entity) -> Vec<&Field> {
    let measured =
        |field: &&Field| matches!(field.kind, FieldKind::Int | FieldKind::Decimal { .. } | FieldKind::Text { .. });
    entity.fields().iter().filter(measured).collect()
}

pub(super) async fn form(
    user: User,
    Path(entity): Path<String>,
    Query(query): Query<BTreeMap<String, String>>,
) -> Response {
    user.show(move |user| {
        only_pasted(user, &entity)?;
        let class = query.get("kelas").map(String::as_str).unwrap_or_default();
        let words = user.words();
        let content = user.read(|reading| {
            let text = if class.is_empty() { String::new() } else { template(reading, class)? };
            Ok(ask(user, reading.open.entity(PASTED)?, &text, None))
        })?;
        Ok(Answer::page(words.say("web.paste"), content))
    })
    .await
}

fn only_pasted(user: &User, entity: &str) -> Result<(), Failure> {
    user.must(What::Edit(STUDENT))?;
    if entity == PASTED { Ok(()) } else { Err(Failure::new("web.no-page")) }
}

/// The students of a class with what is known of them, to be copied into a spreadsheet or typed into here.
fn template(reading: &Reading, class: &str) -> Result<String, Failure> {
    let open = &reading.open;
    let class = open.find_record("rombongan_belajar", class)?.id;
    let (student, entity) = (open.entity(STUDENT)?.code, open.entity(PASTED)?);
    let columns = pasted_fields(entity);
    let mut rows = Vec::new();
    for id in members(reading)?.remove(&class).unwrap_or_default() {
        let Some(record) = open.known_record(RecordKey { entity: student, id })? else { continue };
        let known = present(open, id)?;
        let mut cells = vec![
            record.text("nisn").unwrap_or_default().to_owned(),
            record.text("nama").unwrap_or_default().to_owned(),
        ];
        for field in &columns {
            let value = known.as_ref().map_or(Value::Null, |record| record.get(&field.name).clone());
            cells.push(open.rules().pack.render_field(entity.code, &field.name, &value));
        }
        rows.push(cells.join("\t"));
    }
    rows.sort_by_cached_key(|row| row.split('\t').nth(1).unwrap_or_default().to_lowercase());
    let head: Vec<&str> = ["nisn", "nama"].into_iter().chain(columns.iter().map(|field| &*field.name)).collect();
    rows.insert(0, head.join("\t"));
    Ok(rows.join("\n"))
}

/// What is there of a student in this semester.
fn present(open: &Open, student: RecordId) -> Result<Option<Record>, Failure> {
    let semester = open.rules().pack.semester();
    let found = referring(open, PASTED, "peserta_didik_id", student)?;
    Ok(found.into_iter().find(|record| record.code("semester_id") == Some(semester)))
}

fn ask(user: &User, entity: &Entity, text: &str, failure: Option<&Failure>) -> Markup {
    let words = user.words();
    let columns = pasted_fields(entity);
    html! {
        p.faint { a href=(format!("/data/{PASTED}")) { (entity.label.get(words.0)) } }
        h1 { (words.say("web.paste")) }
        @if let Some(failure) = failure { (refusal(failure, words)) }
        p { (words.say("web.paste.lead")) }
        ul {
            li { (words.say("web.paste.who")) ": " @for (at, name) in NAMED_BY.iter().enumerate() { @if at > 0 { ", " } code { (name) } } }
            li { (words.say("web.paste.columns")) ": " @for (at, field) in columns.iter().enumerate() { @if at > 0 { ", " } code { (field.name) } " (" (field.label.get(words.0)) ")" } }
        }
        form method="post" action=(format!("/data/{PASTED}/tempel")) {
            (token(user))
            label for="teks" { (words.say("web.paste.text")) }
            textarea.paste #teks name="teks" required spellcheck="false" { (text) }
            div.actions { button name="apa" value="lihat" type="submit" { (words.say("web.paste.look")) } }
        }
    }
}

pub(super) async fn paste(Path(entity): Path<String>, posted: Posted) -> Response {
    posted
        .act(move |user, fields| {
            only_pasted(user, &entity)?;
            match pasted(user, fields) {
                Ok(answer) => Ok(answer),
                Err(failure) => {
                    let content = user.read(|reading| {
                        Ok(ask(user, reading.open.entity(PASTED)?, fields.get("teks"), Some(&failure)))
                    })?;
                    Ok(Answer::unfit(user.words().say("web.paste"), content))
                }
            }
        })
        .await
}

fn pasted(user: &User, fields: &Fields) -> Result<Answer, Failure> {
    let (text, words) = (fields.get("teks"), user.words());
    let saves = fields.get("apa") == "simpan";
    let ready = user.read(|reading| {
        let pasted = understand(reading, text, words)?;
        let shown = pasted.fingerprint();
        let as_seen = shown == fields.get("sidik");
        if saves && as_seen && pasted.wrong() == 0 {
            return Ok(Ok(pasted.lines.into_iter().filter_map(|line| line.edit).collect::<Vec<_>>()));
        }
        Ok(Err(preview(user, &pasted, text, &shown, saves && !as_seen)))
    })?;
    let edits = match ready {
        Ok(edits) => edits,
        Err(content) => return Ok(Answer::page(words.say("web.paste"), content)),
    };
    let count = edits.len();
    let back = format!("/data/{PASTED}");
    let undo = if count > 0 { Some(save(user, edits, &back)?) } else { None };
    let invalid = user.read(|reading| Ok(reading.open.school().invalid()?))?;
    let text = words.fill("web.paste.saved", &[("count", &count), ("invalid", &invalid)]);
    Ok(match undo {
        Some(undo) => Answer::done_with_undo(back, text, undo),
        None => Answer::done(back, text),
    })
}

/// Saves all rows, if they are still what the preview was made of.
fn save(user: &User, rows: Vec<(TypedEdit, Option<Record>)>, back: &str) -> Result<Undo, Failure> {
    let author = user.name().to_owned();
    let keys = rows.iter().map(|(edit, _)| edit.key).collect();
    let ((), undo) = undoable(user, keys, back, move |service, said| {
        let open = service.open_store()?;
        open.check_author(&author)?;
        for (edit, seen) in &rows {
            // Of a row that is new somebody else, or a second click, may have made one meanwhile.
            let now = match (seen, edit.fields.iter().find(|(name, _)| **name == *"peserta_didik_id")) {
                (None, Some((_, Value::Ref(student)))) => present(open, *student)?,
                _ => open.known_record(edit.key)?,
            };
            if now != *seen {
                return Err(Failure::new("web.moved"));
            }
        }
        let step = open.school().import(rows.into_iter().map(|(edit, _)| edit).collect(), &author)?;
        open.apply(step, said)?;
        open.settle(said)
    })?;
    Ok(undo)
}

/// Students by what names them.
struct Students {
    by: BTreeMap<(&'static str, String), BTreeSet<RecordId>>,
    names: BTreeMap<RecordId, String>,
}

impl Students {
    fn of(open: &Open) -> Result<Students, Failure> {
        let mut students = Students { by: BTreeMap::new(), names: BTreeMap::new() };
        open.each(open.entity(STUDENT)?.code, &mut |record| {
            if record.deleted {
                return;
            }
            for name in NAMED_BY {
                if let Some(text) = record.text(name) {
                    students.by.entry((name, plain(text))).or_default().insert(record.id);
                }
            }
            students.names.insert(record.id, record.text("nama").unwrap_or_default().to_owned());
        })?;
        Ok(students)
    }

    /// The one student whom all naming columns of a row fit. A number that is whole and nobody's names nobody; one that a
    /// spreadsheet has spoilt (3,2E+15) leaves it to the others.
    fn whom(&self, written: &[(&'static str, &str)]) -> Result<RecordId, &'static str> {
        let mut left: Option<BTreeSet<RecordId>> = None;
        for (name, text) in written {
            match self.by.get(&(*name, number(name, text))) {
                Some(ids) => {
                    left = Some(left.map_or_else(|| ids.clone(), |left| left.intersection(ids).copied().collect()));
                }
                None if is_whole(name, text) => return Err("web.paste.nobody"),
                None => {}
            }
        }
        let Some(left) = left else {
            return Err(if written.is_empty() { "web.paste.no-name" } else { "web.paste.nobody" });
        };
        let mut left = left.into_iter();
        match (left.next(), left.next()) {
            (Some(one), None) => Ok(one),
            (Some(_), Some(_)) => Err("web.paste.several"),
            (None, _) => Err("web.paste.disagree"),
        }
    }
}

fn digits_of(name: &str) -> Option<usize> {
    DIGITS.into_iter().find(|(known, _)| *known == name).map(|(_, digits)| digits)
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Whether a number has all its digits, but for the zeros at its beginning, which spreadsheets drop.
fn is_whole(name: &str, text: &str) -> bool {
    digits_of(name).is_some_and(|digits| is_digits(text) && text.len() <= digits && text.len() + 3 > digits)
}

/// What is written under a name, as it is compared.
fn number(name: &str, text: &str) -> String {
    match digits_of(name) {
        Some(digits) if is_digits(text) => format!("{text:0>digits$}"),
        _ => plain(text),
    }
}

/// A text as it is compared: spreadsheets add spaces, and people capital letters.
fn plain(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase()
}

/// What a column of the paste is.
#[derive(Clone, Copy)]
enum Column<'a> {
    Name(&'static str),
    Value(&'a Field),
    Other,
}

/// Reads what the first row says of the columns.
fn columns<'a>(entity: &'a Entity, head: &[&str]) -> Result<Vec<Column<'a>>, Failure> {
    let fields = pasted_fields(entity);
    let column = |text: &&str| {
        let text = plain(text);
        if let Some(name) = NAMED_BY.into_iter().find(|name| *name == text) {
            return Column::Name(name);
        }
        let same = |field: &&&Field| {
            plain(&field.name) == text
                || plain(field.label.get(selaras_model::Lang::Id)) == text
                || plain(field.label.get(selaras_model::Lang::En)) == text
        };
        fields.iter().find(same).map_or(Column::Other, |field| Column::Value(field))
    };
    let columns: Vec<Column<'_>> = head.iter().map(column).collect();
    let count = |of: &Field| {
        columns.iter().filter(|column| matches!(column, Column::Value(field) if field.name == of.name)).count()
    };
    if let Some(twice) = fields.iter().find(|field| count(field) > 1) {
        return Err(Failure::new("web.paste-twice").arg("column", &twice.name));
    }
    let named = columns.iter().any(|column| matches!(column, Column::Name(_)));
    let valued = columns.iter().any(|column| matches!(column, Column::Value(_)));
    if named && valued {
        return Ok(columns);
    }
    let known: Vec<&str> = fields.iter().map(|field| &*field.name).collect();
    Err(Failure::new("web.paste-head").arg("known", known.join(", ")))
}

fn understand<'a>(reading: &'a Reading, text: &str, words: Words) -> Result<Pasted<'a>, Failure> {
    let entity = reading.open.entity(PASTED)?;
    let rows = text.lines().enumerate().filter(|(_, row)| !row.trim().is_empty());
    let mut rows = rows.map(|(at, row)| (at + 1, row.split('\t').map(str::trim).collect::<Vec<_>>()));
    let (_, head) = rows.next().ok_or_else(|| Failure::new("web.paste-empty"))?;
    let columns = columns(entity, &head)?;
    let students = Students::of(&reading.open)?;
    let mut seen = BTreeSet::new();
    let mut lines = Vec::new();
    for (number, cells) in rows {
        if lines.len() == MAX_ROWS {
            return Err(Failure::new("web.paste-long").arg("limit", MAX_ROWS));
        }
        lines.push(understood(reading, entity, &columns, &students, &mut seen, number, &cells, words)?);
    }
    if lines.is_empty() {
        return Err(Failure::new("web.paste-empty"));
    }
    let valued = |column: &Column<'a>| if let Column::Value(field) = column { Some(*field) } else { None };
    let ignored =
        columns.iter().zip(&head).filter(|(column, text)| matches!(column, Column::Other) && !text.is_empty());
    let ignored = ignored.map(|(_, text)| (*text).to_owned()).collect();
    Ok(Pasted { columns: columns.iter().filter_map(valued).collect(), ignored, lines })
}

#[allow(clippy::too_many_arguments, reason = "everything that a row is understood by")]
fn understood(
    reading: &Reading,
    entity: &Entity,
    columns: &[Column<'_>],
    students: &Students,
    seen: &mut BTreeSet<RecordId>,
    number: usize,
    cells: &[&str],
    words: Words,
) -> Result<Line, Failure> {
    let named = |wanted: &str| {
        let at = columns.iter().position(|column| matches!(column, Column::Name(name) if *name == wanted))?;
        cells.get(at).copied().filter(|text| !text.is_empty())
    };
    let written: Vec<(&str, &str)> = NAMED_BY.into_iter().filter_map(|name| Some((name, named(name)?))).collect();
    let found = match students.whom(&written) {
        Ok(student) if !seen.insert(student) => Err("web.paste.twice"),
        found => found,
    };
    let student = match found {
        Ok(student) => student,
        Err(wrong) => {
            let title = written.iter().map(|(_, text)| *text).collect::<Vec<_>>().join(" · ");
            let wrong = Some(words.say_or(wrong, wrong).to_owned());
            return Ok(Line { number, title, wrong, cells: Vec::new(), edit: None });
        }
    };
    let open = &reading.open;
    let before = present(open, student)?;
    let (mut shown, mut values, mut known) = (Vec::new(), Values::new(), Titles::new());
    for (at, column) in columns.iter().enumerate() {
        let Column::Value(field) = column else { continue };
        let text = cells.get(at).copied().unwrap_or_default();
        let old = before.as_ref().map_or(Value::Null, |record| record.get(&field.name).clone());
        let old_text = input::typed_text(open, entity.code, field, &old, &mut known)?;
        let mut cell = Cell { text: text.to_owned(), before: old_text, wrong: None, changed: false };
        // An empty cell says nothing: nobody loses a value by pasting half a table.
        if !text.is_empty() {
            match input::read(open, &reading.beside, entity, field, text) {
                Ok((name, value)) if value != old => {
                    cell.changed = true;
                    values.insert(name, value);
                }
                Ok(_) => {}
                Err(failure) => cell.wrong = Some(crate::show::tell(&failure, words).what),
            }
        }
        shown.push(cell);
    }
    let title = students.names.get(&student).cloned().unwrap_or_default();
    let edit = if values.is_empty() {
        None
    } else {
        Some((edit_of(open, entity, student, before.as_ref().map(|record| record.id), values)?, before))
    };
    Ok(Line { number, title, wrong: None, cells: shown, edit })
}

fn edit_of(
    open: &Open,
    entity: &Entity,
    student: RecordId,
    record: Option<RecordId>,
    mut fields: Values,
) -> Result<TypedEdit, Failure> {
    let id = match record {
        Some(id) => id,
        None => {
            let (name, semester) = open.parse_value(PASTED, "semester_id", open.rules().pack.semester())?;
            fields.insert(name, semester);
            if let Some(field) = entity.field("peserta_didik_id") {
                fields.insert(field.name.clone(), Value::Ref(student));
            }
            RecordId::from_random(crate::env::random()?)
        }
    };
    Ok(TypedEdit { key: RecordKey { entity: entity.code, id }, fields, deleted: None })
}

/// What would be saved, cell by cell.
fn preview(user: &User, pasted: &Pasted<'_>, text: &str, shown: &str, moved: bool) -> Markup {
    let words = user.words();
    let (wrong, changed) = (pasted.wrong(), pasted.changed());
    html! {
        h1 { (words.say("web.paste")) }
        @if moved { p.notice { (words.say("web.paste.moved")) } }
        @if !pasted.ignored.is_empty() {
            p.notice { (words.fill("web.paste.ignored", &[("columns", &pasted.ignored.join(", "))])) }
        }
        @if wrong > 0 { p.bad-text { strong { (words.fill("web.paste.wrong", &[("count", &wrong)])) } } }
        @else { p.good-text { strong { (words.fill("web.paste.ready", &[("count", &changed), ("all", &pasted.lines.len())])) } } }
        div.scroll tabindex="0" role="region" aria-label=(words.say("web.paste")) { table {
            thead { tr {
                th.number scope="col" { "#" } th scope="col" { (words.say("web.paste.student")) }
                @for field in &pasted.columns { th scope="col" { (field.label.get(words.0)) } }
            } }
            tbody { @for line in &pasted.lines { tr {
                td.number { (line.number) }
                th scope="row" { (isolated(&line.title)) }
                @if let Some(wrong) = &line.wrong { td.wrong colspan=(pasted.columns.len()) { (wrong) } }
                @for cell in &line.cells { td.changed[cell.changed].wrong[cell.wrong.is_some()] {
                    @if cell.changed && !cell.before.is_empty() { del { (isolated(&cell.before)) } " " }
                    @if cell.text.is_empty() { span.faint { (isolated(&cell.before)) } } @else { (isolated(&cell.text)) }
                    @if let Some(wrong) = &cell.wrong { br; span { (wrong) } }
                } }
            } } }
        } }
        form method="post" action=(format!("/data/{PASTED}/tempel")) {
            (token(user))
            input type="hidden" name="sidik" value=(shown);
            label for="teks" { (words.say("web.paste.text")) }
            textarea.paste #teks name="teks" spellcheck="false" { (text) }
            div.actions {
                @if wrong == 0 && changed > 0 { button name="apa" value="simpan" type="submit" { (words.fill("web.paste.save", &[("count", &changed)])) } }
                button.second name="apa" value="lihat" type="submit" { (words.say("web.paste.look")) }
            }
        }
    }
}
