//! Whether a record is deleted, and whether someone edited it without knowing.

use automerge::ChangeHash;
use selaras_model::{Actor, Value};

use crate::history::{History, is_marked};
use crate::{Candidate, Conflict, MergeError, Subject};

/// Judges the deletions that are in force, given as the visible values of the deleted flag.
///
/// A deletion wins over everything that happened beside it. Changes that neither know of a deletion nor are known to
/// one are what a person has to decide about: their edits would be lost without a word. A later edit of other fields,
/// made in sight of both, decides nothing; only writing the flag does.
pub(crate) fn conflict(history: &History, flags: &[Candidate]) -> Result<Option<Conflict>, MergeError> {
    let deletions: Vec<_> = flags.iter().filter(|flag| flag.value == Value::Bool(true)).collect();
    let Some(winner) = deletions.last() else { return Ok(None) };

    let at: Vec<_> =
        deletions.iter().filter_map(|flag| history.position(&ChangeHash(*flag.change.as_bytes()))).collect();
    let known = history.ancestors(at.iter().copied());
    let knowing = history.descendants(at);

    let mut others = Vec::new();
    for position in 0..history.len() {
        if is_marked(&known, position) || is_marked(&knowing, position) {
            continue;
        }
        let Some(change) = history.get(position) else { continue };
        let actor =
            Actor::from_bytes(change.actor.to_bytes()).map_err(|_| MergeError::Damaged("an actor is no bundle"))?;
        let change = selaras_model::ChangeHash::from_bytes(change.hash.0);
        others.push(Candidate { value: Value::Bool(false), actor, change });
    }
    if others.is_empty() {
        return Ok(None);
    }
    Candidate::sort(&mut others);
    Ok(Some(Conflict { subject: Subject::EditedWhileDeleted, winner: (*winner).clone(), others }))
}
