//! TLS that somebody in between ends.

use std::io::{Read as _, Write as _};
use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, ClientConnection, DigitallySignedStruct, RootCertStore, SignatureScheme, StreamOwned};
use selaras_lab::line::{Act, Fault, Plan};

use super::stage::{Upstream, connect, post};

fn provider() -> Arc<rustls::crypto::CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}

fn handshake(upstream: &Upstream, config: ClientConfig) -> std::io::Result<String> {
    let proxy = upstream.behind(Plan::default().with(Fault::always(Act::Intercept)));
    let name = ServerName::try_from("127.0.0.1").unwrap();
    let client = ClientConnection::new(Arc::new(config), name).unwrap();
    let mut tls = StreamOwned::new(client, connect(&proxy));
    tls.write_all(&post("secret"))?;
    let mut answer = vec![0; "HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\nSECRET".len()];
    tls.read_exact(&mut answer)?;
    assert_eq!(proxy.counts().requests, 1);
    Ok(String::from_utf8(answer).unwrap())
}

/// A client that should not exist.
#[derive(Debug)]
struct BelievesAnybody;

impl ServerCertVerifier for BelievesAnybody {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        provider().signature_verification_algorithms.supported_schemes()
    }
}

#[test]
fn a_client_that_looks_refuses_the_certificate() {
    let upstream = Upstream::shouting();
    let builder = ClientConfig::builder_with_provider(provider()).with_safe_default_protocol_versions().unwrap();
    let config = builder.with_root_certificates(RootCertStore::empty()).with_no_client_auth();
    let error = handshake(&upstream, config).unwrap_err().to_string();
    assert!(error.contains("certificate"), "{error}");
    upstream.nothing_more();
}

#[test]
fn a_client_that_believes_anybody_gives_its_secrets_away() {
    let upstream = Upstream::shouting();
    let builder = ClientConfig::builder_with_provider(provider()).with_safe_default_protocol_versions().unwrap();
    let config = builder.dangerous().with_custom_certificate_verifier(Arc::new(BelievesAnybody)).with_no_client_auth();
    assert!(handshake(&upstream, config).unwrap().ends_with("SECRET"));
    assert_eq!(upstream.next().bytes, post("secret"));
}
