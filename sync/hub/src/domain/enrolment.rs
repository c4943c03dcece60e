//! One-time enrolment codes. Only the hash of a code is stored.

use wire::{Hash, UnixMillis};

/// A code opens its edge for a day.
pub const LIFE_MS: i64 = 24 * 60 * 60 * 1000;
/// 120 bits: too many to guess.
pub const CODE_BYTES: usize = 15;

/// The readable code: people copy it from the operator's screen.
pub fn code_of(secret: [u8; CODE_BYTES]) -> String {
    const CROCKFORD: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    let mut bits = 0u32;
    let mut held = 0;
    let mut code = String::with_capacity(29);
    for byte in secret {
        bits = (bits << 8) | u32::from(byte);
        held += 8;
        while held >= 5 {
            held -= 5;
            let digit = (bits >> held) & 31;
            if code.len() % 5 == 4 {
                code.push('-');
            }
            code.push(char::from(CROCKFORD[digit as usize]));
        }
    }
    code
}

/// The stored hash of a code. Case and dashes do not count.
pub fn hash_of(code: &str) -> Hash {
    let plain: String = code
        .chars()
        .filter(|c| c.is_ascii_alphanumeric())
        .map(|c| c.to_ascii_uppercase())
        .take(64)
        .collect();
    Hash::of(format!("holdfast enrolment {plain}").as_bytes())
}

pub fn expires_at(now: UnixMillis) -> UnixMillis {
    now.plus_ms(LIFE_MS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_the_same_however_it_was_copied() {
        let code = code_of([7; CODE_BYTES]);
        assert_eq!(code.len(), 29, "{code}");
        assert_eq!(code.chars().filter(char::is_ascii_alphanumeric).count(), 24);
        assert_eq!(hash_of(&code), hash_of(&code.to_lowercase().replace('-', " ")));
        assert_ne!(hash_of(&code), hash_of(&code_of([8; CODE_BYTES])));
    }
}
