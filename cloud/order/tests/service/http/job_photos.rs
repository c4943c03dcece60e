//! Photos of a job: named by its publication, sent by its customer or an edge, encoded anew, and
//! shown to all who may see the order.

use axum::{
    body::{Body, to_bytes},
    extract::Request,
    http::{Method, StatusCode, header},
};
use rstest::rstest;
use serde_json::{Value, json};
use support::files::png;
use tower::ServiceExt;
use wire::{Actor, Code, CommandBody, Draft, Hash, OrderId, PhotoRef};

use super::{
    photos::{refused, stored},
    service::*,
};
use crate::{
    stage::*,
    store::{chunk, reference, started},
};

/// Publishes an order of customer 1 that names these photos.
async fn publish_with_photos(service: &Service, photos: &[PhotoRef]) -> OrderId {
    let mut form = draft_json();
    form["photos"] = json!(photos);
    let published = service.post(customer(1), "/api/v1/orders", form).await;
    assert_eq!(published.status, StatusCode::CREATED, "{}", published.body);
    let id = published.body["order_id"].as_str().unwrap();
    id.parse().unwrap()
}

impl Service {
    pub(super) async fn put_photo(
        &self,
        sender: Actor,
        order: OrderId,
        hash: Hash,
        bytes: &[u8],
    ) -> (u16, Value) {
        let request = Request::builder()
            .method(Method::PUT)
            .uri(format!("/api/v1/orders/{order}/photos/{hash}"))
            .header(
                header::AUTHORIZATION,
                format!("Bearer {}", self.token(sender)),
            );
        let request = request.body(Body::from(bytes.to_vec())).unwrap();
        let response = self.router.clone().oneshot(request).await.unwrap();
        let status = response.status().as_u16();
        let body = to_bytes(response.into_body(), 1 << 20).await.unwrap();
        (status, serde_json::from_slice(&body).unwrap_or(Value::Null))
    }

    async fn cannot_put(
        &self,
        sender: Actor,
        order: OrderId,
        hash: Hash,
        bytes: &[u8],
    ) -> (u16, String) {
        let (status, body) = self.put_photo(sender, order, hash, bytes).await;
        (status, body["code"].as_str().unwrap_or_default().to_owned())
    }

    /// Each of these people sees the photo, and none of the sent bytes in it.
    async fn all_see(&self, readers: &[Actor], order: OrderId, sent: &[u8]) {
        for reader in readers {
            let list = self.list(*reader, order).await.body;
            assert_eq!(list["items"][0]["taken"], "job", "{list}");
            assert_eq!(list["items"][0]["arrived_at"], json!(NOW), "{list}");
            let (headers, bytes) = self.shown(*reader, order, reference(sent).hash).await;
            assert_eq!(headers[header::CONTENT_TYPE], "image/jpeg");
            assert_eq!(headers[header::CACHE_CONTROL], "private, max-age=300");
            assert_eq!(headers[header::CONTENT_LENGTH], bytes.len().to_string());
            assert!(bytes.starts_with(b"\xff\xd8\xff"), "it is encoded anew");
        }
    }

    async fn none_sees(&self, strangers: &[Actor], order: OrderId, hash: Hash) {
        for stranger in strangers {
            let list = self.list(*stranger, order).await;
            list.refused(404, "order_not_found");
            let path = format!("/api/v1/orders/{order}/photos/{hash}");
            let shown = self.get(*stranger, &path).await;
            shown.refused(404, "order_not_found");
        }
    }
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn all_who_may_see_the_order_see_the_photos_of_the_job(#[case] engine: Engine) {
    let service = Service::new(engine).await;
    let bytes = png(120, 100);
    let photo = reference(&bytes);
    let order = publish_with_photos(&service, &[photo]).await;
    let awaited = service.list(customer(1), order).await.body;
    assert_eq!(awaited["items"][0]["taken"], "job");
    assert_eq!(awaited["items"][0]["arrived_at"], Value::Null);
    let path = format!("/api/v1/orders/{order}/photos/{}", photo.hash);
    let early = service.get(customer(1), &path).await;
    early.refused(404, "not_found");

    for attempt in ["first", "repeat"] {
        let (status, sent) = service
            .put_photo(customer(1), order, photo.hash, &bytes)
            .await;
        assert_eq!(status, 200, "{attempt}: {sent}");
        assert_eq!(sent["arrived_at"], json!(NOW), "{attempt}: {sent}");
    }
    service
        .all_see(&[customer(1), admin()], order, &bytes)
        .await;
    let strangers = [customer(2), provider(1), provider(2)];
    service.none_sees(&strangers, order, photo.hash).await;

    service.act(admin(), order, "approve").await;
    let readers = [provider(1), provider(2), customer(1), admin()];
    service.all_see(&readers, order, &bytes).await;
    service.none_sees(&[customer(2)], order, photo.hash).await;

    service.act(provider(1), order, "accept").await;
    let readers = [provider(1), customer(1), admin()];
    service.all_see(&readers, order, &bytes).await;
    let strangers = [customer(2), provider(2)];
    service.none_sees(&strangers, order, photo.hash).await;
}

#[tokio::test]
async fn photos_of_the_work_stay_hidden_from_the_board() {
    let service = Service::new(Engine::Sqlite).await;
    let bytes = png(40, 40);
    let photo = reference(&bytes);
    let (order_id, start) = started(&service.stage, vec![photo]).await;
    let answer = service.send_photo((order_id, start), &bytes).await;
    assert_eq!(answer, stored(bytes.len()));
    let withdraw = CommandBody::WithdrawAcceptance {
        order_id,
        reason: Some("The provider is ill".into()),
    };
    let withdrawn = service.stage.decide(admin(), withdraw).await;
    assert!(withdrawn.has_succeeded(), "{withdrawn:?}");

    let list = service.list(provider(2), order_id).await;
    assert_eq!(list.body, json!({ "items": [] }));
    let path = format!("/api/v1/orders/{order_id}/photos/{}", photo.hash);
    let shown = service.get(provider(2), &path).await;
    shown.refused(404, "photo_not_named");
    let (_, seen) = service.shown(customer(1), order_id, photo.hash).await;
    assert!(seen == bytes, "the customer still sees it unchanged");
}

#[tokio::test]
async fn only_the_customer_sends_a_photo_and_only_the_named_bytes() {
    let service = Service::new(Engine::Sqlite).await;
    let bytes = png(60, 60);
    let photo = reference(&bytes);
    let script = b"<script>alert(1)</script>";
    let order = publish_with_photos(&service, &[photo, reference(script)]).await;
    let expect = |status: u16, code: Code| (status, code.as_str().to_owned());

    let stranger = service.cannot_put(customer(2), order, photo.hash, &bytes);
    assert_eq!(stranger.await, expect(404, Code::OrderNotFound));
    let admin = service.cannot_put(admin(), order, photo.hash, &bytes);
    assert_eq!(admin.await, expect(403, Code::RoleForbidden));
    let unnamed = service.cannot_put(customer(1), order, Hash::ZERO, &bytes);
    assert_eq!(unnamed.await, expect(404, Code::PhotoNotNamed));
    let mut changed = bytes.clone();
    let last = changed.len() - 1;
    changed.truncate(last);
    let shorter = service.cannot_put(customer(1), order, photo.hash, &changed);
    assert_eq!(shorter.await.0, 422);
    let smaller_picture = png(50, 50);
    let other = service.cannot_put(customer(1), order, photo.hash, &smaller_picture);
    assert_eq!(other.await, expect(422, Code::PhotoDamaged));
    let larger_picture = png(90, 90);
    let longer = service.cannot_put(customer(1), order, photo.hash, &larger_picture);
    assert_eq!(longer.await, expect(413, Code::BodyTooLarge));
    let hash = reference(script).hash;
    let refused = service.cannot_put(customer(1), order, hash, script);
    assert_eq!(refused.await, expect(415, Code::FileKindRefused));
    let rows = "SELECT COUNT(*) FROM order_photos";
    assert_eq!(service.stage.count(rows).await, 0, "nothing was kept");
}

#[tokio::test]
async fn a_job_with_five_photos_or_one_twice_is_refused_by_its_field() {
    let service = Service::new(Engine::Sqlite).await;
    let photos: Vec<PhotoRef> = (0_u8..5).map(|n| reference(&[n])).collect();
    for wrong in [photos.clone(), vec![photos[0], photos[0]]] {
        let mut form = draft_json();
        form["photos"] = json!(wrong);
        let refused = service.post(customer(1), "/api/v1/orders", form).await;
        refused.refused(422, "invalid_input");
        assert_eq!(refused.fields(), ["photos"]);
    }
    publish_with_photos(&service, &photos[..4]).await;
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn photos_of_a_job_that_an_edge_published_come_later_in_chunks(#[case] engine: Engine) {
    let service = Service::new(engine).await;
    let bytes = png(120, 100);
    let photo = reference(&bytes);
    let order_id = OrderId(service.stage.clock.new_id());
    let publish = service.stage.command_id();
    let early = chunk((order_id, publish), photo, 0, &bytes[..2_048]);
    let order = Draft {
        photos: vec![photo],
        ..draft()
    };
    let body = CommandBody::PublishOrder { order_id, order };
    let batch = Log::of("north-1").then(publish, Some(customer(1)), body);
    let published = service.stage.batch(batch.batch()).await;
    assert!(published[0].has_succeeded(), "{published:?}");
    let named = (order_id, publish);
    let foreign = (order_id, service.stage.command_id());
    assert_eq!(service.deliver(&early).await, stored(2_048));
    let mut damaged = bytes.clone();
    damaged[9_000] ^= 1;
    let rest = chunk(named, photo, 2_048, &damaged[2_048..]);
    assert_eq!(service.deliver(&rest).await, refused(Code::PhotoDamaged));
    assert_eq!(service.send_photo(named, &bytes).await, stored(bytes.len()));
    service
        .all_see(&[customer(1), admin()], order_id, &bytes)
        .await;
    let unknown = chunk(foreign, photo, 0, &bytes[..2_048]);
    assert_ne!(service.deliver(&unknown).await, stored(2_048));
}
