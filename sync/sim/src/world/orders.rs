//! The order service: deciding transactions, and the relay of its outbox. Mirrors
//! `cloud/order/src/store/decide.rs` and `cloud/platform/src/outbox.rs`.

use std::collections::BTreeSet;

use planted::is_planted;
use rules::Writes;
use uuid::Uuid;
use wire::{EventId, OpAnswer, OpDecision};

use super::{
    World, WorldEvent,
    messages::{DeskReply, OwnerMessage},
};
use crate::{
    bug::Bug,
    cast,
    cloud::{DecisionRequest, OpenDecision, OwnerReply, Requester, at, order_db::VoidReason},
};

const RELAY_TICK_MS: u64 = 500;
const RELAY_BATCH_MAX: usize = 256;
const BUS_QUEUE_MAX: usize = 10_000;

impl World {
    pub(crate) fn order_starts(&mut self) {
        if self.orders.is_running {
            return;
        }
        self.orders.is_running = true;
        self.orders.run += 1;
        self.orders.relaying = false;
        let run = self.orders.run;
        self.note(9, u64::from(run), |_| {
            format!("the order service starts, run {run}")
        });
        self.later(0, WorldEvent::Relays { run });
    }

    /// Rolls back uncommitted transactions without an answer.
    pub(crate) fn order_dies(&mut self, down_ms: u64) {
        if !self.orders.is_running {
            return;
        }
        self.orders.is_running = false;
        self.orders.open.clear();
        self.orders.waiting.clear();
        self.note(10, 0, |_| "the order service dies".to_owned());
        self.later(down_ms.max(1), WorldEvent::OrderStarts);
    }

    pub(crate) fn order_asked(&mut self, request: DecisionRequest) {
        if !self.orders.is_running {
            self.owner_is_away(&request.by);
            return;
        }
        let waits = self.is_row_held(&request) || self.is_provider_held(&request);
        if waits || (request.locks && self.is_locked(&request)) {
            self.orders.waiting.push_back(request);
            return;
        }
        let poisoned = request
            .attempts()
            .any(|attempt| self.poison.contains(&attempt.command.id));
        if let (
            true,
            Requester::Hub {
                replica,
                run,
                edge,
                pass,
                batch_ops: handed,
            },
        ) = (poisoned, &request.by)
        {
            let takes = self.soon(1, 8);
            let said = OwnerReply::Fails;
            self.answers_hub(takes, *replica, *run, *edge, *pass, said, handed);
            return;
        }
        self.order_reads(request);
    }

    /// Returns true if an open transaction has an exclusive lock on a region row that this one
    /// shares, or shares one that this one needs exclusively.
    fn is_row_held(&self, request: &DecisionRequest) -> bool {
        let alone = request.ends_right();
        let mut others = self
            .orders
            .open
            .values()
            .filter(|tx| alone || tx.ends_right)
            .peekable();
        if others.peek().is_none() {
            return false;
        }
        let regions = self.order_db.regions_of(request);
        others.any(|tx| !tx.regions.is_disjoint(&regions))
    }

    /// Returns true if an open transaction books a provider that this one books too.
    fn is_provider_held(&self, request: &DecisionRequest) -> bool {
        if self.orders.open.is_empty() || is_planted(Bug::BookedUnlocked) {
            return false;
        }
        let booking = self.order_db.find_booking_providers(&request.submissions);
        let mut open = self.orders.open.values();
        open.any(|tx| !tx.booking.is_disjoint(&booking))
    }

    /// Returns true if an open transaction holds a row lock that this one needs.
    fn is_locked(&self, request: &DecisionRequest) -> bool {
        self.orders
            .open
            .values()
            .filter(|tx| tx.request.locks)
            .any(|tx| {
                request.attempts().any(|attempt| {
                    tx.orders.contains(&attempt.command.body.order_id())
                        || tx.commands.contains(&attempt.command.id)
                })
            })
    }

    fn order_reads(&mut self, request: DecisionRequest) {
        let now = at(self.now, self.orders.clock_error_ms);
        let snapshot = self.order_db.snapshot(&request.submissions, now);
        let writes = rules::decide_submissions(&snapshot, &request.submissions);
        let numbers = self.order_db.number_events(&writes);
        let orders: BTreeSet<_> = request
            .attempts()
            .map(|a| a.command.body.order_id())
            .collect();
        let commands: BTreeSet<_> = request.attempts().map(|a| a.command.id).collect();
        let tx = self
            .orders
            .open
            .keys()
            .next_back()
            .map_or(1, |last| last + 1);
        let was_decided = self.is_decided(&request);
        if is_planted(Bug::AnswerBeforeCommit) {
            self.order_answers(&request, &writes, was_decided);
        }
        let regions = self.order_db.regions_of(&request);
        let ends_right = request.ends_right();
        let booking = self.order_db.find_booking_providers(&request.submissions);
        let read_at = now;
        let seen = self.recorder.as_ref().map_or(0, |r| r.order.seen());
        let deciding = OpenDecision {
            request,
            read_at,
            seen,
            writes,
            was_decided,
            numbers,
            orders,
            commands,
            regions,
            ends_right,
            booking,
        };
        self.orders.open.insert(tx, deciding);
        let late = self.orders.commits_late && self.random.chance(500);
        let takes = if late {
            self.soon(50, 2_500)
        } else {
            self.soon(0, 3)
        };
        let run = self.orders.run;
        if takes == 0 && self.orders.crashes_in_commit.is_none() {
            self.order_commits(tx, run);
        } else {
            self.later(takes, WorldEvent::OrderCommits { tx, run });
        }
    }

    pub(crate) fn order_commits(&mut self, tx: u64, run: u32) {
        if self.orders.run != run || !self.orders.is_running {
            return;
        }
        if let Some(down_ms) = self.orders.crashes_in_commit.take() {
            // The database has committed or not; the service dies before it can answer.
            if self.random.chance(500) {
                self.order_writes(tx);
            }
            self.order_dies(down_ms);
            return;
        }
        self.order_writes(tx);
        let waiting = std::mem::take(&mut self.orders.waiting);
        waiting
            .into_iter()
            .for_each(|asked| self.order_asked(asked));
    }

    fn order_writes(&mut self, tx: u64) {
        let Some(deciding) = self.orders.open.remove(&tx) else {
            return;
        };
        // A write after a plain read waits for others' locks, then finds their rows.
        if !deciding.request.locks && self.is_locked(&deciding.request) {
            let again = DecisionRequest {
                locks: true,
                ..deciding.request
            };
            self.orders.waiting.push_back(again);
            return;
        }
        let seed = self.plan.seed;
        let id = |number| EventId(Uuid::from_u64_pair(seed, number));
        self.oracle
            .decides(self.now, &deciding.request, &deciding.writes);
        if let Err(void) = self.order_db.fits(&deciding.writes) {
            match void {
                VoidReason::Overtaken => self.counts.overtaken += 1,
                VoidReason::Collided => self.counts.collided += 1,
            }
            let again = DecisionRequest {
                locks: true,
                ..deciding.request
            };
            self.order_asked(again);
            return;
        }
        if let Some(recorder) = &mut self.recorder {
            recorder.order.decides(&self.order_db, &deciding);
        }
        self.oracle
            .order_commits(self.now, &self.order_db, &deciding.writes);
        self.oracle.messages_arrive(
            self.now,
            &self.order_db,
            &deciding.request,
            &deciding.writes,
        );
        if let Some(e) = self.thief.on {
            let OpenDecision {
                request: asked,
                writes,
                ..
            } = &deciding;
            let in_vain = self.oracle.decides_of_thief(self.now, e, asked, writes);
            self.counts.dead_tokens_in_vain += in_vain;
        }
        self.order_db.write(&deciding.writes, &deciding.numbers, id);
        self.oracle
            .books_once(self.now, &self.order_db, &deciding.writes);
        self.oracle.events_stand(
            self.now,
            &self.order_db,
            &deciding.writes,
            &deciding.numbers,
        );
        self.counts.conflicts(&deciding.writes);
        self.counts.messages += deciding.writes.messages.len() as u64;
        for write in &deciding.writes.orders {
            let order = &write.after.order;
            let id = order.id;
            let status = order.status;
            let version = order.version;
            self.note(11, version, |_| {
                format!("order {} is {status} (v{version})", short(id.0))
            });
        }
        let first = deciding.writes.events.len();
        for (n, (region, turned)) in deciding.writes.turns.iter().enumerate() {
            if let Some(number) = deciding.numbers.get(first + n) {
                self.turns_as(*region, turned, *number, deciding.read_at);
            }
        }
        if !deciding.numbers.is_empty() {
            let run = self.orders.run;
            self.later(1, WorldEvent::Relays { run });
        }
        if !is_planted(Bug::AnswerBeforeCommit) {
            self.order_answers(&deciding.request, &deciding.writes, deciding.was_decided);
        }
    }

    /// Returns true if a portal command has an answer.
    fn is_decided(&self, request: &DecisionRequest) -> bool {
        match request.by {
            Requester::Desk { item, .. } => self.is_decided_at_desk(item),
            Requester::Hub { .. } | Requester::Waiting { .. } => false,
        }
    }

    fn order_answers(&mut self, request: &DecisionRequest, writes: &Writes, was_decided: bool) {
        let answers = &writes.answers;
        let lost = self.orders.answers_are_lost && self.random.chance(400);
        if lost {
            self.counts.answers_lost += 1;
            return;
        }
        let takes = self.soon(1, 8);
        match &request.by {
            Requester::Desk { item, last_look } => {
                let consumes = !writes.commands.is_empty();
                match answers.first().cloned() {
                    Some(OpDecision::Decided(outcome)) => {
                        let heard = DeskReply {
                            outcome,
                            consumes,
                            was_decided,
                        };
                        self.answers_desk(takes, *item, heard);
                    }
                    Some(OpDecision::Held(_)) => {
                        self.asks_holder(takes, request, *item, *last_look)
                    }
                    None => {}
                }
            }
            Requester::Waiting { replica, id } => {
                if let (Some(OpDecision::Decided(_)), true) =
                    (answers.first(), self.replicas[*replica].is_running)
                {
                    self.sync_db.asks.remove(id);
                }
            }
            Requester::Hub {
                replica,
                run,
                edge,
                pass,
                batch_ops: handed,
            } => {
                let answers = handed.iter().zip(answers);
                let answers = answers.map(|(op, decision)| OpAnswer {
                    seq: op.seq,
                    decision: decision.clone(),
                });
                let said = OwnerReply::Answers(answers.collect());
                self.answers_hub(takes, *replica, *run, *edge, *pass, said, handed);
            }
        }
    }

    fn owner_is_away(&mut self, by: &Requester) {
        let takes = self.soon(1, 8);
        match by {
            Requester::Desk { item, .. } => {
                self.later(
                    takes,
                    WorldEvent::DeskHears {
                        item: *item,
                        heard: None,
                    },
                );
            }
            Requester::Waiting { .. } => {}
            Requester::Hub {
                replica,
                run,
                edge,
                pass,
                batch_ops: handed,
            } => {
                let said = OwnerReply::Nothing;
                self.answers_hub(takes, *replica, *run, *edge, *pass, said, handed);
            }
        }
    }

    #[expect(
        clippy::too_many_arguments,
        reason = "they are the parts of one answer"
    )]
    fn answers_hub(
        &mut self,
        takes: u64,
        replica: usize,
        run: u32,
        edge: usize,
        pass: u64,
        said: OwnerReply,
        batch_ops: &[wire::BatchOp],
    ) {
        let handed = batch_ops.to_vec();
        let answer = OwnerMessage {
            replica,
            run,
            edge,
            pass,
            said,
            batch_ops: handed,
        };
        self.later(takes, WorldEvent::OwnerAnswers(Box::new(answer)));
    }

    /// Publishes unsent events in order, and marks them once the bus has confirmed.
    pub(crate) fn relay(&mut self, run: u32) {
        if self.orders.run != run || !self.orders.is_running || self.orders.relaying {
            return;
        }
        let after = if is_planted(Bug::RelayByNumber) {
            self.orders.relayed
        } else {
            0
        };
        let unsent = self
            .order_db
            .outbox
            .range(after + 1..)
            .filter(|(_, row)| !row.is_sent);
        let numbers: Vec<u64> = unsent.map(|(n, _)| *n).take(RELAY_BATCH_MAX).collect();
        if numbers.is_empty() {
            self.relays_again(run);
            return;
        }
        if is_planted(Bug::MarkedBeforeConfirm) {
            self.mark_sent(&numbers);
        }
        if self.bus.is_down || self.bus.queue.len() >= BUS_QUEUE_MAX {
            self.relays_again(run);
            return;
        }
        for number in &numbers {
            let event = self
                .order_db
                .outbox
                .get(number)
                .map(|row| row.event.clone());
            if let Some(event) = event.filter(|event| !self.is_thrown_away(event)) {
                self.bus.queue.push_back(event);
            }
        }
        self.orders.relayed = self
            .orders
            .relayed
            .max(numbers.last().copied().unwrap_or(0));
        self.orders.relaying = true;
        self.later(0, WorldEvent::Delivers);
        let takes = self.soon(1, 20);
        self.later(takes, WorldEvent::Confirmed { run, numbers });
    }

    pub(crate) fn relay_confirmed(&mut self, run: u32, numbers: &[u64]) {
        // A relay that died in between publishes again.
        if self.orders.run != run || !self.orders.is_running {
            return;
        }
        self.orders.relaying = false;
        self.mark_sent(numbers);
        self.later(0, WorldEvent::Relays { run });
    }

    pub(crate) fn event_id(&self, number: u64) -> EventId {
        EventId(Uuid::from_u64_pair(self.plan.seed, number))
    }

    fn mark_sent(&mut self, numbers: &[u64]) {
        for number in numbers {
            if let Some(row) = self.order_db.outbox.get_mut(number) {
                row.is_sent = true;
            }
        }
    }

    /// A commit wakes the relay. This finds events that had no wake-up.
    fn relays_again(&mut self, run: u32) {
        let waits = self.order_db.outbox.values().any(|row| !row.is_sent);
        if waits && !self.is_silent {
            self.later(RELAY_TICK_MS, WorldEvent::Relays { run });
        }
    }
}

pub(super) fn short(id: Uuid) -> String {
    id.simple().to_string()[24..].to_owned()
}

/// The regions with orders.
pub(super) fn is_here(region: wire::Region) -> bool {
    cast::REGIONS.contains(&region)
}
