//! What leaves for the cloud, and what its answers do to the files.

use super::*;

const DAY_MS: i64 = 24 * 60 * 60 * 1_000;

impl TestStore {
    async fn store_whole(&self, order: u128) -> NamedPhoto {
        let picture = picture(10_000);
        let photo = named(order, &picture);
        self.upload(&photo, 0, &picture).await.unwrap();
        photo
    }

    fn due(&self) -> Option<(NamedPhoto, u32)> {
        let place = self.photos.find_due_chunk(4_096)?;
        Some((place.named, place.offset))
    }

    fn flip_bit(&self, photo: &NamedPhoto, kind: PhotoFileKind, at: usize) {
        let file = self.path(photo, kind);
        let mut bytes = std::fs::read(&file).unwrap();
        bytes[at] ^= 1 << (at % 8);
        std::fs::write(file, bytes).unwrap();
    }

    /// The cloud's answer to the chunk that is due.
    async fn answer(&self, answer: PhotoAnswer) {
        let place = self.photos.find_due_chunk(4_096).unwrap();
        self.photos.apply_answer(place, answer).await;
    }
}

fn stored(bytes: u32) -> PhotoAnswer {
    PhotoAnswer::Stored { bytes }
}

fn refused(code: Code) -> PhotoAnswer {
    PhotoAnswer::Refused { code }
}

#[tokio::test]
async fn a_photo_goes_chunk_by_chunk_and_leaves_a_marker_for_35_days() {
    let mut edge = TestStore::open().await;
    let photo = edge.store_whole(1).await;
    assert_eq!(edge.due(), Some((photo, 0)));
    let place = edge.photos.find_due_chunk(4_096).unwrap();
    let chunk = edge.photos.read_chunk(place).await.unwrap();
    assert_eq!(chunk, picture(10_000)[..4_096]);
    edge.answer(stored(8_000)).await;
    assert_eq!(edge.due(), Some((photo, 8_000)));
    assert_eq!(edge.photos.find_due_chunk(4_096).unwrap().length, 2_000);
    edge.answer(stored(10_000)).await;
    assert_eq!(edge.state(&photo), (PhotoState::Sent, 10_000));
    assert_eq!((edge.due(), edge.files()), (None, vec!["sent 0".into()]));
    assert_eq!(edge.photos.compute_room().room_bytes, 50 << 20);

    edge.clock.advance(35 * DAY_MS);
    edge.restart().await;
    edge.photos.delete_old_photos().await;
    assert_eq!(edge.state(&photo), (PhotoState::Sent, 10_000));
    edge.clock.advance(1);
    edge.photos.delete_old_photos().await;
    assert_eq!(edge.state(&photo), (PhotoState::Missing, 0));
    assert!(edge.files().is_empty());
}

/// An edge may be cut off for longer than its log is kept.
#[tokio::test]
async fn a_whole_photo_waits_for_the_cloud_however_long_that_takes() {
    let mut edge = TestStore::open().await;
    let old = edge.store_whole(1).await;
    edge.clock.advance(100 * DAY_MS);
    edge.photos.delete_old_photos().await;
    edge.restart().await;
    assert_eq!(edge.state(&old), (PhotoState::Stored, 10_000));
}

#[tokio::test]
async fn the_oldest_goes_first_and_a_paused_one_lets_others_by() {
    let edge = TestStore::open().await;
    let first = edge.store_whole(2).await;
    edge.clock.advance(1);
    let second = edge.store_whole(1).await;
    assert_eq!(edge.due(), Some((first, 0)));
    edge.answer(PhotoAnswer::Later).await;
    assert_eq!(edge.due(), Some((second, 0)));
    edge.answer(stored(10_000)).await;
    assert_eq!(edge.due(), None);
    let mut pauses = Vec::new();
    for _ in 0..8 {
        let mut waited = 0;
        while edge.due().is_none() {
            edge.clock.advance(1_000);
            waited += 1;
        }
        pauses.push(waited);
        edge.answer(PhotoAnswer::Later).await;
    }
    assert_eq!(pauses, [5, 10, 20, 40, 80, 160, 300, 300]);
}

#[tokio::test]
async fn an_answer_that_moves_nothing_on_pauses_the_photo() {
    let edge = TestStore::open().await;
    let photo = edge.store_whole(1).await;
    edge.answer(stored(4_096)).await;
    assert_eq!(edge.due(), Some((photo, 4_096)));
    for (answer, next) in [(stored(0), 0), (stored(0), 0), (stored(10_001), 0)] {
        edge.answer(answer).await;
        assert_eq!(edge.due(), None, "{answer:?}");
        edge.clock.advance(300_000);
        assert_eq!(edge.due(), Some((photo, next)));
    }
    assert_eq!(edge.state(&photo), (PhotoState::Stored, 10_000));
}

#[tokio::test]
async fn a_photo_refused_for_good_leaves_its_code() {
    let mut edge = TestStore::open().await;
    let photo = edge.store_whole(1).await;
    edge.answer(refused(Code::PhotoNotNamed)).await;
    for _ in 0..2 {
        assert_eq!(edge.state(&photo), (PhotoState::Refused, 0));
        let standing = edge.photos.find_standing(&photo);
        assert_eq!(standing.code, Some(Code::PhotoNotNamed));
        assert_eq!(edge.files(), ["refused-photo_not_named 0"]);
        let again = edge.upload(&photo, 0, &picture(10_000)).await.unwrap();
        assert_eq!(again.state, PhotoState::Refused, "nothing is stored");
        edge.restart().await;
    }
    assert_eq!(edge.due(), None);
}

#[tokio::test]
async fn after_damage_a_sound_photo_starts_over_and_another_is_sent_again_by_its_tablet() {
    let edge = TestStore::open().await;
    let photo = edge.store_whole(1).await;
    edge.answer(stored(4_096)).await;
    edge.answer(refused(Code::PhotoDamaged)).await;
    assert_eq!(edge.due(), None, "after a pause");
    edge.clock.advance(5_000);
    assert_eq!(edge.due(), Some((photo, 0)));

    edge.flip_bit(&photo, PhotoFileKind::Whole, 7_000);
    edge.answer(refused(Code::PhotoDamaged)).await;
    assert_eq!(edge.state(&photo), (PhotoState::Missing, 0));
    assert!(!edge.path(&photo, PhotoFileKind::Whole).exists());
    edge.upload(&photo, 0, &picture(10_000)).await.unwrap();
    assert_eq!(edge.due(), Some((photo, 0)));
}

/// The disk may change any bit, in a part or in a whole photo.
#[tokio::test]
async fn a_photo_with_a_flipped_bit_is_found_out_and_its_tablet_sends_it_again() {
    const REST: usize = 10;
    let edge = TestStore::open().await;
    let picture = picture(10_000);
    let photo = named(1, &picture);
    let begun = picture.len() - REST;
    for at in (0..begun).step_by(97) {
        edge.upload(&photo, 0, &picture[..begun]).await.unwrap();
        edge.flip_bit(&photo, PhotoFileKind::Part, at);
        let last = u32::try_from(begun).unwrap();
        let finished = edge.upload(&photo, last, &picture[begun..]).await;
        assert_eq!(finished, Err(Code::PhotoDamaged), "in a part at {at}");
        assert!(edge.files().is_empty());

        edge.upload(&photo, 0, &picture).await.unwrap();
        edge.flip_bit(&photo, PhotoFileKind::Whole, at);
        edge.answer(refused(Code::PhotoDamaged)).await;
        assert_eq!(edge.state(&photo), (PhotoState::Missing, 0), "at {at}");
        assert!(edge.files().is_empty());
    }
}

#[tokio::test]
async fn a_photo_whose_file_is_gone_or_cut_is_missing() {
    let edge = TestStore::open().await;
    for is_cut in [false, true] {
        let photo = edge.store_whole(1).await;
        let file = edge.path(&photo, PhotoFileKind::Whole);
        if is_cut {
            std::fs::write(&file, b"short").unwrap();
        } else {
            std::fs::remove_file(&file).unwrap();
        }
        let place = edge.photos.find_due_chunk(4_096).unwrap();
        assert_eq!(edge.photos.read_chunk(place).await, None);
        assert_eq!(edge.state(&photo), (PhotoState::Missing, 0), "{is_cut}");
    }
}

#[tokio::test]
async fn a_marker_that_a_stop_left_with_its_bytes_is_emptied() {
    let mut edge = TestStore::open().await;
    let photo = edge.store_whole(1).await;
    let whole = edge.path(&photo, PhotoFileKind::Whole);
    std::fs::rename(whole, edge.path(&photo, PhotoFileKind::Sent)).unwrap();
    edge.restart().await;
    assert_eq!(edge.state(&photo), (PhotoState::Sent, 10_000));
    assert_eq!(edge.files(), ["sent 0"]);
}

#[tokio::test]
async fn what_is_on_the_disk_waits_for_the_cloud_after_a_restart() {
    let mut edge = TestStore::open().await;
    let photo = edge.store_whole(1).await;
    edge.answer(stored(4_096)).await;
    edge.restart().await;
    assert_eq!(
        edge.due(),
        Some((photo, 0)),
        "the cloud tells how far it is"
    );
    edge.answer(stored(8_192)).await;
    assert_eq!(edge.due(), Some((photo, 8_192)));
}
