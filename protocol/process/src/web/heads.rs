//! Refuses request heads whose lines do not end with CR and LF, and requests with no host or two.
//!
//! hyper takes a lone LF as a line end, as RFC 9112 allows. A proxy in front may take it as part of
//! the line, and then they disagree on the request's headers. So a lone LF in a head becomes a NUL,
//! and hyper refuses the head with 400.
//!
//! Invariant: no byte of a body or of an upgraded connection changes; if the end of a body is in
//! doubt, nothing after it changes.

use std::{
    io::{self, IoSlice},
    pin::Pin,
    str::FromStr,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll, ready},
};

use http::{HeaderValue, Request, Version, header, uri::Authority};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// Longer than the relevant lines; the rest of a line is dropped.
const LINE_BYTES_MAX: usize = 1024;

/// Request extension for no host, or more than one.
#[derive(Debug, Clone, Copy)]
pub(super) struct WrongHost;

/// Before HTTP/1.1 a request may omit the host.
pub(super) fn names_one_host<B>(request: &Request<B>) -> bool {
    let mut hosts = request.headers().get_all(header::HOST).iter();
    match (hosts.next(), hosts.next()) {
        (Some(host), None) => is_host(host),
        (None, _) => request.version() < Version::HTTP_11,
        (Some(_), Some(_)) => false,
    }
}

fn is_host(value: &HeaderValue) -> bool {
    let authority = value
        .to_str()
        .ok()
        .and_then(|text| Authority::from_str(text).ok());
    authority.is_some_and(|authority| !authority.as_str().contains('@'))
}

/// Checks heads before hyper reads them.
pub(super) struct StrictHeads<S> {
    stream: S,
    reader: HeadReader,
    upgraded: UpgradeMark,
}

/// Set once a connection belongs to another protocol.
#[derive(Clone, Default)]
pub(super) struct UpgradeMark(Arc<AtomicBool>);

impl UpgradeMark {
    pub(super) fn set(&self) {
        self.0.store(true, Ordering::Release);
    }

    fn is_set(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }
}

impl<S> StrictHeads<S> {
    pub(super) fn new(stream: S, upgraded: UpgradeMark) -> Self {
        Self {
            stream,
            reader: HeadReader::default(),
            upgraded,
        }
    }
}

/// Follows requests just far enough to separate heads from bodies.
#[derive(Default)]
struct HeadReader {
    place: ParsePosition,
    /// The current line, without its LF.
    line: Vec<u8>,
    /// The last byte of the current line.
    last: Option<u8>,
    /// Complete lines of the current head.
    lines: usize,
    body: BodyEnd,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum ParsePosition {
    #[default]
    Head,
    /// Bytes left of a body or a chunk.
    Bytes {
        left: u64,
        in_chunks: bool,
    },
    ChunkSize,
    Trailer,
    /// The end of the current body is in doubt.
    Unknown,
}

/// How a head delimits its body.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum BodyEnd {
    #[default]
    NoBody,
    Length(u64),
    Chunks,
    Unknown,
}

impl HeadReader {
    /// Replaces each lone LF of a head with a NUL.
    fn replace_lone_feeds(&mut self, bytes: &mut [u8]) {
        let mut at = 0;
        while let Some(byte) = bytes.get_mut(at) {
            match self.place {
                ParsePosition::Unknown => return,
                ParsePosition::Bytes { left, in_chunks } => {
                    let here = u64::try_from(bytes.len() - at)
                        .unwrap_or(u64::MAX)
                        .min(left);
                    self.skip_bytes(left - here, in_chunks);
                    at += usize::try_from(here).unwrap_or(usize::MAX);
                    continue;
                }
                ParsePosition::Head | ParsePosition::ChunkSize | ParsePosition::Trailer
                    if *byte != b'\n' =>
                {
                    self.note_byte(*byte);
                }
                ParsePosition::Head if self.last != Some(b'\r') => *byte = 0,
                ParsePosition::Head => self.end_head_line(),
                ParsePosition::ChunkSize => self.end_chunk_size(),
                ParsePosition::Trailer => self.end_trailer_line(),
            }
            at += 1;
        }
    }

    fn note_byte(&mut self, byte: u8) {
        if self.line.len() < LINE_BYTES_MAX {
            self.line.push(byte);
        }
        self.last = Some(byte);
    }

    fn skip_bytes(&mut self, left: u64, in_chunks: bool) {
        self.place = match (left, in_chunks) {
            (0, true) => ParsePosition::ChunkSize,
            (0, false) => ParsePosition::Head,
            (left, in_chunks) => ParsePosition::Bytes { left, in_chunks },
        };
    }

    /// The complete line, without its CR.
    fn take_line(&mut self) -> Vec<u8> {
        let mut line = std::mem::take(&mut self.line);
        if line.last() == Some(&b'\r') {
            line.pop();
        }
        self.last = None;
        line
    }

    fn end_head_line(&mut self) {
        let line = self.take_line();
        if !line.is_empty() {
            self.note_header(&line);
            self.lines += 1;
            return;
        }
        // Skip empty lines before a request.
        if self.lines > 0 {
            self.lines = 0;
            self.place = match std::mem::take(&mut self.body) {
                BodyEnd::NoBody | BodyEnd::Length(0) => ParsePosition::Head,
                BodyEnd::Length(left) => ParsePosition::Bytes {
                    left,
                    in_chunks: false,
                },
                BodyEnd::Chunks => ParsePosition::ChunkSize,
                BodyEnd::Unknown => ParsePosition::Unknown,
            };
        }
    }

    fn note_header(&mut self, line: &[u8]) {
        let Some(colon) = line.iter().position(|byte| *byte == b':') else {
            return;
        };
        let name = &line[..colon];
        let value = &line[colon + 1..];
        if name.eq_ignore_ascii_case(header::TRANSFER_ENCODING.as_str().as_bytes()) {
            self.body = BodyEnd::Chunks;
        } else if name.eq_ignore_ascii_case(header::CONTENT_LENGTH.as_str().as_bytes()) {
            let length = str::from_utf8(value)
                .ok()
                .and_then(|text| text.trim().parse().ok());
            self.body = match (self.body, length) {
                (BodyEnd::Chunks, _) => BodyEnd::Chunks,
                (BodyEnd::NoBody, Some(length)) => BodyEnd::Length(length),
                (BodyEnd::Length(before), Some(length)) if before == length => self.body,
                _ => BodyEnd::Unknown,
            };
        }
    }

    fn end_chunk_size(&mut self) {
        let line = self.take_line();
        let size = line.split(|byte| *byte == b';').next().unwrap_or_default();
        let size = str::from_utf8(size).ok().map(str::trim);
        let size = size.and_then(|text| u64::from_str_radix(text, 16).ok());
        self.place = match size {
            Some(0) => ParsePosition::Trailer,
            // The chunk's own CR and LF follow its bytes.
            Some(size) => ParsePosition::Bytes {
                left: size.saturating_add(2),
                in_chunks: true,
            },
            None => ParsePosition::Unknown,
        };
    }

    fn end_trailer_line(&mut self) {
        if self.take_line().is_empty() {
            self.place = ParsePosition::Head;
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for StrictHeads<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(context, buffer))?;
        if !self.upgraded.is_set() {
            self.reader
                .replace_lone_feeds(&mut buffer.filled_mut()[before..]);
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for StrictHeads<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        parts: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(context, parts)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The checked bytes, the same for every cut in two.
    fn checked(text: &str) -> String {
        let all = text.as_bytes();
        let cut_at = |at: usize| {
            let mut first = all[..at].to_vec();
            let mut second = all[at..].to_vec();
            let mut reader = HeadReader::default();
            reader.replace_lone_feeds(&mut first);
            reader.replace_lone_feeds(&mut second);
            String::from_utf8([first, second].concat()).unwrap()
        };
        let whole = cut_at(0);
        for at in 1..all.len() {
            assert_eq!(cut_at(at), whole, "cut at {at}");
        }
        whole
    }

    #[test]
    fn a_lone_line_feed_of_a_head_is_spoiled() {
        for (sent, left) in [
            (
                "GET / HTTP/1.1\nHost: a\r\n\r\n",
                "GET / HTTP/1.1\0Host: a\r\n\r\n",
            ),
            (
                "GET / HTTP/1.1\r\nHost: a\nX: y\r\n\r\n",
                "GET / HTTP/1.1\r\nHost: a\0X: y\r\n\r\n",
            ),
            (
                "GET / HTTP/1.1\r\nHost: a\r\n\n",
                "GET / HTTP/1.1\r\nHost: a\r\n\0",
            ),
        ] {
            assert_eq!(checked(sent), left);
        }
    }

    #[test]
    fn a_body_keeps_its_line_feeds_and_the_next_head_is_looked_at_again() {
        let next = "GET / HTTP/1.1\r\nHost: a\nX: y\r\n\r\n";
        let spoiled = next.replace("a\n", "a\0");
        for body in [
            "\r\nPOST / HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\n\r\n{\n\n\n\n}",
            "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
            "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2;x=y\r\n\n\n\r\nA\r\n\
             0123456\n\n\n\r\n0\r\nX: y\r\n\r\n",
        ] {
            assert_eq!(
                checked(&format!("{body}{next}")),
                format!("{body}{spoiled}")
            );
        }
    }

    #[test]
    fn bytes_behind_a_body_of_doubtful_length_are_left_alone() {
        for head in [
            "POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
            "POST / HTTP/1.1\r\nContent-Length: x\r\n\r\n",
            "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nno size\r\n",
        ] {
            let sent = format!("{head}a\nb\n");
            assert_eq!(checked(&sent), sent);
        }
    }

    #[test]
    fn an_upgraded_connection_is_left_alone() {
        let upgraded = UpgradeMark::default();
        upgraded.set();
        let mut stream = StrictHeads::new(&b"a\nb\n"[..], upgraded);
        let mut bytes = [0; 8];
        let mut buffer = ReadBuf::new(&mut bytes);
        let mut context = Context::from_waker(std::task::Waker::noop());
        assert!(
            Pin::new(&mut stream)
                .poll_read(&mut context, &mut buffer)
                .is_ready()
        );
        assert_eq!(buffer.filled(), b"a\nb\n");
    }

    #[test]
    fn a_request_names_one_host() {
        let request = |hosts: &[&str], version| {
            let mut request = Request::builder().version(version);
            for host in hosts {
                request = request.header(header::HOST, *host);
            }
            request.body(()).unwrap()
        };
        for good in [
            "localhost",
            "127.0.0.1:8080",
            "[::1]:8080",
            "portal.example.org",
        ] {
            assert!(
                names_one_host(&request(&[good], Version::HTTP_11)),
                "{good}"
            );
        }
        for wrong in [
            &[][..],
            &["a", "b"],
            &["a", "a"],
            &[""],
            &["a b"],
            &["a/b"],
            &["u@a"],
        ] {
            assert!(
                !names_one_host(&request(wrong, Version::HTTP_11)),
                "{wrong:?}"
            );
        }
        assert!(names_one_host(&request(&[], Version::HTTP_10)));
        assert!(!names_one_host(&request(&["a", "b"], Version::HTTP_10)));
    }
}
