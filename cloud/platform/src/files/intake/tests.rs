use std::{io::Cursor, task::Poll};

use futures::stream;
use image::{ImageFormat, RgbImage};
use tokio::sync::mpsc;
use uuid::Uuid;

use super::*;

const OWNER: Uploader = person(7, AccountTrust::Established);
const RULE: UploadRule = UploadRule {
    kinds: FileKind::DOCUMENTS,
    bytes_max: 200_000,
    side_px_max: 100,
};
const PDF: &[u8] =
    b"%PDF-1.4\n1 0 obj << /Type /Catalog >> endobj\ntrailer << /Root 1 0 R >>\n%%EOF\n";

const fn person(n: u128, trust: AccountTrust) -> Uploader {
    Uploader {
        user: UserId(Uuid::from_u128(n)),
        trust,
    }
}

fn picture(format: ImageFormat) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    RgbImage::new(8, 8).write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

struct World {
    intake: UploadReceiver,
    _folder: tempfile::TempDir,
}

impl World {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let files = Files::open(&format!("file:{}", folder.path().display())).unwrap();
        Self {
            intake: UploadReceiver::new(&files),
            _folder: folder,
        }
    }

    async fn take(
        &self,
        body: impl Into<Body>,
        rule: UploadRule,
    ) -> Result<CheckedFile, FileRefusal> {
        match self.intake.receive_upload(OWNER, body.into(), rule).await {
            Ok(file) => Ok(file),
            Err(FilesError::Refused(refusal)) => Err(refusal),
            Err(failed) => panic!("{failed}"),
        }
    }

    async fn refuses(&self, bytes: Vec<u8>, why: FileRefusal) {
        let text = String::from_utf8_lossy(&bytes)
            .chars()
            .take(60)
            .collect::<String>();
        assert_eq!(self.take(bytes, RULE).await.map(|_| ()), Err(why), "{text}");
    }
}

#[tokio::test]
async fn a_file_is_known_by_its_bytes_alone() {
    let world = World::new();
    for format in [ImageFormat::Jpeg, ImageFormat::Png, ImageFormat::WebP] {
        let taken = world.take(picture(format), RULE).await.unwrap();
        let size = taken.size.map(|size| (size.width, size.height));
        assert_eq!((taken.kind, size), (FileKind::Jpeg, Some((8, 8))));
    }
    let taken = world.take(PDF, RULE).await.unwrap();
    assert_eq!(
        (taken.kind, taken.bytes, taken.size),
        (FileKind::Pdf, PDF.len() as u64, None)
    );
    let hash = hex::encode(digest::digest(&digest::SHA256, PDF));
    assert_eq!(taken.hash, hash);
    let pictures = UploadRule {
        kinds: FileKind::PICTURES,
        ..RULE
    };
    assert_eq!(
        world.take(PDF, pictures).await.map(|_| ()),
        Err(FileRefusal::Kind)
    );
    for other in [
        &b""[..],
        b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>",
        b"<!doctype html><script>alert(1)</script>",
        b"GIF89a\x01\x00\x01\x00",
        b"PK\x03\x04archive",
        b"MZ\x90\x00program",
        b"\x00\x00\x00\x18ftypheic",
        b" %PDF-1.4\n%%EOF",
    ] {
        world.refuses(other.to_vec(), FileRefusal::Kind).await;
    }
}

#[tokio::test]
async fn a_file_of_two_kinds_is_refused() {
    let world = World::new();
    let png = picture(ImageFormat::Png);
    let jpeg = picture(ImageFormat::Jpeg);
    let zip = b"PK\x03\x04....PK\x05\x06................";
    for (first, second) in [
        (&png, &zip[..]),
        (&jpeg, zip),
        (&jpeg, b"<script>alert(1)</script>"),
        (&jpeg, b"<HTML><body onload=alert(1)>"),
        (&png, b"anything behind its end"),
        (&picture(ImageFormat::WebP), b"anything behind its end"),
        (&PDF.to_vec(), zip),
        (&PDF.to_vec(), b"<html>%%EOF"),
        (&jpeg, PDF),
    ] {
        world
            .refuses([first.as_slice(), second].concat(), FileRefusal::NotPlain)
            .await;
    }
    // In a comment segment, where a sniffing browser would find it.
    let mut noted = jpeg.clone();
    noted.splice(2..2, *b"\xff\xfe\x00\x1a<script>alert(1)</scrip>");
    world.refuses(noted, FileRefusal::NotPlain).await;
    // A phone's second picture after the first is harmless, and is dropped.
    let twice = [jpeg.as_slice(), &jpeg].concat();
    let once = world.take(jpeg, RULE).await.unwrap();
    let twice = world.take(twice, RULE).await.unwrap();
    assert_eq!(once.hash, twice.hash);
}

#[tokio::test]
async fn a_body_without_end_is_left_at_the_limit() {
    let world = World::new();
    let endless = stream::repeat_with(|| Ok::<_, std::io::Error>(Bytes::from_static(&[7; 4096])));
    let refused = world
        .take(Body::from_stream(endless), RULE)
        .await
        .map(|_| ());
    assert_eq!(refused, Err(FileRefusal::TooLarge));
    let whole = UploadRule {
        bytes_max: PDF.len(),
        ..RULE
    };
    assert!(world.take(PDF, whole).await.is_ok());
    let short = UploadRule {
        bytes_max: PDF.len() - 1,
        ..RULE
    };
    assert_eq!(
        world.take(PDF, short).await.map(|_| ()),
        Err(FileRefusal::TooLarge)
    );
    let broken = stream::iter([
        Ok(Bytes::from_static(PDF)),
        Err(std::io::Error::other("gone")),
    ]);
    let refused = world
        .take(Body::from_stream(broken), RULE)
        .await
        .map(|_| ());
    assert_eq!(refused, Err(FileRefusal::BrokenOff));
}

#[tokio::test]
async fn one_person_has_two_files_on_their_way_and_leaves_room_for_others() {
    let world = World::new();
    let slow = || Body::from_stream(stream::pending::<Result<Bytes, std::io::Error>>());
    let first = world.intake.receive_upload(OWNER, slow(), RULE);
    let second = world.intake.receive_upload(OWNER, slow(), RULE);
    let mut first = Box::pin(first);
    let mut second = Box::pin(second);
    assert!(futures::poll!(&mut first).is_pending() && futures::poll!(&mut second).is_pending());
    assert_eq!(
        world.take(PDF, RULE).await.map(|_| ()),
        Err(FileRefusal::Busy)
    );
    let other = person(8, AccountTrust::Established);
    assert!(
        world
            .intake
            .receive_upload(other, PDF.into(), RULE)
            .await
            .is_ok()
    );
    drop(first);
    assert!(world.take(PDF, RULE).await.is_ok(), "a place is free again");
}

#[tokio::test]
async fn eight_new_accounts_leave_places_and_the_next_turn_to_established_ones() {
    let intake = World::new().intake;
    let strangers = (1..=8).flat_map(|n| [person(n, AccountTrust::New); 2]);
    let upload_permits: Vec<_> = strangers
        .map(|stranger| {
            intake
                .acquire_upload_permit(stranger)
                .map_err(|_| ())
                .unwrap()
        })
        .collect();
    let ninth = person(9, AccountTrust::New);
    assert_eq!(
        intake.acquire_upload_permit(ninth).err(),
        Some(FileRefusal::Busy)
    );
    let known = (10..=17).flat_map(|n| [person(n, AccountTrust::Established); 2]);
    let held: Vec<_> = known
        .map_while(|known| intake.acquire_upload_permit(known).ok())
        .collect();
    assert_eq!(held.len(), 16, "half of the places");
    drop((upload_permits, held));
    assert!(
        intake.acquire_upload_permit(ninth).is_ok(),
        "a place is free again"
    );

    let turn = |trust| Box::pin(intake.acquire_reader_permit(trust));
    let decoding = turn(AccountTrust::New).await.unwrap();
    let mut strangers: Vec<_> = (0..15).map(|_| turn(AccountTrust::New)).collect();
    for waiting in &mut strangers {
        assert!(futures::poll!(waiting).is_pending());
    }
    let mut known = turn(AccountTrust::Established);
    assert!(futures::poll!(&mut known).is_pending());
    drop(decoding);
    let Poll::Ready(turn_of_known) = futures::poll!(&mut known) else {
        panic!("the pictures of strangers go first")
    };
    drop(turn_of_known);
    let mut served = 0;
    for waiting in strangers {
        drop(waiting.await.unwrap());
        served += 1;
    }
    assert_eq!(served, 15, "strangers have their turns too");
}

#[tokio::test]
async fn a_picture_is_decoded_alone_although_the_caller_of_the_one_before_is_gone() {
    let intake = World::new().intake;
    let held = (
        intake.acquire_upload_permit(OWNER).unwrap(),
        intake
            .acquire_reader_permit(AccountTrust::Established)
            .await
            .unwrap(),
    );
    let (begin, mut begun) = mpsc::channel::<()>(1);
    let (release, released) = std::sync::mpsc::channel::<()>();
    let mut check = Box::pin(run_check(held, move |gone| {
        begin.blocking_send(()).unwrap();
        released.recv().unwrap();
        assert!(gone.is_cancelled());
        Ok(())
    }));
    tokio::select! {
        _ = &mut check => panic!("it waits"),
        _ = begun.recv() => {}
    }
    drop(check);
    let mut next = Box::pin(intake.acquire_reader_permit(AccountTrust::Established));
    assert!(
        futures::poll!(&mut next).is_pending(),
        "the thread still decodes"
    );
    let _second = intake.acquire_upload_permit(OWNER).unwrap();
    assert_eq!(
        intake.acquire_upload_permit(OWNER).err(),
        Some(FileRefusal::Busy),
        "and has its place"
    );
    release.send(()).unwrap();
    assert!(next.await.is_ok());
}

#[tokio::test]
async fn a_file_whose_caller_left_while_it_waited_is_not_read() {
    let world = World::new();
    let gone = CancellationToken::new();
    gone.cancel();
    let body = picture(ImageFormat::Png).into();
    let waiting = world
        .intake
        .receive_body(body, RULE.bytes_max)
        .await
        .unwrap();
    let left = check_upload(waiting, RULE, &gone);
    assert!(matches!(
        left,
        Err(FilesError::Refused(FileRefusal::BrokenOff))
    ));
}
