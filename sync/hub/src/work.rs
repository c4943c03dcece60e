//! Works the edges' logs: gets a decision on every received op in log order, even after a restart
//! or while the edge is away. A dispatcher starts one task per edge with undecided ops. That task
//! works the log from the first undecided op to the last: it reads a run from
//! `sync/hub/src/store/work_queue.rs`, submits it to its owner in
//! `sync/hub/src/work/run_submission.rs`, and stores the results.
//!
//! Invariant: an op leaves the queue only with its outcome stored. One replica at a time works a
//! log; if two believe that they do, the store accepts results from only one: those under the claim
//! that their run was read under.

mod run_submission;
mod waiting_accepts;
pub(crate) mod workers;

use std::{convert::Infallible, time::Duration};

use process::metrics;
use wire::{Code, EdgeId, HeldReason};

use crate::{
    domain::{
        op::UndecidedOp,
        pace::{Backoff, BatchSizer, OPS_MAX},
        run_plan::{self, DecidedOp, DecidingService, LogWalk, PassResults, TokenVerdict},
    },
    polling::{PollLoop, wait_until_abandoned},
    store::{StoreError, work_queue::WorkClaim},
};
use run_submission::RunEnd;
use workers::{BusyEdges, Workers};

/// Poll interval without a signal: another replica may have stored ops and died.
const DISPATCH_POLL: Duration = Duration::from_secs(1);

/// Maximum edges per poll; the next poll continues after them.
const EDGES_MAX: usize = 1_000;

impl Workers {
    pub(crate) fn start(&self) {
        let workers = self.clone();
        self.tasks
            .spawn("work", async move { workers.run_dispatcher().await });
        let workers = self.clone();
        self.tasks.spawn("waiting-accepts", async move {
            workers.retry_waiting_accepts().await
        });
    }

    async fn run_dispatcher(&self) {
        let busy = BusyEdges::default();
        let mut after = String::new();
        let mut poll_loop =
            PollLoop::new(&self.tasks, "Could not read the logs; received ops wait");
        loop {
            let result = self.start_edge_workers(&busy, &mut after).await;
            let woken = async {
                tokio::select! {
                    () = self.work_signal.wait_for_work() => {}
                    () = tokio::time::sleep(DISPATCH_POLL) => {}
                }
            };
            if !poll_loop.next(result, woken).await {
                return;
            }
        }
    }

    async fn start_edge_workers(
        &self,
        busy: &BusyEdges,
        after: &mut String,
    ) -> Result<(), StoreError> {
        let (edges, next) = self.store.list_edges_with_work(after, EDGES_MAX).await?;
        *after = next;
        for edge in edges {
            let Some(turn) = busy.try_begin(edge, &self.work_signal) else {
                continue;
            };
            let workers = self.clone();
            self.tasks.spawn_once(
                "work_edge",
                async move { workers.drain_log(&turn.edge).await },
            );
        }
        Ok(())
    }
}

/// The lease on a log: after this time another worker may take over from a dead one. A slow worker
/// may be overtaken too: an op that both hand over is decided once and stored by one.
const CLAIM_MS: i64 = 3_000;

const KEPT_EVERY: Duration = Duration::from_secs(1);
/// Poll interval for new ops behind parked ones.
const NEW_OPS_POLL: Duration = Duration::from_secs(1);

/// The next step after a pass.
enum NextStep {
    /// There may be more ops.
    Continue,
    /// An op failed alone, or the store failed.
    Pause,
    /// Every due op was visited, and some are parked.
    PollAgain(Duration),
    /// No op is due, or another worker has the log.
    Done,
}

impl Workers {
    async fn drain_log(&self, edge: &EdgeId) {
        let stop = self.tasks.stop_token();
        let mut log = LogWorker {
            hub: self,
            edge,
            portion: BatchSizer::default(),
            backoff: Backoff::default(),
            walk: LogWalk::default(),
            parked: false,
            away: None,
            again_at: None,
            sweep: None,
            claim: None,
        };
        log.begin_sweep();
        loop {
            let passed = tokio::select! {
                biased;
                passed = log.run_pass() => passed,
                () = wait_until_abandoned(&stop) => break,
            };
            let next = passed.unwrap_or_else(|error| {
                let cause = process::problem::format_error_chain(&error);
                tracing::error!(edge.id = %edge, cause, "A pass over the log of `{edge}` failed");
                NextStep::Pause
            });
            let pause = match next {
                NextStep::Done => break,
                NextStep::Continue => Duration::ZERO,
                NextStep::PollAgain(pause) => {
                    // Another replica may reach the owner or auth.
                    log.give_up_claim().await;
                    pause
                }
                NextStep::Pause => log.backoff.next(),
            };
            tokio::select! {
                biased;
                () = stop.cancelled() => break,
                () = tokio::time::sleep(pause) => {}
            }
        }
        log.give_up_claim().await;
    }
}

struct LogWorker<'a> {
    hub: &'a Workers,
    edge: &'a EdgeId,
    portion: BatchSizer,
    backoff: Backoff,
    walk: LogWalk,
    /// This walk has parked some ops.
    parked: bool,
    /// An unreachable owner: this walk calls it no more. Without the order service no op can be
    /// decided, not even a review, which depends on it.
    away: Option<DecidingService>,
    /// When a new walk retries the parked ops.
    again_at: Option<Duration>,
    /// During a sweep of the held ops: the last one retried.
    sweep: Option<u64>,
    claim: Option<WorkClaim>,
}

impl LogWorker<'_> {
    async fn run_pass(&mut self) -> Result<NextStep, StoreError> {
        let now = self.hub.clock.now();
        let until = now.plus_ms(CLAIM_MS);
        let before = self.claim.take();
        self.claim = self
            .hub
            .store
            .claim_log(self.edge, self.hub.replica, now, until)
            .await?;
        let Some(claim) = self.claim.clone() else {
            return Ok(NextStep::Done);
        };
        if before.is_some_and(|before| before.epoch != claim.epoch) {
            self.begin_walk();
        }
        if self.away == Some(DecidingService::Order) {
            return self.answer_without_owner(&claim).await;
        }
        let due =
            self.hub
                .store
                .read_due_ops(&claim, &mut self.walk, false, self.portion.next_size());
        let run = self.hub.run_with_claim(&claim, due).await?;
        match self.sweep {
            None if run.is_empty() => Ok(self.finish_walk()),
            Some(beyond) if run.is_empty() => self.retry_held_ops(&claim, beyond).await,
            _ => Ok(self.submit_and_store(&claim, &run).await?.1),
        }
    }

    /// While the order service is away, answers the ops that do not need it and parks the rest.
    async fn answer_without_owner(&mut self, claim: &WorkClaim) -> Result<NextStep, StoreError> {
        let waiting = self
            .hub
            .store
            .read_due_ops(claim, &mut self.walk, true, OPS_MAX);
        let run = self.hub.run_with_claim(claim, waiting).await?;
        if run.is_empty() {
            return Ok(self.finish_walk());
        }
        let now = self.hub.clock.now();
        let plan = run_plan::plan_run(&run, now, usize::MAX, None, |_, _| {
            TokenVerdict::KeysMissing
        });
        let handed = plan.batch_ops.iter().map(|op| op.seq);
        let parked = plan.parked.iter().copied().chain(handed).collect();
        let progress = PassResults {
            decided: plan.answered,
            parked,
            ..PassResults::default()
        };
        self.walk.advance(&run, &progress);
        Ok(if self.store_results(claim, &progress).await? {
            NextStep::Continue
        } else {
            NextStep::Done
        })
    }

    /// Every due op was visited. The next walk retries the parked ones; until then only new ops are
    /// read.
    fn finish_walk(&mut self) -> NextStep {
        if !self.parked {
            return NextStep::Done;
        }
        let now = self.hub.clock.elapsed();
        let again_at = *self
            .again_at
            .get_or_insert_with(|| now + self.backoff.next());
        if now >= again_at {
            self.begin_walk();
            return NextStep::Continue;
        }
        self.begin_sweep();
        NextStep::PollAgain(NEW_OPS_POLL.min(again_at - now))
    }

    fn begin_walk(&mut self) {
        self.walk = LogWalk::default();
        (self.parked, self.away, self.again_at) = (false, None, None);
    }

    /// Starts a sweep of the held ops if it is due and their owner is reachable.
    fn begin_sweep(&mut self) {
        let now = self.hub.clock.elapsed();
        let turns = self.hub.work_signal.retry_generation();
        if self.sweep.is_none()
            && self.away.is_none()
            && self.hub.sweeps.begin_if_due(self.edge, now, turns)
        {
            self.sweep = Some(0);
        }
    }

    /// Retries the next held ops. Newly received ops go first.
    async fn retry_held_ops(
        &mut self,
        claim: &WorkClaim,
        beyond: u64,
    ) -> Result<NextStep, StoreError> {
        let held = self
            .hub
            .store
            .read_held_ops_to_retry(claim, beyond, self.portion.next_size());
        let run = self.hub.run_with_claim(claim, held).await?;
        if run.is_empty() {
            self.sweep = None;
            return Ok(NextStep::Continue);
        }
        let (progress, next) = self.submit_and_store(claim, &run).await?;
        if progress.has_decided() {
            // Ops behind the decided ones are due now.
            self.walk = LogWalk::default();
        }
        let reached = progress
            .last_resolved_seq()
            .map_or(beyond, |reached| reached.max(beyond));
        self.sweep = self.away.is_none().then_some(reached);
        Ok(next)
    }

    /// Submits a run, stores its results, and advances past them.
    async fn submit_and_store(
        &mut self,
        claim: &WorkClaim,
        run: &[UndecidedOp],
    ) -> Result<(PassResults, NextStep), StoreError> {
        let (progress, next, settled) = match self
            .hub
            .run_with_claim(claim, self.hub.submit_run(claim, run, self.away))
            .await?
        {
            RunEnd::Whole(progress) => {
                let reached = progress.last_resolved_seq();
                self.portion
                    .record_success(run.iter().filter(|due| Some(due.seq) <= reached).count());
                (progress, NextStep::Continue, true)
            }
            RunEnd::Away(progress, owner) => {
                self.away = Some(owner);
                (progress, NextStep::Continue, true)
            }
            RunEnd::Failed(progress, ops) if progress.held.is_empty() => {
                self.portion.record_failure(ops);
                let alone = progress.failed.is_some();
                (
                    progress,
                    if alone {
                        NextStep::Pause
                    } else {
                        NextStep::Continue
                    },
                    false,
                )
            }
            RunEnd::Failed(progress, _) => {
                self.portion.clear_suspects();
                (progress, NextStep::Continue, true)
            }
        };
        if !self.store_results(claim, &progress).await? {
            return Ok((progress, NextStep::Done));
        }
        self.parked |= !progress.parked.is_empty();
        if settled {
            self.walk.advance(run, &progress);
        } else {
            self.walk.skip_parked_ops(run, &progress);
        }
        if settled && !self.parked {
            self.backoff.reset();
        }
        Ok((progress, next))
    }

    /// Gives up the claim, so that no replica has to wait for it to expire. This changes nothing if
    /// another worker has the log already.
    async fn give_up_claim(&self) {
        let Some(claim) = &self.claim else { return };
        if let Err(error) = self.hub.store.give_up_claim(claim).await {
            tracing::debug!(edge.id = %self.edge, %error, "Could not give up a claim; it expires");
        }
    }

    async fn store_results(
        &self,
        claim: &WorkClaim,
        results: &PassResults,
    ) -> Result<bool, StoreError> {
        let now = self.hub.clock.now();
        let until = now.plus_ms(CLAIM_MS);
        if !self
            .hub
            .store
            .commit_progress(claim, results, now, until)
            .await?
        {
            tracing::warn!(edge.id = %self.edge, "Another worker has claimed this log; discarding this pass");
            return Ok(false);
        }
        count_decisions(claim, &results.decided);
        if results.has_decided() || !results.held.is_empty() {
            self.hub.signals.wake_sessions(self.edge);
        }
        self.notify_others(claim, results).await?;
        Ok(true)
    }
}

impl LogWorker<'_> {
    /// Nudges the region's holder about held ops, and retries ops of other logs that waited for the
    /// decided ones.
    async fn notify_others(
        &self,
        claim: &WorkClaim,
        results: &PassResults,
    ) -> Result<(), StoreError> {
        let is_held = results
            .held
            .iter()
            .any(|(_, reason)| *reason == HeldReason::Region);
        if is_held && let Some(holder) = self.hub.store.find_region_holder(claim.region).await? {
            self.hub.signals.wake_sessions(&holder);
        }
        let decided = results
            .decided
            .iter()
            .filter_map(|decided| decided.command_id);
        if self.hub.forwarded_accepts.remove_decided(decided) {
            self.hub.work_signal.request_retry();
        }
        Ok(())
    }
}

impl Workers {
    /// Runs `work` while renewing the claim. Otherwise another replica would take over, hand over
    /// the same ops and discard these results, and an op that its owner never answers would never
    /// be isolated.
    async fn run_with_claim<T>(&self, claim: &WorkClaim, work: impl Future<Output = T>) -> T {
        tokio::select! {
            biased;
            done = work => done,
            never = self.renew_claim(claim) => match never {},
        }
    }

    async fn renew_claim(&self, claim: &WorkClaim) -> Infallible {
        loop {
            tokio::time::sleep(KEPT_EVERY).await;
            let until = self.clock.now().plus_ms(CLAIM_MS);
            if let Err(error) = self.store.extend_claim(claim, until).await {
                tracing::debug!(edge.id = %claim.edge, %error, "Could not renew a claim; it may expire");
            }
        }
    }
}

fn count_decisions(claim: &WorkClaim, decided: &[DecidedOp]) {
    for decided in decided {
        let kind = decided.outcome.kind.as_str();
        metrics::HUB_OPS_DECIDED.add([claim.region.as_str(), kind], 1);
        if decided.outcome.code == Some(Code::EdgeNotTrusted) {
            metrics::HUB_OPS_DISTRUSTED.add([claim.region.as_str()], 1);
        }
    }
}
