//! The two readers of a connection: what becomes of the pieces that pass.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use tokio::io::Interest;
use tokio::net::tcp::OwnedReadHalf;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep, sleep_until};

use super::double::twice;
use super::flow::{Filled, Piece, Stream};
use super::ledger::{Fate, Ledger, Met};
use super::parcel::{Ended, Parcel};
use super::plan::{Ending, Then, Way};
use super::portal;

/// Most bytes of a request that are held.
const MAX_HELD: usize = 128 << 20;
/// How often a connection that stands still looks whether its side is still there.
const LOOK: Duration = Duration::from_millis(100);

type Queue = mpsc::Sender<Parcel>;

/// Carries what the client sends.
///
/// # Errors
/// The end of the connection, where it is met here.
pub(super) async fn up(
    ledger: &Ledger,
    mut stream: Stream<'_>,
    from: &mut OwnedReadHalf,
    queues: (Queue, Queue),
) -> Result<(), Ended> {
    let (queue, back) = queues;
    let mut held = BytesMut::new();
    meet(stream.at_the_beginning(), Instant::now(), from, &queue).await?;
    loop {
        if let Some(parcel) = last(stream.fill(from).await) {
            return finish(parcel, &queue).await;
        }
        while let Some(Piece { bytes, ended, met }) = stream.next() {
            let due = ledger.due(Way::Up, bytes.len());
            sleep_until(due.sent).await;
            let fate = stream.fate();
            held.extend_from_slice(&bytes);
            if held.len() > MAX_HELD {
                return Err(Ended::Cut(Ending::Rst));
            }
            if !fate.holds() {
                send(&queue, Parcel::Bytes(due.arrives, held.split().freeze())).await;
            } else if ended {
                settle(ledger, &fate, held.split().freeze(), due.arrives, (&queue, &back)).await?;
            }
            if met.is_some() {
                stream.leave();
            }
            meet(met, due.arrives, from, &queue).await?;
        }
    }
}

/// Carries what the upstream answers.
///
/// # Errors
/// The end of the connection, where it is met here.
pub(super) async fn down(
    ledger: &Ledger,
    mut stream: Stream<'_>,
    from: &mut OwnedReadHalf,
    queue: Queue,
) -> Result<(), Ended> {
    meet(stream.at_the_beginning(), Instant::now(), from, &queue).await?;
    loop {
        if let Some(parcel) = last(stream.fill(from).await) {
            return finish(parcel, &queue).await;
        }
        while let Some(Piece { bytes, ended, met }) = stream.next() {
            let due = ledger.due(Way::Down, bytes.len());
            sleep_until(due.sent).await;
            match stream.fate().swallow {
                None => send(&queue, Parcel::Bytes(due.arrives, bytes)).await,
                Some(then) if ended => swallowed(then, due.arrives, &queue).await,
                Some(_) => {}
            }
            if met.is_some() {
                stream.leave();
            }
            meet(met, due.arrives, from, &queue).await?;
        }
    }
}

/// What follows where a socket gives no more.
fn last(filled: Filled) -> Option<Parcel> {
    let now = Instant::now();
    match filled {
        Filled::Bytes => None,
        Filled::End => Some(Parcel::End(now)),
        Filled::Reset => Some(Parcel::Ended(now, Ended::Broken)),
    }
}

async fn finish(parcel: Parcel, queue: &Queue) -> Result<(), Ended> {
    send(queue, parcel).await;
    Ok(())
}

async fn send(queue: &Queue, parcel: Parcel) {
    // Nobody takes parcels any more where the other side is gone; that end is told by whoever delivers.
    _ = queue.send(parcel).await;
}

/// Does what a place in the stream asks for.
async fn meet(met: Option<Met>, due: Instant, from: &OwnedReadHalf, queue: &Queue) -> Result<(), Ended> {
    let ended = match met {
        None => return Ok(()),
        Some(Met::Stall) => {
            stand_still(from).await;
            return Err(Ended::Broken);
        }
        Some(Met::Cut(how)) => Ended::Cut(how),
        Some(Met::HalfOpen(keeps)) => Ended::HalfOpen(keeps),
    };
    send(queue, Parcel::Ended(due, ended)).await;
    // What ends the connection is the parcel's arrival.
    std::future::pending().await
}

/// Does with a whole request what was to be done with it.
async fn settle(
    ledger: &Ledger,
    fate: &Fate,
    request: Bytes,
    due: Instant,
    (queue, back): (&Queue, &Queue),
) -> Result<(), Ended> {
    if let Some(portal) = &fate.portal {
        send(back, Parcel::Own(due, portal::answer(portal))).await;
        send(back, Parcel::Ended(due, Ended::Cut(Ending::Fin))).await;
        return std::future::pending().await;
    }
    let Some(gives) = fate.double else {
        send(queue, Parcel::Bytes(due, request)).await;
        return Ok(());
    };
    sleep_until(due).await;
    let answer = twice(ledger, &request, gives).await.map_err(|_| Ended::Cut(Ending::Rst))?;
    let due = ledger.due(Way::Down, answer.bytes.len());
    match fate.swallow {
        Some(then) => swallowed(then, due.arrives, back).await,
        None => send(back, Parcel::Bytes(due.arrives, answer.bytes)).await,
    }
    if answer.ends_with_the_connection {
        send(back, Parcel::Ended(due.arrives, Ended::Cut(Ending::Fin))).await;
    }
    Ok(())
}

async fn swallowed(then: Then, due: Instant, queue: &Queue) {
    let how = match then {
        Then::Silence => return,
        Then::Fin => Ending::Fin,
        Then::Rst => Ending::Rst,
    };
    send(queue, Parcel::Ended(due, Ended::Cut(how))).await;
}

/// Stands still until the side goes away: nothing is read, so that what it sends fills its own system's buffers.
pub(super) async fn stand_still(side: &OwnedReadHalf) {
    while let Ok(ready) = side.ready(Interest::READABLE).await {
        if ready.is_read_closed() {
            return;
        }
        sleep(LOOK).await;
    }
}
