//! The stores around an inbox: the log of deliveries, preferences, reminders and fan-outs.

use contract::{DocumentsArm, on_every_documents};
use notification::{
    domain::{Channel, DeliveryPreferences, InboxOwner, NoticeKind, TimeZone},
    store::{
        self, DeliveryResult, DeliveryState, DeliveryStore, FanOut, InboxStore, MatchedProvider,
        NotificationDelivery, PreferencesStore,
    },
};
use platform::documents::Document;
use process::clock::Clock;
use uuid::Uuid;
use wire::{EventId, EventType, OrderId, Role, UnixMillis, UserId};

use super::{AT, CUSTOMER, PROVIDER};

on_every_documents! {
    what_goes_out_is_planned_once_and_held_by_one,
    wishes_and_fan_outs_are_kept_once,
}

async fn what_goes_out_is_planned_once_and_held_by_one(arm: DocumentsArm) {
    let log = DeliveryStore::new(&arm.documents);
    assert!(
        log.check_schema().await.is_err(),
        "a store that was never migrated is refused"
    );
    log.migrate().await.unwrap();
    log.migrate().await.unwrap();
    log.check_schema().await.unwrap();

    // MongoDB removes old documents by its clock, so use the real time.
    let now = Clock::system().now();
    plan_deliveries_of_two_events(&log, now).await;
    assert!(
        log.find_due_deliveries(Channel::Email, now.plus_ms(-1), 10)
            .await
            .unwrap()
            .is_empty()
    );
    let due = log
        .find_due_deliveries(Channel::Email, now, 10)
        .await
        .unwrap();
    assert!(
        log.find_due_deliveries(Channel::Sms, now, 10)
            .await
            .unwrap()
            .is_empty(),
        "each channel has its own"
    );
    assert_eq!(due.len(), 2, "once for person, event and channel");
    let later = now.plus_ms(10 * 60 * 1000);
    Box::pin(a_delivery_has_one_holder_at_a_time(
        &log, &due[0], now, later,
    ))
    .await;

    log.record_result(due[0].id, &result_of(DeliveryState::Sent, None))
        .await
        .unwrap();
    log.record_result(due[1].id, &result_of(DeliveryState::Waiting, Some(later)))
        .await
        .unwrap();
    assert!(
        log.find_due_deliveries(Channel::Email, now, 10)
            .await
            .unwrap()
            .is_empty()
    );
    // A final state never changes.
    log.record_result(due[0].id, &result_of(DeliveryState::Waiting, Some(now)))
        .await
        .unwrap();
    the_log_is_read_by_its_indexes(&log, due[0].id, now).await;
}

/// Plans one delivery twice within a batch, and another one again in a second batch.
async fn plan_deliveries_of_two_events(delivery_store: &DeliveryStore, now: UnixMillis) {
    let owner = InboxOwner {
        user_id: CUSTOMER,
        role: Role::Customer,
    };
    let delivery_of = |event: u128| {
        let event_type = Some(EventType::PaymentCompleted);
        let event_id = EventId(Uuid::from_u128(event));
        NotificationDelivery::for_line(
            owner,
            NoticeKind::Money,
            event_type,
            event_id,
            Channel::Email,
            now,
        )
    };
    let planned = [
        (Uuid::from_u128(1), delivery_of(1)),
        (Uuid::from_u128(2), delivery_of(1)),
        (Uuid::from_u128(3), delivery_of(2)),
    ];
    delivery_store.add_new_deliveries(&planned).await.unwrap();
    delivery_store
        .add_new_deliveries(&[(Uuid::from_u128(4), delivery_of(2))])
        .await
        .unwrap();
}

async fn a_delivery_has_one_holder_at_a_time(
    delivery_store: &DeliveryStore,
    due: &Document<NotificationDelivery>,
    now: UnixMillis,
    later: UnixMillis,
) {
    let (one, other) = tokio::join!(
        delivery_store.claim_delivery(due, now),
        delivery_store.claim_delivery(due, now)
    );
    assert!(
        one.unwrap() != other.unwrap(),
        "two replicas never send one delivery at once"
    );
    assert_eq!(
        delivery_store
            .find_due_deliveries(Channel::Email, now, 10)
            .await
            .unwrap()
            .len(),
        1
    );
    assert_eq!(
        delivery_store
            .find_due_deliveries(Channel::Email, later, 10)
            .await
            .unwrap()
            .len(),
        2,
        "a holder may have died"
    );
}

fn result_of(state: DeliveryState, due_at: Option<UnixMillis>) -> DeliveryResult {
    DeliveryResult {
        state,
        due_at,
        was_tried: true,
        to: Some("z***@example.org".to_owned()),
        why: None,
    }
}

async fn the_log_is_read_by_its_indexes(
    delivery_store: &DeliveryStore,
    sent_id: Uuid,
    now: UnixMillis,
) {
    let sent = delivery_store
        .read_page(Some(DeliveryState::Sent), None, 10)
        .await
        .unwrap()
        .items;
    assert_eq!((sent.len(), sent[0].0, sent[0].1.attempts), (1, sent_id, 1));
    let first = delivery_store.read_page(None, None, 1).await.unwrap();
    let second = delivery_store.read_page(None, first.next, 1).await.unwrap();
    assert_ne!(first.items[0].0, second.items[0].0);
    assert!(second.next.is_none());
    for query in [
        store::due_query(Channel::Email, now, 50),
        store::log_query(None, first.next, 20),
        store::log_query(Some(DeliveryState::Waiting), first.next, 20),
        store::line_delivery_query(CUSTOMER, EventId(Uuid::nil()), Channel::Email),
    ] {
        let plan = delivery_store
            .collection()
            .explain_query(&query)
            .await
            .unwrap();
        assert!(plan.by_index && !plan.sorts, "{}", plan.text);
    }
}

async fn wishes_and_fan_outs_are_kept_once(arm: DocumentsArm) {
    let wishes = PreferencesStore::new(&arm.documents);
    preferences_are_saved_by_their_version(&wishes).await;
    let store = InboxStore::new(&arm.documents);
    store.migrate().await.unwrap();
    a_reminder_is_counted_once_and_ends_for_good(&store).await;
    the_first_fan_out_of_an_order_counts(&store).await;
}

async fn preferences_are_saved_by_their_version(wishes: &PreferencesStore) {
    wishes.migrate().await.unwrap();
    wishes.check_schema().await.unwrap();
    assert_eq!(
        wishes.load_preferences(CUSTOMER).await.unwrap(),
        (DeliveryPreferences::default(), 0)
    );
    // Saved wishes name a time zone.
    let time_zone = TimeZone::from_name("UTC");
    let mailed = |hour| DeliveryPreferences {
        digest_hour: Some(hour),
        time_zone,
        ..DeliveryPreferences::default()
    };
    assert!(
        wishes
            .save_preferences(CUSTOMER, 0, &mailed(7))
            .await
            .unwrap()
    );
    assert!(
        !wishes
            .save_preferences(CUSTOMER, 0, &mailed(8))
            .await
            .unwrap(),
        "somebody was first"
    );
    let (kept, version) = wishes.load_preferences(CUSTOMER).await.unwrap();
    assert_eq!(kept, mailed(7));
    assert!(
        wishes
            .save_preferences(CUSTOMER, version, &mailed(9))
            .await
            .unwrap()
    );
    assert!(
        !wishes
            .save_preferences(CUSTOMER, version, &mailed(10))
            .await
            .unwrap()
    );
    assert_eq!(
        wishes.load_preferences(CUSTOMER).await.unwrap(),
        (mailed(9), version + 1)
    );
    assert_eq!(wishes.load_preferences(PROVIDER).await.unwrap().1, 0);
}

async fn a_reminder_is_counted_once_and_ends_for_good(store: &InboxStore) {
    let plan = store
        .reminders()
        .explain_query(&store::due_reminders_query(AT, 50))
        .await
        .unwrap();
    assert!(plan.by_index && !plan.sorts, "{}", plan.text);
    let order = OrderId(Uuid::from_u128(8));
    let event = EventId(Uuid::from_u128(4));
    let now = Clock::system().now();
    for _ in 0..2 {
        store
            .start_reminder(order, CUSTOMER, event, now, now)
            .await
            .unwrap();
    }
    let due = store.find_due_reminders(now, 10).await.unwrap();
    assert_eq!(due.len(), 1, "one for an order");
    let tomorrow = now.plus_ms(24 * 60 * 60 * 1000);
    for _ in 0..2 {
        store
            .record_reminder(&due[0], Some(tomorrow))
            .await
            .unwrap();
    }
    assert!(store.find_due_reminders(now, 10).await.unwrap().is_empty());
    assert_eq!(
        store.find_due_reminders(tomorrow, 10).await.unwrap()[0]
            .body
            .told,
        1,
        "counted once"
    );
    store.stop_reminder(order, now).await.unwrap();
    store
        .start_reminder(order, CUSTOMER, event, now, now)
        .await
        .unwrap();
    assert!(
        store
            .find_due_reminders(tomorrow, 10)
            .await
            .unwrap()
            .is_empty(),
        "it has ended for good"
    );
}

async fn the_first_fan_out_of_an_order_counts(store: &InboxStore) {
    let fan_out = |n: u128| {
        let user_id = UserId(Uuid::from_u128(n));
        let matched = vec![MatchedProvider {
            user_id,
            reasons: vec!["verified".into()],
        }];
        let event_id = EventId(Uuid::from_u128(n));
        FanOut {
            order_id: OrderId(Uuid::from_u128(9)),
            event_id,
            at: Clock::system().now(),
            matched,
        }
    };
    let first = fan_out(1);
    assert_eq!(
        store.store_first_fan_out(first.clone()).await.unwrap(),
        first
    );
    assert_eq!(
        store.store_first_fan_out(fan_out(2)).await.unwrap(),
        first,
        "the first answer counts"
    );
    assert_eq!(
        store.find_fan_out(first.order_id).await.unwrap(),
        Some(first)
    );
}
