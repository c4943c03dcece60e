//! Reports disabled edges to the order service, which revokes their rights and opens cases for
//! decisions that relied on a distrusted edge.
//!
//! Invariant: any replica retries until the order service has confirmed. Each step is safe to
//! repeat.

use std::time::Duration;

use platform::upstream::UpstreamError;
use tokio::time::sleep;
use wire::{
    DistrustedCommands, EdgeId, FenceEnding, FenceRecord, LeaseRevocation, ListedCaseCount,
    RevokedLeases,
};

use super::link::SessionContext;
use crate::{
    rounds::PollLoop,
    store::{StoreError, disabling::DisablingNotice},
};

const TAKE_BACKS: &str = "/internal/takebacks";
const DISTRUSTED: &str = "/internal/distrusted";
const LOOK: Duration = Duration::from_secs(5);

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
        let mut rounds = PollLoop::new(&self.tasks, "Could not read the disabled edges");
        while rounds.next(self.settle_all().await, sleep(LOOK)).await {}
    }

    async fn settle_all(&self) -> Result<(), StoreError> {
        for edge in self.store.open_disablings().await? {
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
        let RevokedLeases { fences: rights } = self.order_client.post(TAKE_BACKS, &over).await?;
        self.work.hand_in_again();
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
