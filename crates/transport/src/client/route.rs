//! The first steps of the way, one by one, for the diagnosis: whom a connection is opened to, its addresses, and
//! whether one of them answers. A call does the same by itself; here each step is told apart.

use std::net::SocketAddr;
use std::time::Duration;

use hyper_util::client::proxy::matcher::Matcher;
use tokio::net::{TcpStream, lookup_host};
use tokio::time::timeout;

use super::diagnosis::{connecting, naming};
use super::error::{LinkError, Phase};
use super::link::Link;

/// Addresses of one name that are looked at.
const MAX_ADDRESSES: usize = 8;

/// Whom a connection is opened to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hop {
    /// The host, as a name or an address.
    pub host: String,
    /// The port.
    pub port: u16,
    /// It is a proxy of this computer's settings, not the centre.
    pub proxy: bool,
    /// TLS is spoken with the centre.
    pub tls: bool,
}

impl Link {
    /// The first host on the way: the centre, or the proxy of the system's settings, which the HTTP client asks too.
    ///
    /// # Errors
    /// [`LinkError::BadAddress`].
    pub fn hop(&self) -> Result<Hop, LinkError> {
        let url = self.address.join("/")?;
        let tls = !self.address.plain;
        let proxy = if self.address.loopback { None } else { proxy_for(url.as_str()) };
        if let Some((host, port)) = proxy {
            return Ok(Hop { host, port, proxy: true, tls });
        }
        let host = url.host_str().ok_or(LinkError::BadAddress)?;
        let host = host.trim_start_matches('[').trim_end_matches(']').to_owned();
        let port = url.port_or_known_default().ok_or(LinkError::BadAddress)?;
        Ok(Hop { host, port, proxy: false, tls })
    }
}

fn proxy_for(url: &str) -> Option<(String, u16)> {
    let intercept = Matcher::from_system().intercept(&url.parse().ok()?)?;
    let uri = intercept.uri();
    let port = uri.port_u16().unwrap_or(if uri.scheme_str() == Some("https") { 443 } else { 80 });
    Some((uri.host()?.to_owned(), port))
}

/// Asks the name service for a host's addresses.
///
/// # Errors
/// [`LinkError::NameNotFound`], [`LinkError::NoNetwork`], [`LinkError::TooSlow`].
pub async fn resolve(hop: &Hop, limit: Duration) -> Result<Vec<SocketAddr>, LinkError> {
    let found = timeout(limit, lookup_host((hop.host.as_str(), hop.port)))
        .await
        .map_err(|_| LinkError::TooSlow(Phase::Connecting))?
        .map_err(naming)?;
    let found: Vec<SocketAddr> = found.take(MAX_ADDRESSES).collect();
    if found.is_empty() { Err(naming(std::io::ErrorKind::NotFound.into())) } else { Ok(found) }
}

/// Opens a connection to an address and closes it again.
///
/// # Errors
/// [`LinkError::Refused`], [`LinkError::NoNetwork`], [`LinkError::TooSlow`], [`LinkError::Cut`].
pub async fn touch(address: SocketAddr, limit: Duration) -> Result<(), LinkError> {
    timeout(limit, TcpStream::connect(address))
        .await
        .map_err(|_| LinkError::TooSlow(Phase::Connecting))?
        .map(drop)
        .map_err(connecting)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;
    use crate::client::{LinkOptions, Trust};

    const LIMIT: Duration = Duration::from_secs(5);

    #[test]
    fn without_a_proxy_the_centre_is_the_first_hop() {
        let link = Link::new(&LinkOptions::new("http://[::1]:8080/dapodik", Trust::System)).unwrap();
        let hop = link.hop().unwrap();
        assert_eq!(hop, Hop { host: "::1".to_owned(), port: 8080, proxy: false, tls: false });
    }

    #[tokio::test]
    async fn a_name_that_is_reserved_for_nobody_is_not_found() {
        let hop = Hop { host: "pusat.invalid".to_owned(), port: 443, proxy: false, tls: true };
        let error = resolve(&hop, LIMIT).await.unwrap_err();
        // Without any name service the computer is offline, which is told instead.
        assert!(matches!(error, LinkError::NameNotFound(_) | LinkError::NoNetwork(_)), "{error}");
    }

    #[tokio::test]
    async fn a_listener_is_touched_and_a_closed_port_refuses() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        touch(address, LIMIT).await.unwrap();
        drop(listener);
        assert!(matches!(touch(address, LIMIT).await, Err(LinkError::Refused(_))));
    }
}
