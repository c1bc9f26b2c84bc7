//! `init`: registers this computer at the centre and makes an empty store.

use std::path::PathBuf;

use selaras_model::Npsn;
use selaras_storage::EngineKind;
use serde::{Deserialize, Serialize};

use crate::command::Done;
use crate::failure::{Failure, Outcome};
use crate::output::Output;
use crate::secret::Secret;
use crate::service::{Enrolment, Service, fetch_rules};

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
    /// The engine that keeps the store: sled or redb.
    #[arg(long, value_name = "ENGINE", default_value_t)]
    #[serde(default)]
    pub engine: EngineKind,
    /// The kode registrasi.
    #[arg(skip)]
    pub kode: Secret,
}

/// The largest file of a certificate authority.
const MAX_CA_BYTES: usize = 64 << 10;

impl Init {
    pub(super) fn run(&self, service: &mut Service, out: &mut dyn Output) -> Result<Outcome, Failure> {
        // A store of this school is registered again; any other stays as it is.
        let again = service.is_installed();
        if again && service.open_store()?.npsn() != self.npsn {
            return Err(Failure::new("store.exists").arg("place", service.place().root().display()));
        }
        let ca = self.ca.as_ref().map(|path| read_ca(path)).transpose()?;
        let asked = Enrolment {
            server: &self.server,
            npsn: self.npsn,
            ca,
            kode: &self.kode,
            engine: self.engine,
            recovering: false,
            replaces: None,
        };
        let link = asked.connect(service)?;
        let centre = if again {
            service.enrol_again(&asked, &link, out)?
        } else {
            let rules = fetch_rules(&link, out)?;
            service.enrol(&asked, &link, &rules, out)?
        };
        let done = Done::new("init.done").arg("npsn", self.npsn).arg("centre", centre);
        out.report(done.arg("place", service.place().root().display()).report());
        Ok(Outcome::Done)
    }
}

pub(super) fn read_ca(path: &std::path::Path) -> Result<String, Failure> {
    let text = std::fs::read_to_string(path).map_err(|_| Failure::new("input.file").arg("file", path.display()))?;
    if text.len() > MAX_CA_BYTES || !text.contains("BEGIN CERTIFICATE") {
        return Err(Failure::new("input.ca").arg("file", path.display()));
    }
    Ok(text)
}
