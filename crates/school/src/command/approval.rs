//! What a head approves, or has approved, for people.

use selaras_policy::ApprovalText;
use serde::{Deserialize, Serialize};

use crate::catalogue::{Words, fill};
use crate::page::{Manner, Page};

/// An approval.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApprovalReport {
    /// The school.
    pub npsn: String,
    /// The bundle, and so every byte of it.
    pub bundle: String,
    /// The computer that sealed it.
    pub replica: String,
    /// Its place among that computer's bundles.
    pub sequence: u64,
    /// The pack and the rulebook it was judged by.
    pub pack: String,
    /// The rulebook it was judged by.
    pub rulebook: String,
    /// Records of each module.
    pub modules: Vec<(String, u32)>,
    /// Records in all.
    pub records: u32,
    /// Warnings that are acknowledged.
    pub warnings: u32,
    /// The judging date.
    pub judged_on: String,
    /// The head's PTK record.
    pub ptk: String,
    /// The head's name in this computer's records; it is not signed.
    pub head: Option<String>,
    /// The key, once it is signed.
    pub key: Option<String>,
    /// What was done with it, as a key of the messages.
    pub done: Option<String>,
    /// The file that was written.
    pub file: Option<String>,
}

impl ApprovalReport {
    /// What is signed, and nothing else.
    pub(crate) fn of(text: &ApprovalText) -> ApprovalReport {
        let signed = text.key.as_bytes().iter().any(|byte| *byte != 0);
        ApprovalReport {
            npsn: text.npsn.to_string(),
            bundle: text.bundle.to_string(),
            replica: text.replica.to_string(),
            sequence: text.sequence.get(),
            pack: text.pack.to_string(),
            rulebook: text.rulebook.to_string(),
            modules: text.counts.iter().map(|count| (count.module.clone(), count.records)).collect(),
            records: text.counts.iter().map(|count| count.records).sum(),
            warnings: text.warnings,
            judged_on: text.judged_on.to_string(),
            ptk: text.ptk.to_string(),
            key: signed.then(|| text.key.to_string()),
            ..ApprovalReport::default()
        }
    }

    pub(super) fn show(&self, words: Words, page: &mut Page) {
        page.pair(words.say("approval.school"), &self.npsn);
        let head = self.head.as_deref().map_or_else(|| self.ptk.clone(), |head| format!("{head} ({})", self.ptk));
        page.pair(words.say("approval.head"), head);
        for (module, records) in &self.modules {
            let name = words.say_or(&format!("module.{module}"), module).to_owned();
            page.pair(&name, words.fill("approval.records", &[("count", &words.number(u64::from(*records)))]));
        }
        page.pair(words.say("approval.warnings"), words.number(u64::from(self.warnings)));
        page.pair(words.say("approval.judged"), &self.judged_on);
        page.pair(words.say("receipt.bundle"), &self.bundle);
        if let Some(key) = &self.key {
            page.pair(words.say("approval.key"), key);
        }
        if let Some(done) = &self.done {
            let said = fill(words.say_or(done, done), |name| match name {
                "file" => self.file.clone(),
                "records" => Some(self.records.to_string()),
                _ => None,
            });
            page.line(Manner::Good, said);
        }
    }
}
