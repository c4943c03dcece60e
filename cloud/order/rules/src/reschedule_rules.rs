//! Rules on another time for an accepted order: one of its two people proposes it, and the other one
//! agrees.
//!
//! Invariant: a proposal stands while its order stays accepted by the same provider, at the same
//! time, and until the proposed start. An agreement ends it, so a proposal moves an order once.

use std::collections::BTreeMap;

use wire::{
    Action, Actor, Code, FieldError, Order, OrderId, OrderStatus, PlannedTime, ProposalId,
    UnixMillis, check_planned_time, is_party,
};

use crate::{
    OrderState, Snapshot, TimeProposal,
    ruling::{Ruling, RulingContext, wrong_status_code},
};

/// Why another time cannot be proposed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProposalRefusal {
    Code(Code),
    Field(FieldError),
}

/// Returns the code of the refusal if this person may not propose another time now.
pub fn check_may_propose(order: &Order, person: Actor) -> Result<(), Code> {
    if !is_party(order, person) {
        return Err(Code::OrderNotFound);
    }
    match order.status.next_status(Action::Reschedule) {
        Some(_) => Ok(()),
        None => Err(wrong_status_code(order.status, Action::Reschedule)),
    }
}

/// Checks a new proposal.
pub fn check_proposal(
    order: &Order,
    proposer: Actor,
    planned: PlannedTime,
    now: UnixMillis,
) -> Result<(), ProposalRefusal> {
    check_may_propose(order, proposer).map_err(ProposalRefusal::Code)?;
    let present = PlannedTime::from_order(order);
    check_planned_time(planned, present, now).map_err(ProposalRefusal::Field)
}

/// Checks that this proposal stands and that this person, as the other one, may answer it.
pub fn check_may_answer(
    standing: Option<&TimeProposal>,
    proposal: ProposalId,
    order: &Order,
    person: Actor,
    now: UnixMillis,
) -> Result<TimeProposal, Code> {
    if !is_party(order, person) {
        return Err(Code::OrderNotFound);
    }
    let standing = standing.filter(|one| one.id == proposal && one.stands(order, now));
    let standing = *standing.ok_or(Code::TimeProposalOver)?;
    match standing.proposer_role() == person.role {
        true => Err(Code::OwnProposal),
        false => Ok(standing),
    }
}

/// Tracks proposals within a batch, starting from the snapshot.
pub(crate) struct ProposalTracker(BTreeMap<OrderId, TimeProposal>);

impl ProposalTracker {
    pub(crate) fn from_snapshot(snapshot: &Snapshot) -> Self {
        Self(snapshot.proposals.clone())
    }

    pub(crate) fn find(&self, order: OrderId) -> Option<&TimeProposal> {
        self.0.get(&order)
    }

    /// Drops the order's proposal if the change to `after` ends it. Then returns the order, even
    /// without a proposal in the snapshot.
    pub(crate) fn follow_change(
        &mut self,
        before: Option<&Order>,
        after: &Order,
    ) -> Option<OrderId> {
        let before = before.filter(|before| before.status == OrderStatus::Accepted)?;
        let stays = after.status == OrderStatus::Accepted
            && after.provider_id == before.provider_id
            && PlannedTime::from_order(after) == PlannedTime::from_order(before);
        if stays {
            return None;
        }
        self.0.remove(&after.id);
        Some(after.id)
    }
}

/// Rules on an agreement that the order's status and its people allow.
pub(crate) fn rule_on_reschedule(
    context: RulingContext<'_>,
    state: &OrderState,
    proposal: ProposalId,
) -> Result<Ruling, Code> {
    let RulingContext { actor, now, .. } = context;
    let order = &state.order;
    let agreed = check_may_answer(context.proposal, proposal, order, actor, now)?;
    if context.is_double_booked {
        return Err(Code::DoubleBooked);
    }
    let mut after = state.with_status(order.status, now);
    after.order = agreed.planned.apply_to(&after.order);
    Ok(Ruling::Changed {
        after: Box::new(after),
        reason: None,
        under_rule: false,
    })
}
