//! Owns tables: aligned by display width on a terminal, tab separated in a pipe.
//! Invariant: a cell holds one line; a name written by others cannot move the cursor or break a row.

use unicode_width::UnicodeWidthStr;

use crate::look::{Look, Tone};

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Cell {
    text: String,
    tone: Tone,
}

impl Cell {
    pub fn new(text: impl AsRef<str>) -> Self {
        Self::toned(Tone::Plain, text)
    }

    pub fn toned(tone: Tone, text: impl AsRef<str>) -> Self {
        Self { text: printable(text.as_ref()), tone }
    }

    /// The same cell with more to say.
    pub fn and(mut self, more: &str) -> Self {
        self.text.push_str(&printable(more));
        self
    }
}

/// The text without control characters, which a terminal would obey.
pub fn printable(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

pub struct Table {
    head: Vec<Cell>,
    rows: Vec<Vec<Cell>>,
}

impl Table {
    pub fn new<'a>(head: impl IntoIterator<Item = &'a str>) -> Self {
        let head = head.into_iter().map(|text| Cell::toned(Tone::Heading, text)).collect();
        Self { head, rows: Vec::new() }
    }

    pub fn row(&mut self, cells: Vec<Cell>) {
        self.rows.push(cells);
    }

    pub fn render(&self, look: &Look) -> String {
        let widths = self.widths();
        let lines = std::iter::once(&self.head).chain(&self.rows);
        lines
            .map(|cells| if look.terminal { aligned(cells, &widths, look) } else { tabbed(cells) })
            .collect()
    }

    fn widths(&self) -> Vec<usize> {
        (0..self.head.len())
            .map(|column| {
                let cells = std::iter::once(&self.head).chain(&self.rows);
                cells
                    .filter_map(|row| row.get(column))
                    .map(|cell| cell.text.width())
                    .max()
                    .unwrap_or(0)
            })
            .collect()
    }
}

fn aligned(cells: &[Cell], widths: &[usize], look: &Look) -> String {
    let mut line = String::new();
    for (index, (cell, width)) in cells.iter().zip(widths).enumerate() {
        line.push_str(&look.paint(cell.tone, &cell.text));
        if index + 1 < cells.len() {
            line.push_str(&" ".repeat(width + 2 - cell.text.width()));
        }
    }
    let mut line = line.trim_end().to_owned();
    line.push('\n');
    line
}

fn tabbed(cells: &[Cell]) -> String {
    let texts: Vec<&str> = cells.iter().map(|cell| cell.text.as_str()).collect();
    format!("{}\n", texts.join("\t"))
}

#[cfg(test)]
mod tests {
    use wire::Language;

    use super::*;

    fn table() -> Table {
        let mut table = Table::new(["区域", "edge", "n"]);
        table.row(vec![Cell::new("NORTH"), Cell::toned(Tone::Bad, "x 断开"), Cell::new("1")]);
        table.row(vec![Cell::new("北"), Cell::new("-"), Cell::new("22")]);
        table
    }

    #[test]
    fn columns_align_by_what_a_terminal_shows() {
        let look = Look { language: Language::Chinese, terminal: true, colour: false };
        let expected = "区域   edge    n\nNORTH  x 断开  1\n北     -       22\n";
        assert_eq!(table().render(&look), expected);
    }

    #[test]
    fn colour_does_not_move_a_column() {
        let plain = Look { language: Language::Chinese, terminal: true, colour: false };
        let mut coloured = table().render(&Look { colour: true, ..plain });
        for code in ["\x1b[1m", "\x1b[31m", "\x1b[0m"] {
            coloured = coloured.replace(code, "");
        }
        assert_eq!(coloured, table().render(&plain));
    }

    #[test]
    fn a_pipe_gets_tabs_and_no_colour() {
        let look = Look { language: Language::English, terminal: false, colour: false };
        assert_eq!(table().render(&look), "区域\tedge\tn\nNORTH\tx 断开\t1\n北\t-\t22\n");
    }

    #[test]
    fn a_title_cannot_command_the_terminal() {
        assert_eq!(Cell::new("a\x1b[2Jb\tc\n").text, "a [2Jb c ");
    }
}
