//! The loopback port: takes requests, hands them to the owner, writes the answers.

use std::io::{BufRead, BufReader, BufWriter, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use data_encoding::HEXLOWER;
use selaras_model::Lang;

use super::house::House;
use super::{Answer, MAX_REQUEST_BYTES, Request, ServeFile};
use crate::account::same;
use crate::failure::Failure;
use crate::secret::Secret;
use crate::service::Service;
use crate::web::Served;

/// Connections at once.
const MAX_CONNECTIONS: usize = 32;
/// How long a connection may take to send its request.
const REQUEST_TIME: Duration = Duration::from_secs(5);
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
        let door = Door { token, house: house.clone(), connections: Arc::default() };
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
    connections: Arc<AtomicUsize>,
}

impl Door {
    fn listen(&self, listener: &TcpListener) {
        for stream in listener.incoming() {
            let Ok(stream) = stream else { continue };
            if self.connections.fetch_add(1, Ordering::Relaxed) >= MAX_CONNECTIONS {
                self.connections.fetch_sub(1, Ordering::Relaxed);
                continue;
            }
            let door = self.clone();
            let spawned = std::thread::Builder::new().name("caller".to_owned()).spawn(move || {
                door.answer(&stream);
                door.connections.fetch_sub(1, Ordering::Relaxed);
            });
            if spawned.is_err() {
                self.connections.fetch_sub(1, Ordering::Relaxed);
            }
        }
    }

    /// Answers one request. Whoever cannot name the token learns nothing.
    fn answer(&self, stream: &TcpStream) {
        let Some(request) = read_request(stream) else { return };
        if !same(request.token.expose().as_bytes(), self.token.expose().as_bytes()) {
            return;
        }
        let mut writer = BufWriter::new(stream);
        let Some(answers) = self.house.ask(request.command, request.lang) else {
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

fn read_request(stream: &TcpStream) -> Option<Request> {
    stream.set_read_timeout(Some(REQUEST_TIME)).ok()?;
    stream.set_write_timeout(Some(WRITE_TIME)).ok()?;
    let mut line = Vec::new();
    BufReader::new(stream.take(MAX_REQUEST_BYTES)).read_until(b'\n', &mut line).ok()?;
    serde_json::from_slice(&line).ok()
}

fn write_answer(writer: &mut impl Write, answer: &Answer) -> bool {
    let Ok(mut line) = serde_json::to_vec(answer) else { return false };
    line.push(b'\n');
    writer.write_all(&line).and_then(|()| writer.flush()).is_ok()
}
