//! Students and PTK who move: the centre offers them, the new school answers offline, and the answer is carried out in both
//! schools' records when it arrives.

use std::path::Path;

use serde_json::Value;

use crate::people::{School, activate, add_school, approve_and_sync, assign, computer};
use crate::stand::{Centre, Computer, last_json};

/// Two schools that are in step.
struct Two {
    centre: Centre,
    old: (School, Computer),
    new: (School, Computer),
    _place: tempfile::TempDir,
}

fn in_step(place: &Path, centre: &Centre, npsn: &'static str, seed: &str) -> (School, Computer) {
    let school = add_school(place, centre, npsn, seed);
    let computer = computer(place, centre, &school, "a");
    assign(centre, &school);
    computer.run(&["import", school.files.join("school.jsonl").to_str().unwrap()], &[]);
    activate(&computer, &school);
    approve_and_sync(&computer);
    (school, computer)
}

fn two() -> Two {
    let place = tempfile::tempdir().unwrap();
    let centre = Centre::start(&place.path().join("centre"));
    let old = in_step(place.path(), &centre, "99999981", "1");
    let new = in_step(place.path(), &centre, "99999982", "2");
    Two { centre, old, new, _place: place }
}

impl Two {
    fn offer(&self, who: &str, id: &str) -> Value {
        let flag = format!("--{who}");
        let kind = if who == "ptk" { "ptk" } else { "student" };
        self.centre.operator(&[kind, "move", self.old.0.npsn, &flag, id, "--to", self.new.0.npsn, "--on", "2026-11-02"])
    }

    fn root(&self, school: &School) -> Value {
        self.centre.operator(&["digest", school.npsn])["root"].clone()
    }
}

/// Live records of an entity that lead to a person.
pub(crate) fn of_person(computer: &Computer, entity: &str, field: &str, id: &str) -> Vec<Value> {
    let filter = format!("{field}={id}");
    let found = computer.run(&["list", entity, "--filter", &filter], &[]);
    found["records"]
        .as_array()
        .unwrap()
        .iter()
        .map(|line| shown(computer, entity, line["id"].as_str().unwrap()))
        .collect()
}

fn shown(computer: &Computer, entity: &str, id: &str) -> Value {
    computer.run(&["show", entity, id], &[])
}

pub(crate) fn field(record: &Value, name: &str) -> String {
    let fields = record["fields"].as_array().unwrap();
    let field = fields.iter().find(|field| field["name"] == name).unwrap();
    field["value"].as_str().unwrap_or_default().to_owned()
}

fn is_here(computer: &Computer, entity: &str, id: &str) -> bool {
    computer.try_run(&["show", entity, id], &[]).status.success()
}

pub(crate) fn nth(computer: &Computer, entity: &str, n: usize) -> String {
    computer.run(&["list", entity], &[])["records"][n]["id"].as_str().unwrap().to_owned()
}

pub(crate) fn offers(computer: &Computer) -> Vec<Value> {
    computer.run(&["moves", "list"], &[])["moves"].as_array().unwrap().clone()
}

#[test]
fn an_accepted_student_comes_and_leaves_the_old_school_and_a_declined_one_stays() {
    let two = two();
    let (old, new) = (&two.old.1, &two.new.1);
    let (wanted, refused) = (nth(old, "peserta_didik", 0), nth(old, "peserta_didik", 1));
    two.offer("student", &wanted);
    two.offer("student", &refused);
    new.run(&["pull"], &[]);
    old.run(&["pull"], &[]);
    // Until the school has answered nothing moves, and it is told that it is asked.
    assert_eq!(new.run(&["status"], &[])["moves"], 2);
    assert!(!is_here(new, "peserta_didik", &wanted));
    let stays = of_person(old, "registrasi_peserta_didik", "peserta_didik_id", &wanted);
    assert_eq!(field(&stays[0], "tanggal_keluar"), "");
    let title = |id: &str| old.run(&["show", "peserta_didik", id], &[])["title"].clone();
    let offer_of = |id: &str| {
        let name = title(id);
        offers(new).into_iter().find(|line| line["title"] == name).unwrap()["id"].as_str().unwrap().to_owned()
    };
    let (accepted, declined) = (offer_of(&wanted), offer_of(&refused));
    new.run(&["moves", "accept", &accepted], &[]);
    new.run(&["moves", "decline", &declined, "--why", "Kelas sudah penuh"], &[]);
    assert_eq!(new.run(&["status"], &[])["moves"], 0);
    let before = two.root(&two.old.0);
    assert!(!is_here(new, "peserta_didik", &wanted), "an answer that was not sent does nothing");
    approve_and_sync(new);
    new.run(&["pull"], &[]);
    assert!(offers(new).is_empty());
    let came = of_person(new, "registrasi_peserta_didik", "peserta_didik_id", &wanted);
    assert_eq!(came.len(), 1);
    assert_eq!(field(&came[0], "tanggal_masuk_sekolah"), "2026-11-02");
    assert_eq!(title(&wanted), new.run(&["show", "peserta_didik", &wanted], &[])["title"]);
    assert!(!is_here(new, "peserta_didik", &refused));
    assert_ne!(two.root(&two.old.0), before);
    let pulled = old.run(&["pull"], &[]);
    assert_eq!(pulled["equal"], true, "{pulled}");
    let left = of_person(old, "registrasi_peserta_didik", "peserta_didik_id", &wanted);
    assert_eq!(field(&left[0], "tanggal_keluar"), "2026-11-02");
    assert_eq!(field(&left[0], "jenis_keluar_id"), "2", "mutasi");
    let kept = of_person(old, "registrasi_peserta_didik", "peserta_didik_id", &refused);
    assert_eq!(field(&kept[0], "tanggal_keluar"), "");
    let over = new.try_run(&["moves", "accept", &accepted], &[]);
    assert_eq!(last_json(&over.stdout)["error"]["code"], "move.over");
}

#[test]
fn a_teacher_comes_with_what_is_known_of_the_career_and_not_as_head() {
    let two = two();
    let (old, new) = (&two.old.1, &two.new.1);
    let head = two.old.0.head.clone();
    let careers = of_person(old, "rwy_pend_formal", "ptk_id", &head).len();
    assert!(careers > 0);
    two.offer("ptk", &head);
    new.run(&["pull"], &[]);
    let offer = offers(new)[0]["id"].as_str().unwrap().to_owned();
    new.run(&["moves", "accept", &offer], &[]);
    approve_and_sync(new);
    new.run(&["pull"], &[]);
    assert_eq!(of_person(new, "rwy_pend_formal", "ptk_id", &head).len(), careers);
    let post = of_person(new, "ptk_terdaftar", "ptk_id", &head);
    assert_eq!(field(&post[0], "tmt_tugas"), "2026-11-02");
    assert_eq!(field(&post[0], "jenis_ptk_id"), "", "only the Dinas makes somebody the head");
    old.run(&["pull"], &[]);
    let left = of_person(old, "ptk_terdaftar", "ptk_id", &head);
    assert_eq!(field(&left[0], "tgl_ptk_keluar"), "2026-11-02");
    // Whoever left approves nothing more.
    let refused = old.try_run(&["approve", "kepala"], &[crate::stand::PASSWORD]);
    assert_eq!(refused.status.code(), Some(3), "{refused:?}");
}

#[test]
fn a_move_that_was_cut_off_after_the_arrival_is_ended_at_the_next_contact() {
    let two = two();
    let (old, new) = (&two.old.1, &two.new.1);
    let student = nth(old, "peserta_didik", 0);
    two.offer("student", &student);
    new.run(&["pull"], &[]);
    let offer = offers(new)[0]["id"].as_str().unwrap().to_owned();
    // What a centre that died in the middle leaves: the answer and the arrival are there, the rest is not.
    let npsn = two.new.0.npsn;
    two.centre.operator(&["record", "edit", npsn, "peserta_didik", &student, "nama=Siswa Contoh"]);
    let at_school = format!("peserta_didik_id={student}");
    two.centre.operator(&["record", "edit", npsn, "registrasi_peserta_didik", "new", &at_school]);
    two.centre.operator(&["record", "edit", npsn, "mutasi_peserta_didik", &offer, "keputusan=1"]);
    new.run(&["pull"], &[]);
    new.run(&["pull"], &[]);
    assert!(offers(new).is_empty());
    assert_eq!(of_person(new, "registrasi_peserta_didik", "peserta_didik_id", &student).len(), 1, "not twice");
    old.run(&["pull"], &[]);
    let left = of_person(old, "registrasi_peserta_didik", "peserta_didik_id", &student);
    assert_eq!(field(&left[0], "tanggal_keluar"), "2026-11-02");
    let done = (two.root(&two.old.0), two.root(&two.new.0));
    new.run(&["pull"], &[]);
    assert_eq!(done, (two.root(&two.old.0), two.root(&two.new.0)));
}
