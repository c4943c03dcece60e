//! Shared fixtures for this crate's tests.

use uuid::Uuid;
use wire::{
    Actor, Amount, CommandBody, CommandId, Draft, EdgeId, OfflineRules, Order, OrderId,
    OrderStatus, Region, Role, ServiceType, Source, UnixMillis, UserId, Verdict,
};

use crate::view::{EdgeOrderView, PendingOp, PendingOpStatus, overlay_pending_ops};

pub(crate) fn id(n: u128) -> Uuid {
    Uuid::from_u128(n)
}

pub(crate) fn edge() -> EdgeId {
    EdgeId::new("north-1").unwrap()
}

pub(crate) fn actor(n: u128, role: Role) -> Actor {
    Actor {
        user_id: UserId(id(n)),
        role,
    }
}

pub(crate) fn draft() -> Draft {
    let price = Amount::from_minor(20_000).unwrap();
    Draft::new(
        "Fix the tap",
        ServiceType::CleaningRepair,
        price,
        Region::North,
        "1 Lake Road",
    )
}

/// An order of customer 10, determined by id and version.
pub(crate) fn order(n: u128, version: u64) -> Order {
    let customer = UserId(id(10));
    let at = UnixMillis(0);
    Order {
        status: OrderStatus::Pending,
        version,
        updated_at: UnixMillis(version.try_into().unwrap()),
        ..Order::new_published(OrderId(id(n)), draft(), customer, at, Source::Portal)
    }
}

/// The view at an edge whose region has no offline rules.
pub(crate) fn overlay_without_rules(
    confirmed: Option<Order>,
    ops: Vec<PendingOp>,
) -> EdgeOrderView {
    overlay_pending_ops(confirmed, ops, &edge(), &OfflineRules::default())
}

impl PendingOp {
    pub fn of(seq: u64, actor: Actor, body: CommandBody) -> Self {
        let command_id = CommandId(id(1_000 + u128::from(seq)));
        let received_at = UnixMillis(50);
        Self {
            seq,
            command_id,
            actor,
            body,
            verdict: Verdict::Provisional,
            fence: None,
            received_at,
            cut_off: None,
        }
    }

    pub fn settled(self) -> PendingOpStatus {
        let Self {
            seq,
            command_id,
            fence,
            ..
        } = self;
        PendingOpStatus {
            seq,
            command_id,
            fence,
            doubt: None,
            is_idle: false,
            keeps_order: false,
        }
    }
}
