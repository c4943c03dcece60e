//! A job from publishing to its review, at the gateway and once at an edge.

use std::time::Duration;

use http::Method;
use process::clock::Clock;
use serde_json::{Value, json};
use stack::{Layout, Stack, Stores, Wishes};
use support::{Api, Mqtt, Person, Place, Tablet, eventually, is_deep_run, test_servers};
use wire::{
    Action, Code, CommandBody, CommandId, OrderId, OrderStatus, PaymentStatus, Region, Role,
    Verdict,
};

/// Relays, consumers and a link separate an action from its visible effect.
const SOON: Duration = Duration::from_secs(60);

struct Scene {
    stack: Stack,
    api: Api,
    admin: Person,
    customer: Person,
    provider: Person,
}

#[tokio::test(flavor = "multi_thread")]
async fn work_is_reviewed_and_counts_on_every_store() {
    for stores in Stores::for_test_run(is_deep_run()) {
        work_is_reviewed_and_counts(stores).await;
    }
}

async fn work_is_reviewed_and_counts(stores: Stores) {
    let scene = Scene::new(stores).await;
    let Scene {
        api,
        customer,
        provider,
        ..
    } = &scene;
    let order = scene.paid().await;
    let form = json!({ "order_id": order, "stars": 4, "content": "师傅很准时 <b>very</b> tidy" });
    let early = scene.refused(customer, "/api/reviews/", form.clone()).await;
    assert_eq!(early, Code::OrderNotCompleted);
    api.act(provider, order, "start").await.unwrap();
    api.act(provider, order, "complete").await.unwrap();
    assert_eq!(
        scene
            .refused(&scene.provider, "/api/reviews/", form.clone())
            .await,
        Code::RoleForbidden
    );
    // The predecessor systems' spelling. Fifty concurrent requests under one key create one review.
    let key = CommandId(Clock::system().new_id());
    let all = (0..50).map(|_| api.keyed::<Value>(key, customer, "/api/reviews/", &form));
    let all = futures::future::try_join_all(all).await.unwrap();
    let review = all[0].clone();
    assert!(all.iter().all(|one| *one == review), "one answer for all");
    assert_eq!(
        scene.refused(customer, "/api/v1/reviews", form).await,
        Code::AlreadyReviewed
    );
    scene.is_reviewed(order).await;
    scene.rated(400, 1).await;
    let page: Value = scene
        .get(customer, &format!("/api/v1/orders/{order}/page"))
        .await;
    assert_eq!(
        page["review"]["comment"], "师傅很准时 <b>very</b> tidy",
        "as it was typed"
    );

    // The second job's review comes through an edge.
    let order = scene.paid().await;
    api.act(provider, order, "start").await.unwrap();
    api.act(provider, order, "complete").await.unwrap();
    scene.reviewed_at_an_edge(order).await;
    scene.is_reviewed(order).await;
    scene.rated(450, 2).await;
    let line = api.timeline(customer, order).await.unwrap().pop().unwrap();
    assert_eq!(
        (line.action, line.edge.is_some()),
        (Some(Action::Review), true)
    );

    let hide = format!("/api/v1/reviews/{}/hide", review["id"].as_str().unwrap());
    let decision = json!({ "version": review["version"], "reason": "It names a person." });
    scene.post(&scene.admin, &hide, decision).await;
    scene.rated(500, 1).await;
    scene.reconciled().await;
    scene.stack.stop().await.unwrap();
}

impl Scene {
    async fn new(stores: Stores) -> Self {
        let layout = Layout::temporary(stores).unwrap().with_one_edge();
        let wishes = Wishes::default().on(test_servers());
        let stack = Stack::start(layout, &wishes).await.unwrap();
        let api = Api::new(stack.layout().gateway_url());
        let admin = stack.admin_sign_in();
        let admin = api.sign_in(&admin.username, &admin.password).await.unwrap();
        let customer = api.newcomer(Role::Customer).await.unwrap();
        let provider = api.provider(&admin).await.unwrap();
        Self {
            stack,
            api,
            admin,
            customer,
            provider,
        }
    }

    /// An order that its provider may start.
    async fn paid(&self) -> OrderId {
        let Self {
            api,
            admin,
            customer,
            provider,
            ..
        } = self;
        let order = api
            .publish_approved(customer, admin, Region::North, "Fix the tap")
            .await
            .unwrap();
        api.act(provider, order, "accept").await.unwrap();
        let price = api.order(customer, order).await.unwrap().price;
        let form = json!({ "order_id": order, "amount": price });
        self.post(customer, "/api/v1/payments", form).await;
        eventually("the payment is held", SOON, async || {
            let order = api.order(customer, order).await.ok()?;
            (order.payment_status == PaymentStatus::Held).then_some(())
        })
        .await;
        order
    }

    async fn reviewed_at_an_edge(&self, order: OrderId) {
        let north = self.stack.layout().edge(Region::North);
        let place = Place {
            region: Region::North,
            edge: north.edge.parse().unwrap(),
            host: "127.0.0.1".into(),
            port: north.mqtt,
        };
        let at_edge = self
            .api
            .at_edges(&self.customer, Region::North)
            .await
            .unwrap();
        let tablet = Tablet::new(place, "customers-tablet", &at_edge, Mqtt::V5);
        eventually(
            "the edge knows that the work is complete",
            SOON,
            async || {
                let comment = "Quick and tidy".to_owned();
                let review = CommandBody::SubmitReview {
                    order_id: order,
                    rating: 5,
                    comment,
                };
                let reply = tablet.tap(review, SOON).await.ok()?;
                (reply.verdict != Verdict::NotTaken).then_some(())
            },
        )
        .await;
        tablet.stop().await;
    }

    async fn is_reviewed(&self, order: OrderId) {
        eventually("the order is reviewed", SOON, async || {
            let order = self.api.order(&self.customer, order).await.ok()?;
            (order.status == OrderStatus::Reviewed).then_some(())
        })
        .await;
    }

    /// Asserts that the review service and the provider's profile show the same rating.
    async fn rated(&self, hundredths: i64, reviews: i64) {
        let id = self.provider.user_id;
        eventually("the rating is told", SOON, async || {
            let profile: Value = self.get(&self.provider, "/api/v1/users/me/profile").await;
            let told = (
                profile["rating_hundredths"].as_i64()?,
                profile["total_reviews"].as_i64()?,
            );
            (told == (hundredths, reviews)).then_some(())
        })
        .await;
        let rating: Value = self
            .get(&self.customer, &format!("/api/v1/providers/{id}/rating"))
            .await;
        let average = rating["average_rating"]
            .as_f64()
            .map(|stars| (stars * 100.0).round());
        assert_eq!(
            average,
            Some(f64::from(i32::try_from(hundredths).unwrap())),
            "{rating}"
        );
    }

    /// Asserts that orders, payments, ledger and adapter agree.
    async fn reconciled(&self) {
        eventually("the report is empty", SOON, async || {
            let report: Value = self
                .get(&self.admin, "/api/v1/payments/reconciliation")
                .await;
            (report["differences"] == json!([]) && report["waiting"] == json!([])).then_some(())
        })
        .await;
    }

    async fn get(&self, person: &Person, path: &str) -> Value {
        self.api
            .call(Method::GET, path, Some(person), None)
            .await
            .unwrap()
    }

    async fn post(&self, person: &Person, path: &str, body: Value) -> Value {
        self.api
            .call(Method::POST, path, Some(person), Some(body))
            .await
            .unwrap()
    }

    async fn refused(&self, person: &Person, path: &str, body: Value) -> Code {
        let answer = self
            .api
            .call::<Value>(Method::POST, path, Some(person), Some(body))
            .await;
        answer
            .unwrap_err()
            .problem
            .expect("a refusal says why")
            .code
    }
}
