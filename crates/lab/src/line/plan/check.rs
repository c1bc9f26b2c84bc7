//! Reads a plan from text and says what is wrong with one.

use super::{Act, Fault, Lane, Mark, On, Plan, Portal};

/// Most faults of a plan.
const MAX_FAULTS: usize = 64;
/// Longest way of a byte.
const MAX_LATENCY_MS: u64 = 60_000;

/// Why a plan cannot be followed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PlanError {
    /// The text is not a plan; the message says where.
    #[error("not a plan: {0}")]
    Unreadable(String),
    /// More faults than are kept.
    #[error("a plan has at most {MAX_FAULTS} faults")]
    TooMany,
    /// A lane over which nothing would come, or not within a minute.
    #[error("a lane has at least 1 byte a second and at most {MAX_LATENCY_MS} ms of latency")]
    Lane,
    /// A fault that means nothing.
    #[error("fault {number}: {what}")]
    Fault {
        /// Which one, from 1.
        number: usize,
        /// What is wrong with it.
        what: &'static str,
    },
}

impl Plan {
    /// Reads TOML, or JSON where the text begins with a brace.
    ///
    /// # Errors
    /// [`PlanError`], with the line of a mistake where the text cannot be read.
    pub fn from_text(text: &str) -> Result<Self, PlanError> {
        let plan: Self = if text.trim_start().starts_with('{') {
            serde_json::from_str(text).map_err(|error| PlanError::Unreadable(error.to_string()))?
        } else {
            toml::from_str(text).map_err(|error| PlanError::Unreadable(error.to_string()))?
        };
        plan.check()?;
        Ok(plan)
    }

    /// Says whether every part of the plan means something.
    ///
    /// # Errors
    /// [`PlanError`], for the first part that does not.
    pub fn check(&self) -> Result<(), PlanError> {
        let good = |lane: Lane| lane.bytes_per_second != Some(0) && lane.latency_ms <= MAX_LATENCY_MS;
        if !good(self.up) || !good(self.down) {
            return Err(PlanError::Lane);
        }
        if self.faults.len() > MAX_FAULTS {
            return Err(PlanError::TooMany);
        }
        for (at, fault) in self.faults.iter().enumerate() {
            fault.check().map_err(|what| PlanError::Fault { number: at + 1, what })?;
        }
        Ok(())
    }
}

impl Fault {
    fn check(&self) -> Result<(), &'static str> {
        if let On::Connection(0) | On::EveryConnection(0) | On::Request(0) | On::EveryRequest(0) = self.on {
            return Err("connections and requests are numbered from 1");
        }
        match (&self.act, self.act.place()) {
            (_, Some((_, Mark::Every(0) | Mark::About(0)))) => return Err("every 0 bytes would be for ever"),
            (Act::Flip { .. }, Some((_, Mark::After(0)))) => return Err("the first byte is after = 1"),
            (_, Some((_, Mark::Every(_) | Mark::About(_)))) if self.on.is_for_requests() => {
                return Err("every and about count the bytes of the line; a request has after alone");
            }
            _ => {}
        }
        match &self.act {
            Act::CutEvery { ms: 0, .. } => Err("every 0 ms would be for ever"),
            Act::CutEvery { .. } | Act::BlackHole | Act::Intercept if self.on.is_for_requests() => {
                Err("this is for connections; no request is seen before it")
            }
            Act::Portal(Portal::Redirect(to)) if to.is_empty() || to.chars().any(char::is_control) => {
                Err("a redirect needs an address")
            }
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::super::{Ending, Keeps, Then, Way, Which};
    use super::*;

    const WRITTEN: &str = r#"
        seed = 7
        up = { bytes-per-second = 125000, latency-ms = 80 }

        [[fault]]
        act.cut = { way = "up", at.every = 65536, how = "rst" }

        [[fault]]
        on.request = 2
        act.swallow-answer = { then = "fin" }

        [[fault]]
        on.connection = 3
        act = "black-hole"

        [[fault]]
        act.half-open = { way = "down", at.after = 10, keeps = "upstream" }

        [[fault]]
        on.every-request = 4
        act.double-request = { gives = "second" }

        [[fault]]
        on.request = 9
        act.portal.redirect = "http://portal.example/"
    "#;

    #[test]
    fn a_plan_is_read_as_it_is_written() {
        let plan = Plan::from_text(WRITTEN).unwrap();
        let expected =
            Plan { seed: 7, up: Lane { bytes_per_second: Some(125_000), latency_ms: 80 }, ..Plan::default() }
                .with(Fault::always(Act::Cut { way: Way::Up, at: Mark::Every(65_536), how: Ending::Rst }))
                .with(Fault::on(On::Request(2), Act::SwallowAnswer { then: Then::Fin }))
                .with(Fault::on(On::Connection(3), Act::BlackHole))
                .with(Fault::always(Act::HalfOpen { way: Way::Down, at: Mark::After(10), keeps: Keeps::Upstream }))
                .with(Fault::on(On::EveryRequest(4), Act::DoubleRequest { gives: Which::Second }))
                .with(Fault::on(On::Request(9), Act::Portal(Portal::Redirect("http://portal.example/".to_owned()))));
        assert_eq!(plan, expected);
        let json = serde_json::to_string(&plan).unwrap();
        assert_eq!(Plan::from_text(&json).unwrap(), plan);
    }

    #[test]
    fn what_means_nothing_is_told() {
        for (text, told) in [
            ("speed = 3", "unknown field `speed`"),
            ("[[fault]]\nact = \"explode\"", "unknown variant `explode`"),
            ("[[fault]]\nact.cut = { way = \"up\", at.after = 1, hwo = \"fin\" }", "unexpected keys in table: hwo"),
            ("up = { bytes-per-second = 0 }", "at least 1 byte"),
            ("[[fault]]\non.request = 0\nact = \"buffer-request\"", "fault 1: connections and requests are numbered"),
            ("[[fault]]\nact.flip = { way = \"up\", at.after = 0 }", "the first byte is after = 1"),
            ("[[fault]]\nact.cut = { way = \"up\", at.every = 0 }", "every 0 bytes"),
            ("[[fault]]\non.request = 1\nact = \"black-hole\"", "this is for connections"),
            ("[[fault]]\non.request = 1\nact.cut = { way = \"up\", at.every = 9 }", "a request has after alone"),
            ("[[fault]]\nact.portal.redirect = \"a\\r\\nb\"", "a redirect needs an address"),
        ] {
            let error = Plan::from_text(text).unwrap_err().to_string();
            assert!(error.contains(told), "{text}: {error}");
        }
    }
}
