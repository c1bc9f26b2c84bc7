//! A record that is silently not what the log says, at the school and at the centre, is mended by the next exchange.

use std::path::Path;

use selaras_model::{ModuleDigest, Npsn, RecordKey, element};
use selaras_storage::{Changelog, EngineKind, SchoolStore, open_store};
use selaras_sync::{Batch, Key, ReadStore, Row, Rules, Store};

use crate::people::{activate, add_school, approve_and_sync, assign, computer};
use crate::stand::Centre;

const NPSN: &str = "99999999";

fn open(data: &Path) -> SchoolStore {
    let store = open_store(&data.join("store"), EngineKind::default(), 16 << 20).unwrap();
    Changelog::new(store.engine).unwrap().school(NPSN.parse::<Npsn>().unwrap())
}

/// The rows of a record's base, of which an older disk may still have others.
fn remember(data: &Path, key: RecordKey) -> Vec<(Key, Option<Row>)> {
    let store = open(data);
    [Key::Document(key), Key::Base(key), Key::View(key)].map(|key| (key.clone(), store.get(&key).unwrap())).into()
}

/// Puts them back, whole, with sums that fit them.
fn put_back(data: &Path, key: RecordKey, rows: &[(Key, Option<Row>)]) {
    let store = open(data);
    let rules = Rules::builtin();
    let entity = rules.pack.entity(key.entity).unwrap();
    let lanes = Key::Lanes(u16::try_from(entity.module).unwrap());
    let Some(Row::Lanes(bytes)) = store.get(&lanes).unwrap() else { panic!("the module has sums") };
    let mut sums = ModuleDigest::from_bytes(&bytes).unwrap();
    let of = |row: Option<Row>| match row {
        Some(Row::Base(row)) => element(&entity.name, key.id, row.deleted, &row.content, &row.heads),
        _ => panic!("the record is there"),
    };
    let then = rows.iter().find(|(at, _)| *at == Key::Base(key)).and_then(|(_, row)| row.clone());
    sums.remove(&of(store.get(&Key::Base(key)).unwrap()));
    sums.add(&of(then));
    let mut batch = Batch::default();
    for (key, row) in rows {
        batch.put(key.clone(), row.clone().unwrap());
    }
    batch.put(lanes, Row::Lanes(sums.to_bytes()));
    store.commit(&batch).unwrap();
}

#[test]
fn lost_writes_at_either_end_are_found_and_mended_by_the_next_exchange() {
    let place = tempfile::tempdir().unwrap();
    let data = place.path().join("centre");
    let door = crate::stand::Door::open();
    let centre = Centre::start(&data).behind(&door);
    let school = add_school(place.path(), &centre, NPSN, "15");
    let first = computer(place.path(), &centre, &school, "a");
    assign(&centre, &school);
    first.run(&["import", school.files.join("school.jsonl").to_str().unwrap()], &[]);
    activate(&first, &school);
    approve_and_sync(&first);
    let id = first.run(&["list", "peserta_didik"], &[])["records"][0]["id"].as_str().unwrap().to_owned();
    let entity = Rules::builtin().pack.entity_named("peserta_didik").unwrap().code;
    let key = RecordKey { entity, id: id.parse().unwrap() };
    let shown = |name: &str| first.run(&["show", "peserta_didik", &id], &[]).to_string().contains(name);

    // At the school, with something typed meanwhile.
    let old = remember(&first.data, key);
    first.run(&["edit", "peserta_didik", &id, "nama_dusun=Dusun Satu"], &[]);
    approve_and_sync(&first);
    put_back(&first.data, key, &old);
    assert!(!shown("Dusun Satu"));
    first.run(&["edit", "peserta_didik", &id, "rw=77"], &[]);
    let report = first.run(&["pull"], &[]);
    assert_eq!(report["equal"], true, "{report}");
    // 8 bytes for each bucket, and the edits of one record; the school's whole log is several times that.
    let bytes = report["bytes_up"].as_u64().unwrap() + report["bytes_down"].as_u64().unwrap();
    assert!(bytes < 16 << 10, "{report}");
    assert!(shown("Dusun Satu") && shown("77"));
    approve_and_sync(&first);

    // At the centre.
    centre.stop();
    let old = remember(&data, key);
    let centre = Centre::start(&data).behind(&door);
    first.run(&["edit", "peserta_didik", &id, "nama_dusun=Dusun Dua"], &[]);
    approve_and_sync(&first);
    centre.stop();
    put_back(&data, key, &old);
    let centre = Centre::start(&data).behind(&door);
    centre.operator(&["record", "edit", NPSN, "peserta_didik", &id, "kode_pos=40111"]);
    let report = first.run(&["pull"], &[]);
    assert_eq!(report["equal"], true, "{report}");
    assert!(shown("Dusun Dua") && shown("40111"));
    let at_centre = centre.operator(&["record", "show", NPSN, "peserta_didik", &id]).to_string();
    assert!(at_centre.contains("Dusun Dua") && at_centre.contains("40111"), "{at_centre}");
}
