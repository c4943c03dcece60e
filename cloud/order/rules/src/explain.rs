//! Explains a lost acceptance: the winner, the loser's own times, and open jobs nearby.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet},
};

use wire::{Action, Code, Lost, NearbyJob, Order, OrderId, OrderStatus, Region, UnixMillis};

use crate::{Attempt, OrderState, Snapshot, StoredAnswer, Submission};

const NEARBY_MAX: usize = 3;

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
pub(crate) fn lost_again(
    attempt: &Attempt,
    state: &OrderState,
    stored: &StoredAnswer,
) -> Option<Lost> {
    let code = stored.code.filter(|_| !stored.applied)?;
    let lost = explain_loss(attempt, state, code, stored.decided_at)?;
    let known = code != Code::OrderAlreadyAccepted || lost.winner_decided_at.is_some();
    known.then_some(lost)
}

/// The nearest of `open`: same service type first, then the closest price, then the newest.
pub(crate) fn nearby_jobs<'a>(
    order: &Order,
    open: impl Iterator<Item = &'a Order>,
) -> Vec<NearbyJob> {
    let mut jobs: Vec<&Order> = open
        .filter(|job| job.location == order.location && job.id != order.id)
        .filter(|job| job.status == OrderStatus::Pending)
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
