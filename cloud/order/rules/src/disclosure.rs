//! Limits what people learn about an order: its existence, its address, and the reason for a lost
//! acceptance.
//!
//! `wire::order_visible_to` (`protocol/wire/src/visibility.rs`) decides who may read an order and
//! its address. This module hides orders from people without read access in answers, records
//! address disclosure in the timeline, and explains a lost acceptance: the winner, the loser's own
//! times, and open jobs nearby.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet},
};

use wire::{
    Action, Actor, AddressShown, Code, Lost, NearbyJob, Order, OrderId, OrderStatus, Region, Role,
    UnixMillis, Verdict, order_visible_to,
};

use crate::{Assignment, Attempt, OrderState, Snapshot, StoredAnswer, Submission};

const NEARBY_MAX: usize = 3;

/// True if the order must look nonexistent to this person and command. A provider who accepts an
/// open order too late learns where it went. At an edge they act on an order the edge has shown
/// them, so they get the real reason.
pub(crate) fn is_hidden(order: &Order, actor: Actor, attempt: &Attempt) -> bool {
    let accepts = attempt.command.body.order_action() == Some(Action::Accept);
    let told = match actor.role {
        Role::Provider => attempt.op().is_some() || (accepts && order.status.may_have_been_open()),
        Role::Customer | Role::Admin => false,
    };
    !told && order_visible_to(order, actor).is_none()
}

/// A command without an authenticated author sees no order.
pub(crate) fn is_hidden_from_author(order: &Order, attempt: &Attempt) -> bool {
    match attempt.actor {
        Some(actor) => is_hidden(order, actor, attempt),
        None => true,
    }
}

/// The address disclosure to record in a timeline entry, if the attempt let its author read the
/// order's address, even if it failed. `before` is the order as the attempt found it; `code` is the
/// reason if the attempt changed nothing.
pub(crate) fn recorded_disclosure(
    attempt: &Attempt,
    before: Option<&OrderState>,
    assignment: Option<&Assignment>,
    code: Option<Code>,
) -> Option<AddressShown> {
    match attempt.command.body.order_action()? {
        Action::Accept if was_promised(attempt) => Some(AddressShown::Firm),
        Action::Accept => code.is_none().then_some(AddressShown::Decided),
        Action::Start => {
            let early = shows_address_at_start(attempt, assignment)
                && !was_accepted_before_start(attempt, before);
            early.then_some(AddressShown::Started)
        }
        _ => None,
    }
}

/// True if an edge answered firm, in this epoch or an earlier one.
fn was_promised(attempt: &Attempt) -> bool {
    let Some(op) = attempt.op() else { return false };
    let first = op.evidence.relogged.as_ref().map(|first| first.verdict);
    op.evidence.verdict == Verdict::Firm || first == Some(Verdict::Firm)
}

/// True if the region's rules show the address at a start, now or in the edge's version: the edge
/// may have received the rule after logging the start.
fn shows_address_at_start(attempt: &Attempt, assignment: Option<&Assignment>) -> bool {
    let (Some(op), Some(assignment)) = (attempt.op(), assignment) else {
        return false;
    };
    let known = assignment.rules_at(op.evidence.rules_version);
    known.address_at_start || assignment.rules.address_at_start
}

/// True if the person's acceptance was decided before the edge logged the start; that acceptance's
/// entry then records the disclosure.
fn was_accepted_before_start(attempt: &Attempt, before: Option<&OrderState>) -> bool {
    let (Some(op), Some(before)) = (attempt.op(), before) else {
        return false;
    };
    let actor = attempt.actor.map(|actor| actor.user_id);
    let own = before
        .acceptance
        .as_ref()
        .filter(|_| before.order.provider_id == actor);
    own.is_some_and(|acceptance| acceptance.decided_at <= op.evidence.received_at)
}

/// The regions whose open jobs the store reads into the snapshot, to offer to losers. May name too
/// many: each extra region only costs a read.
pub fn regions_to_explain(snapshot: &Snapshot, submissions: &[Submission]) -> BTreeSet<Region> {
    let mut accepts = BTreeSet::new();
    let mut touches: BTreeMap<OrderId, u32> = BTreeMap::new();
    for request in submissions {
        let Submission::Command(attempt) = request else {
            continue;
        };
        let body = &attempt.command.body;
        *touches.entry(body.order_id()).or_default() += 1;
        if body.order_action() == Some(Action::Accept) {
            accepts.insert(body.order_id());
        }
    }
    accepts
        .iter()
        .filter_map(|id| snapshot.orders.get(id))
        .map(|state| &state.order)
        .filter(|order| {
            // Another command in this batch, or an earlier one, may win the order.
            order.status != OrderStatus::Pending || touches.get(&order.id).is_some_and(|n| *n > 1)
        })
        .map(|order| order.location)
        .collect()
}

/// The facts of a refused acceptance at that moment. `nearby` is filled at the end of the batch,
/// when the jobs still open are certain.
pub(crate) fn explain_loss(
    attempt: &Attempt,
    state: &OrderState,
    code: Code,
    at: UnixMillis,
) -> Option<Lost> {
    if attempt.command.body.order_action() != Some(Action::Accept) || !is_loss(code) {
        return None;
    }
    let taken = code == Code::OrderAlreadyAccepted || code.is_broken_promise();
    let status = state.order.status;
    let winner = state
        .acceptance
        .as_ref()
        .filter(|_| taken && status.has_provider());
    let winner = winner.filter(|acceptance| acceptance.decided_at <= at);
    Some(Lost {
        winner_decided_at: winner.map(|acceptance| acceptance.decided_at),
        winner_source: winner.map(|acceptance| acceptance.source.clone()),
        tapped_at: attempt.command.tapped_at,
        edge_at: attempt.edge_at(),
        nearby: Vec::new(),
        taken_back: None,
        race_rule: winner.and_then(|acceptance| acceptance.rule),
        status: Some(status),
        promise_ended: None,
    })
}

/// The explanation for a repeat, or `None` if a later acceptance replaced the winning one.
pub(crate) fn explain_repeated_loss(
    attempt: &Attempt,
    state: &OrderState,
    stored: &StoredAnswer,
) -> Option<Lost> {
    let code = stored.code.filter(|_| !stored.applied)?;
    let lost = explain_loss(attempt, state, code, stored.decided_at)?;
    let known = code != Code::OrderAlreadyAccepted || lost.winner_decided_at.is_some();
    known.then_some(lost)
}

/// The nearest of `open`: same service type first, then the closest price, then the newest. Jobs
/// offered to a few providers are left out.
pub(crate) fn nearby_jobs<'a>(
    order: &Order,
    open: impl Iterator<Item = &'a Order>,
    now: UnixMillis,
) -> Vec<NearbyJob> {
    let mut jobs: Vec<&Order> = open
        .filter(|job| job.location == order.location && job.id != order.id)
        .filter(|job| job.status == OrderStatus::Pending && job.running_offer(now).is_none())
        .collect();
    jobs.sort_by_key(|job| {
        let other_kind = job.service_type != order.service_type;
        let other_currency = job.currency != order.currency;
        let apart = job.price.minor_units().abs_diff(order.price.minor_units());
        (
            other_kind,
            other_currency,
            apart,
            Reverse(job.created_at),
            job.id,
        )
    });
    jobs.into_iter().take(NEARBY_MAX).map(nearby_job).collect()
}

fn nearby_job(order: &Order) -> NearbyJob {
    NearbyJob {
        order_id: order.id,
        code: order.code.clone(),
        title: order.title.clone(),
        price: order.price,
        currency: order.currency,
    }
}

/// True if another person or change came first. All other refusals are the author's own mistakes.
fn is_loss(code: Code) -> bool {
    matches!(
        code,
        Code::OrderAlreadyAccepted
            | Code::OrderCancelled
            | Code::OrderRejected
            | Code::EdgeNotTrusted
    ) || code.is_broken_promise()
}
