//! The centre's side of the engine: a light value made for each call over one school's store, under its lock.

mod act;
mod act_judge;
mod acting;
mod approvals;
mod backup;
mod certificate;
mod check;
mod confirm;
mod contested;
mod decide;
mod derive;
mod given_up;
mod head_keys;
mod heads;
mod heal;
mod life;
mod log;
mod moves;
mod parts;
mod promise;
mod receive;
mod records;
mod registry;
mod repair;
mod replay;
mod respond;
mod returned;
mod rows;
mod rules;
mod sound;
mod visits;

use ed25519_dalek::SigningKey;
use selaras_model::{Date, Digest, EntityCode, EntryHash, EpochId, LogVersion, Npsn, Record, RecordId, RecordKey};
use selaras_policy::Finding;

use crate::Rules;
use crate::error::CentreError;
use crate::evidence::{self, Evidence};
#[cfg(feature = "flaws")]
use crate::exchange::Flaw;
use crate::release::Release;
use crate::state::{self, Intent, Judged, Position};
use crate::step::Step;
use crate::store::{Batch, Blobs, Flow, Range, ReadStore, Row, StateName, StoreError};
use crate::view::StoreView;

pub use acting::Acting;
pub use certificate::DeviceCertificate;
pub use check::MAX_JUDGED_DAYS;
pub use confirm::Unconfirmed;
pub use given_up::GivenUp;
pub use head_keys::{Enrolment, RevokedKeys};
pub use heads::{AssignmentIds, HeadAssignment};
pub use heal::{Handing, MAX_HEAL_BYTES};
pub(crate) use heal::{INVENTORY_ITEM, MAX_INVENTORY, MAX_NAMES, MAX_PROOF};
pub use life::Life;
pub use moves::{AnsweredMove, CarriedMove, LateEdits, LatePage, LeavingPerson, MoveOffer, MoveStage, Mover, Promise};
pub(crate) use promise::releases;
pub use receive::{EnrolledKey, Landed, MAX_REQUEST_BYTES, Received, Verdict};
pub use registry::{MAX_DEVICES, NewDevice, Registered};
pub use repair::{MAX_REPAIR_BYTES, Repairing};
pub(crate) use returned::MAX_TOLD_RELEASES;
pub use rows::{DeviceEnd, DeviceRow, HeadKeyRow, KodeRow, SchoolRow, registered_device};
pub(crate) use sound::DAMAGED;
pub use visits::DeviceVisit;

/// The centre's secret keys.
pub struct CentreKeys {
    /// Signs entries of the log and refusals.
    pub signing: SigningKey,
}

impl std::fmt::Debug for CentreKeys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CentreKeys").finish_non_exhaustive()
    }
}

/// The newest entry of a school's log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    /// Its version; 0 for an empty log.
    pub version: LogVersion,
    /// Its hash.
    pub entry: Option<EntryHash>,
}

/// Since when the rules are in force, and what will follow them.
#[derive(Debug, Clone, Copy)]
pub struct Announced<'a> {
    /// The first day of those in force.
    pub from: Date,
    /// Those that follow, and their first day.
    pub next: Option<(Date, &'a Rules)>,
}

/// The centre's side, for one call.
#[derive(Clone, Copy)]
pub struct Centre<'a> {
    store: &'a dyn ReadStore,
    blobs: &'a dyn Blobs,
    rules: &'a Rules,
    keys: &'a CentreKeys,
    npsn: Npsn,
    /// The present life of the centre's database.
    epoch: EpochId,
    now: i64,
    today: Date,
    /// The greatest date that the centre has acted on.
    latest: Date,
    announced: Announced<'a>,
    /// Releases that were taken back before they began.
    withdrawn: &'a [Release],
    #[cfg(feature = "flaws")]
    flaw: Option<Flaw>,
}

impl std::fmt::Debug for Centre<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Centre({})", self.npsn)
    }
}

impl<'a> Centre<'a> {
    /// Looks at a school's store. `now` (seconds since 1970) is written into entries and decides nothing; `today` is
    /// the centre's date.
    #[must_use]
    pub fn new(
        store: &'a dyn ReadStore,
        blobs: &'a dyn Blobs,
        rules: &'a Rules,
        keys: &'a CentreKeys,
        life: Life,
        now: i64,
        today: Date,
    ) -> Self {
        let announced = Announced { from: Date::MIN, next: None };
        let Life { npsn, epoch } = life;
        Self {
            store,
            blobs,
            rules,
            keys,
            npsn,
            epoch,
            now,
            today,
            latest: today,
            announced,
            withdrawn: &[],
            #[cfg(feature = "flaws")]
            flaw: None,
        }
    }

    /// The same with a bug in it.
    #[cfg(feature = "flaws")]
    #[must_use]
    pub fn with(self, flaw: Option<Flaw>) -> Self {
        Self { flaw, ..self }
    }

    /// Tells schools since when the rules are in force, and what will follow them.
    #[must_use]
    pub fn announcing(self, announced: Announced<'a>) -> Self {
        Self { announced, ..self }
    }

    /// Says which releases were taken back before they began: a log that says that one was announced says so too.
    #[must_use]
    pub fn having_withdrawn(self, withdrawn: &'a [Release]) -> Self {
        Self { withdrawn, ..self }
    }

    /// Says on which date the centre has acted last, where its clock was set back since: schools were told that date, and
    /// what they approved by it is good.
    #[must_use]
    pub fn having_acted_on(self, latest: Date) -> Self {
        Self { latest: latest.max(self.today), ..self }
    }

    /// Makes the first commit of a school.
    ///
    /// # Errors
    /// When a row cannot be written at all.
    pub fn found(epoch: EpochId, rules: &Rules) -> Result<Batch, StoreError> {
        let mut batch = Batch::default();
        rules.put(&mut batch);
        state::put(&mut batch, StateName::Position, &Position::new(rules, Some(epoch), Date::MIN))?;
        state::put(&mut batch, StateName::Judged, &crate::school::judged_nothing(rules, Date::MIN))?;
        Ok(batch)
    }

    /// Gives the next step of what was decided or is due: another life of the log, large work, new rules, findings. The
    /// host runs it to the end before anything else.
    ///
    /// # Errors
    /// As the store gives them.
    pub fn resume(&self) -> Result<Option<Step>, CentreError> {
        let intent = state::read(self.store, StateName::Intent)?;
        #[cfg(feature = "flaws")]
        if let Some(step) = self.rules_before_life()? {
            return Ok(Some(step));
        }
        if self.is_of_another_life()? {
            return match intent {
                None => self.put_back().map(Some),
                Some(intent) => self.finish_earlier(intent).map(Some),
            };
        }
        if let Some(intent) = intent {
            return self.finish(intent).map(Some);
        }
        if self.healing()?.is_none() && self.has_other_rules()? {
            return self.rules_step(self.living()?).map(Some);
        }
        let judged: Judged = state::need(self.store, StateName::Judged)?;
        if judged.complete {
            return Ok(None);
        }
        let batches = self.under_its_rules(|centre| {
            let version = centre.position()?.version;
            Ok(crate::judging::run(centre.store, centre.rules, centre.today, version)?)
        })?;
        Ok(Some(Step::of_all(batches)))
    }

    fn finish(&self, intent: Intent) -> Result<Step, CentreError> {
        match intent {
            Intent::Entry { plan, entry } => self.finish_entry(plan.into(), *entry),
            Intent::Entering { progress, entry } => self.finish_entry(progress, *entry),
            _ => Err(StoreError::Damaged("a centre's store with a school's work".into()).into()),
        }
    }

    /// A copy of the store's files was put back in the middle of large work. What that entry is was decided in the life
    /// that is over, before anything else could be: its end is the same to the byte, and no other one for its place.
    fn finish_earlier(&self, intent: Intent) -> Result<Step, CentreError> {
        let epoch = self.epoch()?.ok_or_else(|| StoreError::Damaged("a log without an epoch".to_owned()))?;
        Centre { epoch, ..*self }.finish(intent)
    }

    /// Gives the life of the database in which this log stands.
    ///
    /// # Errors
    /// As the store gives them.
    pub fn epoch(&self) -> Result<Option<EpochId>, CentreError> {
        Ok(self.position()?.epoch)
    }

    pub(crate) fn position(&self) -> Result<Position, CentreError> {
        Ok(state::need(self.store, StateName::Position)?)
    }

    /// Gives a record, a deleted one with its flag.
    ///
    /// # Errors
    /// As the store gives them.
    pub fn record(&self, key: RecordKey) -> Result<Option<Record>, CentreError> {
        Ok(self.view().read(key)?)
    }

    /// Gives the live records of an entity in order, from an id on.
    ///
    /// # Errors
    /// As the store gives them.
    pub fn list(
        &self,
        entity: EntityCode,
        from: Option<RecordId>,
        visit: &mut dyn FnMut(&Record) -> Flow,
    ) -> Result<(), CentreError> {
        let mut live = |record: Record| Ok(if record.deleted { Flow::Continue } else { visit(&record) });
        Ok(self.view().scan(entity, from, &mut live)?)
    }

    /// Gives the records as the rules see them.
    #[must_use]
    pub fn view(&self) -> StoreView<'a> {
        StoreView { store: self.store, rules: self.rules }
    }

    /// Computes the modules' digests from the centre's own records.
    ///
    /// # Errors
    /// As the store gives them.
    pub fn digests(&self) -> Result<Vec<(String, Digest)>, CentreError> {
        let digests = crate::work::stored_digests(self.store, self.rules)?;
        let names = self.rules.pack.modules().iter().map(|module| module.name.clone());
        Ok(names.zip(digests).collect())
    }

    /// Gives the stored findings.
    ///
    /// # Errors
    /// As the store gives them.
    pub fn findings(&self, visit: &mut dyn FnMut(&Finding) -> Flow) -> Result<(), CentreError> {
        Ok(self.store.scan(&Range::Findings, &mut |_, row| {
            let Row::Findings(rows) = row else { return Ok(Flow::Continue) };
            for row in &rows {
                if visit(&row.finding) == Flow::Stop {
                    return Ok(Flow::Stop);
                }
            }
            Ok(Flow::Continue)
        })?)
    }

    /// Whether the log is long enough to be offered as a snapshot to one who begins.
    ///
    /// # Errors
    /// As the store gives them.
    pub fn has_long_log(&self) -> Result<bool, CentreError> {
        let mut records = 0;
        let mut damaged = false;
        self.store.scan(&Range::Entries(LogVersion::new(1)), &mut |_, row| {
            if let Row::Entry(row) = row {
                match crate::LogEntry::from_bytes(&row.entry) {
                    Ok(entry) => records += u64::from(entry.records),
                    Err(_) => damaged = true,
                }
            }
            let enough = damaged || records > crate::snapshot::LONG_LOG;
            Ok(if enough { Flow::Stop } else { Flow::Continue })
        })?;
        if damaged {
            Err(StoreError::Damaged("an entry of the log".to_owned()).into())
        } else {
            Ok(records > crate::snapshot::LONG_LOG)
        }
    }

    /// Writes the log from its beginning as a snapshot, and gives the writer back. The same log always gives the same
    /// bytes from the same version of this crate.
    ///
    /// # Errors
    /// As the store and the writer give them.
    pub fn snapshot<W: std::io::Write>(&self, out: W) -> Result<W, CentreError> {
        let position = self.at_rest()?;
        Ok(crate::snapshot::write(self.store, self.blobs, &position, self.today.days_since_epoch(), out)?)
    }

    /// Gives the evidence of an entry that a bundle became.
    ///
    /// # Errors
    /// `evidence.none` where the entry is none, or no bundle's; `evidence.no-approval` where the approval is not kept
    /// here; `evidence.not-handed-back` where the entry came back after a restore, and its approval has not.
    pub fn evidence(&self, version: LogVersion) -> Result<Evidence, CentreError> {
        let key = self.keys.signing.verifying_key().to_bytes();
        match crate::page::entry_at(self.store, version) {
            Ok((entry, row)) => evidence::gather(self.store, row, key)?.map_err(|code| {
                let handed_back = code == evidence::NO_APPROVAL && entry.first.is_some();
                CentreError::refused(if handed_back { "evidence.not-handed-back" } else { code })
            }),
            Err(_) => Err(CentreError::refused("evidence.none")),
        }
    }

    /// Gives the newest entry of the log.
    ///
    /// # Errors
    /// As the store gives them.
    pub fn head(&self) -> Result<Head, CentreError> {
        let position = self.position()?;
        Ok(Head { version: position.version, entry: position.entry })
    }
}
