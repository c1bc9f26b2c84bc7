//! TLS that ends at somebody who is not the centre.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

/// How long a TLS client may take for its part of the handshake.
const HANDSHAKE: Duration = Duration::from_secs(20);
/// A certificate for 127.0.0.1 and localhost that nobody signed, with its key: what somebody in between shows.
const SOMEONE_ELSE: &str = include_str!("../data/someone-else.pem");

/// Shows a client the certificate of somebody else.
///
/// # Errors
/// Where the client does not take it, as it should not.
pub(crate) async fn someone_else(client: TcpStream) -> io::Result<TlsStream<TcpStream>> {
    let acceptor = TlsAcceptor::from(config().map_err(io::Error::other)?);
    timeout(HANDSHAKE, acceptor.accept(client)).await?
}

fn config() -> Result<Arc<rustls::ServerConfig>, Box<dyn std::error::Error + Send + Sync>> {
    let certificates = CertificateDer::pem_slice_iter(SOMEONE_ELSE.as_bytes()).collect::<Result<Vec<_>, _>>()?;
    let key = PrivateKeyDer::from_pem_slice(SOMEONE_ELSE.as_bytes())?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(certificates, key)?;
    Ok(Arc::new(config))
}
