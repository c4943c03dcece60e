//! order_db: what the order service has committed. Mirrors `cloud/order/src/store`: `read::snapshot`,
//! `write::orders` with its guards, `write::rest`, and platform's outbox.

use std::{
    collections::{BTreeMap, BTreeSet},
    rc::Rc,
};

use rules::{
    Assignment, CommandKey, OfflineRules, Request, Snapshot, Standing, StoredAnswer, Writes,
    regions_to_explain,
};
use wire::{CommandId, Order, OrderId, OrderStatus, Region, UnixMillis, UserId};

use super::{Asked, Event};
use crate::bug::Bug;

#[derive(Default)]
pub struct OrderDb {
    pub bug: Option<Bug>,
    pub orders: BTreeMap<OrderId, Rc<Standing>>,
    pub commands: BTreeMap<CommandKey, StoredAnswer>,
    pub lines: BTreeSet<(OrderId, CommandId, UserId)>,
    pub outbox: BTreeMap<u64, Row>,
    pub next_number: u64,
}

pub struct Row {
    pub event: Event,
    pub is_sent: bool,
}

/// Why a transaction wrote nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Void {
    /// An order is no longer as it was read.
    Overtaken,
    /// Another transaction has made the row it wanted to make.
    Collided,
}

const OPEN_JOBS_MAX: usize = 50;
/// In one region work that began at an edge needs no held funds.
const UNPAID_START: Region = Region::East;

impl OrderDb {
    pub fn snapshot(&self, asked: &Asked, now: UnixMillis) -> Snapshot {
        let mut snapshot = Snapshot { now, ..Snapshot::default() };
        for region in Region::ALL {
            let rules =
                OfflineRules { unpaid_start: region == UNPAID_START, ..OfflineRules::default() };
            let assignment = Assignment { rules, ..Assignment::default() };
            snapshot.regions.insert(region, assignment);
        }
        for attempt in asked.attempts() {
            let (command, order) = (attempt.command.id, attempt.command.body.order_id());
            if self.bug != Some(Bug::AnswersNotKept) {
                let from = self.commands.range((command, None)..);
                let answers = from.take_while(|((id, _), _)| *id == command);
                snapshot.answers.extend(answers.map(|(key, answer)| (*key, answer.clone())));
            }
            if let Some(standing) = self.orders.get(&order) {
                snapshot.orders.insert(order, Standing::clone(standing));
            }
        }
        for region in regions_to_explain(&snapshot, &asked.requests) {
            snapshot.open_jobs.extend(self.open_jobs(region));
        }
        snapshot
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
        self.next_number += writes.events.len() as u64;
        (first..=self.next_number).collect()
    }

    /// Whether the writes still fit what is committed.
    pub fn fits(&self, writes: &Writes) -> Result<(), Void> {
        for write in &writes.orders {
            let now = self.orders.get(&write.after.order.id).map(|standing| &standing.order);
            match (write.guard, now) {
                (None, Some(_)) => return Err(Void::Collided),
                (Some(guard), now) if self.bug != Some(Bug::WriteUnguarded) => {
                    let same = now.is_some_and(|order| {
                        order.version == guard.version && order.status == guard.status
                    });
                    if !same {
                        return Err(Void::Overtaken);
                    }
                }
                _ => {}
            }
        }
        let new = writes.commands.iter().all(|answer| !self.commands.contains_key(&answer.key()));
        if new || self.bug == Some(Bug::AnswersNotKept) { Ok(()) } else { Err(Void::Collided) }
    }

    pub fn write(&mut self, writes: &Writes, numbers: &[u64], ids: impl Fn(u64) -> wire::EventId) {
        for write in &writes.orders {
            self.orders.insert(write.after.order.id, Rc::new(write.after.clone()));
        }
        for answer in &writes.commands {
            self.commands.insert(answer.key(), answer.clone());
        }
        for line in &writes.timeline {
            let entry = &line.entry;
            self.lines.insert((line.order_id, entry.command_id, entry.actor.user_id));
        }
        for (emitted, number) in writes.events.iter().zip(numbers) {
            if self.bug == Some(Bug::NoOutboxRow) && number.is_multiple_of(7) {
                continue;
            }
            let event = Event { id: ids(*number), order: emitted.body.order.clone() };
            self.outbox.insert(*number, Row { event, is_sent: false });
        }
    }
}

/// A run of an edge's log as requests.
pub fn requests(batch: wire::OpsBatch) -> Vec<Request> {
    rules::requests(batch)
}
