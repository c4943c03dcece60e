//! The link to the cloud: keeps a session open, and reconnects with backoff.
//!
//! Invariant: sockets only carry frames, the engine decides, and the file keeps the state. So a
//! session may end at any moment.

mod session;
mod socket;

use std::time::Duration;

use engine::edge::{EdgeFilePosition, EdgeProtocol, EdgeRunIdentity, HubCheck, LinkEnd};
use journal::JournalError;
use process::{
    metrics, random,
    seal::{HubTrust, SealVerifier},
};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use wire::HubFingerprint;

use crate::{
    downlink::Downlink, ground::EdgeContext, line::LinkSecurity, link_status::LinkStatus,
    store::Alarm,
};
use session::{LinkSession, SessionEnd};
use socket::{Socket, SocketError};

pub struct Link {
    pub context: EdgeContext,
    pub speaker: EdgeRunIdentity,
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
    pub async fn run_until_stopped(self, stop: CancellationToken) {
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
                tracing::warn!(edge = %self.speaker.edge, why, "The link is down");
            }
            said = why;
            if self.suspect_broken_chain(&ended).await {
                tracing::error!(edge = %self.speaker.edge, "This edge's log is now suspect");
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
        let (position, trust) = match self.read().await {
            Ok(read) => read,
            Err(error) => return SessionEnd::Store(process::problem::format_error_chain(&error)),
        };
        let seals = SealVerifier::new(self.speaker.edge.clone(), trust);
        let check = HubCheck {
            challenge: Some(seals.challenge()),
            pinned: matches!(trust, HubTrust::Key(_) | HubTrust::Fingerprint(_)),
            plain_line: self.cloud_line() == LinkSecurity::Plain,
        };
        let socket = match Socket::connect(&self.context, &self.speaker, seals).await {
            Ok(socket) => socket,
            Err(error) => {
                metrics::LINK_SESSIONS.add(["unreachable"], 1);
                if let SocketError::ClockWrong(reading) = error {
                    self.context.clock_check.compare_with_hub(reading).await;
                }
                return SessionEnd::Socket(error);
            }
        };
        let edge = EdgeProtocol::new(self.speaker.clone(), position);
        LinkSession::new(self, edge, socket).run(check).await
    }

    async fn read(&self) -> Result<(EdgeFilePosition, HubTrust), JournalError> {
        let pinned = self.context.store.hub_key().await?;
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
        metrics::LINK_UP.set([self.speaker.edge.as_str()], u64::from(up));
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
        let apart = engine::reconnect::backoff_delay(lost_for, calls.attempt, entropy);
        calls.attempt = calls.attempt.saturating_add(1);
        // Intervals run from start to start, so time on a dead connection counts.
        if settled {
            apart
        } else {
            apart.saturating_sub(lasted)
        }
    }
}
