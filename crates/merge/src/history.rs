//! A document's changes and what each of them builds on.

use std::collections::{BTreeMap, BTreeSet};

use automerge::{ActorId, Automerge, ChangeHash};
use selaras_model::Actor;

use crate::{HeadPrefix, MergeError, head_prefix};

/// The changes of one document. A position is an index into them; it means nothing outside.
pub(crate) struct History {
    changes: Vec<Past>,
    positions: BTreeMap<ChangeHash, usize>,
}

pub(crate) struct Past {
    pub(crate) hash: ChangeHash,
    pub(crate) actor: ActorId,
    max_op: u64,
    deps: Vec<usize>,
}

impl History {
    pub(crate) fn of(automerge: &Automerge) -> Result<Self, MergeError> {
        let metas = automerge.get_changes_meta(&[]);
        let positions: BTreeMap<_, _> = metas.iter().enumerate().map(|(at, meta)| (meta.hash, at)).collect();
        let mut changes = Vec::with_capacity(metas.len());
        for meta in metas {
            let deps = meta.deps.iter().map(|dep| positions.get(dep).copied());
            let deps = deps.collect::<Option<_>>().ok_or(MergeError::Damaged("a change lacks what it builds on"))?;
            changes.push(Past { hash: meta.hash, actor: meta.actor.into_owned(), max_op: meta.max_op, deps });
        }
        Ok(Self { changes, positions })
    }

    pub(crate) fn len(&self) -> usize {
        self.changes.len()
    }

    pub(crate) fn get(&self, at: usize) -> Option<&Past> {
        self.changes.get(at)
    }

    pub(crate) fn position(&self, hash: &ChangeHash) -> Option<usize> {
        self.positions.get(hash).copied()
    }

    pub(crate) fn holds_actor(&self, actor: &[u8]) -> bool {
        self.changes.iter().any(|change| change.actor.to_bytes() == actor)
    }

    /// The changes of some authors, by position.
    pub(crate) fn by(&self, authors: &BTreeSet<Actor>) -> Vec<(usize, Actor)> {
        let actor =
            |change: &Past| Actor::from_bytes(change.actor.to_bytes()).ok().filter(|actor| authors.contains(actor));
        self.changes.iter().enumerate().filter_map(|(at, change)| Some((at, actor(change)?))).collect()
    }

    /// Finds the changes that an edit names, sorted by hash.
    ///
    /// All changes are searched, not only the present heads, so that two computers of which one has seen more never
    /// read a prefix differently without either of them noticing.
    pub(crate) fn resolve(&self, prefixes: &[HeadPrefix]) -> Result<Vec<ChangeHash>, MergeError> {
        let mut heads = Vec::with_capacity(prefixes.len());
        for prefix in prefixes {
            let mut fitting = self.changes.iter().filter(|change| prefix_of(change) == *prefix);
            let head = fitting.next().ok_or(MergeError::UnknownHeads)?;
            if fitting.next().is_some() || heads.contains(&head.hash) {
                return Err(MergeError::AmbiguousHeads);
            }
            heads.push(head.hash);
        }
        heads.sort_unstable();
        if heads.len() > 1 && self.any_contained(&heads) {
            return Err(MergeError::AmbiguousHeads);
        }
        Ok(heads)
    }

    /// Says whether one of these changes is an ancestor of another.
    fn any_contained(&self, heads: &[ChangeHash]) -> bool {
        let at: Vec<_> = heads.iter().filter_map(|head| self.position(head)).collect();
        let deps = at.iter().filter_map(|at| self.get(*at)).flat_map(|change| change.deps.iter().copied());
        let ancestors = self.reached(deps, |change| &change.deps);
        at.iter().any(|at| is_marked(&ancestors, *at))
    }

    /// Returns the highest operation number in the state that these heads name, 0 without heads.
    pub(crate) fn max_op(&self, heads: &[ChangeHash]) -> u64 {
        let seen = self.ancestors(heads.iter().filter_map(|head| self.position(head)));
        let seen = self.changes.iter().zip(seen).filter(|(_, seen)| *seen);
        seen.map(|(change, _)| change.max_op).max().unwrap_or(0)
    }

    /// The hashes of marked changes.
    pub(crate) fn marked<'a>(&'a self, marks: &'a [bool]) -> impl Iterator<Item = selaras_model::ChangeHash> + 'a {
        let marked = self.changes.iter().zip(marks).filter(|(_, marked)| **marked);
        marked.map(|(change, _)| selaras_model::ChangeHash::from_bytes(change.hash.0))
    }

    /// Marks those of these changes on which no other of them builds directly.
    pub(crate) fn unbuilt(&self, of: impl IntoIterator<Item = usize>) -> Vec<bool> {
        let mut marks = vec![false; self.changes.len()];
        let of: Vec<usize> = of.into_iter().collect();
        let deps = of.iter().filter_map(|at| self.get(*at)).flat_map(|change| change.deps.iter().copied());
        for (at, unbuilt) in of.iter().map(|at| (*at, true)).chain(deps.map(|at| (at, false))) {
            if let Some(mark) = marks.get_mut(at) {
                *mark = unbuilt;
            }
        }
        marks
    }

    /// Marks these changes and everything that they build on.
    pub(crate) fn ancestors(&self, of: impl IntoIterator<Item = usize>) -> Vec<bool> {
        self.reached(of, |change| &change.deps)
    }

    /// Marks these changes and everything that builds on them.
    pub(crate) fn descendants(&self, of: impl IntoIterator<Item = usize>) -> Vec<bool> {
        let mut children = vec![Vec::new(); self.changes.len()];
        for (at, change) in self.changes.iter().enumerate() {
            for dep in &change.deps {
                if let Some(children) = children.get_mut(*dep) {
                    children.push(at);
                }
            }
        }
        walk(self.changes.len(), of, |at| children.get(at).map_or(&[], Vec::as_slice))
    }

    fn reached<'a>(&'a self, from: impl IntoIterator<Item = usize>, next: fn(&'a Past) -> &'a [usize]) -> Vec<bool> {
        walk(self.changes.len(), from, |at| self.get(at).map_or(&[], next))
    }
}

fn prefix_of(change: &Past) -> HeadPrefix {
    head_prefix(&selaras_model::ChangeHash::from_bytes(change.hash.0))
}

pub(crate) fn is_marked(marks: &[bool], at: usize) -> bool {
    marks.get(at).copied().unwrap_or(false)
}

/// Marks what can be reached. Without recursion, because a history may be long.
fn walk<'a>(len: usize, from: impl IntoIterator<Item = usize>, next: impl Fn(usize) -> &'a [usize]) -> Vec<bool> {
    let mut marks = vec![false; len];
    let mut waiting: Vec<usize> = from.into_iter().collect();
    while let Some(at) = waiting.pop() {
        if let Some(mark) = marks.get_mut(at).filter(|mark| !**mark) {
            *mark = true;
            waiting.extend_from_slice(next(at));
        }
    }
    marks
}
