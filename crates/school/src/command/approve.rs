//! `approve`: seals what waits and signs it with the head's key, in one step; or in three, where the head's key is on
//! another computer.

use std::path::{Path, PathBuf};

use selaras_policy::{AccountFacts, ApprovalText, KeyState, sign_elsewhere};
use selaras_sync::evidence::{read_request, read_signed, write_request, write_signed};
use selaras_sync::{Order, Signer};
use serde::{Deserialize, Serialize};

use crate::account::{Account, Source};
use crate::command::approval::ApprovalReport;
use crate::command::prepare::some;
use crate::command::verify::{read_small, refused};
use crate::command::{Done, Report};
use crate::failure::{Failure, Outcome};
use crate::output::Output;
use crate::secret::Secret;
use crate::service::{Open, Service};

/// The arguments of `approve`.
#[derive(Debug, Clone, clap::Args, Serialize, Deserialize)]
pub struct Approve {
    /// The account of the head.
    #[arg(required_unless_present_any = ["sign", "import"])]
    pub account: Option<String>,
    /// Only these modules, separated by commas; what is left behind stays a draft.
    #[arg(long, value_name = "M", value_delimiter = ',', conflicts_with_all = ["sign", "import"])]
    pub modules: Vec<String>,
    /// Only if exactly this waits still: the fingerprint that `prepare` showed with it.
    #[arg(long, value_name = "FINGERPRINT", conflicts_with_all = ["sign", "import"])]
    #[serde(default)]
    pub sheet: Option<String>,
    /// Seals, and writes what a head at another computer is asked to sign.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["sign", "import"])]
    pub export: Option<PathBuf>,
    /// Shows what another computer asks the head to sign; with `--out` and the account, signs it.
    #[arg(long, value_name = "FILE", conflicts_with = "import")]
    pub sign: Option<PathBuf>,
    /// Where the signature goes.
    #[arg(long, value_name = "FILE", requires = "sign", requires = "account")]
    pub out: Option<PathBuf>,
    /// Takes the head's signature back to the computer that asked for it.
    #[arg(long, value_name = "FILE")]
    pub import: Option<PathBuf>,
    /// The account's password.
    #[arg(skip)]
    pub password: Secret,
}

impl Approve {
    /// Whether the head's key is used on this computer.
    pub(super) fn signs(&self) -> bool {
        self.export.is_none() && self.import.is_none() && (self.sign.is_none() || self.out.is_some())
    }

    pub(super) fn run(&self, service: &mut Service, out: &mut dyn Output) -> Result<Outcome, Failure> {
        let open = service.open_store()?;
        match (&self.export, &self.sign, &self.import) {
            (Some(file), ..) => self.export(open, file, out),
            (_, Some(file), _) => self.sign(open, file, out),
            (.., Some(file)) => import(open, file, out),
            _ => self.approve(open, out),
        }
    }

    fn name(&self) -> &str {
        self.account.as_deref().unwrap_or_default()
    }

    fn approve(&self, open: &mut Open, out: &mut dyn Output) -> Result<Outcome, Failure> {
        let modules = self.modules_to_seal(open, out)?;
        let account = open.authenticate(self.name(), &self.password, &out.from())?;
        open.settle(out)?;
        let modules = some(&modules);
        if modules.is_none() {
            open.check_gate(&account, out)?;
        } else {
            open.check_entitled(&account, out)?;
        }
        let Some(sealed) = &account.key else {
            // This condition was named already; without a key there is nothing to sign with.
            return Err(Failure::new("gate.not-entitled").arg("name", &account.name));
        };
        let (key, enrolled) = (sealed.open(&account.name, &self.password)?, sealed.enrolled());
        let order = Order { modules, facts: &account.facts(), author: &account.name };
        let signer = Signer { key: &key, id: sealed.id, enrolled: enrolled.as_ref() };
        let approved = match open.school().approve(&order, &signer) {
            Ok(approved) => approved,
            Err(error) => return Err(open.explain(error, &account.name, out)),
        };
        let (bundle, records) = (approved.bundle, approved.records);
        open.apply(approved.step, out)?;
        let short: String = bundle.to_string().chars().take(16).collect();
        out.report(Done::new("approve.done").arg("records", records).arg("bundle", short).report());
        Ok(Outcome::Done)
    }

    /// What is sealed is what the head saw: the sheet is made again in the turn in which it is sealed.
    fn modules_to_seal(&self, open: &mut Open, out: &mut dyn Output) -> Result<Vec<String>, Failure> {
        match &self.sheet {
            Some(fingerprint) => open.sheet(out)?.seen(fingerprint, &self.modules),
            None => Ok(self.modules.clone()),
        }
    }

    fn export(&self, open: &mut Open, file: &Path, out: &mut dyn Output) -> Result<Outcome, Failure> {
        let text = self.ask(open, out)?;
        crate::place::write_new(file, &write_request(&text))?;
        report(open, &text, Some(file), "approve.exported", out)
    }

    /// Seals for a head elsewhere; gives what is to be signed. What was sealed before and still waits is given once more:
    /// a file is easily lost.
    pub(crate) fn ask(&self, open: &mut Open, out: &mut dyn Output) -> Result<ApprovalText, Failure> {
        let account = Account::find(open.store(), self.name())?;
        open.settle(out)?;
        match open.school().to_be_signed()? {
            Some(text) if Some(text.ptk) == account.ptk && self.modules.is_empty() => Ok(text),
            _ => self.seal(open, &account, out),
        }
    }

    fn seal(&self, open: &mut Open, account: &Account, out: &mut dyn Output) -> Result<ApprovalText, Failure> {
        let modules = self.modules_to_seal(open, out)?;
        // Whether that key is enrolled is judged when its signature comes back.
        let facts = AccountFacts { key: KeyState::Active, ..account.facts() };
        let order = Order { modules: some(&modules), facts: &facts, author: &account.name };
        let sealed = match open.school().seal_for_head(&order) {
            Ok(sealed) => sealed,
            Err(error) => return Err(open.explain(error, &account.name, out)),
        };
        open.apply(sealed.step, out)?;
        open.school().to_be_signed()?.ok_or_else(|| Failure::new("internal.error").arg("place", "seal"))
    }

    /// Signs what another computer has sealed: the counts and the digest are seen here, the records are not.
    fn sign(&self, open: &mut Open, file: &Path, out: &mut dyn Output) -> Result<Outcome, Failure> {
        let text = asked(open, &read_small(file)?, file)?;
        let Some(target) = &self.out else { return report(open, &text, None, "approve.asked", out) };
        let head = Head { name: self.name(), password: &self.password, from: &out.from() };
        let (text, signed) = sign(open, text, head, file)?;
        crate::place::write_new(target, &signed)?;
        report(open, &text, Some(target), "approve.signed", out)
    }
}

/// What another computer asks the head to sign; `file` is what the bytes are called where they are refused.
pub(crate) fn asked(open: &Open, request: &[u8], file: &Path) -> Result<ApprovalText, Failure> {
    let text = read_request(request).map_err(|error| refused(error, file))?;
    if text.npsn == open.npsn() { Ok(text) } else { Err(Failure::new("approval.other-school").arg("npsn", text.npsn)) }
}

/// A head who signs: the account, its password, and from where it is offered.
#[derive(Clone, Copy)]
pub(crate) struct Head<'h> {
    pub(crate) name: &'h str,
    pub(crate) password: &'h Secret,
    pub(crate) from: &'h Source,
}

/// Signs with the head's key; gives what was signed, and the signature as it travels.
pub(crate) fn sign(
    open: &mut Open,
    text: ApprovalText,
    head: Head<'_>,
    file: &Path,
) -> Result<(ApprovalText, Vec<u8>), Failure> {
    let account = open.authenticate(head.name, head.password, head.from)?;
    if account.ptk != Some(text.ptk) {
        return Err(Failure::new("approval.other-person").arg("name", &account.name));
    }
    let no_key = || Failure::new("approval.no-key").arg("name", &account.name);
    let sealed = account.key.as_ref().filter(|key| !key.revoked).ok_or_else(no_key)?;
    let enrolled = sealed.enrolled().ok_or_else(no_key)?;
    let key = sealed.open(&account.name, head.password)?;
    let text = ApprovalText { key: sealed.id, ..text };
    let approval =
        sign_elsewhere(text, &key).map_err(|_| Failure::new("evidence.damaged").arg("file", file.display()))?;
    Ok((approval.text().clone(), write_signed(&approval, &enrolled)))
}

fn import(open: &mut Open, file: &Path, out: &mut dyn Output) -> Result<Outcome, Failure> {
    let text = take_in(open, &read_small(file)?, file, out)?;
    report(open, &text, None, "approve.imported", out)
}

/// Takes a signature back: with it the bundle is approved. Gives what was signed.
pub(crate) fn take_in(
    open: &mut Open,
    signature: &[u8],
    file: &Path,
    out: &mut dyn Output,
) -> Result<ApprovalText, Failure> {
    let (approval, enrolled) = read_signed(signature).map_err(|error| refused(error, file))?;
    let text = approval.text().clone();
    if text.npsn != open.npsn() {
        return Err(Failure::new("approval.other-school").arg("npsn", text.npsn));
    }
    open.settle(out)?;
    let account = Account::all(open.store())?.into_iter().find(|account| account.ptk == Some(text.ptk));
    let name = account.as_ref().map(|account| account.name.clone()).unwrap_or_default();
    let known = account.map_or_else(|| AccountFacts::without_account(text.ptk), |account| account.facts());
    let facts = AccountFacts { key: KeyState::Active, ..known };
    let step = match open.school().take_approval(&approval, &enrolled, &facts, &name) {
        Ok(step) => step,
        Err(error) => return Err(open.explain(error, &name, out)),
    };
    open.apply(step, out)?;
    Ok(text)
}

/// An approval for people, with the head's name as it is known here.
pub(crate) fn told(open: &Open, text: &ApprovalText) -> ApprovalReport {
    ApprovalReport { head: open.title_of("ptk", text.ptk).ok(), ..ApprovalReport::of(text) }
}

fn report(
    open: &Open,
    text: &ApprovalText,
    file: Option<&Path>,
    done: &'static str,
    out: &mut dyn Output,
) -> Result<Outcome, Failure> {
    let file = file.map(|file| file.display().to_string());
    let approval = ApprovalReport { done: Some(done.to_owned()), file, ..told(open, text) };
    out.report(Report::Approval(Box::new(approval)));
    Ok(Outcome::Done)
}
