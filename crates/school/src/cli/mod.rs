//! The command line: what was typed becomes a [`Command`], its events become text or JSON.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{CommandFactory, FromArgMatches};
use selaras_model::Lang;

use crate::command::Command;
use crate::command::sync::Sync;
use crate::config::Config;
use crate::failure::{Exit, Failure};
use crate::output::Output as _;
use crate::place::Place;
use crate::serve::Serving;
use crate::service::Service;
use crate::web::Served;

mod ask;
mod events;
mod help;
mod later;
mod rules;
mod screen;

pub(crate) use screen::Screen;

/// What stands on the command line.
#[derive(Debug, clap::Parser)]
#[command(name = "selaras", version, disable_help_subcommand = true)]
pub(crate) struct Cli {
    /// The directory of the school's data.
    #[arg(long, global = true, value_name = "DIR", env = "SELARAS_DATA")]
    pub(crate) data: Option<PathBuf>,
    /// One JSON document instead of text.
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// The language of messages.
    #[arg(long, global = true, value_name = "id|en", env = "SELARAS_LANG")]
    pub(crate) lang: Option<Lang>,
    /// Reads passwords from standard input, a line each.
    #[arg(long, global = true)]
    pub(crate) password_stdin: bool,
    /// Reads the kode registrasi from standard input, a line.
    #[arg(long, global = true)]
    pub(crate) kode_stdin: bool,
    /// What to do.
    #[command(subcommand)]
    pub(crate) task: Task,
}

/// What can be asked of this program.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Task {
    /// Something that the school's service does.
    #[command(flatten)]
    Command(Command),
    /// The rulebook: lists, shows and tests it.
    #[command(subcommand)]
    Rules(rules::Rules),
    /// Owns the store for other processes.
    Serve,
    /// Makes a made-up school.
    #[cfg(feature = "demo")]
    Sample(crate::demo::Sample),
    /// Shows a whole exchange on this computer.
    #[cfg(feature = "demo")]
    Demo(crate::demo::Demo),
    /// What the exchanges of a made-up school cost.
    #[cfg(feature = "demo")]
    #[command(hide = true)]
    Measure(crate::demo::Measure),
    /// Measures a first upload over bad lines.
    #[cfg(feature = "demo")]
    #[command(hide = true)]
    MeasureLine(crate::demo::MeasureLine),
    /// Measures the pages of a large school.
    #[cfg(feature = "demo")]
    #[command(hide = true)]
    MeasurePages(crate::demo::MeasurePages),
}

/// Runs what the process's arguments say.
pub(crate) fn main() -> ExitCode {
    let arguments: Vec<std::ffi::OsString> = std::env::args_os().collect();
    // The hidden command: the demonstration's child. Its arguments are the centre's, `--data` and `--json` too.
    #[cfg(feature = "demo")]
    if arguments.get(1).is_some_and(|first| first == "center") {
        return crate::demo::center(arguments.into_iter().skip(2));
    }
    #[cfg(feature = "demo")]
    if let [_, first, students, dir] = arguments.as_slice()
        && first == "measure-files"
    {
        return measure_files(students, dir);
    }
    let lang = help::guess_lang(&arguments);
    let matches = match help::translated(Cli::command(), lang).try_get_matches_from(arguments) {
        Ok(matches) => matches,
        // clap prints help to stdout with code 0 and everything else to stderr with code 2.
        Err(error) => error.exit(),
    };
    let cli = match Cli::from_arg_matches(&matches) {
        Ok(cli) => cli,
        Err(error) => error.exit(),
    };
    start_log();
    let mut screen = Screen::new(cli.lang.unwrap_or_default(), cli.json);
    let exit = match cli.run(&mut screen) {
        Ok(exit) => exit,
        Err(failure) => {
            screen.fail(&failure);
            failure.exit()
        }
    };
    ExitCode::from(exit.number())
}

/// The hidden command: the child of `measure`, which makes files and says whose.
#[cfg(feature = "demo")]
fn measure_files(students: &std::ffi::OsStr, dir: &std::ffi::OsStr) -> ExitCode {
    let students = students.to_str().and_then(|text| text.parse().ok()).unwrap_or(0);
    let mut screen = Screen::new(Lang::default(), false);
    match crate::demo::make_files(students, std::path::Path::new(dir)) {
        Ok(line) => {
            let mut page = crate::page::Page::default();
            page.plain(line);
            screen.page(&page);
            ExitCode::SUCCESS
        }
        Err(failure) => {
            screen.fail(&failure);
            ExitCode::from(failure.exit().number())
        }
    }
}

/// Logs go to stderr, and only when they are asked for by `SELARAS_LOG`.
fn start_log() {
    if let Ok(filter) = std::env::var("SELARAS_LOG") {
        let filter = tracing_subscriber::EnvFilter::new(filter);
        let _ = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).try_init();
    }
}

impl Cli {
    fn run(self, screen: &mut Screen) -> Result<Exit, Failure> {
        let place = || Place::choose(self.data.as_deref());
        match self.task {
            Task::Command(mut command) => {
                let place = place()?;
                if self.lang.is_none() {
                    // Settings that cannot be read are something that the diagnosis tells.
                    let lang = configured_lang(&place);
                    let lang = if matches!(command, Command::Doctor(_)) {
                        lang.or_else(|_| Ok(Lang::default()))
                    } else {
                        lang
                    };
                    screen.set_lang(lang?);
                }
                ask::secrets(&mut command, self.password_stdin, self.kode_stdin, screen)?;
                command.settle_paths()?;
                match &command {
                    Command::Sync(Sync { at: Some(window), .. }) => later::sync(place, *window, screen),
                    _ => {
                        let ended = run_command(place.clone(), &command, screen);
                        if needs_kode(&ended, &mut command, self.kode_stdin, screen)? {
                            return run_command(place, &command, screen);
                        }
                        ended
                    }
                }
            }
            Task::Rules(rules) => rules.run(screen),
            Task::Serve => {
                let place = place()?;
                if self.lang.is_none() {
                    screen.set_lang(configured_lang(&place)?);
                }
                let serving = Serving::with_pages(Service::open(place)?, screen.lang())?;
                screen.serving(&serving.address(), serving.pages().map(Served::url).as_deref());
                serving.wait()?;
                Ok(Exit::Done)
            }
            #[cfg(feature = "demo")]
            Task::Sample(sample) => sample.run(screen),
            #[cfg(feature = "demo")]
            Task::Demo(demo) => demo.run(screen),
            #[cfg(feature = "demo")]
            Task::Measure(measure) => measure.run(screen),
            #[cfg(feature = "demo")]
            Task::MeasureLine(measure) => measure.run(screen),
            #[cfg(feature = "demo")]
            Task::MeasurePages(measure) => measure.run(screen),
        }
    }
}

/// Whether a restore has to be begun anew with the kode registrasi, which has been asked for: only the opened place knows
/// that it lacks accounts.
fn needs_kode(
    ended: &Result<Exit, Failure>,
    command: &mut Command,
    kode_stdin: bool,
    screen: &Screen,
) -> Result<bool, Failure> {
    let (Err(failure), Command::Restore(restore)) = (ended, command) else { return Ok(false) };
    if failure.code != "restore.kode" {
        return Ok(false);
    }
    let Some(kode) = ask::kode(kode_stdin, screen)? else { return Ok(false) };
    restore.kode = kode;
    Ok(true)
}

fn configured_lang(place: &Place) -> Result<Lang, Failure> {
    let Some(text) = Config::load(place)?.lang else { return Ok(Lang::default()) };
    text.parse().map_err(|_| {
        Failure::new("config.invalid").arg("file", place.config().display()).arg("reason", format!("lang = {text:?}"))
    })
}

/// Runs a command where the store is: in the process that owns it, else here.
fn run_command(place: Place, command: &Command, screen: &mut Screen) -> Result<Exit, Failure> {
    if let Some(ended) = crate::serve::forward(&place, command, screen) {
        let ended = match wait_for_guess(&ended, screen) {
            true => crate::serve::forward(&place, command, screen).unwrap_or(ended),
            false => ended,
        };
        return ended.map(crate::failure::Outcome::exit);
    }
    let mut service = match Service::open(place.clone()) {
        Err(trouble) if command.does_without_store() => Service::without_store(place, trouble),
        opened => opened?,
    };
    let ended = service.run(command, screen);
    // The same service: another one would begin to wait anew.
    let ended = if wait_for_guess(&ended, screen) { service.run(command, screen) } else { ended };
    ended.map(crate::failure::Outcome::exit)
}

/// Waits where a secret was offered too soon after wrong ones; it has not been compared yet. Says whether to go on.
fn wait_for_guess(ended: &Result<crate::failure::Outcome, Failure>, screen: &mut Screen) -> bool {
    let Err(failure) = ended else { return false };
    if !matches!(failure.code.as_str(), "account.wait" | "kode.wait") {
        return false;
    }
    let Some(seconds) = failure.args.get("seconds").and_then(|seconds| seconds.parse().ok()) else { return false };
    let wait = std::time::Duration::from_secs(seconds);
    let out: &mut dyn crate::output::Output = screen;
    out.waiting(failure.clone(), wait, 1);
    std::thread::sleep(wait);
    true
}

/// The command that a line of words is, for the demonstration and for tests.
#[cfg(any(feature = "demo", test))]
pub(crate) fn command_of(line: &[&str]) -> Result<Command, Failure> {
    let words = std::iter::once(&"selaras").chain(line);
    match <Cli as clap::Parser>::try_parse_from(words).map(|cli| cli.task) {
        Ok(Task::Command(command)) => Ok(command),
        _ => Err(Failure::new("internal.error").arg("place", line.join(" "))),
    }
}

#[cfg(test)]
mod tests;
