//! Prints what the work on one record of 45 fields costs, in microseconds:
//! `cargo run --release -p selaras-merge --example cost`.
#![allow(clippy::print_stdout, clippy::cast_precision_loss, reason = "an example for people to run")]

use std::error::Error;
use std::fmt::Write as _;
use std::hint::black_box;
use std::time::Instant;

use selaras_merge::{Document, Edit, mint};
use selaras_model::{Actor, Date, EntityCode, FieldName, Fields, Pack, RecordId, Side, Value};

const FIELDS: i32 = 45;
const ROUNDS: u32 = 2_000;
const ID: RecordId = RecordId::from_bytes([7; 16]);
const ENTITY: EntityCode = EntityCode(1);

type Outcome<T> = Result<T, Box<dyn Error>>;

fn actor(sequence: u64) -> Outcome<Actor> {
    Ok(Actor { side: Side::School, school: "20100001".parse()?, replica: *b"replica1", sequence })
}

fn name(at: i32) -> Outcome<FieldName> {
    Ok(format!("nama_unsur_{at:02}").parse()?)
}

/// A pack whose one entity has the 45 fields, so that names are looked up as in real work.
fn pack() -> Outcome<Pack> {
    let mut text = String::from(
        "version = \"1\"\nsemester = \"20261\"\n\
         [[module]]\nname = \"m\"\nlabel = { id = \"M\", en = \"M\" }\n\
         [[entity]]\ncode = 1\nname = \"e\"\nmodule = \"m\"\nlabel = { id = \"E\", en = \"E\" }\n\
         create = \"both\"\ndelete = \"both\"\nfields = [\n",
    );
    for at in 0..FIELDS {
        writeln!(text, "{{ name = \"{}\", type = \"text\", label = {{ id = \"N\", en = \"N\" }} }},", name(at)?)?;
    }
    text.push(']');
    Ok(Pack::from_toml(&text)?)
}

fn fields(count: i32, mark: i32) -> Outcome<Fields> {
    let value = |at: i32| -> Outcome<Value> {
        Ok(match at % 5 {
            0 => Value::text(format!("isi nomor {at}/{mark}")),
            1 => Value::Int(i64::from(at + mark)),
            2 => Value::Bool(mark % 2 == 0),
            3 => Value::Code(format!("{mark}")),
            _ => Value::Date(Date::from_days(15_000 + at + mark)?),
        })
    };
    (0..count).map(|at| Ok((name(at * (FIELDS / count))?, value(at)?))).collect()
}

/// Runs a piece of work many times and prints its mean.
fn time<T>(what: &str, mut work: impl FnMut() -> Outcome<T>) -> Outcome<()> {
    for _ in 0..ROUNDS / 10 {
        black_box(work()?);
    }
    let start = Instant::now();
    for _ in 0..ROUNDS {
        black_box(work()?);
    }
    let micros = start.elapsed().as_secs_f64() * 1e6 / f64::from(ROUNDS);
    println!("{what:<56} {micros:8.1}");
    Ok(())
}

/// The same record after so many edits of three fields each.
fn aged(document: &Document, edits: i32) -> Outcome<Document> {
    let mut document = document.clone();
    for turn in 0..edits {
        let edit = Edit { fields: fields(3, 100 + turn)?, ..Edit::on(&document.heads()) };
        document = mint(Some(&document), &actor(u64::try_from(100 + turn)?)?, &edit)?.0;
    }
    Ok(document)
}

fn time_document(what: &str, pack: &Pack, document: &Document) -> Outcome<()> {
    let saved = document.save()?;
    println!("\n{what}: {} changes, {} bytes saved", document.changes(), saved.len());
    time("  load", || Ok(Document::load(&saved)?))?;
    time("  save", || Ok(document.save()?))?;
    time("  resolve", || Ok(document.resolve(pack, ENTITY, ID)?))?;
    for count in [1, 3, 9, FIELDS] {
        let edit = Edit { fields: fields(count, 7)?, ..Edit::on(&document.heads()) };
        let actor = actor(50)?;
        time(&format!("  mint and merge an edit of {count} fields"), || Ok(mint(Some(document), &actor, &edit)?))?;
    }
    let edit = Edit { fields: fields(3, 7)?, ..Edit::on(&document.heads()) };
    let actor = actor(50)?;
    time("  load, mint, merge 3 fields, resolve, save", || {
        let (next, _) = mint(Some(&Document::load(&saved)?), &actor, &edit)?;
        Ok((next.resolve(pack, ENTITY, ID)?, next.save()?))
    })
}

fn main() -> Outcome<()> {
    let pack = pack()?;
    let creation = Edit { fields: fields(FIELDS, 0)?, ..Edit::default() };
    let first = actor(1)?;
    println!("mean of {ROUNDS} runs, in microseconds");
    time("mint and merge a new record", || Ok(mint(None, &first, &creation)?))?;
    time("mint, merge, resolve and save a new record", || {
        let (document, _) = mint(None, &first, &creation)?;
        Ok((document.resolve(&pack, ENTITY, ID)?, document.save()?))
    })?;
    let (document, minted) = mint(None, &first, &creation)?;
    println!("a new record's change has {} bytes", minted.chunk.len());
    time_document("a new record", &pack, &document)?;
    time_document("after 16 edits of 3 fields", &pack, &aged(&document, 16)?)?;

    let beside = Edit { fields: fields(FIELDS, 8)?, ..Edit::on(&document.heads()) };
    let both = Edit { fields: fields(FIELDS, 9)?, ..Edit::on(&document.heads()) };
    let torn = mint(Some(&document), &actor(2)?, &beside)?.0;
    let torn = mint(Some(&torn), &actor(3)?, &both)?.0;
    time_document("all fields in conflict", &pack, &torn)
}
