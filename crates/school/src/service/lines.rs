//! From the engine's values to the lines of reports.

use std::collections::BTreeMap;

use selaras_model::{Lang, LogVersion, RecordKey, Side, Value};
use selaras_policy::{Finding, Level, Tab};
use selaras_sync::{Candidate, Flow, ModuleChanges, OpenConflict, Origin, PreparedChange, Rules, SchoolError, Subject};

use super::{DELETED_FIELD, Open};
use crate::command::report::{
    ApprovalReport, CandidateLine, ChangeLine, ConflictLine, FindingLine, LogLine, ModuleLine, ReceiptReport,
};
use crate::failure::Failure;

/// Lines of the readable log that are read at most.
const MAX_HISTORY: usize = 100_000;
/// The record of the school itself.
const SCHOOL_ENTITY: &str = "sekolah";

impl Open {
    /// The school's name in its own record, once that has come.
    pub(crate) fn school_name(&self) -> Result<Option<String>, Failure> {
        let Some(entity) = self.rules.pack.entity_named(SCHOOL_ENTITY) else { return Ok(None) };
        let mut name = None;
        self.school().list(entity.code, None, &mut |record| {
            name = record.text("nama").map(str::to_owned);
            Flow::Stop
        })?;
        Ok(name)
    }

    /// Counts by module, under the modules' names.
    pub(crate) fn module_lines(&self, counts: &[(usize, ModuleChanges)]) -> Vec<ModuleLine> {
        counts
            .iter()
            .map(|(module, count)| ModuleLine {
                module: self.rules.pack.modules().get(*module).map(|module| module.name.clone()).unwrap_or_default(),
                new: count.new,
                changed: count.changed,
                deleted: count.deleted,
            })
            .collect()
    }

    /// A finding as a person sees it.
    pub(crate) fn finding_line(&self, finding: &Finding, lang: Lang) -> Result<FindingLine, Failure> {
        self.finding_line_by(&self.rules, finding, lang)
    }

    /// A finding of other rules, in their words.
    pub(super) fn finding_line_by(&self, rules: &Rules, finding: &Finding, lang: Lang) -> Result<FindingLine, Failure> {
        let rendered = rules.rulebook.render(finding, &rules.pack, lang);
        let pack = &rules.pack;
        let record = self.known_record(finding.record)?;
        let value = match (&record, &finding.field) {
            (Some(record), Some(field)) => Some(pack.render_field(record.entity, field, record.get(field))),
            _ => None,
        };
        Ok(FindingLine {
            blocks: finding.level == Level::Invalid,
            rule: finding.rule.to_string(),
            entity: pack.entity(finding.record.entity).map(|entity| entity.name.clone()).unwrap_or_default(),
            id: finding.record.id.to_string(),
            title: record.as_ref().map_or_else(|| finding.record.id.to_string(), |record| self.title(record)),
            field: finding.field.as_ref().map(ToString::to_string),
            value,
            message: rendered.message,
            remedy: rendered.remedy,
            who: super::explain::who_key(rendered.who).to_owned(),
            new_in: None,
        })
    }

    /// The findings of one record.
    pub(crate) fn findings_of(&self, key: RecordKey, lang: Lang) -> Result<Vec<FindingLine>, Failure> {
        self.pick(|finding| finding.record == key)?.iter().map(|finding| self.finding_line(finding, lang)).collect()
    }

    /// The first findings that block.
    pub(crate) fn invalid_findings(&self, limit: usize) -> Result<Vec<Finding>, Failure> {
        let mut left = limit;
        self.pick(|finding| {
            let wanted = left > 0 && finding.level == Level::Invalid;
            left -= usize::from(wanted);
            wanted
        })
    }

    fn pick(&self, mut wanted: impl FnMut(&Finding) -> bool) -> Result<Vec<Finding>, Failure> {
        let mut found = Vec::new();
        self.school().findings(&mut |finding| {
            if wanted(finding) {
                found.push(finding.clone());
            }
            Flow::Continue
        })?;
        Ok(found)
    }

    /// How many findings block, and how many do not.
    pub(crate) fn finding_counts(&self) -> Result<(u32, u32), Failure> {
        let mut counts = (0, 0);
        self.school().findings(&mut |finding| {
            match finding.level {
                Level::Invalid => counts.0 += 1,
                Level::Warning => counts.1 += 1,
            }
            Flow::Continue
        })?;
        Ok(counts)
    }

    /// The tabs of the rulebook.
    pub(crate) fn tabs(&self) -> Vec<String> {
        let mut tabs: Vec<String> =
            self.rules.rulebook.rules().iter().map(|rule| tab_word(rule.tab()).to_owned()).collect();
        tabs.sort_unstable();
        tabs.dedup();
        tabs
    }

    /// A change that would be sent.
    pub(crate) fn change_line(&self, change: &PreparedChange) -> ChangeLine {
        let pack = &self.rules.pack;
        let kind = match &change.before {
            _ if change.after.deleted => "deleted",
            None => "new",
            Some(_) => "changed",
        };
        let text = |field: &str, value: &Value| pack.render_field(change.key.entity, field, value);
        let before = |field: &str| change.before.as_ref().map_or(Value::Null, |before| before.get(field).clone());
        let fields = pack.entity(change.key.entity).map(selaras_model::Entity::fields).unwrap_or_default();
        ChangeLine {
            entity: pack.entity(change.key.entity).map(|entity| entity.name.clone()).unwrap_or_default(),
            id: change.key.id.to_string(),
            title: self.title(&change.after),
            kind: kind.to_owned(),
            fields: fields
                .iter()
                .map(|field| (&field.name, before(&field.name), change.after.get(&field.name)))
                .filter(|(_, before, after)| before != *after)
                .map(|(name, before, after)| (name.to_string(), text(name, &before), text(name, after)))
                .collect(),
        }
    }

    /// Whether a record has edits that were not sent.
    pub(crate) fn is_pending(&self, entity: &str, id: &str) -> Result<bool, Failure> {
        let entity = self.entity(entity)?.code;
        let id = id.parse().map_err(|_| Failure::new("input.id").arg("id", id))?;
        Ok(self.school().draft(RecordKey { entity, id })?.is_some())
    }

    /// How many conflicts wait for a person.
    pub(crate) fn conflict_count(&self) -> Result<u32, Failure> {
        Ok(u32::try_from(self.school().conflicts()?.len()).unwrap_or(u32::MAX))
    }

    /// Open conflicts as a person sees them.
    pub(crate) fn conflict_lines(&self) -> Result<Vec<ConflictLine>, Failure> {
        self.school().conflicts()?.iter().map(|conflict| self.conflict_line(conflict)).collect()
    }

    fn conflict_line(&self, conflict: &OpenConflict) -> Result<ConflictLine, Failure> {
        let entity = self.rules.pack.entity(conflict.key.entity).map(|entity| entity.name.clone()).unwrap_or_default();
        let field = match &conflict.subject {
            Subject::Field(field) => field.to_string(),
            Subject::EditedWhileDeleted => DELETED_FIELD.to_owned(),
        };
        let line = |candidate: &Candidate| CandidateLine {
            value: self.value_text(&entity, &field, &candidate.value),
            side: side(candidate.actor.side).to_owned(),
        };
        Ok(ConflictLine {
            id: conflict.key.id.to_string(),
            title: self.title(&self.record(conflict.key)?),
            values: std::iter::once(&conflict.winner).chain(&conflict.others).map(line).collect(),
            owner: side(conflict.owner).to_owned(),
            pending: conflict.pending,
            entity,
            field,
        })
    }

    /// The last receipt.
    pub(crate) fn receipt_report(&self) -> Result<Option<ReceiptReport>, Failure> {
        Ok(self.school().receipt()?.map(|receipt| receipt_line(&receipt)))
    }

    /// A receipt with what the head approved, and how much was edited since: the last, or that of a version.
    pub(crate) fn receipt_of(&self, version: Option<u64>) -> Result<Option<ReceiptReport>, Failure> {
        let evidence = match self.school().evidence(version.map(LogVersion::new)) {
            Ok(evidence) => evidence,
            // Receipts of an older version of this program, or that a recovery brought back, have no approval beside them.
            Err(SchoolError::Refused(refusal)) if version.is_none() && refusal.code.starts_with("evidence.") => {
                return self.receipt_report();
            }
            Err(error) => return Err(error.into()),
        };
        let receipt = evidence.verify().map_err(|_| Failure::new("store.damaged").arg("reason", "an approval"))?;
        let mut approval = ApprovalReport::of(evidence.approval.text());
        approval.head = self.title_of("ptk", evidence.approval.text().ptk).ok();
        let (approval, since) = (Some(approval), self.school().pending()?.records);
        Ok(Some(ReceiptReport { approval, since, ..receipt_line(&receipt) }))
    }

    /// Where this store stands, in counts and versions.
    pub(crate) fn standing(&self) -> Result<crate::doctor::Standing, Failure> {
        let position = self.school().position()?;
        let (invalid, warnings) = self.finding_counts()?;
        Ok(crate::doctor::Standing {
            pack: self.rules().pack.version().to_owned(),
            rulebook: self.rules().rulebook.version().to_owned(),
            version: position.version.get(),
            last_contact: position.last_contact.map(crate::env::utc_time),
            equal: position.equal,
            pending: self.school().pending()?.records,
            conflicts: self.conflict_count()?,
            invalid,
            warnings,
        })
    }

    /// The readable log.
    pub(crate) fn history(&self) -> Result<Vec<LogLine>, Failure> {
        let mut lines = Vec::new();
        self.school().history(0, &mut |line| {
            lines.push(LogLine {
                number: line.number,
                at: crate::env::local_time(line.at),
                what: word(&line.what),
                code: line.code.clone(),
                args: line.args.clone().into_iter().collect::<BTreeMap<_, _>>(),
            });
            if lines.len() < MAX_HISTORY { Flow::Continue } else { Flow::Stop }
        })?;
        Ok(lines)
    }
}

/// A tab as `validate --tab` and the messages name it.
pub(crate) const fn tab_word(tab: Tab) -> &'static str {
    match tab {
        Tab::Sekolah => "sekolah",
        Tab::Sarpras => "sarpras",
        Tab::Gtk => "gtk",
        Tab::PesertaDidik => "peserta-didik",
        Tab::Rombel => "rombel",
        Tab::Pembelajaran => "pembelajaran",
        Tab::Nilai => "nilai",
        Tab::Referensi => "referensi",
    }
}

/// A receipt as a report.
pub(crate) fn receipt_line(receipt: &selaras_sync::Receipt) -> ReceiptReport {
    let bundle = match &receipt.entry().origin {
        Origin::Bundle { bundle, .. } => Some(bundle.to_string()),
        Origin::Act { .. } => None,
    };
    ReceiptReport {
        short_code: receipt.short_code(),
        version: receipt.entry().version.get(),
        bundle,
        entry: selaras_sync::entry_hash(receipt.bytes()).to_string(),
        signature: data_encoding::HEXLOWER.encode(receipt.signature()),
        approval: None,
        since: 0,
        file: None,
    }
}

fn side(side: Side) -> &'static str {
    match side {
        Side::School => "school",
        Side::Centre => "centre",
    }
}

/// The engine's word for what happened, as the messages have it: `BundleSealed` is `bundle-sealed`.
fn word(what: &impl serde::Serialize) -> String {
    let text = serde_json::to_value(what).ok().and_then(|value| value.as_str().map(str::to_owned)).unwrap_or_default();
    let mut word = String::with_capacity(text.len() + 4);
    for c in text.chars() {
        if c.is_ascii_uppercase() && !word.is_empty() {
            word.push('-');
        }
        word.push(if c == '_' { '-' } else { c.to_ascii_lowercase() });
    }
    word
}
