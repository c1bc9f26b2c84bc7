//! Secrets: asked for on the terminal without showing them, or read from standard input. Never an argument, which every
//! user of the computer could read in the list of processes.

use std::io::{BufRead, IsTerminal, Read};

use super::Screen;
use crate::command::{Command, Wanted};
use crate::failure::Failure;
use crate::output::Output;
use crate::secret::Secret;

/// The longest line that is read as a secret.
const MAX_SECRET_BYTES: u64 = 4096;

/// Fills in the secrets that a command needs. From standard input each is one line, in the order in which they would
/// be asked for.
pub(super) fn secrets(
    command: &mut Command,
    password_stdin: bool,
    kode_stdin: bool,
    screen: &mut Screen,
) -> Result<(), Failure> {
    for (wanted, secret) in command.secrets() {
        let piped = match wanted {
            Wanted::Kode => kode_stdin,
            Wanted::Password | Wanted::NewPassword | Wanted::Passphrase | Wanted::NewPassphrase => password_stdin,
        };
        *secret = if piped { read_line()? } else { ask(wanted, screen)? };
        if secret.is_empty() {
            return Err(Failure::new("input.secret"));
        }
    }
    Ok(())
}

/// The kode registrasi, where a command turned out to need it; none where nobody can be asked.
pub(super) fn kode(kode_stdin: bool, screen: &Screen) -> Result<Option<Secret>, Failure> {
    let kode = if kode_stdin {
        read_line()?
    } else if std::io::stdin().is_terminal() {
        ask(Wanted::Kode, screen)?
    } else {
        Secret::default()
    };
    Ok(Some(kode).filter(|kode| !kode.is_empty()))
}

/// Reads one line byte by byte: a buffer would swallow the lines of the secrets behind it.
fn read_line() -> Result<Secret, Failure> {
    let failed = |_| Failure::new("input.secret");
    let mut line = zeroize::Zeroizing::new(String::new());
    let stdin = std::io::stdin().lock();
    stdin.take(MAX_SECRET_BYTES).read_line(&mut line).map_err(failed)?;
    Ok(Secret::new(line.trim_end_matches(['\r', '\n'])))
}

fn ask(wanted: Wanted, screen: &Screen) -> Result<Secret, Failure> {
    if !std::io::stdin().is_terminal() {
        return Err(Failure::new("input.no-terminal"));
    }
    let words = crate::catalogue::Words(screen.lang());
    let prompt = match wanted {
        Wanted::Kode => words.say("ask.kode"),
        Wanted::Password => words.say("ask.password"),
        Wanted::NewPassword => words.say("ask.new-password"),
        Wanted::Passphrase => words.say("ask.passphrase"),
        Wanted::NewPassphrase => words.say("ask.new-passphrase"),
    };
    let secret = prompted(prompt)?;
    let twice = matches!(wanted, Wanted::NewPassword | Wanted::NewPassphrase);
    if twice && prompted(words.say("ask.again"))? != secret {
        return Err(Failure::new("input.not-the-same"));
    }
    Ok(secret)
}

fn prompted(prompt: &str) -> Result<Secret, Failure> {
    rpassword::prompt_password(format!("{prompt}: ")).map(Secret::new).map_err(|_| Failure::new("input.secret"))
}
