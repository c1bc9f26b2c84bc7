//! The school's computer of the demonstration: a data directory and the service over it, in this process. Every command
//! is the value that the command line would have made.

use std::path::PathBuf;

use selaras_model::{Date, Lang, RecordId};

use crate::cli::command_of;
use crate::command::Report;
use crate::failure::Failure;
use crate::output::{Collected, Event};
use crate::place::Place;
use crate::secret::Secret;
use crate::service::Service;

/// The school's computer.
pub(super) struct Computer {
    dir: PathBuf,
    lang: Lang,
    service: Option<Service>,
}

impl Computer {
    /// A computer with nothing on it yet.
    pub(super) fn new(dir: PathBuf, lang: Lang) -> Computer {
        Computer { dir, lang, service: None }
    }

    /// Runs a command line, with the secrets that it would ask for, and gives its report.
    pub(super) fn run(&mut self, line: &[&str], secrets: &[&str]) -> Result<Report, Failure> {
        let mut command = command_of(line)?;
        for ((_, place), secret) in command.secrets().into_iter().zip(secrets) {
            *place = Secret::new(*secret);
        }
        command.settle_paths()?;
        let mut said = Collected::new(self.lang);
        self.service()?.run(&command, &mut said)?;
        let report = said.events.into_iter().rev().find_map(|event| match event {
            Event::Report(report) => Some(*report),
            _ => None,
        });
        report.ok_or_else(|| Failure::new("internal.error").arg("place", "report"))
    }

    /// The open store, for what no command prints.
    pub(super) fn service(&mut self) -> Result<&mut Service, Failure> {
        if self.service.is_none() {
            self.service = Some(Service::open(Place::choose(Some(&self.dir))?)?);
        }
        self.service.as_mut().ok_or_else(|| Failure::new("store.missing"))
    }

    /// Everything on the computer is lost.
    pub(super) fn lose_everything(&mut self) -> Result<(), Failure> {
        self.service = None;
        std::fs::remove_dir_all(&self.dir).map_err(|error| Failure::new("store.io").arg("reason", error))
    }

    /// Closes the store, so that other processes can open it.
    pub(super) fn close(&mut self) {
        self.service = None;
    }

    /// Gives the service away, to be served to others.
    pub(super) fn take_service(&mut self) -> Result<Service, Failure> {
        self.service()?;
        self.service.take().ok_or_else(|| Failure::new("store.missing"))
    }

    /// The date that both sides judge by: the centre's, at the last contact.
    pub(super) fn judging_date(&mut self) -> Result<Date, Failure> {
        Ok(self.service()?.open_store()?.school().position()?.judged_on)
    }

    /// The root digest and those of the modules, computed from the school's own records.
    pub(super) fn digests(&mut self) -> Result<(String, Vec<(String, String)>), Failure> {
        let open = self.service()?.open_store()?;
        let school = open.school();
        let modules = school.digests()?;
        let root = school.root_digest()?.to_string();
        Ok((root, modules.into_iter().map(|(name, digest)| (name, digest.to_string())).collect()))
    }

    /// What people call a record.
    pub(super) fn title(&mut self, entity: &str, id: RecordId) -> Result<String, Failure> {
        self.service()?.open_store()?.title_of(entity, id)
    }

    /// A field of a record as a person sees it.
    pub(super) fn value(&mut self, entity: &str, id: RecordId, field: &str) -> Result<String, Failure> {
        let open = self.service()?.open_store()?;
        let key = open.find_record(entity, &id.to_string())?;
        let record = open.record(key)?;
        Ok(open.value_text(entity, field, record.get(field)))
    }
}
