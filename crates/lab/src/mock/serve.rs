//! One connection of a client, request after request.

use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};

use super::act::{After, write};
use super::answer::Answer;
use super::director::Heard;
use super::request::Asked;
use super::script::{Act, Rule, Tls};
use super::server::Shared;
use super::upstream;
use crate::http::{Scan, Sort};
use crate::tls::someone_else;

/// Most bytes of a request that are held.
const MAX_HELD: usize = 128 << 20;
/// How long a client that was told of the end may take to close, so that no reset overtakes what was written.
const LINGER: Duration = Duration::from_secs(2);

/// Serves a connection to its end.
pub(super) async fn serve(shared: &Shared, client: TcpStream) {
    // An error says that the client is gone; that is seen soon enough.
    _ = client.set_nodelay(true);
    match shared.tls() {
        Tls::None => {
            let mut client = client;
            let after = talk(shared, &mut client).await;
            part(client, after).await;
        }
        Tls::SomeoneElse => {
            // A client that does not take the certificate ends here, as it should.
            let Ok(mut tls) = someone_else(client).await else { return };
            let after = talk(shared, &mut tls).await;
            if after == After::Close {
                _ = tls.shutdown().await;
            }
            part(tls.into_inner().0, after).await;
        }
    }
}

/// Ends a connection as it is to end.
async fn part(mut client: TcpStream, after: After) {
    match after {
        After::Reset => {
            // Where the option cannot be set the client sees an ordinary end.
            _ = client.set_zero_linger();
        }
        After::Silence => drain(&mut client).await,
        After::GoOn | After::Close => {
            if client.shutdown().await.is_ok() {
                // Whoever does not close in time is closed upon.
                _ = timeout(LINGER, drain(&mut client)).await;
            }
        }
    }
}

async fn drain(client: &mut TcpStream) {
    let mut bytes = vec![0; 16 << 10];
    while let Ok(1..) = client.read(&mut bytes).await {}
}

async fn talk(shared: &Shared, client: &mut (impl AsyncRead + AsyncWrite + Unpin)) -> After {
    let mut scan = Scan::new(Sort::Request);
    let mut ahead = Vec::new();
    loop {
        let Some(asked) = next(client, &mut scan, &mut ahead).await else { return After::Close };
        let after = answer(shared, &asked, client).await;
        if after != After::GoOn {
            return after;
        }
    }
}

/// Reads the next whole request; none where there is none, or where it is not HTTP.
async fn next(
    client: &mut (impl AsyncRead + AsyncWrite + Unpin),
    scan: &mut Scan,
    ahead: &mut Vec<u8>,
) -> Option<Asked> {
    let mut bytes = Vec::new();
    let mut piece = vec![0; 64 << 10];
    loop {
        let taken = scan.take(ahead);
        bytes.extend(ahead.drain(..taken.len));
        if scan.opaque() || bytes.len() > MAX_HELD {
            return None;
        }
        if taken.ended {
            return Some(Asked::new(scan.head(), bytes));
        }
        if taken.head && scan.head().header("expect").is_some() {
            client.write_all(b"HTTP/1.1 100 Continue\r\n\r\n").await.ok()?;
            client.flush().await.ok()?;
        }
        let read = client.read(&mut piece).await.ok().filter(|read| *read > 0)?;
        ahead.extend_from_slice(piece.get(..read)?);
    }
}

async fn answer(shared: &Shared, asked: &Asked, client: &mut (impl AsyncWrite + Unpin)) -> After {
    let met = shared.meets(asked);
    let rule = met.as_ref().map(|(number, _)| *number);
    let Rule { delay_ms, works, act, .. } = met.map_or_else(Rule::none, |(_, rule)| rule);
    let reaches = works || act.changes_the_centres();
    let own = if reaches { Some(upstream::ask(shared.upstream(), asked).await) } else { None };
    let said = Answer::scripted(&act).or(own).unwrap_or_else(|| Answer::nobody(501));
    sleep(Duration::from_millis(delay_ms)).await;
    let status = Some(said.status).filter(|_| !matches!(act, Act::Lost { .. } | Act::Cut { .. }));
    // Noted first, so that whoever has the answer finds it noted.
    shared.note(Heard { endpoint: asked.endpoint, method: asked.method.clone(), status, rule });
    write(&act, said, asked, client).await
}
