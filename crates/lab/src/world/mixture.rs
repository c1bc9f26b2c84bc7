//! What kinds of trouble meet in a world.
//!
//! A dimension is a variant here with its name and its place in [`Dimension::ALL`], a room in `script` that plans its
//! events and does them, an oracle that knows in plain maps what was typed, acknowledged, receipted or accepted, and a
//! [`Bug`](super::Bug) or [`Flaw`](super::Flaw) that the oracle finds. It is in worlds that ask for it ([`Plan::mixed`],
//! [`Plan::only`]) and in no others, so that the usual worlds hold while a fault that it shows is not mended.
//!
//! Two acts have no dimension yet, because nobody can do them: taking a computer away (`RemovedComputers`, a room
//! `script/removals.rs`: nothing that it says afterwards is heard, and nobody waits for it), and confirming after a
//! restore what the backup could not know (`Confirmations`, a room `script/confirmations.rs`: until then what was taken
//! back before the disk was lost counts as taken back). Each joins behind the last dimension, so that the mixture of the
//! others keeps its bits.

use std::fmt;
use std::str::FromStr;

use rand::RngExt as _;
use rand_chacha::ChaCha8Rng;

use super::Plan;

/// A kind of trouble, or of work, that a world may have besides its usual days.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Dimension {
    /// A centre loses its disk and is restored from its last backup.
    Losses,
    /// Disks of computers are cloned, put back as they were, or restored by the command.
    Images,
    /// A side that has nothing yet is offered the log as a file.
    Snapshots,
    /// Not the last backup of a centre is restored but one before it.
    OlderBackups,
    /// A backup that a restored centre takes while it heals is restored.
    HealingBackups,
    /// Computers register late, and computers that are gone for good are replaced.
    LateComputers,
    /// Students are offered to another school, which accepts or declines.
    Moves,
    /// A student is offered to two schools at once.
    RivalOffers,
    /// Rules are announced and begin while people work.
    Rules,
    /// Bundles are made of some modules, while people type into all.
    Modules,
    /// Approvals are sent later, while people type on.
    Scheduled,
    /// The centre's date is set back and forward.
    Clock,
    /// Records change a hundred times, and together grow over what one commit takes.
    Busy,
    /// Records are silently gone from a computer's disk while people work, and processes die over their repair.
    Damage,
    /// Records are silently gone from the centre's disk while people work.
    CentreDamage,
    /// Files beside the rows are altered or lost, at either end: a bundle, the edits of an entry, a snapshot, the plan of
    /// large work.
    Blobs,
}

impl Dimension {
    /// All of them, in the order in which they are printed.
    pub const ALL: [Self; 16] = [
        Self::Losses,
        Self::Images,
        Self::Snapshots,
        Self::OlderBackups,
        Self::HealingBackups,
        Self::LateComputers,
        Self::Moves,
        Self::RivalOffers,
        Self::Rules,
        Self::Modules,
        Self::Scheduled,
        Self::Clock,
        Self::Busy,
        Self::Damage,
        Self::CentreDamage,
        Self::Blobs,
    ];
    /// Those that worlds had one at a time, before they met.
    const APART: [Self; 2] = [Self::Losses, Self::Images];

    /// The name by which it is asked for and printed.
    const fn name(self) -> &'static str {
        match self {
            Self::Losses => "losses",
            Self::Images => "images",
            Self::Snapshots => "snapshots",
            Self::OlderBackups => "older-backups",
            Self::HealingBackups => "healing-backups",
            Self::LateComputers => "late-computers",
            Self::Moves => "moves",
            Self::RivalOffers => "rival-offers",
            Self::Rules => "rules",
            Self::Modules => "modules",
            Self::Scheduled => "scheduled",
            Self::Clock => "clock",
            Self::Busy => "busy",
            Self::Damage => "damage",
            Self::CentreDamage => "centre-damage",
            Self::Blobs => "blobs",
        }
    }
}

impl fmt::Display for Dimension {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// There is no dimension of that name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no dimension is named {0}")]
pub struct UnknownDimension(String);

impl FromStr for Dimension {
    type Err = UnknownDimension;

    fn from_str(name: &str) -> Result<Self, UnknownDimension> {
        let named = Self::ALL.into_iter().find(|dimension| dimension.name() == name);
        named.ok_or_else(|| UnknownDimension(name.to_owned()))
    }
}

/// The kinds of trouble of one world; a seed names them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Mixture(u32);

impl Mixture {
    /// Whether the world has this.
    #[must_use]
    pub fn has(self, dimension: Dimension) -> bool {
        self.0 & (1 << dimension as u32) != 0
    }

    /// The same with this as well.
    #[must_use]
    pub const fn and(self, dimension: Dimension) -> Self {
        Self(self.0 | 1 << dimension as u32)
    }

    /// Those that a plan asks for.
    pub(super) fn of(plan: &Plan, rng: &mut ChaCha8Rng) -> Self {
        match plan.only {
            Some(only) => only,
            None if plan.mixed => Self::any(rng),
            None => Self::apart(rng),
        }
    }

    /// One kind alone, so that what only a lost disk and a disk that was put back have held is not missed.
    fn apart(rng: &mut ChaCha8Rng) -> Self {
        let [losses, images] = Dimension::APART;
        Self::default().and(if rng.random_range(0..2) == 0 { losses } else { images })
    }

    /// Any kinds, each in one world of three.
    fn any(rng: &mut ChaCha8Rng) -> Self {
        let chosen = Dimension::ALL.into_iter().filter(|_| rng.random_range(0..3) == 0);
        chosen.fold(Self::default(), Self::and)
    }
}

impl fmt::Display for Mixture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = Dimension::ALL.into_iter().filter(|dimension| self.has(*dimension)).map(Dimension::name);
        f.write_str(&names.collect::<Vec<_>>().join("+"))
    }
}

impl FromIterator<Dimension> for Mixture {
    fn from_iter<I: IntoIterator<Item = Dimension>>(dimensions: I) -> Self {
        dimensions.into_iter().fold(Self::default(), Self::and)
    }
}
