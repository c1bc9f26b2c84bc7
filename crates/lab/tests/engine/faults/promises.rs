//! What the centre promised since the backup comes back with the log: computers and their end, heads' keys and their end,
//! the kode. The causes of faults 4, 5 and 43 at the engine.

use ed25519_dalek::SigningKey;
use selaras_model::{DeviceId, KeyId, ReplicaId, Value};
use selaras_sync::{Batch, DeviceRow, HeadKeyRow, KodeRow, NewDevice, Purpose, SchoolRow, Store as _, local};

use super::disaster::{back_up, back_up_and_cover, contact, kept, restore};
use crate::stage::{CentreStage, Computer, Stage, assert_equal};

fn public(number: u8) -> [u8; 32] {
    SigningKey::from_bytes(&[number; 32]).verifying_key().to_bytes()
}

fn register(centre: &CentreStage, number: u8, replaces: Option<DeviceId>) -> DeviceId {
    let replica = ReplicaId::from_bytes([number; 8]);
    let asked = NewDevice { public: public(number), replica, app_version: "0.1.0", replaces };
    let registered = centre.centre().register(&asked).unwrap();
    centre.drive(Some(registered.step));
    registered.device
}

fn enrol(centre: &CentreStage, number: u8) -> KeyId {
    let enrolment = centre.centre().enrol(centre.head_ptk, public(number)).unwrap();
    centre.drive(enrolment.step);
    enrolment.key
}

/// Everything that can be promised, and what ended of it.
fn promise(centre: &CentreStage) {
    let [replaced, removed] = [21, 22].map(|number| register(centre, number, None));
    register(centre, 23, Some(replaced));
    centre.drive(Some(centre.centre().remove_device("pusat", removed, "stolen").unwrap()));
    enrol(centre, 31);
    centre.drive(Some(centre.centre().revoke("pusat", centre.head_ptk).unwrap().step));
    enrol(centre, 32);
    for number in [1, 2] {
        centre.drive(Some(
            centre.centre().promise_kode(KodeRow { number, proof: [number.try_into().unwrap(); 32] }).unwrap(),
        ));
    }
}

/// Makes entries of all that has none; gives the number of steps.
pub(super) fn say_all(centre: &CentreStage, name: &str) -> u32 {
    let school = SchoolRow { name: name.to_owned(), ..SchoolRow::default() };
    let mut steps = 0;
    while let Some(step) = centre.centre().promise_rows(&school).unwrap() {
        centre.drive(Some(step));
        steps += 1;
    }
    steps
}

type Rows = (Vec<(DeviceId, DeviceRow)>, Vec<(KeyId, HeadKeyRow)>, Option<KodeRow>);

/// Without the stage's own computers, whose names can be read: they were there before.
fn rows(centre: &CentreStage) -> Rows {
    let centre = centre.centre();
    let mut devices = centre.devices().unwrap();
    devices.retain(|(device, _)| device.as_bytes().iter().any(|byte| *byte != device.as_bytes()[0]));
    (devices, centre.head_keys().unwrap(), centre.kode().unwrap())
}

#[test]
fn fault_43_what_was_promised_since_the_backup_is_known_again_in_every_later_life() {
    let mut stage = Stage::in_step(12);
    let backup = back_up(&stage.centre);
    promise(&stage.centre);
    let promised = rows(&stage.centre);
    assert_eq!((promised.0.len(), promised.1.len()), (3, 2));
    assert_eq!(promised.2.as_ref().map(|kode| kode.number), Some(2));
    contact(&mut stage.first, &stage.centre, Purpose::Pull).unwrap();
    for life in [2, 3] {
        restore(&mut stage.centre, &backup, life, &[&stage.first]);
        assert_ne!(rows(&stage.centre), promised, "life {life} begins without them");
        contact(&mut stage.first, &stage.centre, Purpose::Pull).unwrap();
        assert_eq!(rows(&stage.centre), promised, "life {life}");
        assert_equal(&stage.first, &stage.centre);
    }
}

/// A later backup covered it and is lost: every school has let go of it, and holds it in its log.
#[test]
fn fault_05_what_only_a_lost_backup_covered_comes_back_by_the_log() {
    let mut stage = Stage::in_step(12);
    let early = back_up(&stage.centre);
    promise(&stage.centre);
    let promised = rows(&stage.centre);
    contact(&mut stage.first, &stage.centre, Purpose::Pull).unwrap();
    drop(back_up_and_cover(&stage.centre));
    contact(&mut stage.first, &stage.centre, Purpose::Pull).unwrap();
    assert_eq!(kept(&stage.first), 0, "all of it is in a backup");
    for life in [2, 3] {
        restore(&mut stage.centre, &early, life, &[&stage.first]);
        contact(&mut stage.first, &stage.centre, Purpose::Pull).unwrap();
        assert_eq!(rows(&stage.centre), promised, "life {life}");
        assert_equal(&stage.first, &stage.centre);
    }
}

/// The end of a computer and of a key is known before their beginning; a kode before the one that it replaced.
#[test]
fn fault_05_what_ended_stays_ended_in_whatever_order_it_comes() {
    let mut stage = Stage::in_step(12);
    let mut second = Computer::new(&stage.centre, 2);
    contact(&mut second, &stage.centre, Purpose::Pull).unwrap();
    let backup = back_up(&stage.centre);
    promise(&stage.centre);
    let promised = rows(&stage.centre);
    contact(&mut second, &stage.centre, Purpose::Pull).unwrap();
    // The first computer hears of the end alone: what was before it is covered, and the backup that covers it is lost.
    let head = stage.centre.centre().head().unwrap().version;
    stage.centre.drive(Some(stage.centre.centre().cover(head).unwrap()));
    stage.centre.drive(Some(stage.centre.centre().revoke("pusat", stage.centre.head_ptk).unwrap().step));
    let kode = KodeRow { number: 3, proof: [3; 32] };
    stage.centre.drive(Some(stage.centre.centre().promise_kode(kode.clone()).unwrap()));
    let removed = promised.0.iter().find(|(_, row)| row.is_live()).unwrap().0;
    stage.centre.drive(Some(stage.centre.centre().remove_device("pusat", removed, "lost").unwrap()));
    let ended = rows(&stage.centre);
    contact(&mut stage.first, &stage.centre, Purpose::Pull).unwrap();

    restore(&mut stage.centre, &backup, 2, &[&stage.first, &second]);
    contact(&mut stage.first, &stage.centre, Purpose::Pull).unwrap();
    let (devices, keys, kept) = rows(&stage.centre);
    assert!(devices.iter().all(|(_, row)| !row.is_live()) && !devices.is_empty());
    assert!(keys.iter().all(|(_, row)| row.revoked_at.is_some()) && !keys.is_empty());
    assert_eq!(kept, Some(kode));
    contact(&mut second, &stage.centre, Purpose::Pull).unwrap();
    assert_eq!(rows(&stage.centre), ended);
}

/// Rows of earlier versions get their entries once, also where the process died between two steps.
#[test]
fn rows_of_earlier_versions_are_promised_once() {
    const ROWS: u16 = 450;
    let stage = Stage::in_step(12);
    let mut batch = Batch::default();
    for number in 0..ROWS {
        let [high, low] = number.to_be_bytes();
        let name = [0, 0, 0, 0, 0, 0, high, low];
        let row = DeviceRow {
            public: [low; 32],
            replica: ReplicaId::from_bytes(name),
            app_version: "0.1.0".to_owned(),
            registered_at: 1,
            ended: None,
        };
        local::put(&mut batch, &format!("device/{}", DeviceId::from_bytes(name)), &row).unwrap();
    }
    stage.centre.store.commit(&batch).unwrap();
    let before = rows(&stage.centre);
    let steps = say_all(&stage.centre, "SMP Contoh");
    assert_eq!(steps, 3, "so many rows are more than one commit takes");
    let name = stage.centre.record(stage.any("sekolah")).unwrap().text("nama").unwrap().to_owned();
    assert_eq!(stage.centre.centre().school().unwrap().map(|school| school.name), Some(name));
    assert_eq!(rows(&stage.centre), before);
    assert_eq!(say_all(&stage.centre, "SMP Contoh"), 0);
    stage.first.pull(&stage.centre);
    assert_equal(&stage.first, &stage.centre);
}

/// The school's record is the centre's to edit: its name and area change with it.
fn names(stage: &Stage, name: &str, area: &str) {
    let mut record = selaras_model::Record::new(stage.any("sekolah"));
    record.fields.insert("nama".parse().unwrap(), Value::text(name));
    record.fields.insert("kode_wilayah".parse().unwrap(), Value::Code(area.to_owned()));
    stage.centre.act(&[record]);
    assert_eq!(say_all(&stage.centre, ""), 1);
}

#[test]
fn a_schools_later_names_are_promised_and_the_last_one_holds_in_whatever_order_they_come() {
    let mut stage = Stage::in_step(12);
    let mut second = Computer::new(&stage.centre, 2);
    contact(&mut second, &stage.centre, Purpose::Pull).unwrap();
    let before = back_up(&stage.centre);
    say_all(&stage.centre, "SMP Contoh");
    let area = stage.centre.centre().school().unwrap().unwrap().area;
    assert!(!area.is_empty(), "the record has it");
    names(&stage, "SMP Kedua", &area);
    contact(&mut second, &stage.centre, Purpose::Pull).unwrap();
    let head = stage.centre.centre().head().unwrap().version;
    stage.centre.drive(Some(stage.centre.centre().cover(head).unwrap()));
    names(&stage, "SMP Ketiga", &area);
    let last = stage.centre.centre().school().unwrap();
    assert_eq!(last.as_ref().map(|school| (school.name.as_str(), school.number)), Some(("SMP Ketiga", 2)));
    contact(&mut stage.first, &stage.centre, Purpose::Pull).unwrap();

    // The first computer keeps the last name alone, the second one those before it.
    restore(&mut stage.centre, &before, 2, &[&stage.first, &second]);
    assert_eq!(stage.centre.centre().school().unwrap(), None);
    for computer in [&mut stage.first, &mut second] {
        contact(computer, &stage.centre, Purpose::Pull).unwrap();
        assert_eq!(stage.centre.centre().school().unwrap(), last);
    }
}
