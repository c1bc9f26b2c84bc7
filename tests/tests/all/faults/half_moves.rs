//! Fault 15: a restore takes half a move back, and nothing ends it any more.

use std::path::Path;

use crate::moved::{field, nth, of_person, offers};
use crate::people::{School, approve_and_sync};
use crate::stand::Computer;

use super::scene::{Scene, contacts};

/// How a person is listed who moves.
struct Mover {
    kind: &'static str,
    flag: &'static str,
    membership: &'static str,
    reference: &'static str,
    left: &'static str,
}

const STUDENT: Mover = Mover {
    kind: "student",
    flag: "--student",
    membership: "registrasi_peserta_didik",
    reference: "peserta_didik_id",
    left: "tanggal_keluar",
};
const TEACHER: Mover =
    Mover { kind: "ptk", flag: "--ptk", membership: "ptk_terdaftar", reference: "ptk_id", left: "tgl_ptk_keluar" };

/// Two schools and somebody who moves from the one to the other.
struct Move {
    scene: Scene,
    mover: Mover,
    person: String,
    old: (School, Computer),
    new: (School, Computer),
}

impl Move {
    fn of(mover: Mover, seeds: [&str; 2]) -> Self {
        let scene = Scene::new();
        let (old, new) = (scene.school("99999981", seeds[0]), scene.school("99999982", seeds[1]));
        let person = if mover.kind == "ptk" { old.0.head.clone() } else { nth(&old.1, "peserta_didik", 0) };
        Self { scene, mover, person, old, new }
    }

    fn offer(&self) {
        let Mover { kind, flag, .. } = self.mover;
        let (from, to) = (self.old.0.npsn, self.new.0.npsn);
        self.scene.centre().operator(&[kind, "move", from, flag, &self.person, "--to", to, "--on", "2026-11-02"]);
    }

    /// The new school takes the person, and the centre carries it out in both logs.
    fn accept(&self) {
        let new = &self.new.1;
        new.run(&["pull"], &[]);
        let offer = offers(new)[0]["id"].as_str().unwrap().to_owned();
        new.run(&["moves", "accept", &offer], &[]);
        approve_and_sync(new);
    }

    fn open_at(&self, computer: &Computer) -> usize {
        let Mover { membership, reference, left, .. } = self.mover;
        let memberships = of_person(computer, membership, reference, &self.person);
        memberships.iter().filter(|membership| field(membership, left).is_empty()).count()
    }

    /// The disk is lost; each school speaks as often as it may need to.
    fn lose_the_disk(&mut self, backup: &Path, first: fn(&Self) -> [&Computer; 2]) {
        self.scene.lose_the_disk(backup);
        for computer in first(self).into_iter().chain(first(self)) {
            assert_eq!(contacts(computer, "pull"), "done");
        }
    }

    fn assert_moved(&self) {
        let open = [self.open_at(&self.old.1), self.open_at(&self.new.1)];
        assert_eq!(open, [0, 1], "open memberships at the old school, and at the new one");
    }
}

fn new_first(of: &Move) -> [&Computer; 2] {
    [&of.new.1, &of.old.1]
}

fn old_first(of: &Move) -> [&Computer; 2] {
    [&of.old.1, &of.new.1]
}

#[test]
fn fault_15_a_student_whose_departure_was_lost_with_the_disk_leaves_the_old_school() {
    let mut student = Move::of(STUDENT, ["1511", "1512"]);
    student.offer();
    let backup = student.scene.back_up("backup");
    student.accept();
    // The new school has the arrival; the old one has not heard of the departure.
    student.new.1.run(&["pull"], &[]);
    student.lose_the_disk(&backup, new_first);
    student.assert_moved();
}

#[test]
fn fault_15_a_teacher_offered_after_the_backup_leaves_the_old_school() {
    let mut teacher = Move::of(TEACHER, ["1521", "1522"]);
    let backup = teacher.scene.back_up("backup");
    teacher.offer();
    teacher.accept();
    teacher.new.1.run(&["pull"], &[]);
    teacher.lose_the_disk(&backup, new_first);
    teacher.assert_moved();
}

/// The other half: what the centre did at the new school was lost, and the school's answer comes back. It holds: the offer
/// is open again, and is carried out once more.
#[test]
fn fault_15_a_student_whose_arrival_was_lost_with_the_disk_is_at_the_new_school() {
    let mut student = Move::of(STUDENT, ["1531", "1532"]);
    student.offer();
    let backup = student.scene.back_up("backup");
    student.accept();
    student.old.1.run(&["pull"], &[]);
    student.lose_the_disk(&backup, old_first);
    student.assert_moved();
}
