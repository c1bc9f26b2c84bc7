//! Memory of a centre while uploads are in progress: `cargo bench -p selaras-center --bench uploads` prints a table.
//!
//! Each is a connection that has sent a part of a large piece and stands still, then all send on in turns; the centre
//! is a process of its own, and the system says how much memory it holds (Linux only).

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "who measures wants to see what is wrong"
)]
#![allow(clippy::print_stdout, reason = "the table is what it is for")]
#![allow(dead_code, reason = "the tests' own stand, of which this needs a part")]

#[path = "../tests/it/stand.rs"]
mod stand;

use std::io::Write as _;
use std::net::TcpStream;
use std::path::Path;
use std::time::{Duration, Instant};

use selaras_model::Npsn;
use selaras_transport::prove;
use stand::{Installation, Stand, rand_nonce};

/// Uploads in progress at a time, one step after the other; a centre begins no more than 384 of its 512.
const STEPS: [usize; 4] = [50, 100, 200, 350];
/// Unfinished uploads that a centre keeps of one school.
const OF_SCHOOL: usize = 16;
const TOTAL: usize = 20 << 20;
const FIRST: usize = 256 << 10;
const ON: usize = 1 << 20;
const TURN: usize = 32 << 10;
const PATIENCE: Duration = Duration::from_secs(60);

fn main() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let stand = Stand::start();
    let schools = STEPS.last().unwrap().div_ceil(OF_SCHOOL);
    let tokens: Vec<String> = (0..schools).map(|number| runtime.block_on(token(&stand, number))).collect();
    let before = memory(&stand, "VmRSS");
    println!("centre without uploads: {before} KiB\n");
    println!("| uploads in progress | memory KiB | KiB for each | peak KiB while all send | KiB for each |");
    println!("|---|---|---|---|---|");
    let piece = vec![0x5a; FIRST];
    let mut streams = Vec::new();
    let mut sent = 0;
    for step in STEPS {
        while streams.len() < step {
            let number = streams.len();
            let mut stream = begin(&stand, tokens.get(number / OF_SCHOOL).unwrap(), number);
            stream.write_all(&piece).unwrap();
            sent += FIRST;
            streams.push(stream);
        }
        landed(&stand, sent);
        let held = memory(&stand, "VmRSS");
        for _ in 0..ON / TURN {
            for stream in &mut streams {
                stream.write_all(piece.get(..TURN).unwrap()).unwrap();
                sent += TURN;
            }
        }
        landed(&stand, sent);
        let peak = memory(&stand, "VmHWM");
        let each = |memory: usize| memory.saturating_sub(before) / step;
        println!("| {step} | {held} | {} | {peak} | {} |", each(held), each(peak));
    }
}

/// A token of a school of its own.
async fn token(stand: &Stand, number: usize) -> String {
    let npsn: Npsn = (99_999_000 + number).to_string().parse().unwrap();
    let shown = stand.json(&["school", "add", &npsn.to_string(), "--name", "SD Contoh"]);
    let link = stand.link();
    let installation = Installation::number(u8::try_from(number + 1).unwrap());
    let request = installation.registration(shown["kode_registrasi"].as_str().unwrap());
    let device = link.register(npsn, &request).await.unwrap().device;
    link.token(npsn, &prove(&installation.key, npsn, device, rand_nonce(), 0)).await.unwrap().token
}

fn begin(stand: &Stand, token: &str, number: usize) -> TcpStream {
    let mut stream = TcpStream::connect(stand.url.trim_start_matches("http://")).unwrap();
    let head = format!(
        "PATCH /v1/uploads/{} HTTP/1.1\r\nhost: x\r\ntus-resumable: 1.0.0\r\nauthorization: Bearer {token}\r\n\
         content-type: application/offset+octet-stream\r\nupload-offset: 0\r\nupload-length: {TOTAL}\r\n\
         content-length: {TOTAL}\r\n\r\n",
        blake3::hash(&number.to_le_bytes()).to_hex()
    );
    stream.write_all(head.as_bytes()).unwrap();
    stream
}

/// Waits until the centre has written this many bytes.
fn landed(stand: &Stand, bytes: usize) {
    let began = Instant::now();
    while written(stand.data.path()) < bytes as u64 {
        assert!(began.elapsed() < PATIENCE, "the centre has not taken all that was sent");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Bytes of all files of a folder and below whose names are hashes.
fn written(folder: &Path) -> u64 {
    let mut bytes = 0;
    for entry in std::fs::read_dir(folder).unwrap().flatten() {
        let kind = entry.metadata().unwrap();
        if kind.is_dir() {
            bytes += written(&entry.path());
        } else if entry.path().components().any(|part| part.as_os_str() == "uploads") {
            bytes += kind.len();
        }
    }
    bytes
}

fn memory(stand: &Stand, what: &str) -> usize {
    let text = std::fs::read_to_string(format!("/proc/{}/status", stand.process())).expect("the system tells memory");
    let line = text.lines().find_map(|line| line.strip_prefix(what)?.strip_prefix(':')).unwrap();
    line.split_whitespace().next().unwrap().parse().unwrap()
}
