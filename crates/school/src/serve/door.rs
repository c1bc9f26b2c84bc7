//! The loopback port: takes requests, hands them to the owner, writes the answers.

use std::collections::BTreeMap;
use std::io::{BufWriter, Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use data_encoding::HEXLOWER;
use selaras_model::Lang;

use super::house::House;
use super::{Answer, MAX_REQUEST_BYTES, Request, ServeFile};
use crate::account::same;
use crate::failure::Failure;
use crate::secret::Secret;
use crate::service::Service;
use crate::web::Served;

/// Commands of other processes at once.
const MAX_COMMANDS: usize = 32;
/// Connections at once that have not sent their request yet. For one more the one goes that has taken longest: whoever
/// sends slowly keeps nobody out.
const MAX_UNREAD: usize = 32;
/// How long a connection may take to send its whole request.
const REQUEST_TIME: Duration = Duration::from_secs(5);
/// Bytes that are read at once.
const PIECE: usize = 8 << 10;
/// How long a reader may refuse to take an event.
const WRITE_TIME: Duration = Duration::from_secs(30);

/// A service that can be reached. When this is dropped nobody finds the way any more, what runs on the line is stopped
/// where it is, and the store is closed in good order.
pub(crate) struct Serving {
    address: SocketAddr,
    file: PathBuf,
    house: House,
    pages: Option<Served>,
}

impl Serving {
    /// Gives the service to its threads and lets commands of other processes in.
    pub(crate) fn start(service: Service) -> Result<Serving, Failure> {
        let failed = |_| Failure::new("serve.port");
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, service.config().serve.port)).map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        let token = Secret::new(HEXLOWER.encode(&crate::env::random::<32>()?));
        let file = service.place().serve();
        let content = ServeFile { address, token: token.clone(), pid: std::process::id() };
        let text =
            serde_json::to_vec(&content).map_err(|_| Failure::new("internal.error").arg("place", "serve.json"))?;
        let house = House::open(service).map_err(failed)?;
        crate::platform::write_private(&file, &text).map_err(|_| Failure::new("serve.file"))?;
        let door = Door { token, house: house.clone(), unread: Arc::default(), commands: Arc::default() };
        std::thread::Builder::new().name("door".to_owned()).spawn(move || door.listen(&listener)).map_err(failed)?;
        Ok(Serving { address, file, house, pages: None })
    }

    /// Serves the pages too.
    pub(crate) fn with_pages(service: Service, lang: Lang) -> Result<Serving, Failure> {
        let (place, config) = (service.place().clone(), service.config().clone());
        // A place that nobody has set up yet is set up by its pages.
        crate::platform::create_private_dir(place.root())
            .map_err(|_| Failure::new("place.unwritable").arg("place", place.root().display()))?;
        let mut serving = Serving::start(service)?;
        serving.pages = Some(Served::start(serving.house.clone(), place, config, lang)?);
        Ok(serving)
    }

    /// Where other commands reach it.
    pub(crate) fn address(&self) -> String {
        self.address.to_string()
    }

    /// Its pages.
    pub(crate) fn pages(&self) -> Option<&Served> {
        self.pages.as_ref()
    }

    /// Serves until the process is asked to end.
    pub(crate) fn wait(&self) -> Result<(), Failure> {
        let failed = |_| Failure::new("serve.port");
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(failed)?;
        runtime.block_on(crate::platform::wait_for_end()).map_err(failed)
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.file);
        if let Some(pages) = self.pages.take() {
            pages.end();
        }
        self.house.close();
    }
}

#[derive(Clone)]
struct Door {
    token: Secret,
    house: House,
    unread: Arc<Mutex<Unread>>,
    commands: Arc<AtomicUsize>,
}

/// Connections that have not sent their request yet, by when they came.
#[derive(Default)]
struct Unread {
    last: u64,
    streams: BTreeMap<u64, TcpStream>,
}

impl Unread {
    /// Remembers a connection; the one that has taken longest is cut off where there are too many.
    fn came(&mut self, stream: &TcpStream) -> std::io::Result<u64> {
        if self.streams.len() >= MAX_UNREAD
            && let Some((_, slowest)) = self.streams.pop_first()
        {
            // Its thread finds the end of what it reads.
            let _ = slowest.shutdown(Shutdown::Both);
        }
        self.last += 1;
        self.streams.insert(self.last, stream.try_clone()?);
        Ok(self.last)
    }
}

/// A command that runs; another one may when this is dropped.
struct Running(Arc<AtomicUsize>);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Door {
    fn listen(&self, listener: &TcpListener) {
        for stream in listener.incoming() {
            let Ok(stream) = stream else { continue };
            let Ok(number) = self.unread().came(&stream) else { continue };
            let door = self.clone();
            let caller = std::thread::Builder::new().name("caller".to_owned());
            let spawned = caller.spawn(move || {
                let request = read_request(&stream);
                door.unread().streams.remove(&number);
                if let Some(request) = request {
                    door.answer(&stream, request);
                }
            });
            if spawned.is_err() {
                self.unread().streams.remove(&number);
            }
        }
    }

    fn unread(&self) -> MutexGuard<'_, Unread> {
        self.unread.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Answers one request. Whoever cannot name the token learns nothing.
    fn answer(&self, stream: &TcpStream, request: Request) {
        if !same(request.token.expose().as_bytes(), self.token.expose().as_bytes()) {
            return;
        }
        let mut writer = BufWriter::new(stream);
        let before = self.commands.fetch_add(1, Ordering::Relaxed);
        let _running = Running(Arc::clone(&self.commands));
        let answers = if before < MAX_COMMANDS { self.house.ask(request.command, request.lang) } else { None };
        let Some(answers) = answers else {
            write_answer(&mut writer, &Answer::Failed(Failure::new("store.busy")));
            return;
        };
        // Events are read to the end though nobody takes them: the command must not wait for a reader that is gone.
        let mut reached = true;
        for answer in answers {
            reached = reached && write_answer(&mut writer, &answer);
        }
    }
}

/// Reads the whole request, or nothing of one that is not here in time: the time is for all of it, not for each byte.
fn read_request(mut stream: &TcpStream) -> Option<Request> {
    let until = Instant::now() + REQUEST_TIME;
    stream.set_write_timeout(Some(WRITE_TIME)).ok()?;
    let (mut line, mut piece) = (Vec::new(), vec![0; PIECE]);
    while line.len() < MAX_REQUEST_BYTES {
        let left = until.checked_duration_since(Instant::now()).filter(|left| !left.is_zero())?;
        stream.set_read_timeout(Some(left)).ok()?;
        let read = stream.read(&mut piece).ok()?;
        let bytes = piece.get(..read)?;
        let end = bytes.iter().position(|byte| *byte == b'\n');
        line.extend_from_slice(bytes.get(..end.unwrap_or(read))?);
        if read == 0 || end.is_some() {
            break;
        }
    }
    serde_json::from_slice(&line).ok()
}

fn write_answer(writer: &mut impl Write, answer: &Answer) -> bool {
    let Ok(mut line) = serde_json::to_vec(answer) else { return false };
    line.push(b'\n');
    writer.write_all(&line).and_then(|()| writer.flush()).is_ok()
}
