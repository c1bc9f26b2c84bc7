//! `head healed`: whom a restored centre waits for, and the head's word that some of them will not come.
//!
//! Without computers it lists them. With them the head signs exactly those that are named: what was listed and what is
//! signed are one.

use selaras_model::DeviceId;
use selaras_sync::GivenUp;
use selaras_transport::{HealedRequest, HealingAnswer};
use serde::{Deserialize, Serialize};

use crate::catalogue::Words;
use crate::command::Report;
use crate::failure::{Failure, Outcome};
use crate::output::Output;
use crate::page::{Manner, Page};
use crate::secret::Secret;
use crate::service::Service;

/// The arguments of `head healed`.
#[derive(Debug, Clone, clap::Args, Serialize, Deserialize)]
pub struct Healed {
    /// The account of the head.
    pub account: String,
    /// A computer that will not come; may be given again.
    #[arg(long = "device", value_name = "ID")]
    pub devices: Vec<DeviceId>,
    /// The account's password.
    #[arg(skip)]
    pub password: Secret,
}

impl Healed {
    /// Whether the head's key is used.
    pub(super) fn signs(&self) -> bool {
        !self.devices.is_empty()
    }

    pub(super) fn run(&self, service: &mut Service, out: &mut dyn Output) -> Result<Outcome, Failure> {
        let open = service.open_store()?;
        if !self.signs() {
            let answer = open.with_token(out, |link, token, out| link.healing(token, out))?;
            out.report(Report::Waiting(WaitingReport::new(&self.account, answer, &[])));
            return Ok(Outcome::Done);
        }
        let account = open.authenticate(&self.account, &self.password, &out.from())?;
        open.check_entitled(&account, out)?;
        let Some(sealed) = &account.key else {
            return Err(Failure::new("gate.not-entitled").arg("name", &account.name));
        };
        let key = sealed.open(&account.name, &self.password)?;
        // The life of the centre's database is the centre's to tell: this computer may not have pulled since the restore.
        let HealingAnswer { epoch, .. } = open.with_token(out, |link, token, out| link.healing(token, out))?;
        let devices = self.devices.iter().copied().collect();
        let word = GivenUp::sign(open.installation().npsn, epoch, devices, (sealed.id, &key));
        let given_up: Vec<DeviceId> = word.devices.iter().copied().collect();
        let request = HealedRequest { epoch, devices: given_up.clone(), key: word.key, signature: word.signature };
        let answer = open.with_token(out, |link, token, out| link.healed(token, &request, out.lang()))?;
        out.report(Report::Waiting(WaitingReport::new(&self.account, answer, &given_up)));
        Ok(Outcome::Done)
    }
}

/// Whom the centre waits for.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WaitingReport {
    /// The head's account.
    account: String,
    /// The computers that it waits for.
    pub waiting: Vec<WaitingLine>,
    /// Those that the head has just given up.
    pub given_up: Vec<String>,
}

/// A computer that the centre waits for.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WaitingLine {
    /// Its name.
    pub device: String,
    /// When it was registered.
    pub registered_at: String,
    /// When it was last at the centre; none where nobody knows.
    pub seen_at: Option<String>,
}

impl WaitingReport {
    fn new(account: &str, answer: HealingAnswer, given_up: &[DeviceId]) -> Self {
        let waiting = answer.waiting.into_iter().map(|waits| WaitingLine {
            device: waits.device.to_string(),
            registered_at: crate::env::local_time(waits.registered_at),
            seen_at: waits.seen_at.map(crate::env::local_time),
        });
        Self {
            account: account.to_owned(),
            waiting: waiting.collect(),
            given_up: given_up.iter().map(ToString::to_string).collect(),
        }
    }

    pub(super) fn show(&self, words: Words, page: &mut Page) {
        for device in &self.given_up {
            page.line(Manner::Good, words.fill("healed.given-up", &[("device", device)]));
        }
        if self.waiting.is_empty() {
            return page.line(Manner::Good, words.say("healed.none"));
        }
        for line in &self.waiting {
            let seen = line.seen_at.as_deref().unwrap_or_else(|| words.say("healed.never"));
            let args: [(&str, &dyn std::fmt::Display); 3] =
                [("device", &line.device), ("registered", &line.registered_at), ("seen", &seen)];
            page.plain(words.fill("healed.waits", &args));
        }
        page.line(Manner::Faint, words.fill("healed.how", &[("name", &self.account)]));
    }
}
