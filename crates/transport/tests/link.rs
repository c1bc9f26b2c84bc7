//! A link against servers that behave, misbehave, or are not ours.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use std::sync::Arc;
use std::time::Duration;

use selaras_model::Npsn;
use selaras_sync::Carry;
use selaras_transport::{Link, LinkError, LinkOptions, MAX_EXCHANGE_BODY, Phase, Retry, Timeouts, Traffic, Trust};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

fn npsn() -> Npsn {
    "99999999".parse().unwrap()
}

/// Reads a request up to the end of its body and gives back how many bytes it was.
async fn read_request(stream: &mut TcpStream) -> usize {
    let mut bytes = Vec::new();
    loop {
        let mut piece = [0; 4_096];
        let read = stream.read(&mut piece).await.unwrap();
        bytes.extend_from_slice(&piece[..read]);
        let text = String::from_utf8_lossy(&bytes[..bytes.len().min(2_000)]).into_owned();
        let Some(head) = text.find("\r\n\r\n") else { continue };
        let length = text.lines().find_map(|line| line.strip_prefix("content-length: "));
        if bytes.len() == head + 4 + length.map_or(0, |length| length.parse::<usize>().unwrap()) {
            return bytes.len();
        }
    }
}

/// A server on this computer that gives one fixed answer and closes; counts what it was sent.
async fn fixed(answer: &'static str) -> (String, tokio::task::JoinHandle<usize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let served = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let read = read_request(&mut stream).await;
        stream.write_all(answer.as_bytes()).await.unwrap();
        read
    });
    (address, served)
}

fn link(address: &str) -> Link {
    let mut options = LinkOptions::new(address, Trust::System);
    options.timeouts.stall = Duration::from_millis(200);
    options.timeouts.answer = Duration::from_millis(400);
    options.timeouts.send_stall = Duration::from_millis(400);
    Link::new(&options).unwrap()
}

async fn exchange(answer: &'static str) -> Result<Vec<u8>, LinkError> {
    let (address, _served) = fixed(answer).await;
    link(&address)
        .exchange("token", npsn(), Carry::Inline, b"request".as_slice().into())
        .await
        .map(|body| body.to_vec())
}

#[tokio::test]
async fn an_answer_of_ours_is_taken_and_both_ways_are_counted() {
    let answer =
        "HTTP/1.1 200 OK\r\nselaras: 1\r\ncontent-type: application/x-selaras\r\ncontent-length: 6\r\n\r\nanswer";
    let (address, served) = fixed(answer).await;
    let link = link(&address);
    assert_eq!(link.exchange("token", npsn(), Carry::Inline, b"request".as_slice().into()).await.unwrap(), "answer");
    let sent = u64::try_from(served.await.unwrap()).unwrap();
    let received = u64::try_from(answer.len()).unwrap();
    assert_eq!(link.traffic(), Traffic { requests: 1, sent, received, acknowledged: sent });
}

#[tokio::test]
async fn a_larger_body_is_streamed_whole_and_counted() {
    let answer = "HTTP/1.1 200 OK\r\nselaras: 1\r\ncontent-type: application/x-selaras\r\ncontent-length: 0\r\n\r\n";
    let (address, served) = fixed(answer).await;
    let link = link(&address);
    link.exchange("token", npsn(), Carry::Inline, vec![b'x'; 200_000].into()).await.unwrap();
    let sent = u64::try_from(served.await.unwrap()).unwrap();
    assert!(sent > 200_000);
    assert_eq!((link.traffic().sent, link.traffic().acknowledged), (sent, sent));
}

#[tokio::test]
async fn what_others_answer_changes_nothing() {
    for (code, answer) in [
        ("link.captive-portal", "HTTP/1.1 200 OK\r\ncontent-type: text/html\r\ncontent-length: 5\r\n\r\nlogin"),
        (
            "link.not-our-server",
            "HTTP/1.1 200 OK\r\ncontent-type: application/x-selaras\r\ncontent-length: 5\r\n\r\nlogin",
        ),
        (
            "link.not-our-server",
            "HTTP/1.1 200 OK\r\nselaras: 1\r\ncontent-type: text/html\r\ncontent-length: 5\r\n\r\nlogin",
        ),
        ("link.captive-portal", "HTTP/1.1 302 Found\r\nlocation: http://portal.example/\r\ncontent-length: 0\r\n\r\n"),
        ("link.proxy-login", "HTTP/1.1 407 Proxy Authentication Required\r\ncontent-length: 0\r\n\r\n"),
        ("link.proxy", "HTTP/1.1 503 Service Unavailable\r\nretry-after: 60\r\ncontent-length: 0\r\n\r\n"),
        (
            "link.not-our-server",
            "HTTP/1.1 403 Forbidden\r\nselaras: 1\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}",
        ),
    ] {
        let error = exchange(answer).await.unwrap_err();
        assert!(matches!(error, LinkError::NotOurServer { .. }), "{answer:?} gave {error}");
        assert_eq!((error.code(), error.retry()), (code, Retry::After));
    }
}

#[tokio::test]
async fn an_error_body_of_the_centre_is_told_as_it_is() {
    let answer = concat!(
        "HTTP/1.1 503 Service Unavailable\r\nselaras: 1\r\ncontent-type: application/json\r\nretry-after: 30\r\n",
        "content-length: 97\r\n\r\n",
        r#"{"code":"center.closed","retry":"after","who":"centre","message":{"id":"Tutup.","en":"Closed."}} "#,
    );
    let error = exchange(answer).await.unwrap_err();
    assert!(matches!(error, LinkError::Busy(_)), "{error}");
    assert_eq!((error.code(), error.retry_after()), ("center.closed", Some(Duration::from_secs(30))));
    assert_eq!(error.problem().message.id, "Tutup.");
}

#[tokio::test]
async fn a_session_and_a_protocol_have_kinds_of_their_own() {
    let body = r#"{"code":"session.expired","retry":"now","who":"nobody","message":{"id":"x","en":"y"}}"#;
    for (status, expected) in [("401 Unauthorized", true), ("426 Upgrade Required", false)] {
        let text = format!(
            "HTTP/1.1 {status}\r\nselaras: 1\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        );
        let error = exchange(text.leak()).await.unwrap_err();
        match error {
            LinkError::SessionExpired(_) => assert!(expected),
            LinkError::Protocol(_) => assert!(!expected),
            other => panic!("{other}"),
        }
    }
}

#[tokio::test]
async fn a_cut_answer_is_a_cut() {
    let error = exchange(
        "HTTP/1.1 200 OK\r\nselaras: 1\r\ncontent-type: application/x-selaras\r\ncontent-length: 600\r\n\r\nanswer",
    )
    .await
    .unwrap_err();
    assert!(matches!(error, LinkError::Cut(_)), "{error}");
    let error = exchange("").await.unwrap_err();
    assert!(matches!(error, LinkError::Cut(_)), "{error}");
}

#[tokio::test]
async fn an_answer_over_the_limit_is_not_read() {
    let error = exchange(
        "HTTP/1.1 200 OK\r\nselaras: 1\r\ncontent-type: application/x-selaras\r\ncontent-length: 99999999\r\n\r\n",
    )
    .await
    .unwrap_err();
    assert!(matches!(error, LinkError::TooLarge { .. }), "{error}");
}

#[tokio::test]
async fn a_line_that_stands_still_is_told_by_what_was_waited_for() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        let mut kept = Vec::new();
        for turn in 0.. {
            let (mut stream, _) = listener.accept().await.unwrap();
            if turn == 1 {
                read_request(&mut stream).await;
                let head =
                    "HTTP/1.1 200 OK\r\nselaras: 1\r\ncontent-type: application/x-selaras\r\ncontent-length: 9\r\n\r\n";
                stream.write_all(head.as_bytes()).await.unwrap();
            }
            kept.push(stream);
        }
    });
    for (size, expected) in [(10, Phase::Waiting), (10, Phase::Receiving), (60 << 20, Phase::Sending)] {
        let link = link(&address);
        let error = if size > MAX_EXCHANGE_BODY {
            link.send_lines::<serde_json::Value>("/lines", "token", vec![0; size].into()).await.unwrap_err()
        } else {
            link.exchange("token", npsn(), Carry::Inline, vec![0; size].into()).await.unwrap_err()
        };
        assert!(matches!(error, LinkError::TooSlow(phase) if phase == expected), "{expected:?}: {error}");
    }
}

#[tokio::test]
async fn nobody_listening_is_refused() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let error = link(&address).rules().await.unwrap_err();
    assert!(matches!(error, LinkError::Refused(_)), "{error}");
}

#[tokio::test]
async fn a_name_that_does_not_exist_leads_nowhere() {
    let link = Link::new(&LinkOptions::new("https://pusat.invalid", Trust::Ca(own_ca().0))).unwrap();
    let error = link.rules().await.unwrap_err();
    assert!(matches!(error, LinkError::NameNotFound(_) | LinkError::NoNetwork(_)), "{error}");
}

#[tokio::test]
async fn a_body_over_the_limit_is_not_sent() {
    let link = link("http://127.0.0.1:9");
    let error = link.exchange("token", npsn(), Carry::Inline, vec![0; MAX_EXCHANGE_BODY + 1].into()).await.unwrap_err();
    assert!(matches!(error, LinkError::TooLarge { .. }), "{error}");
    assert_eq!(link.traffic(), Traffic::default());
}

#[test]
fn trust_without_a_certificate_is_no_trust() {
    for pem in ["", "nonsense"] {
        let made = Link::new(&LinkOptions::new("https://pusat.example", Trust::Ca(pem.into())));
        assert!(matches!(made, Err(LinkError::Roots(_))));
    }
    assert_eq!(Timeouts::default().stall, Duration::from_secs(20));
}

/// A CA of our own and a certificate for 127.0.0.1 from it: CA, certificate, key, all PEM.
fn own_ca() -> (String, String, String) {
    let mut params = rcgen::CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let ca_key = rcgen::KeyPair::generate().unwrap();
    let ca = params.self_signed(&ca_key).unwrap();
    let issuer = rcgen::Issuer::new(params, ca_key);
    let key = rcgen::KeyPair::generate().unwrap();
    let leaf = rcgen::CertificateParams::new(vec!["127.0.0.1".into()]).unwrap().signed_by(&key, &issuer).unwrap();
    (ca.pem(), leaf.pem(), key.serialize_pem())
}

/// A TLS server on this computer that ends every connection after the handshake.
async fn tls_server(certificate: &str, key: &str) -> String {
    use rustls::pki_types::pem::PemObject;
    use rustls::pki_types::{CertificateDer, PrivateKeyDer};
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(
            CertificateDer::pem_slice_iter(certificate.as_bytes()).map(Result::unwrap).collect(),
            PrivateKeyDer::from_pem_slice(key.as_bytes()).unwrap(),
        )
        .unwrap();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        let config = Arc::new(config);
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut tls = rustls::ServerConnection::new(Arc::clone(&config)).unwrap();
            while tls.is_handshaking() && tls.complete_io(&mut stream).is_ok() {}
        }
    });
    format!("https://{address}")
}

#[tokio::test]
async fn only_the_given_ca_is_trusted() {
    let (ca, certificate, key) = own_ca();
    let address = tls_server(&certificate, &key).await;
    let known = Link::new(&LinkOptions::new(&address, Trust::Ca(ca))).unwrap();
    let error = known.rules().await.unwrap_err();
    assert!(matches!(error, LinkError::Cut(_)), "the handshake passes and the server hangs up: {error}");

    let stranger = Link::new(&LinkOptions::new(&address, Trust::Ca(own_ca().0))).unwrap();
    let error = stranger.rules().await.unwrap_err();
    assert_eq!((error.code(), error.retry()), ("link.tls-issuer", Retry::AfterHumanAction));

    let elsewhere = address.replace("127.0.0.1", "localhost");
    let other_name = Link::new(&LinkOptions::new(&elsewhere, Trust::Ca(certificate))).unwrap();
    let code = other_name.rules().await.unwrap_err().code().to_owned();
    assert!(code.starts_with("link.tls"), "{code}");
}
