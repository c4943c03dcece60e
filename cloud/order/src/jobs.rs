//! Scheduled jobs: close stale orders, republish completed jobs, and seal text that is plain or
//! sealed under an old key.

use platform::{jobs::Job, sealing::TableResealer};
use texts::{Sentence, Text};
use uuid::Uuid;
use wire::OrderStatus;

use crate::{
    say,
    store::{Store, StoreError},
};

/// Batches per table and run.
const BATCHES_MAX: usize = 200;
/// Orders of one status that a run closes; the hourly next run continues.
const CLOSED_MAX: usize = 500;

/// The sealing progress in each table.
#[derive(Clone)]
pub struct OrderResealProgress {
    orders: TableResealer<Uuid>,
    reasons: TableResealer<u64>,
    cases: TableResealer<u64>,
}

impl Default for OrderResealProgress {
    fn default() -> Self {
        Self {
            orders: TableResealer::for_table("order.orders"),
            reasons: TableResealer::for_table("order.order_timeline"),
            cases: TableResealer::for_table("order.case_items"),
        }
    }
}

/// `stale_after` is in milliseconds; `None` leaves stale orders open.
pub fn scheduled_jobs(store: &Store, stale_after: Option<i64>) -> Vec<Job> {
    let sealed = store.clone();
    let walks = OrderResealProgress::default();
    let sealing = Job::new("order-seal", "20 */5 * * * *", move || {
        let store = sealed.clone();
        let walks = walks.clone();
        async move { Ok(reseal_texts(&store, &walks).await?) }
    });
    let told = store.clone();
    let telling = Job::new("order-completed", "10 17 4 * * *", move || {
        let store = told.clone();
        async move { Ok(store.republish_completed().await.map(drop)?) }
    });
    let mut jobs = vec![sealing, telling];
    if let Some(age_ms) = stale_after {
        let store = store.clone();
        jobs.push(Job::new("order-expire", "40 7 * * * *", move || {
            let store = store.clone();
            async move { Ok(close_stale_orders(&store, age_ms).await.map(drop)?) }
        }));
    }
    jobs
}

/// Closes stale orders. Returns their number.
pub async fn close_stale_orders(store: &Store, age_ms: i64) -> Result<usize, StoreError> {
    let since = store.stale_since(age_ms);
    let mut closed = 0;
    for (status, reason) in [
        (OrderStatus::Pending, say::stale_unaccepted),
        (OrderStatus::PendingReview, say::stale_unapproved),
    ] {
        // The timeline has readers of either language.
        let Text { en, zh } = reason.to_text();
        let reason = format!("{en} {zh}");
        for order in store.find_stale(status, since, CLOSED_MAX).await? {
            closed += usize::from(store.close_stale(order, since, &reason).await?);
        }
    }
    if closed > 0 {
        tracing::info!(closed, "Closed orders that waited too long");
    }
    Ok(closed)
}

pub async fn reseal_texts(store: &Store, walks: &OrderResealProgress) -> Result<(), StoreError> {
    let mut turn = walks.orders.start_run(store.data_keys(), BATCHES_MAX).await;
    while let Some(after) = turn.next_position() {
        turn.record_batch(store.reseal_orders(after).await?);
    }
    let mut turn = walks
        .reasons
        .start_run(store.data_keys(), BATCHES_MAX)
        .await;
    while let Some(after) = turn.next_position() {
        turn.record_batch(store.reseal_reasons(after).await?);
    }
    let mut turn = walks.cases.start_run(store.data_keys(), BATCHES_MAX).await;
    while let Some(after) = turn.next_position() {
        turn.record_batch(store.reseal_cases(after).await?);
    }
    Ok(())
}
