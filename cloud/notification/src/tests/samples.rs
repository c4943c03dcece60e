//! An order event for tests to stand on.

use uuid::Uuid;
use wire::{
    Actor, Amount, Code, CommandId, Currency, EventId, EventType, Lost, NearbyJob, Order,
    OrderCode, OrderEvent, OrderId, OrderStatus, RaceRule, Region, Role, Source, UnixMillis,
    UserId,
};

use platform::documents::Documents;

use crate::{
    domain::{InboxLine, lines_of},
    store::InboxStore,
};

pub const CUSTOMER: UserId = UserId(Uuid::from_u128(1));
pub const PROVIDER: UserId = UserId(Uuid::from_u128(2));
pub const LOSER: UserId = UserId(Uuid::from_u128(3));
pub const AT: UnixMillis = UnixMillis(1_764_000_000_000);

pub fn event_body() -> OrderEvent {
    OrderEvent {
        money: None,
        terms: None,
        order: order(9),
        actor: Actor { user_id: LOSER, role: Role::Provider },
        command_id: CommandId(Uuid::from_u128(8)),
        reason: Some("the price is missing a digit".into()),
        code: Some(Code::OrderAlreadyAccepted),
        lost: Some(lost()),
        taken_from: Some(LOSER),
    }
}

pub fn lines(event_type: EventType) -> Vec<InboxLine> {
    lines_of(event_type, EventId(Uuid::from_u128(7)), AT, &event_body())
}

fn order(n: u128) -> Order {
    Order {
        title: "Mend the tap".into(),
        address: "1 Secret Lane".into(),
        customer_id: CUSTOMER,
        provider_id: Some(PROVIDER),
        status: OrderStatus::Accepted,
        created_at: AT,
        updated_at: AT,
        ..support::samples::order(n, 3)
    }
}

fn lost() -> Lost {
    let other = OrderId(Uuid::from_u128(10));
    Lost {
        winner_decided_at: Some(AT.plus_ms(5_000)),
        winner_source: Some(Source::Portal),
        tapped_at: Some(AT),
        edge_at: Some(AT.plus_ms(100)),
        nearby: vec![NearbyJob {
            order_id: other,
            code: OrderCode::of(Region::North, other),
            title: "Paint a wall".into(),
            price: Amount::from_minor(15_000).unwrap(),
            currency: Currency::Cny,
        }],
        taken_back: None,
        race_rule: Some(RaceRule::FirstInCloud),
        status: Some(OrderStatus::Accepted),
        promise_ended: None,
    }
}

/// An empty inbox store in a folder of its own, which lives as long as the guard.
pub async fn sqlite_store() -> (InboxStore, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}", folder.path().join("notification.db").display());
    let store = InboxStore::new(&Documents::open(&url).await.unwrap());
    store.migrate().await.unwrap();
    (store, folder)
}
