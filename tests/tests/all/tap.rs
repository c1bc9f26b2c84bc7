//! A line between a school and its centre that falls silent in the middle of an answer, so that a process can be killed
//! at a moment that is known.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};

/// Carries bytes between a school and its centre.
pub(crate) struct Tap {
    pub(crate) url: String,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    /// Requests that were carried since the last [`Tap::clear`].
    requests: u32,
    silence: Option<Silence>,
}

struct Silence {
    request: u32,
    bytes: usize,
    reached: Sender<()>,
}

impl Tap {
    pub(crate) fn to(url: &str) -> Self {
        let centre = url.trim_start_matches("http://").trim_end_matches('/').to_owned();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let state = Arc::<Mutex<State>>::default();
        let shared = Arc::clone(&state);
        std::thread::spawn(move || {
            for school in listener.incoming().map_while(Result::ok) {
                let Ok(centre) = TcpStream::connect(&centre) else { continue };
                carry(school, centre, &shared);
            }
        });
        Self { url, state }
    }

    /// Begins to count anew, and carries everything.
    pub(crate) fn clear(&self) {
        *self.state.lock().unwrap() = State::default();
    }

    pub(crate) fn requests(&self) -> u32 {
        self.state.lock().unwrap().requests
    }

    /// Of the answer to a request (from 1) gives the first bytes only, and says when the centre has given more: then
    /// it has done what was asked, and the school does not know.
    pub(crate) fn silence(&self, request: u32, bytes: usize) -> Receiver<()> {
        let (reached, when) = channel();
        *self.state.lock().unwrap() = State { requests: 0, silence: Some(Silence { request, bytes, reached }) };
        when
    }
}

fn carry(school: TcpStream, centre: TcpStream, state: &Arc<Mutex<State>>) {
    let (mut from_school, mut to_centre) = (school.try_clone().unwrap(), centre.try_clone().unwrap());
    let counted = Arc::clone(state);
    std::thread::spawn(move || {
        let mut bytes = [0; 16 << 10];
        while let Ok(read @ 1..) = from_school.read(&mut bytes) {
            if [b"GET ".as_slice(), b"POST ", b"HEAD ", b"PATCH "].iter().any(|verb| bytes.starts_with(verb)) {
                counted.lock().unwrap().requests += 1;
            }
            if to_centre.write_all(&bytes[..read]).is_err() {
                break;
            }
        }
        let _ = (from_school.shutdown(Shutdown::Both), to_centre.shutdown(Shutdown::Both));
    });
    let (mut from_centre, mut to_school, state) = (centre, school, Arc::clone(state));
    std::thread::spawn(move || {
        let mut bytes = [0; 16 << 10];
        while let Ok(read @ 1..) = from_centre.read(&mut bytes) {
            let (carried, silent) = state.lock().unwrap().allow(read);
            if to_school.write_all(&bytes[..carried]).is_err() || silent {
                // The school's end stays open until the school closes it: nothing tells it that no more comes.
                return;
            }
        }
        let _ = to_school.shutdown(Shutdown::Both);
    });
}

impl State {
    /// How many of these bytes are carried, and whether nothing is any more.
    fn allow(&mut self, read: usize) -> (usize, bool) {
        let requests = self.requests;
        let Some(silence) = self.silence.as_mut().filter(|silence| silence.request <= requests) else {
            return (read, false);
        };
        if read <= silence.bytes {
            silence.bytes -= read;
            return (read, false);
        }
        let carried = std::mem::take(&mut silence.bytes);
        // Whoever waited may have gone.
        let _ = silence.reached.send(());
        (carried, true)
    }
}
