//! One connection from its beginning to its end.

use std::io;
use std::net::Ipv4Addr;
use std::sync::Arc;

use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;

use super::close::{part, reset};
use super::flow::{Filled, Stream, Turns};
use super::ledger::{Ledger, Whole};
use super::parcel::{Ended, Parcel, UNDER_WAY, deliver};
use super::plan::Way;
use super::read;
use crate::tls::someone_else;

/// Carries a connection.
pub(super) async fn carry(ledger: Arc<Ledger>, client: TcpStream) {
    let connection = ledger.connected();
    let whole = ledger.whole(connection);
    // An error says that the client is gone; that is seen soon enough.
    _ = client.set_nodelay(true);
    if whole.contains(&Whole::BlackHole) {
        return swallow(&ledger, connection, client).await;
    }
    if whole.contains(&Whole::Intercept) {
        // A client that does not take the certificate ends here, as it should.
        _ = intercept(&ledger, connection, client).await;
        return;
    }
    plain(&ledger, connection, client).await;
}

async fn plain(ledger: &Ledger, connection: u64, client: TcpStream) {
    if ledger.is_behind_a_portal(connection) {
        return portal(ledger, connection, client).await;
    }
    let Ok(upstream) = TcpStream::connect(ledger.upstream()).await else {
        ledger.unreached();
        return reset(client);
    };
    _ = upstream.set_nodelay(true);
    both(ledger, connection, client, upstream).await;
}

/// Carries both ways until both are done or something ends them.
async fn both(ledger: &Ledger, connection: u64, client: TcpStream, upstream: TcpStream) {
    let turns = Turns::default();
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_upstream, mut to_upstream) = upstream.into_split();
    let (up, mut ups) = mpsc::channel(UNDER_WAY);
    let (down, mut downs) = mpsc::channel(UNDER_WAY);
    let requests = Stream::new(ledger, Way::Up, connection, &turns);
    let answers = Stream::new(ledger, Way::Down, connection, &turns);
    let ended = tokio::select! {
        biased;
        carried = async { tokio::try_join!(
            read::up(ledger, requests, &mut from_client, (up, down.clone())),
            deliver(ledger, Way::Up, &mut ups, &mut to_upstream),
            read::down(ledger, answers, &mut from_upstream, down),
            deliver(ledger, Way::Down, &mut downs, &mut to_client),
        ) } => match carried {
            Ok(_) => return,
            Err(ended) => ended,
        },
        how = ledger.time_is_up(connection) => Ended::Cut(how),
    };
    if ended != Ended::Broken {
        ledger.cut();
    }
    if let (Ok(client), Ok(upstream)) = (from_client.reunite(to_client), from_upstream.reunite(to_upstream)) {
        part(ledger, ended, client, Some(upstream)).await;
    }
}

/// Answers in the upstream's place.
async fn portal(ledger: &Ledger, connection: u64, client: TcpStream) {
    let (mut from_client, mut to_client) = client.into_split();
    let (up, mut ups) = mpsc::channel::<Parcel>(UNDER_WAY);
    let (down, mut downs) = mpsc::channel(UNDER_WAY);
    let requests = Stream::new(ledger, Way::Up, connection, &Turns::default());
    let nowhere = async {
        while ups.recv().await.is_some() {}
        Ok(())
    };
    let ended = tokio::select! {
        carried = async { tokio::try_join!(
            read::up(ledger, requests, &mut from_client, (up, down)),
            nowhere,
            deliver(ledger, Way::Down, &mut downs, &mut to_client),
        ) } => carried.err().unwrap_or(Ended::Broken),
        how = ledger.time_is_up(connection) => Ended::Cut(how),
    };
    if let Ok(client) = from_client.reunite(to_client) {
        part(ledger, ended, client, None).await;
    }
}

/// Takes everything in until the client goes away.
async fn swallow(ledger: &Ledger, connection: u64, client: TcpStream) {
    let (mut from_client, _open) = client.into_split();
    let mut requests = Stream::new(ledger, Way::Up, connection, &Turns::default());
    while requests.fill(&mut from_client).await == Filled::Bytes {
        while let Some(piece) = requests.next() {
            let due = ledger.due(Way::Up, piece.bytes.len());
            tokio::time::sleep_until(due.sent).await;
        }
    }
}

/// Ends TLS with somebody else's certificate and carries what is in it like any connection.
async fn intercept(ledger: &Ledger, connection: u64, client: TcpStream) -> io::Result<()> {
    let mut tls = someone_else(client).await?;
    let between = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let (inner, accepted) = tokio::join!(TcpStream::connect(between.local_addr()?), between.accept());
    let (mut inner, (outer, _)) = (inner?, accepted?);
    let (copied, ()) = tokio::join!(copy_bidirectional(&mut tls, &mut inner), plain(ledger, connection, outer));
    copied.map(|_| ())
}
