//! The exchange as a value: told what happened, it says what is needed next.

use std::collections::VecDeque;

use selaras_model::BundleId;

#[cfg(feature = "flaws")]
use super::Flaw;
use super::need::{Event, ExchangeError, Need, Notice, Report};
use super::stage::{Begun, Landing, Stage, Unpacking};
use super::{MAX_FETCHES, MAX_HEALINGS, MAX_LANDINGS, MAX_PAGES, MAX_REPAIRS};
use crate::School;
use crate::school::{Absorbed, Incoming, MAX_INLINE_BUNDLE, Outcome, Purpose};

/// Refusal codes of a restored centre that lacks entries kept here: the school heals it.
const LACKING: [&str; 2] = ["cursor.unknown", "center.restored"];
/// The centre's word that a bundle that was named has not landed, or no longer lies there.
const NOT_LANDED: &str = "bundle.not-landed";
/// The centre's word that it waits for other computers, and commits nothing until they have come.
const HEALING: &str = "center.healing";
/// The centre's word that it no longer keeps a snapshot.
const GONE: &str = "snapshot.unknown";
/// The centre's word that this installation's name belongs to another device.
const OTHERS_NAME: &str = "replica.other-device";

/// One exchange of a school with its centre, from its first request to the last.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Exchange {
    pub(super) purpose: Purpose,
    pub(super) inline: u64,
    pub(super) stage: Stage,
    pub(super) report: Report,
    /// Notices still to be told, before any other need.
    pub(super) notices: VecDeque<Notice>,
    /// True while the host tells a notice.
    telling: bool,
    pub(super) counts: Counts,
    /// The bundle of this exchange that is too large for a request, and its length.
    pub(super) large: Option<(BundleId, u64)>,
    #[cfg(feature = "flaws")]
    pub(super) flaw: Option<Flaw>,
}

/// What happened how often, for the limits.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub(super) struct Counts {
    pub(super) pages: u32,
    pub(super) healings: u32,
    landings: u32,
    fetches: u32,
    /// Repairs begun.
    repairs: u32,
    /// Extra requests, sent only to compare digests.
    comparisons: u32,
    /// Whether another name was taken because the old one is another device's.
    renamed: bool,
}

impl Exchange {
    /// An exchange that has not begun; [`Event::Begin`] begins it.
    #[must_use]
    pub fn new(purpose: Purpose) -> Self {
        Self {
            purpose,
            inline: MAX_INLINE_BUNDLE,
            stage: Stage::Fresh,
            report: Report::default(),
            notices: VecDeque::new(),
            telling: false,
            counts: Counts::default(),
            large: None,
            #[cfg(feature = "flaws")]
            flaw: None,
        }
    }

    /// The same, with bundles over so many bytes brought before they are named; for tests, whose bundles are small.
    #[must_use]
    pub fn landing_above(self, bytes: u64) -> Self {
        Self { inline: bytes, ..self }
    }

    /// The same with a bug in it.
    #[cfg(feature = "flaws")]
    #[must_use]
    pub fn with(self, flaw: Option<Flaw>) -> Self {
        Self { flaw, ..self }
    }

    /// Gives what this exchange sends for now: everything that was approved, or nothing.
    #[must_use]
    pub fn purpose(&self) -> Purpose {
        self.purpose
    }

    /// Takes what happened, and gives what is needed next; `school` looks at the store as it is now.
    ///
    /// # Errors
    /// [`ExchangeError`]; the exchange is over then, and another one goes on from what is in the store.
    pub fn next(&mut self, school: &School<'_>, event: Event) -> Result<Need, ExchangeError> {
        if self.telling {
            self.telling = false;
            if event != Event::Done {
                return Err(self.out_of_order(&event));
            }
        } else if !self.take(event)? {
            return Ok(Need::GiveUp);
        }
        self.need(school)
    }

    /// Takes what was waited for; says whether the exchange goes on.
    fn take(&mut self, event: Event) -> Result<bool, ExchangeError> {
        let stage = std::mem::take(&mut self.stage);
        self.stage = match (stage, event) {
            (Stage::Fresh, Event::Begin) => Stage::Reopening.at_rest(),
            (Stage::Resuming(next), Event::Done) => *next,
            (Stage::Landing(landing), Event::Landed) => {
                landing.again.map_or(Stage::Requesting.at_rest(), Stage::Asking)
            }
            (Stage::Offering(offering), Event::Done) => {
                self.notices.extend(offering.withdrawn.then_some(Notice::Withdrawn));
                Stage::Asking(offering.request)
            }
            (Stage::Asking(_), Event::Answered(bytes)) => Stage::Answered(bytes).at_rest(),
            (stage, Event::Refused(code)) if stage.asks() => match self.refused(stage, code) {
                Some(stage) => stage,
                None => return Ok(false),
            },
            (Stage::Repairing(mut repairing), Event::Answered(bytes)) => {
                repairing.answer = Some(bytes);
                Stage::Repairing(repairing)
            }
            (Stage::Mending(repairing), Event::Done) if !repairing.repair.is_mended() => Stage::Repairing(repairing),
            (Stage::Mending(repairing), Event::Done) => {
                self.notices.push_back(Notice::Repaired { records: repairing.repair.records() });
                Stage::Judging(Box::new(Stage::Preparing))
            }
            (Stage::Naming(incoming), Event::Named(replica)) => Stage::Named(incoming, replica),
            (Stage::Renaming(incoming), Event::Done) => {
                self.notices.push_back(Notice::Renamed);
                self.renamed(incoming)
            }
            (stage @ (Stage::Absorbing(_) | Stage::Judging(_)), Event::Done) => stage,
            (Stage::Fetching(offer), Event::Fetched) => Stage::Checking(offer),
            (Stage::Checking(offer), Event::Checked) => Stage::Checked(offer),
            (Stage::Noting(offer), Event::Done) => Stage::Unpacking(Unpacking::of(offer.hash, Begun::Now)),
            (Stage::Unpacking(unpacking), event @ (Event::Frame(_) | Event::Done)) => match unpacking.told(event) {
                Ok(stage) => stage,
                Err((stage, event)) => {
                    self.stage = stage;
                    return Err(self.out_of_order(&event));
                }
            },
            (Stage::Dropping(Begun::Before), Event::Done) => Stage::Preparing,
            // What has come since, and the centre's date, are told by the next answer.
            (Stage::Dropping(Begun::Now), Event::Done) => self.ask_on(),
            (Stage::Healing(mut handing), Event::Answered(bytes)) => {
                handing.answer = Some(bytes);
                Stage::Healing(handing)
            }
            (Stage::GoingBack(entries), Event::Done) => {
                self.notices.push_back(Notice::Healed { entries });
                self.report.handed_back += entries;
                Stage::Preparing
            }
            (stage, event) => {
                self.stage = stage;
                return Err(self.out_of_order(&event));
            }
        };
        Ok(true)
    }

    fn out_of_order(&mut self, event: &Event) -> ExchangeError {
        let stage = std::mem::take(&mut self.stage).name();
        ExchangeError::OutOfOrder { stage, event: event.name() }
    }

    /// What the centre refused: what mends it from here, or none where nothing does.
    fn refused(&mut self, stage: Stage, code: String) -> Option<Stage> {
        match stage {
            Stage::Asking(_) | Stage::Healing(_) | Stage::Repairing(_) if LACKING.contains(&code.as_str()) => {
                self.counts.healings += 1;
                (self.counts.healings <= MAX_HEALINGS).then_some(Stage::Meeting.at_rest())
            }
            // A name that no registration binds may be another's after a disaster: nobody speaks under it here any more.
            Stage::Asking(_) | Stage::Healing(_) if code == OTHERS_NAME && !self.counts.renamed => {
                self.counts.renamed = true;
                Some(Stage::Naming(None))
            }
            Stage::Asking(request) if code == NOT_LANDED => {
                self.counts.landings += 1;
                let landing = |(bundle, bytes)| Stage::Landing(Landing { bundle, bytes, again: Some(request) });
                self.large.filter(|_| self.counts.landings <= MAX_LANDINGS).map(landing)
            }
            // The log has gone on for days: the exchange offers another file.
            Stage::Fetching(_) if code == GONE => {
                self.counts.fetches += 1;
                (self.counts.fetches <= MAX_FETCHES).then_some(Stage::Preparing.at_rest())
            }
            // A centre that waits for other computers repairs nothing; what it has can be pulled all the same.
            Stage::Repairing(repairing) if code.starts_with("repair.") || code == HEALING => {
                Some(self.unrepaired(code, repairing.incoming))
            }
            _ => None,
        }
    }

    /// The answer is taken as it is; a later exchange may do better.
    pub(super) fn unrepaired(&mut self, code: String, incoming: Box<Incoming>) -> Stage {
        self.notices.push_back(Notice::Unrepaired { code });
        Stage::Admitting(incoming)
    }

    /// Tells what is to be told, and then gives what is needed.
    fn need(&mut self, school: &School<'_>) -> Result<Need, ExchangeError> {
        loop {
            if let Some(notice) = self.notices.pop_front() {
                self.telling = true;
                return Ok(Need::Tell(notice));
            }
            let stage = std::mem::take(&mut self.stage);
            if let Some(need) = self.enter(stage, school)? {
                return Ok(need);
            }
        }
    }

    pub(super) fn may_repair(&mut self) -> bool {
        self.counts.repairs += 1;
        self.counts.repairs <= MAX_REPAIRS
    }

    /// Counts what a verified answer has brought, once all of it is in.
    pub(super) fn count(&mut self, absorbed: Absorbed) {
        self.report.records_in += u64::from(absorbed.records_in);
        self.report.entries += u64::from(absorbed.entries);
        self.report.equal = absorbed.equal.or(self.report.equal);
    }

    /// What follows an answer that was taken in whole.
    pub(super) fn taken(&mut self, incoming: &Incoming) -> Stage {
        self.count(incoming.summary());
        match incoming.outcome() {
            Outcome::None => {}
            Outcome::Receipt(receipt) => self.report.receipt = Some(receipt.clone()),
            Outcome::Refusal(refusal) => {
                self.report.refusal = Some(refusal.clone());
                self.notices.push_back(Notice::Refused(refusal.clone()));
            }
        }
        if let Some(offer) = incoming.offer() {
            return Stage::Fetching(offer);
        }
        // Asking once more tells the centre digests that are not its own, and the repair begins.
        let compares = self.report.equal == Some(false) && self.counts.comparisons < MAX_REPAIRS;
        if !incoming.more() && !compares {
            self.page_taken();
            return Stage::Judging(Box::new(Stage::Finishing));
        }
        self.counts.comparisons += u32::from(!incoming.more());
        self.ask_on()
    }

    /// Another page is asked for: from here on the exchange only pulls.
    pub(super) fn ask_on(&mut self) -> Stage {
        self.page_taken();
        self.purpose = Purpose::Pull;
        if self.counts.pages < MAX_PAGES { Stage::Preparing } else { Stage::Judging(Box::new(Stage::Finishing)) }
    }

    fn page_taken(&mut self) {
        self.counts.pages += 1;
        self.notices.push_back(Notice::Answered { requests: self.counts.pages });
    }
}
