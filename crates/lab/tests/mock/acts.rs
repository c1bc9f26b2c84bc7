//! Every act, by what a client sees of it and by whether the centre behind heard the request.

use super::stage::{Behind, Client, End};

const SYNC: &str = "POST /v1/schools/99999999/sync";

/// The first answer under one rule, and how often the centre behind was asked.
fn first(act: &str) -> ((String, String), u64) {
    let behind = Behind::start();
    let mock = behind.mock(&format!("[[rule]]\n{act}"));
    let answer = Client::of(&mock).ask(SYNC, "hello");
    (answer, behind.asked())
}

/// All bytes of the first connection under one rule and its end; the centre behind was asked once.
fn bytes(act: &str) -> (String, End) {
    let behind = Behind::start();
    let mock = behind.mock(&format!("[[rule]]\n{act}"));
    let mut client = Client::of(&mock);
    client.send(SYNC, "hello");
    let (bytes, end) = client.rest();
    assert_eq!(behind.asked(), 1);
    (String::from_utf8(bytes).unwrap(), end)
}

const OWN: &str = "HTTP/1.1 200 OK\r\nselaras: 1\r\ncontent-type: text/plain\r\ncontent-length: 5\r\n\r\nHELLO";

#[test]
fn where_the_script_says_nothing_the_centre_answers() {
    let behind = Behind::start();
    let mock = behind.mock("");
    let (head, body) = Client::of(&mock).ask(SYNC, "hello");
    assert_eq!(head + &body, OWN);
    assert_eq!(first("act = \"honest\"").0.1, "HELLO");
}

#[test]
fn a_problem_has_the_centres_form() {
    let ((head, body), asked) = first(
        "act.problem = { status = 507, code = \"center.disk-full\", retry-after = 90, args = { seconds = \"90\" }, en = \"Full.\" }",
    );
    for line in [
        "HTTP/1.1 507 Insufficient Storage\r\n",
        "\r\nselaras: 2\r\n",
        "\r\nselaras-code: center.disk-full\r\n",
        "\r\nretry-after: 90\r\n",
        "\r\ncontent-type: application/json\r\n",
    ] {
        assert!(head.contains(line), "{line:?} in {head}");
    }
    let body: serde_json::Value = serde_json::from_str(&body).unwrap();
    let expected = serde_json::json!({
        "code": "center.disk-full", "args": { "seconds": "90" }, "retry": "after", "retry_after": 90, "who": "centre",
        "message": { "id": "Pusat tiruan: center.disk-full.", "en": "Full." },
    });
    assert_eq!((body, asked), (expected, 0));
}

#[test]
fn a_version_that_is_too_old_asks_for_a_person() {
    let ((head, body), _) = first("act.problem = { status = 426, code = \"protocol.too-old\" }");
    assert!(head.starts_with("HTTP/1.1 426 Upgrade Required\r\n"), "{head}");
    assert!(body.contains("\"retry\":\"after_human_action\"") && !body.contains("retry_after\":"), "{body}");
}

#[test]
fn a_closed_centre_says_its_message() {
    let ((head, body), asked) = first("act.closed = \"Sampai pukul 10.\"");
    assert!(head.starts_with("HTTP/1.1 503 ") && head.contains("\r\nretry-after: 300\r\n"), "{head}");
    let body: serde_json::Value = serde_json::from_str(&body).unwrap();
    assert_eq!(body["code"], "center.closed");
    assert_eq!(body["args"]["message"], "Sampai pukul 10.");
    assert_eq!(asked, 0);
}

#[test]
fn any_answer_may_be_given() {
    let ((head, body), asked) =
        first("act.answer = { status = 418, headers = { X-Tea = \"pot\" }, base64 = \"aGk=\", marked = false }");
    assert_eq!(head, "HTTP/1.1 418 Status\r\nx-tea: pot\r\ncontent-length: 2\r\n\r\n");
    assert_eq!((body.as_str(), asked), ("hi", 0));
    let ((head, body), _) = first("act.answer = { status = 200, text = \"hi\" }");
    assert!(head.contains("\r\nselaras: 2\r\n") && body == "hi", "{head}{body}");
}

#[test]
fn a_gateway_may_give_up_after_the_centre_has_done_it() {
    let ((head, _), asked) = first("works = true\nact.answer = { status = 504, marked = false }");
    assert!(head.starts_with("HTTP/1.1 504 Gateway Timeout\r\n"), "{head}");
    assert_eq!(asked, 1);
}

#[test]
fn somebody_elses_answers_are_not_marked() {
    let ((head, body), asked) = first("act = \"page\"");
    assert!(head.starts_with("HTTP/1.1 200 OK\r\n") && head.contains("text/html"), "{head}");
    assert!(body.starts_with("<!doctype html>") && asked == 0, "{body}");
    assert!(!head.contains("selaras"), "{head}");
    let ((head, _), asked) = first("act.redirect = \"http://portal.example/\"");
    assert_eq!(head, "HTTP/1.1 302 Found\r\nlocation: http://portal.example/\r\ncontent-length: 0\r\n\r\n");
    assert_eq!(asked, 0);
    let ((head, body), asked) = first("act = \"unmarked\"");
    assert_eq!(head, "HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: 5\r\n\r\n");
    assert_eq!((body.as_str(), asked), ("HELLO", 1));
}

#[test]
fn an_answer_may_be_lost_after_the_centre_has_done_it() {
    assert_eq!(bytes("act.lost = { then = \"fin\" }"), (String::new(), End::Fin));
    assert_eq!(bytes("act.lost = { then = \"rst\" }"), (String::new(), End::Reset));
}

#[test]
fn a_lost_answer_may_be_silence() {
    let behind = Behind::start();
    let mock = behind.mock("[[rule]]\non.times = 1\nact.lost = {}");
    let mut silent = Client::of(&mock);
    silent.send(SYNC, "hello");
    // The first request is the one that meets the rule; it is noted when it is lost.
    let mut heard = Vec::new();
    while heard.is_empty() {
        heard = mock.take_heard();
        std::thread::yield_now();
    }
    assert_eq!((heard[0].status, heard[0].rule, behind.asked()), (None, Some(1), 1));
    assert_eq!(Client::of(&mock).ask(SYNC, "again").1, "AGAIN");
    // Nothing came meanwhile, and the connection is still open.
    silent.0.set_nonblocking(true).unwrap();
    let kind = std::io::Read::read(&mut silent.0, &mut [0]).unwrap_err().kind();
    assert_eq!(kind, std::io::ErrorKind::WouldBlock);
}

#[test]
fn an_answer_may_come_twice() {
    let behind = Behind::start();
    let mock = behind.mock("[[rule]]\nact = \"doubled\"");
    let mut client = Client::of(&mock);
    let first = client.ask(SYNC, "hello");
    assert_eq!(client.receive(), first);
    assert_eq!((first.0 + &first.1, behind.asked()), (OWN.to_owned(), 1));
}

#[test]
fn an_answer_may_be_cut() {
    assert_eq!(bytes("act.cut = { after = 40, then = \"fin\" }"), (OWN[..40].to_owned(), End::Fin));
    let body = OWN.len() - 2;
    assert_eq!(bytes(&format!("act.cut = {{ after = {body}, then = \"fin\" }}")), (OWN[..body].to_owned(), End::Fin));
    assert_eq!(bytes("act.cut = { after = 9999, then = \"fin\" }"), (OWN.to_owned(), End::Fin));
    assert_eq!(bytes("act.cut = { after = 0, then = \"rst\" }").1, End::Reset);
}

#[test]
fn a_slow_answer_is_whole() {
    let ((head, body), asked) = first("act.slow = { bytes-per-second = 2000 }");
    assert_eq!((head + &body, asked), (OWN.to_owned(), 1));
}

#[test]
fn an_answer_may_be_larger_than_anything() {
    let behind = Behind::start();
    let mock = behind.mock("[[rule]]\nact.too-large = { bytes = 100000 }");
    let mut client = Client::of(&mock);
    client.send(SYNC, "hello");
    let (bytes, end) = client.rest();
    let head = bytes.windows(4).position(|window| window == b"\r\n\r\n").unwrap() + 4;
    assert!(!String::from_utf8_lossy(&bytes[..head]).contains("content-length"));
    assert_eq!((bytes.len() - head, end, behind.asked()), (100_000, End::Fin, 0));
    assert!(bytes[head..].iter().all(|byte| *byte == 0));
}

#[test]
fn a_bit_of_the_body_may_be_another() {
    assert_eq!(first("act.flip = { at = 1 }").0.1, "HDLLO");
    assert_eq!(first("act.flip = { at = 5 }").0.1, "HELLO");
}

#[test]
fn what_is_no_exchange_is_not_forged() {
    let ((head, body), asked) = first("act.forge = \"garbage\"");
    assert_eq!((head + &body, asked), (OWN.to_owned(), 1));
}
