//! The search: what costs least comes first, and no state is looked at twice.

use std::collections::{BTreeMap, HashSet, VecDeque};

use super::choice::{Act, Choice, Crash};
use super::hash::Mark;
use super::state::State;
use super::trail::{Trail, path};
use super::{Bounds, Explored, Found, Node};
use crate::world::trouble::Trouble;

/// A search that can be gone on with.
pub struct Explorer {
    pub(super) bounds: Bounds,
    pub(super) nodes: Vec<Node>,
    /// The states that were met, each also with the computers in each other's place.
    pub(super) met: HashSet<Mark>,
    /// Those that were not gone on from, by what their path costs.
    pub(super) open: BTreeMap<u32, VecDeque<u32>>,
    pub(super) figures: Explored,
    trails: Option<(Trail, Trail)>,
}

impl std::fmt::Debug for Explorer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Explorer").field("figures", &self.figures).finish_non_exhaustive()
    }
}

impl Explorer {
    /// A search that has not begun.
    #[must_use]
    pub fn new(bounds: Bounds) -> Self {
        let nodes = vec![Node { parent: 0, choice: 0, depth: 0, faults: 0 }];
        let open = BTreeMap::from([(0, VecDeque::from([0]))]);
        let figures = Explored { states: 1, ..Explored::default() };
        Self { bounds, nodes, met: HashSet::new(), open, figures, trails: None }
    }

    /// Goes on until so many states are known, or all within the bounds, or something does not hold, or `stop` says so.
    ///
    /// # Errors
    /// What does not hold, and the path to it.
    pub fn run(&mut self, states: u64, stop: &mut dyn FnMut(&Explored) -> bool) -> Result<Explored, Found> {
        let begins = vec![self.bounds.after.to_owned()];
        let fails = |trouble: Trouble| Found { what: what(trouble), path: begins, states: 1 };
        if self.trails.is_none() {
            let trails = Trail::new(&self.bounds, false).and_then(|one| Ok((one, Trail::new(&self.bounds, true)?)));
            self.trails = Some(trails.map_err(fails)?);
        }
        while self.figures.states < states && !stop(&self.figures) {
            let Some((cost, node)) = self.next_open() else { break };
            self.figures.cost = cost;
            self.expands(node).map_err(|(trouble, choice)| self.found(node, choice, trouble))?;
        }
        self.figures.open = self.open.values().map(|open| open.len() as u64).sum();
        Ok(self.figures)
    }

    fn next_open(&mut self) -> Option<(u32, u32)> {
        loop {
            let mut first = self.open.first_entry()?;
            let cost = *first.key();
            match first.get_mut().pop_front() {
                Some(node) => return Some((cost, node)),
                None => drop(first.remove()),
            }
        }
    }

    fn found(&self, node: u32, choice: Option<Choice>, trouble: Trouble) -> Found {
        let path = path(&self.nodes, node).unwrap_or_default();
        let before = Choice::path(self.bounds.after).unwrap_or_default();
        let path = before.into_iter().chain(path).chain(choice).map(|choice| choice.to_string()).collect();
        Found { what: what(trouble), path, states: self.figures.states }
    }

    /// Takes every step that is possible in a state.
    fn expands(&mut self, node: u32) -> Result<(), (Trouble, Option<Choice>)> {
        let Some((mut trail, mut mirror)) = self.trails.take() else { return Ok(()) };
        let done = self.expands_on(node, &mut trail, &mut mirror);
        self.figures.retaken = trail.retaken + mirror.retaken;
        self.trails = Some((trail, mirror));
        done
    }

    fn expands_on(
        &mut self,
        node: u32,
        trail: &mut Trail,
        mirror: &mut Trail,
    ) -> Result<(), (Trouble, Option<Choice>)> {
        let own = |trouble| (trouble, None);
        let state = trail.at(&self.nodes, node).map_err(own)?;
        if node == 0 {
            self.met.insert(state.mark().map_err(own)?);
            self.met.insert(mirror.at(&self.nodes, node).and_then(State::mark).map_err(own)?);
        }
        self.figures.expanded += 1;
        for act in state.acts(&self.bounds).map_err(own)? {
            let plain = Choice::of(act);
            let commits = self.goes(node, state, plain, mirror).map_err(|trouble| (trouble, Some(plain)))?;
            if !may_die(act) {
                continue;
            }
            for commit in 0..commits {
                for after in [false, true] {
                    let choice = Choice { act, crash: Some(Crash { commit, after }) };
                    self.goes(node, state, choice, mirror).map_err(|trouble| (trouble, Some(choice)))?;
                }
            }
        }
        Ok(())
    }

    /// Takes one step; gives how many commits the process that acted asked for.
    fn goes(&mut self, node: u32, from: &State, choice: Choice, mirror: &mut Trail) -> Result<u16, Trouble> {
        let Some(Node { depth, faults, .. }) = self.nodes.get(node as usize).copied() else { return Ok(0) };
        let (depth, faults) = (depth + 1, faults + choice.faults());
        if depth > self.bounds.depth || faults > self.bounds.faults {
            return Ok(0);
        }
        let mut state = from.fork()?;
        let commits = state.takes(choice)?;
        self.figures.steps += 1;
        let mark = state.mark()?;
        if !self.met.insert(mark) {
            self.figures.met_again += 1;
            return Ok(commits);
        }
        state.is_safe()?;
        if mark.is_multiple_of(Mark::from(self.bounds.sample)) {
            state.settles(&mut |_| Ok(()))?;
            self.figures.settled += 1;
        }
        // The same with the computers in each other's place is the same.
        let seen = mirror.seen(choice);
        let mut twin = mirror.at(&self.nodes, node)?.fork()?;
        if twin.takes(seen).is_ok() {
            self.met.insert(twin.mark()?);
        }
        let new = u32::try_from(self.nodes.len()).unwrap_or(u32::MAX);
        self.nodes.push(Node { parent: node, choice: choice.code(), depth, faults });
        self.open.entry(depth + self.bounds.weight * faults).or_default().push_back(new);
        self.figures.states += 1;
        self.figures.depth = self.figures.depth.max(depth);
        Ok(commits)
    }
}

const fn may_die(act: Act) -> bool {
    match act {
        Act::Type(_)
        | Act::Approve(_)
        | Act::Withdraw(_)
        | Act::Sync(_)
        | Act::Pull(_)
        | Act::Deliver(_)
        | Act::Late(_)
        | Act::Restore
        | Act::Confirm => true,
        Act::Lose(_) | Act::Cut(_) | Act::Double(_) | Act::Abandon(_) | Act::BackUp | Act::BeginRules | Act::Revoke => {
            false
        }
    }
}

pub(super) fn what(trouble: Trouble) -> String {
    match trouble {
        Trouble::Died => "a process died where none may".to_owned(),
        Trouble::Full => "a disk was full where none may be".to_owned(),
        Trouble::No(code) => format!("the engine refused: {code}"),
        Trouble::Wrong(what) => what,
        Trouble::Damaged(what) => format!("damage where nothing is damaged: {what}"),
    }
}
