//! Stores data from the cloud, then notifies the tablets concerned.
//!
//! Invariant: the file has an outcome or change before any tablet sees it, so a crash between the
//! two only makes the tablet request it again.

use engine::edge::EdgeWrite;
use journal::WriteError;
use process::{metrics, trace::TraceId};
use tokio::sync::watch;
use wire::{ForwardedAcceptFrame, NumberedOutcome, OutcomeKind};

use crate::{
    context::EdgeContext,
    intake::CommandIntake,
    mqtt::TabletPublisher,
    store::{Alarm, FeedEffects},
};

pub(crate) struct Downlink {
    pub context: EdgeContext,
    pub intake: CommandIntake,
    pub publisher: TabletPublisher,
    pub feed_seq: watch::Sender<u64>,
}

type WriteResult = Result<(), WriteError<rusqlite::Error>>;

impl Downlink {
    pub(crate) async fn apply_edge_write(&self, what: EdgeWrite) -> WriteResult {
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
            EdgeWrite::Tail(run) => self.context.store.stage_tail(run).await?,
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
        let mut views = Vec::with_capacity(settled.len());
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
            // Sign receipts only for people who may be connected; others request theirs later.
            if self.publisher.broker.may_hear(settled.stored.user_id) {
                self.publisher
                    .publish_decision(&settled, &self.intake.build_decision_reply(&settled));
            }
            views.push(settled.view);
        }
        self.publisher.publish_changes(views, Vec::new());
        Ok(())
    }

    /// The feed was read to its end; `store_for_next_run` also records this for the next run.
    pub(crate) async fn confirm_feed_current(&self, store_for_next_run: bool) -> WriteResult {
        self.context.authenticator.confirm_revocations();
        if store_for_next_run {
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
    pub(crate) async fn log_forwarded_accept(&self, accept: ForwardedAcceptFrame) -> WriteResult {
        let id = accept.command.id;
        let order = accept.command.body.order_id();
        if self.context.disk.refuses_commands() {
            tracing::warn!(
                command.id = %id,
                "The disk is full: could not log an acceptance that was made elsewhere"
            );
            return Ok(());
        }
        match self
            .context
            .store
            .log_forwarded_accept(accept, self.context.clock.now())
            .await
        {
            Ok(None) => Ok(()),
            Ok(Some(view)) => {
                tracing::info!(
                    trace = %TraceId::from_command(id), command.id = %id, order.id = %order,
                    "Logged command `{id}` for the cloud"
                );
                self.publisher.publish_changes(vec![view], Vec::new());
                Ok(())
            }
            Err(error @ (WriteError::Full | WriteError::Busy)) => {
                if matches!(error, WriteError::Full) {
                    self.context.disk.record_refused_write();
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
        self.publisher.broker.close_unauthorized_connections();
        self.publisher.publish_changes(applied.views, applied.gone);
    }
}
