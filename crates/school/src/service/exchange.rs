//! One exchange with the centre: requests and answers until this side is at the head of the school's log.

use std::time::Instant;

use ed25519_dalek::SigningKey;
use selaras_model::ReplicaId;
use selaras_sync::{Carry, Incoming, Key, Outcome, Phase, Purpose, ReadStore, Row, Sealed, Store};
use zeroize::Zeroizing;

use super::repair::MAX_REPAIRS;
use super::{DEVICE_ROW, Open, TOKEN_ROW};
use crate::command::report::ExchangeReport;
use crate::failure::Failure;
use crate::link::{CallError, Link};
use crate::output::{Event, Note, Output};

/// What an exchange is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Direction {
    /// Fetch only.
    Pull,
    /// Send what was approved, and fetch.
    Sync,
}

/// Pages of one exchange: at 1 MiB each far more than any school has; a centre that always says "more" must not keep
/// this computer for ever.
const MAX_PAGES: u32 = 4_096;

/// The centre's word that a bundle that was named has not landed.
const NOT_LANDED: &str = "bundle.not-landed";
/// How often a bundle is brought again within one exchange.
const MAX_LANDINGS: u32 = 3;

/// What follows an answer.
enum Turn {
    /// The same request once more: what is here was mended.
    Again,
    More,
    Done,
}

/// How often an exchange looks for records that differ.
#[derive(Default)]
struct Repairs {
    begun: u32,
    asked: u32,
}

impl Repairs {
    fn may_begin(&mut self) -> bool {
        self.begun += 1;
        self.begun <= MAX_REPAIRS
    }

    fn may_ask(&mut self) -> bool {
        self.asked += 1;
        self.asked <= MAX_REPAIRS
    }
}

impl Open {
    /// Exchanges until there is no more to fetch.
    pub(crate) fn exchange(&mut self, direction: Direction, out: &mut dyn Output) -> Result<ExchangeReport, Failure> {
        self.finish_steps(out)?;
        let began = Instant::now();
        let before = self.traffic()?;
        let sealed = self.school().sealed()?.map_or(0, |sealed| sealed.records);
        let (pack, rulebook) = (self.rules.pack.hash(), self.rules.rulebook.hash());
        let announced = self.announced_line()?;
        let mut report = ExchangeReport::default();
        let mut refused = None;
        self.go_on_with_snapshot(&mut report, out)?;
        let mut purpose = match direction {
            Direction::Pull => Purpose::Pull,
            Direction::Sync => Purpose::Sync,
        };
        let mut repairs = Repairs::default();
        for page in 1..=MAX_PAGES {
            let turn = match self.page(purpose, &mut report, &mut refused, &mut repairs, out) {
                Err(failure) if self.may_heal(&failure, page) => {
                    self.heal(out)?;
                    continue;
                }
                page => page?,
            };
            out.progress("work.exchange", u64::from(page), 0);
            match turn {
                Turn::Again => continue,
                Turn::More => {}
                // Asking once more tells the centre digests that are not its own, and the repair begins.
                Turn::Done if report.equal == Some(false) && repairs.may_ask() => {}
                Turn::Done => break,
            }
            purpose = Purpose::Pull;
        }
        let after = self.traffic()?;
        report.requests = after.requests - before.requests;
        report.bytes_up = after.sent - before.sent;
        report.bytes_down = after.received - before.received;
        report.records_out = if report.receipt.is_some() { sealed } else { 0 };
        report.rules_changed = pack != self.rules.pack.hash() || rulebook != self.rules.rulebook.hash();
        // What came is durable; a refusal of what was sent is told only now.
        if let Some(refusal) = refused {
            self.settle(out)?;
            return Err(self.with_new_findings(refusal, out)?);
        }
        self.settle(out)?;
        report.rulebook = self.rules.rulebook.version().to_owned();
        report.new_invalid = if report.rules_changed { self.new_invalid()? } else { 0 };
        report.announced = self.announced_line()?.filter(|now| announced.as_ref() != Some(now));
        report.conflicts = self.conflict_count()?;
        report.invalid = self.finding_counts()?.0;
        report.pending = self.school().pending()?.records;
        report.millis = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
        Ok(report)
    }

    /// One request and its answer.
    fn page(
        &mut self,
        purpose: Purpose,
        report: &mut ExchangeReport,
        refused: &mut Option<Failure>,
        repairs: &mut Repairs,
        out: &mut dyn Output,
    ) -> Result<Turn, Failure> {
        let lang = out.lang();
        let sealed = self.school().sealed()?;
        let sends = |phase| matches!(phase, Phase::Approved | Phase::Offered);
        let sealed = sealed.filter(|sealed| purpose == Purpose::Sync && sends(sealed.phase));
        let carry = sealed.as_ref().map_or(Carry::Inline, |sealed| Carry::of(sealed.bytes));
        let large = sealed.filter(|_| carry == Carry::Landed);
        // What may have been named before has perhaps taken effect: then there is nothing to bring any more.
        if let Some(sealed) = large.as_ref().filter(|sealed| sealed.phase == Phase::Approved) {
            self.land(sealed, out)?;
        }
        let outgoing = self.school().request(purpose, carry)?;
        if let Some(step) = outgoing.step {
            self.apply(step, out)?;
        }
        if outgoing.withdrawn {
            out.event(Event::Note(Note::new("exchange.withdrawn")));
        }
        let answer = self.ask(large.as_ref(), carry, &outgoing.body, out)?;
        let mut incoming = self.school().answer(&answer)?;
        // New edits may build on what is damaged here: first it is mended, and the answer is asked for again.
        if incoming.differs() && repairs.may_begin() && self.repair(out)? {
            return Ok(Turn::Again);
        }
        if incoming.copied() {
            // Whoever speaks under this name has been further on: from here on this is another installation.
            let step = self.school().renew(ReplicaId::from_bytes(crate::env::random()?), &incoming)?;
            self.apply(step, out)?;
            self.reload_installation()?;
            out.event(Event::Note(Note::new("exchange.copied")));
        }
        self.absorb(&mut incoming, report, out)?;
        if let Some(offer) = incoming.offer() {
            self.take_snapshot(offer, report, out)?;
            // What has come since, and the centre's date, are told by the next answer.
            return Ok(Turn::More);
        }
        match incoming.outcome() {
            Outcome::None => {}
            Outcome::Receipt(receipt) => report.receipt = Some(super::lines::receipt_line(receipt)),
            Outcome::Refusal(refusal) => {
                self.key_refused(refusal)?;
                *refused = Some(self.refusal(refusal, lang));
            }
        }
        Ok(if incoming.more() { Turn::More } else { Turn::Done })
    }

    /// Takes a verified answer in, commit by commit.
    pub(super) fn absorb(
        &mut self,
        incoming: &mut Incoming,
        report: &mut ExchangeReport,
        out: &mut dyn Output,
    ) -> Result<(), Failure> {
        loop {
            let step = self.school().absorb(incoming)?;
            match step {
                Some(step) => self.apply(step, out)?,
                None => break,
            }
        }
        let absorbed = incoming.summary();
        report.records_in += u64::from(absorbed.records_in);
        report.entries += u64::from(absorbed.entries);
        report.equal = absorbed.equal.or(report.equal);
        Ok(())
    }

    /// Sends the request of an exchange; a bundle that it names and that has not landed, or no longer lies there, is
    /// brought first.
    fn ask(
        &mut self,
        large: Option<&Sealed>,
        carry: Carry,
        body: &[u8],
        out: &mut dyn Output,
    ) -> Result<Vec<u8>, Failure> {
        let mut landings = 0;
        loop {
            let asked = self.with_token(out, |link, token, out| link.exchange(token, carry, body.to_vec(), out));
            match (asked, large) {
                (Err(failure), Some(sealed)) if failure.code == NOT_LANDED && landings < MAX_LANDINGS => {
                    landings += 1;
                    self.land(sealed, out)?;
                }
                (answer, _) => return answer,
            }
        }
    }

    fn traffic(&mut self) -> Result<selaras_transport::Traffic, Failure> {
        Ok(self.connected()?.traffic())
    }

    pub(super) fn connected(&mut self) -> Result<&Link, Failure> {
        if self.link.is_none() {
            let installation = &self.installation;
            let ca = installation.centre_ca.as_deref();
            let link = Link::connect(&installation.centre_url, installation.npsn, ca, self.patience, &self.turns)?;
            self.link = Some(link);
        }
        self.link.as_ref().ok_or_else(|| Failure::new("internal.error").arg("place", "link"))
    }

    /// Makes a call with the present token, and once more with a new one when the centre says that it has expired:
    /// only the centre's clock judges tokens.
    pub(crate) fn with_token<T>(
        &mut self,
        out: &mut dyn Output,
        call: impl Fn(&Link, &str, &mut dyn Output) -> Result<T, CallError>,
    ) -> Result<T, Failure> {
        let known = self.known_token()?;
        if let Some(token) = known {
            match call(self.connected()?, &token, out) {
                Ok(answer) => return Ok(answer),
                Err(CallError::Failed(failure)) => return Err(failure),
                Err(CallError::Session) => {}
            }
        }
        let token = self.new_token(out)?;
        match call(self.connected()?, &token, out) {
            Ok(answer) => Ok(answer),
            Err(CallError::Failed(failure)) => Err(failure),
            Err(CallError::Session) => Err(Failure::new("centre.session")),
        }
    }

    /// The present token, for measurements of the line.
    #[cfg(feature = "demo")]
    pub(crate) fn token_text(&self) -> Result<String, Failure> {
        let token = self.known_token()?.ok_or_else(|| Failure::new("centre.session"))?;
        Ok(token.to_string())
    }

    pub(super) fn known_token(&self) -> Result<Option<Zeroizing<String>>, Failure> {
        match self.store.get(&Key::Local(TOKEN_ROW.to_owned()))? {
            Some(Row::Bytes(bytes)) => Ok(String::from_utf8(bytes).ok().map(Zeroizing::new)),
            _ => Ok(None),
        }
    }

    /// A token outlives the process: the next command of the same evening needs no request for one.
    pub(super) fn new_token(&mut self, out: &mut dyn Output) -> Result<Zeroizing<String>, Failure> {
        let device = self.installation.device;
        let key = self.device_key()?;
        let token = self.connected()?.token(device, &key, out)?;
        let mut batch = selaras_sync::Batch::default();
        batch.put(Key::Local(TOKEN_ROW.to_owned()), Row::Bytes(token.clone().into_bytes()));
        self.store.commit(&batch)?;
        Ok(Zeroizing::new(token))
    }

    pub(crate) fn device_key(&self) -> Result<SigningKey, Failure> {
        let damaged = || Failure::new("store.damaged").arg("reason", "device row");
        let Some(Row::Bytes(bytes)) = self.store.get(&Key::Local(DEVICE_ROW.to_owned()))? else {
            return Err(damaged());
        };
        let seed: [u8; 32] = Zeroizing::new(bytes).as_slice().try_into().map_err(|_| damaged())?;
        Ok(SigningKey::from_bytes(&Zeroizing::new(seed)))
    }
}
