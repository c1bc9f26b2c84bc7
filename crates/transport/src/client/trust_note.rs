//! A verifier that keeps the name of an issuer whom nobody trusts.

use std::fmt;
use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{CertificateError, DigitallySignedStruct, Error, OtherError, SignatureScheme};

use super::issuer::issuer_of;

/// Why a certificate was refused, with the name that its issuer bears.
#[derive(Debug)]
pub(super) struct Untrusted {
    /// The issuer's name, where one could be read.
    pub(super) issuer: Option<String>,
}

impl fmt::Display for Untrusted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the issuer is not trusted: {}", self.issuer.as_deref().unwrap_or("?"))
    }
}

impl std::error::Error for Untrusted {}

/// Judges as the verifier within does; a refusal for the issuer's sake bears the issuer's name.
#[derive(Debug)]
pub(super) struct Noting(pub(super) Arc<dyn ServerCertVerifier>);

impl ServerCertVerifier for Noting {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let judged = self.0.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now);
        judged.map_err(|error| match error {
            Error::InvalidCertificate(fault) if for_the_issuer(&fault) => {
                let noted = Untrusted { issuer: issuer_of(end_entity) };
                Error::InvalidCertificate(CertificateError::Other(OtherError(Arc::new(noted))))
            }
            other => other,
        })
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.0.verify_tls12_signature(message, cert, dss)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.0.verify_tls13_signature(message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.supported_verify_schemes()
    }

    fn root_hint_subjects(&self) -> Option<&[rustls::DistinguishedName]> {
        self.0.root_hint_subjects()
    }
}

/// Whether a fault is neither of the name nor of the time, which are told by themselves.
const fn for_the_issuer(fault: &CertificateError) -> bool {
    !matches!(
        fault,
        CertificateError::Expired
            | CertificateError::ExpiredContext { .. }
            | CertificateError::NotValidYet
            | CertificateError::NotValidYetContext { .. }
            | CertificateError::NotValidForName
            | CertificateError::NotValidForNameContext { .. }
    )
}
