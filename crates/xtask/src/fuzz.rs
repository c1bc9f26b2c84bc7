//! Every fuzz target for a moment: enough to see that it builds and survives the first inputs.

use std::fs;
use std::io;

use crate::report::note;
use crate::step::{Outcome, cargo, command, root, run_command, succeeds};
use crate::tool;

/// Seconds for each target.
const SECONDS: u32 = 20;
/// Megabytes that a target may take; more is a finding.
const MEMORY: u32 = 2_048;

/// Builds and runs every target in fuzz/fuzz_targets; where they cannot run, sees that they fit the code at least.
pub(crate) fn briefly() -> Outcome {
    let available = tool::fuzz();
    let Outcome::Passed = available else {
        let fits = fits();
        return if let Outcome::Passed = fits { available } else { fits };
    };
    let targets = match targets() {
        Ok(targets) => targets,
        Err(error) => return Outcome::Failed(format!("fuzz/fuzz_targets: {error}")),
    };
    for target in targets {
        note(&format!("-- {target}"));
        let limits = [format!("-max_total_time={SECONDS}"), format!("-rss_limit_mb={MEMORY}")];
        let outcome =
            run_command(command("rustup").args(["run", "nightly", "cargo", "fuzz", "run", &target, "--"]).args(limits));
        let Outcome::Passed = outcome else { return outcome };
    }
    Outcome::Passed
}

/// The targets are a workspace of their own, which nothing else looks at. libFuzzer is C++.
fn fits() -> Outcome {
    if !succeeds(command("c++").arg("--version")) {
        return Outcome::Passed;
    }
    let manifest = root().join("fuzz/Cargo.toml");
    run_command(cargo().args(["check", "--locked", "--manifest-path"]).arg(manifest))
}

fn targets() -> io::Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(root().join("fuzz/fuzz_targets"))? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "rs") {
            names.extend(path.file_stem().map(|stem| stem.to_string_lossy().into_owned()));
        }
    }
    names.sort();
    Ok(names)
}
