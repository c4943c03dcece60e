//! Shows that a session's edge is alive: pings it, records contacts, sends probes and records their
//! answers, all without waiting for the store work of the session's loop.
//!
//! Invariants: the engine decides which answer counts, and it sees a probe and its answer between
//! any two other inputs. An answer is reported on this replica first. Contacts and answers are
//! stored in rows that no transaction that stores ops locks.

use std::{
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use engine::cloud::{SyncSession, SyncSessionInput, SyncSessionOutput};
use process::{clock::Clock, problem::format_error_chain};
use tokio::{
    sync::watch,
    time::{Instant, Interval, MissedTickBehavior, interval_at},
};
use tokio_util::sync::CancellationToken;
use wire::{EdgeId, Frame, ProbeReply, UnixMillis};

use super::outbound::OutboundQueue;
use crate::{
    polling::{EdgeSignals, ProbeAnswer, wait_for_change},
    store::{Store, contacts::EdgeContact},
};

const PING_EVERY: Duration = Duration::from_secs(4);
const CONTACT_EVERY: Duration = Duration::from_secs(3);

/// The engine of one session. It never waits, so the session's loop and its other tasks share it.
#[derive(Clone)]
pub(super) struct SharedMachine(Arc<Mutex<SyncSession>>);

impl SharedMachine {
    pub(super) fn new(machine: SyncSession) -> Self {
        Self(Arc::new(Mutex::new(machine)))
    }

    pub(super) fn handle_input(
        &self,
        input: SyncSessionInput,
        now: UnixMillis,
    ) -> Vec<SyncSessionOutput> {
        self.lock().handle_input(input, now)
    }

    pub(super) fn is_greeting(&self) -> bool {
        self.lock().is_greeting()
    }

    pub(super) fn ignored_count(&self) -> u64 {
        self.lock().ignored_count()
    }

    fn open_term(&self) -> Option<u64> {
        self.lock().term()
    }

    fn lock(&self) -> MutexGuard<'_, SyncSession> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// When the edge last sent anything, including a pong, and whether its connection is closed. Clones
/// share it.
#[derive(Clone)]
pub(super) struct LastContact {
    clock: Clock,
    /// By the clock's elapsed time.
    heard_ms: Arc<AtomicU64>,
    closed: CancellationToken,
}

impl LastContact {
    pub(super) fn new(clock: Clock) -> Self {
        let contact = Self {
            clock,
            heard_ms: Arc::default(),
            closed: CancellationToken::new(),
        };
        contact.note_message();
        contact
    }

    pub(super) fn note_message(&self) {
        let elapsed = self.clock.elapsed().as_millis();
        let ms = u64::try_from(elapsed).unwrap_or(u64::MAX);
        self.heard_ms.store(ms, Ordering::Relaxed);
    }

    pub(super) fn note_close(&self) {
        self.closed.cancel();
    }

    /// How long the edge has sent nothing.
    pub(super) fn silence(&self) -> Duration {
        let heard_at = Duration::from_millis(self.heard_ms.load(Ordering::Relaxed));
        self.clock.elapsed().saturating_sub(heard_at)
    }

    /// Stores this contact under the term, for all replicas.
    pub(super) async fn record_in(&self, store: &Store, edge: &EdgeId, term: u64) {
        let silence_ms = i64::try_from(self.silence().as_millis()).unwrap_or(i64::MAX);
        let now = self.clock.now();
        let contact = EdgeContact {
            edge,
            term,
            heard_at: now.plus_ms(-silence_ms),
            closed_at: self.closed.is_cancelled().then_some(now),
        };
        if let Err(error) = store.record_contact(contact).await {
            let cause = format_error_chain(&error);
            tracing::warn!(edge.id = %edge, cause, "Could not store the last contact of `{edge}`");
        }
    }
}

/// The numbers of the newest probe sent in a session and of the newest one answered.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct ProbeState {
    sent: u64,
    answered: u64,
}

/// A session's probes. Clones share them.
#[derive(Clone)]
pub(super) struct Liveness {
    machine: SharedMachine,
    clock: Clock,
    probes: Arc<watch::Sender<ProbeState>>,
}

impl Liveness {
    pub(super) fn new(machine: SharedMachine, clock: Clock) -> Self {
        Self {
            machine,
            clock,
            probes: Arc::default(),
        }
    }

    /// Returns false if the session is not open yet: its loop then takes the frame.
    pub(super) fn take_reply(&self, reply: ProbeReply) -> bool {
        if self.machine.open_term().is_none() {
            return false;
        }
        let frame = SyncSessionInput::Frame(Frame::Alive(reply));
        for output in self.machine.handle_input(frame, self.clock.now()) {
            if let SyncSessionOutput::SaveAlive { number } = output {
                self.note_answer(number);
            }
        }
        true
    }

    pub(super) fn note_answer(&self, number: u64) {
        self.probes.send_if_modified(|probes| {
            let is_new = probes.answered < number;
            probes.answered = probes.answered.max(number);
            is_new
        });
    }

    pub(super) fn newest_answer(&self) -> u64 {
        self.probes.borrow().answered
    }

    /// Completes while the edge has not answered a probe.
    pub(super) async fn wait_for_open_probe(&self) {
        let mut probes = self.probes.subscribe();
        // The sender lives as long as `self`.
        let _ = probes
            .wait_for(|probes| probes.sent > probes.answered)
            .await;
    }

    pub(super) fn note_probe(&self, number: u64) {
        self.probes
            .send_modify(|probes| probes.sent = probes.sent.max(number));
    }
}

/// Sends a session's pings and probes, and records contacts and answers, for as long as the session
/// lasts.
pub(super) struct LivenessWatch {
    pub liveness: Liveness,
    pub contact: LastContact,
    pub out: OutboundQueue,
    pub store: Store,
    pub signals: EdgeSignals,
    pub edge: EdgeId,
}

impl LivenessWatch {
    pub(super) async fn run(self) {
        tokio::join!(
            self.send_pings(),
            self.record_contacts(),
            self.send_probes(),
            self.record_answers(),
        );
    }

    async fn send_pings(&self) {
        let mut due = start_interval(PING_EVERY);
        loop {
            due.tick().await;
            self.out.send_ping();
        }
    }

    /// Records a closed connection at once: the session's loop may notice it much later.
    async fn record_contacts(&self) {
        let mut due = start_interval(CONTACT_EVERY);
        let mut is_closed = false;
        while !is_closed {
            tokio::select! {
                _ = due.tick() => {}
                () = self.contact.closed.cancelled() => is_closed = true,
            }
            if let Some(term) = self.liveness.machine.open_term() {
                self.contact.record_in(&self.store, &self.edge, term).await;
            }
        }
    }

    async fn send_probes(&self) {
        let mut requested = self.signals.watch_probes(&self.edge);
        loop {
            let number = wait_for_change(&mut requested).await;
            let asked = SyncSessionInput::ProbeAsked { number };
            let now = self.liveness.clock.now();
            for output in self.liveness.machine.handle_input(asked, now) {
                if let SyncSessionOutput::Send(frame) = output {
                    self.liveness.note_probe(number);
                    self.out.send(&frame, None);
                }
            }
        }
    }

    async fn record_answers(&self) {
        let mut probes = self.liveness.probes.subscribe();
        let mut recorded = 0;
        loop {
            let number = wait_for_change(&mut probes).await.answered;
            if number <= recorded {
                continue;
            }
            recorded = number;
            self.record_answer(number).await;
        }
    }

    async fn record_answer(&self, number: u64) {
        let edge = &self.edge;
        let Some(term) = self.liveness.machine.open_term() else {
            return;
        };
        self.signals
            .report_answer(edge, ProbeAnswer { term, number });
        if let Err(error) = self.store.record_probe_answer(edge, term, number).await {
            let cause = format_error_chain(&error);
            tracing::warn!(edge.id = %edge, cause, "Could not store a sign of life of `{edge}`");
        }
        // The session's loop then settles the probe in the edge's row.
        self.signals.wake_sessions(edge);
    }
}

/// A late tick comes once, not as often as it was missed.
fn start_interval(period: Duration) -> Interval {
    let mut due = interval_at(Instant::now() + period, period);
    due.set_missed_tick_behavior(MissedTickBehavior::Delay);
    due
}
