//! The line to the centre, as the synchronous service uses it: one call, waited for, retried as the transport says.

use std::time::Duration;

use ed25519_dalek::{SigningKey, VerifyingKey};
use selaras_model::{DeviceId, KeyId, Lang, Npsn, RecordId, ReplicaId};
use selaras_sync::Carry;
use selaras_sync::transfer::Upload;
use selaras_transport::{
    HeadRequest, LinkError, LinkOptions, Parcel, Patience, RegisterAnswer, RegisterRequest, RulesAnswer, Sink, Telling,
    Traffic, Trust, Wanted, prove, system_chance, with_retries,
};

use crate::failure::{Again, Failure, Reason};
use crate::secret::Secret;

/// What a new installation says about itself.
pub(crate) struct Registration<'a> {
    /// The school's kode registrasi.
    pub(crate) kode: &'a Secret,
    /// The device's public key.
    pub(crate) device_key: VerifyingKey,
    /// The replica that the store will be.
    pub(crate) replica: ReplicaId,
}

/// A line to one centre, for one school.
pub(crate) struct Link {
    runtime: tokio::runtime::Runtime,
    wire: selaras_transport::Link,
    npsn: Npsn,
}

/// Why a call had no answer: the session ended, or anything else.
pub(crate) enum CallError {
    /// The token is no longer good.
    Session,
    /// Everything else, as it is told.
    Failed(Failure),
}

impl Link {
    /// Makes a line; nothing is sent yet.
    pub(crate) fn connect(url: &str, npsn: Npsn, ca: Option<&str>) -> Result<Link, Failure> {
        let trust = ca.map_or(Trust::System, |pem| Trust::Ca(pem.to_owned()));
        let wire = selaras_transport::Link::new(&LinkOptions::new(url, trust))
            .map_err(|error| told(&error, Lang::default()))?;
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|_| Failure::new("internal.error").arg("place", "runtime"))?;
        Ok(Link { runtime, wire, npsn })
    }

    /// Registers this installation. It is not retried: whether the centre acted is not known after a cut, and the
    /// person who waits can try again.
    pub(crate) fn register(&self, asked: &Registration<'_>, lang: Lang) -> Result<RegisterAnswer, Failure> {
        let request = RegisterRequest {
            kode_registrasi: asked.kode.expose().to_owned(),
            device_key: asked.device_key.to_bytes(),
            replica: asked.replica,
            app_version: env!("CARGO_PKG_VERSION").to_owned(),
        };
        self.runtime.block_on(self.wire.register(self.npsn, &request)).map_err(|error| told(&error, lang))
    }

    /// Asks for pack and rulebook.
    pub(crate) fn rules(&self, lang: Lang) -> Result<RulesAnswer, Failure> {
        self.runtime
            .block_on(with_retries(Patience::PERSON, system_chance, waiting, |_| self.wire.rules()))
            .map_err(|error| told(&error, lang))
    }

    /// Asks for a token with the device's key.
    pub(crate) fn token(&self, device: DeviceId, key: &SigningKey, lang: Lang) -> Result<String, Failure> {
        let asked = with_retries(Patience::PERSON, system_chance, waiting, |_| async {
            // Without randomness there is no nonce that the centre has not seen; it refuses a repeated one.
            let nonce = crate::env::random().unwrap_or_default();
            let request = prove(key, self.npsn, device, nonce, crate::env::now());
            self.wire.token(self.npsn, &request).await
        });
        self.runtime.block_on(asked).map(|answer| answer.token).map_err(|error| told(&error, lang))
    }

    /// Has a head's key enrolled.
    pub(crate) fn enrol_head(
        &self,
        token: &str,
        kode: &Secret,
        ptk: RecordId,
        public: VerifyingKey,
        lang: Lang,
    ) -> Result<KeyId, CallError> {
        let request = HeadRequest { kode_registrasi: kode.expose().to_owned(), ptk, public_key: public.to_bytes() };
        let called = self.runtime.block_on(self.wire.heads(token, self.npsn, &request));
        called.map(|answer| answer.key_id).map_err(|error| call_error(&error, lang))
    }

    /// Sends one exchange and gives its answer. The same bytes may be sent again: the centre answers a bundle that it
    /// knows as it did the first time.
    pub(crate) fn exchange(&self, token: &str, carry: Carry, body: Vec<u8>, lang: Lang) -> Result<Vec<u8>, CallError> {
        let body = bytes::Bytes::from(body);
        let asked = with_retries(Patience::PERSON, system_chance, waiting, |_| {
            self.wire.exchange(token, self.npsn, carry, body.clone())
        });
        self.runtime.block_on(asked).map(|answer| answer.to_vec()).map_err(|error| call_error(&error, lang))
    }

    /// Brings a large bundle to the centre, from wherever the centre says; `landed` is told whenever it has more.
    pub(crate) fn upload(
        &self,
        token: &str,
        parcel: Parcel<'_>,
        upload: &mut Upload,
        landed: &mut dyn FnMut(&Upload),
        lang: Lang,
    ) -> Result<(), CallError> {
        let telling = Telling { landed, waiting: &mut waiting };
        let sent = self.wire.upload(token, parcel, upload, Patience::PERSON, system_chance, telling);
        self.runtime.block_on(sent).map_err(|error| call_error(&error, lang))
    }

    /// Fetches a snapshot, from where the sink is.
    pub(crate) fn download(
        &self,
        token: &str,
        wanted: Wanted<'_>,
        sink: &mut dyn Sink,
        lang: Lang,
    ) -> Result<(), CallError> {
        let mut tell = waiting;
        let fetched = self.wire.download(token, wanted, sink, Patience::PERSON, system_chance, &mut tell);
        self.runtime.block_on(fetched).map_err(|error| call_error(&error, lang))
    }

    /// What went over the line since it was made.
    pub(crate) fn traffic(&self) -> Traffic {
        self.wire.traffic()
    }
}

fn waiting(error: &LinkError, wait: Duration) {
    tracing::info!(code = error.code(), wait_ms = wait.as_millis(), "the call is tried again");
}

fn call_error(error: &LinkError, lang: Lang) -> CallError {
    match error {
        LinkError::SessionExpired(_) => CallError::Session,
        other => CallError::Failed(told(other, lang)),
    }
}

/// A failed call as a failure: the centre's own words are kept for codes that this version does not know.
fn told(error: &LinkError, lang: Lang) -> Failure {
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
    failure.again = Some(match error.retry() {
        selaras_transport::Retry::Now => Again::Now,
        selaras_transport::Retry::After => Again::After,
        selaras_transport::Retry::AfterHumanAction => Again::AfterHumanAction,
        selaras_transport::Retry::Never => Again::Never,
    });
    failure.said =
        Some([("id".to_owned(), problem.message.id), ("en".to_owned(), problem.message.en)].into_iter().collect());
    failure
}
