//! Whether the run that has an edge's session is alive: asked by a session of another run, answered by
//! the session that stands, on whatever replica that is.
//!
//! The rows in sync_db are the truth. The sessions of this replica hear of a question at once, those of
//! others within half a second, because every replica looks for open questions that often; that leaves
//! the edge most of the two seconds.

use std::time::Duration;

use engine::cloud::Input;
use process::defect::{Defect, planted};
use wire::Code;

use super::{At, Link};
use crate::{hub::Hub, store::StoreError};

/// Whoever lives answers within this.
const ANSWER_WITHIN: Duration = Duration::from_secs(2);
/// Another replica's answer is looked for so often; one of this replica rings.
const LOOK: Duration = Duration::from_millis(100);
const LOOK_FOR_QUESTIONS: Duration = Duration::from_millis(400);
/// Nobody waits for the answer to an older question.
const QUESTION_LIFE_MS: i64 = 5_000;

impl Link {
    /// Waits for a sign of life of the session under `term`. One under another term says nothing about
    /// this one; whoever goes on finds that out.
    pub(super) async fn probe(&mut self, term: u64) -> Result<Input, StoreError> {
        if planted(Defect::OldSessionNotAsked) {
            return Ok(Input::Probed { alive: false });
        }
        let (hub, edge) = (&self.hub, &self.edge);
        let mut bell = hub.nudges.watch(edge);
        let number = hub.store.ask_for_life(edge, hub.clock.now()).await?;
        hub.nudges.nudge(edge);
        let asked_at = hub.clock.elapsed();
        loop {
            if hub.store.life_shown(edge).await? >= number {
                return Ok(Input::Probed { alive: true });
            }
            if hub.clock.elapsed().saturating_sub(asked_at) > ANSWER_WITHIN {
                tracing::info!(edge.id = %edge, term, "The old session of `{edge}` says nothing");
                return Ok(Input::Probed { alive: false });
            }
            // The sender lives as long as the hub.
            let _ = tokio::time::timeout(LOOK, bell.changed()).await;
        }
    }

    pub(super) async fn show_life(&mut self, number: u64) -> Result<(), StoreError> {
        let Some(At { term, .. }) = self.at else { return Ok(()) };
        self.hub.store.show_life(&self.edge, term, number).await?;
        self.hub.nudges.nudge(&self.edge);
        Ok(())
    }

    /// What an operator has to hear of.
    pub(super) async fn note_refusal(&mut self, code: Code) -> Result<(), StoreError> {
        let now = self.hub.clock.now();
        match code {
            Code::EdgeTwin => self.hub.store.twin_seen(&self.edge, now).await,
            Code::EdgeNeedsOperator => self.hub.store.needs_operator(&self.edge, now).await,
            _ => Ok(()),
        }
    }
}

/// Rings for the sessions of this replica whose edge is asked by another replica.
pub(crate) async fn watch(hub: &Hub) {
    let stop = hub.tasks.token();
    let mut fails = false;
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(LOOK_FOR_QUESTIONS) => {}
        }
        let since = hub.clock.now().plus_ms(-QUESTION_LIFE_MS);
        match hub.store.asked_for_life(since).await {
            Ok(edges) => {
                fails = false;
                edges.iter().for_each(|edge| hub.nudges.nudge(edge));
            }
            Err(error) => {
                if !std::mem::replace(&mut fails, true) {
                    tracing::warn!(%error, "Questions for a sign of life cannot be read");
                }
            }
        }
    }
}
