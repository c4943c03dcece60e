//! Photos of the work: taken from edges chunk by chunk if the history names them, kept unchanged,
//! and shown to the readers of the history.

use axum::{
    body::{Body, to_bytes},
    extract::Request,
    http::{HeaderMap, Method, StatusCode, header},
};
use rstest::rstest;
use serde_json::{Value, json};
use support::files::png;
use tower::ServiceExt;
use wire::{
    Actor, Code, CommandBody, CommandId, Hash, OrderId, PHOTO_CHUNK_BYTES_MAX, PhotoAnswer,
    PhotoChunkDelivery, PhotoRef, WorkEvidence,
};

use super::service::*;
use crate::{
    stage::*,
    store::{chunk, reference, started},
};

const CHUNK_BYTES: usize = 16 * 1024;

async fn completed(stage: &Stage, order_id: OrderId, photos: Vec<PhotoRef>) -> CommandId {
    let command_id = stage.command_id();
    let body = completion(order_id, photos);
    let outcome = stage.decide_as(command_id, provider(1), body).await;
    assert!(outcome.has_succeeded(), "{outcome:?}");
    command_id
}

fn completion(order_id: OrderId, photos: Vec<PhotoRef>) -> CommandBody {
    CommandBody::CompleteOrder {
        order_id,
        note: None,
        evidence: Some(WorkEvidence {
            photos,
            ..WorkEvidence::default()
        }),
    }
}

pub(super) fn stored(bytes: usize) -> PhotoAnswer {
    PhotoAnswer::Stored {
        bytes: bytes.try_into().unwrap(),
    }
}

pub(super) fn refused(code: Code) -> PhotoAnswer {
    PhotoAnswer::Refused { code }
}

impl Service {
    pub(super) async fn deliver_from(
        &self,
        part: &'static str,
        chunk: &PhotoChunkDelivery,
    ) -> Answer {
        let token = self
            .service_key
            .issue_token(part, "order", &self.stage.clock);
        let request = Request::builder()
            .method(Method::POST)
            .uri("/internal/photos")
            .header(header::AUTHORIZATION, format!("Bearer {token}"));
        self.send(request, Some(serde_json::to_value(chunk).unwrap()))
            .await
    }

    pub(super) async fn deliver(&self, chunk: &PhotoChunkDelivery) -> PhotoAnswer {
        let answer = self.deliver_from("hub", chunk).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
        serde_json::from_value(answer.body).unwrap()
    }

    /// Sends the whole photo as an edge does. Returns the last answer.
    pub(super) async fn send_photo(
        &self,
        named: (OrderId, CommandId),
        bytes: &[u8],
    ) -> PhotoAnswer {
        let photo = reference(bytes);
        let mut answer = stored(0);
        for (n, body) in bytes.chunks(CHUNK_BYTES).enumerate() {
            assert_eq!(answer, stored(n * CHUNK_BYTES));
            let chunk = chunk(named, photo, n * CHUNK_BYTES, body);
            answer = self.deliver(&chunk).await;
        }
        answer
    }

    pub(super) async fn list(&self, reader: Actor, order: OrderId) -> Answer {
        self.get(reader, &format!("/api/v1/orders/{order}/photos"))
            .await
    }

    pub(super) async fn shown(
        &self,
        reader: Actor,
        order: OrderId,
        hash: Hash,
    ) -> (HeaderMap, Vec<u8>) {
        let token = format!("Bearer {}", self.token(reader));
        let request = Request::builder()
            .uri(format!("/api/v1/orders/{order}/photos/{hash}"))
            .header(header::AUTHORIZATION, token);
        let request = request.body(Body::empty()).unwrap();
        let response = self.router.clone().oneshot(request).await.unwrap();
        assert_eq!(response.status(), StatusCode::OK);
        let (parts, body) = response.into_parts();
        let bytes = to_bytes(body, 1 << 23).await.unwrap();
        (parts.headers, bytes.to_vec())
    }
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn photos_come_in_chunks_and_the_orders_people_see_them_unchanged(#[case] engine: Engine) {
    let service = Service::new(engine).await;
    let [before, after] = [png(120, 100), png(150, 150)];
    let [first, second] = [reference(&before), reference(&after)];
    let (order, start) = started(&service.stage, vec![first]).await;
    let complete = completed(&service.stage, order, vec![second]).await;
    let view = |command: CommandId, photo: PhotoRef, taken: &str, at: Value| {
        json!({
            "command_id": command, "hash": photo.hash, "bytes": photo.bytes, "taken": taken,
            "arrived_at": at,
        })
    };
    let awaited = json!({ "items": [
        view(start, first, "before", Value::Null), view(complete, second, "after", Value::Null),
    ] });
    assert_eq!(service.list(customer(1), order).await.body, awaited);
    let path = format!("/api/v1/orders/{order}/photos/{}", first.hash);
    let early = service.get(customer(1), &path).await;
    early.refused(404, "not_found");

    for (command, bytes) in [(start, &before), (complete, &after)] {
        let named = (order, command);
        assert_eq!(service.send_photo(named, bytes).await, stored(bytes.len()));
        let asked = chunk(named, reference(bytes), 0, &[]);
        assert_eq!(service.deliver(&asked).await, stored(bytes.len()));
    }
    let arrived = json!({ "items": [
        view(start, first, "before", json!(NOW)), view(complete, second, "after", json!(NOW)),
    ] });
    for reader in [customer(1), provider(1), admin()] {
        assert_eq!(service.list(reader, order).await.body, arrived);
        let (headers, bytes) = service.shown(reader, order, second.hash).await;
        assert!(bytes == after, "{} bytes came", bytes.len());
        assert_eq!(headers[header::CONTENT_TYPE], "image/png");
        let cached = &headers[header::CACHE_CONTROL];
        assert_eq!(cached, "private, max-age=31536000, immutable");
    }
    for stranger in [customer(2), provider(2)] {
        let list = service.list(stranger, order).await;
        list.refused(404, "order_not_found");
        let shown = service.get(stranger, &path).await;
        shown.refused(404, "order_not_found");
    }
    let other = format!("/api/v1/orders/{order}/photos/{}", Hash::ZERO);
    let unnamed = service.get(customer(1), &other).await;
    unnamed.refused(404, "photo_not_named");
    let staged = "SELECT COUNT(*) FROM photo_chunks";
    assert_eq!(service.stage.count(staged).await, 0);
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn only_a_photo_that_the_history_names_is_taken(#[case] engine: Engine) {
    let service = Service::new(engine).await;
    let bytes = png(40, 40);
    let photo = reference(&bytes);
    let (order, start) = started(&service.stage, vec![photo]).await;
    let (other_order, other_start) = started(&service.stage, Vec::new()).await;
    // A portal's refused command is decided without an entry in the history.
    let rejected = service.stage.command_id();
    let body = CommandBody::StartOrder {
        order_id: order,
        start_code: None,
        photos: vec![photo],
    };
    let outcome = service.stage.decide_as(rejected, provider(1), body).await;
    assert!(!outcome.has_succeeded());
    let other_hash = PhotoRef {
        hash: Hash::ZERO,
        ..photo
    };
    let other_length = PhotoRef {
        bytes: photo.bytes + 1,
        ..photo
    };
    for (named, photo) in [
        ((other_order, start), photo),
        ((order, other_start), photo),
        ((order, rejected), photo),
        ((order, start), other_hash),
        ((order, start), other_length),
    ] {
        let chunk = chunk(named, photo, 0, &bytes[..2_048]);
        let answer = service.deliver(&chunk).await;
        assert_eq!(answer, refused(Code::PhotoNotNamed), "{named:?} {photo:?}");
    }
    let undecided = (order, service.stage.command_id());
    let chunk_of = |named| chunk(named, photo, 0, &bytes[..2_048]);
    let answer = service.deliver(&chunk_of(undecided)).await;
    assert_eq!(answer, PhotoAnswer::Later);
    let rows = "SELECT COUNT(*) FROM order_photos";
    assert_eq!(service.stage.count(rows).await, 0, "nothing was staged");
    let answer = service.deliver(&chunk_of((order, start))).await;
    assert_eq!(answer, stored(2_048));
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn work_on_a_cancelled_order_keeps_its_photos_if_an_edge_had_promised_it(
    #[case] engine: Engine,
) {
    let service = Service::new(engine).await;
    let stage = &service.stage;
    let bytes = png(40, 40);
    let photo = reference(&bytes);
    let order = stage.pending().await;
    stage.grant("north-1").await;
    let cancel = CommandBody::CancelOrder {
        order_id: order,
        reason: None,
        fee: None,
    };
    stage.decide(customer(1), cancel).await;
    let [promised, unpromised] = [stage.command_id(), stage.command_id()];
    let work = || completion(order, vec![photo]);
    let log = Log::of("north-1")
        .firm(1, stage.command_id(), provider(3), accept(order))
        .then(promised, Some(provider(3)), work())
        .then(stage.command_id(), Some(provider(4)), accept(order))
        .then(unpromised, Some(provider(4)), work());
    stage.batch(log.batch()).await;

    let chunk_of = |command| chunk((order, command), photo, 0, &bytes[..2_048]);
    let answer = service.deliver(&chunk_of(promised)).await;
    assert_eq!(answer, stored(2_048));
    let answer = service.deliver(&chunk_of(unpromised)).await;
    assert_eq!(answer, refused(Code::PhotoNotNamed));
}

#[tokio::test]
async fn chunks_are_bounded_and_come_from_the_hub_alone() {
    let service = Service::new(Engine::Sqlite).await;
    let photo = PhotoRef {
        hash: Hash::ZERO,
        bytes: 100_000,
    };
    let named = started(&service.stage, vec![photo]).await;
    let long = vec![7; PHOTO_CHUNK_BYTES_MAX + 1];
    for (offset, body) in [(0, &long[..]), (99_000, &long[..2_000]), (0, &long[..100])] {
        let chunk = chunk(named, photo, offset, body);
        let answer = service.deliver_from("hub", &chunk).await;
        answer.refused(422, "invalid_input");
    }
    let sound = chunk(named, photo, 0, &long[..PHOTO_CHUNK_BYTES_MAX]);
    let answer = service.deliver_from("payment", &sound).await;
    answer.refused(403, "role_forbidden");
    let ahead = chunk(named, photo, 4_096, &long[..4_096]);
    assert_eq!(service.deliver(&ahead).await, stored(0), "a gap");
    for _ in 0..2 {
        let answer = service.deliver(&sound).await;
        assert_eq!(answer, stored(PHOTO_CHUNK_BYTES_MAX));
    }
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn damaged_bytes_may_come_again_and_a_script_never(#[case] engine: Engine) {
    let service = Service::new(engine).await;
    let bytes = png(60, 60);
    let photo = reference(&bytes);
    let script = [&b"<script>alert(1)</script>"[..], &[b' '; 2_000]].concat();
    let named = started(&service.stage, vec![photo, reference(&script)]).await;

    let mut damaged = bytes.clone();
    damaged[5_000] ^= 1;
    let answer = service.deliver(&chunk(named, photo, 0, &damaged)).await;
    assert_eq!(answer, refused(Code::PhotoDamaged));
    let asked = service.deliver(&chunk(named, photo, 0, &[])).await;
    assert_eq!(asked, stored(0));
    let answer = service.send_photo(named, &bytes).await;
    assert_eq!(answer, stored(bytes.len()));

    let never = refused(Code::FileKindRefused);
    for _ in 0..2 {
        let chunk = chunk(named, reference(&script), 0, &script);
        assert_eq!(service.deliver(&chunk).await, never);
    }
    let list = service.list(customer(1), named.0).await.body;
    assert_eq!(list["items"][0]["arrived_at"], json!(NOW));
    assert_eq!(list["items"][0].get("refused"), None);
    assert_eq!(list["items"][1]["arrived_at"], Value::Null);
    assert_eq!(list["items"][1]["refused"], "file_kind_refused");
    let path = format!(
        "/api/v1/orders/{}/photos/{}",
        named.0,
        reference(&script).hash
    );
    let shown = service.get(customer(1), &path).await;
    shown.refused(404, "not_found");
}

#[tokio::test]
async fn a_photo_waits_while_the_file_store_is_away() {
    let service = Service::new(Engine::Sqlite).await;
    let bytes = png(40, 40);
    let photo = reference(&bytes);
    let named = started(&service.stage, vec![photo]).await;
    // A file where the store has its folder.
    let folder = service.stage.folder.path().join("files/kept");
    std::fs::write(&folder, "").unwrap();
    let whole = chunk(named, photo, 0, &bytes);
    let answer = service.deliver_from("hub", &whole).await;
    answer.refused(503, "unavailable");
    let list = service.list(customer(1), named.0).await.body;
    assert_eq!(list["items"][0]["arrived_at"], Value::Null);
    std::fs::remove_file(&folder).unwrap();
    let asked = chunk(named, photo, bytes.len(), &[]);
    assert_eq!(service.deliver(&asked).await, stored(bytes.len()));
    let (_, shown) = service.shown(customer(1), named.0, photo.hash).await;
    assert!(shown == bytes);
}
