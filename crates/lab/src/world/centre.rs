//! The centre of one school in the world.

use std::collections::BTreeSet;

use ed25519_dalek::SigningKey;
use selaras_model::{BundleId, Date, DeviceId, EpochId, Fields, KeyId, LogVersion, Npsn, RecordId, RecordKey, Value};
use selaras_sync::{
    Centre, CentreKeys, EnrolledKey, Flow, Key, LogEntry, Origin, Range, ReadStore, Row, Rules, Step, Store, TypedEdit,
};

use super::disk::{Bug, Disk, Image};
use super::landing::Landings;
use super::rules::rules;
use super::trouble::{Trouble, wrong};

/// The head's key at every school.
pub(super) const HEAD_KEY: KeyId = KeyId::from_bytes(*b"head-key");

pub(super) struct CentreHost {
    pub(super) npsn: Npsn,
    pub(super) disk: Disk,
    rules: Rules,
    keys: CentreKeys,
    pub(super) head: SigningKey,
    pub(super) down: bool,
    /// Bundles that are landing.
    pub(super) landings: Landings,
    /// The last verified backup.
    backup: Option<Image>,
    lives: u8,
}

pub(super) fn today() -> Date {
    // A date in the pack's semester.
    Date::new(2026, 11, 24).unwrap_or(Date::MIN)
}

pub(super) fn key_of(rules: &Rules, entity: &str, id: [u8; 16]) -> Result<RecordKey, Trouble> {
    match rules.pack.entity_named(entity) {
        Some(entity) => Ok(RecordKey { entity: entity.code, id: RecordId::from_bytes(id) }),
        None => wrong(format!("no entity {entity}")),
    }
}

pub(super) fn fields<const N: usize>(of: [(&str, Value); N]) -> Fields {
    of.into_iter().filter_map(|(name, value)| Some((name.parse().ok()?, value))).collect()
}

/// The head's PTK.
pub(super) const HEAD: [u8; 16] = [0x11; 16];
const REGISTRATION: [u8; 16] = [0x22; 16];
const ASSIGNMENT: [u8; 16] = [0x33; 16];

impl CentreHost {
    pub(super) fn new(npsn: Npsn, bug: Option<Bug>) -> Result<Self, Trouble> {
        let disk = Disk::new(npsn, bug.filter(|bug| matches!(bug, Bug::ForgetsAnswers)))?;
        let rules = rules();
        disk.commit(&Centre::found(EpochId::from_bytes(*b"epoch-01"), &rules)?)?;
        let keys = CentreKeys { signing: SigningKey::from_bytes(&[9; 32]) };
        let host = Self {
            npsn,
            disk,
            rules,
            keys,
            head: SigningKey::from_bytes(&[7; 32]),
            down: false,
            landings: Landings::default(),
            backup: None,
            lives: 1,
        };
        let head = RecordId::from_bytes(HEAD);
        let code = |code: &str| Value::Code(code.to_owned());
        let founding = vec![
            TypedEdit {
                key: key_of(&host.rules, "ptk", HEAD)?,
                fields: fields([("nama", Value::text("Kepala"))]),
                deleted: None,
            },
            TypedEdit {
                key: key_of(&host.rules, "ptk_terdaftar", REGISTRATION)?,
                fields: fields([
                    ("ptk_id", Value::Ref(head)),
                    ("tahun_ajaran_id", Value::text("2026")),
                    ("jenis_ptk_id", code("20")),
                    ("ptk_induk", Value::Bool(true)),
                ]),
                deleted: None,
            },
            TypedEdit {
                key: key_of(&host.rules, "tugas_tambahan", ASSIGNMENT)?,
                fields: fields([("ptk_id", Value::Ref(head)), ("jabatan_ptk_id", code("2"))]),
                deleted: None,
            },
        ];
        host.act(founding)?;
        Ok(host)
    }

    pub(super) fn centre(&self) -> Centre<'_> {
        Centre::new(&self.disk, self.disk.blobs(), &self.rules, &self.keys, self.npsn, 0, today())
    }

    pub(super) fn centre_key(&self) -> [u8; 32] {
        self.keys.signing.verifying_key().to_bytes()
    }

    /// Ends what was decided.
    pub(super) fn drive(&self, first: Option<Step>) -> Result<(), Trouble> {
        let mut next = first;
        loop {
            let step = match next.take() {
                Some(step) => step,
                None => match self.centre().resume()? {
                    Some(step) => step,
                    None => return Ok(()),
                },
            };
            self.disk.carry_out(&step)?;
        }
    }

    pub(super) fn act(&self, edits: Vec<TypedEdit>) -> Result<(), Trouble> {
        self.drive(None)?;
        let step = self.centre().act("test.act", edits)?;
        self.drive(Some(step))
    }

    /// Ends or renews the head's assignment.
    pub(super) fn assign(&self, until: Option<Date>) -> Result<(), Trouble> {
        let key = key_of(&self.rules, "tugas_tambahan", ASSIGNMENT)?;
        let until = until.map_or(Value::Null, Value::Date);
        self.act(vec![TypedEdit { key, fields: fields([("tst_tambahan", until)]), deleted: None }])
    }

    pub(super) fn serve(&mut self, device: DeviceId, body: &[u8]) -> Result<Vec<u8>, Trouble> {
        self.drive(None)?;
        let public = self.head.verifying_key().to_bytes();
        let ptk = RecordId::from_bytes(HEAD);
        let enrolled =
            |key: KeyId| Ok((key == HEAD_KEY).then_some(EnrolledKey { ptk, public, enrolled_at: 0, revoked: false }));
        let landed = |id: BundleId| Ok(self.landings.whole(id));
        let mut received = self.centre().receive(device, body, &landed, &enrolled)?;
        self.drive(received.step.take())?;
        let answer = self.centre().respond(&received, None)?;
        let disk = &self.disk;
        self.landings.forget(|id| matches!(disk.get(&Key::Answer(id)), Ok(Some(_))));
        Ok(answer)
    }

    /// Takes a backup and notes what it covers.
    pub(super) fn back_up(&mut self) -> Result<(), Trouble> {
        self.drive(None)?;
        self.backup = Some(self.disk.copy());
        let version = self.centre().head()?.version;
        self.drive(Some(self.centre().cover(version)?))
    }

    /// Loses the disk, and begins another life from the last backup; says whether there was one.
    pub(super) fn lose_disk(&mut self, devices: BTreeSet<DeviceId>) -> Result<bool, Trouble> {
        let Some(backup) = &self.backup else { return Ok(false) };
        self.disk.put_back(backup)?;
        self.landings = Landings::default();
        self.down = false;
        self.lives += 1;
        let epoch = EpochId::from_bytes([b'l', b'i', b'f', b'e', b'-', 0, 0, self.lives]);
        self.drive(None)?;
        self.drive(Some(self.centre().restored(epoch, devices)?))?;
        Ok(true)
    }

    /// Whether it was ever restored.
    pub(super) fn has_lost_its_disk(&self) -> bool {
        self.lives > 1
    }

    /// Serves a request of healing.
    pub(super) fn heal(&self, device: DeviceId, body: &[u8]) -> Result<Vec<u8>, Trouble> {
        self.drive(None)?;
        let mut handing = self.centre().heal(device, body)?;
        while let Some(step) = self.centre().heal_step(&mut handing)? {
            self.drive(Some(step))?;
        }
        Ok(self.centre().heal_answer(&handing)?)
    }

    /// Answers a request of repair, and mends its own records on the way.
    pub(super) fn repair(&self, body: &[u8]) -> Result<Vec<u8>, Trouble> {
        self.drive(None)?;
        let mut repairing = self.centre().repair(body)?;
        while let Some(step) = self.centre().repair_step(&mut repairing)? {
            self.drive(Some(step))?;
        }
        Ok(self.centre().repair_answer(&repairing)?)
    }

    /// The bundles in the log, in order.
    pub(super) fn bundles(&self) -> Result<Vec<BundleId>, Trouble> {
        let mut bundles = Vec::new();
        let mut broken = false;
        self.disk.scan(&Range::Entries(LogVersion::new(0)), &mut |_, row| {
            if let Row::Entry(row) = row {
                match LogEntry::from_bytes(&row.entry).map(|entry| entry.origin) {
                    Ok(Origin::Bundle { bundle, .. }) => bundles.push(bundle),
                    Ok(Origin::Act { .. }) => {}
                    Err(_) => broken = true,
                }
            }
            Ok(Flow::Continue)
        })?;
        if broken { wrong("an entry of the log cannot be read") } else { Ok(bundles) }
    }

    /// Whether people have to decide something about a record.
    pub(super) fn is_contested(&self, key: RecordKey) -> Result<bool, Trouble> {
        Ok(self.disk.get(&Key::Conflict(key))?.is_some())
    }
}
