//! Dependencies point one way: the manifests are compared with the lists in docs/architecture.md.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use cargo_metadata::{Dependency, DependencyKind, MetadataCommand, Package};

/// A crate's short name and those it points at.
type Arrows = BTreeMap<String, BTreeSet<String>>;

/// Crates that stand outside: nobody may depend on them.
const OUTSIDE: [&str; 2] = ["tests", "xtask"];

static PACKAGES: LazyLock<Vec<Package>> = LazyLock::new(|| {
    let mut command = MetadataCommand::new();
    command.manifest_path(root().join("Cargo.toml")).no_deps().other_options(["--offline".to_owned()]);
    command.exec().expect("cargo metadata").packages
});

static ARCHITECTURE: LazyLock<String> =
    LazyLock::new(|| fs::read_to_string(root().join("docs/architecture.md")).expect("docs/architecture.md"));

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the member lies in the root").to_owned()
}

/// `selaras` is the school's package; every other is named for its folder.
fn short(package: &str) -> Option<&str> {
    if package == "selaras" { Some("school") } else { package.strip_prefix("selaras-") }
}

fn package(name: &str) -> &'static Package {
    PACKAGES.iter().find(|package| short(&package.name) == Some(name)).expect("a crate of the workspace")
}

/// Gives the optional dependencies that the features turn on, through features that name features.
fn turned_on(package: &Package, features: &[&str]) -> BTreeSet<String> {
    let mut on = BTreeSet::new();
    let mut seen = BTreeSet::new();
    let mut open: Vec<String> = features.iter().map(|&feature| feature.to_owned()).collect();
    while let Some(feature) = open.pop() {
        if !seen.insert(feature.clone()) {
            continue;
        }
        if let Some(dependency) = feature.strip_prefix("dep:") {
            on.insert(dependency.to_owned());
        } else if let Some((dependency, _)) = feature.split_once('/') {
            // `name?/feature` turns nothing on by itself.
            on.extend((!dependency.ends_with('?')).then(|| dependency.to_owned()));
        } else {
            open.extend(package.features.get(&feature).into_iter().flatten().cloned());
        }
    }
    on
}

fn built(dependency: &Dependency) -> bool {
    matches!(dependency.kind, DependencyKind::Normal | DependencyKind::Build)
}

/// Gives the crates of the workspace that this one is built from with these features.
fn targets(package: &Package, features: &[&str]) -> BTreeSet<String> {
    let on = turned_on(package, features);
    let wanted = |dependency: &&Dependency| !dependency.optional || on.contains(&dependency.name);
    let used = package.dependencies.iter().filter(|dependency| built(dependency)).filter(wanted);
    used.filter_map(|dependency| short(&dependency.name)).map(str::to_owned).collect()
}

fn arrows(features_of_the_school: &[&str]) -> Arrows {
    let arrow = |package: &Package| {
        let name = short(&package.name).expect("packages are named selaras or selaras-<folder>").to_owned();
        let features = if name == "school" { features_of_the_school } else { &["default"] };
        let targets = targets(package, features);
        (name, targets)
    };
    PACKAGES.iter().map(arrow).collect()
}

/// Gives the lines `name: word word` of the fenced block with this title.
fn listed(title: &str) -> Arrows {
    let fence = format!("```{title}");
    let mut lines = ARCHITECTURE.lines();
    assert!(lines.any(|line| line == fence), "docs/architecture.md has no block {title}");
    let block = lines.take_while(|line| *line != "```");
    let lists: Arrows = block
        .map(|line| line.split_once(':').unwrap_or_else(|| panic!("docs/architecture.md, {title}: {line}")))
        .map(|(name, words)| (name.trim().to_owned(), words.split_whitespace().map(str::to_owned).collect()))
        .collect();
    assert!(!lists.is_empty(), "docs/architecture.md: the block {title} is empty");
    lists
}

fn reach(arrows: &Arrows, from: &str) -> BTreeSet<String> {
    let mut reached = BTreeSet::new();
    let mut open = vec![from];
    while let Some(name) = open.pop() {
        open.extend(
            arrows
                .get(name)
                .into_iter()
                .flatten()
                .filter(|target| reached.insert((*target).clone()))
                .map(String::as_str),
        );
    }
    reached
}

#[test]
fn the_crates_are_as_listed_without_the_demonstration() {
    assert_eq!(arrows(&[]), listed("arrows"), "left: manifests, right: docs/architecture.md");
}

#[test]
fn the_demonstration_adds_what_is_listed_and_to_the_school_alone() {
    let mut expected = listed("arrows");
    for (name, added) in listed("arrows-of-demo") {
        expected.get_mut(&name).expect("a crate of the list").extend(added);
    }
    assert_eq!(arrows(&["demo"]), expected, "left: manifests, right: docs/architecture.md");
}

#[test]
fn neither_end_reaches_the_other() {
    let arrows = arrows(&[]);
    let school = reach(&arrows, "school");
    assert!(!school.contains("center") && !school.contains("lab"), "the school reaches {school:?}");
    assert!(!reach(&arrows, "center").contains("school"));
    let lab = reach(&arrows, "lab");
    assert!(!lab.contains("center") && !lab.contains("school"), "the lab reaches {lab:?}");
}

#[test]
fn tests_add_no_arrow_but_to_the_lab() {
    let built_with_all = arrows(&["default", "demo"]);
    for package in PACKAGES.iter().filter(|package| package.name.as_str() != "selaras-tests") {
        let name = short(&package.name).expect("a crate of the workspace");
        let below = reach(&built_with_all, name);
        let added: Vec<&str> = package
            .dependencies
            .iter()
            .filter(|dependency| !built(dependency))
            .filter_map(|dependency| short(&dependency.name))
            .filter(|target| *target != "lab" && *target != name && !below.contains(*target))
            .collect();
        assert!(added.is_empty(), "the tests of {name} use {added:?}, which {name} does not reach");
    }
}

#[test]
fn nobody_depends_on_what_stands_outside() {
    for package in PACKAGES.iter() {
        let names = package.dependencies.iter().filter_map(|dependency| short(&dependency.name));
        let outside: Vec<&str> = names.filter(|name| OUTSIDE.contains(name)).collect();
        assert!(outside.is_empty(), "{} depends on {outside:?}", package.name);
    }
}

#[test]
fn one_crate_names_each_engine() {
    for (engine, allowed) in listed("named-by-one") {
        let named: BTreeSet<String> = PACKAGES
            .iter()
            .filter(|package| package.dependencies.iter().any(|dependency| dependency.name == engine))
            .filter_map(|package| short(&package.name).map(str::to_owned))
            .collect();
        assert!(named.is_subset(&allowed), "{engine} is named by {named:?}, allowed {allowed:?}");
    }
}

#[test]
fn crates_do_not_name_what_they_must_never_know() {
    for (name, never) in listed("never") {
        let names: BTreeSet<String> =
            package(&name).dependencies.iter().filter(|d| built(d)).map(|d| d.name.clone()).collect();
        let known: Vec<&String> = names.intersection(&never).collect();
        assert!(known.is_empty(), "{name} names {known:?}");
    }
}
