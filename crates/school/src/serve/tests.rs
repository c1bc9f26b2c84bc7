#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use std::io::{Read, Write};
use std::net::TcpStream;

use super::door::Serving;
use super::{ServeFile, forward};
use crate::cli::command_of;
use crate::failure::Exit;
use crate::output::Collected;
use crate::place::Place;
use crate::service::Service;

fn serving() -> (tempfile::TempDir, Place, Serving) {
    let dir = tempfile::tempdir().unwrap();
    let place = Place::choose(Some(dir.path())).unwrap();
    let serving = Serving::start(Service::open(place.clone()).unwrap()).unwrap();
    (dir, place, serving)
}

#[test]
fn a_forwarded_command_ends_as_it_would_here() {
    let (_dir, place, _serving) = serving();
    let command = command_of(&["status"]).unwrap();
    let there = forward(&place, &command, &mut Collected::default()).expect("somebody serves").unwrap_err();
    let here = Service::open(place).unwrap().run(&command, &mut Collected::default()).unwrap_err();
    assert_eq!((there.code.as_str(), there.exit()), ("store.missing", Exit::Input));
    assert_eq!(there, here);
}

#[test]
fn nobody_is_found_when_the_service_has_ended() {
    let (_dir, place, serving) = serving();
    drop(serving);
    let command = command_of(&["status"]).unwrap();
    assert!(forward(&place, &command, &mut Collected::default()).is_none());
}

#[test]
fn without_the_token_nothing_is_answered() {
    let (_dir, place, _serving) = serving();
    let file = ServeFile::read(&place.serve()).unwrap();
    for request in [
        "POST /command HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n",
        "{\"token\":\"guess\",\"lang\":\"id\",\"command\":{\"status\":{}}}\n",
    ] {
        let mut stream = TcpStream::connect(file.address).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = Vec::new();
        // The connection may be closed with our bytes unread, which some systems report as a reset.
        let _ = stream.read_to_end(&mut answer);
        assert!(answer.is_empty());
    }
}

#[cfg(unix)]
#[test]
fn only_the_owner_may_read_where_the_service_is() {
    use std::os::unix::fs::PermissionsExt;
    let (_dir, place, _serving) = serving();
    assert_eq!(std::fs::metadata(place.serve()).unwrap().permissions().mode() & 0o777, 0o600);
}
