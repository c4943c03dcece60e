//! Stores data from the cloud, then notifies the tablets concerned.
//!
//! Invariant: the file has an outcome or change before any tablet sees it, so a crash between the
//! two only makes the tablet request it again.

use engine::edge::EdgeWrite;
use journal::WriteError;
use process::{metrics, trace::TraceId};
use tokio::sync::watch;
use wire::{AskFrame, NumberedOutcome, OutcomeKind};

use crate::{
    ground::EdgeContext,
    intake::CommandIntake,
    store::{Alarm, FeedEffects},
    voice::TabletPublisher,
};

pub struct Downlink {
    pub context: EdgeContext,
    pub intake: CommandIntake,
    pub publisher: TabletPublisher,
    pub feed_seq: watch::Sender<u64>,
}

type WriteResult = Result<(), WriteError<rusqlite::Error>>;

impl Downlink {
    pub async fn apply_edge_write(&self, what: EdgeWrite) -> WriteResult {
        match what {
            EdgeWrite::Outcomes { to, outcomes } => self.settle_ops(to, outcomes).await?,
            EdgeWrite::Changes { to, changes } => {
                let applied = self
                    .context
                    .store
                    .apply_changes(to, changes, self.context.clock.now())
                    .await?;
                self.feed_seq.send_replace(to);
                self.publish_feed_effects(applied).await;
            }
            EdgeWrite::Snapshot(run) => {
                let feed_seq = run.feed_seq;
                metrics::SNAPSHOT_CHUNKS.add(["stored"], 1);
                if let Some(applied) = self
                    .context
                    .store
                    .stage_snapshot_chunk(run, self.context.clock.now())
                    .await?
                {
                    tracing::info!(
                        feed_seq,
                        "Applied the cloud's snapshot as of feed number {feed_seq}"
                    );
                    self.feed_seq.send_replace(feed_seq);
                    self.publish_feed_effects(applied).await;
                }
            }
            EdgeWrite::Generation(generation) => {
                self.context.store.adopt_generation(generation).await?;
                self.feed_seq.send_replace(0);
            }
            EdgeWrite::Tail(run) => self.context.store.keep_tail(run).await?,
            EdgeWrite::Quarantine(new) => {
                let begun = self
                    .context
                    .store
                    .begin_epoch(new, self.context.clock.now())
                    .await?;
                let epoch = begun.epoch;
                let relogged = begun.relogged;
                tracing::warn!(
                    epoch,
                    relogged,
                    "Started epoch {epoch}; logged {relogged} undecided commands again"
                );
            }
            EdgeWrite::Twin => {
                self.context
                    .store
                    .raise_alarm(Alarm::Twin, self.context.clock.now())
                    .await?;
                tracing::error!("{}", Alarm::Twin.sentence());
            }
        }
        Ok(())
    }

    /// Stores the outcomes, then sends them to the people and the boards that they concern.
    async fn settle_ops(&self, to: u64, outcomes: Vec<NumberedOutcome>) -> WriteResult {
        let settled = self
            .context
            .store
            .store_outcomes(to, outcomes, self.context.clock.now())
            .await?;
        let mut sights = Vec::with_capacity(settled.len());
        for settled in settled {
            let id = settled.stored.command_id;
            tracing::info!(
                trace = %TraceId::from_command(id), command.id = %id, order.id = %settled.stored.order_id,
                outcome = settled.outcome.kind.as_str(),
                "Command `{id}` was decided"
            );
            if settled.outcome.kind == OutcomeKind::Applied {
                self.context
                    .people
                    .record_applied_command(settled.stored.user_id);
            }
            // Sign receipts only for connected people; others request theirs later.
            if self.publisher.broker.is_signed_in(settled.stored.user_id) {
                self.publisher
                    .publish_decision(&settled, &self.intake.build_decision_reply(&settled))
                    .await;
            }
            sights.push(settled.view);
        }
        self.publisher.publish_changes(sights, Vec::new()).await;
        Ok(())
    }

    /// The feed was read to its end; `put_down` also records this for the next run.
    pub async fn confirm_feed_current(&self, put_down: bool) -> WriteResult {
        self.context.authenticator.confirm_revocations();
        if put_down {
            self.context
                .store
                .confirm_feed(self.context.clock.now())
                .await
        } else {
            Ok(())
        }
    }

    /// Logs an accept made elsewhere, or drops it if the disk is full or the queue busy; the cloud
    /// sends it again.
    pub async fn log_remote_accept(&self, ask: AskFrame) -> WriteResult {
        let id = ask.command.id;
        let order = ask.command.body.order_id();
        match self
            .context
            .store
            .log_asked(ask, self.context.clock.now())
            .await
        {
            Ok(None) => Ok(()),
            Ok(Some(sight)) => {
                tracing::info!(
                    trace = %TraceId::from_command(id), command.id = %id, order.id = %order,
                    "Logged command `{id}` for the cloud"
                );
                self.publisher
                    .publish_changes(vec![sight], Vec::new())
                    .await;
                Ok(())
            }
            Err(error @ (WriteError::Full | WriteError::Busy)) => {
                if matches!(error, WriteError::Full) {
                    self.context.disk.has_refused();
                }
                tracing::warn!(%error, command.id = %id,
                    "Could not log an acceptance that was made elsewhere");
                Ok(())
            }
            Err(error) => Err(error),
        }
    }

    async fn publish_feed_effects(&self, applied: FeedEffects) {
        self.context
            .authenticator
            .apply_trust_update(&applied.trust);
        self.publisher.broker.close_unauthorized_connections().await;
        self.publisher
            .publish_changes(applied.sights, applied.gone)
            .await;
    }
}
