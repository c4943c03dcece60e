//! Fits text and tables to a terminal's width: text wraps, a table aligns by display width and
//! drops columns. A pipe gets every column, separated by tabs, and lines of any length.
//!
//! Invariants: a cell holds one line; foreign text cannot move the cursor or break a row. Wrapping
//! never breaks a word, an id, an address, a command in backticks, or a line that ends with a
//! backslash.

use std::fmt::Display;

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use crate::{
    say,
    style::{OutputStyle, TextTone},
};

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TableCell {
    text: String,
    tone: TextTone,
}

/// How a table shrinks on a narrow terminal.
#[derive(Debug, Clone, Copy)]
pub(crate) struct NarrowTableRules {
    /// Columns to drop, least important first.
    pub sheds: &'static [usize],
    /// The last column is a sentence and may move below its row.
    pub ends_with_sentence: bool,
}

impl TableCell {
    pub(crate) fn new(text: impl Display) -> Self {
        Self::with_tone(TextTone::Plain, text)
    }

    pub(crate) fn with_tone(tone: TextTone, text: impl Display) -> Self {
        Self {
            text: replace_control_chars(&text.to_string()),
            tone,
        }
    }

    fn display_width(&self) -> usize {
        self.text.width()
    }

    pub(crate) fn or_dash(text: Option<impl Display>) -> Self {
        text.map_or_else(|| Self::new("-"), Self::new)
    }
}

/// Replaces control characters, which a terminal would obey.
pub(crate) fn replace_control_chars(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect()
}

/// `columns` are the titles, joined by ` | `.
pub(crate) fn render_table(
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
            let lines = fill_lines(&note, self.width, 0, 0);
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
            for line in fill_lines(&cell.text, self.width, INDENT, INDENT) {
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

/// Keeps the text as it is for a pipe.
pub(crate) fn fit_to_width(text: String, style: &OutputStyle) -> String {
    match style.width {
        Some(width) => wrap_to_width(&text, width),
        None => text,
    }
}

/// Continues long lines below, indented to the start of their text.
fn wrap_to_width(text: &str, width: usize) -> String {
    let lines = text.split('\n').map(|line| {
        if shown_width(line) <= width || line.ends_with('\\') {
            return line.to_owned();
        }
        let start = TextStart::find_in_line(line, width);
        let mut lines = fill_lines(&line[start.at..], width, start.first, start.hang);
        lines[0] = format!("{}{}", &line[..start.at], lines[0])
            .trim_end()
            .to_owned();
        lines.join(&format!("\n{}", " ".repeat(start.hang)))
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// Splits the text into lines without indentation; `first` columns of the first line are taken,
/// `hang` columns of the others.
fn fill_lines(text: &str, width: usize, first: usize, hang: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    let mut column = first;
    for piece in split_pieces(text) {
        let line = lines.last_mut().expect("`lines` starts with one line");
        let is_at_start = line.is_empty();
        if column + piece.gap + piece.width > width && !(is_at_start && column <= hang) {
            lines.push(piece.text.to_owned());
            column = hang + piece.width;
            continue;
        }
        let gap = if is_at_start { 0 } else { piece.gap };
        line.push_str(&" ".repeat(gap));
        line.push_str(piece.text);
        column += gap + piece.width;
    }
    lines
}

/// Counts columns on a terminal; colour codes take none.
fn shown_width(text: &str) -> usize {
    let mut parts = text.split("\x1b[");
    let first = parts.next().map_or(0, UnicodeWidthStr::width);
    let rest = parts.map(|part| part.split_once('m').map_or(0, |(_, shown)| shown.width()));
    first + rest.sum::<usize>()
}

/// An unbreakable part.
struct TextPiece<'t> {
    /// Spaces before it.
    gap: usize,
    text: &'t str,
    width: usize,
}

impl<'t> TextPiece<'t> {
    fn new(gap: usize, text: &'t str) -> Self {
        let width = shown_width(text);
        Self { gap, text, width }
    }
}

fn split_pieces(text: &str) -> Vec<TextPiece<'_>> {
    let mut pieces = Vec::new();
    let mut gap = 0;
    let mut start = 0;
    let mut in_command = false;
    let mut before = ' ';
    for (at, c) in text.char_indices() {
        let is_gap = c == ' ' && !in_command && !ends_with_date(&text[start..at]);
        if is_gap {
            if start < at {
                pieces.push(TextPiece::new(gap, &text[start..at]));
                gap = 0;
            }
            gap += 1;
            start = at + 1;
        } else if start < at && !in_command && may_break(before, c) {
            pieces.push(TextPiece::new(gap, &text[start..at]));
            gap = 0;
            start = at;
        }
        if c == '`' {
            in_command = !in_command;
        }
        before = c;
    }
    if start < text.len() {
        pieces.push(TextPiece::new(gap, &text[start..]));
    }
    pieces
}

/// Keeps a moment whole despite the space between date and time.
fn ends_with_date(text: &str) -> bool {
    let Some(end) = text.len().checked_sub("2025-11-24".len()) else {
        return false;
    };
    text.get(end..).is_some_and(|day| {
        day.char_indices().all(|(at, c)| match at {
            4 | 7 => c == '-',
            _ => c.is_ascii_digit(),
        })
    })
}

/// Chinese has no spaces: a line may break after any character, but not before a closing or after
/// an opening mark.
fn may_break(before: char, after: char) -> bool {
    (is_wide(before) || is_wide(after)) && !is_opening_mark(before) && !is_closing_mark(after)
}

fn is_wide(c: char) -> bool {
    c.width() == Some(2)
}

fn is_opening_mark(c: char) -> bool {
    matches!(c, '\u{ff08}' | '\u{300a}' | '\u{300c}' | '\u{201c}' | '(')
}

fn is_closing_mark(c: char) -> bool {
    matches!(
        c,
        '\u{ff09}'
            | '\u{300b}'
            | '\u{300d}'
            | '\u{201d}'
            | '\u{3002}'
            | '\u{3001}'
            | '\u{ff0c}'
            | '\u{ff1a}'
            | '\u{ff1b}'
            | '\u{ff1f}'
            | '\u{ff01}'
            | ')'
            | ','
            | '.'
            | ';'
            | ':'
    )
}

/// The start of a line's text, after a mark, time or label.
struct TextStart {
    /// Byte offset.
    at: usize,
    /// Columns in front of it.
    first: usize,
    /// Indentation of the continuation lines.
    hang: usize,
}

impl TextStart {
    fn find_in_line(line: &str, width: usize) -> Self {
        let indent = line.len() - line.trim_start_matches(' ').len();
        let behind_mark = indent + mark_length(&line[indent..]);
        let rest = &line[behind_mark..];
        let label = rest.find("  ").map(|gap| {
            let text = rest[gap..].trim_start_matches(' ');
            line.len() - text.len()
        });
        match label {
            Some(at) if shown_width(&line[..at]) <= width / 2 => {
                let first = shown_width(&line[..at]);
                Self {
                    at,
                    first,
                    hang: first,
                }
            }
            // A long label gets a line, with its text below.
            Some(at) if behind_mark == indent && indent > 0 => Self {
                at,
                first: width,
                hang: indent + 4,
            },
            _ if behind_mark > indent => {
                let first = shown_width(&line[..behind_mark]);
                Self {
                    at: behind_mark,
                    first,
                    hang: first,
                }
            }
            _ => Self {
                at: indent,
                first: indent,
                hang: indent + 2,
            },
        }
    }
}

/// The bytes of a mark such as `! ` or `3 + `.
fn mark_length(text: &str) -> usize {
    let digits = text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let number = if digits > 0 && text[digits..].starts_with(' ') {
        digits + 1
    } else {
        0
    };
    let rest = &text[number..];
    let plain = rest
        .trim_start_matches("\x1b[32m")
        .trim_start_matches("\x1b[31m");
    let colour = rest.len() - plain.len();
    let is_mark = ["! ", "+ ", "x ", "~ ", "? "]
        .iter()
        .any(|mark| plain.starts_with(mark));
    if is_mark { number + colour + 2 } else { 0 }
}

#[cfg(test)]
mod tests;
