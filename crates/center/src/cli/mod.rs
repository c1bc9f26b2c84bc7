//! The binary's commands: those that work on the data directory, and those that ask a running centre.

mod account;
mod args;
mod audit;
mod clock;
mod confirm;
mod device;
mod operator;
mod remote;
mod rules;

use std::ffi::OsString;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use clap::Parser;
use selaras_model::Lang;
use selaras_storage::EngineKind;

use self::args::{Cli, Command, Global, Init, Restore, Serve};
use crate::catalogue::problem;
use crate::config::Config;
use crate::failure::Failure;
use crate::host::Host;
use crate::messages::{BackupDone, LeftOut};
use crate::output::{self, Voice};
use crate::{backup, init, serve};

/// Exit code of a command line that cannot be understood.
const USAGE: u8 = 2;

/// Runs the binary with these arguments, the program's name first.
///
/// Exit codes: 0 done, 2 usage, 4 the centre refused, 5 no or a bad connection, 7 data of this computer, 8 input.
#[must_use]
pub fn run(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    let cli = match Cli::try_parse_from(args) {
        Ok(cli) => cli,
        Err(error) => {
            let _ = error.print();
            return if error.use_stderr() { ExitCode::from(USAGE) } else { ExitCode::SUCCESS };
        }
    };
    let voice = Voice { json: cli.global.json, lang: Lang::from(cli.global.lang) };
    match dispatch(cli.command, &cli.global, voice) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            voice.problem(failure.problem());
            failure.exit_code()
        }
    }
}

fn dispatch(command: Command, global: &Global, voice: Voice) -> Result<(), Failure> {
    match command {
        Command::Init(asked) => make(asked, global, voice),
        Command::Serve(asked) => run_server(asked, global),
        Command::Audit(asked) => audit::run(asked, &global.data, voice),
        Command::Restore(Restore { from: Some(from), engine, command: None }) => restore(&from, engine, global, voice),
        Command::Restored => put_back(global, voice),
        Command::Backup { to } if is_stopped(global) => back_up(&to, global, voice),
        other => remote::Remote::connect(global, voice)?.run(other),
    }
}

fn make(asked: Init, global: &Global, voice: Voice) -> Result<(), Failure> {
    let defaults = Config::default();
    let config = Config { name: asked.name.unwrap_or(defaults.name), ..Config::default() };
    let token = init::init(&global.data, &config, asked.engine)?;
    voice.say(
        "Pusat dibuat. Token operator (tampil sekali ini saja, juga di admin.token):",
        "The centre was made. The operators' token (shown once, also in admin.token):",
    );
    let data = global.data.display().to_string();
    output::line(&if voice.json { serde_json::json!({ "data": data, "token": token }).to_string() } else { token });
    Ok(())
}

/// Whether the command has to open the data directory itself.
fn is_stopped(global: &Global) -> bool {
    global.server.is_none() && !global.data.join(serve::SERVE_FILE).exists()
}

fn back_up(to: &Path, global: &Global, voice: Voice) -> Result<(), Failure> {
    let config = Config::load(&global.data).map_err(|error| Failure::local("configuration", &error))?;
    let host = Arc::new(Host::open(&global.data, config, None)?);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::local("no runtime", &error))?;
    let manifest = runtime.block_on(backup::back_up(&host, to)).map_err(|problem| {
        Failure::data(if voice.lang == Lang::En { &problem.message.en } else { &problem.message.id })
    })?;
    let (schools, left_out) = (manifest.schools.len(), manifest.left_out);
    backed_up(voice, &BackupDone { schools, to: to.to_owned(), left_out })
}

/// Tells of a backup.
///
/// # Errors
/// `backup.left-out` where schools are not in it: whoever runs it by a timer has to notice.
fn backed_up(voice: Voice, done: &BackupDone) -> Result<(), Failure> {
    let BackupDone { schools, to, left_out } = done;
    voice.say(
        &format!("Cadangan {schools} sekolah ditulis dan diperiksa."),
        &format!("A backup of {schools} schools was written and verified."),
    );
    let to = to.display().to_string();
    output::line(&if voice.json { serde_json::json!({ "schools": schools, "to": to }).to_string() } else { to });
    if left_out.is_empty() {
        return Ok(());
    }
    Err(Failure::damaged(problem("backup.left-out").with("count", left_out.len()).with("schools", named(left_out))))
}

fn restore(from: &Path, engine: EngineKind, global: &Global, voice: Voice) -> Result<(), Failure> {
    say_restored(&backup::restore(from, &global.data, engine)?, voice)
}

fn put_back(global: &Global, voice: Voice) -> Result<(), Failure> {
    say_restored(&backup::put_back(&global.data)?, voice)
}

/// Says what was restored.
///
/// # Errors
/// `backup.damaged-schools` where the part of a school in the backup is damaged: the centre serves all others, and whoever
/// restores by a script has to notice.
fn say_restored(restored: &backup::Restored, voice: Voice) -> Result<(), Failure> {
    let backup::Restored { schools, epoch, left_out, damaged, unconfirmed, rules } = restored;
    voice.say(
        &format!(
            "{schools} sekolah dipulihkan. Tiap sekolah menyerahkan kembali yang lebih baru saat sinkronisasi berikut."
        ),
        &format!("{schools} schools were restored. Each hands back what is newer at its next synchronisation."),
    );
    let versions = format!("{} / {}", rules.pack_version, rules.rulebook_version);
    voice.say(
        &format!("Aturan yang berlaku (paket / aturan): {versions}. Yang terbit sesudah cadangan diserahkan kembali oleh sekolah pertama yang mengetahuinya."),
        &format!("The rules in force (pack / rulebook): {versions}. Those published since the backup come back with the first school that knows of them."),
    );
    if !left_out.is_empty() {
        let named = left_out.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
        voice.say(
            &format!("Cadangan itu tidak memuat: {named}. Tambahkan dan pulihkan dari cadangan yang lebih lama."),
            &format!("That backup does not hold: {named}. Add them, and bring them back from an older backup."),
        );
    }
    if let Some(clock) = unconfirmed {
        voice.say(
            &format!("Jam menunjukkan {clock}, lebih dari 7 hari sesudah cadangan. Bila benar: selaras-center clock confirm."),
            &format!("The clock shows {clock}, more than 7 days past the backup. If that is right: selaras-center clock confirm."),
        );
    }
    let said = serde_json::json!({
        "schools": schools, "epoch": epoch.to_string(), "left_out": left_out, "clock_to_confirm": unconfirmed,
        "rules": rules, "damaged": damaged,
    });
    output::line(&if voice.json { said.to_string() } else { epoch.to_string() });
    if damaged.is_empty() {
        return Ok(());
    }
    let problem = problem("backup.damaged-schools").with("count", damaged.len());
    Err(Failure::damaged(problem.with("schools", named(damaged))))
}

/// Schools with what is wrong with each.
fn named(schools: &[LeftOut]) -> String {
    schools.iter().map(|school| format!("{} ({})", school.npsn, school.reason)).collect::<Vec<_>>().join(", ")
}

fn run_server(asked: Serve, global: &Global) -> Result<(), Failure> {
    log_to_stderr();
    let mut config = Config::load(&global.data).map_err(|error| Failure::local("configuration", &error))?;
    config.listen = asked.listen.unwrap_or(config.listen);
    if let Some(cert) = asked.tls_cert {
        // Named on the command line, so relative to where that was typed, not to the data directory.
        config.tls_cert = Some(std::path::absolute(cert).map_err(|error| Failure::local("tls-cert", &error))?);
    }
    if let Some(key) = asked.tls_key {
        config.tls_key = Some(std::path::absolute(key).map_err(|error| Failure::local("tls-key", &error))?);
    }
    serve::serve(serve::Serve {
        data: global.data.clone(),
        config,
        closed: asked.closed,
        parent_stdin: asked.parent_stdin,
    })
}

fn log_to_stderr() {
    use tracing_subscriber::EnvFilter;
    let filter = EnvFilter::try_from_env("SELARAS_LOG").unwrap_or_else(|_| EnvFilter::new("info"));
    // A host that has a subscriber of its own keeps it.
    let _ = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_ansi(false).try_init();
}
