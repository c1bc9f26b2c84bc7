//! Choices that depend on the seed alone.

use rand::seq::{IndexedRandom as _, index};
use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use selaras_model::{Npsn, RecordId};

/// A seeded source of choices.
pub(super) struct Dice(ChaCha8Rng);

impl Dice {
    /// Makes a source of its own for each purpose, so that two purposes of one seed never make the same ids.
    pub(super) fn new(purpose: &str, npsn: Npsn, seed: u64) -> Self {
        let mut material = seed.to_le_bytes().to_vec();
        material.extend(npsn.to_string().bytes());
        Self(ChaCha8Rng::from_seed(blake3::derive_key(purpose, &material)))
    }

    /// Gives a number from `low` to `high`, both included.
    pub(super) fn between(&mut self, low: i64, high: i64) -> i64 {
        self.0.random_range(low..=high.max(low))
    }

    /// Gives a number below `count`, 0 for none.
    pub(super) fn below(&mut self, count: usize) -> usize {
        if count == 0 { 0 } else { self.0.random_range(0..count) }
    }

    /// Says yes in so many of a hundred cases.
    pub(super) fn chance(&mut self, percent: u32) -> bool {
        self.0.random_range(0..100) < percent
    }

    /// Picks a word; a list without words gives the empty word.
    pub(super) fn word(&mut self, words: &[&'static str]) -> &'static str {
        words.choose(&mut self.0).copied().unwrap_or_default()
    }

    /// Picks so many things, each at most once; all of them where there are no more.
    pub(super) fn some<'a, T>(&mut self, things: &'a [T], count: usize) -> Vec<&'a T> {
        let picked = index::sample(&mut self.0, things.len(), count.min(things.len()));
        picked.into_iter().filter_map(|at| things.get(at)).collect()
    }

    /// Gives so many decimal digits.
    pub(super) fn digits(&mut self, count: usize) -> String {
        (0..count).map(|_| char::from(b'0' + self.0.random_range(0..10_u8))).collect()
    }

    /// Makes the id of a new record.
    pub(super) fn id(&mut self) -> RecordId {
        RecordId::from_random(self.0.random())
    }
}
