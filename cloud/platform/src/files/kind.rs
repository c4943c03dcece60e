//! The accepted kinds of files, detected by bytes alone: names and headers come from the sender.

use std::io::{self, BufReader, Read, Seek, SeekFrom};

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

pub struct FileEnds {
    pub head: Vec<u8>,
    pub tail: Vec<u8>,
    pub bytes: u64,
}

impl FileEnds {
    pub fn read(file: &mut (impl Read + Seek)) -> io::Result<Self> {
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
pub fn check_plain(
    kind: FileKind,
    ends: &FileEnds,
    file: &mut BufReader<impl Read + Seek>,
) -> Result<(), FilesError> {
    let FileEnds { head, tail, .. } = ends;
    let is_page = PAGE_MARKS
        .iter()
        .any(|mark| contains_mark(head, mark) || contains_mark(tail, mark));
    let is_archive = contains_mark(tail, ZIP_DIRECTORY);
    let is_pdf =
        kind.is_picture() && contains_mark(&head[..head.len().min(PDF_MARK_WITHIN)], b"%PDF-");
    if is_page || is_archive || is_pdf || has_more(kind, ends, file)? {
        return Err(FileRefusal::NotPlain.into());
    }
    Ok(())
}

/// Returns true if the mark occurs, in any case.
pub fn contains_mark(bytes: &[u8], mark: &[u8]) -> bool {
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
