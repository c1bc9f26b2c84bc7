//! Where a restored centre's log and this school's still agree: asked for by places, and narrowed to the very entry.
//!
//! A place farther back would do for the log, which is gone over again from there. It would not do for people: what the
//! backup holds would be called lost and made drafts of, and a computer that stood at the backup's head would vouch for
//! nobody.

use selaras_model::LogVersion;

use super::School;
use super::heal::damaged;
use crate::entry::entry_hash;
use crate::error::SchoolError;
use crate::store::StoreError;
use crate::wire;

/// The newest places of the first question that are told one by one; then they double.
const NEAR: u64 = 32;
/// Places of a question that narrows.
const PLACES: u64 = 100;

/// The newest entry that both logs have, as far as it is known.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct CommonPlace {
    /// The newest entry of this school.
    newest: LogVersion,
    /// Both logs have this one, or it is the beginning; none before the first answer.
    agrees: Option<LogVersion>,
    /// The oldest one above it that is known not to be in the centre's log.
    differs: LogVersion,
}

impl CommonPlace {
    pub(super) fn new(newest: LogVersion) -> Self {
        Self { newest, agrees: None, differs: newest.next() }
    }

    /// The newest entry that both are known to have; none before the first answer.
    pub(super) fn agrees(&self) -> Option<LogVersion> {
        self.agrees
    }

    /// Whether places have to be asked about once more, after the first answer.
    pub(super) fn is_narrowed(&self) -> bool {
        self.agrees.is_some_and(|agrees| agrees.next() < self.differs)
    }

    /// The places of the next question, newest first; none once it is known.
    fn asked(&self) -> Vec<u64> {
        let Some(agrees) = self.agrees else { return farther_and_farther(self.newest.get()) };
        let (low, high) = (agrees.get(), self.differs.get());
        let between = high.saturating_sub(low).saturating_sub(1);
        if between == 0 {
            return Vec::new();
        }
        let count = between.min(PLACES);
        // From the newest that is not known down to the one that is; all of them where there are few.
        let mut places: Vec<u64> = (0..count).map(|nth| high - 1 - nth * between / count).collect();
        places.extend((low > 0).then_some(low));
        places
    }

    /// Takes the newest of the places that the centre has; 0 for none. Nothing where that was not asked for.
    pub(super) fn take(&mut self, found: LogVersion) -> Option<()> {
        let asked = self.asked();
        if found.get() > 0 && !asked.contains(&found.get()) {
            return None;
        }
        let agrees = found.max(self.agrees.unwrap_or_default());
        let above = asked.into_iter().filter(|place| *place > agrees.get()).min();
        self.differs = above.map_or(self.differs, LogVersion::new);
        self.agrees = Some(agrees);
        Some(())
    }
}

fn farther_and_farther(newest: u64) -> Vec<u64> {
    let mut places = Vec::new();
    let (mut version, mut step) = (newest, 1_u64);
    while version > 0 {
        places.push(version);
        if newest - version >= NEAR {
            step = step.saturating_mul(2);
        }
        version = version.saturating_sub(step);
    }
    places
}

impl School<'_> {
    /// The places of the next question, with the entries that are there in this school's log.
    pub(super) fn locator(&self, common: &CommonPlace) -> Result<Vec<wire::Cursor>, SchoolError> {
        let place = |version| -> Result<wire::Cursor, StoreError> {
            let row = self.entry_row(LogVersion::new(version)).map_err(|_| damaged())?;
            Ok(wire::Cursor { version, entry: entry_hash(&row.entry).as_bytes().to_vec(), ..wire::Cursor::default() })
        };
        Ok(common.asked().into_iter().map(place).collect::<Result<_, _>>()?)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Asks a centre that has all entries up to one; gives the place that was found, and the number of questions.
    fn found(newest: u64, has: u64) -> (u64, u32) {
        let mut common = CommonPlace::new(LogVersion::new(newest));
        for questions in 1.. {
            let asked = common.asked();
            assert!(asked.len() <= 128 && asked.is_sorted_by(|one, next| one > next), "{asked:?}");
            let answer = asked.into_iter().find(|place| *place <= has).unwrap_or_default();
            common.take(LogVersion::new(answer)).unwrap();
            if !common.is_narrowed() {
                return (common.agrees().unwrap().get(), questions);
            }
        }
        unreachable!()
    }

    proptest! {
        #[test]
        fn the_very_place_is_found_in_a_few_questions(newest in 0..2_000_000_u64, has in 0..2_000_000_u64) {
            let (place, questions) = found(newest, has);
            prop_assert_eq!(place, newest.min(has));
            prop_assert!(questions <= 5, "{} questions", questions);
        }
    }

    #[test]
    fn a_few_days_are_found_with_one_question() {
        for has in 100 - NEAR..=100 {
            assert_eq!(found(100, has), (has, 1));
        }
        assert_eq!(found(0, 5), (0, 1));
    }

    #[test]
    fn a_place_that_was_not_asked_for_is_no_answer() {
        let mut common = CommonPlace::new(LogVersion::new(7));
        assert!(common.take(LogVersion::new(8)).is_none());
    }
}
