//! The photos of an erased order: their files are gone, none can come any more, and those who may
//! read the order see why.

use order::store::OrderErasure;
use rstest::rstest;
use serde_json::{Value, json};
use support::files::png;
use wire::{
    Actor, Code, CommandBody, CommandId, Draft, EventType, OrderId, PaymentEvent, PaymentStatus,
    PhotoRef,
};

use super::{
    photos::{refused, stored},
    service::*,
};
use crate::{
    stage::*,
    store::{chunk, reference, word},
};

/// A job of this customer that names photos, started by provider 1 with photos of the place.
struct StartedJob {
    order_id: OrderId,
    publish: CommandId,
    start: CommandId,
}

impl Service {
    async fn start_job(&self, owner: Actor, job: &[&[u8]], work: &[&[u8]]) -> StartedJob {
        let references = |photos: &[&[u8]]| photos.iter().map(|bytes| reference(bytes)).collect();
        let stage = &self.stage;
        let publish = stage.command_id();
        let photos: Vec<PhotoRef> = references(job);
        let published = stage
            .publish(publish, owner, Draft { photos, ..draft() })
            .await;
        let order_id = published.order.unwrap().id;
        let approve = CommandBody::ApproveOrder { order_id };
        stage.decide(admin(), approve).await;
        stage.decide(provider(1), accept(order_id)).await;
        let kind = EventType::PaymentCompleted;
        let held = word(stage, order_id, kind, 1, PaymentStatus::Held);
        let body: PaymentEvent = serde_json::from_value(held.body.clone()).unwrap();
        stage.store.apply_payment_event(&held, &body).await.unwrap();
        let start = stage.command_id();
        let body = CommandBody::StartOrder {
            order_id,
            start_code: None,
            photos: references(work),
        };
        let started = stage.decide_as(start, provider(1), body).await;
        assert!(started.has_succeeded(), "{started:?}");
        StartedJob {
            order_id,
            publish,
            start,
        }
    }

    async fn complete(&self, order_id: OrderId) {
        let body = CommandBody::CompleteOrder {
            order_id,
            note: None,
            evidence: None,
        };
        let completed = self.stage.decide(provider(1), body).await;
        assert!(completed.has_succeeded(), "{completed:?}");
    }

    pub(super) async fn delete_and_erase(&self, person: Actor) {
        self.stage.delete_person(person).await;
        self.stage.erase().await;
    }

    /// The files that the store has, by their names.
    pub(super) fn files(&self) -> Vec<String> {
        let kept = self.stage.folder.path().join("files/kept");
        let mut folders = vec![kept];
        let mut names = Vec::new();
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).unwrap() {
                let entry = entry.unwrap();
                match entry.file_type().unwrap().is_dir() {
                    true => folders.push(entry.path()),
                    false => names.push(entry.file_name().into_string().unwrap()),
                }
            }
        }
        names.sort();
        names
    }
}

fn names_of(photos: &[&[u8]]) -> Vec<String> {
    let mut names: Vec<String> = photos
        .iter()
        .map(|bytes| reference(bytes).hash.to_string())
        .collect();
    names.sort();
    names
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn the_photos_of_a_deleted_customers_order_are_gone_and_none_comes_later(
    #[case] engine: Engine,
) {
    let service = Service::new(engine).await;
    let [of_job, of_work, begun, awaited] =
        [(60, 50), (50, 60), (70, 40), (40, 70)].map(|(width, height)| png(width, height));
    let job = service
        .start_job(customer(1), &[&of_job], &[&of_work, &begun, &awaited])
        .await;
    let order = job.order_id;
    let at_start = (order, job.start);
    let whole = service.send_photo((order, job.publish), &of_job).await;
    assert_eq!(whole, stored(of_job.len()));
    let whole = service.send_photo(at_start, &of_work).await;
    assert_eq!(whole, stored(of_work.len()));
    let first = chunk(at_start, reference(&begun), 0, &begun[..1_024]);
    assert_eq!(service.deliver(&first).await, stored(1_024));
    assert_eq!(service.files(), names_of(&[&of_job, &of_work]));
    service.complete(order).await;

    service.delete_and_erase(customer(1)).await;
    assert_eq!(service.files(), Vec::<String>::new());
    let chunks = "SELECT COUNT(*) FROM photo_chunks";
    assert_eq!(service.stage.count(chunks).await, 0);
    let sent = [&of_job, &of_work, &begun, &awaited];
    for reader in [provider(1), admin()] {
        let list = service.list(reader, order).await.body;
        let items = list["items"].as_array().unwrap();
        assert_eq!(items.len(), sent.len(), "{list}");
        for (item, bytes) in items.iter().zip(sent) {
            let photo = reference(bytes);
            assert_eq!(item["hash"], json!(photo.hash), "{list}");
            assert_eq!(item["bytes"], json!(photo.bytes), "{list}");
            assert_eq!(item["arrived_at"], Value::Null, "{list}");
            assert_eq!(item["refused"], "author_deleted", "{list}");
            let path = format!("/api/v1/orders/{order}/photos/{}", photo.hash);
            let shown = service.get(reader, &path).await;
            shown.refused(404, "not_found");
        }
    }
    for bytes in [&begun, &awaited] {
        let photo = reference(bytes);
        for offset in [0, 1_024] {
            let later = chunk(at_start, photo, offset, &bytes[offset..]);
            let answer = service.deliver(&later).await;
            assert_eq!(answer, refused(Code::AuthorDeleted));
        }
    }
    assert_eq!(service.files(), Vec::<String>::new());
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn a_file_goes_only_with_the_last_order_that_needs_it(#[case] engine: Engine) {
    let service = Service::new(engine).await;
    let picture = png(60, 50);
    let mut orders = Vec::new();
    for owner in [customer(1), customer(2)] {
        let job = service.start_job(owner, &[], &[&picture]).await;
        let whole = service
            .send_photo((job.order_id, job.start), &picture)
            .await;
        assert_eq!(whole, stored(picture.len()));
        service.complete(job.order_id).await;
        orders.push(job.order_id);
    }
    let hash = reference(&picture).hash;
    service.delete_and_erase(provider(1)).await;
    let (_, seen) = service.shown(customer(1), orders[0], hash).await;
    assert!(seen == picture, "the customer keeps the proof of the work");

    service.delete_and_erase(customer(1)).await;
    let path = format!("/api/v1/orders/{}/photos/{hash}", orders[0]);
    service.get(admin(), &path).await.refused(404, "not_found");
    let (_, seen) = service.shown(customer(2), orders[1], hash).await;
    assert!(seen == picture, "another customer has the same picture");

    service.delete_and_erase(customer(2)).await;
    assert_eq!(service.files(), Vec::<String>::new());
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn a_file_that_a_crash_or_a_backup_left_goes_with_the_next_request(#[case] engine: Engine) {
    let service = Service::new(engine).await;
    let picture = png(60, 50);
    let job = service.start_job(customer(1), &[], &[&picture]).await;
    let named = (job.order_id, job.start);
    service.send_photo(named, &picture).await;
    service.complete(job.order_id).await;
    let store = &service.stage.store;
    service.stage.delete_person(customer(1)).await;
    let due = store.list_due_erasures(1).await.unwrap();
    let erased = store.erase_order_texts(job.order_id, &due[0]).await;
    assert_eq!(erased.unwrap(), OrderErasure::Erased);
    assert_eq!(
        service.files(),
        names_of(&[&picture]),
        "the crash came first"
    );
    service.delete_and_erase(customer(1)).await;
    assert_eq!(service.files(), Vec::<String>::new());
}
