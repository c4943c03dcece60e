//! The rows that one ruling leaves: its stored answer, timeline entry and event.

use wire::{Code, EventType, Lost, Order, OrderEvent, OrderStatus, RaceRule, TimelineEntry};

use super::BatchDecision;
use crate::{
    Attempt, EventDraft, NewTimelineEntry, Origin, StoredAnswer, ruling::reason_of, showing,
};

/// The timeline fields that neither the attempt nor the order supplies.
#[derive(Default)]
pub(super) struct TimelineDraft {
    pub(super) from: Option<OrderStatus>,
    pub(super) code: Option<Code>,
    pub(super) reason: Option<String>,
    pub(super) rule: Option<RaceRule>,
}

impl BatchDecision<'_> {
    /// Records a refusal: a timeline entry, and an event for a lost acceptance.
    pub(super) fn record_refusal_traces(
        &mut self,
        attempt: &Attempt,
        order: Order,
        code: Code,
        lost: Option<Lost>,
    ) {
        if leaves_a_line(attempt, code) {
            let reason = reason_of(&attempt.command.body).ok().flatten();
            let from = Some(order.status);
            let code = Some(code);
            self.add_timeline_entry(
                attempt,
                &order,
                TimelineDraft {
                    from,
                    code,
                    reason,
                    rule: None,
                },
            );
        }
        let over = matches!(
            code,
            Code::TooManyOpenJobs | Code::TooManyAcceptances | Code::NotVerified
        );
        // A portal user reads it in the response.
        if attempt.origin != Origin::Portal && (lost.is_some() || over) {
            self.emit_event(EventType::OrderAcceptanceLost, attempt, order, |body| {
                body.code = Some(code);
                body.lost = lost;
            });
        }
    }

    pub(super) fn store_answer(
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

    pub(super) fn add_timeline_entry(
        &mut self,
        attempt: &Attempt,
        order: &Order,
        draft: TimelineDraft,
    ) {
        let Some(actor) = attempt.actor else { return };
        let TimelineDraft {
            from,
            code,
            reason,
            rule,
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
            address_shown: showing::address_shown(attempt, before, assignment, code),
            race_rule: rule,
            promise: attempt.edge_promise(),
            payment_status: None,
        };
        self.writes.timeline.push(NewTimelineEntry {
            order_id: order.id,
            entry,
        });
    }

    pub(super) fn emit_event(
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

/// True if a refusal enters the timeline. Edge refusals do, since someone acted on the edge's
/// answer, but a stranger's do not. Over HTTP the stored answer is enough.
fn leaves_a_line(attempt: &Attempt, code: Code) -> bool {
    let (Some(action), Some(actor)) = (attempt.command.body.order_action(), attempt.actor) else {
        return false;
    };
    let stranger = code == Code::OrderNotFound;
    attempt.op().is_some() && action.allowed_roles().contains(&actor.role) && !stranger
}
