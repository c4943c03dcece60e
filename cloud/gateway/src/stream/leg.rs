//! The stream from one part. It reconnects with backoff and resumes at its last position.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderValue, Method, Uri};
use platform::upstream::Upstream;
use process::{
    parts::CloudPart,
    sse::{self, EventReader, LAST_EVENT_ID},
    tokens::USER_PERMISSIONS,
    trace::TraceId,
};
use tokio::{
    sync::mpsc,
    time::{sleep, timeout},
};

use crate::forward::request_as_caller;

const PATH: &str = "/internal/stream";
const CONNECT_LIMIT: Duration = Duration::from_secs(5);
/// Parts send at least a comment every 15 seconds.
const SILENCE_LIMIT: Duration = Duration::from_secs(45);
const PAUSE: Duration = Duration::from_secs(1);
const PAUSE_MAX: Duration = Duration::from_secs(15);

pub struct StreamLeg {
    pub upstream: Upstream,
    pub part: CloudPart,
    pub token: String,
    pub trace: TraceId,
    /// An admin's permissions; the part filters its events by them.
    pub permissions: Option<HeaderValue>,
    /// The id of the last message that had one.
    pub place: Option<HeaderValue>,
}

pub enum LegEvent {
    Message(Bytes),
    IsUp(bool),
}

pub type LegSender = mpsc::Sender<(CloudPart, LegEvent)>;

impl StreamLeg {
    /// Runs until the receiver closes. May be dropped at any time.
    pub async fn run(&mut self, to: LegSender) {
        let mut pause = PAUSE;
        loop {
            if let Some(reader) = self.connect().await {
                pause = PAUSE;
                if self.relay_events(reader, &to).await.is_err() {
                    return;
                }
            }
            if to.send((self.part, LegEvent::IsUp(false))).await.is_err() {
                return;
            }
            sleep(pause).await;
            pause = (pause * 2).min(PAUSE_MAX);
        }
    }

    async fn connect(&self) -> Option<EventReader> {
        let mut request = request_as_caller(
            Method::GET,
            Uri::from_static(PATH),
            &self.token,
            &self.trace,
        );
        if let Some(place) = &self.place {
            request.headers_mut().insert(LAST_EVENT_ID, place.clone());
        }
        if let Some(permissions) = &self.permissions {
            request
                .headers_mut()
                .insert(USER_PERMISSIONS, permissions.clone());
        }
        let part = self.part.name();
        match timeout(CONNECT_LIMIT, self.upstream.call(request)).await {
            Ok(Ok(response)) if response.status().is_success() => {
                Some(EventReader::new(response.into_body()))
            }
            Ok(Ok(response)) => {
                let status = response.status().as_u16();
                tracing::debug!(part, status, "A part refused its event stream");
                None
            }
            Ok(Err(error)) => {
                tracing::debug!(part, %error, "Could not reach a part for its event stream");
                None
            }
            Err(_) => None,
        }
    }

    /// Fails if the receiver is closed.
    async fn relay_events(
        &mut self,
        mut reader: EventReader,
        to: &LegSender,
    ) -> Result<(), mpsc::error::SendError<(CloudPart, LegEvent)>> {
        to.send((self.part, LegEvent::IsUp(true))).await?;
        while let Ok(Some(message)) = timeout(SILENCE_LIMIT, reader.next()).await {
            if sse::is_comment(&message) {
                continue;
            }
            if let Some(id) = sse::id_in(&message) {
                self.place = HeaderValue::from_str(id).ok();
            }
            to.send((self.part, LegEvent::Message(message))).await?;
        }
        Ok(())
    }
}
