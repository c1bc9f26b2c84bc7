//! What the answers of the way mean: pure, from results to findings.

use std::net::SocketAddr;
use std::time::Duration;

use selaras_model::Lang;
use selaras_transport::{BUFFERED, Greeting, Hop, LARGE_CUT, LinkError, PROTOCOL, SLOW_LINE, Sent};

use super::step::Found;
use crate::catalogue::Words;
use crate::failure::Failure;
use crate::link::told;
use crate::output::Note;

/// A clock that is off by no more is as it should be.
const CLOCK_TOLERANCE: u64 = 120;
/// A slower line is told to be slow: 128 KiB would take half a minute.
const SLOW: u64 = 4 << 10;

/// Whether this computer has a way to anywhere.
pub(super) fn interface(routed: bool, loopback: bool) -> Found {
    match (routed, loopback) {
        (_, true) => Found::Passed(Note::new("doctor.interface.loopback")),
        (true, false) => Found::Passed(Note::new("doctor.interface.ok")),
        // A school's own network may reach the centre without a default route.
        (false, false) => Found::Warned(Failure::new("link.no-network")),
    }
}

/// The addresses of the first host.
pub(super) fn dns(hop: &Hop, found: Result<&[SocketAddr], &LinkError>, lang: Lang) -> Found {
    match found {
        Err(error) => Found::Failed(told(error, lang)),
        Ok(addresses) => {
            let list: Vec<String> = addresses.iter().map(|address| address.ip().to_string()).collect();
            let note = if hop.proxy { Note::new("doctor.dns.proxy") } else { Note::new("doctor.dns.ok") };
            Found::Passed(note.arg("host", &hop.host).arg("addresses", list.join(", ")))
        }
    }
}

/// The first address that took a connection, or why none did.
pub(super) fn tcp(touched: Result<(SocketAddr, Duration), &LinkError>, lang: Lang) -> Found {
    match touched {
        Err(error) => Found::Failed(told(error, lang)),
        Ok((address, took)) => {
            Found::Passed(Note::new("doctor.tcp.ok").arg("host", address).arg("time", Words(lang).duration(took)))
        }
    }
}

/// Whether the other side proved to be who it says; `answered` is the greeting's result.
pub(super) fn tls(hop: &Hop, answered: Result<&Greeting, &LinkError>, lang: Lang) -> Found {
    if !hop.tls {
        return Found::Passed(Note::new("doctor.tls.plain"));
    }
    match answered {
        // Whatever was answered, somebody with a trusted certificate answered it.
        Ok(_)
        | Err(
            LinkError::NotOurServer { .. }
            | LinkError::SessionExpired(_)
            | LinkError::Protocol(_)
            | LinkError::Busy(_)
            | LinkError::Server(_)
            | LinkError::TooLarge { .. },
        ) => Found::Passed(Note::new("doctor.tls.ok")),
        Err(error) => Found::Failed(told(error, lang)),
    }
}

/// Whether it was the centre that answered.
pub(super) fn marker(answered: Result<&Greeting, &LinkError>, lang: Lang) -> Found {
    match answered {
        Ok(greeting) => Found::Passed(Note::new("doctor.marker.ok").arg("version", &greeting.version)),
        Err(error) => Found::Failed(told(error, lang)),
    }
}

/// How far the two clocks are apart; `now` is this computer's.
pub(super) fn clock(date: Option<&str>, now: i64, lang: Lang) -> Found {
    let there = date.and_then(|date| jiff::fmt::rfc2822::parse(date).ok()).map(|time| time.timestamp().as_second());
    let Some(there) = there else { return Found::Skipped(Note::new("doctor.clock.unknown")) };
    let difference = there.abs_diff(now);
    if difference <= CLOCK_TOLERANCE {
        return Found::Passed(Note::new("doctor.clock.ok").arg("seconds", difference));
    }
    Found::Warned(Failure::new("doctor.clock").arg("difference", Words(lang).about(Duration::from_secs(difference))))
}

/// Whether the centre is open and speaks this protocol.
pub(super) fn protocol(knocked: Result<(), &LinkError>, lang: Lang) -> Found {
    match knocked {
        Ok(()) => Found::Passed(Note::new("doctor.protocol.ok").arg("protocol", PROTOCOL)),
        Err(error) => Found::Failed(told(error, lang)),
    }
}

/// Whether the centre gives this device a token.
pub(super) fn token(given: Result<(), &LinkError>, lang: Lang) -> Found {
    match given {
        Ok(()) => Found::Passed(Note::new("doctor.token.ok")),
        Err(error) => Found::Failed(told(error, lang)),
    }
}

/// The speed of the way up, and whether anything holds requests back.
pub(super) fn up(sent: Result<Sent, &LinkError>, lang: Lang) -> [(&'static str, Found); 2] {
    let sent = match sent {
        Ok(sent) => sent,
        Err(error) => {
            let why = Note::new("doctor.skipped.before");
            return [("up", no_speed(error, lang)), ("buffering", Found::Skipped(why))];
        }
    };
    let buffering = if sent.buffered {
        Found::Warned(Failure::new(BUFFERED.code))
    } else {
        Found::Passed(Note::new("doctor.buffering.ok"))
    };
    [("up", speed(sent.bytes, sent.took, lang)), ("buffering", buffering)]
}

/// The speed of the way down.
pub(super) fn down(come: Result<(u64, Duration), &LinkError>, lang: Lang) -> Found {
    match come {
        Ok((bytes, took)) => speed(bytes, took, lang),
        Err(error) => no_speed(error, lang),
    }
}

fn speed(bytes: u64, took: Duration, lang: Lang) -> Found {
    let millis = took.as_millis().max(1);
    let speed = u64::try_from(u128::from(bytes) * 1_000 / millis).unwrap_or(u64::MAX);
    if speed < SLOW {
        return Found::Warned(Failure::new(SLOW_LINE.code).arg("speed", speed));
    }
    Found::Passed(Note::new("doctor.speed.ok").arg("speed", Words(lang).bytes(speed)))
}

/// What passed as a small request and does not as a larger one.
fn no_speed(error: &LinkError, lang: Lang) -> Found {
    match error {
        LinkError::Server(problem) if problem.code == "path.unknown" => {
            Found::Skipped(Note::new("doctor.speed.unknown"))
        }
        LinkError::Cut(_) => Found::Failed(Failure::new(LARGE_CUT.code)),
        // The token was given a moment ago; an exchange ends with the same code.
        LinkError::SessionExpired(_) => Found::Failed(Failure::new("centre.session")),
        error => Found::Failed(told(error, lang)),
    }
}
