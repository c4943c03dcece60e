use tempfile::TempDir;
use wire::{Hash, OrderId, UnixMillis};

use super::*;
use crate::tests::id;

const NOW: UnixMillis = UnixMillis(1_764_000_000_000);

fn open_in(data: &TempDir) -> (MessagePhotos, Clock) {
    let config = Config {
        data: data.path().to_owned(),
        ..Config::default()
    };
    let clock = Clock::fixed_at(NOW);
    let photos = MessagePhotos::new(&config, &clock);
    photos.load_folder().unwrap();
    (photos, clock)
}

fn key(number: u64) -> MessagePhotoKey {
    MessagePhotoKey {
        order_id: OrderId(id(1)),
        number,
        hash: Hash::digest_bytes(&number.to_be_bytes()),
    }
}

fn part(place: MessagePhotoPlace, bytes: u32, body: &[u8]) -> MessagePhotoPart {
    MessagePhotoPart {
        place,
        bytes,
        body: body.to_vec(),
        is_refused: false,
    }
}

#[tokio::test]
async fn a_picture_is_here_once_it_is_whole_and_goes_with_its_message() {
    let data = tempfile::tempdir().unwrap();
    let (photos, _) = open_in(&data);
    let named = [key(2), key(1)];
    let first = photos.begin_next(&named).unwrap();
    assert_eq!((first.number, first.offset), (2, 0));
    photos.take_part(part(first, 5, b"abc")).await;
    assert_eq!(photos.find_state(&key(2)), MessagePhotoState::Coming);
    assert_eq!(photos.read(key(2)).await.unwrap(), None);
    let second = photos.find_next_part().unwrap();
    assert_eq!(second.offset, 3);
    // A repeat of the first part changes nothing.
    photos.take_part(part(first, 5, b"abc")).await;
    photos.take_part(part(second, 5, b"de")).await;
    assert_eq!(photos.find_next_part(), None);
    for photos in [photos, open_in(&data).0] {
        assert_eq!(photos.find_state(&key(2)), MessagePhotoState::Here);
        assert_eq!(photos.read(key(2)).await.unwrap().unwrap(), b"abcde");
        assert_eq!(photos.find_state(&key(1)), MessagePhotoState::Coming);
    }
    let (photos, _) = open_in(&data);
    photos.remove_unnamed(&[key(1)]).await;
    assert_eq!(photos.read(key(2)).await.unwrap(), None);
    let folder = data.path().join(FOLDER);
    assert_eq!(fs::read_dir(folder).unwrap().count(), 0);
}

#[tokio::test]
async fn a_picture_that_does_not_come_lets_others_go_first() {
    let data = tempfile::tempdir().unwrap();
    let (photos, clock) = open_in(&data);
    let named = [key(2), key(1)];
    let awaited = photos.begin_next(&named).unwrap();
    photos.take_part(part(awaited, 0, b"")).await;
    assert_eq!(photos.begin_next(&named).map(|place| place.number), Some(1));
    let refused = MessagePhotoPart {
        is_refused: true,
        ..part(photos.find_next_part().unwrap(), 0, b"")
    };
    photos.take_part(refused).await;
    assert_eq!(photos.find_state(&key(1)), MessagePhotoState::Refused);
    assert_eq!(photos.begin_next(&named), None);
    clock.advance(5_000);
    assert_eq!(photos.begin_next(&named).map(|place| place.number), Some(2));
    // More than the picture has: it begins again later.
    let place = photos.find_next_part().unwrap();
    photos.take_part(part(place, 2, b"abc")).await;
    assert_eq!(photos.find_next_part(), None);
    assert_eq!(photos.begin_next(&named), None);
    clock.advance(10_000);
    assert_eq!(photos.begin_next(&named).map(|place| place.offset), Some(0));
}
