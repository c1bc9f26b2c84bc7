//! Which characters a text may hold that is typed here, and which are named where they stand: two values that look equal
//! on a sheet must not be two.
//!
//! The centre and earlier versions may hold any text, so what is not taken here can still come from there, and is named.

use std::fmt::Write as _;

/// What somebody sees of a character.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Look {
    /// What is expected in Indonesian names, addresses and numbers.
    Usual,
    /// Something that may be taken for something else: letters of other alphabets, odd spaces. Taken, and named.
    Unusual,
    /// Nothing, or a change of what stands beside it: controls, ends of lines, directions. Not taken.
    Unseen,
}

/// What somebody sees of a character.
pub(crate) fn look(c: char) -> Look {
    match c {
        ' '..='~' => Look::Usual,
        c if c.is_control() => Look::Unseen,
        // The soft hyphen, joiners, fillers, marks and changes of direction, ends of lines and paragraphs, invisible
        // operators, variation selectors, the byte order mark, tags.
        '\u{ad}'
        | '\u{34f}'
        | '\u{61c}'
        | '\u{115f}'..='\u{1160}'
        | '\u{17b4}'..='\u{17b5}'
        | '\u{180b}'..='\u{180f}'
        | '\u{200b}'..='\u{200f}'
        | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}'
        | '\u{2800}'
        | '\u{3164}'
        | '\u{fe00}'..='\u{fe0f}'
        | '\u{feff}'
        | '\u{ffa0}'
        | '\u{fff0}'..='\u{fffb}'
        | '\u{1bca0}'..='\u{1bca3}'
        | '\u{1d173}'..='\u{1d17a}'
        | '\u{e0000}'..='\u{e0fff}' => Look::Unseen,
        // Latin letters with their marks, signs of European typography, arrows and the marks of our own sentences.
        '\u{a1}'..='\u{17f}' | '\u{1e00}'..='\u{1eff}' | '\u{2bb}'..='\u{2bc}' => Look::Usual,
        '\u{2010}'..='\u{201f}' | '\u{2020}'..='\u{2022}' | '\u{2026}' | '\u{2030}' | '\u{2032}'..='\u{2033}' => {
            Look::Usual
        }
        '\u{2039}'..='\u{203a}' | '\u{20ac}' | '\u{2122}' | '\u{2150}'..='\u{215e}' | '\u{2190}'..='\u{2193}' => {
            Look::Usual
        }
        '\u{2212}' | '\u{2713}'..='\u{2718}' | '\u{25cf}' => Look::Usual,
        // Arabic letters look like no others, and schools write mottos in them.
        '\u{621}'..='\u{64a}' => Look::Usual,
        _ => Look::Unusual,
    }
}

/// The first character of a text that is not taken.
pub(crate) fn refused(text: &str) -> Option<char> {
    text.chars().find(|c| look(*c) == Look::Unseen)
}

/// Whether something of a text has to be named.
pub(crate) fn has_unusual(text: &str) -> bool {
    text.chars().any(|c| look(c) != Look::Usual)
}

/// What a character is called: U+0410.
pub(crate) fn name(c: char) -> String {
    format!("U+{:04X}", u32::from(c))
}

/// A value with its unusual characters named where they stand.
pub(crate) fn named(text: &str) -> String {
    with_names(text, |look| look != Look::Usual)
}

/// A text of ours with values in it, for a terminal: what is not seen, or would move the cursor, is named.
pub(crate) fn clean(text: &str) -> String {
    text.split('\n').map(|line| with_names(line, |look| look == Look::Unseen)).collect::<Vec<_>>().join("\n")
}

fn with_names(text: &str, is_named: impl Fn(Look) -> bool) -> String {
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        let look = look(c);
        if look != Look::Unseen {
            shown.push(c);
        }
        if is_named(look) {
            // Writing into a text cannot fail.
            let _ = write!(shown, "[{}]", name(c));
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_addresses_of_the_field_are_as_they_are() {
        for text in
            ["Siti Nur'aini, S.Pd.", "Jl. Kemuning No. 12/A – RT 03", "Ma’had “Al-Ḥikmah”", "Zoë Ibañez", "مدرسة"]
        {
            assert_eq!(named(text), text);
            assert_eq!(refused(text), None);
        }
    }

    #[test]
    fn what_is_not_seen_is_not_taken_and_is_named_where_it_stands() {
        for c in ['\u{202e}', '\u{200b}', '\u{2060}', '\u{0}', '\n', '\t', '\u{2028}', '\u{3164}', '\u{85}', '\u{feff}']
        {
            let text = format!("Mel{c}ati");
            assert_eq!(refused(&text), Some(c));
            assert_eq!(named(&text), format!("Mel[{}]ati", name(c)));
        }
    }

    #[test]
    fn a_letter_that_looks_like_another_is_taken_and_named() {
        assert_eq!(refused("Ruang \u{410}nggrek"), None);
        assert_eq!(named("Ruang \u{410}nggrek"), "Ruang \u{410}[U+0410]nggrek");
        assert_ne!(named("a\u{a0}b"), named("a b"));
    }

    #[test]
    fn a_terminal_gets_lines_and_no_controls() {
        assert_eq!(clean("Budi\u{1b}]0;x\u{7}\nSiti"), "Budi[U+001B]]0;x[U+0007]\nSiti");
    }
}
