//! A made-up pack, and histories of one record told by people who know or do not know of each other.

use proptest::collection::vec;
use proptest::prelude::*;
use selaras_merge::{Document, Edit, Minted, Resolved, mint};
use selaras_model::{Actor, ChangeHash, EntityCode, FieldName, Fields, Pack, RecordId, Side, Value};

pub(crate) const ENTITY: EntityCode = EntityCode(1);
pub(crate) const FIELDS: [&str; 6] = ["catatan", "jabatan", "nama", "terverifikasi", "tinggi", "unsur_baru"];

pub(crate) fn pack() -> Pack {
    Pack::from_toml(
        r#"
version = "test-1"
semester = "20261"
[[module]]
name = "gtk"
label = { id = "GTK", en = "Staff" }
[[entity]]
code = 1
name = "tugas"
module = "gtk"
label = { id = "Tugas", en = "Duty" }
create = "both"
delete = "both"
verified = "terverifikasi"
centre_if = { field = "jabatan", values = ["2"] }
fields = [
  { name = "nama", type = "text", owner = "centre-when-verified", label = { id = "Nama", en = "Name" } },
  { name = "catatan", type = "text", label = { id = "Catatan", en = "Note" } },
  { name = "tinggi", type = "decimal", scale = 1, label = { id = "Tinggi", en = "Height" } },
  { name = "jabatan", type = "code", table = "jabatan", label = { id = "Jabatan", en = "Position" } },
  { name = "terverifikasi", type = "bool", centre_only = true, label = { id = "Terverifikasi", en = "Verified" } },
]
[[table]]
name = "jabatan"
label = { id = "Jabatan", en = "Position" }
rows = [ { code = "2", id = "Kepala", en = "Head" }, { code = "9", id = "Lain", en = "Other" } ]
"#,
    )
    .unwrap()
}

pub(crate) fn record_id() -> RecordId {
    RecordId::from_bytes([5; 16])
}

pub(crate) fn actor(side: Side, sequence: u64) -> Actor {
    let replica = if side == Side::Centre { [0; 8] } else { *b"replica1" };
    Actor { side, school: "20100001".parse().unwrap(), replica, sequence }
}

pub(crate) fn school(sequence: u64) -> Actor {
    actor(Side::School, sequence)
}

pub(crate) fn centre(sequence: u64) -> Actor {
    actor(Side::Centre, sequence)
}

pub(crate) fn name(text: &str) -> FieldName {
    text.parse().unwrap()
}

pub(crate) fn fields(of: &[(&str, Value)]) -> Fields {
    of.iter().map(|(field, value)| (name(field), value.clone())).collect()
}

/// An edit on everything that the document holds.
pub(crate) fn edit(document: &Document, of: &[(&str, Value)]) -> Edit {
    Edit { fields: fields(of), ..Edit::on(&document.heads()) }
}

pub(crate) fn flag(document: &Document, deleted: bool) -> Edit {
    Edit { deleted: Some(deleted), ..Edit::on(&document.heads()) }
}

pub(crate) fn created(of: &[(&str, Value)]) -> Document {
    mint(None, &school(1), &Edit { fields: fields(of), ..Edit::default() }).unwrap().0
}

pub(crate) fn with(document: &Document, actor: Actor, edit: &Edit) -> Document {
    mint(Some(document), &actor, edit).unwrap().0
}

pub(crate) fn resolve(document: &Document) -> Resolved {
    document.resolve(&pack(), ENTITY, record_id()).unwrap()
}

/// Few values, so that equal ones are written often.
fn value(field: usize, choice: u8) -> Value {
    match (FIELDS[field], choice % 4) {
        (_, 0) => Value::Null,
        ("terverifikasi", choice) => Value::Bool(choice == 1),
        ("jabatan", choice) => Value::Code(if choice == 1 { "2" } else { "9" }.into()),
        ("tinggi", choice) => Value::Decimal(i64::from(choice)),
        ("unsur_baru", 1) => Value::Bool(false),
        (_, choice) => Value::text(["", "a", "b", "Ñ"][usize::from(choice)]),
    }
}

/// One person's edit: what they know of those before, and what they write.
#[derive(Debug, Clone)]
pub(crate) struct Step {
    knows: u32,
    writes: Vec<(usize, u8)>,
    deleted: Option<bool>,
    by_centre: bool,
}

fn step() -> impl Strategy<Value = Step> {
    let knows = prop_oneof![any::<u32>(), any::<u32>().prop_map(|a| a | a << 1), Just(u32::MAX), Just(0)];
    let deleted = prop_oneof![6 => Just(None), 1 => Just(Some(true)), 1 => Just(Some(false))];
    (knows, vec((0..FIELDS.len(), any::<u8>()), 1..5), deleted, any::<bool>())
        .prop_map(|(knows, writes, deleted, by_centre)| Step { knows, writes, deleted, by_centre })
}

pub(crate) fn story() -> impl Strategy<Value = Story> {
    vec(step(), 2..9).prop_map(|steps| Story::tell(&steps))
}

/// An edit in a story.
#[derive(Debug, Clone)]
pub(crate) struct Told {
    pub(crate) actor: Actor,
    pub(crate) edit: Edit,
    /// Which edits before it its author knew of, directly or not.
    pub(crate) seen: Vec<usize>,
    pub(crate) minted: Minted,
}

/// A history, with the document in which all of it has come together in the order of telling.
#[derive(Debug, Clone)]
pub(crate) struct Story {
    pub(crate) told: Vec<Told>,
    pub(crate) document: Document,
}

impl Story {
    fn tell(steps: &[Step]) -> Self {
        let mut told: Vec<Told> = Vec::new();
        let mut document: Option<Document> = None;
        for (at, step) in steps.iter().enumerate() {
            let known: Vec<_> = (0..at).filter(|before| step.knows >> before & 1 == 1).collect();
            let seen: Vec<_> =
                (0..at).filter(|at| known.contains(at) || known.iter().any(|k| told[*k].seen.contains(at))).collect();
            let heads: Vec<ChangeHash> = seen
                .iter()
                .filter(|at| !seen.iter().any(|other| told[*other].seen.contains(at)))
                .map(|at| told[*at].minted.change)
                .collect();
            let written = step.writes.iter().map(|(field, choice)| (name(FIELDS[*field]), value(*field, *choice)));
            let edit = Edit { fields: written.collect(), deleted: step.deleted, ..Edit::on(&heads) };
            let side = if step.by_centre { Side::Centre } else { Side::School };
            let actor = actor(side, 1 + u64::try_from(at).unwrap());
            let (next, minted) = mint(document.as_ref(), &actor, &edit).unwrap();
            document = Some(next);
            told.push(Told { actor, edit, seen, minted });
        }
        Self { told, document: document.unwrap() }
    }

    /// Another order in which the edits may arrive: each after what it builds on, else by rank.
    pub(crate) fn order(&self, ranks: &[u16]) -> Vec<usize> {
        let mut order = Vec::new();
        while order.len() < self.told.len() {
            let ready = (0..self.told.len())
                .filter(|at| !order.contains(at) && self.told[*at].seen.iter().all(|seen| order.contains(seen)));
            order.push(ready.min_by_key(|at| ranks[*at % ranks.len()]).unwrap());
        }
        order
    }
}
