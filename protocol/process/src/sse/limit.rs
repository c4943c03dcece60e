//! Limits the open streams of a service and counts them in metrics.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::metrics;

/// A semaphore for one replica's open streams. Clones share it.
#[derive(Clone)]
pub struct StreamLimit {
    service: &'static str,
    free: Arc<Semaphore>,
}

/// Counts as open until it is dropped.
pub struct OpenStream {
    service: &'static str,
    _place: OwnedSemaphorePermit,
}

impl StreamLimit {
    pub fn new(service: &'static str, most: usize) -> Self {
        Self {
            service,
            free: Arc::new(Semaphore::new(most)),
        }
    }

    /// Returns `None` at the limit and counts the stream as refused.
    pub fn open(&self) -> Option<OpenStream> {
        let Ok(place) = Arc::clone(&self.free).try_acquire_owned() else {
            self.count_refusal();
            return None;
        };
        metrics::STREAMS.change_by([self.service], 1);
        Some(OpenStream {
            service: self.service,
            _place: place,
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
