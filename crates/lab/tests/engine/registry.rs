//! What the centre's registry decides: computers, heads' keys, and whom a log waits for that was put back.

use ed25519_dalek::SigningKey;
use selaras_model::{Date, DeviceId, EpochId, KeyId, RecordId, ReplicaId};
use selaras_sync::evidence::HeadKey;
use selaras_sync::limits::MAX_DEVICES;
use selaras_sync::{
    Acting, AssignmentIds, Batch, CentreError, DeviceCertificate, DeviceEnd, DeviceRow, Enrolment, HeadAssignment,
    HeadKeyRow, Key, NewDevice, ReadStore, Row, Store, local,
};

use crate::stage::{CentreStage, NOW};

const PTK: RecordId = RecordId::from_bytes([0xb1; 16]);

fn stage() -> CentreStage {
    CentreStage::new("99999999".parse().unwrap(), PTK)
}

fn day(text: &str) -> Date {
    text.parse().unwrap()
}

fn public(number: u8) -> [u8; 32] {
    SigningKey::from_bytes(&[number; 32]).verifying_key().to_bytes()
}

fn replica(number: u8) -> ReplicaId {
    ReplicaId::from_bytes([number; 8])
}

fn registered(stage: &CentreStage, key: u8, name: u8) -> Result<DeviceId, &'static str> {
    registers(stage, key, name, None)
}

fn registers(stage: &CentreStage, key: u8, name: u8, replaces: Option<DeviceId>) -> Result<DeviceId, &'static str> {
    let asked = NewDevice { public: public(key), replica: replica(name), app_version: "0.1.0\n", replaces };
    let registered = stage.centre().register(&asked).map_err(|error| error.code())?;
    stage.drive(Some(registered.step));
    Ok(registered.device)
}

fn remove(stage: &CentreStage, device: DeviceId) -> Result<(), &'static str> {
    let step = stage.centre().remove_device("pusat", device, "stolen").map_err(|error| error.code())?;
    stage.drive(Some(step));
    Ok(())
}

/// Whose devices are live.
fn live(stage: &CentreStage) -> Vec<DeviceId> {
    stage.centre().devices().unwrap().into_iter().filter(|(_, row)| row.is_live()).map(|(device, _)| device).collect()
}

fn visits(stage: &CentreStage, device: DeviceId) {
    stage.drive(stage.centre().visited(device).unwrap());
}

/// A backup is made and verified.
fn backs_up(stage: &CentreStage) {
    let copied = stage.centre().copied().unwrap();
    stage.drive(Some(stage.centre().verified(copied).unwrap()));
}

fn act(stage: &CentreStage) {
    let key = stage.centre().typed("ptk", PTK, [("nama", "Contoh Lain")]).unwrap();
    carry(stage, stage.centre().acting("test.act", vec![key]).unwrap());
}

fn carry(stage: &CentreStage, mut acting: Acting) -> Acting {
    while let Some(step) = stage.centre().act_step(&mut acting).unwrap() {
        stage.drive(Some(step));
    }
    acting
}

fn with_ptk() -> CentreStage {
    let stage = stage();
    let person = stage.centre().typed("ptk", PTK, [("nama", "Contoh Guru")]).unwrap();
    carry(&stage, stage.centre().acting("test.act", vec![person]).unwrap());
    stage
}

fn assign(stage: &CentreStage, number: u8, from: &str) -> Result<Acting, CentreError> {
    let ids =
        AssignmentIds { registration: RecordId::from_bytes([0xb2; 16]), duty: RecordId::from_bytes([number; 16]) };
    let sk = "821.2/0001/2026".to_owned();
    let asked = HeadAssignment { ptk: PTK, plt: false, sk, from: day(from) };
    stage.centre().assign_head("dinas-contoh", &asked, ids).map(|acting| carry(stage, acting))
}

fn end(stage: &CentreStage, until: &str) -> Result<Acting, CentreError> {
    stage.centre().end_head("dinas-contoh", PTK, day(until)).map(|acting| carry(stage, acting))
}

fn enrol(stage: &CentreStage, key: u8) -> Result<(KeyId, HeadKey), CentreError> {
    let Enrolment { key, head_key, step } = stage.centre().enrol(PTK, public(key))?;
    stage.drive(step);
    Ok((key, head_key))
}

#[test]
fn a_computer_that_registers_twice_is_registered_once() {
    let stage = stage();
    let first = registered(&stage, 1, 1).unwrap();
    assert_eq!(registered(&stage, 1, 1), Ok(first));
    assert_eq!(stage.centre().devices().unwrap().len(), 1);
    let row = stage.centre().device(first).unwrap().unwrap();
    assert_eq!((row.public, row.replica, row.app_version.as_str()), (public(1), replica(1), "0.1.0"));
    assert_ne!(registered(&stage, 2, 2), Ok(first));
    assert_eq!(stage.centre().device(DeviceId::from_bytes([0; 8])).unwrap(), None);
}

#[test]
fn an_installation_belongs_to_one_device_and_a_key_is_one() {
    let stage = stage();
    registered(&stage, 1, 1).unwrap();
    assert_eq!(registered(&stage, 2, 1), Err("registration.replica-taken"));
    // The second coordinate of no point, and one of a point by which anybody could sign.
    let (mut none, weak) = ([0; 32], [0; 32]);
    none[0] = 2;
    for bad in [none, weak] {
        let asked = NewDevice { public: bad, replica: replica(3), app_version: "", replaces: None };
        let refused = stage.centre().register(&asked).err().unwrap();
        assert_eq!(refused.code(), "registration.bad-key");
        assert_eq!(stage.centre().enrol(PTK, bad).err().unwrap().code(), "registration.bad-key");
    }
    assert_eq!(stage.centre().devices().unwrap().len(), 1);
}

#[test]
fn a_full_school_still_answers_a_computer_that_it_knows() {
    let stage = stage();
    let most = u8::try_from(MAX_DEVICES).unwrap();
    let all: Vec<_> = (1..=most).map(|number| registered(&stage, number, number).unwrap()).collect();
    assert_eq!(registered(&stage, most + 1, most + 1), Err("registration.too-many-devices"));
    assert_eq!(registered(&stage, 1, 1), Ok(all[0]));
}

#[test]
fn a_key_ends_with_the_assignment_that_it_stands_on() {
    let stage = with_ptk();
    let refused = enrol(&stage, 8).err().unwrap();
    assert!(matches!(&refused, CentreError::NotEntitled(unmet) if unmet.len() >= 2), "{refused:?}");
    assert_eq!(refused.code(), "head.not-entitled");
    assert_eq!(assign(&stage, 0xb3, "2026-07-01").unwrap().records(), 2);
    assert_eq!(assign(&stage, 0xb4, "2026-07-01").err().unwrap().code(), "head.already-assigned");
    let (key, head_key) = enrol(&stage, 8).unwrap();
    assert_eq!(enrol(&stage, 8).unwrap(), (key, head_key), "twice is once");
    let known = stage.centre().enrolled(key).unwrap().unwrap();
    assert_eq!((known.ptk, known.public, known.enrolled_at, known.revoked), (PTK, public(8), NOW, false));
    assert!(stage.centre().sweep_keys().unwrap().is_none(), "it stands");
    assert_eq!(end(&stage, "2026-11-23").unwrap().revoked(), [key]);
    assert_eq!(end(&stage, "2026-11-24").err().unwrap().code(), "head.not-assigned");
    let (_, row) = stage.centre().head_keys().unwrap().pop().unwrap();
    assert_eq!((row.revoked_at, row.revoked_by), (Some(NOW), None));
    assert!(row.revoked_because.contains(&"head-assignment-ended".to_owned()), "{:?}", row.revoked_because);
    assert!(stage.centre().enrolled(key).unwrap().unwrap().revoked);
}

#[test]
fn a_key_that_ended_by_the_calendar_does_not_come_back_with_the_next_assignment() {
    let mut stage = with_ptk();
    stage.today = day("2026-11-20");
    assign(&stage, 0xb3, "2026-07-01").unwrap();
    let (key, _) = enrol(&stage, 8).unwrap();
    assert!(end(&stage, "2026-11-23").unwrap().revoked().is_empty(), "its last day is to come");
    stage.today = day("2026-11-24");
    assert_eq!(assign(&stage, 0xb4, "2026-11-24").unwrap().revoked(), [key], "ended before the act that assigns again");
    assert_eq!(enrol(&stage, 8).err().unwrap().code(), "head.key-revoked");
    assert_ne!(enrol(&stage, 9).unwrap().0, key);
}

#[test]
fn a_key_is_revoked_by_hand_whatever_the_records_say() {
    let stage = with_ptk();
    assert_eq!(stage.centre().revoke("pusat", PTK).err().unwrap().code(), "head.no-key");
    assign(&stage, 0xb3, "2026-07-01").unwrap();
    let (key, _) = enrol(&stage, 8).unwrap();
    let ended = stage.centre().revoke("pusat", PTK).unwrap();
    assert_eq!(ended.keys, [key]);
    stage.drive(Some(ended.step));
    let (_, row) = stage.centre().head_keys().unwrap().pop().unwrap();
    assert_eq!((row.revoked_because, row.revoked_by), (vec![HeadKeyRow::BY_HAND.to_owned()], Some("pusat".to_owned())));
    let stranger = stage.centre().enrol(RecordId::from_bytes([9; 16]), public(8)).err().unwrap();
    assert_eq!(stranger.code(), "head.unknown-ptk");
}

/// Written by versions before the registry was the engine's: stores of today are read by these bytes.
#[test]
fn the_rows_are_as_they_were() {
    let stage = with_ptk();
    let device = registered(&stage, 1, 1).unwrap();
    assign(&stage, 0xb3, "2026-07-01").unwrap();
    let (key, _) = enrol(&stage, 8).unwrap();
    let ended = stage.centre().revoke("pusat", PTK).unwrap();
    stage.drive(Some(ended.step));
    let text = |name: String| match stage.store.get(&Key::Local(name)).unwrap() {
        Some(Row::Bytes(bytes)) => String::from_utf8(bytes).unwrap(),
        other => panic!("{other:?}"),
    };
    let list = |bytes: [u8; 32]| bytes.map(|byte| byte.to_string()).join(",");
    assert_eq!((device.to_string().as_str(), key.to_string().as_str()), ("92cc1efb4640e239", "90d4d9135843f31e"));
    assert_eq!(
        text(format!("device/{device}")),
        format!(
            r#"{{"public":[{}],"replica":"0101010101010101","app_version":"0.1.0","registered_at":1795500000}}"#,
            list(public(1))
        )
    );
    assert_eq!(
        text(format!("key/{key}")),
        format!(
            r#"{{"ptk":"{PTK}","public":[{}],"enrolled_at":1795500000,"revoked_at":1795500000,"revoked_because":["by-hand"],"revoked_by":"pusat"}}"#,
            list(public(8))
        )
    );
    // The first rows of keys told no reason.
    let mut batch = selaras_sync::Batch::default();
    let old = format!(r#"{{"ptk":"{PTK}","public":[{}],"enrolled_at":1,"revoked_at":2}}"#, list(public(8)));
    batch.put(Key::Local("key/0000000000000001".to_owned()), Row::Bytes(old.into_bytes()));
    selaras_sync::Store::commit(&stage.store, &batch).unwrap();
    let row: HeadKeyRow = local::read(&stage.store, "key/0000000000000001").unwrap().unwrap();
    assert_eq!((row.revoked_at, row.revoked_because, row.revoked_by), (Some(2), Vec::new(), None));
}

/// Begins another life, and gives whom it waits for.
fn put_back(stage: &CentreStage) -> Vec<DeviceId> {
    let before = stage.centre().head().unwrap().version;
    stage.epoch.set(EpochId::from_bytes(*b"epoch-02"));
    stage.drive(None);
    assert_eq!(stage.centre().head().unwrap().version, before.next());
    stage.centre().waits_for().unwrap().into_iter().collect()
}

/// Written by versions that noted no visits.
#[test]
fn a_log_that_is_put_back_waits_for_every_computer_where_no_visit_was_noted() {
    let stage = with_ptk();
    let mut devices = [registered(&stage, 1, 1).unwrap(), registered(&stage, 2, 2).unwrap()];
    devices.sort();
    assert_eq!(put_back(&stage), devices);
}

#[test]
fn a_log_that_is_put_back_waits_for_those_who_were_here_since_it_was_covered() {
    let stage = with_ptk();
    let [gone, comes, never, stolen] = [1, 2, 3, 4].map(|number| registered(&stage, number, number).unwrap());
    for device in [gone, comes, stolen] {
        visits(&stage, device);
    }
    backs_up(&stage);
    act(&stage);
    visits(&stage, comes);
    visits(&stage, stolen);
    remove(&stage, stolen).unwrap();
    assert_eq!(put_back(&stage), [comes], "not {gone}, {never}, {stolen}");
}

#[test]
fn a_removed_computer_is_waited_for_no_longer() {
    let stage = with_ptk();
    let [one, other] = [1, 2].map(|number| registered(&stage, number, number).unwrap());
    assert_eq!(put_back(&stage).len(), 2);
    remove(&stage, one).unwrap();
    assert_eq!(stage.centre().waits_for().unwrap(), [other].into());
    registers(&stage, 3, 3, Some(other)).unwrap();
    assert!(stage.centre().waits_for().unwrap().is_empty(), "{other} was replaced");
    act(&stage);
}

#[test]
fn a_removed_computer_stays_away_and_makes_room() {
    let stage = stage();
    let most = u8::try_from(MAX_DEVICES).unwrap();
    let all: Vec<_> = (1..=most).map(|number| registered(&stage, number, number).unwrap()).collect();
    remove(&stage, all[0]).unwrap();
    assert_eq!(remove(&stage, all[0]), Err("device.removed"));
    assert_eq!(remove(&stage, DeviceId::from_bytes([0; 8])), Err("device.unknown"));
    assert_eq!(stage.centre().remove_device("pusat", all[1], "Karena").err().unwrap().code(), "device.reason");
    assert_eq!(registered(&stage, 1, 1), Err("registration.device-removed"));
    assert_eq!(registered(&stage, most + 1, 1), Err("registration.replica-taken"), "its name stays its own");
    registered(&stage, most + 1, most + 1).unwrap();
    assert_eq!(registered(&stage, most + 2, most + 2), Err("registration.too-many-devices"));
    let end = stage.centre().device(all[0]).unwrap().unwrap().ended.unwrap();
    assert_eq!((end.at, end.because.as_str(), end.by.as_deref()), (NOW, "stolen", Some("pusat")));
}

#[test]
fn a_computer_that_is_registered_anew_takes_the_place_of_what_it_was() {
    let stage = stage();
    let most = u8::try_from(MAX_DEVICES).unwrap();
    let all: Vec<_> = (1..=most).map(|number| registered(&stage, number, number).unwrap()).collect();
    let anew = registers(&stage, most + 1, most + 1, Some(all[0])).unwrap();
    // The answer was lost, and it asks again.
    assert_eq!(registers(&stage, most + 1, most + 1, Some(all[0])), Ok(anew));
    let end = stage.centre().device(all[0]).unwrap().unwrap().ended.unwrap();
    assert_eq!((end.because.as_str(), end.replaced_by), (DeviceEnd::REPLACED, Some(anew)));
    assert_eq!(live(&stage).len(), MAX_DEVICES);
    assert_eq!(registers(&stage, 2, 2, Some(all[1])), Ok(all[1]), "nobody takes its own place");
    assert!(live(&stage).contains(&all[1]));
}

/// The row is the first registration's: who has the kode and somebody's public key takes nothing from anybody.
#[test]
fn fault_49_registering_again_under_another_name_overwrites_nothing() {
    let stage = stage();
    let device = registered(&stage, 1, 1).unwrap();
    let before = stage.centre().device(device).unwrap();
    assert_eq!(registered(&stage, 1, 9), Ok(device));
    assert_eq!(stage.centre().device(device).unwrap(), before);
    assert_eq!(registered(&stage, 2, 1), Err("registration.replica-taken"));
}

/// Keys that somebody with the kode enrolled before there was a limit: more than one commit ends.
fn enrolled_by_the_thousand(stage: &CentreStage) {
    for some in (0..1_200_u16).collect::<Vec<_>>().chunks(400) {
        let mut batch = Batch::default();
        for number in some {
            let row = HeadKeyRow {
                ptk: PTK,
                public: public(1),
                enrolled_at: NOW,
                revoked_at: None,
                revoked_because: Vec::new(),
                revoked_by: None,
            };
            local::put(&mut batch, &format!("key/{:016x}", u64::from(*number)), &row).unwrap();
        }
        stage.store.commit(&batch).unwrap();
    }
}

fn good_keys(stage: &CentreStage) -> usize {
    stage.centre().head_keys().unwrap().iter().filter(|(_, row)| row.revoked_at.is_none()).count()
}

#[test]
fn nobody_enrols_keys_without_end() {
    let stage = with_ptk();
    assign(&stage, 0xb3, "2026-07-01").unwrap();
    for key in 1..=50 {
        enrol(&stage, key).unwrap();
    }
    let (key, head_key) = enrol(&stage, 50).unwrap();
    assert_eq!(enrol(&stage, 51).err().unwrap().code(), "head.too-many-keys");
    assert_eq!(enrol(&stage, 50).unwrap(), (key, head_key), "one that is known is answered as before");
    assert_eq!(end(&stage, "2026-11-23").unwrap().revoked().len(), 50);
    assign(&stage, 0xb4, "2026-11-24").unwrap();
    enrol(&stage, 51).unwrap();
}

#[test]
fn keys_end_by_hand_however_many_they_are() {
    let stage = with_ptk();
    assign(&stage, 0xb3, "2026-07-01").unwrap();
    enrolled_by_the_thousand(&stage);
    let mut ended = 0;
    while let Ok(keys) = stage.centre().revoke("pusat", PTK) {
        ended += keys.keys.len();
        stage.drive(Some(keys.step));
    }
    assert_eq!((ended, good_keys(&stage)), (1_200, 0));
}

#[test]
fn keys_end_with_the_assignment_however_many_they_are() {
    let stage = with_ptk();
    assign(&stage, 0xb3, "2026-07-01").unwrap();
    enrolled_by_the_thousand(&stage);
    assert_eq!(end(&stage, "2026-11-23").unwrap().revoked().len(), 1_200);
    assert_eq!(good_keys(&stage), 0);
}

/// Whoever has the kode lets one computer take the place of another, again and again.
#[test]
fn computers_that_ended_leave_room_for_others_and_stay_ended() {
    let stage = stage();
    let mine = registered(&stage, 1, 1).unwrap();
    for some in (0..999_u16).collect::<Vec<_>>().chunks(333) {
        let mut batch = Batch::default();
        for number in some {
            let end =
                DeviceEnd { at: i64::from(*number), because: DeviceEnd::REPLACED.to_owned(), ..DeviceEnd::default() };
            let name = u64::from(*number) + (1 << 32);
            let row = DeviceRow {
                public: public(200),
                replica: ReplicaId::from_bytes(name.to_be_bytes()),
                app_version: String::new(),
                registered_at: 0,
                ended: Some(end),
            };
            local::put(&mut batch, &format!("device/{name:016x}"), &row).unwrap();
        }
        stage.store.commit(&batch).unwrap();
    }
    let second = registers(&stage, 2, 2, Some(mine)).unwrap();
    let third = registers(&stage, 3, 3, Some(second)).unwrap();
    assert_eq!(live(&stage), [third]);
    assert!(stage.centre().devices().unwrap().len() <= 1_000);
    assert_eq!(registered(&stage, 1, 1), Err("registration.device-removed"));
    // Of the oldest only the end is known.
    let oldest = DeviceId::from_bytes((1_u64 << 32).to_be_bytes());
    assert_eq!(stage.centre().device(oldest).unwrap(), None);
    assert_eq!(remove(&stage, oldest), Err("device.removed"));
}

/// A restored centre does not know it yet, and a stolen computer comes by the registration that it was given.
#[test]
fn a_computer_that_the_centre_lost_is_taken_away_before_it_comes() {
    let before = stage();
    let mine = registered(&before, 1, 1).unwrap();
    let stolen = registered(&before, 2, 2).unwrap();
    let replaced = registered(&before, 3, 3).unwrap();
    let certificate = |device: DeviceId| {
        let bytes = before.centre().certificate(device).unwrap().unwrap();
        DeviceCertificate::read(&bytes, &before.keys.signing.verifying_key()).unwrap()
    };
    let comes = |stage: &CentreStage, device: DeviceId| {
        let step = stage.centre().readmit(&certificate(device)).map_err(|error| error.code())?;
        stage.drive(Some(step));
        Ok::<_, &str>(())
    };
    let after = stage();
    assert_eq!(remove(&after, stolen), Err("device.unknown"), "a misspelt name");
    let removed = after.centre().remove_lost_device("pusat", stolen, "stolen").unwrap();
    after.drive(Some(removed));
    registers(&after, 4, 4, Some(replaced)).unwrap();
    assert_eq!(comes(&after, stolen), Err("registration.device-removed"));
    assert_eq!(comes(&after, replaced), Err("registration.device-removed"));
    assert_eq!(registered(&after, 2, 5), Err("registration.device-removed"));
    comes(&after, mine).unwrap();
    assert!(live(&after).contains(&mine) && live(&after).len() == 2);
    assert_eq!(after.centre().gone(stolen).unwrap().unwrap().because, "stolen");
    assert_eq!(remove(&after, stolen), Err("device.removed"));
}
