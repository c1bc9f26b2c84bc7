//! What every request meets first: is it for this server, does it come from a page of this server, and what a browser is
//! told to allow in the answer.
//!
//! A page of a foreign site can make the browser of somebody at the school send requests here. It can neither choose the
//! Host that the browser names, unless its own name was made to lead here (DNS rebinding), nor hide its Origin.

use std::net::IpAddr;

use axum::extract::{Request, State};
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, HOST, HeaderName, ORIGIN, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
    X_FRAME_OPTIONS,
};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::way::Way;

/// Nothing but this server's own style, script and pictures; nothing inline; no frame around it.
const POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; connect-src 'self'; \
     form-action 'self'; frame-ancestors 'none'; base-uri 'none'";
const FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
const FETCH_MODE: HeaderName = HeaderName::from_static("sec-fetch-mode");
const OPENER_POLICY: HeaderName = HeaderName::from_static("cross-origin-opener-policy");
const RESOURCE_POLICY: HeaderName = HeaderName::from_static("cross-origin-resource-policy");

/// Refuses what is not for this server or not from its pages, and tells browsers what to allow.
pub(super) async fn guard(State(way): State<Way>, mut request: Request, next: Next) -> Response {
    if let Err(code) = check(&way, request.method(), request.headers()) {
        tracing::warn!(code, "a request of the browser was refused");
        // Whoever sent it is no person at the school: no page, no name of the school.
        return protect((StatusCode::FORBIDDEN, format!("{code}\n")).into_response());
    }
    request.extensions_mut().insert(way.clone());
    protect(next.run(request).await)
}

fn check(way: &Way, method: &Method, headers: &HeaderMap) -> Result<(), &'static str> {
    let text = |name: &HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    let host = text(&HOST).filter(|host| is_own(way, host)).ok_or("web.host")?;
    let site = text(&FETCH_SITE);
    if matches!(*method, Method::GET | Method::HEAD) {
        // A link from elsewhere may lead here; a picture, a script or a frame of a foreign page may not.
        let foreign = matches!(site, Some("cross-site" | "same-site")) && text(&FETCH_MODE) != Some("navigate");
        return if foreign { Err("web.origin") } else { Ok(()) };
    }
    let own = format!("{}://{host}", way.scheme());
    match (text(&ORIGIN), site) {
        (Some(origin), _) if origin == own => Ok(()),
        (None, Some("same-origin")) => Ok(()),
        _ => Err("web.origin"),
    }
}

/// Whether a Host names this server. On this computer it is the loopback address; from other computers it is an address,
/// which no foreign name can be made to lead to, or one of this computer's names.
fn is_own(way: &Way, host: &str) -> bool {
    let (name, port) = match host.rsplit_once(':') {
        Some((name, port)) if !port.contains(']') => (name, port.parse::<u16>().ok()),
        _ => (host, Some(if way.tls { 443 } else { 80 })),
    };
    if port != Some(way.port) {
        return false;
    }
    let name = name.trim_start_matches('[').trim_end_matches(']');
    match name.parse::<IpAddr>() {
        Ok(address) => way.tls || address.is_loopback(),
        Err(_) => name.eq_ignore_ascii_case("localhost") || way.names.iter().any(|own| own.eq_ignore_ascii_case(name)),
    }
}

fn protect(mut response: Response) -> Response {
    let headers = response.headers_mut();
    let mut set = |name: HeaderName, value: &'static str| headers.insert(name, HeaderValue::from_static(value));
    set(CONTENT_SECURITY_POLICY, POLICY);
    set(X_CONTENT_TYPE_OPTIONS, "nosniff");
    set(X_FRAME_OPTIONS, "DENY");
    set(REFERRER_POLICY, "same-origin");
    set(OPENER_POLICY, "same-origin");
    set(RESOURCE_POLICY, "same-origin");
    // No Strict-Transport-Security: it would hold for every port of this computer, and other programs serve there.
    // Pages hold children's data: no browser keeps them.
    headers.entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    fn loopback() -> Way {
        Way { tls: false, port: 7272, names: Vec::new().into() }
    }

    fn school() -> Way {
        Way { tls: true, port: 7443, names: vec!["tu-01".to_owned()].into() }
    }

    #[test]
    fn a_foreign_name_that_leads_here_is_not_ours() {
        for host in ["127.0.0.1:7272", "localhost:7272", "[::1]:7272", "LOCALHOST:7272"] {
            assert!(is_own(&loopback(), host), "{host}");
        }
        for host in
            ["evil.example:7272", "127.0.0.1", "127.0.0.1:80", "192.168.1.5:7272", "", ":7272", "127.0.0.1:7272:1"]
        {
            assert!(!is_own(&loopback(), host), "{host}");
        }
        for host in ["192.168.1.5:7443", "tu-01:7443", "localhost:7443", "[fe80::1]:7443"] {
            assert!(is_own(&school(), host), "{host}");
        }
        assert!(!is_own(&school(), "evil.example:7443"));
    }

    #[test]
    fn what_changes_something_comes_from_our_own_page() {
        let headers = |pairs: &[(&'static str, &'static str)]| -> HeaderMap {
            let pair = |(name, value): &(&'static str, &'static str)| {
                (HeaderName::from_static(name), HeaderValue::from_static(value))
            };
            pairs.iter().map(pair).collect()
        };
        let host = ("host", "127.0.0.1:7272");
        let post = |pairs: &[_]| check(&loopback(), &Method::POST, &headers(pairs));
        let get = |pairs: &[_]| check(&loopback(), &Method::GET, &headers(pairs));
        assert_eq!(post(&[host, ("origin", "http://127.0.0.1:7272")]), Ok(()));
        assert_eq!(post(&[host, ("sec-fetch-site", "same-origin")]), Ok(()));
        assert_eq!(post(&[host]), Err("web.origin"));
        assert_eq!(post(&[host, ("origin", "null")]), Err("web.origin"));
        assert_eq!(post(&[host, ("origin", "http://localhost:7272")]), Err("web.origin"));
        assert_eq!(
            post(&[host, ("origin", "https://evil.example"), ("sec-fetch-site", "same-origin")]),
            Err("web.origin")
        );
        assert_eq!(get(&[host]), Ok(()));
        assert_eq!(get(&[host, ("sec-fetch-site", "cross-site"), ("sec-fetch-mode", "navigate")]), Ok(()));
        assert_eq!(get(&[host, ("sec-fetch-site", "cross-site"), ("sec-fetch-mode", "no-cors")]), Err("web.origin"));
        assert_eq!(get(&[]), Err("web.host"));
    }
}
