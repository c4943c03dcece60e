//! Inboxes, wishes, and the log of deliveries.

use notification::{
    domain::{
        Channel, DeliveryPreferences, InboxLine, InboxOwner, LineId, LineParams, MoneyParams,
        NoticeKind, NoticeParams, PageRequest,
    },
    store::{
        DeliveryResult, DeliveryState, DeliveryStore, DeviceStore, FanOut, InboxStore, Notice,
        NoticeId, NoticeStore, NotificationDelivery, PreferencesStore, SettledDevice,
        StoredSubscription,
    },
};
use platform::{documents::Documents, sealing::DataKeys};
use process::clock::Clock;
use uuid::Uuid;
use wire::{
    Amount, Currency, ERASED_TITLE, EventId, EventType, Order, OrderId, Role, UnixMillis, UserId,
};

use crate::{AT, OTHERS, id, user};

const DAY_MS: i64 = 24 * 60 * 60 * 1000;

pub(crate) async fn migrate(documents: &Documents) {
    InboxStore::new(documents).migrate().await.unwrap();
    PreferencesStore::new(documents).migrate().await.unwrap();
    DeliveryStore::new(documents).migrate().await.unwrap();
    NoticeStore::new(documents).migrate().await.unwrap();
    device_store(documents).migrate().await.unwrap();
}

fn device_store(documents: &Documents) -> DeviceStore {
    DeviceStore::new(documents, &DataKeys::without_keys())
}

pub(crate) async fn fill(documents: &Documents) {
    let lines: Vec<_> = OTHERS.map(|n| (LineId(id(n)), line(user(n), n))).collect();
    InboxStore::new(documents).add_lines(&lines).await.unwrap();
    let now = Clock::system().now();
    let later = |n| {
        let (id, mut mailing) = mailing(user(n), n, now);
        mailing.due_at = now.plus_ms(DAY_MS);
        (id, mailing)
    };
    DeliveryStore::new(documents)
        .add_new_deliveries(&OTHERS.map(later).collect::<Vec<_>>())
        .await
        .unwrap();
    for n in OTHERS {
        let wishes = PreferencesStore::new(documents);
        wishes
            .save_preferences(user(n), 0, &DeliveryPreferences::default())
            .await
            .unwrap();
        device_store(documents)
            .register(id(n), user(n), "Firefox", &subscription(n), AT)
            .await
            .unwrap();
        let author = format!("service:{n}");
        let notices = NoticeStore::new(documents);
        assert!(
            notices
                .insert_notice(NoticeId(id(n)), &notice(author, user(n), n))
                .await
                .unwrap()
        );
    }
}

pub(crate) async fn run(documents: &Documents) {
    inboxes(&InboxStore::new(documents)).await;
    deliveries(&DeliveryStore::new(documents)).await;
    notices(&NoticeStore::new(documents)).await;
    devices(&device_store(documents)).await;
    let wishes = PreferencesStore::new(documents);
    wishes
        .save_preferences(user(1), 0, &DeliveryPreferences::default())
        .await
        .unwrap();
    wishes
        .save_preferences(user(1), 1, &DeliveryPreferences::default())
        .await
        .unwrap();
    wishes.load_preferences(user(1)).await.unwrap();
    erase(documents).await;
}

async fn inboxes(store: &InboxStore) {
    let owner = InboxOwner {
        user_id: user(1),
        role: Role::Customer,
    };
    for n in 0..3 {
        store
            .add_line(LineId(id(n)), &line(owner.user_id, n))
            .await
            .unwrap();
    }
    let more: Vec<_> = (3..9)
        .map(|n| (LineId(id(n)), line(owner.user_id, n)))
        .collect();
    store.add_lines(&more).await.unwrap();
    for unread_only in [false, true] {
        let user_id = owner.user_id;
        let role = owner.role;
        let read_since = AT;
        let first = PageRequest {
            user_id,
            role,
            unread_only,
            after: None,
            limit: 2,
            read_since,
        };
        let after = store.read_page(&first).await.unwrap().next;
        assert!(after.is_some());
        store
            .read_page(&PageRequest { after, ..first })
            .await
            .unwrap();
    }
    store
        .find_lines_arrived_since(owner, id(1), 20)
        .await
        .unwrap();
    store
        .find_line_of_event(owner, EventId(id(2)))
        .await
        .unwrap()
        .unwrap();
    store.find_newest_unread(owner, 20).await.unwrap();
    store.count_unread(owner.user_id, owner.role).await.unwrap();
    for _ in 0..2 {
        assert!(
            store
                .mark_read(owner.user_id, owner.role, LineId(id(1)), AT)
                .await
                .unwrap()
        );
    }
    let order_id = OrderId(id(7));
    let event_id = EventId(id(8));
    let fan_out = FanOut {
        order_id,
        event_id,
        at: AT,
        matched: Vec::new(),
    };
    store.store_first_fan_out(fan_out).await.unwrap();
    store.find_fan_out(order_id).await.unwrap().unwrap();
    let erased = Order {
        title: ERASED_TITLE.into(),
        ..support::samples::order(7, 1)
    };
    store.erase_order_texts(&erased).await.unwrap();
}

async fn erase(documents: &Documents) {
    let owner = InboxOwner {
        user_id: user(1),
        role: Role::Customer,
    };
    let lines = InboxStore::new(documents).erase_inbox(owner, AT).await;
    assert_eq!(lines.unwrap(), 9);
    let log = DeliveryStore::new(documents);
    assert!(log.remove_deliveries_of(user(1)).await.unwrap() > 0);
    NoticeStore::new(documents)
        .erase_notices_to(user(1))
        .await
        .unwrap();
    let wishes = PreferencesStore::new(documents);
    assert!(wishes.remove_preferences(user(1)).await.unwrap());
}

async fn deliveries(delivery_store: &DeliveryStore) {
    let now = Clock::system().now();
    delivery_store
        .add_new_deliveries(&[1, 2, 3].map(|n| mailing(user(1), n, now)))
        .await
        .unwrap();
    let due = delivery_store
        .find_due_deliveries(Channel::Email, now, 10)
        .await
        .unwrap();
    assert_eq!(due.len(), 3);
    let settled = [
        SettledDevice::new_told(id(1)),
        SettledDevice::new_refused(id(2), "too long".to_owned()),
    ];
    delivery_store
        .record_settled_devices(due[0].id, &settled)
        .await
        .unwrap();
    let again = delivery_store
        .find_due_deliveries(Channel::Email, now, 10)
        .await
        .unwrap();
    let kept = again.iter().find(|again| again.id == due[0].id).unwrap();
    assert_eq!(kept.body.settled_devices, settled);
    assert!(delivery_store.claim_delivery(&due[0], now).await.unwrap());
    let sent = DeliveryResult {
        state: DeliveryState::Sent,
        due_at: None,
        was_tried: true,
        to: None,
        why: None,
    };
    delivery_store
        .record_result(due[0].id, &sent)
        .await
        .unwrap();
    for state in [None, Some(DeliveryState::Waiting)] {
        let after = delivery_store.read_page(state, None, 1).await.unwrap().next;
        assert!(after.is_some());
        delivery_store.read_page(state, after, 1).await.unwrap();
    }
}

async fn devices(store: &DeviceStore) {
    // The second registration renews the first, and the eleventh removes the oldest.
    for n in [1, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11] {
        let at = AT.plus_ms(i64::try_from(n).unwrap());
        store
            .register(id(n + 500), user(1), "Firefox", &subscription(n + 500), at)
            .await
            .unwrap();
    }
    let own = store.find_devices_of(user(1)).await.unwrap();
    assert_eq!(own.len(), 10);
    store
        .record_delivery(own[9].id, AT.plus_ms(100))
        .await
        .unwrap();
    store
        .record_failure(own[9].id, AT.plus_ms(200))
        .await
        .unwrap();
    let used = store.find_devices_of(user(1)).await.unwrap();
    assert_eq!(used[0].id, own[9].id, "it is the one used last");
    assert!(store.end_own_device(user(1), own[0].id).await.unwrap());
    assert!(!store.end_own_device(user(2), own[1].id).await.unwrap());
    assert_eq!(
        store
            .end_devices_of(user(1), AT.plus_ms(1_000))
            .await
            .unwrap(),
        9
    );
}

fn subscription(n: u128) -> StoredSubscription {
    StoredSubscription {
        endpoint: format!("https://push.example.org/{n}"),
        p256dh: String::new(),
        auth: String::new(),
    }
}

async fn notices(store: &NoticeStore) {
    let author = "service:of";
    let most = 10;
    for n in 1..4 {
        let written = notice(author.into(), user(1), n);
        assert!(
            store
                .insert_notice(NoticeId(id(n)), &written)
                .await
                .unwrap()
        );
        assert!(
            !store
                .insert_notice(NoticeId(id(n + 10)), &written)
                .await
                .unwrap(),
            "once under a key"
        );
    }
    assert_eq!(
        store.find_by_key(author, id(2)).await.unwrap().unwrap().0,
        NoticeId(id(2))
    );
    assert_eq!(
        store
            .count_by_author(author, AT.plus_ms(2), most)
            .await
            .unwrap(),
        2
    );
    assert_eq!(
        store
            .count_to_person(user(1), AT.plus_ms(2), most)
            .await
            .unwrap(),
        2
    );
    let after = store.read_page(None, 1).await.unwrap().next;
    assert!(after.is_some());
    store.read_page(after, 1).await.unwrap();
}

fn notice(author: String, to: UserId, n: u128) -> Notice {
    let title = "A word".into();
    let content = "Of a service.".into();
    let words = NoticeParams {
        notice: NoticeKind::Orders,
        title,
        content,
    };
    let at = AT.plus_ms(i64::try_from(n).unwrap());
    let owner = InboxOwner {
        user_id: to,
        role: Role::Customer,
    };
    Notice::new(author, id(n), owner, words, at)
}

fn mailing(to: UserId, n: u128, now: UnixMillis) -> (Uuid, NotificationDelivery) {
    let owner = InboxOwner {
        user_id: to,
        role: Role::Customer,
    };
    let event_type = Some(EventType::PaymentCompleted);
    let event_id = EventId(id(n));
    (
        id(n),
        NotificationDelivery::for_line(
            owner,
            NoticeKind::Money,
            event_type,
            event_id,
            Channel::Email,
            now,
        ),
    )
}

fn line(of: UserId, n: u128) -> InboxLine {
    InboxLine {
        user_id: of,
        role: Role::Customer,
        event_type: Some(EventType::PaymentCompleted),
        order_id: Some(OrderId(id(n))),
        event_id: EventId(id(n)),
        counterpart: None,
        params: LineParams::Money(MoneyParams {
            amount: Amount::from_minor(20_000).unwrap(),
            currency: Currency::Cny,
            returning: None,
            cancel_fee: None,
            case: None,
        }),
        created_at: AT.plus_ms(i64::try_from(n).unwrap()),
    }
}
