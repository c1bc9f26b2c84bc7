//! Ways to spoil a run, so that a test can demand that the demonstration notices.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::thread;

use crate::failure::Failure;

/// How a run is spoilt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Sabotage {
    /// The centre changes a record after the last exchange: the digests of the two sides differ.
    WrongDigest,
    /// A byte of the first upload is turned over on its way: the centre cannot accept it.
    RefusedBundle,
}

/// Requests of this size hold a bundle; registration and tokens stay untouched.
const LARGE: usize = 16 << 10;
/// Which byte of a large request is turned over: behind its head, within the bundle.
const TURNED: usize = 8 << 10;

/// Listens on loopback and hands everything on to the centre; in what goes up it turns over one byte of every large
/// request. Gives the address to use instead of the centre's.
pub(super) fn crooked_line(centre: &str) -> Result<String, Failure> {
    let failed = |error: std::io::Error| Failure::new("demo.centre").arg("reason", error);
    let address = centre.trim_start_matches("http://").trim_end_matches('/').to_owned();
    let address: SocketAddr = address.parse().map_err(|_| Failure::new("demo.centre").arg("reason", centre))?;
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).map_err(failed)?;
    let own = listener.local_addr().map_err(failed)?;
    thread::Builder::new()
        .name("crooked".to_owned())
        .spawn(move || {
            for stream in listener.incoming().flatten() {
                if let Ok(centre) = TcpStream::connect(address) {
                    relay(stream, centre);
                }
            }
        })
        .map_err(failed)?;
    Ok(format!("http://{own}"))
}

fn relay(school: TcpStream, centre: TcpStream) {
    let (Ok(school_in), Ok(centre_in)) = (school.try_clone(), centre.try_clone()) else { return };
    thread::spawn(move || carry(school_in, centre, true));
    thread::spawn(move || carry(centre_in, school, false));
}

/// Carries bytes one way. Requests follow each other on one connection, with a wait between them for the answer: what
/// comes without a short read in between is one request.
fn carry(mut from: TcpStream, mut to: TcpStream, crooked: bool) {
    let mut buffer = vec![0; LARGE];
    let mut carried = 0;
    loop {
        let count = match from.read(&mut buffer) {
            Ok(0) | Err(_) => break,
            Ok(count) => count,
        };
        let Some(piece) = buffer.get_mut(..count) else { break };
        if crooked && piece.starts_with(b"POST ") {
            carried = 0;
        }
        let turned = TURNED.checked_sub(carried).and_then(|at| piece.get_mut(at));
        if let (true, Some(byte)) = (crooked, turned) {
            *byte ^= 0x20;
        }
        carried += count;
        if to.write_all(piece).is_err() {
            break;
        }
    }
    let _ = to.shutdown(Shutdown::Write);
}
