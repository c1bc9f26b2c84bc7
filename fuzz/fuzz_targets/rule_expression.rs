//! Expressions of rules: hostile text is refused with its problems, and whatever is taken judges a record without harm.

#![no_main]

use std::sync::{Arc, LazyLock};

use libfuzzer_sys::fuzz_target;
use selaras_model::{Date, Pack, Record, RecordId, RecordKey, Value};
use selaras_policy::{Judge, MemoryView, Rulebook};

static PACK: LazyLock<Arc<Pack>> = LazyLock::new(Pack::builtin);
static TODAY: LazyLock<Date> = LazyLock::new(|| "2026-11-24".parse().expect("a day"));

fn student() -> Record {
    let entity = PACK.entity_named("peserta_didik").map(|entity| entity.code).expect("the pack has students");
    let mut record = Record::new(RecordKey { entity, id: RecordId::from_bytes([1; 16]) });
    let mut set = |name: &str, value| record.fields.insert(name.parse().expect("a field's name"), value);
    set("nama", Value::text("Siswa Contoh"));
    set("rt", Value::Int(i64::MAX));
    set("tanggal_lahir", Value::Date("2012-02-29".parse().expect("a day")));
    set("penerima_kip", Value::Bool(true));
    record
}

fuzz_target!(|text: &str| {
    // What a TOML text cannot hold never reaches the reader of expressions.
    if text.contains("'''") || text.chars().any(|c| c.is_control() && c != '\n' && c != '\t') {
        return;
    }
    let book = format!(
        "version = \"fuzz\"\n[[rule]]\nid = \"pd.fuzz\"\ntab = \"peserta-didik\"\nlevel = \"invalid\"\nwho = \"operator\"\n\
         kind = \"expression\"\nentity = \"peserta_didik\"\nholds = '''{text}'''\n\
         message = {{ id = \"x\", en = \"x\" }}\nremedy = {{ id = \"x\", en = \"x\" }}\n"
    );
    let Ok(book) = Rulebook::from_toml(&book, &PACK) else { return };
    let view = MemoryView::new(&PACK, [student()]);
    let judged = Judge::new(&PACK, &book, *TODAY).full(&view);
    // Twice the same: nothing of a judgement depends on anything but the records.
    let again = Judge::new(&PACK, &book, *TODAY).full(&view);
    assert_eq!(format!("{judged:?}"), format!("{again:?}"));
});
