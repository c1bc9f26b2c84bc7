//! A request that is delivered twice, as by a proxy that tries again.

use std::io;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::ledger::Ledger;
use super::plan::{Way, Which};
use crate::http::{Scan, Sort};

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(120);
/// Most bytes of an answer that are kept.
const MAX_ANSWER: usize = 128 << 20;

/// A whole answer as it came.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) bytes: Bytes,
    /// It said no length: the connection's end is its end.
    pub(super) ends_with_the_connection: bool,
}

/// Delivers a request twice, the second time after the first was answered; gives one of the answers.
///
/// # Errors
/// Of the connections, or of an upstream that does not answer.
pub(super) async fn twice(ledger: &Ledger, request: &[u8], gives: Which) -> io::Result<Answer> {
    let first = deliver(ledger, request).await?;
    ledger.count(Way::Up, |up| up.forwarded += request.len() as u64);
    let second = deliver(ledger, request).await?;
    ledger.count(Way::Up, |up| up.own += request.len() as u64);
    ledger.count(Way::Down, |down| down.read += (first.bytes.len() + second.bytes.len()) as u64);
    Ok(match gives {
        Which::First => first,
        Which::Second => second,
    })
}

async fn deliver(ledger: &Ledger, request: &[u8]) -> io::Result<Answer> {
    let work = async {
        let mut upstream = TcpStream::connect(ledger.upstream()).await?;
        upstream.write_all(request).await?;
        answer(&mut upstream, request.starts_with(b"HEAD ")).await
    };
    tokio::time::timeout(PATIENCE, work).await.map_err(|_| io::Error::from(io::ErrorKind::TimedOut))?
}

/// Reads one whole answer, those before it (100 Continue) included.
async fn answer(upstream: &mut TcpStream, bodiless: bool) -> io::Result<Answer> {
    let mut scan = Scan::new(Sort::Answer);
    scan.expect_no_body(bodiless);
    let (mut bytes, mut scanned) = (BytesMut::new(), 0);
    loop {
        if bytes.len() > MAX_ANSWER {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        let read = upstream.read_buf(&mut bytes).await?;
        while let Some(rest) = bytes.get(scanned..).filter(|rest| !rest.is_empty()) {
            let taken = scan.take(rest);
            scanned += taken.len;
            if taken.ended && !scan.interim() {
                bytes.truncate(scanned);
                return Ok(Answer { bytes: bytes.freeze(), ends_with_the_connection: false });
            }
        }
        if read == 0 {
            let whole = scan.ends_with_the_connection() && !bytes.is_empty();
            return if whole {
                Ok(Answer { bytes: bytes.freeze(), ends_with_the_connection: true })
            } else {
                Err(io::ErrorKind::UnexpectedEof.into())
            };
        }
    }
}
