//! The pages of docs/errors, made from the catalogues of the school, the line and the centre.
//!
//! One page for each area of codes, both languages on it, and an index. A code that both ends know is explained in
//! the school's words, which its person reads.

use std::collections::BTreeMap;

use selaras::{Again, CodePage};

/// What a reader of a page is told about a code.
struct Entry {
    school: Option<[CodePage; 2]>,
    centre: Option<Centre>,
}

/// The centre's entry.
struct Centre {
    status: u16,
    again: Again,
    who: &'static str,
    texts: [&'static str; 2],
}

fn entries() -> BTreeMap<String, Entry> {
    let mut entries: BTreeMap<String, Entry> = BTreeMap::new();
    let [indonesian, english] =
        ["id", "en"].map(|lang| selaras::error_codes(lang.parse().unwrap_or_default()).collect::<Vec<_>>());
    for (id, en) in indonesian.into_iter().zip(english) {
        entries.insert(id.code.clone(), Entry { school: Some([id, en]), centre: None });
    }
    for entry in selaras_center::error_codes() {
        let centre =
            Centre { status: entry.status, again: entry.retry.into(), who: entry.who, texts: [entry.id, entry.en] };
        entries.entry(entry.code.to_owned()).or_insert(Entry { school: None, centre: None }).centre = Some(centre);
    }
    entries
}

/// Codes that both ends explain, but not alike: who has to act or whether to try again differs.
#[must_use]
pub fn contradictions() -> Vec<String> {
    let differs = |entry: &Entry| match (&entry.school, &entry.centre) {
        (Some([school, _]), Some(centre)) => school.who != centre.who || school.again != centre.again,
        _ => false,
    };
    entries().into_iter().filter(|(_, entry)| differs(entry)).map(|(code, _)| code).collect()
}

/// The pages by file name.
#[must_use]
pub fn pages() -> BTreeMap<String, String> {
    let mut areas: BTreeMap<String, Vec<(String, Entry)>> = BTreeMap::new();
    for (code, entry) in entries() {
        let area = code.split('.').next().unwrap_or_default().to_owned();
        areas.entry(area).or_default().push((code, entry));
    }
    let mut pages = BTreeMap::from([("README.md".to_owned(), index(&areas))]);
    for (area, entries) in areas {
        pages.insert(format!("{area}.md"), page(&area, &entries));
    }
    pages
}

fn index(areas: &BTreeMap<String, Vec<(String, Entry)>>) -> String {
    let mut text = String::from(
        "# Error codes\n\nMade by `cargo xtask pages` from the catalogues; do not edit. A code keeps its meaning for \
         ever. Exit codes of the\ncommand line: 1 other, 3 the gate, 4 the centre refused, 5 the line, 6 the store is in \
         use, 7 this computer's data, 8 what was\ngiven, 9 not equal.\n\n| area | codes |\n|---|---|\n",
    );
    for (area, entries) in areas {
        let codes: Vec<String> = entries.iter().map(|(code, _)| format!("`{code}`")).collect();
        text.push_str(&format!("| [{area}]({area}.md) | {} |\n", codes.join(", ")));
    }
    text
}

fn page(area: &str, entries: &[(String, Entry)]) -> String {
    let mut text = format!("# {area}\n\nMade by `cargo xtask pages`; do not edit. [All areas](README.md)\n");
    for (code, entry) in entries {
        text.push_str(&format!("\n## {code}\n\n"));
        if let Some([id, en]) = &entry.school {
            text.push_str("| | Indonesia | English |\n|---|---|---|\n");
            text.push_str(&format!("| what happened | {} | {} |\n", cell(&id.what), cell(&en.what)));
            text.push_str(&format!("| next step | {} | {} |\n", cell(&id.next), cell(&en.next)));
            text.push_str(&format!("| who acts | {} | {} |\n", id.who_text, en.who_text));
            text.push_str(&format!("\nExit code {}; try again: {}.", id.exit, again(id.again)));
        } else if let Some(centre) = &entry.centre {
            let [id, en] = centre.texts;
            text.push_str(&format!(
                "| | Indonesia | English |\n|---|---|---|\n| what and next | {} | {} |\n",
                cell(id),
                cell(en)
            ));
            text.push_str(&format!("\nWho acts: `{}`; try again: {}.", centre.who, again(centre.again)));
        }
        if let Some(centre) = &entry.centre {
            text.push_str(&format!(" The centre answers with status {}.", centre.status));
        }
        text.push('\n');
    }
    text
}

fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('\n', " ")
}

fn again(again: Again) -> &'static str {
    match again {
        Again::Now => "`now`",
        Again::After => "`after` a while",
        Again::AfterHumanAction => "`after_human_action`: once somebody has acted",
        Again::Never => "`never` with the same content",
    }
}
