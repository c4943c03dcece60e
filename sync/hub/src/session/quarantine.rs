//! Gives a new epoch, and the ops it has lost, to an edge whose log is not the one received.
//!
//! Invariants: that the old epoch is to end stands in sync_db before the order service hears of it,
//! so that an epoch whose rights are taken back never goes on, whoever comes in between; the order
//! service has recorded that before the epoch is raised, and the epoch is raised before the edge
//! hears of it [QUAR_TAKEBACK]. Each step may be done again.

use engine::cloud::{Confinement, Input, Place, QuarantineGrant};
use process::{
    defect::{Defect, planted},
    metrics, random,
};
use wire::{Code, TakeBack, TakenBack};

use super::link::{Link, SessionEnd};
use crate::store::StoreError;

const PATH: &str = "/internal/takebacks";

impl Link {
    /// Where another session has taken over meanwhile, the engine judges anew.
    pub(super) async fn quarantine(&mut self, confined: &Confinement) -> Result<Input, SessionEnd> {
        let granted = if confined.again {
            self.hub.store.granted(&self.edge, confined).await?
        } else {
            self.end_epoch(confined).await?
        };
        let Some(granted) = granted else { return self.load().await };
        let (edge, old, epoch) = (&self.edge, confined.hello.epoch, granted.epoch);
        tracing::warn!(
            edge.id = %edge, epoch, why = granted.why.as_str(),
            "Edge `{edge}` is in quarantine: its epoch {old} is over"
        );
        if !confined.again {
            metrics::HUB_QUARANTINES.add([granted.why.as_str()], 1);
        }
        // An older session on this replica hears at once that it is one.
        self.hub.nudges.nudge(edge);
        Ok(Input::Quarantined(granted))
    }

    /// `None` where another session was faster.
    async fn end_epoch(
        &mut self,
        confined: &Confinement,
    ) -> Result<Option<QuarantineGrant>, SessionEnd> {
        let hub = self.hub.clone();
        let begun = hub.store.begin_to_end(&self.edge, confined, hub.clock.now()).await?;
        let Some(over) = begun else { return Ok(None) };
        // A session that this has ended hears of it at once.
        hub.nudges.nudge(&self.edge);
        let confined = Confinement { over, ..confined.clone() };
        if !planted(Defect::EpochWithoutTakeBack) {
            self.take_back(&confined).await?;
        }
        let now = hub.clock.now();
        Ok(hub.store.raise_epoch(&self.edge, &confined, grant_id(), now).await?)
    }

    pub(super) async fn read_tail(&mut self, after: Place) -> Result<Input, StoreError> {
        Ok(Input::Tail(self.hub.store.tail(&self.edge, after).await?))
    }

    async fn take_back(&mut self, confined: &Confinement) -> Result<(), SessionEnd> {
        let (edge, epoch, why) = (self.edge.clone(), confined.epoch, confined.why.into());
        let over = TakeBack { edge, epoch, why, by: None, reason: None };
        let taken: Result<TakenBack, _> = self.hub.order.post(PATH, &over).await;
        match taken {
            Ok(taken) => {
                for fence in taken.fences {
                    let (edge, region, fence) = (&self.edge, fence.region, fence.fence);
                    tracing::warn!(edge.id = %edge, %region, fence, "A right is taken back");
                }
                Ok(())
            }
            Err(error) => {
                let cause = process::problem::chain(&error);
                tracing::error!(edge.id = %self.edge, cause, "A take-back could not be recorded");
                Err(self.end(Code::Unavailable, "the take-back waits for its owner"))
            }
        }
    }
}

/// Tells two grants of one epoch number apart; within what every store holds exactly.
fn grant_id() -> u64 {
    u64::from_le_bytes(random::bytes::<8>()) >> 1
}
