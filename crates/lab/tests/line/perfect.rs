//! A line without faults changes nothing and counts exactly.

use selaras_lab::line::{Counts, Fault, Lane, Passed, Plan, Proxy};

use super::stage::{End, Seen, Upstream, ask, connect, counted, pattern, post, read_to_end, write_and_end};

fn passed(bytes: u64) -> Passed {
    Passed { read: bytes, forwarded: bytes, own: 0, left: 0 }
}

#[test]
fn every_byte_passes_both_ways_and_is_counted() {
    let upstream = Upstream::source();
    let proxy = upstream.behind(Plan::default());
    let mut client = connect(&proxy);
    let sent = pattern(70_000);
    write_and_end(&mut client, &sent);
    assert_eq!(read_to_end(&mut client), Seen { bytes: pattern(100_000), end: End::Fin });
    assert_eq!(upstream.next(), Seen { bytes: sent, end: End::Fin });
    let expected =
        Counts { connections: 1, requests: 0, cuts: 0, unreached: 0, up: passed(70_000), down: passed(100_000) };
    assert_eq!(counted(&proxy, |counts| counts.down.forwarded == 100_000), expected);
}

#[test]
fn a_slow_line_passes_the_same_bytes() {
    let upstream = Upstream::source();
    let lane = Lane { bytes_per_second: Some(400_000), latency_ms: 20 };
    let proxy = upstream.behind(Plan { up: lane, down: lane, ..Plan::default() });
    let mut client = connect(&proxy);
    let sent = pattern(70_000);
    write_and_end(&mut client, &sent);
    assert_eq!(read_to_end(&mut client).bytes, pattern(100_000));
    assert_eq!(upstream.next().bytes, sent);
    assert_eq!(proxy.counts().up, passed(70_000));
}

#[test]
fn requests_are_counted_over_all_connections() {
    let upstream = Upstream::shouting();
    let proxy = upstream.behind(Plan::default());
    let (mut one, mut two) = (connect(&proxy), connect(&proxy));
    assert_eq!([ask(&mut one, "a"), ask(&mut two, "b"), ask(&mut one, "c")], ["A", "B", "C"]);
    let counts = proxy.counts();
    assert_eq!((counts.connections, counts.requests), (2, 3));
    assert_eq!(counts.up, passed(3 * post("a").len() as u64));
}

#[test]
fn nobody_behind_the_line_is_a_reset_and_counted() {
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let proxy = Proxy::start(nobody, Plan::default()).unwrap();
    assert_eq!(read_to_end(&mut connect(&proxy)).end, End::Reset);
    assert_eq!(proxy.counts().unreached, 1);
    // The centre comes back at another port.
    let upstream = Upstream::shouting();
    proxy.lead_to(upstream.address);
    assert_eq!(ask(&mut connect(&proxy), "again"), "AGAIN");
}

#[test]
fn a_plan_may_change_under_an_open_connection() {
    let upstream = Upstream::shouting();
    let proxy = upstream.behind(Plan::default());
    let mut client = connect(&proxy);
    assert_eq!(ask(&mut client, "a"), "A");
    let act = selaras_lab::line::Act::CutEvery { ms: 1, how: selaras_lab::line::Ending::Fin };
    proxy.set(Plan::default().with(Fault::always(act))).unwrap();
    assert_eq!(read_to_end(&mut client), Seen { bytes: Vec::new(), end: End::Fin });
    proxy.set(Plan::default()).unwrap();
    assert_eq!(ask(&mut connect(&proxy), "b"), "B");
}

#[test]
fn the_line_ends_with_its_handle() {
    let upstream = Upstream::sink();
    let proxy = upstream.behind(Plan::default());
    let (address, mut client) = (proxy.address(), connect(&proxy));
    counted(&proxy, |counts| counts.connections == 1);
    drop(proxy);
    read_to_end(&mut client);
    assert!(std::net::TcpStream::connect(address).is_err());
}
