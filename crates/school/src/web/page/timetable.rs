//! Jadwal: a class's, a teacher's or a room's week as a grid, lessons coloured by subject, clashes marked.

use std::collections::{BTreeMap, BTreeSet};

use axum::response::Response;
use maud::{Markup, html};
use selaras_model::{Record, RecordId, RecordKey, Value};

use super::super::address::Query;
use super::super::answer::Answer;
use super::super::parts::record_path;
use super::super::rights::What;
use super::super::visit::User;
use super::classes::of_semester;
use crate::catalogue::Words;
use crate::failure::Failure;
use crate::service::{Open, Titles};

const TIMETABLE: &str = "jadwal";
const LESSON: &str = "pembelajaran";
/// What the fields of a timetable's slots begin with.
const SLOT: &str = "bel_ke_";
/// Colours of subjects.
const TINTS: u32 = 8;

/// Whose week is shown.
#[derive(Clone, Copy, PartialEq, Eq)]
enum By {
    Class,
    Teacher,
    Room,
}

impl By {
    const ALL: [By; 3] = [By::Class, By::Teacher, By::Room];

    const fn word(self) -> &'static str {
        match self {
            By::Class => "kelas",
            By::Teacher => "guru",
            By::Room => "ruang",
        }
    }

    const fn key(self) -> &'static str {
        match self {
            By::Class => "web.timetable.class",
            By::Teacher => "web.timetable.teacher",
            By::Room => "web.timetable.room",
        }
    }
}

/// A lesson: who learns what from whom.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Lesson {
    id: RecordId,
    class: Option<RecordId>,
    teacher: Option<RecordId>,
}

/// A lesson in a slot of a day, in a room.
struct Placed {
    row: RecordId,
    day: String,
    slot: String,
    room: Option<RecordId>,
    lesson: Lesson,
}

/// The week of the whole school.
struct Week {
    placed: Vec<Placed>,
    subjects: BTreeMap<RecordId, String>,
}

impl Week {
    fn of(open: &Open) -> Result<Week, Failure> {
        let entity = open.entity(TIMETABLE)?;
        let slots: Vec<_> = entity.fields().iter().filter(|field| field.name.starts_with(SLOT)).collect();
        let semester = open.rules().pack.semester();
        let mut rows: Vec<Record> = Vec::new();
        open.each(entity.code, &mut |record| {
            if !record.deleted && record.code("semester_id") == Some(semester) {
                rows.push(record.clone());
            }
        })?;
        let mut lessons = Lessons { open, known: BTreeMap::new(), subjects: BTreeMap::new() };
        let mut placed = Vec::new();
        for row in &rows {
            for slot in &slots {
                if let Value::Ref(id) = row.get(&slot.name)
                    && let Some(lesson) = lessons.get(*id)?
                {
                    let day = row.code("hari").unwrap_or_default().to_owned();
                    placed.push(Placed {
                        row: row.id,
                        day,
                        slot: slot.name.to_string(),
                        room: row.reference("id_ruang"),
                        lesson,
                    });
                }
            }
        }
        Ok(Week { placed, subjects: lessons.subjects })
    }

    /// Where a class, a teacher or a room has two lessons at the same time, as the rulebook counts them: by day, slot and
    /// row.
    fn clashes(&self) -> BTreeSet<Place<'_>> {
        let mut at: BTreeMap<Place<'_>, Vec<RecordId>> = BTreeMap::new();
        for placed in &self.placed {
            for who in [placed.lesson.class, placed.lesson.teacher, placed.room].into_iter().flatten() {
                at.entry((&placed.day, &placed.slot, who)).or_default().push(placed.row);
            }
        }
        let twice = at.into_iter().filter(|(_, rows)| rows.len() > 1);
        twice.flat_map(|((day, slot, _), rows)| rows.into_iter().map(move |row| (day, slot, row))).collect()
    }
}

/// A day, a slot, and a class, a teacher, a room or a row in it.
type Place<'a> = (&'a str, &'a str, RecordId);

/// Lessons that were looked up.
struct Lessons<'a> {
    open: &'a Open,
    known: BTreeMap<RecordId, Option<Lesson>>,
    subjects: BTreeMap<RecordId, String>,
}

impl Lessons<'_> {
    fn get(&mut self, id: RecordId) -> Result<Option<Lesson>, Failure> {
        if let Some(known) = self.known.get(&id) {
            return Ok(*known);
        }
        let entity = self.open.entity(LESSON)?.code;
        let record = self.open.known_record(RecordKey { entity, id })?.filter(|record| !record.deleted);
        let lesson = record.as_ref().map(|record| Lesson {
            id,
            class: record.reference("rombongan_belajar_id"),
            teacher: record.reference("ptk_terdaftar_id"),
        });
        if let Some(subject) = record.as_ref().and_then(|record| record.code("mata_pelajaran_id")) {
            self.subjects.insert(id, subject.to_owned());
        }
        self.known.insert(id, lesson);
        Ok(lesson)
    }
}

pub(super) async fn timetable(user: User, Query(query): Query<BTreeMap<String, String>>) -> Response {
    user.show(move |user| {
        let words = user.words();
        let get = |name: &str| query.get(name).map(String::as_str).unwrap_or_default();
        let by = By::ALL.into_iter().find(|by| by.word() == get("lihat")).unwrap_or(By::Class);
        let content = user.read(|reading| shown(user, &reading.open, by, get("id")))?;
        Ok(Answer::page(words.say("web.menu.timetable"), content))
    })
    .await
}

/// Those whose week can be looked at, with their names.
fn choices(open: &Open, week: &Week, by: By, known: &mut Titles) -> Result<Vec<(RecordId, String)>, Failure> {
    if by == By::Class {
        return Ok(of_semester(open)?.iter().map(|class| (class.id, open.title(class))).collect());
    }
    let (entity, ids): (_, BTreeSet<RecordId>) = match by {
        By::Teacher => ("ptk_terdaftar", week.placed.iter().filter_map(|placed| placed.lesson.teacher).collect()),
        _ => ("ruang", week.placed.iter().filter_map(|placed| placed.room).collect()),
    };
    let entity = open.entity(entity)?.code;
    let named = ids.into_iter().map(|id| Ok((id, open.described(entity, id, known, crate::service::MAX_DEPTH)?)));
    let mut named = named.collect::<Result<Vec<_>, Failure>>()?;
    named.sort_by(|a, b| a.1.cmp(&b.1));
    Ok(named)
}

fn shown(user: &User, open: &Open, by: By, id: &str) -> Result<Markup, Failure> {
    let words = user.words();
    let week = Week::of(open)?;
    let mut known = Titles::new();
    let choices = choices(open, &week, by, &mut known)?;
    let wanted = id.parse::<RecordId>().ok();
    let chosen =
        wanted.filter(|wanted| choices.iter().any(|(id, _)| id == wanted)).or(choices.first().map(|(id, _)| *id));
    let clashes = week.clashes();
    let of = |placed: &&Placed| {
        let whose = match by {
            By::Class => placed.lesson.class,
            By::Teacher => placed.lesson.teacher,
            By::Room => placed.room,
        };
        whose.is_some() && whose == chosen
    };
    let mine: Vec<&Placed> = week.placed.iter().filter(of).collect();
    let count =
        mine.iter().filter(|placed| clashes.contains(&(placed.day.as_str(), placed.slot.as_str(), placed.row))).count();
    let grid = grid(open, &week, &mine, &clashes, &mut known, words)?;
    Ok(html! {
        h1 { (words.say("web.menu.timetable")) }
        ul.tabs { @for one in By::ALL { li {
            a href=(format!("/jadwal?lihat={}", one.word())) aria-current=[(one == by).then_some("true")] { (words.say(one.key())) }
        } } }
        form.filters method="get" action="/jadwal" data-live {
            input type="hidden" name="lihat" value=(by.word());
            div.field.wide {
                label for="id" { (words.say(by.key())) }
                select #id name="id" { @for (id, name) in &choices { option value=(id) selected[Some(*id) == chosen] { (name) } } }
            }
            button.second type="submit" { (words.say("web.show")) }
        }
        @if count > 0 { p.bad-text { strong { (words.fill("web.timetable.clashes", &[("count", &count)])) } } }
        @else { p.good-text { (words.say("web.timetable.no-clash")) } }
        (grid)
        @if user.may(What::Edit(LESSON)) {
            div.actions { a.button.second href=(format!("/data/{TIMETABLE}/baru")) { (words.say("web.timetable.add")) } }
        }
    })
}

fn grid(
    open: &Open,
    week: &Week,
    mine: &[&Placed],
    clashes: &BTreeSet<Place<'_>>,
    known: &mut Titles,
    words: Words,
) -> Result<Markup, Failure> {
    let pack = &open.rules().pack;
    let days: Vec<(String, String)> = pack.table("hari").map_or_else(Vec::new, |table| {
        let rows =
            table.order.iter().filter_map(|code| Some((code.clone(), table.row(code)?.label.get(words.0).to_owned())));
        rows.collect()
    });
    let slots: Vec<_> = open.entity(TIMETABLE)?.fields().iter().filter(|field| field.name.starts_with(SLOT)).collect();
    let last = slots.iter().rposition(|slot| mine.iter().any(|placed| *placed.slot == *slot.name));
    let mut rows = Vec::new();
    for slot in slots.iter().take(last.map_or(0, |last| last + 1)) {
        let mut cells = Vec::new();
        for (day, _) in &days {
            let here = mine.iter().filter(|placed| placed.day == *day && *placed.slot == *slot.name);
            let lessons = here.map(|placed| lesson(open, week, placed, clashes, known, words));
            cells.push(lessons.collect::<Result<Vec<_>, _>>()?);
        }
        rows.push((slot.label.get(words.0), cells));
    }
    Ok(html! {
        div.scroll tabindex="0" role="region" aria-label=(words.say("web.menu.timetable")) { table.grid {
            thead { tr { th scope="col" { span.hidden { (words.say("web.timetable.slot")) } } @for (_, day) in &days { th scope="col" { (day) } } } }
            tbody {
                @for (slot, cells) in &rows { tr {
                    th scope="row" { (slot) }
                    @for lessons in cells { td { @for lesson in lessons { (lesson) } } }
                } }
                @if rows.is_empty() { tr { td colspan=(days.len() + 1) { (words.say("web.timetable.empty")) } } }
            }
        } }
    })
}

fn lesson(
    open: &Open,
    week: &Week,
    placed: &Placed,
    clashes: &BTreeSet<Place<'_>>,
    known: &mut Titles,
    words: Words,
) -> Result<Markup, Failure> {
    let code = week.subjects.get(&placed.lesson.id).map(String::as_str).unwrap_or_default();
    let row = open.rules().pack.table("mata_pelajaran").and_then(|table| table.row(code));
    let subject = row.map_or(code, |row| row.label.get(words.0));
    let mut name = |entity: &str, id: Option<RecordId>| match id {
        Some(id) => open.described(open.entity(entity)?.code, id, known, crate::service::MAX_DEPTH),
        None => Ok(String::new()),
    };
    let class = name("rombongan_belajar", placed.lesson.class)?;
    let teacher = name("ptk_terdaftar", placed.lesson.teacher)?;
    let room = name("ruang", placed.room)?;
    let tint = code.bytes().fold(0_u32, |sum, byte| sum.wrapping_mul(31).wrapping_add(u32::from(byte))) % TINTS;
    let clash = clashes.contains(&(placed.day.as_str(), placed.slot.as_str(), placed.row));
    let class_of = format!("slot tint-{tint}{}", if clash { " clash" } else { "" });
    Ok(html! {
        div class=(class_of) {
            a href=(record_path(TIMETABLE, &placed.row.to_string(), Some(&placed.slot))) { b { (subject) } }
            br; (class) br; (teacher) br; (room)
            @if clash { br; span.clash-mark { "⚠ " (words.say("web.timetable.clash")) } }
        }
    })
}
