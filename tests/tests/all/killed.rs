//! Client, centre or both are killed at any moment of an exchange: every bundle is in effect once, the digests are
//! equal, and nothing that was reported as saved is lost.
//!
//! `SELARAS_KILLS=1000 cargo test -p selaras-tests killed` for more; `SELARAS_SEED` for other moments.

use std::time::Duration;

use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use selaras_lab::line::{Plan, Proxy};
use serde_json::Value;

use crate::stand::{Centre, Computer, PASSWORD, SCHOOL};

const NPSN: &str = "99999999";
/// Kills of an ordinary run.
const KILLS: u64 = 30;

/// A number of the environment.
pub(crate) fn setting(name: &str, usual: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(usual)
}

struct Scene {
    centre: Centre,
    line: Proxy,
    computer: Computer,
    rng: ChaCha8Rng,
    student: String,
    /// Versions of the log that are the centre's own acts.
    acts: u64,
}

/// A school whose first upload is approved and not sent; it is large enough to be uploaded in pieces.
fn scene(place: &std::path::Path, seed: u64) -> Scene {
    let made = std::process::Command::new(SCHOOL)
        .args(["sample", "--students", "250", "--npsn", NPSN, "--out"])
        .arg(place)
        .output()
        .unwrap();
    assert!(made.status.success(), "{made:?}");
    let centre = Centre::start(&place.join("centre"));
    let line = Proxy::start(centre.address(), Plan::default()).unwrap();
    let import = place.join("centre.jsonl");
    let added = centre.operator(&["school", "add", NPSN, "--name", "SMP Uji", "--import", import.to_str().unwrap()]);
    let kode = added["kode_registrasi"].as_str().unwrap().to_owned();
    let head = line_of(&import, |line| line["fields"]["jenis_ptk_id"] == "20");
    let head = head["fields"]["ptk_id"].as_str().unwrap().to_owned();
    let computer = Computer { data: place.join("school") };
    computer.run(&["init", "--server", &format!("http://{}", line.address()), "--npsn", NPSN], &[&kode]);
    computer.run(&["pull"], &[]);
    computer.run(&["account", "add", "kepala", "--ptk", &head], &[PASSWORD]);
    computer.run(&["role", "add", "kepala", "head"], &[&kode]);
    centre.operator(&[
        "head",
        "assign",
        NPSN,
        "--ptk",
        &head,
        "--sk",
        "821.2/0001/DISDIK/2026",
        "--from",
        "2026-07-01",
    ]);
    computer.run(&["pull"], &[]);
    computer.run(&["head", "activate", "kepala"], &[&kode, PASSWORD]);
    let file = place.join("school.jsonl");
    computer.run(&["import", file.to_str().unwrap()], &[]);
    computer.run(&["approve", "kepala"], &[PASSWORD]);
    let student = line_of(&file, |line| line["entity"] == "peserta_didik")["id"].as_str().unwrap().to_owned();
    let acts = version(&centre);
    Scene { centre, line, computer, rng: ChaCha8Rng::seed_from_u64(seed), student, acts }
}

fn line_of(file: &std::path::Path, wanted: impl Fn(&Value) -> bool) -> Value {
    let text = std::fs::read_to_string(file).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).find(wanted).unwrap()
}

fn version(centre: &Centre) -> u64 {
    centre.operator(&["school", "list"])["version"].as_str().unwrap().parse().unwrap()
}

impl Scene {
    /// Begins an exchange and kills whoever it is at a moment of chance.
    fn exchange_is_killed(&mut self) {
        let mut child = self.computer.begin(&["sync"]);
        // An exchange of a day takes some 100 ms here, the first upload seconds.
        std::thread::sleep(Duration::from_micros(self.rng.random_range(0..300_000)));
        let who = self.rng.random_range(0..3);
        if who != 1 {
            let _ = child.kill();
        }
        if who != 0 {
            self.centre.kill_and_start();
            self.line.lead_to(self.centre.address());
        }
        let _ = child.kill();
        child.wait().unwrap();
    }

    /// An edit that is reported as saved, and an approval of everything that waits.
    fn types_and_approves(&mut self, number: u64) {
        self.computer.run(&["edit", "peserta_didik", &self.student, &format!("alamat_jalan=Jalan {number}")], &[]);
        let approved = self.computer.try_run(&["approve", "kepala"], &[PASSWORD]);
        let said = String::from_utf8_lossy(&approved.stdout);
        let pending =
            said.contains("seal.pending") || String::from_utf8_lossy(&approved.stderr).contains("seal.pending");
        assert!(approved.status.success() || pending, "{approved:?}");
    }
}

#[test]
fn whoever_is_killed_within_an_exchange_every_bundle_counts_once() {
    let (kills, seed) = (setting("SELARAS_KILLS", KILLS), setting("SELARAS_SEED", 1));
    let place = tempfile::tempdir().unwrap();
    let mut scene = scene(place.path(), seed);
    for number in 0..kills {
        // The first upload is killed ten times before anything else happens.
        if number >= 10 {
            scene.types_and_approves(number);
        }
        scene.exchange_is_killed();
    }
    // What was approved last arrives, if it has not yet; what was typed behind it waits for an approval of its own.
    let sent = scene.computer.try_run(&["sync"], &[]);
    let waits = String::from_utf8_lossy(&sent.stdout).contains("gate.not-approved");
    assert!(sent.status.success() || waits, "seed {seed}: {sent:?}");
    scene.types_and_approves(kills);
    let last = scene.computer.run(&["sync"], &[]);
    assert_eq!((&last["equal"], &last["pending"]), (&Value::Bool(true), &Value::from(0)), "seed {seed}: {last}");
    let shown = scene.centre.operator(&["record", "show", NPSN, "peserta_didik", &scene.student]);
    assert_eq!(shown["fields"]["alamat_jalan"], format!("Jalan {kills}"), "seed {seed}");
    let log = scene.computer.run(&["log", "--last", "1000000"], &[]);
    let lines = log["lines"].as_array().unwrap();
    let receipts = lines.iter().filter(|line| line["what"] == "receipt").count() as u64;
    assert!(receipts > 0 && receipts + scene.acts == version(&scene.centre), "seed {seed}: {receipts} receipts");
    println!("{kills} kills, seed {seed}: {receipts} bundles, each once");
}
