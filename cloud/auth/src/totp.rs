//! One-time passwords by time (RFC 6238), which an authenticator app derives from a shared secret.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use ring::hmac;
use wire::UnixMillis;

use crate::{constant_time::constant_time_eq, domain::SignInCode};

/// The alphabet of RFC 4648, in which authenticator apps take a secret.
const BASE32: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
const SECRET_BYTES: usize = 20;
const STEP_MS: i64 = 30_000;
/// A phone's clock may be one step early or late.
const DRIFT_STEPS: i64 = 1;
const CODES: u32 = 1_000_000;
const ISSUER: &str = "Holdfast";

/// The secret that a person's authenticator app shares with us.
#[derive(Clone, PartialEq, Eq)]
pub struct TotpSecret([u8; SECRET_BYTES]);

impl TotpSecret {
    pub fn new(random: [u8; SECRET_BYTES]) -> Self {
        Self(random)
    }

    /// `None` if the stored text is damaged.
    pub fn from_stored(text: &str) -> Option<Self> {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        bytes.try_into().ok().map(Self)
    }

    /// The text to seal and store.
    pub fn to_stored(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.0)
    }

    /// The form that a person types into an app.
    pub fn reveal(&self) -> String {
        let groups = self.0.chunks(5).flat_map(|five| {
            let bits = five
                .iter()
                .fold(0_u64, |bits, byte| bits << 8 | u64::from(*byte));
            (0..8).rev().map(move |place| bits >> (5 * place) & 31)
        });
        groups
            .filter_map(|five_bits| BASE32.get(usize::try_from(five_bits).ok()?))
            .map(|letter| char::from(*letter))
            .collect()
    }

    /// The address that a QR code carries to an app.
    pub fn app_address(&self, username: &str) -> String {
        let secret = self.reveal();
        format!("otpauth://totp/{ISSUER}:{username}?secret={secret}&issuer={ISSUER}")
    }

    /// Returns the time step of the code if it is one of now and later than `last_step`, so that a
    /// code works once.
    pub fn find_step(&self, code: &SignInCode, last_step: i64, now: UnixMillis) -> Option<i64> {
        let present = now.0.div_euclid(STEP_MS);
        let steps = present - DRIFT_STEPS..=present + DRIFT_STEPS;
        steps
            .filter(|step| *step > last_step)
            .find(|step| constant_time_eq(&self.code_at(*step), code.reveal()))
    }

    fn code_at(&self, step: i64) -> String {
        let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, &self.0);
        let tag = hmac::sign(&key, &step.to_be_bytes());
        let tag = tag.as_ref();
        let offset = usize::from(tag[tag.len() - 1] & 15);
        let four = [
            tag[offset] & 0x7f,
            tag[offset + 1],
            tag[offset + 2],
            tag[offset + 3],
        ];
        format!("{:06}", u32::from_be_bytes(four) % CODES)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(text: &str) -> SignInCode {
        SignInCode::parse_typed(text).unwrap()
    }

    /// The vectors of RFC 6238, appendix B, with six of their eight digits.
    #[test]
    fn codes_are_those_of_the_standard() {
        let secret = TotpSecret::new(*b"12345678901234567890");
        assert_eq!(secret.reveal(), "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
        for (second, expected) in [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_111_111_111, "050471"),
            (1_234_567_890, "005924"),
            (2_000_000_000, "279037"),
            (20_000_000_000, "353130"),
        ] {
            let step = second / 30;
            assert_eq!(secret.code_at(step), expected);
            let now = UnixMillis(second * 1_000);
            assert_eq!(secret.find_step(&code(expected), 0, now), Some(step));
        }
    }

    #[test]
    fn a_code_counts_one_step_around_now_and_after_the_last_used() {
        let secret = TotpSecret::new([7; 20]);
        let now = UnixMillis(100 * STEP_MS);
        for (step, fits) in [
            (98, false),
            (99, true),
            (100, true),
            (101, true),
            (102, false),
        ] {
            let found = secret.find_step(&code(&secret.code_at(step)), 0, now);
            assert_eq!(found, fits.then_some(step));
        }
        assert_eq!(
            secret.find_step(&code(&secret.code_at(100)), 100, now),
            None
        );
    }

    #[test]
    fn a_stored_secret_is_read_again_and_a_damaged_one_is_not() {
        let secret = TotpSecret::new([200; 20]);
        assert!(TotpSecret::from_stored(&secret.to_stored()) == Some(secret));
        assert!(TotpSecret::from_stored("short").is_none());
    }
}
