//! order_db: the commits of the order service. Mirrors `cloud/order/src/store`:
//! `read_snapshot`, `write_orders` with its guards, `write_results`, and platform's outbox.

use std::{
    collections::{BTreeMap, BTreeSet},
    rc::Rc,
};

use planted::is_planted;
use rules::{
    AssignmentTransition, Booking, CaseKind, CommandKey, KnownMessages, OrderState, Snapshot,
    StoredAnswer, Submission, Writes, regions_to_explain,
};
use wire::{
    Action, CommandBody, CommandId, EventId, Order, OrderId, OrderStatus, Region, Role, UnixMillis,
    UserId, is_open, open_digest,
};

use super::{BusEvent, BusNews, DecisionRequest, attempts, rights::Rights};
use crate::bug::Bug;

#[derive(Default)]
pub struct OrderDb {
    pub orders: BTreeMap<OrderId, Rc<OrderState>>,
    pub commands: BTreeMap<CommandKey, StoredAnswer>,
    pub lines: BTreeSet<(OrderId, CommandId, UserId)>,
    pub messages: KnownMessages,
    pub rights: Rights,
    pub met_closed: BTreeSet<(OrderId, UserId)>,
    /// Orders whose providers have another job at that time, as listed.
    pub double_booked: BTreeSet<(OrderId, UserId)>,
    /// Commands for work in vain, or for a closed order.
    pub vain: BTreeSet<(CommandId, UserId)>,
    /// Commands listed because their edge is no longer trusted.
    pub distrusted: BTreeSet<CommandId>,
    pub outbox: BTreeMap<u64, OutboxLine>,
    pub next_number: u64,
}

pub struct OutboxLine {
    pub event: BusEvent,
    pub is_sent: bool,
}

/// The reason why a transaction wrote no rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VoidReason {
    /// An order has changed since it was read.
    Overtaken,
    /// Another transaction has inserted the same row.
    Collided,
}

const OPEN_JOBS_MAX: usize = 50;

impl OrderDb {
    pub fn snapshot(&self, submissions: &[Submission], now: UnixMillis) -> Snapshot {
        let mut snapshot = Snapshot {
            now,
            ..Snapshot::default()
        };
        snapshot.regions = Region::ALL
            .map(|region| (region, self.rights.read(region)))
            .into();
        snapshot.met_closed.clone_from(&self.met_closed);
        for attempt in attempts(submissions) {
            let command = attempt.command.id;
            let order = attempt.command.body.order_id();
            let from = self.commands.range((command, None)..);
            let answers = from.take_while(|((id, _), _)| *id == command);
            snapshot
                .answers
                .extend(answers.map(|(key, answer)| (*key, answer.clone())));
            if let Some(standing) = self.orders.get(&order) {
                snapshot.orders.insert(order, OrderState::clone(standing));
            }
            let sends = attempt.command.body.order_action() == Some(Action::Message);
            if let Some(thread) = self.messages.threads.get(&order).filter(|_| sends) {
                snapshot.messages.threads.insert(order, thread.clone());
            }
        }
        for provider in self.find_booking_providers(submissions) {
            let bookings = self.jobs_of(provider).filter_map(Booking::from_order);
            snapshot.bookings.insert(provider, bookings.collect());
        }
        for region in regions_to_explain(&snapshot, submissions) {
            snapshot.open_jobs.extend(self.open_jobs(region));
        }
        snapshot
    }

    /// The providers accepting orders with agreed hours. The transaction locks them.
    pub fn find_booking_providers(&self, submissions: &[Submission]) -> BTreeSet<UserId> {
        let published = |of| {
            attempts(submissions).any(|attempt| match &attempt.command.body {
                CommandBody::PublishOrder { order_id, order } => {
                    *order_id == of && order.service_hours().is_some()
                }
                _ => false,
            })
        };
        let is_timed = |id| {
            let stored = self.orders.get(&id);
            stored.is_some_and(|standing| standing.order.service_hours().is_some()) || published(id)
        };
        let booking = attempts(submissions).filter(|attempt| {
            let body = &attempt.command.body;
            body.order_action() == Some(Action::Accept) && is_timed(body.order_id())
        });
        let actors = booking.filter_map(|attempt| attempt.actor);
        let providers = actors.filter(|actor| actor.role == Role::Provider);
        providers.map(|actor| actor.user_id).collect()
    }

    /// The provider's open jobs.
    pub fn jobs_of(&self, provider: UserId) -> impl Iterator<Item = &Order> {
        let orders = self.orders.values().map(|standing| &standing.order);
        orders.filter(move |order| order.provider_at_work() == Some(provider))
    }

    fn open_jobs(&self, region: Region) -> Vec<Order> {
        let open = self.orders.values().map(|standing| &standing.order);
        let open = open.filter(|o| o.location == region && o.status == OrderStatus::Pending);
        let mut open: Vec<&Order> = open.collect();
        open.sort_by_key(|order| std::cmp::Reverse((order.created_at, order.id)));
        open.into_iter().take(OPEN_JOBS_MAX).cloned().collect()
    }

    pub fn number_events(&mut self, writes: &Writes) -> Vec<u64> {
        let first = self.next_number + 1;
        self.next_number += (writes.events.len() + writes.turns.len()) as u64;
        (first..=self.next_number).collect()
    }

    /// Checks that the writes still fit the committed rows.
    pub fn fits(&self, writes: &Writes) -> Result<(), VoidReason> {
        for write in &writes.orders {
            let now = self
                .orders
                .get(&write.after.order.id)
                .map(|standing| &standing.order);
            match (write.guard, now) {
                (None, Some(_)) => return Err(VoidReason::Collided),
                (Some(guard), now) if !is_planted(Bug::WriteUnguarded) => {
                    let same = now.is_some_and(|order| {
                        order.version == guard.version && order.status == guard.status
                    });
                    if !same {
                        return Err(VoidReason::Overtaken);
                    }
                }
                _ => {}
            }
        }
        let sends = |id| writes.messages.iter().any(|new| new.message.id == id);
        let new = writes.commands.iter().all(|answer| {
            let may_repeat = is_planted(Bug::MessageTwice) && sends(answer.command_id);
            may_repeat || !self.commands.contains_key(&answer.command_key())
        });
        if new || is_planted(Bug::AnswersNotKept) {
            Ok(())
        } else {
            Err(VoidReason::Collided)
        }
    }

    /// The only path by which a decision becomes durable. Changes of a region's right follow in
    /// `turn`, before any other commit.
    pub fn write(&mut self, writes: &Writes, numbers: &[u64], ids: impl Fn(u64) -> EventId) {
        for write in &writes.orders {
            self.orders
                .insert(write.after.order.id, Rc::new(write.after.clone()));
        }
        for answer in &writes.commands {
            let key = answer.command_key();
            if is_planted(Bug::MessageTwice) && self.commands.contains_key(&key) {
                continue;
            }
            self.commands.insert(key, answer.clone());
        }
        for line in &writes.timeline {
            let entry = &line.entry;
            self.lines
                .insert((line.order_id, entry.command_id, entry.actor.user_id));
        }
        for message in &writes.messages {
            self.messages.record_message(message);
        }
        for (emitted, number) in writes.events.iter().zip(numbers) {
            if is_planted(Bug::NoOutboxRow) && number.is_multiple_of(7) {
                continue;
            }
            let event = BusEvent {
                id: ids(*number),
                what: BusNews::Order(emitted.body.order.clone()),
            };
            self.outbox.insert(
                *number,
                OutboxLine {
                    event,
                    is_sent: false,
                },
            );
        }
        let closed = writes
            .cases
            .iter()
            .filter(|case| case.kind == CaseKind::MetClosed);
        self.met_closed
            .extend(closed.map(|case| (case.order_id, case.user_id)));
        let double = writes
            .cases
            .iter()
            .filter(|case| case.kind == CaseKind::DoubleBooked);
        self.double_booked
            .extend(double.map(|case| (case.order_id, case.user_id)));
        let vain = writes
            .cases
            .iter()
            .filter(|case| matches!(case.kind, CaseKind::WorkedInVain | CaseKind::MetClosed));
        self.vain
            .extend(vain.map(|case| (case.command_id, case.user_id)));
        let distrusted = writes
            .cases
            .iter()
            .filter(|case| case.kind == CaseKind::EdgeDistrusted);
        self.distrusted
            .extend(distrusted.map(|case| case.command_id));
    }

    /// All people's answers to commands with this id.
    pub fn answers(&self, id: CommandId) -> impl Iterator<Item = &StoredAnswer> {
        let answers = self.commands.range((id, None)..);
        answers
            .take_while(move |((of, _), _)| *of == id)
            .map(|(_, answer)| answer)
    }

    /// Opens a case for each of these commands that took effect, and returns the number of new
    /// cases. Mirrors `list_distrusted` of `cloud/order/src/store/background.rs`.
    pub fn list_distrusted(&mut self, commands: &[CommandId]) -> u64 {
        let applied = |id: &&CommandId| {
            self.answers(**id)
                .any(|answer| answer.user_id.is_some() && answer.applied)
        };
        let applied: Vec<CommandId> = commands.iter().filter(applied).copied().collect();
        applied
            .into_iter()
            .map(|id| u64::from(self.distrusted.insert(id)))
            .sum()
    }

    /// Changes a region's right after all other writes of its transaction: a grant's digest covers
    /// the state at that point.
    pub fn turn(
        &mut self,
        region: Region,
        transition: &AssignmentTransition,
        at: UnixMillis,
        number: u64,
        id: EventId,
    ) {
        let orders = self.orders.values().map(|standing| &standing.order);
        let open = orders.filter(|order| order.location == region && is_open(order.status));
        let digest = open_digest(open.map(|order| (order.id, order.version)));
        let word = self.rights.turn(region, transition, at, digest);
        let event = BusEvent {
            id,
            what: BusNews::Assigned(region, word),
        };
        self.outbox.insert(
            number,
            OutboxLine {
                event,
                is_sent: false,
            },
        );
    }

    /// The regions that a transaction with these requests locks: all of them if an order is
    /// unknown.
    pub fn regions_of(&self, asked: &DecisionRequest) -> BTreeSet<Region> {
        let mut regions = BTreeSet::new();
        for request in &asked.submissions {
            match request {
                Submission::LeaseReleased { region, .. } => drop(regions.insert(*region)),
                Submission::Command(attempt) => {
                    regions.extend(attempt.op().map(|op| op.region));
                    let body = &attempt.command.body;
                    match (body, self.orders.get(&body.order_id())) {
                        (CommandBody::PublishOrder { order, .. }, _) => {
                            regions.insert(order.location);
                        }
                        (_, Some(standing)) => drop(regions.insert(standing.order.location)),
                        (_, None) => regions.extend(Region::ALL),
                    }
                }
            }
        }
        regions
    }
}

pub(crate) fn requests(batch: wire::OpsBatch) -> Vec<Submission> {
    rules::submissions_from_batch(batch)
}
