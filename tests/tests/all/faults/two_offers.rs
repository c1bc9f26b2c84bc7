//! Fault 14: a person is offered to two schools and comes to both.

use crate::moved::{field, nth, of_person, offers};
use crate::people::{School, approve_and_sync};
use crate::stand::Computer;

use super::scene::Scene;

/// The old school and two that somebody may move to.
fn three(scene: &Scene, seeds: [&str; 3]) -> [(School, Computer); 3] {
    let [old, one, other] = seeds;
    [("99999981", old), ("99999982", one), ("99999983", other)].map(|(npsn, seed)| scene.school(npsn, seed))
}

/// Offers a person; whether that is done.
fn offer(scene: &Scene, who: &str, id: &str, from: &School, to: &School) -> bool {
    let flag = if who == "ptk" { "--ptk" } else { "--student" };
    let arguments = [who, "move", from.npsn, flag, id, "--to", to.npsn, "--on", "2026-11-02"];
    scene.centre().try_operator(&arguments).status.success()
}

/// Accepts the offer that a school has, where it has one. The approval waits to be sent.
fn accept(computer: &Computer) {
    computer.run(&["pull"], &[]);
    for offer in offers(computer) {
        // An offer that is over by now may be refused: that is as good.
        computer.try_run(&["moves", "accept", offer["id"].as_str().unwrap()], &[]);
    }
}

/// Sends what waits; the centre may refuse what came too late.
fn send(computer: &Computer) {
    if computer.run(&["status"], &[])["pending_records"] != 0 {
        computer.run(&["approve", "kepala"], &[crate::stand::PASSWORD]);
        computer.try_run(&["sync"], &[]);
    }
}

/// The schools where a person's membership is open.
fn open_at(schools: &[(School, Computer); 3], who: &str, id: &str) -> Vec<&'static str> {
    let (entity, reference, left) = match who {
        "ptk" => ("ptk_terdaftar", "ptk_id", "tgl_ptk_keluar"),
        _ => ("registrasi_peserta_didik", "peserta_didik_id", "tanggal_keluar"),
    };
    let mut found = Vec::new();
    for (school, computer) in schools {
        computer.run(&["pull"], &[]);
        computer.run(&["pull"], &[]);
        let memberships = of_person(computer, entity, reference, id);
        let open = memberships.iter().filter(|membership| field(membership, left).is_empty());
        found.extend(open.map(|_| school.npsn));
    }
    found
}

#[test]
fn fault_14_a_student_whom_two_schools_accepted_offline_comes_to_one() {
    let scene = Scene::new();
    let schools = three(&scene, ["1411", "1412", "1413"]);
    let [(old, at_old), (one, at_one), (other, at_other)] = &schools;
    let pupil = nth(at_old, "peserta_didik", 0);
    assert!(offer(&scene, "student", &pupil, old, one));
    offer(&scene, "student", &pupil, old, other);
    for computer in [at_one, at_other] {
        accept(computer);
    }
    for computer in [at_one, at_other] {
        send(computer);
    }
    assert_eq!(open_at(&schools, "student", &pupil), [one.npsn]);
}

#[test]
fn fault_14_a_student_who_has_gone_to_one_school_does_not_come_to_another_that_accepts_later() {
    let scene = Scene::new();
    let schools = three(&scene, ["1421", "1422", "1423"]);
    let [(old, at_old), (one, at_one), (other, at_other)] = &schools;
    let pupil = nth(at_old, "peserta_didik", 0);
    assert!(offer(&scene, "student", &pupil, old, one));
    offer(&scene, "student", &pupil, old, other);
    accept(at_one);
    approve_and_sync(at_one);
    assert_eq!(open_at(&schools, "student", &pupil), [one.npsn]);
    accept(at_other);
    send(at_other);
    assert_eq!(open_at(&schools, "student", &pupil), [one.npsn]);
}

#[test]
fn fault_14_a_teacher_whom_two_schools_accepted_comes_to_one() {
    let scene = Scene::new();
    let schools = three(&scene, ["1431", "1432", "1433"]);
    let [(old, _), (one, at_one), (other, at_other)] = &schools;
    assert!(offer(&scene, "ptk", &old.head, old, one));
    offer(&scene, "ptk", &old.head, old, other);
    for computer in [at_one, at_other] {
        accept(computer);
        send(computer);
    }
    assert_eq!(open_at(&schools, "ptk", &old.head), [one.npsn]);
}
