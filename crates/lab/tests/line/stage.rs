//! Raw servers behind the line and raw clients before it.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant};

use selaras_lab::line::{Counts, Plan, Proxy};

/// How long anything may take before a test gives up; no test passes because of it.
const DEADLINE: Duration = Duration::from_secs(30);

/// How a stream ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    Fin,
    Reset,
}

/// What a server saw of one connection, or of one request.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Seen {
    pub(crate) bytes: Vec<u8>,
    pub(crate) end: End,
}

/// A server behind the line.
pub(crate) struct Upstream {
    pub(crate) address: SocketAddr,
    seen: Receiver<Seen>,
}

impl Upstream {
    fn serve(work: fn(TcpStream, Sender<Seen>)) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (tell, seen) = channel();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let (stream, tell) = (stream.unwrap(), tell.clone());
                stream.set_read_timeout(Some(DEADLINE)).unwrap();
                std::thread::spawn(move || work(stream, tell));
            }
        });
        Self { address, seen }
    }

    /// Reads every connection to its end and tells what came.
    pub(crate) fn sink() -> Self {
        Self::serve(|mut stream, tell| _ = tell.send(read_to_end(&mut stream)))
    }

    /// Sends a hundred thousand bytes to whoever connects, then reads to the end.
    pub(crate) fn source() -> Self {
        Self::serve(|mut stream, tell| {
            // Whether all of it is taken is what the test is about.
            _ = stream.write_all(&pattern(100_000));
            _ = tell.send(read_to_end(&mut stream));
        })
    }

    /// Answers each request with its own body in capitals and tells the request.
    pub(crate) fn shouting() -> Self {
        Self::serve(|mut stream, tell| {
            let mut bytes = Vec::new();
            loop {
                while let Some(request) = whole_message(&bytes) {
                    let bytes_of_it: Vec<u8> = bytes.drain(..request).collect();
                    let body = body_of(&bytes_of_it).to_ascii_uppercase();
                    let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", body.len());
                    if tell.send(Seen { bytes: bytes_of_it, end: End::Fin }).is_err() {
                        return;
                    }
                    _ = stream.write_all(&[head.as_bytes(), &body].concat());
                }
                let mut piece = [0; 4_096];
                match stream.read(&mut piece) {
                    Ok(read @ 1..) => bytes.extend_from_slice(&piece[..read]),
                    _ => return,
                }
            }
        })
    }

    pub(crate) fn next(&self) -> Seen {
        self.seen.recv_timeout(DEADLINE).unwrap()
    }

    pub(crate) fn nothing_more(&self) {
        assert_eq!(self.seen.try_recv().ok(), None);
    }

    pub(crate) fn behind(&self, plan: Plan) -> Proxy {
        Proxy::start(self.address, plan).unwrap()
    }
}

/// Bytes that show where they are from.
pub(crate) fn pattern(length: usize) -> Vec<u8> {
    (0..length).map(|at| u8::try_from(at % 251).unwrap()).collect()
}

pub(crate) fn connect(proxy: &Proxy) -> TcpStream {
    let stream = TcpStream::connect(proxy.address()).unwrap();
    stream.set_read_timeout(Some(DEADLINE)).unwrap();
    stream.set_nodelay(true).unwrap();
    stream
}

/// Reads until the other side ends the connection.
pub(crate) fn read_to_end(stream: &mut TcpStream) -> Seen {
    let mut bytes = Vec::new();
    let mut piece = [0; 4_096];
    loop {
        match stream.read(&mut piece) {
            Ok(0) => return Seen { bytes, end: End::Fin },
            Ok(read) => bytes.extend_from_slice(&piece[..read]),
            Err(error) if error.kind() == ErrorKind::ConnectionReset => return Seen { bytes, end: End::Reset },
            Err(error) => panic!("after {} bytes: {error}", bytes.len()),
        }
    }
}

/// Writes what can be written; a connection that is cut midway takes less.
pub(crate) fn write_some(stream: &mut TcpStream, bytes: &[u8]) {
    _ = stream.write_all(bytes);
}

/// Writes all and says that nothing more comes.
pub(crate) fn write_and_end(stream: &mut TcpStream, bytes: &[u8]) {
    stream.write_all(bytes).unwrap();
    stream.shutdown(std::net::Shutdown::Write).unwrap();
}

pub(crate) fn post(body: &str) -> Vec<u8> {
    format!("POST /x HTTP/1.1\r\nhost: a\r\ncontent-length: {}\r\n\r\n{body}", body.len()).into_bytes()
}

/// Sends a request on an open connection and gives the body of its answer.
pub(crate) fn ask(stream: &mut TcpStream, body: &str) -> String {
    stream.write_all(&post(body)).unwrap();
    read_answer(stream)
}

/// Reads one answer and gives its body.
pub(crate) fn read_answer(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    let mut byte = [0];
    while whole_message(&bytes).is_none() {
        stream.read_exact(&mut byte).unwrap();
        bytes.extend_from_slice(&byte);
    }
    String::from_utf8(body_of(&bytes).to_vec()).unwrap()
}

/// The length of the message at the beginning, once all of it is there.
fn whole_message(bytes: &[u8]) -> Option<usize> {
    let head = bytes.windows(4).position(|window| window == b"\r\n\r\n")? + 4;
    let text = String::from_utf8_lossy(&bytes[..head]);
    let length = text.lines().find_map(|line| line.strip_prefix("content-length: "));
    let whole = head + length.map_or(0, |length| length.parse::<usize>().unwrap());
    (bytes.len() >= whole).then_some(whole)
}

fn body_of(message: &[u8]) -> &[u8] {
    let head = message.windows(4).position(|window| window == b"\r\n\r\n").unwrap() + 4;
    &message[head..]
}

/// Waits until the counts are as wanted.
#[track_caller]
pub(crate) fn counted(proxy: &Proxy, wanted: impl Fn(&Counts) -> bool) -> Counts {
    let begin = Instant::now();
    loop {
        let counts = proxy.counts();
        if wanted(&counts) {
            return counts;
        }
        assert!(begin.elapsed() < DEADLINE, "{counts:?}");
        std::thread::sleep(Duration::from_millis(5));
    }
}
