//! The stream of one client: it holds its slot, ends when it loses the slot, bounds the wait for a
//! slow reader, and is encrypted if its listener speaks TLS.

use std::{
    io::{self, IoSlice},
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
    time::{Sleep, sleep},
};
use tokio_rustls::server::TlsStream;
use tokio_util::sync::WaitForCancellationFutureOwned;

use crate::{
    metrics,
    web::slots::{ConnectionSlot, SlotProof},
};

/// A client's connection, after the handshake if its listener speaks TLS.
#[derive(Debug)]
pub struct ClientStream {
    proof: SlotProof,
    transport: Transport,
}

#[derive(Debug)]
enum Transport {
    Plain(PacedStream),
    Tls(Box<TlsStream<PacedStream>>),
}

impl ClientStream {
    pub(super) fn plain(stream: PacedStream) -> Self {
        Self {
            proof: stream.proof(),
            transport: Transport::Plain(stream),
        }
    }

    pub(super) fn encrypted(stream: TlsStream<PacedStream>) -> Self {
        Self {
            proof: stream.get_ref().0.proof(),
            transport: Transport::Tls(Box::new(stream)),
        }
    }

    pub fn proof(&self) -> SlotProof {
        self.proof.clone()
    }

    pub fn is_encrypted(&self) -> bool {
        matches!(self.transport, Transport::Tls(_))
    }
}

impl AsyncRead for ClientStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match &mut self.transport {
            Transport::Plain(stream) => Pin::new(stream).poll_read(context, buffer),
            Transport::Tls(stream) => Pin::new(stream).poll_read(context, buffer),
        }
    }
}

impl AsyncWrite for ClientStream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        match &mut self.transport {
            Transport::Plain(stream) => Pin::new(stream).poll_write(context, bytes),
            Transport::Tls(stream) => Pin::new(stream).poll_write(context, bytes),
        }
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        parts: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match &mut self.transport {
            Transport::Plain(stream) => Pin::new(stream).poll_write_vectored(context, parts),
            Transport::Tls(stream) => Pin::new(stream).poll_write_vectored(context, parts),
        }
    }

    fn is_write_vectored(&self) -> bool {
        match &self.transport {
            Transport::Plain(stream) => stream.is_write_vectored(),
            Transport::Tls(stream) => stream.is_write_vectored(),
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.transport {
            Transport::Plain(stream) => Pin::new(stream).poll_flush(context),
            Transport::Tls(stream) => Pin::new(stream).poll_flush(context),
        }
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.transport {
            Transport::Plain(stream) => Pin::new(stream).poll_shutdown(context),
            Transport::Tls(stream) => Pin::new(stream).poll_shutdown(context),
        }
    }
}

/// A reader must take this many bytes, or all there are, within this time, or the connection ends.
const BYTES_TAKEN_MIN: usize = 32 * 1024;

const TAKEN_WITHIN: Duration = Duration::from_secs(20);

#[derive(Debug)]
pub(super) struct PacedStream {
    stream: TcpStream,
    slot: ConnectionSlot,
    cut: Pin<Box<WaitForCancellationFutureOwned>>,
    /// Runs while the reader is behind.
    behind: Option<Pin<Box<Sleep>>>,
    /// Bytes since the reader fell behind.
    taken: usize,
}

impl PacedStream {
    pub(super) fn new(stream: TcpStream, slot: ConnectionSlot) -> Self {
        let cut = Box::pin(slot.cut.clone().cancelled_owned());
        Self {
            stream,
            slot,
            cut,
            behind: None,
            taken: 0,
        }
    }

    pub(super) fn proof(&self) -> SlotProof {
        self.slot.proof()
    }

    /// Applies the pace to the result of a write of `len` bytes.
    fn pace_write(
        &mut self,
        context: &mut Context<'_>,
        written: Poll<io::Result<usize>>,
        len: usize,
    ) -> Poll<io::Result<usize>> {
        match written {
            Poll::Ready(Ok(bytes)) => {
                self.taken += bytes;
                if bytes >= len || self.taken >= BYTES_TAKEN_MIN {
                    self.behind = None;
                    self.taken = 0;
                }
                written
            }
            Poll::Ready(Err(_)) => written,
            Poll::Pending => {
                let behind = self
                    .behind
                    .get_or_insert_with(|| Box::pin(sleep(TAKEN_WITHIN)));
                if behind.as_mut().poll(context).is_ready() {
                    metrics::CONNECTIONS_REFUSED.add(["slow_reader"], 1);
                    return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
                }
                self.poll_cut(context)
            }
        }
    }

    /// Pending, unless the slot went to another connection.
    fn poll_cut<T>(&mut self, context: &mut Context<'_>) -> Poll<io::Result<T>> {
        match self.cut.as_mut().poll(context) {
            Poll::Ready(()) => Poll::Ready(Err(io::ErrorKind::ConnectionAborted.into())),
            Poll::Pending => Poll::Pending,
        }
    }
}

impl AsyncRead for PacedStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match Pin::new(&mut self.stream).poll_read(context, buffer) {
            Poll::Pending => self.poll_cut(context),
            read @ Poll::Ready(_) => read,
        }
    }
}

impl AsyncWrite for PacedStream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.pace_write(context, written, bytes.len())
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        parts: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(context, parts);
        self.pace_write(context, written, parts.iter().map(|part| part.len()).sum())
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
