//! What may happen next in the small world, as values that can be written down, read again and mirrored.

use std::fmt;

use selaras_storage::Fault;

use crate::world::trouble::Trouble;

/// One of the two computers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Which {
    One,
    Other,
}

impl Which {
    pub(super) const BOTH: [Self; 2] = [Self::One, Self::Other];

    pub(super) const fn swapped(self) -> Self {
        match self {
            Self::One => Self::Other,
            Self::Other => Self::One,
        }
    }

    pub(super) const fn number(self) -> u8 {
        match self {
            Self::One => 0,
            Self::Other => 1,
        }
    }
}

/// Something that happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Act {
    /// Somebody types a value, and it is saved.
    Type(Which),
    /// The head approves what was typed.
    Approve(Which),
    /// Somebody takes back what was approved.
    Withdraw(Which),
    /// An exchange begins that sends what was approved.
    Sync(Which),
    /// An exchange begins that sends nothing.
    Pull(Which),
    /// What is on its way arrives.
    Deliver(Which),
    /// What is on its way is lost, and nobody waits for it any longer.
    Lose(Which),
    /// Half of what is on its way arrives.
    Cut(Which),
    /// The request is on its way twice; the second one arrives later.
    Double(Which),
    /// Nobody waits any longer, and the request arrives later.
    Abandon(Which),
    /// A request arrives for which nobody waits.
    Late(Which),
    /// The centre takes a backup and says what it covers.
    BackUp,
    /// The centre loses its disk, and a person restores its backup.
    Restore,
    /// An operator gives his word for what is from before the restore.
    Confirm,
    /// New rules begin.
    BeginRules,
    /// The head's key ends.
    Revoke,
}

/// Where the process that acts dies: at which of its commits, before or after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Crash {
    pub(super) commit: u16,
    pub(super) after: bool,
}

/// A step from one state to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Choice {
    pub(super) act: Act,
    pub(super) crash: Option<Crash>,
}

/// Codes of acts are below it.
const ACTS: u16 = 32;

impl Act {
    /// Whether something goes wrong in it. How often a centre is restored has a bound of its own.
    const fn is_fault(self) -> bool {
        matches!(self, Self::Lose(_) | Self::Cut(_) | Self::Double(_) | Self::Abandon(_))
    }

    const fn swapped(self) -> Self {
        match self {
            Self::Type(which) => Self::Type(which.swapped()),
            Self::Approve(which) => Self::Approve(which.swapped()),
            Self::Withdraw(which) => Self::Withdraw(which.swapped()),
            Self::Sync(which) => Self::Sync(which.swapped()),
            Self::Pull(which) => Self::Pull(which.swapped()),
            Self::Deliver(which) => Self::Deliver(which.swapped()),
            Self::Lose(which) => Self::Lose(which.swapped()),
            Self::Cut(which) => Self::Cut(which.swapped()),
            Self::Double(which) => Self::Double(which.swapped()),
            Self::Abandon(which) => Self::Abandon(which.swapped()),
            Self::Late(which) => Self::Late(which.swapped()),
            Self::BackUp | Self::Restore | Self::Confirm | Self::BeginRules | Self::Revoke => self,
        }
    }

    /// All acts, in the order of their codes.
    fn all() -> impl Iterator<Item = Self> {
        let of = |which| {
            [
                Self::Type(which),
                Self::Approve(which),
                Self::Withdraw(which),
                Self::Sync(which),
                Self::Pull(which),
                Self::Deliver(which),
                Self::Lose(which),
                Self::Cut(which),
                Self::Double(which),
                Self::Abandon(which),
                Self::Late(which),
            ]
        };
        let centres = [Self::BackUp, Self::Restore, Self::Confirm, Self::BeginRules, Self::Revoke];
        Which::BOTH.into_iter().flat_map(of).chain(centres)
    }
}

impl Crash {
    pub(super) const fn fault(self) -> Fault {
        if self.after { Fault::CrashAfter } else { Fault::CrashBefore }
    }
}

impl Choice {
    pub(super) const fn of(act: Act) -> Self {
        Self { act, crash: None }
    }

    /// Things that go wrong in it.
    pub(super) fn faults(self) -> u32 {
        u32::from(self.act.is_fault()) + u32::from(self.crash.is_some())
    }

    /// The same with the two computers in each other's place.
    pub(super) const fn swapped(self) -> Self {
        Self { act: self.act.swapped(), crash: self.crash }
    }

    /// Reads a choice as it is written.
    fn named(name: &str) -> Option<Self> {
        let (act, crash) = match name.split_once(" dies ") {
            None => (name, None),
            Some((act, when)) => {
                let (when, commit) = when.split_once(" commit ")?;
                let after = [("before", false), ("after", true)].into_iter().find(|(word, _)| *word == when)?.1;
                (act, Some(Crash { commit: commit.parse().ok()?, after }))
            }
        };
        let act = Act::all().find(|known| format!("{known:?}") == act)?;
        Some(Self { act, crash })
    }

    /// Reads choices as they are written, with commas between.
    pub(super) fn path(names: &str) -> Result<Vec<Self>, Trouble> {
        let names = names.split(',').map(str::trim).filter(|name| !name.is_empty());
        names.map(|name| Self::named(name).ok_or_else(|| Trouble::Wrong(format!("{name} is no step")))).collect()
    }

    pub(super) fn code(self) -> u16 {
        let act = Act::all().position(|act| act == self.act).unwrap_or_default();
        let crash = self.crash.map_or(0, |crash| 1 + 2 * crash.commit + u16::from(crash.after));
        u16::try_from(act).unwrap_or_default() + ACTS * crash
    }

    pub(super) fn from_code(code: u16) -> Option<Self> {
        let act = Act::all().nth(usize::from(code % ACTS))?;
        let crash = (code / ACTS).checked_sub(1).map(|crash| Crash { commit: crash / 2, after: crash % 2 == 1 });
        Some(Self { act, crash })
    }
}

impl fmt::Display for Choice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.act)?;
        match self.crash {
            Some(Crash { commit, after: false }) => write!(f, " dies before commit {commit}"),
            Some(Crash { commit, after: true }) => write!(f, " dies after commit {commit}"),
            None => Ok(()),
        }
    }
}
