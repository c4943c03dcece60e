//! A job from its publication to the review, with words of both people in every place, and an order
//! that its customer cancels.

use std::time::Duration;

use axum::body::Body;
use http::{Method, Request};
use process::client::Client;
use serde_json::{Value, json};
use stack::Stack;
use support::{
    Api, Mqtt, Person, Place, Tablet, eventually,
    files::{name_photo, png},
    samples::order_form,
};
use wire::{CommandBody, OrderId, OrderStatus, PaymentStatus, Region, Role, Verdict, WorkEvidence};

use super::people::{Leaver, Mark, arrive};

const SOON: Duration = Duration::from_secs(60);

const TITLE: &str = "Mend the violet kettle";
const DESCRIPTION: &str = "the key lies under the blue pot";
const PLACE_OF_WORK: &str = "42 Hidden Orchard Road";
const REASON_TO_CANCEL: &str = "my aunt Wilhelmina fell ill";
const MESSAGE_OF_CUSTOMER: &str = "ring twice, Balthasar is hard of hearing";
const MESSAGE_OF_PROVIDER: &str = "I am the one with the red barrow";
const REPORT_OF_MESSAGE: &str = "she calls me an old parsnip";
const SIGNATURE: &str = "V. Verborgen, widow";
const REVIEW: &str = "a marvellous violet afternoon";
const ASKED_BACK: &str = "my violin drowned in the suds";
const INCIDENT: &str = "her parrot bit my thumb";
const NOTE_ON_WORK: &str = "replaced the whistle, Ottokar";
const REPLY: &str = "the weir thanks you kindly";
const REPORT_OF_REVIEW: &str = "this names my cousin Ludmilla";

/// Returns the customer and the provider.
pub(super) async fn play(stack: &Stack, api: &Api) -> [Leaver; 2] {
    let admin = stack.admin_sign_in();
    let admin = api.sign_in(&admin.username, &admin.password).await.unwrap();
    let mut customer = arrive(api, Role::Customer).await;
    let mut provider = arrive(api, Role::Provider).await;
    let job = Job {
        stack,
        api,
        admin: &admin,
        customer: &customer.person,
        provider: &provider.person,
    };
    job.cancel_another().await;
    let photo = job.run().await;
    let texts = [
        ("title", TITLE),
        ("description", DESCRIPTION),
        ("place of work", PLACE_OF_WORK),
        ("reason to cancel", REASON_TO_CANCEL),
        ("message of the customer", MESSAGE_OF_CUSTOMER),
        ("signature", SIGNATURE),
        ("review", REVIEW),
        ("refund", ASKED_BACK),
        ("photo", &photo),
    ];
    customer.marks.extend(texts.map(to_mark));
    let texts = [
        ("message of the provider", MESSAGE_OF_PROVIDER),
        ("report of a message", REPORT_OF_MESSAGE),
        ("incident", INCIDENT),
        ("note on the work", NOTE_ON_WORK),
        ("reply", REPLY),
        ("report of a review", REPORT_OF_REVIEW),
    ];
    provider.marks.extend(texts.map(to_mark));
    [customer, provider]
}

fn to_mark((what, value): (&'static str, &str)) -> Mark {
    Mark {
        what,
        value: value.to_owned(),
    }
}

struct Job<'a> {
    stack: &'a Stack,
    api: &'a Api,
    admin: &'a Person,
    customer: &'a Person,
    provider: &'a Person,
}

impl Job<'_> {
    async fn send(&self, method: Method, path: &str, person: &Person, form: Value) -> Value {
        let sent = self.api.call(method, path, Some(person), Some(form)).await;
        sent.unwrap()
    }

    async fn post(&self, path: &str, person: &Person, form: Value) -> Value {
        self.send(Method::POST, path, person, form).await
    }

    async fn publish(&self, photos: Value) -> OrderId {
        let mut form = order_form(Region::North, TITLE);
        form["description"] = json!(DESCRIPTION);
        form["address"] = json!(PLACE_OF_WORK);
        form["photos"] = photos;
        let done = self.post("/api/v1/orders", self.customer, form).await;
        done["order_id"].as_str().unwrap().parse().unwrap()
    }

    async fn cancel_another(&self) {
        let order = self.publish(json!([])).await;
        self.api.act(self.admin, order, "approve").await.unwrap();
        let path = format!("/api/v1/orders/{order}/cancel");
        let reason = json!({ "reason": REASON_TO_CANCEL });
        self.post(&path, self.customer, reason).await;
    }

    /// Returns the end of the path of the photo's file.
    async fn run(&self) -> String {
        let picture = png(120, 100);
        let photo = name_photo(&picture);
        let order = self.publish(json!([photo])).await;
        self.send_photo(order, &photo.hash.to_string(), picture)
            .await;
        self.api.act(self.admin, order, "approve").await.unwrap();
        let tablet = self.accept_at_edge(order).await;
        self.talk(order).await;
        self.pay_and_start(order).await;
        self.finish(order, &tablet).await;
        tablet.stop().await;
        self.review(order).await;
        self.settle(order).await;
        format!("/job/{}", photo.hash)
    }

    async fn send_photo(&self, order: OrderId, hash: &str, picture: Vec<u8>) {
        let url = format!("{}/api/v1/orders/{order}/photos/{hash}", self.api.gateway());
        let request = Request::put(url)
            .header("authorization", format!("Bearer {}", self.customer.token))
            .header("content-type", "image/png")
            .body(Body::from(picture));
        let _: Value = Client::new()
            .send_prepared(request.unwrap(), SOON)
            .await
            .unwrap();
    }

    async fn accept_at_edge(&self, order: OrderId) -> Tablet {
        let north = self.stack.layout().edge(Region::North);
        let place = Place {
            region: Region::North,
            edge: north.edge.parse().unwrap(),
            host: "127.0.0.1".into(),
            port: north.mqtt,
        };
        let at_edge = self.api.at_edges(self.provider, Region::North).await;
        let tablet = Tablet::new(place, "leaving-tablet", &at_edge.unwrap(), Mqtt::V5);
        eventually("the edge takes the acceptance", SOON, async || {
            let accept = CommandBody::AcceptOrder { order_id: order };
            let reply = tablet.tap(accept, SOON).await.ok()?;
            (reply.verdict != Verdict::NotTaken).then_some(())
        })
        .await;
        self.until(order, |order| order.status == OrderStatus::Accepted)
            .await;
        tablet
    }

    async fn until(&self, order: OrderId, is_so: impl Fn(&wire::Order) -> bool) {
        eventually("the cloud shows it", SOON, async || {
            let order = self.api.order(self.customer, order).await.ok()?;
            is_so(&order).then_some(())
        })
        .await;
    }

    async fn talk(&self, order: OrderId) {
        let path = format!("/api/v1/orders/{order}/messages");
        for (writer, text) in [
            (self.provider, MESSAGE_OF_PROVIDER),
            (self.customer, MESSAGE_OF_CUSTOMER),
        ] {
            self.post(&path, writer, json!({ "text": text })).await;
        }
        let report = format!("{path}/2/report");
        let why = json!({ "reason": REPORT_OF_MESSAGE });
        self.post(&report, self.provider, why).await;
    }

    async fn pay_and_start(&self, order: OrderId) {
        let form = json!({ "order_id": order, "amount": "200.00" });
        self.post("/api/v1/payments", self.customer, form).await;
        self.until(order, |order| order.payment_status == PaymentStatus::Held)
            .await;
        self.api.act(self.provider, order, "start").await.unwrap();
        let path = format!("/api/v1/orders/{order}/incidents");
        let report = json!({ "kind": "nobody_home", "note": INCIDENT });
        self.post(&path, self.provider, report).await;
        let form = json!({ "order_id": order, "amount": "50.00", "reason": ASKED_BACK });
        let asked = self.post("/api/v1/refunds", self.customer, form).await;
        let request = asked["id"].as_str().unwrap();
        let path = format!("/api/v1/admin/refunds/{request}/refuse");
        let refusal = json!({ "reason": "Nothing shows it." });
        let refused = self.api.post_keyed::<Value>(&path, self.admin, refusal);
        refused.await.unwrap();
    }

    async fn finish(&self, order: OrderId, tablet: &Tablet) {
        eventually("the edge takes the completion", SOON, async || {
            let complete = CommandBody::CompleteOrder {
                order_id: order,
                note: Some(NOTE_ON_WORK.into()),
                evidence: Some(WorkEvidence {
                    signed_by: Some(SIGNATURE.into()),
                    ..WorkEvidence::default()
                }),
            };
            let reply = tablet.tap(complete, SOON).await.ok()?;
            (reply.verdict != Verdict::NotTaken).then_some(())
        })
        .await;
        self.until(order, |order| order.status == OrderStatus::Completed)
            .await;
    }

    async fn review(&self, order: OrderId) {
        let form = json!({ "order_id": order, "rating": 4, "comment": REVIEW });
        let review = self.post("/api/v1/reviews", self.customer, form).await;
        let path = format!("/api/v1/reviews/{}", review["id"].as_str().unwrap());
        let reply = json!({ "text": REPLY });
        self.send(Method::PUT, &format!("{path}/reply"), self.provider, reply)
            .await;
        let why = json!({ "reason": REPORT_OF_REVIEW });
        self.post(&format!("{path}/report"), self.provider, why)
            .await;
    }

    /// An account is deleted only once no money of the person is on its way.
    async fn settle(&self, order: OrderId) {
        self.until(order, |order| {
            order.status == OrderStatus::Reviewed && order.payment_status == PaymentStatus::Paid
        })
        .await;
        eventually("the payout has arrived", SOON, async || {
            let path = "/api/v1/earnings";
            let provider = Some(self.provider);
            let sent = self.api.call(Method::GET, path, provider, None);
            let shown: Value = sent.await.ok()?;
            let balances = shown["items"].as_array()?;
            balances.iter().all(is_paid_out).then_some(())
        })
        .await;
    }
}

fn is_paid_out(balance: &Value) -> bool {
    balance["available"] == "0.00" && balance["sending"] == "0.00"
}
