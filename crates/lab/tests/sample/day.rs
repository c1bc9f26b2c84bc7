//! A day is the work that the benchmarks count.

use std::collections::BTreeSet;

use selaras_lab::{SchoolKind, day};

use crate::{KINDS, of, pack, school};

#[test]
fn a_day_has_58_edits_at_the_school_and_20_at_the_centre() {
    for kind in KINDS {
        let school = school(kind, 1_500);
        let there = school.whole();
        let day = day(&pack(), &school, 1).unwrap();
        let (edits, new): (Vec<_>, Vec<_>) = day.school.iter().partition(|record| there.contains_key(&record.key()));
        assert_eq!(of(edits.iter().copied(), "peserta_didik").len(), 50);
        assert_eq!(of(edits.iter().copied(), "ptk").len(), 3);
        assert_eq!(edits.len(), 53);
        for entity in ["peserta_didik", "registrasi_peserta_didik", "peserta_didik_periodik", "anggota_rombel"] {
            assert_eq!(of(new.iter().copied(), entity).len(), 5, "{entity}");
        }
        assert_eq!(new.len(), 20);
        assert_eq!(day.centre.len(), 20);
        let keys =
            |records: &[selaras_model::Record]| records.iter().map(selaras_model::Record::key).collect::<BTreeSet<_>>();
        assert_eq!((keys(&day.school).len(), keys(&day.centre).len()), (73, 20), "no record twice");
    }
}

#[test]
fn an_edit_has_one_to_three_fields_and_each_changes() {
    let school = school(SchoolKind::Smp, 1_500);
    let there = school.whole();
    let day = day(&pack(), &school, 3).unwrap();
    for change in day.school.iter().chain(&day.centre) {
        let Some(before) = there.get(&change.key()) else { continue };
        assert!((1..=3).contains(&change.fields.len()), "{}", change.key());
        for (name, value) in &change.fields {
            assert_ne!(before.get(name), value, "{}: {name}", change.key());
        }
    }
}

#[test]
fn a_small_school_has_a_short_day() {
    for kind in KINDS {
        let school = school(kind, 1);
        let there = school.whole();
        let day = day(&pack(), &school, 1).unwrap();
        let students = of(day.school.iter().filter(|record| there.contains_key(&record.key())), "peserta_didik");
        assert_eq!(students.len(), 1);
        assert!(!day.centre.is_empty());
    }
}

#[test]
fn nobody_new_has_a_number_or_an_id_of_somebody_else() {
    let school = school(SchoolKind::Smp, 1_500);
    let there = school.whole();
    for seed in [1, 2] {
        let day = day(&pack(), &school, seed).unwrap();
        for field in ["nik", "nisn", "nipd"] {
            let taken: BTreeSet<&str> = there.values().filter_map(|record| record.text(field)).collect();
            let mut fresh = BTreeSet::new();
            for number in day.school.iter().chain(&day.centre).filter_map(|record| record.text(field)) {
                assert!(!taken.contains(number) && fresh.insert(number), "{field}");
            }
        }
        let ids: BTreeSet<_> = there.keys().map(|key| key.id).collect();
        let new = day.school.iter().filter(|record| !there.contains_key(&record.key()));
        assert!(new.into_iter().all(|record| !ids.contains(&record.id)));
    }
}
