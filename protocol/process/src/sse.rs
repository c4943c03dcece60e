//! Server-sent events: their text, the response that carries them, a reader for another service's
//! events, and a limit on a service's open streams.
//!
//! Invariants: a message goes out whole or not at all; a reader that takes nothing for half a
//! minute is dropped, so that no queue grows.

use std::{convert::Infallible, sync::Arc, time::Duration};

use axum::{
    body::{Body, BodyDataStream},
    response::{IntoResponse, Response},
};
use bytes::{Bytes, BytesMut};
use futures::{StreamExt, stream};
use http::header;
use serde::Serialize;
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore, mpsc},
    time,
};
use tokio_util::sync::CancellationToken;

use crate::metrics;

/// Resumes a stream after the last event the browser got.
pub const LAST_EVENT_ID: http::HeaderName = http::HeaderName::from_static("last-event-id");

/// A request extension from every listener, cancelled when the process should stop, so that endless
/// answers can end.
#[derive(Clone, Debug)]
pub struct ProcessStop(pub CancellationToken);

/// Messages queued for the reader; the next one waits for room.
const QUEUED_MAX: usize = 32;

/// How long a message waits for room.
const PATIENCE: Duration = Duration::from_secs(30);

/// Our messages are never larger.
const MESSAGE_BYTES_MAX: usize = 256 * 1024;

#[derive(Debug, Clone)]
pub struct EventSender(mpsc::Sender<Bytes>);

pub struct EventReader {
    body: BodyDataStream,
    read: BytesMut,
}

/// Returns a streamed answer, which ends when every sender is dropped.
pub fn open_stream() -> (EventSender, Response) {
    let (sender, receiver) = mpsc::channel(QUEUED_MAX);
    let messages = stream::unfold(receiver, |mut receiver| async move {
        let message: Bytes = receiver.recv().await?;
        Some((Ok::<_, Infallible>(message), receiver))
    });
    let headers = [
        (header::CONTENT_TYPE, "text/event-stream"),
        (header::CACHE_CONTROL, "no-store"),
        // Asks a proxy to pass on each message at once.
        (http::HeaderName::from_static("x-accel-buffering"), "no"),
    ];
    (
        EventSender(sender),
        (headers, Body::from_stream(messages)).into_response(),
    )
}

impl EventSender {
    /// False if the reader is gone or takes nothing.
    pub async fn send(&self, message: Bytes) -> bool {
        matches!(
            time::timeout(PATIENCE, self.0.send(message)).await,
            Ok(Ok(()))
        )
    }

    /// Completes when the reader is gone.
    pub async fn wait_until_closed(&self) {
        self.0.closed().await;
    }
}

/// A message that the page gets. The browser sends `id` back when it reconnects.
pub fn format_event(name: &str, id: Option<&str>, data: &impl Serialize) -> Bytes {
    let id = id.map(|id| format!("id: {id}\n")).unwrap_or_default();
    // Serialised JSON contains no line breaks.
    let data = serde_json::to_string(data).unwrap_or_else(|error| {
        tracing::error!(%error, "Could not write a stream message as JSON; sent `null` instead");
        "null".to_owned()
    });
    format!("{id}event: {name}\ndata: {data}\n\n").into()
}

/// Sets only the browser's last event id; the page does not get it.
pub fn format_position(id: &str) -> Bytes {
    format!("id: {id}\n\n").into()
}

/// A keep-alive that the page does not get.
pub fn format_comment() -> Bytes {
    Bytes::from_static(b":\n\n")
}

/// Sets how long the browser waits before it reconnects.
pub fn format_retry(after: Duration) -> Bytes {
    format!("retry: {}\n\n", after.as_millis()).into()
}

pub fn is_comment(message: &[u8]) -> bool {
    message.starts_with(b":")
}

pub fn id_in(message: &[u8]) -> Option<&str> {
    let lines = std::str::from_utf8(message).ok()?.lines();
    lines.filter_map(|line| line.strip_prefix("id: ")).next()
}

impl EventReader {
    pub fn new(body: Body) -> Self {
        Self {
            body: body.into_data_stream(),
            read: BytesMut::new(),
        }
    }

    /// The next message with its blank line; `None` at the end, on a broken connection, or if it is
    /// too large.
    pub async fn next(&mut self) -> Option<Bytes> {
        loop {
            if let Some(end) = self.read.windows(2).position(|pair| pair == b"\n\n") {
                return Some(self.read.split_to(end + 2).freeze());
            }
            if self.read.len() > MESSAGE_BYTES_MAX {
                return None;
            }
            self.read.extend_from_slice(&self.body.next().await?.ok()?);
        }
    }
}

/// A semaphore for one replica's open streams. Clones share it.
#[derive(Clone)]
pub struct StreamLimit {
    service: &'static str,
    permits: Arc<Semaphore>,
}

/// A permit for one stream, which counts as open until this is dropped.
pub struct OpenStream {
    service: &'static str,
    _permit: OwnedSemaphorePermit,
}

impl StreamLimit {
    pub fn new(service: &'static str, max: usize) -> Self {
        Self {
            service,
            permits: Arc::new(Semaphore::new(max)),
        }
    }

    /// Returns `None` at the limit and counts the stream as refused.
    pub fn open(&self) -> Option<OpenStream> {
        let Ok(permit) = Arc::clone(&self.permits).try_acquire_owned() else {
            self.count_refusal();
            return None;
        };
        metrics::STREAMS.change_by([self.service], 1);
        Some(OpenStream {
            service: self.service,
            _permit: permit,
        })
    }

    /// Counts a refusal by a stricter limit.
    pub fn count_refusal(&self) {
        metrics::STREAMS_REFUSED.add([self.service], 1);
    }
}

impl Drop for OpenStream {
    fn drop(&mut self) {
        metrics::STREAMS.change_by([self.service], -1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn messages_read_back_whole_however_the_bytes_are_cut() {
        let messages = [
            format_event("order", Some("1.2"), &["a\nb"]),
            format_comment(),
            format_position("1.3"),
            format_event("x", None, &1),
        ];
        let whole = messages.concat();
        for size in [1, 2, 7, whole.len()] {
            let parts: Vec<_> = whole
                .chunks(size)
                .map(|part| Ok::<_, Infallible>(part.to_vec()))
                .collect();
            let mut reader = EventReader::new(Body::from_stream(stream::iter(parts)));
            for message in &messages {
                assert_eq!(reader.next().await.as_ref(), Some(message), "{size}");
            }
            assert_eq!(reader.next().await, None);
        }
        assert_eq!(messages[0], "id: 1.2\nevent: order\ndata: [\"a\\nb\"]\n\n");
        let ids: Vec<_> = messages.iter().map(|message| id_in(message)).collect();
        assert_eq!(ids, [Some("1.2"), None, Some("1.3"), None]);
        assert!(is_comment(&messages[1]) && !is_comment(&messages[0]));
    }

    #[tokio::test]
    async fn endless_bytes_without_a_message_are_given_up() {
        let endless = stream::repeat_with(|| Ok::<_, Infallible>(vec![b'x'; 10_000]));
        assert_eq!(
            EventReader::new(Body::from_stream(endless)).next().await,
            None
        );
    }

    #[tokio::test(start_paused = true)]
    async fn a_reader_that_takes_nothing_is_let_go_and_one_that_is_gone_is_heard_of() {
        let (sender, response) = open_stream();
        for _ in 0..QUEUED_MAX {
            assert!(sender.send(format_comment()).await);
        }
        assert!(!sender.send(format_comment()).await);
        drop(response);
        sender.wait_until_closed().await;
        assert!(!sender.send(format_comment()).await);
    }

    #[test]
    fn open_and_refused_streams_are_shown() {
        metrics::install_recorder();
        let shows = |open: u32, refused: u32| {
            let text = metrics::render_prometheus();
            for line in [
                format!("holdfast_streams{{service=\"of-test\"}} {open}"),
                format!("holdfast_streams_refused_total{{service=\"of-test\"}} {refused}"),
            ] {
                assert!(text.lines().any(|shown| shown == line), "{line}\n{text}");
            }
        };
        let limit = StreamLimit::new("of-test", 2);
        let first = limit.open();
        let second = limit.clone().open();
        assert!(first.is_some() && second.is_some() && limit.open().is_none());
        limit.count_refusal();
        shows(2, 2);
        drop(first);
        shows(1, 2);
        assert!(limit.open().is_some(), "a place that is given up is free");
        drop(second);
        shows(0, 2);
    }
}
