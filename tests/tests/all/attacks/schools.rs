//! Between schools: an id that another school has names a record of one's own, and nothing there.

use selaras_model::{RecordId, RecordKey, Value};
use serde_json::Value as Json;

use super::Scene;
use super::forge::one;

#[test]
fn the_id_of_another_schools_record_is_ones_own_record() {
    let mut scene = Scene::new();
    let mallory = scene.mallory(0x6b);
    let theirs: Vec<Json> = std::fs::read_to_string(scene.other.files.join("school.jsonl"))
        .unwrap()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let theirs = theirs.iter().find(|record| record["entity"] == "ruang").unwrap();
    let id: RecordId = theirs["id"].as_str().unwrap().parse().unwrap();
    let entity = mallory.rules.pack.entity_named("ruang").unwrap().code;
    let before = scene.centre.operator(&["record", "show", scene.other.npsn, "ruang", &id.to_string()]);
    // It is judged as a new room of this school, which lacks what a room needs.
    scene.attack("a record under another school's id", "gate.invalid", || {
        mallory.forge(10, vec![(RecordKey { entity, id }, one("nama", Value::text("Ruang Jahat")))]).send()
    });
    assert_eq!(scene.centre.operator(&["record", "show", scene.other.npsn, "ruang", &id.to_string()]), before);
    scene.honest_still_syncs();
}
