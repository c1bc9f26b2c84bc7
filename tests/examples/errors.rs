//! Writes the pages of docs/errors, or tells whether they are as they would be written.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::ExitCode;

use selaras_tests::error_pages::pages;

fn main() -> std::io::Result<ExitCode> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/errors");
    let pages = pages();
    if std::env::args().nth(1).as_deref() == Some("write") {
        let _ = std::fs::remove_dir_all(&folder);
        std::fs::create_dir_all(&folder)?;
        for (name, text) in &pages {
            std::fs::write(folder.join(name), text)?;
        }
        return Ok(ExitCode::SUCCESS);
    }
    let mut names: BTreeSet<String> = pages.keys().cloned().collect();
    for entry in std::fs::read_dir(&folder)? {
        names.insert(entry?.file_name().to_string_lossy().into_owned());
    }
    let stale = |name: &&String| std::fs::read_to_string(folder.join(name)).ok() != pages.get(*name).cloned();
    let stale: Vec<&String> = names.iter().filter(stale).collect();
    if stale.is_empty() {
        return Ok(ExitCode::SUCCESS);
    }
    Err(std::io::Error::other(format!("docs/errors is not current ({stale:?}): run `cargo xtask errors`")))
}
