//! Tables: aligned by display width on a terminal, tab-separated in a pipe. Invariants: a cell
//! holds one line; foreign text cannot move the cursor or break a row. A pipe gets every column, a
//! terminal as many as fit.

use std::fmt::Display;

use unicode_width::UnicodeWidthStr;

use crate::{
    look::{OutputStyle, TextTone},
    say, wrap,
};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableCell {
    text: String,
    tone: TextTone,
}

/// How a table shrinks on a narrow terminal.
#[derive(Debug, Clone, Copy)]
pub struct NarrowTableRules {
    /// Columns to drop, least important first.
    pub sheds: &'static [usize],
    /// The last column is a sentence and may move below its row.
    pub ends_with_sentence: bool,
}

impl TableCell {
    pub fn new(text: impl Display) -> Self {
        Self::with_tone(TextTone::Plain, text)
    }

    pub fn with_tone(tone: TextTone, text: impl Display) -> Self {
        Self {
            text: replace_control_chars(&text.to_string()),
            tone,
        }
    }

    fn display_width(&self) -> usize {
        self.text.width()
    }

    pub fn or_dash(text: Option<impl Display>) -> Self {
        text.map_or_else(|| Self::new("-"), Self::new)
    }
}

/// Replaces control characters, which a terminal would obey.
pub fn replace_control_chars(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect()
}

/// `columns` are the titles, joined by ` | `.
pub fn render_table(
    columns: &str,
    form: NarrowTableRules,
    rows: impl IntoIterator<Item = Vec<TableCell>>,
    style: &OutputStyle,
) -> String {
    let titles = columns
        .split(" | ")
        .map(|title| TableCell::with_tone(TextTone::Heading, title))
        .collect();
    let lines: Vec<Vec<TableCell>> = std::iter::once(titles).chain(rows).collect();
    match style.width {
        Some(width) => TableLayout::fit_columns(&lines, form, width).render_rows(&lines, style),
        None => lines.iter().map(|cells| join_with_tabs(cells)).collect(),
    }
}

fn join_with_tabs(cells: &[TableCell]) -> String {
    let texts: Vec<&str> = cells.iter().map(|cell| cell.text.as_str()).collect();
    format!("{}\n", texts.join("\t"))
}

/// A table's layout for a given width.
struct TableLayout {
    width: usize,
    /// Includes dropped columns.
    widths: Vec<usize>,
    /// The columns on each line of a row; several lines if they are still too wide.
    lines: Vec<Vec<usize>>,
    sentence: Option<usize>,
    shed: Vec<usize>,
}

const GAP: usize = 2;
/// Indents a row's second line and its sentence.
const INDENT: usize = 4;

impl TableLayout {
    fn fit_columns(rows: &[Vec<TableCell>], form: NarrowTableRules, width: usize) -> Self {
        let widths: Vec<usize> = (0..)
            .map_while(|column| measure_column(rows, column))
            .collect();
        let mut kept: Vec<usize> = (0..widths.len()).collect();
        let mut sentence = None;
        let mut shed = Vec::new();
        if !fits_in_width(&kept, &widths, width) && form.ends_with_sentence {
            sentence = kept.pop();
        }
        for column in form.sheds {
            if !fits_in_width(&kept, &widths, width) {
                kept.retain(|known| known != column);
                shed.push(*column);
            }
        }
        shed.sort_unstable();
        let lines = Self::break_into_lines(&kept, &widths, width);
        Self {
            width,
            widths,
            lines,
            sentence,
            shed,
        }
    }

    fn break_into_lines(kept: &[usize], widths: &[usize], width: usize) -> Vec<Vec<usize>> {
        let mut lines: Vec<Vec<usize>> = Vec::new();
        let mut taken = usize::MAX;
        for column in kept {
            let needed = widths[*column];
            match lines.last_mut() {
                Some(line) if taken + GAP + needed <= width => {
                    line.push(*column);
                    taken += GAP + needed;
                }
                _ => {
                    taken = needed + if lines.is_empty() { 0 } else { INDENT };
                    lines.push(vec![*column]);
                }
            }
        }
        lines
    }

    fn render_rows(&self, rows: &[Vec<TableCell>], style: &OutputStyle) -> String {
        let mut text: String = rows.iter().map(|row| self.render_row(row, style)).collect();
        if !self.shed.is_empty() {
            let titles = self.shed.iter().filter_map(|column| rows[0].get(*column));
            let titles: Vec<&str> = titles.map(|title| title.text.as_str()).collect();
            let columns = titles
                .join(say::list_separator.text_in(style.language))
                .into();
            let note = style.translate(say::table_shed { columns });
            let lines = wrap::fill_lines(&note, self.width, 0, 0);
            lines
                .iter()
                .for_each(|line| text += &format!("{}\n", style.paint(TextTone::Quiet, line)));
        }
        text
    }

    fn render_row(&self, row: &[TableCell], style: &OutputStyle) -> String {
        let mut text = String::new();
        for (number, columns) in self.lines.iter().enumerate() {
            let indent = if number == 0 { 0 } else { INDENT };
            let cells = columns.iter().filter_map(|column| {
                let cell = row.get(*column)?;
                let width = self.widths[*column];
                Some(
                    style.paint(cell.tone, &cell.text)
                        + &" ".repeat(width + GAP - cell.display_width()),
                )
            });
            let line = " ".repeat(indent) + &cells.collect::<String>();
            text += &format!("{}\n", line.trim_end());
        }
        if let Some(cell) = self.sentence.and_then(|column| row.get(column)) {
            for line in wrap::fill_lines(&cell.text, self.width, INDENT, INDENT) {
                text += &format!("{}{}\n", " ".repeat(INDENT), style.paint(cell.tone, &line));
            }
        }
        text
    }
}

/// Returns `None` past the last column.
fn measure_column(rows: &[Vec<TableCell>], column: usize) -> Option<usize> {
    rows.iter()
        .filter_map(|row| row.get(column))
        .map(TableCell::display_width)
        .max()
}

fn fits_in_width(columns: &[usize], widths: &[usize], width: usize) -> bool {
    let cells: usize = columns.iter().map(|column| widths[*column] + GAP).sum();
    cells.saturating_sub(GAP) <= width
}

#[cfg(test)]
mod tests {
    use wire::Language;

    use super::*;

    const FORM: NarrowTableRules = NarrowTableRules {
        sheds: &[2, 1],
        ends_with_sentence: false,
    };

    fn check(style: OutputStyle) -> String {
        let rows = [
            vec![
                TableCell::new("NORTH"),
                TableCell::with_tone(TextTone::Bad, "x 断开"),
                TableCell::new("1"),
            ],
            vec![
                TableCell::new("北"),
                TableCell::new("-"),
                TableCell::new("22"),
            ],
        ];
        render_table("区域 | edge | n", FORM, rows, &style)
    }

    fn wide(width: usize) -> OutputStyle {
        OutputStyle {
            width: Some(width),
            ..OutputStyle::for_pipe(Language::Chinese)
        }
    }

    #[test]
    fn columns_align_by_what_a_terminal_shows() {
        let expected = "区域   edge    n\nNORTH  x 断开  1\n北     -       22\n";
        assert_eq!(check(wide(17)), expected);
    }

    #[test]
    fn a_narrow_terminal_is_told_which_columns_it_does_not_get() {
        let text = check(wide(16));
        assert!(
            text.starts_with("区域   edge\nNORTH  x 断开\n北     -\n"),
            "{text}"
        );
        assert!(
            text.lines().last().is_some_and(|line| line.contains('n')),
            "{text}"
        );
        assert!(check(wide(6)).starts_with("区域\nNORTH\n北\n"));
    }

    #[test]
    fn a_row_that_cannot_shed_goes_on_below_and_a_sentence_stands_under_it() {
        let rows = || {
            [vec![
                TableCell::new("aaaa"),
                TableCell::new("bbbb"),
                TableCell::new("one two three"),
            ]]
        };
        let form = NarrowTableRules {
            sheds: &[],
            ends_with_sentence: true,
        };
        let drawn = |width| render_table("A | B | C", form, rows(), &wide(width));
        assert_eq!(drawn(25), "A     B     C\naaaa  bbbb  one two three\n");
        assert_eq!(
            drawn(14),
            "A     B\n    C\naaaa  bbbb\n    one two\n    three\n"
        );
        assert_eq!(
            drawn(9),
            "A\n    B\n    C\naaaa\n    bbbb\n    one\n    two\n    three\n"
        );
    }

    #[test]
    fn colour_does_not_move_a_column() {
        let mut coloured = check(OutputStyle {
            colour: true,
            ..wide(40)
        });
        for code in ["\x1b[1m", "\x1b[31m", "\x1b[0m"] {
            coloured = coloured.replace(code, "");
        }
        assert_eq!(coloured, check(wide(40)));
    }

    #[test]
    fn a_pipe_gets_tabs_and_no_colour() {
        let look = OutputStyle::for_pipe(Language::English);
        assert_eq!(check(look), "区域\tedge\tn\nNORTH\tx 断开\t1\n北\t-\t22\n");
    }

    #[test]
    fn a_title_cannot_command_the_terminal() {
        assert_eq!(TableCell::new("a\x1b[2Jb\tc\n").text, "a [2Jb c ");
    }
}
