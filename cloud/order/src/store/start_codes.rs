//! Start codes of orders: the code, its hash for edges, and the orders locked by wrong codes.
//!
//! Invariant: the code is not stored. It is derived from the order id with the service's hash key,
//! which never changes, so a repeated publication gets the same code and hash.

use std::collections::{BTreeMap, BTreeSet};

use platform::{sealing::DataKeys, sql::Tx, vals};
use process::start_code::hash_start_code;
use rules::{OrderState, Submission};
use tokio::task::spawn_blocking;
use wire::{Code, CommandBody, OrderId, StartCode, StartCodeCheck, UnixMillis};

use super::{Store, StoreError};

const START_CODE: &str = "orders.start_code";

/// Wrong start codes that an order takes at the portal, and the time within which they count.
const WRONG_START_CODES_MAX: u64 = 5;
const WRONG_START_CODES_WITHIN_MS: i64 = 15 * 60 * 1_000;

impl Store {
    /// For the order's customer alone.
    pub fn start_code(&self, id: OrderId) -> StartCode {
        derive_start_code(self.data_keys(), id)
    }

    pub(super) async fn hash_start_code(&self, id: OrderId) -> Result<StartCodeCheck, StoreError> {
        let code = self.start_code(id);
        let hash = spawn_blocking(move || hash_start_code(id, &code)).await;
        let hash = hash.map_err(|_| StoreError::Contradiction("the hash was not computed"))?;
        Ok(StartCodeCheck::new(hash))
    }
}

pub(super) fn derive_start_code(keys: &DataKeys, id: OrderId) -> StartCode {
    let hash = keys.hash(START_CODE, &id.to_string());
    let number = hash
        .iter()
        .take(8)
        .fold(0, |number, byte| number << 8 | u64::from(*byte));
    StartCode::from_number(number)
}

/// The orders with a start code that some request starts.
pub(super) fn list_coded_starts(
    submissions: &[Submission],
    orders: &BTreeMap<OrderId, OrderState>,
) -> BTreeSet<OrderId> {
    let started = submissions.iter().filter_map(|request| match request {
        Submission::Command(attempt) => match &attempt.command.body {
            CommandBody::StartOrder { order_id, .. } => Some(*order_id),
            _ => None,
        },
        Submission::LeaseReleased { .. } => None,
    });
    started
        .filter(|id| {
            orders
                .get(id)
                .is_some_and(|state| state.order.start_code.is_some())
        })
        .collect()
}

/// The orders for which people at the portal entered too many wrong codes. Concurrent requests may
/// add a few more tries; the gateway's rate limit bounds them.
pub(super) async fn find_locked_starts(
    tx: &mut Tx,
    started: &BTreeSet<OrderId>,
    now: UnixMillis,
) -> Result<BTreeSet<OrderId>, StoreError> {
    const WRONG: &str = "SELECT order_id, COUNT(*) FROM commands \
        WHERE edge IS NULL AND code = ? AND decided_at > ? AND order_id IN (";
    let since = vals![
        Code::StartCodeWrong,
        now.plus_ms(-WRONG_START_CODES_WITHIN_MS)
    ];
    let wrong = tx.all_named::<(OrderId, u64)>(WRONG, &since, started, ") GROUP BY order_id");
    let locked = wrong.await?.into_iter();
    Ok(locked
        .filter(|(_, tries)| *tries >= WRONG_START_CODES_MAX)
        .map(|(order, _)| order)
        .collect())
}
