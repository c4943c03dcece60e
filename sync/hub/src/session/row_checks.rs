//! A session's checks of its edge's row: it stops under another term, reports new outcomes and held
//! ops, starts a repair, and forwards waiting accepts to this edge if it holds the region. And how
//! a new session probes the old one.
//!
//! A session of another process of the edge starts a probe; the current session answers, on any
//! replica (`liveness`). The rows in sync_db are the truth. Sessions on this replica see a probe and
//! its answer at once, those on other replicas within half a second, which leaves the edge most of
//! the two seconds.
//!
//! The holder logs each forwarded accept once, even if it is sent repeatedly. So that state may be
//! lost: an accept is sent again when the holder reconnects, and periodically until it is decided.
//! The user may never have used that edge, so it must not receive a token that grants access to the
//! cloud.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use engine::cloud::{StoredEdge, SyncSessionInput};
use planted::{Defect, is_planted};
use platform::upstream::UpstreamError;
use process::{problem::format_error_chain, tokens::TokenAudience};
use tokio::time::sleep;
use wire::{Code, CommandTokenForm, ForwardedAccept};

use super::connection::{EdgeConnection, SessionContext, SessionEnd, SessionTerm};
use crate::{
    polling::{PollLoop, RegionMark},
    store::{StoreError, waiting_accepts::AcceptWithOrigin},
};

/// Maximum held ops per check. The edge gets notices for later ones once these are decided.
const HELD_MAX: usize = 500;
/// Maximum notices per check, well below the outbound queue; the rest follow with the next check.
const NOTICES_MAX: usize = 32;

/// A live edge answers within this time.
const ANSWER_WITHIN: Duration = Duration::from_secs(2);
/// Poll interval for an answer from another replica; this replica's sessions signal.
const ANSWER_POLL: Duration = Duration::from_millis(100);
const PROBES_POLL: Duration = Duration::from_millis(400);
/// Older questions have timed out.
const PROBE_LIFE_MS: i64 = 5_000;

/// Maximum accepts of each kind per check; later ones follow when these are decided.
const LOOKED_AT_MAX: usize = 200;
/// Maximum accepts put per check, well below the outbound queue; the rest follow with the next
/// check.
const PUT_MAX: usize = 32;
/// Ticks before an undecided accept is put again.
const AGAIN_AFTER_TICKS: u64 = 15;

impl EdgeConnection {
    pub(super) async fn apply_region_mark(&mut self, mark: RegionMark) -> Result<(), SessionEnd> {
        if mark.gate_closed {
            return self.drive_engine(SyncSessionInput::GateClosed).await;
        }
        let RegionMark {
            generation,
            feed_seq,
            ..
        } = mark;
        self.drive_engine(SyncSessionInput::FeedReaches {
            generation,
            feed_seq,
        })
        .await
    }

    /// Checks the edge's row: the current term, the outcome count, the held ops, and the accepts
    /// that wait for this edge to log them.
    pub(super) async fn check_edge_row(&mut self) -> Result<(), SessionEnd> {
        let Some(at) = self.at else { return Ok(()) };
        let pulse = self.hub.store.read_session_pulse(&self.edge).await?;
        if pulse.is_some_and(|pulse| pulse.disabled) {
            return self.drive_engine(SyncSessionInput::Disabled).await;
        }
        let Some(pulse) = pulse.filter(|pulse| pulse.term == at.term) else {
            return self.drive_engine(SyncSessionInput::Superseded).await;
        };
        if let Some(number) = pulse.probe {
            self.settle_probe(at.term, number).await?;
        }
        self.drive_engine(SyncSessionInput::OutcomesReach(pulse.outcome_count))
            .await?;
        if pulse.repair {
            self.start_repair().await?;
        }
        self.send_held_notices(at.epoch).await?;
        self.forward_accepts(at).await
    }

    /// Reads the feed's end from the store: this replica's mark may be older than the edge's
    /// cursor.
    async fn start_repair(&mut self) -> Result<(), SessionEnd> {
        let standing = self
            .hub
            .store
            .load_edge_state(&self.edge, self.hub.clock.now())
            .await?;
        let Some(StoredEdge {
            feed_seq,
            granted_seq,
            ..
        }) = standing
        else {
            return Ok(());
        };
        self.drive_engine(SyncSessionInput::Repair {
            feed_seq,
            granted_seq,
        })
        .await
    }

    /// Sends the edge a notice for each held op once, and again if the reason changes.
    async fn send_held_notices(&mut self, epoch: u64) -> Result<(), SessionEnd> {
        let mut told = BTreeMap::new();
        let mut notices = Vec::new();
        for (seq, reason) in self
            .hub
            .store
            .list_held_ops(&self.edge, epoch, HELD_MAX)
            .await?
        {
            let known = self.told_held.get(&seq) == Some(&reason);
            if !known && notices.len() == NOTICES_MAX {
                continue;
            }
            if !known {
                notices.push(SyncSessionInput::Held { seq, reason });
            }
            told.insert(seq, reason);
        }
        self.told_held = told;
        for notice in notices {
            self.drive_engine(notice).await?;
        }
        Ok(())
    }
}

impl EdgeConnection {
    /// Waits for a sign of life from the session under `term`. If the term has changed by then, the
    /// engine decides again.
    pub(super) async fn probe_old_session(
        &mut self,
        term: u64,
    ) -> Result<SyncSessionInput, StoreError> {
        if is_planted(Defect::OldSessionNotAsked) {
            return Ok(SyncSessionInput::Probed { alive: false });
        }
        let hub = &self.hub;
        let edge = &self.edge;
        let mut answers = hub.signals.watch_answers(edge);
        let number = hub.store.start_probe(edge, hub.clock.now()).await?;
        hub.signals.request_probe(edge, number);
        let asked_at = hub.clock.elapsed();
        loop {
            let stored = hub.store.read_answered_probe(edge, term).await?;
            let here = *answers.borrow_and_update();
            if stored >= number || (here.term == term && here.number >= number) {
                return Ok(SyncSessionInput::Probed { alive: true });
            }
            if hub.clock.elapsed().saturating_sub(asked_at) > ANSWER_WITHIN {
                tracing::info!(edge.id = %edge, term,
                    "The old session of `{edge}` did not answer the liveness probe");
                return Ok(SyncSessionInput::Probed { alive: false });
            }
            // The sender lives as long as the hub.
            let _ = tokio::time::timeout(ANSWER_POLL, answers.changed()).await;
        }
    }

    /// Marks an answered probe in the edge's row, so that replicas stop repeating it; those of the
    /// previous version read its answer only there. Requests an unanswered one again.
    async fn settle_probe(&self, term: u64, number: u64) -> Result<(), StoreError> {
        if self.liveness.newest_answer() < number {
            self.hub.signals.request_probe(&self.edge, number);
            return Ok(());
        }
        self.hub.store.settle_probe(&self.edge, term, number).await
    }

    /// Stores the refusals that an operator needs to see.
    pub(super) async fn note_refusal(&mut self, code: Code) -> Result<(), StoreError> {
        let now = self.hub.clock.now();
        match code {
            Code::EdgeTwin => self.hub.store.record_twin(&self.edge, now).await,
            Code::EdgeNeedsOperator => self.hub.store.record_needs_operator(&self.edge, now).await,
            _ => Ok(()),
        }
    }
}

impl SessionContext {
    /// Lets this replica's sessions probe their edge if another replica asks for a sign of life.
    pub(super) async fn watch_for_probes(&self) {
        let mut poll_loop = PollLoop::new(&self.tasks, "Could not read the liveness probes");
        while poll_loop
            .next(self.request_open_probes().await, sleep(PROBES_POLL))
            .await
        {}
    }

    async fn request_open_probes(&self) -> Result<(), StoreError> {
        let since = self.clock.now().plus_ms(-PROBE_LIFE_MS);
        for (edge, number) in self.store.list_open_probes(since).await? {
            self.signals.request_probe(&edge, number);
        }
        Ok(())
    }
}

impl EdgeConnection {
    /// Forwards the waiting accepts to this edge if it holds the region.
    pub(super) async fn forward_accepts(&mut self, at: SessionTerm) -> Result<(), SessionEnd> {
        for AcceptWithOrigin {
            accept,
            taken_at,
            made_at,
        } in self.find_accepts_to_forward(at).await?
        {
            // The next tick tries again.
            let Some(accept) = self.hub.prepare_for_holder(accept).await else {
                break;
            };
            let id = accept.command.id;
            let user = accept.actor.user_id;
            let now = self.hub.clock.now();
            self.hub
                .store
                .record_forwarded_accept(id, user, &made_at, taken_at, now)
                .await?;
            self.hub.forwarded_accepts.remember_accept(id);
            self.put.insert((id, user), self.ticks);
            tracing::info!(
                edge.id = %self.edge, command.id = %id, order.id = %accept.command.body.order_id(),
                "Sent command `{id}` to the edge that holds the region"
            );
            self.drive_engine(SyncSessionInput::ForwardAccept {
                accept: Box::new(accept),
                taken_at,
            })
            .await?;
        }
        Ok(())
    }

    async fn find_accepts_to_forward(
        &mut self,
        at: SessionTerm,
    ) -> Result<Vec<AcceptWithOrigin>, StoreError> {
        let region = self.region;
        let edge = &self.edge;
        let ticks = self.ticks;
        let put = &self.put;
        let mut wanted = BTreeSet::new();
        let mut is_due = |name| {
            wanted.insert(name);
            put.get(&name)
                .is_none_or(|at| ticks >= at + AGAIN_AFTER_TICKS)
        };
        let mut due = self
            .hub
            .store
            .list_accepts_for_holder(region, edge, at.epoch, LOOKED_AT_MAX)
            .await?;
        due.retain(|AcceptWithOrigin { accept, .. }| {
            is_due((accept.command.id, accept.actor.user_id))
        });
        due.truncate(PUT_MAX);
        let space = PUT_MAX - due.len();
        due.extend(
            self.hub
                .store
                .list_held_accepts_elsewhere(region, edge, at.epoch, LOOKED_AT_MAX, space, is_due)
                .await?,
        );
        self.put.retain(|name, _| wanted.contains(name));
        Ok(due)
    }
}

impl SessionContext {
    /// Replaces the user's token with one that vouches only for this accept. `None` if theirs is
    /// invalid.
    pub(crate) async fn bind_token_to_command(
        &self,
        accept: &ForwardedAccept,
    ) -> Result<Option<ForwardedAccept>, UpstreamError> {
        let ForwardedAccept {
            region,
            command,
            token,
            ..
        } = accept;
        let form = CommandTokenForm {
            token: token.clone(),
            region: *region,
            command: command.id,
        };
        let token = self.command_tokens.exchange_user_token(&form).await?;
        Ok(token.map(|token| ForwardedAccept {
            token,
            ..accept.clone()
        }))
    }

    /// The accept as the holder may receive it; `None` while it has to wait. Only edges from before
    /// edge tokens existed leave a cloud token here: exchange it while it is valid.
    pub(super) async fn prepare_for_holder(
        &self,
        accept: ForwardedAccept,
    ) -> Option<ForwardedAccept> {
        let claims = self.keys.read(&accept.token);
        let is_harmless = claims.as_ref().is_ok_and(|claims| {
            claims.audience() != Some(TokenAudience::Cloud)
                || claims.expires_at() <= self.clock.now()
        });
        if is_harmless || accept.token.is_empty() {
            return Some(accept);
        }
        match self.bind_token_to_command(&accept).await {
            Ok(Some(bound)) => Some(bound),
            // The session has ended. The accept waits until the token expires.
            Ok(None) if claims.is_ok() => None,
            // The token is invalid; the owner must give the rejection.
            Ok(None) => Some(ForwardedAccept {
                token: String::new(),
                ..accept
            }),
            Err(error) => {
                tracing::warn!(
                    cause = format_error_chain(&error),
                    "Could not get a token from auth for an acceptance"
                );
                None
            }
        }
    }
}
