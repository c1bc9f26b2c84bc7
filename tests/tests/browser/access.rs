//! Every page as people meet it who see little, hear a page or see colours otherwise: axe-core finds nothing serious, in
//! both languages, light and dark; and the browser has nothing to complain about.
//!
//! Needs axe-core: `npm ci --prefix tests/axe`, which `cargo xtask test` does where it finds npm.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::{Value, json};

use crate::chromium::{Chromium, USUAL, play};
use crate::links::{BEGIN, is_file, kind, links};
use crate::school::School;
use crate::stand::PASSWORD;

/// What axe-core is asked for: the rules of WCAG 2.1 A and AA and its own good practices.
const ASK: &str = "
    const done = arguments[arguments.length - 1];
    axe.run(document, {resultTypes: ['violations']}).then(
        (found) => done(found.violations
            .filter((one) => one.impact === 'serious' || one.impact === 'critical')
            .map((one) => one.id + ': ' + one.nodes.slice(0, 3).map((node) => node.html.slice(0, 160)).join(' | '))),
        (error) => done([String(error)]));
";

fn axe() -> String {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("axe/node_modules/axe-core/axe.min.js");
    std::fs::read_to_string(file).expect("axe-core: npm ci --prefix tests/axe")
}

/// Looks at a page; gives what is wrong with it.
async fn look(chromium: &Chromium, axe: &str) -> Vec<String> {
    chromium.client.execute(axe, Vec::new()).await.unwrap();
    let found = chromium.client.execute_async(ASK, Vec::new()).await.unwrap();
    let mut wrong: Vec<String> = found.as_array().unwrap().iter().map(|one| one.as_str().unwrap().to_owned()).collect();
    wrong.extend(chromium.complaints().await);
    wrong
}

/// An entity's pages are made by the same code as another's: language and colours are looked at on some of them.
fn any_entity(path: &str) -> String {
    const SOME: [&str; 3] = ["peserta_didik", "ptk", "ruang"];
    let kind = kind(path);
    let mut parts = kind.split('/').map(str::to_owned).collect::<Vec<_>>();
    if parts.get(1).is_some_and(|part| part == "data")
        && let Some(entity) = parts.get_mut(2)
        && !SOME.contains(&entity.as_str())
    {
        "ENTITY".clone_into(entity);
    }
    parts.join("/")
}

/// Looks at one page of each kind.
async fn walk(chromium: &Chromium, pages: &str, kind: fn(&str) -> String) -> BTreeSet<String> {
    let axe = axe();
    let mut kinds = BTreeSet::new();
    let mut wrong = Vec::new();
    let mut ahead: Vec<String> = BEGIN.map(str::to_owned).to_vec();
    while let Some(path) = ahead.pop() {
        if !kinds.insert(kind(&path)) || is_file(&path) {
            continue;
        }
        chromium.go(&format!("{pages}{path}")).await;
        wrong.extend(look(chromium, &axe).await.into_iter().map(|one| format!("{path}: {one}")));
        ahead.extend(links(&chromium.client.source().await.unwrap()));
    }
    assert!(wrong.is_empty(), "{} findings:\n{}", wrong.len(), wrong.join("\n"));
    kinds
}

#[test]
fn every_page_is_accessible_in_indonesian_and_light() {
    let school = School::with_a_days_work();
    let pages = school.serving.pages.clone();
    play(USUAL, async |chromium| {
        chromium.go(&format!("{pages}/masuk")).await;
        assert_eq!(look(chromium, &axe()).await, Vec::<String>::new(), "/masuk");
        chromium.sign_in(&pages).await;
        let kinds = walk(chromium, &pages, kind).await;
        assert!(kinds.len() > 60, "{kinds:?}");
    });
}

#[test]
fn every_page_is_accessible_in_english_and_dark() {
    let school = School::with_a_days_work();
    let pages = school.serving.pages.clone();
    play(USUAL, async |chromium| {
        chromium.sign_in(&pages).await;
        chromium.choose("en", "dark").await;
        let kinds = walk(chromium, &pages, any_entity).await;
        assert!(kinds.len() > 30, "{kinds:?}");
    });
}

#[test]
fn a_refusal_a_finding_and_a_receipt_are_accessible() {
    let school = School::with_a_closed_gate();
    let pages = school.serving.pages.clone();
    play(USUAL, async |chromium| {
        let axe = axe();
        let mut wrong: Vec<Value> = Vec::new();
        chromium.sign_in(&pages).await;
        for path in ["/", "/validasi", "/sinkronisasi", "/pengguna/kepala"] {
            chromium.go(&format!("{pages}{path}")).await;
            wrong.push(json!(look(chromium, &axe).await));
        }
        chromium.go(&format!("{pages}/pengguna/kepala")).await;
        chromium.typed("#kode-key", "salah").await;
        chromium.typed("#password-key", PASSWORD).await;
        chromium.click("form:has(#kode-key) button").await;
        chromium.until_there(".refusal, .flash.bad").await;
        wrong.push(json!(look(chromium, &axe).await));
        assert!(wrong.iter().all(|one| one == &json!([])), "{wrong:#?}");
    });
}
