//! Scheduled jobs: close stale orders, erase the texts of deleted people, republish completed jobs,
//! remove photos that did not become whole, announce messages that no one has read, and seal text
//! that is plain or sealed under an old key.

mod erasures;

use platform::{files::Files, jobs::Job};
use texts::{Sentence, Text};
use wire::OrderStatus;

pub use erasures::erase_due_texts;

use crate::{
    say,
    store::{Store, StoreError},
};

/// Orders of one status that a run closes; the hourly next run continues.
const CLOSED_MAX: usize = 500;

/// Unread messages that a run announces; the next run continues.
const ANNOUNCED_MAX: usize = 500;

/// Unfinished photos that a run removes; the next run continues.
const REMOVED_MAX: usize = 500;

/// `stale_after` is in milliseconds; `None` leaves stale orders open.
pub fn scheduled_jobs(store: &Store, files: &Files, stale_after: Option<i64>) -> Vec<Job> {
    let sealing = Job::reseal("order-seal", "20 */5 * * * *", store.resealer());
    let told = store.clone();
    let telling = Job::new("order-completed", "10 17 4 * * *", move || {
        let store = told.clone();
        async move { Ok(store.republish_completed().await.map(drop)?) }
    });
    let kept = store.clone();
    let photos = Job::new("order-photos", "15 27 * * * *", move || {
        let store = kept.clone();
        async move {
            let removed = store.remove_unfinished_photos(REMOVED_MAX).await?;
            if removed > 0 {
                tracing::info!(
                    removed,
                    "Removed photos that did not become whole in a month"
                );
            }
            Ok(())
        }
    });
    let written = store.clone();
    let messages = Job::new("order-messages", "*/20 * * * * *", move || {
        let store = written.clone();
        async move {
            Ok(store
                .announce_unread_messages(ANNOUNCED_MAX)
                .await
                .map(drop)?)
        }
    });
    let erased = (store.clone(), files.clone());
    let erasures = Job::new("order-erasures", "50 * * * * *", move || {
        let (store, files) = erased.clone();
        async move { Ok(erase_due_texts(&store, &files).await.map(drop)?) }
    });
    let mut jobs = vec![sealing, telling, photos, messages, erasures];
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
