//! What the chores find on the computer, and what they may put there.

use crate::report::note;
use crate::step::{Outcome, cargo, command, root, run_command, succeeds};

/// The version whose configuration deny.toml is written in.
const DENY: &str = "^0.20";

/// Tells whether cargo-deny is there, and how to get it otherwise.
pub(crate) fn deny() -> Outcome {
    if succeeds(cargo().args(["deny", "--version"])) {
        return Outcome::Passed;
    }
    Outcome::Skipped(format!("needs cargo-deny: cargo install cargo-deny --locked --version '{DENY}'"))
}

/// Installs cargo-deny if it is missing: about two minutes of two cores.
pub(crate) fn deny_or_install() -> Outcome {
    let Outcome::Skipped(_) = deny() else { return Outcome::Passed };
    note("cargo-deny is missing and is being installed");
    // Built as it comes quickest: it runs for some seconds.
    run_command(cargo().args(["install", "cargo-deny", "--debug", "--locked", "--version", DENY]))
}

/// Tells whether strace is there and may trace, and how to get it otherwise.
pub(crate) fn strace() -> Outcome {
    if succeeds(command("strace").args(["-o", "/dev/null", "true"])) {
        return Outcome::Passed;
    }
    Outcome::Skipped("needs strace, allowed to trace: apt-get install strace".into())
}

/// Installs strace if it is missing, where packages of Debian may be installed without asking.
pub(crate) fn strace_or_install() -> Outcome {
    or_install(strace, "strace", &["strace"])
}

/// Tells whether a process can be given another clock, and how to get that otherwise.
pub(crate) fn faketime() -> Outcome {
    if succeeds(command("faketime").args(["-m", "-f", "+0", "true"])) {
        return Outcome::Passed;
    }
    Outcome::Skipped("the plays set a centre's date and not its clock without: apt-get install faketime".into())
}

/// Installs it if it is missing, where packages of Debian may be installed without asking.
pub(crate) fn faketime_or_install() -> Outcome {
    or_install(faketime, "faketime", &["faketime"])
}

/// Tells whether a browser and its driver are there, and how to get them otherwise.
pub(crate) fn chromium() -> Outcome {
    let there = |program: &str| succeeds(command(program).arg("--version"));
    if there("chromedriver") && there("chromium") {
        return Outcome::Passed;
    }
    Outcome::Skipped("needs a browser: apt-get install chromium chromium-driver".into())
}

/// Installs them if they are missing, where packages of Debian may be installed without asking.
pub(crate) fn chromium_or_install() -> Outcome {
    or_install(chromium, "chromium", &["chromium", "chromium-driver"])
}

/// Tells whether axe-core is there, and how to get it otherwise.
pub(crate) fn axe() -> Outcome {
    if root().join("tests/axe/node_modules/axe-core/axe.min.js").is_file() {
        return Outcome::Passed;
    }
    Outcome::Skipped("needs axe-core: npm ci --prefix tests/axe".into())
}

/// Puts axe-core beside the tests, in the version that its lock file says.
pub(crate) fn axe_or_install() -> Outcome {
    let Outcome::Skipped(_) = axe() else { return Outcome::Passed };
    note("axe-core is missing and is being fetched");
    succeeds(command("npm").args(["ci", "--ignore-scripts", "--prefix"]).arg(root().join("tests/axe")));
    axe()
}

fn or_install(there: fn() -> Outcome, what: &str, packages: &[&str]) -> Outcome {
    let Outcome::Skipped(_) = there() else { return Outcome::Passed };
    note(&format!("{what} is missing and is being installed"));
    let install = || {
        let arguments = ["install", "--yes", "--no-install-recommends"].iter().chain(packages);
        succeeds(command("apt-get").args(arguments))
    };
    // A computer that has never asked for its lists of packages finds none at the first attempt.
    if !install() && succeeds(command("apt-get").arg("update")) {
        install();
    }
    there()
}

/// Tells whether the fuzz targets can be built here, and what is missing otherwise.
pub(crate) fn fuzz() -> Outcome {
    let nightly = succeeds(command("rustup").args(["run", "nightly", "rustc", "--version"]));
    if nightly && succeeds(cargo().args(["fuzz", "--version"])) {
        return Outcome::Passed;
    }
    Outcome::Skipped("needs `rustup toolchain install nightly` and `cargo install cargo-fuzz --locked`".into())
}
