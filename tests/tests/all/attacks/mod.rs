//! A hostile client against a real centre: a registered device and a head's real key, and every lie that they can tell.
//!
//! Each attack is told by its name (docs/security.md lists them all); the centre refuses it by a code, both schools' logs
//! stay as they are, and the honest school still comes into step.

mod approvals;
mod bundles;
pub(crate) mod client;
mod forge;
mod honest;
mod listed;
mod schools;
mod shapes;
mod tokens;

use std::path::Path;

use serde_json::Value;

use crate::people::{School, activate, add_school, approve_and_sync, assign, computer};
use crate::stand::{Centre, Computer};
use client::Client;

/// A centre with two schools in step; the first one is attacked from inside.
pub(crate) struct Scene {
    _place: tempfile::TempDir,
    pub(crate) centre: Centre,
    pub(crate) school: School,
    pub(crate) other: School,
    honest: Computer,
    turn: u32,
}

fn in_step(place: &Path, centre: &Centre, npsn: &'static str, seed: &str) -> (School, Computer) {
    let school = add_school(place, centre, npsn, seed);
    let honest = computer(place, centre, &school, "jujur");
    assign(centre, &school);
    honest.run(&["import", school.files.join("school.jsonl").to_str().unwrap()], &[]);
    activate(&honest, &school);
    approve_and_sync(&honest);
    (school, honest)
}

impl Scene {
    pub(crate) fn new() -> Self {
        let place = tempfile::tempdir().unwrap();
        let centre = Centre::start(&place.path().join("centre"));
        let (school, honest) = in_step(place.path(), &centre, "99999999", "1");
        let (other, _) = in_step(place.path(), &centre, "99999998", "2");
        Self { _place: place, centre, school, other, honest, turn: 0 }
    }

    /// A device of the first school whose owner is hostile, with the head's key enrolled for it.
    pub(crate) fn mallory(&self, number: u8) -> Client {
        Client::of(&self.centre, &self.school, number)
    }

    fn state(&self) -> [Value; 2] {
        [&self.school, &self.other].map(|school| self.centre.operator(&["digest", school.npsn]))
    }

    /// Makes an attack: it gives the code by which it was refused, and nothing has changed.
    #[track_caller]
    pub(crate) fn attack(&self, name: &str, code: &str, attack: impl FnOnce() -> String) {
        assert!(listed::ATTACKS.contains(&name), "{name} is not listed");
        let before = self.state();
        let refused = attack();
        assert_eq!(refused, code, "{name}");
        assert_eq!(self.state(), before, "{name} changed a log");
    }

    /// The honest computer still works, in step with the centre.
    pub(crate) fn honest_still_syncs(&mut self) {
        self.turn += 1;
        let student = self.honest.run(&["list", "peserta_didik"], &[])["records"][0]["id"].as_str().unwrap().to_owned();
        self.honest.run(&["edit", "peserta_didik", &student, &format!("rt={}", self.turn)], &[]);
        approve_and_sync(&self.honest);
    }
}
