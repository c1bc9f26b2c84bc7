//! A failure of any rule is planted by the rule's id, and the validator finds exactly it.

use std::collections::{BTreeMap, BTreeSet};

use crate::ownership::{by_key, school_may};
use selaras_lab::{Planter, SampleOptions, sample};
use selaras_model::{Date, Pack, RecordKey};
use selaras_policy::{Examples, Judge, Level, MemoryView, RuleId, Rulebook};

fn today() -> Date {
    "2026-11-24".parse().unwrap()
}

/// Rules that nothing here fails alone, with those that may fail beside them.
const NOT_ALONE: [(&str, &[&str]); 5] = [
    // Another number of lessons a week is not what the timetable has.
    ("gtk.beban", &["pembelajaran.jam"]),
    // A lesson at an hour of another is a class with two lessons, or it takes a class or a room with it.
    ("jadwal.guru", &["jadwal.kelas", "jadwal.ruang", "referensi.rujukan", "rombel.kosong"]),
    ("jadwal.kelas", &["pembelajaran.ganda"]),
    // Whoever is born after today came to the school before.
    ("pd.lahir-depan", &["pd.masuk-lahir"]),
    // A class of too many has students of another, where each is in one already.
    ("rombel.besar", &["pd.dua-rombel"]),
];

#[test]
fn every_rule_is_planted_by_its_id_and_what_is_found_is_what_was_told() {
    let pack = Pack::builtin();
    let book = Rulebook::builtin(&pack).unwrap();
    let examples = Examples::builtin(&book, &pack).unwrap();
    let school = sample(&pack, &SampleOptions { students: 90, ..SampleOptions::default() }).unwrap();
    let judge = Judge::new(&pack, &book, today());
    let before: BTreeSet<(RuleId, RecordKey)> = judge
        .full(&MemoryView::new(&pack, school.whole().into_values()))
        .unwrap()
        .into_iter()
        .flat_map(|(_, findings)| findings)
        .map(|finding| (finding.rule, finding.record))
        .collect();
    let mut missing = Vec::new();
    let mut together = BTreeMap::new();
    for rule in book.rules() {
        let mut spoilt = school.clone();
        let mut planter = Planter::new(&pack, &book, &examples, &spoilt, today(), 1).unwrap();
        let planted = match planter.plant(&mut spoilt, rule.id()) {
            Ok(planted) => planted,
            Err(error) => {
                missing.push(error.to_string());
                continue;
            }
        };
        school_may(&by_key(&spoilt.centre), &spoilt.school);
        let found = judge.full(&MemoryView::new(&pack, spoilt.whole().into_values())).unwrap();
        let found: Vec<_> = found.into_iter().flat_map(|(_, findings)| findings).collect();
        let of_rule: BTreeSet<RecordKey> = found
            .iter()
            .filter(|finding| finding.rule == *rule.id() && !before.contains(&(finding.rule.clone(), finding.record)))
            .map(|finding| finding.record)
            .collect();
        assert_eq!(of_rule, planted.records.iter().copied().collect(), "{}", rule.id());
        let others: BTreeSet<RuleId> = found
            .iter()
            .filter(|finding| finding.level == Level::Invalid && finding.rule != *rule.id())
            .map(|finding| finding.rule.clone())
            .collect();
        assert_eq!(others, planted.implied, "{}", rule.id());
        if !planted.implied.is_empty() {
            together.insert(rule.id().to_string(), planted.implied.iter().map(ToString::to_string).collect::<Vec<_>>());
        }
    }
    assert!(missing.is_empty(), "{missing:#?}");
    let known: BTreeMap<String, Vec<&str>> =
        NOT_ALONE.iter().map(|(rule, others)| ((*rule).to_owned(), others.to_vec())).collect();
    assert_eq!(together.keys().collect::<Vec<_>>(), known.keys().collect::<Vec<_>>());
    for (rule, others) in together {
        assert!(others.iter().all(|other| known[&rule].contains(&other.as_str())), "{rule}: {others:?}");
    }
}
