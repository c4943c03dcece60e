//! The objection period: the payment service applies it and the notification service announces it.

use contract::LIMIT;
use custody::{MoneyStep, OrderMoney, PaymentRequest};
use notification::{
    domain::{LineParams, PageRequest},
    store::InboxStore,
};
use payment::{
    AdapterWorker,
    adapter::PaymentAdapter,
    store::{StepMetadata, Store},
};
use platform::{ServiceContext, documents::Documents, upstream::Upstream};
use process::{clock::Clock, random};
use support::{eventually, samples};
use uuid::Uuid;
use wire::{
    CommandId, Event, EventId, EventType, Order, OrderEvent, OrderStatus, PaymentStatus, Role,
    UnixMillis, UserId,
};

const NOW: UnixMillis = UnixMillis(1_764_000_000_000);
/// Differs from every default.
const DISPUTE_MS: i64 = 5 * 3_600_000;

#[tokio::test]
async fn money_is_released_at_the_moment_that_people_are_told() {
    let folder = tempfile::tempdir().unwrap();
    let clock = Clock::fixed_at(NOW);
    let ground = testing::ground(folder.path(), &clock).await;
    let ground = ServiceContext {
        dispute_ms: DISPUTE_MS,
        ..ground
    };
    let url = |name: &str| format!("sqlite:{}", folder.path().join(name).display());

    let config = |url: &str| payment::Config {
        sql_url: url.into(),
        ..payment::Config::default()
    };
    let migrate = async |url: &str| payment::migrate(&config(url)).await.unwrap();
    let money = config(&url("payment.db"));
    let sql = testing::database("objections", &url("payment.db"), migrate).await;
    let peers = payment::Peers {
        order: Upstream::open_later().0,
    };
    let _payment = payment::open(money.clone(), ground.clone(), peers)
        .await
        .unwrap();

    let documents_url = url("notification.db").as_str().into();
    let inboxes = notification::Config {
        documents_url,
        ..notification::Config::default()
    };
    notification::migrate(&inboxes).await.unwrap();
    let peers = notification::Peers {
        user: Upstream::open_later().0,
        auth: Upstream::open_later().0,
    };
    let _notification = notification::open(inboxes.clone(), ground.clone(), peers)
        .await
        .unwrap();
    let documents = Documents::open(inboxes.documents_url.reveal())
        .await
        .unwrap();
    let inbox = InboxStore::new(&documents.sealed_by(&ground.data_keys));

    let store = Store::new(sql.clone(), clock.clone(), money.custody_limits());
    let adapter = PaymentAdapter::new_simulated(sql, clock, false);
    let worker = AdapterWorker {
        store: store.clone(),
        adapter,
    };
    let mut order = samples::order(1, 3);
    let id = order.id;
    order.provider_id = Some(UserId(Uuid::from_u128(7)));
    order.status = OrderStatus::Accepted;
    tell(&ground, EventType::OrderAccepted, &order).await;
    let due = async |fits: fn(&OrderMoney) -> bool| {
        let heard = async || store.load_order_money(id).await.unwrap().filter(fits);
        eventually("the payment service has heard of it", LIMIT, heard).await
    };
    due(|_| true).await;
    let by = order.customer_id;
    let amount_minor = order.price.minor_units();
    let wish = PaymentRequest {
        by,
        amount_minor,
        currency: order.currency,
    };
    store
        .apply_step(id, &MoneyStep::Pay(wish), &StepMetadata::default())
        .await
        .unwrap();
    worker.make_order_calls(id).await.unwrap();

    (order.status, order.version) = (OrderStatus::Completed, 4);
    order.payment_status = PaymentStatus::Held;
    tell(&ground, EventType::OrderCompleted, &order).await;
    let released_at = due(|money| money.due.completed.is_some()).await.due.next_at;
    let told = eventually("people are told", LIMIT, async || told(&inbox, by).await).await;
    assert_eq!(
        (released_at, told),
        (Some(NOW.plus_ms(DISPUTE_MS)), NOW.plus_ms(DISPUTE_MS))
    );
}

async fn tell(context: &ServiceContext, kind: EventType, order: &Order) {
    let body = OrderEvent::from_order(
        order.clone(),
        samples::person(7, Role::Provider),
        CommandId(random_id()),
    );
    let trace = "4bf92f3577b34da6a3ce929d0e0e4736";
    let event = Event::new(EventId(random_id()), kind, NOW, trace, &body).unwrap();
    context.bus.publish(&event).await.unwrap();
}

fn random_id() -> Uuid {
    Uuid::from_bytes(random::draw_bytes())
}

/// The customer's deadline for objections, according to their inbox.
async fn told(inbox: &InboxStore, user_id: UserId) -> Option<UnixMillis> {
    let request = PageRequest {
        user_id,
        role: Role::Customer,
        unread_only: false,
        after: None,
        limit: 10,
        read_since: UnixMillis(0),
    };
    let lines = inbox.read_page(&request).await.unwrap().lines;
    lines
        .into_iter()
        .find_map(|stored| match stored.line.params {
            LineParams::Order(params) => params.terms.objections_until,
            _ => None,
        })
}
