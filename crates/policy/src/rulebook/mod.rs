//! The rulebook: rules as data, checked whole against the school pack before any of them is used.

pub(crate) mod expression;
pub(crate) mod kind;
pub(crate) mod path;
mod read;
pub(crate) mod test;

use std::collections::BTreeSet;
use std::sync::Arc;

use selaras_model::{EntityCode, Label, Lang, Pack, RulebookHash};
use toml::de::DeTable;

use crate::finding::{Finding, Level, RuleId, Tab};
use crate::rendered::{Rendered, Who, fill};
pub use expression::{MAX_EXPRESSION_BYTES, MAX_EXPRESSION_NODES};
use kind::{Demand, Source};
pub(crate) use read::{At, Node, Problems};
pub use read::{RulebookError, RulebookProblem};
use test::Test;

/// The largest rulebook, in bytes.
pub const MAX_RULEBOOK_BYTES: usize = 512 * 1024;
/// The hash's context.
const CONTEXT: &str = "selaras 1 rulebook";

/// A rule, checked.
pub struct Rule {
    id: RuleId,
    tab: Tab,
    level: Level,
    who: Who,
    message: Label,
    remedy: Label,
    /// None for rules over all entities.
    pub(crate) entity: Option<EntityCode>,
    pub(crate) when: Vec<Test>,
    pub(crate) demand: Demand,
    source: String,
}

impl Rule {
    /// Gives the rule's id.
    #[must_use]
    pub fn id(&self) -> &RuleId {
        &self.id
    }

    /// Gives the tab on which its findings stand.
    #[must_use]
    pub fn tab(&self) -> Tab {
        self.tab
    }

    /// Gives its level.
    #[must_use]
    pub fn level(&self) -> Level {
        self.level
    }

    /// Gives what it says of a finding, with the names of arguments in braces.
    #[must_use]
    pub fn message(&self, lang: Lang) -> &str {
        self.message.get(lang)
    }

    /// Gives what it says has to be done.
    #[must_use]
    pub fn remedy(&self, lang: Lang) -> &str {
        self.remedy.get(lang)
    }

    /// Gives what it demands, as it was written: its kind and whatever belongs to that.
    #[must_use]
    pub fn source(&self) -> &str {
        &self.source
    }

    fn is_for_the_school(&self) -> bool {
        matches!(self.who, Who::Operator | Who::Head)
    }

    /// Gives who has to act on its findings, where the field to mend is the school's.
    #[must_use]
    pub fn who(&self) -> Who {
        self.who
    }
}

/// All rules of one version, named by the hash of their text.
pub struct Rulebook {
    source: String,
    version: String,
    hash: RulebookHash,
    rules: Vec<Rule>,
}

impl std::fmt::Debug for Rulebook {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Rulebook").field("version", &self.version).field("rules", &self.rules.len()).finish()
    }
}

impl Rulebook {
    /// Reads and checks a rulebook.
    ///
    /// # Errors
    /// Every problem, with its line.
    pub fn from_toml(text: &str, pack: &Pack) -> Result<Self, RulebookError> {
        let mut problems = Problems::new(text);
        let value = if text.len() > MAX_RULEBOOK_BYTES {
            problems.add(0, format!("a rulebook has at most {MAX_RULEBOOK_BYTES} bytes"));
            None
        } else {
            read_book(text, pack, &mut problems)
        };
        problems.into_result(value)
    }

    /// Gives the name that a text would have as a rulebook, whether or not it is one.
    #[must_use]
    pub fn hash_of(text: &str) -> RulebookHash {
        RulebookHash::from_bytes(blake3::derive_key(CONTEXT, text.as_bytes()))
    }

    /// Gives the rulebook that is built in.
    ///
    /// # Errors
    /// As [`Self::from_toml`], for a pack that it was not written for.
    pub fn builtin(pack: &Pack) -> Result<Arc<Self>, RulebookError> {
        Self::from_toml(include_str!("../../data/rulebook.toml"), pack).map(Arc::new)
    }

    /// Gives the hash over the exact text.
    #[must_use]
    pub fn hash(&self) -> RulebookHash {
        self.hash
    }

    /// Gives the version that the text names.
    #[must_use]
    pub fn version(&self) -> &str {
        &self.version
    }

    /// Gives the exact text.
    #[must_use]
    pub fn source(&self) -> &str {
        &self.source
    }

    /// Gives all rules in the text's order.
    #[must_use]
    pub fn rules(&self) -> &[Rule] {
        &self.rules
    }

    /// Gives a finding in words; one of a rule that this rulebook lacks names the rule alone.
    #[must_use]
    pub fn render(&self, finding: &Finding, pack: &Pack, lang: Lang) -> Rendered {
        let Some(rule) = self.rules.iter().find(|rule| rule.id == finding.rule) else {
            let message = finding.rule.to_string();
            return Rendered { message, remedy: String::new(), who: Who::Operator };
        };
        let mut args = finding.args.clone();
        let entity = pack.entity(finding.record.entity);
        if let Some(entity) = entity {
            args.insert("entity".to_owned(), entity.label.get(lang).to_owned());
        }
        if let Some(field) = finding.field.as_ref().and_then(|field| entity?.field(field)) {
            args.insert("field".to_owned(), field.label.get(lang).to_owned());
        }
        let message = fill(&rule.message, lang, &args);
        if finding.is_the_centres() && rule.is_for_the_school() {
            // The rule is for whoever types; here nobody at the school may.
            let remedy = match lang {
                Lang::Id => "Minta pusat memperbaikinya, lalu tarik data",
                Lang::En => "Ask the centre to correct it, then pull",
            };
            return Rendered { message, remedy: remedy.to_owned(), who: Who::Centre };
        }
        Rendered { message, remedy: fill(&rule.remedy, lang, &args), who: rule.who }
    }

    /// Whether a finding closes the gate of a school in which nobody may mend it.
    #[must_use]
    pub fn closes_without_remedy(&self, finding: &Finding) -> bool {
        let rule = self.rules.iter().find(|rule| rule.id == finding.rule);
        let elsewhere = finding.field.is_none() && rule.is_some_and(|rule| !rule.is_for_the_school());
        finding.level == Level::Invalid && (finding.is_the_centres() || elsewhere)
    }
}

fn read_book(text: &str, pack: &Pack, problems: &mut Problems<'_>) -> Option<Rulebook> {
    let table = match DeTable::parse(text) {
        Ok(table) => table,
        Err(error) => {
            problems.add(error.span().map_or(0, |span| span.start), error.message().to_owned());
            return None;
        }
    };
    let mut root = Node::new(table.get_ref(), 0);
    let version = root.need_text("version", problems).map(|text| text.value.to_owned());
    let mut ids = BTreeSet::new();
    let mut rules = Vec::new();
    for node in root.nodes("rule", problems) {
        let source = demand_text(&paragraph(text, node.at()));
        if let Some((rule, at)) = read_rule(node, source, pack, problems) {
            if !ids.insert(rule.id.clone()) {
                problems.add(at, format!("there are two rules `{}`", rule.id));
            }
            rules.push(rule);
        }
    }
    root.finish(problems);
    Some(Rulebook { source: text.to_owned(), version: version?, hash: Rulebook::hash_of(text), rules })
}

fn read_rule(
    mut node: Node<'_, '_>,
    source_text: String,
    pack: &Pack,
    problems: &mut Problems<'_>,
) -> Option<(Rule, usize)> {
    let at = node.at();
    let before = problems.count();
    let id = node.need_text("id", problems).and_then(|text| parsed(text, text.value.parse().ok(), problems));
    let tab = node.need_text("tab", problems).and_then(|text| parsed(text, tab(text.value), problems));
    let level = node.need_text("level", problems).and_then(|text| parsed(text, level(text.value), problems));
    let who = node.need_text("who", problems).and_then(|text| parsed(text, who(text.value), problems));
    let message = label("message", &mut node, problems);
    let remedy = label("remedy", &mut node, problems);
    let kind = node.need_text("kind", problems);
    let name = match kind.map(|kind| kind.value) {
        Some("code" | "reference") => None,
        _ => node.need_text("entity", problems),
    };
    let entity = name.and_then(|name| parsed(name, pack.entity_named(name.value), problems));
    let source = Source { pack, entity };
    let demand = kind.and_then(|kind| Demand::read(kind, &source, &mut node, problems));
    let tests = node.nodes("when", problems);
    let when = entity.map(|entity| Test::read_all(tests, entity.code, pack, problems)).unwrap_or_default();
    if demand.is_some() || entity.is_none() && problems.count() == before {
        node.finish(problems);
    }
    let rule = Rule {
        id: id?,
        tab: tab?,
        level: level?,
        who: who?,
        message: message?,
        remedy: remedy?,
        entity: entity.map(|entity| entity.code),
        when,
        demand: demand?,
        source: source_text,
    };
    check_time(&rule, at, problems);
    Some((rule, at))
}

/// The lines of a rule that are not shown in words.
fn demand_text(text: &str) -> String {
    let shown = |line: &&str| {
        let key = line.split(['=', ' ']).next().unwrap_or_default();
        matches!(key, "id" | "tab" | "level" | "who" | "message" | "remedy")
    };
    text.lines().filter(|line| !shown(line)).collect::<Vec<_>>().join("\n")
}

/// The lines of a table that begins at a place, without its head, up to the next table.
pub(crate) fn paragraph(text: &str, at: usize) -> String {
    let body = text.get(at..).unwrap_or_default();
    let lines = body.lines().skip(1).take_while(|line| !line.starts_with("[[") && !line.starts_with('['));
    lines.filter(|line| !line.trim().is_empty() && !line.starts_with('#')).collect::<Vec<_>>().join("\n")
}

/// At level invalid passing time may only clear a finding: else a bundle that was good when the head signed it would
/// turn bad by lying in a queue.
fn check_time(rule: &Rule, at: usize, problems: &mut Problems<'_>) {
    if rule.level != Level::Invalid {
        return;
    }
    let raised = match &rule.demand {
        Demand::Expression { holds, .. } => holds.uses_today && !holds.clears,
        Demand::Total { terms, min, equals, .. } => {
            let dated = terms.iter().flat_map(|term| &term.tests).any(|test| matches!(test.ask, test::Ask::Active));
            dated && (min.is_some() || equals.is_some())
        }
        _ => false,
    };
    if raised {
        problems.add(at, "at level invalid passing time may only clear a finding, never raise one");
    }
}

fn label(key: &'static str, node: &mut Node<'_, '_>, problems: &mut Problems<'_>) -> Option<Label> {
    let Some(mut words) = node.node(key, problems) else {
        problems.add(node.at(), format!("`{key}` is missing"));
        return None;
    };
    let (id, en) = (words.need_text("id", problems), words.need_text("en", problems));
    words.finish(problems);
    Some(Label { id: id?.value.to_owned(), en: en?.value.to_owned() })
}

fn parsed<T>(text: At<&str>, value: Option<T>, problems: &mut Problems<'_>) -> Option<T> {
    if value.is_none() {
        problems.add(text.at, format!("`{}` is not known here", text.value));
    }
    value
}

fn tab(text: &str) -> Option<Tab> {
    Some(match text {
        "sekolah" => Tab::Sekolah,
        "sarpras" => Tab::Sarpras,
        "gtk" => Tab::Gtk,
        "peserta-didik" => Tab::PesertaDidik,
        "rombel" => Tab::Rombel,
        "pembelajaran" => Tab::Pembelajaran,
        "nilai" => Tab::Nilai,
        "referensi" => Tab::Referensi,
        _ => return None,
    })
}

fn level(text: &str) -> Option<Level> {
    match text {
        "invalid" => Some(Level::Invalid),
        "warning" => Some(Level::Warning),
        _ => None,
    }
}

fn who(text: &str) -> Option<Who> {
    Some(match text {
        "operator" => Who::Operator,
        "head" => Who::Head,
        "dinas" => Who::Dinas,
        "centre" => Who::Centre,
        "verval" => Who::Verval,
        _ => return None,
    })
}
