//! The two catalogues: what the application says (`data/messages.toml`) and what its error codes mean
//! (`data/errors.toml`), each in Indonesian and English.
//!
//! They are compiled in. A key that is missing shows itself as the key: a person then sees something odd, never
//! nothing; a test looks for every key that the sources name.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::sync::LazyLock;

use selaras_model::{Date, Lang};
use selaras_transport::{LINK_CAUSES, LinkCause};
use serde::Deserialize;

use crate::failure::Exit;

/// A text in both languages.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Both {
    /// Indonesian.
    pub(crate) id: String,
    /// English.
    pub(crate) en: String,
}

impl Both {
    /// The text in a language.
    pub(crate) fn get(&self, lang: Lang) -> &str {
        match lang {
            Lang::Id => &self.id,
            Lang::En => &self.en,
        }
    }
}

/// What an error code means.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ErrorEntry {
    /// The exit code's number.
    pub(crate) exit: u8,
    /// Whether the same command may be tried again.
    pub(crate) again: crate::failure::Again,
    /// Who has to act: a key of `who` in the messages.
    pub(crate) who: String,
    /// What happened.
    pub(crate) what: Both,
    /// What to do next.
    pub(crate) next: Both,
}

static MESSAGES: LazyLock<BTreeMap<String, Both>> =
    LazyLock::new(|| toml::from_str(include_str!("../data/messages.toml")).unwrap_or_default());

/// The file's entries, and those of the line, whose one place is the transport's catalogue.
static ERRORS: LazyLock<BTreeMap<String, ErrorEntry>> = LazyLock::new(|| {
    let mut entries: BTreeMap<String, ErrorEntry> =
        toml::from_str(include_str!("../data/errors.toml")).unwrap_or_default();
    entries.extend(LINK_CAUSES.iter().map(|cause| (cause.code.to_owned(), of_the_line(cause))));
    entries
});

fn of_the_line(cause: &LinkCause) -> ErrorEntry {
    let exit = match cause.code {
        "link.bad-address" | "link.plain-http" => Exit::Input,
        "link.no-trusted-certificates" | "link.unreadable" | "link.unwritable" => Exit::Damaged,
        "link.too-large" => Exit::Refused,
        _ => Exit::Network,
    };
    let both = |[id, en]: [&str; 2]| Both { id: id.to_owned(), en: en.to_owned() };
    ErrorEntry {
        exit: exit.number(),
        again: cause.retry.into(),
        who: cause.who.to_owned(),
        what: both(cause.what),
        next: both(cause.next),
    }
}

/// The entry of an error code.
pub(crate) fn error(code: &str) -> Option<&'static ErrorEntry> {
    ERRORS.get(code)
}

/// The text of a key, where there is one.
pub(crate) fn message(key: &str) -> Option<&'static Both> {
    MESSAGES.get(key)
}

/// What an error code means, for the pages that explain the codes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CodePage {
    /// The stable code.
    pub code: String,
    /// The exit code of the command line.
    pub exit: u8,
    /// Whether the same command may be tried again.
    pub again: crate::failure::Again,
    /// Who has to act: a key.
    pub who: String,
    /// Who has to act, in words.
    pub who_text: String,
    /// What happened.
    pub what: String,
    /// What to do next.
    pub next: String,
}

/// All error codes with what they mean in a language, in the order of the codes.
pub fn error_codes(lang: Lang) -> impl Iterator<Item = CodePage> {
    ERRORS.iter().map(move |(code, entry)| CodePage {
        code: code.clone(),
        exit: entry.exit,
        again: entry.again,
        who: entry.who.clone(),
        who_text: Words(lang).who(&entry.who),
        what: entry.what.get(lang).to_owned(),
        next: entry.next.get(lang).to_owned(),
    })
}

/// Speaks one language.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Words(pub(crate) Lang);

impl Words {
    /// The text of a key; the key itself when it has none.
    pub(crate) fn say(self, key: &'static str) -> &'static str {
        MESSAGES.get(key).map_or(key, |both| both.get(self.0))
    }

    /// The text of a key that was put together; `other` when it has none.
    pub(crate) fn say_or<'a>(self, key: &str, other: &'a str) -> &'a str {
        MESSAGES.get(key).map_or(other, |both| both.get(self.0))
    }

    /// The text of a key with its arguments filled in.
    pub(crate) fn fill(self, key: &'static str, args: &[(&str, &dyn Display)]) -> String {
        fill(self.say(key), |name| args.iter().find(|(known, _)| *known == name).map(|(_, value)| value.to_string()))
    }

    /// Who has to act, in words.
    pub(crate) fn who(self, who: &str) -> String {
        self.say_or(&format!("who.{who}"), who).to_owned()
    }

    /// What a module is called; its own name where the catalogue does not know it.
    pub(crate) fn module(self, name: &str) -> &str {
        self.say_or(&format!("module.{name}"), name)
    }

    /// A day with the month's name: 31 Januari 2027.
    pub(crate) fn date(self, date: Date) -> String {
        let month = self.say_or(&format!("month.{}", date.month()), "?");
        format!("{} {month} {}", date.day(), date.year())
    }

    /// A whole number with the language's separator of thousands.
    pub(crate) fn number(self, number: u64) -> String {
        let separator = if self.0 == Lang::Id { '.' } else { ',' };
        let digits = number.to_string();
        let mut text = String::with_capacity(digits.len() + digits.len() / 3);
        for (place, digit) in digits.chars().enumerate() {
            if place > 0 && (digits.len() - place).is_multiple_of(3) {
                text.push(separator);
            }
            text.push(digit);
        }
        text
    }

    /// A size in bytes, as people read it.
    pub(crate) fn bytes(self, bytes: u64) -> String {
        let (unit, divisor) = match bytes {
            0..10_240 => return format!("{} B", self.number(bytes)),
            10_240..10_485_760 => ("KiB", 1024),
            _ => ("MiB", 1 << 20),
        };
        let tenths = bytes.saturating_mul(10) / divisor;
        format!("{} {unit}", self.decimal(tenths))
    }

    /// A number of tenths.
    pub(crate) fn decimal(self, tenths: u64) -> String {
        let point = if self.0 == Lang::Id { ',' } else { '.' };
        format!("{}{point}{}", self.number(tenths / 10), tenths % 10)
    }

    /// A length of time.
    pub(crate) fn duration(self, time: std::time::Duration) -> String {
        let millis = u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        if millis < 1000 {
            return format!("{millis} ms");
        }
        format!("{} {}", self.decimal(millis / 100), self.say("unit.seconds"))
    }

    /// About how long: seconds below a minute, minutes below an hour, then hours and minutes.
    pub(crate) fn about(self, time: std::time::Duration) -> String {
        let seconds = time.as_secs();
        let minutes = seconds.div_ceil(60);
        match (seconds, minutes) {
            (0..60, _) => format!("{seconds} {}", self.say("unit.seconds")),
            (_, 0..60) => format!("{minutes} {}", self.say("unit.minutes")),
            _ => format!("{} {} {} {}", minutes / 60, self.say("unit.hours"), minutes % 60, self.say("unit.minutes")),
        }
    }
}

/// Puts arguments into the places `{name}` of a text. A place without an argument stays as it is.
pub(crate) fn fill(text: &str, value: impl Fn(&str) -> Option<String>) -> String {
    let mut filled = String::with_capacity(text.len() + 32);
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        filled.push_str(before);
        let Some((name, behind)) = after.split_once('}') else {
            filled.push('{');
            rest = after;
            continue;
        };
        match value(name) {
            Some(value) => filled.push_str(&value),
            None => {
                filled.push('{');
                filled.push_str(name);
                filled.push('}');
            }
        }
        rest = behind;
    }
    filled.push_str(rest);
    filled
}

#[cfg(test)]
mod tests;
