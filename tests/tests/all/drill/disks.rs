//! What the drill leaves: the directories of the centre and of every computer, as they were when the disk was lost and as
//! they are after each return.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::stand::{Centre, Computer, last_json};

use super::played;

/// Both orders, by their directories.
const ORDERS: [&str; 2] = ["sekolah-dahulu", "operator-dahulu"];
/// The computer that was stolen.
const STOLEN: &str = "asal-laptop";
/// What arrives of a student at the old school's record of him is that he left.
const LEAVING: [&str; 2] = ["tanggal_keluar", "jenis_keluar_id"];

/// Records by id: their fields.
type Records = BTreeMap<String, BTreeMap<String, Value>>;

fn computers(room: &Path) -> Vec<(String, Computer)> {
    let entries = std::fs::read_dir(room).unwrap().map(|entry| entry.unwrap().path());
    let named = entries.filter(|path| path.is_dir()).map(|data| (name(&data), Computer { data }));
    named.filter(|(name, _)| name != "pusat").collect()
}

fn name(path: &Path) -> String {
    path.file_name().unwrap().to_str().unwrap().to_owned()
}

fn records(lines: &str) -> Records {
    let lines = lines.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let of = |record: Value| {
        let fields = record["fields"].as_object().unwrap().clone().into_iter().collect();
        (record["id"].as_str().unwrap().to_owned(), fields)
    };
    lines.filter(|line| line["id"].is_string()).map(of).collect()
}

fn read_by(computer: &Computer, place: &Path) -> Records {
    let file = place.join("export.jsonl");
    let _ = std::fs::remove_file(&file);
    computer.run(&["export", file.to_str().unwrap()], &[]);
    let records = records(&std::fs::read_to_string(&file).unwrap());
    assert!(records.len() > 500, "a whole school");
    records
}

/// The streets that the drill says have receipts, up to a step.
fn receipted(text: &str, until: &str) -> BTreeSet<String> {
    let told = text
        .split_once(until)
        .unwrap()
        .0
        .lines()
        .filter(|line| line.contains("✓") && line.contains(" is received; receipt "));
    told.map(|line| line.split('"').nth(1).unwrap().to_owned()).collect()
}

/// One return of the centre.
struct Return<'a> {
    text: &'a str,
    lost: PathBuf,
    room: PathBuf,
    centre: Centre,
    place: tempfile::TempDir,
}

impl<'a> Return<'a> {
    fn of(keep: &Path, order: &str, text: &'a str) -> Self {
        let room = keep.join(order);
        let centre = Centre::start(&room.join("pusat"));
        Self { text, lost: keep.join("sebelum-hilang"), room, centre, place: tempfile::tempdir().unwrap() }
    }

    fn honest(&self) -> Vec<(String, Computer)> {
        computers(&self.room).into_iter().filter(|(name, _)| name != STOLEN).collect()
    }

    fn at_centre(&self, npsn: &str) -> Records {
        let exported = self.centre.try_operator(&["export", npsn]);
        assert!(exported.status.success(), "{exported:?}");
        records(&String::from_utf8(exported.stdout).unwrap())
    }

    fn school_of(computer: &Computer) -> String {
        computer.run(&["status"], &[])["npsn"].as_str().unwrap().to_owned()
    }

    /// Every honest computer has the centre's records and no others.
    fn all_have_the_same(&self) {
        let honest = self.honest();
        assert_eq!(honest.len(), 6);
        for (name, computer) in honest {
            let (here, there) = (read_by(&computer, self.place.path()), self.at_centre(&Self::school_of(&computer)));
            assert!(here == there, "{name}: {} records here, {} at the centre", here.len(), there.len());
        }
    }

    /// What somebody had and had sent when the disk was lost is at the centre, unless the story says that it was typed over.
    fn nothing_is_lost(&self) {
        let streets = receipted(self.text, "The centre's disk is lost");
        assert_eq!(streets.len(), 6, "{streets:?}");
        let mut found = BTreeSet::new();
        for (name, computer) in computers(&self.lost) {
            if !computer.run(&["status"], &[])["sealed"].is_null() {
                continue;
            }
            let there = self.at_centre(&Self::school_of(&computer));
            found.extend(there.values().filter_map(|fields| fields.get("alamat_jalan")?.as_str().map(str::to_owned)));
            for (id, fields) in read_by(&computer, self.place.path()) {
                for (field, value) in fields {
                    let now = there.get(&id).and_then(|fields| fields.get(&field));
                    let typed =
                        now.and_then(Value::as_str).is_some_and(|now| self.text.contains(&format!("{field}={now}")));
                    let kept = now == Some(&value) || typed || LEAVING.contains(&field.as_str());
                    assert!(kept, "{name}: {field} of {id} was {value} and is {now:?}");
                }
            }
        }
        assert!(streets.is_subset(&found), "lost: {:?}", streets.difference(&found));
    }

    /// Each computer's last receipt verifies by the centre's key.
    fn receipts_verify(&self) {
        let key = self.centre.operator(&["key"])["public"].as_str().unwrap().to_owned();
        for (name, computer) in self.honest() {
            let file = self.place.path().join(format!("receipt-{name}"));
            computer.run(&["receipt", "--out", file.to_str().unwrap()], &[]);
            let nowhere = Computer { data: self.place.path().join("nowhere") };
            let verified = nowhere.try_run(&["verify", file.to_str().unwrap(), "--centre-key", &key], &[]);
            assert!(verified.status.success() && last_json(&verified.stdout)["short_code"].is_string(), "{verified:?}");
        }
    }

    /// The thief reads what it read when the disk was lost, and its own draft; the centre knows why it is out.
    fn the_thief_has_nothing(&self) {
        let [before, now] = [&self.lost, &self.room].map(|room| {
            let computer = Computer { data: room.join(STOLEN) };
            read_by(&computer, self.place.path())
        });
        let other: Vec<_> = now.iter().filter(|(id, fields)| before.get(*id) != Some(fields)).collect();
        assert_eq!((other.len(), now.len()), (1, before.len()), "{other:?}");
        assert_eq!(other[0].1["alamat_jalan"], "Jalan Si Pencuri");
        let npsn = Self::school_of(&Computer { data: self.room.join(STOLEN) });
        let listed = String::from_utf8(self.centre.try_operator(&["device", "list", &npsn]).stdout).unwrap();
        let devices: Vec<Value> = listed.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let ended: Vec<&str> = devices.iter().filter_map(|line| line["ended_because"].as_str()).collect();
        assert_eq!((devices.len(), ended), (3, vec!["stolen"]), "{listed}");
        let revoked = String::from_utf8(self.centre.try_operator(&["head", "keys", &npsn]).stdout).unwrap();
        let keys: Vec<Value> = revoked.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        // Three from before the theft, and those that the head made on two computers since.
        assert_eq!(keys.len(), 5, "{revoked}");
        assert_eq!(keys.iter().filter(|key| !key["revoked_at"].is_null()).count(), 3, "{revoked}");
    }
}

#[test]
fn after_a_disaster_all_disks_say_the_same_and_nothing_receipted_is_lost() {
    let place = tempfile::tempdir().unwrap();
    let keep = place.path().join("drill");
    let (held, text) = played(&keep, &[]);
    assert!(held, "{text}");
    for order in ORDERS {
        let back = Return::of(&keep, order, &text);
        back.all_have_the_same();
        back.nothing_is_lost();
        back.receipts_verify();
        back.the_thief_has_nothing();
    }
}
