//! What hosts share: the one loop of commit, effects and resume, and the one that follows an exchange.

use std::io::{self, Read};

use selaras_model::{BundleId, ReplicaId};

#[cfg(feature = "flaws")]
use super::Flaw;
use super::machine::Exchange;
use super::need::{Event, ExchangeError, Need, Notice, Report, Request};
use crate::School;
use crate::school::Offer;
use crate::snapshot::{Frame, Snapshot, SnapshotError};
use crate::step::{Effect, Step};
use crate::store::Batch;

/// Who carries steps out: the owner of a store and of the blobs beside it, at either end.
pub trait Host {
    /// Why it could not.
    type Error;

    /// Makes all writes of a batch durable, or none.
    ///
    /// # Errors
    /// As the store gives them.
    fn commit(&mut self, batch: &Batch) -> Result<(), Self::Error>;

    /// Does what follows a commit; doing it twice does no harm.
    ///
    /// # Errors
    /// As the host gives them; what was committed stays.
    fn perform(&mut self, effect: Effect) -> Result<(), Self::Error>;

    /// Gives the next step of work that was decided, none where there is none: the engine's `resume`.
    ///
    /// # Errors
    /// As the engine gives them.
    fn resume(&mut self) -> Result<Option<Step>, Self::Error>;

    /// The bug that is planted in how steps are carried out.
    #[cfg(feature = "flaws")]
    fn flaw(&self) -> Option<Flaw> {
        None
    }
}

/// Commits a step, performs its effects, and goes on with what was decided until none of it is left.
///
/// The order is what makes an interruption harmless: a blob is removed only after the commit that removes the last row
/// naming it, and work of several commits is decided by the first of them.
///
/// # Errors
/// As the host gives them; a later call goes on where this one stopped.
pub fn carry_out<H: Host + ?Sized>(host: &mut H, first: Option<Step>) -> Result<(), H::Error> {
    let mut next = first;
    loop {
        let step = match next.take() {
            Some(step) => step,
            #[cfg(feature = "flaws")]
            None if host.flaw() == Some(Flaw::ResumeForgotten) => return Ok(()),
            None => match host.resume()? {
                Some(step) => step,
                None => return Ok(()),
            },
        };
        #[cfg(feature = "flaws")]
        if host.flaw() == Some(Flaw::EffectBeforeCommit) {
            step.effects.iter().cloned().try_for_each(|effect| host.perform(effect))?;
        }
        commit_all(host, step)?;
    }
}

fn commit_all<H: Host + ?Sized>(host: &mut H, step: Step) -> Result<(), H::Error> {
    host.commit(&step.batch)?;
    step.rest.iter().try_for_each(|batch| host.commit(batch))?;
    step.effects.into_iter().try_for_each(|effect| host.perform(effect))
}

/// A school's computer in an exchange, but for the line.
pub trait SchoolHost: Host<Error: From<ExchangeError>> {
    /// The engine on the store, under the rules that are in force there now.
    fn school(&self) -> School<'_>;

    /// A name for an installation that nobody has had.
    ///
    /// # Errors
    /// Where there is no randomness.
    fn new_name(&mut self) -> Result<ReplicaId, Self::Error>;

    /// Tells the person, or writes a log.
    ///
    /// # Errors
    /// As the host gives them.
    fn tell(&mut self, notice: &Notice) -> Result<(), Self::Error>;

    /// Opens a file that was fetched; none where it is not there.
    ///
    /// # Errors
    /// As the disk gives them.
    fn file(&self, name: &[u8; 32]) -> Result<Option<Box<dyn Read>>, Self::Error>;
}

/// A school's computer that waits for its line.
pub trait Line: SchoolHost {
    /// Sends a request and gives the answer's body.
    ///
    /// # Errors
    /// Whatever kept the answer away; a refusal of the centre is told apart by [`Line::refusal`].
    fn send(&mut self, request: &Request) -> Result<Vec<u8>, Self::Error>;

    /// The code by which the centre refused what was asked; none for a failure of this computer.
    fn refusal(error: &Self::Error) -> Option<&str>;

    /// Brings the sealed bundle's bytes to the centre, until all of them have landed.
    ///
    /// # Errors
    /// Whatever ended it; the next attempt goes on where the centre stands.
    fn land(&mut self, bundle: BundleId, bytes: u64) -> Result<(), Self::Error>;

    /// Fetches what of a file is not here yet.
    ///
    /// # Errors
    /// Whatever ended it; the next attempt goes on behind what is here.
    fn fetch(&mut self, offer: &Offer) -> Result<(), Self::Error>;
}

/// What an exchange needs from outside this computer.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Outside {
    /// As [`Need::Send`].
    Send(Request),
    /// As [`Need::Land`].
    Land {
        /// The bundle.
        bundle: BundleId,
        /// How long it is.
        bytes: u64,
    },
    /// As [`Need::Fetch`].
    Fetch(Offer),
    /// As [`Need::Done`].
    Done(Box<Report>),
    /// As [`Need::GiveUp`].
    GiveUp,
}

/// A checked file that is being read, and the frame that comes next.
struct Opened {
    file: [u8; 32],
    next: u64,
    frames: Snapshot<Box<dyn Read>>,
}

/// Tells an exchange what happened, and does what it needs until that is something outside this computer.
///
/// # Errors
/// As host and exchange give them; the exchange is over then.
pub fn advance<H: SchoolHost>(exchange: &mut Exchange, host: &mut H, event: Event) -> Result<Outside, H::Error> {
    let mut event = event;
    let mut opened = None;
    loop {
        let need = exchange.next(&host.school(), event)?;
        event = match need {
            Need::Commit(step) => {
                carry_out(host, Some(*step))?;
                Event::Done
            }
            Need::Resume => {
                carry_out(host, None)?;
                Event::Done
            }
            Need::Name => Event::Named(host.new_name()?),
            Need::Tell(notice) => {
                host.tell(&notice)?;
                Event::Done
            }
            Need::Check(offer) => check(host, &offer)?,
            Need::Frame { file, number } => Event::Frame(frame(host, &mut opened, file, number)),
            Need::Send(request) => return Ok(Outside::Send(request)),
            Need::Land { bundle, bytes } => return Ok(Outside::Land { bundle, bytes }),
            Need::Fetch(offer) => return Ok(Outside::Fetch(offer)),
            Need::Done(report) => return Ok(Outside::Done(report)),
            Need::GiveUp => return Ok(Outside::GiveUp),
        };
    }
}

/// Follows an exchange to its end, waiting for whatever goes over the line.
///
/// # Errors
/// As host, exchange and line give them.
pub fn drive<H: Line>(mut exchange: Exchange, host: &mut H) -> Result<Report, H::Error> {
    let mut event = Event::Begin;
    let mut refused = None;
    loop {
        let happened = match advance(&mut exchange, host, event)? {
            Outside::Send(request) => host.send(&request).map(Event::Answered),
            Outside::Land { bundle, bytes } => host.land(bundle, bytes).map(|()| Event::Landed),
            Outside::Fetch(offer) => host.fetch(&offer).map(|()| Event::Fetched),
            Outside::Done(report) => return Ok(*report),
            Outside::GiveUp => return Err(refused.unwrap_or_else(|| ExchangeError::Unrefused.into())),
        };
        event = match happened {
            Ok(event) => event,
            Err(error) => {
                let Some(code) = H::refusal(&error).map(str::to_owned) else { return Err(error) };
                refused = Some(error);
                Event::Refused(code)
            }
        };
    }
}

/// Checks a fetched file; one that is not what was offered is removed, so that it is fetched anew.
fn check<H: SchoolHost>(host: &mut H, offer: &Offer) -> Result<Event, H::Error> {
    let checked = match host.file(&offer.hash)? {
        None => Err(SnapshotError::from(io::Error::from(io::ErrorKind::NotFound)).into()),
        Some(file) => Snapshot::open(file)
            .map_err(ExchangeError::from)
            .and_then(|mut file| host.school().check_snapshot(offer, &mut file).map_err(ExchangeError::from)),
    };
    match checked {
        Ok(()) => Ok(Event::Checked),
        Err(error) => {
            host.perform(Effect::RemoveBlob(offer.hash))?;
            Err(error.into())
        }
    }
}

/// Reads a frame; the file stays open for the next one.
fn frame<H: SchoolHost>(host: &H, opened: &mut Option<Opened>, file: [u8; 32], number: u64) -> Option<Frame> {
    // A file that is gone, or cannot be read any more, ends here: the log is asked for in pages, from where this side
    // stands.
    if opened.as_ref().is_none_or(|opened| opened.file != file || opened.next > number) {
        let Ok(Some(bytes)) = host.file(&file) else { return None };
        let frames = Snapshot::open(bytes).ok()?;
        *opened = Some(Opened { file, next: 0, frames });
    }
    let opened = opened.as_mut()?;
    loop {
        let frame = opened.frames.next_frame().ok()?;
        opened.next += 1;
        if frame.is_none() || opened.next > number {
            return frame;
        }
    }
}
