//! One edge's log, from the first undecided op to the last.

use std::time::Duration;

use process::metrics;
use wire::{BatchOp, EdgeId, HeldReason};

use super::{
    judge::Judge,
    owner::{self, Answered, Batches},
    sweeps::Sweeps,
};
use crate::{
    domain::{
        backoff::Backoff,
        batch::{self, Decided, Due, Progress},
        portion::Portion,
    },
    hub::Hub,
    store::{Claim, StoreError},
};

/// An op that fails alone so often waits for an operator.
const FAILURES_MAX: u32 = 3;
/// A worker that dies is followed after this. One that is only slow may be followed too: what both
/// hand over is decided once, and stored by one.
const CLAIM_MS: i64 = 3_000;

/// What a pass leads to.
enum Next {
    /// There may be more.
    GoOn,
    /// Something is out of reach.
    Pause,
    /// Nothing is due any more, or somebody else has the log.
    Done,
}

/// How a pass over a run ended.
enum Passed {
    Whole(Progress),
    /// What was handed over waits for an owner, or for keys.
    Parked(Progress),
    /// A batch of so many fails, so a smaller one is tried.
    Failed(Progress, usize),
}

pub(super) async fn drain(hub: &Hub, batches: &Batches, sweeps: &Sweeps, edge: &EdgeId) {
    let stop = hub.tasks.token();
    let sweep = sweeps.begin(edge, hub.clock.elapsed(), hub.wake.turns()).then_some(0);
    let mut drain = Drain { hub, batches, edge, portion: Portion::default(), sweep, claim: None };
    let mut backoff = Backoff::default();
    loop {
        let next = drain.pass().await.unwrap_or_else(|error| {
            let cause = process::problem::chain(&error);
            tracing::error!(edge.id = %edge, cause, "A pass over the log of `{edge}` failed");
            Next::Pause
        });
        let pause = match next {
            Next::Done => break,
            Next::GoOn => {
                backoff.reset();
                Duration::ZERO
            }
            Next::Pause => backoff.next(),
        };
        tokio::select! {
            biased;
            () = stop.cancelled() => break,
            () = tokio::time::sleep(pause) => {}
        }
    }
    drain.release().await;
}

struct Drain<'a> {
    hub: &'a Hub,
    batches: &'a Batches,
    edge: &'a EdgeId,
    portion: Portion,
    /// While the held ops are handed in again: the last one that was.
    sweep: Option<u64>,
    claim: Option<Claim>,
}

impl Drain<'_> {
    async fn pass(&mut self) -> Result<Next, StoreError> {
        let now = self.hub.clock.now();
        let until = now.plus_ms(CLAIM_MS);
        self.claim = self.hub.store.claim(self.edge, self.hub.replica, now, until).await?;
        let Some(claim) = self.claim.clone() else { return Ok(Next::Done) };
        let run = self.hub.store.due(&claim, self.portion.size()).await?;
        match self.sweep {
            None if run.is_empty() => Ok(Next::Done),
            Some(beyond) if run.is_empty() => self.sweep(&claim, beyond).await,
            _ => Ok(self.work_off(&claim, &run).await?.1),
        }
    }

    /// Hands in the next of the held ops again. Ops that have come meanwhile go first.
    async fn sweep(&mut self, claim: &Claim, beyond: u64) -> Result<Next, StoreError> {
        let run = self.hub.store.held_again(claim, beyond, self.portion.size()).await?;
        if run.is_empty() {
            self.sweep = None;
            return Ok(Next::GoOn);
        }
        let (reached, next) = self.work_off(claim, &run).await?;
        self.sweep = Some(reached.map_or(beyond, |reached| reached.max(beyond)));
        Ok(next)
    }

    /// Works a run off and stores what came of it; the last op of which anything was said.
    async fn work_off(
        &mut self,
        claim: &Claim,
        run: &[Due],
    ) -> Result<(Option<u64>, Next), StoreError> {
        let (progress, next) = match self.work(claim, run).await? {
            Passed::Whole(progress) => {
                self.portion.passed(run.len());
                (progress, Next::GoOn)
            }
            Passed::Parked(progress) => (progress, Next::Pause),
            Passed::Failed(progress, ops) if progress.held.is_empty() => {
                self.portion.failed(ops);
                let alone = progress.failed.is_some();
                (progress, if alone { Next::Pause } else { Next::GoOn })
            }
            Passed::Failed(progress, _) => {
                self.portion.found();
                (progress, Next::GoOn)
            }
        };
        let stored = self.store(claim, &progress).await?;
        Ok((progress.reaches(), if stored { next } else { Next::Done }))
    }

    /// Another replica need not wait for the claim to run out. Should it have the log already, this
    /// changes nothing.
    async fn release(&self) {
        let Some(claim) = &self.claim else { return };
        if let Err(error) = self.hub.store.release(claim).await {
            tracing::debug!(edge.id = %self.edge, %error, "A claim is left to run out");
        }
    }

    async fn work(&self, claim: &Claim, run: &[Due]) -> Result<Passed, StoreError> {
        let judge = Judge::of(self.hub, claim, run).await?;
        let now = self.hub.clock.now();
        let plan = batch::plan(run, now, owner::BYTES_MAX, |op| judge.judge(op));
        let progress =
            Progress { decided: plan.answered, parked: plan.parked, ..Progress::default() };
        if plan.handed.is_empty() {
            return Ok(Passed::of(progress));
        }
        Ok(self.hand_over(claim, run, plan.handed, progress).await)
    }

    async fn hand_over(
        &self,
        claim: &Claim,
        run: &[Due],
        handed: Vec<BatchOp>,
        mut progress: Progress,
    ) -> Passed {
        // Only between two controls that succeed does a failure speak of the op.
        let controlled = failures(run, &handed) > 0;
        match owner::hand_over(self.hub, self.batches, claim, handed.clone(), controlled).await {
            Answered::Decisions(answers) => {
                let Some(joined) = batch::join(&handed, answers) else {
                    tracing::error!(edge.id = %self.edge, "The owner's answers fit no ops");
                    return self.failed(run, &handed, progress);
                };
                progress.decided.extend(joined.decided);
                progress.decided.sort_by_key(|decided| decided.seq);
                progress.held = joined.held;
                progress.for_holder = joined.for_holder;
                Passed::of(progress)
            }
            Answered::Away(error) => {
                tracing::warn!(edge.id = %self.edge, %error, "Ops wait: their owner is away");
                progress.parked.extend(handed.iter().map(|op| op.seq));
                Passed::Parked(progress)
            }
            Answered::Failed(error) => {
                let (edge, ops) = (self.edge, handed.len());
                tracing::error!(edge.id = %edge, ops, %error, "A batch of `{edge}` fails");
                self.failed(run, &handed, progress)
            }
        }
    }

    /// Halves the batch until one op stands alone; that one is counted, and in the end put before an
    /// operator, so that the log behind it goes on.
    fn failed(&self, run: &[Due], handed: &[BatchOp], mut progress: Progress) -> Passed {
        let [alone] = handed else {
            return Passed::Failed(progress, handed.len());
        };
        if failures(run, handed) + 1 >= FAILURES_MAX {
            let (edge, seq) = (self.edge, alone.seq);
            tracing::error!(edge.id = %edge, seq, "Op {seq} of `{edge}` needs an operator");
            progress.held.push((seq, HeldReason::NeedsOperator));
        }
        progress.failed = Some(alone.seq);
        Passed::Failed(progress, 1)
    }

    async fn store(&self, claim: &Claim, progress: &Progress) -> Result<bool, StoreError> {
        let now = self.hub.clock.now();
        let until = now.plus_ms(CLAIM_MS);
        if !self.hub.store.commit(claim, progress, now, until).await? {
            tracing::warn!(edge.id = %self.edge, "Another worker has the log; this pass counts not");
            return Ok(false);
        }
        count(claim, &progress.decided);
        if progress.moved() || !progress.held.is_empty() {
            self.hub.nudges.nudge(self.edge);
        }
        self.tell_others(claim, progress).await?;
        Ok(true)
    }
}

impl Drain<'_> {
    /// What is held here is put to the region's holder, and what was put to it and is decided now others
    /// wait for.
    async fn tell_others(&self, claim: &Claim, progress: &Progress) -> Result<(), StoreError> {
        let is_held = progress.held.iter().any(|(_, reason)| *reason == HeldReason::Region);
        if is_held && let Some(holder) = self.hub.store.holder(claim.region).await? {
            self.hub.nudges.nudge(&holder);
        }
        let decided = progress.decided.iter().filter_map(|decided| decided.command_id);
        if self.hub.asking.settle(decided) {
            self.hub.wake.hand_in_again();
        }
        Ok(())
    }
}

impl Passed {
    fn of(progress: Progress) -> Self {
        if progress.parked.is_empty() { Self::Whole(progress) } else { Self::Parked(progress) }
    }
}

/// How often an op failed that stands alone.
fn failures(run: &[Due], handed: &[BatchOp]) -> u32 {
    let [alone] = handed else { return 0 };
    run.iter().find(|due| due.seq == alone.seq).map_or(0, |due| due.failures)
}

fn count(claim: &Claim, decided: &[Decided]) {
    for decided in decided {
        let kind = decided.outcome.kind.as_str();
        metrics::HUB_OPS_DECIDED.add([claim.region.as_str(), kind], 1);
    }
}
