//! Every page, in both languages: it answers, nothing is left untranslated, and nothing comes from elsewhere.

use std::collections::BTreeSet;

use super::School;
use super::browser::Browser;
use super::links::{BEGIN, is_file, kind, links};

/// Records of one kind that are looked at.
const MAX_OF_A_KIND: usize = 2;

fn walk(browser: &mut Browser, lang: &str) -> BTreeSet<String> {
    let mut seen: BTreeSet<String> = BTreeSet::new();
    let mut kinds: Vec<String> = Vec::new();
    let mut ahead: Vec<String> = BEGIN.map(str::to_owned).to_vec();
    while let Some(path) = ahead.pop() {
        let plain = path.split('#').next().unwrap().to_owned();
        let of = kind(&plain);
        if is_file(&plain)
            || kinds.iter().filter(|known| **known == of).count() >= MAX_OF_A_KIND
            || !seen.insert(plain.clone())
        {
            continue;
        }
        kinds.push(of);
        let answer = browser.get(&plain);
        if (300..400).contains(&answer.status) {
            ahead.extend(answer.header("location").map(str::to_owned));
            continue;
        }
        assert_eq!(answer.status, 200, "{plain}: {}", answer.body);
        assert_eq!(answer.header("content-language"), Some(lang), "{plain}");
        looks_well(&plain, &answer.body);
        ahead.extend(links(&answer.body));
    }
    kinds.into_iter().collect()
}

fn looks_well(path: &str, body: &str) {
    // A key that has no text shows itself as the key.
    for prefix in [">web.", ">status.", ">exchange.", ">account.", ">validate.", ">doctor.", ">history.", "\"web."] {
        assert!(
            !body.contains(prefix),
            "{path} is not translated: {prefix}: {}",
            body.split(prefix).nth(1).unwrap_or_default().chars().take(60).collect::<String>()
        );
    }
    assert!(!body.contains("{count}") && !body.contains("{version}"), "{path}: a hole is not filled");
    for elsewhere in ["src=\"http", "href=\"http", "style=\"", " onclick=", "<script>"] {
        assert!(!body.contains(elsewhere), "{path}: {elsewhere}");
    }
    assert_eq!(body.matches("<h1").count(), 1, "{path}: one heading");
    assert!(body.contains("<main"), "{path}");
    // Every field that is typed into has its label.
    for id in body
        .split("<input id=\"")
        .skip(1)
        .chain(body.split("<select id=\"").skip(1))
        .filter_map(|part| part.split('"').next())
    {
        assert!(body.contains(&format!("for=\"{id}\"")), "{path}: {id} has no label");
    }
}

#[test]
fn every_page_answers_in_both_languages() {
    let school = School::with_a_days_work();
    let mut browser = school.operator();
    let indonesian = walk(&mut browser, "id");
    browser.post("/tampilan", &[("lang", "en"), ("theme", "dark"), ("ke", "/")]);
    let english = walk(&mut browser, "en");
    assert_eq!(indonesian, english);
    assert!(english.len() > 60, "{english:?}");
    assert!(browser.get("/").body.contains("data-theme=\"dark\""));
}
