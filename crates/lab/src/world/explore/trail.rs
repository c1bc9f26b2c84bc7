//! States are made anew from their paths: the one below the present one is most often a neighbour of the last.

use super::choice::Choice;
use super::state::State;
use super::{Bounds, Node};
use crate::world::trouble::{Trouble, wrong};

/// The states along the path to the one that was wanted last.
pub(super) struct Trail {
    first: State,
    steps: Vec<(u32, State)>,
    /// Whether the two computers are in each other's place.
    swapped: bool,
    /// Steps that were taken only to come back to a state.
    pub(super) retaken: u64,
}

impl Trail {
    pub(super) fn new(bounds: &Bounds, swapped: bool) -> Result<Self, Trouble> {
        let mut trail = Self { first: State::first(bounds)?, steps: Vec::new(), swapped, retaken: 0 };
        for choice in Choice::path(bounds.after)? {
            trail.first.takes(trail.seen(choice))?;
            trail.first.is_safe()?;
        }
        Ok(trail)
    }

    /// The state of a node.
    pub(super) fn at(&mut self, nodes: &[Node], node: u32) -> Result<&State, Trouble> {
        let mut path = Vec::new();
        let mut at = node;
        while at != 0 && !self.steps.iter().any(|(on, _)| *on == at) {
            path.push(at);
            at = parent(nodes, at)?;
        }
        let known = self.steps.iter().position(|(on, _)| *on == at).map_or(0, |place| place + 1);
        self.steps.truncate(known);
        while let Some(next) = path.pop() {
            let mut state = self.tip().fork()?;
            state.takes(self.seen(choice(nodes, next)?))?;
            self.retaken += 1;
            self.steps.push((next, state));
        }
        Ok(self.tip())
    }

    /// A choice as it is in this world.
    pub(super) const fn seen(&self, choice: Choice) -> Choice {
        if self.swapped { choice.swapped() } else { choice }
    }

    fn tip(&self) -> &State {
        self.steps.last().map_or(&self.first, |(_, state)| state)
    }
}

fn parent(nodes: &[Node], node: u32) -> Result<u32, Trouble> {
    match nodes.get(node as usize) {
        Some(node) => Ok(node.parent),
        None => wrong("a node that is not there"),
    }
}

fn choice(nodes: &[Node], node: u32) -> Result<Choice, Trouble> {
    match nodes.get(node as usize).and_then(|node| Choice::from_code(node.choice)) {
        Some(choice) => Ok(choice),
        None => wrong("a choice that is none"),
    }
}

/// The choices that lead to a node.
pub(super) fn path(nodes: &[Node], node: u32) -> Result<Vec<Choice>, Trouble> {
    let mut path = Vec::new();
    let mut at = node;
    while at != 0 {
        path.push(choice(nodes, at)?);
        at = parent(nodes, at)?;
    }
    path.reverse();
    Ok(path)
}
