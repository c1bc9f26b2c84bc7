//! The two ways in: plain HTTP on this computer's loopback address, and TLS for the school's other computers.

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, UdpSocket};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum_server::Handle;
use axum_server::tls_rustls::{RustlsAcceptor, RustlsConfig};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

use sha2::Digest as _;

use super::connections::Connections;
use crate::failure::Failure;
use crate::place::Place;

/// How long a client may take for the head of a request, and how long one is kept that asks for nothing. What follows the
/// head has a time of its own (`visit.rs`), so that every request has an end.
const IDLE: Duration = Duration::from_secs(60);
/// How long a TLS client may take for its part of the handshake.
const HANDSHAKE: Duration = Duration::from_secs(10);
/// Bytes of a request's head at most.
const MAX_HEAD: usize = 64 << 10;
/// How long answers that have begun may take when the program ends.
const END: Duration = Duration::from_secs(2);

/// How a request came in.
#[derive(Debug, Clone)]
pub(crate) struct Way {
    /// Whether it came encrypted, from another computer perhaps.
    pub(crate) tls: bool,
    /// The port that it came in by.
    pub(crate) port: u16,
    /// Names of this computer, besides its addresses.
    pub(crate) names: Arc<[String]>,
}

impl Way {
    pub(crate) fn scheme(&self) -> &'static str {
        if self.tls { "https" } else { "http" }
    }
}

/// A listener that serves until it is dropped.
pub(crate) struct Listening {
    pub(crate) address: SocketAddr,
    handle: Handle<SocketAddr>,
}

impl Drop for Listening {
    fn drop(&mut self) {
        self.handle.graceful_shutdown(Some(END));
    }
}

/// Listens on loopback; a port that was asked for has to be free, the usual one need not be.
pub(crate) fn loopback(asked: Option<u16>) -> Result<TcpListener, Failure> {
    let failed = |_| Failure::new("serve.port");
    match asked {
        Some(port) => TcpListener::bind((Ipv4Addr::LOCALHOST, port)).map_err(failed),
        None => TcpListener::bind((Ipv4Addr::LOCALHOST, USUAL_PORT))
            .or_else(|_| TcpListener::bind((Ipv4Addr::LOCALHOST, 0)))
            .map_err(failed),
    }
}

/// The port that people find in their bookmarks.
const USUAL_PORT: u16 = 7272;

/// Serves pages on a listener, in the background.
pub(crate) fn serve(
    runtime: &tokio::runtime::Handle,
    listener: TcpListener,
    tls: Option<RustlsConfig>,
    router: Router,
) -> Result<Listening, Failure> {
    let failed = |_| Failure::new("serve.port");
    listener.set_nonblocking(true).map_err(failed)?;
    let address = listener.local_addr().map_err(failed)?;
    let handle = Handle::new();
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    let _within = runtime.enter();
    let mut server =
        axum_server::from_tcp(listener).map_err(failed)?.handle(handle.clone()).first_request_timeout(IDLE);
    // HTTP/2 has other clocks, and no browser speaks it here.
    server = server.http1_only();
    server.http_builder().http1().header_read_timeout(IDLE).max_buf_size(MAX_HEAD);
    runtime.spawn(async move {
        let served = match tls {
            None => server.acceptor(Connections::default()).serve(service).await,
            Some(config) => {
                let acceptor = RustlsAcceptor::new(config).handshake_timeout(HANDSHAKE);
                let acceptor = acceptor.acceptor(Connections::default());
                server.acceptor(acceptor).serve(service).await
            }
        };
        if let Err(error) = served {
            tracing::error!(%error, "the pages are no longer served");
        }
    });
    Ok(Listening { address, handle })
}

/// The certificate of this computer, made when it was installed.
pub(crate) struct Certificate {
    config: Arc<rustls::ServerConfig>,
    /// What people compare with what their browser shows: SHA-256 over the certificate.
    pub(crate) fingerprint: String,
}

impl Certificate {
    /// Makes a certificate for this computer's names, unless there is one.
    pub(crate) fn provide(place: &Place, names: &[String]) -> Result<(), Failure> {
        let (cert, key) = files(place);
        if cert.exists() && key.exists() { Ok(()) } else { make(place, names) }
    }

    /// Reads the certificate, or makes one.
    pub(crate) fn of(place: &Place, names: &[String]) -> Result<Certificate, Failure> {
        Certificate::provide(place, names)?;
        let (cert, key) = files(place);
        let unreadable = |error: &dyn std::fmt::Display| Failure::new("web.certificate").arg("reason", error);
        let chain: Vec<CertificateDer<'static>> = CertificateDer::pem_file_iter(&cert)
            .and_then(Iterator::collect::<Result<Vec<_>, _>>)
            .map_err(|error| unreadable(&error))?;
        let key = PrivateKeyDer::from_pem_file(&key).map_err(|error| unreadable(&error))?;
        let fingerprint = chain.first().map(|der| fingerprint(der)).unwrap_or_default();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut config = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| unreadable(&error))?
            .with_no_client_auth()
            .with_single_cert(chain, key)
            .map_err(|error| unreadable(&error))?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Certificate { config: Arc::new(config), fingerprint })
    }

    pub(crate) fn tls(&self) -> RustlsConfig {
        RustlsConfig::from_config(Arc::clone(&self.config))
    }
}

fn files(place: &Place) -> (PathBuf, PathBuf) {
    (place.root().join("web-certificate.pem"), place.root().join("web-key.pem"))
}

fn make(place: &Place, names: &[String]) -> Result<(), Failure> {
    let failed = |error: &dyn std::fmt::Display| Failure::new("web.certificate").arg("reason", error);
    let mut subjects = vec!["localhost".to_owned(), "127.0.0.1".to_owned()];
    subjects.extend(names.iter().cloned());
    subjects.extend(own_address().map(|address| address.to_string()));
    let made = rcgen::generate_simple_self_signed(subjects).map_err(|error| failed(&error))?;
    let (cert, key) = files(place);
    crate::platform::create_private_dir(place.root()).map_err(|error| failed(&error))?;
    crate::platform::write_private(&key, made.signing_key.serialize_pem().as_bytes())
        .map_err(|error| failed(&error))?;
    crate::platform::write_private(&cert, made.cert.pem().as_bytes()).map_err(|error| failed(&error))
}

fn fingerprint(der: &[u8]) -> String {
    let hash = sha2::Sha256::digest(der);
    hash.iter().map(|byte| format!("{byte:02X}")).collect::<Vec<_>>().join(":")
}

/// The address by which the school's other computers reach this one; nothing is sent to find it out.
pub(crate) fn own_address() -> Option<std::net::IpAddr> {
    let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).ok()?;
    // An address that is reserved for documents: it is only looked up which way would lead there.
    socket.connect((Ipv4Addr::new(192, 0, 2, 1), 9)).ok()?;
    let address = socket.local_addr().ok()?.ip();
    (!address.is_unspecified() && !address.is_loopback()).then_some(address)
}

/// Listens for the school's other computers.
pub(crate) fn everywhere(port: u16) -> Result<TcpListener, Failure> {
    TcpListener::bind((Ipv6Addr::UNSPECIFIED, port))
        .or_else(|_| TcpListener::bind((Ipv4Addr::UNSPECIFIED, port)))
        .map_err(|_| Failure::new("web.port").arg("port", port))
}
