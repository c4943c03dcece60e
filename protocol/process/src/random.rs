//! The only place that draws random bytes. They come from the kernel and are fit for secrets.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use ring::rand::{SecureRandom, SystemRandom};

pub fn draw_bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    fill_random(&mut bytes);
    bytes
}

/// A secret of `bytes` random bytes, as base64url without padding.
pub fn secret_text(bytes: usize) -> String {
    let mut secret = vec![0; bytes];
    fill_random(&mut secret);
    URL_SAFE_NO_PAD.encode(secret)
}

/// Panics without random bytes, because no secret would be safe.
fn fill_random(bytes: &mut [u8]) {
    assert!(
        SystemRandom::new().fill(bytes).is_ok(),
        "the operating system provided no random bytes"
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_long_enough_and_never_the_same() {
        assert_eq!(secret_text(32).len(), 43);
        assert_ne!(secret_text(32), secret_text(32));
        assert_ne!(draw_bytes::<16>(), draw_bytes::<16>());
    }
}
