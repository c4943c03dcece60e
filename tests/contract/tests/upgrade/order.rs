//! Orders from before sealing, cancellation fees and payments.

use order::{
    Config,
    jobs::{OrderResealProgress, reseal_texts},
    store::{AcceptanceRules, OrderListCursor, OrderListQuery, OrderSort, Store},
};
use rules::{Attempt, Origin};
use support::Engine;
use uuid::Uuid;
use wire::{
    Action, Actor, Code, Command, CommandBody, CommandId, OpDecision, OrderId, OrderStatus,
    Outcome, PaymentStatus, Region, Role, UserId,
};

use super::{Former, clock, id};

const FORMER: Former = Former {
    part: "order",
    home: "cloud/order",
    step: 6,
    ground: 2,
    rows: include_str!("order.sql"),
    empty: &[],
};

const PENDING: OrderId = OrderId(id(1));
/// The wire's golden vectors also contain the hash of its `start_order`.
const STARTED: OrderId = OrderId(Uuid::from_u128(0x0192_f5d4_0000_7000_8000_0000_0000_0001));
const CANCELLED: OrderId = OrderId(id(3));

pub async fn goes_on(engine: Engine) {
    let former = FORMER.make(engine).await;
    let config = Config {
        sql_url: former.url.as_str().into(),
        ..Config::default()
    };
    for _ in 0..2 {
        order::migrate(&config).await.unwrap();
    }
    let sql = former.open().await;
    let rules = AcceptanceRules {
        verified_only: true,
        ..AcceptanceRules::OFF
    };
    let store = Store::new(sql.clone(), clock(), rules);
    read(&store).await;
    reseal_texts(&store, &OrderResealProgress::default())
        .await
        .unwrap();
    let plain =
        "SELECT COUNT(*) FROM orders WHERE title = 'Hang a lamp' OR address = '2 Lake Road'";
    let plain: Option<i64> = sql.fetch_optional(plain, Vec::new()).await.unwrap();
    assert_eq!(plain, Some(0), "what stood plain is sealed");
    read(&store).await;
    go_on(&store).await;
}

async fn read(store: &Store) {
    let order = store.find_order(STARTED).await.unwrap().unwrap();
    assert_eq!(
        (order.title.as_str(), order.address.as_str()),
        ("Hang a lamp", "2 Lake Road")
    );
    assert_eq!(
        (order.status, order.payment_status),
        (OrderStatus::InProgress, PaymentStatus::Unpaid)
    );
    assert_eq!(
        (order.provider_id, order.version),
        (Some(UserId(id(0xd001))), 4)
    );
    let mine = OrderListQuery {
        customer: Some(UserId(id(0xc001))),
        ..OrderListQuery::default()
    };
    let listed = store
        .list(&mine, 10, OrderListCursor::before_all(OrderSort::Newest))
        .await
        .unwrap();
    let listed: Vec<_> = listed
        .iter()
        .map(|order| (order.id, order.title.as_str()))
        .collect();
    let [first, second, third] = [CANCELLED, STARTED, PENDING];
    assert_eq!(
        listed,
        [
            (first, "Save a disk"),
            (second, "Hang a lamp"),
            (third, "修理水龙头")
        ]
    );

    let soonest = store
        .list(&mine, 10, OrderListCursor::before_all(OrderSort::Start))
        .await
        .unwrap();
    assert_eq!(soonest[0].id, third, "the one with a time");

    let lines = store.read_timeline(second).await.unwrap();
    let actions: Vec<_> = lines.iter().map(|line| line.action).collect();
    assert_eq!(
        actions,
        [
            None,
            Some(Action::Approve),
            Some(Action::Accept),
            Some(Action::Start)
        ]
    );
    assert_eq!(
        lines[2].promise.as_ref().map(|promise| promise.fence),
        Some(1)
    );
    let cancel = store.read_timeline(first).await.unwrap().remove(0);
    assert_eq!(cancel.reason.as_deref(), Some("I moved away. 搬家了。"));
    assert_eq!(
        store.order_and_terms(first).await.unwrap().unwrap().terms,
        None,
        "it cost nothing"
    );

    let record = store.region_record(Region::North).await.unwrap();
    let rules = &record.now.assignment.rules;
    assert!(rules.unpaid_start && rules.unpaid_start_max.is_none());
    assert_eq!(
        rules
            .approval
            .as_ref()
            .map(|rule| rule.price_max.minor_units()),
        Some(30_000)
    );
    assert_eq!((record.fences.len(), record.changes.len()), (1, 1));
    assert_eq!(store.list_cases(None, None, 10).await.unwrap().len(), 1);
    assert_eq!(
        store
            .list_answers(CommandId(id(0x904)))
            .await
            .unwrap()
            .len(),
        1
    );
}

/// Orders begun then end now, under today's rules.
async fn go_on(store: &Store) {
    let [pending, started] = [PENDING, STARTED];
    let provider = Actor {
        user_id: UserId(id(0xd001)),
        role: Role::Provider,
    };
    let again = decided(
        store,
        provider,
        0x904,
        CommandBody::StartOrder { order_id: started },
    )
    .await;
    assert_eq!(
        (
            again.has_succeeded(),
            again.order.map(|order| order.version)
        ),
        (true, Some(4))
    );
    let other = CommandBody::StartOrder { order_id: pending };
    let reused = decided(store, provider, 0x904, other).await;
    assert_eq!(reused.code, Some(Code::CommandIdReused));
    let done = CommandBody::CompleteOrder {
        order_id: started,
        note: None,
    };
    let done = decided(store, provider, 0x911, done).await.order.unwrap();
    assert_eq!((done.status, done.version), (OrderStatus::Completed, 5));
    let customer = Actor {
        user_id: UserId(id(0xc001)),
        role: Role::Customer,
    };
    let cancel = CommandBody::CancelOrder {
        order_id: pending,
        reason: None,
        fee: None,
    };
    let cancelled = decided(store, customer, 0x912, cancel).await.order.unwrap();
    assert_eq!(
        (cancelled.status, cancelled.title.as_str()),
        (OrderStatus::Cancelled, "修理水龙头")
    );
}

async fn decided(store: &Store, actor: Actor, command: u128, body: CommandBody) -> Outcome {
    let id = CommandId(id(command));
    let command = Command {
        id,
        body,
        device: None,
        device_seq: None,
        tapped_at: None,
        trace: None,
    };
    let attempt = Attempt {
        command,
        actor: Some(actor),
        verification: None,
        origin: Origin::Portal,
    };
    match store.decide_one(attempt).await.unwrap() {
        OpDecision::Decided(outcome) => outcome,
        held => panic!("{held:?}"),
    }
}
