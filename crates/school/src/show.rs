//! How things that several reports hold are written: reasons, failures, counts of modules.

use crate::catalogue::{Words, error, fill};
use crate::failure::{Failure, Reason};
use crate::page::{Manner, Page};

/// Writes reasons: where, what, what to do and who.
pub(crate) fn reasons(reasons: &[Reason], words: Words, page: &mut Page) {
    for reason in reasons {
        let place = if reason.place.is_empty() { String::new() } else { format!("{}: ", reason.place) };
        page.plain(format!("  - {place}{}", reason.message));
        if !reason.remedy.is_empty() {
            let who = if reason.who.is_empty() { String::new() } else { format!(" ({})", words.who(&reason.who)) };
            page.line(Manner::Faint, format!("      → {}{who}", reason.remedy));
        }
    }
}

/// Writes a failure: what happened, everything that stands in the way, what to do next and who has to do it.
pub(crate) fn failure(failure: &Failure, words: Words, page: &mut Page) {
    let told = tell(failure, words);
    page.line(Manner::Bad, format!("{}: {} [{}]", words.say("failure.head"), told.what, failure.code));
    if let Some(record) = &failure.record {
        page.plain(format!("  {}: {record}", words.say("failure.record")));
    }
    reasons(&failure.reasons, words, page);
    if !told.next.is_empty() {
        page.plain(format!("{}: {}", words.say("failure.next"), told.next));
    }
    if let Some(until) = failure.until {
        page.plain(format!("{}: {}", words.say("failure.until"), crate::env::local_clock(until)));
    }
    if !told.who.is_empty() {
        page.line(Manner::Faint, format!("{}: {}", words.say("failure.who"), told.who));
    }
}

/// A failure in words.
pub(crate) struct InWords {
    /// What happened.
    pub(crate) what: String,
    /// What to do next.
    pub(crate) next: String,
    /// Who has to act.
    pub(crate) who: String,
}

/// Puts a failure into words. A code that only a newer centre knows is told in the centre's own words.
pub(crate) fn tell(failure: &Failure, words: Words) -> InWords {
    let value = |name: &str| failure.args.get(name).cloned();
    if let Some(entry) = error(&failure.code) {
        return InWords {
            what: fill(entry.what.get(words.0), value),
            next: fill(entry.next.get(words.0), value),
            who: words.who(&entry.who),
        };
    }
    let said = failure.said.as_ref().and_then(|said| said.get(&words.0.to_string()).cloned());
    let who = failure.args.get("who").map_or_else(String::new, |who| words.who(who));
    InWords { what: said.unwrap_or_else(|| words.say("failure.unknown").to_owned()), next: String::new(), who }
}

/// Who has to act, as a key: the catalogue's, else the one that the centre named.
pub(crate) fn who_key(failure: &Failure) -> String {
    let said = || failure.args.get("who").cloned().unwrap_or_default();
    error(&failure.code).map_or_else(said, |entry| entry.who.clone())
}

/// The failure as a machine reads it.
pub(crate) fn failure_json(failure: &Failure, words: Words) -> serde_json::Value {
    let told = tell(failure, words);
    let again = failure.again.or_else(|| error(&failure.code).map(|entry| entry.again));
    serde_json::json!({
        "error": {
            "code": failure.code,
            "args": failure.args,
            "message": told.what,
            "next": told.next,
            "who": who_key(failure),
            "retry": again,
            "until": failure.until.map(crate::env::utc_time),
            "record": failure.record,
            "reasons": failure.reasons,
            "exit": failure.exit().number(),
        }
    })
}
