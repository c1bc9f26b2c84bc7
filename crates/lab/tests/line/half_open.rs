//! One side hears of the end, the other does not.

use std::io::ErrorKind;
use std::io::Read;
use std::net::{TcpListener, TcpStream};
use std::time::Duration;

use selaras_lab::line::{Act, Fault, Keeps, Mark, Plan, Proxy, Way};

use super::stage::{End, Seen, connect, counted, pattern, read_to_end, write_some};

/// A line that parts after ten bytes up, with both ends of a connection over it.
struct Parted {
    /// Open for as long as the test lasts, so that the line has somewhere to lead to.
    _listener: TcpListener,
    proxy: Proxy,
    client: TcpStream,
    upstream: TcpStream,
}

fn parted(keeps: Keeps) -> Parted {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let act = Act::HalfOpen { way: Way::Up, at: Mark::After(10), keeps };
    let proxy = Proxy::start(listener.local_addr().unwrap(), Plan::default().with(Fault::always(act))).unwrap();
    let mut client = connect(&proxy);
    let (upstream, _) = listener.accept().unwrap();
    upstream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    write_some(&mut client, &pattern(10));
    counted(&proxy, |counts| counts.cuts == 1);
    Parted { _listener: listener, proxy, client, upstream }
}

/// Neither end nor byte is seen.
fn hears_nothing(side: &mut TcpStream) {
    side.set_read_timeout(Some(Duration::from_millis(200))).unwrap();
    let kind = side.read(&mut [0]).unwrap_err().kind();
    assert!(matches!(kind, ErrorKind::WouldBlock | ErrorKind::TimedOut), "{kind:?}");
}

#[test]
fn the_client_keeps_thinking_that_it_is_connected() {
    let Parted { mut client, mut upstream, _listener, proxy: _line } = parted(Keeps::Client);
    assert_eq!(read_to_end(&mut upstream), Seen { bytes: pattern(10), end: End::Fin });
    hears_nothing(&mut client);
}

#[test]
fn the_upstream_keeps_thinking_that_it_is_connected() {
    let Parted { mut client, mut upstream, _listener, proxy } = parted(Keeps::Upstream);
    assert_eq!(read_to_end(&mut client).end, End::Fin);
    let mut arrived = [0; 10];
    upstream.read_exact(&mut arrived).unwrap();
    assert_eq!(arrived, pattern(10)[..]);
    hears_nothing(&mut upstream);
    // The line is free for another connection meanwhile.
    drop(client);
    write_some(&mut connect(&proxy), &pattern(1));
    counted(&proxy, |counts| counts.up.forwarded == 11);
    hears_nothing(&mut upstream);
}
