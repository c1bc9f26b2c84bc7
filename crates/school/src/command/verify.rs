//! `verify`: whether an evidence file holds, without a line and without a store.

use std::io::Read as _;
use std::path::{Path, PathBuf};

use data_encoding::HEXLOWER_PERMISSIVE;
use selaras_sync::evidence::{Evidence, EvidenceError, MAX_FILE_BYTES};
use selaras_sync::limits::MAX_BUNDLE_BYTES;
use serde::{Deserialize, Serialize};

use crate::catalogue::Words;
use crate::command::Report;
use crate::command::approval::ApprovalReport;
use crate::failure::{Failure, Outcome};
use crate::output::Output;
use crate::page::{Manner, Page};
use crate::service::Service;

/// The arguments of `verify`.
#[derive(Debug, Clone, clap::Args, Serialize, Deserialize)]
pub struct Verify {
    /// The evidence file.
    pub file: PathBuf,
    /// The bundle's bytes, to be checked as well.
    #[arg(long, value_name = "FILE")]
    pub bundle: Option<PathBuf>,
    /// The centre's public key, 64 hexadecimal digits; without it that of this computer's installation.
    #[arg(long, value_name = "HEX")]
    pub centre_key: Option<String>,
}

impl Verify {
    pub(super) fn run(&self, service: &mut Service, out: &mut dyn Output) -> Result<Outcome, Failure> {
        let centre = self.centre(service)?;
        let evidence = Evidence::from_bytes(&read_small(&self.file)?).map_err(|error| refused(error, &self.file))?;
        let receipt = evidence.verify().map_err(|error| refused(error, &self.file))?;
        if let Some(file) = &self.bundle {
            let frozen = read_limited(file, MAX_BUNDLE_BYTES)?;
            evidence.verify_bundle(&frozen).map_err(|error| refused(error, file))?;
        }
        if centre.is_some_and(|centre| centre != evidence.centre_key) {
            return Err(Failure::new("evidence.other-centre").arg("file", self.file.display()));
        }
        out.report(Report::Verified(Box::new(VerifiedReport {
            short_code: receipt.short_code(),
            version: receipt.entry().version.get(),
            arrived: crate::env::local_time(receipt.entry().at),
            bundle_checked: self.bundle.is_some(),
            centre_known: centre.is_some(),
            approval: ApprovalReport::of(evidence.approval.text()),
        })));
        // All of it belongs together; whether it is the ministry's centre that signed, nobody here knows.
        if centre.is_none() { Err(Failure::new("evidence.centre-unknown")) } else { Ok(Outcome::Done) }
    }

    fn centre(&self, service: &mut Service) -> Result<Option<[u8; 32]>, Failure> {
        match &self.centre_key {
            Some(text) => {
                let bytes = HEXLOWER_PERMISSIVE.decode(text.trim().as_bytes()).ok();
                let key = bytes.and_then(|bytes| bytes.try_into().ok());
                Ok(Some(key.ok_or_else(|| Failure::new("input.centre-key"))?))
            }
            None => Ok(service.open_store().ok().map(|open| open.installation().centre_key)),
        }
    }
}

/// Reads a file that people carry.
pub(super) fn read_small(path: &Path) -> Result<Vec<u8>, Failure> {
    read_limited(path, MAX_FILE_BYTES)
}

fn read_limited(path: &Path, most: usize) -> Result<Vec<u8>, Failure> {
    let unreadable = |_| Failure::new("input.file").arg("file", path.display());
    let mut bytes = Vec::new();
    let file = std::fs::File::open(path).map_err(unreadable)?;
    // A byte more than allowed is enough to see that it is too long.
    file.take(most as u64 + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    Ok(bytes)
}

/// What does not hold, by its code.
pub(super) fn refused(error: EvidenceError, file: &Path) -> Failure {
    let code = match error {
        EvidenceError::Kind => "evidence.kind",
        EvidenceError::Format(_) => "evidence.format",
        EvidenceError::Damaged => "evidence.damaged",
        EvidenceError::Entry => "evidence.entry",
        EvidenceError::HeadKey => "evidence.head-key",
        EvidenceError::Signature => "evidence.signature",
        EvidenceError::Mismatch => "evidence.mismatch",
        EvidenceError::Bundle => "evidence.bundle",
    };
    let failure = Failure::new(code).arg("file", file.display());
    if let EvidenceError::Format(found) = error { failure.arg("found", found) } else { failure }
}

/// An evidence file that holds.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VerifiedReport {
    /// The receipt's short code.
    pub short_code: String,
    /// The version of the school's log that the bundle became.
    pub version: u64,
    /// When it arrived, by the centre's clock.
    pub arrived: String,
    /// Whether the bundle's bytes were checked.
    pub bundle_checked: bool,
    /// Whether the centre's key was known beforehand.
    pub centre_known: bool,
    /// What was approved.
    pub approval: ApprovalReport,
}

impl VerifiedReport {
    pub(super) fn show(&self, words: Words, page: &mut Page) {
        page.line(Manner::Good, words.fill("receipt.head", &[("code", &self.short_code)]));
        page.pair(words.say("receipt.version"), words.number(self.version));
        page.pair(words.say("verify.arrived"), &self.arrived);
        self.approval.show(words, page);
        page.line(Manner::Good, words.say("verify.holds"));
        let (manner, key) =
            if self.bundle_checked { (Manner::Good, "verify.bundle") } else { (Manner::Faint, "verify.no-bundle") };
        page.line(manner, words.say(key));
    }
}
