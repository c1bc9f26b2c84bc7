//! `demo --line bad`: the same day over a village's mobile line that is cut all the time, with a kill in the middle.

use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use selaras_lab::line::{Act, Counts, Ending, Fault, Mark, Plan, Proxy, Way};

use super::centre::Centre;
use super::story::Story;
use crate::failure::Failure;

/// What the line is like.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Line {
    /// As good as this computer's own.
    Good,
    /// 1 Mbit/s up, 4 Mbit/s down, 80 ms, cut after every 64 KiB of either way.
    Bad,
}

/// Bytes after which the line is cut.
const CUT_EVERY: u64 = 64 << 10;
/// What has landed when the application is killed.
const KILLED_AT: u64 = 200 << 10;
/// How long the upload may take to get there.
const PATIENCE: Duration = Duration::from_secs(60);

/// The bad line, as it is from the first exchange on.
pub(super) fn bad() -> Plan {
    let cut = |way| Fault::always(Act::Cut { way, at: Mark::Every(CUT_EVERY), how: Ending::Rst });
    Plan::mobile().with(cut(Way::Up)).with(cut(Way::Down))
}

/// A line to the centre; good at first.
pub(super) fn to(centre: &Centre) -> Result<Proxy, Failure> {
    let upstream = centre.url().trim_start_matches("http://").parse().map_err(failed)?;
    Proxy::start(upstream, Plan::default()).map_err(failed)
}

fn failed(error: impl std::fmt::Display) -> Failure {
    Failure::new("demo.centre").arg("reason", error)
}

impl Story<'_> {
    /// From here on the line is bad. The application is killed while it uploads; what has landed stays.
    pub(super) fn killed_on_a_bad_line(&mut self) -> Result<(), Failure> {
        let words = self.tell.words();
        let Some(line) = &self.line else { return Ok(()) };
        line.set(bad()).map_err(failed)?;
        self.tell.line(words.say("demo.line-bad"));
        let before = line.counts();
        self.computer.close();
        self.tell.types("selaras sync");
        let mut child = self.child()?;
        let landed = self.wait_for(before.up.forwarded + KILLED_AT, &mut child);
        child.kill().and_then(|()| child.wait()).map_err(failed)?;
        let text =
            words.fill("demo.line-killed", &[("bytes", &words.bytes(landed.saturating_sub(before.up.forwarded)))]);
        self.tell.check(landed >= before.up.forwarded + KILLED_AT, &text)
    }

    fn child(&self) -> Result<Child, Failure> {
        let executable = std::env::current_exe().map_err(failed)?;
        let mut command = Command::new(executable);
        command.arg("--data").arg(self.dir.join("sekolah")).arg("sync");
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().map_err(failed)
    }

    /// Waits until so many bytes have passed, or the child has ended.
    fn wait_for(&self, bytes: u64, child: &mut Child) -> u64 {
        let began = Instant::now();
        loop {
            let passed = self.line.as_ref().map_or(0, |line| line.counts().up.forwarded);
            let ended = matches!(child.try_wait(), Ok(Some(_)) | Err(_));
            if passed >= bytes || ended || began.elapsed() > PATIENCE {
                return passed;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// What the first exchange cost on the line, the killed process included.
    pub(super) fn cost_of_the_bad_line(&mut self, before: Counts) -> Result<(), Failure> {
        let words = self.tell.words();
        let Some(line) = &self.line else { return Ok(()) };
        let after = line.counts();
        let up = after.up.read - before.up.read;
        let text = words.fill(
            "demo.line-cost",
            &[
                ("up", &words.bytes(up)),
                ("down", &words.bytes(after.down.read - before.down.read)),
                ("cuts", &(after.cuts - before.cuts)),
                ("wasted", &words.bytes(after.up.wasted() - before.up.wasted())),
            ],
        );
        self.tell.check(after.cuts > before.cuts, &text)
    }

    /// What went over the line so far; nothing where there is no bad one.
    pub(super) fn line_counts(&self) -> Counts {
        self.line.as_ref().map(Proxy::counts).unwrap_or_default()
    }
}
