//! A centre for a test: made, served as a child process, ended with the test.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

use ed25519_dalek::SigningKey;
use selaras_model::{DeviceId, Npsn, ReplicaId};
use selaras_transport::{Link, LinkError, LinkOptions, RegisterAnswer, RegisterRequest, Trust, prove};
use tempfile::TempDir;

/// The made-up school of tests.
pub(crate) const NPSN: &str = "99999999";

pub(crate) fn npsn() -> Npsn {
    NPSN.parse().unwrap()
}

/// A running centre.
pub(crate) struct Stand {
    pub(crate) url: String,
    pub(crate) data: TempDir,
    child: Child,
}

fn program() -> Command {
    Command::new(env!("CARGO_BIN_EXE_selaras-center"))
}

impl Stand {
    /// A centre with its defaults, and a cheap hash.
    pub(crate) fn start() -> Self {
        Self::with("", &[])
    }

    /// A centre with lines of configuration and arguments of `serve`.
    pub(crate) fn with(settings: &str, args: &[&str]) -> Self {
        let data = TempDir::new().unwrap();
        let made = program().arg("--data").arg(data.path()).args(["init", "--name", "Pusat Uji"]).output().unwrap();
        assert!(made.status.success(), "{made:?}");
        let text = format!("name = \"Pusat Uji\"\n{settings}\n[kode]\nmemory_kib = 8\npasses = 1\n");
        std::fs::write(data.path().join("selaras-center.toml"), text).unwrap();
        Self::serve(data, args)
    }

    /// A centre none of whose files may be longer than so many bytes.
    #[cfg(unix)]
    pub(crate) fn start_limited(bytes: u64) -> Self {
        let data = Self::start().end();
        let mut limited = Command::new("bash");
        // Without the trap the system would end the process instead of refusing the write.
        limited.args(["-c", "trap '' XFSZ; ulimit -f $0; exec \"$@\"", &(bytes / 1_024).to_string()]);
        limited.arg(env!("CARGO_BIN_EXE_selaras-center"));
        Self::serve_by(limited, data, &[])
    }

    /// Begins to serve from a directory; where it does, it ends at once.
    pub(crate) fn try_serve(data: &TempDir) -> Output {
        let mut command = program();
        command.args(["--json", "--data"]).arg(data.path()).args([
            "serve",
            "--listen",
            "127.0.0.1:0",
            "--parent-stdin",
        ]);
        command.stdin(Stdio::null()).output().unwrap()
    }

    /// Serves from a directory that is there already.
    pub(crate) fn serve(data: TempDir, args: &[&str]) -> Self {
        Self::serve_by(program(), data, args)
    }

    fn serve_by(mut program: Command, data: TempDir, args: &[&str]) -> Self {
        let mut child = program
            .arg("--data")
            .arg(data.path())
            .args(["serve", "--listen", "127.0.0.1:0", "--parent-stdin"])
            .args(args)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let ready: serde_json::Value = serde_json::from_str(&line).unwrap();
        let url = ready["listening"].as_str().unwrap().to_owned();
        Self { url, data, child }
    }

    /// The number of its process.
    #[allow(dead_code, reason = "for the benchmark, which shares this file")]
    pub(crate) fn process(&self) -> u32 {
        self.child.id()
    }

    /// Kills the centre, and gives back its directory.
    pub(crate) fn kill(mut self) -> TempDir {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        std::mem::replace(&mut self.data, TempDir::new().unwrap())
    }

    /// Ends the centre as its parent's end would, and gives back its directory.
    pub(crate) fn end(mut self) -> TempDir {
        drop(self.child.stdin.take());
        assert!(self.child.wait().unwrap().success());
        std::mem::replace(&mut self.data, TempDir::new().unwrap())
    }

    /// Runs an operator's command against this centre.
    pub(crate) fn command(&self, args: &[&str]) -> Output {
        program().arg("--data").arg(self.data.path()).arg("--json").args(args).output().unwrap()
    }

    /// Runs an operator's command that works, and gives its JSON.
    pub(crate) fn json(&self, args: &[&str]) -> serde_json::Value {
        let output = self.command(args);
        assert!(output.status.success(), "{args:?}: {output:?}");
        serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{args:?}: {error} in {output:?}"))
    }

    /// Makes the school known and gives its code.
    pub(crate) fn school(&self) -> String {
        let shown = self.json(&["school", "add", NPSN, "--name", "SD Contoh"]);
        shown["kode_registrasi"].as_str().unwrap().to_owned()
    }

    /// A link to this centre.
    pub(crate) fn link(&self) -> Link {
        Link::new(&LinkOptions::new(&self.url, Trust::System)).unwrap()
    }

    /// Sends text as it is and gives everything that comes back.
    pub(crate) fn raw(&self, request: &str) -> String {
        let mut stream = TcpStream::connect(self.url.trim_start_matches("http://")).unwrap();
        let _ = stream.write_all(request.as_bytes());
        let mut answer = String::new();
        // A refusal may come while a body is still being sent, and the connection end with it.
        let _ = stream.read_to_string(&mut answer);
        answer
    }
}

impl Drop for Stand {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        let _ = self.child.wait();
    }
}

/// An installation of the school.
pub(crate) struct Installation {
    pub(crate) key: SigningKey,
    pub(crate) replica: ReplicaId,
}

impl Installation {
    /// One of several installations.
    pub(crate) fn number(number: u8) -> Self {
        Self { key: SigningKey::from_bytes(&[number; 32]), replica: ReplicaId::from_bytes([number; 8]) }
    }

    pub(crate) fn registration(&self, kode: &str) -> RegisterRequest {
        RegisterRequest {
            kode_registrasi: kode.to_owned(),
            device_key: self.key.verifying_key().to_bytes(),
            replica: self.replica,
            app_version: "0.1.0".to_owned(),
            replaces: None,
        }
    }

    pub(crate) async fn register(&self, link: &Link, kode: &str) -> Result<RegisterAnswer, LinkError> {
        link.register(npsn(), &self.registration(kode)).await
    }

    pub(crate) async fn token(&self, link: &Link, device: DeviceId) -> Result<String, LinkError> {
        let nonce: [u8; 16] = rand_nonce();
        let request = prove(&self.key, npsn(), device, nonce, 0);
        link.token(npsn(), &request).await.map(|answer| answer.token)
    }
}

pub(crate) fn rand_nonce() -> [u8; 16] {
    let mut nonce = [0; 16];
    getrandom::fill(&mut nonce).unwrap();
    nonce
}

/// A centre with the school, one registered installation and its token.
pub(crate) async fn registered(stand: &Stand) -> (Link, Installation, DeviceId, String, String) {
    let kode = stand.school();
    let link = stand.link();
    let installation = Installation::number(1);
    let device = installation.register(&link, &kode).await.unwrap().device;
    let token = installation.token(&link, device).await.unwrap();
    (link, installation, device, token, kode)
}

/// A CA of our own with a certificate for this computer, as files: CA, certificate, key.
pub(crate) fn certificates(directory: &Path) -> [String; 3] {
    let mut params = rcgen::CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let ca_key = rcgen::KeyPair::generate().unwrap();
    let ca = params.self_signed(&ca_key).unwrap();
    let issuer = rcgen::Issuer::new(params, ca_key);
    let key = rcgen::KeyPair::generate().unwrap();
    let leaf = rcgen::CertificateParams::new(vec!["127.0.0.1".into()]).unwrap().signed_by(&key, &issuer).unwrap();
    let file = |name: &str, text: String| {
        let path = directory.join(name);
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    [file("ca.pem", ca.pem()), file("cert.pem", leaf.pem()), file("key.pem", key.serialize_pem())]
}
