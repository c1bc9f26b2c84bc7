//! Data: the modules, and the records of an entity in a list that stays quick at 5,000 students.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use axum::response::Response;
use maud::{Markup, html};
use selaras_model::{Entity, Field, FieldKind, Value};

use super::super::address::{Path, Query};
use super::super::answer::Answer;
use super::super::beside::Brief;
use super::super::frame::link;
use super::super::parts::pager;
use super::super::rights::What;
use super::super::value::isolated;
use super::super::visit::User;
use super::super::{forms, input};
use crate::failure::Failure;
use crate::serve::Reading;
use crate::service::Titles;

/// Rows of a page.
const ROWS: usize = 50;
/// Entities that are shown by pages of their own or as part of another record.
const OWN_PAGES: [(&str, &str); 2] = [("rombongan_belajar", "/kelas"), ("jadwal", "/jadwal")];
/// The entity into which whole columns are pasted.
pub(super) const PASTED: &str = "peserta_didik_periodik";

/// The modules with their entities, and how many records each has.
pub(super) async fn modules(user: User) -> Response {
    user.show(|user| {
        let words = user.words();
        let lang = user.lang();
        user.visit.web.count_in_background();
        let content = user.read(|reading| {
            let pack = &reading.open.rules().pack;
            let mut counts = BTreeMap::new();
            for entity in pack.entities() {
                let tally = reading.beside.tally(&reading.open, entity.code)?;
                counts.insert(entity.code, tally.map_or_else(|| "…".to_owned(), |tally| words.number(u64::try_from(tally.records).unwrap_or(0))));
            }
            Ok(html! {
                h1 { (words.say("web.menu.data")) }
                div.cards {
                    @for (at, module) in pack.modules().iter().enumerate() {
                        section.card {
                            h2 { (module.label.get(lang)) }
                            ul.plain {
                                @for entity in pack.entities().iter().filter(|entity| entity.module == at) {
                                    li {
                                        a href=(format!("/data/{}", entity.name)) { (entity.label.get(lang)) } " "
                                        span.faint { (counts.get(&entity.code).map(String::as_str).unwrap_or_default()) }
                                        @for (_, page) in OWN_PAGES.iter().filter(|(name, _)| *name == entity.name) {
                                            " " a href=(page) { (words.say("web.as-grid")) }
                                        }
                                    }
                                }
                            }
                        }
                    }
                }
            })
        })?;
        Ok(Answer::page(words.say("web.menu.data"), content))
    })
    .await
}

/// What a list is asked for.
struct Asked {
    text: String,
    page: usize,
    sort: usize,
    down: bool,
    filters: Vec<(String, String)>,
}

impl Asked {
    fn of(query: &BTreeMap<String, String>) -> Asked {
        let get = |name: &str| query.get(name).map(String::as_str).unwrap_or_default();
        Asked {
            text: get("q").chars().take(100).collect(),
            page: get("hal").parse().unwrap_or(1).max(1),
            sort: get("urut").parse().unwrap_or(0),
            down: get("turun") == "ya",
            filters: query
                .iter()
                .filter_map(|(name, value)| Some((name.strip_prefix("f.")?.to_owned(), value.clone())))
                .filter(|(_, value)| !value.is_empty())
                .collect(),
        }
    }

    fn address(&self, entity: &str, page: usize, sort: usize, down: bool) -> String {
        let (page, sort) = (page.to_string(), sort.to_string());
        let filters: Vec<(String, &str)> =
            self.filters.iter().map(|(name, value)| (format!("f.{name}"), value.as_str())).collect();
        let mut query = vec![("q", self.text.as_str()), ("hal", &page), ("urut", &sort)];
        query.push(("turun", if down { "ya" } else { "" }));
        query.extend(filters.iter().map(|(name, value)| (name.as_str(), *value)));
        link(&format!("/data/{entity}"), &query)
    }
}

/// The records of an entity.
pub(super) async fn list(
    user: User,
    Path(name): Path<String>,
    Query(query): Query<BTreeMap<String, String>>,
) -> Response {
    user.show(move |user| {
        let asked = Asked::of(&query);
        let (title, content) = user.read(|reading| {
            let entity = reading.open.entity(&name)?;
            Ok((entity.label.get(user.lang()).to_owned(), content(user, reading, entity, &asked)?))
        })?;
        Ok(Answer::page(title, content))
    })
    .await
}

fn content(user: &User, reading: &Reading, entity: &Entity, asked: &Asked) -> Result<Markup, Failure> {
    let (words, lang, open) = (user.words(), user.lang(), &reading.open);
    let (columns, filters) = (forms::columns(entity), forms::filters(entity));
    let briefs = reading.beside.briefs(open, entity.code)?;
    let wanted = wanted_values(reading, entity, &columns, &filters, asked)?;
    let mut found: Vec<&Brief> = briefs
        .search(&asked.text)
        .filter(|brief| wanted.iter().all(|(at, value)| brief.cells.get(*at) == Some(value)))
        .collect();
    let sort = asked.sort.min(columns.len().saturating_sub(1));
    let all = found.len();
    let pages = all.div_ceil(ROWS).max(1);
    let page = asked.page.min(pages);
    sort_to(&mut found, page * ROWS, &order(reading, &columns, sort, asked.down)?);
    let shown: Vec<&Brief> = found.into_iter().skip((page - 1) * ROWS).take(ROWS).collect();
    let mut known = Titles::new();
    let mut rows = Vec::new();
    for brief in shown {
        let cells = columns.iter().zip(brief.cells.iter());
        let cells: Result<Vec<String>, Failure> =
            cells.map(|(field, value)| input::meaning(open, entity.code, field, value, &mut known, words)).collect();
        rows.push((brief.id.to_string(), &brief.title, cells?, open.is_pending(&entity.name, &brief.id.to_string())?));
    }
    let count = words.number(u64::try_from(all).unwrap_or(u64::MAX));
    let all = words.number(u64::try_from(briefs.len()).unwrap_or(u64::MAX));
    let module = open.rules().pack.modules().get(entity.module).map(|module| module.name.as_str()).unwrap_or_default();
    let may = user.may(What::Edit(module));
    Ok(html! {
        p.faint { a href="/data" { (words.say("web.menu.data")) } " › " (words.module(module)) }
        h1 { (entity.label.get(lang)) }
        (search_form(user, reading, entity, &filters, asked))
        @if may {
            div.actions {
                @if entity.create.school() {
                    a.button href=(format!("/data/{}/baru", entity.name)) data-key="n" { (words.say("web.add")) }
                }
                @if entity.name == PASTED {
                    a.button.second href=(format!("/data/{PASTED}/tempel")) { (words.say("web.paste")) }
                }
            }
        }
        div.scroll tabindex="0" role="region" aria-label=(entity.label.get(lang)) {
            table {
                caption { (words.fill("web.list.count", &[("count", &count), ("all", &all)])) }
                thead { tr {
                    @for (at, field) in columns.iter().enumerate() {
                        th scope="col" aria-sort=[(at == sort).then_some(if asked.down { "descending" } else { "ascending" })] {
                            a href=(asked.address(&entity.name, 1, at, at == sort && !asked.down)) { (field.label.get(lang)) }
                            @if at == sort { span aria-hidden="true" { @if asked.down { " ▼" } @else { " ▲" } } }
                        }
                    }
                } }
                tbody {
                    @for (id, title, cells, pending) in &rows {
                        tr {
                            @for (at, cell) in cells.iter().enumerate() {
                                td {
                                    @if at == 0 {
                                        a href=(format!("/data/{}/{id}", entity.name)) { @if cell.is_empty() { (isolated(title)) } @else { (isolated(cell)) } }
                                        @if *pending { " " span.pending-mark title=(words.say("web.pending")) { "●" span.hidden { (words.say("web.pending")) } } }
                                    } @else { (isolated(cell)) }
                                }
                            }
                        }
                    }
                    @if rows.is_empty() { tr { td colspan=(columns.len()) { (words.say("web.list.none")) } } }
                }
            }
        }
        (pager(page, pages, |page| asked.address(&entity.name, page, sort, asked.down), words))
    })
}

fn search_form(user: &User, reading: &Reading, entity: &Entity, filters: &[&Field], asked: &Asked) -> Markup {
    let (words, lang) = (user.words(), user.lang());
    let chosen = |field: &Field| {
        asked
            .filters
            .iter()
            .find(|(name, _)| **name == *field.name)
            .map(|(_, value)| value.as_str())
            .unwrap_or_default()
    };
    let options = |field: &Field| match &field.kind {
        FieldKind::Code { table } => input::codes(&reading.open, table, chosen(field), words),
        _ => vec![
            (String::new(), String::new()),
            ("ya".to_owned(), words.say("web.yes").to_owned()),
            ("tidak".to_owned(), words.say("web.no").to_owned()),
        ],
    };
    html! {
        form.filters method="get" action=(format!("/data/{}", entity.name)) role="search" data-live {
            input type="hidden" name="urut" value=(asked.sort);
            @if asked.down { input type="hidden" name="turun" value="ya"; }
            div.field.wide {
                label for="q" { (words.say("web.search")) }
                input #q name="q" type="search" value=(asked.text) maxlength="100" data-key="/" autocomplete="off";
            }
            @for field in filters {
                div.field {
                    label for=(format!("s-{}", field.name)) { (field.label.get(lang)) }
                    select id=(format!("s-{}", field.name)) name=(format!("f.{}", field.name)) {
                        @for (at, (code, text)) in options(field).iter().enumerate() {
                            option value=(code) selected[code == chosen(field)] {
                                @if at == 0 { (words.say("web.all")) } @else { (text) }
                            }
                        }
                    }
                }
            }
            button.second type="submit" { (words.say("web.search")) }
        }
    }
}

/// The values that the filters ask for, by the place of their cell.
fn wanted_values(
    reading: &Reading,
    entity: &Entity,
    columns: &[&Field],
    filters: &[&Field],
    asked: &Asked,
) -> Result<Vec<(usize, Value)>, Failure> {
    let mut wanted = Vec::new();
    for (at, field) in filters.iter().enumerate() {
        if let Some((_, text)) = asked.filters.iter().find(|(name, _)| **name == *field.name) {
            let (_, value) = reading.open.parse_value(&entity.name, &field.name, text)?;
            wanted.push((columns.len() + at, value));
        }
    }
    Ok(wanted)
}

/// Sorts the first so many of what was found; nobody looks at the rest.
fn sort_to(found: &mut Vec<&Brief>, many: usize, order: &Order) {
    if many < found.len() {
        found.select_nth_unstable_by(many, |a, b| order(a, b));
        found.truncate(many);
    }
    found.sort_unstable_by(|a, b| order(a, b));
}

type Order = Box<dyn Fn(&Brief, &Brief) -> Ordering>;

/// The order of a column: values as people expect them, references by their titles. Empty ones come last, whichever way
/// it is sorted.
fn order(reading: &Reading, columns: &[&Field], sort: usize, down: bool) -> Result<Order, Failure> {
    let titles = match columns.get(sort).map(|field| &field.kind) {
        Some(FieldKind::Ref { entity }) => Some(reading.beside.briefs(&reading.open, *entity)?),
        _ => None,
    };
    Ok(Box::new(move |a, b| {
        let (left, right) = (a.cells.get(sort), b.cells.get(sort));
        let order = match (&titles, left, right) {
            (Some(titles), Some(Value::Ref(left)), Some(Value::Ref(right))) => {
                titles.rank(*left).cmp(&titles.rank(*right))
            }
            _ => compare(left, right),
        };
        let order = order.then_with(|| a.title.cmp(&b.title)).then_with(|| a.id.cmp(&b.id));
        let empty = |value: Option<&Value>| value.is_none_or(Value::is_null);
        empty(left).cmp(&empty(right)).then(if down { order.reverse() } else { order })
    }))
}

/// Values in the order that people expect.
fn compare(a: Option<&Value>, b: Option<&Value>) -> Ordering {
    match (a, b) {
        (Some(Value::Text(a)), Some(Value::Text(b))) => a.to_lowercase().cmp(&b.to_lowercase()),
        (Some(Value::Int(a)), Some(Value::Int(b))) | (Some(Value::Decimal(a)), Some(Value::Decimal(b))) => a.cmp(b),
        (Some(Value::Date(a)), Some(Value::Date(b))) => a.cmp(b),
        (Some(Value::Bool(a)), Some(Value::Bool(b))) => a.cmp(b),
        (Some(Value::Code(a)), Some(Value::Code(b))) => {
            a.parse::<u64>().ok().cmp(&b.parse().ok()).then_with(|| a.cmp(b))
        }
        _ => Ordering::Equal,
    }
}
