//! The six-digit code for a phone, parsed as people and their keyboards type it.

use std::fmt;

#[derive(Clone, PartialEq, Eq)]
pub struct SignInCode(String);

impl SignInCode {
    pub const DIGITS: usize = 6;
    const ALL: u64 = 1_000_000;

    /// With 64 random bits, modulo bias stays below one in ten million million.
    pub fn new(random: [u8; 8]) -> Self {
        let digits = Self::DIGITS;
        Self(format!(
            "{:0digits$}",
            u64::from_be_bytes(random) % Self::ALL
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
}
