//! Owns tables: aligned by display width on a terminal, tab separated in a pipe.
//! Invariant: a cell holds one line; a name written by others cannot move the cursor or break a row.

use std::fmt::Display;

use unicode_width::UnicodeWidthStr;

use crate::look::{Look, Tone};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cell {
    text: String,
    tone: Tone,
}

impl Cell {
    pub fn new(text: impl Display) -> Self {
        Self::toned(Tone::Plain, text)
    }

    pub fn toned(tone: Tone, text: impl Display) -> Self {
        Self { text: printable(&text.to_string()), tone }
    }

    fn width(&self) -> usize {
        self.text.width()
    }

    pub fn or_dash(text: Option<impl Display>) -> Self {
        text.map_or_else(|| Self::new("-"), Self::new)
    }
}

/// The text without control characters, which a terminal would obey.
pub fn printable(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// `columns` are the titles, with ` | ` between them.
pub fn table(columns: &str, rows: impl IntoIterator<Item = Vec<Cell>>, look: &Look) -> String {
    let titles = columns.split(" | ").map(|title| Cell::toned(Tone::Heading, title)).collect();
    let lines: Vec<Vec<Cell>> = std::iter::once(titles).chain(rows).collect();
    let width = |column| lines.iter().filter_map(|line| line.get(column)).map(Cell::width).max();
    let widths: Vec<usize> = (0..).map_while(width).collect();
    let line = |cells: &Vec<Cell>| match look.terminal {
        true => aligned(cells, &widths, look),
        false => tabbed(cells),
    };
    lines.iter().map(line).collect()
}

fn aligned(cells: &[Cell], widths: &[usize], look: &Look) -> String {
    let cell = |(cell, width): (&Cell, &usize)| {
        look.paint(cell.tone, &cell.text) + &" ".repeat(width + 2 - cell.width())
    };
    let line: String = cells.iter().zip(widths).map(cell).collect();
    format!("{}\n", line.trim_end())
}

fn tabbed(cells: &[Cell]) -> String {
    let texts: Vec<&str> = cells.iter().map(|cell| cell.text.as_str()).collect();
    format!("{}\n", texts.join("\t"))
}

#[cfg(test)]
mod tests {
    use wire::Language;

    use super::*;

    fn check(look: Look) -> String {
        let rows = [
            vec![Cell::new("NORTH"), Cell::toned(Tone::Bad, "x 断开"), Cell::new("1")],
            vec![Cell::new("北"), Cell::new("-"), Cell::new("22")],
        ];
        table("区域 | edge | n", rows, &look)
    }

    #[test]
    fn columns_align_by_what_a_terminal_shows() {
        let look = Look { terminal: true, ..Look::plain(Language::Chinese) };
        let expected = "区域   edge    n\nNORTH  x 断开  1\n北     -       22\n";
        assert_eq!(check(look), expected);
    }

    #[test]
    fn colour_does_not_move_a_column() {
        let plain = Look { terminal: true, ..Look::plain(Language::Chinese) };
        let mut coloured = check(Look { colour: true, ..plain });
        for code in ["\x1b[1m", "\x1b[31m", "\x1b[0m"] {
            coloured = coloured.replace(code, "");
        }
        assert_eq!(coloured, check(plain));
    }

    #[test]
    fn a_pipe_gets_tabs_and_no_colour() {
        let look = Look::plain(Language::English);
        assert_eq!(check(look), "区域\tedge\tn\nNORTH\tx 断开\t1\n北\t-\t22\n");
    }

    #[test]
    fn a_title_cannot_command_the_terminal() {
        assert_eq!(Cell::new("a\x1b[2Jb\tc\n").text, "a [2Jb c ");
    }
}
