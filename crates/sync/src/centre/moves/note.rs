//! What a school's log says of a move: the kind of an act, so that schools hand it back after a lost disk, and a row that
//! follows from it.
//!
//! | kind | in the log of | row |
//! |---|---|---|
//! | `move.offer` | the old school: offered to the other one, and to no third | `move/out/<who>/<person>` |
//! | `move.take` | the old school: the other one has accepted | the same |
//! | `move.leave` | the old school: the memberships have ended | the same |
//! | `move.end` | the old school: declined, or taken back | the same |
//! | `move.arrive` | the new school: the person is one of it | `move/in/<who>/<person>` |
//! | `move.late` | the new school: what the old one wrote about who had left | `move/late/<entry>` |
//!
//! The notes of both logs stay as long as the logs: what a lost disk took of one is made again from the other.

use std::collections::BTreeMap;

use selaras_model::{Actor, Date, EntryHash, EpochId, LogVersion, Npsn, RecordId};
use serde::{Deserialize, Serialize};

use super::late::Kept;
use super::{Centre, Mover};
use crate::entry::act_actor;
use crate::local;
use crate::state::{self, EntryIntent, EntryOrigin, Position};
use crate::step::Step;
use crate::store::{Batch, Key, ReadStore, StateName, StoreError};
use crate::work::Work;

/// What a log says last of a person's move.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum MoveState {
    /// Offered to the other school.
    Offered,
    /// The offer is over: declined, or taken back.
    Ended,
    /// The other school has accepted: nobody else gets the person.
    Taken,
    /// The person has left for the other school.
    Left,
    /// The person came from the other school.
    Arrived,
}

/// An entry of a move in one school's log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct MoveNote {
    pub(super) state: MoveState,
    pub(super) who: Mover,
    pub(super) person: RecordId,
    /// The other school.
    pub(super) other: Npsn,
    /// The day of the move.
    pub(super) on: Date,
}

/// What a school's log says of a person's move, as it is looked up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct MoveRow {
    pub(super) state: MoveState,
    pub(super) other: Npsn,
    pub(super) on: Date,
    /// The entry's place in this log.
    pub(super) version: LogVersion,
    /// Of a person who has left: from which version on it was sure, and what goes along was looked up.
    pub(super) since: LogVersion,
    /// By which life of the database and which version the entry's changes are named.
    pub(super) author: (EpochId, LogVersion),
    /// The life of the database in which both logs are known to agree on it; none for an entry that was handed back.
    pub(super) agreed: Option<EpochId>,
}

/// That edits of an entry of the old school's log went on to this one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct LateRow {
    /// By which life of the database and which version the entry's changes are named.
    author: (EpochId, LogVersion),
}

impl MoveState {
    const ALL: [Self; 5] = [Self::Offered, Self::Ended, Self::Taken, Self::Left, Self::Arrived];

    const fn word(self) -> &'static str {
        match self {
            Self::Offered => "move.offer",
            Self::Ended => "move.end",
            Self::Taken => "move.take",
            Self::Left => "move.leave",
            Self::Arrived => "move.arrive",
        }
    }
}

const LATE: &str = "move.late";
const LATE_ROWS: &str = "move/late/";
/// How far the old school's log was looked through for what has to go on.
const LOOKED: &str = "move/looked";
/// What was found on the way and has not gone on, by its version.
const KEPT: &str = "move/kept/";
/// Which of those was tried last.
const AGAIN: &str = "move/again";

impl Mover {
    const fn letter(self) -> &'static str {
        match self {
            Self::PesertaDidik => "s",
            Self::Ptk => "p",
        }
    }

    fn of_letter(letter: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|who| who.letter() == letter)
    }
}

impl MoveNote {
    /// The kind of the act that says it.
    pub(super) fn kind(&self) -> String {
        let Self { state, who, person, other, on } = self;
        let person = u128::from_be_bytes(*person.as_bytes());
        format!("{} {} {person:032x} {other} {}", state.word(), who.letter(), on.days_since_epoch())
    }

    /// Reads an act's kind; none for acts of another kind.
    fn of(kind: &str) -> Option<Self> {
        let mut words = kind.split(' ');
        let word = words.next()?;
        let state = MoveState::ALL.into_iter().find(|state| state.word() == word)?;
        let who = Mover::of_letter(words.next()?)?;
        let person = RecordId::from_bytes(u128::from_str_radix(words.next()?, 16).ok()?.to_be_bytes());
        let (other, on) = (words.next()?.parse().ok()?, Date::from_days(words.next()?.parse().ok()?).ok()?);
        words.next().is_none().then_some(Self { state, who, person, other, on })
    }

    fn row_name(&self) -> String {
        let way = if self.state == MoveState::Arrived { ARRIVALS } else { DEPARTURES };
        format!("{}{}", rows(way, self.who), self.person)
    }
}

pub(super) const DEPARTURES: &str = "out";
pub(super) const ARRIVALS: &str = "in";

fn rows(way: &str, who: Mover) -> String {
    format!("move/{way}/{}/", who.letter())
}

/// The kind of the act by which edits of an entry of another school's log go on to this one.
pub(super) fn late_kind(entry: EntryHash, from: Npsn) -> String {
    format!("{LATE} {} {from}", short(entry))
}

fn kept_name(version: LogVersion) -> String {
    format!("{KEPT}{:020}", version.get())
}

pub(super) fn is_late(kind: &str) -> bool {
    kind.split(' ').next() == Some(LATE)
}

fn short(entry: EntryHash) -> String {
    let high = entry.as_bytes().first_chunk::<16>().copied().unwrap_or_default();
    format!("{:032x}", u128::from_be_bytes(high))
}

/// Writes the row that follows from an entry of a move; nothing for other entries.
pub(in crate::centre) fn note(
    store: &dyn ReadStore,
    work: &mut Work<'_>,
    intent: &EntryIntent,
    place: (EpochId, LogVersion),
) -> Result<(), StoreError> {
    let EntryOrigin::Act { kind } = &intent.origin else { return Ok(()) };
    let author = intent.first.as_ref().map_or(place, |first| (first.epoch, first.version));
    let (epoch, version) = place;
    if is_late(kind) {
        let Some(entry) = kind.split(' ').nth(1) else { return Ok(()) };
        return work.put_local(&format!("{LATE_ROWS}{entry}"), &LateRow { author });
    }
    let Some(note) = MoveNote::of(kind) else { return Ok(()) };
    let name = note.row_name();
    let handed_back = intent.first.is_some();
    let known: Option<MoveRow> = local::read(store, &name)?;
    // A computer that comes late hands back what was made again meanwhile.
    if handed_back && known.as_ref().is_some_and(|known| known.author.0 == epoch && known.state >= note.state) {
        return Ok(());
    }
    let taken = known.filter(|known| known.state == MoveState::Taken && known.is_of(note.other, note.on));
    let since = taken.map_or(version, |taken| taken.version);
    let agreed = (!handed_back).then_some(epoch);
    let row = MoveRow { state: note.state, other: note.other, on: note.on, version, since, author, agreed };
    work.put_local(&name, &row)
}

impl Centre<'_> {
    pub(super) fn move_row(&self, way: &str, who: Mover, person: RecordId) -> Result<Option<MoveRow>, StoreError> {
        local::read(self.store, &format!("{}{person}", rows(way, who)))
    }

    pub(super) fn move_rows(&self, way: &str, who: Mover) -> Result<Vec<(RecordId, MoveRow)>, StoreError> {
        local::all(self.store, &rows(way, who))
    }

    /// Writes down that both logs agree on a move in this life of the database; nothing where the row is gone.
    pub(super) fn agree(&self, way: &str, who: Mover, person: RecordId) -> Result<Option<Step>, StoreError> {
        let name = format!("{}{person}", rows(way, who));
        let Some(row) = local::read::<MoveRow>(self.store, &name)? else { return Ok(None) };
        let mut batch = Batch::default();
        let agreed = self.position_epoch()?;
        local::put(&mut batch, &name, &MoveRow { agreed, ..row })?;
        Ok(Some(Step::of(batch)))
    }

    /// The author of what went on to this school of an entry; none where nothing did.
    pub(super) fn late_author(&self, entry: EntryHash) -> Result<Option<Actor>, StoreError> {
        let row: Option<LateRow> = local::read(self.store, &format!("{LATE_ROWS}{}", short(entry)))?;
        Ok(row.map(|row| act_actor(self.npsn, row.author.0, row.author.1)))
    }

    /// Whether the edits of an entry went on to this school.
    pub(super) fn took_late(&self, entry: EntryHash) -> Result<bool, StoreError> {
        Ok(self.store.get(&Key::Local(format!("{LATE_ROWS}{}", short(entry))))?.is_some())
    }

    pub(super) fn looked(&self) -> Result<LogVersion, StoreError> {
        Ok(local::read(self.store, LOOKED)?.unwrap_or(LogVersion::new(0)))
    }

    /// Notes how far it was looked, what of the entries that were kept back has gone on, what is kept back now, and which
    /// was tried last.
    pub(super) fn has_looked<'v>(
        &self,
        until: LogVersion,
        gone_on: impl Iterator<Item = &'v LogVersion>,
        kept: &BTreeMap<LogVersion, Kept>,
        last: Option<&LogVersion>,
    ) -> Result<Step, StoreError> {
        let mut batch = Batch::default();
        local::put(&mut batch, LOOKED, &until)?;
        for version in gone_on {
            batch.remove(Key::Local(kept_name(*version)));
        }
        for (version, kept) in kept {
            local::put(&mut batch, &kept_name(*version), kept)?;
        }
        if let Some(last) = last {
            local::put(&mut batch, AGAIN, last)?;
        }
        Ok(Step::of(batch))
    }

    /// The entries that were kept back, in the log's order.
    pub(super) fn kept_entries(&self) -> Result<Vec<(LogVersion, Kept)>, StoreError> {
        let mut kept: Vec<(u64, Kept)> = local::all(self.store, KEPT)?;
        kept.sort_by_key(|(version, _)| *version);
        Ok(kept.into_iter().map(|(version, kept)| (LogVersion::new(version), kept)).collect())
    }

    pub(super) fn last_again(&self) -> Result<LogVersion, StoreError> {
        Ok(local::read(self.store, AGAIN)?.unwrap_or_default())
    }

    pub(super) fn position_epoch(&self) -> Result<Option<EpochId>, StoreError> {
        Ok(state::need::<Position>(self.store, StateName::Position)?.epoch)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use crate::entry::MAX_ACT_KIND;

    #[test]
    fn the_kind_of_every_note_reads_back_and_fits_an_entry() {
        for state in MoveState::ALL {
            for who in Mover::ALL {
                for on in [Date::MIN, "2026-11-02".parse().unwrap(), "9999-12-31".parse().unwrap()] {
                    let person = RecordId::from_bytes([0x0f; 16]);
                    let note = MoveNote { state, who, person, other: "99999999".parse().unwrap(), on };
                    let kind = note.kind();
                    assert!(kind.len() <= MAX_ACT_KIND, "{kind}");
                    assert_eq!(MoveNote::of(&kind), Some(note));
                }
            }
        }
        for other in ["move.offer", "move.offer s 00", "dinas-contoh", "rules.change", ""] {
            assert_eq!(MoveNote::of(other), None);
        }
        let late = late_kind(EntryHash::from_bytes([0xff; 32]), "99999999".parse().unwrap());
        assert!(is_late(&late) && late.len() <= MAX_ACT_KIND && MoveNote::of(&late).is_none());
    }
}
