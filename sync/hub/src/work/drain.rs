//! One edge's log, from the first undecided op to the last.

use std::{convert::Infallible, time::Duration};

use process::metrics;
use wire::{EdgeId, HeldReason};

use super::{
    owner::Batches,
    run::{Passed, Runs},
    sweeps::Sweeps,
};
use crate::{
    domain::{
        backoff::Backoff,
        batch::{self, Decided, Due, Judged, Progress},
        portion::{OPS_MAX, Portion},
        queue::Walk,
    },
    hub::Hub,
    store::{Claim, StoreError},
};

/// A worker that dies is followed after this. One that is only slow may be followed too: what both
/// hand over is decided once, and stored by one.
const CLAIM_MS: i64 = 3_000;

const KEPT_EVERY: Duration = Duration::from_secs(1);
/// While something is parked, what comes behind it is looked for so often.
const LOOK: Duration = Duration::from_secs(1);

/// What a pass leads to.
enum Next {
    /// There may be more.
    GoOn,
    /// An op failed alone, or the store did.
    Pause,
    /// What is due was met, and some of it is parked.
    Look(Duration),
    /// Nothing is due any more, or somebody else has the log.
    Done,
}

pub(super) async fn drain(hub: &Hub, batches: &Batches, sweeps: &Sweeps, edge: &EdgeId) {
    let stop = hub.tasks.token();
    let mut drain = Drain::new(hub, batches, sweeps, edge);
    loop {
        let passed = tokio::select! {
            biased;
            passed = drain.pass() => passed,
            () = super::given_up(&stop) => break,
        };
        let next = passed.unwrap_or_else(|error| {
            let cause = process::problem::chain(&error);
            tracing::error!(edge.id = %edge, cause, "A pass over the log of `{edge}` failed");
            Next::Pause
        });
        let pause = match next {
            Next::Done => break,
            Next::GoOn => Duration::ZERO,
            Next::Look(pause) => {
                // Another replica may reach the owner, or auth.
                drain.release().await;
                pause
            }
            Next::Pause => drain.backoff.next(),
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
    sweeps: &'a Sweeps,
    edge: &'a EdgeId,
    portion: Portion,
    backoff: Backoff,
    walk: Walk,
    /// Some of what this walk has met is parked.
    parked: bool,
    /// The owner was out of reach, so this walk asks it nothing more.
    away: bool,
    /// When what is parked is tried again, by another walk.
    again_at: Option<Duration>,
    /// While the held ops are handed in again: the last one that was.
    sweep: Option<u64>,
    claim: Option<Claim>,
}

impl<'a> Drain<'a> {
    fn new(hub: &'a Hub, batches: &'a Batches, sweeps: &'a Sweeps, edge: &'a EdgeId) -> Self {
        let (portion, backoff, walk) = (Portion::default(), Backoff::default(), Walk::default());
        let (parked, away, again_at, claim) = (false, false, None, None);
        let mut drain = Self {
            hub,
            batches,
            sweeps,
            edge,
            portion,
            backoff,
            walk,
            parked,
            away,
            again_at,
            sweep: None,
            claim,
        };
        drain.begin_sweep();
        drain
    }
}

impl Drain<'_> {
    async fn pass(&mut self) -> Result<Next, StoreError> {
        let now = self.hub.clock.now();
        let until = now.plus_ms(CLAIM_MS);
        let before = self.claim.take();
        self.claim = self.hub.store.claim(self.edge, self.hub.replica, now, until).await?;
        let Some(claim) = self.claim.clone() else { return Ok(Next::Done) };
        if before.is_some_and(|before| before.epoch != claim.epoch) {
            self.begin_walk();
        }
        if self.away {
            return self.pass_by(&claim).await;
        }
        let (store, walk, size) = (&self.hub.store, &mut self.walk, self.portion.size());
        let run = kept(self.hub, &claim, store.due(&claim, walk, size)).await?;
        match self.sweep {
            None if run.is_empty() => Ok(self.at_the_end()),
            Some(beyond) if run.is_empty() => self.sweep(&claim, beyond).await,
            _ => Ok(self.work_off(&claim, &run).await?.1),
        }
    }

    /// What needs no owner goes on while that is away; the rest is parked.
    async fn pass_by(&mut self, claim: &Claim) -> Result<Next, StoreError> {
        let waiting = self.hub.store.not_parked(claim, &mut self.walk, OPS_MAX);
        let run = kept(self.hub, claim, waiting).await?;
        if run.is_empty() {
            return Ok(self.at_the_end());
        }
        let plan = batch::plan(&run, self.hub.clock.now(), usize::MAX, |_| Judged::NotYet);
        let handed = plan.handed.iter().map(|op| op.seq);
        let parked = plan.parked.iter().copied().chain(handed).collect();
        let progress = Progress { decided: plan.answered, parked, ..Progress::default() };
        self.walk.go_on(&run, &progress);
        Ok(if self.store(claim, &progress).await? { Next::GoOn } else { Next::Done })
    }

    /// All that is due was met. What is parked is met again by another walk; until then only what comes
    /// meanwhile is.
    fn at_the_end(&mut self) -> Next {
        if !self.parked {
            return Next::Done;
        }
        let now = self.hub.clock.elapsed();
        let again_at = *self.again_at.get_or_insert_with(|| now + self.backoff.next());
        if now >= again_at {
            self.begin_walk();
            return Next::GoOn;
        }
        self.begin_sweep();
        Next::Look(LOOK.min(again_at - now))
    }

    fn begin_walk(&mut self) {
        self.walk = Walk::default();
        (self.parked, self.away, self.again_at) = (false, false, None);
    }

    /// Where it is time to, and their owner is there.
    fn begin_sweep(&mut self) {
        let (now, turns) = (self.hub.clock.elapsed(), self.hub.wake.turns());
        if self.sweep.is_none() && !self.away && self.sweeps.begin(self.edge, now, turns) {
            self.sweep = Some(0);
        }
    }

    /// Hands in the next of the held ops again. Ops that have come meanwhile go first.
    async fn sweep(&mut self, claim: &Claim, beyond: u64) -> Result<Next, StoreError> {
        let held = self.hub.store.held_again(claim, beyond, self.portion.size());
        let run = kept(self.hub, claim, held).await?;
        if run.is_empty() {
            self.sweep = None;
            return Ok(Next::GoOn);
        }
        let (progress, next) = self.work_off(claim, &run).await?;
        if progress.moved() {
            // What stood behind those that are decided is due now.
            self.walk = Walk::default();
        }
        let reached = progress.reaches().map_or(beyond, |reached| reached.max(beyond));
        self.sweep = (!self.away).then_some(reached);
        Ok(next)
    }

    /// Works a run off, stores what came of it, and goes on behind that.
    async fn work_off(
        &mut self,
        claim: &Claim,
        run: &[Due],
    ) -> Result<(Progress, Next), StoreError> {
        let (progress, next, settled) = match self.run(claim, run).await? {
            Passed::Whole(progress) => {
                let reached = progress.reaches();
                self.portion.passed(run.iter().filter(|due| Some(due.seq) <= reached).count());
                (progress, Next::GoOn, true)
            }
            Passed::Away(progress) => {
                self.away = true;
                (progress, Next::GoOn, true)
            }
            Passed::Failed(progress, ops) if progress.held.is_empty() => {
                self.portion.failed(ops);
                let alone = progress.failed.is_some();
                (progress, if alone { Next::Pause } else { Next::GoOn }, false)
            }
            Passed::Failed(progress, _) => {
                self.portion.found();
                (progress, Next::GoOn, true)
            }
        };
        if !self.store(claim, &progress).await? {
            return Ok((progress, Next::Done));
        }
        self.parked |= !progress.parked.is_empty();
        if settled {
            self.walk.go_on(run, &progress);
        } else {
            self.walk.pass_by(run, &progress);
        }
        if settled && !self.parked {
            self.backoff.reset();
        }
        Ok((progress, next))
    }

    async fn run(&self, claim: &Claim, run: &[Due]) -> Result<Passed, StoreError> {
        let runs = Runs { hub: self.hub, batches: self.batches, claim };
        kept(self.hub, claim, runs.work(run)).await
    }

    /// Another replica need not wait for the claim to run out. Should it have the log already, this
    /// changes nothing.
    async fn release(&self) {
        let Some(claim) = &self.claim else { return };
        if let Err(error) = self.hub.store.release(claim).await {
            tracing::debug!(edge.id = %self.edge, %error, "A claim is left to run out");
        }
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

/// Does the work with the claim kept. Else another replica would follow, hand over the same and make what
/// comes of this count nothing, and an op that its owner never answers would never be found.
async fn kept<T>(hub: &Hub, claim: &Claim, work: impl Future<Output = T>) -> T {
    tokio::select! {
        biased;
        done = work => done,
        never = keep(hub, claim) => match never {},
    }
}

async fn keep(hub: &Hub, claim: &Claim) -> Infallible {
    loop {
        tokio::time::sleep(KEPT_EVERY).await;
        let until = hub.clock.now().plus_ms(CLAIM_MS);
        if let Err(error) = hub.store.keep(claim, until).await {
            tracing::debug!(edge.id = %claim.edge, %error, "A claim may run out");
        }
    }
}

fn count(claim: &Claim, decided: &[Decided]) {
    for decided in decided {
        let kind = decided.outcome.kind.as_str();
        metrics::HUB_OPS_DECIDED.add([claim.region.as_str(), kind], 1);
    }
}
