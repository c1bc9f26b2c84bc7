//! What goes wrong: lines, processes, disks, clocks.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use selaras_lab::line::{Act, Fault, Mark, On, Way};

use crate::new_rules::stricter;
use crate::stand::{Computer, last_json};

use super::memory::{Disk, tokens};
use super::room::{Room, files, largest};
use super::script::{Moment, Whom};
use super::stage::{Played, Stage};

/// How often it is looked whether a byte has passed.
const LOOK: Duration = Duration::from_millis(1);

impl Stage<'_> {
    /// The line is cut once in an exchange.
    pub(super) fn is_cut(&mut self, computer: usize, way: Way, after: u64, connection: u64) -> Played<String> {
        let cut = Act::Cut { way, at: Mark::After(after + 1), how: Default::default() };
        self.bend_the_line(Fault::on(On::Connection(connection), cut));
        let told = self.exchange(computer);
        self.mend_the_line();
        told
    }

    /// Somebody is killed in an exchange.
    pub(super) fn is_killed(&mut self, computer: usize, whom: Whom, at: Moment) -> Played<String> {
        let status = last_json(&self.say(computer, &["status"], &[])?.stdout);
        let command = if status["sealed"].is_null() { "pull" } else { "sync" };
        // A line that stands still holds the moment; a school that lives on would wait for it.
        if let (Moment::Byte(way, byte), Whom::School | Whom::Both) = (at, whom) {
            let stall = Act::Stall { way, at: Mark::After(byte + 1) };
            self.bend_the_line(Fault::on(On::Connection(1), stall));
        }
        let before = self.passed(at);
        let mut child = self.computers[computer].begin_telling(&[command], Stdio::piped());
        match at {
            Moment::Micros(micros) => std::thread::sleep(Duration::from_micros(micros)),
            Moment::Byte(_, byte) => {
                while child.try_wait().unwrap().is_none() && self.passed(at) <= before + byte {
                    std::thread::sleep(LOOK);
                }
            }
        }
        if whom != Whom::Centre {
            let _ = child.kill();
        }
        if whom != Whom::School {
            self.kill_the_centre();
        }
        self.mend_the_line();
        let output = child.wait_with_output().unwrap();
        if output.status.code().is_none() {
            return Ok("killed".to_owned());
        }
        let told = self.heard(computer, &output)?;
        Ok(if whom == Whom::Centre { told } else { format!("too late, {told}") })
    }

    fn passed(&self, at: Moment) -> u64 {
        let counts = self.prepared.line.counts();
        match at {
            Moment::Byte(Way::Up, _) => counts.up.forwarded,
            Moment::Byte(Way::Down, _) => counts.down.forwarded,
            Moment::Micros(_) => 0,
        }
    }

    /// The nightly backup; not while a restored centre still waits for computers.
    pub(super) fn backs_up(&mut self) -> Played<String> {
        let healing = self.operator_must(&["school", "healing", self.npsn()])?;
        if healing["waiting"].as_array().is_some_and(|waiting| !waiting.is_empty()) {
            return Ok("not while it heals".to_owned());
        }
        let to = self.directory("backup");
        let holds = self.memory.on(Disk::Centre);
        self.operator_must(&["backup", "--to", to.to_str().unwrap()])?;
        self.backups.push((to, holds));
        Ok("done".to_owned())
    }

    /// The centre loses its disk; what is newer than the backup is of a life that is over.
    pub(super) fn loses_disk(&mut self, before: usize) -> Played<String> {
        let Some(newest) = self.backups.len().checked_sub(before + 1) else {
            return Ok("there is no backup".to_owned());
        };
        let lost = self.backups.split_off(newest + 1);
        let backup = self.backups[newest].clone();
        self.restore(&backup)?;
        lost.iter().for_each(|(_, covered)| self.memory.loses_bundles(covered));
        Ok(format!("backup {newest}"))
    }

    pub(super) fn is_cloned(&mut self, computer: usize) -> Played<String> {
        let (data, holds) = self.copy_of(computer);
        self.computers.push(Computer { data });
        let clone = self.computers.len() - 1;
        self.memory.holds(Disk::Computer(clone), &holds);
        Ok(format!("computer {clone}"))
    }

    pub(super) fn keeps_image(&mut self, computer: usize) -> Played<String> {
        let image = self.copy_of(computer);
        self.images.insert(computer, image);
        Ok("done".to_owned())
    }

    pub(super) fn puts_back(&mut self, computer: usize) -> Played<String> {
        let Some(image) = self.images.get(&computer).cloned() else { return Ok("there is no copy".to_owned()) };
        self.put_back(computer, &image);
        Ok("done".to_owned())
    }

    /// A computer loses its disk.
    pub(super) fn recovers(&mut self, computer: usize) -> Played<String> {
        fs::remove_dir_all(&self.computers[computer].data).unwrap();
        self.memory.holds(Disk::Computer(computer), &Default::default());
        self.recover(computer)
    }

    /// `recover`, and what has to be made anew after it.
    fn recover(&mut self, computer: usize) -> Played<String> {
        self.renew_the_kode()?;
        let url = self.prepared.url();
        let output = self.say(computer, &["recover", "--server", &url, "--npsn", self.npsn()], &[&self.kode])?;
        let report = last_json(&output.stdout);
        if !output.status.success() {
            let code = crate::faults::scene::code(&output);
            return if code == "recover.whole" { Ok(code) } else { Err(format!("recover: {output:?}")) };
        }
        let drafts = report["drafts"].as_str().map(str::to_owned);
        let saved = drafts.as_ref().map(|file| fs::read_to_string(file).unwrap()).unwrap_or_default();
        // What was saved from the old store is there once it is imported, and not before.
        let disk = Disk::Computer(computer);
        let held = self.memory.on(disk);
        self.memory.holds(disk, &Default::default());
        self.settle_in(computer)?;
        if let Some(file) = drafts {
            self.must(computer, &["import", &file], &[])?;
            let holds = &self.memory.on(disk) | &(&tokens(&saved) & &held);
            self.memory.holds(disk, &holds);
        }
        Ok("recovered".to_owned())
    }

    /// A bit changes in a file of a computer, which is told to recover if that is seen.
    pub(super) fn is_damaged(&mut self, computer: usize, file: u64, byte: u64, beside: bool) -> Played<String> {
        let directory = self.computers[computer].data.join(if beside { "blobs" } else { "store" });
        let Some(flipped) = flip(&directory, file, byte) else { return Ok("there is no file".to_owned()) };
        Ok(format!("{flipped}: {}", self.recover(computer)?))
    }

    /// A bit changes in a file of the centre's store. A backup reads everything: where there can be none, or no start, the
    /// newest one is restored.
    pub(super) fn centre_is_damaged(&mut self, file: u64, byte: u64) -> Played<String> {
        if self.backups.is_empty() {
            return Ok("there is no backup".to_owned());
        }
        let mut flipped = None;
        let starts = self.while_the_centre_is_stopped(|data| flipped = flip(&data.join("store"), file, byte));
        let flipped = flipped.unwrap_or_default();
        let told = if starts { self.backs_up() } else { Err("it does not start".to_owned()) };
        match told {
            Ok(told) if told == "done" => Ok(format!("{flipped}: nothing")),
            Ok(why) | Err(why) => {
                let restored = self.loses_disk(0)?;
                Ok(format!("{flipped}: {}; {restored}", why.chars().take(200).collect::<String>()))
            }
        }
    }

    /// The centre's clock is so many days wrong from now on.
    pub(super) fn sets_clock(&mut self, days: i64) -> Played<String> {
        self.set_the_clock(days);
        Ok("done".to_owned())
    }

    /// A day's work at a computer whose disk is all but full.
    pub(super) fn fills_school(&mut self, computer: usize, kib: u64) -> Played<String> {
        let at = self.directory("small");
        let room = Room::scarce(&mut self.computers[computer].data, &at, kib);
        room.fill();
        let how = if room.is_a_disk() { "a small disk" } else { "a limit on files" };
        self.scarce = Some((computer, room));
        let typed = self.types(computer, 0, 0)?;
        let sent = self.sends(computer)?;
        if let Some((_, room)) = self.scarce.take() {
            room.free(&mut self.computers[computer].data);
        }
        let then = self.sends(computer)?;
        Ok(format!("{how}: {typed}, {sent}; then {then}"))
    }

    /// An exchange with a centre whose disk is all but full, or whose log of acts may grow by so many bytes.
    pub(super) fn fills_centre(&mut self, computer: usize, bytes: u64) -> Played<String> {
        let typed = self.types(computer, 0, 1)?;
        let at = self.directory("small");
        let small = if bytes.is_multiple_of(2) { None } else { self.moves_the_centre(&at, bytes / 64) };
        let most = largest(&self.centre_data().join("audit")) + bytes;
        if small.is_none() && !self.limits_the_centre(&format!("{most}:unlimited")) {
            return Ok("skipped: needs prlimit (util-linux)".to_owned());
        }
        let sent = self.sends(computer)?;
        let how = if small.is_some() { "a small disk" } else { "a limit on files" };
        self.kill_the_centre_and(|data| small.into_iter().for_each(|room| room.free(data)));
        let then = self.exchange(computer)?;
        Ok(format!("{how}: {typed}, {sent}; then {then}"))
    }

    /// Moves the centre to a disk with room for so many KiB, where mounting is allowed.
    fn moves_the_centre(&mut self, at: &Path, kib: u64) -> Option<Room> {
        let mut small = None;
        self.kill_the_centre_and(|data| small = Some(Room::scarce(data, at, kib)));
        // An engine may need room to open.
        small.filter(Room::is_a_disk).inspect(Room::fill)
    }

    /// Limits the size of the files that the centre writes.
    fn limits_the_centre(&self, size: &str) -> bool {
        let pid = self.centre().child.id().to_string();
        let done = Command::new("prlimit").args(["--pid", &pid, &format!("--fsize={size}")]).status();
        done.is_ok_and(|done| done.success())
    }

    /// A rulebook is published that begins at once.
    pub(super) fn publishes(&mut self) -> Played<String> {
        let today = self.must(0, &["pull"], &[]).and_then(|_| self.must(0, &["status"], &[]))?["judged_on"].clone();
        let place = self.directory("rules");
        fs::create_dir_all(&place).unwrap();
        let (book, examples) = stricter(&place);
        let from = today.as_str().unwrap_or_default().to_owned();
        let publish = ["rules", "publish", "--rulebook", &book, "--examples", &examples, "--from", &from];
        self.operator_must(&publish)?;
        Ok(format!("from {from}"))
    }
}

/// Changes a bit of a file, as a worn disk does; says of which.
fn flip(directory: &Path, file: u64, byte: u64) -> Option<String> {
    let found: Vec<_> = files(directory).into_iter().filter(|file| fs::metadata(file).unwrap().len() > 0).collect();
    let part = |of: usize, thousandth: u64| of * usize::try_from(thousandth).unwrap() / 1_000;
    let file = found.get(part(found.len(), file))?;
    let mut bytes = fs::read(file).unwrap();
    let at = part(bytes.len(), byte);
    bytes[at] ^= 1;
    fs::write(file, bytes).unwrap();
    Some(format!("byte {at} of {}", file.file_name()?.to_string_lossy()))
}
