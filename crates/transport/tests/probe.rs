//! What the diagnosis sees of a line: a middlebox that holds requests back, one that cuts them, a strange certificate.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use std::sync::Arc;

use selaras_transport::{Link, LinkError, LinkOptions, MAX_PROBE_UP, TlsFault, Trust};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

fn link(address: &str) -> Link {
    Link::new(&LinkOptions::new(address, Trust::System)).unwrap()
}

/// A listener that does something with one connection.
async fn listening<F>(serve: impl FnOnce(TcpStream) -> F + Send + 'static) -> String
where
    F: Future<Output = ()> + Send,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { serve(listener.accept().await.unwrap().0).await });
    address
}

/// Reads at least so many bytes, or to the end.
async fn read(stream: &mut TcpStream, bytes: usize) -> usize {
    let (mut have, mut piece) = (0, [0; 4_096]);
    while have < bytes {
        match stream.read(&mut piece).await {
            Ok(0) | Err(_) => break,
            Ok(more) => have += more,
        }
    }
    have
}

#[tokio::test]
async fn a_middlebox_that_waits_for_the_whole_request_is_seen() {
    let address = listening(|mut stream| async move {
        read(&mut stream, MAX_PROBE_UP).await;
        let lines = format!("{{\"received\":8192}}\n{{\"received\":{MAX_PROBE_UP},\"done\":true}}\n");
        let head = "HTTP/1.1 200 OK\r\nselaras: 1\r\ncontent-type: application/x-ndjson\r\n";
        let answer = format!("{head}content-length: {}\r\n\r\n{lines}", lines.len());
        stream.write_all(answer.as_bytes()).await.unwrap();
        read(&mut stream, usize::MAX).await;
    })
    .await;
    assert!(link(&address).probe_up("token", &mut |_, _| ()).await.unwrap().buffered);
}

#[tokio::test]
async fn a_middlebox_that_cuts_larger_requests_is_a_cut() {
    let address = listening(|mut stream| async move {
        read(&mut stream, 2_000).await;
        stream.shutdown().await.unwrap();
    })
    .await;
    let error = link(&address).probe_up("token", &mut |_, _| ()).await.unwrap_err();
    assert!(matches!(error, LinkError::Cut(_)), "{error}");
}

#[tokio::test]
async fn lines_that_never_end_are_not_the_centres() {
    let address = listening(|mut stream| async move {
        read(&mut stream, 2_000).await;
        let head = "HTTP/1.1 200 OK\r\nselaras: 1\r\ncontent-type: application/x-ndjson\r\n\r\n";
        stream.write_all(head.as_bytes()).await.unwrap();
        while stream.write_all(&[b'x'; 1_000]).await.is_ok() {}
    })
    .await;
    let error = link(&address).probe_up("token", &mut |_, _| ()).await.unwrap_err();
    assert!(matches!(error, LinkError::NotOurServer { .. }), "{error}");
}

#[tokio::test]
async fn a_centre_of_before_knows_no_probes_and_is_the_centre_all_the_same() {
    let address = listening(|mut stream| async move {
        read(&mut stream, 20).await;
        let body = r#"{"code":"path.unknown","retry":"never","who":"nobody","message":{"id":"a","en":"b"}}"#;
        let head = "HTTP/1.1 404 Not Found\r\nselaras: 1\r\ncontent-type: application/json\r\n";
        let answer = format!("{head}content-length: {}\r\n\r\n{body}", body.len());
        stream.write_all(answer.as_bytes()).await.unwrap();
        read(&mut stream, usize::MAX).await;
    })
    .await;
    link(&address).knock().await.unwrap();
}

/// An authority's certificate and a TLS server whose own certificate another authority issued.
async fn intercepted() -> (String, String) {
    let authority = |name: &str| {
        let mut params = rcgen::CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        params.distinguished_name = rcgen::DistinguishedName::new();
        params.distinguished_name.push(rcgen::DnType::CommonName, name);
        params
    };
    let ours = authority("Pusat Uji").self_signed(&rcgen::KeyPair::generate().unwrap()).unwrap().pem();
    let issuer = rcgen::Issuer::new(authority("Perisai HTTPS Scan"), rcgen::KeyPair::generate().unwrap());
    let key = rcgen::KeyPair::generate().unwrap();
    let leaf = rcgen::CertificateParams::new(vec!["127.0.0.1".into()]).unwrap().signed_by(&key, &issuer).unwrap();
    let chain = vec![leaf.der().clone()];
    let config = rustls::ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(chain, rustls::pki_types::PrivateKeyDer::Pkcs8(key.serialize_der().into()))
        .unwrap();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("https://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut connection = rustls::ServerConnection::new(Arc::new(config.clone())).unwrap();
            let _ = connection.complete_io(&mut stream.unwrap());
        }
    });
    (address, ours)
}

#[tokio::test]
async fn whoever_intercepts_tls_is_named() {
    let (address, ours) = intercepted().await;
    let link = Link::new(&LinkOptions::new(address, Trust::Ca(ours))).unwrap();
    let error = link.greet().await.unwrap_err();
    assert!(
        matches!(&error, LinkError::Tls(TlsFault::Issuer(Some(name)), _) if name == "Perisai HTTPS Scan"),
        "{error}"
    );
    assert_eq!(error.code(), "link.tls-issuer");
    assert!(error.problem().message.en.contains("Perisai HTTPS Scan"));
}
