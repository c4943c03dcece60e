//! The photo of a message: sent after the message by its writer or through an edge, seen by those who
//! may read the message and by no one else, and erased with it.

use axum::{
    body::{Body, to_bytes},
    extract::Request,
    http::{Method, StatusCode, header},
};
use rstest::rstest;
use serde_json::{Value, json};
use support::files::png;
use tower::ServiceExt;
use wire::{
    Actor, Code, CommandBody, CommandId, MESSAGE_PHOTO_PART_BYTES_MAX, MessagePhotoPart,
    MessagePhotoPlace, MessagesQuery, OrderId, Region,
};

use super::{
    messages::{accepted, messages_of},
    photos::{refused, stored},
    service::*,
};
use crate::{
    stage::*,
    store::{chunk, reference},
};

fn photo_path(order_id: OrderId, number: u64) -> String {
    format!("{}/{number}/photo", messages_of(order_id))
}

fn reported_path(order_id: OrderId, number: u64) -> String {
    format!("/api/v1/admin/orders/{order_id}/messages/{number}/photo")
}

impl Service {
    async fn write_with_photo(&self, writer: Actor, order_id: OrderId, bytes: &[u8]) -> u64 {
        let form = json!({ "photo": reference(bytes) });
        let sent = self.post(writer, &messages_of(order_id), form).await;
        assert_eq!(sent.status, StatusCode::CREATED, "{}", sent.body);
        assert_eq!(sent.body["text"], "");
        assert_eq!(sent.body["photo"]["arrived_at"], Value::Null);
        sent.body["number"].as_u64().unwrap()
    }

    /// Returns the status, and the code of a refusal.
    async fn put_message_photo(
        &self,
        sender: Actor,
        order_id: OrderId,
        number: u64,
        bytes: &[u8],
    ) -> (u16, String) {
        let request = Request::builder()
            .method(Method::PUT)
            .uri(photo_path(order_id, number))
            .header(
                header::AUTHORIZATION,
                format!("Bearer {}", self.token(sender)),
            );
        let request = request.body(Body::from(bytes.to_vec())).unwrap();
        let response = self.router.clone().oneshot(request).await.unwrap();
        let status = response.status().as_u16();
        let body = to_bytes(response.into_body(), 1 << 20).await.unwrap();
        let body: Value = serde_json::from_slice(&body).unwrap_or(Value::Null);
        (status, body["code"].as_str().unwrap_or_default().to_owned())
    }

    async fn sees_photo(&self, reader: Actor, path: &str) {
        let request = Request::builder().uri(path).header(
            header::AUTHORIZATION,
            format!("Bearer {}", self.token(reader)),
        );
        let request = request.body(Body::empty()).unwrap();
        let response = self.router.clone().oneshot(request).await.unwrap();
        assert_eq!(response.status(), StatusCode::OK, "{reader:?}");
        assert_eq!(response.headers()[header::CONTENT_TYPE], "image/jpeg");
        let cached = &response.headers()[header::CACHE_CONTROL];
        assert_eq!(cached, "private, max-age=300");
        let body = to_bytes(response.into_body(), 1 << 20).await.unwrap();
        assert!(body.starts_with(b"\xff\xd8\xff"), "it is encoded anew");
    }

    async fn first_photo_view(&self, reader: Actor, order_id: OrderId) -> Value {
        let thread = self.get(reader, &messages_of(order_id)).await.body;
        thread["items"][0]["photo"].clone()
    }

    /// As the hub asks in the name of an edge of this region.
    async fn read_part(&self, region: Region, place: MessagePhotoPlace) -> MessagePhotoPart {
        let clock = &self.stage.clock;
        let token = self.service_key.issue_token("hub", "order", clock);
        let request = Request::builder()
            .method(Method::POST)
            .uri("/internal/messages")
            .header(header::AUTHORIZATION, format!("Bearer {token}"));
        let query = MessagesQuery {
            region,
            marks: Vec::new(),
            photo: Some(place),
        };
        let answer = self.send(request, Some(serde_json::to_value(query).unwrap()));
        let answer = answer.await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
        serde_json::from_value(answer.body["photo"].clone()).unwrap()
    }
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn the_two_of_an_order_see_the_photo_of_a_message_and_no_one_else_does(
    #[case] engine: Engine,
) {
    let service = Service::new(engine).await;
    let order_id = service.stage.pending().await;
    // A provider who had the job before reads nothing of what follows, and the next one nothing of
    // what was before.
    service.stage.decide(provider(2), accept(order_id)).await;
    let earlier = png(50, 60);
    let to_former = service
        .write_with_photo(customer(1), order_id, &earlier)
        .await;
    let taken = service.put_message_photo(customer(1), order_id, to_former, &earlier);
    assert_eq!(taken.await.0, 200);
    let withdraw = CommandBody::WithdrawAcceptance {
        order_id,
        reason: Some("My car broke down.".into()),
    };
    service.stage.decide(provider(2), withdraw).await;
    service.stage.decide(provider(1), accept(order_id)).await;
    let bytes = png(120, 100);
    let number = service
        .write_with_photo(customer(1), order_id, &bytes)
        .await;
    let path = photo_path(order_id, number);
    let early = service.get(provider(1), &path).await;
    early.refused(404, "not_found");

    let put = |sender, bytes| service.put_message_photo(sender, order_id, number, bytes);
    let refused = |status: u16, code: &str| (status, code.to_owned());
    let not_theirs = refused(404, "photo_not_named");
    assert_eq!(put(provider(1), &bytes).await, not_theirs);
    let not_found = refused(404, "order_not_found");
    assert_eq!(put(customer(2), &bytes).await, not_found);
    assert_eq!(put(provider(2), &bytes).await, not_found);
    let damaged = refused(422, "photo_damaged");
    let another = png(60, 50);
    assert_eq!(put(customer(1), &another).await, damaged);
    for attempt in ["first", "repeat"] {
        let taken = put(customer(1), &bytes).await;
        assert_eq!(taken, refused(200, ""), "{attempt}");
    }
    for reader in [customer(1), provider(1)] {
        let view = service.first_photo_view(reader, order_id).await;
        assert_eq!(view["hash"], json!(reference(&bytes).hash));
        assert_eq!(view["arrived_at"], json!(service.stage.clock.now()));
        service.sees_photo(reader, &path).await;
    }
    let to_former = photo_path(order_id, to_former);
    service.sees_photo(customer(1), &to_former).await;
    let shown = service.get(provider(1), &to_former).await;
    shown.refused(404, "photo_not_named");
    for stranger in [customer(2), provider(2)] {
        let shown = service.get(stranger, &path).await;
        shown.refused(404, "order_not_found");
    }
    let shown = service.get(admin(), &path).await;
    shown.refused(403, "role_forbidden");
    let shown = service.get(admin(), &reported_path(order_id, number)).await;
    shown.refused(404, "not_found");
    // It is no photo of the job or of the work.
    let list = service.list(customer(1), order_id).await.body;
    assert_eq!(list["items"], json!([]));
    let hash = reference(&bytes).hash;
    let shown = format!("/api/v1/orders/{order_id}/photos/{hash}");
    let shown = service.get(provider(1), &shown).await;
    shown.refused(404, "photo_not_named");

    let report = format!("{}/{number}/report", messages_of(order_id));
    let form = json!({ "reason": "This is no valve." });
    let reported = service.post(provider(1), &report, form).await;
    assert_eq!(reported.status, StatusCode::OK, "{}", reported.body);
    service
        .sees_photo(admin(), &reported_path(order_id, number))
        .await;
}

#[tokio::test]
async fn a_message_has_a_text_or_a_photo_of_an_acceptable_size() {
    let service = Service::new(Engine::Sqlite).await;
    let order_id = accepted(&service).await;
    let hash = reference(b"valve").hash;
    for (form, field) in [
        (json!({}), "text"),
        (json!({ "text": " " }), "text"),
        (json!({ "photo": { "hash": hash, "bytes": 0 } }), "photo"),
        (
            json!({ "text": "Look", "photo": { "hash": hash, "bytes": 5 * 1024 * 1024 + 1 } }),
            "photo",
        ),
    ] {
        let sent = service
            .post(customer(1), &messages_of(order_id), form)
            .await;
        assert_eq!(sent.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert_eq!(sent.body["errors"][0]["field"], field, "{}", sent.body);
    }
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn an_edge_sends_the_photo_of_a_message_and_reads_it_part_by_part(#[case] engine: Engine) {
    let service = Service::new(engine).await;
    let order_id = accepted(&service).await;
    let bytes = png(700, 600);
    let id = service.stage.command_id();
    let named = (order_id, id);
    let first = chunk(named, reference(&bytes), 0, &bytes[..1_024]);
    let undecided = service.deliver(&first).await;
    assert_eq!(undecided, wire::PhotoAnswer::Later);
    let body = CommandBody::SendMessage {
        order_id,
        text: String::new(),
        photo: Some(reference(&bytes)),
    };
    let sent = service.stage.decide_as(id, provider(1), body).await;
    assert!(sent.has_succeeded(), "{sent:?}");
    let place = |offset: usize| MessagePhotoPlace {
        order_id,
        number: 1,
        offset: offset.try_into().unwrap(),
    };
    let awaited = service.read_part(Region::North, place(0)).await;
    assert_eq!((awaited.bytes, awaited.is_refused), (0, false));
    assert_eq!(service.send_photo(named, &bytes).await, stored(bytes.len()));
    let unnamed = chunk(named, reference(b"another picture"), 0, b"another picture");
    let answer = service.deliver(&unnamed).await;
    assert_eq!(answer, refused(Code::PhotoNotNamed));
    service
        .sees_photo(customer(1), &photo_path(order_id, 1))
        .await;

    let mut read = Vec::new();
    loop {
        let part = service.read_part(Region::North, place(read.len())).await;
        assert!(part.body.len() <= MESSAGE_PHOTO_PART_BYTES_MAX);
        read.extend(part.body);
        if read.len() == usize::try_from(part.bytes).unwrap() {
            break;
        }
    }
    assert!(read.starts_with(b"\xff\xd8\xff") && read.ends_with(b"\xff\xd9"));
    let foreign = service.read_part(Region::South, place(0)).await;
    assert_eq!((foreign.bytes, foreign.is_refused), (0, true));
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn the_photos_of_a_deleted_persons_messages_go_and_none_comes_later(#[case] engine: Engine) {
    let service = Service::new(engine).await;
    let order_id = accepted(&service).await;
    let [own, theirs, awaited] = [(60, 50), (50, 60), (40, 70)].map(|(w, h)| png(w, h));
    let mut numbers = Vec::new();
    for (writer, bytes) in [(provider(1), &own), (customer(1), &theirs)] {
        let number = service.write_with_photo(writer, order_id, bytes).await;
        let taken = service.put_message_photo(writer, order_id, number, bytes);
        assert_eq!(taken.await.0, 200);
        numbers.push(number);
    }
    let last = service
        .write_with_photo(provider(1), order_id, &awaited)
        .await;
    let message = service.stage.store.find_message(order_id, last, None).await;
    let id = CommandId(message.unwrap().unwrap().id);
    let cancel = CommandBody::CancelOrder {
        order_id,
        reason: None,
        fee: None,
    };
    service.stage.decide(customer(1), cancel).await;

    service.delete_and_erase(provider(1)).await;
    let customers_file = reference(&theirs).hash.to_string();
    assert_eq!(service.files(), [customers_file]);
    let kept = photo_path(order_id, numbers[1]);
    service.sees_photo(customer(1), &kept).await;
    let gone = photo_path(order_id, numbers[0]);
    let gone = service.get(customer(1), &gone).await;
    gone.refused(404, "photo_not_named");
    let later = chunk((order_id, id), reference(&awaited), 0, &awaited[..1_024]);
    let answer = service.deliver(&later).await;
    assert_eq!(answer, refused(Code::AuthorDeleted));
    let place = MessagePhotoPlace {
        order_id,
        number: numbers[0],
        offset: 0,
    };
    let part = service.read_part(Region::North, place).await;
    assert!(part.is_refused, "an edge stops asking");

    service.delete_and_erase(customer(1)).await;
    assert_eq!(service.files(), Vec::<String>::new());
}
