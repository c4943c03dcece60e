//! The accepted kinds of files, detected by bytes alone: names and headers come from the sender.

use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom};

use wire::words;

use super::{FileRefusal, FilesError};

words! {
    FileKind {
        Jpeg "image/jpeg",
        Png "image/png",
        Webp "image/webp",
        Pdf "application/pdf",
    }
}

/// How much of the start and the end is searched for marks of another kind. Browsers and archive
/// readers look no further; deeper inside, pixels would contain such a mark by chance.
const SEARCHED_BYTES: u64 = 64 * 1024;
/// Browsers that ignore the declared type look no further.
const SNIFFED_BYTES: usize = 2 * 1024;
/// A PDF reader looks no further for its mark.
const PDF_MARK_WITHIN: usize = 1024;
/// A ZIP archive ends with its directory.
const ZIP_DIRECTORY: &[u8] = b"PK\x05\x06";
const PAGE_MARKS: [&[u8]; 6] = [
    b"<script",
    b"<html",
    b"<!doctype",
    b"<svg",
    b"<iframe",
    b"<?php",
];

impl FileKind {
    pub const PICTURES: &[Self] = &[Self::Jpeg, Self::Png, Self::Webp];
    pub const DOCUMENTS: &[Self] = &[Self::Jpeg, Self::Png, Self::Webp, Self::Pdf];

    /// Detects the kind by the magic bytes at the very start.
    pub fn from_magic_bytes(bytes: &[u8]) -> Option<Self> {
        if bytes.starts_with(b"\xff\xd8\xff") {
            Some(Self::Jpeg)
        } else if bytes.starts_with(b"\x89PNG\r\n\x1a\n") {
            Some(Self::Png)
        } else if bytes.starts_with(b"RIFF") && bytes.get(8..12) == Some(b"WEBP") {
            Some(Self::Webp)
        } else if bytes.starts_with(b"%PDF-") {
            Some(Self::Pdf)
        } else {
            None
        }
    }

    pub fn is_picture(self) -> bool {
        self != Self::Pdf
    }

    /// The file name that a browser saves it under.
    pub fn file_name(self) -> &'static str {
        match self {
            Self::Jpeg => "picture.jpg",
            Self::Png => "picture.png",
            Self::Webp => "picture.webp",
            Self::Pdf => "document.pdf",
        }
    }
}

pub(super) struct FileEnds {
    pub head: Vec<u8>,
    pub tail: Vec<u8>,
    pub bytes: u64,
}

impl FileEnds {
    pub(super) fn read(file: &mut (impl Read + Seek)) -> io::Result<Self> {
        let bytes = file.seek(SeekFrom::End(0))?;
        Ok(Self {
            head: read_part(file, 0)?,
            tail: read_part(file, bytes.saturating_sub(SEARCHED_BYTES))?,
            bytes,
        })
    }
}

fn read_part(file: &mut (impl Read + Seek), from: u64) -> io::Result<Vec<u8>> {
    let mut part = Vec::new();
    file.seek(SeekFrom::Start(from))?;
    file.take(SEARCHED_BYTES).read_to_end(&mut part)?;
    Ok(part)
}

/// Refuses a file that another program could interpret as something else.
pub(super) fn check_plain(
    kind: FileKind,
    ends: &FileEnds,
    file: &mut BufReader<impl Read + Seek>,
) -> Result<(), FilesError> {
    let FileEnds { head, tail, .. } = ends;
    if has_page_mark(head) || has_page_mark(tail) {
        return Err(FileRefusal::NotPlain.into());
    }
    check_original(kind, ends, file)
}

/// The check of a picture that stays as it is. A page counts only where a browser would look: its
/// pixels may contain any mark by chance, and it cannot be re-encoded.
pub(super) fn check_original(
    kind: FileKind,
    ends: &FileEnds,
    file: &mut BufReader<impl Read + Seek>,
) -> Result<(), FilesError> {
    let FileEnds { head, tail, .. } = ends;
    let is_page = has_page_mark(&head[..head.len().min(SNIFFED_BYTES)]);
    let is_archive = contains_mark(tail, ZIP_DIRECTORY);
    let is_pdf =
        kind.is_picture() && contains_mark(&head[..head.len().min(PDF_MARK_WITHIN)], b"%PDF-");
    if is_page || is_archive || is_pdf || has_more(kind, ends, file)? {
        return Err(FileRefusal::NotPlain.into());
    }
    Ok(())
}

fn has_page_mark(bytes: &[u8]) -> bool {
    PAGE_MARKS.iter().any(|mark| contains_mark(bytes, mark))
}

/// Returns true if the mark occurs, in any case.
pub(super) fn contains_mark(bytes: &[u8], mark: &[u8]) -> bool {
    bytes
        .windows(mark.len())
        .any(|window| window.eq_ignore_ascii_case(mark))
}

/// PNG and WebP declare their end, and no camera writes more. Behind a JPEG, phones store a second
/// picture or a short film; re-encoding drops those.
fn has_more(
    kind: FileKind,
    ends: &FileEnds,
    file: &mut BufReader<impl Read + Seek>,
) -> io::Result<bool> {
    match kind {
        FileKind::Png => Ok(png_end(file)?.is_some_and(|end| end < ends.bytes)),
        FileKind::Webp => {
            let length = ends
                .head
                .get(4..8)
                .and_then(|length| length.try_into().ok());
            let end = length.map_or(0, |length| 8 + u64::from(u32::from_le_bytes(length)));
            // Chunks are padded to an even length.
            Ok(ends.bytes > end + 1)
        }
        FileKind::Jpeg | FileKind::Pdf => Ok(false),
    }
}

/// `None` if the chunks do not lead there.
fn png_end(file: &mut BufReader<impl Read + Seek>) -> io::Result<Option<u64>> {
    const MARK: u64 = 8;
    const CHECKSUM: u32 = 4;
    let mut at = MARK;
    file.seek(SeekFrom::Start(at))?;
    loop {
        let mut head = [0; 8];
        match file.read_exact(&mut head) {
            Ok(()) => {}
            Err(short) if short.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
            Err(failed) => return Err(failed),
        }
        let [a, b, c, d, name @ ..] = head;
        let rest = i64::from(u32::from_be_bytes([a, b, c, d])) + i64::from(CHECKSUM);
        at += 8 + rest.unsigned_abs();
        if name == *b"IEND" {
            return Ok(Some(at));
        }
        file.seek_relative(rest)?;
    }
}

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
pub(super) fn check_pdf(mut file: impl BufRead, ends: &FileEnds) -> Result<(), FilesError> {
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
