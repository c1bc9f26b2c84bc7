//! The engine on disk: one owner, whole values, and a definite answer to every commit.

use std::fs::{self, File};
use std::hash::{BuildHasher, RandomState};
use std::ops::Bound;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, PoisonError, RwLock};
use std::time::{Duration, Instant};

use selaras_sync::store::Flow;

use crate::directory::{lock_beside, parent};
use crate::engine::{Engine, EngineError, Visit, Write, check_limits};
use crate::guard::Stopped;
use crate::sled_handle::{ApplyError, Entry, Handle};
use crate::space::{MARK, PIECES, Space};
use crate::split::{self, Stored};

/// How often a store that had to close is tried again, at most.
const REOPEN_PAUSE: Duration = Duration::from_secs(1);
/// Entries that the first read of a scan asks for; most scans want few. Later reads ask for more.
const FIRST_READ: usize = 8;
const MOST_READ: usize = 256;
/// How often a value is read again while its pieces are being replaced by another thread.
const PIECE_READS: usize = 16;

/// What the owner of a store decides about it.
#[derive(Debug, Clone, Copy)]
pub struct SledOptions {
    /// Memory for the cache, in bytes.
    pub cache_bytes: u64,
}

impl Default for SledOptions {
    fn default() -> Self {
        Self { cache_bytes: 32 << 20 }
    }
}

/// A store on disk, in a directory of its own; `<directory>.lock` beside it says who owns it.
///
/// When a commit fails, the store closes, opens again from the disk and looks whether the writes are there, so that
/// its error means "not written". When it cannot find out, the handle answers every further call with an error.
pub struct SledEngine {
    path: PathBuf,
    cache_bytes: u64,
    state: RwLock<State>,
    writer: Mutex<()>,
    stamps: AtomicU32,
    // Fields drop in order: the lock goes last.
    _lock: File,
}

enum State {
    Open(Handle),
    /// Closed by a failed commit whose writes are kept, to be looked for when the store opens again.
    Closed {
        error: EngineError,
        pending: Vec<Write>,
        tried: Instant,
    },
    /// Given up; only another process can know more.
    Dead(EngineError),
}

impl SledEngine {
    /// Opens the store in a directory, or makes a new one where there is none.
    ///
    /// # Errors
    /// [`EngineError::Busy`] when somebody else owns it, [`EngineError::Corrupt`] when it does not open, in time and
    /// as what was made, and [`EngineError::Full`] when the disk is: opening needs some space.
    pub fn open(path: &Path, options: SledOptions) -> Result<Self, EngineError> {
        let SledOptions { cache_bytes } = options;
        fs::create_dir_all(parent(path))?;
        let lock = lock_beside(path)?;
        if is_new(path)? {
            Handle::create(path, cache_bytes)?;
        }
        let handle = Handle::open(path, cache_bytes)?;
        // Somewhere in the numbers: a stamp must differ from the one it replaces, which an earlier process wrote.
        let first_stamp = u32::try_from(RandomState::new().hash_one(path) >> 32).unwrap_or_default();
        Ok(Self {
            path: path.to_owned(),
            cache_bytes,
            state: RwLock::new(State::Open(handle)),
            writer: Mutex::new(()),
            stamps: AtomicU32::new(first_stamp),
            _lock: lock,
        })
    }

    fn handle(&self) -> Result<Handle, EngineError> {
        match &*self.state.read().unwrap_or_else(PoisonError::into_inner) {
            State::Open(handle) => return Ok(handle.clone()),
            State::Dead(error) => return Err(error.again()),
            State::Closed { error, tried, .. } if tried.elapsed() < REOPEN_PAUSE => return Err(error.again()),
            State::Closed { .. } => {}
        }
        self.reopen()
    }

    fn reopen(&self) -> Result<Handle, EngineError> {
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        let State::Closed { error, pending, tried } = &mut *state else {
            drop(state);
            return self.handle();
        };
        *tried = Instant::now();
        let handle = match Handle::open(&self.path, self.cache_bytes) {
            Ok(handle) => handle,
            Err(stopped) => {
                *error = stopped.into();
                return Err(error.again());
            }
        };
        if holds(&handle, pending)? {
            // Its error said that nothing was written, and whoever heard it has gone on from there.
            let error = EngineError::io("a commit that failed is in the store after all; start again");
            *state = State::Dead(error.again());
            return Err(error);
        }
        *state = State::Open(handle.clone());
        Ok(handle)
    }

    /// Finds out what became of a commit that failed.
    fn settle(&self, handle: Handle, failed: ApplyError, writes: &[Write]) -> Result<(), EngineError> {
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        let error = match failed {
            ApplyError::Final(error) => {
                *state = State::Dead(error.again());
                return Err(error);
            }
            ApplyError::Refused(error) => error,
        };
        *state = State::Closed { error: error.again(), pending: writes.to_vec(), tried: Instant::now() };
        handle.close();
        match Handle::open(&self.path, self.cache_bytes) {
            Ok(handle) => {
                let written = holds(&handle, writes)?;
                *state = State::Open(handle);
                if written { Ok(()) } else { Err(error) }
            }
            // A full disk keeps the store from opening; it is tried again later.
            Err(Stopped::Failed(_)) => Err(error),
            Err(stopped) => {
                *state = State::Dead(stopped.into());
                Err(error)
            }
        }
    }

    /// The entries of a commit: values cut to size, and the pieces that they replace removed.
    fn entries(&self, handle: &Handle, writes: &[Write]) -> Result<Vec<Entry>, EngineError> {
        let last: std::collections::BTreeMap<Vec<u8>, &Option<Vec<u8>>> =
            writes.iter().map(|write| (write.space.key(&write.key), &write.value)).collect();
        let mut entries = Vec::with_capacity(last.len());
        for (key, value) in last {
            let replaced = match handle.get(&key)? {
                Some(stored) => match split::parse(&stored)? {
                    Stored::Whole(_) => 0,
                    Stored::Head(head) => head.pieces(),
                },
                None => 0,
            };
            let stamp = self.stamps.fetch_add(1, Ordering::Relaxed);
            let (entry, pieces) = value.as_ref().map_or((None, Vec::new()), |value| {
                let (entry, pieces) = split::split(value, stamp);
                (Some(entry), pieces)
            });
            let mut kept = 0;
            for piece in pieces {
                entries.push((split::piece_key(&key, kept), Some(piece)));
                kept += 1;
            }
            entries.extend((kept..replaced).map(|index| (split::piece_key(&key, index), None)));
            entries.push((key, entry));
        }
        Ok(entries)
    }
}

impl Engine for SledEngine {
    fn commit(&self, writes: &[Write]) -> Result<(), EngineError> {
        check_limits(writes)?;
        if writes.is_empty() {
            return Ok(());
        }
        let _writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        let handle = self.handle()?;
        let entries = self.entries(&handle, writes)?;
        match handle.apply(entries) {
            Ok(()) => Ok(()),
            Err(failed) => self.settle(handle, failed, writes),
        }
    }

    fn get(&self, space: Space, key: &[u8]) -> Result<Option<Vec<u8>>, EngineError> {
        read(&self.handle()?, &space.key(key))
    }

    fn scan(&self, space: Space, from: &[u8], visit: &mut Visit<'_>) -> Result<(), EngineError> {
        let handle = self.handle()?;
        let end = Bound::Excluded(vec![space.prefix() + 1]);
        let mut start = Bound::Included(space.key(from));
        let mut most = FIRST_READ;
        loop {
            // Rows are visited outside of sled, a handful at a time: a visitor may then read, commit and panic.
            let entries = handle.entries((start, end.clone()), most)?;
            let Some((last, _)) = entries.last() else { return Ok(()) };
            let ended = entries.len() < most;
            start = Bound::Excluded(last.clone());
            most = (most * 4).min(MOST_READ);
            for (key, stored) in entries {
                let Some(value) = whole(&handle, &key, stored)? else { continue };
                if visit(key.get(1..).unwrap_or_default(), &value)? == Flow::Stop {
                    return Ok(());
                }
            }
            if ended {
                return Ok(());
            }
        }
    }

    fn verify(&self) -> Result<(), EngineError> {
        let _writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        let handle = self.handle()?;
        let mut start = Bound::Unbounded;
        let mut previous: Option<Vec<u8>> = None;
        loop {
            let entries = handle.entries((start, Bound::Unbounded), MOST_READ)?;
            let Some((last, _)) = entries.last() else { return Ok(()) };
            start = Bound::Excluded(last.clone());
            for (key, stored) in entries {
                if previous.as_ref().is_some_and(|previous| *previous >= key) {
                    return Err(EngineError::corrupt("its keys are out of order"));
                }
                verify_entry(&handle, &key, stored)?;
                previous = Some(key);
            }
        }
    }

    /// Does nothing: sled cannot shrink its log.
    fn compact(&self) -> Result<(), EngineError> {
        Ok(())
    }
}

impl Drop for SledEngine {
    fn drop(&mut self) {
        let closed = State::Dead(EngineError::io("the store is closed"));
        let state = std::mem::replace(self.state.get_mut().unwrap_or_else(PoisonError::into_inner), closed);
        if let State::Open(handle) = state {
            handle.close();
        }
    }
}

/// Whether there is no store yet. An empty directory is none; one with anything in it is a store, perhaps a damaged one.
fn is_new(path: &Path) -> Result<bool, EngineError> {
    if !path.exists() {
        return Ok(true);
    }
    let empty = fs::read_dir(path)?.next().is_none();
    if empty {
        fs::remove_dir(path)?;
    }
    Ok(empty)
}

/// Whether all writes are in the store, which they are together or not at all.
fn holds(handle: &Handle, writes: &[Write]) -> Result<bool, EngineError> {
    let last: std::collections::BTreeMap<Vec<u8>, &Option<Vec<u8>>> =
        writes.iter().map(|write| (write.space.key(&write.key), &write.value)).collect();
    for (key, value) in last {
        if read(handle, &key)? != *value {
            return Ok(false);
        }
    }
    Ok(true)
}

fn read(handle: &Handle, key: &[u8]) -> Result<Option<Vec<u8>>, EngineError> {
    match handle.get(key)? {
        Some(stored) => whole(handle, key, stored),
        None => Ok(None),
    }
}

/// Puts a value together; `None` when the key was removed meanwhile.
fn whole(handle: &Handle, key: &[u8], mut stored: Vec<u8>) -> Result<Option<Vec<u8>>, EngineError> {
    for _ in 0..PIECE_READS {
        match split::parse(&stored)? {
            Stored::Whole(value) => return Ok(Some(value.to_vec())),
            Stored::Head(head) => {
                if let Some(value) = head.join(|index| handle.get(&split::piece_key(key, index)))? {
                    return Ok(Some(value));
                }
            }
        }
        // Another thread may have replaced the value between two of these reads; its head says so.
        match handle.get(key)? {
            Some(now) if now != stored => stored = now,
            Some(_) => return Err(EngineError::corrupt("a piece of a value is missing")),
            None => return Ok(None),
        }
    }
    Err(EngineError::corrupt("a value changes faster than it can be read"))
}

fn verify_entry(handle: &Handle, key: &[u8], stored: Vec<u8>) -> Result<(), EngineError> {
    // Found once by its place and once by its key: damaged index nodes disagree.
    if handle.get(key)?.as_ref() != Some(&stored) {
        return Err(EngineError::corrupt("an entry is not found under its key"));
    }
    match key.first() {
        Some(&MARK) => Ok(()),
        Some(&PIECES) => {
            let (owner, index) =
                split::owner_of_piece(key).ok_or_else(|| EngineError::corrupt("a piece has no owner"))?;
            let head = handle.get(owner)?.ok_or_else(|| EngineError::corrupt("a piece has no owner"))?;
            match split::parse(&head)? {
                Stored::Head(head) if index < head.pieces() => Ok(()),
                _ => Err(EngineError::corrupt("a piece has no owner")),
            }
        }
        _ => whole(handle, key, stored).map(drop),
    }
}
