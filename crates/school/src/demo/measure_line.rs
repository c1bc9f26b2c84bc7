//! The hidden command `measure-line`: what a first upload costs over bad lines, beside the same work uncut.
//!
//! Every row is a fresh centre and a fresh school behind the fault proxy, which counts. The last rows bring 20 MB that
//! nobody could commit: they measure the landing alone.

use std::io;
use std::time::{Duration, Instant};

use selaras_lab::line::{Act, Counts, Ending, Fault, Lane, Mark, Plan, Proxy, Way};
use selaras_model::BundleId;
use selaras_sync::transfer::Upload;
use selaras_transport::{Link, LinkError, LinkOptions, Parcel, Patience, Telling, Trust, system_chance};

use super::Room;
use super::centre::Centre;
use super::measure::{Files, HEAD, broken, make, say};
use super::school::Computer;
use crate::cli::Screen;
use crate::command::Report;
use crate::failure::{Exit, Failure};
use crate::output::Output;

/// The arguments of `measure-line`.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct MeasureLine {
    /// Number of students.
    #[arg(long, value_name = "N", default_value_t = 1_500, value_parser = clap::value_parser!(u32).range(100..=20_000))]
    students: u32,
    /// Leaves out the rows of 20 MB, which take some minutes.
    #[arg(long)]
    short: bool,
}

const LARGE: u64 = 20_000_000;
const KIB: u64 = 1 << 10;

fn cut(at: u64, how: Ending) -> Fault {
    Fault::always(Act::Cut { way: Way::Up, at: Mark::Every(at), how })
}

/// The lines, by what they are called; the first is uncut.
fn lines() -> Vec<(&'static str, Plan)> {
    let mobile = Plan::mobile;
    vec![
        ("uncut", mobile()),
        ("cut every 64 KiB", mobile().with(cut(64 * KIB, Ending::Fin))),
        ("reset every 64 KiB", mobile().with(cut(64 * KIB, Ending::RstBoth))),
        ("cut every 16 KiB", mobile().with(cut(16 * KIB, Ending::Fin))),
        ("whole requests only", mobile().with(Fault::always(Act::BufferRequest))),
        (
            "whole requests only, cut every 64 KiB",
            mobile().with(Fault::always(Act::BufferRequest)).with(cut(64 * KIB, Ending::Fin)),
        ),
    ]
}

fn large_lines() -> Vec<(&'static str, Plan)> {
    let lane = |bytes| Lane { bytes_per_second: Some(bytes), latency_ms: 80 };
    let fast = || Plan { up: lane(125_000), down: lane(500_000), ..Plan::default() };
    vec![
        ("20 MB, uncut", fast()),
        ("20 MB, cut every 20 s", fast().with(Fault::always(Act::CutEvery { ms: 20_000, how: Ending::RstBoth }))),
    ]
}

struct Row {
    counts: Counts,
    time: Duration,
}

impl MeasureLine {
    pub(crate) fn run(&self, screen: &mut Screen) -> Result<Exit, Failure> {
        say(screen, "line | requests | cuts | bytes up | for nothing | bytes down | against uncut | time s");
        let room = Room::new(None)?;
        let files = make(self.students, &room.dir)?;
        let mut uncut = None;
        for (number, (what, plan)) in lines().into_iter().enumerate() {
            let dir = room.dir.join(format!("line-{number}"));
            let row = first_upload(&files, &dir, plan, screen)?;
            tell(screen, what, &row, *uncut.get_or_insert(row.counts.up.read));
        }
        if self.short {
            return Ok(Exit::Done);
        }
        let mut uncut = None;
        for (number, (what, plan)) in large_lines().into_iter().enumerate() {
            let row = landing(&files, &room.dir.join(format!("large-{number}")), plan)?;
            tell(screen, what, &row, *uncut.get_or_insert(row.counts.up.read));
        }
        Ok(Exit::Done)
    }
}

fn tell(screen: &mut Screen, what: &str, row: &Row, uncut: u64) {
    let Row { counts, time } = row;
    #[allow(clippy::cast_precision_loss, reason = "a share for people, of bytes far below 2^52")]
    let more = (counts.up.read as f64 / uncut as f64 - 1.0) * 100.0;
    let line = format!(
        "{what} | {} | {} | {} | {} | {} | {more:+.1} % | {:.1}",
        counts.requests,
        counts.cuts,
        counts.up.read,
        counts.up.wasted(),
        counts.down.read,
        time.as_secs_f64()
    );
    say(screen, &line);
}

/// A school that is ready to send, behind a line that is good so far.
fn ready(files: &Files, dir: &std::path::Path, screen: &Screen) -> Result<(Centre, Proxy, Computer), Failure> {
    let centre = Centre::start(&dir.join("pusat"))?;
    let line = super::bad_line::to(&centre)?;
    let mut computer = Computer::new(dir.join("sekolah"), screen.lang());
    prepare(&centre, &format!("http://{}", line.address()), files, &mut computer)?;
    Ok((centre, line, computer))
}

/// Registers a school, types everything and approves it; gives its code.
pub(super) fn prepare(
    centre: &Centre,
    address: &str,
    files: &Files,
    computer: &mut Computer,
) -> Result<String, Failure> {
    let npsn = files.npsn.parse().map_err(|_| broken())?;
    let (kode, _) = centre.add_school(npsn, &files.name, &files.centre)?;
    computer.run(&["init", "--server", address, "--npsn", &files.npsn], &[&kode])?;
    computer.run(&["pull"], &[])?;
    computer.run(&["import", &files.school.display().to_string()], &[])?;
    computer.run(&["account", "add", HEAD.0, "--ptk", &files.head.to_string()], &[HEAD.1])?;
    computer.run(&["role", "add", HEAD.0, "head"], &[&kode])?;
    let from = computer.judging_date()?;
    centre.assign_head(npsn, files.head, from)?;
    computer.run(&["pull"], &[])?;
    computer.run(&["head", "activate", HEAD.0], &[&kode, HEAD.1])?;
    computer.run(&["approve", HEAD.0], &[HEAD.1])?;
    Ok(kode)
}

fn first_upload(files: &Files, dir: &std::path::Path, plan: Plan, screen: &Screen) -> Result<Row, Failure> {
    let (_centre, line, mut computer) = ready(files, dir, screen)?;
    let before = line.counts();
    line.set(plan).map_err(|_| broken())?;
    let began = Instant::now();
    let Report::Exchange(report) = computer.run(&["sync"], &[])? else { return Err(broken()) };
    if report.equal != Some(true) {
        return Err(Failure::new("demo.check").arg("check", "first upload").arg("step", 0));
    }
    Ok(Row { counts: since(line.counts(), before), time: began.elapsed() })
}

/// Brings 20 MB that do not compress to the centre; nothing of it takes effect.
fn landing(files: &Files, dir: &std::path::Path, plan: Plan) -> Result<Row, Failure> {
    let centre = Centre::start(&dir.join("pusat"))?;
    let line = super::bad_line::to(&centre)?;
    let npsn = files.npsn.parse().map_err(|_| broken())?;
    let (kode, _) = centre.add_school(npsn, &files.name, &files.centre)?;
    let mut computer = Computer::new(dir.join("sekolah"), selaras_model::Lang::En);
    let address = format!("http://{}", line.address());
    computer.run(&["init", "--server", &address, "--npsn", &files.npsn], &[&kode])?;
    computer.run(&["pull"], &[])?;
    let token = computer.service()?.open_store()?.token_text()?;
    let mut content = Vec::new();
    let mut source = blake3::Hasher::new().update(b"20 MB").finalize_xof();
    content.resize(usize::try_from(LARGE).unwrap_or(0), 0);
    source.fill(&mut content);
    let bundle = BundleId::from_bytes(*blake3::hash(&content).as_bytes());
    let read = |from: u64, length: u64| {
        let from = usize::try_from(from).map_err(io::Error::other)?;
        let length = usize::try_from(length).map_err(io::Error::other)?;
        content.get(from..from + length).map(<[u8]>::to_vec).ok_or_else(|| io::ErrorKind::UnexpectedEof.into())
    };
    let before = line.counts();
    line.set(plan).map_err(|_| broken())?;
    let link = Link::new(&LinkOptions::new(&address, Trust::System)).map_err(|_| broken())?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|_| broken())?;
    let mut upload = Upload::new(LARGE);
    let telling = Telling { landed: &mut |_| {}, waiting: &mut |_: &LinkError, _| {} };
    let parcel = Parcel { bundle, read: &read };
    let began = Instant::now();
    let sent = link.upload(&token, parcel, &mut upload, Patience::PERSON, system_chance, telling);
    runtime.block_on(sent).map_err(|error| Failure::new("demo.centre").arg("reason", error))?;
    Ok(Row { counts: since(line.counts(), before), time: began.elapsed() })
}

fn since(after: Counts, before: Counts) -> Counts {
    let passed = |after: selaras_lab::line::Passed, before: selaras_lab::line::Passed| selaras_lab::line::Passed {
        read: after.read - before.read,
        forwarded: after.forwarded - before.forwarded,
        own: after.own - before.own,
        left: after.left - before.left,
    };
    Counts {
        connections: after.connections - before.connections,
        requests: after.requests - before.requests,
        cuts: after.cuts - before.cuts,
        unreached: after.unreached - before.unreached,
        up: passed(after.up, before.up),
        down: passed(after.down, before.down),
    }
}
