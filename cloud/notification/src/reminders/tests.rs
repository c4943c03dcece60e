//! Recipients, frequency and end of reminders.

use platform::{consume::EventHandler, upstream::Upstream};
use wire::Language;

use super::*;
use crate::{
    domain::{PageRequest, render_line_text},
    events::InboxEventConsumer,
    tests::samples::{self, AT, CUSTOMER},
};

struct World {
    reminders: PaymentReminders,
    handler: InboxEventConsumer,
    clock: Clock,
    _folder: tempfile::TempDir,
}

impl World {
    async fn new() -> Self {
        let clock = Clock::fixed_at(AT);
        let (deliveries, folder) =
            samples::deliveries(samples::no_channels(), Upstream::open_later().0, &clock).await;
        let inboxes = deliveries.inboxes.clone();
        let handler = InboxEventConsumer {
            store: inboxes.clone(),
            dispatcher: deliveries.clone(),
            notices: samples::notices(&deliveries, &folder).await.store,
            clock: clock.clone(),
            dispute_ms: samples::DISPUTE_MS,
        };
        let reminders = PaymentReminders {
            inboxes,
            dispatcher: deliveries,
            clock: clock.clone(),
        };
        Self {
            reminders,
            handler,
            clock,
            _folder: folder,
        }
    }

    /// Handles an order event as the bus delivers it.
    async fn hears(&self, id: u128, kind: EventType, money: PaymentStatus) {
        let mut body = samples::event_body();
        (body.order.status, body.order.payment_status) = (OrderStatus::Completed, money);
        let event = Event {
            id: EventId(Uuid::from_u128(id)),
            kind,
            version: 1,
            at: AT,
            trace: "4bf92f3577b34da6a3ce929d0e0e4736".into(),
            body: serde_json::to_value(body).unwrap(),
        };
        self.handler.handle(&event).await.unwrap();
    }

    async fn titles(&self) -> Vec<String> {
        let request = PageRequest {
            user_id: CUSTOMER,
            role: Role::Customer,
            unread_only: false,
            after: None,
            limit: 100,
            read_since: UnixMillis(0),
        };
        let page = self.reminders.inboxes.read_page(&request).await.unwrap();
        page.lines
            .iter()
            .map(|stored| render_line_text(samples::locale(Language::English), &stored.line).title)
            .collect()
    }

    async fn reminded(&self) -> usize {
        self.titles()
            .await
            .iter()
            .filter(|title| *title == "Please pay for your order")
            .count()
    }
}

#[tokio::test]
async fn a_customer_whose_completed_order_is_unpaid_is_reminded_daily_up_to_the_case() {
    let world = World::new().await;
    for _ in 0..2 {
        world
            .hears(700, EventType::OrderCompleted, PaymentStatus::Unpaid)
            .await;
    }
    assert_eq!(world.titles().await, ["Order completed"]);
    world.clock.advance(DAY_MS - 1);
    assert_eq!(world.reminders.send_due_reminders().await.unwrap(), 0);
    world.clock.advance(1);
    // Two replicas at once, then the job again.
    let (one, other) = tokio::join!(
        world.reminders.send_due_reminders(),
        world.reminders.send_due_reminders()
    );
    assert!(one.unwrap() + other.unwrap() >= 1);
    assert_eq!(world.reminders.send_due_reminders().await.unwrap(), 0);
    assert_eq!(world.reminded().await, 1);
    for _ in 0..20 {
        world.clock.advance(DAY_MS);
        world.reminders.send_due_reminders().await.unwrap();
    }
    assert_eq!(
        i64::try_from(world.reminded().await).unwrap(),
        REMINDERS_MAX
    );
}

#[tokio::test]
async fn a_run_that_died_before_it_counted_tells_nobody_twice() {
    let world = World::new().await;
    world
        .hears(700, EventType::OrderCompleted, PaymentStatus::Unpaid)
        .await;
    world.clock.advance(DAY_MS);
    let due = world
        .reminders
        .inboxes
        .find_due_reminders(world.clock.now(), 10)
        .await
        .unwrap();
    for _ in 0..3 {
        world
            .reminders
            .send_reminder(&due[0], world.clock.now())
            .await
            .unwrap();
    }
    assert_eq!(world.reminded().await, 1);
    let [counted] = &world
        .reminders
        .inboxes
        .find_due_reminders(UnixMillis(i64::MAX / 2), 10)
        .await
        .unwrap()[..]
    else {
        panic!("it waits for its next day")
    };
    assert_eq!(counted.body.told, 1);
}

#[tokio::test]
async fn payment_ends_the_reminding_also_when_its_word_comes_first() {
    let world = World::new().await;
    world
        .hears(700, EventType::OrderCompleted, PaymentStatus::Unpaid)
        .await;
    world
        .hears(701, EventType::OrderStatusChanged, PaymentStatus::Held)
        .await;
    world.clock.advance(2 * DAY_MS);
    assert_eq!(world.reminders.send_due_reminders().await.unwrap(), 0);

    let world = World::new().await;
    world
        .hears(701, EventType::OrderStatusChanged, PaymentStatus::Held)
        .await;
    world
        .hears(700, EventType::OrderCompleted, PaymentStatus::Unpaid)
        .await;
    world.clock.advance(2 * DAY_MS);
    assert_eq!(world.reminders.send_due_reminders().await.unwrap(), 0);

    let world = World::new().await;
    world
        .hears(700, EventType::OrderCompleted, PaymentStatus::Held)
        .await;
    world.clock.advance(2 * DAY_MS);
    assert_eq!(world.reminders.send_due_reminders().await.unwrap(), 0);
    assert_eq!(world.titles().await, ["Order completed"]);
}
