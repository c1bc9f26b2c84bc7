//! Somebody else who answers in the centre's place.

use bytes::Bytes;

use super::plan::Portal;

const PAGE: &str =
    "<!doctype html><title>Login</title><h1>Selamat datang</h1><p>Masukkan kode voucher untuk memakai internet.</p>";

/// What a portal answers to any request; the connection closes after it.
pub(super) fn answer(portal: &Portal) -> Bytes {
    let text = match portal {
        Portal::Page => format!(
            "HTTP/1.1 200 OK\r\ncontent-type: text/html\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{PAGE}",
            PAGE.len()
        ),
        Portal::Redirect(to) => {
            format!("HTTP/1.1 302 Found\r\nlocation: {to}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
        }
    };
    Bytes::from(text)
}
