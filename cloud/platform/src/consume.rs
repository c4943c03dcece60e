//! Consumes events the same way for every service: bind the queue, handle its events in order, and
//! settle every delivery. A failed event moves to a retry lane and is retried in parallel with
//! backoff. A poison event, which its handler rejects for good or fails on eight times, becomes a
//! dead letter with the reason; an operator redrives or drops it (`holdfast dlq`). A backlog is
//! handled in runs if the handler supports them; a failed run is handled one by one, so that no
//! event is blamed for another.
//!
//! Invariant: a delivery is acknowledged only after its handler returned `Ok`. Events arrive at
//! least once, so a handler records them in its inbox or is idempotent.

mod retry_lanes;

use std::{future::Future, panic::AssertUnwindSafe, sync::Arc, time::Duration};

use futures::FutureExt;
use process::{
    clock::Clock,
    metrics,
    problem::format_error_chain,
    tasks::Tasks,
    trace::{self, TraceId},
};
use tokio_util::sync::CancellationToken;
use tracing::Instrument;
use wire::Event;

use crate::{
    bus::{
        Bus, BusError, Deliveries, Delivery,
        topology::{QueueSpec, dead_letter_queue},
    },
    documents::DocumentsError,
    files::FilesError,
    sql::{LOCK_WAITS, SqlError},
    upstream::UpstreamError,
};
use retry_lanes::{RetryLanes, RetryingEvent, event_subject};

/// A service's event handler. Write it as `async fn handle(&self, event: &Event) -> ..`.
pub trait EventHandler: Send + Sync + 'static {
    fn handle(&self, event: &Event) -> impl Future<Output = Result<(), HandleError>> + Send;

    /// Handles a run of events as if in sequence. `false` if it did no work: the events are then
    /// handled one by one, as after an error.
    fn handle_run(
        &self,
        _run: &[&Event],
    ) -> impl Future<Output = Result<bool, HandleError>> + Send {
        std::future::ready(Ok(false))
    }
}

/// Messages prefetched, and the most events in one run.
const PREFETCH: u16 = 256;
/// A handler that takes longer counts as failed once, and eight failures dead-letter an event. The
/// limit covers a transaction that waits for a row lock as long as it may, plus pauses and other
/// work, so a long-held lock never dead-letters an event.
const HANDLE_LIMIT: Duration = Duration::from_secs(60);
const _: () = assert!(LOCK_WAITS.as_millis() + 15_000 < HANDLE_LIMIT.as_millis());
const ATTEMPTS_BEFORE_DEAD_LETTER: u32 = 8;
const PAUSE_MIN: Duration = Duration::from_millis(100);
const PAUSE_MAX: Duration = Duration::from_secs(5);

/// Consumes a queue's events one after the other until the tasks stop. A failed event is retried in
/// parallel, and only later events of its subject wait for it.
pub fn start_consumer<H: EventHandler>(tasks: &Tasks, bus: &Bus, queue: QueueSpec, handler: H) {
    let consumer = Consumer {
        bus: bus.clone(),
        queue,
        handler: Arc::new(handler),
        tasks: tasks.clone(),
        stop: tasks.stop_token(),
        retry_lanes: RetryLanes::new(),
    };
    tasks.spawn("consumer", consumer.run());
}

struct Consumer<H> {
    bus: Bus,
    queue: QueueSpec,
    handler: Arc<H>,
    tasks: Tasks,
    stop: CancellationToken,
    retry_lanes: RetryLanes,
}

impl<H> Clone for Consumer<H> {
    fn clone(&self) -> Self {
        Self {
            bus: self.bus.clone(),
            queue: self.queue,
            handler: self.handler.clone(),
            tasks: self.tasks.clone(),
            stop: self.stop.clone(),
            retry_lanes: self.retry_lanes.clone(),
        }
    }
}

#[derive(PartialEq, Eq)]
enum DeliveryOutcome {
    Handled,
    /// For an operator, with the reason.
    DeadLetter(String),
    /// Retried in parallel to the others.
    Retries,
    /// The process is stopping: the next process handles the event.
    Stopping,
}

impl<H: EventHandler> Consumer<H> {
    async fn run(self) {
        let Some(mut deliveries) = self.bind_and_subscribe().await else {
            return;
        };
        self.count_dead_letters().await;
        loop {
            let delivery = tokio::select! {
                biased;
                () = self.stop.cancelled() => break,
                delivery = deliveries.next() => delivery,
            };
            let mut run = vec![delivery];
            run.extend(deliveries.at_hand(usize::from(PREFETCH) - 1));
            let run = self.queue_behind_retries(run).await;
            self.handle_deliveries(run).await;
        }
        deliveries.close().await;
    }

    /// Binds and subscribes, waiting for an unreachable bus; `None` if stopped.
    async fn bind_and_subscribe(&self) -> Option<Deliveries> {
        let mut pause = PAUSE_MIN;
        loop {
            let bound = async {
                self.bus.bind_queue(&self.queue).await?;
                self.bus.subscribe(self.queue.name, PREFETCH).await
            };
            match bound.await {
                Ok(deliveries) => return Some(deliveries),
                Err(error) => {
                    let queue = self.queue.name;
                    tracing::warn!(queue, %error, "Could not subscribe to `{queue}`; retrying");
                }
            }
            if self.wait_or_stop(&mut pause).await {
                return None;
            }
        }
    }

    /// Queues each event behind a retrying one of its subject, if there is one; returns the others.
    async fn queue_behind_retries(&self, run: Vec<Delivery>) -> Vec<Delivery> {
        if self.retry_lanes.is_empty() {
            return run;
        }
        let mut others = Vec::with_capacity(run.len());
        for delivery in run {
            if self
                .retry_lanes
                .has_subject(&event_subject(delivery.event()))
            {
                self.move_to_retry_lane(delivery, 0).await;
            } else {
                others.push(delivery);
            }
        }
        others
    }

    async fn handle_deliveries(&self, run: Vec<Delivery>) {
        if run.len() > 1 && self.try_whole_run(&run).await {
            let queue = self.queue.name;
            metrics::CONSUMER_HANDLED.add([queue, "handled"], run.len() as u64);
            if let Err(error) = self.ack_run(run).await {
                // The events are redelivered, and the inbox deduplicates them.
                tracing::debug!(queue, %error, "Could not acknowledge a batch of handled events; they will be redelivered");
            }
            return;
        }
        for delivery in run {
            // The rest is redelivered after the subscription closes.
            if self.stop.is_cancelled() {
                return;
            }
            // An earlier event of this run may have moved to a retry lane.
            if self
                .retry_lanes
                .has_subject(&event_subject(delivery.event()))
            {
                self.move_to_retry_lane(delivery, 0).await;
            } else {
                self.handle_delivery(delivery).await;
            }
        }
    }

    /// Acknowledging the last event settles the whole run, unless an earlier one is being retried.
    async fn ack_run(&self, run: Vec<Delivery>) -> Result<(), BusError> {
        if self.retry_lanes.is_empty() {
            return Delivery::ack_run(run).await;
        }
        for delivery in run {
            delivery.ack().await?;
        }
        Ok(())
    }

    /// If no permit is free, the whole queue waits for one.
    async fn move_to_retry_lane(&self, delivery: Delivery, attempts: u32) {
        let place = tokio::select! {
            place = self.retry_lanes.acquire_permit() => place,
            () = self.stop.cancelled() => None,
        };
        let Some(place) = place else {
            self.settle_delivery(delivery, DeliveryOutcome::Stopping)
                .await;
            return;
        };
        let subject = event_subject(delivery.event());
        let is_first = self
            .retry_lanes
            .push_event(subject.clone(), delivery, attempts, place);
        if is_first {
            let lane = self.clone();
            self.tasks.spawn_once("consumer-aside", async move {
                lane.work_retry_lane(&subject).await
            });
        }
    }

    /// Handles the events of one subject in order.
    async fn work_retry_lane(&self, subject: &str) {
        while let Some(RetryingEvent {
            delivery, attempts, ..
        }) = self.retry_lanes.pop_event(subject)
        {
            let outcome = self.handle_in_trace(&delivery, attempts, true).await;
            self.settle_delivery(delivery, outcome).await;
        }
    }

    /// The run gets its own trace.
    async fn try_whole_run(&self, run: &[Delivery]) -> bool {
        let events: Vec<&Event> = run.iter().map(Delivery::event).collect();
        let trace = TraceId::random();
        let span =
            tracing::info_span!("events", queue = self.queue.name, events = events.len(), %trace);
        let work = self.run_with_limit(self.handler.handle_run(&events));
        match trace::run_in_trace(trace, work).instrument(span).await {
            Ok(handled) => handled,
            Err(cause) => {
                let queue = self.queue.name;
                tracing::info!(
                    queue, %cause,
                    "Could not handle a batch of `{queue}`; handling its events one by one"
                );
                false
            }
        }
    }

    async fn handle_delivery(&self, delivery: Delivery) {
        match self.handle_in_trace(&delivery, 0, false).await {
            DeliveryOutcome::Retries => self.move_to_retry_lane(delivery, 1).await,
            outcome => self.settle_delivery(delivery, outcome).await,
        }
    }

    async fn handle_in_trace(
        &self,
        delivery: &Delivery,
        attempts: u32,
        is_in_retry_lane: bool,
    ) -> DeliveryOutcome {
        let event = delivery.event();
        let trace = event.trace.parse().unwrap_or_else(|_| TraceId::random());
        let span = tracing::info_span!(
            "event", queue = self.queue.name, event.id = %event.id, event.kind = %event.kind, %trace
        );
        trace::run_in_trace(
            trace,
            self.handle_with_retries(event, attempts, is_in_retry_lane),
        )
        .instrument(span)
        .await
    }

    async fn settle_delivery(&self, delivery: Delivery, outcome: DeliveryOutcome) {
        let queue = self.queue.name;
        let id = delivery.event().id;
        let (word, settled) = match &outcome {
            DeliveryOutcome::Handled => ("handled", delivery.ack().await),
            DeliveryOutcome::DeadLetter(reason) => {
                metrics::BUS_DEAD_LETTERED.add([queue], 1);
                ("dead_lettered", delivery.dead_letter(reason).await)
            }
            DeliveryOutcome::Retries | DeliveryOutcome::Stopping => {
                ("requeued", delivery.requeue().await)
            }
        };
        metrics::CONSUMER_HANDLED.add([queue, word], 1);
        if matches!(outcome, DeliveryOutcome::DeadLetter(_)) {
            self.count_dead_letters().await;
        }
        if let Err(error) = settled {
            // The event is redelivered, and the inbox deduplicates it.
            tracing::debug!(queue, event.id = %id, %error, "Could not settle a delivery; the event will be redelivered");
        }
    }

    /// Updates the metric that alerts operators to waiting dead letters.
    async fn count_dead_letters(&self) {
        if let Ok(waiting) = self
            .bus
            .count_waiting(&dead_letter_queue(self.queue.name))
            .await
        {
            metrics::BUS_DEAD_LETTERS.set([self.queue.name], waiting);
        }
    }

    /// `attempts` counts the failures so far.
    async fn handle_with_retries(
        &self,
        event: &Event,
        mut attempts: u32,
        is_in_retry_lane: bool,
    ) -> DeliveryOutcome {
        let mut pause = PAUSE_MIN;
        // Back off before retrying a failed event.
        if attempts > 0 && self.wait_or_stop(&mut pause).await {
            return DeliveryOutcome::Stopping;
        }
        loop {
            let error = match self.run_with_limit(self.handler.handle(event)).await {
                Ok(()) => return DeliveryOutcome::Handled,
                Err(error) => error,
            };
            match &error {
                HandleError::Poison(cause) => {
                    tracing::error!(error = %cause, "Dead-lettered an event that cannot be handled");
                    return DeliveryOutcome::DeadLetter(format_error_chain(&error));
                }
                HandleError::Retry(cause) => {
                    attempts += 1;
                    if attempts == ATTEMPTS_BEFORE_DEAD_LETTER {
                        tracing::error!(error = %cause, "Dead-lettered an event after {attempts} attempts");
                        let reason = format!("{attempts} attempts: {}", format_error_chain(&error));
                        return DeliveryOutcome::DeadLetter(reason);
                    }
                    tracing::warn!(error = %cause, attempts, "Could not handle an event; retrying");
                    if !is_in_retry_lane {
                        return DeliveryOutcome::Retries;
                    }
                }
                // No attempt limit: dead-lettering all events during an outage would not help.
                HandleError::Unavailable(cause) => {
                    tracing::warn!(error = %cause, "Could not handle an event: a dependency is unavailable; retrying");
                }
            }
            if self.wait_or_stop(&mut pause).await {
                return DeliveryOutcome::Stopping;
            }
        }
    }

    async fn run_with_limit<T>(
        &self,
        work: impl Future<Output = Result<T, HandleError>>,
    ) -> Result<T, HandleError> {
        let started = Clock::system().elapsed();
        let work = AssertUnwindSafe(work).catch_unwind();
        let result = match tokio::time::timeout(HANDLE_LIMIT, work).await {
            Ok(Ok(result)) => result,
            Ok(Err(_)) => Err(HandleError::Retry("the handler panicked".into())),
            Err(_) => Err(HandleError::Retry("the handler took too long".into())),
        };
        let took = Clock::system().elapsed().saturating_sub(started);
        metrics::CONSUMER_SECONDS.observe([self.queue.name], took.as_secs_f64());
        result
    }

    /// Waits, doubling the pause; returns true to stop.
    async fn wait_or_stop(&self, pause: &mut Duration) -> bool {
        let wait = *pause;
        *pause = (wait * 2).min(PAUSE_MAX);
        tokio::select! {
            () = tokio::time::sleep(wait) => false,
            () = self.stop.cancelled() => true,
        }
    }
}

type Cause = Box<dyn std::error::Error + Send + Sync>;

#[derive(Debug, thiserror::Error)]
pub enum HandleError {
    /// A retry may succeed; after eight failures the event becomes a dead letter.
    #[error("the event could not be handled")]
    Retry(#[source] Cause),
    /// A dependency is out of reach: the event waits as long as the outage lasts.
    #[error("a dependency of the event's handler is unavailable")]
    Unavailable(#[source] Cause),
    /// Retrying is useless: the event becomes a dead letter at once.
    #[error("the event cannot be handled")]
    Poison(#[source] Cause),
}

impl HandleError {
    pub fn retry(cause: impl Into<Cause>) -> Self {
        Self::Retry(cause.into())
    }

    pub fn poison(cause: impl Into<Cause>) -> Self {
        Self::Poison(cause.into())
    }

    fn unavailable_or_retry(is_unavailable: bool, cause: impl Into<Cause>) -> Self {
        if is_unavailable {
            Self::Unavailable(cause.into())
        } else {
            Self::Retry(cause.into())
        }
    }
}

impl From<SqlError> for HandleError {
    fn from(error: SqlError) -> Self {
        Self::unavailable_or_retry(error.is_unavailable() || error.is_contention(), error)
    }
}

impl From<DocumentsError> for HandleError {
    fn from(error: DocumentsError) -> Self {
        Self::unavailable_or_retry(error.is_unavailable() || error.is_contention(), error)
    }
}

impl From<FilesError> for HandleError {
    fn from(error: FilesError) -> Self {
        match error {
            FilesError::Register(error) => error.into(),
            error => Self::unavailable_or_retry(matches!(error, FilesError::Store(_)), error),
        }
    }
}

impl From<UpstreamError> for HandleError {
    fn from(error: UpstreamError) -> Self {
        Self::unavailable_or_retry(error.is_unreachable(), error)
    }
}

/// The body does not match its event type.
impl From<serde_json::Error> for HandleError {
    fn from(error: serde_json::Error) -> Self {
        Self::Poison(error.into())
    }
}
