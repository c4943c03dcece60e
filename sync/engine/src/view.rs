//! An edge's view: confirmed orders, overlaid with its pending ops in log order.
//!
//! Invariants: nothing lowers a confirmed version [OUTCOME_MERGE]; the overlay never touches a
//! confirmed row; a pending op that no longer applies is marked in doubt and skipped, and blocks
//! neither reads nor later ops.

mod claimants;

use wire::{
    AcceptanceCertainty, Action, Actor, Code, CommandBody, CommandId, Draft, EdgeId, Hash,
    OfflineRules, Order, OrderId, OrderStatus, PaymentStatus, Role, Source, UnixMillis, Verdict,
    is_party,
};

pub use claimants::PotentialActors;

/// A logged command without an outcome.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PendingOp {
    pub seq: u64,
    pub command_id: CommandId,
    pub actor: Actor,
    pub body: CommandBody,
    pub verdict: Verdict,
    pub fence: Option<u64>,
    pub received_at: UnixMillis,
    /// The value in the op.
    pub cut_off: Option<bool>,
}

/// A pending start of work without held funds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UnpaidStart {
    pub cut_off: Option<bool>,
}

/// A pending op's position in the view.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PendingOpStatus {
    pub seq: u64,
    pub command_id: CommandId,
    pub fence: Option<u64>,
    /// The reason that the op no longer applies. The view skips such an op.
    pub doubt: Option<Code>,
    /// While this edge is the region's proven holder, the op can no longer change the order in the
    /// cloud, so it casts no doubt on it [FIRM_BASE].
    pub is_idle: bool,
    /// The op leaves the order as it is.
    pub keeps_order: bool,
}

/// One order as this edge sees it, and the pending ops in that view.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EdgeOrderView {
    pub order: Option<Order>,
    /// How certain the order's provider is.
    pub certainty: AcceptanceCertainty,
    pub pending: Vec<PendingOpStatus>,
    /// `None` if the order is unknown.
    pub claimants: Option<PotentialActors>,
    /// The start without held funds that the work builds on, until the cloud decides it.
    pub unpaid_start: Option<UnpaidStart>,
    /// The work runs unpaid under a rule for edges only, so its customer may still cancel.
    pub is_unpaid_work: bool,
    /// The command's customer is in good standing. Set only if a rule needs it.
    pub in_good_standing: bool,
    /// The command accepts an order at hours that another job of the provider takes.
    pub is_double_booked: bool,
    /// The command accepts an order that is offered to other providers for a time.
    pub is_offered_to_others: bool,
}

impl EdgeOrderView {
    /// True if this command, next in the log, could still change the order in the cloud. Reliable
    /// only while this edge holds the region.
    pub fn may_change(&self, actor: Actor, body: &CommandBody) -> bool {
        self.claimants
            .as_ref()
            .is_none_or(|claimants| claimants.may_change(actor, body))
    }
}

/// Overlays an order's confirmed row with its pending ops, which come in log order. `rules` are the
/// region's.
pub fn overlay_pending_ops(
    confirmed: Option<Order>,
    ops: Vec<PendingOp>,
    edge: &EdgeId,
    rules: &OfflineRules,
) -> EdgeOrderView {
    let claimants = confirmed.as_ref().map(PotentialActors::from_order);
    let pending = Vec::with_capacity(ops.len());
    let mut view = EdgeOrderView {
        order: confirmed,
        pending,
        claimants,
        ..EdgeOrderView::default()
    };
    for op in ops {
        let is_idle = op.fence.is_none() && !view.may_change(op.actor, &op.body);
        let doubt = apply_pending_op(&mut view, &op, edge, rules).err();
        match (&mut view.claimants, &view.order) {
            (Some(claimants), _) if !is_idle => claimants.record_op(&op),
            (unknown @ None, Some(published)) => {
                *unknown = Some(PotentialActors::from_order(published))
            }
            _ => {}
        }
        let PendingOp {
            seq,
            command_id,
            fence,
            body,
            ..
        } = op;
        view.pending.push(PendingOpStatus {
            seq,
            command_id,
            fence,
            doubt,
            is_idle,
            keeps_order: body.order_action().is_some_and(Action::keeps_status),
        });
    }
    let order = view.order.as_ref();
    view.is_unpaid_work = order.is_some_and(|order| rules.is_unpaid_work(order));
    view
}

fn apply_pending_op(
    view: &mut EdgeOrderView,
    op: &PendingOp,
    edge: &EdgeId,
    rules: &OfflineRules,
) -> Result<(), Code> {
    let Some(order) = &mut view.order else {
        let CommandBody::PublishOrder {
            order_id,
            order: draft,
        } = &op.body
        else {
            return Err(Code::OrderNotFound);
        };
        view.order = Some(build_published_order(*order_id, draft, op, edge));
        return Ok(());
    };
    let is_unpaid_work = rules.is_unpaid_work(order);
    match op.body.order_action() {
        // The feed arrived before the outcome: this order is the published one.
        None if order.customer_id == op.actor.user_id => Ok(()),
        None => Err(Code::LooksWrongState),
        Some(action) if already_done(order, action, op.actor) => Ok(()),
        Some(action) if action.keeps_status() => {
            find_doubt(op.actor, action, order, is_unpaid_work).map_or(Ok(()), Err)
        }
        Some(action) => match (
            find_doubt(op.actor, action, order, is_unpaid_work),
            next_status(op.actor.role, action, order, is_unpaid_work),
        ) {
            (Some(doubt), _) => Err(doubt),
            (None, next) => {
                // Without a next state, the order's provider accepts it again.
                if let Some(next) = next {
                    apply_action(order, action, next, op);
                }
                view.unpaid_start = match action {
                    Action::Start => {
                        let start = UnpaidStart {
                            cut_off: op.cut_off,
                        };
                        lacks_funds(order).then_some(start)
                    }
                    Action::Complete => view.unpaid_start,
                    _ => None,
                };
                view.certainty = hold_after(view.certainty, action, op, next.is_some());
                Ok(())
            }
        },
    }
}

/// The reason that the viewed order contradicts the action. Accepting one's own order again is a
/// retry and fits.
pub(crate) fn find_doubt(
    actor: Actor,
    action: Action,
    order: &Order,
    is_unpaid_work: bool,
) -> Option<Code> {
    let theirs = order.provider_id == Some(actor.user_id);
    let dead = matches!(order.status, OrderStatus::Cancelled | OrderStatus::Rejected);
    // A customer's approval counts only under an offline rule.
    let by_rule = action == Action::Approve && order.customer_id == actor.user_id;
    match action {
        _ if !action.allowed_roles().contains(&actor.role) && !by_rule => {
            return Some(Code::LooksNotYours);
        }
        Action::Accept if theirs && !dead => return None,
        Action::Accept if order.provider_id.is_some() && !theirs => return Some(Code::LooksTaken),
        Action::Withdraw if actor.role == Role::Admin => {}
        Action::Withdraw | Action::Start | Action::Complete | Action::Report if !theirs => {
            return Some(Code::LooksNotYours);
        }
        Action::Reschedule | Action::Message if !is_party(order, actor) => {
            return Some(Code::LooksNotYours);
        }
        // The messages close some time after the end. The cloud knows when that was.
        Action::Message
            if matches!(order.status, OrderStatus::Reviewed | OrderStatus::Cancelled) =>
        {
            return None;
        }
        Action::Cancel | Action::Review | Action::Answer
            if actor.role == Role::Customer && order.customer_id != actor.user_id =>
        {
            return Some(Code::LooksNotYours);
        }
        _ => {}
    }
    next_status(actor.role, action, order, is_unpaid_work)
        .is_none()
        .then_some(Code::LooksWrongState)
}

/// Like the cloud, lets a customer cancel work that runs unpaid under a rule for edges only.
fn next_status(
    role: Role,
    action: Action,
    order: &Order,
    is_unpaid_work: bool,
) -> Option<OrderStatus> {
    let cancels = (action, role) == (Action::Cancel, Role::Customer);
    order
        .status
        .next_status_by_role(action, role)
        .or((cancels && is_unpaid_work).then_some(OrderStatus::Cancelled))
}

/// True if a provider cannot do both of these orders.
pub fn overlaps_in_time(one: &Order, other: &Order) -> bool {
    let hours = one.service_hours().zip(other.service_hours());
    one.id != other.id && hours.is_some_and(|(one, other)| one.overlaps(other))
}

/// True if no funds are held for the order, by the cloud's last report.
pub(crate) fn lacks_funds(order: &Order) -> bool {
    order.payment_status != PaymentStatus::Held
}

/// True if the feed delivered the op's effect before its outcome.
fn already_done(order: &Order, action: Action, actor: Actor) -> bool {
    let theirs = order.provider_id == Some(actor.user_id);
    match action {
        // A repeat of one's own acceptance raises no doubt anyway; a report shows in no order.
        Action::Accept | Action::Report | Action::Answer | Action::Reschedule | Action::Message => {
            false
        }
        Action::Start => theirs && order.status == OrderStatus::InProgress,
        Action::Complete => theirs && order.status == OrderStatus::Completed,
        Action::Approve => order.status == OrderStatus::Pending,
        Action::Reject => order.status == OrderStatus::Rejected,
        Action::Cancel => order.status == OrderStatus::Cancelled,
        Action::Review => order.status == OrderStatus::Reviewed,
        Action::Withdraw => order.status == OrderStatus::Pending && order.provider_id.is_none(),
    }
}

/// Keeps the confirmed version: only the cloud assigns versions.
fn apply_action(order: &mut Order, action: Action, next: OrderStatus, op: &PendingOp) {
    order.status = next;
    order.updated_at = op.received_at;
    match action {
        Action::Accept => order.provider_id = Some(op.actor.user_id),
        Action::Withdraw => order.provider_id = None,
        _ => {}
    }
}

/// How certain the order's provider is after this op, which may have changed nothing.
fn hold_after(
    before: AcceptanceCertainty,
    action: Action,
    op: &PendingOp,
    changed: bool,
) -> AcceptanceCertainty {
    match (action, op.verdict) {
        (Action::Accept, Verdict::Firm) => AcceptanceCertainty::Sure,
        (Action::Accept, _) if changed => AcceptanceCertainty::Unsure,
        (Action::Start, _) if before == AcceptanceCertainty::Unsure => {
            AcceptanceCertainty::UnsureStarted
        }
        (Action::Withdraw, _) => AcceptanceCertainty::Sure,
        _ => before,
    }
}

/// An order that exists only at this edge so far: version 0.
fn build_published_order(id: OrderId, draft: &Draft, op: &PendingOp, edge: &EdgeId) -> Order {
    let source = Source::Edge(edge.clone());
    let order = Order::new_published(id, draft.clone(), op.actor.user_id, op.received_at, source);
    Order {
        version: 0,
        ..order
    }
}

/// A confirmed row, and the newest version from the feed. An outcome may be ahead of the feed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfirmedOrder {
    pub order: Order,
    pub feed_version: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OrderSource {
    Feed,
    Outcome,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MergeResult {
    Raised,
    /// The row is at least as new, so its order stays.
    Kept,
    /// Same version, different content: raises an alarm, and the row stays.
    Conflict,
}

/// Merges an order by version. Returns the row to store and the result for the incoming order.
pub fn merge_order(
    row: Option<&ConfirmedOrder>,
    incoming: Order,
    via: OrderSource,
) -> (ConfirmedOrder, MergeResult) {
    let brought = if via == OrderSource::Feed {
        incoming.version
    } else {
        0
    };
    let Some(row) = row else {
        return (
            ConfirmedOrder {
                order: incoming,
                feed_version: brought,
            },
            MergeResult::Raised,
        );
    };
    let feed_version = row.feed_version.max(brought);
    if incoming.version > row.order.version {
        return (
            ConfirmedOrder {
                order: incoming,
                feed_version,
            },
            MergeResult::Raised,
        );
    }
    let conflict = incoming.version == row.order.version && incoming != row.order;
    let merge = if conflict {
        MergeResult::Conflict
    } else {
        MergeResult::Kept
    };
    (
        ConfirmedOrder {
            order: row.order.clone(),
            feed_version,
        },
        merge,
    )
}

/// True if the row leaves the view when the feed reports that `gone_version` left the region.
pub fn leaves_view(row: &ConfirmedOrder, gone_version: u64) -> bool {
    gone_version >= row.order.version
}

/// The running digest over confirmed rows, and the count of rows ahead of the feed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ViewDigest {
    pub digest: Hash,
    pub orders: u64,
    pub ahead: u32,
}

impl Default for ViewDigest {
    fn default() -> Self {
        Self {
            digest: Hash::ZERO,
            orders: 0,
            ahead: 0,
        }
    }
}

impl ViewDigest {
    /// Replaces one row with another; either may be absent.
    pub fn replace_row(&mut self, old: Option<&ConfirmedOrder>, new: Option<&ConfirmedOrder>) {
        if let Some(row) = old {
            self.digest.toggle_member(row.order.compute_digest());
            self.orders = self.orders.saturating_sub(1);
            self.ahead = self.ahead.saturating_sub(u32::from(row.is_ahead()));
        }
        if let Some(row) = new {
            self.digest.toggle_member(row.order.compute_digest());
            self.orders += 1;
            self.ahead += u32::from(row.is_ahead());
        }
    }
}

impl ConfirmedOrder {
    /// True if an outcome brought a version that the feed has not delivered yet.
    pub fn is_ahead(&self) -> bool {
        self.order.version > self.feed_version
    }
}

#[cfg(test)]
mod tests;
