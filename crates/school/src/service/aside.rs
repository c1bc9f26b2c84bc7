//! A damaged store: moved out of the way, never deleted, and what was typed and can still be read is written to a file.

use std::fs::File;
use std::io::{BufRead, BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};

use selaras_model::{DeviceId, Pack, Record, RecordKey, record_to_json};
use selaras_storage::{Changelog, EngineKind, move_aside};
use selaras_sync::store::DraftRow;
use selaras_sync::{Flow, Installation, Key, Range, Row};

use super::aside_sealed::SEALED;
use super::{Service, only_school};
use crate::failure::Failure;
use crate::place::Place;

/// What was typed and not sent, as `import` reads it.
const DRAFTS: &str = "drafts.jsonl";
/// The same while it is being written.
const UNFINISHED: &str = "drafts.writing";
/// The device that the store was registered as.
const DEVICE: &str = "device";
/// Stores moved aside in one place; more are a mistake.
const MAX_ASIDE: u32 = 1_000;

/// A store that was moved out of the way.
pub(crate) struct Aside {
    /// Where it lies.
    pub(crate) directory: PathBuf,
    /// The file of what was typed, where any could be read, and its records.
    pub(crate) drafts: Option<(PathBuf, u64)>,
    /// The device that it was registered as, where that could be read.
    pub(crate) device: Option<DeviceId>,
}

/// What was read of the drafts of a damaged store.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Salvaged {
    /// Records with edits that are in the file.
    pub(crate) records: u64,
    /// Whether there may be more that could not be read.
    pub(crate) incomplete: bool,
}

impl Service {
    /// Reads everything, and says what is damaged; nothing for a store that is whole.
    ///
    /// # Errors
    /// Whatever keeps the store from being read that is no damage, such as another process.
    pub(crate) fn damage(&self) -> Result<Option<Failure>, Failure> {
        let found = match (&self.trouble, &self.open) {
            (Some(trouble), _) => Err(trouble.clone()),
            (None, Some(open)) => open.verify(),
            (None, None) => Ok(()),
        };
        match found {
            Ok(()) => Ok(None),
            Err(failure) if failure.code == "store.damaged" => Ok(Some(failure)),
            Err(failure) => Err(failure),
        }
    }

    /// Moves the store out of the way, after what was typed has been saved beside it. Stopped at any moment it may be
    /// called again.
    pub(crate) fn set_aside(&mut self, pack: &Pack) -> Result<Salvaged, Failure> {
        let salvaged = self.save_beside(pack)?;
        let place = self.place();
        move_aside(&place.store(), &[&place.blobs(), &place.registering()], &free_aside(place)?)?;
        self.trouble = None;
        Ok(salvaged)
    }

    /// Closes the store and saves what was typed in it, where it will be moved to.
    pub(super) fn save_beside(&mut self, pack: &Pack) -> Result<Salvaged, Failure> {
        let directory = free_aside(self.place())?;
        let unwritable = |_| Failure::new("place.unwritable").arg("place", directory.display());
        crate::platform::create_private_dir(&directory).map_err(unwritable)?;
        self.open = None;
        match self.changelog(EngineKind::default()).map(|(changelog, _)| changelog) {
            Ok(changelog) => {
                save_device(&changelog, &directory);
                save_drafts(&changelog, pack, &directory)
            }
            Err(failure) if failure.code == "store.damaged" => {
                keep_device(self.place(), &directory);
                Ok(Salvaged { records: 0, incomplete: true })
            }
            Err(failure) => Err(failure),
        }
    }

    /// The newest store that was moved out of the way here.
    pub(crate) fn newest_aside(&self) -> Option<Aside> {
        let directory = asides(self.place()).last()?;
        let file = directory.join(DRAFTS);
        let records = File::open(&file).ok().map(|file| BufReader::new(file).lines().map_while(Result::ok).count());
        let drafts = records.map(|records| (file, u64::try_from(records).unwrap_or(u64::MAX)));
        let device = std::fs::read_to_string(directory.join(DEVICE)).ok().and_then(|id| id.trim().parse().ok());
        Some(Aside { directory, drafts, device })
    }
}

/// The directories of stores that were moved out of the way, oldest first.
pub(super) fn asides(place: &Place) -> impl Iterator<Item = PathBuf> {
    let place = place.clone();
    (1..=MAX_ASIDE).map(move |number| place.aside(number)).take_while(|path| holds_a_store(path))
}

/// Whether a store lies there, as it was or in an encrypted file.
fn holds_a_store(aside: &Path) -> bool {
    aside.join("store").exists() || aside.join(SEALED).exists()
}

/// Where the next store goes that is moved out of the way; the same until one is there.
pub(super) fn free_aside(place: &Place) -> Result<PathBuf, Failure> {
    let free = (1..=MAX_ASIDE).map(|number| place.aside(number)).find(|path| !holds_a_store(path));
    free.ok_or_else(|| Failure::new("place.unwritable").arg("place", place.root().display()))
}

/// Writes which device this was, so that the centre hears whose place the next registration takes. Where it cannot be
/// read or written, the Dinas takes the old one away.
fn save_device(changelog: &Changelog, directory: &Path) {
    let npsn = only_school(changelog).ok().flatten();
    let installation = npsn.and_then(|npsn| Installation::read(&changelog.school(npsn)).ok().flatten());
    let Some(installation) = installation else { return };
    if std::fs::write(directory.join(DEVICE), installation.device.to_string()).is_err() {
        tracing::warn!("which device this was could not be kept");
    }
}

/// The same for a store that cannot be opened, by the name beside it.
fn keep_device(place: &Place, directory: &Path) {
    if place.device().exists() && std::fs::copy(place.device(), directory.join(DEVICE)).is_err() {
        tracing::warn!("which device this was could not be kept");
    }
}

/// Writes what was typed, record by record; the file counts when it is whole.
fn save_drafts(changelog: &Changelog, pack: &Pack, directory: &Path) -> Result<Salvaged, Failure> {
    let unfinished = directory.join(UNFINISHED);
    let file = directory.join(DRAFTS);
    let failed = |_| Failure::new("input.target").arg("file", file.display());
    let mut saving = Saving { writer: None, pack, held: None, records: 0, failed: false };
    let incomplete = match only_school(changelog) {
        Ok(None) => false,
        // A store in which nothing can be found has perhaps held something.
        Err(_) => true,
        Ok(Some(npsn)) => {
            saving.writer = Some(BufWriter::new(File::create(&unfinished).map_err(failed)?));
            let read = changelog.school(npsn).salvage(&Range::Drafts(None), &mut |key, row| {
                if let (Key::Draft(key, _), Row::Draft(draft)) = (key, row) {
                    saving.take(key, draft);
                }
                Ok(Flow::Continue)
            });
            saving.write_held();
            read.map_or(true, |unreadable| unreadable > 0)
        }
    };
    let salvaged = Salvaged { records: saving.records, incomplete };
    let Some(writer) = saving.writer else { return Ok(salvaged) };
    let written = writer.into_inner().map_err(std::io::IntoInnerError::into_error).and_then(|file| file.sync_all());
    written.map_err(failed)?;
    if saving.failed {
        return Err(Failure::new("input.target").arg("file", file.display()));
    }
    if salvaged.records == 0 {
        std::fs::remove_file(&unfinished).map_err(failed)?;
        return Ok(salvaged);
    }
    std::fs::rename(&unfinished, &file).map_err(failed)?;
    Ok(salvaged)
}

/// The drafts of one record after another; a record's later edits stand over its earlier ones.
struct Saving<'a> {
    writer: Option<BufWriter<File>>,
    pack: &'a Pack,
    held: Option<(RecordKey, DraftRow)>,
    records: u64,
    failed: bool,
}

impl Saving<'_> {
    fn take(&mut self, key: RecordKey, draft: DraftRow) {
        match &mut self.held {
            Some((held, older)) if *held == key => {
                older.fields.extend(draft.fields);
                older.deleted = draft.deleted.or(older.deleted);
            }
            _ => {
                self.write_held();
                self.held = Some((key, draft));
            }
        }
    }

    fn write_held(&mut self) {
        let (Some((key, draft)), Some(writer)) = (self.held.take(), self.writer.as_mut()) else { return };
        let mut record = Record::new(key);
        record.deleted = draft.deleted.unwrap_or(false);
        record.fields.extend(draft.fields);
        let line = record_to_json(self.pack, &record);
        self.failed |= writeln!(writer, "{line}").is_err();
        self.records += 1;
    }
}
