//! The program `selaras-lab`: what it prints, and that every plan and script of its page can be followed.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Child, ChildStdout, Command, Output, Stdio};

use selaras_lab::line::Plan;
use selaras_lab::mock::Script;

const PROGRAM: &str = env!("CARGO_BIN_EXE_selaras-lab");
const PAGE: &str = include_str!("../../../../docs/testing-other-clients.md");

/// A running program; it ends with its standard input.
struct Running {
    child: Child,
    out: BufReader<ChildStdout>,
}

impl Running {
    fn start(arguments: &[&str]) -> Self {
        let mut command = Command::new(PROGRAM);
        let mut child =
            command.args(arguments).arg("--parent-stdin").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let out = BufReader::new(child.stdout.take().unwrap());
        Self { child, out }
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.out.read_line(&mut line).unwrap();
        line.trim_end().to_owned()
    }

    /// Ends it; gives what it still printed.
    fn end(mut self) -> String {
        drop(self.child.stdin.take());
        let mut rest = String::new();
        self.out.read_to_string(&mut rest).unwrap();
        assert!(self.child.wait().unwrap().success());
        rest
    }
}

fn try_run(arguments: &[&str]) -> Output {
    Command::new(PROGRAM).args(arguments).stdin(Stdio::null()).output().unwrap()
}

/// The texts on the page that are marked as a kind.
fn examples(kind: &str) -> Vec<&'static str> {
    let begin = format!("```toml {kind}\n");
    PAGE.split(begin.as_str()).skip(1).map(|rest| rest.split("```").next().unwrap()).collect()
}

fn file(text: &str) -> (tempfile::TempDir, String) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("example.toml");
    std::fs::write(&path, text).unwrap();
    (dir, path.to_str().unwrap().to_owned())
}

/// A server that answers one request with what it was sent, marked.
fn behind() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut bytes = [0; 64];
            let read = stream.read(&mut bytes).unwrap();
            let head = format!("HTTP/1.1 200 OK\r\nselaras: 1\r\ncontent-length: {read}\r\n\r\n");
            stream.write_all(&[head.as_bytes(), &bytes[..read]].concat()).unwrap();
        }
    });
    address
}

fn ask(address: &str, text: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.write_all(text.as_bytes()).unwrap();
    stream.shutdown(std::net::Shutdown::Write).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

#[test]
fn the_line_says_where_it_is_and_counts_both_ways() {
    let to = behind().to_string();
    let mut line = Running::start(&["line", "--to", &to, "--seed", "7"]);
    let begins = line.line();
    let address = begins.strip_prefix("listening on ").unwrap().split(',').next().unwrap().to_owned();
    assert!(begins.ends_with(&format!("leads to {to}, seed 7")), "{begins}");
    let request = "GET /a HTTP/1.1\r\n\r\n";
    let answer = ask(&address, request);
    let told = format!(
        "1 connections, 1 requests, 0 cut, 0 unreached; up {} B passed, 0 B lost, 0 B added; down {} B passed, 0 B lost, 0 B added",
        request.len(),
        answer.len()
    );
    assert_eq!(line.end().lines().last().unwrap(), told);
}

#[test]
fn the_centre_tells_every_request_for_people_and_for_programs() {
    let to = behind().to_string();
    let (_dir, script) = file("[[rule]]\non = { endpoint = \"sync\", times = 1 }\nact.lost = { then = \"fin\" }");
    let people =
        "POST sync: no whole answer (rule 1)\nGET health: 200 (the centre's own)\n2 requests, 1 of them met a rule\n";
    let programs = concat!(
        "{\"endpoint\":\"sync\",\"method\":\"POST\",\"status\":null,\"rule\":1}\n",
        "{\"endpoint\":\"health\",\"method\":\"GET\",\"status\":200,\"rule\":null}\n",
        "{\"requests\":2,\"scripted\":1}\n"
    );
    for (json, told) in [(false, people), (true, programs)] {
        let mut arguments = vec!["centre", "--to", &to, "--script", &script];
        arguments.extend(json.then_some("--json"));
        let mut centre = Running::start(&arguments);
        let begins = centre.line();
        let address = if json {
            let begins: serde_json::Value = serde_json::from_str(&begins).unwrap();
            assert_eq!((&begins["to"], &begins["rules"]), (&to.as_str().into(), &1.into()));
            begins["listening"].as_str().unwrap().to_owned()
        } else {
            assert!(begins.ends_with(&format!(", in front of {to}, 1 rules")), "{begins}");
            begins.strip_prefix("listening on ").unwrap().split(',').next().unwrap().to_owned()
        };
        assert_eq!(ask(&address, "POST /v1/schools/99999999/sync HTTP/1.1\r\n\r\n"), "");
        assert!(ask(&address, "GET /healthz HTTP/1.1\r\n\r\n").ends_with("GET /healthz HTTP/1.1\r\n\r\n"));
        assert_eq!(centre.end(), told);
    }
}

#[test]
fn every_example_of_the_page_can_be_followed() {
    let (plans, scripts) = (examples("plan"), examples("script"));
    assert_eq!(plans.len() + scripts.len(), PAGE.matches("```toml").count());
    assert!(plans.len() >= 2 && scripts.len() >= 5);
    let to = behind().to_string();
    for text in plans {
        assert_ne!(Plan::from_text(text).unwrap(), Plan::default());
        let (_dir, path) = file(text);
        let mut line = Running::start(&["line", "--to", &to, "--plan", &path]);
        assert!(line.line().starts_with("listening on "), "{text}");
        assert!(line.end().contains("0 connections"), "{text}");
    }
    for text in scripts {
        let rules = Script::from_text(text).unwrap().rules.len();
        let (_dir, path) = file(text);
        let mut centre = Running::start(&["centre", "--to", &to, "--script", &path]);
        assert!(centre.line().ends_with(&format!("{rules} rules")), "{text}");
        assert!(centre.end().contains("0 requests"), "{text}");
    }
}

#[test]
fn the_page_names_every_act_and_every_endpoint() {
    for name in [
        "cut",
        "cut-every",
        "stall",
        "half-open",
        "black-hole",
        "flip",
        "buffer-request",
        "swallow-answer",
        "double-request",
        "portal",
        "intercept",
        "honest",
        "problem",
        "closed",
        "answer",
        "page",
        "redirect",
        "too-large",
        "unmarked",
        "lost",
        "doubled",
        "slow",
        "forge",
    ] {
        let row = [format!("| `{name} "), format!("| `{name}."), format!("| `\"{name}\"`")];
        assert!(row.iter().any(|row| PAGE.contains(row)), "{name}");
    }
    for name in ["register", "token", "heads", "sync", "rules", "upload", "snapshot", "probe", "health", "other"] {
        assert!(PAGE.contains(&format!("`{name}`")), "{name}");
    }
}

#[test]
fn what_means_nothing_ends_it_with_two_and_a_reason() {
    let (_dir, path) = file("[[rule]]\nact.redirect = \"\"");
    for (arguments, told) in [
        (vec!["centre", "--script", path.as_str()], "rule 1: a redirect needs an address"),
        (vec!["centre", "--script", "/not/there.toml"], "/not/there.toml: "),
        (vec!["line", "--to", "127.0.0.1:1", "--plan", path.as_str()], "not a plan: "),
        (vec!["line"], "--to"),
    ] {
        let output = try_run(&arguments);
        let error = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {error}");
        assert!(error.contains(told), "{arguments:?}: {error}");
    }
    let help = try_run(&["--help"]);
    assert!(help.status.success() && String::from_utf8(help.stdout).unwrap().contains("centre"));
}

#[test]
fn an_address_in_use_is_told() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let output = try_run(&["centre", "--listen", &taken.local_addr().unwrap().to_string()]);
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8(output.stderr).unwrap().starts_with("selaras-lab: "));
}
