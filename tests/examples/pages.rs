//! Writes the documents that are made from the code, or tells whether they are as they would be written.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::Path;
use std::process::ExitCode;

use selaras_tests::{conditions_page, error_pages, rules_page};

fn main() -> io::Result<ExitCode> {
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs");
    let errors = docs.join("errors");
    let rules = rules_page::page().map_err(io::Error::other)?;
    let conditions = conditions_page::page().map_err(io::Error::other)?;
    let pages = error_pages::pages();
    if std::env::args().nth(1).as_deref() == Some("write") {
        let _ = std::fs::remove_dir_all(&errors);
        std::fs::create_dir_all(&errors)?;
        for (name, text) in &pages {
            std::fs::write(errors.join(name), text)?;
        }
        std::fs::write(docs.join("rules.md"), rules)?;
        std::fs::write(docs.join("conditions.md"), conditions)?;
        return Ok(ExitCode::SUCCESS);
    }
    let mut stale = stale_in(&errors, &pages)?;
    if std::fs::read_to_string(docs.join("rules.md")).ok() != Some(rules) {
        stale.push("rules.md".to_owned());
    }
    if std::fs::read_to_string(docs.join("conditions.md")).ok() != Some(conditions) {
        stale.push("conditions.md".to_owned());
    }
    if stale.is_empty() {
        return Ok(ExitCode::SUCCESS);
    }
    Err(io::Error::other(format!("docs are not current ({stale:?}): run `cargo xtask pages`")))
}

fn stale_in(folder: &Path, pages: &BTreeMap<String, String>) -> io::Result<Vec<String>> {
    let mut names: BTreeSet<String> = pages.keys().cloned().collect();
    for entry in std::fs::read_dir(folder)? {
        names.insert(entry?.file_name().to_string_lossy().into_owned());
    }
    let stale = |name: &String| std::fs::read_to_string(folder.join(name)).ok() != pages.get(name).cloned();
    Ok(names.into_iter().filter(stale).collect())
}
