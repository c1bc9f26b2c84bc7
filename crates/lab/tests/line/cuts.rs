//! Connections that are cut: where, how, and what arrives before.

use selaras_lab::line::{Act, Ending, Fault, Mark, On, Plan, Way};

use super::stage::{End, Upstream, connect, counted, pattern, read_to_end, write_some};

fn cut(way: Way, at: Mark, how: Ending) -> Act {
    Act::Cut { way, at, how }
}

#[test]
fn what_passed_before_a_cut_on_the_way_up_arrives() {
    for (how, end) in [(Ending::Fin, End::Fin), (Ending::Rst, End::Reset)] {
        let upstream = Upstream::sink();
        let proxy = upstream.behind(Plan::default().with(Fault::always(cut(Way::Up, Mark::After(50_001), how))));
        let mut client = connect(&proxy);
        let sent = pattern(60_000);
        write_some(&mut client, &sent);
        assert_eq!(read_to_end(&mut client).end, end);
        drop(client);
        let seen = upstream.next();
        assert_eq!((seen.bytes.as_slice(), seen.end), (&sent[..50_001], End::Fin), "{how:?}");
        let counts = proxy.counts();
        assert_eq!((counts.up.read, counts.up.forwarded, counts.cuts), (50_001, 50_001, 1));
    }
}

#[test]
fn what_passed_before_a_cut_on_the_way_down_arrives() {
    let upstream = Upstream::source();
    let act = cut(Way::Down, Mark::After(33_333), Ending::Fin);
    let proxy = upstream.behind(Plan::default().with(Fault::always(act)));
    let mut client = connect(&proxy);
    let seen = read_to_end(&mut client);
    assert_eq!((seen.bytes, seen.end), (pattern(33_333), End::Fin));
    assert_eq!(proxy.counts().down.forwarded, 33_333);
}

#[test]
fn both_sides_may_be_reset() {
    let upstream = Upstream::sink();
    let act = cut(Way::Up, Mark::After(10), Ending::RstBoth);
    let proxy = upstream.behind(Plan::default().with(Fault::always(act)));
    let mut client = connect(&proxy);
    write_some(&mut client, &pattern(10));
    assert_eq!(read_to_end(&mut client).end, End::Reset);
    assert_eq!(upstream.next().end, End::Reset);
}

#[test]
fn a_cut_every_so_many_bytes_goes_over_connections() {
    let upstream = Upstream::sink();
    let act = cut(Way::Up, Mark::Every(10_000), Ending::Fin);
    let proxy = upstream.behind(Plan::default().with(Fault::always(act)));
    let sent = pattern(6_000);
    // The first ends at 6,000 by itself, the second is cut 4,000 further on, the third 10,000 after that.
    for (length, arrives) in [(6_000, 6_000), (6_000, 4_000), (6_000, 6_000), (6_000, 4_000)] {
        let mut client = connect(&proxy);
        write_some(&mut client, &sent[..length]);
        _ = client.shutdown(std::net::Shutdown::Write);
        read_to_end(&mut client);
        assert_eq!(upstream.next().bytes, &sent[..arrives]);
    }
    assert_eq!(counted(&proxy, |counts| counts.cuts == 2).up.forwarded, 20_000);
}

#[test]
fn only_the_connection_that_is_meant_is_cut() {
    let upstream = Upstream::sink();
    let act = cut(Way::Up, Mark::After(0), Ending::Rst);
    let proxy = upstream.behind(Plan::default().with(Fault::on(On::Connection(2), act)));
    for (number, end) in [(1, End::Fin), (2, End::Reset), (3, End::Fin)] {
        let mut client = connect(&proxy);
        write_some(&mut client, b"x");
        _ = client.shutdown(std::net::Shutdown::Write);
        assert_eq!(read_to_end(&mut client).end, end, "connection {number}");
    }
    assert_eq!(proxy.counts().cuts, 1);
}

#[test]
fn a_line_that_drops_every_so_often_cuts_whatever_is_open() {
    let upstream = Upstream::sink();
    let act = Act::CutEvery { ms: 50, how: Ending::Rst };
    let proxy = upstream.behind(Plan::default().with(Fault::always(act)));
    for _ in 0..3 {
        assert_eq!(read_to_end(&mut connect(&proxy)).end, End::Reset);
    }
    assert!(proxy.counts().cuts >= 3);
}

#[test]
fn bytes_are_flipped_where_the_plan_says() {
    let upstream = Upstream::sink();
    let act = Act::Flip { way: Way::Up, at: Mark::Every(1_000) };
    let proxy = upstream.behind(Plan::default().with(Fault::always(act)));
    let mut client = connect(&proxy);
    let sent = pattern(5_500);
    super::stage::write_and_end(&mut client, &sent);
    let arrived = upstream.next().bytes;
    let differ: Vec<usize> = (0..sent.len()).filter(|at| sent[*at] != arrived[*at]).collect();
    assert_eq!(differ, [999, 1_999, 2_999, 3_999, 4_999]);
}
