//! Decodes a picture within bounds, and re-encodes it: its pixels alone, no larger than its use
//! requires, as JPEG.
//!
//! Invariant: a re-encoded file contains none of the uploaded bytes, so no location, device or
//! thumbnail leaks.

#[cfg(test)]
mod tests;

use std::io::{BufRead, Seek};

use image::{
    DynamicImage, ImageDecoder, ImageFormat, ImageReader, Limits, Rgb, RgbImage,
    codecs::jpeg::JpegEncoder, imageops::FilterType, metadata::Orientation,
};
use tokio_util::sync::CancellationToken;

use super::{FileRefusal, kind::FileKind};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PictureSize {
    pub width: u32,
    pub height: u32,
}

pub(super) struct PictureSource<R> {
    pub kind: FileKind,
    pub file: R,
    pub bytes: u64,
}

/// Phones take pictures of 50 million pixels.
const PIXELS_MAX: u64 = 52_000_000;
/// A screenshot or scanned page has few bytes for its pixels, and at most this many pixels.
const PIXELS_OF_FEW_BYTES_MAX: u64 = 16_000_000;
/// A photograph has 2 to 20. More means it was built to exhaust the decoder.
const PIXELS_PER_BYTE_MAX: u64 = 48;
const SIDE_PX_MAX: u32 = 16_384;
/// The extra memory that decoding may use; one picture is decoded at a time.
const DECODED_BYTES_MAX: u64 = 220 * 1024 * 1024;
const QUALITY: u8 = 85;

struct DecodedPicture {
    pixels: DynamicImage,
    /// `None` if it is not readable; the pixels then stay as they are.
    orientation: Option<Orientation>,
}

/// Work ends at the next step once `gone` is cancelled.
pub(super) fn reencode_picture(
    source: PictureSource<impl BufRead + Seek>,
    side_px_max: u32,
    gone: &CancellationToken,
) -> Result<(Vec<u8>, PictureSize), FileRefusal> {
    let DecodedPicture {
        pixels: mut picture,
        orientation,
    } = decode_picture(source)?;
    if gone.is_cancelled() {
        return Err(FileRefusal::BrokenOff);
    }
    if picture.width().max(picture.height()) > side_px_max {
        picture = picture.resize(side_px_max, side_px_max, FilterType::Triangle);
    }
    if let Some(orientation) = orientation {
        picture.apply_orientation(orientation);
    }
    let plain = on_white(picture);
    let size = PictureSize {
        width: plain.width(),
        height: plain.height(),
    };
    let mut encoded = Vec::new();
    let encoder = JpegEncoder::new_with_quality(&mut encoded, QUALITY);
    plain
        .write_with_encoder(encoder)
        .map_err(|error| refusal_from_image_error(&error))?;
    Ok((encoded, size))
}

/// Returns the size of a picture that decodes.
pub(super) fn measure_picture(
    source: PictureSource<impl BufRead + Seek>,
) -> Result<PictureSize, FileRefusal> {
    let DecodedPicture { pixels, .. } = decode_picture(source)?;
    Ok(PictureSize {
        width: pixels.width(),
        height: pixels.height(),
    })
}

/// Checks size and memory in the header before decoding.
fn decode_picture(
    source: PictureSource<impl BufRead + Seek>,
) -> Result<DecodedPicture, FileRefusal> {
    let PictureSource { kind, file, bytes } = source;
    let format = match kind {
        FileKind::Jpeg => ImageFormat::Jpeg,
        FileKind::Png => ImageFormat::Png,
        FileKind::Webp => ImageFormat::WebP,
        FileKind::Pdf => return Err(FileRefusal::Kind),
    };
    let mut limits = Limits::default();
    limits.max_alloc = Some(DECODED_BYTES_MAX);
    let mut reader = ImageReader::with_format(file, format);
    reader.limits(limits.clone());
    let mut decoder = reader
        .into_decoder()
        .map_err(|error| refusal_from_image_error(&error))?;
    let (width, height) = decoder.dimensions();
    let is_too_large = u64::from(width) * u64::from(height) > pixels_max(bytes)
        || width.max(height) > SIDE_PX_MAX
        || decoder.total_bytes() > DECODED_BYTES_MAX;
    if is_too_large {
        return Err(FileRefusal::TooManyPixels);
    }
    decoder
        .set_limits(limits)
        .map_err(|error| refusal_from_image_error(&error))?;
    let orientation = decoder.orientation().ok();
    let pixels =
        DynamicImage::from_decoder(decoder).map_err(|error| refusal_from_image_error(&error))?;
    Ok(DecodedPicture {
        pixels,
        orientation,
    })
}

fn pixels_max(bytes: u64) -> u64 {
    let by_length = bytes.saturating_mul(PIXELS_PER_BYTE_MAX);
    by_length.clamp(PIXELS_OF_FEW_BYTES_MAX, PIXELS_MAX)
}

fn refusal_from_image_error(error: &image::ImageError) -> FileRefusal {
    match error {
        image::ImageError::Limits(_) => FileRefusal::TooManyPixels,
        _ => FileRefusal::Unreadable,
    }
}

/// JPEG has no transparency.
fn on_white(picture: DynamicImage) -> RgbImage {
    if !picture.color().has_alpha() {
        return picture.into_rgb8();
    }
    let clear = picture.into_rgba8();
    RgbImage::from_fn(clear.width(), clear.height(), |x, y| {
        let [red, green, blue, alpha] = clear.get_pixel(x, y).0;
        Rgb([red, green, blue].map(|colour| mix_with_white(colour, alpha)))
    })
}

fn mix_with_white(colour: u8, alpha: u8) -> u8 {
    let colour = u16::from(colour);
    let alpha = u16::from(alpha);
    u8::try_from((colour * alpha + 255 * (255 - alpha)) / 255).unwrap_or(u8::MAX)
}
