//! Small values the tests of this crate build on.

use uuid::Uuid;
use wire::{
    Actor, Amount, CommandBody, CommandId, Currency, Draft, EdgeId, Order, OrderCode, OrderId,
    OrderStatus, PaymentStatus, Region, Role, ServiceType, Source, UnixMillis, UserId, Verdict,
};

use crate::view::{PendingOp, Standpoint};

pub fn id(n: u128) -> Uuid {
    Uuid::from_u128(n)
}

pub fn edge() -> EdgeId {
    EdgeId::new("north-1").unwrap()
}

pub fn actor(n: u128, role: Role) -> Actor {
    Actor { user_id: UserId(id(n)), role }
}

pub fn draft() -> Draft {
    Draft {
        title: "Fix the tap".into(),
        description: String::new(),
        service_type: ServiceType::CleaningRepair,
        price: Amount::from_minor(20_000).unwrap(),
        currency: Currency::Cny,
        location: Region::North,
        address: "1 Lake Road".into(),
        service_start_time: None,
        service_end_time: None,
    }
}

/// An order of customer 10 whose content follows from its id and version.
pub fn order(n: u128, version: u64) -> Order {
    let at = UnixMillis(version.try_into().unwrap());
    Order {
        id: OrderId(id(n)),
        code: OrderCode::of(Region::North, OrderId(id(n))),
        customer_id: UserId(id(10)),
        provider_id: None,
        title: "Fix the tap".into(),
        description: String::new(),
        service_type: ServiceType::CleaningRepair,
        price: Amount::from_minor(20_000).unwrap(),
        currency: Currency::Cny,
        location: Region::North,
        address: "1 Lake Road".into(),
        service_start_time: None,
        service_end_time: None,
        status: OrderStatus::Pending,
        payment_status: PaymentStatus::Unpaid,
        version,
        created_at: UnixMillis(0),
        updated_at: at,
        source: Source::Portal,
    }
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
        }
    }

    pub fn settled(self) -> Standpoint {
        let Self { seq, command_id, fence, .. } = self;
        Standpoint { seq, command_id, fence, doubt: None }
    }
}
