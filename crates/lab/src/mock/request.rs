//! What a request asks for, by its head.

use serde::{Deserialize, Serialize};

use crate::http::Head;

/// An endpoint of the centre.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Endpoint {
    /// `POST /v1/schools/{npsn}/register`.
    Register,
    /// `POST /v1/schools/{npsn}/token`.
    Token,
    /// `POST /v1/schools/{npsn}/heads`.
    Heads,
    /// `POST /v1/schools/{npsn}/sync`.
    Sync,
    /// `GET /v1/rules`.
    Rules,
    /// `/v1/uploads` and all beneath it.
    Upload,
    /// `GET /v1/schools/{npsn}/snapshots/{hash}`.
    Snapshot,
    /// `/v1/probe`: the way's speed.
    Probe,
    /// `GET /healthz`.
    Health,
    /// Anything else.
    Other,
}

impl Endpoint {
    /// The endpoint of a path.
    pub(super) fn of(path: &str) -> Self {
        let parts: Vec<&str> = path.trim_matches('/').split('/').collect();
        match parts.as_slice() {
            ["v1", "schools", _, "register"] => Self::Register,
            ["v1", "schools", _, "token"] => Self::Token,
            ["v1", "schools", _, "heads"] => Self::Heads,
            ["v1", "schools", _, "sync"] => Self::Sync,
            ["v1", "rules"] => Self::Rules,
            ["v1", "uploads", ..] => Self::Upload,
            ["v1", "schools", _, "snapshots", _] => Self::Snapshot,
            ["v1", "probe"] => Self::Probe,
            ["healthz"] => Self::Health,
            _ => Self::Other,
        }
    }

    /// As it is written in a script.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Register => "register",
            Self::Token => "token",
            Self::Heads => "heads",
            Self::Sync => "sync",
            Self::Rules => "rules",
            Self::Upload => "upload",
            Self::Snapshot => "snapshot",
            Self::Probe => "probe",
            Self::Health => "health",
            Self::Other => "other",
        }
    }
}

/// A whole request.
#[derive(Debug)]
pub(super) struct Asked {
    pub(super) endpoint: Endpoint,
    /// The method that is meant, which a proxy may have made the sender hide.
    pub(super) method: String,
    /// Whether the answer has no body whatever its head says.
    pub(super) by_head: bool,
    /// The bytes as they came.
    pub(super) bytes: Vec<u8>,
}

impl Asked {
    pub(super) fn new(head: &Head, bytes: Vec<u8>) -> Self {
        let hidden = head.header("x-http-method-override").filter(|_| head.method() == "POST");
        let method = hidden.unwrap_or(head.method()).to_ascii_uppercase();
        Self { endpoint: Endpoint::of(head.path()), method, by_head: head.method() == "HEAD", bytes }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    fn asked(line: &str) -> Asked {
        let bytes = format!("{line} HTTP/1.1\r\nx-http-method-override: patch\r\n\r\n").into_bytes();
        Asked::new(&Head::parse(&bytes).unwrap(), bytes)
    }

    #[test]
    fn every_endpoint_is_known_by_its_path() {
        for (path, name) in [
            ("/v1/schools/99999999/register", "register"),
            ("/v1/schools/99999999/token", "token"),
            ("/v1/schools/99999999/heads", "heads"),
            ("/v1/schools/99999999/sync?a=b", "sync"),
            ("/v1/schools/99999999/snapshots/ab", "snapshot"),
            ("/v1/rules", "rules"),
            ("/v1/uploads", "upload"),
            ("/v1/uploads/ab", "upload"),
            ("/v1/probe", "probe"),
            ("/healthz", "health"),
            ("/v1/admin/schools", "other"),
        ] {
            let endpoint = asked(&format!("GET {path}")).endpoint;
            assert_eq!(endpoint.name(), name, "{path}");
            assert_eq!(serde_json::to_value(endpoint).unwrap(), name);
        }
    }

    #[test]
    fn the_method_that_is_meant_counts() {
        assert_eq!(asked("POST /v1/uploads/ab").method, "PATCH");
        assert_eq!(asked("GET /v1/uploads/ab").method, "GET");
        assert!(asked("HEAD /v1/uploads/ab").by_head);
    }
}
