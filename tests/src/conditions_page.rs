//! The page docs/conditions.md, made from the table of conditions that is built in.

use std::fmt::Write as _;

use selaras_model::Lang;
use selaras_policy::{ConditionPage, PolicyError, capacity_pages, condition_pages};

use crate::rules_page::who;

const HEAD: &str = "# Who may approve

Made by `cargo xtask pages` from the table of conditions; do not edit.

Who approves what a school sends has to meet every condition of one capacity. `selaras status` names **all** that are not met, for everybody whom the records name
as a head and for every account with the role, with who has to act and the steps in order; a refused approval and the centre's answer name the same. The table is
data ([conditions.toml](../crates/policy/data/conditions.toml)); a test holds every combination of them against a table of truth of its own. Of several capacities
that one is told which lacks least.

The centre judges by its own records alone and by the keys that were activated there. Roles, accounts and passwords are the school's: they decide what the
application offers. A key ends the moment its person no longer meets the conditions of the records, and never becomes good again: who is in office again activates
a new one. Two heads at once end nobody's key, and nobody approves until the Dinas has ended one of the assignments.
";

/// The page.
///
/// # Errors
/// When the table that is built in is damaged.
pub fn page() -> Result<String, PolicyError> {
    let mut text = HEAD.to_owned();
    text.push_str("\n| capacity | role | conditions of the records |\n|---|---|---|\n");
    for capacity in capacity_pages()? {
        let conditions: Vec<String> = capacity.conditions.iter().map(|id| format!("[`{id}`](#{id})")).collect();
        let _ = writeln!(text, "| {} | `{}` | {} |", capacity.capacity, capacity.role, conditions.join(", "));
    }
    let pages = condition_pages()?;
    for (by_records, head) in [
        (
            true,
            "Of the records\nJudged at the school and at the centre. A condition further in is the same one, told more exactly.",
        ),
        (false, "Of the account\nJudged at the school, in the order in which they are met."),
    ] {
        let (title, told) = head.split_once('\n').unwrap_or((head, ""));
        let _ = write!(text, "\n## {title}\n\n{told}\n");
        pages.iter().filter(|page| page.by_records == by_records).for_each(|page| add(&mut text, page));
    }
    Ok(text)
}

fn add(text: &mut String, page: &ConditionPage) {
    let depth = if page.of.is_some() { "####" } else { "###" };
    let _ = write!(text, "\n{depth} {}\nWho acts: {} · `{}`\n\n", page.id, who(page.who), page.command);
    for lang in [Lang::Id, Lang::En] {
        let _ = writeln!(text, "- {} → {}", page.message.get(lang), page.remedy.get(lang));
    }
}
