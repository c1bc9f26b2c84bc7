//! Sends a command to the process that owns the store.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::time::Duration;

use super::{Answer, Request, ServeFile};
use crate::command::Command;
use crate::failure::{Failure, Outcome};
use crate::output::Output;
use crate::place::Place;

/// How long a process of this machine may take to accept a connection.
const CONNECT_TIME: Duration = Duration::from_secs(2);

/// Runs a command in the process that owns the store. `None` when there is none: nobody wrote where it is to be found,
/// or nobody who knows the token listens there any more.
pub(crate) fn forward(place: &Place, command: &Command, out: &mut dyn Output) -> Option<Result<Outcome, Failure>> {
    let file = ServeFile::read(&place.serve())?;
    let stream = TcpStream::connect_timeout(&file.address, CONNECT_TIME).ok()?;
    let request = Request { token: file.token, lang: out.lang(), command: command.clone() };
    let mut line = serde_json::to_vec(&request).ok()?;
    line.push(b'\n');
    (&stream).write_all(&line).ok()?;
    relay(&stream, out)
}

fn relay(stream: &TcpStream, out: &mut dyn Output) -> Option<Result<Outcome, Failure>> {
    let mut begun = false;
    for line in BufReader::new(stream).lines() {
        match line.ok().and_then(|line| serde_json::from_str(&line).ok()) {
            Some(Answer::Event(event)) => out.event(event),
            Some(Answer::Done(outcome)) => return Some(Ok(outcome)),
            Some(Answer::Failed(failure)) => return Some(Err(failure)),
            None => break,
        }
        begun = true;
    }
    // Silence without a single event is a stranger on that port; an end in the middle is our own process dying.
    begun.then(|| Err(Failure::new("serve.lost")))
}
