//! Shows that a session's edge is alive: probes it at once and records its answer at once, whatever
//! store work the session's loop waits for.
//!
//! Invariants: the engine decides which answer counts, and it sees a probe and its answer between
//! any two other inputs. An answer is reported on this replica first, and then stored in a row of
//! its own, which no transaction that stores ops locks.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use engine::cloud::{SyncSession, SyncSessionInput, SyncSessionOutput};
use process::{clock::Clock, problem::format_error_chain};
use tokio::sync::watch;
use wire::{EdgeId, Frame, ProbeReply, UnixMillis};

use super::outbound::OutboundQueue;
use crate::{
    polling::{EdgeSignals, ProbeAnswer, wait_for_change},
    store::Store,
};

/// The engine of one session. It never waits, so the session's loop and the work beside it share
/// it.
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

/// Sends a session's probes and records their answers, for as long as the session lasts.
pub(super) struct LivenessWatch {
    pub liveness: Liveness,
    pub out: OutboundQueue,
    pub store: Store,
    pub signals: EdgeSignals,
    pub edge: EdgeId,
}

impl LivenessWatch {
    pub(super) async fn run(self) {
        tokio::join!(self.send_probes(), self.record_answers());
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
