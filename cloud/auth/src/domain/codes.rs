//! Credentials besides passwords: codes and device secrets, parsed as people and their keyboards
//! type them.

use std::fmt;

/// Crockford's base 32: five bits a character.
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const GROUP_CHARS: usize = 4;
const RANDOM_BYTES: usize = 32;
/// `RANDOM_BYTES` as base64url without padding.
const DEVICE_SECRET_CHARS: usize = 43;

#[derive(Clone, PartialEq, Eq)]
pub struct SignInCode(String);

impl SignInCode {
    pub const DIGITS: usize = 6;
    const CODE_COUNT: u64 = 1_000_000;

    /// With 64 random bits, modulo bias stays below one in ten million million.
    pub fn new(random: [u8; 8]) -> Self {
        let digits = Self::DIGITS;
        Self(format!(
            "{:0digits$}",
            u64::from_be_bytes(random) % Self::CODE_COUNT
        ))
    }

    /// `None` if the text is not a code. A Chinese keyboard may write wide digits.
    pub fn parse_typed(text: &str) -> Option<Self> {
        let plain = text.chars().filter(|c| !c.is_whitespace() && *c != '-');
        let narrow = plain.map(|c| match c {
            '\u{ff10}'..='\u{ff19}' => {
                char::from_digit(u32::from(c) - u32::from('\u{ff10}'), 10).unwrap_or(c)
            }
            c => c,
        });
        let code: String = narrow.take(Self::DIGITS + 1).collect();
        let is_sound = code.len() == Self::DIGITS && code.bytes().all(|b| b.is_ascii_digit());
        is_sound.then_some(Self(code))
    }

    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for SignInCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SignInCode(***)")
    }
}

/// A code that works once: 80 random bits, in groups.
#[derive(Clone, PartialEq, Eq)]
pub struct OneTimeCode(String);

impl OneTimeCode {
    pub const CHARS: usize = 16;

    /// Uses five bits of each byte.
    pub fn new(random: [u8; Self::CHARS]) -> Self {
        Self(
            random
                .map(|byte| char::from(ALPHABET[usize::from(byte & 31)]))
                .iter()
                .collect(),
        )
    }

    /// `None` if the text is not a code.
    pub fn parse_typed(text: &str) -> Option<Self> {
        let plain = text
            .chars()
            .filter(|c| !matches!(c, '-' | ' '))
            .map(|c| match c {
                'o' | 'O' => '0',
                'i' | 'I' | 'l' | 'L' => '1',
                c => c.to_ascii_uppercase(),
            });
        let code: String = plain.take(Self::CHARS + 1).collect();
        let is_sound = code.len() == Self::CHARS && code.bytes().all(|b| ALPHABET.contains(&b));
        is_sound.then_some(Self(code))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Formats the code in groups, for reading aloud.
    pub fn reveal(&self) -> String {
        let groups = self.0.as_bytes().chunks(GROUP_CHARS);
        groups
            .map(String::from_utf8_lossy)
            .collect::<Vec<_>>()
            .join("-")
    }
}

impl fmt::Debug for OneTimeCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OneTimeCode(***)")
    }
}

/// The secret in a browser's cookie by which we know the device.
#[derive(Clone, PartialEq, Eq)]
pub struct DeviceSecret(String);

impl DeviceSecret {
    pub const RANDOM_BYTES: usize = RANDOM_BYTES;

    /// `None` if the text cannot be one of our secrets.
    pub fn new(text: String) -> Option<Self> {
        let is_secret = text.len() == DEVICE_SECRET_CHARS && text.bytes().all(is_base64url_byte);
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
    fn a_code_has_six_digits_and_is_taken_as_people_type_it() {
        assert_eq!(SignInCode::new([0; 8]).reveal(), "000000");
        let code = SignInCode::new(1_012_345_u64.to_be_bytes());
        assert_eq!(code.reveal(), "012345");
        for typed in ["012345", " 012 345 ", "012-345", "０１２３４５"] {
            assert_eq!(
                SignInCode::parse_typed(typed).as_ref(),
                Some(&code),
                "{typed}"
            );
        }
        for wrong in ["", "01234", "0123456", "01234a", "一二三四五六", "٠١٢٣٤٥"] {
            assert_eq!(SignInCode::parse_typed(wrong), None, "{wrong}");
        }
        assert!(!format!("{code:?}").contains("012"));
    }

    #[test]
    fn a_code_is_read_out_in_groups_and_typed_as_people_do() {
        let code = OneTimeCode::new([0, 1, 2, 31, 32, 255, 10, 18, 20, 0, 1, 2, 3, 4, 5, 6]);
        assert_eq!(code.reveal(), "012Z-0ZAJ-M012-3456");
        for typed in [
            "012Z-0ZAJ-M012-3456",
            " o12z 0zaj mOI2 3456 ",
            "0L2Z0ZAJM0123456",
        ] {
            assert_eq!(
                OneTimeCode::parse_typed(typed),
                Some(code.clone()),
                "{typed}"
            );
        }
        for wrong in [
            "",
            "012Z-0ZAJ-M012-345",
            "012Z-0ZAJ-M012-34567",
            "012Z-0ZAJ-M012-345U",
            "密",
        ] {
            assert_eq!(OneTimeCode::parse_typed(wrong), None, "{wrong}");
        }
        assert!(!format!("{code:?}").contains("012Z"));
    }

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
