//! `sample --plant RULE`: failures of rules, each by the rule's id, in a made-up school.

use std::str::FromStr;

use selaras_lab::{PlantError, PlantedRule, Planter, Sample};
use selaras_model::{Date, Pack};
use selaras_policy::{Examples, RuleId, Rulebook};

use crate::command::Done;
use crate::failure::Failure;
use crate::output::Output;

/// The most failures of one rule that are planted in one school.
const MAX_PLANTED: u32 = 100;

/// `RULE` or `RULE=N`.
#[derive(Debug, Clone)]
pub(super) struct Plant {
    rule: RuleId,
    count: u32,
}

/// Why an argument is no [`Plant`].
#[derive(Debug, thiserror::Error)]
#[error("RULE or RULE=N, with N from 1 to {MAX_PLANTED}")]
pub(super) struct NoPlant;

impl FromStr for Plant {
    type Err = NoPlant;

    fn from_str(text: &str) -> Result<Self, NoPlant> {
        let (rule, count) = text.split_once('=').unwrap_or((text, "1"));
        let count = count.parse().ok().filter(|count| (1..=MAX_PLANTED).contains(count));
        Ok(Self { rule: rule.parse().map_err(|_| NoPlant)?, count: count.ok_or(NoPlant)? })
    }
}

/// Plants what was asked for; gives what each rule finds.
pub(super) fn plant(asked: &[Plant], sample: &mut Sample, seed: u64) -> Result<Vec<PlantedRule>, Failure> {
    if asked.is_empty() {
        return Ok(Vec::new());
    }
    let pack = Pack::builtin();
    let broken = |error: String| Failure::new("demo.sample").arg("reason", error);
    let book = Rulebook::builtin(&pack).map_err(|error| broken(error.to_string()))?;
    let examples = Examples::builtin(&book, &pack).map_err(|error| broken(error.to_string()))?;
    let mut planter = Planter::new(&pack, &book, &examples, sample, today()?, seed).map_err(failure)?;
    let mut planted = Vec::new();
    for Plant { rule, count } in asked {
        for _ in 0..*count {
            planted.push(planter.plant(sample, rule).map_err(failure)?);
        }
    }
    Ok(planted)
}

/// Tells of one failure which records its rule finds, and which other rules find something because of it.
pub(super) fn tell(planted: &PlantedRule, output: &mut dyn Output) {
    let records: Vec<String> = planted.records.iter().map(|key| key.id.to_string()).collect();
    let implied: Vec<&str> = planted.implied.iter().map(RuleId::as_str).collect();
    let key = if implied.is_empty() { "sample.planted" } else { "sample.planted-with" };
    let done = Done::new(key).arg("rule", &planted.rule).arg("records", records.join(", "));
    output.report(done.arg("others", implied.join(", ")).report());
}

fn failure(error: PlantError) -> Failure {
    match error {
        PlantError::Unknown(rule) => Failure::new("input.rule").arg("rule", rule),
        PlantError::NoPlace(rule) => Failure::new("sample.no-place").arg("rule", rule),
        PlantError::Judge(error) => Failure::new("demo.sample").arg("reason", error),
    }
}

fn today() -> Result<Date, Failure> {
    let today = jiff::Zoned::now().date();
    Date::new(today.year(), today.month(), today.day()).map_err(|_| Failure::new("demo.sample").arg("reason", today))
}
