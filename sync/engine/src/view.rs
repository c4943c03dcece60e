//! What an edge sees: confirmed orders, with its pending ops laid over them in log order.
//!
//! Invariants: nothing lowers a confirmed version [OUTCOME_MERGE]; the overlay never touches a
//! confirmed row; a pending op that no longer applies is shown in doubt and skipped, and neither
//! blocks reading nor what comes after it.

use wire::{
    Action, Actor, Code, CommandBody, CommandId, Draft, EdgeId, Hash, Order, OrderCode, OrderId,
    OrderStatus, PaymentStatus, Source, UnixMillis, Verdict,
};

use crate::verdict;

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
}

/// How a pending op stands in the view.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standpoint {
    pub seq: u64,
    pub command_id: CommandId,
    pub fence: Option<u64>,
    /// Why it no longer applies to what is seen; it is skipped then.
    pub doubt: Option<Code>,
}

/// One order as this edge sees it, and the pending ops that the sight rests on.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sight {
    pub order: Option<Order>,
    pub pending: Vec<Standpoint>,
}

/// Lays the pending ops on one order over its confirmed row. They come in log order.
pub fn see(confirmed: Option<Order>, ops: Vec<PendingOp>, edge: &EdgeId) -> Sight {
    let mut sight = Sight { order: confirmed, pending: Vec::with_capacity(ops.len()) };
    for op in ops {
        let doubt = lay(&mut sight.order, &op, edge).err();
        let PendingOp { seq, command_id, fence, .. } = op;
        sight.pending.push(Standpoint { seq, command_id, fence, doubt });
    }
    sight
}

fn lay(seen: &mut Option<Order>, op: &PendingOp, edge: &EdgeId) -> Result<(), Code> {
    let Some(order) = seen else {
        let CommandBody::PublishOrder { order_id, order: draft } = &op.body else {
            return Err(Code::OrderNotFound);
        };
        *seen = Some(published(*order_id, draft, op, edge));
        return Ok(());
    };
    match op.body.action() {
        // The feed ran ahead of the outcome: the order is the published one.
        None if order.customer_id == op.actor.user_id => Ok(()),
        None => Err(Code::LooksWrongState),
        Some(action) if already_done(order, action, op.actor) => Ok(()),
        Some(action) => match (verdict::doubt(op.actor, action, order), order.status.after(action))
        {
            (Some(doubt), _) => Err(doubt),
            // Accepted once more by the provider who has it.
            (None, None) => Ok(()),
            (None, Some(next)) => {
                step(order, action, next, op);
                Ok(())
            }
        },
    }
}

/// Whether the feed has already brought what the op asks for, ahead of its outcome.
fn already_done(order: &Order, action: Action, actor: Actor) -> bool {
    let theirs = order.provider_id == Some(actor.user_id);
    match action {
        // One's own acceptance raises no doubt in the first place.
        Action::Accept => false,
        Action::Start => theirs && order.status == OrderStatus::InProgress,
        Action::Complete => theirs && order.status == OrderStatus::Completed,
        Action::Approve => order.status == OrderStatus::Pending,
        Action::Reject => order.status == OrderStatus::Rejected,
        Action::Cancel => order.status == OrderStatus::Cancelled,
        Action::Review => order.status == OrderStatus::Reviewed,
        Action::Withdraw => order.status == OrderStatus::Pending && order.provider_id.is_none(),
    }
}

/// The version stays the confirmed one: only the cloud counts versions.
fn step(order: &mut Order, action: Action, next: OrderStatus, op: &PendingOp) {
    order.status = next;
    order.updated_at = op.received_at;
    match action {
        Action::Accept => order.provider_id = Some(op.actor.user_id),
        Action::Withdraw => order.provider_id = None,
        _ => {}
    }
}

/// An order that so far exists at this edge alone: version 0.
fn published(id: OrderId, draft: &Draft, op: &PendingOp, edge: &EdgeId) -> Order {
    Order {
        id,
        code: OrderCode::of(draft.location, id),
        customer_id: op.actor.user_id,
        provider_id: None,
        title: draft.title.clone(),
        description: draft.description.clone(),
        service_type: draft.service_type,
        price: draft.price,
        currency: draft.currency,
        location: draft.location,
        address: draft.address.clone(),
        service_start_time: draft.service_start_time,
        service_end_time: draft.service_end_time,
        status: OrderStatus::PendingReview,
        payment_status: PaymentStatus::Unpaid,
        version: 0,
        created_at: op.received_at,
        updated_at: op.received_at,
        source: Source::Edge(edge.clone()),
    }
}

/// A confirmed row: the order, and the highest version of it that the feed itself has brought (an
/// outcome may have run ahead of the feed).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Confirmed {
    pub order: Order,
    pub feed_version: u64,
}

/// By which way a confirmed order came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Via {
    Feed,
    Outcome,
}

/// What became of an incoming order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Merge {
    Raised,
    /// The row is at least as new; its order stays.
    Kept,
    /// The same version with other content: an alarm, and the row stays.
    Conflict,
}

/// Merges an order by version: the row to store, and whether the order in it changed.
pub fn merge(row: Option<&Confirmed>, incoming: Order, via: Via) -> (Confirmed, Merge) {
    let brought = if via == Via::Feed { incoming.version } else { 0 };
    let Some(row) = row else {
        return (Confirmed { order: incoming, feed_version: brought }, Merge::Raised);
    };
    let feed_version = row.feed_version.max(brought);
    if incoming.version > row.order.version {
        return (Confirmed { order: incoming, feed_version }, Merge::Raised);
    }
    let conflict = incoming.version == row.order.version && incoming != row.order;
    let what = if conflict { Merge::Conflict } else { Merge::Kept };
    (Confirmed { order: row.order.clone(), feed_version }, what)
}

/// Whether the order of a confirmed row leaves the view when the feed says that it left the region.
pub fn leaves(row: &Confirmed, gone_version: u64) -> bool {
    gone_version >= row.order.version
}

/// The running digest over confirmed rows, and how many of them an outcome has run ahead on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tally {
    pub digest: Hash,
    pub orders: u64,
    pub ahead: u32,
}

impl Default for Tally {
    fn default() -> Self {
        Self { digest: Hash::ZERO, orders: 0, ahead: 0 }
    }
}

impl Tally {
    /// Replaces one row by another; either may be absent.
    pub fn replace(&mut self, old: Option<&Confirmed>, new: Option<&Confirmed>) {
        if let Some(row) = old {
            self.digest.toggle(row.order.digest());
            self.orders = self.orders.saturating_sub(1);
            self.ahead = self.ahead.saturating_sub(u32::from(row.is_ahead()));
        }
        if let Some(row) = new {
            self.digest.toggle(row.order.digest());
            self.orders += 1;
            self.ahead += u32::from(row.is_ahead());
        }
    }
}

impl Confirmed {
    /// An outcome brought a version that the feed has not brought yet.
    pub fn is_ahead(&self) -> bool {
        self.order.version > self.feed_version
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use wire::{Role, UserId};

    use super::*;
    use crate::testing::{actor, draft, edge, id, order};

    const PROVIDER: u128 = 20;

    fn op(seq: u64, body: CommandBody) -> PendingOp {
        PendingOp::of(seq, actor(PROVIDER, Role::Provider), body)
    }

    fn at(status: OrderStatus, provider: Option<u128>) -> Order {
        Order { status, provider_id: provider.map(|n| UserId(id(n))), ..order(1, 3) }
    }

    fn bodies() -> [CommandBody; 4] {
        let order_id = OrderId(id(1));
        [
            CommandBody::AcceptOrder { order_id },
            CommandBody::StartOrder { order_id },
            CommandBody::CompleteOrder { order_id },
            CommandBody::WithdrawAcceptance { order_id, reason: None },
        ]
    }

    #[track_caller]
    fn check(confirmed: Order, ops: Vec<PendingOp>, status: OrderStatus, doubts: &[Option<Code>]) {
        let sight = see(Some(confirmed), ops, &edge());
        assert_eq!(sight.order.map(|order| order.status), Some(status));
        let found: Vec<_> = sight.pending.iter().map(|op| op.doubt).collect();
        assert_eq!(found, doubts);
    }

    #[test]
    fn work_goes_on_over_what_is_pending() {
        let [accept, start, complete, _] = bodies();
        let ops = vec![op(5, accept), op(6, start), op(9, complete)];
        check(at(OrderStatus::Pending, None), ops, OrderStatus::Completed, &[None; 3]);
    }

    #[test]
    fn an_op_that_no_longer_applies_is_in_doubt_and_blocks_nothing() {
        let [accept, start, _, _] = bodies();
        let order_id = OrderId(id(1));
        let cancel = CommandBody::CancelOrder { order_id, reason: None };
        let cancel = PendingOp { actor: actor(30, Role::Admin), ..op(7, cancel) };
        let ops = vec![op(5, accept), op(6, start), cancel];
        let doubts = [Some(Code::LooksTaken), Some(Code::LooksNotYours), None];
        check(at(OrderStatus::Accepted, Some(21)), ops, OrderStatus::Cancelled, &doubts);
    }

    #[test]
    fn what_the_feed_brought_ahead_of_the_outcome_is_no_doubt() {
        let [accept, start, complete, withdraw] = bodies();
        let mine = Some(PROVIDER);
        check(
            at(OrderStatus::Accepted, mine),
            vec![op(5, accept.clone())],
            OrderStatus::Accepted,
            &[None],
        );
        check(
            at(OrderStatus::InProgress, mine),
            vec![op(5, start)],
            OrderStatus::InProgress,
            &[None],
        );
        check(
            at(OrderStatus::Completed, mine),
            vec![op(5, complete)],
            OrderStatus::Completed,
            &[None],
        );
        check(at(OrderStatus::Pending, None), vec![op(5, withdraw)], OrderStatus::Pending, &[None]);
        let gone = Some(Code::LooksWrongState);
        check(
            at(OrderStatus::Cancelled, mine),
            vec![op(5, accept)],
            OrderStatus::Cancelled,
            &[gone],
        );
    }

    #[test]
    fn a_published_order_is_seen_at_once_and_is_nobodys_version() {
        let order_id = OrderId(id(1));
        let publish = CommandBody::PublishOrder { order_id, order: draft() };
        let publish = PendingOp { actor: actor(10, Role::Customer), ..op(4, publish) };
        let seen = see(None, vec![publish.clone()], &edge()).order.unwrap();
        assert_eq!((seen.status, seen.version), (OrderStatus::PendingReview, 0));
        assert_eq!(seen.source, Source::Edge(edge()));
        assert_eq!(seen.code, OrderCode::of(seen.location, order_id));
        let confirmed = at(OrderStatus::Pending, None);
        let sight = see(Some(confirmed.clone()), vec![publish], &edge());
        assert_eq!(sight.order, Some(confirmed), "the confirmed row wins");
        assert_eq!(sight.pending[0].doubt, None);
    }

    #[test]
    fn the_overlay_without_its_order_is_in_doubt() {
        let [accept, ..] = bodies();
        let sight = see(None, vec![op(1, accept)], &edge());
        assert_eq!(sight.order, None);
        assert_eq!(sight.pending[0].doubt, Some(Code::OrderNotFound));
    }

    #[test]
    fn equal_version_with_other_content_is_a_conflict_and_the_row_stays() {
        let row = Confirmed { order: order(1, 3), feed_version: 3 };
        let other = Order { title: "other".into(), ..order(1, 3) };
        assert_eq!(merge(Some(&row), other, Via::Feed), (row, Merge::Conflict));
    }

    #[test]
    fn an_outcome_runs_ahead_until_the_feed_brings_the_version() {
        let (row, what) = merge(None, order(1, 2), Via::Outcome);
        assert!(row.is_ahead() && what == Merge::Raised);
        let (row, what) = merge(Some(&row), order(1, 1), Via::Feed);
        assert!(row.is_ahead() && what == Merge::Kept);
        let (row, what) = merge(Some(&row), order(1, 2), Via::Feed);
        assert!(!row.is_ahead() && what == Merge::Kept);
        assert!(leaves(&row, 2) && !leaves(&row, 1));
    }

    proptest! {
        /// Whatever arrives in whatever order, the row ends at the highest version, no step lowers
        /// it, and the running tally equals one counted from scratch.
        #[test]
        fn merging_never_lowers_a_version(
            arrivals in prop::collection::vec((1u128..4, 1u64..9, any::<bool>()), 1..60)
        ) {
            let mut rows = std::collections::BTreeMap::<u128, Confirmed>::new();
            let mut tally = Tally::default();
            for (n, version, feed) in arrivals {
                let via = if feed { Via::Feed } else { Via::Outcome };
                let before = rows.get(&n).cloned();
                let (row, what) = merge(before.as_ref(), order(n, version), via);
                tally.replace(before.as_ref(), Some(&row));
                let floor = before.as_ref().map_or(0, |row| row.order.version);
                prop_assert_eq!(row.order.version, floor.max(version));
                prop_assert_ne!(what, Merge::Conflict);
                prop_assert!(row.feed_version <= row.order.version);
                rows.insert(n, row);
            }
            let mut counted = Tally::default();
            rows.values().for_each(|row| counted.replace(None, Some(row)));
            prop_assert_eq!(tally, counted);
        }

        /// No run of commands breaks the view: it is a function of its inputs, the version stays the
        /// confirmed one, and skipping what is in doubt gives the same sight.
        #[test]
        fn doubtful_ops_leave_no_trace(
            status in prop::sample::select(OrderStatus::ALL), picks in prop::collection::vec(0usize..4, 0..12)
        ) {
            let ops: Vec<_> =
                picks.iter().enumerate().map(|(seq, &pick)| op(seq as u64, bodies()[pick].clone())).collect();
            let confirmed = at(status, Some(PROVIDER));
            let sight = see(Some(confirmed.clone()), ops.clone(), &edge());
            let sound = ops
                .into_iter()
                .filter(|op| sight.pending.iter().any(|p| p.seq == op.seq && p.doubt.is_none()))
                .collect();
            let again = see(Some(confirmed.clone()), sound, &edge());
            prop_assert_eq!(&again.order, &sight.order);
            prop_assert!(again.pending.iter().all(|op| op.doubt.is_none()));
            prop_assert_eq!(sight.order.map(|order| order.version), Some(confirmed.version));
        }
    }
}
