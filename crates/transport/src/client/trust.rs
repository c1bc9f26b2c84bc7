//! Whose certificates a link believes, as a TLS configuration with ring.

use std::fmt;
use std::sync::Arc;

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::ServerCertVerifier;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use rustls_platform_verifier::Verifier;

use super::error::{Cause, LinkError};
use super::trust_note::Noting;

/// Whose certificates are believed.
#[derive(Clone, Default)]
#[non_exhaustive]
pub enum Trust {
    /// The system's roots.
    #[default]
    System,
    /// The certificates in this PEM text and nobody else: the centre's own CA, given at `init`.
    Ca(String),
}

impl fmt::Debug for Trust {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::System => "System",
            Self::Ca(_) => "Ca(..)",
        })
    }
}

/// The TLS configuration of a link; `plain` for one that never uses TLS.
///
/// The configuration is always given to the HTTP client, for plain links with no root at all: without one it would
/// read the system's roots, and building a client fails where none are installed.
pub(super) fn tls_config(trust: &Trust, plain: bool) -> Result<ClientConfig, LinkError> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider.clone())
        .with_safe_default_protocol_versions()
        .map_err(|error| LinkError::Roots(Cause::of(error)))?;
    let mut config = if plain {
        builder.with_root_certificates(RootCertStore::empty()).with_no_client_auth()
    } else {
        let noting = Noting(verifier(trust, provider)?);
        builder.dangerous().with_custom_certificate_verifier(Arc::new(noting)).with_no_client_auth()
    };
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}

fn verifier(trust: &Trust, provider: Arc<CryptoProvider>) -> Result<Arc<dyn ServerCertVerifier>, LinkError> {
    Ok(match trust {
        Trust::Ca(pem) => WebPkiServerVerifier::builder_with_provider(Arc::new(own_roots(pem)?), provider)
            .build()
            .map_err(|error| LinkError::Roots(Cause::of(error)))?,
        Trust::System => Arc::new(Verifier::new(provider).map_err(|error| LinkError::Roots(Cause::of(error)))?),
    })
}

fn own_roots(pem: &str) -> Result<RootCertStore, LinkError> {
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(pem.as_bytes()) {
        let certificate = certificate.map_err(|error| LinkError::Roots(Cause::of(error)))?;
        roots.add(certificate).map_err(|error| LinkError::Roots(Cause::of(error)))?;
    }
    if roots.is_empty() {
        return Err(LinkError::Roots(Cause::none()));
    }
    Ok(roots)
}
