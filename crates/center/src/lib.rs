//! The central server of Selaras: the API that schools exchange with, and the operators' commands.
//!
//! The crate hosts the engine of `selaras-sync` for many schools: it owns sockets, tokens, locks and the store, and
//! decides nothing about records. It never names the school's application.
//!
//! The one entrance is [`run`], which the binary calls with its arguments and a demonstration with its own.
//!
//! ```no_run
//! let code = selaras_center::run(["selaras-center", "--data", "/srv/selaras", "serve"].map(Into::into));
//! ```

mod access;
mod api;
mod audit;
mod backup;
mod catalogue;
mod cli;
mod clock;
mod config;
mod desk;
mod failure;
mod host;
mod init;
mod lanes;
mod messages;
mod metrics;
mod output;
mod releases;
mod serve;
mod signed;
mod snapshots;
mod uploads;

pub use catalogue::error_codes;
pub use cli::run;
