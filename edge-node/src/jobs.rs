//! Background work. Hourly: deletes expired data. Every second: syncs the high-water mark,
//! publishes the head, ends connections with expired tokens, and updates metrics.

use std::time::Duration;

use process::{clock::Clock, metrics, problem::format_error_chain};
use tokio::{
    sync::watch,
    time::{MissedTickBehavior, interval},
};
use tokio_util::sync::CancellationToken;
use wire::UnixMillis;

use crate::{
    authentication::TokenAuthenticator,
    context::{EdgeContext, LinkStatus},
    damage, disk_relief,
    mqtt::{LogHead, TabletPublisher},
    schedule::Schedule,
    store::Store,
};

/// The cleanup runs every hour at this minute.
const CLEAN_UP_MINUTE: u8 = 17;
const HEARTBEAT_EVERY: Duration = Duration::from_secs(1);

pub(crate) struct Heartbeat {
    pub context: EdgeContext,
    pub publisher: TabletPublisher,
    pub head: watch::Sender<Option<LogHead>>,
    pub link: watch::Receiver<LinkStatus>,
}

pub(crate) async fn run_hourly_jobs(context: EdgeContext, stop: CancellationToken) {
    record_disk_day(&context).await;
    let mut hours = Schedule::each_hour(&context.clock, CLEAN_UP_MINUTE);
    loop {
        tokio::select! {
            () = hours.wait_for_next() => {}
            () = stop.cancelled() => return,
        }
        // A stop may interrupt the cleanup: each of its steps is a separate transaction.
        tokio::select! {
            () = clean_up(&context) => {}
            () = stop.cancelled() => return,
        }
    }
}

async fn clean_up(context: &EdgeContext) {
    let EdgeContext {
        store,
        authenticator,
        clock,
        ..
    } = context;
    delete_old_rows(store, clock).await;
    disk_relief::drop_expired_copies(context).await;
    context.photos.delete_old_photos().await;
    remove_photos_of_gone_messages(context).await;
    record_disk_day(context).await;
    forget_old_people(store, authenticator, clock).await;
}

async fn remove_photos_of_gone_messages(context: &EdgeContext) {
    match context.store.load_message_photos().await {
        Ok(named) => context.message_photos.remove_unnamed(&named).await,
        Err(error) => {
            let cause = format_error_chain(&error);
            tracing::warn!(cause, "Could not read which photos messages name");
        }
    }
}

/// Records how full the disk is, for the time until it is full.
async fn record_disk_day(context: &EdgeContext) {
    let EdgeContext { store, disk, .. } = context;
    if let Some(today) = disk.measure_day()
        && let Err(error) = store.save_disk_day(today).await
    {
        let cause = format_error_chain(&error);
        tracing::warn!(cause, "Could not record how full the disk is");
    }
    match store.load_disk_days().await {
        Ok(days) => disk.set_history(days),
        Err(error) => {
            let cause = format_error_chain(&error);
            tracing::warn!(cause, "Could not read how full the disk was");
        }
    }
}

/// Deletes in small batches, so that commands get in between.
pub(crate) async fn delete_old_rows(store: &Store, clock: &Clock) {
    let mut forgotten = 0;
    let result = loop {
        match store.delete_old_rows(clock.now()).await {
            Ok(0) => break "done",
            Ok(rows) => forgotten += rows,
            Err(error) => {
                tracing::warn!(
                    cause = format_error_chain(&error),
                    "Could not clean up the edge's database"
                );
                break "failed";
            }
        }
    };
    tracing::debug!(forgotten, "The hourly cleanup job has ended");
    metrics::JOB_RUNS.add(["edge_tidy", result], 1);
}

/// Forgets old sessions and people, and scrubs deleted data from the disk.
async fn forget_old_people(store: &Store, authenticator: &TokenAuthenticator, clock: &Clock) {
    match store.forget_people(clock.now()).await {
        Ok(sessions) => authenticator.forget_sessions(&sessions),
        Err(error) => tracing::warn!(
            cause = format_error_chain(&error),
            "Could not delete old sessions"
        ),
    }
    let store = store.clone();
    match tokio::task::spawn_blocking(move || store.scrub_deleted_data()).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::warn!(%error, "Could not truncate the write-ahead log"),
        Err(error) => tracing::error!(%error, "Could not truncate the write-ahead log"),
    }
}

impl Heartbeat {
    pub(crate) async fn run_until_stopped(self, stop: CancellationToken) {
        let mut ticks = interval(HEARTBEAT_EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                _ = ticks.tick() => self.run_tick().await,
                () = stop.cancelled() => return,
            }
        }
    }

    async fn run_tick(&self) {
        self.publisher.broker.close_unauthorized_connections();
        if let Err(error) = self.context.store.sync_high_water() {
            tracing::error!(%error, "Could not write the high-water mark to disk");
        }
        self.context.clock_check.notice_repair().await;
        match self.context.store.load_reusable_bytes().await {
            Ok(bytes) => self.context.disk.set_reusable_bytes(bytes),
            Err(error) => tracing::debug!(%error, "Could not read the database's free pages"),
        }
        let photos = self.context.photos.compute_room();
        metrics::EDGE_PHOTOS_WAITING.set([], photos.waiting.into());
        let disk_free = self.context.disk.measure_free_space();
        match self.context.store.load_position().await {
            Ok(position) => {
                self.context
                    .people
                    .update_measurements(position.pending, disk_free);
                self.publish_head(&position).await;
            }
            Err(error) => {
                tracing::error!(
                    cause = format_error_chain(&error),
                    "Could not read the edge's database"
                )
            }
        }
        if self.context.store.has_met_damage() {
            let fault = "a read or a write has met a damaged page".to_owned();
            damage::raise_damage(&self.context, fault);
        }
    }

    async fn publish_head(&self, position: &engine::edge::EdgeFilePosition) {
        metrics::EDGE_PENDING.set([], position.pending.into());
        metrics::EDGE_SUSPECT.set([], position.suspect.into());
        let age = position
            .oldest_pending_at
            .map_or(0, |at| self.context.clock.now().ms_since(at) / 1_000);
        metrics::EDGE_OLDEST_PENDING.set([], u64::try_from(age).unwrap_or_default());
        let link = *self.link.borrow();
        let cut_off_since = (!link.up).then_some(link.since);
        self.save_cut_off_since(cut_off_since).await;
        let head = LogHead {
            edge: self.context.identity.edge_id.clone(),
            region: self.context.identity.region,
            epoch: position.epoch,
            nonce: self.context.nonce,
            seq: position.head.seq,
            suspect: position.suspect,
            twin: position.twin,
            cut_off_since,
        };
        if self.head.borrow().as_ref() != Some(&head) {
            self.publisher.publish_head(&head);
            self.head.send_replace(Some(head));
        }
    }

    /// Writes only if it differs from the previous head.
    async fn save_cut_off_since(&self, since: Option<UnixMillis>) {
        let noted = self.head.borrow().as_ref().map(|head| head.cut_off_since);
        if noted == Some(since) {
            return;
        }
        if let Err(error) = self.context.store.save_cut_off_since(since).await {
            let cause = format_error_chain(&error);
            tracing::warn!(
                cause,
                "Could not store the start of the outage; a restart forgets it"
            );
        }
    }
}
