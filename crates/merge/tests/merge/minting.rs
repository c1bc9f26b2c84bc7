//! A minted change is byte for byte the one that automerge itself makes.

use automerge::transaction::Transactable as _;
use automerge::{ActorId, Automerge, ChangeHash, ROOT, ReadDoc as _, ScalarValue};
use proptest::prelude::*;
use selaras_merge::{Document, Edit, mint};
use selaras_model::{Actor, Value};

use crate::story::{Told, actor, created, fields, school, story};

fn scalar(value: &Value) -> ScalarValue {
    let tagged = |tag: u8, payload: &[u8]| ScalarValue::Bytes([&[tag], payload].concat());
    match value {
        Value::Null => ScalarValue::Null,
        Value::Text(text) => ScalarValue::Str(text.as_str().into()),
        Value::Int(int) => ScalarValue::Int(*int),
        Value::Decimal(scaled) => tagged(b'd', &scaled.to_be_bytes()),
        Value::Date(date) => ScalarValue::Timestamp(date.days_since_epoch().into()),
        Value::Bool(bool) => ScalarValue::Boolean(*bool),
        Value::Code(code) => tagged(b'c', code.as_bytes()),
        Value::Ref(id) => tagged(b'r', id.as_bytes()),
    }
}

/// Mints the plain way: fork at the heads, set the actor, put, commit.
fn reference(document: Option<&Automerge>, heads: &[ChangeHash], actor: &Actor, edit: &Edit) -> Vec<u8> {
    let mut fork = document.map_or_else(Automerge::new, |document| document.fork_at(heads).unwrap());
    fork.set_actor(ActorId::from(actor.to_bytes().as_slice()));
    let mut puts: Vec<(&str, ScalarValue)> = edit.fields.iter().map(|(name, value)| (&**name, scalar(value))).collect();
    puts.extend(edit.deleted.map(|deleted| ("~deleted", ScalarValue::Boolean(deleted))));

    let mut transaction = fork.transaction();
    for (key, value) in puts {
        let held = transaction.get(ROOT, key).unwrap();
        if held.is_some_and(|(held, _)| held.as_scalar() == Some(&value)) {
            let other = if value == ScalarValue::Null { ScalarValue::Boolean(false) } else { ScalarValue::Null };
            transaction.put(ROOT, key, other).unwrap();
        }
        transaction.put(ROOT, key, value).unwrap();
    }
    transaction.commit().0.unwrap();

    let change = fork.get_last_local_change().unwrap();
    assert_eq!((change.seq(), change.timestamp(), change.message()), (1, 0, None));
    assert_eq!(change.actor_id().to_bytes(), actor.to_bytes());
    assert_eq!(change.deps(), heads);
    change.raw_bytes().to_vec()
}

fn heads_of(all: &[Told], told: &Told) -> Vec<ChangeHash> {
    let named = all.iter().filter(|other| told.edit.heads.contains(&selaras_merge::head_prefix(&other.minted.change)));
    let mut heads: Vec<_> = named.map(|other| ChangeHash(*other.minted.change.as_bytes())).collect();
    heads.sort();
    heads
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn it_equals_a_fork_and_a_transaction(story in story()) {
        let whole = Automerge::load(&story.document.save().unwrap()).unwrap();
        for told in &story.told {
            let expected = reference(Some(&whole), &heads_of(&story.told, told), &told.actor, &told.edit);
            prop_assert_eq!(&told.minted.chunk, &expected);
        }
    }
}

#[test]
fn it_equals_a_transaction_for_wide_edits_and_every_kind_of_value() {
    let all = fields(&[
        ("a", Value::text("Nuraini Sjöström")),
        ("b", Value::Int(-7)),
        ("c", Value::Decimal(1515)),
        ("d", Value::Date("2010-02-28".parse().unwrap())),
        ("e", Value::Bool(true)),
        ("f", Value::Code("x".into())),
        ("g", Value::Ref(crate::story::record_id())),
        ("h", Value::Null),
    ]);
    let creation = Edit { fields: all.clone(), deleted: Some(false), ..Edit::default() };
    let (document, minted) = mint(None, &school(1), &creation).unwrap();
    assert_eq!(minted.chunk, reference(None, &[], &school(1), &creation));

    let again = Edit { fields: all, deleted: Some(true), ..Edit::on(&document.heads()) };
    let automerge = Automerge::load(&document.save().unwrap()).unwrap();
    let (_, minted) = mint(Some(&document), &school(2), &again).unwrap();
    assert_eq!(minted.chunk, reference(Some(&automerge), &automerge.get_heads(), &school(2), &again));
}

#[test]
fn an_appended_chunk_is_as_good_as_a_save() {
    let mut document = created(&[("nama", Value::text("a"))]);
    let mut stored = document.save().unwrap();
    for sequence in 2..20 {
        let edit = crate::story::edit(&document, &[("nama", Value::Int(i64::try_from(sequence).unwrap()))]);
        let (next, minted) = mint(Some(&document), &actor(selaras_model::Side::School, sequence), &edit).unwrap();
        stored.extend_from_slice(&minted.chunk);
        document = next;
        let loaded = Document::load(&stored).unwrap();
        assert_eq!(loaded.heads(), document.heads());
        assert_eq!(crate::story::resolve(&loaded), crate::story::resolve(&document));
    }
    assert_eq!(document.changes(), 19);
}
