//! What inboxes lose when accounts are deleted.

use wire::{ERASED_TITLE, OrderId, UserEvent};

use super::*;
use crate::{
    domain::{
        Channel, DeliveryPreferences, InboxOwner, InboxPage, NoticeKind, NoticeParams, StoredLine,
    },
    store::{Notice, NoticeId, NotificationDelivery, StoredSubscription},
    tests::samples::LOSER,
};

fn deleted(id: u128, user_id: UserId, role: Role) -> Event {
    let body = UserEvent {
        user_id,
        role,
        session_id: None,
    };
    Event {
        body: serde_json::to_value(body).unwrap(),
        ..event(id, EventType::UserDeleted)
    }
}

/// The order whose texts were erased, with this title.
fn erased(id: u128, order: u128, title: &str) -> Event {
    let mut body = samples::event_body();
    body.order.id = OrderId(Uuid::from_u128(order));
    body.order.title = title.into();
    Event {
        body: serde_json::to_value(body).unwrap(),
        ..event(id, EventType::OrderErased)
    }
}

async fn page(store: &InboxStore, owner: InboxOwner) -> Vec<StoredLine> {
    let request = PageRequest {
        user_id: owner.user_id,
        role: owner.role,
        unread_only: false,
        after: None,
        limit: 100,
        read_since: UnixMillis(0),
    };
    let InboxPage { lines, .. } = store.read_page(&request).await.unwrap();
    lines
}

/// All texts of an inbox.
async fn texts(store: &InboxStore, owner: InboxOwner) -> String {
    let lines = page(store, owner).await;
    let params = lines.iter().map(|stored| &stored.line.params);
    serde_json::to_string(&params.collect::<Vec<_>>()).unwrap()
}

const OF_CUSTOMER: InboxOwner = InboxOwner {
    user_id: CUSTOMER,
    role: Role::Customer,
};
const OF_PROVIDER: InboxOwner = InboxOwner {
    user_id: PROVIDER,
    role: Role::Provider,
};
const OF_LOSER: InboxOwner = InboxOwner {
    user_id: LOSER,
    role: Role::Provider,
};

/// What the stores have of a person: preferences, devices, deliveries, and the words of notices.
async fn stored_for(handler: &InboxEventConsumer, owner: InboxOwner) -> (bool, usize, u64, usize) {
    let InboxEventConsumer {
        dispatcher,
        notices,
        ..
    } = handler;
    let (_, version) = dispatcher
        .preferences
        .load_preferences(owner.user_id)
        .await
        .unwrap();
    let devices = dispatcher.devices.find_devices_of(owner.user_id).await;
    let log = dispatcher.delivery_store.read_page(None, None, 100).await;
    let log = log.unwrap().items.into_iter();
    let deliveries = log.filter(|(_, one)| one.user_id == owner.user_id).count();
    let told = notices.read_page(None, 100).await.unwrap().items;
    let mut own = told.iter().filter(|(_, one)| one.user_id == owner.user_id);
    let words = own.next().map(|(_, one)| one.words.content.len());
    (
        version > 0,
        devices.unwrap().len(),
        u64::try_from(deliveries).unwrap(),
        words.unwrap(),
    )
}

/// Gives a person something in every store.
async fn fill(handler: &InboxEventConsumer, owner: InboxOwner) {
    let n = owner.user_id.0.as_u128();
    let dispatcher = &handler.dispatcher;
    let wishes = DeliveryPreferences::default();
    dispatcher
        .preferences
        .save_preferences(owner.user_id, 0, &wishes)
        .await
        .unwrap();
    let browser = StoredSubscription {
        endpoint: format!("https://push.example/{n}"),
        p256dh: "key".into(),
        auth: "secret".into(),
    };
    dispatcher
        .devices
        .register(
            Uuid::from_u128(n),
            owner.user_id,
            "Wang's phone",
            &browser,
            AT,
        )
        .await
        .unwrap();
    let event_id = EventId(Uuid::from_u128(1));
    let mail = NotificationDelivery::for_line(
        owner,
        NoticeKind::Orders,
        None,
        event_id,
        Channel::Email,
        AT,
    );
    dispatcher
        .delivery_store
        .add_new_deliveries(&[(Uuid::from_u128(n), mail)])
        .await
        .unwrap();
    let words = NoticeParams {
        notice: NoticeKind::Account,
        title: "Dear Wang".into(),
        content: "Call us.".into(),
    };
    let notice = Notice::new("service:test".into(), Uuid::from_u128(n), owner, words, AT);
    let id = NoticeId(Uuid::from_u128(n));
    assert!(handler.notices.insert_notice(id, &notice).await.unwrap());
}

#[tokio::test]
async fn of_a_deleted_person_nothing_stays_and_nothing_is_added() {
    let (handler, store, _folder) = inboxes().await;
    for owner in [OF_CUSTOMER, OF_PROVIDER] {
        fill(&handler, owner).await;
        let before = stored_for(&handler, owner).await;
        assert_eq!(before, (true, 1, 1, "Call us.".len()));
    }
    let accepted = event(1, EventType::OrderAccepted);
    handler.handle(&accepted).await.unwrap();
    assert_eq!(page(&store, OF_CUSTOMER).await.len(), 1);

    // The run also has a line that is written before the deletion is handled.
    let completed = event(2, EventType::OrderCompleted);
    let gone = deleted(3, CUSTOMER, Role::Customer);
    handler.handle_run(&[&completed, &gone]).await.unwrap();
    for late in [
        &gone,
        &event(4, EventType::OrderCancelled),
        &accepted,
        &gone,
    ] {
        handler.handle(late).await.unwrap();
        handler.handle_run(&[late]).await.unwrap();
        assert_eq!(page(&store, OF_CUSTOMER).await, []);
    }
    assert_eq!(stored_for(&handler, OF_CUSTOMER).await, (false, 0, 0, 0));

    let others = inbox(&store, PROVIDER, Role::Provider).await;
    assert_eq!(others.len(), 3, "{others:?}");
    let stays = stored_for(&handler, OF_PROVIDER).await;
    assert_eq!(stays, (true, 1, 1, "Call us.".len()));
}

#[tokio::test]
async fn lines_about_an_erased_order_lose_what_people_wrote() {
    let (handler, store, _folder) = inboxes().await;
    let rejected = event(1, EventType::OrderCancelled);
    handler.handle(&rejected).await.unwrap();
    let title = samples::event_body().order.title;
    let before = texts(&store, OF_PROVIDER).await;
    assert!(before.contains(&title) && before.contains("a digit"));

    // Of a provider's account: the order keeps the title of its customer.
    let by_provider = erased(2, 9, &title);
    handler.handle(&by_provider).await.unwrap();
    for owner in [OF_CUSTOMER, OF_PROVIDER] {
        let told = texts(&store, owner).await;
        assert!(told.contains(&title) && !told.contains("a digit"), "{told}");
    }

    let again = event(3, EventType::OrderCancelled);
    let by_customer = erased(4, 9, ERASED_TITLE);
    handler.handle_run(&[&again, &by_customer]).await.unwrap();
    for late in [&by_customer, &by_provider] {
        handler.handle(late).await.unwrap();
        for owner in [OF_CUSTOMER, OF_PROVIDER] {
            let told = texts(&store, owner).await;
            assert_eq!(page(&store, owner).await.len(), 2, "the lines stay");
            assert!(!told.contains(&title) && !told.contains("a digit"));
            assert!(told.contains(ERASED_TITLE));
        }
    }
}

#[tokio::test]
async fn a_job_that_was_proposed_instead_of_a_lost_one_loses_its_title_with_its_order() {
    let (handler, store, _folder) = inboxes().await;
    let lost = event(1, EventType::OrderAcceptanceLost);
    handler.handle(&lost).await.unwrap();
    let title = samples::event_body().order.title;
    let told = texts(&store, OF_LOSER).await;
    assert!(told.contains("Paint a wall") && told.contains(&title));

    let other = erased(2, 10, ERASED_TITLE);
    for _ in 0..2 {
        handler.handle(&other).await.unwrap();
        let told = texts(&store, OF_LOSER).await;
        assert!(!told.contains("Paint a wall"), "{told}");
        assert!(told.contains(&title), "of the lost order itself");
    }
}
