//! What the conversation asks of its host, and what it is told.

use selaras_model::{BundleId, ReplicaId};

use crate::Receipt;
use crate::error::{Refusal, SchoolError};
use crate::school::{Carry, Offer};
use crate::snapshot::{Frame, SnapshotError};
use crate::step::Step;

/// Where at the centre a request goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Endpoint {
    /// The exchange; the bundle travels so.
    Exchange(Carry),
    /// What a restored centre lacks.
    Heal,
    /// The records that differ.
    Repair,
}

impl From<Carry> for Endpoint {
    fn from(carry: Carry) -> Self {
        Self::Exchange(carry)
    }
}

/// A request to send. Sending it twice has the effect of sending it once.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Request {
    /// Where it goes.
    pub endpoint: Endpoint,
    /// Its body.
    pub body: Vec<u8>,
}

impl std::fmt::Debug for Request {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Request({:?}, {} bytes)", self.endpoint, self.body.len())
    }
}

/// What is needed before the conversation goes on, and the event that follows it.
#[derive(Debug)]
pub enum Need {
    /// Commit this, perform its effects, resume to the end ([`carry_out`](super::carry_out)); then [`Event::Done`].
    Commit(Box<Step>),
    /// End the work that was decided before ([`carry_out`](super::carry_out) without a step); then [`Event::Done`].
    Resume,
    /// A name that nobody has had; then [`Event::Named`].
    Name,
    /// Tell the person; then [`Event::Done`].
    Tell(Notice),
    /// Check the file that was fetched ([`School::check_snapshot`](crate::School::check_snapshot)); then
    /// [`Event::Checked`]. One that is not what was offered is removed, and the exchange is over.
    Check(Offer),
    /// Read the frame of this number from a checked file; then [`Event::Frame`].
    Frame {
        /// The file, by its hash.
        file: [u8; 32],
        /// The frame's place in it, from 0.
        number: u64,
    },
    /// Send this; then [`Event::Answered`] or [`Event::Refused`].
    Send(Request),
    /// Bring the sealed bundle's bytes to the centre, from wherever the centre says; then [`Event::Landed`].
    Land {
        /// The bundle.
        bundle: BundleId,
        /// How long it is.
        bytes: u64,
    },
    /// Fetch what of this file is not here yet; then [`Event::Fetched`].
    Fetch(Offer),
    /// Nothing more: both sides have told each other everything.
    Done(Box<Report>),
    /// The refusal cannot be handled here: the host reports it as received.
    GiveUp,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Event {
    /// The exchange begins.
    Begin,
    /// What was needed here is done.
    Done,
    /// The centre answered.
    Answered(Vec<u8>),
    /// The centre refused the request, with this code.
    Refused(String),
    /// The bundle has landed whole.
    Landed,
    /// The file is here whole.
    Fetched,
    /// The file is what was offered.
    Checked,
    /// A frame of the file; none behind its last.
    Frame(Option<Frame>),
    /// The name that this installation takes.
    Named(ReplicaId),
}

/// What a person, or a log, is told on the way.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Notice {
    /// The approved bundle no longer passes the gate on what has come since: it is drafts again, and nothing is sent.
    Withdrawn,
    /// This installation turned out to be a clone, and has another name.
    Renamed,
    /// A restored centre gets back from here what it lacks.
    Healing,
    /// It got back this many entries.
    Healed {
        /// Entries of the log.
        entries: u32,
    },
    /// Records differ, and are searched for.
    Repairing,
    /// Records were made anew.
    Repaired {
        /// How many.
        records: usize,
    },
    /// What differs could not be mended, for this reason; the exchange goes on.
    Unrepaired {
        /// The refusal's code.
        code: String,
    },
    /// The bundle was refused for good, and its edits are drafts again.
    Refused(Box<Refusal>),
    /// An answer was taken in.
    Answered {
        /// Pages taken in so far, or requests answered within a healing.
        requests: u32,
    },
}

/// What an exchange brought.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Report {
    /// Records that others edited.
    pub records_in: u64,
    /// Entries of the log.
    pub entries: u64,
    /// Whether the digests are equal, where they could be compared.
    pub equal: Option<bool>,
    /// The receipt of the bundle that was sent.
    pub receipt: Option<Box<Receipt>>,
    /// The refusal of the bundle that was sent.
    pub refusal: Option<Box<Refusal>>,
    /// Entries that a restored centre got back from here.
    pub handed_back: u32,
}

/// Why an exchange is over before its end; what was committed stays.
#[derive(Debug, thiserror::Error)]
pub enum ExchangeError {
    /// This side could not go on.
    #[error(transparent)]
    School(#[from] SchoolError),
    /// The file that was fetched cannot be read.
    #[error(transparent)]
    File(#[from] SnapshotError),
    /// The exchange gave up although the host reported no refusal: a bug in the host.
    #[error("an exchange gave up without a refusal")]
    Unrefused,
    /// Something was told that was not asked for: a fault of the host.
    #[error("{event} does not answer what was needed ({stage})")]
    OutOfOrder {
        /// Where the exchange was.
        stage: &'static str,
        /// What it was told.
        event: &'static str,
    },
}

impl From<crate::StoreError> for ExchangeError {
    fn from(error: crate::StoreError) -> Self {
        Self::School(error.into())
    }
}

impl Event {
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Begin => "begin",
            Self::Done => "done",
            Self::Answered(_) => "an answer",
            Self::Refused(_) => "a refusal",
            Self::Landed => "landed",
            Self::Fetched => "fetched",
            Self::Checked => "checked",
            Self::Frame(_) => "a frame",
            Self::Named(_) => "a name",
        }
    }
}
