//! The page docs/rules.md, made from the rulebook that is built in and its examples.

use std::fmt::Write as _;

use selaras_model::{Lang, Pack};
use selaras_policy::{Examples, Level, Rule, Rulebook, RulebookError, Tab, Who};

const HEAD: &str = "# The rulebook

Made by `cargo xtask pages` from the rulebook and its examples; do not edit.

What has to hold for a school's records, by the tabs of the validation page. A finding at level *invalid* closes the gate; a *warning* is acknowledged by the
head. Rules are data ([rulebook.toml](../crates/policy/data/rulebook.toml)), and so are their tests ([examples.toml](../crates/policy/data/examples.toml)): a
small school in which no rule finds anything, and changes of it that a rule has to pass or to find. Whoever writes rules needs no Rust:

```sh
selaras rules list                                             # all rules in a line each
selaras rules show pd.nik                                      # one, with its examples
selaras rules test --rulebook my.toml --examples mine.toml     # every problem with its line; a rule without examples is one
selaras sample --plant pd.nik=3 --out DIR                      # a made-up school with three failures of this rule
```

Expressions are a small part of CEL over one record: at most 500 bytes and 64 nodes, no macros, names and types checked against the school pack when the
rulebook is read. At level invalid a rule may use the date of judging only so that passing time clears a finding.
";

/// The page.
///
/// # Errors
/// The problems of the rulebook or its examples.
pub fn page() -> Result<String, RulebookError> {
    let pack = Pack::builtin();
    let book = Rulebook::builtin(&pack)?;
    let examples = Examples::builtin(&book, &pack)?;
    let mut text = HEAD.to_owned();
    let _ = write!(
        text,
        "\nVersion {}: {} rules, {} examples.\n",
        book.version(),
        book.rules().len(),
        examples.iter().count()
    );
    let mut tabs: Vec<Tab> = book.rules().iter().map(Rule::tab).collect();
    tabs.sort_unstable();
    tabs.dedup();
    for tab in tabs {
        let _ = write!(text, "\n## {}\n", title(tab));
        for rule in book.rules().iter().filter(|rule| rule.tab() == tab) {
            add_rule(&mut text, rule, &examples);
        }
    }
    Ok(text)
}

fn add_rule(text: &mut String, rule: &Rule, examples: &Examples) {
    let level = match rule.level() {
        Level::Invalid => "invalid",
        Level::Warning => "warning",
    };
    let _ = write!(text, "\n### {}\n*{level}* · who acts: {}\n\n", rule.id(), who(rule.who()));
    for lang in [Lang::Id, Lang::En] {
        let _ = writeln!(text, "- {} → {}", rule.message(lang), rule.remedy(lang));
    }
    let _ = writeln!(text, "\n```toml\n{}\n```", rule.source());
    for (fails, head) in [(true, "Found"), (false, "Passed")] {
        let _ = writeln!(text, "\n{head}:\n```toml");
        let of_rule = examples.iter().filter(|example| example.rule() == rule.id() && example.fails() == fails);
        let shown: Vec<&str> = of_rule.map(selaras_policy::Example::source).collect();
        let _ = writeln!(text, "{}\n```", shown.join("\n\n"));
    }
}

const fn title(tab: Tab) -> &'static str {
    match tab {
        Tab::Sekolah => "Sekolah (the school)",
        Tab::Sarpras => "Sarpras (facilities)",
        Tab::Gtk => "GTK (teachers and staff)",
        Tab::PesertaDidik => "Peserta didik (students)",
        Tab::Rombel => "Rombel & jadwal (classes and timetable)",
        Tab::Pembelajaran => "Pembelajaran (lessons)",
        Tab::Nilai => "Nilai (grades)",
        Tab::Referensi => "Referensi (references)",
    }
}

pub(crate) const fn who(who: Who) -> &'static str {
    match who {
        Who::Operator => "the school's operator",
        Who::Head => "the head",
        Who::Dinas => "the Dinas",
        Who::Centre => "the centre",
        Who::Verval => "the operator, through Verval",
    }
}
