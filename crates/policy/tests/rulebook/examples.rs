//! The rulebook that is built in does what its examples say, and examples are checked as rules are.

use std::collections::BTreeMap;

use selaras_model::{Pack, Record, RecordKey};
use selaras_policy::{Changed, Examples, Finding, Judge, Judged, MemoryView, Rulebook, SubjectKey};

#[test]
fn every_rule_passes_and_finds_what_its_examples_say() {
    let pack = Pack::builtin();
    let book = Rulebook::builtin(&pack).unwrap();
    let examples = Examples::builtin(&book, &pack).unwrap_or_else(|error| panic!("{:#?}", error.problems()));
    let missed = examples.run(&book, &pack).unwrap();
    assert!(missed.is_empty(), "{missed:#?}");
}

fn by_subject(judged: Judged) -> BTreeMap<SubjectKey, Vec<Finding>> {
    judged.into_iter().filter(|(_, findings)| !findings.is_empty()).collect()
}

fn by_key<'r>(records: impl Iterator<Item = &'r Record>) -> BTreeMap<RecordKey, Record> {
    records.map(|record| (record.key(), record.clone())).collect()
}

/// Every change of every example, judged from what it touches, comes out as if the whole school were judged, there and
/// back again.
#[test]
fn judging_what_changed_equals_judging_everything() {
    let pack = Pack::builtin();
    let book = Rulebook::builtin(&pack).unwrap();
    let examples = Examples::builtin(&book, &pack).unwrap();
    let judge = Judge::new(&pack, &book, examples.judged_on());
    let school = by_key(examples.records());
    for example in examples.iter() {
        let changed_school = by_key(example.records());
        for (before, after) in [(&school, &changed_school), (&changed_school, &school)] {
            let view = |records: &BTreeMap<RecordKey, Record>| MemoryView::new(&pack, records.values().cloned());
            let keys = before.keys().chain(after.keys()).collect::<std::collections::BTreeSet<_>>();
            let differing = keys.into_iter().filter(|key| before.get(key) != after.get(key));
            let changed: Vec<Changed> = differing
                .map(|key| Changed { before: before.get(key).cloned(), after: after.get(key).cloned() })
                .collect();
            let mut kept = by_subject(judge.full(&view(before)).unwrap());
            for (subject, findings) in judge.incremental(&view(after), &changed).unwrap() {
                kept.insert(subject, findings);
            }
            kept.retain(|_, findings| !findings.is_empty());
            assert_eq!(kept, by_subject(judge.full(&view(after)).unwrap()), "{} {}", example.rule(), example.source());
        }
    }
}

const BOOK: &str = r#"version = "1"
[[rule]]
id = "pd.uji"
tab = "peserta-didik"
level = "invalid"
who = "operator"
kind = "range"
entity = "peserta_didik"
fields = ["anak_keberapa"]
min = 1
message = { id = "a", en = "b" }
remedy = { id = "c", en = "d" }
"#;

const GOOD: &str = r#"judged_on = "2026-11-23"
[school.siswa]
entity = "peserta_didik"
anak_keberapa = 1

[[example]]
rule = "pd.uji"
set = { "siswa.anak_keberapa" = 0 }
finds = ["siswa"]

[[example]]
rule = "pd.uji"
clear = ["siswa.anak_keberapa"]
finds = []
"#;

fn book() -> Rulebook {
    Rulebook::from_toml(BOOK, &Pack::builtin()).unwrap()
}

#[track_caller]
fn refused(from: &str, to: &str, line: usize, says: &str) {
    assert!(GOOD.contains(from), "{from}");
    let error = Examples::from_toml(&GOOD.replacen(from, to, 1), &book(), &Pack::builtin()).expect_err("taken");
    let found: Vec<_> = error.problems().iter().map(|problem| (problem.line, problem.message.clone())).collect();
    assert!(found.iter().any(|(at, what)| *at == line && what.contains(says)), "line {line}, `{says}`: {found:?}");
}

#[test]
fn a_rule_that_does_otherwise_is_told_with_the_example_and_the_records() {
    let text = GOOD.replace("\"siswa.anak_keberapa\" = 0", "\"siswa.anak_keberapa\" = 2");
    let examples = Examples::from_toml(&text, &book(), &Pack::builtin()).unwrap();
    let missed = examples.run(&book(), &Pack::builtin()).unwrap();
    assert_eq!(missed.len(), 1);
    assert_eq!((missed[0].line, missed[0].missing.as_slice()), (6, ["siswa".to_owned()].as_slice()));
}

#[test]
fn a_school_with_findings_is_no_ground_for_examples() {
    let text = GOOD.replace("anak_keberapa = 1", "anak_keberapa = -1");
    let examples = Examples::from_toml(&text, &book(), &Pack::builtin()).unwrap();
    let missed = examples.run(&book(), &Pack::builtin()).unwrap();
    assert_eq!((missed[0].line, missed[0].surplus.as_slice()), (0, ["siswa".to_owned()].as_slice()));
}

#[test]
fn examples_are_checked_with_their_lines() {
    refused("finds = []", "finds = [\"siswa\"]", 1, "no example that passes");
    refused("rule = \"pd.uji\"", "rule = \"pd.lain\"", 7, "no rule is called");
    refused("set = { \"siswa.anak", "set = { \"guru.anak", 8, "names no record");
    refused("\"siswa.anak_keberapa\" = 0", "\"siswa.umur\" = 0", 8, "no field");
    refused("\"siswa.anak_keberapa\" = 0", "\"siswa.anak_keberapa\" = \"x\"", 8, "siswa.anak_keberapa");
    refused("finds = [\"siswa\"]", "finds = [\"guru\"]", 9, "no record is called");
    refused("entity = \"peserta_didik\"", "entity = \"murid\"", 2, "no entity");
    refused("judged_on = \"2026-11-23\"", "judged_on = \"besok\"", 1, "has to be a date");
    refused("clear =", "kosong =", 13, "not known");
}
