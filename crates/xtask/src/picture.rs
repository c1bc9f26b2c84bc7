//! The README's pictures: the school's pages in a browser, and what the demonstration printed, drawn as a terminal.

use std::fs;
use std::path::{Path, PathBuf};

use crate::step::{Outcome, Step, cargo, root, run_command};
use crate::{svg, tool};

/// Where all pages' pictures are put, to be looked at.
const SCREENS: &str = "target/pictures";
/// Those that the README shows, and where.
const SHOWN: [&str; 3] = ["beranda.png", "lembar.png", "tanda-terima.png"];
const IMAGES: &str = "docs/images";
/// Where the picture of the terminal lies.
const PICTURE: &str = "docs/images/demo.svg";
/// What the picture's title bar says.
const TITLE: &str = "cargo run --release -- demo";

/// Gives the step that takes pictures of the main pages.
pub(crate) fn screens() -> Step {
    Step::new("screens", || {
        let available = tool::chromium_or_install();
        let Outcome::Passed = available else { return available };
        let screens = root().join(SCREENS);
        if let Err(error) = fs::create_dir_all(&screens) {
            return Outcome::Failed(error.to_string());
        }
        let test = ["test", "--workspace", "--test", "browser", "--", "--ignored", "screens::"];
        let taken = run_command(cargo().args(test).env("SELARAS_PICTURES", &screens));
        let Outcome::Passed = taken else { return taken };
        let copied =
            SHOWN.iter().try_for_each(|name| fs::copy(screens.join(name), root().join(IMAGES).join(name)).map(drop));
        copied.map_or_else(|error| Outcome::Failed(error.to_string()), |()| Outcome::Passed)
    })
}

/// Gives the step that draws the terminal, from a file or from a run of the demonstration.
pub(crate) fn step(from: Option<PathBuf>) -> Step {
    Step::new("terminal", move || match draw(from.as_deref()) {
        Ok(()) => Outcome::Passed,
        Err(why) => Outcome::Failed(why),
    })
}

fn draw(from: Option<&Path>) -> Result<(), String> {
    let text = match from {
        Some(path) => fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?,
        None => demonstration()?,
    };
    if text.trim().is_empty() {
        return Err("there is nothing to draw".into());
    }
    fs::write(root().join(PICTURE), svg::terminal(TITLE, &text)).map_err(|error| format!("{PICTURE}: {error}"))
}

/// Runs the demonstration in Indonesian, as a school sees it, and gives what it says to a person.
fn demonstration() -> Result<String, String> {
    let arguments = ["run", "--quiet", "--release", "--package", "selaras", "--", "demo", "--lang", "id"];
    let output = cargo().args(arguments).output().map_err(|error| error.to_string())?;
    if !output.status.success() {
        return Err(format!(
            "the demonstration failed ({}): {}",
            output.status,
            String::from_utf8_lossy(&output.stderr)
        ));
    }
    String::from_utf8(output.stdout).map_err(|_| "the demonstration printed what is not UTF-8".to_owned())
}
