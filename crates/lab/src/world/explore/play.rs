//! One path again, told step by step: what a search has found, to be understood.

use std::fmt::Write as _;

use selaras_sync::Range;

use super::choice::{Choice, Which};
use super::search::what;
use super::state::{Packet, State};
use super::texts::{each_text, sides, students};
use super::{Bounds, Found};
use crate::world::disk::Disk;
use crate::world::trouble::Trouble;

/// Takes the steps of a path, as [`Found`] names them with commas between, and tells after each what the ends hold; asks of
/// the last state whether everything settles from it.
///
/// # Errors
/// What does not hold, and after which steps.
pub fn play(bounds: &Bounds, path: &str, tell: &mut dyn FnMut(&str)) -> Result<(), Found> {
    let mut taken = Vec::new();
    let done = plays(bounds, path, &mut taken, tell);
    done.map_err(|trouble| Found { what: what(trouble), states: taken.len() as u64, path: taken })
}

fn plays(bounds: &Bounds, path: &str, taken: &mut Vec<String>, tell: &mut dyn FnMut(&str)) -> Result<(), Trouble> {
    let mut state = State::first(bounds)?;
    for choice in Choice::path(path)? {
        taken.push(choice.to_string());
        state.takes(choice)?;
        tell(&format!("{choice}\n{}", held(&state)?));
        state.is_safe()?;
    }
    state.settles(&mut |state| {
        tell(&format!("on the way to rest\n{}", held(state)?));
        Ok(())
    })
}

/// What the ends hold, in lines.
fn held(state: &State) -> Result<String, Trouble> {
    let mut lines =
        format!("  centre: version {}{}\n", state.centre.centre().head()?.version, values(&state.centre.disk)?);
    for which in Which::BOTH {
        let station = state.station(which);
        let phase = station.sealed()?.map(|sealed| format!("{:?}", sealed.phase));
        let version = station.computer.school().position()?.version;
        let waits = station.waits.as_ref().map(Packet::name);
        let (phase, waits) = (phase.unwrap_or_else(|| "nothing".to_owned()), waits.unwrap_or("nothing"));
        let values = values(&station.computer.disk)?;
        // Writing into a text never fails.
        let _ = writeln!(lines, "  {which:?}: version {version}, sealed {phase}, waits for {waits}{values}");
    }
    lines.pop();
    Ok(lines)
}

/// What was typed and is on a disk, and as what.
fn values(disk: &Disk) -> Result<String, Trouble> {
    let mut found = String::new();
    for (kind, range) in [("value", Range::Views(students()?, None)), ("draft", Range::Drafts(None))] {
        each_text(disk, &range, &mut |field, text| {
            let _ = write!(found, "; {kind} {field} {text}");
        })?;
    }
    sides(disk)?.iter().for_each(|side| {
        let _ = write!(found, "; side {side}");
    });
    Ok(found)
}
