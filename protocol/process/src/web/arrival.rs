//! Tracks if a request waits for its caller's bytes, so that a timeout blames the right side.

use std::{
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll},
};

use axum::{
    body::{Body, Bytes, HttpBody},
    extract::Request,
};
use hyper::body::{Frame, SizeHint};

/// The arrival of a request's body, from the request's extensions.
#[derive(Debug, Clone, Default)]
pub struct BodyArrival {
    is_awaited: Arc<AtomicBool>,
}

impl BodyArrival {
    /// True if the body's last reader waits for more.
    pub fn is_awaited(&self) -> bool {
        self.is_awaited.load(Ordering::Relaxed)
    }

    pub(super) fn watch_body(request: Request) -> (Request, Self) {
        let arrival = Self::default();
        let is_awaited = arrival.is_awaited.clone();
        let mut request = request.map(|body| Body::new(WatchedBody { body, is_awaited }));
        request.extensions_mut().insert(arrival.clone());
        (request, arrival)
    }
}

struct WatchedBody {
    body: Body,
    is_awaited: Arc<AtomicBool>,
}

impl HttpBody for WatchedBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let frame = Pin::new(&mut self.body).poll_frame(context);
        self.is_awaited.store(frame.is_pending(), Ordering::Relaxed);
        frame
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
