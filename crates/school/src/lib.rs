//! The school's application: one service that owns the store, and the command line that asks it.
//!
//! It puts the engine (`selaras-sync`), the store (`selaras-storage`) and the line (`selaras-transport`) together and
//! adds what only the school has: accounts, the head's key, and words for people. It decides nothing about records:
//! what may be edited, what is valid and who may approve is said by the crates below.
//!
//! The main types are [`Service`], which runs every command, [`Command`], a command as a value, and [`Output`], which
//! takes what a running command says. The binary is [`main`].
//!
//! ```no_run
//! use selaras::{Command, Collected, Place, Service};
//!
//! # fn example(command: Command) -> Result<(), selaras::Failure> {
//! let mut service = Service::open(Place::choose(None)?)?;
//! let mut said = Collected::default();
//! service.run(&command, &mut said)?;
//! # Ok(())
//! # }
//! ```

mod account;
mod backup;
mod catalogue;
mod characters;
mod cli;
mod command;
mod config;
#[cfg(feature = "demo")]
mod demo;
mod doctor;
mod env;
mod failure;
mod link;
mod output;
mod page;
mod place;
mod platform;
mod secret;
mod serve;
mod service;
mod show;
mod web;
mod window;

pub use account::{Role, Source};
pub use catalogue::{CodePage, error_codes};
pub use command::{Command, Report, Wanted};
pub use config::{BackupConfig, Config, LineConfig, PasswordCost, ServeConfig, StoreConfig};
pub use doctor::{StepLine, Verdict};
pub use failure::{Again, Exit, Failure, Outcome, Reason, Told};
pub use output::{Collected, Event, Meter, Note, Output, Pace, Pacer, Progress, Transfer, Wait, Way};
pub use place::Place;
pub use secret::Secret;
pub use service::Service;

/// Runs the program: reads the process's arguments, does what they say, and gives its exit code.
#[must_use]
pub fn main() -> std::process::ExitCode {
    selaras_storage::silence_engines();
    cli::main()
}
