#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::time::Duration;

use selaras_model::Lang;
use selaras_transport::{Cause, LinkError, Sent, TlsFault};

use super::line::{Asked, walk};
use super::step::{Found, StepLine, Teller, Verdict};
use super::{Helpdesk, judge};
use crate::command::report::LogLine;
use crate::failure::Exit;
use crate::output::{Collected, Event};

/// Walks to an address with short waits.
fn steps(url: Option<String>) -> Vec<StepLine> {
    let mut said = Collected { lang: Lang::En, ..Collected::default() };
    let mut teller = Teller::new(&mut said);
    walk(&Asked { url, ca: None, device: None, limit: Duration::from_millis(500) }, &mut teller);
    let steps = teller.steps();
    let told: Vec<StepLine> = said
        .events
        .into_iter()
        .filter_map(|event| if let Event::Step(step) = event { Some(*step) } else { None })
        .collect();
    assert_eq!(told, steps, "every step is told as it ends");
    steps
}

/// The step that failed, with its code; there is at most one, because the walk ends there.
fn failed(steps: &[StepLine]) -> Option<(&str, &str)> {
    let failed: Vec<_> = steps.iter().filter(|step| step.verdict == Verdict::Failed).collect();
    assert!(failed.len() <= 1, "{failed:?}");
    let step = failed.first()?;
    assert!(!step.next.is_empty() && !step.who.is_empty() && step.exit != Exit::Done.number(), "{step:?}");
    let behind = steps.iter().skip_while(|one| one != step).skip(1);
    assert!(behind.into_iter().all(|step| step.verdict == Verdict::Skipped), "nothing behind it is looked at");
    Some((&step.step, step.code.as_deref().unwrap()))
}

/// A listener that does something with every connection that says something.
fn listening(answer: impl Fn(&mut TcpStream) + Send + 'static) -> Option<String> {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut piece = [0; 4096];
            if stream.read(&mut piece).is_ok_and(|read| read > 0) {
                answer(&mut stream);
            }
        }
    });
    Some(url)
}

fn saying(text: &'static str) -> Option<String> {
    listening(move |stream| drop(stream.write_all(text.as_bytes())))
}

#[test]
fn without_an_address_the_person_is_asked_for_it() {
    assert_eq!(failed(&steps(None)), Some(("centre", "doctor.no-centre")));
    assert_eq!(failed(&steps(Some("pusat".to_owned()))), Some(("centre", "link.bad-address")));
    assert_eq!(failed(&steps(Some("http://pusat.example".to_owned()))), Some(("centre", "link.plain-http")));
}

#[test]
fn a_name_that_is_nobodys_ends_the_walk_at_the_name() {
    let (step, code) =
        failed(&steps(Some("https://pusat.invalid".to_owned()))).map(|(a, b)| (a.to_owned(), b.to_owned())).unwrap();
    // Without any name service the computer is offline, and that is told instead.
    assert!(step == "dns" && ["link.name-not-found", "link.no-network"].contains(&code.as_str()), "{step} {code}");
}

#[test]
fn a_port_that_refuses_ends_the_walk_at_the_connection() {
    let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    assert_eq!(failed(&steps(Some(format!("http://{address}")))), Some(("tcp", "link.refused")));
}

#[test]
fn whoever_answers_in_the_centres_place_is_told_apart() {
    for (answer, code) in [
        ("HTTP/1.1 200 OK\r\ncontent-type: text/html\r\ncontent-length: 5\r\n\r\nlogin", "link.captive-portal"),
        ("HTTP/1.1 302 Found\r\nlocation: http://portal.example/\r\ncontent-length: 0\r\n\r\n", "link.captive-portal"),
        ("HTTP/1.1 407 Proxy\r\ncontent-length: 0\r\n\r\n", "link.proxy-login"),
        ("HTTP/1.1 502 Bad Gateway\r\ncontent-length: 0\r\n\r\n", "link.proxy"),
        ("HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n", "link.filtered"),
        ("HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n", "link.not-our-server"),
    ] {
        assert_eq!(failed(&steps(saying(answer))), Some(("marker", code)), "{answer}");
    }
}

#[test]
fn a_line_that_stands_still_or_is_cut_is_told_as_that() {
    let hanging = listening(|stream| drop(stream.read_to_end(&mut Vec::new())));
    assert_eq!(failed(&steps(hanging)), Some(("marker", "link.too-slow")));
    assert_eq!(failed(&steps(listening(|_| ()))), Some(("marker", "link.cut")));
}

#[test]
fn a_centre_that_is_closed_is_told_with_its_message() {
    let found = steps(listening(|stream| {
        let body = r#"{"status":"closed","version":"0.1.0"}"#;
        let head = "HTTP/1.1 200 OK\r\nselaras: 1\r\ncontent-type: application/json\r\nconnection: close\r\n";
        let _ = write!(stream, "{head}content-length: {}\r\n\r\n{body}", body.len());
    }));
    // The same listener answers the second question with the first one's answer: something of ours, but no refusal.
    assert_eq!(failed(&found), Some(("protocol", "link.not-our-server")));
    assert_eq!(found.iter().find(|step| step.step == "clock").unwrap().verdict, Verdict::Skipped);
}

fn code(found: &Found) -> (Verdict, &str) {
    match found {
        Found::Passed(note) => (Verdict::Passed, &note.key),
        Found::Warned(failure) => (Verdict::Warned, &failure.code),
        Found::Failed(failure) => (Verdict::Failed, &failure.code),
        Found::Skipped(note) => (Verdict::Skipped, &note.key),
    }
}

#[test]
fn a_clock_that_is_off_is_shown_and_stops_nothing() {
    let date = Some("Wed, 25 Nov 2026 20:45:05 GMT");
    let now = 1_795_639_505;
    assert_eq!(code(&judge::clock(date, now + 120, Lang::En)).0, Verdict::Passed);
    let far = judge::clock(date, now - 86_400, Lang::En);
    assert_eq!(code(&far), (Verdict::Warned, "doctor.clock"));
    let Found::Warned(failure) = far else { panic!("a warning") };
    assert_eq!(failure.args.get("difference").map(String::as_str), Some("24 h 0 min"));
    assert_eq!(code(&judge::clock(Some("yesterday"), now, Lang::En)).0, Verdict::Skipped);
}

#[test]
fn the_line_is_judged_by_what_the_probe_saw() {
    let sent = |buffered, bytes| judge::up(Ok(Sent { buffered, bytes, took: Duration::from_secs(1) }), Lang::En);
    let [up, buffering] = sent(false, 100_000);
    assert_eq!((up.0, code(&up.1).0, code(&buffering.1).0), ("up", Verdict::Passed, Verdict::Passed));
    assert_eq!(code(&sent(true, 100_000)[1].1), (Verdict::Warned, "link.buffered"));
    assert_eq!(code(&sent(false, 1_000)[0].1), (Verdict::Warned, "link.slow"));
    let cut = judge::up(Err(&LinkError::Cut(Cause::none())), Lang::En);
    assert_eq!(code(&cut[0].1), (Verdict::Failed, "link.large-cut"));
    assert_eq!(code(&cut[1].1).0, Verdict::Skipped);
}

#[test]
fn tls_passes_when_somebody_trusted_answered_whatever_was_said() {
    let hop = selaras_transport::Hop { host: "pusat.example".to_owned(), port: 443, proxy: false, tls: true };
    let issuer = LinkError::Tls(TlsFault::Issuer(Some("Perisai".to_owned())), Cause::none());
    let found = judge::tls(&hop, Err(&issuer), Lang::En);
    assert_eq!(code(&found), (Verdict::Failed, "link.tls-issuer"));
    let Found::Failed(failure) = found else { panic!("a failure") };
    assert!(crate::show::tell(&failure, crate::catalogue::Words(Lang::En)).what.contains("Perisai"));
    let portal = LinkError::NotOurServer { status: 200, who: selaras_transport::Stranger::Portal };
    assert_eq!(code(&judge::tls(&hop, Err(&portal), Lang::En)).0, Verdict::Passed);
    assert_eq!(code(&judge::tls(&hop, Err(&LinkError::Cut(Cause::none())), Lang::En)).0, Verdict::Failed);
    assert_eq!(code(&judge::interface(false, false)), (Verdict::Warned, "link.no-network"));
}

#[test]
fn a_helpdesk_file_holds_no_text_and_no_name() {
    let address: SocketAddr = "192.0.2.7:443".parse().unwrap();
    let mut said = Collected::default();
    let mut teller = Teller::new(&mut said);
    teller.tell("tcp", &judge::tcp(Ok((address, Duration::from_millis(12))), Lang::En));
    let damaged = crate::failure::Failure::new("store.damaged").arg("reason", "/home/siti/selaras/store: a gap");
    teller.tell("store", &Found::Failed(damaged.arg("name", "Siti Aminah").arg("place", "/home/siti/selaras")));
    let line = LogLine {
        number: 1,
        at: "2026-11-25 20:00".to_owned(),
        what: "approved".to_owned(),
        code: String::new(),
        args: [("account", "siti"), ("records", "3")].map(|(a, b)| (a.to_owned(), b.to_owned())).into(),
    };
    let data = std::path::Path::new("/home/siti/selaras");
    let file = Helpdesk::new(None, None, None, &teller.steps(), vec![line], data);
    let text = serde_json::to_string(&file).unwrap();
    assert!(!text.to_lowercase().contains("siti"), "{text}");
    assert!(
        text.contains("192.0.2.7") && text.contains("store.damaged") && text.contains("<data>/store: a gap"),
        "{text}"
    );
    assert!(text.contains("\"records\":\"3\""), "{text}");
}
