//! Every attack is in docs/security.md, every line there that claims a defence names a test, and that test exists.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// All attacks of these files.
pub(super) const ATTACKS: &[&str] = &[
    "no token",
    "a made-up token",
    "a token with a flipped bit",
    "a token at another school",
    "a head enrolled at another school",
    "a token asked for with another key",
    "a token for a device that is not registered",
    "a device at another school",
    "a token request sent again",
    "clocks a thousand years off",
    "an operator's door without a token",
    "an operator's door with a device's token",
    "a device whose key is of small order",
    "a replica of another device",
    "a key of small order",
    "a key for a teacher who is not the head",
    "a key for a person of another school",
    "a guess of the code",
    "guessing on",
    "the right code while guesses are held off",
    "bytes without an approval",
    "an approval over other bytes",
    "warnings changed after signing",
    "a signature made malleable",
    "an approval after the assignment's end",
    "a stranger's signature",
    "a key that nobody enrolled",
    "the head's key for another person",
    "counts that are not the bundle's",
    "a judging date long ago",
    "a judging date to come",
    "an old rulebook",
    "another pack",
    "another device's replica",
    "a bundle by the name of one that never landed",
    "a cursor from the future",
    "a cursor that was made up",
    "a refused bundle sent again and again",
    "the school's own record deleted",
    "bytes that are not the address's",
    "an offset that is not there",
    "an upload longer than any",
    "a way out of the uploads' directory",
    "a bundle of another school",
    "a bundle of another computer",
    "a bundle on another predecessor",
    "a bundle of another epoch",
    "a bundle sealed on the future",
    "changes other than were minted",
    "an edit on heads that never were",
    "a sequence of before",
    "a field of the centre's",
    "the home school's mark",
    "the head's kind of staff",
    "a head who appoints himself",
    "an acting head who appoints himself",
    "a child of another school offered to oneself",
    "an entity that is none",
    "a field that is none",
    "a value of another type",
    "a text over its length",
    "a record of another school referred to",
    "a code that is in no table",
    "what would be invalid",
    "a bundle that unpacks without end",
    "a bundle that is no zstd",
    "a bundle with bytes behind its end",
    "a bundle cut short",
    "messages nested a thousand deep",
    "a length over all memory",
    "garbage",
    "an exchange over its limit",
    "JSON a hundred thousand brackets deep",
    "a way out of the schools",
    "a school that is a path",
    "no protocol",
    "a protocol of before",
    "a head of a megabyte",
    "too many records to repair",
    "entries handed back that nobody signed",
    "a snapshot that is not there",
    "two hundred bodies that do not end",
    "a record under another school's id",
];

fn document() -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/security.md")).unwrap()
}

/// The rows of a table below a heading, cell by cell.
fn rows<'d>(document: &'d str, heading: &str) -> Vec<Vec<&'d str>> {
    let part = document.split(heading).nth(1).unwrap_or_else(|| panic!("{heading}"));
    let part = part.split("\n## ").next().unwrap_or_default();
    let rows = part.lines().filter(|line| line.starts_with("| ")).skip(1);
    rows.map(|row| row.trim_matches('|').split('|').map(str::trim).collect()).collect()
}

#[test]
fn every_attack_is_listed_and_made() {
    let document = document();
    let listed: BTreeSet<&str> = rows(&document, "## Attacks").into_iter().map(|row| row[0]).collect();
    assert_eq!(listed, ATTACKS.iter().copied().collect());
    assert!(listed.len() >= 40, "{}", listed.len());
    let mut sources = String::new();
    for file in ["approvals.rs", "bundles.rs", "schools.rs", "shapes.rs", "tokens.rs"] {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/all/attacks").join(file);
        sources.push_str(&std::fs::read_to_string(path).unwrap());
    }
    let made = |name: &&&str| sources.contains(&format!("\"{name}\""));
    let unmade: Vec<_> = ATTACKS.iter().filter(|name| !made(name)).collect();
    assert!(unmade.is_empty(), "{unmade:?}");
}

fn rust_files(directory: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() && path.file_name().is_some_and(|name| name != "target") {
            rust_files(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

#[test]
fn every_defence_names_a_test_that_exists() {
    let document = document();
    let mut files = Vec::new();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    for part in ["crates", "tests"] {
        rust_files(&root.join(part), &mut files);
    }
    let sources: String = files.iter().map(|file| std::fs::read_to_string(file).unwrap()).collect();
    let defences = rows(&document, "## What is defended, and where");
    assert!(defences.len() >= 15, "{}", defences.len());
    for row in defences {
        let tests: Vec<&str> = row[2].split('`').skip(1).step_by(2).collect();
        assert!(!tests.is_empty(), "{} names no test", row[0]);
        for test in tests {
            assert!(sources.contains(&format!("fn {test}(")), "{}: there is no test {test}", row[0]);
        }
    }
}
