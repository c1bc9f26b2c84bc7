//! From the errors of the crates below to failures with a code of the catalogue.

use selaras_model::{Breach, BreachKind, Lang, ValueError};
use selaras_policy::{PolicyError, Rendered, Unmet, Who};
use selaras_storage::EngineError;
use selaras_sync::{GateClosed, Refusal, Retry, SchoolError, StoreError};

use super::Open;
use crate::account::HeadKeyError;
use crate::catalogue::Words;
use crate::failure::{Again, Failure, Reason};
use crate::output::Output;

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Failure {
        match error {
            StoreError::Busy => Failure::new("store.in-use"),
            StoreError::Full => Failure::new("store.full"),
            StoreError::Damaged(reason) => Failure::new("store.damaged").arg("reason", reason),
            StoreError::TooLarge { .. } => Failure::new("internal.error").arg("place", "batch"),
            StoreError::Version { found, known } => {
                Failure::new("store.version").arg("found", found).arg("known", known)
            }
            StoreError::Io(cause) => Failure::new("store.io").arg("reason", cause),
        }
    }
}

impl From<EngineError> for Failure {
    fn from(error: EngineError) -> Failure {
        StoreError::from(error).into()
    }
}

impl From<PolicyError> for Failure {
    fn from(error: PolicyError) -> Failure {
        Failure::new("store.damaged").arg("reason", error)
    }
}

impl From<HeadKeyError> for Failure {
    fn from(error: HeadKeyError) -> Failure {
        match error {
            HeadKeyError::Password => Failure::new("key.password"),
            HeadKeyError::Damaged | HeadKeyError::Parameters => Failure::new("key.damaged"),
        }
    }
}

impl From<SchoolError> for Failure {
    fn from(error: SchoolError) -> Failure {
        let again = again(error.retry());
        let code = error.code().to_owned();
        let mut failure = match error {
            SchoolError::Store(error) => return error.into(),
            SchoolError::Refused(refusal) => refused(&refusal),
            SchoolError::Gate(gate) => Failure::new(code.as_str()).arg("invalid", gate.invalid.len()),
            _ => Failure::new(code.as_str()),
        };
        failure.again = Some(again);
        failure
    }
}

fn again(retry: Retry) -> Again {
    match retry {
        Retry::Now => Again::Now,
        Retry::After => Again::After,
        Retry::AfterHumanAction => Again::AfterHumanAction,
        Retry::Never => Again::Never,
    }
}

/// A refusal as it is: its record is an id; titles are added where the store is at hand.
fn refused(refusal: &Refusal) -> Failure {
    let mut failure = Failure::new(refusal.code.as_str()).arg("who", who_key(refusal.who));
    for (name, value) in &refusal.args {
        failure = failure.arg(name, value);
    }
    failure.record = refusal.record.map(|record| record.id.to_string());
    failure
}

impl Open {
    /// The centre's refusal of what was sent, with the record's title.
    pub(super) fn refusal(&self, refusal: &Refusal, lang: Lang) -> Failure {
        let mut failure = refused(refusal);
        if let Some(key) = refusal.record {
            let entity = self.rules.pack.entity(key.entity).map(|entity| entity.label.get(lang).to_owned());
            let title = self.known_record(key).ok().flatten().map(|record| self.title(&record));
            let named = [entity, title, Some(key.id.to_string())];
            failure.record = Some(named.into_iter().flatten().collect::<Vec<_>>().join(" "));
        }
        failure
    }

    /// A failed approval: a closed gate is told with everything that closes it.
    pub(crate) fn explain(&self, error: SchoolError, account: &str, out: &dyn Output) -> Failure {
        match error {
            SchoolError::Gate(gate) => self.closed(&gate, account, out.lang()).unwrap_or_else(|failure| failure),
            other => other.into(),
        }
    }

    fn closed(&self, gate: &GateClosed, account: &str, lang: Lang) -> Result<Failure, Failure> {
        let mut reasons: Vec<Reason> = gate.unmet.iter().map(|unmet| unmet_reason(unmet, lang)).collect();
        for finding in &gate.invalid {
            reasons.push(self.finding_line(finding, lang)?.into());
        }
        let code = match (gate.invalid.is_empty(), gate.unmet.is_empty()) {
            (true, _) => "gate.not-entitled",
            (false, true) => "gate.invalid",
            (false, false) => "gate.closed",
        };
        Ok(Failure::new(code).arg("name", account).arg("invalid", gate.invalid.len()).because(reasons))
    }
}

impl From<crate::command::report::FindingLine> for Reason {
    fn from(line: crate::command::report::FindingLine) -> Reason {
        Reason { place: line.title, message: line.message, remedy: line.remedy, who: line.who }
    }
}

/// An unmet condition in words.
pub(crate) fn unmet_reason(unmet: &Unmet, lang: Lang) -> Reason {
    let Rendered { message, remedy, who } = unmet.render(lang);
    Reason { place: String::new(), message, remedy, who: who_key(who).to_owned() }
}

/// Who acts, as a key of the messages.
pub(crate) const fn who_key(who: Who) -> &'static str {
    match who {
        Who::Operator => "operator",
        Who::Head => "head",
        Who::Dinas => "dinas",
        Who::Centre => "centre",
        Who::Verval => "verval",
    }
}

/// Something that a school's edit may not do, in words.
pub(crate) fn breach_text(breach: &Breach, words: Words) -> String {
    let field = breach.field.as_deref().unwrap_or_default();
    match breach.kind {
        BreachKind::FieldOwned => words.fill("breach.owned", &[("field", &field)]),
        BreachKind::ValueReserved => words.fill("breach.reserved", &[("field", &field)]),
        BreachKind::Create => words.say("breach.create").to_owned(),
        BreachKind::Delete => words.say("breach.delete").to_owned(),
        BreachKind::UnknownField => words.fill("breach.unknown-field", &[("field", &field)]),
        BreachKind::UnknownEntity => words.say("breach.unknown-entity").to_owned(),
        BreachKind::WrongType => words.fill("breach.type", &[("field", &field)]),
    }
}

/// A value that is not of its field's type.
pub(crate) fn value_failure(field: &str, error: &ValueError) -> Failure {
    let failure = match error {
        ValueError::UnknownEntity => Failure::new("input.entity"),
        ValueError::UnknownField => Failure::new("input.field"),
        ValueError::Text => Failure::new("input.text"),
        ValueError::TooLong { max } => Failure::new("input.too-long").arg("max", max),
        ValueError::Int => Failure::new("input.int"),
        ValueError::Decimal { scale } => Failure::new("input.decimal").arg("scale", scale),
        ValueError::Date => Failure::new("input.date"),
        ValueError::Bool => Failure::new("input.bool"),
        ValueError::Code => Failure::new("input.code"),
        ValueError::Ref => Failure::new("input.ref"),
    };
    failure.arg("field", field)
}
