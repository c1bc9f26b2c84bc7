//! The same options make the same school, to the byte.

use selaras_lab::sample::write_lines;
use selaras_lab::{Sample, SampleOptions, day, sample};
use selaras_model::{Npsn, Record};

use crate::pack;

/// The lines of a school of 12 students and of its day. They change with the sample's code and the pack; whoever changes
/// either on purpose puts the new ones here.
const SCHOOL: &str = "157699313633f48d2e97bf3de28019656c3041c06456e86e78534281b077d181";
const DAY: &str = "c36a75ff21d4b149cccf34723560619c36655bcfd677fbc35e17bb9f9f98ac85";

fn small() -> SampleOptions {
    SampleOptions { students: 12, ..SampleOptions::default() }
}

fn hash(sets: [&[Record]; 2]) -> String {
    let mut lines = Vec::new();
    for records in sets {
        write_lines(&pack(), records, &mut lines).unwrap();
    }
    blake3::hash(&lines).to_hex().to_string()
}

fn of_school(school: &Sample) -> String {
    hash([&school.centre, &school.school])
}

#[test]
fn a_school_is_the_same_again() {
    let school = sample(&pack(), &small()).unwrap();
    assert_eq!(of_school(&school), SCHOOL);
}

#[test]
fn a_day_is_the_same_again() {
    let school = sample(&pack(), &small()).unwrap();
    let day = day(&pack(), &school, 1).unwrap();
    assert_eq!(hash([&day.centre, &day.school]), DAY);
}

#[test]
fn every_option_makes_another_school() {
    let npsn = Npsn::from_number(99_999_998).unwrap();
    let others = [
        SampleOptions { seed: 2, ..small() },
        SampleOptions { npsn, ..small() },
        SampleOptions { students: 13, ..small() },
        SampleOptions { invalid: 1, ..small() },
    ];
    for other in others {
        assert_ne!(of_school(&sample(&pack(), &other).unwrap()), SCHOOL, "{other:?}");
    }
}

#[test]
fn the_files_are_the_lines_of_both_sets() {
    let school = sample(&pack(), &small()).unwrap();
    let dir = std::env::temp_dir().join(format!("selaras-sample-{}", std::process::id()));
    std::fs::create_dir_all(&dir).unwrap();
    school.write(&pack(), &dir).unwrap();
    let read = |name| std::fs::read(dir.join(name)).unwrap();
    let both = [read(Sample::CENTRE_FILE), read(Sample::SCHOOL_FILE)].concat();
    std::fs::remove_dir_all(&dir).unwrap();
    assert_eq!(blake3::hash(&both).to_hex().to_string(), of_school(&school));
}
