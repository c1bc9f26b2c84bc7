//! Kelas: the classes of this semester and who is in them.

use std::collections::BTreeMap;

use axum::response::Response;
use maud::{Markup, html};
use selaras_model::{Record, RecordId, RecordKey, Value};
use selaras_policy::SchoolView as _;
use selaras_sync::TypedEdit;

use super::super::address::Path;
use super::super::answer::Answer;
use super::super::parts::{record_path, refusal, token};
use super::super::rights::What;
use super::super::value::isolated;
use super::super::visit::{Fields, Posted, User};
use super::super::{forms, input};
use super::record::edit;
use crate::failure::Failure;
use crate::serve::Reading;
use crate::service::{Open, Titles};

const CLASS: &str = "rombongan_belajar";
const MEMBER: &str = "anggota_rombel";
const STUDENT: &str = "peserta_didik";
/// The code of regular classes in `jenis_rombel`.
const REGULAR: &str = "1";
/// The module of classes and members.
const MODULE: &str = "rombel";
/// What a class list shows of a student.
const STUDENT_COLUMNS: [&str; 4] = ["nisn", "jenis_kelamin", "tempat_lahir", "tanggal_lahir"];

/// The live records of an entity that refer to another by a field.
pub(super) fn referring(open: &Open, entity: &str, field: &str, to: RecordId) -> Result<Vec<Record>, Failure> {
    let entity = open.entity(entity)?;
    let Some(field) = entity.field(field) else { return Ok(Vec::new()) };
    let (mut ids, value) = (Vec::new(), Value::Ref(to));
    let looked = open.school().view().with_value(entity.code, &field.name, &value, &mut |id| ids.push(id));
    looked.map_err(|_| Failure::new("store.damaged").arg("reason", "index"))?;
    let mut found = Vec::new();
    for id in ids {
        let record = open.known_record(RecordKey { entity: entity.code, id })?;
        found.extend(record.filter(|record| !record.deleted && *record.get(&field.name) == value));
    }
    Ok(found)
}

/// Whether a class is what a student is in all day, and not a club.
pub(super) fn is_regular(class: &Record) -> bool {
    class.code("jenis_rombel") == Some(REGULAR)
}

/// The classes of this semester: regular ones first, by level and name.
pub(super) fn of_semester(open: &Open) -> Result<Vec<Record>, Failure> {
    let entity = open.entity(CLASS)?.code;
    let semester = open.rules().pack.semester();
    let mut classes = Vec::new();
    open.each(entity, &mut |record| {
        if !record.deleted && record.code("semester_id") == Some(semester) {
            classes.push(record.clone());
        }
    })?;
    classes.sort_by_cached_key(|record| {
        let level = record.code("tingkat_pendidikan_id").and_then(|code| code.parse::<u32>().ok());
        (!is_regular(record), level, record.text("nama").unwrap_or_default().to_owned(), record.id)
    });
    Ok(classes)
}

/// How many members each class has, by the classes' ids.
pub(super) fn members(reading: &Reading) -> Result<BTreeMap<RecordId, Vec<RecordId>>, Failure> {
    let entity = reading.open.entity(MEMBER)?;
    let (class, student) = (forms::cell(entity, "rombongan_belajar_id"), forms::cell(entity, "peserta_didik_id"));
    let mut members: BTreeMap<RecordId, Vec<RecordId>> = BTreeMap::new();
    for brief in reading.beside.briefs(&reading.open, entity.code)?.all() {
        if let (Some(Value::Ref(class)), Some(Value::Ref(student))) = (brief.cell(class), brief.cell(student)) {
            members.entry(*class).or_default().push(*student);
        }
    }
    Ok(members)
}

pub(super) async fn classes(user: User) -> Response {
    user.show(|user| {
        let words = user.words();
        let content = user.read(|reading| {
            let open = &reading.open;
            let entity = open.entity(CLASS)?;
            let columns: Vec<_> =
                forms::columns(entity).into_iter().filter(|field| &*field.name != "semester_id").collect();
            let members = members(reading)?;
            let mut known = Titles::new();
            let mut rows = Vec::new();
            for class in of_semester(open)? {
                let cells = columns
                    .iter()
                    .map(|field| input::meaning(open, entity.code, field, class.get(&field.name), &mut known, words));
                let cells = cells.collect::<Result<Vec<_>, _>>()?;
                rows.push((class.id, cells, members.get(&class.id).map_or(0, Vec::len)));
            }
            Ok(html! {
                h1 { (words.say("web.menu.classes")) }
                div.actions {
                    @if user.may(What::Edit(MODULE)) {
                        a.button href=(format!("/data/{CLASS}/baru")) data-key="n" { (words.say("web.add")) }
                    }
                    a.button.second href="/jadwal" { (words.say("web.menu.timetable")) }
                }
                div.scroll { table {
                    thead { tr {
                        @for field in &columns { th scope="col" { (field.label.get(words.0)) } }
                        th.number scope="col" { (words.say("web.classes.members")) }
                    } }
                    tbody {
                        @for (id, cells, count) in &rows { tr {
                            @for (at, cell) in cells.iter().enumerate() {
                                td { @if at == 0 { a href=(format!("/kelas/{id}")) { (isolated(cell)) } } @else { (isolated(cell)) } }
                            }
                            td.number { (count) }
                        } }
                        @if rows.is_empty() { tr { td colspan=(columns.len() + 1) { (words.say("web.list.none")) } } }
                    }
                } }
            })
        })?;
        Ok(Answer::page(words.say("web.menu.classes"), content))
    })
    .await
}

pub(super) async fn class(user: User, Path(id): Path<String>) -> Response {
    user.show(move |user| shown(user, &id, Fields::EMPTY, None)).await
}

fn shown(user: &User, id: &str, typed: &Fields, failure: Option<&Failure>) -> Result<Answer, Failure> {
    let (title, content) = user.read(|reading| content(user, reading, id, typed, failure))?;
    Ok(if failure.is_some() { Answer::unfit(title, content) } else { Answer::page(title, content) })
}

/// A member: the membership, the student, and what the list shows of the student.
type Member = (RecordId, RecordId, String, Vec<String>);

fn members_of(open: &Open, class: RecordId, user: &User) -> Result<Vec<Member>, Failure> {
    let student = open.entity(STUDENT)?;
    let columns: Vec<_> = STUDENT_COLUMNS.iter().filter_map(|name| student.field(name)).collect();
    let mut known = Titles::new();
    let mut members = Vec::new();
    for membership in referring(open, MEMBER, "rombongan_belajar_id", class)? {
        let Some(id) = membership.reference("peserta_didik_id") else { continue };
        let known_student = open.known_record(RecordKey { entity: student.code, id })?;
        let Some(record) = known_student.filter(|record| !record.deleted) else { continue };
        let cells = columns
            .iter()
            .map(|field| input::meaning(open, student.code, field, record.get(&field.name), &mut known, user.words()));
        members.push((membership.id, id, open.title(&record), cells.collect::<Result<Vec<_>, _>>()?));
    }
    members.sort_by_cached_key(|(_, _, name, _)| name.to_lowercase());
    Ok(members)
}

fn content(
    user: &User,
    reading: &Reading,
    id: &str,
    typed: &Fields,
    failure: Option<&Failure>,
) -> Result<(String, Markup), Failure> {
    let (words, open) = (user.words(), &reading.open);
    let key = open.find_record(CLASS, id)?;
    let record = open.record(key)?;
    let title = open.title(&record);
    let members = members_of(open, key.id, user)?;
    let student = open.entity(STUDENT)?;
    let columns: Vec<_> = STUDENT_COLUMNS.iter().filter_map(|name| student.field(name)).collect();
    let may = user.may(What::Edit(MODULE));
    let admission = open.entity(MEMBER)?.field("jenis_pendaftaran_id");
    let content = html! {
        p.faint { a href="/kelas" { (words.say("web.menu.classes")) } }
        h1 { (isolated(&title)) }
        @if let Some(failure) = failure { (refusal(failure, words)) }
        div.actions {
            a.button.second href=(record_path(CLASS, &key.id.to_string(), None)) { (words.say("web.classes.record")) }
            a.button.second href=(format!("/jadwal?lihat=kelas&id={}", key.id)) { (words.say("web.menu.timetable")) }
            a.button.second href=(format!("/data/{}/tempel?kelas={}", super::list::PASTED, key.id)) { (words.say("web.paste")) }
        }
        div.scroll { table {
            caption { (words.fill("web.classes.count", &[("count", &members.len())])) }
            thead { tr {
                th.number scope="col" { "#" }
                th scope="col" { (student.label.get(words.0)) }
                @for field in &columns { th scope="col" { (field.label.get(words.0)) } }
                @if may { th scope="col" { span.hidden { (words.say("web.delete")) } } }
            } }
            tbody { @for (number, (membership, student, name, cells)) in members.iter().enumerate() { tr {
                td.number { (number + 1) }
                td { a href=(record_path(STUDENT, &student.to_string(), None)) { (isolated(name)) } }
                @for cell in cells { td { (isolated(cell)) } }
                @if may { td {
                    form method="post" action=(format!("/data/{MEMBER}/{membership}/hapus")) {
                        (token(user))
                        input type="hidden" name="ke" value=(format!("/kelas/{}", key.id));
                        button.quiet type="submit" aria-label=(words.fill("web.classes.remove-one", &[("name", name)])) { (words.say("web.classes.remove")) }
                    }
                } }
            } } }
        } }
        @if may {
            form.filters method="post" action=(format!("/kelas/{}", key.id)) {
                (token(user))
                div.field.wide {
                    label for="student" { (words.say("web.classes.add")) }
                    input #student name="student" value=(typed.get("student")) required maxlength="300" list="l-student" data-suggest="/data/peserta_didik/cari" autocomplete="off";
                    datalist #l-student {}
                }
                @if let Some(admission) = admission && let selaras_model::FieldKind::Code { table } = &admission.kind {
                    div.field {
                        label for="admission" { (admission.label.get(words.0)) }
                        select #admission name="admission" { @for (code, text) in input::codes(open, table, "", words) { option value=(code) selected[*code == *typed.get("admission")] { (text) } } }
                    }
                }
                button type="submit" { (words.say("web.add")) }
            }
        }
    };
    Ok((title, content))
}

/// Adds a student to the class.
pub(super) async fn add(Path(id): Path<String>, posted: Posted) -> Response {
    posted
        .act(move |user, fields| {
            user.must(What::Edit(MODULE))?;
            let path = format!("/kelas/{id}");
            let ready = user.read(|reading| {
                let open = &reading.open;
                let (member, class) = (open.entity(MEMBER)?, open.find_record(CLASS, &id)?.id);
                let student = open.entity(STUDENT)?.code;
                let student = input::find(open, &reading.beside, student, "peserta_didik_id", fields.get("student"))?;
                let mut values = selaras_model::Fields::new();
                for (name, value) in
                    [("rombongan_belajar_id", Value::Ref(class)), ("peserta_didik_id", Value::Ref(student))]
                {
                    if let Some(field) = member.field(name) {
                        values.insert(field.name.clone(), value);
                    }
                }
                let (name, value) = open.parse_value(MEMBER, "jenis_pendaftaran_id", fields.get("admission"))?;
                if !value.is_null() {
                    values.insert(name, value);
                }
                Ok((member.code, values))
            });
            let added = ready.and_then(|(entity, fields)| {
                let key = RecordKey { entity, id: RecordId::from_random(crate::env::random()?) };
                edit(user, TypedEdit { key, fields, deleted: None }, None, &path)
            });
            match added {
                Ok((title, undo)) => {
                    Ok(Answer::done_with_undo(path, user.words().fill("web.made", &[("title", &title)]), undo))
                }
                Err(failure) => shown(user, &id, fields, Some(&failure)),
            }
        })
        .await
}
