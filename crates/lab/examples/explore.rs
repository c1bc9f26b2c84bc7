//! Looks at every interleaving of a small world: `cargo run --release -p selaras-lab --example explore -- --states N
//! [--minutes M] [--resume FILE] [--depth D] [--faults F] [--weight W] [--edits N] [--backups N] [--restores N] [--sample N]
//! [--empty] [--rules] [--revokes] [--flaw NAME] [--after "STEP, STEP"]`. With a file it goes on where it stopped, under the same bounds. With
//! `--play "STEP, STEP"` it takes the steps of one path, as a search names them, and tells what the ends hold after each.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program for people")]

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use selaras_lab::world::Flaw;
use selaras_lab::world::explore::{Bounds, Explored, Explorer, play};

/// How often a search is written into its file.
const SAVED_EVERY: Duration = Duration::from_secs(300);

struct Arguments(Vec<String>);

impl Arguments {
    fn text(&self, name: &str) -> Option<&str> {
        let at = self.0.iter().position(|argument| argument == name)?;
        self.0.get(at + 1).map(String::as_str)
    }

    fn number<T: std::str::FromStr>(&self, name: &str, otherwise: T) -> T {
        self.text(name).and_then(|text| text.parse().ok()).unwrap_or(otherwise)
    }

    fn has(&self, name: &str) -> bool {
        self.0.iter().any(|argument| argument == name)
    }

    fn flaw(&self) -> Option<Flaw> {
        let known = [
            Flaw::AbsorbLeftOut,
            Flaw::ReceiptDropped,
            Flaw::RenamedTooLate,
            Flaw::EffectBeforeCommit,
            Flaw::SentBeforeOffered,
            Flaw::ResumeForgotten,
            Flaw::OldEpochGoesOn,
            Flaw::RulesBeforeLife,
            Flaw::ConfirmsItself,
            Flaw::DefendsNothing,
        ];
        known.into_iter().find(|flaw| self.text("--flaw") == Some(format!("{flaw:?}").as_str()))
    }

    fn bounds(&self) -> Bounds {
        let usual = Bounds::default();
        Bounds {
            flaw: self.flaw(),
            bug: None,
            // It is the same as long as the program runs.
            after: self.text("--after").map_or("", |after| String::from(after).leak()),
            empty: self.has("--empty"),
            edits: self.number("--edits", usual.edits),
            backups: self.number("--backups", usual.backups),
            restores: self.number("--restores", usual.restores),
            rules: self.has("--rules"),
            revokes: self.has("--revokes"),
            depth: self.number("--depth", usual.depth),
            faults: self.number("--faults", usual.faults),
            weight: self.number("--weight", usual.weight),
            sample: self.number("--sample", usual.sample).max(1),
        }
    }
}

fn main() -> ExitCode {
    let arguments = Arguments(std::env::args().collect());
    let bounds = arguments.bounds();
    if let Some(path) = arguments.text("--play") {
        return match play(&bounds, path, &mut |told| println!("{told}")) {
            Ok(()) => ExitCode::SUCCESS,
            Err(found) => {
                println!("{found}");
                ExitCode::FAILURE
            }
        };
    }
    let file = arguments.text("--resume").map(PathBuf::from);
    let begun = file.as_ref().filter(|file| file.exists());
    let mut explorer = match begun.map_or_else(|| Ok(Explorer::new(bounds)), |file| Explorer::load(bounds, file)) {
        Ok(explorer) => explorer,
        Err(error) => {
            eprintln!("{error}");
            return ExitCode::FAILURE;
        }
    };
    let states = arguments.number("--states", 50_000);
    let end = Instant::now() + Duration::from_secs(60 * arguments.number("--minutes", 60 * 24));
    let began = Instant::now();
    loop {
        let pause = Instant::now() + SAVED_EVERY;
        let ran = explorer.run(states, &mut |_: &Explored| Instant::now() > pause.min(end));
        let explored = match ran {
            Ok(explored) => explored,
            Err(found) => {
                println!("{found}; {:.1} s", began.elapsed().as_secs_f64());
                return ExitCode::FAILURE;
            }
        };
        println!("{explored}; {:.1} s", began.elapsed().as_secs_f64());
        if let Some(Err(error)) = file.as_ref().map(|file| explorer.save(file)) {
            eprintln!("{error}");
            return ExitCode::FAILURE;
        }
        if explored.open == 0 || explored.states >= states || Instant::now() > end {
            return ExitCode::SUCCESS;
        }
    }
}
