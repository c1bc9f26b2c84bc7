//! Reading a backup in order, row by row.

use std::io::{BufReader, Read};
use std::path::{Path, PathBuf};

use selaras_storage::{RawRow, STORE_FORMAT};

use super::frames::{Broken, Counts, FORMAT, Frame, FrameReader, Head, MAGIC};
use super::key::BackupKey;
use crate::failure::Failure;

/// What a backup holds, one after another.
pub(crate) enum Item {
    /// A row, checked.
    Row(RawRow),
    /// The next bytes of the file of this name.
    Piece([u8; 32], Vec<u8>),
}

/// A backup that is being read.
pub(crate) struct BackupReader {
    frames: FrameReader<Box<dyn Read>>,
    head: Head,
    path: PathBuf,
}

impl BackupReader {
    /// Opens a backup and reads what it says of itself.
    ///
    /// # Errors
    /// A code for each: not to be read, another passphrase or key, damaged, of a later version.
    pub(crate) fn open(path: &Path, key: &BackupKey) -> Result<BackupReader, Failure> {
        BackupReader::begin(key.decrypt(path)?, path)
    }

    /// Reads on what has been unlocked; the path is for failures.
    pub(super) fn begin(mut source: impl Read + 'static, path: &Path) -> Result<BackupReader, Failure> {
        let failed = |broken| told(broken, path);
        let mut begins = [0; 20];
        source.read_exact(&mut begins).map_err(|error| failed(error.into()))?;
        let (magic, format) = begins.split_at(MAGIC.len());
        let format = format.try_into().map(u32::from_be_bytes).unwrap_or_default();
        if magic != MAGIC {
            return Err(failed(Broken::Damaged));
        }
        if format != FORMAT {
            return Err(failed(Broken::Newer(format)));
        }
        let opened = zstd::stream::read::Decoder::new(source).map_err(|error| failed(error.into()))?;
        let mut frames = FrameReader::new(Box::new(BufReader::new(opened)) as Box<dyn Read>);
        let Some(Frame::Head(head)) = frames.next().map_err(failed)? else { return Err(failed(Broken::Damaged)) };
        if head.store_format != STORE_FORMAT {
            return Err(failed(Broken::Newer(head.store_format)));
        }
        Ok(BackupReader { frames, head, path: path.to_owned() })
    }

    /// What it says of itself.
    pub(crate) fn head(&self) -> &Head {
        &self.head
    }

    /// Reads to the last byte; says what it is of and what it holds.
    pub(super) fn read_all(mut self) -> Result<(Head, Counts), Failure> {
        while self.next()?.is_some() {}
        Ok((self.head, self.frames.counts()))
    }

    /// The next row or piece; none when all was read, and was as it was written.
    pub(crate) fn next(&mut self) -> Result<Option<Item>, Failure> {
        match self.frames.next().map_err(|broken| told(broken, &self.path))? {
            None => Ok(None),
            Some(Frame::Row { space, key, value }) => match RawRow::new(space, key, value) {
                Ok(row) if row.npsn() == self.head.npsn => Ok(Some(Item::Row(row))),
                Err(selaras_sync::StoreError::Version { found, .. }) => Err(told(Broken::Newer(found), &self.path)),
                Ok(_) | Err(_) => Err(told(Broken::Damaged, &self.path)),
            },
            Some(Frame::Piece { name, bytes }) => Ok(Some(Item::Piece(name, bytes))),
            Some(Frame::Head(_)) => Err(told(Broken::Damaged, &self.path)),
        }
    }
}

fn told(broken: Broken, path: &Path) -> Failure {
    match broken {
        Broken::Damaged => Failure::new("backup.damaged").arg("file", path.display()),
        Broken::Newer(found) => {
            Failure::new("backup.newer").arg("file", path.display()).arg("found", found).arg("known", FORMAT)
        }
    }
}
