//! This computer in an exchange: its store, its line, and the person who is told.

use std::io::Read;

use selaras_model::{BundleId, ReplicaId};
use selaras_sync::exchange::{Exchange, ExchangeError, Host, Line, Notice, Report, Request, SchoolHost};
use selaras_sync::{Batch, Blobs, Effect, Offer, School, Step};

use super::Open;
use super::snapshot::unreadable;
use crate::failure::Failure;
use crate::output::{Event, Note, Output};

/// The opened school, and where it tells what it does.
struct Told<'a> {
    open: &'a mut Open,
    out: &'a mut dyn Output,
}

impl Open {
    /// Makes a step of the engine durable, performs its effects, and goes on until the work is done; without a step the
    /// work that an earlier process began.
    pub(super) fn carry_out(&mut self, step: Option<Step>, out: &mut dyn Output) -> Result<(), Failure> {
        selaras_sync::exchange::carry_out(&mut Told { open: self, out }, step)
    }

    /// Follows an exchange to its end.
    pub(super) fn follow_exchange(&mut self, exchange: Exchange, out: &mut dyn Output) -> Result<Report, Failure> {
        selaras_sync::exchange::drive(exchange, &mut Told { open: self, out })
    }
}

impl Host for Told<'_> {
    type Error = Failure;

    fn commit(&mut self, batch: &Batch) -> Result<(), Failure> {
        self.open.commit(batch)
    }

    fn perform(&mut self, effect: Effect) -> Result<(), Failure> {
        match effect {
            Effect::RemoveBlob(name) => self.open.blobs.remove(&name)?,
            Effect::RulesChanged => self.open.reload_rules()?,
            Effect::Progress { done, total } => self.out.progress("work.steps", done, total),
        }
        Ok(())
    }

    fn resume(&mut self) -> Result<Option<Step>, Failure> {
        Ok(self.open.school().resume()?)
    }
}

impl SchoolHost for Told<'_> {
    fn school(&self) -> School<'_> {
        self.open.school()
    }

    fn new_name(&mut self) -> Result<ReplicaId, Failure> {
        Ok(ReplicaId::from_bytes(crate::env::random()?))
    }

    fn tell(&mut self, notice: &Notice) -> Result<(), Failure> {
        let note = match notice {
            Notice::Withdrawn => Note::new("exchange.withdrawn"),
            Notice::Renamed => {
                self.open.reload_installation()?;
                Note::new("exchange.copied")
            }
            Notice::Healing => Note::new("exchange.healing"),
            Notice::Repairing => Note::new("exchange.repairing"),
            Notice::Repaired { records } => Note::new("exchange.repaired").arg("records", records),
            Notice::Unrepaired { code } => Note::new("exchange.unrepaired").arg("code", code),
            Notice::Refused(refusal) => return self.open.key_refused(refusal),
            Notice::Answered { requests } => {
                self.out.progress("work.exchange", u64::from(*requests), 0);
                return Ok(());
            }
            Notice::Healed { .. } => return Ok(()),
        };
        self.out.event(Event::Note(note));
        Ok(())
    }

    fn file(&self, name: &[u8; 32]) -> Result<Option<Box<dyn Read>>, Failure> {
        let file = self.open.blobs.reader(name).map_err(|_| unreadable())?;
        Ok(file.map(|file| Box::new(file) as Box<dyn Read>))
    }
}

impl Line for Told<'_> {
    fn send(&mut self, request: &Request) -> Result<Vec<u8>, Failure> {
        self.open.with_token(self.out, |link, token, out| link.exchange(token, request, out))
    }

    fn refusal(failure: &Failure) -> Option<&str> {
        // What a line or the centre said carries its words; a failure of this computer has none.
        failure.said.as_ref().map(|_| failure.code.as_str())
    }

    fn land(&mut self, bundle: BundleId, bytes: u64) -> Result<(), Failure> {
        self.open.land(bundle, bytes, self.out)
    }

    fn fetch(&mut self, offer: &Offer) -> Result<(), Failure> {
        self.open.fetch_snapshot(offer, self.out)
    }
}

impl From<ExchangeError> for Failure {
    fn from(error: ExchangeError) -> Failure {
        match error {
            ExchangeError::School(error) => error.into(),
            ExchangeError::File(_) => unreadable(),
            ExchangeError::Unrefused | ExchangeError::OutOfOrder { .. } => {
                tracing::error!(%error, "an exchange lost its order");
                Failure::new("internal.error").arg("place", "exchange")
            }
        }
    }
}
