//! Closes, on record, orders that have waited too long for a provider or for an admin's approval.
//!
//! Invariant: a stale order is still waiting when it is closed; the deciding transaction checks
//! again, under lock.

use platform::{transact, vals};
use rules::{Attempt, Origin, Submission};
use wire::{
    Actor, Command, CommandBody, CommandId, OpDecision, Order, OrderId, OrderStatus, Role,
    UnixMillis, UserId,
};

use super::{
    Store, StoreError, background::lock_order, decide::decide_in_transaction,
    snapshot::OrderReadMode,
};

const STALE: &str = "SELECT id FROM orders WHERE status = ? AND created_at < ? AND updated_at < ? \
    AND (service_start_time IS NULL OR service_start_time < ?) ORDER BY created_at, id LIMIT ?";

/// The cutoff for a stale order's last change, and the current time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StaleCutoff {
    pub before: UnixMillis,
    pub now: UnixMillis,
}

impl StaleCutoff {
    /// False if the service has yet to begin.
    fn is_stale(&self, order: &Order) -> bool {
        let waits = matches!(
            order.status,
            OrderStatus::Pending | OrderStatus::PendingReview
        );
        let begins = order
            .service_start_time
            .is_some_and(|start| start >= self.now);
        waits && !begins && order.created_at < self.before && order.updated_at < self.before
    }
}

impl Store {
    /// The cutoff this long ago, and now.
    pub fn stale_since(&self, age_ms: i64) -> StaleCutoff {
        let now = self.clock.now();
        StaleCutoff {
            before: UnixMillis(now.0.saturating_sub(age_ms)),
            now,
        }
    }

    /// Up to `limit` stale orders of a status, oldest first.
    pub async fn find_stale(
        &self,
        status: OrderStatus,
        since: StaleCutoff,
        limit: usize,
    ) -> Result<Vec<OrderId>, StoreError> {
        let StaleCutoff { before, now } = since;
        Ok(self
            .sql
            .fetch_all(STALE, vals![status, before, before, now, limit])
            .await?)
    }

    /// Closes an order that was not accepted or not approved, with this reason. Returns true if it
    /// was still waiting.
    pub async fn close_stale(
        &self,
        order_id: OrderId,
        since: StaleCutoff,
        reason: &str,
    ) -> Result<bool, StoreError> {
        transact!(self.sql, tx => {
            let Some(state) = lock_order(tx, order_id).await? else { return Ok(false) };
            if !since.is_stale(&state.order) {
                return Ok(false);
            }
            let reason = reason.to_owned();
            let body = match state.order.status {
                OrderStatus::PendingReview => CommandBody::RejectOrder { order_id, reason },
                _ => CommandBody::CancelOrder { order_id, reason: Some(reason), fee: None },
            };
            let requests = [Submission::Command(Box::new(self.platform_attempt(body)))];
            let mut writes =
                decide_in_transaction(tx, &self.clock, &self.rules, &requests, OrderReadMode::Locked).await?;
            match writes.answers.pop() {
                Some(OpDecision::Decided(outcome)) => Ok(outcome.has_succeeded()),
                _ => Ok(false),
            }
        })
    }

    fn platform_attempt(&self, body: CommandBody) -> Attempt {
        let id = CommandId(self.clock.new_id());
        let command = Command {
            id,
            body,
            device: None,
            device_seq: None,
            tapped_at: None,
            trace: None,
        };
        let platform = Actor {
            user_id: UserId(uuid::Uuid::nil()),
            role: Role::Admin,
        };
        Attempt {
            command,
            actor: Some(platform),
            verification: None,
            origin: Origin::Portal,
        }
    }
}
