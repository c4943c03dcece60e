use std::io::Cursor;

use image::{Rgba, RgbaImage};

use super::*;

fn renewed(
    kind: FileKind,
    bytes: &[u8],
    side_px_max: u32,
) -> Result<(Vec<u8>, PictureSize), FileRefusal> {
    let source = PictureSource {
        kind,
        file: Cursor::new(bytes),
        bytes: bytes.len() as u64,
    };
    super::reencode_picture(source, side_px_max, &CancellationToken::new())
}

/// Left half red, right half blue.
fn halves(width: u32, height: u32, format: ImageFormat) -> Vec<u8> {
    let picture = RgbImage::from_fn(width, height, |x, _| {
        if x < width / 2 {
            Rgb([250, 5, 5])
        } else {
            Rgb([5, 5, 250])
        }
    });
    let mut bytes = Cursor::new(Vec::new());
    picture.write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

/// Adds EXIF data: orientation and place.
fn with_exif(jpeg: &[u8], orientation: u8) -> Vec<u8> {
    let mut exif = b"Exif\0\0MM\0\x2a\0\0\0\x08\0\x02".to_vec();
    exif.extend([0x01, 0x12, 0, 3, 0, 0, 0, 1, 0, orientation, 0, 0]);
    exif.extend([0x01, 0x0e, 0, 2, 0, 0, 0, 20, 0, 0, 0, 38, 0, 0, 0, 0]);
    exif.extend(b"12 Lighthouse Street");
    let length = u16::try_from(exif.len() + 2).unwrap().to_be_bytes();
    [&jpeg[..2], &[0xff, 0xe1], &length, &exif, &jpeg[2..]].concat()
}

fn red_and_blue(jpeg: &[u8], red_at: (u32, u32), blue_at: (u32, u32)) {
    let picture = image::load_from_memory(jpeg).unwrap().into_rgb8();
    let red = picture.get_pixel(red_at.0, red_at.1);
    let blue = picture.get_pixel(blue_at.0, blue_at.1);
    assert!(red.0[0] > 200 && red.0[2] < 60, "{red:?}");
    assert!(blue.0[2] > 200 && blue.0[0] < 60, "{blue:?}");
}

#[test]
fn a_picture_is_made_smaller_and_keeps_its_shape() {
    for (kind, format) in [
        (FileKind::Jpeg, ImageFormat::Jpeg),
        (FileKind::Png, ImageFormat::Png),
        (FileKind::Webp, ImageFormat::WebP),
    ] {
        let (jpeg, size) = renewed(kind, &halves(400, 200, format), 100).unwrap();
        assert_eq!(
            size,
            PictureSize {
                width: 100,
                height: 50
            }
        );
        assert_eq!(FileKind::from_magic_bytes(&jpeg), Some(FileKind::Jpeg));
        red_and_blue(&jpeg, (10, 25), (90, 25));
    }
    let (_, size) = renewed(FileKind::Png, &halves(40, 20, ImageFormat::Png), 100).unwrap();
    assert_eq!(
        size,
        PictureSize {
            width: 40,
            height: 20
        },
        "a small one stays as it is"
    );
}

#[test]
fn what_the_camera_notes_goes_and_its_turn_is_made() {
    let taken = with_exif(&halves(80, 40, ImageFormat::Jpeg), 6);
    assert!(taken.windows(10).any(|text| text == b"Lighthouse"));
    let (jpeg, size) = renewed(FileKind::Jpeg, &taken, 100).unwrap();
    // Turned a quarter to the right: the left side is on top.
    assert_eq!(
        size,
        PictureSize {
            width: 40,
            height: 80
        }
    );
    red_and_blue(&jpeg, (20, 10), (20, 70));
    for trace in [&b"Exif"[..], b"Lighthouse"] {
        assert!(!jpeg.windows(trace.len()).any(|text| text == trace));
    }
}

#[test]
fn a_transparent_pixel_becomes_white() {
    let clear = RgbaImage::from_pixel(16, 16, Rgba([0, 0, 0, 0]));
    let mut png = Cursor::new(Vec::new());
    clear.write_to(&mut png, ImageFormat::Png).unwrap();
    let (jpeg, _) = renewed(FileKind::Png, &png.into_inner(), 100).unwrap();
    assert_eq!(
        image::load_from_memory(&jpeg)
            .unwrap()
            .into_rgb8()
            .get_pixel(8, 8)
            .0,
        [255; 3]
    );
}

/// A few bytes that claim a picture of that size.
fn claim(width: u32, height: u32) -> Vec<u8> {
    let mut png = halves(4, 4, ImageFormat::Png);
    png[16..20].copy_from_slice(&width.to_be_bytes());
    png[20..24].copy_from_slice(&height.to_be_bytes());
    let mut checksum = u32::MAX;
    for byte in &png[12..29] {
        checksum ^= u32::from(*byte);
        for _ in 0..8 {
            checksum = (checksum >> 1) ^ (0xedb8_8320 & (checksum & 1).wrapping_neg());
        }
    }
    png[29..33].copy_from_slice(&(!checksum).to_be_bytes());
    png
}

#[test]
fn a_bomb_is_refused_by_its_head() {
    let many = Err(FileRefusal::TooManyPixels);
    for (width, height) in [
        (60_000, 60_000),
        (8_000, 8_000),
        (2_000_000, 1),
        (8_000, 6_500),
        (5_000, 5_000),
    ] {
        let refused = renewed(FileKind::Png, &claim(width, height), 100).map(|_| ());
        assert_eq!(refused, many, "{width} x {height}");
    }
}

#[test]
fn a_picture_has_more_pixels_the_more_bytes_it_has() {
    for (bytes, pixels) in [
        (100, 16_000_000),
        (92_000, 16_000_000),
        (500_000, 24_000_000),
        (10_000_000, 52_000_000),
    ] {
        assert_eq!(pixels_max(bytes), pixels, "{bytes}");
    }
    // A written page, as large as a screen.
    let few = renewed(FileKind::Png, &claim(4_000, 4_000), 100).map(|_| ());
    assert_eq!(
        few,
        Err(FileRefusal::Unreadable),
        "its size is none that is refused"
    );
}

#[test]
fn a_picture_is_not_made_smaller_for_a_caller_who_is_gone() {
    let gone = CancellationToken::new();
    let png = halves(8, 8, ImageFormat::Png);
    gone.cancel();
    let bytes = png.len() as u64;
    let source = PictureSource {
        kind: FileKind::Png,
        file: Cursor::new(png),
        bytes,
    };
    assert_eq!(
        super::reencode_picture(source, 100, &gone).map(|_| ()),
        Err(FileRefusal::BrokenOff)
    );
}

#[test]
fn a_damaged_picture_is_unreadable() {
    let whole = halves(64, 64, ImageFormat::Png);
    let cut = renewed(FileKind::Png, &whole[..whole.len() / 2], 100).map(|_| ());
    assert_eq!(cut, Err(FileRefusal::Unreadable));
    let other = renewed(FileKind::Webp, &whole, 100).map(|_| ());
    assert_eq!(other, Err(FileRefusal::Unreadable));
}
