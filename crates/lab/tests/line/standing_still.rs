//! Stalls and black holes: connections that stay open while nothing moves.

use std::io::{Read as _, Write as _};

use selaras_lab::line::{Act, Fault, Mark, On, Plan, Way};

use super::stage::{Upstream, ask, connect, counted, pattern, post, write_some};

#[test]
fn a_stall_lets_pass_what_came_before_it_and_nothing_more() {
    let upstream = Upstream::sink();
    let act = Act::Stall { way: Way::Up, at: Mark::After(100) };
    let proxy = upstream.behind(Plan::default().with(Fault::always(act)));
    let mut client = connect(&proxy);
    write_some(&mut client, &pattern(150));
    counted(&proxy, |counts| counts.up.forwarded == 100);
    // The client gives up; only then does the server hear that there is nobody.
    drop(client);
    assert_eq!(upstream.next().bytes, pattern(100));
    let counts = proxy.counts();
    assert_eq!((counts.up.read, counts.up.left), (100, 50));
}

#[test]
fn an_answer_may_stand_still_midway() {
    let upstream = Upstream::source();
    let act = Act::Stall { way: Way::Down, at: Mark::After(1_000) };
    let proxy = upstream.behind(Plan::default().with(Fault::always(act)));
    let mut client = connect(&proxy);
    let mut arrived = vec![0; 1_000];
    client.read_exact(&mut arrived).unwrap();
    assert_eq!(arrived, pattern(1_000));
    // The way up goes on.
    client.write_all(b"still here").unwrap();
    assert_eq!(counted(&proxy, |counts| counts.up.forwarded == 10).down.forwarded, 1_000);
}

#[test]
fn a_request_may_be_stalled_by_its_number() {
    let upstream = Upstream::shouting();
    let act = Act::Stall { way: Way::Up, at: Mark::After(50) };
    let proxy = upstream.behind(Plan::default().with(Fault::on(On::Request(2), act)));
    let mut client = connect(&proxy);
    let long = "x".repeat(100);
    assert_eq!(ask(&mut client, &long).len(), 100);
    write_some(&mut client, &post(&long));
    let first = post(&long).len() as u64;
    counted(&proxy, |counts| counts.up.forwarded == first + 50);
    drop(client);
    upstream.next();
    assert_eq!(ask(&mut connect(&proxy), &long).len(), 100, "the third goes through");
}

#[test]
fn a_black_hole_takes_everything_and_gives_nothing() {
    let upstream = Upstream::shouting();
    let proxy = upstream.behind(Plan::default().with(Fault::on(On::Connection(1), Act::BlackHole)));
    let mut client = connect(&proxy);
    client.write_all(&post("anybody?")).unwrap();
    let sent = post("anybody?").len() as u64;
    let counts = counted(&proxy, |counts| counts.up.read == sent);
    assert_eq!((counts.requests, counts.up.forwarded, counts.up.wasted()), (1, 0, sent));
    // Another connection gets through, and the server has seen that one alone.
    assert_eq!(ask(&mut connect(&proxy), "hello"), "HELLO");
    assert_eq!(upstream.next().bytes, post("hello"));
    upstream.nothing_more();
}
