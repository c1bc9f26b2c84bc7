//! Which requests a rule is for, and what is noted of them.

use selaras_lab::mock::{Endpoint, Heard, Mock, Script};

use super::stage::{Behind, Client};

const SYNC: &str = "POST /v1/schools/99999999/sync";

#[test]
fn a_rule_meets_the_requests_that_it_names() {
    let behind = Behind::start();
    let mock = behind.mock("[[rule]]\non = { endpoint = \"sync\", after = 1, times = 1 }\nact.closed = \"Besok.\"");
    let mut client = Client::of(&mock);
    let mut statuses = Vec::new();
    for line in [SYNC, "POST /v1/schools/99999999/token", SYNC, SYNC] {
        statuses.push(client.ask(line, "a").0["HTTP/1.1 ".len()..][..3].to_owned());
    }
    assert_eq!(statuses, ["200", "200", "503", "200"]);
    let heard = |endpoint, status, rule| Heard { endpoint, method: "POST".to_owned(), status: Some(status), rule };
    assert_eq!(
        mock.take_heard(),
        [
            heard(Endpoint::Sync, 200, None),
            heard(Endpoint::Token, 200, None),
            heard(Endpoint::Sync, 503, Some(1)),
            heard(Endpoint::Sync, 200, None),
        ]
    );
    assert_eq!(mock.take_heard(), []);
    assert_eq!((mock.requests(Endpoint::Sync), mock.requests(Endpoint::Token)), (3, 1));
}

#[test]
fn another_script_may_be_followed() {
    let behind = Behind::start();
    let mock = behind.mock("[[rule]]\nact = \"page\"");
    let mut client = Client::of(&mock);
    assert!(client.ask(SYNC, "a").1.starts_with("<!doctype"));
    mock.set(Script::default()).unwrap();
    assert_eq!(client.ask(SYNC, "a").1, "A");
}

#[test]
fn a_late_answer_holds_nobody_else_up() {
    let behind = Behind::start();
    let mock = behind.mock("[[rule]]\non.times = 1\ndelay-ms = 3600000\nact = \"honest\"");
    let mut late = Client::of(&mock);
    late.send(SYNC, "late");
    while mock.requests(Endpoint::Sync) == 0 {
        std::thread::yield_now();
    }
    assert_eq!(Client::of(&mock).ask(SYNC, "other").1, "OTHER");
    assert_eq!(mock.take_heard().len(), 1, "the late one is not answered yet");
}

#[test]
fn without_a_centre_behind_nothing_is_made_up() {
    let script = Script::from_text("[[rule]]\non.endpoint = \"token\"\nact = \"page\"").unwrap();
    let mock = Mock::start(None, script).unwrap();
    let (head, _) = Client::of(&mock).ask(SYNC, "a");
    assert!(head.starts_with("HTTP/1.1 501 ") && !head.contains("selaras:"), "{head}");
    assert!(Client::of(&mock).ask("POST /v1/schools/99999999/token", "a").0.starts_with("HTTP/1.1 200 "));
}

#[test]
fn a_centre_that_is_gone_is_told_as_a_gateway_tells_it() {
    // A port that was free a moment ago, and that nobody listens on.
    let gone = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let mock = Mock::start(Some(gone), Script::default()).unwrap();
    assert!(Client::of(&mock).ask(SYNC, "a").0.starts_with("HTTP/1.1 502 "));
}
