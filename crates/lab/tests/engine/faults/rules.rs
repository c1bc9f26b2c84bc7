//! Packs and rulebooks that differ from the built-in ones by what a test needs, and how they begin.

use selaras_model::{Fields, Record, RecordId, RecordKey};
use selaras_sync::Rules;

use super::disaster::Failed;
use crate::stage::CentreStage;

/// The built-in rules, but these fields of a student are the centre's.
pub(super) fn centres(fields: &[&str]) -> Rules {
    let own = Rules::builtin();
    let (before, students) = own.pack.source().split_once("code = 401").unwrap();
    let mut students = students.to_owned();
    for field in fields {
        let line = students.lines().find(|line| line.contains(&format!("\"{field}\""))).unwrap();
        let owned = line.replacen("type =", "owner = \"centre\", type =", 1);
        students = students.replacen(line, &owned, 1);
    }
    let rules = Rules::from_texts(&format!("{before}code = 401{students}"), own.rulebook.source()).unwrap();
    assert!(rules.pack.hash() != own.pack.hash() && rules.pack.breaks_with(&own.pack).is_empty());
    rules
}

/// The same pack, and another text of the rulebook.
pub(super) fn another_rulebook(rules: &Rules) -> Rules {
    let text = rules.rulebook.source().replacen("max = 2200", "max = 2100", 1);
    let other = Rules::from_texts(rules.pack.source(), &text).unwrap();
    assert_ne!(other.rulebook.hash(), rules.rulebook.hash());
    other
}

/// The same pack, and a rulebook that closes no gate: a world may then have records of a field or two.
pub(super) fn lenient() -> Rules {
    let own = Rules::builtin();
    let text = own.rulebook.source().replace("level = \"invalid\"", "level = \"warning\"");
    Rules::from_texts(own.pack.source(), &text).unwrap()
}

/// Rules begin at the centre: it makes what is due, as it does before it answers anybody.
pub(super) fn begin(centre: &mut CentreStage, rules: &Rules) -> Result<(), Failed> {
    centre.rules = rules.clone();
    while let Some(step) = centre.centre().resume()? {
        centre.drive(Some(step));
    }
    Ok(())
}

/// Made-up students that are nowhere yet, by number.
pub(super) fn newcomers(count: u16, fields: impl Fn(u16) -> Fields) -> Vec<Record> {
    let entity = Rules::builtin().pack.entity_named("peserta_didik").unwrap().code;
    (0..count)
        .map(|number| {
            let mut id = [0x5a; 16];
            id[..2].copy_from_slice(&number.to_be_bytes());
            let key = RecordKey { entity, id: RecordId::from_bytes(id) };
            Record { fields: fields(number), ..Record::new(key) }
        })
        .collect()
}
