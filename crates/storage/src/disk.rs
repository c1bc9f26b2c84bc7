//! The owner of a store on disk: whole values, and a definite answer to every commit, over whichever engine.

use std::fs::File;
use std::ops::Bound;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError, RwLock};
use std::thread;
use std::time::{Duration, Instant};

use selaras_sync::store::Flow;

use crate::directory::{LOCK_PATIENCE, LOCK_PAUSE};
use crate::engine::{Engine, EngineError, Visit, Write, check_limits};
use crate::guard::Stopped;
use crate::handle::{ApplyError, Entry, Handle, commits_of, mark};
use crate::space::{MARK, PIECES, Space};
use crate::split::{self, Stored};
use crate::stop::{self, LastStop};

/// How often a store that had to close is tried again, at most.
const REOPEN_PAUSE: Duration = Duration::from_secs(1);
/// Entries that the first read of a scan asks for; most scans want few. Later reads ask for more.
const FIRST_READ: usize = 8;
const MOST_READ: usize = 256;
/// How often a value is read again while its pieces are being replaced by another thread.
const PIECE_READS: usize = 16;

/// A store on disk, in a directory of its own.
///
/// When a commit fails, the store closes, opens again from the disk and looks how many commits it holds, so that its
/// error means "not written". When it cannot find out, the handle answers every further call with an error.
pub(crate) struct DiskEngine<H: Handle> {
    path: PathBuf,
    cache_bytes: u64,
    state: RwLock<State<H>>,
    // How many commits the store holds, for the one who writes.
    commits: Mutex<u64>,
    // Fields drop in order: the lock goes last.
    _lock: File,
}

enum State<H> {
    Open(H),
    /// Closed, by a commit that failed or for work on the closed files; it is opened again when it is next asked.
    Closed {
        error: EngineError,
        /// The number of the commit that failed: a store that holds it after all contradicts its error.
        failed: Option<u64>,
        tried: Instant,
    },
    /// Given up; only another process can know more.
    Dead(EngineError),
}

impl<H: Handle> DiskEngine<H> {
    /// Opens the store in a directory, which its lock protects.
    pub(crate) fn open(path: &Path, cache_bytes: u64, lock: File) -> Result<(Self, LastStop), EngineError> {
        let closed_at = stop::closed_at(path);
        let handle = H::open(path, cache_bytes)?;
        let commits = commits_in(&handle)?;
        if closed_at.is_some_and(|closed_at| closed_at != commits) {
            return Err(EngineError::corrupt("its last commits are gone"));
        }
        // From here on it counts as not closed, whatever happens.
        stop::forget(path)?;
        let state = RwLock::new(State::Open(handle));
        let engine = Self { path: path.to_owned(), cache_bytes, state, commits: Mutex::new(commits), _lock: lock };
        Ok((engine, if closed_at.is_some() { LastStop::Clean } else { LastStop::Unclean }))
    }

    fn handle(&self) -> Result<H, EngineError> {
        match &*self.state.read().unwrap_or_else(PoisonError::into_inner) {
            State::Open(handle) => return Ok(handle.clone()),
            State::Dead(error) => return Err(error.again()),
            State::Closed { error, tried, .. } if tried.elapsed() < REOPEN_PAUSE => return Err(error.again()),
            State::Closed { .. } => {}
        }
        self.reopen()
    }

    fn reopen(&self) -> Result<H, EngineError> {
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        let State::Closed { error, failed, tried } = &mut *state else {
            drop(state);
            return self.handle();
        };
        *tried = Instant::now();
        let handle = match H::open(&self.path, self.cache_bytes) {
            Ok(handle) => handle,
            Err(stopped) => {
                *error = stopped.into();
                return Err(error.again());
            }
        };
        if Some(commits_in(&handle)?) == *failed {
            // Its error said that nothing was written, and whoever heard it has gone on from there.
            let error = EngineError::io("a commit that failed is in the store after all; start again");
            *state = State::Dead(error.again());
            return Err(error);
        }
        *state = State::Open(handle.clone());
        Ok(handle)
    }

    /// Finds out what became of a commit that failed.
    fn settle(&self, handle: H, failed: ApplyError, number: u64) -> Result<(), EngineError> {
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        let error = match failed {
            ApplyError::Final(error) => {
                *state = State::Dead(error.again());
                return Err(error);
            }
            ApplyError::Refused(error) => error,
        };
        *state = State::Closed { error: error.again(), failed: Some(number), tried: Instant::now() };
        handle.close();
        match H::open(&self.path, self.cache_bytes) {
            Ok(handle) => {
                let written = commits_in(&handle)? == number;
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

    /// The entries of a commit: values cut to size, the pieces that they replace removed, and the commit's number.
    fn entries(handle: &H, writes: &[Write], number: u64) -> Result<Vec<Entry>, EngineError> {
        let last: std::collections::BTreeMap<Vec<u8>, &Option<Vec<u8>>> =
            writes.iter().map(|write| (write.space.key(&write.key), &write.value)).collect();
        let mut entries = Vec::with_capacity(last.len() + 1);
        // A commit writes a key once, so its number tells the values of one key apart.
        let stamp = u32::try_from(number & u64::from(u32::MAX)).unwrap_or_default();
        entries.push((vec![MARK], Some(mark(number))));
        for (key, value) in last {
            let replaced = match handle.get(&key)? {
                Some(stored) => match split::parse(&stored)? {
                    Stored::Whole(_) => 0,
                    Stored::Head(head) => head.pieces(),
                },
                None => 0,
            };
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

    /// Closes the store for work on its files, which needs every reader gone, and opens it again.
    fn closed(&self, work: impl FnOnce(&Path, u64) -> Result<(), Stopped>) -> Result<(), EngineError> {
        if !H::WORKS_CLOSED {
            return Ok(());
        }
        let _writer = self.writer();
        drop(self.handle()?);
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        let begun = Instant::now();
        loop {
            match &*state {
                State::Open(handle) if handle.is_alone() => break,
                // Readers that are at it end soon, and no new ones begin meanwhile.
                State::Open(_) if begun.elapsed() < LOCK_PATIENCE => thread::sleep(LOCK_PAUSE),
                _ => return Err(EngineError::Busy),
            }
        }
        let closed = State::Closed { error: EngineError::Busy, failed: None, tried: begun };
        if let State::Open(handle) = std::mem::replace(&mut *state, closed) {
            handle.close();
        }
        let worked = work(&self.path, self.cache_bytes);
        if let Err(error @ EngineError::Corrupt(_)) = worked.map_err(EngineError::from) {
            *state = State::Dead(error.again());
            return Err(error);
        }
        *state = State::Open(H::open(&self.path, self.cache_bytes)?);
        Ok(())
    }

    fn writer(&self) -> MutexGuard<'_, u64> {
        self.commits.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<H: Handle> Engine for DiskEngine<H> {
    fn commit(&self, writes: &[Write]) -> Result<(), EngineError> {
        check_limits(writes)?;
        if writes.is_empty() {
            return Ok(());
        }
        let mut commits = self.writer();
        let handle = self.handle()?;
        let number = *commits + 1;
        match handle.apply(Self::entries(&handle, writes, number)?) {
            Ok(()) => {}
            Err(failed) => self.settle(handle, failed, number)?,
        }
        *commits = number;
        Ok(())
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
            // Rows are visited outside of the engine, a handful at a time: a visitor may then read, commit and panic.
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
        self.closed(H::examine)?;
        let _writer = self.writer();
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

    fn compact(&self) -> Result<(), EngineError> {
        self.closed(H::shrink)
    }
}

impl<H: Handle> Drop for DiskEngine<H> {
    fn drop(&mut self) {
        let closed = State::Dead(EngineError::io("the store is closed"));
        let state = std::mem::replace(self.state.get_mut().unwrap_or_else(PoisonError::into_inner), closed);
        let commits = *self.commits.get_mut().unwrap_or_else(PoisonError::into_inner);
        if let State::Open(handle) = state
            && handle.close()
        {
            // Without it the next opening takes the long way; nothing is lost.
            let _ = stop::remember(&self.path, commits);
        }
    }
}

fn commits_in(handle: &impl Handle) -> Result<u64, EngineError> {
    let mark = handle.get(&[MARK])?;
    mark.as_deref().and_then(commits_of).ok_or_else(|| EngineError::corrupt("it does not begin as it was made"))
}

fn read(handle: &impl Handle, key: &[u8]) -> Result<Option<Vec<u8>>, EngineError> {
    match handle.get(key)? {
        Some(stored) => whole(handle, key, stored),
        None => Ok(None),
    }
}

/// Puts a value together; `None` when the key was removed meanwhile.
fn whole(handle: &impl Handle, key: &[u8], mut stored: Vec<u8>) -> Result<Option<Vec<u8>>, EngineError> {
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

fn verify_entry(handle: &impl Handle, key: &[u8], stored: Vec<u8>) -> Result<(), EngineError> {
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
