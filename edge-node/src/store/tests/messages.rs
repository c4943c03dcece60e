//! The messages of orders: who reads them, which the edge asks for, and when they go.

use engine::edge::{MessageOrders, MessageTurn};
use wire::{ERASED_TITLE, MESSAGE_MARKS_MAX, MessageMark, OrderMessage};

use super::{snapshot::run, *};

const CUSTOMER: u128 = 10;
const PROVIDER: u128 = 20;
const FORMER: u128 = 21;

fn customer(user: u128) -> Actor {
    Actor {
        role: Role::Customer,
        ..by(user)
    }
}

/// To or from this provider.
pub(super) fn message(n: u128, number: u64, from: Role, provider: u128) -> OrderMessage {
    OrderMessage {
        order_id: OrderId(id(n)),
        number,
        id: CommandId(id(1_000 * n + u128::from(number))),
        from,
        provider_id: UserId(id(provider)),
        text: format!("{number}: 门铃坏了 🔔"),
        photo: None,
        sent_at: UnixMillis(NOW.0 + number.cast_signed()),
    }
}

fn accepted(n: u128, version: u64) -> Order {
    after(n, version, Action::Accept, PROVIDER)
}

fn completed(n: u128, version: u64) -> Order {
    Order {
        status: OrderStatus::Completed,
        payment_status: wire::PaymentStatus::Refunded,
        updated_at: NOW,
        ..accepted(n, version)
    }
}

fn erased(order: Order) -> Order {
    Order {
        title: ERASED_TITLE.into(),
        version: order.version + 1,
        ..order
    }
}

async fn feed(store: &Store, to: u64, orders: impl IntoIterator<Item = Order>) {
    let changes = orders.into_iter().map(FeedChange::Order).collect();
    store.apply_changes(to, changes, NOW).await.unwrap();
}

impl Store {
    /// The numbers that this person reads; `None` for no party.
    async fn numbers(&self, n: u128, reader: Actor) -> Option<Vec<u64>> {
        let identity = identity();
        let thread = self.load_messages(&identity, OrderId(id(n)), reader);
        let items = thread.await.unwrap()?.items;
        Some(items.iter().map(|item| item.number).collect())
    }

    async fn newest(&self, reader: Actor) -> Vec<(OrderId, u64)> {
        let newest = self.load_newest_messages(&identity(), reader).await;
        let items = newest.unwrap().items;
        items
            .iter()
            .map(|item| (item.order_id, item.number))
            .collect()
    }

    async fn times_told(&self, n: u128) -> [Option<UnixMillis>; 2] {
        let identity = identity();
        let newest = self.load_newest_messages(&identity, by(PROVIDER)).await;
        let thread = self.load_messages(&identity, OrderId(id(n)), by(PROVIDER));
        [newest.unwrap().as_of, thread.await.unwrap().unwrap().as_of]
    }

    async fn marks(&self, orders: MessageOrders, after: Option<u128>) -> (Vec<(u128, u64)>, bool) {
        let after = after.map(|n| OrderId(id(n)));
        let turn = MessageTurn { orders, after };
        let marked = self.load_message_marks(turn, NOW).await.unwrap();
        let read = |mark: &MessageMark| (mark.order_id.0.as_u128(), mark.number);
        let last = marked.marks.last().map(|mark| mark.order_id);
        assert!(marked.last.is_none() || marked.last == last);
        (
            marked.marks.iter().map(read).collect(),
            marked.last.is_some(),
        )
    }
}

/// Orders with four messages each, two of them of a former provider.
async fn with_messages(store: &Store, orders: &[Order]) {
    feed(store, 1, orders.iter().cloned()).await;
    for order in orders {
        let n = order.id.0.as_u128();
        let told = vec![
            message(n, 1, Role::Customer, FORMER),
            message(n, 2, Role::Provider, FORMER),
            message(n, 3, Role::Customer, PROVIDER),
            message(n, 4, Role::Provider, PROVIDER),
        ];
        assert_eq!(store.save_messages(told).await.unwrap(), 4);
    }
}

#[tokio::test]
async fn the_two_of_an_order_read_its_messages_also_after_a_restart_and_no_one_else_does() {
    let data = tempfile::tempdir().unwrap();
    let (store, _) = open(&data, 1).await;
    with_messages(&store, &[accepted(1, 1), accepted(2, 1)]).await;
    store.save_messages_told(NOW).await.unwrap();
    store.close();
    let (store, _) = open(&data, 2).await;
    let identity = identity();
    let thread = store.load_messages(&identity, OrderId(id(1)), by(PROVIDER));
    let thread = thread.await.unwrap().unwrap();
    assert_eq!(thread.as_of, Some(NOW));
    let sent = message(1, 3, Role::Customer, PROVIDER);
    let expected = StoredMessage {
        number: 3,
        id: sent.id,
        from: Role::Customer,
        text: sent.text,
        sent_at: sent.sent_at,
        photo: None,
    };
    assert_eq!(thread.items[0], expected);
    assert_eq!(store.numbers(1, by(PROVIDER)).await, Some(vec![3, 4]));
    assert_eq!(
        store.numbers(1, customer(CUSTOMER)).await,
        Some(vec![1, 2, 3, 4])
    );
    let both = vec![(OrderId(id(1)), 4), (OrderId(id(2)), 4)];
    assert_eq!(store.newest(by(PROVIDER)).await, both);
    assert_eq!(store.newest(customer(CUSTOMER)).await, both);
    let admin = Actor {
        role: Role::Admin,
        ..by(CUSTOMER)
    };
    let customer_as_provider = by(CUSTOMER);
    for stranger in [
        by(FORMER),
        by(22),
        customer(11),
        admin,
        customer_as_provider,
    ] {
        assert_eq!(store.numbers(1, stranger).await, None, "{stranger:?}");
        assert_eq!(store.newest(stranger).await, [], "{stranger:?}");
    }
    assert_eq!(store.numbers(3, by(PROVIDER)).await, None);
}

#[tokio::test]
async fn a_long_thread_shows_its_newest_hundred() {
    let data = tempfile::tempdir().unwrap();
    let (store, _) = open(&data, 1).await;
    feed(&store, 1, [accepted(1, 1)]).await;
    let told = (1..=130).map(|number| message(1, number, Role::Customer, PROVIDER));
    store.save_messages(told.collect()).await.unwrap();
    let expected: Vec<u64> = (31..=130).collect();
    assert_eq!(store.numbers(1, by(PROVIDER)).await, Some(expected));
}

#[tokio::test]
async fn messages_go_with_the_edges_copy_of_their_order() {
    let data = tempfile::tempdir().unwrap();
    let (store, _) = open(&data, 1).await;
    let paid = Order {
        payment_status: wire::PaymentStatus::Paid,
        updated_at: UnixMillis(1),
        ..completed(2, 1)
    };
    with_messages(
        &store,
        &[completed(1, 1), paid, completed(3, 1), accepted(4, 1)],
    )
    .await;
    let reader = by(PROVIDER);
    feed(&store, 2, [erased(completed(1, 1))]).await;
    assert_eq!(store.numbers(1, reader).await, Some(vec![]));
    assert_eq!(store.drop_closed_orders(UnixMillis(2)).await.unwrap(), 1);
    let order_id = OrderId(id(3));
    let gone = FeedChange::OrderGone {
        order_id,
        version: 9,
    };
    store.apply_changes(3, vec![gone], NOW).await.unwrap();
    assert_eq!(store.newest(reader).await, [(OrderId(id(4)), 4)]);

    // The deletion of its provider changes a closed order too.
    feed(&store, 4, [accepted(4, 2), completed(5, 1)]).await;
    store.save_messages_told(NOW).await.unwrap();
    let told = message(5, 1, Role::Provider, PROVIDER);
    store.save_messages(vec![told]).await.unwrap();
    feed(&store, 5, [completed(5, 2)]).await;
    assert_eq!(store.newest(reader).await, [(OrderId(id(4)), 4)]);
    assert_eq!(store.times_told(5).await, [None, None]);

    // They do not come back with the order, and those still under way do not come.
    feed(&store, 6, [completed(2, 5), completed(3, 10)]).await;
    assert_eq!(store.newest(reader).await, [(OrderId(id(4)), 4)]);
    let late = [1, 9].map(|n| message(n, 5, Role::Customer, PROVIDER));
    assert_eq!(store.save_messages(late.to_vec()).await.unwrap(), 0);
    assert_eq!(store.numbers(1, reader).await, Some(vec![]));
}

#[tokio::test]
async fn a_snapshot_and_a_new_feed_take_the_messages_that_they_do_not_cover() {
    let data = tempfile::tempdir().unwrap();
    let (store, _) = open(&data, 1).await;
    let image = |orders: Vec<Order>| {
        let changes = orders.into_iter().map(FeedChange::Order).collect();
        run(0, changes, true)
    };
    store
        .stage_snapshot_chunk(image(Vec::new()), NOW)
        .await
        .unwrap();
    let closed = [2, 3, 4, 5].map(|n| completed(n, 1));
    with_messages(&store, &[&[accepted(1, 1)], &closed[..]].concat()).await;
    store.save_messages_told(NOW).await.unwrap();
    let gone = erased(completed(2, 1));
    let orders = vec![accepted(1, 2), gone, completed(4, 2), completed(5, 1)];
    store
        .stage_snapshot_chunk(image(orders), NOW)
        .await
        .unwrap();
    let kept = [1, 5].map(|n| (OrderId(id(n)), 4));
    assert_eq!(store.newest(by(PROVIDER)).await, kept);
    assert_eq!(store.times_told(1).await, [None, None]);

    store.save_messages_told(NOW).await.unwrap();
    store.adopt_generation(77).await.unwrap();
    assert_eq!(store.newest(by(PROVIDER)).await, []);
    assert_eq!(store.times_told(1).await, [None, None]);
}

#[tokio::test]
async fn the_edge_asks_about_orders_with_a_provider_64_at_a_time() {
    let data = tempfile::tempdir().unwrap();
    let (store, _) = open(&data, 1).await;
    let started = Order {
        status: OrderStatus::InProgress,
        ..accepted(2, 1)
    };
    let reviewed = Order {
        status: OrderStatus::Reviewed,
        ..completed(5, 1)
    };
    let long_ago = Order {
        updated_at: UnixMillis(NOW.0 - 32 * 24 * 60 * 60 * 1_000),
        ..completed(6, 1)
    };
    let orders = [accepted(1, 1), started, order(3, 1), completed(4, 1)];
    with_messages(&store, &orders).await;
    feed(&store, 2, [reviewed, long_ago, accepted(7, 1)]).await;
    // The fourth has changed today.
    let at_work = vec![(1, 4), (2, 4), (4, 4), (7, 0)];
    assert_eq!(
        store.marks(MessageOrders::AtWork, None).await,
        (at_work, false)
    );
    let rest = vec![(4, 4), (7, 0)];
    assert_eq!(
        store.marks(MessageOrders::AtWork, Some(2)).await,
        (rest, false)
    );
    let completed_ones = vec![(4, 4), (6, 0)];
    let marks = store.marks(MessageOrders::Completed, None).await;
    assert_eq!(marks, (completed_ones, false));
    // Completed by an outcome, before the feed knows.
    let applied = Outcome::new_applied(completed(7, 2), NOW);
    let outcomes = vec![outcome(1, 1, applied)];
    store.store_outcomes(1, outcomes, NOW).await.unwrap();
    let marks = store.marks(MessageOrders::Completed, Some(4)).await;
    assert_eq!(marks, (vec![(6, 0), (7, 0)], false));

    let many = (101..=101 + MESSAGE_MARKS_MAX as u128).map(|n| accepted(n, 1));
    feed(&store, 3, many).await;
    let (marks, is_full) = store.marks(MessageOrders::AtWork, Some(100)).await;
    assert_eq!((marks.len(), is_full), (MESSAGE_MARKS_MAX, true));
    let last = marks.last().map(|(n, _)| *n);
    let (marks, is_full) = store.marks(MessageOrders::AtWork, last).await;
    assert_eq!((marks.len(), is_full), (1, false));
}

#[tokio::test]
async fn a_new_order_at_work_forgets_the_time_until_it_is_asked_about() {
    let data = tempfile::tempdir().unwrap();
    let (store, _) = open(&data, 1).await;
    feed(&store, 1, [accepted(1, 1), order(2, 1)]).await;
    store.save_messages_told(NOW).await.unwrap();
    let started = Order {
        status: OrderStatus::InProgress,
        ..accepted(1, 2)
    };
    feed(&store, 2, [started, order(3, 1)]).await;
    assert_eq!(store.times_told(1).await, [Some(NOW); 2], "nothing is new");
    let reviewed = Order {
        status: OrderStatus::Reviewed,
        ..completed(1, 3)
    };
    feed(&store, 3, [reviewed]).await;
    assert_eq!(
        store.times_told(1).await,
        [Some(NOW), None],
        "no longer asked"
    );
    feed(&store, 4, [accepted(2, 2)]).await;
    assert_eq!(store.times_told(2).await, [None, None]);
}
