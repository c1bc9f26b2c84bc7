//! Connections: several requests on one, pieces, TLS of somebody else.

use std::io::{Read as _, Write as _};
use std::sync::Arc;

use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use selaras_lab::mock::Endpoint;

use super::stage::{Behind, Client, End};

#[test]
fn requests_follow_each_other_in_whatever_pieces() {
    let behind = Behind::start();
    let mock = behind.mock("");
    let mut client = Client::of(&mock);
    client.0.set_nodelay(true).unwrap();
    let two = "POST /a HTTP/1.1\r\ncontent-length: 2\r\n\r\nabPOST /b HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n";
    for byte in two.bytes() {
        client.0.write_all(&[byte]).unwrap();
    }
    assert_eq!(client.receive().1, "AB");
    client.0.write_all(b"0\r\n\r\nGET /c HTTP/1.1\r\n\r\n").unwrap();
    assert_eq!((client.receive().1, client.receive().1), (String::new(), String::new()));
    assert_eq!(mock.requests(Endpoint::Other), 3);
}

#[test]
fn who_waits_to_be_told_to_go_on_is_told() {
    let behind = Behind::start();
    let mock = behind.mock("");
    let mut client = Client::of(&mock);
    client.0.write_all(b"POST /a HTTP/1.1\r\nexpect: 100-continue\r\ncontent-length: 2\r\n\r\n").unwrap();
    assert_eq!(client.receive().0, "HTTP/1.1 100 Continue\r\n\r\n");
    client.0.write_all(b"ab").unwrap();
    assert_eq!(client.receive().1, "AB");
}

#[test]
fn a_head_is_answered_without_a_body() {
    let behind = Behind::start();
    let mock = behind.mock("[[rule]]\non.method = \"HEAD\"\nact.answer = { status = 409, text = \"hi\" }");
    let mut client = Client::of(&mock);
    let (head, body) = client.ask("HEAD /v1/uploads/ab", "");
    assert_eq!((head.as_str(), body.as_str()), ("HTTP/1.1 409 Conflict\r\nselaras: 2\r\n\r\n", ""));
    assert_eq!(client.ask("POST /a", "next").1, "NEXT");
}

#[test]
fn what_is_not_http_is_closed_upon() {
    let behind = Behind::start();
    let mock = behind.mock("");
    let mut client = Client::of(&mock);
    client.0.write_all(b"\x16\x03\x01 tls?").unwrap();
    assert_eq!((client.rest(), behind.asked()), ((vec![], End::Fin), 0));
}

#[test]
fn a_client_that_looks_refuses_the_certificate_of_somebody_else() {
    let behind = Behind::start();
    let mock = behind.mock("tls = \"someone-else\"");
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let config = builder.with_root_certificates(RootCertStore::empty()).with_no_client_auth();
    let connection = ClientConnection::new(Arc::new(config), ServerName::try_from("127.0.0.1").unwrap()).unwrap();
    let mut tls = StreamOwned::new(connection, Client::of(&mock).0);
    let error = tls.write_all(b"GET /a HTTP/1.1\r\n\r\n").and_then(|()| tls.read(&mut [0]).map(drop)).unwrap_err();
    assert!(error.to_string().contains("certificate"), "{error}");
    assert_eq!((behind.asked(), mock.requests(Endpoint::Other)), (0, 0));
}
