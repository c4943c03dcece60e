//! The lines of an inbox: redeliveries, pages, read marks, and the index of each query.

use contract::{DocumentsArm, on_every_documents};
use notification::{
    domain::{InboxLine, InboxOwner, LineParams, PageRequest},
    store::{self, InboxStore},
};
use uuid::Uuid;
use wire::{
    Amount, Code, Currency, EventId, EventType, Lost, NearbyJob, OrderCode, OrderId, Region, Role,
    Source, UserId,
};

use super::{AT, CUSTOMER, PROVIDER, line_id, list_line_ids, request_all, sample_line};

on_every_documents! {
    every_promise_of_an_inbox_is_kept,
    hot_queries_are_answered_by_their_index,
}

/// The events whose lines a restricted admin sees.
const EVENTS: [EventType; 2] = [EventType::OrderCreated, EventType::OrderAcceptanceLost];

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
    let told = sample_line(CUSTOMER, Role::Customer, 1);
    assert!(store.add_line(line_id(1), &told).await.unwrap());
    assert!(!store.add_line(line_id(2), &told).await.unwrap());
    // The same event concerns two people, once each.
    assert!(
        store
            .add_line(line_id(3), &sample_line(PROVIDER, Role::Provider, 1))
            .await
            .unwrap()
    );
    assert!(
        !store
            .add_line(line_id(4), &sample_line(PROVIDER, Role::Provider, 1))
            .await
            .unwrap()
    );
    assert_eq!(
        list_line_ids(store, request_all(CUSTOMER, Role::Customer)).await,
        [line_id(1)]
    );
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
    assert_eq!(found(1).await.unwrap().id, line_id(1));
    assert!(found(0).await.is_none() && found(2).await.is_none());
}

async fn what_was_written_reads_back(store: &InboxStore) {
    let user = UserId(Uuid::from_u128(20));
    let mut told = sample_line(user, Role::Provider, 20);
    told.event_type = Some(EventType::OrderAcceptanceLost);
    told.counterpart = Some(CUSTOMER);
    let LineParams::Order(params) = &mut told.params else {
        panic!("it is about an order")
    };
    params.reason = Some("换一天 \"$set\" {}".into());
    params.why = Some(Code::OrderAlreadyAccepted);
    params.lost = Some(sample_lost());
    store.add_line(line_id(20), &told).await.unwrap();
    let page = store
        .read_page(&request_all(user, Role::Provider))
        .await
        .unwrap();
    assert_eq!(page.lines[0].line, told);
    assert_eq!(
        (page.lines[0].id, page.lines[0].read_at),
        (line_id(20), None)
    );
}

async fn pages_join_without_a_gap_or_a_repeat(store: &InboxStore) {
    let user = UserId(Uuid::from_u128(30));
    for n in 30..37 {
        // Two at each timestamp: the id breaks the tie.
        let at = AT.plus_ms((n / 2).try_into().unwrap());
        let told = InboxLine {
            created_at: at,
            ..sample_line(user, Role::Customer, n)
        };
        store.add_line(line_id(n), &told).await.unwrap();
    }
    let mut seen = Vec::new();
    let mut after = None;
    loop {
        let request = PageRequest {
            limit: 2,
            after,
            ..request_all(user, Role::Customer)
        };
        let page = store.read_page(&request).await.unwrap();
        assert!(page.lines.len() <= 2);
        seen.extend(page.lines.iter().map(|stored| stored.id));
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    assert_eq!(seen, (30..37).rev().map(line_id).collect::<Vec<_>>());
}

async fn only_its_owner_reads_a_line_and_only_once(store: &InboxStore) {
    let user = UserId(Uuid::from_u128(40));
    for n in [40, 41] {
        store
            .add_line(line_id(n), &sample_line(user, Role::Customer, n))
            .await
            .unwrap();
    }
    let first = AT.plus_ms(10);
    let later = AT.plus_ms(20);
    assert!(
        !store
            .mark_read(CUSTOMER, Role::Customer, line_id(40), first)
            .await
            .unwrap()
    );
    assert!(
        !store
            .mark_read(user, Role::Customer, line_id(49), first)
            .await
            .unwrap()
    );
    assert!(
        store
            .mark_read(user, Role::Customer, line_id(40), first)
            .await
            .unwrap()
    );
    assert!(
        store
            .mark_read(user, Role::Customer, line_id(40), later)
            .await
            .unwrap()
    );
    assert_eq!(store.count_unread(user, Role::Customer).await.unwrap(), 1);

    let unread = PageRequest {
        unread_only: true,
        ..request_all(user, Role::Customer)
    };
    assert_eq!(list_line_ids(store, unread).await, [line_id(41)]);
    let page = store
        .read_page(&request_all(user, Role::Customer))
        .await
        .unwrap();
    let read_at = page
        .lines
        .iter()
        .find(|stored| stored.id == line_id(40))
        .unwrap()
        .read_at;
    assert_eq!(read_at, Some(first), "the first reading counts");

    // A line read long ago counts as gone, removed or not.
    let since = PageRequest {
        read_since: first.plus_ms(1),
        ..request_all(user, Role::Customer)
    };
    assert_eq!(list_line_ids(store, since).await, [line_id(41)]);
}

async fn many_lines_at_once_pass_over_those_that_are_there(store: &InboxStore) {
    let user = UserId(Uuid::from_u128(60));
    assert!(
        store
            .add_line(line_id(60), &sample_line(user, Role::Customer, 60))
            .await
            .unwrap()
    );
    let both = |n| {
        [
            sample_line(user, Role::Customer, n),
            sample_line(PROVIDER, Role::Provider, n),
        ]
    };
    let lines_of = [60, 61, 61].into_iter().flat_map(both);
    let run: Vec<_> = lines_of
        .zip(61..)
        .map(|(line, n)| (line_id(n), line))
        .collect();
    let fresh = store.add_lines(&run).await.unwrap();
    assert_eq!(fresh, [false, true, true, true, false, false]);
    assert_eq!(
        list_line_ids(store, request_all(user, Role::Customer))
            .await
            .len(),
        2
    );
    assert_eq!(store.add_lines(&run).await.unwrap(), [false; 6]);
    assert_eq!(store.add_lines(&[]).await.unwrap(), [false; 0]);
}

async fn copies_that_race_write_one_line(store: &InboxStore) {
    let told = sample_line(UserId(Uuid::from_u128(50)), Role::Customer, 50);
    let (a, b, c) = tokio::join!(
        store.add_line(line_id(51), &told),
        store.add_line(line_id(52), &told),
        store.add_line(line_id(53), &told)
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
                line_id(n),
                InboxLine {
                    created_at: at,
                    ..sample_line(user, Role::Customer, n)
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
            ..request_all(user, Role::Customer)
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
        store::arrived_query(user, line_id(9).0, 50),
        store::line_query(user, EventId(Uuid::from_u128(9))),
    ] {
        let plan = inbox.explain_query(&query).await.unwrap();
        assert!(plan.by_index && !plan.sorts, "{}", plan.text);
    }
}

fn sample_lost() -> Lost {
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
