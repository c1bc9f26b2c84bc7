//! Minting and loading: hostile bytes come back as errors, and edits make one record in any order.
//!
//! An even first byte: the rest is loaded as a document, then resolved and edited. An odd one: the rest tells edits of
//! one record, four bytes each (what its author knew, field and value, side and deletion, rank), which are merged in
//! the order of telling and in the order of ranks; heads, record and conflicts must be equal. An edit that can be
//! appended must say what the merged one does.

#![no_main]

use std::sync::{Arc, LazyLock};

use libfuzzer_sys::fuzz_target;
use selaras_merge::{Document, Edit, Minted, append, mint};
use selaras_model::{Actor, ChangeHash, EntityCode, Fields, Pack, RecordId, Side, Value};

const MAX_EDITS: usize = 12;
const FIELDS: [&str; 4] = ["nama", "nik", "agama_id", "terverifikasi"];
const ID: RecordId = RecordId::from_bytes([1; 16]);

static PACK: LazyLock<Arc<Pack>> = LazyLock::new(Pack::builtin);
static ENTITY: LazyLock<EntityCode> =
    LazyLock::new(|| PACK.entity_named("peserta_didik").map(|entity| entity.code).expect("the pack has students"));

struct Told {
    actor: Actor,
    edit: Edit,
    seen: Vec<usize>,
    rank: u8,
    minted: Minted,
}

fn actor(centre: bool, sequence: u64) -> Actor {
    let (side, replica) = if centre { (Side::Centre, [0; 8]) } else { (Side::School, *b"replica1") };
    Actor { side, school: "20100001".parse().expect("a school number"), replica, sequence }
}

fn value(choice: u8) -> Value {
    match choice % 5 {
        0 => Value::Null,
        1 => Value::Bool(false),
        2 => Value::text("a"),
        3 => Value::Code("1".into()),
        _ => Value::Int(choice.into()),
    }
}

fn edit(told: &[Told], what: u8, how: u8, seen: &[usize]) -> Edit {
    let heads: Vec<ChangeHash> = seen
        .iter()
        .filter(|at| !seen.iter().any(|other| told[*other].seen.contains(at)))
        .map(|at| told[*at].minted.change)
        .collect();
    let field = FIELDS[usize::from(what) % FIELDS.len()].parse().expect("a field's name");
    let deleted = [None, None, Some(true), Some(false)][usize::from(how >> 1) % 4];
    Edit { fields: Fields::from_iter([(field, value(what >> 2))]), deleted, ..Edit::on(&heads) }
}

fn tell(bytes: &[u8]) -> (Vec<Told>, Option<Document>) {
    let mut told: Vec<Told> = Vec::new();
    let mut document: Option<Document> = None;
    for (at, chunk) in bytes.chunks_exact(4).take(MAX_EDITS).enumerate() {
        let &[knows, what, how, rank] = chunk else { break };
        let known: Vec<_> = (0..at).filter(|before| *before >= 8 || knows >> before & 1 == 1).collect();
        let seen: Vec<_> =
            (0..at).filter(|at| known.contains(at) || known.iter().any(|k| told[*k].seen.contains(at))).collect();
        let edit = edit(&told, what, how, &seen);
        let actor = actor(how & 1 == 1, 1 + at as u64);
        let (next, minted) = mint(document.as_ref(), &actor, &edit).expect("an honest edit");
        if let Some((resolved, appended)) =
            append(document.as_ref(), &actor, &edit, (&PACK, *ENTITY, ID)).expect("an honest edit")
        {
            assert_eq!(appended, minted);
            assert_eq!(resolved, next.resolve(&PACK, *ENTITY, ID).expect("an honest document"));
        }
        document = Some(next);
        told.push(Told { actor, edit, seen, rank, minted });
    }
    (told, document)
}

fn in_order_of_ranks(told: &[Told]) -> Option<Document> {
    let mut done: Vec<usize> = Vec::new();
    let mut document: Option<Document> = None;
    while done.len() < told.len() {
        let ready = |at: &usize| !done.contains(at) && told[*at].seen.iter().all(|seen| done.contains(seen));
        let at = (0..told.len()).filter(ready).min_by_key(|at| told[*at].rank)?;
        let (next, minted) = mint(document.as_ref(), &told[at].actor, &told[at].edit).expect("an honest edit");
        assert_eq!(minted, told[at].minted);
        let reload = |next: Document| Document::load(&next.save().expect("an honest document")).expect("its own bytes");
        document = Some(if told[at].rank % 2 == 0 { reload(next) } else { next });
        done.push(at);
    }
    document
}

fn load(bytes: &[u8]) {
    let Ok(document) = Document::load(bytes) else { return };
    let _ = document.resolve(&PACK, *ENTITY, ID);
    let nama = "nama".parse().expect("a field's name");
    let edit = Edit { fields: Fields::from_iter([(nama, Value::text("a"))]), ..Edit::on(&document.heads()) };
    if let Ok((edited, _)) = mint(Some(&document), &actor(false, u64::MAX), &edit) {
        let Ok(saved) = edited.save() else { return };
        let again = Document::load(&saved).expect("what was saved can be loaded");
        assert_eq!(again.heads(), edited.heads());
    }
}

fuzz_target!(|bytes: &[u8]| {
    // libfuzzer's hook aborts on every panic, also on those of automerge that the crate turns into errors.
    let _ = std::panic::take_hook();
    match bytes.split_first() {
        Some((mode, rest)) if mode % 2 == 0 => load(rest),
        Some((_, rest)) => {
            let (told, document) = tell(rest);
            let other = in_order_of_ranks(&told);
            let resolve = |document: Option<Document>| {
                document.map(|document| document.resolve(&PACK, *ENTITY, ID).expect("an honest document"))
            };
            assert_eq!(resolve(document), resolve(other));
        }
        None => {}
    }
});
