//! The end of a line, and lines that the previous release wrote.

use std::time::Duration;

use contract::{DocumentsArm, on_every_documents};
use mongodb::{
    IndexModel,
    bson::{self, doc},
    options::IndexOptions,
};
use notification::{
    domain::{InboxLine, KEPT_MS, KeptFrom, StoredLine},
    store::InboxStore,
};
use process::clock::Clock;
use uuid::Uuid;
use wire::{Role, UnixMillis, UserId};

use super::{AT, CUSTOMER, line_id, list_line_ids, request_all, sample_line};

/// Longer than any retention.
const LONG_AGO: UnixMillis = UnixMillis(1_764_000_000_000);

on_every_documents! {
    a_line_goes_when_its_time_from_reading_or_creation_is_over,
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
                ..sample_line(user, Role::Customer, n)
            };
            assert!(store.add_line(line_id(n), &told).await.unwrap());
        }
    };
    let [from_reading, from_creation] = [700, 800].map(|n| UserId(Uuid::from_u128(n)));
    write(KeptFrom::Read, from_reading).await;
    write(KeptFrom::Created, from_creation).await;
    // Read long ago, and just now.
    for (n, at) in [(701, old), (703, now)] {
        assert!(
            store
                .mark_read(from_reading, Role::Customer, line_id(n), at)
                .await
                .unwrap()
        );
    }
    let left = async |user| {
        let mut left = list_line_ids(&store, request_all(user, Role::Customer)).await;
        left.sort();
        left
    };
    support::eventually(
        "what is over is gone",
        Duration::from_secs(90),
        async || {
            store.purge_read(Clock::system().now()).await.unwrap();
            let left = (left(from_reading).await, left(from_creation).await);
            (left == (vec![line_id(702), line_id(703)], vec![line_id(803)])).then_some(())
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
    let written = sample_line(CUSTOMER, Role::Customer, 5);
    let params = bson::serialize_to_bson(&serde_json::to_value(&written.params).unwrap()).unwrap();
    let lately = Clock::system().now();
    for (n, read_at) in [(1, None), (2, Some(lately)), (3, Some(LONG_AGO))] {
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
        .read_page(&request_all(CUSTOMER, Role::Customer))
        .await
        .unwrap();
    // MongoDB's expiry may remove the third at any time, because it was read long ago.
    page.lines.retain(|stored| stored.id != line_id(3));
    let second = sample_line(CUSTOMER, Role::Customer, 6);
    let expected = [
        StoredLine {
            id: line_id(2),
            line: second,
            read_at: Some(lately),
        },
        StoredLine {
            id: line_id(1),
            line: written,
            read_at: None,
        },
    ];
    assert_eq!(page.lines, expected);
    assert!(
        store
            .mark_read(CUSTOMER, Role::Customer, line_id(1), LONG_AGO)
            .await
            .unwrap()
    );
    let gone = async || {
        let left = list_line_ids(&store, request_all(CUSTOMER, Role::Customer)).await;
        (left == [line_id(2)]).then_some(())
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
