//! What is done to whole requests and their answers.

use std::io::Write as _;

use selaras_lab::line::{Act, Fault, On, Plan, Portal, Proxy, Then, Which};

use super::stage::{End, Seen, Upstream, ask, connect, counted, post, read_answer, read_to_end, write_some};

fn line(upstream: &Upstream, on: On, act: Act) -> Proxy {
    upstream.behind(Plan::default().with(Fault::on(on, act)))
}

#[test]
fn a_buffering_proxy_forwards_nothing_until_the_request_is_whole() {
    let upstream = Upstream::shouting();
    let proxy = line(&upstream, On::All, Act::BufferRequest);
    let request = post("all of it");
    let mut client = connect(&proxy);
    let (most, last) = request.split_at(request.len() - 1);
    client.write_all(most).unwrap();
    let counts = counted(&proxy, |counts| counts.up.read == most.len() as u64);
    assert_eq!(counts.up.forwarded, 0);
    client.write_all(last).unwrap();
    assert_eq!(read_answer(&mut client), "ALL OF IT");
    assert_eq!(proxy.counts().up.forwarded, request.len() as u64);
    // Of a request that is cut nothing reaches the server.
    let mut client = connect(&proxy);
    client.write_all(most).unwrap();
    drop(client);
    let read = (request.len() + most.len()) as u64;
    let counts = counted(&proxy, |counts| counts.up.read == read);
    assert_eq!(counts.up.wasted(), most.len() as u64);
    assert_eq!(upstream.next().bytes, request);
    upstream.nothing_more();
}

#[test]
fn chunked_requests_are_buffered_to_their_end_too() {
    let upstream = Upstream::sink();
    let proxy = line(&upstream, On::All, Act::BufferRequest);
    let request = b"POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n";
    let mut client = connect(&proxy);
    client.write_all(&request[..request.len() - 2]).unwrap();
    let read = request.len() as u64 - 2;
    assert_eq!(counted(&proxy, |counts| counts.up.read == read).up.forwarded, 0);
    client.write_all(&request[request.len() - 2..]).unwrap();
    counted(&proxy, |counts| counts.up.forwarded == request.len() as u64);
}

#[test]
fn the_answer_that_is_meant_does_not_come() {
    for (then, end) in [(Then::Silence, End::Fin), (Then::Fin, End::Fin), (Then::Rst, End::Reset)] {
        let upstream = Upstream::shouting();
        let proxy = line(&upstream, On::Request(2), Act::SwallowAnswer { then });
        let mut client = connect(&proxy);
        assert_eq!(ask(&mut client, "one"), "ONE");
        client.write_all(&post("two")).unwrap();
        assert_eq!([upstream.next().bytes, upstream.next().bytes], [post("one"), post("two")]);
        if then == Then::Silence {
            let swallowed = |counts: &selaras_lab::line::Counts| counts.down.wasted() > 0;
            counted(&proxy, swallowed);
            client.shutdown(std::net::Shutdown::Write).unwrap();
        }
        assert_eq!(read_to_end(&mut client), Seen { bytes: Vec::new(), end }, "{then:?}");
        assert_eq!(ask(&mut connect(&proxy), "three"), "THREE");
    }
}

#[test]
fn a_doubled_request_reaches_the_server_twice_and_is_answered_once() {
    for gives in [Which::First, Which::Second] {
        let upstream = Upstream::shouting();
        let proxy = line(&upstream, On::Request(2), Act::DoubleRequest { gives });
        let mut client = connect(&proxy);
        assert_eq!(
            [ask(&mut client, "one"), ask(&mut client, "two"), ask(&mut client, "three")],
            ["ONE", "TWO", "THREE"]
        );
        let seen: Vec<Vec<u8>> = (0..4).map(|_| upstream.next().bytes).collect();
        assert_eq!(seen, [post("one"), post("two"), post("two"), post("three")]);
        upstream.nothing_more();
        let (counts, length) = (proxy.counts(), post("two").len() as u64);
        assert_eq!((counts.requests, counts.up.own, counts.up.wasted()), (3, length, 0));
    }
}

#[test]
fn a_portal_answers_in_the_servers_place() {
    let redirect = Portal::Redirect("http://portal.example/login".to_owned());
    for (portal, told) in [(Portal::Page, "HTTP/1.1 200 OK"), (redirect, "location: http://portal.example/login")] {
        let upstream = Upstream::shouting();
        let proxy = line(&upstream, On::All, Act::Portal(portal));
        let mut client = connect(&proxy);
        write_some(&mut client, &post("a secret"));
        let seen = read_to_end(&mut client);
        let text = String::from_utf8(seen.bytes).unwrap();
        assert!(text.contains(told) && !text.contains("selaras"), "{text}");
        assert_eq!(proxy.counts().down.own, text.len() as u64);
        // After the voucher the way is free.
        proxy.set(Plan::default()).unwrap();
        assert_eq!(ask(&mut connect(&proxy), "free"), "FREE");
        assert_eq!(upstream.next().bytes, post("free"));
        upstream.nothing_more();
    }
}

#[test]
fn one_request_may_meet_a_portal_amid_others() {
    let upstream = Upstream::shouting();
    let proxy = line(&upstream, On::Request(2), Act::Portal(Portal::Page));
    let mut client = connect(&proxy);
    assert_eq!(ask(&mut client, "one"), "ONE");
    assert!(ask(&mut client, "two").starts_with("<!doctype html>"));
    assert_eq!(read_to_end(&mut client).end, End::Fin);
    assert_eq!(upstream.next().bytes, post("one"));
    upstream.nothing_more();
}

#[test]
fn faults_may_meet_in_one_request() {
    let upstream = Upstream::shouting();
    let plan = Plan::default()
        .with(Fault::always(Act::BufferRequest))
        .with(Fault::on(On::Request(1), Act::SwallowAnswer { then: Then::Fin }));
    let proxy = upstream.behind(plan);
    let mut client = connect(&proxy);
    client.write_all(&post("once")).unwrap();
    assert_eq!(read_to_end(&mut client).bytes, b"");
    assert_eq!(ask(&mut connect(&proxy), "again"), "AGAIN");
}
