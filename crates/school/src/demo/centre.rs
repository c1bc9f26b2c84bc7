//! The centre of the demonstration: a child process, and its operators' side over HTTP.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::time::{Duration, Instant};

use selaras_model::{Date, Npsn, RecordId};
use selaras_transport::{Link, LinkError, LinkOptions, Trust, Verb};
use serde::{Deserialize, Serialize};

use crate::failure::Failure;

/// How long the child may take to end by itself.
const END_TIME: Duration = Duration::from_secs(5);
/// The file with the operators' token in the centre's data directory.
const TOKEN_FILE: &str = "admin.token";

/// A running centre.
pub(super) struct Centre {
    child: Child,
    /// The child ends when this end of its standard input is closed, however this process ends.
    stdin: Option<ChildStdin>,
    url: String,
    token: String,
    link: Link,
    runtime: tokio::runtime::Runtime,
}

/// The digests of a school, as the centre computed them.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(super) struct Digests {
    pub(super) version: u64,
    pub(super) root: String,
    pub(super) modules: BTreeMap<String, String>,
}

#[derive(Deserialize)]
struct KodeShown {
    kode_registrasi: String,
}

/// What an act of the centre led to.
#[derive(Deserialize)]
pub(super) struct Acted {
    pub(super) version: u64,
    pub(super) records: usize,
}

#[derive(Serialize)]
struct SchoolAdd<'a> {
    npsn: Npsn,
    name: &'a str,
}

#[derive(Serialize)]
struct HeadAssign<'a> {
    ptk: RecordId,
    plt: bool,
    sk: &'a str,
    from: Date,
}

#[derive(Serialize)]
struct RecordEdit<'a> {
    entity: &'a str,
    id: RecordId,
    fields: BTreeMap<&'a str, &'a str>,
}

impl Centre {
    /// Makes a centre in a directory and starts it.
    pub(super) fn start(dir: &Path) -> Result<Centre, Failure> {
        let failed = |error: std::io::Error| Failure::new("demo.centre").arg("reason", error);
        let executable = std::env::current_exe().map_err(failed)?;
        let made = Command::new(&executable)
            .args(["center", "init", "--name", "Pusat Peragaan", "--data"])
            .arg(dir)
            .stdin(Stdio::null())
            .output()
            .map_err(failed)?;
        if !made.status.success() {
            let reason = String::from_utf8_lossy(&made.stderr).trim().to_owned();
            return Err(Failure::new("demo.centre").arg("reason", reason));
        }
        let (mut child, stdin) = serve(dir, "127.0.0.1:0")?;
        let url = address(&mut child)?;
        let token = token_of(dir)?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(failed)?;
        let link = Link::new(&LinkOptions::new(&url, Trust::System)).map_err(|error| told(&error))?;
        Ok(Centre { child, stdin, url, token, link, runtime })
    }

    /// Ends the centre and starts one from a directory at the same address: where it was, or where it was restored.
    pub(super) fn restart(&mut self, dir: &Path) -> Result<(), Failure> {
        self.end();
        let (mut child, stdin) = serve(dir, self.url.trim_start_matches("http://"))?;
        address(&mut child)?;
        (self.child, self.stdin) = (child, stdin);
        self.token = token_of(dir)?;
        // The connection of before would be tried once more.
        self.link = Link::new(&LinkOptions::new(&self.url, Trust::System)).map_err(|error| told(&error))?;
        Ok(())
    }

    fn end(&mut self) {
        drop(self.stdin.take());
        let asked = Instant::now();
        while asked.elapsed() < END_TIME {
            if matches!(self.child.try_wait(), Ok(Some(_)) | Err(_)) {
                return;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// Ends the centre in the middle of whatever it does.
    pub(super) fn kill(&mut self) -> Result<(), Failure> {
        let killed = self.child.kill().and_then(|()| self.child.wait());
        killed.map(drop).map_err(|error| Failure::new("demo.centre").arg("reason", error))
    }

    /// The child's process id.
    pub(super) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Takes record lines as the centre's own edits.
    pub(super) fn import(&self, npsn: Npsn, records: &Path) -> Result<Acted, Failure> {
        let lines = std::fs::read(records).map_err(|_| Failure::new("input.file").arg("file", records.display()))?;
        let path = format!("/v1/admin/schools/{npsn}/import");
        let sent = self.runtime.block_on(self.link.send_lines(&path, &self.token, lines.into()));
        sent.map_err(|error| told(&error))
    }

    /// Where schools reach it.
    pub(super) fn url(&self) -> &str {
        &self.url
    }

    /// Makes a school known with the records that the centre has; gives its kode registrasi.
    pub(super) fn add_school(&self, npsn: Npsn, name: &str, records: &Path) -> Result<(String, usize), Failure> {
        let shown: KodeShown = self.post("/v1/admin/schools", &SchoolAdd { npsn, name })?;
        let taken = self.import(npsn, records)?;
        Ok((shown.kode_registrasi, taken.records))
    }

    /// The Dinas assigns a definitive head.
    pub(super) fn assign_head(&self, npsn: Npsn, ptk: RecordId, from: Date) -> Result<Acted, Failure> {
        let body = HeadAssign { ptk, plt: false, sk: "821.2/0001/DISDIK/2026", from };
        self.post(&format!("/v1/admin/schools/{npsn}/heads"), &body)
    }

    /// The centre edits a record.
    pub(super) fn edit(
        &self,
        npsn: Npsn,
        entity: &str,
        id: RecordId,
        fields: &[(&str, &str)],
    ) -> Result<Acted, Failure> {
        let body = RecordEdit { entity, id, fields: fields.iter().copied().collect() };
        self.post(&format!("/v1/admin/schools/{npsn}/records"), &body)
    }

    /// The digests that the centre computed over its own records.
    pub(super) fn digests(&self, npsn: Npsn) -> Result<Digests, Failure> {
        self.get(&format!("/v1/admin/schools/{npsn}/digests"))
    }

    /// A record as the centre has it.
    pub(super) fn record(&self, npsn: Npsn, entity: &str, id: RecordId) -> Result<serde_json::Value, Failure> {
        self.get(&format!("/v1/admin/schools/{npsn}/records/{entity}/{id}"))
    }

    fn get<A: serde::de::DeserializeOwned>(&self, path: &str) -> Result<A, Failure> {
        let call = self.link.json(Verb::Get, path, Some(&self.token), None::<&()>);
        self.runtime.block_on(call).map_err(|error| told(&error))
    }

    fn post<A: serde::de::DeserializeOwned>(&self, path: &str, body: &(impl Serialize + Sync)) -> Result<A, Failure> {
        let call = self.link.json(Verb::Post, path, Some(&self.token), Some(body));
        self.runtime.block_on(call).map_err(|error| told(&error))
    }
}

/// The operators' token of a data directory.
fn token_of(dir: &Path) -> Result<String, Failure> {
    let token = std::fs::read_to_string(dir.join(TOKEN_FILE));
    Ok(token.map_err(|error| Failure::new("demo.centre").arg("reason", error))?.trim().to_owned())
}

/// Starts the child; it ends when its standard input does.
fn serve(dir: &Path, listen: &str) -> Result<(Child, Option<ChildStdin>), Failure> {
    let failed = |error: std::io::Error| Failure::new("demo.centre").arg("reason", error);
    let mut child = Command::new(std::env::current_exe().map_err(failed)?)
        .args(["center", "serve", "--listen", listen, "--parent-stdin", "--data"])
        .arg(dir)
        // What it refuses is part of the story, and is told there.
        .env("SELARAS_LOG", "error")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(failed)?;
    let stdin = child.stdin.take();
    Ok((child, stdin))
}

/// The child prints one JSON line with its address once it listens.
fn address(child: &mut Child) -> Result<String, Failure> {
    let silent = || Failure::new("demo.centre").arg("reason", "no address");
    let stdout = child.stdout.take().ok_or_else(silent)?;
    let mut line = String::new();
    BufReader::new(stdout).read_line(&mut line).map_err(|_| silent())?;
    let json: serde_json::Value = serde_json::from_str(&line).map_err(|_| silent())?;
    json.get("listening").and_then(serde_json::Value::as_str).map(str::to_owned).ok_or_else(silent)
}

fn told(error: &LinkError) -> Failure {
    Failure::new("demo.centre").arg("reason", error)
}

impl Drop for Centre {
    fn drop(&mut self) {
        self.end();
    }
}
