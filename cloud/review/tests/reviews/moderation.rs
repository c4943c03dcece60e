//! Reports and moderation, and their effect on a rating.

use serde_json::{Value, json};
use wire::{EventType, RatingEvent, ReviewEvent, Role};

use crate::stage::*;

const DESK: &str = "/api/v1/admin/reviews";

fn decide(version: i64) -> Value {
    json!({ "version": version, "reason": "It names a person." })
}

#[tokio::test]
async fn a_reported_review_is_hidden_with_a_reason_and_shown_again() {
    let world = World::new().await;
    let (_, path) = world.reviewed().await;
    let reader = stranger(Role::Customer);
    let report = format!("{path}/report");
    let reason = json!({ "reason": "It names my neighbour." });
    report_by_two_people(&world, &path, &reason).await;

    let hide = format!("{path}/hide");
    for who in [customer(), provider()] {
        let decision = json!({ "version": 1, "reason": "no" });
        world
            .ask(who, "POST", &hide, decision)
            .await
            .refused(403, "role_forbidden");
    }
    world
        .ask(admin(), "POST", &hide, decide(7))
        .await
        .refused(409, "stale_version");
    let hidden = world.done(admin(), "POST", &hide, decide(1)).await;
    assert_eq!(hidden["standing"], "hidden");
    assert_eq!(hidden["decisions"][0]["by"], json!(admin().user_id));
    assert_hidden_from_public(&world, &path).await;
    assert_reason_is_shown_to_its_readers(&world, &path).await;

    let restore = format!("{path}/restore");
    let shown = world.done(admin(), "POST", &restore, decide(2)).await;
    assert_eq!(
        (&shown["standing"], &shown["review"]["version"]),
        (&json!("shown"), &json!(3))
    );
    assert_eq!(world.get(reader, &path).await.status, 200);
    // A report from before the decision must not reopen the review.
    world.done(reader, "POST", &report, reason).await;
    assert!(world.get(admin(), DESK).await.items().is_empty());
    assert_moderation_events(&world).await;
}

async fn report_by_two_people(world: &World, path: &str, reason: &Value) {
    let reader = stranger(Role::Customer);
    let report = format!("{path}/report");
    world
        .ask(customer(), "POST", &report, reason.clone())
        .await
        .refused(403, "own_review");
    assert!(world.get(admin(), DESK).await.items().is_empty());
    for _ in 0..2 {
        world.done(reader, "POST", &report, reason.clone()).await;
    }
    world
        .done(provider(), "POST", &report, json!({ "reason": "Untrue." }))
        .await;
    let listed = world.get(admin(), DESK).await;
    assert_eq!(
        (listed.items().len(), &listed.items()[0]["standing"]),
        (1, &json!("reported"))
    );
    let one = format!("{DESK}/{}", path.rsplit('/').next().unwrap());
    let shown = world.done(admin(), "GET", &one, Value::Null).await;
    assert_eq!(
        shown["reports"].as_array().unwrap().len(),
        2,
        "each person once"
    );
    assert_eq!(
        world.get(reader, path).await.status,
        200,
        "a report alone hides nothing"
    );
}

async fn assert_hidden_from_public(world: &World, path: &str) {
    let reader = stranger(Role::Customer);
    for who in [reader, provider()] {
        world.get(who, path).await.refused(404, "not_found");
    }
    let list = format!("/api/v1/providers/{}/reviews", provider().user_id);
    assert!(world.get(reader, &list).await.items().is_empty());
    let search = "/api/v1/reviews/search?q=tap";
    assert!(world.get(reader, search).await.items().is_empty());
    let reply = format!("{path}/reply");
    world
        .ask(provider(), "PUT", &reply, json!({ "text": "a" }))
        .await
        .refused(404, "not_found");
    let of_order = format!("/api/v1/orders/{ORDER}/review");
    for path in [path, &of_order] {
        world
            .get_holding("manage_keys read_people", path)
            .await
            .refused(404, "not_found");
    }
}

/// The customer who wrote the review, and admins by permission.
async fn assert_reason_is_shown_to_its_readers(world: &World, path: &str) {
    let own = world.done(customer(), "GET", path, Value::Null).await;
    assert_eq!(
        (&own["is_hidden"], &own["hidden_reason"]),
        (&json!(true), &decide(0)["reason"])
    );
    for held in ["moderate_reviews", "read_desks"] {
        let read = world.get_holding(held, path).await;
        assert_eq!(read.body["hidden_reason"], decide(0)["reason"], "{held}");
    }
    let hidden = format!("{DESK}?state=hidden");
    assert_eq!(world.get(admin(), &hidden).await.items().len(), 1);
}

async fn assert_moderation_events(world: &World) {
    let told: Vec<_> = world.events().await.into_iter().skip(1).collect();
    let kinds: Vec<_> = told.iter().map(|event| event.kind).collect();
    assert_eq!(
        kinds,
        [
            EventType::ReviewReported,
            EventType::ReviewHidden,
            EventType::ReviewRestored
        ]
    );
    assert_eq!(
        told[0].body.get("reason"),
        None,
        "the words of a report stay here"
    );
    let body: ReviewEvent = serde_json::from_value(told[1].body.clone()).unwrap();
    assert_eq!(body.reason.as_deref(), Some("It names a person."));
}

#[tokio::test]
async fn a_hidden_review_leaves_the_average_and_comes_back_to_it() {
    let world = World::new().await;
    let (_, path) = world.reviewed().await;
    let rating = format!("/api/v1/providers/{}/rating", provider().user_id);
    let reader = stranger(Role::Customer);
    let read = async || {
        world.add_up().await;
        let rating = world.done(reader, "GET", &rating, Value::Null).await;
        (
            rating["average_rating"].as_f64().unwrap(),
            rating["total_reviews"].as_i64().unwrap(),
        )
    };
    let none = world.done(reader, "GET", &rating, Value::Null).await;
    let nobody = json!({ "1": 0, "2": 0, "3": 0, "4": 0, "5": 0 });
    assert_eq!(
        (&none["total_reviews"], &none["rating_distribution"]),
        (&json!(0), &nobody)
    );
    assert_eq!(read().await, (4.0, 1));
    let decision = |version: i64| json!({ "version": version, "reason": "Not about the work." });
    world
        .done(admin(), "POST", &format!("{path}/hide"), decision(1))
        .await;
    assert_eq!(read().await, (0.0, 0));
    world
        .done(admin(), "POST", &format!("{path}/restore"), decision(2))
        .await;
    assert_eq!(read().await, (4.0, 1));
    let told = world.all_events().await.into_iter();
    let told = told.filter(|one| one.kind == EventType::RatingUpdated);
    let told: Vec<(i64, i64)> = told
        .map(|event| serde_json::from_value(event.body).unwrap())
        .map(|event: RatingEvent| (event.version, event.total_reviews))
        .collect();
    assert_eq!(
        told,
        [(1, 1), (2, 0), (3, 1)],
        "each version once, and a repeat tells nothing"
    );
}
