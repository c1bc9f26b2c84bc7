//! The page of conditions is the table's.

use std::path::Path;

#[test]
fn the_page_in_docs_is_current_and_names_every_condition() {
    let page = selaras_tests::conditions_page::page().unwrap();
    let written = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/conditions.md"));
    assert!(written.unwrap_or_default() == page, "run `cargo xtask pages`");
    for condition in selaras_policy::condition_pages().unwrap() {
        assert!(page.contains(&format!("# {}\n", condition.id)), "{}", condition.id);
    }
}
