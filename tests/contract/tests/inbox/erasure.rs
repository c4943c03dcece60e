//! What deleted accounts leave in inboxes, however much there was.

use contract::{DocumentsArm, on_every_documents};
use notification::{
    domain::{Channel, DeliveryPreferences, InboxOwner, LineParams, NoticeKind, NoticeParams},
    store::{
        DeliveryStore, InboxStore, Notice, NoticeId, NoticeStore, NotificationDelivery,
        PreferencesStore,
    },
};
use uuid::Uuid;
use wire::{ERASED_TITLE, EventId, Order, OrderId, Role, UserId};

use super::{AT, CUSTOMER, PROVIDER, line_id, list_line_ids, request_all, sample_line};

on_every_documents! {
    an_erased_inbox_is_empty_and_stays_so,
    an_erased_order_leaves_no_text_in_any_inbox,
    deliveries_wishes_and_notices_go_with_their_person,
}

/// More than one batch, also of one role.
const MANY: u128 = 205;

const OF_CUSTOMER: InboxOwner = InboxOwner {
    user_id: CUSTOMER,
    role: Role::Customer,
};

async fn store_of(arm: &DocumentsArm) -> InboxStore {
    let store = InboxStore::new(&arm.documents);
    store.migrate().await.unwrap();
    store
}

async fn count_lines(store: &InboxStore, user_id: UserId, role: Role) -> usize {
    let count = store.count_unread(user_id, role).await.unwrap();
    usize::try_from(count).unwrap()
}

async fn an_erased_inbox_is_empty_and_stays_so(arm: DocumentsArm) {
    let store = store_of(&arm).await;
    let lines: Vec<_> = (1..=MANY)
        .map(|n| (line_id(n), sample_line(CUSTOMER, Role::Customer, n)))
        .collect();
    store.add_lines(&lines).await.unwrap();
    let others = sample_line(PROVIDER, Role::Provider, 1);
    store.add_line(line_id(1_000), &others).await.unwrap();

    let many = usize::try_from(MANY).unwrap();
    assert_eq!(store.erase_inbox(OF_CUSTOMER, AT).await.unwrap(), many);
    assert_eq!(store.erase_inbox(OF_CUSTOMER, AT).await.unwrap(), 0);
    let late = sample_line(CUSTOMER, Role::Customer, 2_000);
    assert!(!store.add_line(line_id(2_000), &late).await.unwrap());
    let both = [
        (line_id(2_001), late),
        (line_id(2_002), sample_line(PROVIDER, Role::Provider, 2_000)),
    ];
    assert_eq!(store.add_lines(&both).await.unwrap(), [false, true]);
    let left = list_line_ids(&store, request_all(CUSTOMER, Role::Customer)).await;
    assert_eq!(left, []);
    assert_eq!(count_lines(&store, PROVIDER, Role::Provider).await, 2);
}

async fn an_erased_order_leaves_no_text_in_any_inbox(arm: DocumentsArm) {
    let store = store_of(&arm).await;
    let with_reason = |user: u128, order: u128| {
        let role = match user {
            1 => Role::Customer,
            2 => Role::Admin,
            _ => Role::Provider,
        };
        let mut line = sample_line(UserId(Uuid::from_u128(user)), role, user);
        line.order_id = Some(OrderId(Uuid::from_u128(order)));
        if let LineParams::Order(params) = &mut line.params {
            params.reason = Some("I live at 1 Lake Road.".into());
        }
        (line_id(user), line)
    };
    let lines: Vec<_> = (1..=MANY).map(|n| with_reason(n, 7)).collect();
    store.add_lines(&lines).await.unwrap();
    let (other, line) = with_reason(2_000, 8);
    store.add_line(other, &line).await.unwrap();

    let erased = Order {
        id: OrderId(Uuid::from_u128(7)),
        title: ERASED_TITLE.into(),
        ..support::samples::order(1, 1)
    };
    let many = usize::try_from(MANY).unwrap();
    assert_eq!(store.erase_order_texts(&erased).await.unwrap(), many);
    assert_eq!(store.erase_order_texts(&erased).await.unwrap(), 0);
    for (_, line) in &lines {
        let page = store.read_page(&request_all(line.user_id, line.role)).await;
        let params = &page.unwrap().lines[0].line.params;
        let LineParams::Order(order) = params else {
            panic!("the line is another now: {params:?}")
        };
        assert_eq!((order.title.as_str(), &order.reason), (ERASED_TITLE, &None));
    }
    let page = store.read_page(&request_all(line.user_id, line.role)).await;
    assert_eq!(page.unwrap().lines[0].line, line, "is about another order");
}

async fn deliveries_wishes_and_notices_go_with_their_person(arm: DocumentsArm) {
    let log = DeliveryStore::new(&arm.documents);
    let wishes = PreferencesStore::new(&arm.documents);
    let notices = NoticeStore::new(&arm.documents);
    arm.documents.migrate().await.unwrap();
    log.migrate().await.unwrap();
    wishes.migrate().await.unwrap();
    notices.migrate().await.unwrap();
    let delivery = |owner: InboxOwner, n: u128| {
        let event = EventId(Uuid::from_u128(n));
        let kind = NoticeKind::Orders;
        let mail = NotificationDelivery::for_line(owner, kind, None, event, Channel::Email, AT);
        (Uuid::from_u128(owner.user_id.0.as_u128() * 1_000 + n), mail)
    };
    let notice = |owner: InboxOwner, n: u128| {
        let words = NoticeParams {
            notice: NoticeKind::Account,
            title: "Dear Wang".into(),
            content: "Call us.".into(),
        };
        let key = Uuid::from_u128(owner.user_id.0.as_u128() * 1_000 + n);
        let notice = Notice::new("service:test".into(), key, owner, words, AT);
        (NoticeId(key), notice)
    };
    let other = InboxOwner {
        user_id: PROVIDER,
        role: Role::Provider,
    };
    for owner in [OF_CUSTOMER, other] {
        let planned: Vec<_> = (1..=MANY).map(|n| delivery(owner, n)).collect();
        log.add_new_deliveries(&planned).await.unwrap();
        for n in 1..=3 {
            let (id, notice) = notice(owner, n);
            assert!(notices.insert_notice(id, &notice).await.unwrap());
        }
        let preferences = DeliveryPreferences::default();
        wishes
            .save_preferences(owner.user_id, 0, &preferences)
            .await
            .unwrap();
    }

    for (deliveries, words, has_wishes) in [(205, 3, true), (0, 0, false)] {
        let removed = log.remove_deliveries_of(CUSTOMER).await.unwrap();
        let erased = notices.erase_notices_to(CUSTOMER).await.unwrap();
        let had_wishes = wishes.remove_preferences(CUSTOMER).await.unwrap();
        assert_eq!(
            (removed, erased, had_wishes),
            (deliveries, words, has_wishes)
        );
    }
    let left = log.read_page(None, None, 500).await.unwrap().items;
    let kept_all = left.iter().all(|(_, one)| one.user_id == PROVIDER);
    assert!(kept_all && left.len() == 205);
    let told = notices.read_page(None, 100).await.unwrap().items;
    assert_eq!(told.len(), 6, "who wrote when stays");
    for (_, notice) in told {
        let has_words = notice.words.content == "Call us." && notice.words.title == "Dear Wang";
        assert_eq!(has_words, notice.user_id == PROVIDER, "{:?}", notice.words);
    }
    assert_eq!(wishes.load_preferences(PROVIDER).await.unwrap().1, 1);
}
