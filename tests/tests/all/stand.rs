//! Real processes: a centre, schools' computers, operators.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use serde_json::Value;

pub(crate) const SCHOOL: &str = env!("CARGO_BIN_EXE_selaras-under-test");
const CENTER: &str = env!("CARGO_BIN_EXE_selaras-center-under-test");
pub(crate) const PASSWORD: &str = "sungai dan hutan";

/// A running centre; it ends when its standard input is closed.
pub(crate) struct Centre {
    pub(crate) child: Child,
    pub(crate) url: String,
    data: PathBuf,
}

impl Centre {
    pub(crate) fn start(data: &Path) -> Self {
        if !data.exists() {
            let made = Command::new(CENTER).args(["init", "--name", "Pusat Uji", "--data"]).arg(data).output().unwrap();
            assert!(made.status.success(), "{made:?}");
        }
        let mut child = Command::new(CENTER)
            .args(["serve", "--listen", "127.0.0.1:0", "--parent-stdin", "--data"])
            .arg(data)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let said: Value = serde_json::from_str(&line).unwrap_or_else(|_| panic!("no address: {line}"));
        Self { child, url: said["listening"].as_str().unwrap().to_owned(), data: data.to_owned() }
    }

    /// Runs an operator's command and gives what it printed.
    pub(crate) fn operator(&self, arguments: &[&str]) -> Value {
        let output = Command::new(CENTER)
            .args(["--json", "--server", &self.url, "--data"])
            .arg(&self.data)
            .args(arguments)
            .output()
            .unwrap();
        assert!(output.status.success(), "{arguments:?}: {output:?}");
        serde_json::from_slice(&output.stdout).unwrap()
    }
}

impl Centre {
    /// Kills the process, and starts another over the same directory.
    pub(crate) fn kill_and_start(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        *self = Self::start(&self.data.clone());
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> std::net::SocketAddr {
        self.url.trim_start_matches("http://").parse().unwrap()
    }
}

impl Drop for Centre {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A school's computer: a data directory; every command is a process.
pub(crate) struct Computer {
    pub(crate) data: PathBuf,
}

impl Computer {
    pub(crate) fn try_run(&self, arguments: &[&str], secrets: &[&str]) -> Output {
        let mut child = Command::new(SCHOOL)
            .args(["--json", "--password-stdin", "--kode-stdin", "--data"])
            .arg(&self.data)
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdin = child.stdin.take().unwrap();
        // A command that wants no secret may be gone before it is offered one.
        let _ = stdin.write_all(secrets.iter().map(|secret| format!("{secret}\n")).collect::<String>().as_bytes());
        drop(stdin);
        child.wait_with_output().unwrap()
    }

    /// Starts a command that wants no secret, and does not wait for it.
    pub(crate) fn begin(&self, arguments: &[&str]) -> Child {
        let mut command = Command::new(SCHOOL);
        command.args(["--json", "--data"]).arg(&self.data).args(arguments);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
    }

    pub(crate) fn run(&self, arguments: &[&str], secrets: &[&str]) -> Value {
        let output = self.try_run(arguments, secrets);
        assert!(output.status.success(), "{arguments:?}: {output:?}");
        last_json(&output.stdout)
    }
}

/// The last line of JSON; progress comes before it.
pub(crate) fn last_json(bytes: &[u8]) -> Value {
    let text = String::from_utf8_lossy(bytes);
    text.lines().rev().find_map(|line| serde_json::from_str(line).ok()).unwrap_or(Value::Null)
}
