//! Reads a script from text and says what is wrong with one.

use super::{Act, Rule, Script};

/// Most rules of a script.
const MAX_RULES: usize = 256;
/// Longest delay.
const MAX_DELAY_MS: u64 = 3_600_000;
/// Most bytes of an answer that is too large.
const MAX_ANSWER: u64 = 1 << 30;

/// Why a script cannot be followed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ScriptError {
    /// The text is not a script; the message says where.
    #[error("not a script: {0}")]
    Unreadable(String),
    /// More rules than are kept.
    #[error("a script has at most {MAX_RULES} rules")]
    TooMany,
    /// A rule that means nothing.
    #[error("rule {number}: {what}")]
    Rule {
        /// Which one, from 1.
        number: usize,
        /// What is wrong with it.
        what: &'static str,
    },
}

impl Script {
    /// Reads TOML, or JSON where the text begins with a brace.
    ///
    /// # Errors
    /// [`ScriptError`], with the line of a mistake where the text cannot be read.
    pub fn from_text(text: &str) -> Result<Self, ScriptError> {
        let script: Self = if text.trim_start().starts_with('{') {
            serde_json::from_str(text).map_err(|error| ScriptError::Unreadable(error.to_string()))?
        } else {
            toml::from_str(text).map_err(|error| ScriptError::Unreadable(error.to_string()))?
        };
        script.check()?;
        Ok(script)
    }

    /// Says whether every part of the script means something.
    ///
    /// # Errors
    /// [`ScriptError`], for the first part that does not.
    pub fn check(&self) -> Result<(), ScriptError> {
        check_rules(&self.rules)
    }
}

/// Says whether rules mean something.
pub(in crate::mock) fn check_rules(rules: &[Rule]) -> Result<(), ScriptError> {
    if rules.len() > MAX_RULES {
        return Err(ScriptError::TooMany);
    }
    for (at, rule) in rules.iter().enumerate() {
        rule.check().map_err(|what| ScriptError::Rule { number: at + 1, what })?;
    }
    Ok(())
}

impl Rule {
    fn check(&self) -> Result<(), &'static str> {
        if self.delay_ms > MAX_DELAY_MS {
            return Err("a delay is at most an hour");
        }
        if self.on.method.as_ref().is_some_and(|method| !method.bytes().all(|byte| byte.is_ascii_uppercase())) {
            return Err("a method is written in capitals");
        }
        let status_is_good = |status: u16| (200..600).contains(&status);
        let line_is_good = |text: &str| !text.chars().any(char::is_control);
        match &self.act {
            Act::Problem { status, .. } | Act::Answer { status, .. } if !status_is_good(*status) => {
                Err("a status is from 200 to 599")
            }
            Act::Problem { code, .. } if code.is_empty() || !line_is_good(code) => Err("a problem needs a code"),
            Act::Answer { headers, .. } if !headers.iter().all(|(name, value)| is_header(name, value)) => {
                Err("a header has a name of letters, digits and hyphens, and a value of one line")
            }
            Act::Answer { base64: Some(body), .. } if data_encoding::BASE64.decode(body.as_bytes()).is_err() => {
                Err("the body is not base64")
            }
            Act::Redirect(to) if to.is_empty() || !line_is_good(to) => Err("a redirect needs an address"),
            Act::Slow { bytes_per_second: 0 } => Err("an answer comes with at least 1 byte a second"),
            Act::TooLarge { bytes } if *bytes > MAX_ANSWER => Err("an answer has at most 1 GiB"),
            _ => Ok(()),
        }
    }
}

fn is_header(name: &str, value: &str) -> bool {
    let named = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    named && !value.chars().any(char::is_control)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::super::{Forgery, On, Tls};
    use super::*;
    use crate::line::Then;
    use crate::mock::Endpoint;

    const WRITTEN: &str = r#"
        tls = "someone-else"

        [[rule]]
        on = { endpoint = "sync", after = 1, times = 2 }
        delay-ms = 50
        act.problem = { status = 507, code = "center.disk-full", retry-after = 90 }

        [[rule]]
        on = { endpoint = "upload", method = "PATCH" }
        act.lost = { then = "rst" }

        [[rule]]
        works = true
        act.answer = { status = 502, text = "Bad Gateway", marked = false }

        [[rule]]
        act.forge = "digests"
    "#;

    #[test]
    fn a_script_is_read_as_it_is_written() {
        let script = Script::from_text(WRITTEN).unwrap();
        let on = |endpoint, method: Option<&str>, after, times| On {
            endpoint: Some(endpoint),
            method: method.map(str::to_owned),
            after,
            times,
        };
        let rule = |on, act| Rule { on, delay_ms: 0, works: false, act };
        let full = Act::Problem {
            status: 507,
            code: "center.disk-full".to_owned(),
            retry_after: Some(90),
            args: [].into(),
            id: None,
            en: None,
        };
        let gateway = Act::Answer {
            status: 502,
            headers: [].into(),
            text: "Bad Gateway".to_owned(),
            base64: None,
            marked: false,
        };
        let expected = Script {
            tls: Tls::SomeoneElse,
            rules: vec![
                Rule { delay_ms: 50, ..rule(on(Endpoint::Sync, None, 1, Some(2)), full) },
                rule(on(Endpoint::Upload, Some("PATCH"), 0, None), Act::Lost { then: Then::Rst }),
                Rule { works: true, ..rule(On::default(), gateway) },
                rule(On::default(), Act::Forge(Forgery::Digests)),
            ],
        };
        assert_eq!(script, expected);
        assert_eq!(Script::from_text(&serde_json::to_string(&script).unwrap()).unwrap(), script);
        assert_eq!(Script::from_text("").unwrap(), Script::default());
    }

    #[test]
    fn what_means_nothing_is_told() {
        for (text, told) in [
            ("rules = 3", "unknown field `rules`"),
            ("tls = \"mine\"", "unknown variant `mine`"),
            ("[[rule]]\nact = \"explode\"", "unknown variant `explode`"),
            ("[[rule]]\non.endpoint = \"snyc\"\nact = \"page\"", "unknown variant `snyc`"),
            ("[[rule]]\non.method = \"patch\"\nact = \"page\"", "rule 1: a method is written in capitals"),
            ("[[rule]]\nact.problem = { status = 99, code = \"a.b\" }", "from 200 to 599"),
            ("[[rule]]\nact.answer = { status = 200, base64 = \"!\" }", "not base64"),
            ("[[rule]]\nact.answer = { status = 200, headers = { \"a b\" = \"c\" } }", "a header has"),
            ("[[rule]]\nact.redirect = \"\"", "a redirect needs an address"),
            ("[[rule]]\nact.slow = { bytes-per-second = 0 }", "at least 1 byte"),
            ("[[rule]]\ndelay-ms = 3600001\nact = \"page\"", "at most an hour"),
            ("[[rule]]\nact.too-large = { bytes = 1073741825 }", "at most 1 GiB"),
        ] {
            let error = Script::from_text(text).unwrap_err().to_string();
            assert!(error.contains(told), "{text}: {error}");
        }
    }
}
