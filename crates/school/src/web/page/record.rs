//! A record: its fields in groups, what the rules find, what belongs to it, and what happened to it.

use std::collections::BTreeMap;

use axum::response::Response;
use maud::{Markup, html};
use selaras_model::{Entity, Field, FieldKind, Fields as Values, Record, RecordId, RecordKey, Side, Value};
use selaras_policy::SchoolView as _;
use selaras_sync::TypedEdit;

use super::super::address::{Path, Query};
use super::super::answer::{Answer, Undo};
use super::super::input::Shown;
use super::super::parts::{finding, refusal, token};
use super::super::rights::What;
use super::super::undo::{take_back, undoable};
use super::super::value::isolated;
use super::super::visit::{Fields, Posted, User};
use super::super::{forms, input};
use super::trail;
use crate::catalogue::Words;
use crate::command::Command;
use crate::command::delete::Delete;
use crate::command::report::FindingLine;
use crate::command::undelete::Undelete;
use crate::failure::{Failure, Reason};
use crate::serve::Reading;
use crate::service::{Open, Titles};

/// Records of one kind that are shown with the record they belong to.
const MAX_BELONGING: usize = 40;

/// A form as it was typed, and what is wrong with it.
struct Typed<'a> {
    fields: &'a Fields,
    wrong: BTreeMap<String, String>,
    failure: Option<Failure>,
}

pub(super) async fn record(user: User, Path((entity, id)): Path<(String, String)>) -> Response {
    user.show(move |user| {
        let (title, content) = user.read(|reading| {
            let key = reading.open.find_record(&entity, &id)?;
            let record = reading.open.record(key)?;
            content(user, reading, &record, None)
        })?;
        Ok(Answer::page(title, content))
    })
    .await
}

fn module_of(open: &Open, entity: &Entity) -> String {
    open.rules().pack.modules().get(entity.module).map(|module| module.name.clone()).unwrap_or_default()
}

fn content(
    user: &User,
    reading: &Reading,
    record: &Record,
    typed: Option<&Typed<'_>>,
) -> Result<(String, Markup), Failure> {
    let (words, lang, open) = (user.words(), user.lang(), &reading.open);
    let entity = open.rules().pack.entity(record.entity).ok_or_else(|| Failure::new("input.entity"))?;
    let may = user.may(What::Edit(&module_of(open, entity))) && !record.deleted;
    let mut known = Titles::new();
    let title = open.describe(record, &mut known)?;
    let findings = open.findings_of(record.key(), lang)?;
    let draft = open.school().draft(record.key())?;
    let form = form(open, entity, record, may, &findings, typed, &mut known, words)?;
    let whole: Vec<&FindingLine> = findings.iter().filter(|line| line.field.is_none()).collect();
    let path = format!("/data/{}/{}", entity.name, record.id);
    let content = html! {
        p.faint { a href="/data" { (words.say("web.menu.data")) } " › "
            a href=(format!("/data/{}", entity.name)) { (entity.label.get(lang)) } }
        h1 { (isolated(&title)) }
        @if record.deleted {
            div.notice {
                p { (words.say("web.record.deleted")) }
                @if user.may(What::Edit(&module_of(open, entity))) && entity.delete.school() {
                    form.actions method="post" action=(format!("{path}/kembalikan")) {
                        (token(user)) button.second type="submit" { (words.say("web.restore-record")) }
                    }
                }
            }
        }
        @if let Some(draft) = &draft {
            p.notice { (words.fill("web.typed-by", &[("name", &draft.author), ("time", &crate::env::local_time(draft.typed_at))])) }
        }
        @if let Some(failure) = typed.and_then(|typed| typed.failure.as_ref()) { (refusal(failure, words)) }
        @if !whole.is_empty() { ul.findings { @for line in whole { (finding(line, None, words)) } } }
        form method="post" action=(path) data-check=(format!("/data/{}/periksa", entity.name)) data-id=(record.id) {
            (token(user))
            (form)
            @if may {
                div.actions {
                    button type="submit" data-key="s" { (words.say("web.save")) }
                    a.button.second href=(format!("/data/{}", entity.name)) { (words.say("web.back-to-list")) }
                }
            }
        }
        (belonging(user, reading, entity, record, may, &mut known)?)
        (trail::trail(open, record, entity, &mut known, words)?)
        @if may && entity.delete.school() && !entity.is_centres(&record.fields) {
            form.actions method="post" action=(format!("{path}/hapus")) {
                (token(user)) button.danger type="submit" { (words.say("web.delete")) }
                span.faint { (words.say("web.delete.hint")) }
            }
        }
    };
    Ok((title, content))
}

#[allow(clippy::too_many_arguments, reason = "everything that a form is made of")]
fn form(
    open: &Open,
    entity: &Entity,
    record: &Record,
    may: bool,
    findings: &[FindingLine],
    typed: Option<&Typed<'_>>,
    known: &mut Titles,
    words: Words,
) -> Result<Markup, Failure> {
    let pack = &open.rules().pack;
    let draft = open.school().draft(record.key())?;
    let mut groups = Vec::new();
    for (heading, fields) in forms::groups(entity, words.0) {
        let mut shown = Vec::new();
        for field in fields {
            let value = record.get(&field.name);
            let ours = pack.owner(record.entity, &field.name, &record.fields) == Side::School;
            let was = input::typed_text(open, record.entity, field, value, known)?;
            let found = |blocks: bool| {
                let of = findings
                    .iter()
                    .filter(move |line| line.blocks == blocks && line.field.as_deref() == Some(&*field.name));
                of.map(|line| format!("{} → {}", line.message, line.remedy)).collect::<Vec<_>>()
            };
            let mut one = Shown {
                value: was.clone(),
                was,
                meaning: input::meaning(open, record.entity, field, value, known, words)?,
                open: may && ours && !field.centre_only,
                ours,
                pending: draft.as_ref().is_some_and(|draft| draft.fields.contains_key(&field.name)),
                wrong: found(true),
                warned: found(false),
            };
            if let Some(typed) = typed.filter(|typed| typed.fields.has(&format!("f.{}", field.name))) {
                typed.fields.get(&format!("f.{}", field.name)).clone_into(&mut one.value);
                one.wrong.extend(typed.wrong.get(&*field.name).cloned());
            }
            shown.push(input::field(open, field, &one, words));
        }
        groups.push((heading, shown));
    }
    Ok(html! {
        @for (heading, fields) in &groups {
            fieldset {
                legend { (heading.as_deref().unwrap_or_else(|| words.say("web.group.other"))) }
                div.fields { @for field in fields { (field) } }
            }
        }
    })
}

/// Records that refer to this one, by their kinds.
fn belonging(
    user: &User,
    reading: &Reading,
    entity: &Entity,
    record: &Record,
    may: bool,
    known: &mut Titles,
) -> Result<Markup, Failure> {
    let (words, lang, open) = (user.words(), user.lang(), &reading.open);
    let pack = open.rules().pack.clone();
    let mut kinds = Vec::new();
    for (other, field) in forms::belonging(&pack, entity) {
        let mut ids = Vec::new();
        let value = Value::Ref(record.id);
        let looked = open.school().view().with_value(other.code, &field.name, &value, &mut |id| ids.push(id));
        looked.map_err(|_| Failure::new("store.damaged").arg("reason", "index"))?;
        let all = ids.len();
        let mut lines = Vec::new();
        for id in ids.into_iter().take(MAX_BELONGING) {
            let found = open.known_record(RecordKey { entity: other.code, id })?;
            if let Some(found) = found.filter(|found| !found.deleted && *found.get(&field.name) == value) {
                lines.push((id, summary(open, other, field, &found, known, words)?));
            }
        }
        if !lines.is_empty() || may && other.create.school() {
            kinds.push((other, field, lines, all));
        }
    }
    Ok(html! {
        @if !kinds.is_empty() {
            h2 { (words.say("web.belonging")) }
            div.cards {
                @for (other, field, lines, all) in &kinds {
                    section.card {
                        h3 { (other.label.get(lang)) }
                        ul.plain { @for (id, line) in lines { li { a href=(format!("/data/{}/{id}", other.name)) { (isolated(line)) } } } }
                        @if *all > MAX_BELONGING { p.faint { (words.fill("web.more", &[("count", &(all - MAX_BELONGING))])) } }
                        @if may && other.create.school() {
                            p { a href=(super::super::frame::link(&format!("/data/{}/baru", other.name), &[(&format!("f.{}", field.name), &record.id.to_string())])) { "+ " (words.say("web.add")) } }
                        }
                    }
                }
            }
        }
    })
}

/// A record in a line: the first columns that say something, without the one that refers to where it stands.
fn summary(
    open: &Open,
    entity: &Entity,
    but: &Field,
    record: &Record,
    known: &mut Titles,
    words: Words,
) -> Result<String, Failure> {
    let mut parts = Vec::new();
    for field in forms::columns(entity).into_iter().filter(|field| field.name != but.name) {
        let text = input::meaning(open, record.entity, field, record.get(&field.name), known, words)?;
        if !text.is_empty() {
            parts.push(if parts.is_empty() { text } else { format!("{} {text}", field.label.get(words.0)) });
        }
        if parts.len() == 3 {
            break;
        }
    }
    Ok(if parts.is_empty() { record.id.to_string() } else { parts.join(" · ") })
}

/// What of a form differs from what the page showed, read; and what cannot be read, by field.
struct Taken {
    values: Values,
    wrong: BTreeMap<String, String>,
    /// Fields that somebody else has changed since the page was made.
    moved: Vec<Reason>,
}

fn taken(
    reading: &Reading,
    entity: &Entity,
    record: Option<&Record>,
    fields: &Fields,
    words: Words,
) -> Result<Taken, Failure> {
    let open = &reading.open;
    let was = fields.under("w.");
    let mut taken = Taken { values: Values::new(), wrong: BTreeMap::new(), moved: Vec::new() };
    let mut known = Titles::new();
    for (name, text) in fields.under("f.") {
        let field =
            entity.field(name).ok_or_else(|| Failure::new("input.field").arg("field", name).arg("known", ""))?;
        let before = was.get(name).copied().unwrap_or_default();
        if text.trim() == before {
            continue;
        }
        if let Some(record) = record {
            let now = input::typed_text(open, entity.code, field, record.get(&field.name), &mut known)?;
            if now != before && now != text.trim() {
                taken.moved.push(Reason {
                    place: field.label.get(words.0).to_owned(),
                    message: words.fill("web.moved", &[("now", &now)]),
                    remedy: String::new(),
                    who: String::new(),
                });
            }
        }
        match input::read(open, &reading.beside, entity, field, text) {
            Ok((name, value)) => drop(taken.values.insert(name, value)),
            Err(failure) => {
                let told = crate::show::tell(&failure, words);
                taken.wrong.insert(name.to_owned(), format!("{} {}", told.what, told.next));
            }
        }
    }
    Ok(taken)
}

pub(super) async fn save(Path((entity, id)): Path<(String, String)>, posted: Posted) -> Response {
    posted
        .act(move |user, fields| {
            let words = user.words();
            let path = format!("/data/{entity}/{id}");
            // What cannot be taken is shown again as it was typed.
            let ready = user.read(|reading| {
                let key = reading.open.find_record(&entity, &id)?;
                let record = reading.open.record(key)?;
                let kind = reading.open.entity(&entity)?;
                user.must(What::Edit(&module_of(&reading.open, kind)))?;
                let taken = taken(reading, kind, Some(&record), fields, words)?;
                let failure = if !taken.wrong.is_empty() {
                    Some(Failure::new("web.unfit").arg("count", taken.wrong.len()))
                } else if taken.moved.is_empty() {
                    None
                } else {
                    Some(Failure::new("web.moved").because(taken.moved))
                };
                if let Some(failure) = failure {
                    let typed = Typed { fields, wrong: taken.wrong, failure: Some(failure) };
                    return content(user, reading, &record, Some(&typed)).map(Err);
                }
                Ok(Ok((key, taken.values, record)))
            })?;
            let (key, values, record) = match ready {
                Ok(ready) => ready,
                Err((title, content)) => return Ok(Answer::unfit(title, content)),
            };
            if values.is_empty() {
                return Ok(Answer::go(path));
            }
            let edited = edit(user, TypedEdit { key, fields: values, deleted: None }, Some(record), &path);
            match edited {
                Ok((title, undo)) => {
                    let invalid = user.read(|reading| Ok(reading.open.school().invalid()?))?;
                    let text = words.fill("web.saved", &[("title", &title), ("invalid", &invalid)]);
                    Ok(Answer::done_with_undo(path, text, undo))
                }
                Err(failure) => {
                    let (title, content) = user.read(|reading| {
                        let record = reading.open.record(key)?;
                        let typed = Typed { fields, wrong: BTreeMap::new(), failure: Some(failure) };
                        content(user, reading, &record, Some(&typed))
                    })?;
                    Ok(Answer::unfit(title, content))
                }
            }
        })
        .await
}

/// Makes one edit durable; gives what people call the record, and the way back.
///
/// `seen` is the record as the form was held against it; none for a new one. Who waits for the desk may find that
/// somebody else was quicker: nothing is written then.
pub(super) fn edit(
    user: &User,
    edit: TypedEdit,
    seen: Option<Record>,
    back_to: &str,
) -> Result<(String, Undo), Failure> {
    let author = user.name().to_owned();
    undoable(user, vec![edit.key], back_to, move |service, said| {
        let open = service.open_store()?;
        open.check_author(&author)?;
        let key = edit.key;
        let same = match (&seen, &open.known_record(key)?) {
            (Some(seen), Some(now)) => edit.fields.keys().all(|name| seen.get(name) == now.get(name)),
            (seen, now) => seen.is_none() && now.is_none(),
        };
        if !same {
            return Err(Failure::new("web.moved"));
        }
        let step = open.school().edit(&[edit], &author)?;
        open.apply(step, said)?;
        let record = open.record(key)?;
        open.describe(&record, &mut Titles::new())
    })
}

pub(super) async fn delete(Path((entity, id)): Path<(String, String)>, posted: Posted) -> Response {
    posted
        .act(move |user, fields| {
            must_edit(user, &entity)?;
            let key = user.read(|reading| reading.open.find_record(&entity, &id))?;
            let delete = Delete { entity: entity.clone(), id: id.clone(), author: user.name().to_owned() };
            let (text, undo) = undoable(user, vec![key], &format!("/data/{entity}/{id}"), move |service, said| {
                Command::Delete(delete).run(service, said)?;
                Ok(said.done_text())
            })?;
            // Where it was asked for, such as a class, which is there still.
            let to = match fields.get("ke") {
                "" => format!("/data/{entity}"),
                to => super::entry::own(to).to_owned(),
            };
            Ok(Answer::done_with_undo(to, text, undo))
        })
        .await
}

pub(super) async fn undelete(Path((entity, id)): Path<(String, String)>, posted: Posted) -> Response {
    posted
        .act(move |user, _| {
            must_edit(user, &entity)?;
            let undelete = Undelete { entity: entity.clone(), id: id.clone(), author: user.name().to_owned() };
            let text = user.done(Command::Undelete(undelete))?;
            Ok(Answer::done(format!("/data/{entity}/{id}"), text))
        })
        .await
}

/// Takes back what was done last.
pub(super) async fn undo(posted: Posted) -> Response {
    posted
        .act(|user, fields| {
            let back_to = take_back(user, fields.get("nomor"))?;
            Ok(Answer::done(back_to, user.words().say("web.undone")))
        })
        .await
}

fn must_edit(user: &User, entity: &str) -> Result<(), Failure> {
    let module = user.read(|reading| Ok(module_of(&reading.open, reading.open.entity(entity)?)))?;
    user.must(What::Edit(&module))
}

pub(super) async fn new_form(
    user: User,
    Path(entity): Path<String>,
    Query(query): Query<BTreeMap<String, String>>,
) -> Response {
    user.show(move |user| {
        let (title, content) = user.read(|reading| empty(user, reading, &entity, &query, None))?;
        Ok(Answer::page(title, content))
    })
    .await
}

/// The form of a record that is not there yet. Codes of the present semester are filled in.
fn empty(
    user: &User,
    reading: &Reading,
    name: &str,
    query: &BTreeMap<String, String>,
    typed: Option<&Typed<'_>>,
) -> Result<(String, Markup), Failure> {
    let (words, lang, open) = (user.words(), user.lang(), &reading.open);
    let entity = open.entity(name)?;
    user.must(What::Edit(&module_of(open, entity)))?;
    if !entity.create.school() {
        return Err(Failure::new("ownership.create"));
    }
    let mut record = Record::new(RecordKey { entity: entity.code, id: RecordId::from_random([0; 16]) });
    for field in entity.fields() {
        let given = query.get(&format!("f.{}", field.name)).map(String::as_str);
        let usual = match (&*field.name, &field.kind) {
            ("semester_id", FieldKind::Code { .. }) => Some(open.rules().pack.semester()),
            ("tahun_ajaran_id", FieldKind::Code { .. }) => Some(open.rules().pack.school_year()),
            _ => None,
        };
        if let Some(text) = given.or(usual) {
            let (name, value) = input::read(open, &reading.beside, entity, field, text)?;
            record.fields.insert(name, value);
        }
    }
    let mut known = Titles::new();
    // What is filled in is new as well: it is sent whole.
    let fields = new_fields(open, entity, &record, typed, &mut known, words)?;
    let id = match typed.map(|typed| typed.fields.get("baru")) {
        Some(id) => id.to_owned(),
        None => RecordId::from_random(crate::env::random()?).to_string(),
    };
    let title = words.fill("web.new", &[("what", &entity.label.get(lang))]);
    let content = html! {
        p.faint { a href="/data" { (words.say("web.menu.data")) } " › "
            a href=(format!("/data/{}", entity.name)) { (entity.label.get(lang)) } }
        h1 { (title) }
        @if let Some(failure) = typed.and_then(|typed| typed.failure.as_ref()) { (refusal(failure, words)) }
        form method="post" action=(format!("/data/{}/baru", entity.name)) data-check=(format!("/data/{}/periksa", entity.name)) {
            (token(user))
            input type="hidden" name="baru" value=(id);
            (fields)
            div.actions {
                button type="submit" data-key="s" { (words.say("web.save")) }
                a.button.second href=(format!("/data/{}", entity.name)) { (words.say("web.cancel")) }
            }
        }
    };
    Ok((title, content))
}

fn new_fields(
    open: &Open,
    entity: &Entity,
    record: &Record,
    typed: Option<&Typed<'_>>,
    known: &mut Titles,
    words: Words,
) -> Result<Markup, Failure> {
    let mut groups = Vec::new();
    for (heading, fields) in forms::groups(entity, words.0) {
        let mut shown = Vec::new();
        // What only the centre may set even in a new record is not offered.
        for field in fields.into_iter().filter(|field| !field.centre_only) {
            let mut one = Shown {
                value: input::typed_text(open, entity.code, field, record.get(&field.name), known)?,
                open: true,
                ours: true,
                ..Shown::default()
            };
            if let Some(typed) = typed {
                typed.fields.get(&format!("f.{}", field.name)).clone_into(&mut one.value);
                one.wrong.extend(typed.wrong.get(&*field.name).cloned());
            }
            shown.push(input::field(open, field, &one, words));
        }
        if !shown.is_empty() {
            groups.push((heading, shown));
        }
    }
    Ok(html! {
        @for (heading, fields) in &groups {
            fieldset {
                legend { (heading.as_deref().unwrap_or_else(|| words.say("web.group.other"))) }
                div.fields { @for field in fields { (field) } }
            }
        }
    })
}

pub(super) async fn create(Path(entity): Path<String>, posted: Posted) -> Response {
    posted
        .act(move |user, fields| {
            let words = user.words();
            let again = |wrong: BTreeMap<String, String>, failure: Failure| {
                let typed = Typed { fields, wrong, failure: Some(failure) };
                let shown = user.read(|reading| empty(user, reading, &entity, &BTreeMap::new(), Some(&typed)));
                shown.map(|(title, content)| Answer::unfit(title, content))
            };
            let (code, taken) = user.read(|reading| {
                let kind = reading.open.entity(&entity)?;
                user.must(What::Edit(&module_of(&reading.open, kind)))?;
                Ok((kind.code, taken(reading, kind, None, fields, words)?))
            })?;
            if !taken.wrong.is_empty() {
                let count = taken.wrong.len();
                return again(taken.wrong, Failure::new("web.unfit").arg("count", count));
            }
            // The form has the new record's id, so that a second click makes no second record.
            let id: RecordId = fields.get("baru").parse().map_err(|_| Failure::new("web.no-page"))?;
            let new = TypedEdit { key: RecordKey { entity: code, id }, fields: taken.values, deleted: None };
            match edit(user, new, None, &format!("/data/{entity}")) {
                Ok((title, undo)) => {
                    let text = words.fill("web.made", &[("title", &title)]);
                    Ok(Answer::done_with_undo(format!("/data/{entity}/{id}"), text, undo))
                }
                Err(failure) if failure.code == "web.moved" => Ok(Answer::go(format!("/data/{entity}/{id}"))),
                Err(failure) => again(BTreeMap::new(), failure),
            }
        })
        .await
}

/// What would be found if the form were saved as it is; asked for when a field is left.
pub(super) async fn check(Path(entity): Path<String>, posted: Posted) -> Response {
    posted
        .act(move |user, fields| {
            let words = user.words();
            let found = user.read(|reading| {
                let open = &reading.open;
                let kind = open.entity(&entity)?;
                let record = match fields.get("id") {
                    "" => None,
                    id => Some(open.record(open.find_record(&entity, id)?)?),
                };
                let taken = taken(reading, kind, record.as_ref(), fields, words)?;
                let mut found: BTreeMap<String, (Vec<String>, Vec<String>)> = BTreeMap::new();
                for (name, text) in taken.wrong {
                    found.entry(name).or_default().0.push(text);
                }
                let key = match &record {
                    Some(record) => record.key(),
                    None => RecordKey { entity: kind.code, id: RecordId::from_random(crate::env::random()?) },
                };
                let findings = match (taken.values.is_empty(), &record) {
                    (true, Some(_)) => open.findings_of(key, words.0)?,
                    (true, None) => Vec::new(),
                    _ => would_find(open, &TypedEdit { key, fields: taken.values, deleted: None }, words)?,
                };
                for line in findings {
                    let (wrong, warned) = found.entry(line.field.unwrap_or_default()).or_default();
                    let text = format!("{} → {}", line.message, line.remedy);
                    if line.blocks { wrong.push(text) } else { warned.push(text) }
                }
                Ok(found)
            })?;
            Ok(Answer::Json(serde_json::json!(found)))
        })
        .await
}

fn would_find(open: &Open, edit: &TypedEdit, words: Words) -> Result<Vec<FindingLine>, Failure> {
    let findings = open.school().would_find(edit)?;
    findings.iter().map(|finding| open.finding_line(finding, words.0)).collect()
}
