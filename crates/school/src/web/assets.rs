//! Style, script and icon: part of the program, nothing to install beside it. Their addresses hold their hash, so that
//! browsers keep them until a new version comes.

use std::sync::LazyLock;

use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};

use super::address::Path;

/// A file that is part of the program.
pub(super) struct Asset {
    name: &'static str,
    kind: &'static str,
    content: &'static str,
}

pub(super) static STYLE: Asset =
    Asset { name: "app.css", kind: "text/css; charset=utf-8", content: include_str!("../../assets/app.css") };
pub(super) static SCRIPT: Asset =
    Asset { name: "app.js", kind: "text/javascript; charset=utf-8", content: include_str!("../../assets/app.js") };
pub(super) static ICON: Asset =
    Asset { name: "icon.svg", kind: "image/svg+xml", content: include_str!("../../assets/icon.svg") };

/// The hash of all of them: what the browser keeps is of one version of the program.
static VERSION: LazyLock<String> = LazyLock::new(|| {
    let mut hasher = blake3::Hasher::new();
    for asset in [&STYLE, &SCRIPT, &ICON] {
        hasher.update(asset.content.as_bytes());
    }
    hasher.finalize().to_hex().chars().take(16).collect()
});

impl Asset {
    /// Where it is.
    pub(super) fn path(&self) -> String {
        format!("/aset/{}/{}", *VERSION, self.name)
    }
}

/// Gives a file. The version in the address is for the browser's memory alone.
pub(super) async fn asset(Path((_, name)): Path<(String, String)>) -> Response {
    let Some(asset) = [&STYLE, &SCRIPT, &ICON].into_iter().find(|asset| asset.name == name) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let keep = "public, max-age=31536000, immutable";
    ([(header::CONTENT_TYPE, asset.kind), (header::CACHE_CONTROL, keep)], asset.content).into_response()
}
