//! The link to the cloud: opens a WebSocket to the hub, keeps a session open, and reconnects with
//! backoff. Each frame has a time limit, and a silent connection is closed.
//!
//! Invariant: sockets only carry frames, the engine decides, and the file keeps the state. So a
//! session may end at any moment.

mod downlink;
mod session;

use std::{sync::Arc, time::Duration};

use engine::edge::{EdgeFilePosition, EdgeProtocol, EdgeRunIdentity, HubCheck, LinkEnd};
use futures::{SinkExt, StreamExt};
use http::{HeaderValue, StatusCode, Uri, header};
use journal::JournalError;
use process::{
    clock::Clock,
    metrics,
    problem::ProblemBody,
    random,
    seal::{HubTrust, SealVerifier},
    tokens::edge_token,
    trust,
};
use tokio::{net::TcpStream, sync::watch, time::timeout};
use tokio_tungstenite::{
    Connector, MaybeTlsStream, WebSocketStream, connect_async_tls_with_config,
    tungstenite::{self, Message, client::IntoClientRequest, protocol::WebSocketConfig},
};
use tokio_util::sync::CancellationToken;
use wire::{
    Code, Frame, FrameError, FrameProof, HUB_TIME_HEADER, HubFingerprint, HubKey, HubTime, Language,
};

use crate::{
    clock_check::HubClockReading,
    config::LinkSecurity,
    context::{EdgeContext, LinkStatus},
    issued_certificate::IssuedCertificate,
    store::Alarm,
};
pub(crate) use downlink::Downlink;
use session::{LinkSession, SessionEnd};

pub(crate) struct Link {
    pub context: EdgeContext,
    pub identity: EdgeRunIdentity,
    pub certificate: Arc<IssuedCertificate>,
    pub downlink: Downlink,
    pub state: watch::Sender<LinkStatus>,
    /// The fingerprint of the hub's key, if configured.
    pub hub: Option<HubFingerprint>,
}

/// After a shorter session the backoff keeps growing, so that a hub that drops each session at once
/// is not called without pause. The minute of frequent calls still restarts after each session: a
/// flapping line must not be left alone for half a minute at a time.
const SETTLED_AFTER: Duration = Duration::from_secs(5);

struct ReconnectBackoff {
    lost_at: Duration,
    attempt: u32,
}

impl Link {
    pub(crate) async fn run_until_stopped(self, stop: CancellationToken) {
        let mut calls = ReconnectBackoff {
            lost_at: self.context.clock.elapsed(),
            attempt: 0,
        };
        let mut said = String::new();
        loop {
            let started = self.context.clock.elapsed();
            let ended = tokio::select! {
                ended = self.run_one_session() => ended,
                () = stop.cancelled() => {
                    self.publish_status(false);
                    return;
                }
            };
            let was_up = self.state.borrow().up;
            self.publish_status(false);
            let why = ended.to_string();
            // Log a repeated reason once, not at every call.
            if was_up || why != said {
                tracing::warn!(edge = %self.identity.edge, why, "The link is down");
            }
            said = why;
            if self.suspect_broken_chain(&ended).await {
                tracing::error!(edge = %self.identity.edge, "This edge's log is now suspect");
            }
            let wait = self.compute_next_delay(&mut calls, started, was_up);
            let next_at = self
                .context
                .clock
                .now()
                .plus_ms(i64::try_from(wait.as_millis()).unwrap_or(i64::MAX));
            self.state
                .send_modify(|state| *state = state.calling_again(next_at));
            tokio::select! {
                () = tokio::time::sleep(wait) => {}
                () = stop.cancelled() => return,
            }
        }
    }

    async fn run_one_session(&self) -> SessionEnd {
        let (position, trust) = match self.load_position_and_trust().await {
            Ok(read) => read,
            Err(error) => return SessionEnd::Store(process::problem::format_error_chain(&error)),
        };
        let seals = SealVerifier::new(self.identity.edge.clone(), trust);
        let check = HubCheck {
            challenge: Some(seals.challenge()),
            pinned: matches!(trust, HubTrust::Key(_) | HubTrust::Fingerprint(_)),
            plain_line: self.cloud_line() == LinkSecurity::Plain,
        };
        let socket = match Socket::connect(&self.context, &self.identity, seals).await {
            Ok(socket) => socket,
            Err(error) => {
                metrics::LINK_SESSIONS.add(["unreachable"], 1);
                if let SocketError::ClockWrong(reading) = error {
                    self.context.clock_check.compare_with_hub(reading).await;
                }
                return SessionEnd::Socket(error);
            }
        };
        let edge = EdgeProtocol::new(self.identity.clone(), position);
        LinkSession::new(self, edge, socket).run(check).await
    }

    async fn load_position_and_trust(&self) -> Result<(EdgeFilePosition, HubTrust), JournalError> {
        let pinned = self.context.store.load_hub_key().await?;
        let trust = match (self.hub, pinned) {
            (Some(named), Some(key)) if key.compute_fingerprint() == named => HubTrust::Key(key),
            (Some(named), _) => HubTrust::Fingerprint(named),
            (None, Some(key)) => HubTrust::Key(key),
            (None, None) if self.cloud_line() == LinkSecurity::Plain => HubTrust::NoKey,
            (None, None) => HubTrust::FirstKey,
        };
        Ok((self.context.store.load_position().await?, trust))
    }

    /// `start` has refused any other address.
    fn cloud_line(&self) -> LinkSecurity {
        LinkSecurity::from_gateway_url(&self.context.config.gateway_url)
            .unwrap_or(LinkSecurity::Plain)
    }

    fn publish_status(&self, up: bool) {
        metrics::LINK_UP.set([self.identity.edge.as_str()], u64::from(up));
        let now = self.context.clock.now();
        self.state
            .send_modify(|state| *state = state.with_up(up, now));
    }

    /// Marks the log as suspect if the session ended over it.
    async fn suspect_broken_chain(&self, ended: &SessionEnd) -> bool {
        let broken = matches!(ended, SessionEnd::Engine(LinkEnd::ChainBroken));
        broken
            && self
                .context
                .store
                .raise_alarm(Alarm::Chain, self.context.clock.now())
                .await
                .is_ok()
    }

    fn compute_next_delay(
        &self,
        calls: &mut ReconnectBackoff,
        started: Duration,
        was_up: bool,
    ) -> Duration {
        let now = self.context.clock.elapsed();
        let lasted = now.saturating_sub(started);
        let settled = was_up && lasted >= SETTLED_AFTER;
        if was_up {
            calls.lost_at = now;
        }
        if settled {
            calls.attempt = 0;
        }
        let entropy = u64::from_be_bytes(random::draw_bytes());
        let lost_for = now.saturating_sub(calls.lost_at);
        let apart = engine::edge::reconnect_delay(lost_for, calls.attempt, entropy);
        calls.attempt = calls.attempt.saturating_add(1);
        // Intervals run from start to start, so time on a dead connection counts.
        if settled {
            apart
        } else {
            apart.saturating_sub(lasted)
        }
    }
}

struct Socket {
    stream: WebSocketStream<MaybeTlsStream<TcpStream>>,
    clock: Clock,
    /// When anything last arrived from the other end.
    heard_at: Duration,
    pinged_at: Duration,
    seals: SealVerifier,
}

#[derive(Debug, thiserror::Error)]
enum SocketError {
    #[error("edge.gateway_url is not a valid address: {0}")]
    Address(String),
    #[error("could not reach the hub: {0}")]
    Connect(#[source] tungstenite::Error),
    #[error("the cloud refused the link because this machine's clock is wrong")]
    ClockWrong(HubClockReading),
    #[error("the cloud refused the link: {}", refusal_sentence(*status, *code))]
    Refused {
        status: StatusCode,
        code: Option<Code>,
    },
    #[error(
        "the cloud's certificate is not valid at the time on this machine's clock. Set the clock; \
         if it is right, the cloud's certificate has expired"
    )]
    CertificateTime,
    #[error("no answer within {} s", .0.as_secs())]
    TimedOut(Duration),
    #[error("received nothing for {} s", .0.as_secs())]
    Silent(Duration),
    #[error("the connection broke: {0}")]
    Broken(#[source] tungstenite::Error),
    #[error("the hub closed the connection")]
    Closed,
    #[error(transparent)]
    NoFrame(#[from] FrameError),
}

const CONNECT_WITHIN: Duration = Duration::from_secs(10);

const SEND_WITHIN: Duration = Duration::from_secs(10);

const PING_EVERY: Duration = Duration::from_secs(5);

const SILENT_MAX: Duration = Duration::from_secs(15);

/// Far above the batch limits of Welcome, which bound a frame.
const FRAME_BYTES_MAX: usize = 16 * 1024 * 1024;

impl Socket {
    pub(crate) async fn connect(
        context: &EdgeContext,
        identity: &EdgeRunIdentity,
        seals: SealVerifier,
    ) -> Result<Self, SocketError> {
        let clock = &context.clock;
        let signer = &context.signer;
        let uri = link_uri(&context.config.gateway_url)?;
        let mut request = uri
            .into_client_request()
            .map_err(|error| SocketError::Address(error.to_string()))?;
        let token = edge_token(signer, &identity.edge, clock);
        let bearer = HeaderValue::from_str(&format!("Bearer {token}"))
            .map_err(|error| SocketError::Address(error.to_string()))?;
        request.headers_mut().insert(header::AUTHORIZATION, bearer);
        let config = WebSocketConfig::default()
            .max_message_size(Some(FRAME_BYTES_MAX))
            .max_frame_size(Some(FRAME_BYTES_MAX));
        let tls = Some(Connector::Rustls(trust::tls_client_config_at(clock)));
        // `true` disables Nagle's algorithm.
        let connecting = connect_async_tls_with_config(request, Some(config), true, tls);
        let asked_at = clock.elapsed();
        let connected = timeout(CONNECT_WITHIN, connecting)
            .await
            .map_err(|_| SocketError::TimedOut(CONNECT_WITHIN))?;
        let now = clock.elapsed();
        let (stream, _) = connected.map_err(|error| {
            let call = ConnectAttempt {
                token: &token,
                took: now.saturating_sub(asked_at),
            };
            explain_failure(error, &call, &seals)
        })?;
        Ok(Self {
            stream,
            clock: clock.clone(),
            heard_at: now,
            pinged_at: now,
            seals,
        })
    }

    pub(crate) async fn send(&mut self, frame: &Frame) -> Result<(), SocketError> {
        let bytes = frame.to_bytes();
        metrics::LINK_FRAMES.add([frame.kind(), "sent"], 1);
        metrics::LINK_BYTES.add(["sent"], bytes.len() as u64);
        self.send_message(Message::Binary(bytes.into())).await
    }

    /// The hub's key, if this session must pin it.
    pub(crate) fn new_key(&self) -> Option<HubKey> {
        self.seals.new_key()
    }

    /// True if the trusted hub has signed everything so far.
    pub(crate) fn is_proven(&self) -> bool {
        self.seals.is_proven()
    }

    pub(crate) fn is_plain(&self) -> bool {
        self.seals.is_plain()
    }

    /// Cancel-safe: a frame that was not returned stays in the stream.
    pub(crate) async fn next_frame(&mut self) -> Result<(Frame, FrameProof), SocketError> {
        loop {
            let message = match self.stream.next().await {
                None | Some(Ok(Message::Close(_))) => return Err(SocketError::Closed),
                Some(message) => message.map_err(SocketError::Broken)?,
            };
            self.heard_at = self.clock.elapsed();
            if let Message::Binary(bytes) = message {
                let (frame, proof) = self.seals.verify_frame(Frame::from_bytes(&bytes)?)?;
                metrics::LINK_FRAMES.add([frame.kind(), "received"], 1);
                metrics::LINK_BYTES.add(["received"], bytes.len() as u64);
                return Ok((frame, proof));
            }
        }
    }

    /// Runs once a second: pings the hub, and gives up on a connection that only looks open.
    pub(crate) async fn check_liveness(&mut self) -> Result<(), SocketError> {
        let now = self.clock.elapsed();
        if now.saturating_sub(self.heard_at) > SILENT_MAX {
            return Err(SocketError::Silent(SILENT_MAX));
        }
        if now.saturating_sub(self.pinged_at) >= PING_EVERY {
            self.pinged_at = now;
            self.send_message(Message::Ping(Vec::new().into())).await?;
        }
        Ok(())
    }

    async fn send_message(&mut self, message: Message) -> Result<(), SocketError> {
        timeout(SEND_WITHIN, self.stream.send(message))
            .await
            .map_err(|_| SocketError::TimedOut(SEND_WITHIN))?
            .map_err(SocketError::Broken)
    }
}

/// A failed connection attempt.
struct ConnectAttempt<'a> {
    token: &'a str,
    took: Duration,
}

/// Derives the cause from the cloud's answer or certificate.
fn explain_failure(
    error: tungstenite::Error,
    call: &ConnectAttempt<'_>,
    seals: &SealVerifier,
) -> SocketError {
    if trust::is_certificate_time_error(&error) {
        return SocketError::CertificateTime;
    }
    let tungstenite::Error::Http(answer) = error else {
        return SocketError::Connect(error);
    };
    let header = answer
        .headers()
        .get(HUB_TIME_HEADER)
        .and_then(|value| value.to_str().ok());
    if let Some(time) = header.and_then(|text| text.parse::<HubTime>().ok()) {
        // Assume that the hub read its clock halfway through the call.
        let since_ms = i64::try_from(call.took.as_millis() / 2).unwrap_or(i64::MAX);
        return SocketError::ClockWrong(HubClockReading {
            at: time.at.plus_ms(since_ms),
            is_proven: seals.proves_time(call.token, &time),
            is_refusal: true,
        });
    }
    let body = answer.body().as_deref().unwrap_or_default();
    let problem = serde_json::from_slice::<ProblemBody>(body);
    SocketError::Refused {
        status: answer.status(),
        code: problem.ok().map(|problem| problem.code),
    }
}

fn refusal_sentence(status: StatusCode, code: Option<Code>) -> String {
    match code {
        // An older hub sends only this code, whose own sentence is for users.
        Some(Code::TokenExpired) => "this machine's clock is behind the cloud's. Set it".to_owned(),
        Some(code) => format!("{} ({code})", code.sentence_in(Language::English)),
        None => status.to_string(),
    }
}

fn link_uri(gateway_url: &str) -> Result<Uri, SocketError> {
    find_link_uri(gateway_url).ok_or_else(|| SocketError::Address(gateway_url.to_owned()))
}

fn find_link_uri(gateway_url: &str) -> Option<Uri> {
    let base = gateway_url.trim_end_matches('/');
    let (scheme, rest) = base.split_once("://")?;
    let scheme = match scheme {
        "http" | "ws" => "ws",
        "https" | "wss" => "wss",
        _ => return None,
    };
    format!("{scheme}://{rest}/link").parse().ok()
}

#[cfg(test)]
mod tests {
    use super::link_uri;

    #[test]
    fn the_link_is_at_the_gateway() {
        for (gateway, link) in [
            ("http://127.0.0.1:8080", "ws://127.0.0.1:8080/link"),
            ("https://cloud.example/", "wss://cloud.example/link"),
        ] {
            assert_eq!(link_uri(gateway).unwrap().to_string(), link);
        }
        for wrong in ["", "127.0.0.1:8080", "ftp://x", "http://"] {
            assert!(link_uri(wrong).is_err(), "{wrong}");
        }
    }
}
