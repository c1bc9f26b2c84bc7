//! New rules: announced, in force at one version of the log at both ends, and what is new because of them.

use selaras_model::{Date, PackHash, Value};
use selaras_policy::{Finding, Level};
use selaras_sync::{Announced, HistoryKind, Outcome, Purpose, Release, Rules, SchoolError, new_among, wire};

use crate::stage::{CentreStage, Computer, Stage, assert_equal};

/// The same rules, but nobody is taller than this.
pub(crate) fn not_taller_than(millimetres: u32) -> Rules {
    let own = Rules::builtin();
    let text = own.rulebook.source().replacen("version = \"2026.1\"", "version = \"2026.2\"", 1);
    let (before, after) = text.split_once("id = \"pd.tinggi\"").unwrap();
    let after = after.replacen("max = 2200", &format!("max = {millimetres}"), 1);
    Rules::from_texts(own.pack.source(), &format!("{before}id = \"pd.tinggi\"{after}")).unwrap()
}

/// The same rules, but a student's street is the centre's.
pub(crate) fn street_is_the_centres() -> Rules {
    let own = Rules::builtin();
    let (before, students) = own.pack.source().split_once("code = 401").unwrap();
    let line = students.lines().find(|line| line.contains("\"alamat_jalan\"")).unwrap();
    let centres = line.replace("max = 120,", "max = 120, owner = \"centre\",");
    let pack = format!("{before}code = 401{}", students.replacen(line, &centres, 1));
    let rules = Rules::from_texts(&pack, own.rulebook.source()).unwrap();
    assert!(rules.pack.hash() != own.pack.hash() && rules.pack.breaks_with(&own.pack).is_empty());
    rules
}

/// Answers a pull by these rules.
fn answer(stage: &mut Stage, rules: &Rules, announced: Announced<'_>) -> Vec<u8> {
    stage.centre.rules = rules.clone();
    stage.centre.drive(None);
    let body = stage.first.request(Purpose::Pull);
    let centre = stage.centre.centre().announcing(announced);
    let received = centre.receive(stage.first.device, &body, &|_| Ok(None), &|_| Ok(None)).unwrap();
    centre.respond(&received, None).unwrap()
}

fn findings(computer: &Computer) -> Vec<Finding> {
    let mut found = Vec::new();
    computer
        .school()
        .findings(&mut |finding| {
            found.push(finding.clone());
            selaras_sync::Flow::Continue
        })
        .unwrap();
    found
}

/// An exchange of one request.
fn exchange(computer: &Computer, centre: &CentreStage, purpose: Purpose) -> Outcome {
    let (outcome, requests) = computer.exchange(centre, purpose);
    assert_eq!(requests, 1);
    outcome
}

fn take(computer: &Computer, answer: &[u8]) -> Outcome {
    let taken = computer.absorb(answer);
    assert!(!taken.more);
    computer.settle();
    taken.outcome
}

#[test]
fn a_bundle_approved_under_the_old_rulebook_is_refused_and_what_is_new_is_told_apart() {
    let mut stage = Stage::in_step(12);
    let tall = stage.any("peserta_didik_periodik");
    stage.first.set(tall, "tinggi_badan", Value::Decimal(2_100));
    stage.first.approve(&stage.centre);
    stage.centre.rules = not_taller_than(2_000);
    let Outcome::Refusal(refusal) = exchange(&stage.first, &stage.centre, Purpose::Sync) else {
        panic!("refused");
    };
    assert_eq!(refusal.code, "bundle.rulebook");
    assert_eq!(stage.first.rules().rulebook.version(), "2026.2");
    let found = findings(&stage.first);
    let before = stage.first.school().rules_before().unwrap().unwrap();
    assert_eq!(before.rulebook.version(), "2026.1");
    let then = stage.first.school().findings_under(&before).unwrap();
    // Only the records that have findings now need to be judged by the old rules.
    let named = found.iter().map(|finding| finding.record).collect();
    let about = stage.first.school().findings_about(&named, &before).unwrap();
    assert_eq!(new_among(&found, &about), new_among(&found, &then));
    let new: Vec<_> = found.iter().zip(new_among(&found, &then)).filter(|(_, new)| *new).map(|(f, _)| f).collect();
    assert_eq!(new.len(), 1, "{new:?}");
    assert_eq!((new[0].rule.as_str(), new[0].record, new[0].level), ("pd.tinggi", tall, Level::Invalid));
    // The edit is a draft again, and mended it goes through.
    stage.first.set(tall, "tinggi_badan", Value::Decimal(1_990));
    stage.first.approve(&stage.centre);
    assert!(matches!(exchange(&stage.first, &stage.centre, Purpose::Sync), Outcome::Receipt(_)));
    assert_equal(&stage.first, &stage.centre);
}

#[test]
fn what_is_announced_is_judged_before_it_is_in_force_and_fetched_once() {
    let mut stage = Stage::in_step(12);
    let next = not_taller_than(1_000);
    let from: Date = "2026-12-15".parse().unwrap();
    let own = Rules::builtin();
    let told = answer(&mut stage, &own, Announced { from: Date::MIN, next: Some((from, &next)) });
    take(&stage.first, &told);
    let (first_day, rules) = stage.first.school().announced().unwrap().unwrap();
    assert_eq!((first_day, rules.rulebook.version()), (from, "2026.2"));
    let under = stage.first.school().findings_under(&rules).unwrap();
    let invalid = under.iter().filter(|finding| finding.rule.as_str() == "pd.tinggi").count();
    assert!(invalid > 0);
    assert!(findings(&stage.first).iter().all(|finding| finding.rule.as_str() != "pd.tinggi"));
    assert_eq!(stage.first.rules().rulebook.version(), "2026.1");
    // Told once only, and on the day itself no text travels.
    let again = answer(&mut stage, &own, Announced { from: Date::MIN, next: Some((from, &next)) });
    assert!(again.len() < 400 && again.len() < told.len() / 10, "{} {}", told.len(), again.len());
    take(&stage.first, &again);
    let switched = answer(&mut stage, &next, Announced { from, next: None });
    assert!(switched.len() < 1_000, "{}", switched.len());
    take(&stage.first, &switched);
    assert_eq!(stage.first.rules().rulebook.version(), "2026.2");
    assert!(stage.first.school().announced().unwrap().is_none());
    let told = findings(&stage.first).iter().filter(|finding| finding.rule.as_str() == "pd.tinggi").count();
    assert_eq!(told, invalid, "exactly what was foreseen");
}

#[test]
fn an_announcement_is_taken_back() {
    let mut stage = Stage::in_step(12);
    let next = not_taller_than(1_000);
    let from: Date = "2026-12-15".parse().unwrap();
    for (announced, known) in [(Some((from, &next)), true), (None, false)] {
        let told = answer(&mut stage, &Rules::builtin(), Announced { from: Date::MIN, next: announced });
        take(&stage.first, &told);
        assert_eq!(stage.first.school().announced().unwrap().is_some(), known);
    }
}

/// Changes an answer as somebody between the two would.
fn tampered(answer: &[u8], change: impl FnOnce(&mut wire::ExchangeResponse)) -> Vec<u8> {
    use prost::Message as _;
    let mut read = wire::ExchangeResponse::decode(zstd::decode_all(answer).unwrap().as_slice()).unwrap();
    change(&mut read);
    zstd::encode_all(read.encode_to_vec().as_slice(), 3).unwrap()
}

#[test]
fn rules_that_the_centre_did_not_sign_change_nothing() {
    let mut stage = Stage::in_step(12);
    stage.centre.rules = not_taller_than(1_000);
    let body = stage.first.request(Purpose::Pull);
    let answer = stage.centre.serve(stage.first.device, &body);
    let forged = not_taller_than(100);
    type Change<'c> = Box<dyn FnOnce(&mut wire::ExchangeResponse) + 'c>;
    let changes: [(&str, Change<'_>); 6] = [
        ("another text", Box::new(|read| read.rulebook = forged.rulebook.source().to_owned())),
        ("no release", Box::new(|read| read.release = None)),
        ("another day", Box::new(|read| read.release.as_mut().unwrap().from += 1)),
        ("a flipped signature", Box::new(|read| read.release.as_mut().unwrap().signature[9] ^= 1)),
        ("no signature", Box::new(|read| read.release.as_mut().unwrap().signature.clear())),
        (
            "another hash",
            Box::new(|read| read.release.as_mut().unwrap().rulebook = forged.rulebook.hash().as_bytes().to_vec()),
        ),
    ];
    for (what, change) in changes {
        let Err(SchoolError::Refused(refusal)) = stage.first.school().answer(&tampered(&answer, change)) else {
            panic!("{what}: taken");
        };
        assert_eq!(refusal.code, "rules.signature", "{what}");
    }
    // Of an announcement the same holds.
    let release = Release {
        from: "2026-12-15".parse().unwrap(),
        pack: PackHash::from_bytes([1; 32]),
        rulebook: forged.rulebook.hash(),
    };
    let stranger = ed25519_dalek::SigningKey::from_bytes(&[66; 32]);
    let announcement = wire::Announcement {
        release: Some(wire::Release {
            from: release.from.days_since_epoch(),
            pack: release.pack.as_bytes().to_vec(),
            rulebook: release.rulebook.as_bytes().to_vec(),
            signature: release.sign(&stranger).to_vec(),
        }),
        ..wire::Announcement::default()
    };
    let told = tampered(&answer, |read| read.announcement = Some(announcement));
    assert!(
        matches!(stage.first.school().answer(&told), Err(SchoolError::Refused(no)) if no.code == "rules.signature")
    );
    take(&stage.first, &answer);
    assert_eq!(stage.first.rules().rulebook.version(), "2026.2");
}

#[test]
fn a_field_that_gets_another_owner_keeps_the_value_that_has_won() {
    // The student's street is the school's; school and centre write it at the same time, and the school's value wins.
    let mut stage = Stage::in_step(12);
    let student = stage.student();
    let address = |text: &str| {
        let mut record = selaras_model::Record::new(student);
        record.fields.insert("alamat_jalan".parse().unwrap(), Value::text(text));
        record
    };
    stage.first.set(student, "alamat_jalan", Value::text("Jalan Sekolah"));
    stage.first.approve(&stage.centre);
    stage.centre.act(&[address("Jalan Pusat")]);
    assert!(matches!(exchange(&stage.first, &stage.centre, Purpose::Sync), Outcome::Receipt(_)));
    assert_eq!(stage.centre.record(student).unwrap().get("alamat_jalan"), &Value::text("Jalan Sekolah"));
    assert_equal(&stage.first, &stage.centre);
    stage.centre.rules = street_is_the_centres();
    exchange(&stage.first, &stage.centre, Purpose::Pull);
    // Whatever is written into the record later reads all of it anew.
    let mut later = selaras_model::Record::new(student);
    later.fields.insert("rt".parse().unwrap(), Value::Int(7));
    stage.centre.act(&[later]);
    exchange(&stage.first, &stage.centre, Purpose::Pull);
    assert_eq!(stage.centre.record(student).unwrap().get("alamat_jalan"), &Value::text("Jalan Sekolah"));
    assert_eq!(stage.first.record(student).get("alamat_jalan"), &Value::text("Jalan Sekolah"));
    assert_equal(&stage.first, &stage.centre);
    let refused = stage.first.try_edit(selaras_sync::TypedEdit {
        key: student,
        fields: address("Jalan Lain").fields,
        deleted: None,
    });
    assert_eq!(refused.unwrap_err().code(), "ownership.field");
}

#[test]
fn a_computer_that_was_away_over_a_change_of_owner_comes_into_step_without_a_false_alarm() {
    let mut stage = Stage::in_step(12);
    let away = stage.first.copy();
    let student = stage.student();
    let mut centres = selaras_model::Record::new(student);
    centres.fields.insert("alamat_jalan".parse().unwrap(), Value::text("Jalan Pusat"));
    stage.first.set(student, "alamat_jalan", Value::text("Jalan Sekolah"));
    stage.first.approve(&stage.centre);
    stage.centre.act(&[centres]);
    assert!(matches!(exchange(&stage.first, &stage.centre, Purpose::Sync), Outcome::Receipt(_)));
    stage.centre.rules = street_is_the_centres();
    exchange(&away, &stage.centre, Purpose::Pull);
    assert_equal(&away, &stage.centre);
    let mut alarms = 0;
    away.school()
        .history(0, &mut |line| {
            alarms += u32::from(line.what == HistoryKind::Differs);
            selaras_sync::Flow::Continue
        })
        .unwrap();
    assert_eq!(alarms, 0);
}
