//! A centre and computers of one school, in one process.

use std::cell::{Cell, RefCell};
use std::sync::Arc;

use ed25519_dalek::SigningKey;
use selaras_lab::{Sample, SampleOptions, sample};
use selaras_model::{
    Date, DeviceId, EpochId, KeyId, LogVersion, Npsn, Pack, Record, RecordId, RecordKey, ReplicaId, Value,
};
use selaras_policy::AccountFacts;
use selaras_storage::{Changelog, MemoryBlobs, MemoryEngine, SchoolStore};
use selaras_sync::evidence::{HeadKey, certify};
use selaras_sync::exchange::Endpoint;
use selaras_sync::{
    Announced, Batch, Carry, Centre, CentreError, CentreKeys, DeviceRow, EnrolledKey, Installation, Life, Order,
    Outcome, Purpose, Release, ReturnedRelease, Rules, School, SchoolError, Signer, Store, TypedEdit,
};

use crate::talk::Awaited;

pub(crate) const NOW: i64 = 1_795_500_000;

pub(crate) fn today() -> Date {
    "2026-11-24".parse().unwrap()
}

/// The centre's side of one school.
pub(crate) struct CentreStage {
    pub(crate) store: SchoolStore,
    pub(crate) blobs: MemoryBlobs,
    pub(crate) rules: Rules,
    pub(crate) keys: CentreKeys,
    pub(crate) npsn: Npsn,
    /// The present life of its database.
    pub(crate) epoch: Cell<EpochId>,
    pub(crate) head: SigningKey,
    pub(crate) head_ptk: RecordId,
    pub(crate) revoked: bool,
    /// The head's key was activated at another school.
    pub(crate) elsewhere: bool,
    pub(crate) today: Date,
    /// Bundles that landed and are committed by their ids.
    pub(crate) landed: MemoryBlobs,
    /// Whether who begins is offered the log as a file, as by a centre with a long one.
    pub(crate) offers: Cell<bool>,
    /// The first day of the rules, and what follows them.
    pub(crate) from: Date,
    pub(crate) next: Option<(Date, Rules)>,
    /// Releases that were taken back before they began.
    pub(crate) withdrawn: Vec<Release>,
    /// Releases that came back, and the version of the log by then.
    pub(crate) returned: RefCell<Vec<(ReturnedRelease, LogVersion)>>,
}

impl CentreStage {
    pub(crate) fn new(npsn: Npsn, head_ptk: RecordId) -> Self {
        let store = Changelog::new(Arc::new(MemoryEngine::new())).unwrap().school(npsn);
        let rules = Rules::builtin();
        let epoch = EpochId::from_bytes(*b"epoch-01");
        store.commit(&Centre::found(epoch, &rules).unwrap()).unwrap();
        Self {
            store,
            blobs: MemoryBlobs::new(),
            rules,
            keys: CentreKeys { signing: SigningKey::from_bytes(&[9; 32]) },
            npsn,
            epoch: Cell::new(epoch),
            head: SigningKey::from_bytes(&[7; 32]),
            head_ptk,
            revoked: false,
            elsewhere: false,
            today: today(),
            landed: MemoryBlobs::new(),
            offers: Cell::default(),
            from: Date::MIN,
            next: None,
            withdrawn: Vec::new(),
            returned: RefCell::default(),
        }
    }

    pub(crate) fn centre(&self) -> Centre<'_> {
        let next = self.next.as_ref().map(|(from, rules)| (*from, rules));
        Centre::new(&self.store, &self.blobs, &self.rules, &self.keys, self.life(), NOW, self.today)
            .announcing(Announced { from: self.from, next })
            .having_withdrawn(&self.withdrawn)
    }

    pub(crate) fn life(&self) -> Life {
        Life { npsn: self.npsn, epoch: self.epoch.get() }
    }

    /// Knows a computer by a name that a test can read, and not by its key.
    fn register(&self, installation: &Installation) {
        let row = DeviceRow {
            public: [installation.device.as_bytes()[0]; 32],
            replica: installation.replica,
            app_version: String::new(),
            registered_at: NOW,
            ended: None,
        };
        let mut batch = Batch::default();
        selaras_sync::local::put(&mut batch, &format!("device/{}", installation.device), &row).unwrap();
        self.store.commit(&batch).unwrap();
    }

    pub(crate) fn act(&self, records: &[Record]) {
        let edits = records.iter().map(typed).collect();
        self.drive(Some(self.centre().act("test.act", edits).unwrap()));
    }

    /// What this centre knows of the head's key.
    pub(crate) fn known(&self) -> EnrolledKey {
        let public = self.head.verifying_key().to_bytes();
        EnrolledKey { ptk: self.head_ptk, public, enrolled_at: NOW, revoked: self.revoked }
    }

    /// The head's key, as this centre enrolled it.
    pub(crate) fn enrolled(&self) -> HeadKey {
        let public = self.head.verifying_key().to_bytes();
        certify(self.npsn, self.head_ptk, self.head_key(), public, NOW, &self.keys.signing)
    }

    pub(crate) fn head_key(&self) -> KeyId {
        KeyId::from_bytes(*b"head-key")
    }

    pub(crate) fn try_serve(&self, device: DeviceId, body: &[u8]) -> Result<Vec<u8>, CentreError> {
        self.try_answer(device, Endpoint::Exchange(Carry::Inline), body)
    }

    pub(crate) fn serve(&self, device: DeviceId, body: &[u8]) -> Vec<u8> {
        self.try_serve(device, body).unwrap()
    }

    pub(crate) fn record(&self, key: RecordKey) -> Option<Record> {
        self.centre().record(key).unwrap()
    }
}

pub(crate) fn typed(record: &Record) -> TypedEdit {
    TypedEdit { key: record.key(), fields: record.fields.clone(), deleted: record.deleted.then_some(true) }
}

/// A computer of the school.
pub(crate) struct Computer {
    engine: Arc<MemoryEngine>,
    pub(crate) store: SchoolStore,
    pub(crate) blobs: MemoryBlobs,
    /// Those in force; a test is short, and what it leaks is little.
    rules: Cell<&'static Rules>,
    pub(crate) device: DeviceId,
    /// The exchange whose answer is awaited.
    pub(crate) awaited: Awaited,
}

impl Computer {
    pub(crate) fn new(centre: &CentreStage, number: u8) -> Self {
        let engine = Arc::new(MemoryEngine::new());
        let store = Changelog::new(engine.clone()).unwrap().school(centre.npsn);
        let rules = Rules::builtin();
        let device = DeviceId::from_bytes([number; 8]);
        let installation = Installation {
            npsn: centre.npsn,
            replica: ReplicaId::from_bytes([number; 8]),
            device,
            centre_key: centre.keys.signing.verifying_key().to_bytes(),
            centre_url: "http://127.0.0.1:1".to_owned(),
            centre_name: "Pusat".to_owned(),
            centre_ca: None,
        };
        store.commit(&School::install(&installation, &rules, today()).unwrap()).unwrap();
        centre.register(&installation);
        Self {
            engine,
            store,
            blobs: MemoryBlobs::new(),
            rules: Cell::new(Box::leak(Box::new(rules))),
            device,
            awaited: Awaited::default(),
        }
    }

    /// The same disk once more.
    pub(crate) fn copy(&self) -> Self {
        let engine = Arc::new(self.engine.fork());
        let store = Changelog::new(engine.clone()).unwrap().school(self.store.npsn());
        let rules = self.rules.clone();
        Self { engine, store, blobs: self.blobs.fork(), rules, device: self.device, awaited: Awaited::default() }
    }

    pub(crate) fn school(&self) -> School<'_> {
        School::new(&self.store, &self.blobs, self.rules.get(), NOW)
    }

    /// The rules that are in force.
    pub(crate) fn rules(&self) -> &'static Rules {
        self.rules.get()
    }

    /// Reads the rules that the store says are in force.
    pub(crate) fn read_rules(&self) {
        self.rules.set(Box::leak(Box::new(Rules::load(&self.store).unwrap().unwrap())));
    }

    pub(crate) fn settle(&self) {
        self.drive(None);
        while let Some(step) = self.school().ensure_judged().unwrap() {
            self.drive(Some(step));
        }
    }

    pub(crate) fn edit(&self, edit: TypedEdit) {
        self.try_edit(edit).unwrap();
    }

    pub(crate) fn try_edit(&self, edit: TypedEdit) -> Result<(), SchoolError> {
        let step = self.school().edit(&[edit], "operator")?;
        self.drive(Some(step));
        Ok(())
    }

    pub(crate) fn set(&self, key: RecordKey, name: &str, value: Value) {
        let fields = [(name.parse().unwrap(), value)].into_iter().collect();
        self.edit(TypedEdit { key, fields, deleted: None });
    }

    pub(crate) fn import(&self, records: &[Record]) {
        let edits = records.iter().map(typed).collect();
        self.drive(Some(self.school().import(edits, "operator").unwrap()));
        self.settle();
    }

    pub(crate) fn facts(&self, centre: &CentreStage) -> AccountFacts {
        AccountFacts::of_head(centre.head_ptk)
    }

    pub(crate) fn try_approve(&self, centre: &CentreStage) -> Result<u32, SchoolError> {
        self.try_approve_of(centre, None)
    }

    /// Approves some modules, or all.
    pub(crate) fn try_approve_of(&self, centre: &CentreStage, modules: Option<&[&str]>) -> Result<u32, SchoolError> {
        self.settle();
        let modules: Option<Vec<String>> = modules.map(|names| names.iter().map(|name| (*name).to_owned()).collect());
        let order = Order { modules: modules.as_deref(), facts: &self.facts(centre), author: "head" };
        let enrolled = centre.enrolled();
        let signer = Signer { key: &centre.head, id: centre.head_key(), enrolled: Some(&enrolled) };
        let approved = self.school().approve(&order, &signer)?;
        self.drive(Some(approved.step));
        Ok(approved.records)
    }

    pub(crate) fn approve(&self, centre: &CentreStage) -> u32 {
        self.try_approve(centre).unwrap()
    }

    /// Makes the request durable and gives its body; the bundle is in it.
    pub(crate) fn request(&self, purpose: Purpose) -> Vec<u8> {
        self.begin(purpose, u64::MAX)
    }

    pub(crate) fn request_by(&self, purpose: Purpose, carry: Carry) -> Vec<u8> {
        self.begin(purpose, if carry == Carry::Landed { 0 } else { u64::MAX })
    }

    /// Exchanges to the end; gives the bundle's outcome and the number of requests of the exchange.
    pub(crate) fn exchange(&self, centre: &CentreStage, purpose: Purpose) -> (Outcome, u32) {
        let talked = self.try_exchange(centre, purpose).unwrap();
        let requests = talked.sent.iter().filter(|(endpoint, _)| matches!(endpoint, Endpoint::Exchange(_)));
        (talked.outcome(), u32::try_from(requests.count()).unwrap())
    }

    pub(crate) fn pull(&self, centre: &CentreStage) {
        self.exchange(centre, Purpose::Pull);
    }

    pub(crate) fn sync(&self, centre: &CentreStage) -> Outcome {
        self.exchange(centre, Purpose::Sync).0
    }

    pub(crate) fn record(&self, key: RecordKey) -> Record {
        self.school().record(key).unwrap().unwrap()
    }
}

/// Both sides computed the same digests, each from its own records.
pub(crate) fn assert_equal(computer: &Computer, centre: &CentreStage) {
    assert_eq!(computer.school().digests().unwrap(), centre.centre().digests().unwrap());
    assert_eq!(computer.school().position().unwrap().equal, Some(true));
}

/// A small made-up school with its head assigned, on both sides and in step.
pub(crate) struct Stage {
    pub(crate) sample: Sample,
    pub(crate) centre: CentreStage,
    pub(crate) first: Computer,
}

impl Stage {
    /// The centre holds its part; the computer is new.
    pub(crate) fn bare(students: u32) -> Self {
        let options = SampleOptions { students, ..SampleOptions::default() };
        let sample = sample(&Pack::builtin(), &options).unwrap();
        let centre = CentreStage::new(sample.npsn, sample.head);
        centre.act(&sample.centre);
        let first = Computer::new(&centre, 1);
        Self { sample, centre, first }
    }

    pub(crate) fn assign_head(&self) {
        self.centre.act(&[assignment(self.sample.head)]);
    }

    /// All of the sample at both ends.
    pub(crate) fn in_step(students: u32) -> Self {
        let stage = Self::bare(students);
        stage.assign_head();
        stage.first.pull(&stage.centre);
        stage.first.import(&stage.sample.school);
        stage.first.approve(&stage.centre);
        assert!(matches!(stage.first.sync(&stage.centre), Outcome::Receipt(_)));
        assert_equal(&stage.first, &stage.centre);
        stage
    }

    pub(crate) fn student(&self) -> RecordKey {
        self.any("peserta_didik")
    }

    pub(crate) fn any(&self, entity: &str) -> RecordKey {
        let code = Pack::builtin().entity_named(entity).unwrap().code;
        self.sample.whole().into_keys().find(|key| key.entity == code).unwrap()
    }
}

/// The Dinas's assignment of a head.
pub(crate) fn assignment(head: RecordId) -> Record {
    let entity = Pack::builtin().entity_named("tugas_tambahan").unwrap().code;
    let mut record = Record::new(RecordKey { entity, id: RecordId::from_bytes([0x77; 16]) });
    let mut set = |name: &str, value: Value| record.fields.insert(name.parse().unwrap(), value);
    set("ptk_id", Value::Ref(head));
    set("jabatan_ptk_id", Value::Code("2".to_owned()));
    set("jumlah_jam", Value::Int(24));
    set("nomor_sk", Value::text("SK/DINAS/2026/001"));
    set("tmt_tambahan", Value::Date("2026-07-01".parse().unwrap()));
    record
}
