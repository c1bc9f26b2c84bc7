//! Events on the way, as a line for a person and as a JSON object for a machine (docs/events.md). Pure; the screen
//! decides where and how often.

use serde_json::{Value, json};

use crate::catalogue::Words;
use crate::doctor::StepLine;
use crate::output::{Note, Pace, Progress, Transfer, Wait};
use crate::show::{tell, who_key};

/// A transfer in words: how much, how fast, how long still.
pub(super) fn transfer_text(transfer: &Transfer, pace: Pace, words: Words) -> String {
    let mut parts = vec![match transfer.done.saturating_mul(100).checked_div(transfer.total) {
        None => words.bytes(transfer.done),
        Some(percent) => words.fill(
            "transfer.share",
            &[
                ("done", &words.bytes(transfer.done)),
                ("total", &words.bytes(transfer.total)),
                ("percent", &percent.min(100)),
            ],
        ),
    }];
    if let Some(speed) = pace.speed {
        parts.push(words.fill("transfer.speed", &[("speed", &words.bytes(speed))]));
    }
    if let Some(left) = pace.left.filter(|left| !left.is_zero()) {
        parts.push(words.fill("transfer.left", &[("left", &words.about(left))]));
    }
    let work = transfer.way.work();
    format!("{}: {}", words.say(work), parts.join(", "))
}

/// A wait in words: until when, because of what, and who acts where somebody has to.
pub(super) fn wait_text(wait: &Wait, words: Words) -> String {
    let told = tell(&wait.because, words);
    let until = crate::env::local_clock(wait.until);
    let line = words.fill(
        "wait.line",
        &[("until", &until), ("attempt", &wait.attempt), ("what", &told.what), ("code", &wait.because.code)],
    );
    if who_key(&wait.because) == "nobody" || told.who.is_empty() {
        return line;
    }
    format!("{line} {}", words.fill("wait.who", &[("who", &told.who)]))
}

pub(super) fn transfer_json(transfer: &Transfer, pace: Pace) -> Value {
    json!({
        "event": "transfer",
        "way": transfer.way,
        "done": transfer.done,
        "total": transfer.total,
        "speed": pace.speed,
        "seconds_left": pace.left.map(|left| left.as_secs()),
    })
}

pub(super) fn wait_json(wait: &Wait, words: Words) -> Value {
    let told = tell(&wait.because, words);
    json!({
        "event": "wait",
        "code": wait.because.code,
        "message": told.what,
        "next": told.next,
        "who": who_key(&wait.because),
        "seconds": wait.millis.div_ceil(1_000),
        "until": crate::env::utc_time(wait.until),
        "attempt": wait.attempt,
    })
}

pub(super) fn progress_json(progress: &Progress) -> Value {
    json!({ "event": "progress", "work": progress.work, "done": progress.done, "total": progress.total })
}

pub(super) fn note_json(note: &Note, words: Words) -> Value {
    json!({ "event": "note", "key": note.key, "args": note.args, "message": note.text(words.0) })
}

/// A step with its keys, `event` among them.
pub(super) fn step_json(step: &StepLine) -> Value {
    let mut told = serde_json::to_value(step).unwrap_or_default();
    if let Some(keys) = told.as_object_mut() {
        keys.insert("event".to_owned(), json!("step"));
    }
    told
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use selaras_model::Lang;

    use super::*;
    use crate::failure::Failure;
    use crate::output::Way;

    const UP: Transfer = Transfer { way: Way::Up, done: 1_258_291, total: 4_194_304, at: 0 };

    #[test]
    fn a_transfer_tells_bytes_speed_and_time_left() {
        let pace = Pace { speed: Some(122_880), left: Some(Duration::from_secs(24)) };
        assert_eq!(
            transfer_text(&UP, pace, Words(Lang::Id)),
            "Mengirim ke pusat: 1.228,7 KiB dari 4.096,0 KiB (29 %), 120,0 KiB/dtk, sisa 24 detik"
        );
        assert_eq!(
            transfer_json(&UP, pace).to_string(),
            r#"{"done":1258291,"event":"transfer","seconds_left":24,"speed":122880,"total":4194304,"way":"up"}"#
        );
    }

    #[test]
    fn what_is_not_known_yet_is_not_told() {
        let unknown = Transfer { way: Way::Down, total: 0, ..UP };
        assert_eq!(transfer_text(&unknown, Pace::default(), Words(Lang::En)), "Fetching from the centre: 1,228.7 KiB");
        assert_eq!(transfer_json(&unknown, Pace::default()).get("speed"), Some(&Value::Null));
    }

    #[test]
    fn a_wait_tells_why_until_when_and_for_whom() {
        let wait = Wait { because: Failure::new("link.refused"), millis: 2_500, until: 0, attempt: 3 };
        let text = wait_text(&wait, Words(Lang::En));
        assert!(text.contains("(attempt 3)") && text.contains("[link.refused]"), "{text}");
        assert!(text.ends_with("Who acts: the centre"), "{text}");
        let json = wait_json(&wait, Words(Lang::En));
        assert_eq!(json.get("seconds"), Some(&json!(3)), "a part of a second is a whole one");
        assert_eq!(json.get("until"), Some(&json!("1970-01-01T00:00:00Z")));
        assert_eq!(json.get("who"), Some(&json!("centre")));
    }
}
