//! The working state of a batch: the snapshot, the changes so far, and their writes.
//!
//! Invariant: an order change, its timeline entry, its event and the command's answer are recorded
//! together.

mod traces;

use std::collections::{BTreeMap, BTreeSet};

use wire::{
    Action, Code, CommandId, EdgeId, EventType, FenceEnd, FenceEnding, HeldReason, LimitReached,
    Lost, OpDecision, Order, OrderId, Outcome, OutcomeKind, Region, UserId,
};

use crate::{
    Assignment, AssignmentTransition, Attempt, CaseKind, CommandKey, DisabledRule, LatePromise,
    NewCase, OrderState, OrderVersionGuard, OrderWrite, Origin, Snapshot, StoredAnswer, Writes,
    backing::PromiseBacking, explain, pricing, ruling::Ruling, shares::ShareTracker, view,
};
use traces::TimelineDraft;

/// Why a promise does not hold, and the end of the right behind it if it was taken back.
type BrokenPromise = (FenceEnding, Option<FenceEnd>);

pub(crate) struct BatchDecision<'a> {
    pub snapshot: &'a Snapshot,
    changed: BTreeMap<OrderId, OrderState>,
    /// Index of each new answer in `writes.commands`.
    answered: BTreeMap<CommandKey, usize>,
    turned: BTreeMap<Region, Assignment>,
    /// Orders on which an op of this edge waits.
    waiting: BTreeSet<(EdgeId, OrderId)>,
    shares: ShareTracker,
    met_closed: BTreeSet<(OrderId, UserId)>,
    writes: Writes,
}

impl<'a> BatchDecision<'a> {
    pub fn new(snapshot: &'a Snapshot) -> Self {
        Self {
            snapshot,
            changed: BTreeMap::new(),
            answered: BTreeMap::new(),
            turned: BTreeMap::new(),
            waiting: BTreeSet::new(),
            shares: ShareTracker::from_snapshot(snapshot),
            met_closed: BTreeSet::new(),
            writes: Writes::default(),
        }
    }

    pub fn current_assignment(&self, region: Region) -> Option<&Assignment> {
        self.turned
            .get(&region)
            .or_else(|| self.snapshot.regions.get(&region))
    }

    pub fn apply_transition(&mut self, region: Region, transition: AssignmentTransition) {
        self.turned.insert(region, transition.after.clone());
        self.writes.turns.push((region, transition));
    }

    /// Marks the order so that the same edge's later ops on it wait too.
    pub fn mark_waiting(&mut self, attempt: &Attempt) {
        if let Some(op) = attempt.op() {
            let order_id = attempt.command.body.order_id();
            self.waiting.insert((op.identity.edge.clone(), order_id));
        }
    }

    pub fn waits_behind(&self, attempt: &Attempt) -> Option<HeldReason> {
        let edge = attempt.op()?.identity.edge.clone();
        let behind = self
            .waiting
            .contains(&(edge, attempt.command.body.order_id()));
        (behind && self.snapshot.disabled != Some(DisabledRule::HeldKeepsOrder))
            .then_some(HeldReason::Region)
    }

    /// The limit this attempt would break; without an order, the attempt publishes one.
    pub fn limit_reached(&self, attempt: &Attempt, order: Option<&Order>) -> Option<LimitReached> {
        match order {
            Some(order) => self
                .shares
                .limit_broken_by(attempt, order, self.snapshot.now),
            None => self.shares.has_all_orders(attempt.actor?.user_id),
        }
    }

    /// True if a firm accept by this person found the order cancelled or rejected.
    pub fn met_closed(&self, order: OrderId, user: UserId) -> bool {
        let key = (order, user);
        self.met_closed.contains(&key) || self.snapshot.met_closed.contains(&key)
    }

    /// The order after this batch so far.
    pub fn order_state(&self, order: OrderId) -> Option<&OrderState> {
        self.changed
            .get(&order)
            .or_else(|| self.snapshot.orders.get(&order))
    }

    /// The stored answer to this command. A refusal without an authenticated author also answers
    /// the real author's repeat of the same command; it is stored only if no other answer exists
    /// under the id, so none becomes false.
    pub fn stored_answer(&self, attempt: &Attempt) -> Option<&StoredAnswer> {
        let id = attempt.command.id;
        let nobodys = self.answer_of((id, None));
        let Some(actor) = attempt.actor else {
            return nobodys.or_else(|| self.any_answer(id));
        };
        let hash = attempt.command.body.hash();
        let own = self.answer_of((id, Some(actor.user_id)));
        [own, nobodys]
            .into_iter()
            .flatten()
            .find(|answer| answer.hash == hash)
            .or(own)
    }

    fn any_answer(&self, id: CommandId) -> Option<&StoredAnswer> {
        let new = self
            .answered
            .range((id, None)..)
            .next()
            .map(|(key, _)| *key);
        let read = self
            .snapshot
            .answers
            .range((id, None)..)
            .next()
            .map(|(key, _)| *key);
        let key = [new, read]
            .into_iter()
            .flatten()
            .find(|(of, _)| *of == id)?;
        self.answer_of(key)
    }

    fn answer_of(&self, key: CommandKey) -> Option<&StoredAnswer> {
        let new = self
            .answered
            .get(&key)
            .and_then(|&at| self.writes.commands.get(at));
        new.or_else(|| self.snapshot.answers.get(&key))
    }

    /// Records the writes of a ruling and returns its outcome.
    pub fn record_ruling(
        &mut self,
        attempt: &Attempt,
        ruling: Ruling,
        listed: Vec<CaseKind>,
    ) -> Outcome {
        let now = self.snapshot.now;
        let outcome = match ruling {
            Ruling::Changed { after, reason, .. } => {
                self.record_change(attempt, &after, reason);
                self.store_answer(attempt, true, None, Some(after.order.version));
                let outcome = Outcome::new_applied(after.order.clone(), now);
                self.changed.insert(after.order.id, *after);
                outcome
            }
            Ruling::AlreadySo => self.record_unchanged(attempt, None),
            Ruling::Meanwhile(code) => self.meet_closed(attempt, code),
            Ruling::Refused(code) => self.record_refusal(attempt, code, None),
            Ruling::Overturned(how, end) => {
                let code = how.broken_promise().unwrap_or(Code::RightEnded);
                self.record_refusal(attempt, code, Some((how, end)))
            }
            Ruling::OverLimit(reached) => {
                let outcome = self.record_refusal(attempt, reached.code(), None);
                Outcome {
                    limit: Some(reached),
                    ..outcome
                }
            }
        };
        self.list(attempt, &outcome, listed);
        outcome
    }

    /// Finishes the batch. Chooses nearby jobs only now, so that none was taken later in the same
    /// batch.
    pub fn close(mut self, mut answers: Vec<OpDecision>) -> Writes {
        for answer in &mut answers {
            if let OpDecision::Decided(outcome) = answer {
                self.offer_nearby_jobs(outcome.order.clone().as_ref(), outcome.lost.as_mut());
            }
        }
        let mut events = std::mem::take(&mut self.writes.events);
        for event in &mut events {
            self.offer_nearby_jobs(Some(&event.body.order), event.body.lost.as_mut());
        }
        let orders = self.changed.into_iter().map(|(id, after)| {
            let read = self.snapshot.orders.get(&id).map(|state| &state.order);
            let guard = read.map(|read| OrderVersionGuard {
                version: read.version,
                status: read.status,
            });
            OrderWrite { guard, after }
        });
        Writes {
            answers,
            events,
            orders: orders.collect(),
            ..self.writes
        }
    }

    fn record_change(&mut self, attempt: &Attempt, after: &OrderState, reason: Option<String>) {
        let order = &after.order;
        let before = self.order_state(order.id).map(|state| &state.order);
        let from = before.map(|before| before.status);
        let taken_from = before.and_then(|before| taken_from(attempt, before));
        let kind = match taken_from {
            Some(_) => EventType::OrderAcceptanceWithdrawn,
            None => event_of(attempt.command.body.order_action()),
        };
        let before = before.cloned();
        let used = self
            .shares
            .count_change(attempt, before.as_ref(), order, self.snapshot.now);
        self.writes.acts.extend(used);
        let accepted = attempt.command.body.order_action() == Some(Action::Accept);
        let won = after.acceptance.as_ref().filter(|_| accepted);
        let rule = won.and_then(|acceptance| acceptance.rule);
        let line = TimelineDraft {
            from,
            rule,
            ..TimelineDraft::default()
        };
        let tells_payment = matches!(kind, EventType::OrderAccepted | EventType::OrderCompleted);
        let region = self
            .current_assignment(order.location)
            .filter(|_| tells_payment);
        let paid_afterwards = region.is_some_and(|region| region.rules.is_paid_afterwards(order));
        self.add_timeline_entry(
            attempt,
            order,
            TimelineDraft {
                reason: reason.clone(),
                ..line
            },
        );
        self.emit_event(kind, attempt, order.clone(), |body| {
            body.reason = reason;
            body.taken_from = taken_from;
            body.terms = after.terms;
            body.paid_afterwards = paid_afterwards;
            if kind == EventType::OrderCancelled {
                body.refund = pricing::refund_amount(after);
            }
        });
    }

    /// Records a success that leaves the order unchanged.
    fn record_unchanged(&mut self, attempt: &Attempt, code: Option<Code>) -> Outcome {
        let state = self.order_state(attempt.command.body.order_id());
        let order = state.map(|state| state.order.clone());
        self.store_answer(
            attempt,
            true,
            code,
            order.as_ref().map(|order| order.version),
        );
        Outcome {
            code,
            order,
            ..Outcome::new_plain(OutcomeKind::Applied, self.snapshot.now)
        }
    }

    /// Records an edge's promise on a closed order: it counts, enters the timeline, and its
    /// provider is notified once.
    fn meet_closed(&mut self, attempt: &Attempt, code: Code) -> Outcome {
        let outcome = self.record_unchanged(attempt, Some(code));
        let Some(order) = outcome.order.clone() else {
            return outcome;
        };
        let from = Some(order.status);
        self.add_timeline_entry(
            attempt,
            &order,
            TimelineDraft {
                from,
                code: Some(code),
                ..TimelineDraft::default()
            },
        );
        if attempt.command.body.order_action() == Some(Action::Accept) {
            self.emit_event(EventType::OrderAcceptanceLost, attempt, order, |body| {
                body.code = Some(code);
            });
        }
        outcome
    }

    /// True if a case already records that this accept lost to a take-back.
    pub fn is_listed(&self, attempt: &Attempt) -> bool {
        let Some(actor) = attempt.actor else {
            return true;
        };
        let key = (attempt.command.id, actor.user_id);
        let now = self
            .writes
            .cases
            .iter()
            .filter(|item| item.kind == CaseKind::TakenBack);
        self.snapshot.taken_back.contains(&key)
            || now
                .into_iter()
                .any(|item| (item.command_id, item.user_id) == key)
    }

    /// Adds the firm answer to the command's timeline entry.
    pub fn tell_promise(&mut self, attempt: &Attempt) {
        let (Some(actor), Some(promise)) = (attempt.actor, attempt.edge_promise()) else {
            return;
        };
        self.writes.promises.push(LatePromise {
            order_id: attempt.command.body.order_id(),
            command_id: attempt.command.id,
            user_id: actor.user_id,
            promise,
        });
    }

    pub fn list(&mut self, attempt: &Attempt, outcome: &Outcome, kinds: Vec<CaseKind>) {
        let Some(actor) = attempt.actor else { return };
        let order_id = attempt.command.body.order_id();
        let code = outcome
            .code
            .or(outcome.first.as_ref().and_then(|first| first.code));
        for kind in kinds {
            if kind == CaseKind::MetClosed {
                self.met_closed.insert((order_id, actor.user_id));
            }
            self.writes.cases.push(NewCase {
                order_id,
                user_id: actor.user_id,
                kind,
                command_id: attempt.command.id,
                code,
            });
        }
    }

    /// `broken`: why the edge's promise does not hold.
    fn record_refusal(
        &mut self,
        attempt: &Attempt,
        code: Code,
        broken: Option<BrokenPromise>,
    ) -> Outcome {
        let order = self.order_for(attempt);
        if consumes_command_id(attempt, code)
            || self.snapshot.disabled == Some(DisabledRule::RefuseNotConsume)
        {
            self.store_answer(
                attempt,
                false,
                Some(code),
                order.as_ref().map(|order| order.version),
            );
        }
        let state = self.order_state(attempt.command.body.order_id()).cloned();
        let now = self.snapshot.now;
        let lost = state
            .as_ref()
            .and_then(|state| explain::explain_loss(attempt, state, code, now));
        let (promise_ended, taken_back) = broken.unzip();
        let taken_back = taken_back.flatten();
        let lost = lost.map(|lost| Lost {
            promise_ended,
            taken_back,
            ..lost
        });
        if let Some(OrderState { order, .. }) = state {
            self.record_refusal_traces(attempt, order, code, lost.clone());
        }
        let outcome = Outcome::new_rejected(code, order, now);
        Outcome { lost, ..outcome }
    }

    /// The end of the right behind an edge's promise, if it was taken back.
    pub fn taken_back(&self, attempt: &Attempt, order: &Order) -> Option<FenceEnd> {
        match PromiseBacking::from_evidence(attempt, self.current_assignment(order.location)?) {
            PromiseBacking::TakenBack(end) => Some(end),
            PromiseBacking::None | PromiseBacking::Stands => None,
        }
    }

    /// The order to attach to a refusal, unless hidden from this person: an edge merges it whole
    /// and shows readers their parts.
    fn order_for(&self, attempt: &Attempt) -> Option<Order> {
        let order = &self.order_state(attempt.command.body.order_id())?.order;
        (!view::is_hidden_from_author(order, attempt)).then(|| order.clone())
    }

    fn offer_nearby_jobs(&self, order: Option<&Order>, lost: Option<&mut Lost>) {
        if let (Some(order), Some(lost)) = (order, lost) {
            let open = self.snapshot.open_jobs.iter();
            let open = open.map(|job| self.changed.get(&job.id).map_or(job, |now| &now.order));
            lost.nearby = explain::nearby_jobs(order, open);
        }
    }
}

/// The provider who loses the order because someone else withdraws it.
fn taken_from(attempt: &Attempt, before: &Order) -> Option<UserId> {
    let withdrawn = attempt.command.body.order_action() == Some(Action::Withdraw);
    let actor = attempt.actor.map(|actor| actor.user_id);
    before
        .provider_id
        .filter(|provider| withdrawn && Some(*provider) != actor)
}

/// The one event of a change: its specific event, or `order.status_changed`.
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

/// True if a refusal uses up the command id. Edge ops and waiting accepts always do. A portal user
/// may reuse the id if nothing was decided (authentication failure, unknown order, invalid input,
/// fault) or the refusal may change.
pub(crate) fn consumes_command_id(attempt: &Attempt, code: Code) -> bool {
    match attempt.origin {
        Origin::Edge(_) | Origin::Waited { .. } => true,
        Origin::Portal => {
            let undecided = matches!(code.status(), 401 | 404 | 422 | 429 | 500..);
            let may_change = matches!(
                code,
                Code::Revoked
                    | Code::NotVerified
                    | Code::RegionAssigningOffline
                    | Code::TermsChanged
            );
            !undecided && !may_change
        }
    }
}
