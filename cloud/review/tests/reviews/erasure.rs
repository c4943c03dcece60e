//! What stays of the reviews of deleted people.

use std::time::Duration;

use platform::bus::topology;
use serde_json::{Value, json};
use support::{eventually, files::png, samples};
use uuid::Uuid;
use wire::{
    Actor, CommandId, ERASED_TITLE, Event, EventId, EventType, Order, OrderEvent, Role, UserEvent,
};

use crate::stage::*;

const REVIEWS: &str = "/api/v1/reviews";
const LIMIT: Duration = Duration::from_secs(30);

impl World {
    async fn publish(&self, kind: EventType, body: &impl serde::Serialize) {
        let id = EventId(self.clock.new_id());
        let event = Event::new(id, kind, self.clock.now(), "t", body).unwrap();
        self.bus.bind_queue(&topology::REVIEW_PEOPLE).await.unwrap();
        self.bus.publish(&event).await.unwrap();
    }

    async fn delete(&self, person: Actor) {
        let body = UserEvent {
            user_id: person.user_id,
            role: person.role,
            session_id: None,
        };
        self.publish(EventType::UserDeleted, &body).await;
    }

    async fn erase_order(&self, title: &str) {
        let order = Order {
            id: ORDER,
            title: title.into(),
            ..samples::order(1, 9)
        };
        let body = OrderEvent::from_order(order, customer(), CommandId(Uuid::from_u128(8)));
        self.publish(EventType::OrderErased, &body).await;
    }

    async fn await_no_match(&self, q: &str) {
        let path = format!("{REVIEWS}/search?q={q}");
        eventually("no search finds the review", LIMIT, async || {
            let found = self.get(stranger(Role::Customer), &path).await;
            found.items().is_empty().then_some(())
        })
        .await;
    }

    async fn rating(&self) -> Value {
        self.add_up().await;
        let path = format!("/api/v1/providers/{}/rating", provider().user_id);
        self.done(stranger(Role::Customer), "GET", &path, Value::Null)
            .await
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

/// A review with a picture and a reply, reported by its provider, and hidden and shown by an admin.
async fn reviewed_and_reported(world: &World) -> (String, String) {
    let picture = world.picture(customer(), png(40, 20)).await;
    let mut form = form();
    form["images"] = json!([picture.body["id"]]);
    let review = world.done(customer(), "POST", REVIEWS, form).await;
    let path = format!("{REVIEWS}/{}", text(&review["id"]));
    let image = format!("{path}/images/{}", text(&picture.body["id"]));
    let send = async |who, method, act: &str, body: Value| {
        world
            .done(who, method, &format!("{path}/{act}"), body)
            .await
    };
    let reason = json!({ "reason": "Wang lives at 12 Lake Road." });
    send(provider(), "POST", "report", reason).await;
    let reason = |version: i64| json!({ "version": version, "reason": "It names Wang." });
    send(admin(), "POST", "hide", reason(1)).await;
    send(admin(), "POST", "restore", reason(2)).await;
    let reply = json!({ "text": "Thank you, Wang." });
    send(provider(), "PUT", "reply", reply).await;
    (path, image)
}

#[tokio::test]
async fn a_deleted_customers_stars_stay_and_count_without_words_and_pictures() {
    let world = World::new().await;
    let (path, image) = reviewed_and_reported(&world).await;
    let rating = world.rating().await;
    assert_eq!(rating["total_reviews"], json!(1));
    let reader = stranger(Role::Customer);
    let query = format!("{REVIEWS}/search?q=tap");
    assert_eq!(world.get(reader, &query).await.items().len(), 1);
    assert_eq!(world.get(reader, &image).await.status, 200);

    for round in 1..=2 {
        world.delete(customer()).await;
        if round == 1 {
            world.await_no_match("tap").await;
        }
        // The second event of the queue shows that the first is done.
        world.erase_order("Mend the tap").await;
        let seen = eventually("the picture is gone", LIMIT, async || {
            let image = world.get(reader, &image).await;
            let seen = world.done(admin(), "GET", &path, Value::Null).await;
            (image.status == 404).then_some(seen)
        })
        .await;
        assert_eq!(
            (&seen["comment"], &seen["images"], &seen["rating"]),
            (&json!(""), &json!([]), &json!(4))
        );
        assert_eq!(seen["reply"]["text"], "Thank you, Wang.", "is another's");
        assert_eq!(seen["version"], json!(5), "one change erased all");
        assert_eq!(world.rating().await, rating);
    }
    let id = text(&world.done(admin(), "GET", &path, Value::Null).await["id"]);
    let kept = world.store.get(id.parse().unwrap()).await.unwrap().unwrap();
    assert!(kept.words.is_empty());
    assert!(kept.decisions.len() == 2 && kept.decisions.iter().all(|one| one.reason.is_empty()));
    let told: Vec<_> = world.events().await.iter().map(|one| one.kind).collect();
    assert!(!told.contains(&EventType::ReviewUpdated), "{told:?}");
}

#[tokio::test]
async fn a_deleted_providers_replies_and_reports_lose_their_words_also_when_hidden() {
    let world = World::new().await;
    let (path, _) = reviewed_and_reported(&world).await;
    let hide = json!({ "version": 4, "reason": "It names Wang." });
    world
        .done(admin(), "POST", &format!("{path}/hide"), hide)
        .await;
    let id = text(&world.done(admin(), "GET", &path, Value::Null).await["id"])
        .parse()
        .unwrap();
    world.delete(provider()).await;
    let reports = eventually("the report has no words", LIMIT, async || {
        let reports = world.store.list_reports(id).await.unwrap();
        let told = serde_json::to_value(&reports).unwrap();
        (told[0]["reason"] == "").then_some(told)
    })
    .await;
    assert_eq!(reports.as_array().unwrap().len(), 1, "the report stays");
    let kept = world.store.get(id).await.unwrap().unwrap();
    assert_eq!(kept.reply, None);
    assert_eq!(kept.comment, form()["comment"], "is the customer's");
    assert_eq!(kept.images.len(), 1);
}

#[tokio::test]
async fn the_title_of_an_erased_order_goes_and_a_late_event_brings_none_back() {
    let world = World::new().await;
    let (review, _) = world.reviewed().await;
    let id = text(&review["id"]).parse().unwrap();
    let titled = async || world.store.get(id).await.unwrap().unwrap().title;
    let before = titled().await;
    assert_ne!(before, ERASED_TITLE);
    world.erase_order(ERASED_TITLE).await;
    eventually("the title is gone", LIMIT, async || {
        (titled().await == ERASED_TITLE).then_some(())
    })
    .await;
    world.erase_order(&before).await;
    world.delete(customer()).await;
    world.await_no_match("tap").await;
    assert_eq!(titled().await, ERASED_TITLE);
}
