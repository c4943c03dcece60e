//! Pictures and documents for tests, built byte by byte, so they can also lie about themselves.

use ring::digest::{SHA256, digest};
use wire::{Hash, PhotoRef};

/// The name by which a command refers to this photo.
///
/// # Panics
/// If the photo has more than 4 GiB.
pub fn name_photo(bytes: &[u8]) -> PhotoRef {
    let hash = digest(&SHA256, bytes);
    PhotoRef {
        hash: Hash::try_from(hash.as_ref()).expect("32 bytes"),
        bytes: u32::try_from(bytes.len()).expect("a small photo"),
    }
}

/// A valid picture of one colour.
pub fn png(width: u32, height: u32) -> Vec<u8> {
    let line = 1 + 3 * usize::try_from(width).expect("a small picture");
    let lines = vec![0; line * usize::try_from(height).expect("a small picture")];
    png_of(width, height, &stored(&lines))
}

/// A few bytes that claim to be a picture of that size.
pub fn png_bomb(width: u32, height: u32) -> Vec<u8> {
    png_of(width, height, &stored(&[0; 64]))
}

/// A document of one empty page. A different text makes a different file.
pub fn pdf(text: &str) -> Vec<u8> {
    let page = "3 0 obj << /Type /Page /Parent 2 0 R /MediaBox [0 0 72 72] >> endobj";
    let tree = "2 0 obj << /Type /Pages /Kids [3 0 R] /Count 1 >> endobj";
    let root = "1 0 obj << /Type /Catalog /Pages 2 0 R >> endobj";
    format!("%PDF-1.4\n% {text}\n{root}\n{tree}\n{page}\ntrailer << /Root 1 0 R >>\n%%EOF\n").into()
}

fn png_of(width: u32, height: u32, pixels: &[u8]) -> Vec<u8> {
    let mut head = [width.to_be_bytes(), height.to_be_bytes()].concat();
    // Eight bits for each of red, green and blue.
    head.extend([8, 2, 0, 0, 0]);
    let mut png = b"\x89PNG\r\n\x1a\n".to_vec();
    for (name, body) in [
        (b"IHDR", head.as_slice()),
        (b"IDAT", pixels),
        (b"IEND", &[]),
    ] {
        png.extend(
            u32::try_from(body.len())
                .expect("a small picture")
                .to_be_bytes(),
        );
        let named = [name.as_slice(), body].concat();
        png.extend(&named);
        png.extend(crc32(&named).to_be_bytes());
    }
    png
}

/// An uncompressed zlib stream.
fn stored(bytes: &[u8]) -> Vec<u8> {
    let mut stream = vec![0x78, 0x01];
    let blocks = bytes.chunks(usize::from(u16::MAX));
    let last = blocks.len() - 1;
    for (n, block) in blocks.enumerate() {
        let length = u16::try_from(block.len()).expect("a block is short");
        stream.push(u8::from(n == last));
        stream.extend(length.to_le_bytes());
        stream.extend((!length).to_le_bytes());
        stream.extend(block);
    }
    let sums = bytes.iter().fold((1_u32, 0_u32), |(one, two), byte| {
        let one = (one + u32::from(*byte)) % 65_521;
        (one, (two + one) % 65_521)
    });
    stream.extend(((sums.1 << 16) | sums.0).to_be_bytes());
    stream
}

fn crc32(bytes: &[u8]) -> u32 {
    let step = |sum: u32| (sum >> 1) ^ (0xedb8_8320 & (sum & 1).wrapping_neg());
    !bytes.iter().fold(u32::MAX, |sum, byte| {
        (0..8).fold(sum ^ u32::from(*byte), |sum, _| step(sum))
    })
}
