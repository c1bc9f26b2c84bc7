//! A data directory that is copied while both go on, and an earlier image of one that is put back: each is recognised at
//! the next contact, and nothing typed at either is lost.

use std::fs;
use std::path::Path;

use crate::people::approve_and_sync;
use crate::recovered::{NPSN, Scene};
use crate::stand::{Computer, PASSWORD};

pub(crate) fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

fn students(computer: &Computer) -> Vec<String> {
    let list = computer.run(&["list", "peserta_didik"], &[]);
    list["records"].as_array().unwrap().iter().map(|record| record["id"].as_str().unwrap().to_owned()).collect()
}

fn street(computer: &Computer, student: &str, street: &str) {
    computer.run(&["edit", "peserta_didik", student, &format!("alamat_jalan={street}")], &[]);
}

fn lives_in(computer: &Computer, student: &str, street: &str) -> bool {
    computer.run(&["show", "peserta_didik", student], &[]).to_string().contains(street)
}

fn was_renewed(computer: &Computer) -> bool {
    computer.run(&["log"], &[]).to_string().contains("renewed")
}

fn assert_same(scene: &Scene, computers: [&Computer; 2]) {
    let at_centre = scene.centre.operator(&["digest", NPSN]);
    for computer in computers {
        let pulled = computer.run(&["pull"], &[]);
        assert_eq!(pulled["equal"], true, "{pulled}");
        assert_eq!(computer.run(&["status"], &[])["version"], at_centre["version"]);
    }
    let [one, other] = computers.map(|computer| scene.exported(computer, "export.jsonl"));
    assert_eq!(one, other);
}

#[test]
fn a_copied_data_directory_becomes_an_installation_of_its_own() {
    for second_pulls_first in [true, false] {
        let scene = Scene::new("41");
        let first = &scene.first;
        let students = students(first);
        street(first, &students[0], "Jalan Sebelum Disalin");
        let second = scene.empty("copy");
        copy(&first.data, &second.data);
        for (computer, place, name) in [(first, 1, "Jalan Yang Asli"), (&second, 2, "Jalan Salinan")] {
            street(computer, &students[place], name);
            // Both seal their next bundle: the same number under the same name.
            computer.run(&["approve", "kepala"], &[PASSWORD]);
        }
        let sent = first.run(&["sync"], &[]);
        assert!(!sent["receipt"].is_null(), "{sent}");
        if second_pulls_first {
            second.run(&["pull"], &[]);
        } else {
            let refused = second.try_run(&["sync"], &[]);
            assert_eq!(refused.status.code(), Some(4), "{refused:?}");
        }
        assert!(was_renewed(&second) && !was_renewed(first));
        assert!(lives_in(&second, &students[2], "Jalan Salinan"), "it is a draft again");
        approve_and_sync(&second);
        assert_same(&scene, [first, &second]);
        for (place, name) in ["Jalan Sebelum Disalin", "Jalan Yang Asli", "Jalan Salinan"].into_iter().enumerate() {
            assert!(lives_in(first, &students[place], name));
        }
        // Both go on.
        for (computer, name) in [(first, "Jalan Berikut Satu"), (&second, "Jalan Berikut Dua")] {
            street(computer, &students[3], name);
            approve_and_sync(computer);
            computer.run(&["pull"], &[]);
            first.run(&["pull"], &[]);
            second.run(&["pull"], &[]);
        }
        assert_same(&scene, [first, &second]);
    }
}

#[test]
fn an_old_image_that_is_put_back_takes_in_what_it_once_sent_and_goes_on() {
    for sealed_in_image in [true, false] {
        let scene = Scene::new("42");
        let first = &scene.first;
        let students = students(first);
        let image = scene.place.path().join("image");
        street(first, &students[0], "Jalan Di Dalam Citra");
        if sealed_in_image {
            first.run(&["approve", "kepala"], &[PASSWORD]);
        }
        copy(&first.data, &image);
        if sealed_in_image {
            first.run(&["sync"], &[]);
        } else {
            approve_and_sync(first);
        }
        street(first, &students[1], "Jalan Sesudah Citra");
        approve_and_sync(first);
        let version = scene.centre.operator(&["digest", NPSN])["version"].clone();
        fs::remove_dir_all(&first.data).unwrap();
        copy(&image, &first.data);

        let pulled = first.run(&["pull"], &[]);
        assert_eq!(pulled["equal"], true, "{pulled}");
        assert_eq!(pulled["pending"], 0, "what was sent is no draft any more: {pulled}");
        assert!(was_renewed(first));
        assert_eq!(scene.centre.operator(&["digest", NPSN])["version"], version, "nothing counts twice");
        for (place, name) in ["Jalan Di Dalam Citra", "Jalan Sesudah Citra"].into_iter().enumerate() {
            assert!(lives_in(first, &students[place], name));
        }
        street(first, &students[2], "Jalan Kembali");
        approve_and_sync(first);
        let second = scene.empty("second");
        second.run(&["recover", "--server", &scene.centre.url, "--npsn", NPSN], &[&scene.school.kode]);
        assert_same(&scene, [first, &second]);
    }
}
