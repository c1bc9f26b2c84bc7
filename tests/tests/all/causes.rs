//! Why an exchange does not come about: every cause ends in its own code and advice in `sync`, and in the step of
//! `doctor` that shows it, in both languages. Real processes and sockets; the table is docs/causes.md.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream, ToSocketAddrs};
use std::path::Path;
use std::process::{Command, Output, Stdio};

use selaras_lab::line::{Act, Ending, Fault, Mark, Plan, Proxy, Way};
use selaras_lab::mock::{Endpoint, Mock, Script};
use serde_json::Value;

use crate::people::{School, activate, add_school, assign, computer};
use crate::stand::{Centre, Computer, PASSWORD, SCHOOL, last_json};

const PAGE: &str = include_str!("../../../docs/causes.md");

/// A row of the page.
#[derive(Debug)]
struct Row {
    /// None where the exchange goes through.
    sync: Option<&'static str>,
    exit: i32,
    step: &'static str,
    warned: bool,
    code: &'static str,
}

/// The page's row of a cause.
fn row(cause: &str) -> Row {
    let begin = format!("| {cause} | ");
    let line = PAGE.lines().find(|line| line.starts_with(&begin)).unwrap_or_else(|| panic!("no row: {cause}"));
    let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
    let step = cells[3].trim_end_matches(" (warning)");
    Row {
        sync: cells[1].starts_with('`').then(|| cells[1].trim_matches('`')),
        exit: cells[2].parse().unwrap(),
        step: step.trim_matches('`'),
        warned: step != cells[3],
        code: cells[4].trim_matches('`'),
    }
}

/// A centre, a mock in front of it, a line in front of that, and a school's computer before all.
struct Scene {
    place: tempfile::TempDir,
    centre: Centre,
    mock: Mock,
    line: Proxy,
    school: School,
    computer: Computer,
}

impl Scene {
    /// A registered computer that has everything of the centre.
    fn new() -> Self {
        let place = tempfile::tempdir().unwrap();
        let mut centre = Centre::start(&place.path().join("centre"));
        let school = add_school(place.path(), &centre, "99999999", "21");
        let mock = Mock::start(Some(centre.address()), Script::default()).unwrap();
        let line = Proxy::start(mock.address(), Plan::default()).unwrap();
        let real = std::mem::replace(&mut centre.url, format!("http://{}", line.address()));
        let computer = computer(place.path(), &centre, &school, "first");
        centre.url = real;
        impatient(&computer);
        Self { place, centre, mock, line, school, computer }
    }

    /// One that has work of its own, approved and not sent.
    fn with_work() -> Self {
        let scene = Self::new();
        assign(&scene.centre, &scene.school);
        scene.computer.run(&["import", scene.school.files.join("school.jsonl").to_str().unwrap()], &[]);
        activate(&scene.computer, &scene.school);
        scene.computer.run(&["approve", "kepala"], &[PASSWORD]);
        scene
    }

    fn script(&self, text: &str) {
        self.mock.set(Script::from_text(text).unwrap()).unwrap();
    }

    fn told(&self, cause: &str) -> Told {
        told(cause, &self.computer)
    }
}

/// A test waits for nobody to come back: what fails is told at once.
fn impatient(computer: &Computer) {
    std::fs::write(computer.data.join("selaras.toml"), "[line]\npatience_seconds = 0\n").unwrap();
}

fn run(computer: &Computer, lang: &str, command: &str) -> Output {
    let mut child = Command::new(SCHOOL);
    // What the environment says of proxies would be between the computer and the centre.
    let child = ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"]
        .iter()
        .fold(&mut child, |child, name| child.env_remove(name));
    child
        .args(["--json", "--lang", lang, "--data"])
        .arg(&computer.data)
        .arg(command)
        .stdin(Stdio::null())
        .output()
        .unwrap()
}

/// What was told, in both languages: the failure of `sync` (null where it went through), and the step of `doctor`.
struct Told {
    sync: [Value; 2],
    doctor: [Value; 2],
}

/// Runs both and holds them to the page.
#[track_caller]
fn told(cause: &str, computer: &Computer) -> Told {
    let row = row(cause);
    let told = Told {
        sync: ["id", "en"].map(|lang| synced(&row, computer, lang)),
        doctor: ["id", "en"].map(|lang| looked_at(&row, computer, lang)),
    };
    assert!(row.sync.is_none() || told.sync[0]["message"] != told.sync[1]["message"], "{cause}");
    assert!(told.doctor[0]["text"] != told.doctor[1]["text"], "{cause}");
    told
}

#[track_caller]
fn synced(row: &Row, computer: &Computer, lang: &str) -> Value {
    let output = run(computer, lang, "sync");
    let document = last_json(if row.sync.is_some() { &output.stderr } else { &output.stdout });
    let document = if document.is_null() { last_json(&output.stdout) } else { document };
    let failure = document["error"].clone();
    assert_eq!((failure["code"].as_str(), output.status.code()), (row.sync, Some(row.exit)), "{row:?}: {output:?}");
    if row.sync.is_some() {
        in_words(&failure, "message");
    }
    failure
}

#[track_caller]
fn looked_at(row: &Row, computer: &Computer, lang: &str) -> Value {
    let output = run(computer, lang, "doctor");
    let report = last_json(&output.stdout);
    let steps = report["steps"].as_array().unwrap_or_else(|| panic!("{output:?}"));
    let bad = |verdict: &str| {
        steps.iter().find(|step| step["verdict"] == verdict).map(|step| (step["step"].as_str(), step["code"].as_str()))
    };
    let wanted = Some((Some(row.step), Some(row.code)));
    if row.warned {
        assert_eq!((bad("failed"), bad("warned")), (None, wanted), "{steps:?}");
        assert_eq!(output.status.code(), Some(0));
    } else {
        assert_eq!(bad("failed"), wanted, "{steps:?}");
        assert_ne!(output.status.code(), Some(0));
    }
    let step = steps.iter().find(|step| step["step"] == row.step).unwrap().clone();
    in_words(&step, "text");
    step
}

/// What happened, what to do and who does it are all said, and no hole of a text is left open.
#[track_caller]
fn in_words(told: &Value, what: &str) {
    for part in [what, "next", "who"] {
        let text = told[part].as_str().unwrap();
        assert!(!text.is_empty() && !text.contains('{'), "{part}: {told}");
    }
}

#[test]
fn the_way_is_free_before_anything_is_done_to_it() {
    let scene = Scene::new();
    scene.line.lead_to(scene.centre.address());
    assert!(run(&scene.computer, "en", "sync").status.success());
    let report = last_json(&run(&scene.computer, "en", "doctor").stdout);
    let verdicts: Vec<&str> =
        report["steps"].as_array().unwrap().iter().map(|step| step["verdict"].as_str().unwrap()).collect();
    assert!(verdicts.iter().all(|verdict| *verdict == "passed"), "{report}");
}

#[test]
fn nobody_listens() {
    let Scene { place, centre, mock, line, computer, .. } = Scene::new();
    drop(line);
    told("nothing listens at the centre's address", &computer);
    drop((place, centre, mock));
}

#[test]
fn strangers_answer_in_the_centres_place() {
    let scene = Scene::new();
    scene.script("[[rule]]\nact = \"page\"");
    scene.told("a captive portal answers with its page");
    scene.script("[[rule]]\nact.redirect = \"http://portal.example/\"");
    scene.told("a captive portal leads elsewhere");
    scene.script("[[rule]]\nact.answer = { status = 502, text = \"Bad Gateway\", marked = false }");
    scene.told("a proxy without a way to the centre answers");
}

#[test]
fn a_proxy_holds_requests_back() {
    let scene = Scene::new();
    scene.line.lead_to(scene.centre.address());
    scene.line.set(Plan::default().with(Fault::always(Act::BufferRequest))).unwrap();
    scene.told("a proxy holds requests until they are whole");
}

#[test]
fn larger_requests_are_cut() {
    let scene = Scene::with_work();
    scene.line.lead_to(scene.centre.address());
    let cut = Act::Cut { way: Way::Up, at: Mark::After(6_000), how: Ending::Rst };
    scene.line.set(Plan::default().with(Fault::always(cut))).unwrap();
    scene.told("larger requests are cut");
}

#[test]
fn an_answer_stands_still() {
    let scene = Scene::new();
    // Some bytes of the body come; a head that stays away is waited for longer, because a centre may be at work.
    scene.script("[[rule]]\nact.cut = { after = 127, then = \"silence\" }");
    // One language of it is enough: every look waits for as long as a line may stand still.
    let row = row("the line stands still in the middle of an answer");
    std::thread::scope(|scope| {
        scope.spawn(|| synced(&row, &scene.computer, "id"));
    });
    looked_at(&row, &scene.computer, "en");
}

#[test]
fn no_session_lasts() {
    let scene = Scene::new();
    let expired = "act.problem = { status = 401, code = \"session.expired\" }";
    scene.script(&format!("[[rule]]\non.endpoint = \"sync\"\n{expired}\n[[rule]]\non.endpoint = \"probe\"\n{expired}"));
    scene.told("no session lasts");
    // One that ends once is not heard of.
    scene.script(&format!("[[rule]]\non = {{ endpoint = \"sync\", times = 1 }}\n{expired}"));
    let before = scene.mock.requests(Endpoint::Token);
    assert!(run(&scene.computer, "en", "sync").status.success());
    assert_eq!(scene.mock.requests(Endpoint::Token) - before, 1);
}

/// A centre that answers nothing but who it is, as one does that turns schools away.
fn turning_away(act: &str) -> Scene {
    let scene = Scene::new();
    scene.script(&format!("[[rule]]\non.endpoint = \"health\"\nact = \"honest\"\n[[rule]]\n{act}"));
    scene
}

#[test]
fn this_version_is_too_old() {
    let scene = turning_away(
        "act.problem = { status = 426, code = \"protocol.too-old\", args = { found = \"1\", oldest = \"2\", newest = \"3\" } }",
    );
    scene.told("this version is too old");
}

#[test]
fn the_centre_is_full_and_says_until_when() {
    let scene = turning_away("act.problem = { status = 503, code = \"center.full\", retry-after = 900 }");
    let full = scene.told("the centre is full, and says until when");
    assert!(full.sync.iter().all(|failure| failure["until"].is_string()), "{:?}", full.sync);
    assert!(full.doctor.iter().all(|step| step["until"].is_i64()), "{:?}", full.doctor);
    scene.script(
        "[[rule]]\non.endpoint = \"health\"\nact = \"honest\"\n[[rule]]\nact.problem = { status = 507, code = \"center.disk-full\", retry-after = 900, args = { seconds = \"900\" } }",
    );
    let full = scene.told("the centre's disk is full, and says until when");
    assert!(full.sync.iter().all(|failure| failure["until"].is_string()), "{:?}", full.sync);
    assert!(full.doctor.iter().all(|step| step["until"].is_i64()), "{:?}", full.doctor);
}

#[test]
fn the_centre_is_closed_and_says_why() {
    let scene = turning_away("act.closed = \"Pemeliharaan sampai pukul 10.00.\"");
    let closed = scene.told("the centre is closed for maintenance, with its message");
    for (failure, step) in closed.sync.iter().zip(&closed.doctor) {
        assert!(failure["message"].as_str().unwrap().contains("sampai pukul 10.00."), "{failure}");
        assert!(step["text"].as_str().unwrap().contains("sampai pukul 10.00."), "{step}");
    }
}

#[test]
fn the_centre_fails() {
    let scene = turning_away("act.problem = { status = 500, code = \"center.failed\" }");
    scene.told("the centre has a failure of its own");
}

#[test]
fn the_centre_refuses_by_a_rule() {
    let scene = Scene::with_work();
    scene.line.lead_to(scene.centre.address());
    assert!(run(&scene.computer, "en", "sync").status.success());
    let [one, other] = classes_of_one_level(&scene.computer);
    // Each side gives a class the same name, and neither knows of the other: what is valid here is not valid there.
    scene.computer.run(&["edit", "rombongan_belajar", &one, "nama=Kelas Kembar"], &[]);
    scene.computer.run(&["approve", "kepala"], &[PASSWORD]);
    scene.centre.operator(&["record", "edit", scene.school.npsn, "rombongan_belajar", &other, "nama=Kelas Kembar"]);
    let row = row("the centre refuses by a rule");
    // A refusal is told once; the edits are drafts again, and wait for somebody to mend them.
    let failure = synced(&row, &scene.computer, "id");
    assert!(!failure["record"].is_null(), "{failure}");
    let told = ["id", "en"].map(|lang| looked_at(&row, &scene.computer, lang)["text"].clone());
    assert_ne!(told[0], told[1]);
}

fn classes_of_one_level(computer: &Computer) -> [String; 2] {
    let listed = computer.run(&["list", "rombongan_belajar"], &[]);
    let ids = listed["records"].as_array().unwrap().iter().map(|record| record["id"].as_str().unwrap().to_owned());
    let mut seen = std::collections::BTreeMap::new();
    for id in ids {
        let shown = computer.run(&["show", "rombongan_belajar", &id], &[]);
        let fields = shown["fields"].as_array().unwrap();
        let field = |name: &str| fields.iter().find(|field| field["name"] == name).unwrap()["value"].to_string();
        if let Some(other) = seen.insert([field("tingkat_pendidikan_id"), field("semester_id")], id.clone()) {
            return [other, id];
        }
    }
    panic!("no two classes of one level: {listed}")
}

/// A CA of our own, and a certificate from it for names: CA, certificate, key, all PEM.
fn own_ca(names: &[&str]) -> [String; 3] {
    let mut params = rcgen::CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let ca_key = rcgen::KeyPair::generate().unwrap();
    let ca = params.self_signed(&ca_key).unwrap();
    let issuer = rcgen::Issuer::new(params, ca_key);
    let key = rcgen::KeyPair::generate().unwrap();
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    let leaf = rcgen::CertificateParams::new(names).unwrap().signed_by(&key, &issuer).unwrap();
    [ca.pem(), leaf.pem(), key.serialize_pem()]
}

/// A centre that speaks TLS, with a CA of its own, and the school's code.
fn centre_with_tls(place: &Path, names: &[&str]) -> (Centre, School) {
    let data = place.join("centre");
    let plain = Centre::start(&data);
    let school = add_school(place, &plain, "99999999", "22");
    drop(plain);
    for (name, pem) in ["ca.pem", "cert.pem", "key.pem"].iter().zip(own_ca(names)) {
        std::fs::write(place.join(name), pem).unwrap();
    }
    let settings = data.join("selaras-center.toml");
    let (cert, key) = (place.join("cert.pem"), place.join("key.pem"));
    let text = std::fs::read_to_string(&settings).unwrap();
    std::fs::write(&settings, format!("tls_cert = {cert:?}\ntls_key = {key:?}\n{text}")).unwrap();
    (Centre::start(&data), school)
}

fn address(centre: &Centre) -> SocketAddr {
    centre.url.trim_start_matches("https://").parse().unwrap()
}

#[test]
fn somebody_ends_tls() {
    let place = tempfile::tempdir().unwrap();
    let (centre, school) = centre_with_tls(place.path(), &["127.0.0.1"]);
    let line = Proxy::start(address(&centre), Plan::default()).unwrap();
    let computer = Computer { data: place.path().join("first") };
    let (url, ca) = (format!("https://{}", line.address()), place.path().join("ca.pem"));
    computer.run(&["init", "--server", &url, "--npsn", school.npsn, "--ca", ca.to_str().unwrap()], &[&school.kode]);
    impatient(&computer);
    assert!(run(&computer, "en", "sync").status.success());
    line.set(Plan::default().with(Fault::always(Act::Intercept))).unwrap();
    told("somebody ends TLS with a certificate of their own", &computer);
}

/// A proxy that leads to the centre whatever name it is asked for, as an office's proxy knows names of its own.
fn office_proxy(centre: SocketAddr) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for client in listener.incoming() {
            let (mut client, server) = (client.unwrap(), TcpStream::connect(centre).unwrap());
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") {
                let mut byte = [0];
                client.read_exact(&mut byte).unwrap();
                head.extend_from_slice(&byte);
            }
            client.write_all(b"HTTP/1.1 200 OK\r\n\r\n").unwrap();
            for (mut from, mut to) in [(client.try_clone().unwrap(), server.try_clone().unwrap()), (server, client)] {
                // Either end may close at any time.
                std::thread::spawn(move || drop(std::io::copy(&mut from, &mut to)));
            }
        }
    });
    url
}

#[test]
fn the_centres_name_is_nobodys() {
    let place = tempfile::tempdir().unwrap();
    let (centre, school) = centre_with_tls(place.path(), &["pusat.invalid"]);
    let computer = Computer { data: place.path().join("first") };
    let mut init = Command::new(SCHOOL);
    init.args(["--json", "--kode-stdin", "--data"]).arg(&computer.data).args([
        "init",
        "--server",
        "https://pusat.invalid",
        "--npsn",
        school.npsn,
        "--ca",
    ]);
    init.arg(place.path().join("ca.pem")).env("HTTPS_PROXY", office_proxy(address(&centre)));
    let mut child = init.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(format!("{}\n", school.kode).as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{output:?}");
    impatient(&computer);
    // The proxy is gone. Without any name service at all the computer is offline, which is told instead.
    let offline = ("pusat.invalid", 443).to_socket_addrs().unwrap_err().to_string().contains("Temporary failure");
    if offline {
        let row =
            Row { sync: Some("link.no-network"), code: "link.no-network", ..row("the centre's name is not found") };
        synced(&row, &computer, "id");
        looked_at(&row, &computer, "en");
    } else {
        told("the centre's name is not found", &computer);
    }
}
