//! Who answered in the centre's place, told from the little that a stranger's answer gives: status and content type.
//!
//! Pure. Names that strangers give themselves (`Via`, `Server`) are neither used nor kept: they are free text of
//! somebody unknown.

/// Who answered without our marker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stranger {
    /// A network's login page: a redirect, 511, or a page that says all is well.
    Portal,
    /// A proxy that does not reach the centre, or a balancer without a centre behind it.
    Proxy,
    /// A proxy that wants a name and a password.
    ProxyLogin,
    /// A proxy that lets no body of this size through.
    ProxyLimit,
    /// A filter that denies the address.
    Filter,
    /// Somebody else.
    Unknown,
}

/// Tells who answered; `html` says that the body is a page for people.
pub(super) const fn stranger(status: u16, html: bool) -> Stranger {
    match status {
        // RFC 6585: 511 is what a portal is meant to answer; most redirect, and some give their page with 200.
        511 | 300..=308 => Stranger::Portal,
        200..=299 if html => Stranger::Portal,
        407 => Stranger::ProxyLogin,
        413 => Stranger::ProxyLimit,
        403 | 451 => Stranger::Filter,
        502..=504 => Stranger::Proxy,
        _ => Stranger::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_answered_is_told_from_status_and_type() {
        for (status, html, who) in [
            (200, true, Stranger::Portal),
            (200, false, Stranger::Unknown),
            (204, false, Stranger::Unknown),
            (302, false, Stranger::Portal),
            (307, true, Stranger::Portal),
            (511, false, Stranger::Portal),
            (407, true, Stranger::ProxyLogin),
            (413, true, Stranger::ProxyLimit),
            (403, true, Stranger::Filter),
            (451, false, Stranger::Filter),
            (502, true, Stranger::Proxy),
            (503, false, Stranger::Proxy),
            (504, true, Stranger::Proxy),
            (404, true, Stranger::Unknown),
            (500, false, Stranger::Unknown),
        ] {
            assert_eq!(stranger(status, html), who, "{status} {html}");
        }
    }
}
