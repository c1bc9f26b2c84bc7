//! A value on a page: isolated, so that its direction moves nothing beside it, and with its unusual characters named
//! where they stand.

use maud::{Markup, html};

use crate::characters::{Look, look, name};

/// A value of a record, or a text that holds one.
pub(super) fn isolated(text: &str) -> Markup {
    html! { bdi { @for piece in pieces(text) { (piece) } } }
}

fn pieces(text: &str) -> Vec<Markup> {
    let mut pieces = Vec::new();
    let mut usual = String::new();
    for c in text.chars() {
        let look = look(c);
        if look != Look::Unseen {
            usual.push(c);
        }
        if look != Look::Usual {
            pieces.push(html! { (usual) span.odd { (name(c)) } });
            usual.clear();
        }
    }
    pieces.push(html! { (usual) });
    pieces
}

#[cfg(test)]
mod tests {
    use super::isolated;

    #[test]
    fn a_usual_value_is_isolated_and_no_more() {
        assert_eq!(isolated("Jalan <b> 12").into_string(), "<bdi>Jalan &lt;b&gt; 12</bdi>");
    }

    #[test]
    fn an_unusual_character_is_named_and_one_that_is_not_seen_is_not_sent() {
        let shown = isolated("Mel\u{202e}ati \u{410}").into_string();
        assert_eq!(
            shown,
            "<bdi>Mel<span class=\"odd\">U+202E</span>ati \u{410}<span class=\"odd\">U+0410</span></bdi>"
        );
    }
}
