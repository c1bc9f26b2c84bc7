//! A computer of a school in the world.

use std::io::Read;

use ed25519_dalek::SigningKey;
use selaras_model::{BundleId, DeviceId, RecordId, RecordKey, ReplicaId, Value};
use selaras_policy::AccountFacts;
use selaras_storage::Fault;
use selaras_sync::exchange::{Exchange, ExchangeError, Flaw, Host, Notice, SchoolHost, carry_out};
use selaras_sync::transfer::Upload;
use selaras_sync::{
    Batch, Blobs, Effect, FirstLife, Installation, Order, Outcome, Purpose, ReadStore, Refusal, Rules, School,
    SchoolError, Signer, Step, Store, Subject, entry_hash,
};

use super::bug::Bug;
use super::centre::{CentreHost, HEAD, today};
use super::disk::Disk;
use super::rules::rules;
use super::trouble::{Trouble, wrong};

/// What an answer said of a bundle.
pub(super) type Heard = (BundleId, String);

pub(super) struct Computer {
    pub(super) school: usize,
    pub(super) device: DeviceId,
    number: u8,
    pub(super) disk: Disk,
    pub(super) rules: Rules,
    /// The exchange that is under way in this process, and the number of what it waits for.
    pub(super) exchange: Option<(u64, Exchange)>,
    /// What an answer of that exchange said of a bundle, while it is not taken in.
    pub(super) heard: Option<Heard>,
    /// The upload that is under way in this process, and of which bundle.
    pub(super) upload: Option<(BundleId, Upload)>,
    /// When what was approved is sent, where somebody waits for it in this process.
    pub(super) sends_at: Option<u64>,
    pub(super) down: bool,
    /// It is gone for good, with its disk.
    pub(super) gone: bool,
    pub(super) renewals: u8,
    /// What was told since somebody listened.
    pub(super) notices: Vec<Notice>,
    bug: Option<Bug>,
    pub(super) flaw: Option<Flaw>,
}

impl Computer {
    pub(super) fn new(
        school: usize,
        number: u8,
        centre: &mut CentreHost,
        (bug, flaw): (Option<Bug>, Option<Flaw>),
    ) -> Result<Self, Trouble> {
        let npsn = centre.npsn;
        let replica = ReplicaId::from_bytes([number; 8]);
        let public = SigningKey::from_bytes(&[number; 32]).verifying_key().to_bytes();
        let device = centre.register(public, replica)?;
        let disk = Disk::new(npsn, bug.filter(|bug| !bug.is_centres()))?;
        let rules = rules();
        let installation = Installation {
            npsn,
            replica,
            device,
            centre_key: centre.centre_key(),
            centre_url: String::new(),
            centre_name: String::new(),
            centre_ca: None,
        };
        disk.commit(&School::install(&installation, &rules, today())?)?;
        Ok(Self::on(disk, rules, (school, number, device), (bug, flaw)))
    }

    fn on(
        disk: Disk,
        rules: Rules,
        (school, number, device): (usize, u8, DeviceId),
        (bug, flaw): (Option<Bug>, Option<Flaw>),
    ) -> Self {
        Self {
            school,
            device,
            number,
            disk,
            rules,
            exchange: None,
            heard: None,
            upload: None,
            sends_at: None,
            down: false,
            gone: false,
            renewals: 0,
            notices: Vec::new(),
            bug,
            flaw,
        }
    }

    pub(super) fn school(&self) -> School<'_> {
        self.school_over(&self.disk)
    }

    /// The engine on what the disk holds, also while its process is dead.
    pub(super) fn school_over<'s>(&'s self, store: &'s dyn ReadStore) -> School<'s> {
        School::new(store, self.disk.blobs(), &self.rules, 0).with(self.flaw)
    }

    /// What somebody who types into a field writes over: its value, and both sides of a conflict that is shown; not the
    /// other side of one that his own draft is about to make, for that one stays.
    pub(super) fn on_screen(&self, key: RecordKey, field: &str) -> Result<Vec<String>, Trouble> {
        let school = self.school();
        let seen = school.record(key)?.and_then(|record| record.text(field).map(str::to_owned));
        let mut over: Vec<String> = seen.into_iter().collect();
        for conflict in school.conflicts()?.into_iter().filter(|conflict| conflict.key == key && !conflict.pending) {
            if matches!(&conflict.subject, Subject::Field(name) if name.as_str() == field) {
                let sides = std::iter::once(conflict.winner).chain(conflict.others);
                over.extend(
                    sides.filter_map(|side| if let Value::Text(text) = side.value { Some(text) } else { None }),
                );
            }
        }
        Ok(over)
    }

    /// Ends what was decided.
    pub(super) fn drive(&mut self, first: Option<Step>) -> Result<(), Trouble> {
        carry_out(self, first)
    }

    pub(super) fn settle(&mut self) -> Result<(), Trouble> {
        self.drive(None)?;
        while let Some(step) = self.school().ensure_judged()? {
            self.drive(Some(step))?;
        }
        Ok(())
    }

    /// Approves; says which findings closed the gate where it is closed.
    pub(super) fn approve(
        &mut self,
        centre: &CentreHost,
        modules: Option<&[String]>,
    ) -> Result<Result<(), SchoolError>, Trouble> {
        self.settle()?;
        let facts = AccountFacts::of_head(RecordId::from_bytes(HEAD));
        let Some(id) = centre.head_key else { return wrong("a head without a key") };
        let signer = Signer { key: &centre.head, id, enrolled: None };
        let modules = modules.filter(|_| !self.has_bug(Bug::SealsAllModules));
        match self.school().approve(&Order { modules, facts: &facts, author: "kepala" }, &signer) {
            Ok(approved) => self.drive(Some(approved.step)).map(Ok),
            Err(SchoolError::Store(error)) => Err(error.into()),
            Err(error) => Ok(Err(error)),
        }
    }

    pub(super) fn has_bug(&self, bug: Bug) -> bool {
        self.bug == Some(bug)
    }

    /// An exchange that has not begun.
    pub(super) fn new_exchange(&mut self, purpose: Purpose) -> Result<Exchange, Trouble> {
        self.mint_anew(purpose)?;
        self.drop_unreadable()?;
        Ok(Exchange::new(purpose).with(self.flaw))
    }

    /// Gives up waiting; of a piece that was on its way only the centre knows what arrived.
    pub(super) fn waits_no_longer(&mut self, request: u64) {
        if self.exchange.take_if(|(waiting, _)| *waiting == request).is_none() {
            return;
        }
        self.heard = None;
        if let Some((_, upload)) = &mut self.upload {
            upload.cut();
        }
    }

    /// The exchange that waits for this, where it still does.
    pub(super) fn waiting_for(&mut self, request: u64) -> Option<Exchange> {
        self.exchange.take_if(|(waiting, _)| *waiting == request).map(|(_, exchange)| exchange)
    }

    /// What dies with a process.
    pub(super) fn forget(&mut self) {
        self.exchange = None;
        self.heard = None;
        self.upload = None;
        self.sends_at = None;
        self.notices.clear();
    }

    /// A name that nobody has had.
    pub(super) fn another_name(&mut self) -> ReplicaId {
        self.renewals += 1;
        ReplicaId::from_bytes([0x80, self.number, 0, 0, 0, 0, 0, self.renewals])
    }

    /// The same computer once more, with what is under way in its process; an upload is not.
    pub(super) fn fork(&self) -> Result<Self, Trouble> {
        let exchange = self.exchange.clone();
        let twin = Self::on(
            self.disk.fork()?,
            self.rules.clone(),
            (self.school, self.number, self.device),
            (self.bug, self.flaw),
        );
        Ok(Self { exchange, renewals: self.renewals, ..twin })
    }

    /// The same computer once more, as its disk is now.
    pub(super) fn copy(&self, number: u8) -> Result<Self, Trouble> {
        let disk = self.disk.fork()?;
        Ok(Self::on(disk, self.rules.clone(), (self.school, number, self.device), (self.bug, self.flaw)))
    }

    /// Puts an image in the place of the disk, behind everybody's back.
    pub(super) fn replace_disk(&mut self, image: Disk) -> Result<(), Trouble> {
        self.disk = image;
        self.forget();
        self.down = false;
        self.read_rules()
    }

    /// The process starts again, on what its disk holds.
    pub(super) fn starts_again(&mut self) -> Result<(), Trouble> {
        self.disk.restart()?;
        self.forget();
        self.down = false;
        self.read_rules()
    }

    /// Reads the rules that are in force on this disk.
    pub(super) fn read_rules(&mut self) -> Result<(), Trouble> {
        let position = self.school().position()?;
        // They are texts, which take longer to read than most steps of a world.
        if (position.pack, position.rulebook) != (self.rules.pack.hash(), self.rules.rulebook.hash())
            && let Some(rules) = Rules::load(&self.disk)?
        {
            self.rules = rules;
        }
        Ok(())
    }

    pub(super) fn fail_after(&self, commits: u64, fault: Fault) {
        self.disk.fail_after(commits, fault);
    }
}

impl Host for Computer {
    type Error = Trouble;

    fn commit(&mut self, batch: &Batch) -> Result<(), Trouble> {
        Ok(self.disk.commit(batch)?)
    }

    fn perform(&mut self, effect: Effect) -> Result<(), Trouble> {
        match effect {
            Effect::RemoveBlob(name) => Ok(Blobs::remove(&self.disk, &name)?),
            Effect::RulesChanged => self.read_rules(),
            Effect::Progress { .. } => Ok(()),
        }
    }

    fn resume(&mut self) -> Result<Option<Step>, Trouble> {
        Ok(self.school().resume()?)
    }

    fn flaw(&self) -> Option<Flaw> {
        self.flaw
    }
}

impl SchoolHost for Computer {
    fn school(&self) -> School<'_> {
        Self::school(self)
    }

    fn new_name(&mut self) -> Result<ReplicaId, Trouble> {
        Ok(self.another_name())
    }

    fn tell(&mut self, notice: &Notice) -> Result<(), Trouble> {
        self.notices.push(notice.clone());
        Ok(())
    }

    fn file(&self, name: &[u8; 32]) -> Result<Option<Box<dyn Read>>, Trouble> {
        let bytes = Blobs::get(&self.disk, name)?;
        Ok(bytes.map(|bytes| Box::new(std::io::Cursor::new(bytes)) as Box<dyn Read>))
    }
}

impl From<ExchangeError> for Trouble {
    fn from(error: ExchangeError) -> Self {
        match error {
            ExchangeError::School(error) => error.into(),
            ExchangeError::File(_) => Self::Damaged("a snapshot".to_owned()),
            other => Self::Wrong(other.to_string()),
        }
    }
}

/// An outcome in words that do not change.
pub(super) fn told(outcome: &Outcome) -> Option<String> {
    match outcome {
        Outcome::None => None,
        // As it was given first: a restored centre gives it again, as an entry of another life that names the first.
        Outcome::Receipt(receipt) => {
            let entry = receipt.entry();
            let own = || FirstLife { epoch: entry.epoch, version: entry.version, entry: entry_hash(receipt.bytes()) };
            let first = entry.first.clone().unwrap_or_else(own);
            Some(format!("receipt {} {}", first.version, first.entry))
        }
        Outcome::Refusal(refusal) => Some(refused(refusal)),
    }
}

fn refused(refusal: &Refusal) -> String {
    format!("refused {}", refusal.code)
}
