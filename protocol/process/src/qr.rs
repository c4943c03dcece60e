//! QR codes, as an image for a page and as text for a terminal.

use std::fmt::Write;

use qrcode::{Color, EcLevel};

/// A short text, such as an address, as a QR code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QrCode {
    width: usize,
    /// Row by row, without the border.
    dark: Vec<bool>,
}

/// Scanners need a light border of this many modules.
const BORDER: usize = 4;

/// A terminal has no room to waste, and common scanners accept this.
const TERMINAL_BORDER: usize = 2;

impl QrCode {
    /// `None` if the text is too long for a QR code: more than two thousand bytes.
    pub fn encode(text: &str) -> Option<Self> {
        let code = qrcode::QrCode::with_error_correction_level(text, EcLevel::M).ok()?;
        let width = code.width();
        let colors = code.into_colors().into_iter();
        let dark = colors.map(|color| color == Color::Dark).collect();
        Some(Self { width, dark })
    }

    /// An `svg` element. `label` describes the code to people who cannot see it.
    pub fn to_svg(&self, label: &str) -> String {
        let side = self.width + 2 * BORDER;
        let label = escape_attribute(label);
        let path = self.draw_path();
        format!(
            "<svg class=\"qr\" role=\"img\" aria-label=\"{label}\" width=\"160\" height=\"160\" \
             viewBox=\"0 0 {side} {side}\" shape-rendering=\"crispEdges\">\
             <path fill=\"#fff\" d=\"M0 0h{side}v{side}H0z\"/><path d=\"{path}\"/></svg>"
        )
    }

    /// One rectangle for each run of dark modules in a row.
    fn draw_path(&self) -> String {
        let mut path = String::new();
        for (y, row) in self.dark.chunks(self.width).enumerate() {
            let mut x = 0;
            for run in row.chunk_by(|left, right| left == right) {
                let length = run.len();
                if run[0] {
                    let left = x + BORDER;
                    let top = y + BORDER;
                    let _ = write!(path, "M{left} {top}h{length}v1h-{length}z");
                }
                x += length;
            }
        }
        path
    }

    /// Lines of half blocks, two modules high. They draw the light modules, so print them in white
    /// on black where colour is possible.
    pub fn to_terminal(&self) -> Vec<String> {
        let border = TERMINAL_BORDER.cast_signed();
        let end = self.width.cast_signed() + border;
        let tops = (-border..end).step_by(2);
        tops.map(|top| {
            let columns = -border..end;
            columns
                .map(
                    |x| match (self.is_light(x, top), self.is_light(x, top + 1)) {
                        (true, true) => '█',
                        (true, false) => '▀',
                        (false, true) => '▄',
                        (false, false) => ' ',
                    },
                )
                .collect()
        })
        .collect()
    }

    /// `None` in the border.
    fn index_inside(&self, at: isize) -> Option<usize> {
        usize::try_from(at).ok().filter(|at| *at < self.width)
    }

    fn is_light(&self, x: isize, y: isize) -> bool {
        match (self.index_inside(x), self.index_inside(y)) {
            (Some(x), Some(y)) => !self.dark[y * self.width + x],
            _ => true,
        }
    }
}

fn escape_attribute(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    const ADDRESS: &str = "http://north-1.local/trust";

    #[test]
    fn the_image_has_a_border_and_a_label_that_ends_nothing() {
        let code = QrCode::encode(ADDRESS).unwrap();
        assert_eq!(code.width, 25);
        let svg = code.to_svg("a \"<b>");
        assert!(svg.contains("viewBox=\"0 0 33 33\""), "{svg}");
        assert!(svg.contains("aria-label=\"a &quot;&lt;b>\""), "{svg}");
        // The upper edge of the first finder pattern.
        assert!(svg.contains("d=\"M4 4h7v1h-7z"), "{svg}");
    }

    #[test]
    fn a_terminal_shows_the_same_modules_in_half_the_lines() {
        let code = QrCode::encode(ADDRESS).unwrap();
        let lines = code.to_terminal();
        assert_eq!(lines.len(), 15);
        assert!(lines.iter().all(|line| line.chars().count() == 29));
        let bits = |line: &str| -> (Vec<bool>, Vec<bool>) {
            line.chars()
                .map(|c| (!"█▀".contains(c), !"█▄".contains(c)))
                .unzip()
        };
        let rows: Vec<bool> = lines[1..14]
            .iter()
            .flat_map(|line| {
                let (upper, lower) = bits(line);
                [upper[2..27].to_vec(), lower[2..27].to_vec()].concat()
            })
            .take(25 * 25)
            .collect();
        assert_eq!(rows, code.dark);
    }

    #[test]
    fn a_text_beyond_the_largest_code_has_none() {
        assert!(QrCode::encode(&"a".repeat(3_000)).is_none());
    }
}
