//! Records with a long history: what is written is whole documents, however small the edits are. A pack with long texts
//! stands for years of short ones here.

use selaras_model::{Fields, Record, RecordKey, Value};
use selaras_sync::limits::MAX_BATCH_BYTES;
use selaras_sync::{Batch, Key, Outcome, Purpose, ReadStore, Row, Rules, StateName, Store, TypedEdit};

use super::disaster::{Failed, assert_accepted, contact, send, text};
use super::rules::{begin, lenient, newcomers};
use crate::stage::{CentreStage, Stage, assert_equal, typed};

/// The texts of a student that are the school's.
const TEXTS: [&str; 8] =
    ["alamat_jalan", "nama_dusun", "desa_kelurahan", "email", "nama_ayah", "nama_wali", "nm_kip", "rekening_atas_nama"];
/// The longest text that a pack may allow.
const LONGEST: usize = 1_024;
const KIB: usize = 1 << 10;

/// A rulebook that closes no gate, over a pack in which a student's texts are as long as any may be.
fn long_texts() -> Rules {
    let lenient = lenient();
    let (before, students) = lenient.pack.source().split_once("code = 401").unwrap();
    let mut students = students.to_owned();
    for name in TEXTS {
        let line = students.lines().find(|line| line.contains(&format!("\"{name}\""))).unwrap();
        let (head, tail) = line.split_once("max = ").unwrap();
        let (_, tail) = tail.split_once(',').unwrap();
        students = students.replacen(line, &format!("{head}max = {LONGEST},{tail}"), 1);
    }
    Rules::from_texts(&format!("{before}code = 401{students}"), lenient.rulebook.source()).unwrap()
}

/// Texts that hardly get smaller by compression, others for each seed.
fn noise(seed: usize, length: usize) -> Fields {
    let mut bytes = vec![0; 2 * length * TEXTS.len()];
    blake3::Hasher::new().update(&seed.to_be_bytes()).finalize_xof().fill(&mut bytes);
    // Rare characters of four bytes each.
    let rare = |pair: &[u8]| char::from_u32(0x2_0000 + u32::from(u16::from_be_bytes([pair[0] & 0x7f, pair[1]])));
    let long = |bytes: &[u8]| text(&bytes.chunks_exact(2).map(|pair| rare(pair).unwrap()).collect::<String>());
    let texts = TEXTS.iter().zip(bytes.chunks_exact(2 * length));
    texts.map(|(name, bytes)| (name.parse().unwrap(), long(bytes))).collect()
}

/// The same fields, short.
fn short() -> Fields {
    TEXTS.iter().map(|name| (name.parse().unwrap(), text("Pendek"))).collect()
}

fn fields(name: &str, value: Value) -> Fields {
    [(name.parse().unwrap(), value)].into_iter().collect()
}

/// A school with so many more students, in step.
fn with_newcomers(count: u16) -> (Stage, Vec<RecordKey>) {
    let mut stage = Stage::in_step(12);
    begin(&mut stage.centre, &long_texts()).unwrap();
    let newcomers = newcomers(count, |number| fields("nama", text(&format!("Siswa Nomor {number}"))));
    stage.centre.act(&newcomers);
    contact(&mut stage.first, &stage.centre, Purpose::Pull).unwrap();
    (stage, newcomers.iter().map(Record::key).collect())
}

fn document(centre: &CentreStage, key: RecordKey) -> usize {
    match centre.store.get(&Key::Document(key)).unwrap() {
        Some(Row::Blob(bytes)) => bytes.len(),
        _ => 0,
    }
}

/// An act of the centre over some records, committed step by step.
fn act(centre: &CentreStage, keys: &[RecordKey], fields: &Fields) -> Result<(), Failed> {
    let record = |key: &RecordKey| Record { fields: fields.clone(), ..Record::new(*key) };
    let edits = keys.iter().map(record).map(|record| typed(&record)).collect();
    let mut next = Some(centre.centre().act("test.act", edits)?);
    while let Some(step) = next {
        for batch in std::iter::once(&step.batch).chain(&step.rest) {
            centre.store.commit(batch)?;
        }
        next = centre.centre().resume()?;
    }
    Ok(())
}

/// Changes records until each document has about this size, as many at once as one commit takes. In the end their texts
/// are short: what is large is the history.
fn grow(centre: &CentreStage, keys: &[RecordKey], bytes: usize) {
    for keys in keys.chunks((400 * KIB / bytes).clamp(1, 40)) {
        let mut seed = 0;
        while document(centre, keys[0]) < bytes {
            let left = bytes - document(centre, keys[0]);
            seed += 1;
            act(centre, keys, &noise(seed, (left / 4 / TEXTS.len()).clamp(1, LONGEST))).unwrap();
            act(centre, keys, &short()).unwrap();
        }
        for key in keys {
            let grown = document(centre, *key);
            assert!(bytes <= grown && grown < bytes + 2 * KIB, "{grown}");
        }
    }
}

/// Twelve records of 100 KiB: each fits a commit many times, all of them do not fit one.
const TWELVE: u16 = 12;
const OF_TWELVE: usize = 100 * KIB;
const _: () = assert!(TWELVE as usize * OF_TWELVE > MAX_BATCH_BYTES);

/// `a batch of … writes and … bytes is over the limit` at each try; the bundle stays offered and cannot be withdrawn.
#[test]
fn fault_23_a_small_bundle_over_long_histories_takes_effect() {
    let (mut stage, keys) = with_newcomers(TWELVE);
    grow(&stage.centre, &keys, OF_TWELVE);
    contact(&mut stage.first, &stage.centre, Purpose::Pull).unwrap();
    keys.iter().for_each(|key| stage.first.set(*key, "rt", Value::Int(7)));
    assert_accepted(&send(&mut stage.first, &stage.centre));
    assert_equal(&stage.first, &stage.centre);
}

/// An act of the centre over the same records.
#[test]
fn fault_23_a_small_act_over_long_histories_takes_effect() {
    let (mut stage, keys) = with_newcomers(TWELVE);
    grow(&stage.centre, &keys, OF_TWELVE);
    act(&stage.centre, &keys, &fields("rt", Value::Int(7))).unwrap();
    contact(&mut stage.first, &stage.centre, Purpose::Pull).unwrap();
    assert_equal(&stage.first, &stage.centre);
}

/// More records than one bundle or act decides at once, of 9 KiB each.
const MANY: u16 = 130;
const OF_MANY: usize = 9 * KIB;
/// The writes of 116 edits are one part.
const _: () = assert!(116 * OF_MANY > MAX_BATCH_BYTES);

/// Decided by one commit, its step can never be committed: the centre's whole side of the school stands still.
#[test]
fn fault_23_a_large_bundle_over_long_histories_is_carried_to_its_end() {
    let (mut stage, keys) = with_newcomers(MANY);
    grow(&stage.centre, &keys, OF_MANY);
    contact(&mut stage.first, &stage.centre, Purpose::Pull).unwrap();
    let short = |key: &RecordKey| Record { fields: fields("rt", Value::Int(8)), ..Record::new(*key) };
    stage.first.import(&keys.iter().map(short).collect::<Vec<_>>());
    assert_accepted(&send(&mut stage.first, &stage.centre));
    assert_equal(&stage.first, &stage.centre);
}

#[test]
fn fault_23_a_large_act_over_long_histories_is_carried_to_its_end() {
    let (mut stage, keys) = with_newcomers(MANY);
    grow(&stage.centre, &keys, OF_MANY);
    act(&stage.centre, &keys, &fields("rt", Value::Int(8))).unwrap();
    contact(&mut stage.first, &stage.centre, Purpose::Pull).unwrap();
    assert_equal(&stage.first, &stage.centre);
}

/// The steps of an earlier version were whole parts. What it had decided is carried to its end by the edit.
#[test]
fn an_entry_that_an_earlier_version_decided_is_carried_to_its_end() {
    let (mut stage, keys) = with_newcomers(MANY);
    grow(&stage.centre, &keys, OF_MANY);
    let record = |key: &RecordKey| Record { fields: fields("rt", Value::Int(8)), ..Record::new(*key) };
    let edits = keys.iter().map(record).map(|record| typed(&record)).collect();
    let decided = stage.centre.centre().act("test.act", edits).unwrap();
    stage.centre.store.commit(&decided.batch).unwrap();
    stage.centre.store.commit(&as_written_before(&stage.centre)).unwrap();
    stage.centre.drive(None);
    keys.iter().for_each(|key| assert_eq!(stage.centre.record(*key).unwrap().get("rt"), &Value::Int(8)));
    contact(&mut stage.first, &stage.centre, Purpose::Pull).unwrap();
    assert_equal(&stage.first, &stage.centre);
}

/// The intent of an entry that was just decided, as `ee1127c` wrote it: another variant, and no count within its part.
fn as_written_before(centre: &CentreStage) -> Batch {
    const VARIANT: usize = 1;
    /// Behind format, variant, the blob's name, part, edits done and edits in all.
    const WITHIN: usize = 2 + 32 + 3;
    let Some(Row::Bytes(mut row)) = centre.store.get(&Key::State(StateName::Intent)).unwrap() else { panic!() };
    assert_eq!((row[VARIANT], row[WITHIN]), (4, 0), "decided, and not begun");
    row[VARIANT] = 2;
    row.remove(WITHIN);
    let mut batch = Batch::default();
    batch.put(Key::State(StateName::Intent), Row::Bytes(row));
    batch
}

/// At the school a step has room until it is nearly full, and then takes one more record, which may be the largest.
#[test]
fn fault_23_a_school_takes_the_largest_record_behind_others() {
    let (mut stage, keys) = with_newcomers(6);
    let (others, largest) = keys.split_at(5);
    grow(&stage.centre, others, 114 * KIB);
    grow(&stage.centre, largest, 505 * KIB);
    contact(&mut stage.first, &stage.centre, Purpose::Pull).unwrap();
    act(&stage.centre, others, &fields("rt", Value::Int(9))).unwrap();
    act(&stage.centre, largest, &fields("rt", Value::Int(9))).unwrap();
    contact(&mut stage.first, &stage.centre, Purpose::Pull).unwrap();
    assert_equal(&stage.first, &stage.centre);
}

/// A bundle that makes one record too large for any commit, among so many others.
fn too_large_among(others: u16) -> (Stage, Result<Outcome, Failed>) {
    let (mut stage, keys) = with_newcomers(1 + others);
    let (largest, others) = keys.split_at(1);
    grow(&stage.centre, largest, 505 * KIB);
    contact(&mut stage.first, &stage.centre, Purpose::Pull).unwrap();
    let short = |key: &RecordKey| Record { fields: fields("rt", Value::Int(8)), ..Record::new(*key) };
    stage.first.import(&others.iter().map(short).collect::<Vec<_>>());
    stage.first.edit(TypedEdit { key: largest[0], fields: noise(0, LONGEST), deleted: None });
    let outcome = send(&mut stage.first, &stage.centre);
    (stage, outcome)
}

#[track_caller]
fn assert_too_large(outcome: Result<Outcome, Failed>) {
    let code = match outcome {
        Ok(Outcome::Refusal(refusal)) => refusal.code,
        Ok(other) => panic!("{other:?}"),
        Err(Failed { code, .. }) => code,
    };
    assert_eq!(code, "record.too-large");
}

#[test]
fn fault_23_a_record_that_would_be_too_large_is_refused_in_a_small_bundle() {
    let (stage, outcome) = too_large_among(1);
    assert_too_large(outcome);
    stage.centre.drive(None);
}

/// A large bundle is accepted without asking, and its step fails for ever.
#[test]
fn fault_23_a_record_that_would_be_too_large_is_refused_in_a_large_bundle() {
    let (stage, outcome) = too_large_among(MANY);
    assert_too_large(outcome);
    stage.centre.drive(None);
}

/// The same act of the centre: refused before it is decided, and nothing of it is done.
#[test]
fn fault_23_a_record_that_would_be_too_large_is_refused_in_a_large_act() {
    let (stage, keys) = with_newcomers(1 + MANY);
    grow(&stage.centre, &keys[..1], 505 * KIB);
    let before = stage.centre.centre().head().unwrap();
    let refused = act(&stage.centre, &keys, &noise(0, LONGEST)).unwrap_err();
    assert_eq!(refused.code, "record.too-large");
    assert_eq!(stage.centre.centre().head().unwrap(), before);
    stage.centre.drive(None);
}

/// Records of which each has many findings: those of five hundred do not fit one commit.
#[test]
fn fault_23_many_findings_of_many_records_are_written_in_steps() {
    let stage = Stage::in_step(12);
    let newcomers = newcomers(700, |number| fields("nama", text(&format!("Siswa Nomor {number}"))));
    stage.first.import(&newcomers);
    stage.first.drive(Some(stage.first.school().judge_anew().unwrap()));
    assert!(stage.first.school().ensure_judged().unwrap().is_none());
}

/// Edits of long texts: one by one they are what a person types, together they are more than one commit.
#[test]
fn fault_23_long_texts_of_many_records_are_taken() {
    let (mut stage, keys) = with_newcomers(30);
    let edits: Vec<TypedEdit> = keys
        .iter()
        .zip(1..)
        .map(|(key, seed)| TypedEdit { key: *key, fields: noise(seed, LONGEST), deleted: None })
        .collect();
    let step = stage.first.school().import(edits, "operator").unwrap();
    stage.first.drive(Some(step));
    assert_accepted(&send(&mut stage.first, &stage.centre));
    assert_equal(&stage.first, &stage.centre);
}
