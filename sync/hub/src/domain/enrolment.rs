//! One-time enrolment codes. Only a code's hash is stored.

use wire::{Hash, UnixMillis};

/// A code is valid for one day.
pub const LIFE_MS: i64 = 24 * 60 * 60 * 1000;
/// The stored hash of a code. Ignores case and dashes.
pub fn hash_of(code: &str) -> Hash {
    let plain: String = code
        .chars()
        .filter(|c| c.is_ascii_alphanumeric())
        .map(|c| c.to_ascii_uppercase())
        .take(64)
        .collect();
    Hash::digest_bytes(format!("holdfast enrolment {plain}").as_bytes())
}

pub fn expires_at(now: UnixMillis) -> UnixMillis {
    now.plus_ms(LIFE_MS)
}

#[cfg(test)]
mod tests {
    use wire::{CODE_PART_BYTES, HubKey, enrolment_code};

    use super::*;

    #[test]
    fn a_code_is_the_same_however_it_was_copied() {
        let code = |secret| enrolment_code([secret; CODE_PART_BYTES], &HubKey([1; 32]));
        let one = code(7);
        let other = code(8);
        assert_eq!(
            hash_of(&one),
            hash_of(&one.to_lowercase().replace('-', " "))
        );
        assert_ne!(hash_of(&one), hash_of(&other));
    }
}
