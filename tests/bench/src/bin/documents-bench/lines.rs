//! Inbox lines of four people, and pages of one person.

use notification::domain::{InboxLine, LineId, LineParams, MoneyTerms, OrderParams, PageRequest};
use process::problem::TimeCursor;
use uuid::Uuid;
use wire::{
    Amount, Currency, EventId, EventType, OrderCode, OrderId, Region, Role, UnixMillis, UserId,
};

const AT: UnixMillis = UnixMillis(1_764_000_000_000);

pub(crate) fn page_of(after: Option<TimeCursor>) -> PageRequest {
    PageRequest {
        user_id: UserId(Uuid::from_u128(1)),
        role: Role::Customer,
        unread_only: false,
        after,
        limit: 20,
        read_since: UnixMillis(0),
    }
}

/// Returns `count` new lines.
pub(crate) fn fresh(written: &mut u32, count: u32) -> Vec<(LineId, InboxLine)> {
    let numbers = *written..*written + count;
    *written += count;
    numbers
        .map(|n| (LineId(Uuid::from_u128(n.into())), line(n)))
        .collect()
}

fn line(n: u32) -> InboxLine {
    let id = Uuid::from_u128(n.into());
    InboxLine {
        user_id: UserId(Uuid::from_u128((n % 4).into())),
        role: Role::Customer,
        event_type: Some(EventType::OrderAccepted),
        order_id: Some(OrderId(id)),
        event_id: EventId(id),
        counterpart: Some(UserId(Uuid::from_u128(7))),
        params: LineParams::Order(Box::new(OrderParams {
            title: "Mend the tap in the kitchen".into(),
            code: OrderCode::from_order_id(Region::North, OrderId(id)),
            price: Amount::from_minor(20_000).expect("an amount"),
            currency: Currency::Cny,
            region: Region::North,
            status: None,
            reason: None,
            why: None,
            lost: None,
            incident: None,
            agreed: None,
            other_time: None,
            offered_until: None,
            match_reasons: Vec::new(),
            reminds: false,
            paid_afterwards: false,
            terms: MoneyTerms::default(),
        })),
        created_at: AT.plus_ms(i64::from(n / 2)),
    }
}
