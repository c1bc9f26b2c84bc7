//! The loopback door, by which commands of other processes reach the one that owns the store, is not kept shut by whoever
//! sends slowly (fault 31).

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::time::Duration;

use serde_json::Value;

use super::pages_stand::code;
use crate::pages::browser::Browser;
use crate::pages::school::{School, id_of};

/// Connections that the door takes at once.
const PLACES: usize = 32;
/// How long a slow sender waits between two bytes: less than the door waits for the next one.
const GAP: Duration = Duration::from_secs(1);
/// Bytes that a slow sender sends: the door's time for a request has long passed by then.
const BYTES: usize = 20;

fn door(school: &School) -> SocketAddr {
    let text = std::fs::read(school.computer.data.join("serve.json")).unwrap();
    let told: Value = serde_json::from_slice(&text).unwrap();
    told["address"].as_str().unwrap().parse().unwrap()
}

/// Whether a connection is still open when the gap is over; one that is cut off ends at once.
fn is_open(stream: &mut TcpStream) -> bool {
    stream.set_read_timeout(Some(GAP)).unwrap();
    match stream.read(&mut [0; 1]) {
        Ok(read) => read > 0,
        Err(error) => matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut),
    }
}

/// The time for a request is counted anew with each byte.
#[test]
fn fault_31_a_sender_that_drips_is_cut_off() {
    let school = School::with_a_days_work();
    let mut slow = TcpStream::connect(door(&school)).unwrap();
    let open = (0..BYTES).all(|_| slow.write_all(b" ").is_ok() && is_open(&mut slow));
    assert!(!open, "{BYTES} bytes in as many seconds are no request");
}

/// Takes every place of the door and drips; each round waits to be heard of, and the last one ends when nobody listens any
/// more, so that the places are taken as long as somebody tries to get in.
fn drip(address: SocketAddr, rounds: &SyncSender<()>) {
    let mut slow: Vec<TcpStream> = (0..PLACES).map(|_| TcpStream::connect(address).unwrap()).collect();
    for _ in 0..BYTES {
        for stream in &mut slow {
            // Whoever was cut off already sends nothing more.
            let _ = stream.write_all(b" ");
        }
        if rounds.send(()).is_err() {
            return;
        }
        // Paced by the first of them, or at once where it was cut off.
        if let Some(first) = slow.first_mut() {
            is_open(first);
        }
    }
}

/// Tries a command again and again while others drip; says whether it ever got in.
fn gets_in(school: &School, arguments: &[&str]) -> bool {
    let (rounds, told) = sync_channel(0);
    let address = door(school);
    std::thread::scope(|scope| {
        scope.spawn(move || drip(address, &rounds));
        told.into_iter().take(BYTES - 1).any(|()| code(&school.computer, arguments, &[]) == "done")
    })
}

/// Thirty-two such senders hold all places: a command finds the store in use, for as long as they like.
#[test]
fn fault_31_a_command_gets_in_though_every_place_was_taken_by_slow_senders() {
    let school = School::with_a_days_work();
    assert!(gets_in(&school, &["status"]));
}

/// The same for a command that changes something.
#[test]
fn fault_31_an_edit_gets_in_though_every_place_was_taken_by_slow_senders() {
    let school = School::with_a_days_work();
    let room = id_of(&school.computer, "ruang", 0);
    assert!(gets_in(&school, &["edit", "ruang", &room, "kapasitas=30"]));
}

/// Whoever falls silent is cut off.
#[test]
fn fault_31_a_sender_that_falls_silent_is_cut_off() {
    let school = School::with_a_days_work();
    let mut silent = TcpStream::connect(door(&school)).unwrap();
    silent.write_all(b"{").unwrap();
    assert!(!(0..BYTES).all(|_| is_open(&mut silent)));
}

/// Another protocol has other clocks, or none: the pages speak one.
#[test]
fn fault_31_the_pages_speak_no_protocol_without_our_clocks() {
    let school = School::with_a_days_work();
    let mut stream = TcpStream::connect(Browser::new(&school.serving.pages).address).unwrap();
    stream.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0").unwrap();
    let mut answer = Vec::new();
    // The connection may end with our bytes unread, which is a reset.
    let _ = stream.read_to_end(&mut answer);
    assert!(answer.is_empty() || answer.starts_with(b"HTTP/1.1 4"), "{answer:?}");
}
