//! Text on its way to a person: lines with a manner, so that the same lines are coloured on a terminal and plain
//! elsewhere.

use std::io::{self, Write};

use crate::characters::clean;

/// How a line is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Manner {
    /// As it is.
    Plain,
    /// The head of what follows.
    Head,
    /// As it should be.
    Good,
    /// Somebody has to act.
    Bad,
    /// By the way.
    Faint,
}

impl Manner {
    fn colour(self) -> &'static str {
        match self {
            Manner::Plain => "",
            Manner::Head => "\u{1b}[1m",
            Manner::Good => "\u{1b}[32m",
            Manner::Bad => "\u{1b}[33m",
            Manner::Faint => "\u{1b}[2m",
        }
    }
}

/// Lines that a report wrote.
#[derive(Debug, Default)]
pub(crate) struct Page {
    lines: Vec<(Manner, String)>,
}

impl Page {
    /// Adds a line.
    pub(crate) fn line(&mut self, manner: Manner, text: impl Into<String>) {
        // Field values come from other computers: one of them must not move the cursor or write to the title bar.
        self.lines.push((manner, clean(&text.into())));
    }

    /// Adds a plain line.
    pub(crate) fn plain(&mut self, text: impl Into<String>) {
        self.line(Manner::Plain, text);
    }

    /// Adds a heading.
    pub(crate) fn head(&mut self, text: impl Into<String>) {
        self.line(Manner::Head, text);
    }

    /// Adds a name and what it stands for, aligned.
    pub(crate) fn pair(&mut self, name: &str, value: impl std::fmt::Display) {
        self.plain(format!("  {name:<22} {value}"));
    }

    /// Adds rows whose columns are as wide as their widest cell.
    pub(crate) fn table(&mut self, rows: &[Vec<String>]) {
        let mut widths: Vec<usize> = Vec::new();
        for row in rows {
            for (column, cell) in row.iter().enumerate() {
                let width = cell.chars().count().min(MAX_COLUMN);
                match widths.get_mut(column) {
                    Some(known) => *known = (*known).max(width),
                    None => widths.push(width),
                }
            }
        }
        for row in rows {
            let cells: Vec<String> = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}")).collect();
            self.plain(format!("  {}", cells.join("  ").trim_end()));
        }
    }

    /// Writes the lines, coloured or not.
    pub(crate) fn write(&self, out: &mut dyn Write, coloured: bool) -> io::Result<()> {
        for (manner, text) in &self.lines {
            let colour = manner.colour();
            if coloured && !colour.is_empty() {
                writeln!(out, "{colour}{text}\u{1b}[0m")?;
            } else {
                writeln!(out, "{text}")?;
            }
        }
        Ok(())
    }
}

/// The widest column; a longer cell pushes its own row only.
const MAX_COLUMN: usize = 44;

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::{Manner, Page};

    fn written(page: &Page, coloured: bool) -> String {
        let mut bytes = Vec::new();
        page.write(&mut bytes, coloured).unwrap();
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn colours_only_where_they_are_wanted() {
        let mut page = Page::default();
        page.line(Manner::Good, "ok");
        assert_eq!(written(&page, false), "ok\n");
        assert_eq!(written(&page, true), "\u{1b}[32mok\u{1b}[0m\n");
    }

    #[test]
    fn control_characters_of_a_value_do_not_reach_the_terminal() {
        let mut page = Page::default();
        page.plain("Budi\u{1b}]0;x\u{7}");
        assert!(!written(&page, false).contains('\u{1b}'));
    }
}
