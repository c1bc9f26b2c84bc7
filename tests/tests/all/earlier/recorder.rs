//! Stands between a school and its centre, and keeps what they say; it may lose a request or an answer, and say what an
//! earlier version said instead of what it hears.

use std::collections::VecDeque;
use std::io::Write as _;
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use super::message::Message;

/// A request and its answer.
pub(crate) type Exchange = (Message, Message);

/// What is lost of an exchange.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lost {
    Request,
    Answer,
}

#[derive(Default)]
struct State {
    leads_to: String,
    heard: Vec<Exchange>,
    lost: Option<Lost>,
    instead: VecDeque<Message>,
    /// What is put behind every answer of records, beneath its compression.
    more: Vec<u8>,
}

pub(crate) struct Recorder {
    pub(crate) url: String,
    state: Arc<Mutex<State>>,
}

impl Recorder {
    pub(crate) fn to(url: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        // Five digits always, so that one address can be written in another's place.
        let url_here = format!("http://127.0.0.1:{:05}", listener.local_addr().unwrap().port());
        let state = Arc::<Mutex<State>>::default();
        let shared = Arc::clone(&state);
        std::thread::spawn(move || {
            for school in listener.incoming().map_while(Result::ok) {
                let shared = Arc::clone(&shared);
                std::thread::spawn(move || carry(school, &shared));
            }
        });
        let recorder = Self { url: url_here, state };
        recorder.lead_to(url);
        recorder
    }

    /// From now on another centre answers.
    pub(crate) fn lead_to(&self, url: &str) {
        self.state.lock().unwrap().leads_to = url.trim_start_matches("http://").to_owned();
    }

    /// From now on something of every exchange of records is lost, or nothing.
    pub(crate) fn lose(&self, lost: Option<Lost>) {
        self.state.lock().unwrap().lost = lost;
    }

    /// Of the next exchanges of records these requests are sent, under the session of those that come.
    pub(crate) fn say_instead(&self, requests: impl IntoIterator<Item = Message>) {
        self.state.lock().unwrap().instead.extend(requests);
    }

    /// From now on these bytes stand behind every answer to an exchange of records.
    pub(crate) fn add_to_answers(&self, more: Vec<u8>) {
        self.state.lock().unwrap().more = more;
    }

    /// How many of them were not said.
    pub(crate) fn unsaid(&self) -> usize {
        self.state.lock().unwrap().instead.len()
    }

    /// What was heard since the last call.
    pub(crate) fn heard(&self) -> Vec<Exchange> {
        std::mem::take(&mut self.state.lock().unwrap().heard)
    }
}

/// Carries one request and its answer; the connection ends behind it.
fn carry(mut school: TcpStream, state: &Mutex<State>) {
    let Some(mut request) = Message::read(&school, false) else { return };
    let of_records = request.path().ends_with("/sync");
    let (leads_to, lost, instead, more) = {
        let mut state = state.lock().unwrap();
        let instead = if of_records { state.instead.pop_front() } else { None };
        (state.leads_to.clone(), state.lost.filter(|_| of_records), instead, state.more.clone())
    };
    if let Some(instead) = &instead {
        assert_eq!(instead.start, request.start);
        request = instead.clone().with("authorization", request.head("authorization").unwrap());
    }
    if lost == Some(Lost::Request) {
        return;
    }
    let Some(mut answer) = ask(&leads_to, &request) else { return };
    if let Some(instead) = instead.filter(|_| answer.status() == 401) {
        // The session has ended; under a new one it is said again.
        state.lock().unwrap().instead.push_front(instead);
    }
    if !more.is_empty() && of_records && answer.status() == 200 {
        let open = zstd::stream::decode_all(answer.body.as_slice()).unwrap();
        answer.body = zstd::bulk::compress(&[open, more].concat(), 3).unwrap();
    }
    let bytes = answer.bytes();
    // Before the school hears it, so that whoever waited for its command finds all that it said.
    state.lock().unwrap().heard.push((request, answer));
    if lost.is_none() {
        // A school that was killed hears nothing any more.
        let _ = school.write_all(&bytes);
    }
}

/// Sends a request to a centre and gives its answer.
pub(crate) fn ask(address: &str, request: &Message) -> Option<Message> {
    let mut centre = TcpStream::connect(address).ok()?;
    // A refusal may come while a body is still being sent.
    let _ = centre.write_all(&request.clone().with("host", "x").bytes());
    Message::read(&centre, request.method() == "HEAD")
}
