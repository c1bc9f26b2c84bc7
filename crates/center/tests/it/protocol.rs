//! What every request has to be, and what every answer is.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use crate::stand::{NPSN, Stand, registered};

fn get(path: &str, headers: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n{headers}\r\n")
}

fn status(answer: &str) -> &str {
    answer.get(9..12).unwrap_or(answer)
}

#[test]
fn requests_without_the_marker_are_refused() {
    let stand = Stand::start();
    let answer = stand.raw(&get("/v1/rules", ""));
    assert_eq!(status(&answer), "400", "{answer}");
    assert!(answer.contains("protocol.no-marker"));
}

#[test]
fn too_old_and_too_new_protocols_are_told_so() {
    let stand = Stand::start();
    for (spoken, code) in [("0", "protocol.too-old"), ("3", "protocol.too-new"), ("99", "protocol.too-new")] {
        let answer = stand.raw(&get("/v1/rules", &format!("selaras: {spoken}\r\n")));
        assert_eq!(status(&answer), "426", "{answer}");
        assert!(answer.contains(code) && answer.contains(&format!("\"found\":\"{spoken}\"")), "{answer}");
    }
}

#[test]
fn this_protocol_and_the_one_before_are_answered() {
    let stand = Stand::start();
    for spoken in ["1", "2"] {
        let answer = stand.raw(&get("/v1/rules", &format!("selaras: {spoken}\r\n")));
        assert_eq!(status(&answer), "200", "{answer}");
    }
}

#[test]
fn every_answer_carries_the_marker_and_problems_are_json() {
    let stand = Stand::start();
    for path in ["/v1/rules", "/healthz", "/metrics", "/nowhere", "/v1/schools/99999999/sync", "/v1/admin/schools"] {
        let answer = stand.raw(&get(path, "selaras: 1\r\n"));
        assert!(answer.contains("\r\nselaras: 2\r\n"), "{path}: {answer}");
        if status(&answer) != "200" {
            assert!(answer.contains("\r\ncontent-type: application/json\r\n"), "{path}: {answer}");
        }
    }
}

#[tokio::test]
async fn a_body_over_the_limit_is_refused_before_it_is_sent() {
    let stand = Stand::start();
    let token = registered(&stand).await.3;
    let answer = stand.raw(&format!(
        "POST /v1/schools/{NPSN}/sync HTTP/1.1\r\nhost: x\r\nselaras: 1\r\nconnection: close\r\n\
         content-type: application/x-selaras\r\nauthorization: Bearer {token}\r\ncontent-length: 70000000\r\n\r\n"
    ));
    assert_eq!(status(&answer), "413", "{answer}");
    assert!(answer.contains("body.too-large"), "{answer}");
}

#[tokio::test]
async fn another_content_type_is_no_exchange() {
    let stand = Stand::start();
    let token = registered(&stand).await.3;
    let answer = stand.raw(&format!(
        "POST /v1/schools/{NPSN}/sync HTTP/1.1\r\nhost: x\r\nselaras: 1\r\nconnection: close\r\n\
         content-type: text/plain\r\nauthorization: Bearer {token}\r\ncontent-length: 5\r\n\r\nhello"
    ));
    assert_eq!(status(&answer), "415", "{answer}");
}

#[test]
fn a_path_without_a_school_number_is_told_so() {
    let stand = Stand::start();
    for npsn in ["1234", "00000000", "abcdefgh"] {
        let answer = stand.raw(&format!(
            "POST /v1/schools/{npsn}/token HTTP/1.1\r\nhost: x\r\nselaras: 1\r\nconnection: close\r\n\
             content-type: application/json\r\ncontent-length: 2\r\n\r\n{{}}"
        ));
        assert!(answer.contains("school.bad-npsn"), "{answer}");
    }
}

#[test]
fn health_and_metrics_need_neither_marker_nor_token() {
    let stand = Stand::start();
    stand.school();
    let health = stand.raw(&get("/healthz", ""));
    assert!(health.contains("\"status\":\"ok\""), "{health}");
    let metrics = stand.raw(&get("/metrics", ""));
    assert!(metrics.contains("selaras_center_schools 1\n"), "{metrics}");
    assert!(metrics.contains("selaras_center_requests_total{endpoint=\"admin\",code=\"ok\"} 1"), "{metrics}");
}

#[test]
fn who_is_refused_while_sending_reads_why() {
    const PIECE: [u8; 16 << 10] = [0; 16 << 10];
    const PIECES: usize = 40;
    let stand = Stand::start();
    for path in ["/v1/probe", "/v1/schools/99999999/sync", "/v1/schools/99999999/heal", "/nowhere"] {
        let mut stream = TcpStream::connect(stand.url.trim_start_matches("http://")).unwrap();
        let head = format!(
            "POST {path} HTTP/1.1\r\nhost: x\r\nselaras: 1\r\nauthorization: Bearer none\r\nconnection: close\r\n\
             content-type: application/x-selaras\r\ncontent-length: {}\r\n\r\n",
            PIECE.len() * PIECES
        );
        stream.write_all(head.as_bytes()).unwrap();
        // The centre has decided by now, and most of the body is still to come.
        let mut first = [0; 12];
        stream.read_exact(&mut first).unwrap();
        for piece in 0..PIECES {
            stream.write_all(&PIECE).unwrap_or_else(|error| panic!("{path}, piece {piece}: {error}"));
        }
        let mut rest = String::new();
        stream.read_to_string(&mut rest).unwrap_or_else(|error| panic!("{path}: {error}"));
        assert!(rest.contains("\"code\""), "{path}: {rest}");
    }
}
