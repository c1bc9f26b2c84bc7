//! The documentation: rustdoc without warnings, documents without dead links, one line for every dependency.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::report::note;
use crate::step::{Outcome, cargo, root, run_command};

/// Folders that hold no documents of ours.
const PASSED_OVER: [&str; 4] = ["target", ".git", "corpus", "node_modules"];

/// Builds the crates' documentation, private links and bare addresses being errors.
pub(crate) fn rustdoc() -> Outcome {
    run_command(cargo().args(["doc", "--workspace", "--no-deps"]).env("RUSTDOCFLAGS", "-D warnings"))
}

/// Checks the Markdown documents, and docs/dependencies.md against the workspace.
pub(crate) fn documents() -> Outcome {
    let problems = dead_links().and_then(|mut problems| {
        let table = fs::read_to_string(root().join("docs/dependencies.md"))?;
        problems.extend(unexplained(&manifests()?, &table));
        Ok(problems)
    });
    match problems {
        Ok(problems) if problems.is_empty() => Outcome::Passed,
        Ok(problems) => {
            problems.iter().for_each(|problem| note(problem));
            Outcome::Failed(format!("{} problems, see above", problems.len()))
        }
        Err(error) => Outcome::Failed(error.to_string()),
    }
}

fn dead_links() -> io::Result<Vec<String>> {
    let mut problems = Vec::new();
    for path in documents_in(root())? {
        let folder = path.parent().unwrap_or(root());
        let name = path.strip_prefix(root()).unwrap_or(&path).display();
        for link in links(&fs::read_to_string(&path)?) {
            if !folder.join(&link).exists() {
                problems.push(format!("{name}: nothing at {link}"));
            }
        }
    }
    Ok(problems)
}

fn documents_in(folder: &Path) -> io::Result<Vec<PathBuf>> {
    files(folder, |name| name.ends_with(".md"))
}

/// Gives all manifests' texts one after another; fuzz's own workspace needs nothing that we ship.
fn manifests() -> io::Result<String> {
    let ours = files(root(), |name| name == "Cargo.toml")?;
    ours.iter().filter(|path| !path.starts_with(root().join("fuzz"))).map(fs::read_to_string).collect()
}

fn files(folder: &Path, wanted: fn(&str) -> bool) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let path = entry.path();
        if PASSED_OVER.iter().any(|name| entry.file_name() == *name) {
            continue;
        }
        if entry.file_type()?.is_dir() {
            found.extend(files(&path, wanted)?);
        } else if wanted(&entry.file_name().to_string_lossy()) {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

/// Gives the targets of a document's links that are files of the project, without their `#part`; code is passed over.
fn links(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut code = false;
    for line in text.lines() {
        if line.trim_start().starts_with("```") {
            code = !code;
        }
        if code || line.starts_with("    ") {
            continue;
        }
        // What stands between backticks is code, a hash's argument perhaps.
        let prose: String = line.split('`').step_by(2).collect();
        for after in prose.split("](").skip(1) {
            let target = after.split([')', ' ']).next().unwrap_or_default();
            let file = target.split('#').next().unwrap_or_default();
            if !file.is_empty() && !file.contains(':') {
                found.push(file.to_owned());
            }
        }
    }
    found
}

/// Gives what differs between the manifests' dependencies and the lines that explain them.
fn unexplained(manifests: &str, table: &str) -> Vec<String> {
    let used = dependencies(manifests);
    let explained = rows(table);
    let missing = used.difference(&explained).map(|name| format!("docs/dependencies.md does not explain {name}"));
    let stale = explained.difference(&used).map(|name| format!("docs/dependencies.md explains {name}, unused"));
    missing.chain(stale).collect()
}

/// Gives the names that a manifest's tables of dependencies give a version, without the project's own crates.
fn dependencies(manifest: &str) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    let mut inside = false;
    for line in manifest.lines() {
        if line.starts_with('[') {
            inside = line.ends_with("dependencies]");
        }
        let Some((name, _)) = line.split_once(" = ").filter(|_| inside) else { continue };
        if !name.starts_with(['#', ' ']) && !name.starts_with("selaras") && !line.contains("workspace = true") {
            names.insert(name.to_owned());
        }
    }
    names
}

/// Gives the names in the first column of the tables, written as code.
fn rows(table: &str) -> BTreeSet<String> {
    let firsts = table.lines().filter_map(|line| line.strip_prefix("| ")?.split('|').next());
    firsts.flat_map(|cell| cell.split('`').skip(1).step_by(2)).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_to_files_are_found_outside_code_and_without_their_part() {
        let text =
            "a [b](c.md#d) ![e](f/g.svg \"h\")\n```\n[x](no.md)\n```\n[i](https://example.org) [j](#k) `l[m](n)`";
        assert_eq!(links(text), ["c.md", "f/g.svg"]);
    }

    #[test]
    fn a_dependency_without_a_line_and_a_line_without_a_dependency_are_told() {
        let manifest = "[workspace.dependencies]\nselaras = { path = \"x\" }\nblake3 = \"1\"\nzstd = \"0\"\n\n[profile.dev]\na = 1\n\
                        [dependencies]\ntoml.workspace = true\nserde = { workspace = true, features = [] }\n";
        let table = "| crate | why |\n|---|---|\n| `blake3`, `sha2` | hashes |\n";
        assert_eq!(
            unexplained(manifest, table),
            ["docs/dependencies.md does not explain zstd", "docs/dependencies.md explains sha2, unused"]
        );
    }
}
