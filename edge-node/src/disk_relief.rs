//! Drops copies of closed orders, which the cloud has: each hour those past their retention, and
//! younger ones too while the disk runs short.

use std::time::Duration;

use journal::WriteError;
use process::{metrics, problem::format_error_chain};
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;
use wire::DiskLevel;

use crate::context::EdgeContext;

const DAY_MS: i64 = 24 * 60 * 60 * 1_000;
const LOOKS_EVERY: Duration = Duration::from_secs(1);
/// The pause between two reliefs of a disk that stays short.
const RELIEVED_EVERY: Duration = Duration::from_mins(10);
/// While the disk runs short, copies stay for this long: people still look at what they did last
/// week, and review it.
const KEPT_WHILE_SHORT_DAYS: u32 = 7;

/// Drops the copies whose retention has ended.
pub(crate) async fn drop_expired_copies(context: &EdgeContext) {
    drop_copies(context, context.config.closed_orders_days).await;
}

/// Relieves the disk as soon as it runs short, and again while it stays so.
pub(crate) async fn relieve_until_stopped(context: EdgeContext, stop: CancellationToken) {
    let mut ticks = interval(LOOKS_EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut relieved_at: Option<Duration> = None;
    loop {
        tokio::select! {
            _ = ticks.tick() => {}
            () = stop.cancelled() => return,
        }
        if context.disk.update_level() < DiskLevel::Shed {
            relieved_at = None;
            continue;
        }
        let now = context.clock.elapsed();
        if relieved_at.is_none_or(|at| now.saturating_sub(at) >= RELIEVED_EVERY) {
            relieved_at = Some(now);
            relieve_disk(&context).await;
        }
    }
}

async fn relieve_disk(context: &EdgeContext) {
    let kept_days = KEPT_WHILE_SHORT_DAYS.min(context.config.closed_orders_days);
    drop_copies(context, kept_days).await;
    let store = context.store.clone();
    match tokio::task::spawn_blocking(move || store.scrub_deleted_data()).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::warn!(%error, "Could not truncate the write-ahead log"),
        Err(error) => tracing::error!(%error, "Could not truncate the write-ahead log"),
    }
}

/// Drops copies in small batches, so that commands get in between.
async fn drop_copies(context: &EdgeContext, kept_days: u32) {
    let before = context
        .clock
        .now()
        .plus_ms(-i64::from(kept_days).saturating_mul(DAY_MS));
    let mut dropped = 0;
    loop {
        match context.store.drop_closed_orders(before).await {
            Ok(0) => break,
            Ok(orders) => dropped += orders,
            // A full disk has no room for the change itself.
            Err(WriteError::Full) => {
                context.disk.record_refused_write();
                break;
            }
            Err(error) => {
                let cause = format_error_chain(&error);
                tracing::warn!(cause, "Could not drop copies of closed orders");
                break;
            }
        }
    }
    if dropped > 0 {
        metrics::EDGE_COPIES_DROPPED.add([], dropped as u64);
        tracing::info!(
            dropped,
            kept_days,
            "Dropped this edge's copies of closed orders; the cloud has the orders"
        );
    }
}
