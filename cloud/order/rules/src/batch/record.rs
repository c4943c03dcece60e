//! Records a ruling: the order change, and the rows and events that it leaves.
//!
//! Invariant: an order change, its timeline entry, its event and the command's answer are recorded
//! together.

use wire::{
    Action, Code, EventType, FenceEnd, FenceEnding, Lost, OpDecision, Order, OrderEvent,
    OrderStatus, Outcome, OutcomeKind, PlannedTime, RaceRule, TimelineEntry, UserId,
};

use super::{
    BatchDecision, CaseKind, EventDraft, LatePromise, NewCase, NewTimelineEntry, OrderVersionGuard,
    OrderWrite, Writes,
};
use crate::{
    Attempt, NewMessage, OrderRule, OrderState, Origin, StoredAnswer, disclosure, is_disabled,
    order_rules, ruling::Ruling,
};

/// Why a promise does not hold, and the end of the right behind it if it was taken back.
type BrokenPromise = (FenceEnding, Option<FenceEnd>);

/// The timeline fields that neither the attempt nor the order supplies.
#[derive(Default)]
struct TimelineDraft {
    from: Option<OrderStatus>,
    code: Option<Code>,
    reason: Option<String>,
    rule: Option<RaceRule>,
    moved_from: Option<PlannedTime>,
    moved_to: Option<PlannedTime>,
}

impl BatchDecision<'_> {
    /// Records the writes of a ruling and returns its outcome.
    pub(crate) fn record_ruling(
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
            Ruling::Sent(message) => self.record_message(attempt, *message),
            Ruling::Meanwhile(code) => self.record_promise_on_closed_order(attempt, code),
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
    pub(crate) fn close(mut self, mut answers: Vec<OpDecision>) -> Writes {
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
            None => event_type_for(attempt.command.body.order_action()),
        };
        let before = before.cloned();
        let used = self
            .shares
            .count_change(attempt, before.as_ref(), order, self.snapshot.now);
        self.writes.acts.extend(used);
        self.bookings.follow_change(before.as_ref(), order);
        let ended = self.proposals.follow_change(before.as_ref(), order);
        self.writes.ended_proposals.extend(ended);
        let accepted = attempt.command.body.order_action() == Some(Action::Accept);
        let won = after.acceptance.as_ref().filter(|_| accepted);
        let rule = won.and_then(|acceptance| acceptance.rule);
        let moves = attempt.command.body.order_action() == Some(Action::Reschedule);
        let moved_from = before.as_ref().filter(|_| moves);
        let moved_to = Some(order).filter(|_| moves);
        let line = TimelineDraft {
            from,
            rule,
            moved_from: moved_from.and_then(PlannedTime::from_order),
            moved_to: moved_to.and_then(PlannedTime::from_order),
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
        let incident = self.find_report(attempt);
        self.record_incident(attempt);
        self.emit_event(kind, attempt, order.clone(), |body| {
            body.reason = reason;
            body.taken_from = taken_from;
            body.terms = after.terms;
            body.paid_afterwards = paid_afterwards;
            body.incident = incident;
            body.incident_answer = attempt.command.body.incident_answer();
            body.other_time = line.moved_to;
            if kind == EventType::OrderCancelled {
                body.refund = order_rules::refund_amount(after);
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

    /// Records a message: the order's history has no entry for it.
    fn record_message(&mut self, attempt: &Attempt, message: NewMessage) -> Outcome {
        let outcome = self.record_unchanged(attempt, None);
        if let Some(order) = outcome.order.clone() {
            self.emit_event(EventType::OrderMessageSent, attempt, order, |_| {});
        }
        self.messages.record_message(&message);
        self.writes.messages.push(message);
        outcome
    }

    /// Records an edge's promise on a closed order: it counts, enters the timeline, and its
    /// provider is notified once.
    fn record_promise_on_closed_order(&mut self, attempt: &Attempt, code: Code) -> Outcome {
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

    /// Adds the firm answer to the command's timeline entry.
    pub(crate) fn record_late_promise(&mut self, attempt: &Attempt) {
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

    pub(crate) fn list(&mut self, attempt: &Attempt, outcome: &Outcome, kinds: Vec<CaseKind>) {
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
        let order = self.order_to_attach(attempt);
        if consumes_command_id(attempt, code) || is_disabled(OrderRule::RefuseNotConsume) {
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
            .and_then(|state| disclosure::explain_loss(attempt, state, code, now));
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

    /// The order to attach to a refusal, unless hidden from this person: an edge merges it whole
    /// and shows readers their parts.
    fn order_to_attach(&self, attempt: &Attempt) -> Option<Order> {
        let order = &self.order_state(attempt.command.body.order_id())?.order;
        (!disclosure::is_hidden_from_author(order, attempt)).then(|| order.clone())
    }

    fn offer_nearby_jobs(&self, order: Option<&Order>, lost: Option<&mut Lost>) {
        if let (Some(order), Some(lost)) = (order, lost) {
            let open = self.snapshot.open_jobs.iter();
            let open = open.map(|job| self.changed.get(&job.id).map_or(job, |now| &now.order));
            lost.nearby = disclosure::nearby_jobs(order, open, self.snapshot.now);
        }
    }

    /// Records a refusal: a timeline entry, and an event for a lost acceptance.
    fn record_refusal_traces(
        &mut self,
        attempt: &Attempt,
        order: Order,
        code: Code,
        lost: Option<Lost>,
    ) {
        if enters_timeline(attempt, code) {
            let reason = order_rules::checked_reason(&attempt.command.body)
                .ok()
                .flatten();
            let from = Some(order.status);
            let code = Some(code);
            self.add_timeline_entry(
                attempt,
                &order,
                TimelineDraft {
                    from,
                    code,
                    reason,
                    ..TimelineDraft::default()
                },
            );
        }
        let is_barred = matches!(
            code,
            Code::TooManyOpenJobs
                | Code::TooManyAcceptances
                | Code::NotVerified
                | Code::DoubleBooked
                | Code::OfferedToOthers
        );
        // A portal user reads it in the response.
        if attempt.origin != Origin::Portal && (lost.is_some() || is_barred) {
            self.emit_event(EventType::OrderAcceptanceLost, attempt, order, |body| {
                body.code = Some(code);
                body.lost = lost;
            });
        }
    }

    fn store_answer(
        &mut self,
        attempt: &Attempt,
        applied: bool,
        code: Option<Code>,
        version: Option<u64>,
    ) {
        let command = &attempt.command;
        let answer = StoredAnswer {
            command_id: command.id,
            user_id: attempt.actor.map(|actor| actor.user_id),
            hash: command.body.hash(),
            applied,
            code,
            order_id: command.body.order_id(),
            order_version: version,
            op: attempt.op().map(|op| op.identity.clone()),
            decided_at: self.snapshot.now,
        };
        self.answered
            .insert(answer.command_key(), self.writes.commands.len());
        self.writes.commands.push(answer);
    }

    fn add_timeline_entry(&mut self, attempt: &Attempt, order: &Order, draft: TimelineDraft) {
        let Some(actor) = attempt.actor else { return };
        let TimelineDraft {
            from,
            code,
            reason,
            rule,
            moved_from,
            moved_to,
        } = draft;
        let op = attempt.op();
        let before = self.order_state(order.id);
        let assignment = self.current_assignment(order.location);
        let entry = TimelineEntry {
            version: order.version,
            action: attempt.command.body.order_action(),
            actor,
            from,
            to: order.status,
            code,
            reason,
            hops: attempt.hops_until(self.snapshot.now),
            command_id: attempt.command.id,
            source: attempt.source(),
            edge: op.map(|op| op.identity.edge.clone()),
            epoch: op.map(|op| op.identity.epoch),
            seq: op.map(|op| op.identity.seq),
            verdict: op.map(|op| op.evidence.verdict),
            address_shown: disclosure::recorded_disclosure(attempt, before, assignment, code),
            race_rule: rule,
            promise: attempt.edge_promise(),
            payment_status: None,
            evidence: attempt.command.body.work_evidence(),
            incident: attempt.command.body.incident_report(),
            incident_answer: attempt.command.body.incident_answer(),
            moved_from,
            moved_to,
            offer: None,
            offered_until: None,
        };
        self.writes.timeline.push(NewTimelineEntry {
            order_id: order.id,
            entry,
        });
    }

    fn emit_event(
        &mut self,
        kind: EventType,
        attempt: &Attempt,
        order: Order,
        fill: impl FnOnce(&mut OrderEvent),
    ) {
        let Some(actor) = attempt.actor else { return };
        let command_id = attempt.command.id;
        let terms = self.order_state(order.id).and_then(|state| state.terms);
        let mut body = OrderEvent {
            terms,
            ..OrderEvent::from_order(order, actor, command_id)
        };
        fill(&mut body);
        self.writes.events.push(EventDraft {
            kind,
            trace: attempt.trace_id(),
            body,
        });
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
fn event_type_for(action: Option<Action>) -> EventType {
    match action {
        None => EventType::OrderCreated,
        Some(Action::Approve) => EventType::OrderApproved,
        Some(Action::Reject) => EventType::OrderRejected,
        Some(Action::Accept) => EventType::OrderAccepted,
        Some(Action::Cancel) => EventType::OrderCancelled,
        Some(Action::Complete) => EventType::OrderCompleted,
        Some(Action::Withdraw | Action::Start | Action::Review) => EventType::OrderStatusChanged,
        Some(Action::Report) => EventType::OrderIncidentReported,
        Some(Action::Answer) => EventType::OrderIncidentAnswered,
        Some(Action::Reschedule) => EventType::OrderRescheduled,
        Some(Action::Message) => EventType::OrderMessageSent,
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
                    | Code::DoubleBooked
                    | Code::OfferedToOthers
                    | Code::RegionAssigningOffline
                    | Code::TermsChanged
                    | Code::MessagesNotOpen
                    | Code::MessagesClosed
                    | Code::MessagesBlocked
            );
            !undecided && !may_change
        }
    }
}

/// True if a refusal enters the timeline. Edge refusals do, since someone acted on the edge's
/// answer, but a stranger's do not. Over HTTP the stored answer is enough. So it is for a report: it
/// has no effect, and refused ones would push other lines off the history's page.
fn enters_timeline(attempt: &Attempt, code: Code) -> bool {
    let (Some(action), Some(actor)) = (attempt.command.body.order_action(), attempt.actor) else {
        return false;
    };
    let stranger = code == Code::OrderNotFound;
    let has_effect = !action.keeps_status() && !stranger;
    attempt.op().is_some() && action.allowed_roles().contains(&actor.role) && has_effect
}
