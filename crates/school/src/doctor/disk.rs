//! What the disk does: its free space, and how long it takes to make a little durable.

use std::io::{ErrorKind, Write};
use std::path::Path;
use std::time::{Duration, Instant};

use super::step::Found;
use crate::catalogue::Words;
use crate::failure::Failure;
use crate::output::Note;

/// Less free space than this is told.
const LOW: u64 = 500 << 20;
/// With less than this nothing large can be taken in any more.
const FULL: u64 = 20 << 20;
/// The file that is written and removed.
const PROBE_FILE: &str = "doctor.tmp";
/// What is written, and how often.
const PROBE_BYTES: usize = 4096;
const PROBES: usize = 5;
/// A slower disk makes every edit wait noticeably.
const SLOW: Duration = Duration::from_millis(300);

/// How much space is left.
pub(super) fn space(place: &Path) -> std::io::Result<u64> {
    // A place that is not there yet lies on the disk of what is above it.
    let there = place.ancestors().find(|path| path.exists()).unwrap_or(place);
    fs4::available_space(there)
}

/// The median time of making 4 KiB durable.
pub(super) fn probe(place: &Path) -> std::io::Result<Duration> {
    let path = place.join(PROBE_FILE);
    let mut times = Vec::with_capacity(PROBES);
    let written = (0..PROBES).try_for_each(|_| {
        let began = Instant::now();
        let mut file = std::fs::File::create(&path)?;
        file.write_all(&[0; PROBE_BYTES])?;
        file.sync_all()?;
        times.push(began.elapsed());
        Ok(())
    });
    let removed = std::fs::remove_file(&path);
    written.and(removed)?;
    times.sort();
    Ok(times.get(PROBES / 2).copied().unwrap_or_default())
}

/// What that means. Pure.
pub(super) fn judge(free: std::io::Result<u64>, probed: Option<std::io::Result<Duration>>, words: Words) -> Found {
    let took = match probed {
        Some(Err(error)) if error.kind() == ErrorKind::StorageFull => return Found::Failed(Failure::new("store.full")),
        Some(Err(error)) => return Found::Failed(Failure::new("store.io").arg("reason", error.kind())),
        Some(Ok(took)) => Some(took),
        None => None,
    };
    let free = free.ok();
    let size = free.map(|free| words.bytes(free));
    match (free, took) {
        (Some(..FULL), _) => Found::Failed(Failure::new("disk.low").arg("free", size.unwrap_or_default())),
        (Some(FULL..LOW), _) => Found::Warned(Failure::new("disk.low").arg("free", size.unwrap_or_default())),
        (_, Some(took)) if took >= SLOW => Found::Warned(Failure::new("disk.slow").arg("time", words.duration(took))),
        (_, Some(took)) => {
            let free = size.unwrap_or_else(|| "?".to_owned());
            Found::Passed(Note::new("doctor.disk.ok").arg("free", free).arg("time", words.duration(took)))
        }
        (_, None) => Found::Passed(Note::new("doctor.disk.space").arg("free", size.unwrap_or_else(|| "?".to_owned()))),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use selaras_model::Lang;

    use super::*;

    fn code(found: Found) -> (bool, String) {
        match found {
            Found::Passed(note) => (false, note.key),
            Found::Warned(failure) => (false, failure.code.clone()),
            Found::Failed(failure) => (true, failure.code.clone()),
            Found::Skipped(_) => (false, String::new()),
        }
    }

    #[test]
    fn a_full_or_slow_disk_is_told() {
        let judged = |free, took| code(judge(Ok(free), Some(Ok(took)), Words(Lang::En)));
        assert_eq!(judged(1 << 40, Duration::ZERO), (false, "doctor.disk.ok".to_owned()));
        assert_eq!(judged(LOW - 1, Duration::ZERO), (false, "disk.low".to_owned()));
        assert_eq!(judged(FULL - 1, Duration::ZERO), (true, "disk.low".to_owned()));
        assert_eq!(judged(1 << 40, SLOW), (false, "disk.slow".to_owned()));
        let full = Some(Err(ErrorKind::StorageFull.into()));
        assert_eq!(code(judge(Ok(0), full, Words(Lang::En))), (true, "store.full".to_owned()));
    }

    #[test]
    fn the_probe_leaves_nothing_behind() {
        let dir = tempfile::tempdir().unwrap();
        probe(dir.path()).unwrap();
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
        assert!(space(&dir.path().join("not/there/yet")).unwrap() > 0);
        assert!(probe(&dir.path().join("not/there/yet")).is_err());
    }
}
