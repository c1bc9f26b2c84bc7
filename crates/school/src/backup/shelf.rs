//! The directory of backups beside the store: the automatic ones, of which the last seven stay, and others.

use std::path::PathBuf;

use crate::failure::Failure;
use crate::place::Place;

/// Automatic backups that stay.
pub(crate) const KEPT: usize = 7;
/// Seconds after which the next automatic backup is due.
const EVERY: u64 = 24 * 3_600;

/// What a backup was made for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum What {
    /// By itself, under this installation's key.
    Automatic,
    /// For a person, under a passphrase.
    Asked,
}

impl What {
    const ALL: [What; 2] = [What::Automatic, What::Asked];

    const fn word(self) -> &'static str {
        match self {
            What::Automatic => "auto",
            What::Asked => "backup",
        }
    }
}

/// A backup on the shelf.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Kept {
    /// What it was made for.
    pub(crate) what: What,
    /// Its number: later ones have greater ones, whatever the clock said.
    pub(crate) number: u64,
    /// When it was made, by this computer's clock.
    pub(crate) at: i64,
    /// Where it is.
    pub(crate) path: PathBuf,
    /// How large it is.
    pub(crate) bytes: u64,
}

/// The shelf of a place.
pub(crate) struct Shelf {
    directory: PathBuf,
    kept: Vec<Kept>,
}

impl Shelf {
    /// Looks at what is there; files of other names are nobody's business.
    pub(crate) fn of(place: &Place) -> Shelf {
        let directory = place.backups();
        let entries = std::fs::read_dir(&directory).into_iter().flatten().flatten();
        let mut kept: Vec<Kept> = entries
            .filter_map(|entry| {
                let (what, number, at) = parse(entry.file_name().to_str()?)?;
                Some(Kept { what, number, at, path: entry.path(), bytes: entry.metadata().ok()?.len() })
            })
            .collect();
        kept.sort_by_key(|kept| kept.number);
        Shelf { directory, kept }
    }

    /// Oldest first.
    pub(crate) fn kept(&self) -> &[Kept] {
        &self.kept
    }

    /// Where the next one goes.
    pub(crate) fn next(&self, what: What, now: i64) -> Result<PathBuf, Failure> {
        crate::platform::create_private_dir(&self.directory)
            .map_err(|_| Failure::new("place.unwritable").arg("place", self.directory.display()))?;
        let number = self.kept.last().map_or(0, |kept| kept.number).saturating_add(1);
        Ok(self.directory.join(format!("{}-{number:06}-{now}.age", what.word())))
    }

    /// Whether the last automatic one is older than a day, or from a day that has not come yet: a clock that was put
    /// right must not keep backups from being made.
    pub(crate) fn is_due(&self, now: i64) -> bool {
        let last = self.kept.iter().rfind(|kept| kept.what == What::Automatic);
        last.is_none_or(|last| last.at.abs_diff(now) >= EVERY)
    }

    /// Removes all automatic ones but the last seven.
    pub(crate) fn prune(&self) {
        let automatic: Vec<&Kept> = self.kept.iter().filter(|kept| kept.what == What::Automatic).collect();
        for old in automatic.iter().rev().skip(KEPT) {
            // One that stays behind is looked at again tomorrow.
            let _ = std::fs::remove_file(&old.path);
        }
    }
}

fn parse(name: &str) -> Option<(What, u64, i64)> {
    let mut parts = name.strip_suffix(".age")?.splitn(3, '-');
    let word = parts.next()?;
    let what = What::ALL.into_iter().find(|what| what.word() == word)?;
    Some((what, parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    const DAY: i64 = 24 * 3_600;

    fn place() -> (tempfile::TempDir, Place) {
        let directory = tempfile::tempdir().unwrap();
        let place = Place::choose(Some(directory.path())).unwrap();
        (directory, place)
    }

    #[test]
    fn the_last_seven_stay_and_what_a_person_asked_for_always() {
        let (_directory, place) = place();
        for day in 0..10 {
            for what in What::ALL {
                let path = Shelf::of(&place).next(what, day * DAY).unwrap();
                std::fs::write(path, "").unwrap();
            }
        }
        Shelf::of(&place).prune();
        let shelf = Shelf::of(&place);
        let days =
            |what| shelf.kept().iter().filter(|kept| kept.what == what).map(|kept| kept.at / DAY).collect::<Vec<_>>();
        assert_eq!(days(What::Automatic), (3..10).collect::<Vec<_>>());
        assert_eq!(days(What::Asked), (0..10).collect::<Vec<_>>());
    }

    #[test]
    fn one_is_due_after_a_day_and_when_the_clock_was_wrong() {
        let (_directory, place) = place();
        assert!(Shelf::of(&place).is_due(5 * DAY));
        std::fs::write(Shelf::of(&place).next(What::Automatic, 5 * DAY).unwrap(), "").unwrap();
        assert!(!Shelf::of(&place).is_due(5 * DAY + 3_600));
        assert!(Shelf::of(&place).is_due(6 * DAY));
        assert!(Shelf::of(&place).is_due(DAY), "it was made in a year that has not come");
    }
}
