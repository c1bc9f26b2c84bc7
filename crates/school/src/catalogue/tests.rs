#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use selaras_model::Lang;
use selaras_transport::LINK_CAUSES;

use super::{Both, ErrorEntry, Words, fill};

const MESSAGES: &str = include_str!("../../data/messages.toml");
const ERRORS: &str = include_str!("../../data/errors.toml");

fn messages() -> BTreeMap<String, Both> {
    toml::from_str(MESSAGES).expect("data/messages.toml")
}

/// The file's entries and those of the line.
fn errors() -> BTreeMap<String, ErrorEntry> {
    let file: BTreeMap<String, ErrorEntry> = toml::from_str(ERRORS).expect("data/errors.toml");
    assert_eq!(super::ERRORS.len(), file.len() + LINK_CAUSES.len(), "a code has one place");
    super::ERRORS.clone()
}

fn places(text: &str) -> BTreeSet<&str> {
    text.split('{').skip(1).filter_map(|part| part.split_once('}')).map(|(name, _)| name).collect()
}

#[test]
fn every_message_speaks_both_languages_with_the_same_arguments() {
    for (key, both) in messages() {
        assert!(!both.id.trim().is_empty() && !both.en.trim().is_empty(), "{key}");
        assert_eq!(places(&both.id), places(&both.en), "{key}");
    }
}

#[test]
fn every_error_says_what_happened_what_is_next_and_who_acts() {
    let messages = messages();
    for (code, entry) in errors() {
        assert!(code.contains('.'), "{code}: area.reason");
        for text in [&entry.what.id, &entry.what.en, &entry.next.id, &entry.next.en] {
            assert!(text.len() > 8, "{code}");
        }
        assert_eq!(places(&entry.what.id), places(&entry.what.en), "{code}");
        assert_eq!(places(&entry.next.id), places(&entry.next.en), "{code}");
        assert!(messages.contains_key(&format!("who.{}", entry.who)), "{code}: {}", entry.who);
        assert!((1..=9).contains(&entry.exit), "{code}");
    }
}

/// Collects `pattern"key"` from the sources of this crate.
fn named(dir: &Path, patterns: &[&str], found: &mut BTreeSet<String>) {
    for entry in std::fs::read_dir(dir).unwrap().map(Result::unwrap) {
        let path = entry.path();
        if path.is_dir() {
            named(&path, patterns, found);
        } else if path.extension().is_some_and(|ext| ext == "rs") && !path.ends_with("catalogue/tests.rs") {
            let text = std::fs::read_to_string(&path).unwrap();
            let text: String = text.split_whitespace().collect::<Vec<_>>().join(" ").replace("( \"", "(\"");
            for pattern in patterns {
                found.extend(
                    text.split(pattern).skip(1).filter_map(|rest| rest.split_once('"')).map(|(key, _)| key.to_owned()),
                );
            }
        }
    }
}

fn sources() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

#[test]
fn every_key_that_the_sources_name_is_in_the_catalogue() {
    let mut keys = BTreeSet::new();
    named(&sources(), &[".say(\"", ".fill(\"", "Done::new(\"", "Note::new(\""], &mut keys);
    assert!(keys.len() > 20, "the search finds too little: {}", keys.len());
    let messages = messages();
    let missing: Vec<_> = keys.iter().filter(|key| !messages.contains_key(*key)).collect();
    assert!(missing.is_empty(), "missing: {missing:?}");
}

#[test]
fn every_code_that_the_sources_name_is_in_the_catalogue() {
    let mut codes = BTreeSet::new();
    named(&sources(), &["Failure::new(\""], &mut codes);
    assert!(codes.len() > 10, "the search finds too little: {}", codes.len());
    let errors = errors();
    let missing: Vec<_> = codes.iter().filter(|code| !errors.contains_key(*code)).collect();
    assert!(missing.is_empty(), "missing: {missing:?}");
}

/// Collects everything that stands between two quotation marks in the sources below a folder.
fn quoted(dir: &Path, found: &mut BTreeSet<String>) {
    for entry in std::fs::read_dir(dir).unwrap().map(Result::unwrap) {
        let path = entry.path();
        if path.is_dir() {
            quoted(&path, found);
        } else if path.extension().is_some_and(|ext| ext == "rs") && !path.ends_with("tests.rs") {
            found.extend(std::fs::read_to_string(&path).unwrap().split('"').map(str::to_owned));
        }
    }
}

/// What strangers are told: a code and no text, because whoever sent the request is no person at the school.
const FOR_STRANGERS: [&str; 2] = ["web.host", "web.origin"];

#[test]
fn the_pages_name_every_text_of_theirs_and_no_other() {
    let mut named = BTreeSet::new();
    quoted(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut named);
    let (messages, errors) = (messages(), errors());
    let is_key = |text: &str| text.bytes().all(|byte| byte.is_ascii_lowercase() || b".-".contains(&byte));
    let of_pages = named.iter().filter(|text| text.starts_with("web.") && is_key(text));
    let known = |key: &str| messages.contains_key(key) || errors.contains_key(key) || FOR_STRANGERS.contains(&key);
    let missing: Vec<_> = of_pages.filter(|key| !known(key)).collect();
    assert!(missing.is_empty(), "missing: {missing:?}");
    // A key that is put together begins with a text that ends in a point and a hole.
    let made = |key: &str| {
        named.iter().any(|text| text.split_once(".{").is_some_and(|(head, _)| key.starts_with(&format!("{head}."))))
    };
    let unused: Vec<_> =
        messages.keys().filter(|key| key.starts_with("web.") && !named.contains(*key) && !made(key)).collect();
    assert!(unused.is_empty(), "nobody says: {unused:?}");
}

/// A code that nobody can meet explains nothing, and one whose name was changed would stay behind.
#[test]
fn every_code_of_the_catalogue_is_named_by_some_crate() {
    let mut named_anywhere = BTreeSet::new();
    for krate in std::fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()).unwrap() {
        let sources = krate.unwrap().path().join("src");
        if sources.is_dir() {
            quoted(&sources, &mut named_anywhere);
        }
    }
    let unused: Vec<String> = errors().into_keys().filter(|code| !named_anywhere.contains(code)).collect();
    assert!(unused.is_empty(), "nobody gives {unused:?}");
}

/// What a person reads for every code, with its arguments as they stand in the catalogue.
fn rendered(lang: Lang) -> String {
    let mut text = String::new();
    for code in errors().keys() {
        let failure = crate::failure::Failure::new(code.as_str());
        let mut page = crate::page::Page::default();
        crate::show::failure(&failure, Words(lang), &mut page);
        let mut bytes = Vec::new();
        page.write(&mut bytes, false).unwrap();
        text.push_str(&format!("{}(exit {})\n\n", String::from_utf8(bytes).unwrap(), failure.exit().number()));
    }
    text
}

#[test]
fn every_failure_in_indonesian() {
    insta::assert_snapshot!(rendered(Lang::Id));
}

#[test]
fn every_failure_in_english() {
    insta::assert_snapshot!(rendered(Lang::En));
}

#[test]
fn arguments_are_filled_in_and_unknown_places_stay() {
    let filled = fill("{a} of {b}, {c", |name| (name == "a").then(|| "1".to_owned()));
    assert_eq!(filled, "1 of {b}, {c");
}

#[test]
fn numbers_are_written_as_the_language_does() {
    assert_eq!(Words(Lang::Id).number(1_234_567), "1.234.567");
    assert_eq!(Words(Lang::En).number(999), "999");
    assert_eq!(Words(Lang::En).bytes(1_536_000), "1,500.0 KiB");
    assert_eq!(Words(Lang::Id).duration(std::time::Duration::from_millis(2_340)), "2,3 detik");
}
