//! How the two sides of a connection part.

use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::ledger::Ledger;
use super::parcel::Ended;
use super::plan::{Ending, Keeps, Way};
use super::read::stand_still;

/// How long a side that was told of the end may take to close, so that no reset overtakes what was delivered.
const LINGER: Duration = Duration::from_secs(2);
/// Most bytes that are thrown away meanwhile.
const LINGER_BYTES: usize = 256 << 10;

/// Ends a connection as it ended.
pub(super) async fn part(ledger: &Ledger, ended: Ended, client: TcpStream, upstream: Option<TcpStream>) {
    match ended {
        Ended::Cut(Ending::Fin) => {
            let upstream = async { farewell_if(ledger, Way::Down, upstream).await };
            tokio::join!(farewell(ledger, Way::Up, client), upstream);
        }
        Ended::Cut(Ending::Rst) => {
            reset(client);
            farewell_if(ledger, Way::Down, upstream).await;
        }
        Ended::Cut(Ending::RstBoth) | Ended::Broken => {
            reset(client);
            upstream.into_iter().for_each(reset);
        }
        Ended::HalfOpen(Keeps::Client) => {
            tokio::join!(keep(client), farewell_if(ledger, Way::Down, upstream));
        }
        Ended::HalfOpen(Keeps::Upstream) => {
            let upstream = async {
                if let Some(upstream) = upstream {
                    keep(upstream).await;
                }
            };
            tokio::join!(farewell(ledger, Way::Up, client), upstream);
        }
    }
}

/// Resets a connection.
pub(super) fn reset(side: TcpStream) {
    // Where the option cannot be set the side sees an ordinary end.
    _ = side.set_zero_linger();
    drop(side);
}

async fn farewell_if(ledger: &Ledger, way: Way, side: Option<TcpStream>) {
    if let Some(side) = side {
        farewell(ledger, way, side).await;
    }
}

/// Says that nothing more comes and waits a little for the other to close.
async fn farewell(ledger: &Ledger, way: Way, mut side: TcpStream) {
    if side.shutdown().await.is_err() {
        return;
    }
    let mut thrown = 0;
    let mut bytes = vec![0; 16 << 10];
    let drain = async {
        while let Ok(read @ 1..) = side.read(&mut bytes).await {
            thrown += read;
            if thrown > LINGER_BYTES {
                return;
            }
        }
    };
    // Whoever does not close in time is closed upon.
    _ = timeout(LINGER, drain).await;
    ledger.count(way, |passed| passed.left += thrown as u64);
}

async fn keep(side: TcpStream) {
    let (reading, writing) = side.into_split();
    stand_still(&reading).await;
    drop(writing);
}
