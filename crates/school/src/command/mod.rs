//! Every command of the command line as a value, one file for each: its arguments, what it does, what it reports and
//! how that is shown.
//!
//! A command may run in this process or in another one that owns the store; so it holds everything it needs, secrets
//! and absolute paths included, and its report holds everything that is shown.

use std::path::Path;

use selaras_model::Lang;
use serde::{Deserialize, Serialize};

use crate::catalogue::Words;
use crate::failure::{Failure, Outcome};
use crate::output::Output;
use crate::page::Page;
use crate::secret::Secret;
use crate::service::Service;

pub(crate) mod account;
pub(crate) mod accounts;
pub(crate) mod approval;
pub(crate) mod approve;
pub(crate) mod backup;
pub(crate) mod conflicts;
pub(crate) mod delete;
pub(crate) mod doctor;
mod done;
pub(crate) mod edit;
pub(crate) mod export;
pub(crate) mod head;
pub(crate) mod heads;
pub(crate) mod healed;
pub(crate) mod import;
pub(crate) mod init;
pub(crate) mod list;
pub(crate) mod log;
pub(crate) mod moves;
pub(crate) mod new;
pub(crate) mod prepare;
pub(crate) mod pull;
pub(crate) mod receipt;
pub(crate) mod recover;
pub(crate) mod resolve;
pub(crate) mod restore;
pub(crate) mod role;
pub(crate) mod show;
pub(crate) mod status;
pub(crate) mod sync;
pub(crate) mod undelete;
pub(crate) mod validate;
pub(crate) mod verify;
pub(crate) mod withdraw;

pub(crate) use done::Done;

/// The lines of reports, for the service that fills them in.
pub(crate) mod report {
    pub(crate) use super::approval::ApprovalReport;
    pub(crate) use super::conflicts::{CandidateLine, ConflictLine};
    pub(crate) use super::log::LogLine;
    pub(crate) use super::prepare::{ChangeLine, ModuleLine};
    pub(crate) use super::pull::ExchangeReport;
    pub(crate) use super::receipt::ReceiptReport;
    pub(crate) use super::validate::{AnnouncedLine, FindingLine, FindingsReport};
}

/// What a person asks of the school's service.
#[derive(Debug, Clone, clap::Subcommand, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Command {
    /// Registers this computer at the centre and makes an empty store.
    Init(init::Init),
    /// Fetches everything from the centre, onto an empty computer or in place of a damaged store.
    Recover(recover::Recover),
    /// Accounts of this school.
    #[command(subcommand)]
    Account(account::Account),
    /// Roles of an account.
    #[command(subcommand)]
    Role(role::Role),
    /// The head's key.
    #[command(subcommand)]
    Head(head::Head),
    /// Fetches what is new at the centre; sends nothing.
    Pull(pull::Pull),
    /// Says where things stand and what stands in the way.
    Status(status::Status),
    /// Lists every finding.
    Validate(validate::Validate),
    /// Lists the records of an entity.
    List(list::List),
    /// Shows a record.
    Show(show::Show),
    /// Changes fields of a record.
    Edit(edit::Edit),
    /// Makes a record.
    New(new::New),
    /// Deletes a record.
    Delete(delete::Delete),
    /// Takes a deletion back.
    Undelete(undelete::Undelete),
    /// Takes records from a file.
    Import(import::Import),
    /// Writes all records to a file.
    Export(export::Export),
    /// Shows what would be sent.
    Prepare(prepare::Prepare),
    /// Seals and signs what is to be sent.
    Approve(approve::Approve),
    /// Takes an approval back.
    Withdraw(withdraw::Withdraw),
    /// Sends what was approved and fetches what is new.
    Sync(sync::Sync),
    /// Shows what happened.
    Log(log::Log),
    /// Shows the last receipt, or one of before.
    Receipt(receipt::Receipt),
    /// Says whether an evidence file holds.
    Verify(verify::Verify),
    /// Lists fields on which both sides wrote.
    Conflicts(conflicts::Conflicts),
    /// Decides a conflict.
    Resolve(resolve::Resolve),
    /// People whom the centre offers to this school.
    #[command(subcommand)]
    Moves(moves::Moves),
    /// Looks at every part of the way to the centre.
    Doctor(doctor::Doctor),
    /// Writes everything into one encrypted file.
    Backup(backup::Backup),
    /// Brings everything back from a backup.
    Restore(restore::Restore),
}

/// A secret that a command needs from the person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wanted {
    /// The school's kode registrasi.
    Kode,
    /// The passphrase of a backup.
    Passphrase,
    /// The passphrase of a new backup, asked for twice.
    NewPassphrase,
    /// The password of an account.
    Password,
    /// A password to be set, asked for twice.
    NewPassword,
}

impl Command {
    /// Does what the command says.
    pub(crate) fn run(&self, service: &mut Service, out: &mut dyn Output) -> Result<Outcome, Failure> {
        match self {
            Command::Init(command) => command.run(service, out),
            Command::Recover(command) => command.run(service, out),
            Command::Account(command) => command.run(service, out),
            Command::Role(command) => command.run(service, out),
            Command::Head(command) => command.run(service, out),
            Command::Pull(command) => command.run(service, out),
            Command::Status(command) => command.run(service, out),
            Command::Validate(command) => command.run(service, out),
            Command::List(command) => command.run(service, out),
            Command::Show(command) => command.run(service, out),
            Command::Edit(command) => command.run(service, out),
            Command::New(command) => command.run(service, out),
            Command::Delete(command) => command.run(service, out),
            Command::Undelete(command) => command.run(service, out),
            Command::Import(command) => command.run(service, out),
            Command::Export(command) => command.run(service, out),
            Command::Prepare(command) => command.run(service, out),
            Command::Approve(command) => command.run(service, out),
            Command::Withdraw(command) => command.run(service, out),
            Command::Sync(command) => command.run(service, out),
            Command::Log(command) => command.run(service, out),
            Command::Receipt(command) => command.run(service, out),
            Command::Verify(command) => command.run(service, out),
            Command::Conflicts(command) => command.run(service, out),
            Command::Resolve(command) => command.run(service, out),
            Command::Moves(command) => command.run(service, out),
            Command::Doctor(command) => command.run(service, out),
            Command::Backup(command) => command.run(service, out),
            Command::Restore(command) => command.run(service, out),
        }
    }

    /// The places for secrets, in the order in which they are asked for.
    pub fn secrets(&mut self) -> Vec<(Wanted, &mut Secret)> {
        match self {
            Command::Init(command) => vec![(Wanted::Kode, &mut command.kode)],
            Command::Recover(command) => vec![(Wanted::Kode, &mut command.kode)],
            Command::Account(command) => command.secrets(),
            Command::Role(command) => vec![(Wanted::Kode, command.kode())],
            Command::Head(command) => command.secrets(),
            Command::Approve(command) if command.signs() => vec![(Wanted::Password, &mut command.password)],
            Command::Backup(command) => command.secrets(),
            Command::Restore(command) => command.secrets(),
            _ => Vec::new(),
        }
    }

    /// Whether the command is of use where the store cannot be opened.
    pub(crate) fn does_without_store(&self) -> bool {
        matches!(self, Command::Doctor(_) | Command::Recover(_) | Command::Restore(_) | Command::Verify(_))
    }

    /// Whether the command waits for the centre, so that others work on the store meanwhile.
    pub(crate) fn uses_the_line(&self) -> bool {
        matches!(self, Command::Pull(_) | Command::Sync(_) | Command::Head(_) | Command::Doctor(_))
    }

    /// Whether the command makes a store or puts one in another's place.
    pub(crate) fn moves_the_store(&self) -> bool {
        matches!(self, Command::Init(_) | Command::Recover(_) | Command::Restore(_))
    }

    /// Whether what was approved and waits for its time is there no more behind it.
    pub(crate) fn ends_what_waits(&self) -> bool {
        self.moves_the_store() || matches!(self, Command::Withdraw(_))
    }

    /// What an errand on the line is called.
    pub(crate) const fn name(&self) -> &'static str {
        match self {
            Command::Pull(_) => "pull",
            Command::Sync(_) => "sync",
            Command::Head(_) => "head",
            Command::Doctor(_) => "doctor",
            _ => "other",
        }
    }

    /// Whether the command may have changed something that a backup should hold.
    pub(crate) fn changes(&self) -> bool {
        match self {
            Command::Account(_)
            | Command::Role(_)
            | Command::Head(_)
            | Command::Pull(_)
            | Command::Edit(_)
            | Command::New(_)
            | Command::Delete(_)
            | Command::Undelete(_)
            | Command::Import(_)
            | Command::Approve(_)
            | Command::Withdraw(_)
            | Command::Sync(_)
            | Command::Resolve(_) => true,
            Command::Moves(command) => command.changes(),
            Command::Init(_)
            | Command::Recover(_)
            | Command::Status(_)
            | Command::Validate(_)
            | Command::List(_)
            | Command::Show(_)
            | Command::Export(_)
            | Command::Prepare(_)
            | Command::Log(_)
            | Command::Receipt(_)
            | Command::Verify(_)
            | Command::Conflicts(_)
            | Command::Doctor(_)
            | Command::Backup(_)
            | Command::Restore(_) => false,
        }
    }

    /// Makes paths absolute, so that the command means the same in another process.
    ///
    /// # Errors
    /// `input.file` when the working directory is gone.
    pub fn settle_paths(&mut self) -> Result<(), Failure> {
        let paths = match self {
            Command::Init(command) => vec![command.ca.as_mut()],
            Command::Import(command) => vec![Some(&mut command.file)],
            Command::Export(command) => vec![command.file.as_mut()],
            Command::Doctor(command) => vec![command.ca.as_mut(), command.bundle.as_mut()],
            Command::Backup(command) => vec![command.file.as_mut()],
            Command::Approve(command) => {
                vec![command.export.as_mut(), command.sign.as_mut(), command.out.as_mut(), command.import.as_mut()]
            }
            Command::Receipt(command) => vec![command.out.as_mut()],
            Command::Verify(command) => vec![Some(&mut command.file), command.bundle.as_mut()],
            Command::Restore(command) => vec![Some(&mut command.file), command.key.as_mut()],
            _ => Vec::new(),
        };
        for path in paths.into_iter().flatten() {
            *path = crate::place::absolute(Path::new(path))?;
        }
        Ok(())
    }
}

/// What a command was asked for; data, shown by whoever asked.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "report", rename_all = "kebab-case")]
pub enum Report {
    /// Something was done.
    Done(Done),
    /// Accounts.
    Accounts(accounts::AccountsReport),
    /// What an exchange brought.
    Exchange(pull::ExchangeReport),
    /// What a recovery brought.
    Recovered(recover::RecoveredReport),
    /// Where things stand.
    Status(Box<status::StatusReport>),
    /// Findings.
    Findings(validate::FindingsReport),
    /// Records in brief.
    List(list::ListReport),
    /// A record.
    Record(show::RecordReport),
    /// What an import took.
    Import(import::ImportReport),
    /// What would be sent.
    Prepared(prepare::PreparedReport),
    /// What a head approves.
    Approval(Box<approval::ApprovalReport>),
    /// An evidence file that holds.
    Verified(Box<verify::VerifiedReport>),
    /// What happened.
    Log(log::LogReport),
    /// A receipt.
    Receipt(receipt::ReceiptReport),
    /// Open conflicts.
    Conflicts(conflicts::ConflictsReport),
    /// People who are offered.
    Moves(moves::MovesReport),
    /// What a diagnosis found.
    Doctor(doctor::DoctorReport),
    /// A backup.
    Backup(backup::BackupReport),
    /// Backups.
    Backups(backup::BackupsReport),
    /// What a restored backup brought.
    Restored(restore::RestoredReport),
    /// Whom a restored centre waits for.
    Waiting(healed::WaitingReport),
}

impl Report {
    /// Writes the report for a person.
    pub(crate) fn show(&self, lang: Lang, page: &mut Page) {
        let words = Words(lang);
        match self {
            Report::Done(report) => report.show(words, page),
            Report::Accounts(report) => report.show(words, page),
            Report::Exchange(report) => report.show(words, page),
            Report::Recovered(report) => report.show(words, page),
            Report::Status(report) => report.show(words, page),
            Report::Findings(report) => report.show(words, page),
            Report::List(report) => report.show(words, page),
            Report::Record(report) => report.show(words, page),
            Report::Import(report) => report.show(words, page),
            Report::Prepared(report) => report.show(words, page),
            Report::Approval(report) => report.show(words, page),
            Report::Verified(report) => report.show(words, page),
            Report::Log(report) => report.show(words, page),
            Report::Receipt(report) => report.show(words, page),
            Report::Conflicts(report) => report.show(words, page),
            Report::Moves(report) => report.show(words, page),
            Report::Doctor(report) => report.show(words, page),
            Report::Backup(report) => report.show(words, page),
            Report::Backups(report) => report.show(words, page),
            Report::Restored(report) => report.show(words, page),
            Report::Waiting(report) => report.show(words, page),
        }
    }
}
