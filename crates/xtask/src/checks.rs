//! The steps of `test`, `ci` and `docs`.
//!
//! All of them share the project's one target directory and name the whole workspace, so that features are the same and
//! nothing is built twice; only `ci` needs the release profile: on two cores a second build of the dependencies costs
//! more than everything else here.

use crate::report::note;
use crate::step::{Outcome, Step, cargo, run_command};
use crate::{docs, fuzz, tool};

/// What a person runs before handing a change over. It installs strace, faketime, a browser (Debian, as root) and
/// axe-core (npm) where it may, and nothing else.
pub(crate) fn test() -> Vec<Step> {
    let mut steps = vec![
        Step::cargo("format", &["fmt", "--all", "--check"]),
        Step::cargo("lints", &["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"]),
        // The tests that kill, and the simulated world are ordinary tests of the workspace.
        Step::new("tests", tests),
        Step::new("power loss", power_loss),
        Step::new("browser", browser),
        Step::new("accessibility", accessibility),
    ];
    // Whether the made documents are current is asked by the tests.
    steps.extend(documents());
    steps.push(Step::new("dependencies", || deny(tool::deny())));
    steps
}

/// What CI runs, on a clean checkout with a network.
pub(crate) fn ci() -> Vec<Step> {
    let mut steps = test();
    steps.pop();
    steps.push(Step::new("dependencies", || deny(tool::deny_or_install())));
    steps.push(Step::new("fuzz", fuzz::briefly));
    steps.push(Step::new("demo", demo));
    steps
}

/// The documentation alone.
pub(crate) fn docs() -> Vec<Step> {
    let mut steps = documents();
    steps.push(pages("check"));
    steps
}

fn documents() -> Vec<Step> {
    vec![Step::new("rustdoc", docs::rustdoc), Step::new("documents", docs::documents)]
}

/// Writes the documents that are made from the code, or checks that they are current: an example of the tests, which
/// see both ends.
pub(crate) fn pages(task: &'static str) -> Step {
    Step::new("made pages", move || {
        run_command(cargo().args(["run", "--package", "selaras-tests", "--example", "pages", "--", task]))
    })
}

/// Checks licences, bans and sources. Known vulnerabilities need the advisory database from GitHub and are not looked
/// at here: `cargo deny check advisories` does it.
fn deny(available: Outcome) -> Outcome {
    let Outcome::Passed = available else { return available };
    // cargo-deny reads the manifests of every platform's dependencies; a build fetches its own platform's alone.
    let fetched = run_command(cargo().args(["fetch", "--locked"]));
    let Outcome::Passed = fetched else { return fetched };
    run_command(cargo().args(["deny", "--offline", "check", "bans", "licenses", "sources"]))
}

/// Runs the tests of the workspace. They do without faketime, and say so.
fn tests() -> Outcome {
    if let Outcome::Skipped(why) = tool::faketime_or_install() {
        note(&why);
    }
    run_command(cargo().args(["test", "--workspace"]))
}

/// Cuts the power under both engines; apart from the other tests, because it records with strace.
fn power_loss() -> Outcome {
    let available = tool::strace_or_install();
    let Outcome::Passed = available else { return available };
    run_command(cargo().args(["test", "--workspace", "--test", "power_loss"]))
}

/// Plays the school's pages in a browser, two scenes at a time: each starts a browser of its own.
fn browser() -> Outcome {
    let available = tool::chromium_or_install();
    let Outcome::Passed = available else { return available };
    scenes(&["--skip", "access::"])
}

/// Asks axe-core about every page.
fn accessibility() -> Outcome {
    for available in [tool::chromium_or_install(), tool::axe_or_install()] {
        let Outcome::Passed = available else { return available };
    }
    scenes(&["access::"])
}

fn scenes(which: &[&str]) -> Outcome {
    let test = ["test", "--workspace", "--test", "browser", "--", "--test-threads=2"];
    run_command(cargo().args(test).args(which))
}

/// Runs the demonstration as the README says it. Whether it works is asked here, not how fast: with little optimisation
/// the second build of everything takes half the time.
fn demo() -> Outcome {
    let demo = ["run", "--release", "--package", "selaras", "--", "demo"];
    run_command(cargo().args(demo).env("CARGO_PROFILE_RELEASE_OPT_LEVEL", "1"))
}
