//! What deleted people leave in reviews, however many they wrote.

use contract::{DocumentsArm, on_every_documents};
use platform::documents::IndexQuery;
use review::{
    domain::{ProviderReply, Review},
    store::customer_reviews_query,
};
use uuid::Uuid;
use wire::ReviewId;

use super::{AT, TRACE, kept, migrated, review, user};

on_every_documents! {
    all_words_of_a_customer_go_and_every_star_stays,
    all_replies_and_reports_of_a_provider_go,
}

/// More than one batch.
const MANY: u128 = 205;

fn replied(n: u128) -> Review {
    let reply = ProviderReply {
        text: "Thank you, Wang.".into(),
        at: AT,
    };
    Review {
        reply: Some(reply),
        // Every other one is hidden.
        is_shown: n.is_multiple_of(2),
        ..review(n, 2, 4, "The tap at 1 Lake Road is tight")
    }
}

fn all(query: IndexQuery) -> IndexQuery {
    query.with_limit(500)
}

async fn all_words_of_a_customer_go_and_every_star_stays(arm: DocumentsArm) {
    let store = migrated(&arm).await;
    let reviews = (1..=MANY).map(replied).collect();
    store.insert_without_events(reviews).await.unwrap();
    let others = Review {
        customer_id: user(9),
        ..replied(1_000)
    };
    let others = kept(&store, others).await;
    let rating = store.compute_rating(user(2)).await.unwrap();

    let many = usize::try_from(MANY).unwrap();
    assert_eq!(store.erase_person(user(1)).await.unwrap(), many);
    assert_eq!(store.erase_person(user(1)).await.unwrap(), 0);
    let page = store
        .page_reviews(all(customer_reviews_query(user(1), None, 1)))
        .await
        .unwrap();
    assert_eq!(page.documents.len(), many);
    for found in page.documents {
        let Review {
            comment,
            words,
            rating,
            reply,
            ..
        } = found.body;
        assert_eq!((comment.as_str(), words.len(), rating), ("", 0, 4));
        assert!(reply.is_some(), "is another's");
    }
    assert_eq!(store.compute_rating(user(2)).await.unwrap(), rating);
    let others = store.get(others).await.unwrap().unwrap();
    assert!(!others.comment.is_empty() && !others.words.is_empty());
}

async fn all_replies_and_reports_of_a_provider_go(arm: DocumentsArm) {
    let store = migrated(&arm).await;
    let reviews = (1..=MANY).map(replied).collect();
    store.insert_without_events(reviews).await.unwrap();
    let about_another = Review {
        provider_id: user(8),
        ..replied(1_000)
    };
    let about_another = kept(&store, about_another).await;
    for (reviewed, reporter) in [(1, 2), (2, 2), (1, 7)] {
        let review = ReviewId(Uuid::from_u128(reviewed));
        store
            .report_review(review, user(reporter), "Wang wrote it.".into(), TRACE)
            .await
            .unwrap();
    }

    let many = usize::try_from(MANY).unwrap();
    assert_eq!(store.erase_person(user(2)).await.unwrap(), many + 2);
    assert_eq!(store.erase_person(user(2)).await.unwrap(), 0);
    let page = store
        .page_reviews(all(customer_reviews_query(user(1), None, 1)))
        .await
        .unwrap();
    for found in page.documents {
        let stays = found.body.provider_id != user(2);
        assert_eq!(found.body.reply.is_some(), stays);
        assert!(!found.body.comment.is_empty(), "is the customer's");
    }
    let another = store.get(about_another).await.unwrap().unwrap();
    assert!(another.reply.is_some());
    let reports = store.list_reports(ReviewId(Uuid::from_u128(1))).await;
    let told = serde_json::to_value(reports.unwrap()).unwrap();
    let reasons = told.as_array().unwrap().iter();
    let mut reasons: Vec<_> = reasons.map(|one| one["reason"].as_str().unwrap()).collect();
    reasons.sort_unstable();
    assert_eq!(reasons, ["", "Wang wrote it."], "of another person");
}
