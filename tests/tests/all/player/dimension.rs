//! The kinds of trouble of a play, which of them meet, and how often they did.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::str::FromStr;

use rand::RngExt as _;
use rand_chacha::ChaCha8Rng;

/// A kind of trouble, or of work, that a play may have besides its usual days.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Dimension {
    /// The line is cut in the middle of an exchange.
    Cuts,
    /// A school's process, the centre or both are killed in the middle of an exchange.
    Kills,
    /// The centre loses its disk and is restored from its newest backup.
    Losses,
    /// It is not the newest backup that is restored but the one before it.
    OlderBackups,
    /// A computer's directory is copied, and both go on.
    Clones,
    /// A computer's directory is put back as it was.
    Images,
    /// A computer registers while others work.
    LateComputers,
    /// A computer loses its disk and recovers from the centre.
    Recoveries,
    /// The centre's clock is set back or forward.
    Clock,
    /// The disk of a computer, or of the centre, is full.
    FullDisks,
    /// A byte of a computer's store changes.
    Damage,
    /// A byte of a file beside a computer's store changes.
    DamagedBundles,
    /// A byte of the centre's store changes; it is restored from its newest backup where that is seen.
    DamagedCentres,
    /// A rulebook is published and begins.
    Rules,
}

use Dimension::{
    Clock, Clones, Cuts, Damage, DamagedBundles, DamagedCentres, FullDisks, Images, Kills, LateComputers, Losses,
    OlderBackups, Recoveries, Rules,
};

impl Dimension {
    /// All of them, in the order in which they are printed.
    pub(super) const ALL: [Self; 14] = [
        Cuts,
        Kills,
        Losses,
        OlderBackups,
        Clones,
        Images,
        LateComputers,
        Recoveries,
        Clock,
        FullDisks,
        Damage,
        DamagedBundles,
        DamagedCentres,
        Rules,
    ];
}

impl fmt::Display for Dimension {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Cuts => "cuts",
            Kills => "kills",
            Losses => "losses",
            OlderBackups => "older-backups",
            Clones => "clones",
            Images => "images",
            LateComputers => "late-computers",
            Recoveries => "recoveries",
            Clock => "clock",
            FullDisks => "full-disks",
            Damage => "damage",
            DamagedBundles => "damaged-bundles",
            DamagedCentres => "damaged-centres",
            Rules => "rules",
        })
    }
}

/// The kinds of trouble of one play.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Mixture(BTreeSet<Dimension>);

impl Mixture {
    /// Any kinds, each in one play of three.
    pub(super) fn any(rng: &mut ChaCha8Rng) -> Self {
        Self(Dimension::ALL.into_iter().filter(|_| rng.random_range(0..3) == 0).collect())
    }

    pub(super) fn dimensions(&self) -> impl Iterator<Item = Dimension> {
        self.0.iter().copied()
    }
}

impl FromStr for Mixture {
    type Err = String;

    /// Reads `kills+losses`.
    fn from_str(text: &str) -> Result<Self, String> {
        let named = |name: &str| {
            let found = Dimension::ALL.into_iter().find(|dimension| dimension.to_string() == name);
            found.ok_or_else(|| format!("no dimension is named {name}"))
        };
        text.split('+').filter(|name| !name.is_empty()).map(named).collect::<Result<_, _>>().map(Self)
    }
}

impl fmt::Display for Mixture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<String> = self.0.iter().map(ToString::to_string).collect();
        f.write_str(&names.join("+"))
    }
}

/// In how many plays two kinds of trouble met; a kind with itself is how many plays had it.
#[derive(Default)]
pub(super) struct Pairs(BTreeMap<(Dimension, Dimension), u32>);

impl Pairs {
    /// Takes those that were met in a play.
    pub(super) fn note(&mut self, met: &BTreeSet<Dimension>) {
        for one in met {
            for other in met.range(one..) {
                *self.0.entry((*one, *other)).or_default() += 1;
            }
        }
    }
}

impl fmt::Display for Pairs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (row, one) in Dimension::ALL.iter().enumerate() {
            write!(f, "{one:>15}")?;
            for other in &Dimension::ALL[..=row] {
                write!(f, "{:>4}", self.0.get(&(*other, *one)).copied().unwrap_or_default())?;
            }
            writeln!(f)?;
        }
        Ok(())
    }
}
