//! Checks that the process behind an edge's current session is alive. A session of another edge
//! process asks; the current session answers, on any replica.
//!
//! The rows in sync_db are the truth. Sessions on this replica see a question at once, those on
//! other replicas within half a second, which leaves the edge most of the two seconds.

use std::time::Duration;

use engine::cloud::SyncSessionInput;
use process::defect::{Defect, is_planted};
use tokio::time::sleep;
use wire::Code;

use super::link::{EdgeConnection, SessionContext, SessionTerm};
use crate::{rounds::PollLoop, store::StoreError};

/// A live edge answers within this time.
const ANSWER_WITHIN: Duration = Duration::from_secs(2);
/// Poll interval for an answer from another replica; this replica's sessions nudge.
const LOOK: Duration = Duration::from_millis(100);
const LOOK_FOR_QUESTIONS: Duration = Duration::from_millis(400);
/// Older questions have timed out.
const QUESTION_LIFE_MS: i64 = 5_000;

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
        let mut bell = hub.signals.watch_edge(edge);
        let number = hub.store.ask_for_life(edge, hub.clock.now()).await?;
        hub.signals.wake_sessions(edge);
        let asked_at = hub.clock.elapsed();
        loop {
            if hub.store.life_shown(edge).await? >= number {
                return Ok(SyncSessionInput::Probed { alive: true });
            }
            if hub.clock.elapsed().saturating_sub(asked_at) > ANSWER_WITHIN {
                tracing::info!(edge.id = %edge, term,
                    "The old session of `{edge}` did not answer the liveness probe");
                return Ok(SyncSessionInput::Probed { alive: false });
            }
            // The sender lives as long as the hub.
            let _ = tokio::time::timeout(LOOK, bell.changed()).await;
        }
    }

    pub(super) async fn show_life(&mut self, number: u64) -> Result<(), StoreError> {
        let Some(SessionTerm { term, .. }) = self.at else {
            return Ok(());
        };
        self.hub.store.show_life(&self.edge, term, number).await?;
        self.hub.signals.wake_sessions(&self.edge);
        Ok(())
    }

    /// Stores the refusals that an operator needs to see.
    pub(super) async fn note_refusal(&mut self, code: Code) -> Result<(), StoreError> {
        let now = self.hub.clock.now();
        match code {
            Code::EdgeTwin => self.hub.store.twin_seen(&self.edge, now).await,
            Code::EdgeNeedsOperator => self.hub.store.needs_operator(&self.edge, now).await,
            _ => Ok(()),
        }
    }
}

impl SessionContext {
    /// Nudges this replica's sessions if another replica asks for a sign of life of their edge.
    pub(super) async fn watch_for_probes(&self) {
        let mut rounds = PollLoop::new(&self.tasks, "Could not read the liveness probes");
        while rounds
            .next(self.look_for_questions().await, sleep(LOOK_FOR_QUESTIONS))
            .await
        {}
    }

    async fn look_for_questions(&self) -> Result<(), StoreError> {
        let since = self.clock.now().plus_ms(-QUESTION_LIFE_MS);
        let edges = self.store.asked_for_life(since).await?;
        edges
            .iter()
            .for_each(|edge| self.signals.wake_sessions(edge));
        Ok(())
    }
}
