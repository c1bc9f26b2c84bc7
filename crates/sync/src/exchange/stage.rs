//! Where an exchange is: a stage for each thing that can be waited for, with all that is known there and nothing else.

use selaras_model::{BundleId, ReplicaId};

use super::need::{Event, Request};
use crate::school::{Healing, Incoming, Offer, Repair};
use crate::snapshot::Frame;

/// A stage of the exchange. One that waits for something holds what it needs to go on.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub(super) enum Stage {
    /// Nothing was asked yet.
    Fresh,
    /// The host finishes interrupted work; then the inner stage follows.
    Resuming(Box<Stage>),
    /// A snapshot that an earlier exchange checked is gone on with, where there is one.
    Reopening,
    /// The next request is to be made; a large bundle lands before it is named for the first time.
    Preparing,
    /// A large bundle is on its way; the request, where it was made before.
    Landing(Landing),
    /// The request is to be made.
    Requesting,
    /// That the bundle is offered, or withdrawn, is being made durable.
    Offering(Offering),
    /// The exchange's answer is waited for.
    Asking(Request),
    /// An answer has come and is not yet decoded.
    Answered(Vec<u8>),
    /// The answer says that records differ: they are searched for before it is taken.
    Searching(Box<Incoming>),
    /// The search's answer is waited for, or came.
    Repairing(Box<Repairing>),
    /// Records that were made anew are being made durable.
    Mending(Box<Repairing>),
    /// The answer may be taken, once a clone has another name.
    Admitting(Box<Incoming>),
    /// The name of a clone is waited for, or of who was refused because its name is another device's: then there is no answer.
    Naming(Option<Box<Incoming>>),
    /// The name is here.
    Named(Option<Box<Incoming>>, ReplicaId),
    /// The name is being made durable.
    Renaming(Option<Box<Incoming>>),
    /// The answer is being taken in, commit by commit.
    Absorbing(Box<Incoming>),
    /// The snapshot is being fetched.
    Fetching(Offer),
    /// It is being checked.
    Checking(Offer),
    /// It is what was offered.
    Checked(Offer),
    /// That it may be taken in is being made durable.
    Noting(Offer),
    /// It is being taken in, frame by frame.
    Unpacking(Box<Unpacking>),
    /// It is in, and is to be let go of.
    Unpacked([u8; 32], Begun),
    /// That it is let go of is being made durable.
    Dropping(Begun),
    /// A restored centre is to be healed.
    Meeting,
    /// The healing's answer is waited for, or came.
    Healing(Box<Handing>),
    /// The place that both logs have is being made durable.
    GoingBack(u32),
    /// The findings are being brought up to date.
    Judging(Box<Stage>),
    /// Everything was told and taken.
    Finishing,
    /// Nothing more happens.
    #[default]
    Over,
}

/// A bundle that is on its way.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Landing {
    pub(super) bundle: BundleId,
    pub(super) bytes: u64,
    /// The request that named it, and was told that it does not lie there.
    pub(super) again: Option<Request>,
}

/// A request whose commit is waited for.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Offering {
    pub(super) request: Request,
    pub(super) withdrawn: bool,
}

/// A search for records that differ, and the answer that waits for it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Repairing {
    pub(super) incoming: Box<Incoming>,
    pub(super) repair: Repair,
    pub(super) requests: u32,
    pub(super) answer: Option<Vec<u8>>,
}

/// A healing under way.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Handing {
    pub(super) healing: Healing,
    pub(super) requests: u32,
    pub(super) answer: Option<Vec<u8>>,
}

/// When a snapshot's taking in was begun.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Begun {
    /// In this exchange.
    Now,
    /// In an earlier one, which was interrupted.
    Before,
}

/// A snapshot that is being taken in.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Unpacking {
    pub(super) file: [u8; 32],
    pub(super) begun: Begun,
    pub(super) number: u64,
    pub(super) frame: FrameState,
}

/// What of the present frame is here.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum FrameState {
    /// It is to be read.
    Wanted,
    /// It was read.
    Read(Frame),
    /// It is being taken in.
    Absorbing(Box<Incoming>),
}

impl Unpacking {
    /// Taking a file in from its first frame; what is in already is left out.
    pub(super) fn of(file: [u8; 32], begun: Begun) -> Box<Self> {
        Box::new(Self { file, begun, number: 0, frame: FrameState::Wanted })
    }

    /// What follows a frame, or a commit of one; the event is given back where the other one is waited for.
    pub(super) fn told(mut self: Box<Self>, event: Event) -> Result<Stage, (Stage, Event)> {
        match (&self.frame, event) {
            (FrameState::Wanted, Event::Frame(None)) => Ok(Stage::Unpacked(self.file, self.begun)),
            (FrameState::Wanted, Event::Frame(Some(frame))) => {
                self.frame = FrameState::Read(frame);
                Ok(Stage::Unpacking(self))
            }
            (FrameState::Absorbing(_), Event::Done) => Ok(Stage::Unpacking(self)),
            (_, event) => Err((Stage::Unpacking(self), event)),
        }
    }
}

impl Stage {
    /// After the work that was decided before is at its end.
    pub(super) fn at_rest(self) -> Self {
        Self::Resuming(Box::new(self))
    }

    /// Whether something at the centre is waited for, which may refuse.
    pub(super) fn asks(&self) -> bool {
        matches!(self, Self::Asking(_) | Self::Healing(_) | Self::Repairing(_) | Self::Landing(_) | Self::Fetching(_))
    }

    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Fresh => "before its beginning",
            Self::Resuming(_) => "ending earlier work",
            Self::Reopening | Self::Preparing | Self::Requesting => "making a request",
            Self::Landing(_) => "bringing the bundle",
            Self::Offering(_) => "offering the bundle",
            Self::Asking(_) => "waiting for the answer",
            Self::Answered(_) | Self::Admitting(_) | Self::Absorbing(_) => "taking an answer in",
            Self::Searching(_) | Self::Repairing(_) | Self::Mending(_) => "repairing",
            Self::Naming(_) | Self::Named(..) | Self::Renaming(_) => "taking another name",
            Self::Fetching(_) | Self::Checking(_) | Self::Checked(_) | Self::Noting(_) => "fetching a snapshot",
            Self::Unpacking(_) | Self::Unpacked(..) | Self::Dropping(_) => "taking a snapshot in",
            Self::Meeting | Self::Healing(_) | Self::GoingBack(_) => "healing a restored centre",
            Self::Judging(_) | Self::Finishing => "judging",
            Self::Over => "over",
        }
    }
}
