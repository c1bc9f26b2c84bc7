//! `rules`: what the rulebook demands, in words and by example, and whether one that is being written holds its
//! examples. It needs no store: whoever writes rules has no school.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use selaras_model::{Lang, Pack};
use selaras_policy::{
    Example, Examples, Level, MAX_EXAMPLES_BYTES, MAX_RULEBOOK_BYTES, Missed, Rule, Rulebook, RulebookError,
};
use serde::Serialize;

use crate::catalogue::Words;
use crate::failure::{Exit, Failure};
use crate::output::Output as _;
use crate::page::{Manner, Page};
use crate::service::tab_word;

use super::Screen;

/// The arguments of `rules`.
#[derive(Debug, Clone, clap::Subcommand)]
pub(crate) enum Rules {
    /// Lists all rules.
    List {
        /// Only this tab.
        #[arg(long, value_name = "T")]
        tab: Option<String>,
        /// A rulebook to be read instead of the one that is built in.
        #[arg(long, value_name = "FILE")]
        rulebook: Option<PathBuf>,
    },
    /// Shows a rule with its examples.
    Show {
        /// The rule's id.
        #[arg(value_name = "ID")]
        rule: String,
    },
    /// Checks a rulebook and runs its examples.
    Test {
        /// A rulebook to be read instead of the one that is built in.
        #[arg(long, value_name = "FILE")]
        rulebook: Option<PathBuf>,
        /// Its examples, instead of those that are built in.
        #[arg(long, value_name = "FILE")]
        examples: Option<PathBuf>,
    },
}

#[derive(Serialize)]
struct RuleLine<'a> {
    id: &'a str,
    tab: &'static str,
    level: Level,
    who: &'static str,
    message: &'a str,
    remedy: &'a str,
}

impl<'a> RuleLine<'a> {
    fn new(rule: &'a Rule, lang: Lang) -> Self {
        Self {
            id: rule.id().as_str(),
            tab: tab_word(rule.tab()),
            level: rule.level(),
            who: crate::service::who_key(rule.who()),
            message: rule.message(lang),
            remedy: rule.remedy(lang),
        }
    }
}

impl Rules {
    pub(super) fn run(&self, screen: &mut Screen) -> Result<Exit, Failure> {
        let pack = Pack::builtin();
        match self {
            Rules::List { tab, rulebook } => list(screen, book(rulebook.as_deref(), &pack)?.as_ref(), tab.as_deref()),
            Rules::Show { rule } => {
                let book = book(None, &pack)?;
                let examples = Examples::builtin(&book, &pack).map_err(|error| broken("examples.toml", &error))?;
                show(screen, &book, &examples, rule)
            }
            Rules::Test { rulebook, examples } => {
                let book = book(rulebook.as_deref(), &pack)?;
                let examples = match examples {
                    None => Examples::builtin(&book, &pack).map_err(|error| broken("examples.toml", &error)),
                    Some(path) => Examples::from_toml(&read(path, MAX_EXAMPLES_BYTES)?, &book, &pack)
                        .map_err(|error| broken(&path.display().to_string(), &error)),
                }?;
                test(screen, &book, &examples, &pack)
            }
        }
    }
}

fn internal(error: &selaras_policy::PolicyError) -> Failure {
    Failure::new("internal.error").arg("place", format!("rules: {error}"))
}

fn book(path: Option<&Path>, pack: &Pack) -> Result<Arc<Rulebook>, Failure> {
    let Some(path) = path else { return Rulebook::builtin(pack).map_err(|error| broken("rulebook.toml", &error)) };
    let text = read(path, MAX_RULEBOOK_BYTES)?;
    Rulebook::from_toml(&text, pack).map(Arc::new).map_err(|error| broken(&path.display().to_string(), &error))
}

fn read(path: &Path, most: usize) -> Result<String, Failure> {
    let unreadable = || Failure::new("input.file").arg("file", path.display());
    // One byte more than allowed is enough for the reader to say so.
    let mut text = String::new();
    let file = std::fs::File::open(path).map_err(|_| unreadable())?;
    let mut limited = std::io::Read::take(file, most as u64 + 1);
    std::io::Read::read_to_string(&mut limited, &mut text).map_err(|_| unreadable())?;
    Ok(text)
}

fn broken(file: &str, error: &RulebookError) -> Failure {
    let problems: Vec<String> = error.problems().iter().map(ToString::to_string).collect();
    Failure::new("rulebook.invalid").arg("file", file).arg("problems", problems.join("\n"))
}

fn list(screen: &mut Screen, book: &Rulebook, tab: Option<&str>) -> Result<Exit, Failure> {
    let lang = screen.lang();
    let lines: Vec<RuleLine<'_>> = book.rules().iter().map(|rule| RuleLine::new(rule, lang)).collect();
    if let Some(tab) = tab
        && !lines.iter().any(|line| line.tab == tab)
    {
        let mut known: Vec<&str> = lines.iter().map(|line| line.tab).collect();
        known.dedup();
        return Err(Failure::new("input.tab").arg("tab", tab).arg("known", known.join(", ")));
    }
    let lines: Vec<RuleLine<'_>> = lines.into_iter().filter(|line| tab.is_none_or(|tab| line.tab == tab)).collect();
    if screen.is_json() {
        screen.document(&serde_json::json!({ "version": book.version(), "rules": lines }));
        return Ok(Exit::Done);
    }
    let words = Words(lang);
    let mut page = Page::default();
    let mut last = "";
    for line in &lines {
        if line.tab != last {
            page.head(words.say_or(&format!("tab.{}", line.tab), line.tab));
            last = line.tab;
        }
        let mark = words.say(if line.level == Level::Invalid { "validate.invalid" } else { "validate.warning" });
        page.plain(format!("  {mark} {} — {}", line.id, line.message));
    }
    page.plain(words.fill("rules.count", &[("count", &lines.len()), ("version", &book.version())]));
    screen.page(&page);
    Ok(Exit::Done)
}

fn show(screen: &mut Screen, book: &Rulebook, examples: &Examples, id: &str) -> Result<Exit, Failure> {
    let Some(rule) = book.rules().iter().find(|rule| rule.id().as_str() == id) else {
        return Err(Failure::new("input.rule").arg("rule", id));
    };
    let lang = screen.lang();
    let line = RuleLine::new(rule, lang);
    let of_rule: Vec<&Example> = examples.iter().filter(|example| example.rule() == rule.id()).collect();
    if screen.is_json() {
        let shown = of_rule.iter().map(|e| serde_json::json!({ "finds": e.fails(), "source": e.source() }));
        let shown: Vec<_> = shown.collect();
        screen.document(&serde_json::json!({ "rule": line, "source": rule.source(), "examples": shown }));
        return Ok(Exit::Done);
    }
    let words = Words(lang);
    let mut page = Page::default();
    let mark = words.say(if line.level == Level::Invalid { "validate.invalid" } else { "validate.warning" });
    page.head(format!("{id} {mark} {}", words.say_or(&format!("tab.{}", line.tab), line.tab)));
    page.plain(format!("  {}", line.message));
    page.line(Manner::Faint, format!("  → {} ({})", line.remedy, words.who(line.who)));
    page.head(words.say("rules.source"));
    rule.source().lines().for_each(|line| page.plain(format!("  {line}")));
    for (fails, head) in [(true, "rules.fails"), (false, "rules.passes")] {
        page.head(words.say(head));
        for example in of_rule.iter().filter(|example| example.fails() == fails) {
            let lines = example.source().lines().filter(|line| !line.starts_with("finds = []"));
            lines.for_each(|line| page.plain(format!("  {line}")));
        }
    }
    screen.page(&page);
    Ok(Exit::Done)
}

fn test(screen: &mut Screen, book: &Rulebook, examples: &Examples, pack: &Pack) -> Result<Exit, Failure> {
    let missed = examples.run(book, pack).map_err(|error| internal(&error))?;
    if !missed.is_empty() {
        let lines: Vec<String> = missed.iter().map(missed_line).collect();
        let count = missed.len();
        return Err(Failure::new("rulebook.missed").arg("count", count).arg("problems", lines.join("\n")));
    }
    let (rules, examples) = (book.rules().len(), examples.iter().count());
    if screen.is_json() {
        screen.document(&serde_json::json!({ "version": book.version(), "rules": rules, "examples": examples }));
    } else {
        let mut page = Page::default();
        let args: [(&str, &dyn std::fmt::Display); 3] =
            [("rules", &rules), ("examples", &examples), ("version", &book.version())];
        page.line(Manner::Good, Words(screen.lang()).fill("rules.tested", &args));
        screen.page(&page);
    }
    Ok(Exit::Done)
}

/// One line in English, as the problems of a rulebook are.
fn missed_line(missed: &Missed) -> String {
    let place = match missed.line {
        0 => "the school itself".to_owned(),
        line => format!("line {line}"),
    };
    let part = |what: &str, names: &[String]| match names {
        [] => String::new(),
        names => format!("; {what} {}", names.join(", ")),
    };
    let (missing, surplus) = (part("does not find", &missed.missing), part("finds", &missed.surplus));
    format!("{place}: {}{missing}{surplus}", missed.rule)
}
