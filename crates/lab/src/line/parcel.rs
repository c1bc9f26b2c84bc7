//! What is under way between the two sides of a connection, in order.

use bytes::Bytes;
use tokio::io::AsyncWriteExt as _;
use tokio::net::tcp::OwnedWriteHalf;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until};

use super::ledger::Ledger;
use super::plan::{Ending, Keeps, Way};

/// Parcels that may be under way on one side of a connection.
pub(super) const UNDER_WAY: usize = 256;

/// Something under way.
#[derive(Debug)]
pub(super) enum Parcel {
    /// Bytes of the sender.
    Bytes(Instant, Bytes),
    /// Bytes that the proxy made itself.
    Own(Instant, Bytes),
    /// The sender sends no more.
    End(Instant),
    /// The connection ends here.
    Ended(Instant, Ended),
}

/// Why a connection does not go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ended {
    /// A fault ended it.
    Cut(Ending),
    /// A fault ended it for one side.
    HalfOpen(Keeps),
    /// One side reset it or went away.
    Broken,
}

/// Delivers parcels when they are due, to the last.
///
/// # Errors
/// The end of the connection, where a parcel brings it.
pub(super) async fn deliver(
    ledger: &Ledger,
    way: Way,
    parcels: &mut mpsc::Receiver<Parcel>,
    to: &mut OwnedWriteHalf,
) -> Result<(), Ended> {
    // A side that takes no more may still have something to say: a server answers 413 and closes.
    let mut taken = true;
    while let Some(parcel) = parcels.recv().await {
        match parcel {
            Parcel::Bytes(due, bytes) | Parcel::Own(due, bytes) if !taken => drop((due, bytes)),
            Parcel::Bytes(due, bytes) => {
                sleep_until(due).await;
                taken = write(ledger, way, false, &bytes, to).await;
            }
            Parcel::Own(due, bytes) => {
                sleep_until(due).await;
                taken = write(ledger, way, true, &bytes, to).await;
            }
            Parcel::End(due) => {
                sleep_until(due).await;
                // An error says that the other side is gone already.
                _ = to.shutdown().await;
                return Ok(());
            }
            Parcel::Ended(due, ended) => {
                sleep_until(due).await;
                return Err(ended);
            }
        }
        if !taken && way == Way::Down {
            return Err(Ended::Broken);
        }
    }
    Ok(())
}

/// Writes a piece, counting what was taken; false where the other side takes no more.
async fn write(ledger: &Ledger, way: Way, own: bool, mut bytes: &[u8], to: &mut OwnedWriteHalf) -> bool {
    while !bytes.is_empty() {
        let Ok(written @ 1..) = to.write(bytes).await else { return false };
        ledger.count(way, |passed| {
            let count = if own { &mut passed.own } else { &mut passed.forwarded };
            *count += written as u64;
        });
        bytes = bytes.get(written..).unwrap_or_default();
    }
    true
}
