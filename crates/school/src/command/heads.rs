//! Who may approve, for `status`: everybody who heads the school or could, what each lacks, and the way there.

use selaras_policy::{Entitlement, Unmet};
use serde::{Deserialize, Serialize};

use crate::account::Account;
use crate::catalogue::Words;
use crate::failure::{Failure, Reason};
use crate::output::Output;
use crate::page::{Manner, Page};
use crate::service::{Open, unmet_reason, who_key};

/// A person who heads the school, or could.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeadLine {
    /// The account, when there is one.
    pub account: Option<String>,
    /// The person's name.
    pub title: Option<String>,
    /// Whether this account may approve.
    pub may_approve: bool,
    /// Every condition that is not met.
    pub unmet: Vec<Reason>,
    /// The way from here to an approval, in the order in which it is gone; what is done is no longer in it.
    pub steps: Vec<PathStep>,
}

/// A step of the way to an approval.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PathStep {
    /// Its place, from 1.
    pub number: usize,
    /// The condition that it meets, or `approve`.
    pub step: String,
    /// What is to be done.
    pub what: String,
    /// Who has to act: a key of the catalogue's `who`.
    pub who: String,
    /// What is typed on this computer.
    pub command: String,
}

/// Accounts that approve, then people that the records name as heads and that have no account. Someone whose account
/// lacks the role is one of these too: the role is a step of the way.
pub(crate) fn heads(open: &Open, out: &dyn Output, waits: bool) -> Result<Vec<HeadLine>, Failure> {
    let named = open.heads()?;
    let mut lines = Vec::new();
    let mut with_account = Vec::new();
    for account in Account::all(open.store())? {
        let is_named = account.ptk.is_some_and(|ptk| named.contains(&ptk));
        if !account.approves() && !is_named {
            continue;
        }
        with_account.extend(account.ptk);
        lines.push(HeadLine {
            title: account.ptk.map(|id| open.title_of("ptk", id)).transpose()?,
            ..head_line(open.entitlement(&account)?, Some(account.name), waits, out)
        });
    }
    for ptk in named.into_iter().filter(|ptk| !with_account.contains(ptk)) {
        let title = Some(open.title_of("ptk", ptk)?);
        lines.push(HeadLine { title, ..head_line(open.candidate_entitlement(ptk)?, None, waits, out) });
    }
    Ok(lines)
}

fn head_line(entitlement: Entitlement, account: Option<String>, waits: bool, out: &dyn Output) -> HeadLine {
    let unmet = match entitlement {
        Entitlement::May(_) => Vec::new(),
        Entitlement::MayNot(unmet) => unmet,
    };
    let steps = steps(&unmet, account.as_deref(), waits, out);
    let may_approve = unmet.is_empty() && account.is_some();
    let unmet = unmet.iter().map(|unmet| unmet_reason(unmet, out.lang())).collect();
    HeadLine { may_approve, account, title: None, unmet, steps }
}

/// The way to an approval: a step for each condition, then the approval where something waits for one.
fn steps(unmet: &[Unmet], account: Option<&str>, waits: bool, out: &dyn Output) -> Vec<PathStep> {
    let words = Words(out.lang());
    let name = account.unwrap_or_else(|| words.say("status.account"));
    let mut steps: Vec<PathStep> = unmet
        .iter()
        .map(|unmet| PathStep {
            number: 0,
            step: unmet.condition.to_string(),
            what: unmet.render(out.lang()).remedy,
            who: who_key(unmet.who).to_owned(),
            command: unmet.command(name),
        })
        .collect();
    if waits {
        steps.push(PathStep {
            number: 0,
            step: "approve".to_owned(),
            what: words.say("status.approve").to_owned(),
            who: "head".to_owned(),
            command: format!("selaras approve {name}"),
        });
    }
    for (number, step) in (1..).zip(&mut steps) {
        step.number = number;
    }
    steps
}

impl HeadLine {
    fn show_steps(&self, words: Words, page: &mut Page) {
        for step in &self.steps {
            page.plain(format!("    {}. {} ({})", step.number, step.what, words.who(&step.who)));
            page.line(Manner::Faint, format!("       {}", step.command));
        }
    }
}

/// Shows who may approve, or what everybody lacks and the way there.
pub(super) fn show(heads: &[HeadLine], words: Words, page: &mut Page) {
    let may = heads.iter().any(|head| head.may_approve);
    page.line(
        if may { Manner::Good } else { Manner::Bad },
        words.say(if may { "status.may" } else { "status.may-not" }),
    );
    for head in heads {
        let title = head.title.as_deref().unwrap_or("-");
        let account = head.account.as_deref().unwrap_or_else(|| words.say("status.no-account"));
        page.plain(format!("  {title} — {account}"));
        for reason in &head.unmet {
            page.plain(format!("  - {}", reason.message));
        }
        head.show_steps(words, page);
    }
    if heads.is_empty() {
        page.plain(format!("  {}", words.say("status.no-head")));
    }
}
