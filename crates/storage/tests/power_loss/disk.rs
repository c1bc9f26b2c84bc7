//! A disk that forgets, loses, tears and reorders what was not synced.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::path::{Component, Path};

use crate::trace::{Act, Event};
use crate::workload::next;

const PAGE: usize = 4_096;
const SECTOR: usize = 512;

/// What becomes of the unsynced.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Fate {
    /// Nothing of it arrives.
    Lost,
    /// It arrives in order up to a moment; the write at that moment is torn.
    Prefix,
    /// Every page in any of its versions, some of two versions; names up to a moment, in each directory another.
    Pages,
}

impl Fate {
    pub(crate) const ALL: [Self; 3] = [Self::Lost, Self::Prefix, Self::Pages];
}

type Id = usize;

#[derive(Debug, Clone)]
enum Change {
    Write(u64, Vec<u8>),
    Resize(u64),
}

/// A change that is not known to be on the disk, and when it was made.
#[derive(Debug, Clone)]
struct Pending<C> {
    began: usize,
    ended: usize,
    change: C,
}

#[derive(Debug, Clone)]
enum NameChange {
    Add(OsString, Id),
    Remove(OsString),
    Move(OsString, OsString),
}

#[derive(Debug)]
enum Node {
    File { durable: Vec<u8>, pending: Vec<Pending<Change>> },
    Directory { durable: Names, now: Names, pending: Vec<Pending<NameChange>> },
}

type Names = BTreeMap<OsString, Id>;

/// The files of one place; node 0 is the place itself, and is there.
#[derive(Debug)]
pub(crate) struct Disk {
    nodes: Vec<Node>,
}

impl Disk {
    pub(crate) fn new() -> Self {
        Self { nodes: vec![Node::empty_directory()] }
    }

    /// Replays a call.
    pub(crate) fn take(&mut self, event: &Event) {
        match &event.act {
            Act::Say(_) => {}
            Act::Make(path) => {
                if self.find(path).is_none() {
                    let node = Node::File { durable: Vec::new(), pending: Vec::new() };
                    self.add(event, path, node);
                }
            }
            Act::MakeDirectory(path) => self.add(event, path, Node::empty_directory()),
            Act::Remove(path) => self.rename_in(event, path, NameChange::Remove(name(path))),
            Act::Rename(from, to) => {
                assert_eq!(from.parent(), to.parent(), "moving between directories is not followed");
                self.rename_in(event, from, NameChange::Move(name(from), name(to)));
            }
            Act::Write(path, at, bytes) => self.change(event, path, Change::Write(*at, bytes.clone())),
            Act::Resize(path, length) => self.change(event, path, Change::Resize(*length)),
            Act::Sync(path) => {
                if let Some(id) = self.find(path) {
                    self.nodes[id].sync(event.began);
                }
            }
        }
    }

    /// Writes what a power loss at this moment leaves into an empty directory.
    pub(crate) fn lose_power(&self, fate: Fate, seed: &mut u64, to: &Path) {
        let until = self.moment(seed);
        self.leave(0, fate, until, seed, to);
    }

    /// Writes everything, as a disk that loses nothing would.
    pub(crate) fn keep_everything(&self, to: &Path) {
        self.leave(0, Fate::Prefix, usize::MAX, &mut 0, to);
    }

    /// A moment among those of the unsynced changes.
    fn moment(&self, seed: &mut u64) -> usize {
        let mut moments: Vec<usize> = self.nodes.iter().flat_map(Node::moments).collect();
        moments.sort_unstable();
        moments.push(usize::MAX);
        moments[pick(seed, moments.len())]
    }

    fn leave(&self, id: Id, fate: Fate, until: usize, seed: &mut u64, to: &Path) {
        match &self.nodes[id] {
            Node::File { durable, pending } => fs::write(to, surviving(durable, pending, fate, until, seed)).unwrap(),
            Node::Directory { durable, pending, .. } => {
                let mut names = durable.clone();
                let arrived = match fate {
                    Fate::Lost => 0,
                    Fate::Prefix => pending.iter().filter(|pending| pending.began < until).count(),
                    Fate::Pages => pick(seed, pending.len() + 1),
                };
                pending[..arrived].iter().for_each(|pending| apply_name(&mut names, &pending.change));
                fs::create_dir_all(to).unwrap();
                for (name, id) in names {
                    self.leave(id, fate, until, seed, &to.join(name));
                }
            }
        }
    }

    fn find(&self, path: &Path) -> Option<Id> {
        path.components().try_fold(0, |id, component| match (&self.nodes[id], component) {
            (Node::Directory { now, .. }, Component::Normal(name)) => now.get(name).copied(),
            _ => None,
        })
    }

    fn add(&mut self, event: &Event, path: &Path, node: Node) {
        self.nodes.push(node);
        let id = self.nodes.len() - 1;
        self.rename_in(event, path, NameChange::Add(name(path), id));
    }

    fn rename_in(&mut self, event: &Event, path: &Path, change: NameChange) {
        let parent = self.find(path.parent().unwrap()).unwrap();
        let Node::Directory { now, pending, .. } = &mut self.nodes[parent] else { panic!("{path:?}") };
        apply_name(now, &change);
        pending.push(Pending { began: event.began, ended: event.ended, change });
    }

    fn change(&mut self, event: &Event, path: &Path, change: Change) {
        // A file that was removed while it was open is nobody's any more.
        let Some(id) = self.find(path) else { return };
        let Node::File { pending, .. } = &mut self.nodes[id] else { panic!("{path:?}") };
        pending.push(Pending { began: event.began, ended: event.ended, change });
    }
}

impl Node {
    fn empty_directory() -> Self {
        Self::Directory { durable: Names::new(), now: Names::new(), pending: Vec::new() }
    }

    fn moments(&self) -> Vec<usize> {
        match self {
            Self::File { pending, .. } => pending.iter().map(|pending| pending.began).collect(),
            Self::Directory { pending, .. } => pending.iter().map(|pending| pending.began).collect(),
        }
    }

    /// What had returned before the sync began is on the disk; a write beside it may be or not.
    fn sync(&mut self, began: usize) {
        match self {
            Self::File { durable, pending } => {
                for synced in pending.extract_if(.., |pending| pending.ended < began) {
                    apply(durable, &synced.change);
                }
            }
            Self::Directory { durable, pending, .. } => {
                for synced in pending.extract_if(.., |pending| pending.ended < began) {
                    apply_name(durable, &synced.change);
                }
            }
        }
    }
}

fn apply_name(names: &mut Names, change: &NameChange) {
    match change {
        NameChange::Add(name, id) => drop(names.insert(name.clone(), *id)),
        NameChange::Remove(name) => drop(names.remove(name)),
        NameChange::Move(from, to) => {
            if let Some(id) = names.remove(from) {
                names.insert(to.clone(), id);
            }
        }
    }
}

fn apply(bytes: &mut Vec<u8>, change: &Change) {
    match change {
        Change::Resize(length) => bytes.resize(usize::try_from(*length).unwrap(), 0),
        Change::Write(at, written) => {
            let at = usize::try_from(*at).unwrap();
            if bytes.len() < at + written.len() {
                bytes.resize(at + written.len(), 0);
            }
            bytes[at..at + written.len()].copy_from_slice(written);
        }
    }
}

fn surviving(durable: &[u8], pending: &[Pending<Change>], fate: Fate, until: usize, seed: &mut u64) -> Vec<u8> {
    match fate {
        Fate::Lost => durable.to_vec(),
        Fate::Prefix => prefix(durable, pending, until, seed),
        Fate::Pages => pages(durable, pending, seed),
    }
}

fn prefix(durable: &[u8], pending: &[Pending<Change>], until: usize, seed: &mut u64) -> Vec<u8> {
    let mut bytes = durable.to_vec();
    for pending in pending {
        if pending.began < until {
            apply(&mut bytes, &pending.change);
        } else if let (true, Change::Write(at, written)) = (pending.began == until, &pending.change) {
            let torn = pick(seed, written.len() / SECTOR + 1) * SECTOR;
            apply(&mut bytes, &Change::Write(*at, written[..torn].to_vec()));
        }
    }
    bytes
}

fn pages(durable: &[u8], pending: &[Pending<Change>], seed: &mut u64) -> Vec<u8> {
    // The versions of the whole file, from the durable one to that with everything.
    let mut versions = vec![durable.to_vec()];
    for pending in pending {
        let mut bytes = versions.last().unwrap().clone();
        apply(&mut bytes, &pending.change);
        versions.push(bytes);
    }
    let length = versions[pick(seed, versions.len())].len();
    let mut bytes = vec![0; length];
    for start in (0..length).step_by(PAGE) {
        let torn = next(seed).is_multiple_of(4);
        let (one, other) = (pick(seed, versions.len()), pick(seed, versions.len()));
        for sector in (start..length.min(start + PAGE)).step_by(SECTOR) {
            let version = if torn && next(seed).is_multiple_of(2) { other } else { one };
            let end = length.min(sector + SECTOR);
            let from = &versions[version];
            let there = from.len().clamp(sector, end);
            if sector < there {
                bytes[sector..there].copy_from_slice(&from[sector..there]);
            }
        }
    }
    bytes
}

fn name(path: &Path) -> OsString {
    path.file_name().unwrap().to_owned()
}

fn pick(seed: &mut u64, of: usize) -> usize {
    (next(seed) % of as u64) as usize
}
