//! The kinds of files that are taken, told by their bytes alone: names and headers are the sender's words.

use wire::words;

use super::FileRefusal;

words! {
    FileKind {
        Jpeg "image/jpeg",
        Png "image/png",
        Webp "image/webp",
        Pdf "application/pdf",
    }
}

/// So much of the beginning and of the end is searched for the marks of another kind. Browsers and readers of
/// archives look no further; further inside, pixels would spell such a mark by chance.
const SEARCHED_BYTES: usize = 64 * 1024;
/// A PDF reader looks for its mark no further.
const PDF_MARK_WITHIN: usize = 1024;
/// The directory of a ZIP archive stands at its end.
const ZIP_DIRECTORY: &[u8] = b"PK\x05\x06";
const PAGE_MARKS: [&[u8]; 6] = [b"<script", b"<html", b"<!doctype", b"<svg", b"<iframe", b"<?php"];
const PROGRAMS: [&[u8]; 2] = [b"\x7fELF", b"MZ\x90\x00"];

impl FileKind {
    pub const PICTURES: &[Self] = &[Self::Jpeg, Self::Png, Self::Webp];
    pub const DOCUMENTS: &[Self] = &[Self::Jpeg, Self::Png, Self::Webp, Self::Pdf];

    /// The kind by the mark at the very beginning.
    pub fn of(bytes: &[u8]) -> Option<Self> {
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

    /// The name that a browser gives to a saved one.
    pub fn file_name(self) -> &'static str {
        match self {
            Self::Jpeg => "picture.jpg",
            Self::Png => "picture.png",
            Self::Webp => "picture.webp",
            Self::Pdf => "document.pdf",
        }
    }
}

/// Refuses a file that another program could take for something else.
pub fn check_plain(kind: FileKind, bytes: &[u8]) -> Result<(), FileRefusal> {
    let head = &bytes[..bytes.len().min(SEARCHED_BYTES)];
    let tail = &bytes[bytes.len().saturating_sub(SEARCHED_BYTES)..];
    let is_page = PAGE_MARKS.iter().any(|mark| holds(head, mark) || holds(tail, mark));
    let is_archive = holds(tail, ZIP_DIRECTORY);
    let is_pdf = kind.is_picture() && holds(&head[..head.len().min(PDF_MARK_WITHIN)], b"%PDF-");
    let is_program = PROGRAMS.iter().any(|mark| after_end(kind, bytes).starts_with(mark));
    if is_page || is_archive || is_pdf || is_program || has_more(kind, bytes) {
        return Err(FileRefusal::NotPlain);
    }
    Ok(())
}

/// Returns true where the mark stands there, in capitals or not.
pub fn holds(bytes: &[u8], mark: &[u8]) -> bool {
    bytes.windows(mark.len()).any(|window| window.eq_ignore_ascii_case(mark))
}

/// PNG and WebP say where they end, and no camera writes on. Behind a JPEG, phones keep a second picture or a
/// short film; the new encoding leaves those out.
fn has_more(kind: FileKind, bytes: &[u8]) -> bool {
    match kind {
        FileKind::Png => !after_end(kind, bytes).is_empty(),
        FileKind::Webp => after_end(kind, bytes).len() > 1,
        FileKind::Jpeg | FileKind::Pdf => false,
    }
}

fn after_end(kind: FileKind, bytes: &[u8]) -> &[u8] {
    let end = match kind {
        FileKind::Png => png_end(bytes),
        FileKind::Webp => bytes.get(4..8).map(|length| {
            let length = length.try_into().map_or(0, u32::from_le_bytes);
            8_usize.saturating_add(usize::try_from(length).unwrap_or(usize::MAX))
        }),
        FileKind::Jpeg | FileKind::Pdf => None,
    };
    end.and_then(|end| bytes.get(end..)).unwrap_or_default()
}

/// The end of the last chunk, or none where the chunks do not lead there.
fn png_end(bytes: &[u8]) -> Option<usize> {
    const AROUND: usize = 12;
    let mut at = 8_usize;
    loop {
        let length = u32::from_be_bytes(bytes.get(at..at + 4)?.try_into().ok()?);
        let name = bytes.get(at + 4..at + 8)?;
        at = at.checked_add(usize::try_from(length).ok()?)?.checked_add(AROUND)?;
        if name == b"IEND" {
            return Some(at);
        }
    }
}
