//! Wraps text to a terminal's width.
//!
//! Invariant: never breaks a word, an id, an address, a command in backticks, or a line that ends
//! with a backslash.

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// Continues long lines below, indented to the start of their text.
pub fn wrap_to_width(text: &str, width: usize) -> String {
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
pub fn fill_lines(text: &str, width: usize, first: usize, hang: usize) -> Vec<String> {
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
pub fn shown_width(text: &str) -> usize {
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
mod tests {
    use super::*;

    #[test]
    fn a_line_goes_on_under_its_text() {
        for (text, expected) in [
            (
                "! north-1: the link is down",
                "! north-1: the link\n  is down",
            ),
            (
                "    Next: check the edge and it",
                "    Next: check the\n      edge and it",
            ),
            (
                "16:00  tapped on the tablet",
                "16:00  tapped on the\n       tablet",
            ),
            (
                "  3 + provider A accepted it",
                "  3 + provider A\n      accepted it",
            ),
            ("short\nshort again", "short\nshort again"),
            ("A=1 B=22222222222222222 \\", "A=1 B=22222222222222222 \\"),
            (
                "  --a-long-name  its help text",
                "  --a-long-name\n      its help text",
            ),
        ] {
            assert_eq!(wrap_to_width(text, 20), expected);
        }
    }

    #[test]
    fn commands_and_ids_stay_whole() {
        let text = "then `holdfast lease take-back NORTH --why TEXT` ends it";
        let expected = "then\n  `holdfast lease take-back NORTH --why TEXT`\n  ends it";
        assert_eq!(wrap_to_width(text, 20), expected);
        let id = "0192f5d4-0000-7000-8000-000000000009";
        assert_eq!(
            wrap_to_width(&format!("order {id}"), 20),
            format!("order\n  {id}")
        );
        let text = "it lost at 2025-11-24 16:03:12.000Z and stays so";
        assert_eq!(
            wrap_to_width(text, 30),
            "it lost at\n  2025-11-24 16:03:12.000Z and\n  stays so"
        );
    }

    #[test]
    fn chinese_breaks_between_characters_and_keeps_its_signs() {
        assert_eq!(
            wrap_to_width("! 链路已断开；检查该节点及其网络。", 14),
            "! 链路已断开；\n  检查该节点及\n  其网络。"
        );
        assert_eq!(wrap_to_width("一二三（四五）", 8), "一二三\n  （四\n  五）");
    }

    #[test]
    fn colours_take_no_place() {
        let text = "\x1b[31m! the link is down\x1b[0m";
        assert_eq!(wrap_to_width(text, 18), text);
        assert_eq!(
            wrap_to_width(text, 12),
            "\x1b[31m! the link\n  is down\x1b[0m"
        );
    }
}
