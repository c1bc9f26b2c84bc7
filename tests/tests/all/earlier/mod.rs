//! What an earlier version left behind is read by this one: its stores, its backups, what it said to its centre.
//!
//! `tests/fixtures` holds it, a directory for each version; how it was made is in the README there. It is never made
//! anew: the point of it is that it is of then.

mod archive;
mod backups;
mod make;
mod message;
mod recorded;
mod recorder;
mod stores;

use std::path::{Path, PathBuf};

use selaras_storage::{Changelog, EngineKind, open_store};
use selaras_sync::{Key, ReadStore as _, Row, StateName, Store as _, store::Batch};
use serde_json::Value;

use crate::stand::{Centre, Computer};
use recorder::Recorder;

/// The school of the two computers.
pub(crate) const NPSN: &str = "99999999";

/// What was kept of one version.
pub(crate) struct Earlier {
    directory: PathBuf,
    /// Names, keys, passwords and numbers of the made-up world.
    world: Value,
    place: tempfile::TempDir,
}

impl Earlier {
    pub(crate) fn version(name: &str) -> Self {
        let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(name);
        let world = serde_json::from_slice(&std::fs::read(directory.join("world.json")).unwrap()).unwrap();
        Self { directory, world, place: tempfile::tempdir().unwrap() }
    }

    /// A word of the world by its place in `world.json`.
    pub(crate) fn word(&self, pointer: &str) -> &str {
        self.world.pointer(pointer).and_then(Value::as_str).unwrap_or_else(|| panic!("{pointer}"))
    }

    pub(crate) fn number(&self, pointer: &str) -> u64 {
        self.world.pointer(pointer).and_then(Value::as_u64).unwrap_or_else(|| panic!("{pointer}"))
    }

    /// A path in a directory of this test's own.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.place.path().join(name)
    }

    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.directory.join(name)
    }

    fn unpacked(&self, name: &str) -> PathBuf {
        let directory = self.path(name);
        archive::unpack(&self.file(&format!("{name}.tar.zst")), &directory);
        directory
    }

    /// A computer of the school as it was left.
    pub(crate) fn computer(&self, name: &str) -> Computer {
        Computer { data: self.unpacked(name) }
    }

    /// The centre as it was left, on the day on which it was left; its rules are those of then.
    pub(crate) fn centre(&self) -> Centre {
        let data = self.unpacked("centre");
        self.set_date(&data);
        Centre::start(&data)
    }

    /// A centre made from the backup, as [`Self::centre`].
    pub(crate) fn restored_centre(&self) -> Centre {
        let backup = self.unpacked("centre-backup");
        self.set_date(&backup);
        let data = self.path("restored");
        std::fs::create_dir(&data).unwrap();
        // A backup holds the configuration and not the files that it names.
        let store = self.path("rules-of");
        archive::unpack(&self.file("centre.tar.zst"), &store);
        for name in make::RULES {
            std::fs::copy(store.join(name), data.join(name)).unwrap();
        }
        let centre = Centre::restore(&backup, &data);
        // By so many hours the date of the backup is off as well.
        centre.operator(&["clock", "confirm"]);
        centre
    }

    /// An approval is good for thirty days: the centre's day is that of then, by the hours that its date is off.
    fn set_date(&self, data: &Path) {
        let today: jiff::civil::Date = self.word("/today").parse().unwrap();
        let noon = today.at(12, 0, 0, 0).to_zoned(jiff::tz::TimeZone::UTC).unwrap().timestamp();
        let hours = (noon.as_second() - jiff::Timestamp::now().as_second()).div_euclid(3_600);
        let file = data.join("selaras-center.toml");
        let text = std::fs::read_to_string(&file).unwrap();
        let (mut lines, before) = (Vec::new(), text.lines().count());
        lines.extend(text.lines().filter(|line| !line.starts_with("date_offset_hours")).map(str::to_owned));
        assert_eq!(lines.len() + 1, before);
        lines.insert(0, format!("date_offset_hours = {hours}"));
        std::fs::write(file, lines.join("\n") + "\n").unwrap();
    }

    /// Lets a computer that was left reach its centre by another address, as a name leads elsewhere.
    pub(crate) fn lead(&self, computer: &Computer, to: &Recorder) {
        let (before, now) = (self.word("/url").as_bytes(), to.url.as_bytes());
        assert_eq!(before.len(), now.len());
        let engine = open_store(&computer.data.join("store"), EngineKind::Sled, 1 << 20).unwrap().engine;
        let store = Changelog::new(engine).unwrap().school(NPSN.parse().unwrap());
        let key = Key::State(StateName::Installation);
        let Some(Row::Bytes(mut row)) = store.get(&key).unwrap() else { panic!("no installation") };
        let place = row.windows(before.len()).position(|bytes| bytes == before).unwrap();
        row[place..place + now.len()].copy_from_slice(now);
        let mut batch = Batch::default();
        batch.put(key, Row::Bytes(row));
        store.commit(&batch).unwrap();
    }
}

/// Whether a computer shows this value in a student's record.
pub(crate) fn shows(computer: &Computer, student: &str, value: &str) -> bool {
    computer.run(&["show", "peserta_didik", student], &[]).to_string().contains(value)
}
