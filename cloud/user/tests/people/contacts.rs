//! The contact of an order's two people over HTTP: who sees it and when, the number itself, and the
//! record of each showing.

use serde_json::{Value, json};
use support::files::png;
use wire::{Actor, OrderStatus, Role};

use crate::{
    AT, PROVIDER, STRANGER,
    service::{MINE, ORDER, ProfileService, admin, customer, provider},
};

const PHONE: &str = "+8613812341000";

fn contact() -> String {
    format!("/api/v1/orders/{ORDER}/contact")
}

fn call() -> String {
    format!("{}/call", contact())
}

fn showings() -> String {
    format!("{}/showings", contact())
}

impl ProfileService {
    /// With the order in this state, and `PROVIDER` if it can have one.
    async fn with_order(status: OrderStatus) -> Self {
        let service = Self::new().await;
        service.bring(status);
        service
    }

    fn bring(&self, status: OrderStatus) {
        self.order(|order| {
            let order = order.as_mut().unwrap();
            order.provider_id = status.has_provider().then_some(PROVIDER);
            order.status = status;
        });
    }

    async fn introduce_customer(&self) {
        let version = self.done(customer(), "GET", MINE, None).await["version"].clone();
        let form = json!({ "version": version, "full_name": "Zhang San", "phone_number": PHONE });
        self.done(customer(), "PUT", MINE, Some(form)).await;
    }

    async fn refused(&self, actor: Actor, method: &str, path: &str, status: u16, code: &str) {
        let (answered, answer) = self.ask(actor, method, path, None).await;
        let expected = (status, &json!(code));
        assert_eq!((answered, &answer["code"]), expected, "{actor:?} {path}");
        assert!(!answer.to_string().contains(PHONE), "{answer}");
    }

    async fn shown_to(&self, reader: Actor) -> Vec<Value> {
        let list = self.done(reader, "GET", &showings(), None).await;
        let items = list["items"].as_array().unwrap();
        items
            .iter()
            .map(|one| one["shown_to"]["role"].clone())
            .collect()
    }
}

#[tokio::test]
async fn the_two_people_see_each_other_and_no_whole_number() {
    let service = ProfileService::with_order(OrderStatus::Accepted).await;
    service.submit_provider(PROVIDER).await;
    service.introduce_customer().await;
    let of_customer = service.done(provider(), "GET", &contact(), None).await;
    let expected = json!({
        "role": "customer", "full_name": "Zhang San", "verified": false,
        "masked_phone": "+86138****1000",
    });
    assert_eq!(of_customer, expected);
    let path = format!("/api/v1/admin/providers/{PROVIDER}");
    let version = service.done(admin(), "GET", &path, None).await["version"].clone();
    let decision = json!({ "version": version, "reason": "Papers seen." });
    let verify = format!("{path}/verify");
    service.done(admin(), "POST", &verify, Some(decision)).await;
    let of_provider = service.done(customer(), "GET", &contact(), None).await;
    let expected = json!({
        "role": "provider", "full_name": "Li Si", "verified": true, "masked_phone": "138****8000",
    });
    assert_eq!(of_provider, expected);
}

#[tokio::test]
async fn a_customers_photo_is_shown_by_a_link_of_five_minutes() {
    let service = ProfileService::with_order(OrderStatus::InProgress).await;
    let photo = "/api/v1/users/me/photo";
    let (status, set) = service.hand_in(customer(), "PUT", photo, png(64, 64)).await;
    assert_eq!(status, 200, "{set}");
    let seen = service.done(provider(), "GET", &contact(), None).await;
    let link = seen["photo_url"].as_str().unwrap();
    let open = async || {
        service
            .send(None, "GET", link, None)
            .await
            .status()
            .as_u16()
    };
    assert_eq!(open().await, 200);
    let file = format!("/api/v1/files/{}", set["photo"].as_str().unwrap());
    let (direct, _) = service.ask(provider(), "GET", &file, None).await;
    assert_eq!(direct, 404, "the link is the only way");
    service.clock.advance(5 * 60 * 1_000 + 1);
    assert_eq!(open().await, 403);
}

#[tokio::test]
async fn before_the_acceptance_and_after_the_work_neither_sees_the_other() {
    let service = ProfileService::new().await;
    service.introduce_customer().await;
    for status in OrderStatus::ALL {
        service.bring(status);
        if status.is_at_work() {
            service.done(customer(), "GET", &contact(), None).await;
            service.done(provider(), "POST", &call(), None).await;
            continue;
        }
        for (method, path) in [("GET", contact()), ("POST", call())] {
            service
                .refused(customer(), method, &path, 409, "contact_not_open")
                .await;
            // Without a provider the order is a stranger's.
            let (code, answer) = match status.has_provider() {
                true => (409, "contact_not_open"),
                false => (404, "order_not_found"),
            };
            service
                .refused(provider(), method, &path, code, answer)
                .await;
        }
    }
}

#[tokio::test]
async fn the_order_does_not_exist_for_strangers_and_admins_read_the_record_alone() {
    let service = ProfileService::with_order(OrderStatus::Accepted).await;
    service.introduce_customer().await;
    service.done(provider(), "POST", &call(), None).await;
    let user_id = STRANGER;
    for role in [Role::Customer, Role::Provider] {
        let stranger = Actor { user_id, role };
        for (method, path) in [("GET", contact()), ("POST", call()), ("GET", showings())] {
            service
                .refused(stranger, method, &path, 404, "order_not_found")
                .await;
        }
    }
    for (method, path) in [("GET", contact()), ("POST", call())] {
        service
            .refused(admin(), method, &path, 403, "role_forbidden")
            .await;
        let other = path.replace(&ORDER.to_string(), &STRANGER.to_string());
        service
            .refused(customer(), method, &other, 404, "order_not_found")
            .await;
    }
    for reader in [customer(), provider(), admin()] {
        assert_eq!(service.shown_to(reader).await, ["provider"]);
    }
    let narrowed = service.status_with_permissions("", &showings()).await;
    assert_eq!(narrowed, 403);
}

#[tokio::test]
async fn each_showing_of_the_number_is_on_record_before_it_is_answered() {
    let service = ProfileService::with_order(OrderStatus::Accepted).await;
    service.introduce_customer().await;
    service.done(provider(), "GET", &contact(), None).await;
    let list = service.done(customer(), "GET", &showings(), None).await;
    assert_eq!(list, json!({ "items": [] }), "a masked number is none");
    let shown = service.done(provider(), "POST", &call(), None).await;
    assert_eq!(shown, json!({ "phone_number": PHONE }));
    service.clock.advance(1);
    service.done(provider(), "POST", &call(), None).await;
    let list = service.done(customer(), "GET", &showings(), None).await;
    let to = json!({ "user_id": PROVIDER, "role": "provider" });
    let expected = json!({ "items": [
        { "shown_at": AT.plus_ms(1), "shown_to": to }, { "shown_at": AT, "shown_to": to },
    ] });
    assert_eq!(list, expected);
}

#[tokio::test]
async fn a_number_is_shown_fifty_times_to_each_of_the_two() {
    let service = ProfileService::with_order(OrderStatus::Accepted).await;
    service.introduce_customer().await;
    service.submit_provider(PROVIDER).await;
    for _ in 0..50 {
        service.done(provider(), "POST", &call(), None).await;
    }
    service
        .refused(provider(), "POST", &call(), 429, "too_many_number_reads")
        .await;
    assert_eq!(service.shown_to(customer()).await.len(), 50);
    service.done(customer(), "POST", &call(), None).await;
    assert_eq!(service.shown_to(provider()).await.len(), 51);
}

#[tokio::test]
async fn a_person_without_name_and_number_is_told_as_such() {
    let service = ProfileService::with_order(OrderStatus::Accepted).await;
    let seen = service.done(provider(), "GET", &contact(), None).await;
    assert_eq!(seen, json!({ "role": "customer", "verified": false }));
    service
        .refused(provider(), "POST", &call(), 409, "no_phone_number")
        .await;
    assert_eq!(service.shown_to(customer()).await, Vec::<Value>::new());
}

#[tokio::test]
async fn nothing_is_shown_while_the_order_service_is_away() {
    let service = ProfileService::with_order(OrderStatus::Accepted).await;
    service.introduce_customer().await;
    service.order(|order| *order = None);
    for (method, path) in [("GET", contact()), ("POST", call()), ("GET", showings())] {
        service
            .refused(provider(), method, &path, 503, "unavailable")
            .await;
    }
}
