//! A sample school breaks no rule; each planted fault breaks one.

use selaras_lab::{SampleOptions, SchoolKind, sample};
use selaras_model::Pack;

use crate::{full, invalid};

#[test]
fn sample_schools_of_every_kind_and_size_have_no_invalid_finding() {
    for kind in [SchoolKind::Sd, SchoolKind::Smp, SchoolKind::Sma, SchoolKind::Smk] {
        for students in [1, 12, 120, 700] {
            let options = SampleOptions { kind, students, ..SampleOptions::default() };
            let school = sample(&Pack::builtin(), &options).unwrap();
            let findings = full(school.whole().into_values());
            let rules: Vec<_> = invalid(&findings).iter().map(|f| (f.rule.to_string(), f.field.clone())).collect();
            assert_eq!(rules, [], "{kind:?} with {students} students");
        }
    }
}

#[test]
fn every_planted_fault_is_found() {
    for seed in 1..4 {
        let options = SampleOptions { students: 120, invalid: 25, seed, ..SampleOptions::default() };
        let school = sample(&Pack::builtin(), &options).unwrap();
        let findings = full(school.whole().into_values());
        assert!(!school.planted.is_empty());
        for planted in &school.planted {
            let is_it = |finding: &&selaras_policy::Finding| {
                finding.record == planted.record && finding.rule.as_str() == planted.fault.rule()
            };
            let found = invalid(&findings).into_iter().any(|finding| is_it(&finding));
            assert!(found, "seed {seed}: {planted:?}");
        }
    }
}

#[test]
fn the_rulebook_covers_what_the_issue_names() {
    let pack = Pack::builtin();
    let book = selaras_policy::Rulebook::builtin(&pack).unwrap();
    let tabs: std::collections::BTreeSet<_> = book.rules().iter().map(|rule| format!("{:?}", rule.tab())).collect();
    assert_eq!(tabs.len(), 8, "{tabs:?}");
    assert!(book.rules().len() >= 25);
}
