//! The desk a batch is decided on: the snapshot, what the batch has changed so far, and what is to be
//! written for it.
//!
//! Invariant: a change of an order, its timeline line, its event and the command's answer are put
//! down together.

use std::collections::BTreeMap;

use wire::{
    Action, Code, CommandId, EventType, Lost, OpDecision, Order, OrderEvent, OrderId, OrderStatus,
    Outcome, OutcomeKind, Role, TimelineEntry,
};

use crate::{
    Attempt, Emitted, Guard, Line, OrderWrite, Origin, Snapshot, Standing, StoredAnswer, Writes,
    explain,
    ruling::{Ruling, reason_of},
};

pub(crate) struct Desk<'a> {
    pub snapshot: &'a Snapshot,
    changed: BTreeMap<OrderId, Standing>,
    /// Where each new answer stands in `writes.commands`.
    answered: BTreeMap<CommandId, usize>,
    writes: Writes,
}

impl<'a> Desk<'a> {
    pub fn new(snapshot: &'a Snapshot) -> Self {
        let (changed, answered) = (BTreeMap::new(), BTreeMap::new());
        Self { snapshot, changed, answered, writes: Writes::default() }
    }

    /// The order as it is by now, with what this batch did to it.
    pub fn standing(&self, order: OrderId) -> Option<&Standing> {
        self.changed.get(&order).or_else(|| self.snapshot.orders.get(&order))
    }

    pub fn answer(&self, command: CommandId) -> Option<&StoredAnswer> {
        let new = self.answered.get(&command).and_then(|&at| self.writes.commands.get(at));
        new.or_else(|| self.snapshot.answers.get(&command))
    }

    /// Puts down what follows from a ruling, and says what to tell.
    pub fn put(&mut self, attempt: &Attempt, ruling: Ruling) -> Outcome {
        let now = self.snapshot.now;
        match ruling {
            Ruling::Changed { after, reason } => {
                self.change(attempt, &after, reason);
                self.keep(attempt, true, None, Some(after.order.version));
                let outcome = Outcome::applied(after.order.clone(), now);
                self.changed.insert(after.order.id, *after);
                outcome
            }
            Ruling::AlreadySo => {
                let order = self.order_for(attempt);
                self.keep(attempt, true, None, order.as_ref().map(|order| order.version));
                let kind = OutcomeKind::Applied;
                Outcome { kind, code: None, first: None, order, lost: None, decided_at: now }
            }
            Ruling::Refused(code) => self.refuse(attempt, code),
        }
    }

    /// Closes the desk. Jobs to offer are chosen only now, so that none is offered that a later
    /// request of the same batch took.
    pub fn close(mut self, mut answers: Vec<OpDecision>) -> Writes {
        for answer in &mut answers {
            if let OpDecision::Decided(outcome) = answer {
                self.offer(outcome.order.clone().as_ref(), outcome.lost.as_mut());
            }
        }
        let mut events = std::mem::take(&mut self.writes.events);
        for event in &mut events {
            self.offer(Some(&event.body.order), event.body.lost.as_mut());
        }
        let orders = self.changed.into_iter().map(|(id, after)| {
            let read = self.snapshot.orders.get(&id).map(|standing| &standing.order);
            let guard = read.map(|read| Guard { version: read.version, status: read.status });
            OrderWrite { guard, after }
        });
        Writes { answers, events, orders: orders.collect(), ..self.writes }
    }

    fn change(&mut self, attempt: &Attempt, after: &Standing, reason: Option<String>) {
        let order = &after.order;
        let from = self.standing(order.id).map(|standing| standing.order.status);
        let action = attempt.command.body.action();
        self.line(attempt, order, from, None, reason.clone());
        self.emit(event_of(action), attempt, order.clone(), |body| body.reason = reason);
    }

    fn refuse(&mut self, attempt: &Attempt, code: Code) -> Outcome {
        let order = self.order_for(attempt);
        if consumes(attempt, code) {
            self.keep(attempt, false, Some(code), order.as_ref().map(|order| order.version));
        }
        let standing = self.standing(attempt.command.body.order_id());
        let lost = standing.and_then(|standing| explain::lost(attempt, standing, code));
        if let Some(order) = order.as_ref().filter(|_| leaves_a_line(attempt, code)) {
            let reason = reason_of(&attempt.command.body).ok().flatten();
            self.line(attempt, order, Some(order.status), Some(code), reason);
        }
        if let (Origin::Edge(_), Some(order), Some(lost)) = (&attempt.origin, &order, &lost) {
            let lost = lost.clone();
            self.emit(EventType::OrderAcceptanceLost, attempt, order.clone(), |body| {
                body.code = Some(code);
                body.lost = Some(lost);
            });
        }
        let outcome = Outcome::rejected(code, order, self.snapshot.now);
        Outcome { lost, ..outcome }
    }

    /// The order to show with an answer. Who tries to publish under another's id is not shown theirs.
    fn order_for(&self, attempt: &Attempt) -> Option<Order> {
        let body = &attempt.command.body;
        let order = &self.standing(body.order_id())?.order;
        let publisher = attempt.actor.map(|actor| actor.user_id);
        let shown = body.action().is_some() || publisher == Some(order.customer_id);
        shown.then(|| order.clone())
    }

    fn keep(&mut self, attempt: &Attempt, applied: bool, code: Option<Code>, version: Option<u64>) {
        let command = &attempt.command;
        self.answered.insert(command.id, self.writes.commands.len());
        self.writes.commands.push(StoredAnswer {
            command_id: command.id,
            user_id: attempt.actor.map(|actor| actor.user_id),
            hash: command.body.hash(),
            applied,
            code,
            order_id: command.body.order_id(),
            order_version: version,
            op: attempt.op().map(|op| op.name.clone()),
            decided_at: self.snapshot.now,
        });
    }

    fn line(
        &mut self,
        attempt: &Attempt,
        order: &Order,
        from: Option<OrderStatus>,
        code: Option<Code>,
        reason: Option<String>,
    ) {
        let Some(actor) = attempt.actor else { return };
        let op = attempt.op();
        let entry = TimelineEntry {
            version: order.version,
            action: attempt.command.body.action(),
            actor,
            from,
            to: order.status,
            code,
            reason,
            hops: attempt.hops(self.snapshot.now),
            command_id: attempt.command.id,
            source: attempt.source(),
            edge: op.map(|op| op.name.edge.clone()),
            epoch: op.map(|op| op.name.epoch),
            seq: op.map(|op| op.name.seq),
            verdict: op.map(|op| op.verdict),
        };
        self.writes.timeline.push(Line { order_id: order.id, entry });
    }

    fn emit(
        &mut self,
        kind: EventType,
        attempt: &Attempt,
        order: Order,
        fill: impl FnOnce(&mut OrderEvent),
    ) {
        let Some(actor) = attempt.actor else { return };
        let command_id = attempt.command.id;
        let mut body =
            OrderEvent { order, actor, command_id, reason: None, code: None, lost: None };
        fill(&mut body);
        self.writes.events.push(Emitted { kind, trace: attempt.trace(), body });
    }

    fn offer(&self, order: Option<&Order>, lost: Option<&mut Lost>) {
        if let (Some(order), Some(lost)) = (order, lost) {
            let open = self.snapshot.open_jobs.iter();
            let open = open.map(|job| self.changed.get(&job.id).map_or(job, |now| &now.order));
            lost.nearby = explain::nearby(order, open);
        }
    }
}

/// A change has one event: its own where it has a name, `order.status_changed` where it has none.
fn event_of(action: Option<Action>) -> EventType {
    match action {
        None => EventType::OrderCreated,
        Some(Action::Approve) => EventType::OrderApproved,
        Some(Action::Reject) => EventType::OrderRejected,
        Some(Action::Accept) => EventType::OrderAccepted,
        Some(Action::Cancel) => EventType::OrderCancelled,
        Some(Action::Complete) => EventType::OrderCompleted,
        Some(Action::Withdraw | Action::Start | Action::Review) => EventType::OrderStatusChanged,
    }
}

/// Only a decision consumes a command id. What an edge logged is always decided; a person at the
/// portal who was not let in, asked for nothing there is, or filled a form in wrongly, may send the
/// same id again.
fn consumes(attempt: &Attempt, code: Code) -> bool {
    match attempt.origin {
        Origin::Edge(_) => true,
        Origin::Portal => {
            let undecided = matches!(code.status(), 401 | 404 | 422 | 429 | 500..);
            !undecided && !matches!(code, Code::Revoked | Code::RegionAssigningOffline)
        }
    }
}

/// Whether a refused command becomes part of the order's history. From an edge it does, since a
/// person acted on the edge's word; a stranger's does not, and over HTTP the stored answer is enough.
fn leaves_a_line(attempt: &Attempt, code: Code) -> bool {
    let (Some(action), Some(actor)) = (attempt.command.body.action(), attempt.actor) else {
        return false;
    };
    let stranger = code == Code::NotYours && actor.role != Role::Provider;
    attempt.op().is_some() && action.roles().contains(&actor.role) && !stranger
}
