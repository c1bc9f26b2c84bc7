//! The command line.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

/// A bad line and a mock centre, to test clients of a centre with: docs/testing-other-clients.md.
#[derive(Debug, Parser)]
#[command(name = "selaras-lab", version)]
pub(super) struct Arguments {
    #[command(subcommand)]
    pub(super) command: Command,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// A TCP proxy that is slow, cuts, stalls, doubles, swallows and alters as its plan says, and counts every byte.
    Line(Line),
    /// A centre that answers as its script says, and where that says nothing as the real centre behind it does.
    Centre(Centre),
}

#[derive(Debug, Args)]
pub(super) struct Line {
    /// Where the line leads: the centre's address.
    #[arg(long, value_name = "ADDRESS:PORT")]
    pub(super) to: SocketAddr,
    /// The plan, TOML or JSON; without one the line is perfect.
    #[arg(long, value_name = "FILE", conflicts_with = "mobile")]
    pub(super) plan: Option<PathBuf>,
    /// A village's mobile line: 1 Mbit/s up, 4 Mbit/s down, 80 ms.
    #[arg(long)]
    pub(super) mobile: bool,
    /// Where chance begins, in place of the plan's own seed.
    #[arg(long)]
    pub(super) seed: Option<u64>,
    #[command(flatten)]
    pub(super) common: Common,
}

#[derive(Debug, Args)]
pub(super) struct Centre {
    /// The real centre behind; without one everything that the script does not answer is answered 501.
    #[arg(long, value_name = "ADDRESS:PORT")]
    pub(super) to: Option<SocketAddr>,
    /// The script, TOML or JSON; without one nothing is changed.
    #[arg(long, value_name = "FILE")]
    pub(super) script: Option<PathBuf>,
    #[command(flatten)]
    pub(super) common: Common,
}

#[derive(Debug, Clone, Copy, Args)]
pub(super) struct Common {
    /// Where to listen; port 0 is one that the system chooses.
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:0")]
    pub(super) listen: SocketAddr,
    /// Lines of JSON instead of lines for people.
    #[arg(long)]
    pub(super) json: bool,
    /// End with the standard input, so that nothing is left behind by a parent that was killed.
    #[arg(long)]
    pub(super) parent_stdin: bool,
}
