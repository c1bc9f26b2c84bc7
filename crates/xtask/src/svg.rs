//! A terminal's text as an SVG: a frame, a title, lines of runs in one colour each.
//!
//! It understands the colours and weights that command-line programs print (SGR) and drops every other control
//! sequence. Each run states its length, so that the columns hold whatever font the reader has.

use std::fmt::Write as _;
use std::iter::Peekable;
use std::str::Chars;

/// Columns before a line goes on in the next.
const COLUMNS: usize = 100;
/// Lines drawn; what is left out is counted in the last one.
const LINES: usize = 60;
/// Pixels of a column and a line at 14 px, as most monospaced fonts have it.
const COLUMN: f64 = 8.4;
const LINE: f64 = 19.0;
const MARGIN: f64 = 18.0;
const TITLE_BAR: f64 = 34.0;

const BACKGROUND: &str = "#10161d";
const BAR: &str = "#1c2530";
const TEXT: &str = "#d7dee6";
const FAINT: &str = "#8593a1";
/// Black, red, green, yellow, blue, magenta, cyan, white; all readable on the background.
const COLOURS: [&str; 8] = ["#5b6875", "#ff7b72", "#7ee08a", "#f2cc60", "#79b8ff", "#d2a8ff", "#6fd6d0", "#f0f4f8"];

#[derive(Clone, Copy, PartialEq, Eq, Default)]
struct Style {
    colour: Option<&'static str>,
    bold: bool,
}

struct Run {
    column: usize,
    style: Style,
    text: String,
}

/// Draws the text under the title.
pub(crate) fn terminal(title: &str, text: &str) -> String {
    let rows = shortened(rows(text));
    let columns = rows.iter().filter_map(|row| row.last()).map(|run| run.column + width(&run.text)).max();
    let frame_width = 2.0 * MARGIN + length(columns.unwrap_or(0).max(width(title) + 12));
    let frame_height = TITLE_BAR + 2.0 * MARGIN + LINE * length_of(rows.len());
    let mut svg = head(title, frame_width, frame_height);
    for (at, row) in rows.iter().enumerate() {
        let y = TITLE_BAR + MARGIN + LINE * (length_of(at) + 0.75);
        for run in row.iter().filter(|run| !run.text.trim().is_empty()) {
            push_run(&mut svg, run, y);
        }
    }
    svg.push_str("</g>\n</svg>\n");
    svg
}

fn head(title: &str, width: f64, height: f64) -> String {
    let title = escaped(title);
    let middle = width / 2.0;
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width:.0} {height:.0}\" width=\"{width:.0}\" \
         height=\"{height:.0}\" role=\"img\">\n<title>{title}</title>\n\
         <rect width=\"100%\" height=\"100%\" rx=\"10\" fill=\"{BACKGROUND}\"/>\n\
         <path d=\"M0 {TITLE_BAR}V10a10 10 0 0 1 10-10H{right:.0}a10 10 0 0 1 10 10V{TITLE_BAR}z\" fill=\"{BAR}\"/>\n\
         <g font-family=\"ui-monospace, 'Cascadia Mono', Menlo, Consolas, 'DejaVu Sans Mono', monospace\" \
         font-size=\"14\" xml:space=\"preserve\">\n\
         <text x=\"{middle:.0}\" y=\"22\" fill=\"{FAINT}\" text-anchor=\"middle\">{title}</text>\n",
        right = width - 10.0,
    )
}

fn push_run(svg: &mut String, run: &Run, y: f64) {
    let x = MARGIN + length(run.column);
    let long = length(width(&run.text));
    let fill = run.style.colour.unwrap_or(TEXT);
    let weight = if run.style.bold { " font-weight=\"bold\"" } else { "" };
    let text = escaped(&run.text);
    // Writing to a string cannot fail.
    let _ =
        writeln!(svg, "<text x=\"{x:.1}\" y=\"{y:.1}\" textLength=\"{long:.1}\" fill=\"{fill}\"{weight}>{text}</text>");
}

fn shortened(mut rows: Vec<Vec<Run>>) -> Vec<Vec<Run>> {
    while rows.last().is_some_and(|row| row.iter().all(|run| run.text.trim().is_empty())) {
        rows.pop();
    }
    if rows.len() > LINES {
        let text = format!("… (+{})", rows.len() - (LINES - 1));
        rows.truncate(LINES - 1);
        rows.push(vec![Run { column: 0, style: Style { colour: Some(FAINT), bold: false }, text }]);
    }
    rows
}

fn rows(text: &str) -> Vec<Vec<Run>> {
    let mut style = Style::default();
    let mut rows = Vec::new();
    for line in text.lines() {
        // A progress bar writes over itself; what stood last is what a person saw.
        let line = line.trim_end_matches('\r').rsplit('\r').next().unwrap_or_default();
        rows.extend(line_rows(line, &mut style));
    }
    rows
}

fn line_rows(line: &str, style: &mut Style) -> Vec<Vec<Run>> {
    let mut rows = vec![Vec::new()];
    let mut column = 0;
    let mut chars = line.chars().peekable();
    while let Some(char) = chars.next() {
        if char == '\u{1b}' {
            if let Some(codes) = sequence(&mut chars) {
                *style = styled(*style, &codes);
            }
            continue;
        }
        if column == COLUMNS {
            rows.push(Vec::new());
            column = 0;
        }
        let Some(row) = rows.last_mut() else { break };
        push_char(row, column, *style, if char.is_control() { ' ' } else { char });
        column += 1;
    }
    rows
}

fn push_char(row: &mut Vec<Run>, column: usize, style: Style, char: char) {
    match row.last_mut() {
        Some(run) if run.style == style => run.text.push(char),
        _ => row.push(Run { column, style, text: char.to_string() }),
    }
}

/// Takes one control sequence; gives the codes of one that sets colours.
fn sequence(chars: &mut Peekable<Chars<'_>>) -> Option<Vec<u8>> {
    chars.next_if_eq(&'[')?;
    let mut parameters = String::new();
    for char in chars.by_ref() {
        if char.is_ascii_alphabetic() {
            return (char == 'm').then(|| parameters.split(';').map(|code| code.parse().unwrap_or(0)).collect());
        }
        parameters.push(char);
    }
    None
}

fn styled(mut style: Style, codes: &[u8]) -> Style {
    for code in codes {
        match code {
            0 => style = Style::default(),
            1 => style.bold = true,
            2 => style.colour = Some(FAINT),
            22 => style.bold = false,
            30..=37 => style.colour = COLOURS.get(usize::from(code - 30)).copied(),
            39 => style.colour = None,
            90..=97 => style.colour = COLOURS.get(usize::from(code - 90)).copied(),
            _ => {}
        }
    }
    style
}

fn width(text: &str) -> usize {
    text.chars().count()
}

fn length(columns: usize) -> f64 {
    COLUMN * length_of(columns)
}

fn length_of(count: usize) -> f64 {
    u32::try_from(count).map_or(f64::MAX, f64::from)
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<Vec<String>> {
        rows(text).into_iter().map(|row| row.into_iter().map(|run| run.text).collect()).collect()
    }

    #[test]
    fn colours_become_runs_and_other_sequences_vanish() {
        assert_eq!(words("a\u{1b}[1;32mb\u{1b}[0mc\u{1b}[2K"), [["a", "b", "c"]]);
        assert!(terminal("t", "\u{1b}[31mx").contains(COLOURS[1]));
    }

    #[test]
    fn of_a_line_that_wrote_over_itself_the_last_stays() {
        assert_eq!(words("10 %\r90 %\rdone\r\nnext"), [["done"], ["next"]]);
    }

    #[test]
    fn long_lines_are_wrapped_and_long_texts_counted() {
        assert_eq!(words(&"x".repeat(COLUMNS + 1)).len(), 2);
        let rows = shortened(rows(&"x\n".repeat(LINES + 5)));
        assert_eq!((rows.len(), rows.last().map(|row| row[0].text.as_str())), (LINES, Some("… (+6)")));
    }

    #[test]
    fn text_cannot_leave_its_element() {
        assert!(terminal("a<b", "</text><script>").contains(">&lt;/text&gt;&lt;script&gt;</text>"));
    }
}
