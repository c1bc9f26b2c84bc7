//! A broken rulebook is refused whole, with every problem and its line.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

mod examples;

use selaras_model::{Lang, Pack};
use selaras_policy::{MAX_EXPRESSION_BYTES, MAX_RULEBOOK_BYTES, Rulebook};

const GOOD: &str = r#"version = "1"
[[rule]]
id = "pd.uji"
tab = "peserta-didik"
level = "invalid"
who = "operator"
kind = "expression"
entity = "peserta_didik"
holds = "anak_keberapa > 0"
message = { id = "a", en = "b" }
remedy = { id = "c", en = "d" }
"#;

fn problems(text: &str) -> Vec<(usize, String)> {
    let error = Rulebook::from_toml(text, &Pack::builtin()).expect_err("the rulebook was taken");
    error.problems().iter().map(|problem| (problem.line, problem.message.clone())).collect()
}

#[track_caller]
fn refused(text: &str, line: usize, says: &str) {
    let found = problems(text);
    assert!(found.iter().any(|(at, what)| *at == line && what.contains(says)), "line {line}, `{says}`: {found:?}");
}

fn with(from: &str, to: &str) -> String {
    assert!(GOOD.contains(from), "{from}");
    GOOD.replace(from, to)
}

#[test]
fn the_good_one_is_taken() {
    Rulebook::from_toml(GOOD, &Pack::builtin()).unwrap();
}

#[test]
fn names_are_checked_against_the_pack() {
    refused(&with("entity = \"peserta_didik\"", "entity = \"siswa\""), 8, "siswa");
    refused(&with("anak_keberapa > 0", "umur > 0"), 9, "no field `umur`");
    refused(&with("kind = \"expression\"", "kind = \"magic\""), 7, "no kind");
    refused(&with("tab = \"peserta-didik\"", "tab = \"siswa\""), 4, "siswa");
    refused(&with("level = \"invalid\"", "level = \"fatal\""), 5, "fatal");
    refused(&with("who = \"operator\"", "who = \"nobody\""), 6, "nobody");
}

#[test]
fn keys_are_all_read_and_all_needed() {
    refused(&with("who = \"operator\"", "who = \"operator\"\ncolour = \"red\""), 7, "colour");
    refused(&with("message = { id = \"a\", en = \"b\" }", "message = { id = \"a\" }"), 10, "`en` is missing");
    refused(&with("remedy = { id = \"c\", en = \"d\" }\n", ""), 2, "`remedy` is missing");
    refused(&format!("{GOOD}{}", &GOOD["version = \"1\"\n".len()..]), 12, "two rules");
}

#[test]
fn expressions_are_a_small_safe_part_of_cel() {
    let holds = |expression: &str| with("anak_keberapa > 0", expression);
    refused(&holds("anak_keberapa + 1"), 9, "true or false");
    refused(&holds("nama > 3"), 9, "not allowed");
    refused(&holds("nama.matches('a')"), 9, "not allowed");
    refused(&holds("[1,2].all(x, x > 0)"), 9, "");
    refused(&holds("anak_keberapa > 1.5"), 9, "only true, false");
    refused(&holds("(((((((((((((anak_keberapa)))))))))))) > 0"), 9, "nested");
    let long = format!("anak_keberapa > 0 && {}", "rt > 0 && ".repeat(60) + "true");
    assert!(long.len() > MAX_EXPRESSION_BYTES);
    refused(&holds(&long), 9, "bytes");
    let many = format!("{}true", "rt > 0 && ".repeat(20));
    refused(&holds(&many), 9, "nodes");
}

#[test]
fn passing_time_never_raises_an_invalid_finding() {
    refused(&with("anak_keberapa > 0", "tanggal_lahir > today"), 2, "passing time");
    let warning = with("anak_keberapa > 0", "tanggal_lahir > today").replace("\"invalid\"", "\"warning\"");
    Rulebook::from_toml(&warning, &Pack::builtin()).unwrap();
}

#[test]
fn all_problems_are_told_and_no_text_is_too_much() {
    let two = with("anak_keberapa > 0", "umur > 0").replace("who = \"operator\"", "who = \"nobody\"");
    assert!(problems(&two).len() >= 2);
    refused("version = \"1\"\n[[rule", 2, "");
    assert!(!problems(&" ".repeat(MAX_RULEBOOK_BYTES + 1)).is_empty());
}

#[test]
fn every_rule_speaks_both_languages_and_says_who_acts() {
    let pack = Pack::builtin();
    let book = Rulebook::builtin(&pack).unwrap();
    for rule in book.rules() {
        let finding = selaras_policy::Finding {
            rule: rule.id().clone(),
            level: rule.level(),
            tab: rule.tab(),
            record: "401/00000000-0000-4000-8000-000000000001".parse().unwrap(),
            field: None,
            args: Default::default(),
        };
        let (id, en) = (book.render(&finding, &pack, Lang::Id), book.render(&finding, &pack, Lang::En));
        assert_eq!(id.who, rule.who());
        assert!(!id.message.is_empty() && !id.remedy.is_empty() && !en.message.is_empty() && !en.remedy.is_empty());
        assert_ne!(id.message, en.message, "{}", rule.id());
    }
}
