//! How many connections a door holds: from one address, so that it leaves places to others, and in all, so that whoever
//! opens them cannot use up the files that this process may open.

use std::collections::BTreeMap;
use std::future::{Ready, ready};
use std::io;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use axum_server::accept::Accept;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

/// Connections of one door from one address: some ten windows of a browser.
const MAX_OF_ONE: usize = 64;
/// Connections of one door in all.
const MAX: usize = 256;

/// What is open at a door, by address.
type Counts = BTreeMap<IpAddr, usize>;

/// Lets connections in while there are places.
#[derive(Clone, Default)]
pub(super) struct Connections(Arc<Mutex<Counts>>);

/// A connection that has a place until it is dropped.
pub(super) struct Placed {
    stream: TcpStream,
    _place: Place,
}

struct Place {
    open: Connections,
    peer: IpAddr,
}

impl Connections {
    fn counts(&self) -> MutexGuard<'_, Counts> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A place for an address, unless too many are taken.
    fn place(&self, peer: IpAddr) -> Option<Place> {
        let mut counts = self.counts();
        let of_one = counts.get(&peer).copied().unwrap_or(0);
        if of_one >= MAX_OF_ONE || counts.values().sum::<usize>() >= MAX {
            return None;
        }
        counts.insert(peer, of_one + 1);
        Some(Place { open: self.clone(), peer })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut counts = self.open.counts();
        let left = counts.remove(&self.peer).unwrap_or(0).saturating_sub(1);
        if left > 0 {
            counts.insert(self.peer, left);
        }
    }
}

impl<S> Accept<TcpStream, S> for Connections {
    type Stream = Placed;
    type Service = S;
    type Future = Ready<io::Result<(Placed, S)>>;

    fn accept(&self, stream: TcpStream, service: S) -> Self::Future {
        let placed = stream.peer_addr().and_then(|peer| {
            let place = self.place(peer.ip().to_canonical());
            place.ok_or_else(|| io::Error::from(io::ErrorKind::ConnectionRefused))
        });
        ready(placed.map(|place| (Placed { stream, _place: place }, service)))
    }
}

impl AsyncRead for Placed {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl AsyncWrite for Placed {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn one_address_leaves_places_to_others_and_gets_its_own_back() {
        let open = Connections::default();
        let address = |last: u8| IpAddr::from([192, 0, 2, last]);
        let mut taken: Vec<Place> = (0..MAX_OF_ONE).map(|_| open.place(address(1)).unwrap()).collect();
        assert!(open.place(address(1)).is_none());
        assert!(open.place(address(2)).is_some());
        taken.pop();
        assert!(open.place(address(1)).is_some());
        drop(taken);
        assert!(open.counts().is_empty());
    }

    #[test]
    fn there_are_never_more_than_so_many() {
        let open = Connections::default();
        let taken: Vec<Place> = (0..=u8::MAX).filter_map(|last| open.place(IpAddr::from([192, 0, 2, last]))).collect();
        assert_eq!(taken.len(), MAX);
        assert!(open.place(IpAddr::from([198, 51, 100, 1])).is_none());
    }
}
