//! Copies of closed orders leave the file, and nothing else changes: a store that dropped them
//! compares with one that did not.

use engine::edge::EdgeFilePosition;

use super::{snapshot::run, *};

const LATER: UnixMillis = UnixMillis(NOW.0 + 1_000);

/// A closed order, `version` milliseconds old.
fn closed(n: u128, version: u64) -> Order {
    Order {
        status: OrderStatus::Completed,
        payment_status: wire::PaymentStatus::Paid,
        ..order(n, version)
    }
}

fn fed(orders: impl IntoIterator<Item = Order>) -> Vec<FeedChange> {
    orders.into_iter().map(FeedChange::Order).collect()
}

/// Two edges with the same orders; only the first drops its copies.
struct Pair {
    dropping: Store,
    keeping: Store,
    _data: [TempDir; 2],
}

impl Pair {
    async fn new(orders: &[Order]) -> Self {
        let data = [(); 2].map(|()| tempfile::tempdir().unwrap());
        let (dropping, _) = open(&data[0], 1).await;
        let (keeping, _) = open(&data[1], 1).await;
        let pair = Self {
            dropping,
            keeping,
            _data: data,
        };
        pair.feed(1, fed(orders.iter().cloned())).await;
        pair
    }

    async fn drop_copies(&self) -> usize {
        self.dropping.drop_closed_orders(LATER).await.unwrap()
    }

    async fn feed(&self, to: u64, changes: Vec<FeedChange>) {
        for store in [&self.dropping, &self.keeping] {
            store.apply_changes(to, changes.clone(), NOW).await.unwrap();
        }
    }

    async fn decide(&self, number: u64, order: Order) {
        for store in [&self.dropping, &self.keeping] {
            let applied = Outcome::new_applied(order.clone(), NOW);
            let outcomes = vec![outcome(number, 900 + number, applied)];
            store.store_outcomes(number, outcomes, NOW).await.unwrap();
        }
    }

    async fn swap_in(&self, orders: Vec<Order>) {
        for store in [&self.dropping, &self.keeping] {
            let image = run(0, fed(orders.clone()), true);
            store.stage_snapshot_chunk(image, NOW).await.unwrap();
        }
    }

    /// What the cloud compares is equal at both.
    async fn assert_alike(&self, what: &str) {
        let position =
            async |store: &Store| -> EdgeFilePosition { store.load_position().await.unwrap() };
        let ours = position(&self.dropping).await;
        let theirs = position(&self.keeping).await;
        assert_eq!(ours.tally, theirs.tally, "{what}");
        assert_eq!(ours.feed_cursor, theirs.feed_cursor, "{what}");
    }

    async fn found(&self, n: u128) -> Option<Order> {
        let view = self.dropping.load_view(&identity(), OrderId(id(n))).await;
        view.unwrap().order
    }
}

#[tokio::test]
async fn only_closed_orders_that_nobody_needs_here_lose_their_copy() {
    let owed = Order {
        payment_status: wire::PaymentStatus::Unpaid,
        ..closed(3, 1)
    };
    let young = Order {
        updated_at: LATER,
        ..closed(5, 1)
    };
    let pair = Pair::new(&[order(1, 1), closed(2, 1), owed, closed(4, 1), young]).await;
    entered(&pair.dropping, entry(101, by(20), accept(4))).await;
    pair.decide(1, closed(6, 1)).await;
    assert_eq!(pair.drop_copies().await, 1);
    assert_eq!(pair.drop_copies().await, 0);
    assert_eq!(pair.found(2).await, None);
    for n in [1, 3, 4, 5, 6] {
        assert!(pair.found(n).await.is_some(), "{n}");
    }
    let (_, board) = pair.dropping.load_board(&identity()).await.unwrap();
    let mut shown: Vec<_> = board.into_iter().map(|(item, _)| item.order.id).collect();
    shown.sort();
    assert_eq!(shown, [1, 3, 4, 5, 6].map(|n| OrderId(id(n))));
    pair.assert_alike("dropped").await;
}

#[tokio::test]
async fn a_dropped_order_still_counts_in_its_customers_history() {
    let pair = Pair::new(&[closed(2, 1)]).await;
    assert_eq!(pair.drop_copies().await, 1);
    let customer = closed(2, 1).customer_id;
    let paid: bool = pair
        .dropping
        .journal
        .read(move |conn| {
            conn.query_row(
                super::super::commands::PAYMENT_HISTORY,
                [&customer.as_bytes()[..]],
                |row| row.get(0),
            )
        })
        .await
        .unwrap();
    assert!(paid);
}

#[tokio::test]
async fn whatever_the_cloud_sends_on_a_dropped_order_counts_as_if_the_copy_were_here() {
    let pair = Pair::new(&[closed(1, 4), closed(2, 4), closed(3, 4), order(4, 1)]).await;
    assert_eq!(pair.drop_copies().await, 3);
    pair.feed(2, fed([closed(1, 4), closed(2, 3)])).await;
    pair.assert_alike("repeats and older versions").await;
    assert_eq!(pair.found(1).await, None, "a repeat brings nothing back");
    pair.feed(3, fed([closed(1, 5)])).await;
    pair.assert_alike("a newer version from the feed").await;
    assert_eq!(pair.found(1).await, Some(closed(1, 5)));
    pair.decide(1, closed(2, 6)).await;
    pair.assert_alike("an outcome ahead of the feed").await;
    pair.feed(4, fed([closed(2, 6)])).await;
    pair.assert_alike("the feed has caught up").await;
    let other = Order {
        title: "other".into(),
        ..closed(3, 4)
    };
    pair.feed(5, fed([other])).await;
    pair.assert_alike("other content of the same version").await;
    let gone = |version| FeedChange::OrderGone {
        order_id: OrderId(id(3)),
        version,
    };
    pair.feed(6, vec![gone(3)]).await;
    pair.assert_alike("an older version left").await;
    pair.feed(7, vec![gone(4)]).await;
    pair.assert_alike("it left").await;
    assert_eq!(pair.drop_copies().await, 2);
    pair.assert_alike("dropped again").await;
}

#[tokio::test]
async fn an_erased_order_takes_its_texts_from_every_copy() {
    const ADDRESS: &str = "42 Hidden Orchard Road";
    const ADDRESSES: &str = "SELECT count(*) FROM orders WHERE instr(bytes, CAST(? AS BLOB)) > 0";
    let with_texts = |n| Order {
        address: ADDRESS.into(),
        ..closed(n, 4)
    };
    let erased = |n, version| Order {
        title: "—".into(),
        description: String::new(),
        address: String::new(),
        ..closed(n, version)
    };
    let copies_with_address = async |store: &Store| -> i64 {
        let count = store
            .journal
            .read(move |conn| conn.query_row(ADDRESSES, [ADDRESS], |row| row.get(0)));
        count.await.unwrap()
    };
    let pair = Pair::new(&[with_texts(1), with_texts(2), order(3, 1)]).await;
    assert_eq!(copies_with_address(&pair.keeping).await, 2);
    assert_eq!(pair.drop_copies().await, 2);
    pair.feed(2, fed([erased(1, 5)])).await;
    pair.assert_alike("the feed brings the erased version")
        .await;
    pair.decide(1, erased(2, 5)).await;
    pair.feed(3, fed([with_texts(2), erased(2, 5)])).await;
    pair.assert_alike("an outcome brings it before the feed")
        .await;
    for store in [&pair.dropping, &pair.keeping] {
        assert_eq!(copies_with_address(store).await, 0);
    }
    for n in [1, 2] {
        assert_eq!(pair.found(n).await, Some(erased(n, 5)));
    }
    let mut expected = order(3, 1).compute_digest();
    for n in [1, 2] {
        expected.toggle_member(erased(n, 5).compute_digest());
    }
    let position: EdgeFilePosition = pair.dropping.load_position().await.unwrap();
    assert_eq!(position.tally.digest, expected, "what the hub counts");
}

#[tokio::test]
async fn a_snapshot_over_dropped_orders_gives_the_same_view() {
    let pair = Pair::new(&[closed(1, 4), closed(2, 4), closed(3, 4), closed(4, 4)]).await;
    assert_eq!(pair.drop_copies().await, 4);
    // The cloud was restored: it lacks the newest version of order 2, and order 4.
    pair.swap_in(vec![closed(1, 4), closed(2, 3), closed(3, 5), order(5, 1)])
        .await;
    pair.assert_alike("swapped in").await;
    assert_eq!(pair.found(1).await, Some(closed(1, 4)));
    assert_eq!(pair.found(2).await, None, "older than what is dropped");
    assert_eq!(pair.found(3).await, Some(closed(3, 5)));
    pair.feed(71, fed([closed(2, 4)])).await;
    pair.assert_alike("the feed brings the dropped version again")
        .await;
    assert_eq!(pair.found(2).await, Some(closed(2, 4)));
    assert_eq!(pair.drop_copies().await, 3);
    pair.swap_in(vec![closed(2, 3)]).await;
    pair.feed(72, fed([closed(2, 3)])).await;
    pair.assert_alike("an older version below the dropped one")
        .await;
    pair.feed(73, fed([closed(2, 7)])).await;
    pair.assert_alike("a newer version above it").await;
}

#[tokio::test]
async fn the_space_of_dropped_copies_is_free_again() {
    let data = tempfile::tempdir().unwrap();
    let (store, _) = open(&data, 1).await;
    let long = |n| Order {
        description: "as agreed, ".repeat(60),
        ..closed(n, 1)
    };
    let orders: Vec<_> = (1..=2_000).map(long).collect();
    store.apply_changes(1, fed(orders), NOW).await.unwrap();
    let before = store.load_reusable_bytes().await.unwrap();
    let mut dropped = 0;
    loop {
        match store.drop_closed_orders(LATER).await.unwrap() {
            0 => break,
            orders => dropped += orders,
        }
    }
    assert_eq!(dropped, 2_000);
    let freed = store.load_reusable_bytes().await.unwrap() - before;
    assert!(freed > 1_000_000, "{freed} bytes");
}
