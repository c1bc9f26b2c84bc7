//! A school whose computer serves its pages.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use selaras_lab::line::{Plan, Proxy};
use serde_json::Value;

use crate::stand::{Centre, Computer, PASSWORD, SCHOOL};

const NPSN: &str = "99999999";
/// Students of the school that the pages show.
const STUDENTS: &str = "60";

/// A school whose computer serves its pages.
pub(crate) struct School {
    // Ends before the computer's directory goes.
    pub(crate) serving: Serving,
    pub(crate) centre: Centre,
    pub(crate) computer: Computer,
    pub(crate) kode: String,
    pub(crate) head: String,
    _place: tempfile::TempDir,
}

/// `selaras serve`.
pub(crate) struct Serving {
    child: Child,
    pub(crate) pages: String,
}

impl Serving {
    pub(crate) fn start(data: &Path) -> Serving {
        std::fs::write(data.join("selaras.toml"), "[serve]\nweb_port = 0\nothers_port = 0\n").unwrap();
        let mut child = Command::new(SCHOOL)
            .args(["--json", "--data"])
            .arg(data)
            .arg("serve")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let said: Value = serde_json::from_str(&line).unwrap_or_else(|_| panic!("no address: {line}"));
        Serving { child, pages: said["pages"].as_str().unwrap().to_owned() }
    }
}

impl Serving {
    /// Kills the process, as a power cut does.
    pub(crate) fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        self.kill();
    }
}

impl School {
    /// Everything is in step, but for three edits in three modules.
    pub(crate) fn with_a_days_work() -> School {
        let made = Made::new(STUDENTS, |centre| centre.url.clone());
        made.activate_the_head();
        made.import();
        made.approve();
        made.computer.run(&["sync"], &[]);
        for (entity, place, assignment) in [
            ("sekolah", 0, "telepon=0217654321"),
            ("peserta_didik", 0, "alamat_jalan=Jalan Kemuning 12"),
            ("ruang", 0, "kapasitas=32"),
        ] {
            made.computer.run(&["edit", entity, &id_of(&made.computer, entity, place), assignment], &[]);
        }
        made.serve()
    }

    /// Everything was typed and waits; a height is impossible, and nobody may approve: the Dinas has not assigned the
    /// head, and the head has no key.
    pub(crate) fn with_a_closed_gate() -> School {
        let made = Made::new(STUDENTS, |centre| centre.url.clone());
        made.import();
        let id = id_of(&made.computer, "peserta_didik_periodik", 0);
        made.computer.run(&["edit", "peserta_didik_periodik", &id, "tinggi_badan=900"], &[]);
        made.serve()
    }

    /// Everything was approved and waits to be sent over a line like this one.
    pub(crate) fn with_a_first_upload(students: &str, plan: Plan) -> (School, Proxy) {
        let mut line = None;
        let made = Made::new(students, |centre| {
            let proxy = Proxy::start(centre.address(), Plan::default()).unwrap();
            let url = format!("http://{}", proxy.address());
            line = Some(proxy);
            url
        });
        made.activate_the_head();
        made.import();
        made.approve();
        let line = line.unwrap();
        line.set(plan).unwrap();
        (made.serve(), line)
    }

    /// The computer's program is killed and started anew.
    pub(crate) fn restart(&mut self) {
        self.serving.kill();
        self.serving = Serving::start(&self.computer.data);
    }

    /// The Dinas assigns the head.
    pub(crate) fn assign_the_head(&self) {
        assign(&self.centre, &self.head);
    }
}

fn assign(centre: &Centre, head: &str) {
    let sk = "821.2/0001/DISDIK/2026";
    centre.operator(&["head", "assign", NPSN, "--ptk", head, "--sk", sk, "--from", "2026-07-01"]);
}

/// A school that is registered, with an operator and a head's account.
struct Made {
    place: tempfile::TempDir,
    centre: Centre,
    computer: Computer,
    kode: String,
    head: String,
}

impl Made {
    fn new(students: &str, reached_at: impl FnOnce(&Centre) -> String) -> Made {
        let place = tempfile::tempdir().unwrap();
        let made = Command::new(SCHOOL)
            .args(["sample", "--students", students, "--npsn", NPSN, "--out"])
            .arg(place.path())
            .output()
            .unwrap();
        assert!(made.status.success(), "{made:?}");
        let centre = Centre::start(&place.path().join("centre"));
        let import = place.path().join("centre.jsonl");
        let added =
            centre.operator(&["school", "add", NPSN, "--name", "SMP Uji", "--import", import.to_str().unwrap()]);
        let kode = added["kode_registrasi"].as_str().unwrap().to_owned();
        let head = line_of(&import, |line| line["fields"]["jenis_ptk_id"] == "20")["fields"]["ptk_id"].clone();
        let head = head.as_str().unwrap().to_owned();
        let computer = Computer { data: place.path().join("school") };
        computer.run(&["init", "--server", &reached_at(&centre), "--npsn", NPSN], &[&kode]);
        computer.run(&["pull"], &[]);
        computer.run(&["account", "add", "siti"], &[PASSWORD]);
        computer.run(&["role", "add", "siti", "operator"], &[&kode]);
        computer.run(&["account", "add", "kepala", "--ptk", &head], &[PASSWORD]);
        computer.run(&["role", "add", "kepala", "head"], &[&kode]);
        Made { place, centre, computer, kode, head }
    }

    fn activate_the_head(&self) {
        assign(&self.centre, &self.head);
        self.computer.run(&["pull"], &[]);
        self.computer.run(&["head", "activate", "kepala"], &[&self.kode, PASSWORD]);
    }

    fn import(&self) {
        self.computer.run(&["import", self.place.path().join("school.jsonl").to_str().unwrap()], &[]);
    }

    fn approve(&self) {
        self.computer.run(&["approve", "kepala"], &[PASSWORD]);
    }

    fn serve(self) -> School {
        let Made { place, centre, computer, kode, head } = self;
        let serving = Serving::start(&computer.data);
        School { serving, centre, computer, kode, head, _place: place }
    }
}

pub(crate) fn id_of(computer: &Computer, entity: &str, place: usize) -> String {
    computer.run(&["list", entity], &[])["records"][place]["id"].as_str().unwrap().to_owned()
}

fn line_of(file: &Path, wanted: impl Fn(&Value) -> bool) -> Value {
    let text = std::fs::read_to_string(file).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).find(wanted).unwrap()
}
