//! A centre and a school's computers in the middle of a play: their processes, directories and what is kept beside them.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use selaras_lab::line::{Fault, Plan};
use serde_json::Value;

use crate::copied::copy;
use crate::faults::scene::code;
use crate::stand::{Centre, Computer, PASSWORD, SCHOOL, last_json};

use super::dimension::Dimension;
use super::memory::{Disk, Memory};
use super::prepared::{Prepared, is_impatient};
use super::room::Room;

/// How something ended, or what is wrong.
pub(super) type Played<T> = Result<T, String>;
/// A directory, and what lies on it by the judge's memory.
pub(super) type Copied = (PathBuf, BTreeSet<String>);

pub(super) struct Stage<'a> {
    pub(super) prepared: &'a Prepared,
    /// None while it is stopped.
    centre: Option<Centre>,
    /// The computer that has little room.
    pub(super) scarce: Option<(usize, Room)>,
    pub(super) computers: Vec<Computer>,
    pub(super) memory: Memory,
    /// The oldest first.
    pub(super) backups: Vec<Copied>,
    /// By computer.
    pub(super) images: BTreeMap<usize, Copied>,
    /// By bundle, the file of its receipt and approval.
    pub(super) evidence: BTreeMap<String, PathBuf>,
    pub(super) met: BTreeSet<Dimension>,
    pub(super) kode: String,
    /// Days by which the centre's clock is wrong.
    days: i64,
    data: PathBuf,
    directories: u32,
    // Goes last.
    place: tempfile::TempDir,
}

impl<'a> Stage<'a> {
    /// The school as it was prepared, with so many computers.
    pub(super) fn open(prepared: &'a Prepared, computers: usize) -> Played<Self> {
        let place = tempfile::tempdir().unwrap();
        let data = place.path().join("centre");
        copy(&prepared.centre, &data);
        let mut stage = Self {
            prepared,
            centre: None,
            scarce: None,
            computers: Vec::new(),
            memory: Memory::default(),
            backups: Vec::new(),
            images: BTreeMap::new(),
            evidence: BTreeMap::new(),
            met: BTreeSet::new(),
            kode: prepared.school.kode.clone(),
            days: 0,
            data,
            directories: 0,
            place,
        };
        stage.mend_the_line();
        stage.start_the_centre();
        for made in &prepared.computers {
            let data = stage.directory("computer");
            copy(made, &data);
            stage.computers.push(Computer { data });
        }
        while stage.computers.len() < computers {
            stage.register()?;
        }
        Ok(stage)
    }

    /// A place where nothing is yet.
    pub(super) fn directory(&mut self, what: &str) -> PathBuf {
        self.directories += 1;
        self.place.path().join(format!("{what}-{}", self.directories))
    }

    pub(super) fn centre(&self) -> &Centre {
        self.centre.as_ref().expect("it runs between acts")
    }

    pub(super) fn centre_data(&self) -> &PathBuf {
        &self.data
    }

    pub(super) fn npsn(&self) -> &'static str {
        self.prepared.school.npsn
    }

    /// The computer that a number of the script leads to.
    pub(super) fn of(&self, computer: usize) -> usize {
        computer % self.computers.len()
    }

    fn start_the_centre(&mut self) {
        self.try_to_start_the_centre().unwrap_or_else(|said| panic!("the centre does not start: {said}"));
    }

    fn try_to_start_the_centre(&mut self) -> Result<(), String> {
        let mut command = Centre::limited();
        self.prepared.clock.set(&mut command, &self.data, self.days);
        let centre = Centre::try_start_by(command, &self.data)?;
        self.prepared.line.lead_to(centre.address());
        self.centre = Some(centre);
        Ok(())
    }

    /// Does something to the files of the stopped centre; tells whether it starts again.
    pub(super) fn while_the_centre_is_stopped(&mut self, act: impl FnOnce(&Path)) -> bool {
        self.centre.take().expect("it runs between acts").stop();
        act(&self.data);
        self.try_to_start_the_centre().is_ok()
    }

    /// Kills the centre if it still runs, and starts it again.
    pub(super) fn kill_the_centre(&mut self) {
        self.kill_the_centre_and(|_| {});
    }

    /// The same, with something that happens to its directory in between.
    pub(super) fn kill_the_centre_and(&mut self, act: impl FnOnce(&mut PathBuf)) {
        drop(self.centre.take());
        act(&mut self.data);
        self.start_the_centre();
    }

    /// The centre goes on by a clock that is so many days wrong.
    pub(super) fn set_the_clock(&mut self, days: i64) {
        self.centre.take().expect("it runs between acts").stop();
        self.days = days;
        self.start_the_centre();
    }

    /// The centre's disk is lost, and another is made of a backup.
    pub(super) fn restore(&mut self, backup: &Copied) -> Played<()> {
        drop(self.centre.take());
        self.data = self.directory("restored");
        let (from, to) = (backup.0.to_str().unwrap(), self.data.to_str().unwrap());
        let made = Centre::command(&["--json", "restore", "--from", from, "--data", to]);
        self.memory.holds(Disk::Centre, &backup.1);
        // Without a centre nothing goes on.
        if !made.status.success() {
            return Err(format!("restore: {made:?}"));
        }
        self.start_the_centre();
        Ok(())
    }

    /// The line does this to what is sent from now on.
    pub(super) fn bend_the_line(&self, fault: Fault) {
        self.prepared.line.set(Plan::default().with(fault)).unwrap();
    }

    pub(super) fn mend_the_line(&self) {
        self.prepared.line.set(Plan::default()).unwrap();
    }

    /// Runs a command of a computer. What no command may ever end in is told.
    pub(super) fn say(&self, computer: usize, arguments: &[&str], secrets: &[&str]) -> Played<Output> {
        let program = match &self.scarce {
            Some((scarce, room)) if *scarce == computer => room.program(),
            _ => Command::new(SCHOOL),
        };
        let output = self.computers[computer].try_run_by(program, arguments, secrets);
        is_an_answer(arguments, &output)?;
        Ok(output)
    }

    /// Runs a command that has to do what it is asked for.
    pub(super) fn must(&self, computer: usize, arguments: &[&str], secrets: &[&str]) -> Played<Value> {
        let output = self.say(computer, arguments, secrets)?;
        if output.status.success() {
            return Ok(last_json(&output.stdout));
        }
        Err(format!("computer {computer}: {arguments:?}: {}: {output:?}", code(&output)))
    }

    /// Runs a command of the operators that has to do what it is asked for.
    pub(super) fn operator_must(&self, arguments: &[&str]) -> Played<Value> {
        let output = self.centre().try_operator(arguments);
        is_an_answer(arguments, &output)?;
        if output.status.success() {
            return Ok(last_json(&output.stdout));
        }
        Err(format!("centre: {arguments:?}: {output:?}"))
    }

    /// Another computer of the school registers, with a head's key.
    pub(super) fn register(&mut self) -> Played<()> {
        self.renew_the_kode()?;
        let data = self.directory("computer");
        self.computers.push(Computer { data });
        let computer = self.computers.len() - 1;
        let url = self.prepared.url();
        self.must(computer, &["init", "--server", &url, "--npsn", self.npsn()], &[&self.kode])?;
        self.must(computer, &["pull"], &[])?;
        self.settle_in(computer)
    }

    /// A kode registrasi of today: an older one may have been shown, used or lost.
    pub(super) fn renew_the_kode(&mut self) -> Played<()> {
        let renewed = self.operator_must(&["school", "kode", self.npsn()])?;
        self.kode = renewed["kode_registrasi"].as_str().unwrap_or_default().to_owned();
        Ok(())
    }

    /// What a computer needs besides the records: the head's account and key.
    pub(super) fn settle_in(&mut self, computer: usize) -> Played<()> {
        is_impatient(&self.computers[computer]);
        self.must(computer, &["account", "add", "kepala", "--ptk", &self.prepared.school.head], &[PASSWORD])?;
        self.must(computer, &["role", "add", "kepala", "head"], &[&self.kode])?;
        self.must(computer, &["head", "activate", "kepala"], &[&self.kode, PASSWORD])?;
        let told = self.exchange(computer)?;
        if told == "done" { Ok(()) } else { Err(format!("computer {computer} settles in: {told}")) }
    }

    /// A copy of a computer's directory.
    pub(super) fn copy_of(&mut self, computer: usize) -> Copied {
        let to = self.directory("copy");
        copy(&self.computers[computer].data, &to);
        (to, self.memory.on(Disk::Computer(computer)))
    }

    /// Puts a copy in the place of a computer's directory.
    pub(super) fn put_back(&mut self, computer: usize, (from, holds): &Copied) {
        let data = &self.computers[computer].data;
        fs::remove_dir_all(data).unwrap();
        copy(from, data);
        self.memory.holds(Disk::Computer(computer), holds);
    }
}

/// Some things are no answer whatever happens.
fn is_an_answer(arguments: &[&str], output: &Output) -> Played<()> {
    let said = [&output.stdout, &output.stderr].map(|bytes| String::from_utf8_lossy(bytes).into_owned()).concat();
    let none = output.status.code().is_none() || said.contains("panicked") || said.contains("internal.error");
    if none { Err(format!("{arguments:?} has no answer: {output:?}")) } else { Ok(()) }
}
