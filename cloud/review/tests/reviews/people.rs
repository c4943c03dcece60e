//! Tests of reviews as customers, providers and other readers use them.

use serde_json::{Value, json};
use support::files::png;
use wire::{EventType, OrderStatus, PaymentStatus, ReviewEvent, Role, ServiceType};

use crate::stage::*;

const REVIEWS: &str = "/api/v1/reviews";

#[tokio::test]
async fn a_completed_order_is_reviewed_once_by_its_customer() {
    let world = World::new().await;
    for (who, status, code) in [
        (provider(), 403, "role_forbidden"),
        (admin(), 403, "role_forbidden"),
        (stranger(Role::Customer), 404, "order_not_found"),
    ] {
        world
            .ask(who, "POST", REVIEWS, form())
            .await
            .refused(status, code);
    }
    for status in [
        OrderStatus::Accepted,
        OrderStatus::InProgress,
        OrderStatus::Cancelled,
    ] {
        world.order(|order| order.as_mut().unwrap().status = status);
        let early = world.ask(customer(), "POST", REVIEWS, form()).await;
        early.refused(409, "order_not_completed");
    }
    world.order(|order| order.as_mut().unwrap().status = OrderStatus::Completed);
    let (review, path) = world.reviewed().await;
    assert_eq!(
        (&review["rating"], &review["version"]),
        (&json!(4), &json!(1))
    );
    let dimensions = json!({ "professionalism": 4, "attitude": 4, "punctuality": 5 });
    assert_eq!(review["dimensions"], dimensions);
    let again = world.ask(customer(), "POST", REVIEWS, form()).await;
    again.refused(409, "already_reviewed");
    assert_eq!(again.body["review_id"], review["id"]);
    let events = world.events().await;
    assert_eq!(
        events.iter().map(|event| event.kind).collect::<Vec<_>>(),
        [EventType::ReviewCreated]
    );
    let told: ReviewEvent = serde_json::from_value(events[0].body.clone()).unwrap();
    assert_eq!((told.order_id, told.rating, told.version), (ORDER, 4, 1));
    assert!(
        !events[0].body.to_string().contains("准时"),
        "its words stay here"
    );
    assert_eq!(
        world.done(customer(), "GET", &path, Value::Null).await,
        review
    );
}

#[tokio::test]
async fn unpaid_work_is_reviewed_only_once_it_is_paid_or_where_it_is_paid_for_afterwards() {
    for (kind, is_refused) in [(ServiceType::Other, true), (PAID_AFTERWARDS, false)] {
        let world = World::new().await;
        world.order(|order| {
            let order = order.as_mut().unwrap();
            order.payment_status = PaymentStatus::Unpaid;
            order.service_type = kind;
        });
        if is_refused {
            let early = world.ask(customer(), "POST", REVIEWS, form()).await;
            early.refused(409, "order_unpaid");
            assert!(world.events().await.is_empty());
            world.order(|order| order.as_mut().unwrap().payment_status = PaymentStatus::Held);
        }
        world.reviewed().await;
    }
}

#[tokio::test]
async fn fifty_identical_reviews_under_one_key_have_one_effect_and_one_answer() {
    let world = World::new().await;
    let all = (0..50).map(|_| world.keyed(customer(), "POST", REVIEWS, Some("one tap"), form()));
    let mut answers: Vec<Answer> = Vec::new();
    let mut waiting: Vec<_> = all.map(Box::pin).collect();
    std::future::poll_fn(|context| {
        waiting.retain_mut(|one| match one.as_mut().poll(context) {
            std::task::Poll::Ready(answer) => {
                answers.push(answer);
                false
            }
            std::task::Poll::Pending => true,
        });
        if waiting.is_empty() {
            std::task::Poll::Ready(())
        } else {
            std::task::Poll::Pending
        }
    })
    .await;
    assert!(
        answers
            .iter()
            .all(|one| one.status == 201 && one.body == answers[0].body)
    );
    assert_eq!(world.events().await.len(), 1);
    let mut changed = form();
    changed["rating"] = json!(1);
    let reused = world
        .keyed(customer(), "POST", REVIEWS, Some("one tap"), changed)
        .await;
    reused.refused(409, "command_id_reused");
    let other = world
        .keyed(customer(), "POST", REVIEWS, Some("another"), form())
        .await;
    other.refused(409, "already_reviewed");
}

#[tokio::test]
async fn without_the_order_service_nothing_is_decided() {
    let world = World::new().await;
    world.order(|order| *order = None);
    world
        .ask(customer(), "POST", REVIEWS, form())
        .await
        .refused(404, "order_not_found");
    assert!(world.events().await.is_empty());
}

#[tokio::test]
async fn others_see_the_words_and_not_whose_order_it_was() {
    let world = World::new().await;
    let (_, path) = world.reviewed().await;
    for reader in [stranger(Role::Customer), stranger(Role::Provider)] {
        let seen = world.done(reader, "GET", &path, Value::Null).await;
        assert_eq!(seen["comment"], form()["comment"]);
        for hidden in [
            "order_id",
            "order_code",
            "customer_id",
            "version",
            "editable_until",
        ] {
            assert_eq!(seen.get(hidden), None, "{hidden}");
        }
    }
    let own = world.done(provider(), "GET", &path, Value::Null).await;
    assert_eq!(
        (&own["order_id"], own.get("editable_until")),
        (&json!(ORDER), None)
    );
    let list = format!("/api/v1/providers/{}/reviews", provider().user_id);
    assert_eq!(
        world
            .get(stranger(Role::Customer), &list)
            .await
            .items()
            .len(),
        1
    );
    let sorted = format!("{list}?sort=rating_low");
    assert_eq!(
        world
            .get(stranger(Role::Customer), &sorted)
            .await
            .items()
            .len(),
        1
    );
    let unknown = format!("{list}?sort=best");
    let refused = world
        .ask(stranger(Role::Customer), "GET", &unknown, Value::Null)
        .await;
    refused.refused(422, "invalid_input");
    assert_eq!(refused.body["errors"][0]["field"], "sort");
    for who in [customer(), provider()] {
        assert_eq!(
            world
                .get(who, "/api/v1/users/me/reviews")
                .await
                .items()
                .len(),
            1
        );
    }
    let none = world
        .get(stranger(Role::Customer), "/api/v1/users/me/reviews")
        .await;
    assert!(none.items().is_empty());
    let of_order = format!("/api/v1/orders/{ORDER}/review");
    for who in [customer(), provider()] {
        assert_eq!(
            world.done(who, "GET", &of_order, Value::Null).await["rating"],
            4
        );
    }
    for who in [stranger(Role::Customer), stranger(Role::Provider)] {
        world
            .ask(who, "GET", &of_order, Value::Null)
            .await
            .refused(404, "not_found");
    }
}

#[tokio::test]
async fn a_review_changes_on_its_version_until_somebody_replies() {
    let world = World::new().await;
    let (_, path) = world.reviewed().await;
    let change = |version: i64| json!({ "version": version, "rating": 2, "comment": "It drips." });
    world
        .ask(stranger(Role::Customer), "PUT", &path, change(1))
        .await
        .refused(404, "not_found");
    let changed = world.done(customer(), "PUT", &path, change(1)).await;
    assert_eq!(
        (&changed["rating"], &changed["version"]),
        (&json!(2), &json!(2))
    );
    assert_eq!(changed["is_edited"], true);
    let stale = world.ask(customer(), "PUT", &path, change(1)).await;
    stale.refused(409, "stale_version");
    assert_eq!(stale.body["version"], 2);

    let reply = format!("{path}/reply");
    let text = json!({ "text": "对不起, we come again tomorrow." });
    let other = world
        .ask(stranger(Role::Provider), "PUT", &reply, text.clone())
        .await;
    other.refused(404, "not_found");
    for _ in 0..2 {
        let replied = world.done(provider(), "PUT", &reply, text.clone()).await;
        assert_eq!(
            (&replied["reply"]["text"], &replied["version"]),
            (&text["text"], &json!(3))
        );
    }
    world
        .ask(customer(), "PUT", &path, change(3))
        .await
        .refused(409, "review_fixed");
    let kinds: Vec<_> = world
        .events()
        .await
        .into_iter()
        .map(|event| event.kind)
        .collect();
    let expected = [
        EventType::ReviewCreated,
        EventType::ReviewUpdated,
        EventType::ReviewReplied,
    ];
    assert_eq!(kinds, expected, "the second reply said the same");
}

#[tokio::test]
async fn a_review_stands_once_its_time_for_changes_is_over() {
    let world = World::within(0).await;
    let (_, path) = world.reviewed().await;
    let change = json!({ "version": 1, "rating": 1 });
    world
        .ask(customer(), "PUT", &path, change)
        .await
        .refused(409, "review_fixed");
}

#[tokio::test]
async fn a_vote_counts_once_and_nobody_votes_for_their_own() {
    let world = World::new().await;
    let (_, path) = world.reviewed().await;
    let helpful = format!("{path}/helpful");
    for who in [customer(), provider()] {
        world
            .ask(who, "PUT", &helpful, Value::Null)
            .await
            .refused(403, "own_review");
    }
    let reader = stranger(Role::Customer);
    for _ in 0..3 {
        let voted = world.done(reader, "PUT", &helpful, Value::Null).await;
        assert_eq!(voted["helpful_count"], 1);
    }
    let seen = world.done(customer(), "GET", &path, Value::Null).await;
    assert_eq!(
        (&seen["helpful_count"], &seen["version"]),
        (&json!(1), &json!(1))
    );
    for _ in 0..2 {
        let taken_back = world.done(reader, "DELETE", &helpful, Value::Null).await;
        assert_eq!(taken_back["helpful_count"], 0);
    }
}

#[tokio::test]
async fn pictures_are_their_customers_own_and_read_with_the_review() {
    let world = World::new().await;
    let handed = world.picture(customer(), png(40, 20)).await;
    assert_eq!(
        (handed.status, &handed.body["width"]),
        (201, &json!(40)),
        "{}",
        handed.body
    );
    world
        .picture(provider(), png(40, 20))
        .await
        .refused(403, "role_forbidden");
    world
        .picture(customer(), b"<svg/>".to_vec())
        .await
        .refused(415, "file_kind_refused");
    let others = world
        .picture(stranger(Role::Customer), png(8, 8))
        .await
        .body["id"]
        .clone();
    let with = |image: &Value| {
        let mut form = form();
        form["images"] = json!([image]);
        form
    };
    let stolen = world.ask(customer(), "POST", REVIEWS, with(&others)).await;
    stolen.refused(422, "invalid_input");
    assert_eq!(stolen.body["errors"][0]["field"], "images[0]");
    let image = &handed.body["id"];
    let review = world.done(customer(), "POST", REVIEWS, with(image)).await;
    let id = |value: &Value| value.as_str().unwrap().to_owned();
    let path = format!("{REVIEWS}/{}/images/{}", id(&review["id"]), id(image));
    assert_eq!(world.get(stranger(Role::Provider), &path).await.status, 200);
    let unnamed = format!("{REVIEWS}/{}/images/{}", id(&review["id"]), id(&others));
    world
        .get(customer(), &unnamed)
        .await
        .refused(404, "not_found");
    let file: wire::FileId = id(image).parse().unwrap();
    assert!(
        world.store.references_picture(file).await.unwrap(),
        "so no job collects it"
    );
    assert!(
        !world
            .store
            .references_picture(id(&others).parse().unwrap())
            .await
            .unwrap()
    );
}

#[tokio::test]
async fn words_come_back_as_they_were_typed_and_are_found() {
    let world = World::new().await;
    let laden = "<script>alert(1)</script> {\"$gt\": \"\"} '; DROP TABLE reviews; -- 很好";
    let mut form = form();
    form["comment"] = json!(laden);
    let review = world.done(customer(), "POST", REVIEWS, form).await;
    assert_eq!(review["comment"], laden);
    let reader = stranger(Role::Customer);
    for (q, found) in [
        ("drop+tables", 1),
        ("%E5%BE%88%E5%A5%BD", 1),
        ("unheard", 0),
    ] {
        let path = format!("{REVIEWS}/search?q={q}");
        assert_eq!(world.get(reader, &path).await.items().len(), found, "{q}");
    }
    let elsewhere = format!("{REVIEWS}/search?q=drop&provider_id={}", customer().user_id);
    assert!(world.get(reader, &elsewhere).await.items().is_empty());
    for nothing in ["%20", "!%3F", &"x".repeat(101)] {
        let path = format!("{REVIEWS}/search?q={nothing}");
        world.get(reader, &path).await.refused(422, "invalid_input");
    }
}
