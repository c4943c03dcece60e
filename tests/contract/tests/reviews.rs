//! The promises of the review store, one body for MongoDB and SQLite.

mod erasure;
mod read_model_rebuild;
mod search;

use std::collections::BTreeSet;

use contract::{DocumentsArm, on_every_documents};
use futures::future::join_all;
use platform::{consume::EventHandler, documents::IndexQuery};
use process::{clock::Clock, problem::TimeCursor};
use review::{
    RatingEventConsumer,
    domain::{
        Dimensions, ProviderRating, Review, ReviewContent, ReviewOrigin, ReviewStanding,
        ReviewedOrder,
    },
    store::{
        ReviewCursor, ReviewEventDraft, ReviewRefusal, ReviewSort, ReviewStore,
        customer_reviews_query, moderation_queue_query, order_review_query, provider_reviews_query,
        sorted_provider_reviews_query,
    },
};
use uuid::Uuid;
use wire::{
    Code, CommandId, Event, EventId, EventType, OrderId, ReviewId, Source, UnixMillis, UserId,
};

pub(crate) const AT: UnixMillis = UnixMillis(1_764_000_000_000);
const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

on_every_documents! {
    an_order_has_one_review_however_many_hand_one_in,
    changes_on_one_version_are_made_once,
    votes_and_reports_count_once_a_person,
    a_rating_equals_the_sum_of_what_is_shown,
    pages_join_without_a_gap_or_a_repeat_while_others_write,
    reviews_come_in_the_order_that_was_asked_for,
    hot_queries_are_answered_by_their_index,
}

pub(crate) fn user(n: u128) -> UserId {
    UserId(Uuid::from_u128(n))
}

/// By customer 1, about provider `provider`, `n` seconds after the first.
pub(crate) fn review(n: u128, provider: u128, rating: u8, comment: &str) -> Review {
    let order = ReviewedOrder {
        id: OrderId(Uuid::from_u128(0x1000 + n)),
        code: support::samples::order(1, 1).code,
        title: "Mend the tap".into(),
        customer_id: user(1),
        provider_id: user(provider),
    };
    let origin = ReviewOrigin {
        command_id: CommandId(Uuid::from_u128(n)),
        source: Source::Portal,
        hash: wire::Hash::ZERO,
        op: None,
    };
    let content = ReviewContent::from_command(rating, comment).unwrap();
    Review::from_submission(
        order,
        content,
        origin,
        AT.plus_ms(i64::try_from(n).unwrap() * 1_000),
    )
}

pub(crate) async fn migrated(arm: &DocumentsArm) -> ReviewStore {
    let store = ReviewStore::new(&arm.documents, &testing::data_keys(), Clock::fixed_at(AT));
    assert!(
        store.check_schema().await.is_err(),
        "a store that was never migrated is refused"
    );
    for _ in 0..2 {
        store.migrate().await.unwrap();
    }
    store.check_schema().await.unwrap();
    store
}

async fn kept(store: &ReviewStore, review: Review) -> ReviewId {
    store.add(review, TRACE).await.unwrap().unwrap().0
}

async fn an_order_has_one_review_however_many_hand_one_in(arm: DocumentsArm) {
    let store = migrated(&arm).await;
    let all = (1..=50).map(|n| {
        let of_one_order = Review {
            order_id: review(1, 2, 5, "").order_id,
            ..review(n, 2, 5, "")
        };
        store.add(of_one_order, TRACE)
    });
    let added: Vec<_> = join_all(all)
        .await
        .into_iter()
        .map(Result::unwrap)
        .collect();
    let winners: Vec<_> = added.iter().flatten().collect();
    assert_eq!(winners.len(), 1);
    let found = store
        .find_by_order(review(1, 2, 5, "").order_id)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(&found, winners[0], "it reads back as it was written");
    let sealed = store
        .page_reviews(customer_reviews_query(user(1), None, 10))
        .await
        .unwrap();
    assert_eq!(sealed.documents.len(), 1);
}

async fn changes_on_one_version_are_made_once(arm: DocumentsArm) {
    let store = migrated(&arm).await;
    let id = kept(&store, review(1, 2, 5, "A tap")).await;
    let changes = (0..12).map(|n| {
        store.change_review(id, Some(1), TRACE, move |review| {
            review.comment = format!("Change {n}");
            Ok(Some(ReviewEventDraft::from_kind(EventType::ReviewUpdated)))
        })
    });
    let (done, refused): (Vec<_>, Vec<_>) =
        join_all(changes).await.into_iter().partition(Result::is_ok);
    assert_eq!(done.len(), 1);
    assert!(
        refused
            .iter()
            .all(|one| matches!(one, Err(ReviewRefusal::Stale(2)))),
        "{refused:?}"
    );
    let left = store
        .change_review(id, None, TRACE, |_| Ok(None))
        .await
        .unwrap();
    assert_eq!(left.revision, 2, "what says nothing new is no change");
    let nobodys = ReviewId(Uuid::from_u128(77));
    let missing = store
        .change_review(nobodys, None, TRACE, |_| Ok(None))
        .await;
    assert!(
        matches!(missing, Err(ReviewRefusal::Refused(Code::NotFound))),
        "{missing:?}"
    );
}

async fn votes_and_reports_count_once_a_person(arm: DocumentsArm) {
    let store = migrated(&arm).await;
    let id = kept(&store, review(1, 2, 5, "A tap")).await;
    let votes = (0..40).map(|n| store.set_vote(id, user(100 + n % 20), true));
    for vote in join_all(votes).await {
        vote.unwrap();
    }
    assert_eq!(store.set_vote(id, user(100), true).await.unwrap(), 20);
    assert_eq!(store.set_vote(id, user(100), false).await.unwrap(), 19);
    assert_eq!(store.get(id).await.unwrap().unwrap().helpful_count, 19);
    let reports =
        (0..10).map(|n| store.report_review(id, user(200 + n % 5), format!("Reason {n}"), "trace"));
    for report in join_all(reports).await {
        report.unwrap();
    }
    assert_eq!(store.list_reports(id).await.unwrap().len(), 5);
    let listed = store
        .page_reviews(moderation_queue_query(ReviewStanding::Reported, None, 10))
        .await
        .unwrap();
    assert_eq!(
        listed
            .documents
            .iter()
            .map(|one| one.id)
            .collect::<Vec<_>>(),
        [id.0]
    );
}

/// Computes the rating from all visible reviews.
async fn by_hand(store: &ReviewStore, provider: u128) -> ProviderRating {
    let all = store
        .page_reviews(provider_reviews_query(user(provider), None, 1_000))
        .await
        .unwrap();
    let mut rating = ProviderRating::empty_at(AT);
    let count = i64::try_from(all.documents.len()).unwrap();
    let mean = |sum: i64| {
        if count == 0 {
            0
        } else {
            (sum * 100 + count / 2) / count
        }
    };
    let sum = |of: fn(&Review) -> i64| all.documents.iter().map(|one| of(&one.body)).sum::<i64>();
    rating.total_reviews = count;
    rating.average_hundredths = mean(sum(|one| one.rating));
    rating.dimensions = Dimensions {
        professionalism: mean(sum(|one| one.dimensions.professionalism)),
        attitude: mean(sum(|one| one.dimensions.attitude)),
        punctuality: mean(sum(|one| one.dimensions.punctuality)),
    };
    for one in &all.documents {
        rating.distribution[usize::try_from(one.body.rating - 1).unwrap()] += 1;
    }
    rating
}

/// Sixty seeded changes, delivered in any order and partly twice: in the end the rating is the sum.
async fn a_rating_equals_the_sum_of_what_is_shown(arm: DocumentsArm) {
    let store = migrated(&arm).await;
    let feed = RatingEventConsumer {
        store: store.clone(),
    };
    let mut seed = 0x2545_F491_4F6C_DD1D_u64;
    let mut draw = |below: u64| {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        seed % below
    };
    let mut ids: Vec<ReviewId> = Vec::new();
    let mut told = Vec::new();
    for n in 0..60_u128 {
        let stars = u8::try_from(1 + draw(5)).unwrap();
        let kind = draw(4);
        if kind < 2 || ids.is_empty() {
            let mut new = review(n, 2, stars, "");
            new.dimensions.attitude = i64::try_from(1 + draw(5)).unwrap();
            ids.push(kept(&store, new).await);
        } else {
            let id = ids[usize::try_from(draw(ids.len() as u64)).unwrap()];
            let changed = store.change_review(id, None, TRACE, |review| {
                match kind {
                    2 => review.rating = i64::from(stars),
                    _ => drop(review.moderate(review.is_shown, user(3), "r".into(), AT)),
                }
                Ok(Some(ReviewEventDraft::from_kind(EventType::ReviewUpdated)))
            });
            changed.await.unwrap();
        }
        let body = store.get(*ids.last().unwrap()).await.unwrap().unwrap();
        let body = body.to_review_event(*ids.last().unwrap(), None);
        let id = EventId(Uuid::from_u128(n));
        told.push(Event::new(id, EventType::ReviewUpdated, AT, TRACE, &body).unwrap());
        if draw(3) == 0 {
            let late = usize::try_from(draw(told.len() as u64)).unwrap();
            let one = feed.handle(&told[late]);
            let other = feed.handle(told.last().unwrap());
            let (one, other) = futures::join!(one, other);
            one.unwrap();
            other.unwrap();
        }
    }
    feed.handle(told.last().unwrap()).await.unwrap();
    let rating = store.load_rating(user(2)).await.unwrap();
    assert!(
        rating.has_same_values(&by_hand(&store, 2).await),
        "{rating:?}"
    );
    assert!(rating.has_same_values(&store.compute_rating(user(2)).await.unwrap()));
    assert!(rating.total_reviews > 10, "{rating:?}");
}

async fn pages_join_without_a_gap_or_a_repeat_while_others_write(arm: DocumentsArm) {
    let store = migrated(&arm).await;
    // Some share a timestamp, so their ids decide the order.
    store
        .insert_without_events((0..41).map(|n| review(n, 2, 5, "tap")).collect())
        .await
        .unwrap();
    let again = |n: u128| Review {
        created_at: AT.plus_ms(7_000),
        ..review(n, 2, 4, "tap")
    };
    store
        .insert_without_events((100..110).map(again).collect())
        .await
        .unwrap();
    let whole = store
        .page_reviews(provider_reviews_query(user(2), None, 100))
        .await
        .unwrap();
    let expected: Vec<Uuid> = whole.documents.iter().map(|one| one.id).collect();
    assert_eq!(expected.len(), 51);
    let mut seen = Vec::new();
    let mut after = None;
    let mut late = 1_000;
    loop {
        let page = store
            .page_reviews(provider_reviews_query(user(2), after, 4))
            .await
            .unwrap();
        seen.extend(page.documents.iter().map(|one| one.id));
        // Meanwhile newer ones arrive, and one about another provider.
        store
            .insert_without_events(vec![
                review(late, 2, 5, "tap"),
                review(late + 1, 7, 5, "tap"),
            ])
            .await
            .unwrap();
        late += 2;
        let last = page.documents.last().filter(|_| page.next.is_some());
        after = last.map(|one| TimeCursor {
            at: one.body.created_at,
            id: one.id,
        });
        if after.is_none() {
            break;
        }
    }
    assert_eq!(seen, expected);
    assert_eq!(seen.iter().collect::<BTreeSet<_>>().len(), seen.len());
}

async fn reviews_come_in_the_order_that_was_asked_for(arm: DocumentsArm) {
    let store = migrated(&arm).await;
    let stars = |n: u128| u8::try_from(n * 7 % 5 + 1).unwrap();
    store
        .insert_without_events((0..23).map(|n| review(n, 2, stars(n), "tap")).collect())
        .await
        .unwrap();
    // Some share a timestamp, so their ids decide the order.
    let again = |n: u128| Review {
        created_at: AT.plus_ms(7_000),
        ..review(n, 2, 3, "tap")
    };
    store
        .insert_without_events((100..105).map(again).collect())
        .await
        .unwrap();
    for sort in ReviewSort::ALL {
        let mut seen = Vec::new();
        let mut after = ReviewCursor::at_start(sort);
        let mut late = 1_000;
        loop {
            let page = store
                .page_reviews(sorted_provider_reviews_query(user(2), after, 4))
                .await
                .unwrap();
            seen.extend(page.documents.iter().map(|one| (one.body.clone(), one.id)));
            let Some(last) = page.documents.last().filter(|_| page.next.is_some()) else {
                break;
            };
            let place = ReviewCursor::after_review(sort, last);
            after = place.to_string().parse().unwrap();
            assert_eq!(after.sort, sort);
            // About another provider.
            store
                .insert_without_events(vec![review(late, 7, 5, "tap")])
                .await
                .unwrap();
            late += 1;
        }
        let keys: Vec<(i64, i64)> = seen
            .iter()
            .map(|(one, _)| (one.rating, one.created_at.0))
            .collect();
        let mut expected = keys.clone();
        expected.sort_by_key(|(rating, at)| match sort {
            ReviewSort::Newest => (0, -at),
            ReviewSort::Oldest => (0, *at),
            ReviewSort::RatingHigh => (-rating, -at),
            ReviewSort::RatingLow => (*rating, -at),
        });
        assert_eq!(keys, expected, "{sort}");
        let ids: BTreeSet<Uuid> = seen.iter().map(|(_, id)| *id).collect();
        assert_eq!((ids.len(), seen.len()), (28, 28), "{sort}");
    }
}

async fn hot_queries_are_answered_by_their_index(arm: DocumentsArm) {
    let store = migrated(&arm).await;
    store
        .insert_without_events((0..30).map(|n| review(n, 2, 5, "tap")).collect())
        .await
        .unwrap();
    let after = Some(TimeCursor {
        at: AT.plus_ms(9_000),
        id: Uuid::from_u128(1),
    });
    let finds: Vec<IndexQuery> = vec![
        order_review_query(review(1, 2, 5, "").order_id),
        provider_reviews_query(user(2), after, 20),
        customer_reviews_query(user(1), after, 20),
        moderation_queue_query(ReviewStanding::Reported, after, 20),
        store.candidates_query(&["tap".into(), "干净".into()], None, after),
        store.candidates_query(&["tap".into()], Some(user(2)), None),
    ];
    let sorted = ReviewSort::ALL
        .map(|sort| sorted_provider_reviews_query(user(2), ReviewCursor::at_start(sort), 20));
    for find in finds.into_iter().chain(sorted) {
        let plan = store.reviews().explain_query(&find).await.unwrap();
        assert!(plan.by_index && !plan.sorts, "{}", plan.text);
    }
}
