//! The one job of the order service: seal what stands plain, or under a former key.

use platform::{jobs::Job, sealing::SealWalk};
use uuid::Uuid;

use crate::store::{Store, StoreError};

/// Batches of one table in one run.
const BATCHES_MAX: usize = 200;

/// How far both tables are walked.
#[derive(Clone)]
pub struct Walks {
    orders: SealWalk<Uuid>,
    reasons: SealWalk<u64>,
}

impl Default for Walks {
    fn default() -> Self {
        Self { orders: SealWalk::of("order.orders"), reasons: SealWalk::of("order.order_timeline") }
    }
}

pub fn all(store: &Store) -> Vec<Job> {
    let (store, walks) = (store.clone(), Walks::default());
    vec![Job::new("order-seal", "20 */5 * * * *", move || {
        let (store, walks) = (store.clone(), walks.clone());
        async move { Ok(seal(&store, &walks).await?) }
    })]
}

pub async fn seal(store: &Store, walks: &Walks) -> Result<(), StoreError> {
    let mut turn = walks.orders.turn(store.data_keys(), BATCHES_MAX).await;
    while let Some(after) = turn.place() {
        turn.reached(store.reseal_orders(after).await?);
    }
    let mut turn = walks.reasons.turn(store.data_keys(), BATCHES_MAX).await;
    while let Some(after) = turn.place() {
        turn.reached(store.reseal_reasons(after).await?);
    }
    Ok(())
}
