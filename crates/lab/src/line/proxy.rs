//! The proxy itself: a listener with a thread of its own.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::net::{TcpListener, TcpSocket};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::{Semaphore, oneshot};

use super::carry::carry;
use super::counts::Counts;
use super::ledger::Ledger;
use super::plan::{Plan, PlanError};

/// Connections that are carried at once; more wait.
const MAX_CONNECTIONS: usize = 1_024;
/// Connections that wait to be taken.
const BACKLOG: u32 = 1_024;
/// How long to wait for a socket where the system has none.
const BREATH: Duration = Duration::from_millis(20);
/// What the system takes of a sender ahead of the line: little, so that a sender is held up as by a real line.
const WINDOW: u32 = 32 << 10;

/// Why there is no line.
#[derive(Debug, thiserror::Error)]
pub enum LineError {
    /// The plan cannot be followed.
    #[error(transparent)]
    Plan(#[from] PlanError),
    /// The system gave no socket or no thread.
    #[error("the line cannot be set up: {0}")]
    Io(#[from] io::Error),
}

/// A bad line in front of an address; it ends when this is dropped, and every connection with it.
#[derive(Debug)]
pub struct Proxy {
    address: SocketAddr,
    ledger: Arc<Ledger>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Proxy {
    /// Sets up a line to `upstream` on a port of 127.0.0.1 that the system chooses.
    ///
    /// # Errors
    /// [`LineError`].
    pub fn start(upstream: SocketAddr, plan: Plan) -> Result<Self, LineError> {
        Self::listen((Ipv4Addr::LOCALHOST, 0).into(), upstream, plan)
    }

    /// Sets up a line that is reached at `at`.
    ///
    /// # Errors
    /// [`LineError`].
    pub fn listen(at: SocketAddr, upstream: SocketAddr, plan: Plan) -> Result<Self, LineError> {
        plan.check()?;
        let runtime = Builder::new_current_thread().enable_all().build()?;
        // A listener belongs to a runtime, and is bound here so that its address is known and an error is told.
        let (listener, ledger) = {
            let _inside = runtime.enter();
            (bind(at)?, Arc::new(Ledger::new(upstream, plan)))
        };
        let address = listener.local_addr()?;
        let (stop, stopped) = oneshot::channel();
        let shared = Arc::clone(&ledger);
        let name = "bad-line".to_owned();
        let thread = std::thread::Builder::new().name(name).spawn(move || run(runtime, listener, &shared, stopped))?;
        Ok(Self { address, ledger, stop: Some(stop), thread: Some(thread) })
    }

    /// Where clients connect.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What went over the line until now.
    #[must_use]
    pub fn counts(&self) -> Counts {
        self.ledger.counts()
    }

    /// Changes the line, for open connections too; numbering, marks and chance begin anew.
    ///
    /// What stands still, stalled or swallowed, stays so: its bytes do not come back.
    ///
    /// # Errors
    /// [`PlanError`], and then nothing changes.
    pub fn set(&self, plan: Plan) -> Result<(), PlanError> {
        plan.check()?;
        self.ledger.set(plan);
        Ok(())
    }

    /// Leads new connections elsewhere, for a centre that came back at another port.
    pub fn lead_to(&self, upstream: SocketAddr) {
        self.ledger.lead_to(upstream);
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        // Dropping the sender is the sign to stop.
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            _ = thread.join();
        }
    }
}

fn bind(at: SocketAddr) -> io::Result<TcpListener> {
    let socket = if at.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    socket.set_recv_buffer_size(WINDOW)?;
    socket.bind(at)?;
    socket.listen(BACKLOG)
}

#[allow(clippy::needless_pass_by_value, reason = "the runtime ends with the thread, and all connections with it")]
fn run(runtime: Runtime, listener: TcpListener, ledger: &Arc<Ledger>, stopped: oneshot::Receiver<()>) {
    runtime.block_on(async {
        tokio::select! {
            () = accept(listener, ledger) => {}
            _ = stopped => {}
        }
    });
}

async fn accept(listener: TcpListener, ledger: &Arc<Ledger>) {
    let room = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    while let Ok(permit) = Arc::clone(&room).acquire_owned().await {
        let Ok((client, _)) = listener.accept().await else {
            // The system has no more sockets for now; others have to close first.
            tokio::time::sleep(BREATH).await;
            continue;
        };
        let ledger = Arc::clone(ledger);
        tokio::spawn(async move {
            carry(ledger, client).await;
            drop(permit);
        });
    }
}
