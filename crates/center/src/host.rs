//! The running centre: store, keys, rules, counts. One value, shared by all requests.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use data_encoding::HEXLOWER_PERMISSIVE;
use ed25519_dalek::SigningKey;
use selaras_model::{EpochId, Npsn};
use selaras_storage::{Changelog, EngineKind, FileBlobs, LastStop, open_store};
use selaras_sync::{CentreKeys, DeviceCertificate, Rules, StoreError};
use selaras_transport::Problem;
use selaras_transport::server::BodyBudget;

use crate::access::{Accounts, AddressGuesses, Kode, KodeProofs, Nonces, Staff, TokenKey};
use crate::audit::{Audit, Event, TipKeeper, ok};
use crate::catalogue::problem;
use crate::clock::Clock;
use crate::config::Config;
use crate::dates::{Acting, Dates};
use crate::desk::rows::{self, CENTRE, CentreRow};
use crate::desk::{Desk, found, found_again, stored};
use crate::failure::Failure;
use crate::lanes::{Lanes, Urgency};
use crate::metrics::Metrics;
use crate::releases::Releases;
use crate::signed::Signed;
use crate::snapshots::Snapshots;
use crate::uploads::Uploads;

/// The scope of rows that belong to no school.
pub(crate) const NOBODY: [u8; 8] = *b"00000000";

/// The centre.
pub(crate) struct Host {
    pub(crate) config: Config,
    pub(crate) clock: Clock,
    pub(crate) changelog: Changelog,
    pub(crate) releases: Releases,
    /// The dates that it has acted on.
    pub(crate) dates: Dates,
    pub(crate) audit: Audit,
    pub(crate) keys: CentreKeys,
    pub(crate) tokens: TokenKey,
    pub(crate) kodes: KodeProofs,
    pub(crate) epoch: EpochId,
    pub(crate) signed: Signed,
    pub(crate) addresses: AddressGuesses,
    pub(crate) nonces: Nonces,
    pub(crate) lanes: Lanes,
    pub(crate) budget: BodyBudget,
    pub(crate) uploads: Uploads,
    pub(crate) snapshots: Snapshots,
    pub(crate) metrics: Metrics,
    pub(crate) probes: crate::api::Probes,
    /// Why schools are turned away for now.
    pub(crate) closed: Option<String>,
    admin_token: blake3::Hash,
    /// Accounts of the Dinas and the centre.
    pub(crate) accounts: Accounts,
    /// Wrong operators' tokens by address.
    pub(crate) strangers: AddressGuesses,
    blobs: PathBuf,
    /// The data directory.
    pub(crate) data: PathBuf,
}

impl Host {
    /// Opens a data directory that `init` made.
    pub(crate) fn open(data: &Path, config: Config, closed: Option<String>) -> Result<Self, Failure> {
        let changelog = open_changelog(data, config.cache_mib, EngineKind::default())?;
        let global = changelog.school(nobody()?);
        let row: CentreRow = rows::read(&global, CENTRE)
            .map_err(|error| Failure::local("the store cannot be read", &error))?
            .ok_or_else(|| Failure::data("the store has no centre; run `selaras-center init` on an empty directory"))?;
        let seed = read_seed(&data.join(KEY_FILE))?;
        let keys = CentreKeys { signing: SigningKey::from_bytes(&seed) };
        let unread = |error: StoreError| Failure::local("pack or rulebook", &error);
        let releases = Releases::open(global.clone(), load_rules(data, &config)?, &keys).map_err(unread)?;
        let dates = Dates::open(global.clone()).map_err(|error| Failure::local("the dates", &error))?;
        let clock = Clock::east(config.date_offset_hours);
        let began =
            Event { who: "centre".to_owned(), what: "started".to_owned(), about: row.epoch.to_string(), ..ok() };
        let audit = Audit::open(data, clock, TipKeeper::new(global, data), began)
            .map_err(|error| Failure::local("the audit log (see docs/audit.md, \"A damaged log\")", &error))?;
        let workers = match config.workers {
            0 => std::thread::available_parallelism().map_or(2, std::num::NonZero::get),
            some => some,
        };
        let patience = Duration::from_secs(u64::from(config.wait_seconds));
        let host = Self {
            clock,
            audit,
            releases,
            dates,
            keys,
            tokens: TokenKey::derive(&seed),
            kodes: KodeProofs::derive(&seed),
            epoch: row.epoch,
            signed: Signed::open(data, row.epoch, &changelog)?,
            addresses: AddressGuesses::default(),
            nonces: Nonces::default(),
            lanes: Lanes::new(workers, config.waiting, patience),
            budget: BodyBudget::new(config.bodies_mib << 20),
            uploads: Uploads::new(data.join("uploads"), config.uploads),
            snapshots: Snapshots::new(data.join("snapshots")),
            metrics: Metrics::new(),
            probes: crate::api::Probes::default(),
            closed,
            admin_token: blake3::Hash::from_bytes(row.admin_token),
            accounts: Accounts::open(changelog.school(nobody()?))
                .map_err(|error| Failure::local("the accounts cannot be read", &error))?,
            strangers: AddressGuesses::default(),
            blobs: data.join("blobs"),
            data: data.to_owned(),
            changelog,
            config,
        };
        let schools = host.schools(None, usize::MAX).map_err(|problem| Failure::data(&problem.message.en))?;
        host.metrics.schools.set(i64::try_from(schools.len()).unwrap_or(i64::MAX));
        Ok(host)
    }

    /// Works at a school's desk on a blocking thread, alone on that school.
    pub(crate) async fn at<T: Send + 'static>(
        self: &Arc<Self>,
        npsn: Npsn,
        work: impl FnOnce(&Desk) -> Result<T, Problem> + Send + 'static,
    ) -> Result<T, Problem> {
        self.at_once(npsn, Urgency::Usual, work).await
    }

    /// The same, for work that says how much depends on its being taken now.
    pub(crate) async fn at_once<T: Send + 'static>(
        self: &Arc<Self>,
        npsn: Npsn,
        urgency: Urgency,
        work: impl FnOnce(&Desk) -> Result<T, Problem> + Send + 'static,
    ) -> Result<T, Problem> {
        let host = Arc::clone(self);
        self.lanes.run(npsn, urgency, move || work(&Desk::open(host, npsn)?)).await
    }

    /// Makes a school known.
    pub(crate) async fn found(self: &Arc<Self>, npsn: Npsn, name: String) -> Result<Kode, Problem> {
        let host = Arc::clone(self);
        self.lanes.run(npsn, Urgency::Usual, move || found(&host, npsn, name)).await
    }

    /// Makes a school known again that a computer of it came back to.
    pub(crate) async fn found_again(self: &Arc<Self>, certificate: DeviceCertificate) -> Result<(), Problem> {
        let host = Arc::clone(self);
        self.lanes.run(certificate.npsn, Urgency::Usual, move || found_again(&host, &certificate)).await
    }

    /// The schools known, in order; one more than `most` tells that there are more.
    pub(crate) fn schools(&self, after: Option<Npsn>, most: usize) -> Result<Vec<Npsn>, Problem> {
        let mut found = Vec::new();
        self.changelog
            .schools(&mut |npsn| {
                if *npsn.as_bytes() != NOBODY && after.is_none_or(|after| npsn > after) {
                    found.push(npsn);
                }
                if found.len() > most { selaras_sync::Flow::Stop } else { selaras_sync::Flow::Continue }
            })
            .map_err(|error| stored(&error))?;
        Ok(found)
    }

    /// The date by which something is done now, with pack and rulebook of that day and what follows them.
    pub(crate) fn acting(&self) -> Result<Acting, Problem> {
        let clock = self.clock.today().ok_or_else(|| problem("center.failed"))?;
        self.dates.acting(clock, &self.releases).map_err(|error| stored(&error))
    }

    /// The bundles and other files of a school.
    pub(crate) fn blobs(&self, npsn: Npsn) -> Result<FileBlobs, StoreError> {
        FileBlobs::open(&self.blobs.join(npsn.to_string()))
    }

    /// Whose operator's token this is; compared in constant time.
    pub(crate) fn staff(&self, token: &str) -> Result<Staff, Problem> {
        if blake3::hash(token.as_bytes()) == self.admin_token {
            return Ok(Staff::root());
        }
        self.accounts.of_token(token)
    }
}

/// A school's number from a path.
pub(crate) fn school(text: &str) -> Result<Npsn, Problem> {
    let npsn: Npsn = text.parse().map_err(|_| problem("school.bad-npsn"))?;
    if *npsn.as_bytes() == NOBODY { Err(problem("school.bad-npsn")) } else { Ok(npsn) }
}

/// The signing key's file.
pub(crate) const KEY_FILE: &str = "centre.key";

/// The scope of rows that belong to no school.
pub(crate) fn nobody() -> Result<Npsn, Failure> {
    Npsn::from_bytes(NOBODY).map_err(|error| Failure::local("NPSN", &error))
}

/// Opens the store, or makes it.
pub(crate) fn open_changelog(data: &Path, cache_mib: u32, made_with: EngineKind) -> Result<Changelog, Failure> {
    let cannot = |error: &dyn std::fmt::Display| Failure::local("the store cannot be opened", error);
    let opened =
        open_store(&data.join("store"), made_with, u64::from(cache_mib) << 20).map_err(|error| cannot(&error))?;
    if opened.last_stop == LastStop::Unclean {
        // The store of a whole country is not looked through before the first school is served; each row is checked when
        // it is read.
        tracing::warn!(engine = %opened.kind, "the store was not closed when the centre last ended");
    }
    Changelog::new(opened.engine).map_err(|error| cannot(&error))
}

fn read_seed(path: &Path) -> Result<[u8; 32], Failure> {
    let text =
        std::fs::read_to_string(path).map_err(|error| Failure::local("the centre's key cannot be read", &error))?;
    let bytes = HEXLOWER_PERMISSIVE.decode(text.trim().as_bytes()).unwrap_or_default();
    bytes.try_into().map_err(|_| Failure::data("the centre's key is damaged"))
}

/// The rules of the configuration, else those that came with this version.
fn load_rules(data: &Path, config: &Config) -> Result<Rules, Failure> {
    let builtin = Rules::builtin();
    let text = |path: &Option<PathBuf>, own: &str| match path {
        Some(path) => std::fs::read_to_string(data.join(path))
            .map_err(|error| Failure::local("pack or rulebook cannot be read", &error)),
        None => Ok(own.to_owned()),
    };
    if config.pack.is_none() && config.rulebook.is_none() {
        return Ok(builtin);
    }
    let pack = text(&config.pack, builtin.pack.source())?;
    let rulebook = text(&config.rulebook, builtin.rulebook.source())?;
    Rules::from_texts(&pack, &rulebook).map_err(|error| Failure::local("pack or rulebook is not valid", &error))
}
