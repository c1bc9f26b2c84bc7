//! A raw server behind the mock and raw clients before it.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use selaras_lab::mock::{Mock, Script};

/// How long anything may take before a test gives up; no test passes because of it.
const DEADLINE: Duration = Duration::from_secs(30);

/// A server that answers every request, marked, with its body in capitals.
pub(crate) struct Behind {
    pub(crate) address: SocketAddr,
    asked: Arc<AtomicU64>,
}

impl Behind {
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let asked = Arc::<AtomicU64>::default();
        let counted = Arc::clone(&asked);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let counted = Arc::clone(&counted);
                std::thread::spawn(move || answer(stream.unwrap(), &counted));
            }
        });
        Self { address, asked }
    }

    /// Requests that arrived here.
    pub(crate) fn asked(&self) -> u64 {
        self.asked.load(Ordering::SeqCst)
    }

    pub(crate) fn mock(&self, script: &str) -> Mock {
        Mock::start(Some(self.address), Script::from_text(script).unwrap()).unwrap()
    }
}

fn answer(mut stream: TcpStream, counted: &AtomicU64) {
    let Some(request) = read_message(&mut stream) else { return };
    counted.fetch_add(1, Ordering::SeqCst);
    let body = body_of(&request).to_ascii_uppercase();
    let head = "HTTP/1.1 200 OK\r\nselaras: 1\r\ncontent-type: text/plain\r\ntransfer-encoding: chunked\r\n\r\n";
    let chunk = format!("{:x}\r\n{}\r\n", body.len(), String::from_utf8(body.clone()).unwrap());
    let chunk = if body.is_empty() { String::new() } else { chunk };
    // A client that is gone by now is what some tests are about.
    _ = stream.write_all(format!("{head}{chunk}0\r\n\r\n").as_bytes());
}

/// A client's connection.
pub(crate) struct Client(pub(crate) TcpStream);

/// How a connection ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    Fin,
    Reset,
}

impl Client {
    pub(crate) fn of(mock: &Mock) -> Self {
        let stream = TcpStream::connect(mock.address()).unwrap();
        stream.set_read_timeout(Some(DEADLINE)).unwrap();
        Self(stream)
    }

    pub(crate) fn send(&mut self, line: &str, body: &str) {
        let head = format!("{line} HTTP/1.1\r\nhost: a\r\ncontent-length: {}\r\n\r\n", body.len());
        self.0.write_all(format!("{head}{body}").as_bytes()).unwrap();
    }

    /// One answer: its head in one string, its body in another.
    pub(crate) fn receive(&mut self) -> (String, String) {
        let message = read_message(&mut self.0).unwrap();
        let body = String::from_utf8(body_of(&message).to_vec()).unwrap();
        (String::from_utf8(message[..message.len() - body.len()].to_vec()).unwrap(), body)
    }

    pub(crate) fn ask(&mut self, line: &str, body: &str) -> (String, String) {
        self.send(line, body);
        self.receive()
    }

    /// All that still comes, and how it ends.
    pub(crate) fn rest(mut self) -> (Vec<u8>, End) {
        let mut bytes = Vec::new();
        let mut piece = [0; 4_096];
        loop {
            match self.0.read(&mut piece) {
                Ok(0) => return (bytes, End::Fin),
                Ok(read) => bytes.extend_from_slice(&piece[..read]),
                Err(error) if error.kind() == ErrorKind::ConnectionReset => return (bytes, End::Reset),
                Err(error) => panic!("after {} bytes: {error}", bytes.len()),
            }
        }
    }
}

/// Reads a message whose length is told; none where the connection ends before.
fn read_message(stream: &mut TcpStream) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut byte = [0];
    while whole(&bytes).is_none_or(|whole| bytes.len() < whole) {
        stream.read_exact(&mut byte).ok()?;
        bytes.extend_from_slice(&byte);
    }
    Some(bytes)
}

fn whole(bytes: &[u8]) -> Option<usize> {
    let head = bytes.windows(4).position(|window| window == b"\r\n\r\n")? + 4;
    let text = String::from_utf8_lossy(&bytes[..head]).into_owned();
    let length = text.lines().find_map(|line| line.strip_prefix("content-length: ").map(str::to_owned));
    Some(head + length.map_or(0, |length| length.parse::<usize>().unwrap()))
}

fn body_of(message: &[u8]) -> &[u8] {
    let head = message.windows(4).position(|window| window == b"\r\n\r\n").unwrap() + 4;
    &message[head..]
}
