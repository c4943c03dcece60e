//! Checks a PDF. It is stored as uploaded, so it must contain nothing active.

use std::io::BufRead;

use super::{
    FileRefusal, FilesError,
    kind::{FileEnds, contains_mark},
};

/// PDF names that run code or embed another file.
const ACTIVE: [&[u8]; 8] = [
    b"/JavaScript",
    b"/JS",
    b"/Launch",
    b"/EmbeddedFile",
    b"/RichMedia",
    b"/XFA",
    b"/SubmitForm",
    b"/ImportData",
];
/// The end mark lies this close to the end.
const END_WITHIN: usize = 1024;
const NAME_BYTES_MAX: usize = 16;

/// Reads the file through, with only one read in memory.
pub fn check_pdf(mut file: impl BufRead, ends: &FileEnds) -> Result<(), FilesError> {
    let tail = &ends.tail[ends.tail.len().saturating_sub(END_WITHIN)..];
    if !contains_mark(tail, b"%%EOF") {
        return Err(FileRefusal::Unreadable.into());
    }
    let mut names = PdfNameScanner {
        name: Vec::with_capacity(NAME_BYTES_MAX),
        place: ScanState::Outside,
    };
    loop {
        let bytes = file.fill_buf()?;
        let read = bytes.len();
        // The end of the file also ends a name.
        let rest = if read == 0 { b" " } else { bytes };
        if rest.iter().any(|byte| names.ends_active_at(*byte)) {
            return Err(FileRefusal::NotPlain.into());
        }
        if read == 0 {
            return Ok(());
        }
        file.consume(read);
    }
}

/// Finds every name and decodes its escapes: `/J#53` is `/JS`.
struct PdfNameScanner {
    name: Vec<u8>,
    place: ScanState,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum ScanState {
    Outside,
    InName,
    /// After a `#`, or after its first digit.
    InEscape(Option<u8>),
}

impl PdfNameScanner {
    /// Returns true if this byte ends an active name.
    fn ends_active_at(&mut self, byte: u8) -> bool {
        let digit = char::from(byte)
            .to_digit(16)
            .and_then(|digit| u8::try_from(digit).ok());
        match (self.place, digit) {
            (ScanState::InEscape(None), Some(_)) => self.place = ScanState::InEscape(digit),
            (ScanState::InEscape(Some(high)), Some(low)) => self.push(high * 16 + low),
            (ScanState::InName, _) if byte == b'#' => self.place = ScanState::InEscape(None),
            (ScanState::InName, _) if byte.is_ascii_alphanumeric() => self.push(byte),
            (before, _) => {
                let is_active =
                    before != ScanState::Outside && ACTIVE.contains(&self.name.as_slice());
                self.place = if byte == b'/' {
                    ScanState::InName
                } else {
                    ScanState::Outside
                };
                self.name.clear();
                self.name.push(byte);
                return is_active;
            }
        }
        false
    }

    fn push(&mut self, byte: u8) {
        self.place = ScanState::InName;
        if self.name.len() < NAME_BYTES_MAX {
            self.name.push(byte);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::{BufReader, Cursor};

    use super::*;

    /// Reads that many bytes at a time, so that names span two reads.
    #[track_caller]
    fn by(at_once: usize, bytes: &[u8]) -> Result<(), FileRefusal> {
        let ends = FileEnds::read(&mut Cursor::new(bytes)).unwrap();
        match check_pdf(BufReader::with_capacity(at_once, bytes), &ends) {
            Ok(()) => Ok(()),
            Err(FilesError::Refused(refusal)) => Err(refusal),
            Err(failed) => panic!("{failed}"),
        }
    }

    #[track_caller]
    fn of(inside: &str) -> Result<(), FileRefusal> {
        let whole = format!("%PDF-1.7\n1 0 obj << {inside} >> endobj\n%%EOF\n");
        let [piecemeal, at_once] = [1, 1_000].map(|at_once| by(at_once, whole.as_bytes()));
        assert_eq!(piecemeal, at_once, "{inside}");
        at_once
    }

    #[test]
    fn a_pdf_that_runs_something_is_refused_however_it_spells_it() {
        assert_eq!(
            of("/Type /Catalog /Pages 2 0 R /OpenAction [3 0 R /Fit]"),
            Ok(())
        );
        for plain in [
            "/Subtype /JSpecial /Title (JS)",
            "/JavaScriptAndMuchMore",
            "J/#5 /J#5S S",
        ] {
            assert_eq!(of(plain), Ok(()), "only whole names count: {plain}");
        }
        for active in [
            "/S /JavaScript /JS (app.alert(1))",
            "/S/J#61vaScript",
            "/S /#4a#53",
            "/S /#4A#53",
            "/S /Launch /F (cmd.exe)",
            "/Type /EmbeddedFile",
            "/JS#zz",
            "/A#/JS",
            "/A#4/JS",
            "//JS/",
        ] {
            assert_eq!(of(active), Err(FileRefusal::NotPlain), "{active}");
        }
        assert_eq!(
            by(9, b"%PDF-1.7\n%%EOF /JS"),
            Err(FileRefusal::NotPlain),
            "at the very end"
        );
        assert_eq!(by(9, b"%PDF-1.7\ncut off"), Err(FileRefusal::Unreadable));
    }
}
