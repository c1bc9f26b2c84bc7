//! What the old school wrote about somebody who has left goes on to the new school, and writes nothing over there.

use selaras_model::{Date, Npsn, Record, RecordId, RecordKey, Value};
use selaras_sync::store::{EditsAt, EntryRow};
use selaras_sync::{
    Acting, AnsweredMove, Batch, Key, LateEdits, LatePage, MoveOffer, Mover, Outcome, Promise, ReadStore, Row, Store,
    TypedEdit,
};

use crate::stage::{CentreStage, Computer, Stage};

const WHO: Mover = Mover::PesertaDidik;
const STREET: &str = "alamat_jalan";

fn on() -> Date {
    "2026-11-02".parse().unwrap()
}

fn carry(centre: &CentreStage, acting: Option<Acting>) {
    let Some(mut acting) = acting else { return };
    while let Some(step) = centre.centre().act_step(&mut acting).unwrap() {
        centre.drive(Some(step));
    }
}

/// A school in step, whose student moves to another one.
struct Moving {
    old: Stage,
    new: CentreStage,
    person: RecordKey,
}

impl Moving {
    fn new() -> Self {
        let old = Stage::in_step(6);
        let person = old.student();
        let npsn: Npsn = "99999901".parse().unwrap();
        Self { old, new: CentreStage::new(npsn, RecordId::from_bytes([1; 16])), person }
    }

    fn at(&self, npsn: Npsn) -> &CentreStage {
        if npsn == self.new.npsn { &self.new } else { &self.old.centre }
    }

    /// The student is offered, accepted, and carried over.
    fn moves(&self) {
        let (old, new) = (&self.old.centre, &self.new);
        let promise = old.centre().promise_move(WHO, self.person.id, new.npsn, on()).unwrap();
        let Promise::Made { leaving, on, acting } = promise else { panic!("she is promised to nobody") };
        carry(old, acting.map(|acting| *acting));
        let offer = MoveOffer { who: WHO, person: self.person.id, on, from: old.npsn, school: "Lama".to_owned() };
        let id = RecordId::from_bytes([0xa3; 16]);
        carry(new, new.centre().offer_move("dinas", &offer, &leaving, id).unwrap());
        let answer = new.centre().typed("mutasi_peserta_didik", id, [("keputusan", "1")]).unwrap();
        new.drive(Some(new.centre().act("test.act", vec![answer]).unwrap()));
        let answered: AnsweredMove = new.centre().answered_moves().unwrap().pop().unwrap();
        let mut carried = answered.carry_out(new.npsn);
        while let Some(npsn) = carried.school() {
            let acting = self.at(npsn).centre().move_stage("centre", &mut carried).unwrap();
            carry(self.at(npsn), acting);
        }
        assert!(carried.accepted());
    }

    fn sends(&self, computer: &Computer, fields: &[(&str, &str)]) {
        for (name, text) in fields {
            computer.set(self.person, name, Value::text(text));
        }
        computer.approve(&self.old.centre);
        assert!(matches!(computer.sync(&self.old.centre), Outcome::Receipt(_)));
    }

    /// What has to go on, carried over.
    fn goes_on(&self) -> Option<LatePage> {
        let page = self.goes_on_past(&mut |_| false)?;
        assert!(page.edits.iter().all(|late| late.to == self.new.npsn));
        Some(page)
    }

    /// The same with a new school that fails to take some of it.
    fn goes_on_past(&self, fails: &mut dyn FnMut(&LateEdits) -> bool) -> Option<LatePage> {
        let mut page = self.old.centre.centre().late_edits().unwrap()?;
        for late in page.edits.clone() {
            if page.waits(&late) || fails(&late) {
                page.keep_back(&late);
                continue;
            }
            carry(&self.new, self.new.centre().take_late(&late).unwrap());
        }
        self.old.centre.drive(Some(self.old.centre.centre().late_done(&page).unwrap()));
        Some(page)
    }

    fn stands(&self, field: &str) -> Vec<String> {
        let values = self.new.centre().values(self.person, field).unwrap();
        let mut texts: Vec<String> = values
            .iter()
            .map(|value| if let Value::Text(text) = value { text.clone() } else { String::new() })
            .collect();
        texts.sort();
        texts
    }

    fn new_types(&self, street: &str) {
        let fields = [(STREET.parse().unwrap(), Value::text(street))].into_iter().collect();
        let edit = TypedEdit { key: self.person, fields, deleted: None };
        self.new.drive(Some(self.new.centre().act("test.act", vec![edit]).unwrap()));
    }
}

#[test]
fn fault_15_what_was_sealed_before_the_move_and_sent_after_it_goes_on() {
    let moving = Moving::new();
    let computer = &moving.old.first;
    computer.set(moving.person, STREET, Value::text("Jalan Lama 7"));
    computer.approve(&moving.old.centre);
    moving.moves();
    assert!(matches!(computer.sync(&moving.old.centre), Outcome::Receipt(_)));
    moving.goes_on().unwrap();
    assert_eq!(moving.stands(STREET), ["Jalan Lama 7"]);
    assert!(moving.goes_on().is_none(), "it was looked through");
    let head = moving.new.centre().head().unwrap();
    moving.sends(computer, &[("kode_pos", "40111")]);
    let page = moving.goes_on().unwrap();
    assert_eq!((moving.stands("kode_pos"), moving.stands(STREET)), (vec!["40111".into()], vec!["Jalan Lama 7".into()]));
    assert!(moving.new.centre().head().unwrap().version > head.version);
    // Carried over again, as after a process that died before it was noted.
    let head = moving.new.centre().head().unwrap();
    for late in &page.edits {
        carry(&moving.new, moving.new.centre().take_late(late).unwrap());
    }
    assert_eq!(moving.new.centre().head().unwrap(), head);
}

#[test]
fn fault_15_what_both_schools_wrote_stands_until_somebody_decides() {
    let moving = Moving::new();
    moving.moves();
    moving.new_types("Jalan Baru 1");
    moving.sends(&moving.old.first, &[(STREET, "Jalan Lama 7")]);
    moving.goes_on().unwrap();
    assert_eq!(moving.stands(STREET), ["Jalan Baru 1", "Jalan Lama 7"]);
    assert!(moving.new.store.get(&Key::Conflict(moving.person)).unwrap().is_some());
}

#[test]
fn fault_15_two_computers_of_the_old_school_that_did_not_know_of_each_other_are_both_heard() {
    let moving = Moving::new();
    let second = Computer::new(&moving.old.centre, 2);
    second.pull(&moving.old.centre);
    moving.moves();
    second.set(moving.person, STREET, Value::text("Jalan Dua"));
    moving.sends(&moving.old.first, &[(STREET, "Jalan Satu")]);
    moving.sends(&moving.old.first, &[(STREET, "Jalan Satu A")]);
    moving.sends(&second, &[(STREET, "Jalan Dua A")]);
    moving.goes_on().unwrap();
    assert_eq!(moving.stands(STREET), ["Jalan Dua A", "Jalan Satu A"], "what its own author wrote over is over");
}

/// A school that heals, that nobody knows, or whose record is too large holds up nothing else; what builds on what was kept
/// back waits for it, and what was kept back goes on when it can.
#[test]
fn what_is_not_taken_now_is_tried_again_and_holds_up_no_others() {
    let moving = Moving::new();
    let computer = &moving.old.first;
    moving.moves();
    moving.sends(computer, &[(STREET, "Jalan Lama 7")]);
    moving.goes_on_past(&mut |_| true).unwrap();
    assert!(moving.stands(STREET).iter().all(|street| street != "Jalan Lama 7"));
    // The one that waits is the first that is tried; it fails again, what had seen it waits, the other one goes on.
    moving.sends(computer, &[(STREET, "Jalan Lama 8")]);
    moving.sends(computer, &[("kode_pos", "40111")]);
    let mut tried = 0;
    let page = moving.goes_on_past(&mut |_| {
        tried += 1;
        true
    });
    assert_eq!((page.unwrap().edits.len(), tried), (3, 1));
    moving.goes_on().unwrap();
    assert_eq!((moving.stands(STREET), moving.stands("kode_pos")), (vec!["Jalan Lama 8".into()], vec!["40111".into()]));
    assert!(moving.goes_on().is_none(), "nothing is left");
}

#[test]
fn of_much_that_is_kept_back_everything_has_its_turn() {
    let moving = Moving::new();
    moving.moves();
    for number in 0..14 {
        moving.sends(&moving.old.first, &[("nama_dusun", &format!("Dusun {number}"))]);
        moving.goes_on_past(&mut |_| true).unwrap();
    }
    // Ten at a time, from behind those that were tried; each builds on the one before.
    let mut contacts = 0;
    while let Some(page) = moving.goes_on() {
        assert!(page.edits.len() <= 10);
        contacts += 1;
    }
    assert!((2..=4).contains(&contacts), "{contacts}");
    assert_eq!(moving.stands("nama_dusun"), ["Dusun 13"]);
}

/// An entry whose file was lost is the centre's to mend; what others wrote goes on.
#[test]
fn an_entry_that_cannot_be_read_holds_up_no_others() {
    let moving = Moving::new();
    moving.moves();
    moving.sends(&moving.old.first, &[(STREET, "Jalan Lama 7")]);
    let version = moving.old.centre.centre().head().unwrap().version;
    let row = moving.old.centre.store.get(&Key::Entry(version)).unwrap();
    let Some(Row::Entry(whole)) = row else { panic!("no entry") };
    let put = |edits| {
        let mut batch = Batch::default();
        batch.put(Key::Entry(version), Row::Entry(EntryRow { edits, ..whole.clone() }));
        moving.old.centre.store.commit(&batch).unwrap();
    };
    put(EditsAt::Blob([9; 32]));
    let fields = [("kode_pos".parse().unwrap(), Value::text("40111"))].into_iter().collect();
    moving.old.centre.act(&[Record { fields, ..Record::new(moving.person) }]);
    assert!(moving.goes_on().is_some());
    assert!(moving.goes_on().is_some_and(|page| page.edits.is_empty()), "it is tried again");
    put(whole.edits.clone());
    moving.goes_on().unwrap();
    assert_eq!(moving.stands(STREET), ["Jalan Lama 7"]);
}
