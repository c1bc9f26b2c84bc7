//! The command line.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use selaras_model::{Date, DeviceId, Lang, Npsn, RecordId};
use selaras_storage::EngineKind;

use crate::access::StaffRole;

/// The central server of Selaras and its operators' commands.
#[derive(Parser)]
#[command(name = "selaras-center", version, disable_help_subcommand = true)]
pub(super) struct Cli {
    #[command(flatten)]
    pub(super) global: Global,
    #[command(subcommand)]
    pub(super) command: Command,
}

/// Where the centre is and how commands speak.
#[derive(Args)]
pub(super) struct Global {
    /// The centre's data directory.
    #[arg(long, global = true, env = "SELARAS_CENTER_DATA", default_value = "selaras-center-data")]
    pub(super) data: PathBuf,
    /// The centre's address; else that of the centre serving from the data directory.
    #[arg(long, global = true)]
    pub(super) server: Option<String>,
    /// The file with the operators' token; else that of the data directory.
    #[arg(long, global = true)]
    pub(super) token_file: Option<PathBuf>,
    /// The CA to trust, in PEM, and nobody else; without it the system's.
    #[arg(long, global = true)]
    pub(super) ca: Option<PathBuf>,
    /// Answers in JSON on stdout, problems too.
    #[arg(long, global = true)]
    pub(super) json: bool,
    /// The language of messages.
    #[arg(long, global = true, value_enum, default_value_t = LangArg::Id)]
    pub(super) lang: LangArg,
}

/// A language.
#[derive(Clone, Copy, ValueEnum)]
pub(super) enum LangArg {
    /// Indonesian.
    Id,
    /// English.
    En,
}

impl From<LangArg> for Lang {
    fn from(lang: LangArg) -> Self {
        match lang {
            LangArg::Id => Self::Id,
            LangArg::En => Self::En,
        }
    }
}

#[derive(Subcommand)]
pub(super) enum Command {
    /// Makes a data directory; prints the operators' token once.
    Init(Init),
    /// Serves until ended.
    Serve(Serve),
    /// Writes a backup of a serving or stopped centre into a new directory, and verifies it.
    Backup {
        /// The directory, on the centre's machine.
        #[arg(long)]
        to: PathBuf,
    },
    /// Makes a data directory from a backup; every school hands back what the backup lacks. Then `restore confirm`.
    Restore(Restore),
    /// Says that the store was put back from a copy of its files: begins another life of it, and every school hands back
    /// what it lacks. For a stopped centre.
    Restored,
    /// Schools: add, list, import, new kode registrasi, healing after a restore.
    #[command(subcommand)]
    School(School),
    /// Accounts of the Dinas and the centre's staff: add, list, disable, enable, new token.
    #[command(subcommand)]
    Account(Account),
    /// A school's computers: list, remove.
    #[command(subcommand)]
    Device(Device),
    /// Heads: assign, end; their keys: list, revoke.
    #[command(subcommand)]
    Head(Head),
    /// Teachers and staff: move.
    #[command(subcommand)]
    Ptk(Ptk),
    /// Students: add, move.
    #[command(subcommand)]
    Student(Student),
    /// Identity of persons: verify, correct.
    #[command(subcommand)]
    Identity(Identity),
    /// Packs and rulebooks: publish, list, withdraw.
    #[command(subcommand)]
    Rules(Rules),
    /// The centre's date: show, confirm.
    #[command(subcommand)]
    Clock(Clock),
    /// Records: edit, show, list.
    #[command(subcommand)]
    Record(Record),
    /// Prints the digests of a school.
    Digest { npsn: Npsn },
    /// Writes all records of a school as JSON lines.
    Export { npsn: Npsn },
    /// The audit log of the data directory: show, export, verify. It needs no serving centre.
    #[command(subcommand)]
    Audit(Audit),
    /// Prints the centre's public key, by which anybody verifies evidence.
    Key,
    /// Writes who approved what became a version of a school's log, as a file that anybody can verify.
    Evidence {
        npsn: Npsn,
        /// The version of the log.
        version: u64,
        /// The file.
        #[arg(long)]
        out: PathBuf,
    },
}

#[derive(Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub(super) struct Restore {
    /// The backup's directory.
    #[arg(long, required = true)]
    pub(super) from: Option<PathBuf>,
    /// The engine that keeps the new store: sled or redb.
    #[arg(long, default_value_t)]
    pub(super) engine: EngineKind,
    #[command(subcommand)]
    pub(super) command: Option<AfterRestore>,
}

#[derive(Subcommand)]
pub(super) enum AfterRestore {
    /// Confirms what is from before the restore: computers and heads' keys approve again, the kode registers again, and
    /// with --all the accounts of the Dinas and the centre's staff act again. Lists each.
    Confirm {
        /// The school.
        #[arg(required_unless_present = "all")]
        npsn: Option<Npsn>,
        /// All schools, and the accounts.
        #[arg(long, conflicts_with = "npsn")]
        all: bool,
    },
}

#[derive(Args)]
pub(super) struct Init {
    /// What the centre calls itself to schools.
    #[arg(long)]
    pub(super) name: Option<String>,
    /// The engine that keeps the store: sled or redb.
    #[arg(long, default_value_t)]
    pub(super) engine: EngineKind,
}

#[derive(Args)]
pub(super) struct Serve {
    /// Where to listen; port 0 takes a free one.
    #[arg(long)]
    pub(super) listen: Option<SocketAddr>,
    /// Certificate chain in PEM.
    #[arg(long, requires = "tls_key")]
    pub(super) tls_cert: Option<PathBuf>,
    /// The certificate's key in PEM.
    #[arg(long, requires = "tls_cert")]
    pub(super) tls_key: Option<PathBuf>,
    /// Turns schools away with this message; operators still get in.
    #[arg(long)]
    pub(super) closed: Option<String>,
    /// Ends when the standard input ends.
    #[arg(long)]
    pub(super) parent_stdin: bool,
}

#[derive(Subcommand)]
pub(super) enum School {
    /// Makes a school known; prints its kode registrasi once.
    Add {
        npsn: Npsn,
        /// The school's name.
        #[arg(long)]
        name: String,
        /// Record lines to begin with.
        #[arg(long)]
        import: Option<PathBuf>,
        #[command(flatten)]
        although: Although,
    },
    /// Takes record lines into a school's records.
    Import {
        npsn: Npsn,
        file: PathBuf,
        #[command(flatten)]
        although: Although,
    },
    /// Lists schools with their last exchange, versions and digests.
    List,
    /// Replaces a school's kode registrasi; prints the new one once.
    Kode { npsn: Npsn },
    /// Shows the computers that a restored centre waits for.
    Healing { npsn: Npsn },
    /// Declares a school healed although computers are missing: what they alone hold comes back only if they do.
    Healed { npsn: Npsn },
}

#[derive(Subcommand)]
pub(super) enum Account {
    /// Makes an account; prints its token once, to be kept in a file for --token-file.
    Add {
        name: String,
        /// What it may do: dinas for heads and moves in its area, centre for everything.
        #[arg(long)]
        role: StaffRole,
        /// The beginning of the kode_wilayah of its schools; may be given again.
        #[arg(long)]
        area: Vec<String>,
        /// A school of its area by number; may be given again.
        #[arg(long)]
        school: Vec<Npsn>,
    },
    /// Lists the accounts as JSON lines.
    List,
    /// Lets an account do nothing any more.
    Disable { name: String },
    /// Lets a disabled account act again.
    Enable { name: String },
    /// Replaces an account's token; prints the new one once.
    Token { name: String },
}

#[derive(Clone, Copy, Subcommand)]
pub(super) enum Device {
    /// Lists the computers as JSON lines, with when each was here last, and when and why one ended.
    List { npsn: Npsn },
    /// Takes a computer away at once: it gets nothing more, and no healing waits for it.
    Remove {
        npsn: Npsn,
        /// The computer, as `device list` shows it.
        device: DeviceId,
        /// Why.
        #[arg(long)]
        reason: Option<Reason>,
        /// Also one that this centre does not know: a restored one may have lost its registration.
        #[arg(long)]
        lost: bool,
    },
}

/// Why a computer is taken away.
#[derive(Clone, Copy, ValueEnum)]
pub(super) enum Reason {
    Stolen,
    Lost,
    Broken,
    Retired,
}

impl Reason {
    /// The code under which it is kept.
    pub(super) const fn code(self) -> &'static str {
        match self {
            Self::Stolen => "stolen",
            Self::Lost => "lost",
            Self::Broken => "broken",
            Self::Retired => "retired",
        }
    }
}

#[derive(Subcommand)]
pub(super) enum Head {
    /// Assigns a head, or an acting one.
    Assign {
        npsn: Npsn,
        /// The PTK's id.
        #[arg(long)]
        ptk: RecordId,
        /// As Plt: acting head.
        #[arg(long)]
        plt: bool,
        /// Number of the decree.
        #[arg(long)]
        sk: String,
        /// The first day.
        #[arg(long)]
        from: Date,
        #[command(flatten)]
        although: Although,
    },
    /// Ends an assignment; keys that stand on it end with it.
    End {
        npsn: Npsn,
        /// The PTK's id.
        #[arg(long)]
        ptk: RecordId,
        /// The last day.
        #[arg(long)]
        until: Date,
        #[command(flatten)]
        although: Although,
    },
    /// Ends the keys of a PTK at once, whatever the records say: a computer was lost, a password is known.
    Revoke {
        npsn: Npsn,
        /// The PTK's id.
        #[arg(long)]
        ptk: RecordId,
    },
    /// Lists the heads' keys as JSON lines, with when and why one ended.
    Keys { npsn: Npsn },
}

#[derive(Subcommand)]
pub(super) enum Student {
    /// Adds a student: `nama=.. nik=..`.
    Add {
        npsn: Npsn,
        /// The student's fields, field=value.
        #[arg(required = true, value_parser = pair)]
        fields: Vec<(String, String)>,
        /// Fields of the registration at this school, field=value.
        #[arg(long, value_parser = pair, num_args = 1..)]
        registrasi: Vec<(String, String)>,
        #[command(flatten)]
        although: Although,
    },
    /// Offers a student to another school, which takes the student in when it has accepted.
    Move {
        npsn: Npsn,
        /// The student's id.
        #[arg(long)]
        student: RecordId,
        #[command(flatten)]
        to: MoveTo,
    },
    /// Takes back the offer of a student that no school has accepted.
    Withdraw {
        npsn: Npsn,
        /// The student's id.
        #[arg(long)]
        student: RecordId,
    },
}

#[derive(Subcommand)]
pub(super) enum Ptk {
    /// Offers a teacher or staff to another school, which takes the person in when it has accepted.
    Move {
        npsn: Npsn,
        /// The PTK's id.
        #[arg(long)]
        ptk: RecordId,
        #[command(flatten)]
        to: MoveTo,
    },
    /// Takes back the offer of a teacher or staff that no school has accepted.
    Withdraw {
        npsn: Npsn,
        /// The PTK's id.
        #[arg(long)]
        ptk: RecordId,
    },
}

/// Why something is done although it leaves what nobody at the school may mend.
#[derive(clap::Args)]
pub(super) struct Although {
    /// Does it although the rulebook speaks against it, and says why in the audit log; for the centre's own staff.
    #[arg(long)]
    pub(super) reason: Option<String>,
}

/// Where to, and when.
#[derive(clap::Args)]
pub(super) struct MoveTo {
    /// The new school.
    #[arg(long)]
    pub(super) to: Npsn,
    /// The day of the move.
    #[arg(long)]
    pub(super) on: Date,
}

#[derive(Subcommand)]
pub(super) enum Identity {
    /// Sets a record's verification mark.
    Verify {
        npsn: Npsn,
        entity: String,
        id: RecordId,
        #[command(flatten)]
        although: Although,
    },
    /// Corrects a person's identity and sets the verification mark.
    Correct {
        npsn: Npsn,
        entity: String,
        id: RecordId,
        /// field=value; an empty value clears.
        #[arg(required = true, value_parser = pair)]
        fields: Vec<(String, String)>,
        #[command(flatten)]
        although: Although,
    },
}

#[derive(Subcommand)]
pub(super) enum Audit {
    /// Shows entries, and the tip: its number and hash, kept elsewhere, prove later that nothing was cut off.
    Show {
        /// Only this school.
        #[arg(long)]
        npsn: Option<Npsn>,
        /// Only from this day on.
        #[arg(long)]
        since: Option<Date>,
        /// Only what has this in it, such as `heads` or `guess-alarm`.
        #[arg(long)]
        what: Option<String>,
        /// Only who, such as `device:0102030405060708` or an account.
        #[arg(long)]
        who: Option<String>,
    },
    /// Writes entries as JSON lines with their hashes.
    Export {
        /// The file.
        file: PathBuf,
        /// The first entry's number.
        #[arg(long, default_value_t = 1)]
        from: u64,
    },
    /// Checks the chain of the data directory, or of an exported file.
    Verify {
        /// An exported file.
        file: Option<PathBuf>,
        /// The hash of a tip that was kept elsewhere, which has to be in the chain.
        #[arg(long)]
        tip: Option<String>,
    },
}

#[derive(Subcommand)]
pub(super) enum Rules {
    /// Publishes a rulebook, a pack, or both, from a day on; schools are told at once.
    Publish {
        /// The rulebook; without it that of the day before stays.
        #[arg(long, required_unless_present = "pack")]
        rulebook: Option<PathBuf>,
        /// The school pack; without it that of the day before stays.
        #[arg(long)]
        pack: Option<PathBuf>,
        /// Examples that pass and fail for every rule; without them those of this version.
        #[arg(long)]
        examples: Option<PathBuf>,
        /// The first day, today at the earliest.
        #[arg(long)]
        from: Date,
    },
    /// Lists what was in force, is, and will be.
    List,
    /// Takes back a release that has not begun.
    Withdraw {
        /// Its first day.
        #[arg(long)]
        from: Date,
    },
}

#[derive(Subcommand)]
pub(super) enum Clock {
    /// Shows what the clock says, and the date by which the centre works.
    Show,
    /// Confirms that the clock is right: a date more than 7 days past the last one is not believed before.
    Confirm,
}

#[derive(Subcommand)]
pub(super) enum Record {
    /// Edits a record.
    Edit {
        npsn: Npsn,
        entity: String,
        /// The record's id, or `new`.
        id: String,
        /// field=value; an empty value clears.
        #[arg(value_parser = pair)]
        fields: Vec<(String, String)>,
        /// Deletes the record.
        #[arg(long, conflicts_with = "restore")]
        delete: bool,
        /// Makes a deleted record live again.
        #[arg(long)]
        restore: bool,
        #[command(flatten)]
        although: Although,
    },
    /// Shows a record.
    Show { npsn: Npsn, entity: String, id: RecordId },
    /// Lists the records of an entity as JSON lines.
    List { npsn: Npsn, entity: String },
}

/// Reads `field=value`.
fn pair(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or_else(|| "field=value".to_owned())?;
    Ok((name.trim().to_owned(), value.to_owned()))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn a_field_is_split_at_its_first_sign() {
        assert_eq!(pair("nama=A=B").unwrap(), ("nama".to_owned(), "A=B".to_owned()));
        assert!(pair("nama").is_err());
    }
}
