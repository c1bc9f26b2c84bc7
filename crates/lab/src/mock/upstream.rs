//! The real centre behind: one connection for each request, so that none hangs on another.

use std::io;
use std::net::SocketAddr;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::answer::Answer;
use super::request::Asked;
use crate::http::{Scan, Sort};

/// Most bytes of an answer that are held.
const MAX_HELD: usize = 256 << 20;

/// Asks the centre behind; whoever does not answer is told as a gateway tells it.
pub(super) async fn ask(upstream: Option<SocketAddr>, asked: &Asked) -> Answer {
    let Some(address) = upstream else { return Answer::nobody(501) };
    exchange(address, asked).await.unwrap_or_else(|_| Answer::nobody(502))
}

async fn exchange(address: SocketAddr, asked: &Asked) -> io::Result<Answer> {
    let mut stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    let (mut reading, mut writing) = stream.split();
    // A centre that answers before it has read all says something too.
    let (_, answer) = tokio::join!(writing.write_all(&asked.bytes), receive(&mut reading, asked.by_head));
    answer
}

async fn receive(from: &mut tokio::net::tcp::ReadHalf<'_>, by_head: bool) -> io::Result<Answer> {
    let mut scan = Scan::collecting(Sort::Answer);
    scan.expect_no_body(by_head);
    let mut body = Vec::new();
    let mut piece = vec![0; 64 << 10];
    loop {
        let read = from.read(&mut piece).await?;
        if read == 0 {
            return if scan.ends_with_the_connection() && !scan.opaque() {
                Ok(Answer::come(scan.head(), body))
            } else {
                Err(io::ErrorKind::UnexpectedEof.into())
            };
        }
        let mut rest = piece.get(..read).unwrap_or_default();
        while !rest.is_empty() {
            let taken = scan.take(rest);
            body.append(&mut scan.take_body());
            if scan.opaque() || body.len() > MAX_HELD {
                return Err(io::ErrorKind::InvalidData.into());
            }
            if taken.ended && !scan.interim() {
                return Ok(Answer::come(scan.head(), body));
            }
            rest = rest.get(taken.len..).unwrap_or_default();
        }
    }
}
