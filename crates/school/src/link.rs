//! The line to the centre, as the synchronous service uses it: one call, waited for, retried as the transport says.

use std::cell::RefCell;
use std::sync::Arc;
use std::time::Duration;

use ed25519_dalek::{SigningKey, VerifyingKey};
use selaras_model::{DeviceId, KeyId, Lang, Npsn, RecordId, ReplicaId};
use selaras_sync::evidence::HeadKey;
use selaras_sync::exchange::Request;
use selaras_sync::transfer::Upload;
use selaras_transport::{
    HeadAnswer, HeadRequest, HealedRequest, HealingAnswer, LinkError, LinkOptions, Parcel, Patience, RegisterAnswer,
    RegisterRequest, RulesAnswer, Sink, Telling, TokenAnswer, Traffic, Trust, Wanted, prove, system_chance,
    with_retries,
};

use crate::failure::{Failure, Reason};
use crate::output::{Output, Way};
use crate::secret::Secret;
use crate::service::Turns;

/// What a new installation says about itself.
pub(crate) struct Registration<'a> {
    /// The school's kode registrasi.
    pub(crate) kode: &'a Secret,
    /// The device's public key.
    pub(crate) device_key: VerifyingKey,
    /// The replica that the store will be.
    pub(crate) replica: ReplicaId,
    /// The device that this computer was before.
    pub(crate) replaces: Option<DeviceId>,
}

/// What a request for a token says of this computer's registration.
#[derive(Clone, Copy)]
pub(crate) enum Shown<'a> {
    /// Nothing: the centre knows this computer.
    No,
    /// It is not here, and is asked for.
    Lacking,
    /// The centre does not know this computer any more.
    This(&'a str),
}

/// A line to one centre, for one school.
pub(crate) struct Link {
    runtime: tokio::runtime::Runtime,
    wire: selaras_transport::Link,
    npsn: Npsn,
    patience: Patience,
    turns: Arc<Turns>,
}

/// Why a call had no answer: the session ended, or anything else.
pub(crate) enum CallError {
    /// The token is no longer good.
    Session,
    /// Everything else, as it is told.
    Failed(Failure),
}

impl From<Failure> for CallError {
    fn from(failure: Failure) -> CallError {
        CallError::Failed(failure)
    }
}

impl Link {
    /// Makes a line; nothing is sent yet.
    pub(crate) fn connect(
        url: &str,
        npsn: Npsn,
        ca: Option<&str>,
        patience: Patience,
        turns: &Arc<Turns>,
    ) -> Result<Link, Failure> {
        let trust = ca.map_or(Trust::System, |pem| Trust::Ca(pem.to_owned()));
        let wire = selaras_transport::Link::new(&LinkOptions::new(url, trust))
            .map_err(|error| told(&error, Lang::default()))?;
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|_| Failure::new("internal.error").arg("place", "runtime"))?;
        Ok(Link { runtime, wire, npsn, patience, turns: Arc::clone(turns) })
    }

    /// Registers this installation. It is not retried: whether the centre acted is not known after a cut, and the
    /// person who waits can try again.
    pub(crate) fn register(&self, asked: &Registration<'_>, lang: Lang) -> Result<RegisterAnswer, Failure> {
        let request = RegisterRequest {
            kode_registrasi: asked.kode.expose().to_owned(),
            device_key: asked.device_key.to_bytes(),
            replica: asked.replica,
            app_version: env!("CARGO_PKG_VERSION").to_owned(),
            replaces: asked.replaces,
        };
        self.wait(self.wire.register(self.npsn, &request))?.map_err(|error| told(&error, lang))
    }

    /// Asks for pack and rulebook.
    pub(crate) fn rules(&self, out: &mut dyn Output) -> Result<RulesAnswer, Failure> {
        let lang = out.lang();
        let asked = with_retries(self.patience, system_chance, waiting(out), |_| self.wire.rules());
        self.wait(asked)?.map_err(|error| told(&error, lang))
    }

    /// Asks for a token with the device's key.
    pub(crate) fn token(
        &self,
        (device, key): (DeviceId, &SigningKey),
        registration: Shown<'_>,
        out: &mut dyn Output,
    ) -> Result<TokenAnswer, Failure> {
        let lang = out.lang();
        let asked = with_retries(self.patience, system_chance, waiting(out), |_| async {
            // Without randomness there is no nonce that the centre has not seen; it refuses a repeated one.
            let nonce = crate::env::random().unwrap_or_default();
            let mut request = prove(key, self.npsn, device, nonce, crate::env::now());
            match registration {
                Shown::No => {}
                Shown::Lacking => request.lacks_registration = true,
                Shown::This(registration) => request.registration = Some(registration.to_owned()),
            }
            self.wire.token(self.npsn, &request).await
        });
        self.wait(asked)?.map_err(|error| told(&error, lang))
    }

    /// Has a head's key enrolled.
    pub(crate) fn enrol_head(
        &self,
        token: &str,
        kode: &Secret,
        ptk: RecordId,
        public: VerifyingKey,
        lang: Lang,
    ) -> Result<(KeyId, HeadKey), CallError> {
        let request = HeadRequest { kode_registrasi: kode.expose().to_owned(), ptk, public_key: public.to_bytes() };
        let called = self.wait(self.wire.heads(token, self.npsn, &request))?;
        let answer = called.map_err(|error| call_error(&error, lang))?;
        let HeadAnswer { key_id, enrolled_at, certificate } = answer;
        Ok((key_id, HeadKey { public: public.to_bytes(), enrolled_at, certificate }))
    }

    /// Asks whom a restored centre waits for.
    pub(crate) fn healing(&self, token: &str, out: &mut dyn Output) -> Result<HealingAnswer, CallError> {
        let lang = out.lang();
        let asked = with_retries(self.patience, system_chance, waiting(out), |_| self.wire.healing(token, self.npsn));
        self.wait(asked)?.map_err(|error| call_error(&error, lang))
    }

    /// Brings a head's word that computers will not come. It may be brought again: it says the same.
    pub(crate) fn healed(&self, token: &str, word: &HealedRequest, lang: Lang) -> Result<HealingAnswer, CallError> {
        self.wait(self.wire.healed(token, self.npsn, word))?.map_err(|error| call_error(&error, lang))
    }

    /// Sends one request of an exchange and gives its answer. The same bytes may be sent again: the centre answers a
    /// bundle that it knows as it did the first time.
    pub(crate) fn exchange(&self, token: &str, request: &Request, out: &mut dyn Output) -> Result<Vec<u8>, CallError> {
        let lang = out.lang();
        let body = bytes::Bytes::from(request.body.clone());
        let asked = with_retries(self.patience, system_chance, waiting(out), |_| {
            self.wire.exchange(token, self.npsn, request.endpoint, body.clone())
        });
        self.wait(asked)?.map(|answer| answer.to_vec()).map_err(|error| call_error(&error, lang))
    }

    /// Brings a large bundle to the centre, from wherever the centre says.
    pub(crate) fn upload(
        &self,
        token: &str,
        parcel: Parcel<'_>,
        upload: &mut Upload,
        out: &mut dyn Output,
    ) -> Result<(), CallError> {
        let lang = out.lang();
        // What landed and what is waited for are told by turns.
        let out = RefCell::new(out);
        let mut landed = |upload: &Upload| out.borrow_mut().transferred(Way::Up, upload.acknowledged(), upload.total());
        let mut waits = Waits::default();
        let mut waiting = |error: &LinkError, wait| waits.tell(&mut **out.borrow_mut(), error, wait);
        let telling = Telling { landed: &mut landed, waiting: &mut waiting };
        let sent = self.wire.upload(token, parcel, upload, self.patience, system_chance, telling);
        self.wait(sent)?.map_err(|error| call_error(&error, lang))
    }

    /// Fetches a snapshot, from where the sink is; the sink and the waits are told by turns.
    pub(crate) fn download(
        &self,
        token: &str,
        wanted: Wanted<'_>,
        sink: &mut dyn Sink,
        out: &RefCell<&mut dyn Output>,
    ) -> Result<(), CallError> {
        let lang = out.borrow().lang();
        let mut waits = Waits::default();
        let mut waiting = |error: &LinkError, wait| waits.tell(&mut **out.borrow_mut(), error, wait);
        let fetched = self.wire.download(token, wanted, sink, self.patience, system_chance, &mut waiting);
        self.wait(fetched)?.map_err(|error| call_error(&error, lang))
    }

    /// Waits without the turn: others work on the store meanwhile.
    fn wait<T>(&self, answer: impl Future<Output = T>) -> Result<T, Failure> {
        self.turns.wait_for(&self.runtime, answer)
    }

    /// What went over the line since it was made.
    pub(crate) fn traffic(&self) -> Traffic {
        self.wire.traffic()
    }
}

/// Tells the person of every wait of one call: why, until when, and which attempt it was.
#[derive(Default)]
struct Waits {
    attempts: u32,
}

impl Waits {
    fn tell(&mut self, out: &mut dyn Output, error: &LinkError, wait: Duration) {
        self.attempts += 1;
        let attempt = self.attempts;
        tracing::info!(code = error.code(), wait_ms = wait.as_millis(), attempt, "the call is tried again");
        let failure = told(error, out.lang());
        out.waiting(failure, wait, attempt);
    }
}

fn waiting(out: &mut dyn Output) -> impl FnMut(&LinkError, Duration) + '_ {
    let mut waits = Waits::default();
    move |error, wait| waits.tell(out, error, wait)
}

fn call_error(error: &LinkError, lang: Lang) -> CallError {
    match error {
        LinkError::SessionExpired(_) => CallError::Session,
        other => CallError::Failed(told(other, lang)),
    }
}

/// The longest time to come back that is believed: a centre closed over the holidays.
const LONGEST_UNTIL: i64 = 30 * 24 * 3_600;

/// A failed call as a failure: the centre's own words are kept for codes that this version does not know.
pub(crate) fn told(error: &LinkError, lang: Lang) -> Failure {
    let problem = error.problem();
    let pick = |text: &selaras_transport::Text| match lang {
        Lang::Id => text.id.clone(),
        Lang::En => text.en.clone(),
    };
    let reasons = problem.reasons.iter().map(|reason| Reason {
        place: String::new(),
        message: pick(&reason.message),
        remedy: pick(&reason.remedy),
        who: reason.who.clone(),
    });
    let mut failure = Failure::new(&problem.code).because(reasons);
    for (name, value) in &problem.args {
        failure = failure.arg(name, value);
    }
    failure = failure.arg("who", &problem.who);
    failure.again = Some(error.retry().into());
    // The call is not made again by itself any more, so that the time to come back is the person's.
    failure.until =
        problem.retry_after.map(|seconds| crate::env::now().saturating_add(i64::from(seconds).min(LONGEST_UNTIL)));
    failure.said =
        Some([("id".to_owned(), problem.message.id), ("en".to_owned(), problem.message.en)].into_iter().collect());
    failure
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

    use selaras_transport::{CatalogueEntry, Problem, Retry};

    use super::*;
    use crate::output::{Collected, Event, Wait};

    const FULL: CatalogueEntry = CatalogueEntry {
        code: "center.full",
        status: 503,
        retry: Retry::After,
        who: "nobody",
        id: "Penuh, {seconds} detik.",
        en: "Full, {seconds} seconds.",
    };

    fn full(seconds: u64) -> LinkError {
        LinkError::Busy(Box::new(Problem::of(&FULL).after(Duration::from_secs(seconds))))
    }

    #[test]
    fn every_wait_reaches_the_person_with_its_reason_its_end_and_its_number() {
        let mut said = Collected::default();
        let before = crate::env::now();
        {
            let mut tell = waiting(&mut said);
            tell(&full(30), Duration::from_millis(30_500));
            tell(&full(30), Duration::from_secs(33));
        }
        let waits: Vec<Wait> = said
            .events
            .into_iter()
            .map(|event| if let Event::Wait(wait) = event { wait } else { panic!("{event:?}") })
            .collect();
        assert_eq!(
            waits.iter().map(|wait| (wait.attempt, wait.millis)).collect::<Vec<_>>(),
            [(1, 30_500), (2, 33_000)]
        );
        assert!(waits.iter().all(|wait| wait.because.code == "center.full"));
        assert!(waits.first().unwrap().until >= before + 31, "a part of a second is a whole one");
    }

    #[test]
    fn a_failure_after_which_nobody_waits_says_when_to_come_back() {
        let before = crate::env::now();
        let until = |seconds| told(&full(seconds), Lang::En).until.unwrap();
        assert!(until(7_200) >= before + 7_200, "longer than anybody waits, and told as it is");
        assert!(until(4_000_000_000) <= crate::env::now() + LONGEST_UNTIL);
        assert_eq!(told(&LinkError::PlainHttp, Lang::En).until, None);
    }
}
