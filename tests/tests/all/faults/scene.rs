//! A centre that loses its disk, whose day passes, and whose schools go on reaching it by one address.

use std::path::{Path, PathBuf};
use std::process::Output;

use jiff::civil::Date;
use serde_json::Value;

use crate::people::{School, approve_and_sync};
use crate::restored_centre::begun;
use crate::stand::{Centre, Computer, Door, PASSWORD, last_json};

/// Contacts within which a computer comes into step after a disaster.
const CONTACTS: usize = 2;
/// Hours east of Greenwich where a centre's date changes, unless it is told otherwise.
pub(crate) const JAKARTA: i8 = 7;

pub(crate) struct Scene {
    // Ends before its directory goes.
    centre: Option<Centre>,
    data: PathBuf,
    door: Door,
    pub(crate) place: tempfile::TempDir,
}

impl Scene {
    pub(crate) fn new() -> Self {
        Self::at(JAKARTA)
    }

    /// A centre whose date never was another than so many hours east of Greenwich.
    pub(crate) fn at(hours: i8) -> Self {
        let place = tempfile::tempdir().unwrap();
        let (door, data) = (Door::open(), place.path().join("centre"));
        let made = Centre::command(&["init", "--name", "Pusat Uji", "--data", data.to_str().unwrap()]);
        assert!(made.status.success(), "{made:?}");
        set_the_clock(&data, hours);
        let centre = Some(Centre::start(&data).behind(&door));
        Self { centre, data, door, place }
    }

    pub(crate) fn centre(&self) -> &Centre {
        self.centre.as_ref().unwrap()
    }

    /// The data directory of the centre as it is now.
    pub(crate) fn data(&self) -> &Path {
        &self.data
    }

    /// A school whose first computer has imported, and sent, everything.
    pub(crate) fn school(&self, npsn: &'static str, seed: &str) -> (School, Computer) {
        begun(self.place.path(), self.centre(), npsn, seed)
    }

    /// Another computer of a school, with a head's account and without a head's key.
    pub(crate) fn computer(&self, school: &School, name: &str) -> Computer {
        crate::people::computer(self.place.path(), self.centre(), school, name)
    }

    /// The nightly backup.
    pub(crate) fn back_up(&self, name: &str) -> PathBuf {
        let backup = self.place.path().join(name);
        self.centre().operator(&["backup", "--to", backup.to_str().unwrap()]);
        backup
    }

    /// The disk is lost, a centre is made from a backup, and the operator confirms what is from before.
    pub(crate) fn lose_the_disk(&mut self, backup: &Path) {
        self.lose_the_disk_unconfirmed(backup);
        let confirmed = self.centre().try_operator(&["restore", "confirm", "--all"]);
        assert!(confirmed.status.success(), "{confirmed:?}");
    }

    /// The disk is lost, and a centre is made from a backup; nobody has confirmed anything.
    pub(crate) fn lose_the_disk_unconfirmed(&mut self, backup: &Path) {
        drop(self.centre.take());
        self.data = self.place.path().join("restored");
        self.centre = Some(Centre::restore(backup, &self.data).behind(&self.door));
    }

    /// The disk is lost, and a centre is made from a backup of which a part is damaged; gives what the command says.
    pub(super) fn restore_in_part(&mut self, backup: &Path) -> Value {
        drop(self.centre.take());
        self.data = self.place.path().join("restored");
        let (from, to) = (backup.to_str().unwrap(), self.data.to_str().unwrap());
        let made = Centre::command(&["--json", "restore", "--from", from, "--data", to]);
        assert!(!made.status.success(), "{made:?}");
        self.centre = Some(Centre::start(&self.data).behind(&self.door));
        last_json(&made.stdout)
    }

    /// The centre goes on where its date changes so many hours east of Greenwich: its clock was set, or days went by.
    pub(crate) fn set_the_clock(&mut self, hours: i8) {
        self.centre.take().unwrap().stop();
        set_the_clock(&self.data, hours);
        self.centre = Some(Centre::start(&self.data).behind(&self.door));
    }

    /// Does something to the files of the centre while it is stopped.
    pub(crate) fn while_stopped(&mut self, act: impl FnOnce(&Path)) {
        self.centre.take().unwrap().stop();
        act(&self.data);
        self.centre = Some(Centre::start(&self.data).behind(&self.door));
    }

    /// A record as the centre has it.
    pub(crate) fn at_centre(&self, school: &School, entity: &str, id: &str) -> String {
        self.centre().operator(&["record", "show", school.npsn, entity, id]).to_string()
    }

    /// The device of the computer that registered last, from the audit log.
    pub(crate) fn last_registered(&self) -> String {
        let data = self.data.to_str().unwrap();
        let shown = Centre::command(&["--json", "--data", data, "audit", "show", "--what", "/register"]);
        let lines = String::from_utf8(shown.stdout).unwrap();
        let device = lines.rsplit("\"about\":\"device ").next().unwrap().split('"').next().unwrap();
        device.to_owned()
    }

    /// The date as the centre tells it to a computer.
    pub(crate) fn today(&self, computer: &Computer) -> Date {
        computer.run(&["pull"], &[]);
        computer.run(&["status"], &[])["judged_on"].as_str().unwrap().parse().unwrap()
    }
}

/// Sets the hours east of Greenwich in the configuration of a data directory or of a backup.
pub(crate) fn set_the_clock(directory: &Path, hours: i8) {
    let file = directory.join("selaras-center.toml");
    let text = std::fs::read_to_string(&file).unwrap();
    let with = |line: &str| {
        let set = format!("date_offset_hours = {hours}");
        format!("{}\n", if line.starts_with("date_offset_hours") { &set } else { line })
    };
    std::fs::write(&file, text.lines().map(with).collect::<String>()).unwrap();
}

/// The code that a command ends in; `done` for one that did what it was asked for.
pub(crate) fn code(output: &Output) -> String {
    if output.status.success() {
        return "done".to_owned();
    }
    let said = last_json(&output.stdout);
    let code = [&said["error"]["code"], &said["code"]].into_iter().find_map(Value::as_str).map(str::to_owned);
    code.unwrap_or_else(|| format!("exit {:?}: {}", output.status.code(), String::from_utf8_lossy(&output.stderr)))
}

/// Runs a command of a school's computer and gives its code.
pub(crate) fn outcome(computer: &Computer, arguments: &[&str], secrets: &[&str]) -> String {
    code(&computer.try_run(arguments, secrets))
}

/// Contacts the centre as often as a computer may need after a disaster, and gives the last one's code.
pub(crate) fn contacts(computer: &Computer, command: &str) -> String {
    let mut last = String::new();
    for _ in 0..CONTACTS {
        last = outcome(computer, &[command], &[]);
    }
    last
}

/// A student's street is typed, approved, sent and receipted.
pub(crate) fn send_street(computer: &Computer, student: &str, street: &str) {
    type_street(computer, student, street);
    approve_and_sync(computer);
}

/// A student's street is typed.
pub(crate) fn type_street(computer: &Computer, student: &str, street: &str) {
    computer.run(&["edit", "peserta_didik", student, &format!("alamat_jalan={street}")], &[]);
}

/// A student's street is typed and approved; what the computer ends in when it then sends.
pub(crate) fn try_to_send_street(computer: &Computer, student: &str, street: &str) -> String {
    type_street(computer, student, street);
    let approved = outcome(computer, &["approve", "kepala"], &[PASSWORD]);
    if approved == "done" { contacts(computer, "sync") } else { approved }
}
