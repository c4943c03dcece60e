//! An authenticator app: codes of RFC 6238 from the secret that a person typed in.

use ring::hmac;
use wire::UnixMillis;

const STEP_MS: i64 = 30_000;
const BASE32: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// The code of that moment. Panics on a text that is not base 32.
pub fn code_at(secret: &str, at: UnixMillis) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, &secret_bytes(secret));
    let tag = hmac::sign(&key, &(at.0 / STEP_MS).to_be_bytes());
    let tag = tag.as_ref();
    let offset = usize::from(tag[19] & 15);
    let mut four = [0; 4];
    four.copy_from_slice(&tag[offset..offset + 4]);
    let number = u32::from_be_bytes(four) & 0x7fff_ffff;
    format!("{:06}", number % 1_000_000)
}

/// The bytes of a secret. Panics on a text that is not base 32.
pub fn secret_bytes(secret: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut bits = 0_u32;
    let mut held = 0;
    for character in secret.chars() {
        let value = BASE32.find(character).expect("a character of base 32");
        bits = bits << 5 | u32::try_from(value).expect("five bits");
        held += 5;
        if held >= 8 {
            held -= 8;
            bytes.push(u8::try_from(bits >> held & 0xff).expect("eight bits"));
        }
    }
    bytes
}
