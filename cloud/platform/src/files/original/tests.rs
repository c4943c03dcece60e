use std::time::Duration;

use image::{ImageFormat, RgbImage};
use tokio::time::timeout;

use super::*;

fn sha256(bytes: &[u8]) -> Hash {
    digest::digest(&digest::SHA256, bytes)
        .as_ref()
        .try_into()
        .unwrap()
}

fn picture(format: ImageFormat) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    RgbImage::new(8, 4).write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

async fn check(bytes: &[u8], sha256: Hash) -> OriginalCheck {
    let turn = OriginalChecker::default().wait_for_turn().await.unwrap();
    turn.check_picture(bytes.to_vec(), sha256).await.unwrap()
}

#[tokio::test]
async fn a_sound_picture_stays_as_it_is() {
    for (format, kind) in [
        (ImageFormat::Jpeg, FileKind::Jpeg),
        (ImageFormat::Png, FileKind::Png),
        (ImageFormat::WebP, FileKind::Webp),
    ] {
        let bytes = picture(format);
        let OriginalCheck::Sound(file) = check(&bytes, sha256(&bytes)).await else {
            panic!("{kind} was not taken")
        };
        assert_eq!((file.kind, file.bytes), (kind, bytes.len() as u64));
        assert_eq!(file.hash, hex::encode(sha256(&bytes).0));
        let size = file.size.map(|size| (size.width, size.height));
        assert_eq!(size, Some((8, 4)));
        let CheckedContent::Held(held) = file.content else {
            panic!("{kind} is not in memory")
        };
        assert_eq!(held, bytes, "{kind}");
    }
}

#[tokio::test]
async fn a_renewed_picture_has_none_of_the_named_bytes() {
    let png = picture(ImageFormat::Png);
    let renew = async |bytes: &[u8], hash| {
        let turn = OriginalChecker::default().wait_for_turn().await.unwrap();
        turn.renew_picture(bytes.to_vec(), hash, 4).await.unwrap()
    };
    let OriginalCheck::Sound(file) = renew(&png, sha256(&png)).await else {
        panic!("the picture was not taken")
    };
    assert_eq!(file.kind, FileKind::Jpeg);
    assert_eq!(file.uploaded_hash, hex::encode(sha256(&png).0));
    let size = file.size.map(|size| (size.width, size.height));
    assert_eq!(size, Some((4, 2)), "the longer side is 4");
    let CheckedContent::Held(held) = file.content else {
        panic!("the picture is not in memory")
    };
    assert!(held.starts_with(b"\xff\xd8\xff"));
    assert_eq!(file.hash, hex::encode(sha256(&held).0));

    let damaged = renew(&png[..png.len() - 1], sha256(&png)).await;
    assert!(matches!(damaged, OriginalCheck::Damaged), "{damaged:?}");
    let script = b"<script>alert(1)</script>";
    let refused = renew(script, sha256(script)).await;
    let is_refused = matches!(refused, OriginalCheck::Refused(FileRefusal::Kind));
    assert!(is_refused, "{refused:?}");
}

#[tokio::test]
async fn what_is_not_one_plain_picture_is_refused_with_the_reason() {
    let png = picture(ImageFormat::Png);
    let behind = |mark: &[u8]| [&png[..], mark].concat();
    for (bytes, refusal) in [
        (b"<script>alert(1)</script>".to_vec(), FileRefusal::Kind),
        (b"%PDF-1.4\n%%EOF\n".to_vec(), FileRefusal::Kind),
        (Vec::new(), FileRefusal::Kind),
        (behind(b"<script>"), FileRefusal::NotPlain),
        (behind(b"more"), FileRefusal::NotPlain),
        (png[..png.len() / 2].to_vec(), FileRefusal::Unreadable),
        (
            support::files::png_bomb(20_000, 20_000),
            FileRefusal::TooManyPixels,
        ),
    ] {
        let checked = check(&bytes, sha256(&bytes)).await;
        let is_refused = matches!(checked, OriginalCheck::Refused(why) if why == refusal);
        assert!(is_refused, "{refusal:?}: {checked:?}");
    }
}

#[tokio::test]
async fn bytes_of_another_hash_are_damaged_whatever_they_are() {
    let png = picture(ImageFormat::Png);
    for bytes in [&png[..png.len() - 1], b"<script>", b""] {
        let checked = check(bytes, sha256(&png)).await;
        assert!(matches!(checked, OriginalCheck::Damaged), "{checked:?}");
    }
}

#[tokio::test]
async fn one_picture_is_checked_at_a_time() {
    const SHORT: Duration = Duration::from_millis(100);
    let checker = OriginalChecker::default();
    let turn = checker.wait_for_turn().await.unwrap();
    let other = checker.clone();
    let waits = timeout(SHORT, other.wait_for_turn()).await.is_err();
    assert!(waits, "two callers had the reader");
    let png = picture(ImageFormat::Png);
    let hash = sha256(&png);
    turn.check_picture(png, hash).await.unwrap();
    assert!(other.wait_for_turn().await.is_ok());
}
