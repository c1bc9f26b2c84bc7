//! Stores of both engines as an earlier version left them: nothing that was typed in them, decided or on its way is lost.

use serde_json::Value;

use super::make::WEIGHED;
use super::recorder::Recorder;
use super::{Earlier, NPSN, shows};
use crate::people::approve_and_sync;
use crate::stand::{Centre, Computer};

/// A computer that was left: the name of its store, the street of its draft and that of its bundle.
pub(super) struct Left(&'static str, &'static str, &'static str);

pub(super) const SLED: Left = Left("sled", "Jalan Draf Sled", "Jalan Tak Sampai");
const REDB: Left = Left("redb", "Jalan Draf Redb", "Jalan Tak Dijawab");

impl Left {
    pub(super) fn record<'e>(&self, earlier: &'e Earlier, which: &str) -> &'e str {
        earlier.word(&format!("/records/{}/{which}", self.0))
    }

    /// Whether it shows everything with which it was left.
    pub(super) fn assert_shown(&self, earlier: &Earlier, computer: &Computer) {
        let Left(name, draft, offered) = self;
        let status = computer.run(&["status"], &[]);
        assert_eq!(status["sealed"]["phase"], "offered", "{name}: {status}");
        assert_eq!(status["conflicts"], 1, "{name}: {status}");
        assert!(shows(computer, self.record(earlier, "draft"), draft), "{name}");
        assert!(shows(computer, self.record(earlier, "offered"), offered), "{name}");
        assert_disputed(earlier, computer);
        let findings = computer.run(&["validate"], &[]);
        assert_found(&findings, self.record(earlier, "invalid"), "pd.berat", true);
        assert_found(&findings, self.record(earlier, "warned"), "pd.alamat", false);
        let anew = computer.run(&["validate", "--full"], &[]);
        assert_eq!(anew, findings, "{name}: what was found then is what is found now");
    }
}

fn assert_disputed(earlier: &Earlier, computer: &Computer) {
    let report = computer.run(&["conflicts"], &[]);
    let [conflict] = report["conflicts"].as_array().unwrap().as_slice() else { panic!("{report}") };
    assert_eq!(conflict["id"], earlier.word("/records/disputed"), "{report}");
    let values = conflict["values"].as_array().unwrap().iter();
    let mut values: Vec<&str> = values.map(|value| value["value"].as_str().unwrap()).collect();
    values.sort_unstable();
    assert_eq!(values, ["Jalan Pusat", "Jalan Sekolah"], "{report}");
}

fn assert_found(findings: &Value, record: &str, rule: &str, blocks: bool) {
    let mut found = findings["tabs"].as_object().unwrap().values().flat_map(|tab| tab.as_array().unwrap());
    let found = found.any(|line| line["id"] == record && line["rule"] == rule && line["blocks"] == blocks);
    assert!(found, "{rule}: {findings}");
}

/// Both sides say the same, of the same version.
pub(super) fn assert_in_step(centre: &Centre, computer: &Computer) {
    let report = computer.run(&["pull"], &[]);
    assert_eq!(report["equal"], true, "{report}");
    assert_eq!(computer.run(&["status"], &[])["version"], centre.operator(&["digest", NPSN])["version"]);
}

/// A student as the centre has her.
pub(super) fn at_centre(centre: &Centre, student: &str) -> String {
    centre.operator(&["record", "show", NPSN, "peserta_didik", student]).to_string()
}

#[test]
fn stores_of_ee1127c_show_drafts_findings_a_conflict_and_an_offered_bundle() {
    let earlier = Earlier::version("ee1127c");
    for left in [SLED, REDB] {
        left.assert_shown(&earlier, &earlier.computer(left.0));
    }
}

#[test]
fn stores_of_ee1127c_tell_what_happened() {
    let earlier = Earlier::version("ee1127c");
    let told = |name: &str| {
        let log = earlier.computer(name).run(&["log"], &[]);
        let lines = log["lines"].as_array().unwrap();
        lines.iter().map(|line| line["what"].as_str().unwrap()).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(told("sled"), "pulled equal pulled imported approved receipt approved receipt pulled approved");
    assert_eq!(told("redb"), "pulled equal pulled pulled pulled pulled approved");
}

#[test]
fn offered_bundles_of_ee1127c_settle_at_its_centre_restored_from_its_backup_and_count_once() {
    let earlier = Earlier::version("ee1127c");
    let centre = earlier.restored_centre();
    assert!(centre.try_operator(&["restore", "confirm", "--all"]).status.success());
    let line = Recorder::to(&centre.url);
    let computers = [SLED, REDB].map(|left| {
        let computer = earlier.computer(left.0);
        earlier.lead(&computer, &line);
        (left, computer)
    });
    // The centre hears of each what it holds before it takes anything.
    for (_, computer) in &computers {
        computer.run(&["pull"], &[]);
    }
    computers[0].1.run(&["sync"], &[]);
    for (left, computer) in &computers {
        assert_in_step(&centre, computer);
        let status = computer.run(&["status"], &[]);
        assert!(status["sealed"].is_null() && !status["receipt"].is_null(), "{}: {status}", left.0);
        assert!(at_centre(&centre, left.record(&earlier, "offered")).contains(left.2), "{}", left.0);
    }
    // One entry for the new life, one for what the centre had promised by rows alone, one for the bundle that had not
    // arrived; the other is in the backup.
    let version = centre.operator(&["digest", NPSN])["version"].as_u64().unwrap();
    assert_eq!(version, earlier.number("/version") + 3);

    // The drafts of then are corrected, approved and sent.
    for (left, computer) in &computers {
        assert!(shows(computer, left.record(&earlier, "draft"), left.1), "{}", left.0);
        assert_disputed(&earlier, computer);
        computer.run(&["edit", WEIGHED, left.record(&earlier, "invalid"), "berat_badan=50"], &[]);
        approve_and_sync(computer);
        assert!(at_centre(&centre, left.record(&earlier, "draft")).contains(left.1), "{}", left.0);
    }
    computers.iter().for_each(|(_, computer)| assert_in_step(&centre, computer));
}
