//! The school's service: the one owner of store, engine and accounts.
//!
//! It is a plain synchronous owner. In the command line it lives for one command; in `selaras serve` one thread owns
//! it and takes commands from a bounded channel. Either way every command goes through [`Service::run`].

use std::sync::{Arc, Mutex};

use selaras_model::{KeyId, Npsn, RecordId};
use selaras_policy::Entitlement;
use selaras_storage::{Changelog, EngineKind, FileBlobs, LastStop, SchoolStore, open_store};
use selaras_sync::{Batch, Flow, Installation, ReadStore, Rules, School, Step, Store};
use selaras_transport::Patience;

use crate::account::Account;
use crate::command::Command;
use crate::config::Config;
use crate::failure::{Failure, Outcome};
use crate::output::{Collected, Output};
use crate::place::Place;

mod aside;
mod aside_sealed;
mod authority;
mod backup;
mod enrol;
mod entitle;
mod exchange;
mod explain;
mod guard;
mod home;
mod host;
mod lines;
mod lookup;
mod restore;
mod rules;
mod sheet;
mod snapshot;
mod taken_back;
mod turns;
mod upload;

pub(crate) use aside::Aside;
pub(crate) use backup::Made;
pub(crate) use enrol::{Enrolment, fetch_rules};
pub(crate) use exchange::Direction;
pub(crate) use explain::{breach_text, unmet_reason, value_failure, who_key};
pub(crate) use lines::tab_word;
pub(crate) use lookup::{MAX_DEPTH, Titles, check_characters, split_assignment};
pub(crate) use restore::aside_of;
pub(crate) use rules::Found;
pub(crate) use sheet::Sheet;
pub(crate) use turns::Turns;

/// The row of the device's secret key.
pub(crate) const DEVICE_ROW: &str = "device";
/// The row of the kode registrasi's hash.
pub(crate) const KODE_ROW: &str = "kode";
/// The row of this computer's registration, as the centre signed it.
pub(crate) const REGISTRATION_ROW: &str = "registration";
/// The row of the present token.
pub(crate) const TOKEN_ROW: &str = "token";
/// The row of a recovery that has not ended.
pub(crate) const RECOVERING_ROW: &str = "recovering";
/// What stands for a record's deleted flag where a field is named.
pub(crate) const DELETED_FIELD: &str = "~deleted";

/// The school's service.
pub struct Service {
    place: Place,
    config: Config,
    open: Option<Open>,
    trouble: Option<Failure>,
    turns: Arc<Turns>,
}

impl Service {
    /// Opens the store of a place; a place without one waits for `init`.
    ///
    /// # Errors
    /// `store.in-use` when another process owns the store, `store.damaged` when it cannot be read.
    pub fn open(place: Place) -> Result<Service, Failure> {
        let ended = restore::end_restore(&place)?;
        let service = Service::open_in_place(place, Arc::default())?;
        if ended {
            service.seal_asides(&mut Collected::default());
        }
        Ok(service)
    }

    /// Opens what is there, for threads that share these turns.
    fn open_in_place(place: Place, turns: Arc<Turns>) -> Result<Service, Failure> {
        let config = Config::load(&place)?;
        let mut service = Service { place, config, open: None, trouble: None, turns };
        if service.place.store().exists() {
            let (changelog, blobs, last_stop) = service.create(EngineKind::default())?;
            if let Some(npsn) = only_school(&changelog)?
                && let Some(mut open) = Open::load(Arc::new(changelog.school(npsn)), Arc::new(blobs))?
            {
                if last_stop == LastStop::Unclean {
                    open.mend()?;
                }
                service.opened(open);
            }
        }
        Ok(service)
    }

    /// A service that does without the store, because opening it failed; diagnosis and recovery are of use there.
    pub(crate) fn without_store(place: Place, trouble: Failure) -> Service {
        let config = Config::load(&place).unwrap_or_default();
        Service { place, config, open: None, trouble: Some(trouble), turns: Arc::default() }
    }

    /// Why the store could not be opened, where it could not.
    pub(crate) fn trouble(&self) -> Option<&Failure> {
        self.trouble.as_ref()
    }

    /// Does what a command says; its events go to `out` while it runs.
    ///
    /// # Errors
    /// Every failure of a command, with a code of the catalogue.
    pub fn run(&mut self, command: &Command, out: &mut dyn Output) -> Result<Outcome, Failure> {
        let turns = Arc::clone(&self.turns);
        let _turn = turns.take();
        self.follow()?;
        let outcome = command.run(self, out)?;
        if command.changes() {
            self.back_up_when_due(out);
        }
        Ok(outcome)
    }

    /// The configuration.
    #[must_use]
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// Where the data lies.
    #[must_use]
    pub fn place(&self) -> &Place {
        &self.place
    }

    /// What the threads of this store share.
    pub(crate) fn turns(&self) -> &Arc<Turns> {
        &self.turns
    }

    /// Another service over the same store, for another thread; nothing of it where there is no store.
    pub(crate) fn second(&self) -> Result<Service, Failure> {
        let mut second = Service {
            place: self.place.clone(),
            config: self.config.clone(),
            open: None,
            trouble: self.trouble.clone(),
            turns: Arc::clone(&self.turns),
        };
        if let Some(open) = &self.open {
            second.open = Some(open.second()?);
        }
        Ok(second)
    }

    /// Closes the store in good order.
    pub(crate) fn close(&mut self) {
        self.open = None;
    }

    /// Reads rules and installation anew where another thread has changed them.
    pub(crate) fn follow(&mut self) -> Result<(), Failure> {
        match &mut self.open {
            Some(open) => open.follow(),
            None => Ok(()),
        }
    }

    /// How patient its line is from now on.
    pub(crate) fn be_patient(&mut self, patience: Patience) {
        if let Some(open) = &mut self.open {
            open.patience = patience;
            open.link = None;
        }
    }

    /// Whether `init` has run.
    #[must_use]
    pub fn is_installed(&self) -> bool {
        self.open.is_some()
    }

    /// The open store, or the failure that says how to get one.
    pub(crate) fn open_store(&mut self) -> Result<&mut Open, Failure> {
        let root = self.place.root().display().to_string();
        self.open.as_mut().ok_or_else(|| Failure::new("store.missing").arg("place", root))
    }

    pub(crate) fn opened(&mut self, open: Open) {
        let seen = self.turns.rules_changed();
        let (patience, turns) = (self.config.line.patience(), Arc::clone(&self.turns));
        let home = Some(home::Home::of(&self.place));
        self.name_beside(&open);
        self.open = Some(Open { patience, turns, seen, home, ..open });
    }

    /// Writes this computer's name beside the store, where it is not there yet: of a store that cannot be opened any more
    /// nobody could say whose place the next registration takes, and a restored centre would wait for it.
    fn name_beside(&self, open: &Open) {
        let (path, device) = (self.place.device(), open.installation().device.to_string());
        if std::fs::read_to_string(&path).is_ok_and(|known| known.trim() == device) {
            return;
        }
        if crate::platform::write_private(&path, device.as_bytes()).is_err() {
            tracing::warn!("the name of this computer could not be written beside its store");
        }
    }

    /// Opens the store, or makes a new one with this engine; tells how it was left.
    pub(crate) fn create(&self, made_with: EngineKind) -> Result<(Changelog, FileBlobs, LastStop), Failure> {
        self.make_root()?;
        let (changelog, last_stop) = self.changelog(made_with)?;
        if last_stop == LastStop::Unclean {
            // The power failed, or the process was killed: what the disk kept is looked through before it is believed.
            tracing::info!("the store was not closed; it is looked through");
            changelog.verify()?;
        }
        let blobs = FileBlobs::open(&self.place.blobs())?;
        Ok((changelog, blobs, last_stop))
    }

    /// Makes the directory of the school's data, where there is none.
    fn make_root(&self) -> Result<(), Failure> {
        let unwritable = |_| Failure::new("place.unwritable").arg("place", self.place.root().display());
        crate::platform::create_private_dir(self.place.root()).map_err(unwritable)
    }

    fn changelog(&self, made_with: EngineKind) -> Result<(Changelog, LastStop), Failure> {
        let cache_bytes = self.config.store.cache_mib.saturating_mul(1 << 20);
        let opened = open_store(&self.place.store(), made_with, cache_bytes)?;
        Ok((Changelog::new(opened.engine)?, opened.last_stop))
    }
}

fn only_school(changelog: &Changelog) -> Result<Option<Npsn>, Failure> {
    let mut found = None;
    changelog.schools(&mut |npsn| {
        found = Some(npsn);
        Flow::Stop
    })?;
    Ok(found)
}

/// An installed school: its store, its rules and who this computer is.
pub(crate) struct Open {
    store: Arc<SchoolStore>,
    blobs: Arc<FileBlobs>,
    rules: Rules,
    installation: Installation,
    link: Option<crate::link::Link>,
    patience: Patience,
    /// What was guessed wrongly; one for all threads of a store, or each would let its callers wait anew.
    watch: Arc<Mutex<crate::account::Watch>>,
    turns: Arc<Turns>,
    /// Where the store lies; one that is being made has no place yet.
    home: Option<home::Home>,
    /// The number of the rules that were read.
    seen: u64,
}

impl Open {
    /// Reads what is needed all the time; nothing when the store was never installed.
    pub(crate) fn load(store: Arc<SchoolStore>, blobs: Arc<FileBlobs>) -> Result<Option<Open>, Failure> {
        let Some(rules) = Rules::load(store.as_ref())? else { return Ok(None) };
        let installation = School::new(store.as_ref(), blobs.as_ref(), &rules, crate::env::now()).installation()?;
        let Some(installation) = installation else { return Ok(None) };
        Ok(Some(Open {
            store,
            blobs,
            rules,
            installation,
            link: None,
            patience: Patience::PERSON,
            watch: Arc::default(),
            turns: Arc::default(),
            home: None,
            seen: 0,
        }))
    }

    /// The same store for another thread.
    pub(crate) fn second(&self) -> Result<Open, Failure> {
        let seen = self.turns.rules();
        let open = Open::load(Arc::clone(&self.store), Arc::clone(&self.blobs))?;
        let open = open.ok_or_else(|| Failure::new("store.damaged").arg("reason", "rules"))?;
        let watch = Arc::clone(&self.watch);
        let (turns, home) = (Arc::clone(&self.turns), self.home.clone());
        Ok(Open { patience: self.patience, turns, seen, watch, home, ..open })
    }

    /// Reads rules and installation anew where another thread has changed them.
    fn follow(&mut self) -> Result<(), Failure> {
        let now = self.turns.rules();
        if now != self.seen {
            self.read_rules()?;
            self.read_installation()?;
            self.seen = now;
        }
        Ok(())
    }

    /// What the threads of this store share.
    pub(crate) fn turns(&self) -> &Turns {
        &self.turns
    }

    /// The number of the rules that this one read.
    pub(crate) fn seen(&self) -> u64 {
        self.seen
    }

    /// The engine's school, for one call.
    pub(crate) fn school(&self) -> School<'_> {
        School::new(self.store.as_ref(), self.blobs.as_ref(), &self.rules, crate::env::now())
    }

    pub(crate) fn store(&self) -> &dyn ReadStore {
        self.store.as_ref()
    }

    pub(crate) fn rules(&self) -> &Rules {
        &self.rules
    }

    pub(crate) fn installation(&self) -> &Installation {
        &self.installation
    }

    pub(crate) fn npsn(&self) -> Npsn {
        self.installation.npsn
    }

    /// Reads the whole store and checks everything in it.
    pub(crate) fn verify(&self) -> Result<(), Failure> {
        Ok(self.store.verify()?)
    }

    /// Holds what is derived from the records to the records, and puts right where it says something else.
    fn mend(&mut self) -> Result<(), Failure> {
        let mended = self.school().mend()?;
        if mended.rows > 0 {
            tracing::warn!(rows = mended.rows, "the index was not as the records are; it has been made anew");
        }
        if let Some(bundle) = mended.lost {
            tracing::warn!(%bundle, "the file of the sealed bundle is lost; its edits are drafts again at the next exchange");
        }
        self.store.commit(&mended.step.batch)?;
        for batch in &mended.step.rest {
            self.store.commit(batch)?;
        }
        Ok(())
    }

    /// Makes a batch durable, where the next process will look for it.
    pub(crate) fn commit(&self, batch: &Batch) -> Result<(), Failure> {
        self.at_home()?;
        self.store.commit(batch)?;
        // Moved in between, it was written to where nobody looks.
        self.at_home()?;
        self.turns.committed(batch);
        Ok(())
    }

    fn at_home(&self) -> Result<(), Failure> {
        self.home.as_ref().map_or(Ok(()), home::Home::check)
    }

    /// Makes a step of the engine durable, performs its effects, and goes on until the work is done.
    pub(crate) fn apply(&mut self, step: Step, out: &mut dyn Output) -> Result<(), Failure> {
        self.carry_out(Some(step), out)
    }

    fn reload_installation(&mut self) -> Result<(), Failure> {
        self.seen = self.turns.rules_changed();
        self.read_installation()
    }

    fn read_installation(&mut self) -> Result<(), Failure> {
        let installation = self.school().installation()?;
        self.installation = installation.ok_or_else(|| Failure::new("store.damaged").arg("reason", "installation"))?;
        Ok(())
    }

    fn reload_rules(&mut self) -> Result<(), Failure> {
        self.seen = self.turns.rules_changed();
        self.read_rules()
    }

    fn read_rules(&mut self) -> Result<(), Failure> {
        let rules = Rules::load(self.store.as_ref())?;
        self.rules = rules.ok_or_else(|| Failure::new("store.damaged").arg("reason", "rules"))?;
        Ok(())
    }

    /// Ends work that an earlier process began.
    pub(crate) fn finish_steps(&mut self, out: &mut dyn Output) -> Result<(), Failure> {
        self.carry_out(None, out)
    }

    /// Ends begun work and brings the findings up to date.
    pub(crate) fn settle(&mut self, out: &mut dyn Output) -> Result<(), Failure> {
        self.finish_steps(out)?;
        while let Some(step) = self.school().ensure_judged()? {
            self.apply(step, out)?;
        }
        Ok(())
    }
}
