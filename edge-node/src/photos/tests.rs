//! The photo store on real files: interrupted uploads, limits, and what the cloud's answers do.

mod sending;

use engine::verdict::{CommandVerdict, TakenVerdict};
use tempfile::TempDir;
use wire::{
    Actor, BootNonce, Command, CommandBody, CommandId, Hash, OrderId, PhotoAnswer, PhotoRef, Role,
    ShareLimits, UserId, Verdict,
};

use super::*;
use crate::{
    store::{CheckedCommand, CommandLogResult},
    tests::{id, identity},
};

const NOW: UnixMillis = UnixMillis(1_764_000_000_000);
const MIB: u32 = 1024 * 1024;

struct TestStore {
    photos: PhotoStore,
    store: Store,
    clock: Clock,
    config: Config,
    data: TempDir,
}

impl TestStore {
    async fn open() -> Self {
        let data = tempfile::tempdir().unwrap();
        let config = Config {
            data: data.path().to_owned(),
            photo_room_mb: 50,
            ..Config::default()
        };
        let nonce = BootNonce([1; 16]);
        let (store, _) = Store::open(data.path(), identity(), nonce, NOW)
            .await
            .unwrap();
        let clock = Clock::fixed_at(NOW);
        Self {
            photos: PhotoStore::new(&config, &clock),
            store,
            clock,
            config,
            data,
        }
    }

    /// The same folder in another run of the edge.
    async fn restart(&mut self) {
        self.photos = PhotoStore::new(&self.config, &self.clock);
        self.photos.load_folder(&self.store).await.unwrap();
    }

    /// Logs a start by this person that names the photo.
    async fn log_start(&self, named: &NamedPhoto, user: u128) {
        let body = CommandBody::StartOrder {
            order_id: named.order_id,
            start_code: None,
            photos: vec![PhotoRef {
                hash: named.hash,
                bytes: named.bytes,
            }],
        };
        let checked = CheckedCommand {
            command: Command {
                id: named.command_id,
                body,
                device: None,
                device_seq: None,
                tapped_at: None,
                trace: None,
            },
            actor: Actor {
                user_id: UserId(id(user)),
                role: Role::Provider,
            },
            token: format!("token of {user}"),
            token_expires_at: NOW.plus_ms(3_600_000),
            received_at: NOW,
            refusal: None,
            admission: None,
            seen: None,
            receipt: None,
            was_taken: false,
            cut_off: Some(true),
            limits: ShareLimits::OFF,
        };
        let taken = CommandVerdict::Taken(TakenVerdict {
            verdict: Verdict::Provisional,
            fence: None,
            doubt: None,
        });
        let logged = self.store.judge_and_log_command(checked, move |_, _| taken);
        let logged = logged.await.unwrap();
        assert!(matches!(logged, CommandLogResult::Stored { new: true, .. }));
    }

    async fn upload(
        &self,
        named: &NamedPhoto,
        offset: u32,
        body: &[u8],
    ) -> Result<PhotoStanding, Code> {
        self.upload_while(UploadsTaken::All, named, offset, body)
            .await
    }

    async fn upload_while(
        &self,
        takes: UploadsTaken,
        named: &NamedPhoto,
        offset: u32,
        body: &[u8],
    ) -> Result<PhotoStanding, Code> {
        let part = UploadedPart {
            named: *named,
            offset,
            body: Bytes::copy_from_slice(body),
            takes,
        };
        self.photos
            .store_part(part)
            .await
            .map_err(|error| match error {
                UploadError::Refused(code) => code,
                error => panic!("{error:?}"),
            })
    }

    fn state(&self, named: &NamedPhoto) -> (PhotoState, u32) {
        let standing = self.photos.find_standing(named);
        (standing.state, standing.have)
    }

    /// The names of the files, without what they share.
    fn files(&self) -> Vec<String> {
        let files = self.photos.0.folder.list().unwrap();
        let mut kinds: Vec<_> = files
            .iter()
            .map(|file| format!("{} {}", file.kind, file.length))
            .collect();
        kinds.sort();
        kinds
    }

    fn path(&self, named: &NamedPhoto, kind: PhotoFileKind) -> std::path::PathBuf {
        let NamedPhoto {
            command_id,
            hash,
            order_id,
            bytes,
        } = named;
        let name = format!("{command_id}.{hash}.{order_id}.{bytes}.{kind}");
        self.data.path().join("photos").join(name)
    }
}

fn sha256(bytes: &[u8]) -> Hash {
    Hash::try_from(ring::digest::digest(&ring::digest::SHA256, bytes).as_ref()).unwrap()
}

fn named(order: u128, bytes: &[u8]) -> NamedPhoto {
    NamedPhoto {
        command_id: CommandId(id(100 + order)),
        hash: sha256(bytes),
        order_id: OrderId(id(order)),
        bytes: u32::try_from(bytes.len()).unwrap(),
    }
}

/// A photo of which only the size matters.
fn sized(order: u128, number: u8, bytes: u32) -> NamedPhoto {
    NamedPhoto {
        hash: Hash([number; 32]),
        bytes,
        ..named(order, b"")
    }
}

fn picture(length: usize) -> Vec<u8> {
    (0..=250).cycle().take(length).collect()
}

#[tokio::test]
async fn an_upload_cut_at_any_byte_goes_on_from_there_and_ends_whole() {
    let mut edge = TestStore::open().await;
    let picture = picture(300_000);
    let photo = named(1, &picture);
    edge.log_start(&photo, 20).await;
    assert_eq!(edge.upload(&photo, 0, b"").await.unwrap().have, 0);
    let drawn = u64::from_be_bytes(process::random::draw_bytes());
    for n in 0..200_u64 {
        let length = match n {
            0 => 0,
            // A stop between the last write and the rename.
            1 => picture.len(),
            n => usize::try_from(drawn.wrapping_mul(2 * n + 1) % 300_000).unwrap(),
        };
        std::fs::write(edge.path(&photo, PhotoFileKind::Part), &picture[..length]).unwrap();
        edge.restart().await;
        let have = edge.photos.find_standing(&photo).have;
        assert_eq!(usize::try_from(have).unwrap(), length);
        if length < picture.len() {
            let standing = edge.upload(&photo, have, &picture[length..]).await.unwrap();
            assert_eq!(standing.have, photo.bytes, "cut at {length}");
        }
        assert_eq!(edge.state(&photo), (PhotoState::Stored, photo.bytes));
        let whole = edge.path(&photo, PhotoFileKind::Whole);
        assert!(std::fs::read(&whole).unwrap() == picture, "cut at {length}");
        assert_eq!(edge.files(), ["photo 300000"]);
        std::fs::remove_file(whole).unwrap();
    }
}

#[tokio::test]
async fn other_bytes_than_the_command_names_are_refused_and_nothing_of_them_stays() {
    let edge = TestStore::open().await;
    let picture = picture(1_000);
    let photo = named(1, &picture);
    edge.upload(&photo, 0, &picture[..500]).await.unwrap();
    let refused = edge.upload(&photo, 500, &[0; 500]).await;
    assert_eq!(refused, Err(Code::PhotoDamaged));
    assert_eq!(edge.state(&photo), (PhotoState::Missing, 0));
    assert!(edge.files().is_empty());
    edge.upload(&photo, 0, &picture).await.unwrap();
    assert_eq!(edge.state(&photo), (PhotoState::Stored, 1_000));
}

#[tokio::test]
async fn a_part_that_does_not_continue_the_photo_stores_nothing() {
    let edge = TestStore::open().await;
    let picture = picture(1_000);
    let photo = named(1, &picture);
    let ahead = edge.upload(&photo, 1, &picture[1..]).await.unwrap();
    assert_eq!((ahead.state, ahead.have), (PhotoState::Missing, 0));
    edge.upload(&photo, 0, &picture[..600]).await.unwrap();
    for offset in [0, 599, 601] {
        let standing = edge.upload(&photo, offset, &picture[..9]).await.unwrap();
        assert_eq!((standing.state, standing.have), (PhotoState::Partial, 600));
    }
    let beyond = edge.upload(&photo, 600, &picture[..401]).await;
    assert_eq!(beyond, Err(Code::BodyTooLarge));
    assert_eq!(edge.files(), ["part 600"]);
    edge.upload(&photo, 600, &picture[600..]).await.unwrap();
    for offset in [0, 1_000] {
        let standing = edge.upload(&photo, offset, b"more").await.unwrap();
        assert_eq!(standing.state, PhotoState::Stored);
    }
    assert_eq!(edge.files(), ["photo 1000"]);
}

#[tokio::test]
async fn the_same_part_sent_twice_at_once_is_stored_once() {
    let edge = TestStore::open().await;
    let picture = picture(1_000);
    let photo = named(1, &picture);
    let (first, second) = tokio::join!(
        edge.upload(&photo, 0, &picture[..600]),
        edge.upload(&photo, 0, &picture[..600])
    );
    assert_eq!((first.unwrap().have, second.unwrap().have), (600, 600));
    edge.upload(&photo, 600, &picture[600..]).await.unwrap();
    assert_eq!(edge.files(), ["photo 1000"]);
}

#[tokio::test]
async fn one_picture_at_two_jobs_is_two_photos() {
    let edge = TestStore::open().await;
    let picture = picture(1_000);
    let [first, second] = [named(1, &picture), named(2, &picture)];
    edge.upload(&first, 0, &picture).await.unwrap();
    assert_eq!(edge.state(&second), (PhotoState::Missing, 0));
    edge.upload(&second, 0, &picture).await.unwrap();
    assert_eq!(edge.files(), ["photo 1000", "photo 1000"]);
    assert_eq!(edge.photos.compute_room().waiting, 2);
}

#[tokio::test]
async fn only_a_command_of_the_person_names_a_photo() {
    let edge = TestStore::open().await;
    let photo = named(1, b"picture");
    let find = async |hash, user| {
        edge.store
            .find_named_photo(photo.command_id, hash, UserId(id(user)))
            .await
            .unwrap()
    };
    assert_eq!(find(photo.hash, 20).await, None);
    edge.log_start(&photo, 20).await;
    assert_eq!(find(photo.hash, 20).await, Some(photo));
    assert_eq!(find(photo.hash, 21).await, None, "another person");
    assert_eq!(find(sha256(b"other"), 20).await, None);
    // Another device may make the same id.
    let other = named(2, b"picture");
    let other = NamedPhoto {
        command_id: photo.command_id,
        ..other
    };
    edge.log_start(&other, 21).await;
    assert_eq!(find(photo.hash, 20).await, Some(photo));
    assert_eq!(find(photo.hash, 21).await, Some(other));
}

#[tokio::test]
async fn a_photo_takes_its_room_from_its_first_byte_on() {
    let mut edge = TestStore::open().await;
    for n in 0..8 {
        let photo = sized(1, n, 5 * MIB);
        edge.upload(&photo, 0, b"x").await.unwrap();
    }
    let full = Err(Code::PhotoRoomFull);
    let ninth = sized(1, 8, 1);
    assert_eq!(edge.upload(&ninth, 0, b"x").await, full, "40 MiB per order");
    for n in 0..2 {
        let photo = sized(2, n, 5 * MIB);
        edge.log_start(&photo, 20 + u128::from(n)).await;
        edge.upload(&photo, 0, b"x").await.unwrap();
    }
    assert_eq!(edge.photos.compute_room().room_bytes, 0);
    let more = sized(3, 0, 1);
    assert_eq!(edge.upload(&more, 0, b"x").await, full, "50 MiB for all");
    assert_eq!(edge.files().len(), 10, "nothing of a refused one is stored");
    let begun = sized(1, 0, 5 * MIB);
    assert_eq!(edge.upload(&begun, 1, b"y").await.unwrap().have, 2);
    edge.restart().await;
    let room = edge.photos.compute_room().room_bytes;
    assert_eq!(room, u64::from(40 * MIB), "only the log's parts came back");
}

#[tokio::test]
async fn a_disk_that_runs_short_ends_new_uploads_first_and_then_all() {
    let edge = TestStore::open().await;
    let picture = picture(1_000);
    let photo = named(1, &picture);
    let full = Err(Code::PhotoRoomFull);
    let refused = edge
        .upload_while(UploadsTaken::Begun, &photo, 0, &picture)
        .await;
    assert_eq!(refused, full);
    edge.upload(&photo, 0, &picture[..500]).await.unwrap();
    let refused = edge
        .upload_while(UploadsTaken::Nothing, &photo, 500, &picture[500..])
        .await;
    assert_eq!(refused, Err(Code::StorageFull));
    assert_eq!(edge.files(), ["part 500"]);
    edge.upload_while(UploadsTaken::Begun, &photo, 500, &picture[500..])
        .await
        .unwrap();
    let repeat = edge
        .upload_while(UploadsTaken::Nothing, &photo, 0, &picture)
        .await;
    assert_eq!(repeat.unwrap().state, PhotoState::Stored);
}

#[tokio::test]
async fn a_start_removes_parts_that_no_command_names_and_keeps_whole_photos() {
    let mut edge = TestStore::open().await;
    let picture = picture(1_000);
    let [kept, gone, whole] = [1, 2, 3].map(|order| named(order, &picture));
    edge.log_start(&kept, 20).await;
    edge.upload(&kept, 0, &picture[..10]).await.unwrap();
    edge.upload(&gone, 0, &picture[..10]).await.unwrap();
    edge.upload(&whole, 0, &picture).await.unwrap();
    let foreign = edge.data.path().join("photos/notes.txt");
    std::fs::write(&foreign, "mine").unwrap();
    edge.restart().await;
    assert_eq!(edge.state(&kept), (PhotoState::Partial, 10));
    assert_eq!(edge.state(&gone), (PhotoState::Missing, 0));
    assert_eq!(edge.state(&whole), (PhotoState::Stored, 1_000));
    assert_eq!(edge.files(), ["part 10", "photo 1000"]);
    assert!(foreign.exists());
}

#[tokio::test]
async fn a_part_that_could_not_be_written_is_not_counted() {
    let edge = TestStore::open().await;
    let picture = picture(1_000);
    let photo = named(1, &picture);
    edge.upload(&photo, 0, &picture[..500]).await.unwrap();
    let part = edge.path(&photo, PhotoFileKind::Part);
    std::fs::remove_file(&part).unwrap();
    std::fs::create_dir(&part).unwrap();
    let failing = edge.photos.store_part(UploadedPart {
        named: photo,
        offset: 500,
        body: Bytes::copy_from_slice(&picture[500..]),
        takes: UploadsTaken::All,
    });
    assert!(matches!(failing.await, Err(UploadError::Write(_))));
    assert_eq!(edge.state(&photo), (PhotoState::Partial, 500));
    std::fs::remove_dir(&part).unwrap();
    std::fs::write(&part, &picture[..700]).unwrap();
    edge.upload(&photo, 500, &picture[500..]).await.unwrap();
    assert_eq!(edge.state(&photo), (PhotoState::Stored, 1_000));
}

#[test]
fn a_write_that_finds_no_space_is_told_as_a_full_disk() {
    let full = io::Error::from(io::ErrorKind::StorageFull);
    assert!(matches!(
        UploadError::from_io(full),
        UploadError::DiskFull(_)
    ));
    let other = io::Error::from(io::ErrorKind::PermissionDenied);
    assert!(matches!(UploadError::from_io(other), UploadError::Write(_)));
}
