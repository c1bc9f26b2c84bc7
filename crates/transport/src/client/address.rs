//! The centre's address: what is allowed, and the paths below it.

use std::net::IpAddr;

use reqwest::Url;

use super::error::LinkError;

/// A checked address of a centre.
#[derive(Debug, Clone)]
pub(super) struct Address {
    base: String,
    /// No TLS; only ever on this computer.
    pub(super) plain: bool,
    /// The centre is on this computer, so no proxy is asked.
    pub(super) loopback: bool,
}

impl Address {
    pub(super) fn parse(text: &str) -> Result<Self, LinkError> {
        let url = Url::parse(text.trim()).map_err(|_| LinkError::BadAddress)?;
        let named = url.username().is_empty() && url.password().is_none();
        if !named || url.query().is_some() || url.fragment().is_some() {
            return Err(LinkError::BadAddress);
        }
        let loopback = url.host_str().is_some_and(is_loopback);
        let plain = match url.scheme() {
            "https" => false,
            "http" if loopback => true,
            "http" => return Err(LinkError::PlainHttp),
            _ => return Err(LinkError::BadAddress),
        };
        Ok(Self { base: url.as_str().trim_end_matches('/').to_owned(), plain, loopback })
    }

    /// The address of a path that begins with a slash.
    pub(super) fn join(&self, path: &str) -> Result<Url, LinkError> {
        Url::parse(&format!("{}{path}", self.base)).map_err(|_| LinkError::BadAddress)
    }
}

/// RFC 6761 reserves `localhost` for this computer; other names that lead here may lead elsewhere tomorrow.
fn is_loopback(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || bare.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn plain_http_stays_on_this_computer() {
        for text in ["http://127.0.0.1:8080", "http://[::1]:1/", "http://localhost"] {
            assert!(Address::parse(text).unwrap().plain, "{text}");
        }
        for text in ["http://pusat.example", "http://127.0.0.1.example", "http://10.0.0.1"] {
            assert!(matches!(Address::parse(text), Err(LinkError::PlainHttp)), "{text}");
        }
    }

    #[test]
    fn an_address_is_scheme_host_and_path() {
        for text in ["pusat.example", "ftp://pusat.example", "https://a:b@pusat.example", "https://p.example/?x=1", ""]
        {
            assert!(matches!(Address::parse(text), Err(LinkError::BadAddress)), "{text}");
        }
        let address = Address::parse(" https://pusat.example/dapodik/ ").unwrap();
        assert_eq!(address.join("/v1/rules").unwrap().as_str(), "https://pusat.example/dapodik/v1/rules");
    }
}
