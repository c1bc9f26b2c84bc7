//! `init`: registers this computer at the centre and makes an empty store.

use std::path::PathBuf;
use std::sync::Arc;

use ed25519_dalek::SigningKey;
use selaras_model::{Date, Npsn, ReplicaId};
use selaras_sync::{Installation, Key, Row, Rules, School, Store};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::account::Hashed;
use crate::command::Done;
use crate::failure::{Failure, Outcome};
use crate::link::{Link, Registration};
use crate::output::Output;
use crate::secret::Secret;
use crate::service::{DEVICE_ROW, KODE_ROW, Open, Service};

/// The arguments of `init`.
#[derive(Debug, Clone, clap::Args, Serialize, Deserialize)]
pub struct Init {
    /// The centre's address.
    #[arg(long, value_name = "URL")]
    pub server: String,
    /// The school's number.
    #[arg(long, value_name = "N")]
    pub npsn: Npsn,
    /// A file with the centre's certificate authority (PEM); then no other is trusted.
    #[arg(long, value_name = "FILE")]
    pub ca: Option<PathBuf>,
    /// The kode registrasi.
    #[arg(skip)]
    pub kode: Secret,
}

/// The largest file of a certificate authority.
const MAX_CA_BYTES: usize = 64 << 10;

impl Init {
    pub(super) fn run(&self, service: &mut Service, out: &mut dyn Output) -> Result<Outcome, Failure> {
        if service.is_installed() {
            return Err(Failure::new("store.exists").arg("place", service.place().root().display()));
        }
        let ca = self.ca.as_ref().map(|path| read_ca(path)).transpose()?;
        let device_key = crate::account::fresh_key()?;
        let replica = ReplicaId::from_bytes(crate::env::random()?);
        let link = Link::connect(&self.server, self.npsn, ca.as_deref(), service.config().line.patience())?;
        let asked = Registration { kode: &self.kode, device_key: device_key.verifying_key(), replica };
        let registered = link.register(&asked, out.lang())?;
        let rules = link.rules(out)?;
        let rules = Rules::from_texts(&rules.pack, &rules.rulebook)
            .map_err(|error| Failure::new("centre.rules").arg("reason", error))?;
        let today: Date = registered.today;
        let installation = Installation {
            npsn: self.npsn,
            replica,
            device: registered.device,
            centre_key: registered.centre_key,
            centre_url: self.server.clone(),
            centre_name: registered.centre_name.clone(),
            centre_ca: ca,
        };
        let open = self.install(service, &installation, &rules, today, &device_key)?;
        service.opened(open);
        let done = Done::new("init.done").arg("npsn", self.npsn).arg("centre", &registered.centre_name);
        out.report(done.arg("place", service.place().root().display()).report());
        Ok(Outcome::Done)
    }

    /// One commit makes the store this school's: until then `init` may be run again.
    fn install(
        &self,
        service: &Service,
        installation: &Installation,
        rules: &Rules,
        today: Date,
        device_key: &SigningKey,
    ) -> Result<Open, Failure> {
        let kode = Hashed::new(&self.kode, service.config().password)?;
        let kode = serde_json::to_vec(&kode).map_err(|_| Failure::new("internal.error").arg("place", "kode row"))?;
        let seed = Zeroizing::new(device_key.to_bytes());
        let mut batch = School::install(installation, rules, today)?;
        batch.put(Key::Local(DEVICE_ROW.to_owned()), Row::Bytes(seed.to_vec()));
        batch.put(Key::Local(KODE_ROW.to_owned()), Row::Bytes(kode));
        let (changelog, blobs) = service.create()?;
        let store = changelog.school(self.npsn);
        store.commit(&batch)?;
        Open::load(Arc::new(store), Arc::new(blobs))?.ok_or_else(|| Failure::new("store.missing"))
    }
}

pub(super) fn read_ca(path: &std::path::Path) -> Result<String, Failure> {
    let text = std::fs::read_to_string(path).map_err(|_| Failure::new("input.file").arg("file", path.display()))?;
    if text.len() > MAX_CA_BYTES || !text.contains("BEGIN CERTIFICATE") {
        return Err(Failure::new("input.ca").arg("file", path.display()));
    }
    Ok(text)
}
