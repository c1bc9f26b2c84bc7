//! Becoming an installation of a school: registered at the centre, and a store made by one commit.
//!
//! The key is kept beside the store before the centre hears of it. Whoever is stopped in between and asks again shows
//! the same key, and the centre gives the same answer: no device is registered that nobody has.

use std::sync::Arc;

use data_encoding::HEXLOWER;
use ed25519_dalek::{SigningKey, VerifyingKey};
use selaras_model::{Date, DeviceId, Npsn, ReplicaId};
use selaras_storage::EngineKind;
use selaras_sync::{Batch, Installation, Key, Release, Row, Rules, School, Store};
use selaras_transport::RegisterAnswer;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::exchange::MAX_REGISTRATION;
use super::{DEVICE_ROW, KODE_ROW, Open, RECOVERING_ROW, REGISTRATION_ROW, Service};
use crate::account::Hashed;
use crate::failure::Failure;
use crate::link::{Link, Registration};
use crate::output::Output;
use crate::place::Place;
use crate::secret::Secret;

/// The largest file of a begun registration.
const MAX_BEGUN_BYTES: u64 = 4096;

/// What an installation is to be of.
pub(crate) struct Enrolment<'a> {
    /// The centre's address.
    pub(crate) server: &'a str,
    /// The school's number.
    pub(crate) npsn: Npsn,
    /// The only certificate authority to trust (PEM).
    pub(crate) ca: Option<String>,
    /// The kode registrasi.
    pub(crate) kode: &'a Secret,
    /// The engine that keeps the store.
    pub(crate) engine: EngineKind,
    /// Whether all records are to be fetched before anything else; the store remembers that they have not been.
    pub(crate) recovering: bool,
    /// The device whose place this computer takes.
    pub(crate) replaces: Option<DeviceId>,
}

/// A registration that may have reached the centre.
#[derive(Serialize, Deserialize)]
struct Begun {
    server: String,
    npsn: Npsn,
    replica: ReplicaId,
    seed: Secret,
}

/// Asks the centre for the pack and the rulebook in force.
pub(crate) fn fetch_rules(link: &Link, out: &mut dyn Output) -> Result<Fetched, Failure> {
    let answer = link.rules(out)?;
    let rules = Rules::from_texts(&answer.pack, &answer.rulebook);
    let rules = rules.map_err(|error| Failure::new("centre.rules").arg("reason", error))?;
    Ok(Fetched { rules, from: answer.from, signature: answer.signature })
}

/// Rules as they came, before the centre's key is known.
pub(crate) struct Fetched {
    pub(crate) rules: Rules,
    from: Date,
    signature: [u8; 64],
}

impl Fetched {
    /// Checks that the centre with this key gave them.
    fn signed_by(&self, centre_key: &[u8; 32]) -> Result<&Rules, Failure> {
        let unsigned = || Failure::new("rules.signature");
        let key = VerifyingKey::from_bytes(centre_key).map_err(|_| unsigned())?;
        Release::of(&self.rules, self.from).verify(&self.signature, &key).map_err(|_| unsigned())?;
        Ok(&self.rules)
    }
}

impl Enrolment<'_> {
    /// Makes the line to the centre; nothing is sent yet.
    pub(crate) fn connect(&self, service: &Service) -> Result<Link, Failure> {
        Link::connect(self.server, self.npsn, self.ca.as_deref(), service.config().line.patience(), service.turns())
    }

    fn batch(
        &self,
        service: &Service,
        installation: &Installation,
        rules: &Rules,
        answer: &RegisterAnswer,
        device_key: &SigningKey,
    ) -> Result<Batch, Failure> {
        let kode = Hashed::new(self.kode, service.config().password)?;
        let kode = serde_json::to_vec(&kode).map_err(|_| Failure::new("internal.error").arg("place", "kode row"))?;
        let seed = Zeroizing::new(device_key.to_bytes());
        let mut batch = School::install(installation, rules, answer.today)?;
        batch.put(Key::Local(DEVICE_ROW.to_owned()), Row::Bytes(seed.to_vec()));
        batch.put(Key::Local(KODE_ROW.to_owned()), Row::Bytes(kode));
        put_registration(&mut batch, answer);
        if self.recovering {
            batch.put(Key::Local(RECOVERING_ROW.to_owned()), Row::Bytes(Vec::new()));
        }
        Ok(batch)
    }
}

impl Service {
    /// Registers this computer and makes its store; says what the centre calls itself. Until its one commit it may be
    /// called again, by another process too.
    pub(crate) fn enrol(
        &mut self,
        asked: &Enrolment<'_>,
        link: &Link,
        fetched: &Fetched,
        out: &mut dyn Output,
    ) -> Result<String, Failure> {
        self.make_root()?;
        let begun = Begun::at(self.place(), asked)?;
        let device_key = begun.key()?;
        let registration = Registration {
            kode: asked.kode,
            device_key: device_key.verifying_key(),
            replica: begun.replica,
            replaces: asked.replaces,
        };
        let answer = link.register(&registration, out.lang())?;
        let rules = fetched.signed_by(&answer.centre_key)?;
        let installation = Installation {
            npsn: asked.npsn,
            replica: begun.replica,
            device: answer.device,
            centre_key: answer.centre_key,
            centre_url: asked.server.to_owned(),
            centre_name: answer.centre_name.clone(),
            centre_ca: asked.ca.clone(),
        };
        let batch = asked.batch(self, &installation, rules, &answer, &device_key)?;
        let (changelog, blobs, _) = self.create(asked.engine)?;
        let store = changelog.school(asked.npsn);
        store.commit(&batch)?;
        let open = Open::load(Arc::new(store), Arc::new(blobs))?.ok_or_else(|| Failure::new("store.missing"))?;
        self.opened(open);
        self.forget_registration();
        Ok(answer.centre_name)
    }

    /// Registers this computer again at its centre, with the school's present kode: after a restore the centre may not know
    /// it any more. What is in the store stays. Says what the centre calls itself.
    ///
    /// # Errors
    /// As the centre gives them; `answer.not-ours` where another one answers.
    pub(crate) fn enrol_again(
        &mut self,
        asked: &Enrolment<'_>,
        link: &Link,
        out: &mut dyn Output,
    ) -> Result<String, Failure> {
        let password = self.config().password;
        let open = self.open_store()?;
        let installation = open.installation().clone();
        let device_key = open.device_key()?.verifying_key();
        let replica = installation.replica;
        let answer =
            link.register(&Registration { kode: asked.kode, device_key, replica, replaces: None }, out.lang())?;
        if answer.centre_key != installation.centre_key || answer.device != installation.device {
            return Err(Failure::new("answer.not-ours"));
        }
        let kode = serde_json::to_vec(&Hashed::new(asked.kode, password)?);
        let kode = kode.map_err(|_| Failure::new("internal.error").arg("place", "kode row"))?;
        let mut batch = Batch::default();
        batch.put(Key::Local(KODE_ROW.to_owned()), Row::Bytes(kode));
        put_registration(&mut batch, &answer);
        open.commit(&batch)?;
        Ok(answer.centre_name)
    }

    /// Removes the key beside the store, once the store holds it.
    pub(crate) fn forget_registration(&self) {
        let _ = std::fs::remove_file(self.place().registering());
    }
}

fn put_registration(batch: &mut Batch, answer: &RegisterAnswer) {
    if let Some(certificate) = answer.certificate.as_ref().filter(|text| text.len() <= MAX_REGISTRATION) {
        batch.put(Key::Local(REGISTRATION_ROW.to_owned()), Row::Bytes(certificate.clone().into_bytes()));
    }
}

impl Begun {
    /// The registration that was begun here for this school at this centre, else a new one, durable.
    fn at(place: &Place, asked: &Enrolment<'_>) -> Result<Begun, Failure> {
        if let Some(begun) = Begun::read(place)
            && begun.server == asked.server
            && begun.npsn == asked.npsn
            && begun.key().is_ok()
        {
            return Ok(begun);
        }
        let seed = Zeroizing::new(crate::account::fresh_key()?.to_bytes());
        let begun = Begun {
            server: asked.server.to_owned(),
            npsn: asked.npsn,
            replica: ReplicaId::from_bytes(crate::env::random()?),
            seed: Secret::new(HEXLOWER.encode(seed.as_slice())),
        };
        let text = serde_json::to_vec(&begun).map(Zeroizing::new);
        let text = text.map_err(|_| Failure::new("internal.error").arg("place", "registering.json"))?;
        crate::platform::write_private(&place.registering(), &text)
            .map_err(|_| Failure::new("place.unwritable").arg("place", place.root().display()))?;
        Ok(begun)
    }

    /// A file that was cut short was never followed by a registration.
    fn read(place: &Place) -> Option<Begun> {
        let path = place.registering();
        if std::fs::metadata(&path).ok()?.len() > MAX_BEGUN_BYTES {
            return None;
        }
        let text = Zeroizing::new(std::fs::read(&path).ok()?);
        serde_json::from_slice(&text).ok()
    }

    fn key(&self) -> Result<SigningKey, Failure> {
        let broken = || Failure::new("internal.error").arg("place", "registering.json");
        let seed = Zeroizing::new(HEXLOWER.decode(self.seed.expose().as_bytes()).map_err(|_| broken())?);
        let seed: [u8; 32] = seed.as_slice().try_into().map_err(|_| broken())?;
        Ok(SigningKey::from_bytes(&Zeroizing::new(seed)))
    }
}
