//! The operators' commands for the audit log: on the data directory, whether or not a centre serves from it.

use std::io::{BufRead as _, BufReader, BufWriter, Write as _};
use std::path::Path;

use data_encoding::HEXLOWER;
use selaras_model::Date;
use serde::{Deserialize, Serialize};

use super::args::Audit;
use crate::audit::{self, ChainError, Entry, Hash, LogRead, Tip, hex};
use crate::config::Config;
use crate::failure::Failure;
use crate::output::{self, Voice};

/// The longest line of an exported file, in bytes.
const MAX_LINE: u64 = 64 << 10;

/// An entry as it is exported.
#[derive(Serialize, Deserialize)]
struct Line {
    #[serde(flatten)]
    entry: Entry,
    /// The entry's own hash.
    #[serde(with = "hex")]
    hash: Hash,
}

pub(super) fn run(asked: Audit, data: &Path, voice: Voice) -> Result<(), Failure> {
    match asked {
        Audit::Show { npsn, since, what, who } => {
            let since = since.map(|since| first_second(since, data)).transpose()?;
            let npsn = npsn.map(|npsn| npsn.to_string());
            let wanted = move |entry: &Entry| {
                npsn.as_ref().is_none_or(|npsn| entry.event.school == *npsn)
                    && since.is_none_or(|since| entry.at >= since)
                    && what.as_ref().is_none_or(|what| entry.event.what.contains(what.as_str()))
                    && who.as_ref().is_none_or(|who| entry.event.who == *who)
            };
            show(data, &wanted, voice)
        }
        Audit::Export { file, from } => export(data, &file, from, voice),
        Audit::Verify { file, tip } => {
            let tip = tip.map(|text| read_hash(&text)).transpose()?;
            verify(data, file.as_deref(), tip, voice)
        }
    }
}

fn broken(error: &ChainError) -> Failure {
    Failure::local("the audit log does not hold", error)
}

/// The first second of a day where the centre is.
fn first_second(day: Date, data: &Path) -> Result<i64, Failure> {
    let config = Config::load(data).map_err(|error| Failure::local("configuration", &error))?;
    Ok(i64::from(day.days_since_epoch()) * 86_400 - i64::from(config.date_offset_hours) * 3_600)
}

/// Reads the log; what is whole of it was visited also where it does not hold.
fn each(data: &Path, visit: &mut dyn FnMut(Entry)) -> Result<LogRead, Failure> {
    audit::each(data, visit).map_err(|error| broken(&error))
}

/// Tells the tip, or why the log does not hold.
fn concluded(log: &LogRead, voice: Voice) -> Result<(), Failure> {
    let tip = log.whole().map_err(|error| broken(&error))?;
    let first = log.before.number + 1;
    if first > 1 {
        voice.say(
            &format!("Entri sebelum {first} tidak ada di sini (dipindahkan)."),
            &format!("Entries before {first} are not here (they were moved away)."),
        );
    }
    tell_tip(&tip, voice);
    Ok(())
}

fn show(data: &Path, wanted: &dyn Fn(&Entry) -> bool, voice: Voice) -> Result<(), Failure> {
    let log = each(data, &mut |entry| {
        if wanted(&entry) {
            output::line(&if voice.json { json(entry) } else { text(&entry) });
        }
    });
    concluded(&log?, voice)
}

fn text(entry: &Entry) -> String {
    let moment = jiff::Timestamp::from_second(entry.at).map(|at| at.to_string()).unwrap_or_default();
    let audit::Event { who, what, school, from, about, result } = &entry.event;
    format!("{}\t{moment}\t{who}\t{what}\t{school}\t{from}\t{about}\t{result}", entry.number)
}

fn json(entry: Entry) -> String {
    let hash = entry.hash();
    serde_json::to_string(&Line { entry, hash }).unwrap_or_default()
}

fn export(data: &Path, file: &Path, from: u64, voice: Voice) -> Result<(), Failure> {
    let unwritten = |error: std::io::Error| Failure::local(&format!("{} cannot be written", file.display()), &error);
    let mut out = BufWriter::new(std::fs::File::create_new(file).map_err(unwritten)?);
    let mut failed = None;
    let log = each(data, &mut |entry| {
        if entry.number >= from && failed.is_none() {
            failed = writeln!(out, "{}", json(entry)).err();
        }
    })?;
    if let Some(error) = failed {
        return Err(unwritten(error));
    }
    let out = out.into_inner().map_err(|error| unwritten(error.into_error()))?;
    out.sync_all().map_err(unwritten)?;
    concluded(&log, voice)
}

fn verify(data: &Path, file: Option<&Path>, kept: Option<Hash>, voice: Voice) -> Result<(), Failure> {
    // Before the first entry the chain is zeros, and a log that was empty then has not been cut.
    let mut seen = kept.is_none_or(|kept| kept == Hash::default());
    let mut see = |hash: Hash| seen |= kept == Some(hash);
    let log = match file {
        None => {
            let log = each(data, &mut |entry| see(entry.hash()))?;
            // The last entry of what was moved away is known by its hash.
            see(log.before.hash);
            log
        }
        Some(file) => verify_file(file, &mut see)?,
    };
    log.whole().map_err(|error| broken(&error))?;
    if !seen {
        return Err(Failure::data(
            "the tip that was kept is not in the chain: entries were cut off or written anew, or it is of a file that was moved away",
        ));
    }
    voice.say("Rantai utuh.", "The chain holds.");
    concluded(&log, voice)
}

/// Checks an exported file: every line's hash, and that each follows the one before.
fn verify_file(file: &Path, see: &mut dyn FnMut(Hash)) -> Result<LogRead, Failure> {
    let unread = |error: std::io::Error| Failure::local(&format!("{} cannot be read", file.display()), &error);
    let mut lines = BufReader::new(std::fs::File::open(file).map_err(unread)?);
    let (mut before, mut tip) = (Tip::default(), None::<Tip>);
    loop {
        let mut text = String::new();
        let read = std::io::Read::take(&mut lines, MAX_LINE).read_line(&mut text).map_err(unread)?;
        if read == 0 {
            return Ok(LogRead { before, tip: tip.unwrap_or_default(), ..LogRead::default() });
        }
        let after = tip.unwrap_or_default().number;
        let wrong = |what: &str| Failure::data(&format!("{} after entry {after}: {what}", file.display()));
        let Line { entry, hash } = serde_json::from_str(&text).map_err(|_| wrong("what is no entry"))?;
        if entry.hash() != hash {
            return Err(wrong("an entry that was changed"));
        }
        let follows = tip.is_none_or(|tip| entry.previous == tip.hash && entry.number == tip.number + 1);
        if !follows {
            return Err(wrong("an entry that does not follow the one before"));
        }
        if tip.is_none() {
            before = Tip { number: entry.number.saturating_sub(1), hash: entry.previous };
            see(entry.previous);
        }
        see(hash);
        tip = Some(Tip { number: entry.number, hash });
    }
}

fn tell_tip(tip: &Tip, voice: Voice) {
    let hash = HEXLOWER.encode(&tip.hash);
    if voice.json {
        output::line(&serde_json::json!({ "tip": hash, "entries": tip.number }).to_string());
    } else {
        voice.say(&format!("{} entri, ujung {hash}", tip.number), &format!("{} entries, tip {hash}", tip.number));
    }
}

fn read_hash(text: &str) -> Result<Hash, Failure> {
    let bytes = HEXLOWER.decode(text.trim().as_bytes()).ok();
    let hash = bytes.and_then(|bytes| bytes.try_into().ok());
    hash.ok_or_else(|| Failure::input("a tip is 64 hexadecimal digits"))
}
