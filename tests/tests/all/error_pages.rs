//! Every code has its page, and both ends mean the same by it.

use std::path::Path;

use selaras_tests::error_pages::{contradictions, pages};

#[test]
fn the_pages_in_docs_are_current() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/errors");
    for (name, text) in pages() {
        let written = std::fs::read_to_string(folder.join(&name)).unwrap_or_default();
        assert!(written == text, "{name} is not current: run `cargo xtask pages`");
    }
}

#[test]
fn both_ends_mean_the_same_by_a_code() {
    let contradictions = contradictions();
    assert!(contradictions.is_empty(), "who acts or whether to try again differs: {contradictions:?}");
}

#[test]
fn the_causes_that_a_clerk_meets_are_all_explained() {
    let text = pages().into_values().collect::<String>();
    for code in [
        "link.no-network",
        "link.name-not-found",
        "link.refused",
        "link.tls-issuer",
        "link.tls-name",
        "link.tls-clock",
        "link.captive-portal",
        "link.proxy",
        "link.buffered",
        "link.large-cut",
        "link.cut",
        "link.too-slow",
        "centre.session",
        "session.expired",
        "protocol.too-old",
        "center.full",
        "center.closed",
        "bundle.minted",
        "approval.not-entitled",
        "session.unknown-device",
        "internal.error",
        "center.failed",
    ] {
        assert!(text.contains(&format!("\n## {code}\n")), "{code} has no page");
    }
}
