//! Real processes: a centre, schools' computers, operators.

use std::io::{BufRead, BufReader, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::{Arc, Mutex};

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
        Self::start_by(Command::new(CENTER), data)
    }

    /// Starts a centre to which a limit on the size of files is an error of writing, as a full disk is, and no end.
    pub(crate) fn start_limited(data: &Path) -> Self {
        Self::start_by(Self::limited(), data)
    }

    /// The program to which a limit on the size of files is an error of writing.
    pub(crate) fn limited() -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", "trap '' XFSZ; exec \"$0\" \"$@\"", CENTER]);
        command
    }

    /// Serves from a data directory by a command that ends in the program.
    pub(crate) fn start_by(command: Command, data: &Path) -> Self {
        Self::try_start_by(command, data).unwrap_or_else(|said| panic!("no address: {said}"))
    }

    /// The same where it may refuse to; what it said then.
    pub(crate) fn try_start_by(mut command: Command, data: &Path) -> Result<Self, String> {
        let mut child = command
            .args(["serve", "--listen", "127.0.0.1:0", "--parent-stdin", "--data"])
            .arg(data)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let said: Value = match serde_json::from_str(&line) {
            Ok(said) => said,
            Err(_) => {
                let _ = (child.kill(), child.wait());
                return Err(line);
            }
        };
        Ok(Self { child, url: said["listening"].as_str().unwrap().to_owned(), data: data.to_owned() })
    }

    /// Lets it be reached by an address that stays when another centre takes its place.
    pub(crate) fn behind(mut self, door: &Door) -> Self {
        let address = self.url.strip_prefix("http://").unwrap();
        *door.leads_to.lock().unwrap() = Some(address.parse().unwrap());
        self.url.clone_from(&door.url);
        self
    }

    /// Makes a data directory from a backup, and serves from it.
    pub(crate) fn restore(backup: &Path, data: &Path) -> Self {
        let (from, to) = (backup.to_str().unwrap(), data.to_str().unwrap());
        let made = Self::command(&["restore", "--from", from, "--data", to]);
        assert!(made.status.success(), "{made:?}");
        Self::start(data)
    }

    /// Runs a command that needs no serving centre.
    pub(crate) fn command(arguments: &[&str]) -> Output {
        Command::new(CENTER).args(arguments).output().unwrap()
    }

    /// Starts a command over a data directory, and does not wait for it.
    pub(crate) fn begin(arguments: &[&str], data: &Path) -> Child {
        let mut command = Command::new(CENTER);
        command.args(arguments).arg(data).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        command.spawn().unwrap()
    }

    /// Ends it in good order.
    pub(crate) fn stop(mut self) {
        drop(self.child.stdin.take());
        assert!(self.child.wait().unwrap().success());
    }

    /// Runs an operator's command and gives what it printed.
    pub(crate) fn operator(&self, arguments: &[&str]) -> Value {
        let output = self.try_operator(arguments);
        assert!(output.status.success(), "{arguments:?}: {output:?}");
        serde_json::from_slice(&output.stdout).unwrap()
    }

    pub(crate) fn try_operator(&self, arguments: &[&str]) -> Output {
        Command::new(CENTER)
            .args(["--json", "--server", &self.url, "--data"])
            .arg(&self.data)
            .args(arguments)
            .output()
            .unwrap()
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

/// An address that leads to one centre after another, as a name does.
pub(crate) struct Door {
    pub(crate) url: String,
    leads_to: Arc<Mutex<Option<SocketAddr>>>,
}

impl Door {
    pub(crate) fn open() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let leads_to: Arc<Mutex<Option<SocketAddr>>> = Arc::default();
        let target = Arc::clone(&leads_to);
        std::thread::spawn(move || {
            for from in listener.incoming().map_while(Result::ok) {
                let target = *target.lock().unwrap();
                // Without a centre behind it the connection ends at once.
                let Some(to) = target.and_then(|target| TcpStream::connect(target).ok()) else { continue };
                pour(from.try_clone().unwrap(), to.try_clone().unwrap());
                pour(to, from);
            }
        });
        Self { url, leads_to }
    }
}

/// Carries bytes one way until it ends.
fn pour(mut from: TcpStream, mut to: TcpStream) {
    std::thread::spawn(move || {
        let _ = std::io::copy(&mut from, &mut to);
        let _ = to.shutdown(Shutdown::Write);
    });
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
        self.try_run_by(Command::new(SCHOOL), arguments, secrets)
    }

    /// The same by a command that ends in the program.
    pub(crate) fn try_run_by(&self, mut command: Command, arguments: &[&str], secrets: &[&str]) -> Output {
        let mut child = command
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
        self.begin_telling(arguments, Stdio::null())
    }

    /// The same, with a place for what it prints.
    pub(crate) fn begin_telling(&self, arguments: &[&str], told: Stdio) -> Child {
        let mut command = Command::new(SCHOOL);
        command.args(["--json", "--data"]).arg(&self.data).args(arguments);
        command.stdin(Stdio::null()).stdout(told).stderr(Stdio::null()).spawn().unwrap()
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
