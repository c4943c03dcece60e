//! Revokes an edge's leases through the order service: for a quarantine, which gives a new epoch,
//! and the ops it lost, to an edge with a log that differs from the received one; and for a
//! disabled edge, for which the order service also opens cases on decisions that relied on it.
//!
//! Invariants: sync_db stores that the old epoch is ending before the order service is called, so
//! an epoch with revoked rights never continues, even if another session intervenes; the order
//! service records the take-back before the epoch is raised, and the epoch is raised before the
//! edge receives it [QUAR_TAKEBACK]. For a disabled edge, any replica retries until the order
//! service has confirmed. Each step is safe to repeat.

use std::time::Duration;

use engine::cloud::{LogPosition, QuarantineGrant, QuarantineRequest, SyncSessionInput};
use planted::{Defect, is_planted};
use platform::upstream::UpstreamError;
use process::{metrics, random};
use tokio::time::sleep;
use wire::{
    Code, DistrustedCommands, EdgeId, FenceEnding, FenceRecord, LeaseRevocation, ListedCaseCount,
    RevokedLeases,
};

use super::connection::{EdgeConnection, SessionContext, SessionEnd};
use crate::{
    polling::PollLoop,
    store::{StoreError, edges::disabling::DisablingNotice},
};

const REVOCATIONS: &str = "/internal/takebacks";

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
            .start_ending_epoch(&self.edge, quarantine, hub.clock.now())
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
            .raise_epoch(&self.edge, &confined, draw_grant_id(), now)
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
        let taken: Result<RevokedLeases, _> = self.hub.order_client.post(REVOCATIONS, &over).await;
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
fn draw_grant_id() -> u64 {
    u64::from_le_bytes(random::draw_bytes::<8>()) >> 1
}

const DISTRUSTED: &str = "/internal/distrusted";
const DISABLINGS_POLL: Duration = Duration::from_secs(5);

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct DisablingResult {
    pub rights: Vec<FenceRecord>,
    /// New cases.
    pub cases: u64,
    pub settled: bool,
}

#[derive(Debug, thiserror::Error)]
pub(crate) enum DisablingFault {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("could not tell the order service about a disabled edge")]
    Owner(#[from] UpstreamError),
}

impl SessionContext {
    pub(super) async fn watch_for_disablings(&self) {
        let mut poll_loop = PollLoop::new(&self.tasks, "Could not read the disabled edges");
        while poll_loop
            .next(self.settle_open_disablings().await, sleep(DISABLINGS_POLL))
            .await
        {}
    }

    async fn settle_open_disablings(&self) -> Result<(), StoreError> {
        for edge in self.store.list_open_disablings().await? {
            match self.settle_disabling(&edge).await {
                Ok(_) => {}
                Err(DisablingFault::Store(error)) => return Err(error),
                Err(error @ DisablingFault::Owner(_)) => {
                    let cause = process::problem::format_error_chain(&error);
                    tracing::warn!(edge.id = %edge, cause,
                        "Could not revoke the leases and open the cases of `{edge}` yet; will retry"
                    );
                }
            }
        }
        Ok(())
    }

    /// Rights first: ops that wait for a right are decided once it has ended.
    pub(crate) async fn settle_disabling(
        &self,
        edge: &EdgeId,
    ) -> Result<DisablingResult, DisablingFault> {
        let Some(disabling) = self.store.find_disabling(edge).await? else {
            return Ok(DisablingResult::default());
        };
        let DisablingNotice {
            epoch,
            by,
            why,
            distrusted,
        } = disabling;
        let over = LeaseRevocation {
            edge: edge.clone(),
            epoch,
            why: FenceEnding::EdgeDisabled,
            by: Some(by),
            reason: why,
        };
        let RevokedLeases { fences: rights } = self.order_client.post(REVOCATIONS, &over).await?;
        self.work.request_retry();
        let mut cases = 0;
        let mut after = distrusted.map(|_| (0, 0));
        while let (Some((last_epoch, from)), Some(place)) = (distrusted, after) {
            let part = self
                .store
                .list_distrusted_commands(edge, last_epoch, from, place)
                .await?;
            if !part.commands.is_empty() {
                let list = DistrustedCommands {
                    edge: edge.clone(),
                    commands: part.commands,
                };
                let ListedCaseCount { listed } = self.order_client.post(DISTRUSTED, &list).await?;
                cases += listed;
            }
            after = part.next;
        }
        self.store.close_disabling(edge).await?;
        Ok(DisablingResult {
            rights,
            cases,
            settled: true,
        })
    }
}
