//! Pictures: students by class and sex, completeness by module, exchanges; each with a table that says the same.

use std::collections::BTreeMap;

use axum::response::Response;
use maud::{Markup, html};
use selaras_model::{RecordId, Value};

use super::super::answer::Answer;
use super::super::beside::Brief;
use super::super::forms;
use super::super::visit::User;
use super::classes::{is_regular, members, of_semester};
use super::history::in_words;
use crate::catalogue::Words;
use crate::command::report::LogLine;
use crate::failure::Failure;
use crate::serve::Reading;

/// Exchanges that the chart shows, the newest.
const EXCHANGES: usize = 24;
/// The chart's measures.
const WIDTH: usize = 720;
const BAR: usize = 22;
const LABEL: usize = 210;

/// Kinds of the history that are an exchange's result, and how they are drawn: the class, and the key of its meaning.
const RESULTS: [(&str, &str, &str); 3] = [
    ("receipt", "one", "web.chart.accepted"),
    ("pulled", "two", "web.chart.fetched"),
    ("refused", "three", "web.chart.refused"),
];

pub(super) async fn summary(user: User) -> Response {
    user.show(|user| {
        let words = user.words();
        user.visit.web.count_in_background();
        let (students, history, filled) = user.read(|reading| {
            let open = &reading.open;
            let mut filled: BTreeMap<usize, Option<(usize, usize)>> = BTreeMap::new();
            for entity in open.rules().pack.entities() {
                let tally = reading.beside.tally(open, entity.code)?;
                let sum = filled.entry(entity.module).or_insert(Some((0, 0)));
                *sum = sum.zip(tally).map(|((filled, fields), tally)| (filled + tally.filled, fields + tally.fields));
            }
            let modules = open.rules().pack.modules().iter().enumerate();
            let filled =
                modules.map(|(at, module)| (module.label.get(words.0).to_owned(), filled.get(&at).copied().flatten()));
            Ok((students(reading)?, open.history()?, filled.collect::<Vec<_>>()))
        })?;
        Ok(Answer::page(
            words.say("web.summary"),
            html! {
                h1 { (words.say("web.summary")) }
                section.card aria-labelledby="students" {
                    h2 #students { (words.say("web.chart.students")) }
                    (students_chart(&students, words))
                }
                section.card aria-labelledby="filled" {
                    h2 #filled { (words.say("web.chart.filled")) }
                    p.faint { (words.say("web.chart.filled.hint")) }
                    (filled_chart(&filled, words))
                }
                section.card aria-labelledby="exchanges" {
                    h2 #exchanges { (words.say("web.chart.exchanges")) }
                    (exchanges(&history, words))
                }
            },
        ))
    })
    .await
}

/// A class: its name, and how many boys and girls are in it.
type Class = (String, usize, usize);

fn students(reading: &Reading) -> Result<Vec<Class>, Failure> {
    let open = &reading.open;
    let entity = open.entity("peserta_didik")?;
    let sex = forms::cell(entity, "jenis_kelamin");
    // Whoever has neither is an invalid record, and no boy.
    let girl = |brief: &Brief| match brief.cell(sex) {
        Some(Value::Code(code)) if code == "P" => Some(true),
        Some(Value::Code(code)) if code == "L" => Some(false),
        _ => None,
    };
    let briefs = reading.beside.briefs(open, entity.code)?;
    let girls: BTreeMap<RecordId, bool> = briefs.all().filter_map(|brief| Some((brief.id, girl(brief)?))).collect();
    let members = members(reading)?;
    let mut classes = Vec::new();
    // Clubs hold the same students once more.
    for class in of_semester(open)?.iter().filter(|class| is_regular(class)) {
        let of = members.get(&class.id).map(Vec::as_slice).unwrap_or_default();
        let known: Vec<bool> = of.iter().filter_map(|id| girls.get(id).copied()).collect();
        let female = known.iter().filter(|girl| **girl).count();
        classes.push((open.title(class), known.len() - female, female));
    }
    Ok(classes)
}

fn students_chart(classes: &[Class], words: Words) -> Markup {
    let most = classes.iter().map(|(_, boys, girls)| boys + girls).max().unwrap_or(0).max(1);
    let scale = |count: usize| count * (WIDTH - LABEL - 60) / most;
    let (boys, girls) = classes.iter().fold((0, 0), |sum, class| (sum.0 + class.1, sum.1 + class.2));
    html! {
        p {
            span.key.one {} (words.say("web.chart.boys")) ": " (words.number(as_u64(boys))) " · "
            span.key.two {} (words.say("web.chart.girls")) ": " (words.number(as_u64(girls)))
        }
        svg.chart viewBox=(format!("0 0 {WIDTH} {}", classes.len() * BAR + 4)) role="img" aria-label=(words.say("web.chart.students")) {
            @for (at, (name, boys, girls)) in classes.iter().enumerate() {
                @let y = at * BAR;
                text x=(LABEL - 8) y=(y + 15) text-anchor="end" { (name) }
                rect.one x=(LABEL) y=(y + 3) width=(scale(*boys)) height=(BAR - 6) {}
                rect.two x=(LABEL + scale(*boys)) y=(y + 3) width=(scale(*girls)) height=(BAR - 6) {}
                text x=(LABEL + scale(*boys) + scale(*girls) + 6) y=(y + 15) { (boys + girls) }
            }
        }
        details {
            summary { (words.say("web.chart.table")) }
            div.scroll { table {
                thead { tr {
                    th scope="col" { (words.say("web.timetable.class")) }
                    th.number scope="col" { (words.say("web.chart.boys")) } th.number scope="col" { (words.say("web.chart.girls")) }
                } }
                tbody { @for (name, boys, girls) in classes { tr { th scope="row" { (name) } td.number { (boys) } td.number { (girls) } } } }
            } }
        }
    }
}

fn as_u64(number: usize) -> u64 {
    u64::try_from(number).unwrap_or(u64::MAX)
}

/// A module's name, and its fields with a value of all its fields; none while it is being counted.
type Filled = (String, Option<(usize, usize)>);

fn percent(filled: usize, fields: usize) -> usize {
    (filled * 100).checked_div(fields).unwrap_or(0)
}

fn filled_chart(modules: &[Filled], words: Words) -> Markup {
    html! {
        svg.chart viewBox=(format!("0 0 {WIDTH} {}", modules.len() * BAR + 4)) role="img" aria-label=(words.say("web.chart.filled")) {
            @for (at, (name, sum)) in modules.iter().enumerate() {
                @let y = at * BAR;
                @let wide = WIDTH - LABEL - 60;
                text x=(LABEL - 8) y=(y + 15) text-anchor="end" { (name) }
                rect.rest x=(LABEL) y=(y + 3) width=(wide) height=(BAR - 6) {}
                @if let Some((filled, fields)) = sum {
                    rect.one x=(LABEL) y=(y + 3) width=(wide * percent(*filled, *fields) / 100) height=(BAR - 6) {}
                    text x=(WIDTH - 54) y=(y + 15) { (percent(*filled, *fields)) " %" }
                } @else { text x=(WIDTH - 54) y=(y + 15) { "…" } }
            }
        }
        details {
            summary { (words.say("web.chart.table")) }
            div.scroll { table {
                thead { tr {
                    th scope="col" { (words.say("web.module")) }
                    th.number scope="col" { (words.say("web.chart.filled-fields")) } th.number scope="col" { (words.say("web.chart.fields")) }
                } }
                tbody { @for (name, sum) in modules {
                    @let (filled, fields) = sum.unwrap_or_default();
                    tr { th scope="row" { (name) } td.number { (words.number(as_u64(filled))) } td.number { (words.number(as_u64(fields))) } }
                } }
            } }
        }
    }
}

/// The last exchanges as bars: how many records, and how it ended.
pub(super) fn exchanges(history: &[LogLine], words: Words) -> Markup {
    let result = |line: &LogLine| RESULTS.into_iter().find(|(kind, ..)| *kind == line.what);
    let records = |line: &LogLine| line.args.get("records").and_then(|text| text.parse::<u64>().ok()).unwrap_or(0);
    let mut shown: Vec<&LogLine> = history.iter().rev().filter(|line| result(line).is_some()).take(EXCHANGES).collect();
    shown.reverse();
    if shown.is_empty() {
        return html! { p { (words.say("web.chart.none")) } };
    }
    let high = 90_u64;
    // One record and ten thousand are both seen: a bar grows with the number of digits.
    let height = |line: &LogLine| (u64::from(records(line).max(1).ilog2()) * 6 + 6).min(high);
    html! {
        p { @for (_, class, meaning) in RESULTS { span class=(format!("key {class}")) {} (words.say_or(meaning, meaning)) " " } }
        svg.chart viewBox=(format!("0 0 {WIDTH} {}", high + 8)) role="img" aria-label=(words.say("web.chart.exchanges")) {
            line.axis x1="0" x2=(WIDTH) y1=(high + 4) y2=(high + 4) {}
            @for (at, line) in shown.iter().enumerate() {
                @if let Some((_, class, _)) = result(line) {
                    rect class=(class) x=(at * WIDTH / EXCHANGES + 2) y=(high + 4 - height(line)) width=(WIDTH / EXCHANGES - 6) height=(height(line)) {
                        title { (line.at) ": " (in_words(line, words)) }
                    }
                }
            }
        }
        details {
            summary { (words.say("web.chart.table")) }
            div.scroll { table {
                thead { tr { th scope="col" { (words.say("web.history.when")) } th scope="col" { (words.say("web.history.what")) } } }
                tbody { @for line in shown.iter().rev() { tr { td { (line.at) } td { (in_words(line, words)) } } } }
            } }
        }
    }
}
