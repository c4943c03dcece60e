//! The promises of the inbox store, one body for MongoDB and SQLite.

use std::time::Duration;

use contract::{DocumentsArm, on_every_documents};
use mongodb::{
    IndexModel,
    bson::{self, doc},
    options::IndexOptions,
};
use notification::{
    domain::{
        Channel, DeliveryPreferences, InboxLine, InboxOwner, KEPT_MS, KeptFrom, LineId, LineParams,
        MoneyTerms, NoticeKind, OrderParams, PageRequest, StoredLine, TimeZone,
    },
    store::{
        self, DeliveryResult, DeliveryState, DeliveryStore, FanOut, InboxStore, MatchedProvider,
        NotificationDelivery, PreferencesStore,
    },
};
use platform::documents::Document;
use process::clock::Clock;
use uuid::Uuid;
use wire::{
    Amount, Code, Currency, EventId, EventType, Lost, NearbyJob, OrderCode, OrderId, Region, Role,
    Source, UnixMillis, UserId,
};

const AT: UnixMillis = UnixMillis(1_764_000_000_000);
const CUSTOMER: UserId = UserId(Uuid::from_u128(1));
/// The events whose lines a restricted admin sees.
const EVENTS: [EventType; 2] = [EventType::OrderCreated, EventType::OrderAcceptanceLost];
const PROVIDER: UserId = UserId(Uuid::from_u128(2));

on_every_documents! {
    every_promise_of_an_inbox_is_kept,
    hot_queries_are_answered_by_their_index,
    what_goes_out_is_planned_once_and_held_by_one,
    a_line_goes_when_its_time_from_reading_or_creation_is_over,
    wishes_and_fan_outs_are_kept_once,
}

async fn every_promise_of_an_inbox_is_kept(arm: DocumentsArm) {
    let store = InboxStore::new(&arm.documents);
    assert!(
        store.check_schema().await.is_err(),
        "a store that was never migrated is refused"
    );
    store.migrate().await.unwrap();
    store.migrate().await.unwrap();
    store.check_schema().await.unwrap();

    a_redelivery_doubles_nothing(&store).await;
    what_was_written_reads_back(&store).await;
    pages_join_without_a_gap_or_a_repeat(&store).await;
    only_its_owner_reads_a_line_and_only_once(&store).await;
    Box::pin(copies_that_race_write_one_line(&store)).await;
    many_lines_at_once_pass_over_those_that_are_there(&store).await;
}

async fn a_redelivery_doubles_nothing(store: &InboxStore) {
    let told = line(CUSTOMER, Role::Customer, 1);
    assert!(store.add_line(id(1), &told).await.unwrap());
    assert!(!store.add_line(id(2), &told).await.unwrap());
    // The same event concerns two people, once each.
    assert!(
        store
            .add_line(id(3), &line(PROVIDER, Role::Provider, 1))
            .await
            .unwrap()
    );
    assert!(
        !store
            .add_line(id(4), &line(PROVIDER, Role::Provider, 1))
            .await
            .unwrap()
    );
    assert_eq!(lines(store, all(CUSTOMER, Role::Customer)).await, [id(1)]);
    assert_eq!(
        store.count_unread(PROVIDER, Role::Provider).await.unwrap(),
        1
    );
    let owner = InboxOwner {
        user_id: CUSTOMER,
        role: Role::Customer,
    };
    let found = async |n| {
        store
            .find_line_of_event(owner, EventId(Uuid::from_u128(n)))
            .await
            .unwrap()
    };
    assert_eq!(found(1).await.unwrap().id, id(1));
    assert!(found(0).await.is_none() && found(2).await.is_none());
}

async fn what_was_written_reads_back(store: &InboxStore) {
    let user = UserId(Uuid::from_u128(20));
    let mut told = line(user, Role::Provider, 20);
    told.event_type = Some(EventType::OrderAcceptanceLost);
    told.counterpart = Some(CUSTOMER);
    let LineParams::Order(params) = &mut told.params else {
        panic!("it is about an order")
    };
    params.reason = Some("换一天 \"$set\" {}".into());
    params.why = Some(Code::OrderAlreadyAccepted);
    params.lost = Some(lost());
    store.add_line(id(20), &told).await.unwrap();
    let page = store.read_page(&all(user, Role::Provider)).await.unwrap();
    assert_eq!(page.lines[0].line, told);
    assert_eq!((page.lines[0].id, page.lines[0].read_at), (id(20), None));
}

async fn pages_join_without_a_gap_or_a_repeat(store: &InboxStore) {
    let user = UserId(Uuid::from_u128(30));
    for n in 30..37 {
        // Two at each timestamp: the id breaks the tie.
        let at = AT.plus_ms((n / 2).try_into().unwrap());
        let told = InboxLine {
            created_at: at,
            ..line(user, Role::Customer, n)
        };
        store.add_line(id(n), &told).await.unwrap();
    }
    let mut seen = Vec::new();
    let mut after = None;
    loop {
        let request = PageRequest {
            limit: 2,
            after,
            ..all(user, Role::Customer)
        };
        let page = store.read_page(&request).await.unwrap();
        assert!(page.lines.len() <= 2);
        seen.extend(page.lines.iter().map(|stored| stored.id));
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    assert_eq!(seen, (30..37).rev().map(id).collect::<Vec<_>>());
}

async fn only_its_owner_reads_a_line_and_only_once(store: &InboxStore) {
    let user = UserId(Uuid::from_u128(40));
    for n in [40, 41] {
        store
            .add_line(id(n), &line(user, Role::Customer, n))
            .await
            .unwrap();
    }
    let first = AT.plus_ms(10);
    let later = AT.plus_ms(20);
    assert!(
        !store
            .mark_read(CUSTOMER, Role::Customer, id(40), first)
            .await
            .unwrap()
    );
    assert!(
        !store
            .mark_read(user, Role::Customer, id(49), first)
            .await
            .unwrap()
    );
    assert!(
        store
            .mark_read(user, Role::Customer, id(40), first)
            .await
            .unwrap()
    );
    assert!(
        store
            .mark_read(user, Role::Customer, id(40), later)
            .await
            .unwrap()
    );
    assert_eq!(store.count_unread(user, Role::Customer).await.unwrap(), 1);

    let unread = PageRequest {
        unread_only: true,
        ..all(user, Role::Customer)
    };
    assert_eq!(lines(store, unread).await, [id(41)]);
    let page = store.read_page(&all(user, Role::Customer)).await.unwrap();
    let read_at = page
        .lines
        .iter()
        .find(|stored| stored.id == id(40))
        .unwrap()
        .read_at;
    assert_eq!(read_at, Some(first), "the first reading counts");

    // A line read long ago counts as gone, removed or not.
    let since = PageRequest {
        read_since: first.plus_ms(1),
        ..all(user, Role::Customer)
    };
    assert_eq!(lines(store, since).await, [id(41)]);
}

async fn many_lines_at_once_pass_over_those_that_are_there(store: &InboxStore) {
    let user = UserId(Uuid::from_u128(60));
    assert!(
        store
            .add_line(id(60), &line(user, Role::Customer, 60))
            .await
            .unwrap()
    );
    let both = |n| {
        [
            line(user, Role::Customer, n),
            line(PROVIDER, Role::Provider, n),
        ]
    };
    let lines_of = [60, 61, 61].into_iter().flat_map(both);
    let run: Vec<_> = lines_of.zip(61..).map(|(line, n)| (id(n), line)).collect();
    let fresh = store.add_lines(&run).await.unwrap();
    assert_eq!(fresh, [false, true, true, true, false, false]);
    assert_eq!(lines(store, all(user, Role::Customer)).await.len(), 2);
    assert_eq!(store.add_lines(&run).await.unwrap(), [false; 6]);
    assert_eq!(store.add_lines(&[]).await.unwrap(), [false; 0]);
}

async fn copies_that_race_write_one_line(store: &InboxStore) {
    let told = line(UserId(Uuid::from_u128(50)), Role::Customer, 50);
    let (a, b, c) = tokio::join!(
        store.add_line(id(51), &told),
        store.add_line(id(52), &told),
        store.add_line(id(53), &told)
    );
    let wrote = [a.unwrap(), b.unwrap(), c.unwrap()]
        .into_iter()
        .filter(|new| *new)
        .count();
    assert_eq!(wrote, 1);
}

/// A person with a large inbox among others: both kinds of pages, and the unread count.
async fn hot_queries_are_answered_by_their_index(arm: DocumentsArm) {
    let store = InboxStore::new(&arm.documents);
    store.migrate().await.unwrap();
    let many: Vec<_> = (0..4_000)
        .map(|n| {
            let at = AT.plus_ms((n / 2).try_into().unwrap());
            let user = UserId(Uuid::from_u128(n % 4));
            (
                id(n),
                InboxLine {
                    created_at: at,
                    ..line(user, Role::Customer, n)
                },
            )
        })
        .collect();
    store.add_lines(&many).await.unwrap();
    let user = UserId(Uuid::from_u128(1));
    for (id, _) in many
        .iter()
        .filter(|(_, line)| line.user_id == user)
        .step_by(2)
    {
        store
            .mark_read(user, Role::Customer, *id, AT)
            .await
            .unwrap();
    }
    let inbox = store.collection_for(Role::Customer);
    for unread_only in [false, true] {
        let first = PageRequest {
            unread_only,
            limit: 20,
            ..all(user, Role::Customer)
        };
        let after = store.read_page(&first).await.unwrap().next;
        assert!(after.is_some());
        for request in [first, PageRequest { after, ..first }] {
            for find in [
                store::page_query(&request),
                store::shown_page_query(&request, &EVENTS),
            ] {
                let plan = inbox.explain_query(&find).await.unwrap();
                assert!(plan.by_index && !plan.sorts, "{}", plan.text);
            }
        }
    }
    for query in [
        store::unread_query(user),
        store::shown_unread_query(user, &EVENTS),
        store::arrived_query(user, id(9).0, 50),
        store::line_query(user, EventId(Uuid::from_u128(9))),
    ] {
        let plan = inbox.explain_query(&query).await.unwrap();
        assert!(plan.by_index && !plan.sorts, "{}", plan.text);
    }
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
        store::mail_query(CUSTOMER, EventId(Uuid::nil())),
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

/// MongoDB's expiry removes them; on SQLite the job does.
async fn a_line_goes_when_its_time_from_reading_or_creation_is_over(arm: DocumentsArm) {
    let now = Clock::system().now();
    let store = InboxStore::new(&arm.documents);
    store.migrate().await.unwrap();
    let old = now.plus_ms(-KEPT_MS - 60_000);
    let new = now.plus_ms(-60_000);
    let write = async |kept_from, user: UserId| {
        let store = store.clone().with_retention(kept_from);
        for (n, at) in [(1, old), (2, old), (3, new)] {
            let n = user.0.as_u128() + n;
            let told = InboxLine {
                created_at: at,
                ..line(user, Role::Customer, n)
            };
            assert!(store.add_line(id(n), &told).await.unwrap());
        }
    };
    let [from_reading, from_creation] = [700, 800].map(|n| UserId(Uuid::from_u128(n)));
    write(KeptFrom::Read, from_reading).await;
    write(KeptFrom::Created, from_creation).await;
    // Read long ago, and just now.
    for (n, at) in [(701, old), (703, now)] {
        assert!(
            store
                .mark_read(from_reading, Role::Customer, id(n), at)
                .await
                .unwrap()
        );
    }
    let left = async |user| {
        let mut left = lines(&store, all(user, Role::Customer)).await;
        left.sort();
        left
    };
    support::eventually(
        "what is over is gone",
        Duration::from_secs(90),
        async || {
            store.purge_read(Clock::system().now()).await.unwrap();
            let left = (left(from_reading).await, left(from_creation).await);
            (left == (vec![id(702), id(703)], vec![id(803)])).then_some(())
        },
    )
    .await;
}

/// Documents as the previous release wrote them.
#[tokio::test]
async fn lines_that_stand_in_mongodb_are_adopted() {
    let arm = contract::documents_on_mongodb().await;
    let raw = arm.mongo().await.collection("customer_inbox");
    raw.create_indexes(indexes_of_the_release_before())
        .await
        .unwrap();
    let binary = |n: u128| bson::Uuid::from_bytes(Uuid::from_u128(n).into_bytes());
    let written = line(CUSTOMER, Role::Customer, 5);
    let params = bson::serialize_to_bson(&serde_json::to_value(&written.params).unwrap()).unwrap();
    let lately = Clock::system().now();
    for (n, read_at) in [(1, None), (2, Some(lately)), (3, Some(AT))] {
        let mut document = doc! {
            "_id": binary(n), "user_id": binary(1), "event_id": binary(4 + n), "type": "order.accepted",
            "order_id": binary(7), "counterpart": bson::Bson::Null, "params": params.clone(),
            "is_read": read_at.is_some(), "created_at": AT.0,
        };
        if let Some(UnixMillis(at)) = read_at {
            document.insert("read_at", at);
            document.insert("read_on", bson::DateTime::from_millis(at));
        }
        raw.insert_one(document).await.unwrap();
    }
    let store = InboxStore::new(&arm.documents);
    store.migrate().await.unwrap();
    store.check_schema().await.unwrap();
    let mut page = store
        .read_page(&all(CUSTOMER, Role::Customer))
        .await
        .unwrap();
    // MongoDB's expiry may remove the third at any time, because it was read long ago.
    page.lines.retain(|stored| stored.id != id(3));
    let second = line(CUSTOMER, Role::Customer, 6);
    let expected = [
        StoredLine {
            id: id(2),
            line: second,
            read_at: Some(lately),
        },
        StoredLine {
            id: id(1),
            line: written,
            read_at: None,
        },
    ];
    assert_eq!(page.lines, expected);
    assert!(
        store
            .mark_read(CUSTOMER, Role::Customer, id(1), AT)
            .await
            .unwrap()
    );
    let gone = async || {
        let left = lines(&store, all(CUSTOMER, Role::Customer)).await;
        (left == [id(2)]).then_some(())
    };
    support::eventually(
        "the lines read long ago expire",
        Duration::from_secs(90),
        gone,
    )
    .await;
}

fn indexes_of_the_release_before() -> [IndexModel; 4] {
    let once = IndexOptions::builder()
        .name("inbox_once".to_owned())
        .unique(true)
        .build();
    let read = IndexOptions::builder()
        .name("inbox_read".to_owned())
        .expire_after(Duration::from_secs(60));
    let named = |name: &str| IndexOptions::builder().name(name.to_owned()).build();
    [
        (doc! {"user_id": 1, "event_id": 1}, once),
        (
            doc! {"user_id": 1, "created_at": -1, "_id": -1},
            named("inbox_newest"),
        ),
        (doc! {"user_id": 1, "is_read": 1}, named("inbox_unread")),
        (doc! {"read_on": 1}, read.build()),
    ]
    .map(|(keys, options)| IndexModel::builder().keys(keys).options(options).build())
}

async fn lines(store: &InboxStore, request: PageRequest) -> Vec<LineId> {
    let page = store.read_page(&request).await.unwrap();
    page.lines.into_iter().map(|stored| stored.id).collect()
}

fn all(user_id: UserId, role: Role) -> PageRequest {
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

fn id(n: u128) -> LineId {
    LineId(Uuid::from_u128(n))
}

fn line(user_id: UserId, role: Role, event: u128) -> InboxLine {
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
            match_reasons: Vec::new(),
            reminds: false,
            paid_afterwards: false,
            terms: MoneyTerms::default(),
        })),
        created_at: AT,
    }
}

fn lost() -> Lost {
    let other = OrderId(Uuid::from_u128(10));
    Lost {
        winner_decided_at: Some(AT.plus_ms(5_000)),
        winner_source: Some(Source::Portal),
        tapped_at: Some(AT),
        edge_at: None,
        nearby: vec![NearbyJob {
            order_id: other,
            code: OrderCode::from_order_id(Region::North, other),
            title: "Paint a wall".into(),
            price: Amount::from_minor(15_000).unwrap(),
            currency: Currency::Cny,
        }],
        taken_back: None,
        race_rule: None,
        status: None,
        promise_ended: None,
    }
}
