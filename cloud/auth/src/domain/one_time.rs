//! A one-time code, for a password reset that an admin reads out or an address confirmation by
//! mail. It avoids letters that look or sound like digits; parsing forgives how people type it.

use std::fmt;

/// Crockford's base 32: five bits a character.
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const GROUP_CHARS: usize = 4;

/// 80 random bits.
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

#[cfg(test)]
mod tests {
    use super::*;

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
}
