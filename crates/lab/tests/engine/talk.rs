//! Exchanges of the stage: the order that ships, with this process's memory for a line.

use std::cell::Cell;
use std::io::Read;

use selaras_model::{BundleId, DeviceId, KeyId, ReplicaId};
use selaras_sync::exchange::{
    CentreHost, Endpoint, Event, Exchange, ExchangeError, Host, Line, Notice, Outside, Report, Request, SchoolHost,
    advance, answer, carry_out, drive,
};
use selaras_sync::{
    Batch, Blobs, Centre, CentreError, Effect, EnrolledKey, Offer, Outcome, PromisedRelease, Purpose, ReturnedRelease,
    School, SchoolError, Step, Store, StoreError, Verdict,
};

use crate::stage::{CentreStage, Computer};

/// Why something could not be done, as a code and a sentence: what a person would be told.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Failed {
    pub(crate) code: String,
    said: String,
}

/// The code of a process that died: it made as many commits as it was allowed to.
pub(crate) const DIED: &str = "stage.died";

impl From<CentreError> for Failed {
    fn from(error: CentreError) -> Self {
        Self { code: error.code().to_owned(), said: format!("{error:?}") }
    }
}

impl From<SchoolError> for Failed {
    fn from(error: SchoolError) -> Self {
        Self { code: error.code().to_owned(), said: format!("{error:?}") }
    }
}

impl From<StoreError> for Failed {
    fn from(error: StoreError) -> Self {
        SchoolError::from(error).into()
    }
}

impl From<ExchangeError> for Failed {
    fn from(error: ExchangeError) -> Self {
        match error {
            ExchangeError::School(error) => error.into(),
            other => Self { code: "stage.order".to_owned(), said: other.to_string() },
        }
    }
}

/// What somebody between the two makes of an answer.
pub(crate) type Between<'s> = dyn Fn(Endpoint, &[u8]) -> Vec<u8> + 's;

/// A computer that carries out what an exchange needs, for so many commits, over a line to its centre.
pub(crate) struct Hands<'c> {
    computer: &'c Computer,
    centre: Option<&'c CentreStage>,
    between: Option<&'c Between<'c>>,
    commits: usize,
    /// Whether files are opened as the program opens them: without a look at their name.
    trusting: bool,
    pub(crate) notices: Vec<Notice>,
    /// Requests and bytes both ways, by endpoint.
    pub(crate) sent: Vec<(Endpoint, usize)>,
}

impl<'c> Hands<'c> {
    pub(crate) fn of(computer: &'c Computer) -> Self {
        Self {
            computer,
            centre: None,
            between: None,
            commits: usize::MAX,
            trusting: false,
            notices: Vec::new(),
            sent: Vec::new(),
        }
    }

    pub(crate) fn to(self, centre: &'c CentreStage) -> Self {
        Self { centre: Some(centre), ..self }
    }

    /// The same with somebody on the line who changes answers.
    pub(crate) fn with_between(self, between: &'c Between<'c>) -> Self {
        Self { between: Some(between), ..self }
    }

    /// The same for a process that dies after so many commits.
    pub(crate) fn dying_after(self, commits: usize) -> Self {
        Self { commits, ..self }
    }

    /// The same for a process that opens files as they are.
    pub(crate) fn trusting_files(self) -> Self {
        Self { trusting: true, ..self }
    }

    fn line(&self) -> &'c CentreStage {
        self.centre.expect("a computer with a line")
    }
}

impl Host for Hands<'_> {
    type Error = Failed;

    fn commit(&mut self, batch: &Batch) -> Result<(), Failed> {
        let Some(left) = self.commits.checked_sub(1) else {
            return Err(Failed { code: DIED.to_owned(), said: String::new() });
        };
        self.commits = left;
        Ok(self.computer.store.commit(batch)?)
    }

    fn perform(&mut self, effect: Effect) -> Result<(), Failed> {
        match effect {
            Effect::RemoveBlob(name) => self.computer.blobs.remove(&name)?,
            Effect::RulesChanged => self.computer.read_rules(),
            Effect::Progress { .. } => {}
        }
        Ok(())
    }

    fn resume(&mut self) -> Result<Option<Step>, Failed> {
        Ok(self.computer.school().resume()?)
    }
}

impl SchoolHost for Hands<'_> {
    fn school(&self) -> School<'_> {
        self.computer.school()
    }

    fn new_name(&mut self) -> Result<ReplicaId, Failed> {
        let installation = self.computer.school().installation()?.expect("it is installed");
        Ok(ReplicaId::from_bytes(installation.replica.as_bytes().map(|byte| byte.wrapping_add(0x40))))
    }

    fn tell(&mut self, notice: &Notice) -> Result<(), Failed> {
        self.notices.push(notice.clone());
        Ok(())
    }

    fn file(&self, name: &[u8; 32]) -> Result<Option<Box<dyn Read>>, Failed> {
        let blobs = &self.computer.blobs;
        let bytes = if self.trusting { blobs.unchecked(name)? } else { blobs.get(name)? };
        Ok(bytes.map(|bytes| Box::new(std::io::Cursor::new(bytes)) as Box<dyn Read>))
    }
}

impl Line for Hands<'_> {
    fn send(&mut self, request: &Request) -> Result<Vec<u8>, Failed> {
        let answer = self.line().try_answer(self.computer.device, request.endpoint, &request.body)?;
        self.sent.push((request.endpoint, request.body.len() + answer.len()));
        Ok(self.between.map_or_else(|| answer.clone(), |between| between(request.endpoint, &answer)))
    }

    fn refusal(error: &Failed) -> Option<&str> {
        Some(&error.code)
    }

    fn land(&mut self, bundle: BundleId, _: u64) -> Result<(), Failed> {
        let frozen = self.computer.blobs.get(bundle.as_bytes())?.expect("the sealed bundle's bytes");
        Ok(self.line().landed.put(bundle.as_bytes(), &frozen)?)
    }

    fn fetch(&mut self, offer: &Offer) -> Result<(), Failed> {
        let file = self.line().centre().snapshot(Vec::new())?;
        assert_eq!(blake3::hash(&file).as_bytes(), &offer.hash, "the log has not gone on since");
        Ok(self.computer.blobs.put(&offer.hash, &file)?)
    }
}

/// The centre of the stage, as it answers.
struct AtCentre<'c>(&'c CentreStage);

impl Host for AtCentre<'_> {
    type Error = CentreError;

    fn commit(&mut self, batch: &Batch) -> Result<(), CentreError> {
        Ok(self.0.store.commit(batch)?)
    }

    fn perform(&mut self, effect: Effect) -> Result<(), CentreError> {
        if let Effect::RemoveBlob(name) = effect {
            self.0.blobs.remove(&name)?;
        }
        Ok(())
    }

    fn resume(&mut self) -> Result<Option<Step>, CentreError> {
        self.0.centre().resume()
    }
}

impl CentreHost for AtCentre<'_> {
    fn centre(&self) -> Centre<'_> {
        self.0.centre()
    }

    fn landed(&self, bundle: BundleId) -> Result<Option<Vec<u8>>, StoreError> {
        self.0.landed.unchecked(bundle.as_bytes())
    }

    fn enrolled(&self, key: KeyId) -> Result<Option<EnrolledKey>, StoreError> {
        Ok((key == self.0.head_key() && !self.0.elsewhere).then_some(self.0.known()))
    }

    fn decided(&mut self, _: BundleId, _: &Verdict) -> Result<(), CentreError> {
        Ok(())
    }

    fn snapshot(&mut self) -> Result<Option<Offer>, CentreError> {
        if !self.0.offers.get() {
            return Ok(None);
        }
        let file = self.0.centre().snapshot(Vec::new())?;
        let version = self.0.centre().head()?.version;
        Ok(Some(Offer { version, hash: *blake3::hash(&file).as_bytes(), bytes: file.len() as u64 }))
    }

    fn lacks_release(&self, promised: &PromisedRelease) -> bool {
        !self.0.returned.borrow().iter().any(|(returned, _)| returned.promised == *promised)
    }

    fn take_release(&mut self, returned: ReturnedRelease) -> Result<(), CentreError> {
        let version = self.0.centre().head()?.version;
        self.0.returned.borrow_mut().push((returned, version));
        Ok(())
    }

    fn failed(error: CentreError) -> CentreError {
        error
    }
}

impl CentreStage {
    pub(crate) fn drive(&self, first: Option<Step>) {
        carry_out(&mut AtCentre(self), first).unwrap();
    }

    /// Answers a request, or says why not.
    pub(crate) fn try_answer(&self, device: DeviceId, endpoint: Endpoint, body: &[u8]) -> Result<Vec<u8>, CentreError> {
        answer(&mut AtCentre(self), device, endpoint, body)
    }
}

/// What an exchange brought, and what it took.
pub(crate) struct Talked {
    pub(crate) report: Report,
    pub(crate) notices: Vec<Notice>,
    pub(crate) sent: Vec<(Endpoint, usize)>,
}

impl Talked {
    /// Bytes both ways of the requests to an endpoint.
    pub(crate) fn bytes_of(&self, asked: Endpoint) -> usize {
        self.sent.iter().filter(|(endpoint, _)| *endpoint == asked).map(|(_, bytes)| bytes).sum()
    }

    pub(crate) fn outcome(&self) -> Outcome {
        match (&self.report.receipt, &self.report.refusal) {
            (Some(receipt), _) => Outcome::Receipt(receipt.clone()),
            (None, Some(refusal)) => Outcome::Refusal(refusal.clone()),
            (None, None) => Outcome::None,
        }
    }
}

/// An answer that was taken in.
pub(crate) struct Taken {
    pub(crate) outcome: Outcome,
    pub(crate) copied: bool,
    pub(crate) more: bool,
}

/// An exchange whose answer is awaited.
#[derive(Default)]
pub(crate) struct Awaited(Cell<Option<Exchange>>);

impl Computer {
    pub(crate) fn drive(&self, first: Option<Step>) {
        self.try_drive(first).unwrap();
    }

    pub(crate) fn try_drive(&self, first: Option<Step>) -> Result<(), Failed> {
        carry_out(&mut Hands::of(self), first)
    }

    /// Exchanges to the end.
    pub(crate) fn try_exchange(&self, centre: &CentreStage, purpose: Purpose) -> Result<Talked, Failed> {
        talk(Hands::of(self).to(centre), purpose)
    }

    /// Makes a request durable and gives its body; bundles over so many bytes are named in it.
    pub(crate) fn begin(&self, purpose: Purpose, above: u64) -> Vec<u8> {
        self.try_begin(purpose, above).unwrap().0
    }

    /// The same, with what was told on the way.
    pub(crate) fn try_begin(&self, purpose: Purpose, above: u64) -> Result<(Vec<u8>, Vec<Notice>), Failed> {
        let (mut exchange, mut hands) = (Exchange::new(purpose).landing_above(above), Hands::of(self));
        let mut event = Event::Begin;
        loop {
            match advance(&mut exchange, &mut hands, event)? {
                Outside::Send(request) => {
                    self.awaited.0.set(Some(exchange));
                    return Ok((request.body, hands.notices));
                }
                // What landed, and whether it did, is the test's.
                Outside::Land { .. } => event = Event::Landed,
                other => panic!("a request is made: {other:?}"),
            }
        }
    }

    /// Takes an answer in, by the exchange that awaits one.
    pub(crate) fn absorb(&self, answer: &[u8]) -> Taken {
        self.try_absorb(Hands::of(self), answer).unwrap()
    }

    /// The same in a process that dies after so many commits; says whether it died over it.
    pub(crate) fn dies_taking(&self, answer: &[u8], commits: usize) -> bool {
        match self.try_absorb(Hands::of(self).dying_after(commits), answer) {
            Err(failed) if failed.code == DIED => true,
            Err(failed) => panic!("{failed:?}"),
            Ok(_) => false,
        }
    }

    fn try_absorb(&self, mut hands: Hands<'_>, answer: &[u8]) -> Result<Taken, Failed> {
        let incoming = self.school().answer(answer)?;
        let taken = Taken { outcome: incoming.outcome().clone(), copied: incoming.copied(), more: incoming.more() };
        if self.awaited.0.take().map(|exchange| self.awaited.0.set(Some(exchange))).is_none() {
            // A late answer: whoever asks again may get it.
            self.begin(Purpose::Pull, u64::MAX);
        }
        let mut exchange = self.awaited.0.take().expect("an answer is awaited");
        advance(&mut exchange, &mut hands, Event::Answered(answer.to_vec()))?;
        Ok(taken)
    }

    /// Hands back what a restored centre lacks, and stops where it would ask again; gives how many entries those were.
    pub(crate) fn try_heal(&self, centre: &CentreStage) -> Result<(u32, u32), Failed> {
        let mut hands = Hands::of(self).to(centre);
        let mut exchange = Exchange::new(Purpose::Pull);
        advance(&mut exchange, &mut hands, Event::Begin)?;
        let mut event = Event::Refused("center.restored".to_owned());
        let mut requests = 0;
        loop {
            match advance(&mut exchange, &mut hands, event)? {
                Outside::Send(request) if request.endpoint == Endpoint::Heal => {
                    requests += 1;
                    event = Event::Answered(hands.send(&request)?);
                }
                _ => break,
            }
        }
        let handed = hands.notices.iter().find_map(|notice| match notice {
            Notice::Healed { entries } => Some(*entries),
            _ => None,
        });
        Ok((requests, handed.expect("healing comes to an end")))
    }
}

/// Follows an exchange to its end.
pub(crate) fn talk(mut hands: Hands<'_>, purpose: Purpose) -> Result<Talked, Failed> {
    let report = drive(Exchange::new(purpose), &mut hands)?;
    Ok(Talked { report, notices: hands.notices, sent: hands.sent })
}
