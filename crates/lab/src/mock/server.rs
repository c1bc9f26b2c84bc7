//! The mock centre itself: a listener with a thread of its own.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::{Semaphore, oneshot};

use super::director::{Director, Heard};
use super::request::{Asked, Endpoint};
use super::script::{Rule, Script, ScriptError, Tls};
use super::serve::serve;

/// Connections that are served at once; more wait.
const MAX_CONNECTIONS: usize = 256;
/// How long to wait for a socket where the system has none.
const BREATH: Duration = Duration::from_millis(20);

/// Why there is no mock centre.
#[derive(Debug, thiserror::Error)]
pub enum MockError {
    /// The script cannot be followed.
    #[error(transparent)]
    Script(#[from] ScriptError),
    /// The system gave no socket or no thread.
    #[error("the mock centre cannot be set up: {0}")]
    Io(#[from] io::Error),
}

/// A mock centre; it ends when this is dropped, and every connection with it.
#[derive(Debug)]
pub struct Mock {
    address: SocketAddr,
    shared: Arc<Shared>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Mock {
    /// Sets up a mock in front of a centre, on a port of 127.0.0.1 that the system chooses.
    ///
    /// # Errors
    /// [`MockError`].
    pub fn start(upstream: Option<SocketAddr>, script: Script) -> Result<Self, MockError> {
        Self::listen((Ipv4Addr::LOCALHOST, 0).into(), upstream, script)
    }

    /// Sets up a mock that is reached at `at`.
    ///
    /// # Errors
    /// [`MockError`].
    pub fn listen(at: SocketAddr, upstream: Option<SocketAddr>, script: Script) -> Result<Self, MockError> {
        script.check()?;
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let listener = runtime.block_on(TcpListener::bind(at))?;
        let address = listener.local_addr()?;
        let state = State { tls: script.tls, director: Director::new(script.rules) };
        let shared = Arc::new(Shared { upstream, state: Mutex::new(state) });
        let (stop, stopped) = oneshot::channel();
        let inner = Arc::clone(&shared);
        let name = "mock-centre".to_owned();
        let thread = std::thread::Builder::new().name(name).spawn(move || run(runtime, listener, &inner, stopped))?;
        Ok(Self { address, shared, stop: Some(stop), thread: Some(thread) })
    }

    /// Where clients connect.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Follows another script from the next request on; what it speaks changes for new connections.
    ///
    /// # Errors
    /// [`ScriptError`], and then nothing changes.
    pub fn set(&self, script: Script) -> Result<(), ScriptError> {
        script.check()?;
        let mut state = self.shared.state();
        state.tls = script.tls;
        state.director.set(script.rules);
        Ok(())
    }

    /// How often an endpoint was asked since the beginning, whatever was answered.
    #[must_use]
    pub fn requests(&self, endpoint: Endpoint) -> u64 {
        self.shared.state().director.requests(endpoint)
    }

    /// Gives what was asked and answered since the last time, oldest first.
    #[must_use]
    pub fn take_heard(&self) -> Vec<Heard> {
        self.shared.state().director.take_heard()
    }
}

impl Drop for Mock {
    fn drop(&mut self) {
        // Dropping the sender is the sign to stop.
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            _ = thread.join();
        }
    }
}

/// What all connections share.
#[derive(Debug)]
pub(super) struct Shared {
    upstream: Option<SocketAddr>,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    tls: Tls,
    director: Director,
}

impl Shared {
    pub(super) const fn upstream(&self) -> Option<SocketAddr> {
        self.upstream
    }

    pub(super) fn tls(&self) -> Tls {
        self.state().tls
    }

    pub(super) fn meets(&self, asked: &Asked) -> Option<(usize, Rule)> {
        self.state().director.meets(asked.endpoint, &asked.method)
    }

    pub(super) fn note(&self, heard: Heard) {
        self.state().director.note(heard);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // No step under the lock leaves the state half changed.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[allow(clippy::needless_pass_by_value, reason = "the runtime ends with the thread, and all connections with it")]
fn run(runtime: Runtime, listener: TcpListener, shared: &Arc<Shared>, stopped: oneshot::Receiver<()>) {
    runtime.block_on(async {
        tokio::select! {
            () = accept(listener, shared) => {}
            _ = stopped => {}
        }
    });
}

async fn accept(listener: TcpListener, shared: &Arc<Shared>) {
    let room = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    while let Ok(permit) = Arc::clone(&room).acquire_owned().await {
        let Ok((client, _)) = listener.accept().await else {
            // The system has no more sockets for now; others have to close first.
            tokio::time::sleep(BREATH).await;
            continue;
        };
        let shared = Arc::clone(shared);
        tokio::spawn(async move {
            serve(&shared, client).await;
            drop(permit);
        });
    }
}
