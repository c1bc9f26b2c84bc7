//! The hidden command `measure`: what the exchanges of a made-up school cost, as one row of docs/measurements.md.
//!
//! Both ends are this executable, as in the demonstration: the school in this process, the centre as its child. The
//! school is made by a child as well, so that its memory is not counted here.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use selaras_lab::{Day, Sample, SampleOptions, day, sample};
use selaras_model::{Npsn, Pack, Record, RecordId};

use super::centre::Centre;
use super::school::Computer;
use super::{Room, write_lines};
use crate::cli::Screen;
use crate::command::Report;
use crate::command::report::ExchangeReport;
use crate::failure::{Exit, Failure};
use crate::output::Output;

pub(super) const HEAD: (&str, &str) = ("kepala", "sungai dan hutan");
/// Edits of which the middle one is told.
const EDITS: usize = 21;
const FULL_RUNS: usize = 5;
/// Days: one of which everything is told, and twice ten of which the centre's mean CPU time is.
const DAYS: usize = 21;

/// The arguments of `measure`.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Measure {
    /// Number of students.
    #[arg(long, value_name = "N", default_value_t = 1_500, value_parser = clap::value_parser!(u32).range(100..=20_000))]
    students: u32,
}

/// What a step cost.
struct Cost {
    what: &'static str,
    report: ExchangeReport,
    school_cpu: Duration,
    centre_cpu: Duration,
    goal: Goal,
}

impl Files {
    /// What is typed on the first day.
    pub(super) fn first_day(&self) -> Result<&Path, Failure> {
        self.days.first().map(|(typed, _)| typed.as_path()).ok_or_else(broken)
    }
}

/// What the bytes of a step are held against.
#[derive(Debug, Clone, Copy)]
enum Goal {
    /// The school's records as JSON lines under zstd -19.
    Records,
    /// A day's edits as JSON lines under zstd -19, and a quarter, and 1.5 KiB.
    Edits,
    /// A number of bytes.
    Bytes(u64),
    /// The first upload, and a tenth.
    FirstUpload(u64),
}

struct Scene {
    centre: Centre,
    computer: Computer,
    costs: Vec<Cost>,
}

/// The edits of a day as they are typed, made where their memory does not count.
pub(super) struct Files {
    pub(super) npsn: String,
    pub(super) name: String,
    pub(super) head: RecordId,
    pub(super) centre: PathBuf,
    pub(super) school: PathBuf,
    /// What is typed, and what the centre changes, day by day.
    days: Vec<(PathBuf, PathBuf)>,
}

impl Measure {
    pub(crate) fn run(&self, screen: &mut Screen) -> Result<Exit, Failure> {
        let room = Room::new(None)?;
        let files = make(self.students, &room.dir)?;
        let place = room.dir.join("pusat");
        let centre = Centre::start(&place)?;
        let npsn = files.npsn.parse().map_err(|_| broken())?;
        let (kode, _) = centre.add_school(npsn, &files.name, &files.centre)?;
        let computer = Computer::new(room.dir.join("sekolah"), screen.lang());
        let mut scene = Scene { centre, computer, costs: Vec::new() };
        scene.install(&files, &kode)?;
        let imported = scene.import(&files.school)?;
        scene.appoint(&files, &kode)?;
        let from = scene.computer.judging_date()?;
        scene.centre.assign_head(npsn, files.head, from)?;
        scene.activate(&kode)?;
        scene.computer.run(&["approve", HEAD.0], &[HEAD.1])?;
        scene.exchange("sync", "first upload", Goal::Records)?;
        let validation = scene.full_run()?;
        let edit = scene.one_edit()?;
        scene.computer.run(&["approve", HEAD.0], &[HEAD.1])?;
        scene.computer.run(&["sync"], &[])?;
        let (first, rest) = files.days.split_first().ok_or_else(broken)?;
        scene.live(first, npsn)?;
        scene.exchange("sync", "nothing new", Goal::Bytes(1_024))?;
        let memory = peak("self");
        scene.computer.lose_everything()?;
        scene.install(&files, &kode)?;
        let up = scene.costs.first().map_or(0, |cost| cost.report.bytes_up);
        scene.exchange("pull", "recovery", Goal::FirstUpload(up))?;
        let recovered = peak("self");
        scene.appoint(&files, &kode)?;
        scene.activate(&kode)?;
        let (warm, cold) = rest.split_at(rest.len() / 2);
        let day = scene.mean_of(warm, npsn)?;
        let used = peak(&scene.centre.pid().to_string());
        scene.centre.restart(&place)?;
        let later_day = scene.mean_of(cold, npsn)?;
        let centre_memory = used.max(peak(&scene.centre.pid().to_string()));
        let lines = [
            format!("students {}: {imported} records typed by the school", self.students),
            format!(
                "full validation {} ms; one edit, durable and judged again {:.1} ms",
                validation.as_millis(),
                millis(edit)
            ),
            format!(
                "the centre's CPU for a day: {:.1} ms by the process that took the first upload, {:.1} ms by a new one",
                millis(day),
                millis(later_day)
            ),
            format!("peak memory: school {memory} MiB, with a recovery {recovered} MiB; centre {centre_memory} MiB",),
        ];
        for line in lines {
            say(screen, &line);
        }
        say(screen, "step | requests | up | down | sum | allowed | time ms | CPU ms school | CPU ms centre");
        for cost in &scene.costs {
            say(screen, &cost.row(&files)?);
        }
        Ok(Exit::Done)
    }
}

/// A line of the table.
pub(super) fn say(screen: &mut Screen, line: &str) {
    let mut page = crate::page::Page::default();
    page.plain(line);
    screen.page(&page);
}

impl Cost {
    fn row(&self, files: &Files) -> Result<String, Failure> {
        let ExchangeReport { requests, bytes_up, bytes_down, millis: time, .. } = &self.report;
        Ok(format!(
            "{} | {requests} | {bytes_up} | {bytes_down} | {} | {} | {time} | {:.0} | {:.1}",
            self.what,
            bytes_up + bytes_down,
            self.goal.text(files)?,
            millis(self.school_cpu),
            millis(self.centre_cpu),
        ))
    }
}

impl Goal {
    /// Packs files, so it comes after the memory has been read.
    fn text(self, files: &Files) -> Result<String, Failure> {
        Ok(match self {
            Goal::Records => format!("{} (JSON lines, zstd -19)", packed(&[&files.school])?),
            Goal::Edits => {
                let (typed, acted) = files.days.first().ok_or_else(broken)?;
                let edits = packed(&[typed, acted])?;
                format!("{} (1.25 x {edits} + 1,536)", edits + edits / 4 + 1_536)
            }
            Goal::Bytes(bytes) => bytes.to_string(),
            Goal::FirstUpload(up) => format!("{} (1.1 x first upload)", up + up / 10),
        })
    }
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

impl Scene {
    fn install(&mut self, files: &Files, kode: &str) -> Result<(), Failure> {
        let url = self.centre.url().to_owned();
        self.computer.run(&["init", "--server", &url, "--npsn", &files.npsn], &[kode])?;
        if self.costs.is_empty() {
            self.computer.run(&["pull"], &[])?;
        }
        Ok(())
    }

    /// Makes the head's account on this computer.
    fn appoint(&mut self, files: &Files, kode: &str) -> Result<(), Failure> {
        self.computer.run(&["account", "add", HEAD.0, "--ptk", &files.head.to_string()], &[HEAD.1])?;
        self.computer.run(&["role", "add", HEAD.0, "head"], &[kode]).map(drop)
    }

    /// Makes the head's key, once the centre's records say who the head is.
    fn activate(&mut self, kode: &str) -> Result<(), Failure> {
        self.computer.run(&["pull"], &[])?;
        self.computer.run(&["head", "activate", HEAD.0], &[kode, HEAD.1]).map(drop)
    }

    fn import(&mut self, file: &Path) -> Result<usize, Failure> {
        let file = file.display().to_string();
        let Report::Import(report) = self.computer.run(&["import", &file], &[])? else { return Err(broken()) };
        Ok(report.taken)
    }

    fn exchange(&mut self, line: &str, what: &'static str, goal: Goal) -> Result<(), Failure> {
        let pid = self.centre.pid().to_string();
        let before = (Cpu::of("self"), Cpu::of(&pid));
        let Report::Exchange(report) = self.computer.run(&[line], &[])? else { return Err(broken()) };
        let (school_cpu, centre_cpu) = (Cpu::of("self").since(&before.0), Cpu::of(&pid).since(&before.1));
        if report.equal != Some(true) {
            return Err(Failure::new("demo.check").arg("check", what).arg("step", 0));
        }
        self.costs.push(Cost { what, report, school_cpu, centre_cpu, goal });
        Ok(())
    }

    /// A day at both ends; the first one's costs are told.
    fn live(&mut self, (typed, acted): &(PathBuf, PathBuf), npsn: Npsn) -> Result<(), Failure> {
        self.import(typed)?;
        self.centre.import(npsn, acted)?;
        self.computer.run(&["approve", HEAD.0], &[HEAD.1])?;
        self.exchange("sync", "a day", Goal::Edits)
    }

    /// Lets days pass; gives the mean of the centre's CPU for the exchange of one.
    fn mean_of(&mut self, days: &[(PathBuf, PathBuf)], npsn: Npsn) -> Result<Duration, Failure> {
        let told = self.costs.len();
        for day in days {
            self.live(day, npsn)?;
        }
        let spent: Duration = self.costs.drain(told..).map(|cost| cost.centre_cpu).sum();
        Ok(spent / u32::try_from(days.len()).unwrap_or(u32::MAX).max(1))
    }

    /// The middle one of some full runs over the whole store.
    fn full_run(&mut self) -> Result<Duration, Failure> {
        let mut times = Vec::new();
        for _ in 0..FULL_RUNS {
            let open = self.computer.service()?.open_store()?;
            let began = Instant::now();
            open.school().judge_anew()?;
            times.push(began.elapsed());
        }
        Ok(middle(times))
    }

    /// The middle one of some edits of students, each durable and judged again.
    fn one_edit(&mut self) -> Result<Duration, Failure> {
        let Report::List(list) = self.computer.run(&["list", "peserta_didik"], &[])? else { return Err(broken()) };
        let mut times = Vec::new();
        for (line, number) in list.records.iter().zip(0..EDITS) {
            let typed = format!("alamat_jalan=Jalan Ukur {number}");
            let began = Instant::now();
            self.computer.run(&["edit", "peserta_didik", &line.id, &typed], &[])?;
            times.push(began.elapsed());
        }
        Ok(middle(times))
    }
}

pub(super) fn middle(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times.get(times.len() / 2).copied().unwrap_or_default()
}

/// Bytes of files under zstd -19.
fn packed(files: &[&PathBuf]) -> Result<u64, Failure> {
    let mut text = Vec::new();
    for file in files {
        text.extend(std::fs::read(file).map_err(|_| broken())?);
    }
    let packed = zstd::bulk::compress(&text, 19).map_err(|_| broken())?;
    Ok(packed.len() as u64)
}

/// Makes the school and its day by a child of this executable.
pub(super) fn make(students: u32, dir: &Path) -> Result<Files, Failure> {
    let executable = std::env::current_exe().map_err(|_| broken())?;
    let made = Command::new(executable)
        .args(["measure-files", &students.to_string()])
        .arg(dir)
        .stdin(Stdio::null())
        .output()
        .map_err(|_| broken())?;
    let line = String::from_utf8(made.stdout).map_err(|_| broken())?;
    let mut words = line.trim().splitn(3, ' ');
    let (npsn, head, name) = (words.next(), words.next(), words.next());
    Ok(Files {
        npsn: npsn.unwrap_or_default().to_owned(),
        head: head.and_then(|head| head.parse().ok()).ok_or_else(broken)?,
        name: name.unwrap_or_default().to_owned(),
        centre: dir.join("centre.jsonl"),
        school: dir.join("school.jsonl"),
        days: (1..=DAYS).map(|number| day_files(dir, number)).collect(),
    })
}

/// Puts an edit into a school's records.
fn take(school: &mut Sample, edit: Record) {
    let mut known = school.school.iter_mut().chain(&mut school.centre);
    match known.find(|record| record.key() == edit.key()) {
        Some(record) => record.fields.extend(edit.fields),
        None => school.school.push(edit),
    }
}

/// The files of a day: what is typed, and what the centre changes.
fn day_files(dir: &Path, number: usize) -> (PathBuf, PathBuf) {
    (dir.join(format!("day-{number}-school.jsonl")), dir.join(format!("day-{number}-centre.jsonl")))
}

/// The child that makes the files.
pub(crate) fn make_files(students: u32, dir: &Path) -> Result<String, Failure> {
    let pack = Pack::builtin();
    let failed = |error| Failure::new("demo.sample").arg("reason", error);
    let options = SampleOptions { students, ..SampleOptions::default() };
    let school = sample(&pack, &options).map_err(failed)?;
    write_lines(&dir.join("centre.jsonl"), &school.centre)?;
    write_lines(&dir.join("school.jsonl"), &school.school)?;
    let mut grown = school.clone();
    for (number, seed) in (1..=DAYS).zip(1..) {
        let Day { school: typed, centre: acted } = day(&pack, &grown, seed).map_err(failed)?;
        let (typed_file, acted_file) = day_files(dir, number);
        write_lines(&typed_file, &typed)?;
        write_lines(&acted_file, &acted)?;
        // The next day finds the school as this one leaves it.
        typed.into_iter().chain(acted).for_each(|edit| take(&mut grown, edit));
    }
    Ok(format!("{} {} {}", school.npsn, school.head, school.name))
}

/// CPU time of a process's threads so far, where the system tells it (proc(5), `schedstat`, in nanoseconds).
struct Cpu(BTreeMap<OsString, u64>);

impl Cpu {
    fn of(process: &str) -> Self {
        let threads = std::fs::read_dir(format!("/proc/{process}/task")).into_iter().flatten().flatten();
        let read = |path: PathBuf| {
            let text = std::fs::read_to_string(path.join("schedstat")).ok()?;
            text.split_whitespace().next()?.parse::<u64>().ok()
        };
        Self(threads.filter_map(|thread| Some((thread.file_name(), read(thread.path())?))).collect())
    }

    /// What was spent since then; a thread that ended meanwhile is not counted.
    fn since(&self, before: &Self) -> Duration {
        let spent = |(thread, now): (&OsString, &u64)| now.saturating_sub(before.0.get(thread).copied().unwrap_or(0));
        Duration::from_nanos(self.0.iter().map(spent).sum())
    }
}

/// Peak memory of a process in MiB, where the system tells it.
pub(super) fn peak(process: &str) -> u64 {
    let text = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok()).unwrap_or(0) / 1_024
}

pub(super) fn broken() -> Failure {
    Failure::new("internal.error").arg("place", "measure")
}
