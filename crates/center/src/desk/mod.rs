//! The desk of one school: everything that is done on its rows, synchronously and alone on the school.
//!
//! A desk is opened on a blocking thread under the school's lock (see [`crate::lanes`]). It first finishes large work
//! that an earlier process decided and did not end, so that nothing else ever sees half of it.

mod acts;
mod devices;
mod exchange;
mod heads;
mod healing;
mod host;
mod lookup;
mod moves;
mod registration;
pub(crate) mod rows;
mod sessions;
mod students;
mod unmet;

use std::sync::Arc;

use selaras_model::{Date, Npsn, Pack};
use selaras_storage::{FileBlobs, SchoolStore};
use selaras_sync::exchange::carry_out;
use selaras_sync::{
    Announced, Batch, Centre, CentreError, Life, Release, RulesDay, SchoolRow, Step, Store, StoreError,
};
use selaras_transport::Problem;

use crate::catalogue::problem;
use crate::dates::Acting;
use crate::host::Host;
use crate::releases::InForce;

use self::host::AtDesk;
use self::rows::{REGISTRATION, RegistrationRow};

pub(crate) use self::acts::By;
pub(crate) use self::moves::{Answer, Due};
pub(crate) use self::registration::{found, found_again};
pub(crate) use self::sessions::{admit, shown_of_unknown};

/// How long a school is asked to wait while its other computers heal the centre.
const HEALING_WAIT: std::time::Duration = std::time::Duration::from_secs(600);

/// How long whoever asks is asked to wait while the centre's own records are made anew from its log.
const MENDING_WAIT: std::time::Duration = std::time::Duration::from_secs(30);

/// A school's desk.
pub(crate) struct Desk {
    pub(crate) host: Arc<Host>,
    pub(crate) npsn: Npsn,
    /// The school's registration when the desk was opened.
    pub(crate) known: RegistrationRow,
    pub(crate) store: SchoolStore,
    pub(crate) blobs: FileBlobs,
    /// Pack and rulebook of the day on which the desk was opened.
    pub(crate) in_force: InForce,
    /// Seconds since 1970 when the desk was opened.
    pub(crate) now: i64,
    /// The centre's date when the desk was opened.
    pub(crate) today: Date,
    /// The greatest date that the centre has acted on.
    latest: Date,
    /// The day by which rules are chosen.
    day: RulesDay,
    /// Releases that were taken back before they began.
    withdrawn: Arc<[Release]>,
}

impl Desk {
    /// Opens the desk; the caller holds the school's lock.
    ///
    /// # Errors
    /// `school.unknown` for a school that nobody added, before anything is made for it.
    pub(crate) fn open(host: Arc<Host>, npsn: Npsn) -> Result<Self, Problem> {
        let store = host.changelog.school(npsn);
        let known: Option<RegistrationRow> = rows::read(&store, REGISTRATION).map_err(|error| stored(&error))?;
        let mut known = known.ok_or_else(|| problem("school.unknown").with("npsn", npsn))?;
        let blobs = host.blobs(npsn).map_err(|error| stored(&error))?;
        let Acting { today, latest, in_force, day } = host.acting()?;
        let withdrawn = host.releases.withdrawn();
        let now = host.clock.now();
        if known.name.is_empty() {
            let school: Option<SchoolRow> = rows::read(&store, "school").map_err(|error| stored(&error))?;
            known.name = school.map(|school| school.name).unwrap_or_default();
        }
        let desk = Self { host, npsn, known, store, blobs, in_force, now, today, latest, day, withdrawn };
        desk.drive(None)?;
        desk.promise_rows()?;
        Ok(desk)
    }

    /// Makes entries of what has none: what an earlier version promised by rows alone, a new school's beginning, its later
    /// name and area, releases.
    fn promise_rows(&self) -> Result<(), Problem> {
        // Nothing is promised in a life of the database that is over: `restore` begins the next one first.
        if self.centre().epoch().map_err(|error| refused(&error))? != Some(self.host.epoch) {
            return Ok(());
        }
        let school = SchoolRow { name: self.known.name.clone(), ..SchoolRow::default() };
        while let Some(step) = self.centre().promise_rows(&school).map_err(|error| refused(&error))? {
            self.drive(step)?;
        }
        Ok(())
    }

    /// The engine on this school's rows.
    pub(crate) fn centre(&self) -> Centre<'_> {
        let host = &self.host;
        let InForce { now, next } = &self.in_force;
        let life = Life { npsn: self.npsn, epoch: host.epoch };
        let announced = Announced { from: now.from, next: next.as_deref().map(|next| (next.from, &next.rules)) };
        Centre::new(&self.store, &self.blobs, &now.rules, &host.keys, life, self.now, self.today)
            .announcing(announced)
            .having_acted_on(self.latest)
            .having_withdrawn(&self.withdrawn)
    }

    /// The pack in force.
    pub(crate) fn pack(&self) -> &Pack {
        &self.in_force.now.rules.pack
    }

    /// Commits a step and all that follow from it; without a step, those of work that was decided before.
    pub(crate) fn drive(&self, first: impl Into<Option<Step>>) -> Result<(), Problem> {
        carry_out(&mut AtDesk::new(self), first.into())
    }

    pub(crate) fn commit(&self, batch: &Batch) -> Result<(), Problem> {
        self.store.commit(batch).map_err(|error| stored(&error))
    }
}

/// A failure of the store as a problem; what it was goes to the log.
pub(crate) fn stored(error: &StoreError) -> Problem {
    tracing::error!(%error, "the store failed");
    if let StoreError::Damaged(_) = error {
        // Coming again does not help, and nothing of the school's is at fault.
        return problem("center.store-damaged");
    }
    problem("center.store").after(std::time::Duration::from_secs(30))
}

/// A failure of the engine as a problem.
pub(crate) fn refused(error: &CentreError) -> Problem {
    match error {
        CentreError::Store(error) => stored(error),
        CentreError::NotEntitled(unmet) => {
            problem("head.not-entitled").because(unmet.iter().map(unmet::reason).collect())
        }
        other => {
            tracing::warn!(code = other.code(), "a request was refused");
            let args = other.args().into_iter().flatten();
            let problem = args.fold(problem(other.code()), |problem, (name, value)| problem.with(name, value));
            match other.code() {
                "center.healing" => problem.after(HEALING_WAIT),
                "center.damaged" => problem.after(MENDING_WAIT),
                _ => problem,
            }
        }
    }
}
