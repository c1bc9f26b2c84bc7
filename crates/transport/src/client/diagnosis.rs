//! Turns the HTTP client's error into a kind that a person can act upon, by looking through its chain of causes.

use std::error::Error;
use std::io;

use rustls::CertificateError;

use super::error::{Cause, LinkError, Phase, TlsFault};
use super::trust_note::Untrusted;

/// The kind of a failure; `phase` is what the link was waiting for.
pub(super) fn diagnose(error: reqwest::Error, phase: Phase) -> LinkError {
    // The address may carry a school's number; the log has it elsewhere where it is wanted.
    let error = error.without_url();
    let fault = chain(&error).find_map(tls_fault);
    if let Some(fault) = fault {
        return LinkError::Tls(fault, Cause::of(error));
    }
    if error.is_dns() {
        let offline = chain(&error).any(no_name_service);
        let cause = Cause::of(error);
        return if offline { LinkError::NoNetwork(cause) } else { LinkError::NameNotFound(cause) };
    }
    if error.is_timeout() {
        return LinkError::TooSlow(if error.is_connect() { Phase::Connecting } else { phase });
    }
    let connecting = error.is_connect();
    let kind = chain(&error).find_map(io_kind);
    match kind {
        Some(io::ErrorKind::ConnectionRefused) => LinkError::Refused(Cause::of(error)),
        Some(
            io::ErrorKind::NetworkUnreachable
            | io::ErrorKind::HostUnreachable
            | io::ErrorKind::NetworkDown
            | io::ErrorKind::AddrNotAvailable,
        ) => LinkError::NoNetwork(Cause::of(error)),
        None if connecting => LinkError::NoNetwork(Cause::of(error)),
        _ => LinkError::Cut(Cause::of(error)),
    }
}

/// What kept a connection from being opened, told by the system.
pub(super) fn connecting(error: io::Error) -> LinkError {
    match error.kind() {
        io::ErrorKind::ConnectionRefused => LinkError::Refused(Cause::of(error)),
        io::ErrorKind::ConnectionReset | io::ErrorKind::ConnectionAborted => LinkError::Cut(Cause::of(error)),
        io::ErrorKind::TimedOut => LinkError::TooSlow(Phase::Connecting),
        _ => LinkError::NoNetwork(Cause::of(error)),
    }
}

/// What kept a name from being found.
pub(super) fn naming(error: io::Error) -> LinkError {
    if no_name_service(&error) {
        LinkError::NoNetwork(Cause::of(error))
    } else {
        LinkError::NameNotFound(Cause::of(error))
    }
}

fn chain<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |&error| {
        // An I/O error around another one gives that one's source as its own, and would hide it.
        let inner = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        match inner {
            Some(inner) => Some(inner as &(dyn Error + 'static)),
            None => error.source(),
        }
    })
}

fn io_kind(error: &(dyn Error + 'static)) -> Option<io::ErrorKind> {
    let kind = error.downcast_ref::<io::Error>()?.kind();
    (kind != io::ErrorKind::Other).then_some(kind)
}

fn tls_fault(error: &(dyn Error + 'static)) -> Option<TlsFault> {
    Some(match error.downcast_ref::<rustls::Error>()? {
        rustls::Error::InvalidCertificate(fault) => match fault {
            CertificateError::Expired
            | CertificateError::ExpiredContext { .. }
            | CertificateError::NotValidYet
            | CertificateError::NotValidYetContext { .. } => TlsFault::Clock,
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => TlsFault::Name,
            CertificateError::Other(other) => {
                TlsFault::Issuer(other.0.downcast_ref::<Untrusted>().and_then(|noted| noted.issuer.clone()))
            }
            _ => TlsFault::Issuer(None),
        },
        _ => TlsFault::Other,
    })
}

/// Without a network the name service cannot be asked at all, which is not the same as a name that does not exist.
/// Unix gives no number for it, only this text (in the C locale, which a Rust program keeps); Windows gives 11002.
fn no_name_service(error: &(dyn Error + 'static)) -> bool {
    let Some(error) = error.downcast_ref::<io::Error>() else { return false };
    error.raw_os_error() == Some(11_002) || error.to_string().contains("Temporary failure")
}
