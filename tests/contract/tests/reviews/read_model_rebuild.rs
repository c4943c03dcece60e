//! The ratings are a read model: after their deletion, a rebuild from the reviews gives the same
//! ratings.

use contract::{DocumentsArm, on_every_documents};
use mongodb::bson::Document;
use platform::{documents::Documents, vals};
use review::{
    domain::ProviderRating,
    store::{ReviewEventDraft, ReviewStore},
};
use wire::EventType;

use super::{AT, TRACE, kept, migrated, review, user};

on_every_documents! {
    ratings_that_are_thrown_away_are_made_anew_from_the_reviews,
}

/// More than one batch of the job.
const REVIEWS: u128 = 210;
const PROVIDERS: u128 = 30;

async fn ratings_that_are_thrown_away_are_made_anew_from_the_reviews(arm: DocumentsArm) {
    let store = migrated(&arm).await;
    for n in 0..REVIEWS {
        let provider = 10 + n % PROVIDERS;
        let stars = u8::try_from(1 + n % 5).unwrap();
        let id = kept(&store, review(n, provider, stars, "")).await;
        if n % 7 == 0 {
            let hidden = store.change_review(id, None, TRACE, |review| {
                review.moderate(true, user(3), "Rude".into(), AT);
                Ok(Some(ReviewEventDraft::from_kind(EventType::ReviewHidden)))
            });
            hidden.await.unwrap();
        }
        store.refresh_rating(user(provider), TRACE).await.unwrap();
    }
    let before = ratings(&store).await;
    assert!(
        before.iter().all(|rating| rating.total_reviews == 6),
        "{before:?}"
    );

    throw_away(&arm).await;
    store.migrate().await.unwrap();
    let none = ratings(&store).await;
    assert!(
        none.iter().all(|rating| rating.total_reviews == 0),
        "{none:?}"
    );
    assert_eq!(
        u128::from(store.refresh_ratings().await.unwrap()),
        PROVIDERS
    );
    assert_eq!(ratings(&store).await, before);
    let again = store.refresh_ratings().await.unwrap();
    assert_eq!(again, 0, "nothing is written where nothing differs");
}

async fn ratings(store: &ReviewStore) -> Vec<ProviderRating> {
    let mut all = Vec::new();
    for n in 0..PROVIDERS {
        all.push(store.load_rating(user(10 + n)).await.unwrap());
    }
    all
}

async fn throw_away(arm: &DocumentsArm) {
    match &arm.documents {
        Documents::Mongo(_) => {
            arm.mongo()
                .await
                .collection::<Document>("ratings")
                .drop()
                .await
                .unwrap();
        }
        Documents::Sqlite(sql) => {
            sql.exec("DROP TABLE ratings", vals![]).await.unwrap();
        }
    }
}
