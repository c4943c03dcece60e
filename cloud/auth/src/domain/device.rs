//! The secret that identifies a device. It exempts its holder from lockouts that others cause, not
//! from the password.

use std::fmt;

#[derive(Clone, PartialEq, Eq)]
pub struct DeviceSecret(String);

const RANDOM_BYTES: usize = 32;
/// `RANDOM_BYTES` as base64url without padding.
const CHARS: usize = 43;

impl DeviceSecret {
    pub const RANDOM_BYTES: usize = RANDOM_BYTES;

    /// `None` if the text cannot be one of our secrets.
    pub fn new(text: String) -> Option<Self> {
        let is_secret = text.len() == CHARS && text.bytes().all(is_base64url_byte);
        is_secret.then_some(Self(text))
    }

    pub fn reveal(&self) -> &str {
        &self.0
    }
}

fn is_base64url_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_')
}

impl fmt::Debug for DeviceSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DeviceSecret(***)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_has_its_length_and_does_not_print() {
        let text = process::random::secret_text(DeviceSecret::RANDOM_BYTES);
        let secret = DeviceSecret::new(text.clone()).unwrap();
        assert!(!format!("{secret:?}").contains(&text));
        for wrong in [
            String::new(),
            text[1..].to_owned(),
            format!("{}=", &text[1..]),
        ] {
            assert_eq!(DeviceSecret::new(wrong), None);
        }
    }
}
