//! The centre of one school in the world.

use std::collections::{BTreeMap, BTreeSet};

use ed25519_dalek::SigningKey;
use selaras_model::{
    BundleId, Date, DeviceId, EpochId, Fields, KeyId, LogVersion, Npsn, RecordId, RecordKey, ReplicaId, Value,
};
use selaras_sync::exchange::{CentreHost as Answers, Endpoint, Flaw, Host, answer, carry_out, mend_centre};
use selaras_sync::{
    Acting, Announced, Batch, Blobs, CarriedMove, Centre, CentreDates, CentreError, CentreKeys, DeviceCertificate,
    Effect, Flow, Key, LateEdits, LeavingPerson, Life, LogEntry, MoveOffer, MoveStage, NewDevice, Offer, Origin,
    Promise, Range, ReadStore, Registered, ReleaseInForce, Row, Rules, RulesDay, Step, Store, StoreError, TypedEdit,
    Verdict,
};

use super::bug::Bug;
use super::disk::{Disk, Image};
use super::landing::Landings;
use super::releases::Releases;
use super::rules::rules;
use super::trouble::{Trouble, wrong};

/// The code of a centre that has found damage of its own.
const DAMAGED: &str = "center.damaged";

pub(super) struct CentreHost {
    pub(super) npsn: Npsn,
    pub(super) disk: Disk,
    /// What the centre's clock shows.
    pub(super) date: Date,
    /// What the clock showed when something was done, and whether the date could be written down.
    pub(super) worked_on: Vec<(Date, bool)>,
    /// The day by which rules are chosen, and the greatest on which anything was done.
    day: RulesDay,
    latest: Date,
    pub(super) releases: Releases,
    keys: CentreKeys,
    pub(super) head: SigningKey,
    /// The head's key as it was enrolled.
    pub(super) head_key: Option<KeyId>,
    pub(super) down: bool,
    /// Bundles that are landing.
    pub(super) landings: Landings,
    /// Snapshots that were offered, by hash.
    pub(super) snapshots: BTreeMap<[u8; 32], Vec<u8>>,
    /// Whether a side that has nothing yet is offered the log as a file.
    pub(super) offers_snapshots: bool,
    /// The registrations that computers were given, which lie with them.
    certificates: BTreeMap<DeviceId, Vec<u8>>,
    /// The verified backups, the last one at the end.
    backups: Vec<Image>,
    lives: u8,
    /// The present life of its database.
    epoch: EpochId,
    bug: Option<Bug>,
    flaw: Option<Flaw>,
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
    pub(super) fn new(npsn: Npsn, bug: Option<Bug>, flaw: Option<Flaw>) -> Result<Self, Trouble> {
        let bug = bug.filter(|bug| bug.is_centres());
        let disk = Disk::new(npsn, bug)?;
        let epoch = EpochId::from_bytes(*b"epoch-01");
        disk.commit(&Centre::found(epoch, &rules())?)?;
        let keys = CentreKeys { signing: SigningKey::from_bytes(&[9; 32]) };
        let mut host = Self {
            npsn,
            disk,
            date: today(),
            worked_on: Vec::new(),
            day: today().into(),
            latest: today(),
            releases: Releases::new(),
            keys,
            head: SigningKey::from_bytes(&[7; 32]),
            head_key: None,
            down: false,
            landings: Landings::default(),
            snapshots: BTreeMap::new(),
            offers_snapshots: false,
            certificates: BTreeMap::new(),
            backups: Vec::new(),
            lives: 1,
            epoch,
            bug,
            flaw,
        };
        let head = RecordId::from_bytes(HEAD);
        let code = |code: &str| Value::Code(code.to_owned());
        let founding = vec![
            TypedEdit {
                key: host.key_of("ptk", HEAD)?,
                fields: fields([("nama", Value::text("Kepala"))]),
                deleted: None,
            },
            TypedEdit {
                key: host.key_of("ptk_terdaftar", REGISTRATION)?,
                fields: fields([
                    ("ptk_id", Value::Ref(head)),
                    ("tahun_ajaran_id", Value::text("2026")),
                    ("jenis_ptk_id", code("20")),
                    ("ptk_induk", Value::Bool(true)),
                ]),
                deleted: None,
            },
            TypedEdit {
                key: host.key_of("tugas_tambahan", ASSIGNMENT)?,
                fields: fields([("ptk_id", Value::Ref(head)), ("jabatan_ptk_id", code("2"))]),
                deleted: None,
            },
        ];
        host.drive(None)?;
        host.act(founding)?;
        let enrolment = host.centre().enrol(head, host.head.verifying_key().to_bytes())?;
        host.head_key = Some(enrolment.key);
        host.drive(enrolment.step)?;
        Ok(host)
    }

    /// Registers a computer.
    pub(super) fn register(&mut self, public: [u8; 32], replica: ReplicaId) -> Result<DeviceId, Trouble> {
        self.drive(None)?;
        let asked = NewDevice { public, replica, app_version: "", replaces: None };
        let Registered { device, step } = self.centre().register(&asked)?;
        // A school that works already is one whose first computers are known.
        let forgets = self.bug == Some(Bug::ForgetsNewcomers) && !self.bundles()?.is_empty();
        if !forgets {
            self.drive(Some(step))?;
        }
        let certificate = self.centre().certificate(device)?;
        self.certificates.extend(certificate.map(|certificate| (device, certificate)));
        Ok(device)
    }

    pub(super) fn centre(&self) -> Centre<'_> {
        self.over(&self.disk)
    }

    /// The engine on what the disk holds, also while its process is dead.
    pub(super) fn over<'s>(&'s self, store: &'s dyn ReadStore) -> Centre<'s> {
        let ReleaseInForce { now, next } = self.releases.at(self.with_bug(self.day));
        let announced = Announced { from: now.from, next: next.map(|next| (next.from, &next.rules)) };
        let life = Life { npsn: self.npsn, epoch: self.epoch };
        let centre = Centre::new(store, self.disk.blobs(), &now.rules, &self.keys, life, 0, self.day.today);
        centre.announcing(announced).having_acted_on(self.latest).with(self.flaw)
    }

    /// The day by which it chooses rules, which is the right one unless a bug is planted.
    fn with_bug(&self, day: RulesDay) -> RulesDay {
        match self.bug {
            Some(Bug::BeginsRulesLate) => {
                let late = Date::from_days(day.today.days_since_epoch() - 1).unwrap_or(day.today);
                RulesDay { today: late, ..day }
            }
            Some(Bug::TakesRulesBack) => day.today.into(),
            _ => day,
        }
    }

    /// The day on which something that an operator does now is done, also while its process is dead.
    pub(super) fn rules_day(&self) -> Result<RulesDay, Trouble> {
        let dates = CentreDates::read(&self.disk.held()?)?;
        Ok(dates.rules_day(self.working_date(dates)))
    }

    /// The date by which it works, as the engine decides it unless a bug is planted.
    fn working_date(&self, dates: CentreDates) -> Date {
        match self.bug {
            Some(Bug::StandsStill) => today(),
            Some(Bug::BelievesItsClock) => self.date,
            _ => dates.acting(self.date).today,
        }
    }

    /// What comes before anything is done: by which date it is done, and what began by that, is made durable.
    fn begins(&mut self) -> Result<(), Trouble> {
        let dates = CentreDates::read(&self.disk)?;
        let day = dates.rules_day(self.working_date(dates));
        let began = self.releases.at(self.with_bug(day)).now.from;
        let next = dates.having_acted(day.today, began);
        let written = if next == dates { Ok(()) } else { self.keep(next) };
        self.worked_on.push((self.date, written.is_ok()));
        written?;
        (self.day, self.latest) = (next.rules_day(day.today), next.acted_on.unwrap_or(day.today));
        Ok(())
    }

    fn keep(&self, dates: CentreDates) -> Result<(), Trouble> {
        let mut batch = Batch::default();
        dates.put(&mut batch)?;
        Ok(self.disk.commit(&batch)?)
    }

    /// An operator confirms what its clock shows.
    pub(super) fn confirms_clock(&mut self) -> Result<(), Trouble> {
        self.keep(CentreDates::read(&self.disk)?.confirmed(self.date))
    }

    /// Names a record by its entity, which is the same under all rules.
    fn key_of(&self, entity: &str, id: [u8; 16]) -> Result<RecordKey, Trouble> {
        key_of(&self.releases.at(self.day).now.rules, entity, id)
    }

    pub(super) fn centre_key(&self) -> [u8; 32] {
        self.keys.signing.verifying_key().to_bytes()
    }

    pub(super) fn has_bug(&self, bug: Bug) -> bool {
        self.bug == Some(bug)
    }

    /// Ends what was decided.
    pub(super) fn drive(&mut self, first: Option<Step>) -> Result<(), Trouble> {
        if first.is_none() {
            self.begins()?;
        }
        carry_out(self, first)
    }

    pub(super) fn act(&mut self, edits: Vec<TypedEdit>) -> Result<(), Trouble> {
        self.drive(None)?;
        let step = match self.centre().act("test.act", edits.clone()) {
            Err(error) if error.code() == DAMAGED => {
                mend_centre(self)?;
                self.centre().act("test.act", edits)?
            }
            done => done?,
        };
        self.drive(Some(step))
    }

    /// Ends or renews the head's assignment.
    pub(super) fn assign(&mut self, until: Option<Date>) -> Result<(), Trouble> {
        let key = self.key_of("tugas_tambahan", ASSIGNMENT)?;
        let until = until.map_or(Value::Null, Value::Date);
        self.act(vec![TypedEdit { key, fields: fields([("tst_tambahan", until)]), deleted: None }])
    }

    /// Takes somebody in, of whom nobody knew before.
    pub(super) fn welcomes(&mut self, id: [u8; 16]) -> Result<(), Trouble> {
        let key = self.key_of("ptk", id)?;
        self.act(vec![TypedEdit { key, fields: fields([("nama", Value::text("Guru"))]), deleted: None }])
    }

    /// Does an act from its beginning to its end.
    pub(super) fn carries(&mut self, mut acting: Acting) -> Result<(), Trouble> {
        loop {
            let step = match self.centre().act_step(&mut acting) {
                Err(error) if error.code() == DAMAGED => {
                    mend_centre(self)?;
                    self.centre().act_step(&mut acting)?
                }
                step => step?,
            };
            let Some(step) = step else { return Ok(()) };
            self.drive(Some(step))?;
        }
    }

    /// Promises a student of this school to another one, unless she is promised already: then it gives to whom.
    pub(super) fn promises(&mut self, offer: &MoveOffer, to: Npsn) -> Result<Promise, Trouble> {
        self.drive(None)?;
        let mut promise = self.centre().promise_move(offer.who, offer.person, to, offer.on)?;
        if let Promise::Made { acting, .. } = &mut promise
            && let Some(acting) = acting.take()
        {
            self.carries(*acting)?;
        }
        Ok(promise)
    }

    /// Takes on what another school wrote too late.
    pub(super) fn takes_late(&mut self, late: &LateEdits) -> Result<(), Trouble> {
        self.drive(None)?;
        match self.centre().take_late(late)? {
            Some(acting) if self.bug != Some(Bug::LeavesLateBehind) => self.carries(acting),
            _ => Ok(()),
        }
    }

    /// Offers somebody who leaves another school to this one.
    pub(super) fn offers(&mut self, offer: &MoveOffer, leaving: &LeavingPerson, id: RecordId) -> Result<(), Trouble> {
        self.drive(None)?;
        match self.centre().offer_move("dinas", offer, leaving, id)? {
            Some(acting) => self.carries(acting),
            None => Ok(()),
        }
    }

    /// Does the next stage of a move.
    pub(super) fn does_stage(&mut self, carried: &mut CarriedMove) -> Result<(), Trouble> {
        self.drive(None)?;
        let stays = carried.stage() == MoveStage::Leave && self.bug == Some(Bug::NobodyLeaves);
        match self.centre().move_stage("centre", carried)? {
            Some(acting) if !stays => self.carries(acting),
            _ => Ok(()),
        }
    }

    /// Answers a request of an exchange.
    pub(super) fn serve(&mut self, device: DeviceId, endpoint: Endpoint, body: &[u8]) -> Result<Vec<u8>, Trouble> {
        self.begins()?;
        if self.centre().device(device)?.is_none() {
            self.readmit(device)?;
        }
        let answer = answer(self, device, endpoint, body)?;
        let disk = &self.disk;
        self.landings.forget(|id| matches!(ReadStore::get(disk, &Key::Answer(id)), Ok(Some(_))));
        Ok(answer)
    }

    /// Takes a computer back that was registered since the backup, by what it was given then.
    fn readmit(&mut self, device: DeviceId) -> Result<(), Trouble> {
        let key = self.keys.signing.verifying_key();
        let shown = self.certificates.get(&device).and_then(|shown| DeviceCertificate::read(shown, &key));
        let shown = shown.ok_or_else(|| Trouble::No("session.unknown-device".to_owned()))?;
        self.drive(None)?;
        let step = self.centre().readmit(&shown)?;
        self.drive(Some(step))?;
        let step = self.centre().confirm()?;
        self.drive(Some(step))
    }

    /// Takes a computer away that is gone for good, where it is known here.
    pub(super) fn removes(&mut self, device: DeviceId) -> Result<(), Trouble> {
        if self.centre().device(device)?.is_none_or(|row| !row.is_live()) {
            return Ok(());
        }
        let step = self.centre().remove_device("dinas", device, "lost")?;
        self.drive(Some(step))
    }

    /// Takes a backup and notes what it covers.
    pub(super) fn back_up(&mut self) -> Result<(), Trouble> {
        self.drive(None)?;
        if self.bug != Some(Bug::CoversWhileHealing) || self.centre().waits_for()?.is_empty() {
            self.backups.push(self.disk.copy());
        }
        let version = self.centre().head()?.version;
        let step = self.centre().cover(version)?;
        self.drive(Some(step))
    }

    /// Loses the disk, and begins another life from the last backup, or from the one so many before it; says whether there
    /// was one.
    pub(super) fn lose_disk(&mut self, before: usize) -> Result<bool, Trouble> {
        let put_back = self.put_back(before)?;
        if put_back && self.bug != Some(Bug::RestoresSilently) {
            self.drive(None)?;
            self.confirms()?;
        }
        Ok(put_back)
    }

    /// The operator gives his word for what was there before the restore.
    pub(super) fn confirms(&mut self) -> Result<(), Trouble> {
        let step = self.centre().confirm()?;
        self.drive(Some(step))
    }

    /// Puts such a backup in the place of the disk; the life of the log that follows has not begun.
    pub(super) fn put_back(&mut self, before: usize) -> Result<bool, Trouble> {
        // Those that were made later could not be read.
        let readable = self.backups.len().saturating_sub(before).max(1);
        self.backups.truncate(readable);
        let Some(backup) = self.backups.last() else { return Ok(false) };
        self.disk.put_back(backup)?;
        self.landings = Landings::default();
        self.snapshots.clear();
        self.down = false;
        self.lives += 1;
        if self.bug != Some(Bug::RestoresSilently) {
            self.epoch = EpochId::from_bytes([b'l', b'i', b'f', b'e', b'-', 0, 0, self.lives]);
        }
        Ok(true)
    }

    /// The same centre once more, with the last of its backups.
    pub(super) fn fork(&self) -> Result<Self, Trouble> {
        Ok(Self {
            npsn: self.npsn,
            disk: self.disk.fork()?,
            date: self.date,
            worked_on: self.worked_on.clone(),
            day: self.day,
            latest: self.latest,
            releases: self.releases.clone(),
            keys: CentreKeys { signing: self.keys.signing.clone() },
            head: self.head.clone(),
            head_key: self.head_key,
            down: self.down,
            landings: Landings::default(),
            snapshots: self.snapshots.clone(),
            offers_snapshots: self.offers_snapshots,
            certificates: self.certificates.clone(),
            backups: self.backups.last().map(Image::fork).into_iter().collect(),
            lives: self.lives,
            epoch: self.epoch,
            bug: self.bug,
            flaw: self.flaw,
        })
    }

    /// Times that it was restored.
    pub(super) const fn restores(&self) -> u8 {
        self.lives - 1
    }

    /// The head's keys end, as by a person at the Dinas.
    pub(super) fn revoke(&mut self) -> Result<(), Trouble> {
        self.drive(None)?;
        let step = self.centre().revoke("dinas", RecordId::from_bytes(HEAD))?.step;
        self.drive(Some(step))
    }

    /// The head enrols another key.
    pub(super) fn enrol(&mut self, key: SigningKey) -> Result<(), Trouble> {
        self.drive(None)?;
        self.head = key;
        let enrolment = self.centre().enrol(RecordId::from_bytes(HEAD), self.head.verifying_key().to_bytes())?;
        self.head_key = Some(enrolment.key);
        self.drive(enrolment.step)
    }

    /// Whether it was ever restored.
    pub(super) fn has_lost_its_disk(&self) -> bool {
        self.lives > 1
    }

    /// The bundles in the log, in order.
    pub(super) fn bundles(&self) -> Result<Vec<BundleId>, Trouble> {
        let mut bundles = Vec::new();
        self.each_entry(&mut |entry| {
            if let Origin::Bundle { bundle, .. } = entry.origin {
                bundles.push(bundle);
            }
        })?;
        Ok(bundles)
    }

    /// The entries of earlier lives whose edits the log has as the centre's own, by their names.
    pub(super) fn retaken(&self) -> Result<Vec<String>, Trouble> {
        let mut retaken = Vec::new();
        self.each_entry(&mut |entry| {
            let is_retaken = matches!(&entry.origin, Origin::Act { kind, .. } if kind == "centre.retaken");
            retaken.extend(entry.first.filter(|_| is_retaken).map(|first| first.entry.to_string()));
        })?;
        Ok(retaken)
    }

    pub(super) fn each_entry(&self, visit: &mut dyn FnMut(LogEntry)) -> Result<(), Trouble> {
        let mut broken = false;
        self.disk.scan(&Range::Entries(LogVersion::new(0)), &mut |_, row| {
            if let Row::Entry(row) = row {
                match LogEntry::from_bytes(&row.entry) {
                    Ok(entry) => visit(entry),
                    Err(_) => broken = true,
                }
            }
            Ok(Flow::Continue)
        })?;
        if broken { wrong("an entry of the log cannot be read") } else { Ok(()) }
    }

    /// The values of a field between which nobody has decided.
    pub(super) fn values(&self, key: RecordKey, field: &str) -> Result<BTreeSet<String>, Trouble> {
        let values = self.centre().values(key, field)?;
        Ok(values
            .into_iter()
            .filter_map(|value| if let Value::Text(text) = value { Some(text) } else { None })
            .collect())
    }

    /// Whether people have to decide something about a record.
    pub(super) fn is_contested(&self, key: RecordKey) -> Result<bool, Trouble> {
        Ok(ReadStore::get(&self.disk, &Key::Conflict(key))?.is_some())
    }
}

impl Host for CentreHost {
    type Error = Trouble;

    fn commit(&mut self, batch: &Batch) -> Result<(), Trouble> {
        Ok(self.disk.commit(batch)?)
    }

    fn perform(&mut self, effect: Effect) -> Result<(), Trouble> {
        if let Effect::RemoveBlob(name) = effect {
            Blobs::remove(&self.disk, &name)?;
        }
        Ok(())
    }

    fn resume(&mut self) -> Result<Option<Step>, Trouble> {
        Ok(self.centre().resume()?)
    }

    fn flaw(&self) -> Option<Flaw> {
        self.flaw
    }
}

impl Answers for CentreHost {
    fn centre(&self) -> Centre<'_> {
        Self::centre(self)
    }

    fn landed(&self, bundle: BundleId) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self.landings.whole(bundle))
    }

    fn decided(&mut self, _: BundleId, _: &Verdict) -> Result<(), Trouble> {
        Ok(())
    }

    fn snapshot(&mut self) -> Result<Option<Offer>, Trouble> {
        let version = self.centre().head()?.version;
        if !self.offers_snapshots || version.get() == 0 {
            return Ok(None);
        }
        let file = self.centre().snapshot(Vec::new())?;
        let hash = *blake3::hash(&file).as_bytes();
        let offer = Offer { version, hash, bytes: file.len() as u64 };
        self.snapshots.insert(hash, file);
        Ok(Some(offer))
    }

    fn failed(error: CentreError) -> Trouble {
        error.into()
    }
}
