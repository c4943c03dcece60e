//! One run of an edge's log: judged, handed to its owner, and what came of it. Nothing is stored here.

use wire::{BatchOp, HeldReason};

use super::{
    judge::Judge,
    owner::{self, Answered, Batches},
};
use crate::{
    domain::batch::{self, Decided, Due, FAILURES_MAX, Progress},
    hub::Hub,
    store::{Claim, StoreError},
};

/// How a pass over a run ended.
pub(super) enum Passed {
    /// All of it, as far as a batch goes; some may wait for keys.
    Whole(Progress),
    /// What was handed over waits for its owner.
    Away(Progress),
    /// A batch of so many fails, so a smaller one is tried.
    Failed(Progress, usize),
}

pub(super) struct Runs<'a> {
    pub hub: &'a Hub,
    pub batches: &'a Batches,
    pub claim: &'a Claim,
}

impl Runs<'_> {
    pub async fn work(&self, run: &[Due]) -> Result<Passed, StoreError> {
        let judge = Judge::of(self.hub, self.claim, run).await?;
        let now = self.hub.clock.now();
        let plan = batch::plan(run, now, owner::BYTES_MAX, |op| judge.judge(op));
        let progress =
            Progress { decided: plan.answered, parked: plan.parked, ..Progress::default() };
        if plan.handed.is_empty() {
            return Ok(Passed::Whole(progress));
        }
        Ok(self.hand_over(run, plan.handed, progress).await)
    }

    async fn hand_over(&self, run: &[Due], handed: Vec<BatchOp>, mut progress: Progress) -> Passed {
        // Only between two controls that succeed does a failure speak of the op.
        let controlled = failures(run, &handed) > 0;
        match owner::hand_over(self.hub, self.batches, self.claim, handed.clone(), controlled).await
        {
            Answered::Decisions(answers) => {
                let Some(joined) = batch::join(&handed, answers) else {
                    tracing::error!(edge.id = %self.claim.edge, "The owner's answers fit no ops");
                    return self.failed(run, &handed, progress);
                };
                progress.decided.extend(joined.decided);
                Decided::name_users(&mut progress.decided, run);
                progress.decided.sort_by_key(|decided| decided.seq);
                progress.held = joined.held;
                progress.for_holder = joined.for_holder;
                Passed::Whole(progress)
            }
            Answered::Away(error) => {
                tracing::warn!(edge.id = %self.claim.edge, %error, "Ops wait: their owner is away");
                progress.parked.extend(handed.iter().map(|op| op.seq));
                Passed::Away(progress)
            }
            Answered::Failed(error) => {
                let (edge, ops) = (&self.claim.edge, handed.len());
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
            let (edge, seq) = (&self.claim.edge, alone.seq);
            tracing::error!(edge.id = %edge, seq, "Op {seq} of `{edge}` needs an operator");
            progress.held.push((seq, HeldReason::NeedsOperator));
        }
        progress.failed = Some(alone.seq);
        Passed::Failed(progress, 1)
    }
}

/// How often an op failed that stands alone.
fn failures(run: &[Due], handed: &[BatchOp]) -> u32 {
    let [alone] = handed else { return 0 };
    run.iter().find(|due| due.seq == alone.seq).map_or(0, |due| due.failures)
}
