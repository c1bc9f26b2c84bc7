//! A computer of a school in the world.

use selaras_model::{BundleId, DeviceId, Npsn, RecordId, ReplicaId};
use selaras_policy::AccountFacts;
use selaras_storage::Fault;
use selaras_sync::transfer::Upload;
use selaras_sync::{
    Batch, Carry, FirstLife, Healing, Incoming, Installation, Key, Order, Outcome, Purpose, Refusal, Rules, School,
    SchoolError, Signer, StateName, Step, Store, entry_hash,
};

use super::centre::{CentreHost, HEAD, HEAD_KEY, today};
use super::disk::{Bug, Disk};
use super::rules::rules;
use super::trouble::Trouble;

pub(super) struct Computer {
    pub(super) school: usize,
    pub(super) device: DeviceId,
    number: u8,
    pub(super) disk: Disk,
    pub(super) rules: Rules,
    /// The request whose answer is awaited, and what it was for.
    pub(super) waiting: Option<(u64, Purpose)>,
    /// The upload that is under way in this process, and of which bundle.
    pub(super) upload: Option<(BundleId, Upload)>,
    pub(super) down: bool,
    pub(super) renewals: u8,
    /// A conversation with a restored centre; a process that dies has none.
    pub(super) healing: Option<Healing>,
    bug: Option<Bug>,
}

impl Computer {
    pub(super) fn new(
        school: usize,
        number: u8,
        npsn: Npsn,
        centre: &CentreHost,
        bug: Option<Bug>,
    ) -> Result<Self, Trouble> {
        let disk = Disk::new(npsn, bug.filter(|bug| !matches!(bug, Bug::ForgetsAnswers)))?;
        let rules = rules();
        let device = DeviceId::from_bytes([number; 8]);
        let installation = Installation {
            npsn,
            replica: ReplicaId::from_bytes([number; 8]),
            device,
            centre_key: centre.centre_key(),
            centre_url: String::new(),
            centre_name: String::new(),
            centre_ca: None,
        };
        disk.commit(&School::install(&installation, &rules, today())?)?;
        Ok(Self {
            school,
            device,
            number,
            disk,
            rules,
            waiting: None,
            upload: None,
            down: false,
            renewals: 0,
            healing: None,
            bug,
        })
    }

    pub(super) fn school(&self) -> School<'_> {
        School::new(&self.disk, self.disk.blobs(), &self.rules, 0)
    }

    /// Ends what was decided.
    pub(super) fn drive(&self, first: Option<Step>) -> Result<(), Trouble> {
        let mut next = first;
        loop {
            let step = match next.take() {
                Some(step) => step,
                None => match self.school().resume()? {
                    Some(step) => step,
                    None => return Ok(()),
                },
            };
            self.disk.carry_out(&step)?;
        }
    }

    pub(super) fn settle(&self) -> Result<(), Trouble> {
        self.drive(None)?;
        while let Some(step) = self.school().ensure_judged()? {
            self.drive(Some(step))?;
        }
        Ok(())
    }

    /// Approves; says which findings closed the gate where it is closed.
    pub(super) fn approve(&self, centre: &CentreHost) -> Result<Result<(), SchoolError>, Trouble> {
        self.settle()?;
        let facts = AccountFacts::of_head(RecordId::from_bytes(HEAD));
        let signer = Signer { key: &centre.head, id: HEAD_KEY, enrolled: None };
        match self.school().approve(&Order { modules: None, facts: &facts, author: "kepala" }, &signer) {
            Ok(approved) => self.drive(Some(approved.step)).map(Ok),
            Err(SchoolError::Store(error)) => Err(error.into()),
            Err(error) => Ok(Err(error)),
        }
    }

    /// Makes a request durable and gives its body.
    pub(super) fn request(&self, purpose: Purpose, carry: Carry) -> Result<Vec<u8>, Trouble> {
        self.settle()?;
        self.mint_anew(purpose)?;
        let outgoing = self.school().request(purpose, carry)?;
        self.drive(outgoing.step)?;
        Ok(outgoing.body)
    }

    /// Gives up waiting for an answer; of a piece that was on its way only the centre knows what arrived.
    pub(super) fn waits_no_longer(&mut self, request: u64) {
        if self.waiting.is_some_and(|(waiting, _)| waiting == request) {
            self.waiting = None;
            if let Some((_, upload)) = &mut self.upload {
                upload.cut();
            }
        }
    }

    /// The planted bug: what may have arrived is dropped and becomes drafts again.
    fn mint_anew(&self, purpose: Purpose) -> Result<(), Trouble> {
        let offered = self.school().sealed()?.is_some_and(|sealed| sealed.phase == selaras_sync::Phase::Offered);
        if self.bug == Some(Bug::MintsAnew) && purpose == Purpose::Sync && offered {
            let mut batch = Batch::default();
            batch.remove(Key::State(StateName::Sealed));
            self.disk.commit(&batch)?;
        }
        Ok(())
    }

    /// Takes an answer in; what is not this centre's changes nothing.
    pub(super) fn absorb(&mut self, answer: &[u8]) -> Result<Option<Incoming>, Trouble> {
        self.settle()?;
        let mut incoming = match self.school().answer(answer) {
            Ok(incoming) => incoming,
            Err(SchoolError::NotOurCentre(_)) => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        if incoming.copied() {
            let name = self.another_name();
            let step = self.school().renew(name, &incoming)?;
            self.drive(Some(step))?;
        }
        while let Some(step) = self.school().absorb(&mut incoming)? {
            self.drive(Some(step))?;
        }
        Ok(Some(incoming))
    }

    /// A name that nobody has had.
    pub(super) fn another_name(&mut self) -> ReplicaId {
        self.renewals += 1;
        ReplicaId::from_bytes([0x80, self.number, 0, 0, 0, 0, 0, self.renewals])
    }

    /// The same computer once more, as its disk is now.
    pub(super) fn copy(&self, number: u8) -> Result<Self, Trouble> {
        let disk = self.disk.fork()?;
        let rules = self.rules.clone();
        let Self { school, device, bug, .. } = *self;
        Ok(Self {
            school,
            device,
            number,
            disk,
            rules,
            waiting: None,
            upload: None,
            down: false,
            renewals: 0,
            healing: None,
            bug,
        })
    }

    /// Puts an image in the place of the disk, behind everybody's back.
    pub(super) fn replace_disk(&mut self, image: Disk) {
        self.disk = image;
        self.waiting = None;
        self.upload = None;
        self.healing = None;
        self.down = false;
    }

    pub(super) fn fail_after(&self, commits: u64, fault: Fault) {
        self.disk.fail_after(commits, fault);
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
