//! Reviews with their votes and reports, and their totals.

use platform::documents::Documents;
use process::{clock::Clock, problem::TimeCursor};
use review::{
    domain::{Review, ReviewContent, ReviewOrigin, ReviewStanding, ReviewedOrder},
    store::{
        ReviewCursor, ReviewEventDraft, ReviewSort, ReviewStore, customer_reviews_query,
        moderation_queue_query, provider_reviews_query, sorted_provider_reviews_query,
    },
};
use wire::{CommandId, ERASED_TITLE, EventType, FileId, Hash, OrderId, Source, UserId};

use crate::{AT, OTHERS, TRACE, id, user};

pub(crate) fn store(documents: &Documents) -> ReviewStore {
    ReviewStore::new(documents, &testing::data_keys(), Clock::fixed_at(AT))
}

pub(crate) async fn fill(store: &ReviewStore) {
    for n in OTHERS {
        let other = review(n, (user(n), user(n + 1)), "Spotless windows");
        let (written, _) = store.add(other, TRACE).await.unwrap().unwrap();
        store.set_vote(written, user(n + 2), true).await.unwrap();
        store
            .report_review(
                written,
                user(n + 3),
                "It is about another job.".into(),
                "trace",
            )
            .await
            .unwrap();
        store.refresh_rating(user(n + 1), TRACE).await.unwrap();
    }
}

pub(crate) async fn run(store: &ReviewStore) {
    let mut ids = Vec::new();
    for n in 0..4 {
        let own = review(n, (user(1), user(2)), "A tidy tap");
        ids.push(store.add(own, TRACE).await.unwrap().unwrap().0);
    }
    let reply = store.change_review(ids[3], None, TRACE, |review| {
        review.set_reply("Thank you".into(), AT);
        Ok(Some(ReviewEventDraft::from_kind(EventType::ReviewReplied)))
    });
    reply.await.unwrap();
    let first = ids[0];
    let second = ids[1];
    store.find_by_order(OrderId(id(1))).await.unwrap().unwrap();
    store.get(first).await.unwrap().unwrap();
    let changed = store.change_review(first, Some(1), TRACE, |review| {
        review.comment = "Another word".into();
        Ok(Some(ReviewEventDraft::from_kind(EventType::ReviewUpdated)))
    });
    changed.await.unwrap();
    for is_helpful in [true, true, false] {
        store.set_vote(second, user(5), is_helpful).await.unwrap();
    }
    store
        .report_review(second, user(6), "It names a person.".into(), "trace")
        .await
        .unwrap();
    store.list_reports(second).await.unwrap();
    lists(store).await;
    store.references_picture(FileId(id(9))).await.unwrap();
    store.find_answer(CommandId(id(1))).await.unwrap();
    store.refresh_rating(user(2), TRACE).await.unwrap();
    erase(store).await;
    store.load_rating(user(2)).await.unwrap();
    store.compute_rating(user(2)).await.unwrap();
}

async fn erase(store: &ReviewStore) {
    for person in [user(1), user(2), user(6)] {
        assert!(store.erase_person(person).await.unwrap() > 0);
    }
    let order = OrderId(id(1));
    assert!(store.erase_order_title(order, ERASED_TITLE).await.unwrap());
}

async fn lists(store: &ReviewStore) {
    for sort in ReviewSort::ALL {
        let first = sorted_provider_reviews_query(user(2), ReviewCursor::at_start(sort), 2);
        let found = store.page_reviews(first).await.unwrap().documents;
        let place = ReviewCursor::after_review(sort, &found[1]);
        store
            .page_reviews(sorted_provider_reviews_query(user(2), place, 2))
            .await
            .unwrap();
    }
    for after in [
        None,
        Some(TimeCursor {
            at: AT.plus_ms(2_000),
            id: id(3),
        }),
    ] {
        for find in [
            provider_reviews_query(user(2), after, 2),
            customer_reviews_query(user(1), after, 2),
            moderation_queue_query(ReviewStanding::Reported, after, 2),
            store.candidates_query(&["tap".into(), "tidy".into()], None, after),
            store.candidates_query(&["tap".into()], Some(user(2)), after),
        ] {
            store.page_reviews(find).await.unwrap();
        }
    }
}

fn review(n: u128, (customer_id, provider_id): (UserId, UserId), words: &str) -> Review {
    let order = ReviewedOrder {
        id: OrderId(id(n)),
        code: support::samples::order(1, 1).code,
        title: "Mend the tap".into(),
        customer_id,
        provider_id,
    };
    let command_id = CommandId(id(n));
    let hash = Hash::ZERO;
    let origin = ReviewOrigin {
        command_id,
        source: Source::Portal,
        hash,
        op: None,
    };
    let content = ReviewContent::from_command(5, words).unwrap();
    Review::from_submission(
        order,
        content,
        origin,
        AT.plus_ms(i64::try_from(n).unwrap() * 1_000),
    )
}
