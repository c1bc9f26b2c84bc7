//! What a person reads: a message, what to do next, and who has to.

use std::collections::BTreeMap;

use selaras_model::{Label, Lang};
use serde::{Deserialize, Serialize};

/// Who has to act.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Who {
    /// The school's operator.
    Operator,
    /// The head teacher or Plt.
    Head,
    /// The district or provincial education office.
    Dinas,
    /// The centre.
    Centre,
    /// The central service that corrects identities.
    Verval,
}

/// A finding or an unmet condition in one language.
#[derive(Clone, PartialEq, Eq)]
pub struct Rendered {
    /// What is the matter; it may hold the person's own values.
    pub message: String,
    /// What to do next.
    pub remedy: String,
    /// Who has to do it.
    pub who: Who,
}

impl std::fmt::Debug for Rendered {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Rendered").field("who", &self.who).finish_non_exhaustive()
    }
}

/// Puts arguments in the places that a text names in braces; a place without an argument stays as it is.
pub(crate) fn fill(text: &Label, lang: Lang, args: &BTreeMap<String, String>) -> String {
    let mut rest = text.get(lang);
    let mut out = String::with_capacity(rest.len() + 32);
    while let Some((before, after)) = rest.split_once('{') {
        out.push_str(before);
        let Some((name, tail)) = after.split_once('}') else {
            out.push('{');
            rest = after;
            break;
        };
        match args.get(name) {
            Some(value) => out.push_str(value),
            None => {
                out.push('{');
                out.push_str(name);
                out.push('}');
            }
        }
        rest = tail;
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
/// The names in braces of a text, in order.
pub(crate) fn places(text: &str) -> impl Iterator<Item = &str> {
    text.split('{').skip(1).filter_map(|part| part.split_once('}').map(|(name, _)| name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_argument_is_never_read_as_a_place() {
        let text = Label { id: "a {x} b {y} c {z".to_owned(), en: String::new() };
        let args = BTreeMap::from([("x".to_owned(), "{y}".to_owned())]);
        assert_eq!(fill(&text, Lang::Id, &args), "a {y} b {y} c {z");
        assert_eq!(places("a {x} b {y} c {z").collect::<Vec<_>>(), ["x", "y"]);
    }
}
