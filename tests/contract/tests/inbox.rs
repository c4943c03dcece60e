//! The promises of the inbox store, one body for MongoDB and SQLite.

mod deliveries;
mod erasure;
mod lines;
mod retention;

use notification::{
    domain::{InboxLine, LineId, LineParams, MoneyTerms, OrderParams, PageRequest},
    store::InboxStore,
};
use uuid::Uuid;
use wire::{
    Amount, Currency, EventId, EventType, OrderCode, OrderId, Region, Role, UnixMillis, UserId,
};

/// In the year 2100: MongoDB deletes lines whose time is over at any moment.
const AT: UnixMillis = UnixMillis(4_102_444_800_000);
const CUSTOMER: UserId = UserId(Uuid::from_u128(1));
const PROVIDER: UserId = UserId(Uuid::from_u128(2));

async fn list_line_ids(store: &InboxStore, request: PageRequest) -> Vec<LineId> {
    let page = store.read_page(&request).await.unwrap();
    page.lines.into_iter().map(|stored| stored.id).collect()
}

fn request_all(user_id: UserId, role: Role) -> PageRequest {
    let read_since = UnixMillis(0);
    PageRequest {
        user_id,
        role,
        unread_only: false,
        after: None,
        limit: 100,
        read_since,
    }
}

fn line_id(n: u128) -> LineId {
    LineId(Uuid::from_u128(n))
}

fn sample_line(user_id: UserId, role: Role, event: u128) -> InboxLine {
    let order_id = OrderId(Uuid::from_u128(7));
    InboxLine {
        user_id,
        role,
        event_type: Some(EventType::OrderAccepted),
        order_id: Some(order_id),
        event_id: EventId(Uuid::from_u128(event)),
        counterpart: None,
        params: LineParams::Order(Box::new(OrderParams {
            title: "Mend the tap 修水龙头".into(),
            code: OrderCode::from_order_id(Region::North, order_id),
            price: Amount::from_minor(20_000).unwrap(),
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
        created_at: AT,
    }
}
