//! `selaras demo` and `selaras sample`: a made-up school, and a whole exchange with a centre on this computer.
//!
//! The demonstration starts the centre as a child process of this very executable (the hidden command `center`) and
//! talks to it over HTTP only, as any school does. Everything that it prints was computed by the run; a step whose
//! check fails says so, and the process ends with a failure.

mod bad_line;
mod centre;
mod disaster;
mod measure;
mod measure_line;
mod measure_pages;
mod pages;
mod plant;
mod sabotage;
mod school;
mod story;
mod tell;

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use selaras_lab::{SampleOptions, sample};
use selaras_model::{Npsn, Pack, Record, RecordId, record_to_json};

use crate::cli::Screen;
use crate::command::Done;
use crate::failure::{Exit, Failure};
use crate::output::Output;

/// The arguments of `sample`.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Sample {
    /// Number of students.
    #[arg(long, value_name = "N", default_value_t = 1_500, value_parser = clap::value_parser!(u32).range(1..=20_000))]
    students: u32,
    /// Seed.
    #[arg(long, value_name = "S", default_value_t = 1)]
    seed: u64,
    /// Records that are invalid on purpose.
    #[arg(long, value_name = "K", default_value_t = 0)]
    invalid: u32,
    /// Failures of rules, by the rules' ids.
    #[arg(long, value_name = "RULE[=N]")]
    plant: Vec<plant::Plant>,
    /// School number.
    #[arg(long, value_name = "N", default_value = "99999999")]
    npsn: Npsn,
    /// The directory for the two files.
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
}

/// The arguments of `demo`.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Demo {
    /// Number of students.
    #[arg(long, value_name = "N", default_value_t = 1_500, value_parser = clap::value_parser!(u32).range(50..=20_000))]
    pub(super) students: u32,
    /// Seed.
    #[arg(long, value_name = "S", default_value_t = 1)]
    pub(super) seed: u64,
    /// What the line to the centre is like.
    #[arg(long, value_name = "HOW", value_enum, default_value_t = bad_line::Line::Good)]
    pub(super) line: bad_line::Line,
    /// The centre loses its disk after everything that may have happened since its backup, and comes back.
    #[arg(long, conflicts_with_all = ["students", "line"])]
    pub(super) disaster: bool,
    /// Keeps everything in this directory; the demonstration of a day leaves the centre running and opens the pages.
    #[arg(long, value_name = "DIR")]
    pub(super) keep: Option<PathBuf>,
    /// Spoils the run, so that a test can see it fail.
    #[arg(long, value_name = "HOW", hide = true)]
    pub(super) sabotage: Option<sabotage::Sabotage>,
}

pub(crate) use measure::{Measure, make_files};
pub(crate) use measure_line::MeasureLine;
pub(crate) use measure_pages::MeasurePages;

impl Sample {
    /// Writes the two files.
    pub(crate) fn run(&self, screen: &mut Screen) -> Result<Exit, Failure> {
        let out = crate::place::absolute(&self.out)?;
        let options = SampleOptions {
            students: self.students,
            seed: self.seed,
            invalid: self.invalid,
            npsn: self.npsn,
            ..SampleOptions::default()
        };
        let mut made = make(&options)?;
        let planted = plant::plant(&self.plant, &mut made, self.seed)?;
        let files = write_sample(&made, &out)?;
        let done = Done::new("sample.done").arg("dir", out.display()).arg("npsn", files.npsn).arg("head", files.head);
        let output: &mut dyn Output = screen;
        output.report(done.arg("centre", files.centre_records).arg("school", files.school_records).report());
        planted.iter().for_each(|planted| plant::tell(planted, output));
        Ok(Exit::Done)
    }
}

impl Demo {
    /// Tells its story in a directory of its own, which is removed at the end unless it is to be kept.
    pub(crate) fn run(&self, screen: &mut Screen) -> Result<Exit, Failure> {
        let room = Room::new(self.keep.as_deref())?;
        if self.disaster { disaster::tell(self, &room.dir, screen) } else { story::tell(self, &room.dir, screen) }
    }
}

/// A made-up school in two files.
struct SampleFiles {
    npsn: Npsn,
    name: String,
    /// The PTK who is to head the school.
    head: RecordId,
    centre: PathBuf,
    centre_records: usize,
    school: PathBuf,
    school_records: usize,
}

/// Makes a school and writes it.
fn make_sample(options: &SampleOptions, dir: &Path) -> Result<SampleFiles, Failure> {
    write_sample(&make(options)?, dir)
}

fn make(options: &SampleOptions) -> Result<selaras_lab::Sample, Failure> {
    sample(&Pack::builtin(), options).map_err(|error| Failure::new("demo.sample").arg("reason", error))
}

/// Writes what the centre has of a school and what the school has.
fn write_sample(made: &selaras_lab::Sample, dir: &Path) -> Result<SampleFiles, Failure> {
    let unwritable = |_| Failure::new("place.unwritable").arg("place", dir.display());
    std::fs::create_dir_all(dir).map_err(unwritable)?;
    let (centre, school) = (dir.join("centre.jsonl"), dir.join("school.jsonl"));
    write_lines(&centre, &made.centre)?;
    write_lines(&school, &made.school)?;
    Ok(SampleFiles {
        npsn: made.npsn,
        name: made.name.clone(),
        head: made.head,
        centre,
        centre_records: made.centre.len(),
        school,
        school_records: made.school.len(),
    })
}

fn write_lines(path: &Path, records: &[Record]) -> Result<(), Failure> {
    let pack = Pack::builtin();
    let mut text = String::new();
    for record in records {
        text.push_str(&record_to_json(&pack, record).to_string());
        text.push('\n');
    }
    std::fs::write(path, text).map_err(|_| Failure::new("input.target").arg("file", path.display()))
}

/// The directory in which a demonstration takes place.
struct Room {
    dir: PathBuf,
    kept: bool,
}

impl Room {
    fn new(keep: Option<&Path>) -> Result<Room, Failure> {
        let (dir, kept) = match keep {
            Some(dir) => (crate::place::absolute(dir)?, true),
            None => {
                let name = data_encoding::HEXLOWER.encode(&crate::env::random::<8>()?);
                (std::env::temp_dir().join(format!("selaras-demo-{name}")), false)
            }
        };
        let occupied = std::fs::read_dir(&dir).is_ok_and(|mut entries| entries.next().is_some());
        if occupied {
            return Err(Failure::new("demo.keep").arg("dir", dir.display()));
        }
        crate::platform::create_private_dir(&dir)
            .map_err(|_| Failure::new("place.unwritable").arg("place", dir.display()))?;
        Ok(Room { dir, kept })
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        if !self.kept {
            let _ = std::fs::remove_dir_all(&self.dir);
        }
    }
}

/// Runs the centre in this process, with the arguments that its own binary takes.
pub(crate) fn center(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    selaras_center::run(std::iter::once(OsString::from("selaras-center")).chain(arguments))
}
