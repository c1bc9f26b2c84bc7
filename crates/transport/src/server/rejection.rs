//! What this half refuses by itself, and how a problem becomes an answer.

use std::time::Duration;

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

use crate::problem::{CatalogueEntry, Problem};
use crate::wire::{CODE, JSON_TYPE, OLDEST_PROTOCOL, PROTOCOL};

/// Finds a code's entry in the server's catalogue; has to give some entry for every code.
pub type Lookup = fn(&str) -> &'static CatalogueEntry;

/// How long a client is asked to wait when there is no room for its body.
const NO_ROOM_WAIT: Duration = Duration::from_secs(10);

/// Why a request was refused before any work began.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rejection {
    /// The marker header is missing: not a client of ours.
    NoMarker,
    /// The client speaks a protocol that this server no longer knows.
    TooOld(u32),
    /// The client speaks a protocol that this server does not know yet.
    TooNew(u32),
    /// The body is not of the endpoint's content type.
    WrongType,
    /// The body is over the limit in bytes.
    TooLarge(usize),
    /// The body stood still for too long.
    TooSlow,
    /// The body ended midway.
    Cut,
    /// The body is not the endpoint's JSON.
    NotJson {
        /// The field that is missing or of another type; line and column of what is no JSON at all.
        place: String,
    },
    /// The bodies under way already fill the room set aside for them.
    NoRoom,
}

impl Rejection {
    /// The code in the server's catalogue.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NoMarker => "protocol.no-marker",
            Self::TooOld(_) => "protocol.too-old",
            Self::TooNew(_) => "protocol.too-new",
            Self::WrongType => "body.wrong-type",
            Self::TooLarge(_) => "body.too-large",
            Self::TooSlow => "body.too-slow",
            Self::Cut => "body.cut",
            Self::NotJson { .. } => "body.not-json",
            Self::NoRoom => "center.full",
        }
    }

    /// The error body.
    #[must_use]
    pub fn problem(self, lookup: Lookup) -> Problem {
        let problem = Problem::of(lookup(self.code()));
        match self {
            Self::TooOld(found) | Self::TooNew(found) => {
                problem.with("found", found).with("oldest", OLDEST_PROTOCOL).with("newest", PROTOCOL)
            }
            Self::TooLarge(limit) => problem.with("limit", limit),
            Self::NotJson { place } => problem.with("field", place),
            Self::NoRoom => problem.after(NO_ROOM_WAIT),
            _ => problem,
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let body = serde_json::to_vec(&self).unwrap_or_default();
        let mut response =
            (status, [(header::CONTENT_TYPE, HeaderValue::from_static(JSON_TYPE))], body).into_response();
        // An answer to HEAD has no body: its code travels here.
        if let Ok(code) = HeaderValue::from_str(&self.code) {
            response.headers_mut().insert(CODE, code);
        }
        if let Some(seconds) = self.retry_after {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}
