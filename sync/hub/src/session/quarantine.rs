//! Quarantine: gives a new epoch, and the ops it lost, to an edge with a log that differs from the
//! received one.
//!
//! Invariants: sync_db stores that the old epoch is ending before the order service is called, so
//! an epoch with revoked rights never continues, even if another session intervenes; the order
//! service records the take-back before the epoch is raised, and the epoch is raised before the
//! edge receives it [QUAR_TAKEBACK]. Each step is safe to repeat.

use engine::cloud::{LogPosition, QuarantineGrant, QuarantineRequest, SyncSessionInput};
use process::{
    defect::{Defect, is_planted},
    metrics, random,
};
use wire::{Code, LeaseRevocation, RevokedLeases};

use super::link::{EdgeConnection, SessionEnd};
use crate::store::StoreError;

const PATH: &str = "/internal/takebacks";

impl EdgeConnection {
    /// If another session has taken over meanwhile, the engine decides again.
    pub(super) async fn quarantine_edge(
        &mut self,
        quarantine: &QuarantineRequest,
    ) -> Result<SyncSessionInput, SessionEnd> {
        let granted = if quarantine.again {
            self.hub
                .store
                .find_current_grant(&self.edge, quarantine)
                .await?
        } else {
            self.end_epoch(quarantine).await?
        };
        let Some(granted) = granted else {
            return self.load().await;
        };
        let edge = &self.edge;
        let old = quarantine.hello.epoch;
        let epoch = granted.epoch;
        tracing::warn!(
            edge.id = %edge, epoch, why = granted.why.as_str(),
            "Edge `{edge}` is in quarantine: its epoch {old} has ended"
        );
        if !quarantine.again {
            metrics::HUB_QUARANTINES.add([granted.why.as_str()], 1);
        }
        // Wakes an older session on this replica, so that it notices it is superseded.
        self.hub.signals.wake_sessions(edge);
        Ok(SyncSessionInput::Quarantined(granted))
    }

    /// `None` if another session was faster.
    async fn end_epoch(
        &mut self,
        quarantine: &QuarantineRequest,
    ) -> Result<Option<QuarantineGrant>, SessionEnd> {
        let hub = self.hub.clone();
        let begun = hub
            .store
            .begin_to_end(&self.edge, quarantine, hub.clock.now())
            .await?;
        let Some(over) = begun else { return Ok(None) };
        // Wake the session that this has superseded.
        hub.signals.wake_sessions(&self.edge);
        let confined = QuarantineRequest {
            over,
            ..quarantine.clone()
        };
        if !is_planted(Defect::EpochWithoutTakeBack) {
            self.take_back(&confined).await?;
        }
        let now = hub.clock.now();
        Ok(hub
            .store
            .raise_epoch(&self.edge, &confined, grant_id(), now)
            .await?)
    }

    pub(super) async fn read_tail(
        &mut self,
        after: LogPosition,
    ) -> Result<SyncSessionInput, StoreError> {
        Ok(SyncSessionInput::Tail(
            self.hub
                .store
                .read_ended_epoch_ops(&self.edge, after)
                .await?,
        ))
    }

    async fn take_back(&mut self, quarantine: &QuarantineRequest) -> Result<(), SessionEnd> {
        let edge = self.edge.clone();
        let epoch = quarantine.epoch;
        let why = quarantine.why.into();
        let over = LeaseRevocation {
            edge,
            epoch,
            why,
            by: None,
            reason: None,
        };
        let taken: Result<RevokedLeases, _> = self.hub.order_client.post(PATH, &over).await;
        match taken {
            Ok(taken) => {
                for fence in taken.fences {
                    let edge = &self.edge;
                    let region = fence.region;
                    let fence = fence.fence;
                    tracing::warn!(edge.id = %edge, %region, fence, "Revoked a region lease");
                }
                Ok(())
            }
            Err(error) => {
                let cause = process::problem::format_error_chain(&error);
                tracing::error!(edge.id = %self.edge, cause,
                    "Could not record the revocation of an edge's leases");
                Err(self.end_session(
                    Code::Unavailable,
                    "the order service has not revoked the leases yet",
                ))
            }
        }
    }
}

/// Distinguishes two grants of the same epoch number; limited to 63 bits, which every store holds
/// exactly.
fn grant_id() -> u64 {
    u64::from_le_bytes(random::draw_bytes::<8>()) >> 1
}
