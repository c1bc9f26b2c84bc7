//! Releases that were announced, withdrawn or begun since the backup come back from the schools, with their texts.

use selaras_model::{Date, Value};
use selaras_sync::store::EntryRow;
use selaras_sync::{
    HistoryKind, Key, LogEntry, PromisedRelease, Purpose, ReadStore, Release, ReleaseStage, Row, Rules, wire,
};

use super::disaster::{back_up, change, contact, restore};
use super::handing::{name_of, say};
use super::promises::say_all;
use crate::rules::not_taller_than;
use crate::stage::{CentreStage, Computer, Stage, assert_equal};

const NAME: &str = "SMP Contoh";

fn day(text: &str) -> Date {
    text.parse().unwrap()
}

fn promised(rules: &Rules, from: &str, stage: ReleaseStage) -> PromisedRelease {
    PromisedRelease { release: Release::of(rules, day(from)), stage }
}

fn announce(centre: &mut CentreStage, from: &str, rules: &Rules) {
    centre.next = Some((day(from), rules.clone()));
    assert_eq!(say_all(centre, NAME), 1, "it is an entry of the log");
    assert_eq!(say_all(centre, NAME), 0, "once");
}

fn begin(centre: &mut CentreStage, from: &str, rules: &Rules) {
    (centre.rules, centre.from, centre.next) = (rules.clone(), day(from), None);
    centre.drive(None);
    assert_eq!(say_all(centre, NAME), 1);
}

/// What the restored centre knows of rules is what the backup knew.
fn forget(centre: &mut CentreStage) {
    (centre.rules, centre.from, centre.next) = (Rules::builtin(), Date::MIN, None);
    centre.withdrawn.clear();
}

/// A stage with a computer that knows of a release that was withdrawn, one that has begun and one that will, and the
/// backup from before them all.
fn after_releases() -> (Stage, super::disaster::Backup, [PromisedRelease; 3]) {
    let mut stage = Stage::in_step(12);
    say_all(&stage.centre, NAME);
    let backup = back_up(&stage.centre);
    let [gone, begun, next] = [2_100, 2_000, 1_950].map(not_taller_than);
    announce(&mut stage.centre, "2026-12-10", &gone);
    contact(&mut stage.first, &stage.centre, Purpose::Pull).unwrap();
    stage.centre.withdrawn = vec![Release::of(&gone, day("2026-12-10"))];
    announce(&mut stage.centre, "2026-12-15", &begun);
    contact(&mut stage.first, &stage.centre, Purpose::Pull).unwrap();
    begin(&mut stage.centre, "2026-12-15", &begun);
    announce(&mut stage.centre, "2027-01-01", &next);
    let student = stage.student();
    contact(&mut stage.first, &stage.centre, Purpose::Pull).unwrap();
    change(&mut stage.first, &stage.centre, student, "rt", Value::Int(91));
    let known = [
        promised(&gone, "2026-12-10", ReleaseStage::Withdrawn),
        promised(&begun, "2026-12-15", ReleaseStage::Begun),
        promised(&next, "2027-01-01", ReleaseStage::Announced),
    ];
    (stage, backup, known)
}

#[test]
fn releases_come_back_with_their_texts_and_before_what_was_made_under_them() {
    let (mut stage, backup, known) = after_releases();
    forget(&mut stage.centre);
    restore(&mut stage.centre, &backup, 2, &[&stage.first]);
    let head = stage.centre.centre().head().unwrap().version;
    contact(&mut stage.first, &stage.centre, Purpose::Pull).unwrap();
    let returned = stage.centre.returned.take();
    assert_eq!(returned.iter().map(|(returned, _)| returned.promised).collect::<Vec<_>>(), known);
    for (returned, version) in &returned {
        assert_eq!(*version, head, "no entry was taken before");
        let PromisedRelease { release, stage } = returned.promised;
        match &returned.rules {
            Some(rules) => assert_eq!(Release::of(rules, release.from), release),
            None => assert_eq!(stage, ReleaseStage::Withdrawn),
        }
    }
    // The host goes by them again, and both ends are in step under them.
    let rules = returned[1].0.rules.clone().unwrap();
    (stage.centre.rules, stage.centre.from) = (rules, known[1].release.from);
    stage.centre.drive(None);
    contact(&mut stage.first, &stage.centre, Purpose::Pull).unwrap();
    assert_equal(&stage.first, &stage.centre);
    assert_eq!(stage.first.rules().rulebook.hash(), known[1].release.rulebook);
    // What came back is in the log: it is not said again.
    assert_eq!(say_all(&stage.centre, NAME), 0);
}

#[test]
fn a_centre_that_lacks_nothing_is_told_and_given_nothing() {
    let (mut stage, _, known) = after_releases();
    let rules = stage.centre.rules.clone();
    let backup = back_up(&stage.centre);
    stage.centre.returned.borrow_mut().extend(known.map(|promised| {
        let returned = selaras_sync::ReturnedRelease { promised, rules: None };
        (returned, selaras_model::LogVersion::new(0))
    }));
    restore(&mut stage.centre, &backup, 2, &[&stage.first]);
    contact(&mut stage.first, &stage.centre, Purpose::Pull).unwrap();
    assert_eq!(stage.centre.returned.borrow().len(), known.len());
    assert_eq!(stage.first.rules().rulebook.hash(), rules.rulebook.hash());
}

/// The run that proves an entry whose promises hold this release.
fn proof(computer: &Computer, wanted: &PromisedRelease) -> wire::Run {
    let mut version = computer.school().position().unwrap().version;
    loop {
        let Some(Row::Entry(EntryRow { entry, signature, .. })) = computer.store.get(&Key::Entry(version)).unwrap()
        else {
            panic!("the entry is in the log")
        };
        let read = LogEntry::from_bytes(&entry).unwrap();
        if let (selaras_sync::Origin::Act { promises, .. }, Some(signature)) = (&read.origin, signature)
            && promises.windows(32).any(|bytes| bytes == wanted.release.rulebook.as_bytes())
        {
            return wire::Run { entries: vec![entry], signature };
        }
        version = selaras_model::LogVersion::new(version.get() - 1);
    }
}

#[test]
fn a_release_that_the_log_does_not_promise_is_not_taken() {
    let (mut stage, backup, [.., next]) = after_releases();
    let texts = not_taller_than(1_950);
    let run = proof(&stage.first, &next);
    forget(&mut stage.centre);
    restore(&mut stage.centre, &backup, 2, &[&stage.first]);
    let hands_back = |promised: PromisedRelease, rules: &Rules, runs: Vec<wire::Run>| {
        let Release { from, pack, rulebook } = promised.release;
        let release = wire::Release {
            from: from.days_since_epoch(),
            pack: pack.as_bytes().to_vec(),
            rulebook: rulebook.as_bytes().to_vec(),
            signature: Vec::new(),
        };
        let released = wire::RulesReleased {
            release: Some(release),
            begun: promised.stage == ReleaseStage::Begun,
            withdrawn: promised.stage == ReleaseStage::Withdrawn,
        };
        let returned = wire::RulesReturned {
            released: Some(released),
            pack: rules.pack.source().to_owned(),
            rulebook: rules.rulebook.source().to_owned(),
        };
        let request = wire::HealRequest { returned: Some(returned), runs, ..wire::HealRequest::default() };
        say(&stage.first, name_of(&stage.first), &stage.centre, request).map(drop).map_err(|failed| failed.code)
    };
    let unproven = Err("heal.unproven".to_owned());
    assert_eq!(hands_back(next, &texts, vec![run.clone()]), Ok(()), "as it was promised");
    assert_eq!(hands_back(next, &texts, Vec::new()), unproven, "nothing proves it");
    assert_eq!(hands_back(next, &not_taller_than(100), vec![run.clone()]), unproven, "other texts");
    for stage in [ReleaseStage::Begun, ReleaseStage::Withdrawn] {
        let other = PromisedRelease { stage, ..next };
        assert_eq!(hands_back(other, &texts, vec![run.clone()]), unproven, "{stage:?}");
    }
    let earlier = Release { from: day("2026-12-31"), ..next.release };
    let earlier = PromisedRelease { release: earlier, ..next };
    assert_eq!(hands_back(earlier, &texts, vec![run.clone()]), unproven, "another day");
    let invented = promised(&not_taller_than(100), "2027-01-01", ReleaseStage::Announced);
    assert_eq!(hands_back(invented, &not_taller_than(100), vec![run]), unproven, "a school's own");
}

#[test]
fn a_school_that_hears_of_releases_tells_no_false_alarm() {
    let (stage, ..) = after_releases();
    let mut alarms = 0;
    stage
        .first
        .school()
        .history(0, &mut |line| {
            alarms += u32::from(line.what == HistoryKind::Differs);
            selaras_sync::Flow::Continue
        })
        .unwrap();
    assert_eq!(alarms, 0);
    assert_equal(&stage.first, &stage.centre);
}
