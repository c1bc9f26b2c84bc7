//! The school's application in the browser: pages made here, served on this computer.
//!
//! Every page works without script; a little script of our own adds live progress, looking things up while typing and
//! checking a field when it is left. Nothing is fetched from anywhere else. Who asks is decided by [`visit`], what may
//! come in at all by [`guard`]; pages are read beside the store's threads ([`crate::serve::House`]), and everything that
//! changes something is a [`crate::Command`], as on the command line.

mod address;
mod answer;
mod assets;
mod beside;
mod connections;
mod forms;
mod frame;
mod glance;
mod guard;
mod input;
mod later;
mod page;
mod parts;
mod places;
mod rights;
mod session;
mod settings;
mod undo;
mod value;
mod visit;
mod way;

pub(crate) use beside::Beside;

use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::from_fn_with_state;
use selaras_model::Lang;

use crate::config::Config;
use crate::failure::Failure;
use crate::place::Place;
use crate::serve::House;
use session::Sessions;
use way::{Certificate, Listening, Way};

/// The largest form: a pasted class, a certificate.
const MAX_BODY: usize = 1 << 20;
/// Threads that wait for the store.
const READERS: usize = 8;

/// What the pages share.
pub(crate) struct Web {
    pub(crate) house: House,
    pub(crate) sessions: Sessions,
    pub(crate) shelf: undo::Shelf,
    pub(crate) places: places::Places,
    pub(crate) place: Place,
    pub(crate) config: Config,
    /// The language of somebody who has chosen none.
    pub(crate) lang: Lang,
    /// Whether there is known to be a store, so that nobody needs to ask the desk.
    installed: AtomicBool,
    runtime: tokio::runtime::Handle,
    /// The way in from other computers, while it is open.
    others: Mutex<Option<Listening>>,
}

/// Pages that are served until this is dropped.
pub(crate) struct Served {
    web: Arc<Web>,
    loopback: Listening,
    runtime: tokio::runtime::Runtime,
}

impl Served {
    /// Serves pages on this computer, and to others where that is switched on.
    pub(crate) fn start(house: House, place: Place, config: Config, lang: Lang) -> Result<Served, Failure> {
        let failed = |_| Failure::new("serve.port");
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .max_blocking_threads(READERS)
            .enable_all()
            .build()
            .map_err(failed)?;
        let listener = way::loopback(config.serve.web_port)?;
        let port = listener.local_addr().map_err(failed)?.port();
        let web = Arc::new(Web {
            house,
            sessions: Sessions::default(),
            shelf: undo::Shelf::default(),
            places: places::Places::default(),
            place,
            config,
            lang,
            installed: AtomicBool::new(false),
            runtime: runtime.handle().clone(),
            others: Mutex::default(),
        });
        let way = Way { tls: false, port, names: Vec::new().into() };
        let loopback = way::serve(runtime.handle(), listener, None, web.router(way))?;
        if let Err(failure) = web.follow_settings() {
            // People at this computer go on working; the page of settings says what is the matter.
            tracing::error!(code = failure.code, "other computers cannot reach the pages");
        }
        // Made with the installation, so that its fingerprint is known before anybody else comes in.
        if let Err(failure) = Certificate::provide(&web.place, &web.config.serve.names) {
            tracing::error!(code = failure.code, "there is no certificate for other computers");
        }
        web.count_in_background();
        web.go_on_by_schedule();
        Ok(Served { web, loopback, runtime })
    }

    /// Where the pages are.
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.loopback.address)
    }

    /// A link that lets an account in once.
    pub(crate) fn invitation(&self, account: &str) -> Result<String, Failure> {
        Ok(format!("{}/masuk/{}", self.url(), self.web.sessions.invite(account)?.expose()))
    }

    /// Ends the pages; what they began in the store is ended by its own threads.
    pub(crate) fn end(self) {
        self.web.close_to_others();
        drop(self.loopback);
        self.runtime.shutdown_timeout(std::time::Duration::from_secs(2));
    }
}

impl Web {
    fn router(self: &Arc<Self>, way: Way) -> Router {
        page::routes()
            .layer(DefaultBodyLimit::max(MAX_BODY))
            .layer(from_fn_with_state(way, guard::guard))
            .with_state(Arc::clone(self))
    }

    /// Opens or closes the way in from other computers, as the settings say.
    pub(crate) fn follow_settings(self: &Arc<Self>) -> Result<(), Failure> {
        let opens = self.house.read(|reading| Ok(settings::Settings::load(&reading.open)?.opens(&reading.open)));
        match opens {
            Err(failure) if failure.code == "store.missing" => Ok(()),
            opens => self.open_to_others(opens?),
        }
    }

    /// Opens or closes the way in from other computers.
    pub(crate) fn open_to_others(self: &Arc<Self>, opens: bool) -> Result<(), Failure> {
        let mut others = self.others.lock().unwrap_or_else(PoisonError::into_inner);
        if !opens {
            *others = None;
            return Ok(());
        }
        if others.is_some() {
            return Ok(());
        }
        let certificate = self.certificate()?;
        let listener = way::everywhere(self.config.serve.others_port)?;
        let port = listener.local_addr().map_err(|_| Failure::new("serve.port"))?.port();
        let way = Way { tls: true, port, names: self.config.serve.names.clone().into() };
        *others = Some(way::serve(&self.runtime, listener, Some(certificate.tls()), self.router(way))?);
        Ok(())
    }

    /// Counts what lists and charts show, beside the pages.
    pub(crate) fn count_in_background(&self) {
        let due = self.house.read(|reading| Ok(reading.beside.has_to_count(&reading.open)));
        if !matches!(due, Ok(true)) {
            return;
        }
        let house = self.house.clone();
        let counting = std::thread::Builder::new().name("count".to_owned());
        // Without the thread, or the store, the pages show what they know.
        let _ = counting.spawn(move || house.read(|reading| reading.beside.count_all(&reading.open)));
    }

    /// What was approved and waits for its window goes on waiting when the program was started anew.
    fn go_on_by_schedule(&self) {
        let found = self.house.read(|reading| {
            let bundle = later::waiting(&reading.open)?;
            Ok(bundle.zip(settings::Settings::load(&reading.open)?.window))
        });
        if let Ok(Some((bundle, window))) = found {
            let sync = crate::command::Command::Sync(crate::command::sync::Sync::default());
            let errand = crate::serve::Errand::in_background(sync, self.lang);
            let _ = self.house.line().begin_later(errand, bundle, window, self.config.line.at_spread_seconds);
        }
    }

    /// The certificate of this computer.
    pub(crate) fn certificate(&self) -> Result<Certificate, Failure> {
        Certificate::of(&self.place, &self.config.serve.names)
    }

    /// Where other computers reach the pages, while they do.
    pub(crate) fn others_url(&self) -> Option<String> {
        let others = self.others.lock().unwrap_or_else(PoisonError::into_inner);
        let port = others.as_ref()?.address.port();
        let name = way::own_address().map_or_else(|| "…".to_owned(), |address| address.to_string());
        Some(format!("https://{name}:{port}"))
    }

    fn close_to_others(&self) {
        *self.others.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}
