//! Photos on their way to the file store: staged without gaps, settled once, sealed, and removed if
//! they do not become whole.

use futures::future::join_all;
use order::store::{
    AcceptanceRules, ChunkResult, KeptPhoto, PhotoArrival, PhotoVerdict, Store, WholePhoto,
};
use platform::{files::FileKind, sealing::DataKeys};
use process::clock::Clock;
use ring::digest;
use rstest::rstest;
use wire::{
    Code, CommandBody, CommandId, EdgeId, EventType, OrderId, PaymentEvent, PaymentStatus,
    PhotoAnswer, PhotoChunkDelivery, PhotoRef,
};

use super::word;
use crate::stage::*;

const CHUNKS: &str = "SELECT COUNT(*) FROM photo_chunks";
const PHOTOS: &str = "SELECT COUNT(*) FROM order_photos";
const DAY_MS: i64 = 24 * 60 * 60 * 1000;

fn noise(length: usize) -> Vec<u8> {
    let numbers = (0_u64..).map(|n| n.wrapping_mul(0x9e37_79b9_7f4a_7c15));
    numbers.take(length).map(|n| n.to_be_bytes()[0]).collect()
}

pub(crate) fn reference(bytes: &[u8]) -> PhotoRef {
    let hash = digest::digest(&digest::SHA256, bytes);
    PhotoRef {
        hash: hash.as_ref().try_into().unwrap(),
        bytes: bytes.len().try_into().unwrap(),
    }
}

/// Decides a start that names these photos. The order's price is held.
pub(crate) async fn started(stage: &Stage, photos: Vec<PhotoRef>) -> (OrderId, CommandId) {
    let order_id = stage.pending().await;
    stage.decide(provider(1), accept(order_id)).await;
    let kind = EventType::PaymentCompleted;
    let held = word(stage, order_id, kind, 1, PaymentStatus::Held);
    let body: PaymentEvent = serde_json::from_value(held.body.clone()).unwrap();
    stage.store.apply_payment_event(&held, &body).await.unwrap();
    let command_id = stage.command_id();
    let body = CommandBody::StartOrder {
        order_id,
        start_code: None,
        photos,
    };
    let outcome = stage.decide_as(command_id, provider(1), body).await;
    assert!(outcome.has_succeeded(), "{outcome:?}");
    (order_id, command_id)
}

pub(crate) fn chunk(
    named: (OrderId, CommandId),
    photo: PhotoRef,
    offset: usize,
    body: &[u8],
) -> PhotoChunkDelivery {
    PhotoChunkDelivery {
        edge: EdgeId::new("north-1").unwrap(),
        order_id: named.0,
        command_id: named.1,
        photo,
        offset: offset.try_into().unwrap(),
        body: body.to_vec(),
    }
}

fn stored(bytes: usize) -> ChunkResult {
    ChunkResult::Answered(PhotoAnswer::Stored {
        bytes: bytes.try_into().unwrap(),
    })
}

/// Sends a photo from the start as an edge does, until all of it is staged.
async fn stage_photo(
    store: &Store,
    named: (OrderId, CommandId),
    bytes: &[u8],
    chunk_bytes: usize,
) -> WholePhoto {
    let photo = reference(bytes);
    let mut offset = 0;
    for _ in 0..1_000 {
        let end = bytes.len().min(offset + chunk_bytes);
        let chunk = chunk(named, photo, offset, &bytes[offset..end]);
        offset = match store.stage_photo_chunk(&chunk).await.unwrap() {
            ChunkResult::Whole(whole) => return whole,
            ChunkResult::Answered(PhotoAnswer::Stored { bytes }) => bytes.try_into().unwrap(),
            other @ ChunkResult::Answered(_) => panic!("{other:?}"),
        };
    }
    panic!("the photo did not become whole")
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn edges_that_send_one_photo_at_once_leave_it_without_a_gap(#[case] engine: Engine) {
    let stage = Stage::new(engine).await;
    let bytes = noise(200_000);
    let photo = reference(&bytes);
    let named = started(&stage, vec![photo]).await;
    let sizes = [4_096, 5_000, 8_192, 16_384, 30_000, 65_536];
    let senders = sizes.map(|size| stage_photo(&stage.store, named, &bytes, size));
    let wholes = join_all(senders).await;
    assert!(wholes.iter().all(|whole| *whole == wholes[0]), "{wholes:?}");
    assert_eq!(stage.count(PHOTOS).await, 1);
    let read = stage.store.read_staged_photo(wholes[0].id).await.unwrap();
    assert!(read == bytes, "{} of {} bytes", read.len(), bytes.len());

    let kept = PhotoVerdict::Kept(FileKind::Jpeg);
    let settles = (0..6).map(|_| stage.store.settle_photo(wholes[0].id, kept));
    for answer in join_all(settles).await {
        let bytes = photo.bytes;
        assert_eq!(answer.unwrap(), PhotoAnswer::Stored { bytes });
    }
    assert_eq!(stage.count(CHUNKS).await, 0);
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn a_repeat_after_a_crash_at_any_step_goes_on_from_there(#[case] engine: Engine) {
    let stage = Stage::new(engine).await;
    let store = &stage.store;
    let bytes = noise(10_000);
    let photo = reference(&bytes);
    let named = started(&stage, vec![photo]).await;
    let send = async |offset: usize, end: usize| {
        let chunk = chunk(named, photo, offset, &bytes[offset..end]);
        store.stage_photo_chunk(&chunk).await.unwrap()
    };
    assert_eq!(send(0, 0).await, stored(0), "asked before the first chunk");
    assert_eq!(stage.count(PHOTOS).await, 0);
    for _ in 0..2 {
        assert_eq!(send(0, 4_000).await, stored(4_000));
    }
    let whole = send(4_000, 10_000).await;
    for (offset, end) in [(4_000, 10_000), (0, 4_000), (10_000, 10_000)] {
        assert_eq!(send(offset, end).await, whole, "{offset}");
    }
    let ChunkResult::Whole(whole) = whole else {
        panic!("{whole:?}")
    };
    let owner = provider(1).user_id;
    assert_eq!((whole.owner, whole.photo), (owner, photo));
    let settle = async |verdict| store.settle_photo(whole.id, verdict).await.unwrap();
    let code = Code::PhotoDamaged;
    let damaged = settle(PhotoVerdict::Damaged).await;
    assert_eq!(damaged, PhotoAnswer::Refused { code });
    assert_eq!(stage.count(CHUNKS).await, 0);
    assert_eq!(send(10_000, 10_000).await, stored(0), "it begins again");
    send(0, 10_000).await;

    let bytes = photo.bytes;
    for verdict in [
        PhotoVerdict::Kept(FileKind::Webp),
        PhotoVerdict::Damaged,
        PhotoVerdict::Refused(Code::FileNotPlain),
    ] {
        let answer = settle(verdict).await;
        assert_eq!(answer, PhotoAnswer::Stored { bytes }, "{verdict:?}");
    }
    assert_eq!(send(0, 10_000).await, stored(10_000));
    let listed = store.list_order_photos(named.0).await.unwrap();
    let kept = KeptPhoto {
        owner,
        kind: FileKind::Webp,
        at: NOW,
    };
    assert_eq!(listed[0].arrival, PhotoArrival::Kept(kept));
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn a_photo_that_is_not_whole_in_a_month_is_removed_and_may_begin_again(
    #[case] engine: Engine,
) {
    let stage = Stage::new(engine).await;
    let bytes = noise(9_000);
    let [slow, kept] = [reference(&bytes), reference(&bytes[..5_000])];
    let named = started(&stage, vec![slow, kept]).await;
    let first = chunk(named, slow, 0, &bytes[..4_000]);
    let begun = stage.store.stage_photo_chunk(&first).await.unwrap();
    assert_eq!(begun, stored(4_000));
    let whole = stage_photo(&stage.store, named, &bytes[..5_000], 5_000).await;
    let verdict = PhotoVerdict::Kept(FileKind::Png);
    stage.store.settle_photo(whole.id, verdict).await.unwrap();
    let after = async |days: i64| {
        let clock = Clock::fixed_at(NOW.plus_ms(days * DAY_MS + 1));
        let store = Store::new(stage.sql.clone(), clock, AcceptanceRules::OFF);
        store.remove_unfinished_photos(100).await.unwrap()
    };
    assert_eq!(after(29).await, 0);
    assert_eq!(stage.count(CHUNKS).await, 1);
    assert_eq!(after(30).await, 1);
    assert_eq!(after(31).await, 0);
    assert_eq!(stage.count(CHUNKS).await, 0);
    assert_eq!(stage.count(PHOTOS).await, 1, "the kept one stays");
    let asked = chunk(named, slow, 4_000, &bytes[4_000..]);
    let answer = stage.store.stage_photo_chunk(&asked).await.unwrap();
    assert_eq!(answer, stored(0));
}

#[tokio::test]
async fn a_check_that_outlives_its_photo_changes_nothing() {
    let stage = Stage::new(Engine::Sqlite).await;
    let bytes = noise(3_000);
    let named = started(&stage, vec![reference(&bytes)]).await;
    let whole = stage_photo(&stage.store, named, &bytes, 3_000).await;
    let clock = Clock::fixed_at(NOW.plus_ms(31 * DAY_MS));
    let later = Store::new(stage.sql.clone(), clock, AcceptanceRules::OFF);
    assert_eq!(later.remove_unfinished_photos(100).await.unwrap(), 1);
    let verdict = PhotoVerdict::Kept(FileKind::Png);
    let answer = stage.store.settle_photo(whole.id, verdict).await.unwrap();
    assert_eq!(answer, PhotoAnswer::Later);
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn staged_bytes_are_sealed_and_resealed(#[case] engine: Engine) {
    const BODIES: &str = "SELECT body FROM photo_chunks ORDER BY first_byte";
    let stage = Stage::new(engine).await;
    let keyed = stage.store.clone();
    let plain = stage.sql.clone().sealed_by(&DataKeys::without_keys());
    let keyless = Store::new(plain, stage.clock.clone(), AcceptanceRules::OFF);
    let stage = Stage {
        store: keyless.clone(),
        ..stage
    };
    let bytes = noise(6_000);
    let photo = reference(&bytes);
    let named = started(&stage, vec![photo]).await;
    let is_plain = |body: &Vec<u8>| {
        body.windows(64)
            .any(|part| bytes.windows(64).any(|own| own == part))
    };
    let [first, second] = [(0, 3_000), (3_000, 6_000)];
    let send = async |store: &Store, (offset, end): (usize, usize)| {
        let chunk = chunk(named, photo, offset, &bytes[offset..end]);
        store.stage_photo_chunk(&chunk).await.unwrap()
    };
    assert_eq!(send(&keyless, first).await, stored(3_000));
    let ChunkResult::Whole(whole) = send(&keyed, second).await else {
        panic!("the photo is not whole")
    };
    let bodies: Vec<Vec<u8>> = stage.rows(BODIES).await;
    assert_eq!(
        bodies.iter().map(is_plain).collect::<Vec<_>>(),
        [true, false]
    );
    keyed.resealer().run().await.unwrap();
    let bodies: Vec<Vec<u8>> = stage.rows(BODIES).await;
    assert!(!bodies.iter().any(is_plain));
    let read = keyed.read_staged_photo(whole.id).await.unwrap();
    assert!(read == bytes, "{} bytes were read", read.len());
}
