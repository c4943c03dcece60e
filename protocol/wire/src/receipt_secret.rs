//! The secret on the receipt of an order that was published without an account, at a kiosk.
//!
//! The page makes the secret, and the order's id commits to it: the id's random bits are bits of the
//! secret's hash. So the receipt opens the order at every edge and in the cloud, also before the
//! order has reached them, and no place stores the secret.
//!
//! Invariant: the id reveals nothing useful. The secret has 80 random bits and the id 74 bits of
//! its hash, so guessing it costs as much as guessing a key.

use std::fmt;

use crate::ids::{Hash, OrderId};

/// Sixteen characters of Crockford's alphabet, on paper in groups of four.
#[derive(Clone, PartialEq, Eq)]
pub struct ReceiptSecret(String);

const LENGTH: usize = 16;
const ALPHABET: &str = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
/// Separates these hashes from all others.
const PURPOSE: &str = "holdfast receipt ";
/// The first six bytes of an id are its time.
const TIME_BYTES: usize = 6;

impl ReceiptSecret {
    /// Reads a secret as people type it: any case and grouping, `I` and `L` for 1, `O` for 0.
    pub fn parse(text: &str) -> Option<Self> {
        let typed = text.chars().filter(|c| !matches!(c, '-' | ' '));
        let secret: String = typed
            .map(|c| match c.to_ascii_uppercase() {
                'I' | 'L' => '1',
                'O' => '0',
                other => other,
            })
            .take(LENGTH + 1)
            .collect();
        let fits = secret.chars().count() == LENGTH && secret.chars().all(|c| ALPHABET.contains(c));
        fits.then_some(Self(secret))
    }

    /// True if the order's id was made for this secret.
    pub fn opens(&self, order: OrderId) -> bool {
        let hash = Hash::digest_bytes(format!("{PURPOSE}{}", self.0).as_bytes());
        let mut expected = [0; 16];
        expected.copy_from_slice(&hash.0[..16]);
        // Version 7 and the variant of RFC 9562 take these bits.
        expected[6] = (expected[6] & 0x0f) | 0x70;
        expected[8] = (expected[8] & 0x3f) | 0x80;
        expected[TIME_BYTES..] == order.as_bytes()[TIME_BYTES..]
    }
}

/// A secret never appears in a log.
impl fmt::Debug for ReceiptSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ReceiptSecret")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The kiosk's page has the same pair in its test.
    const SECRET: &str = "K7QM2XVD9RTA4HNP";
    const ORDER: &str = "0192f5d4-0000-7880-b8f5-5fe549caab3b";

    #[test]
    fn a_receipt_opens_the_order_whose_id_was_made_for_it_and_no_other() {
        let secret = ReceiptSecret::parse(SECRET).unwrap();
        let order: OrderId = ORDER.parse().unwrap();
        assert!(secret.opens(order));
        assert!(
            !ReceiptSecret::parse("K7QM2XVD9RTA4HNQ")
                .unwrap()
                .opens(order)
        );
        for byte in TIME_BYTES..16 {
            let mut other = *order.as_bytes();
            other[byte] ^= 1;
            let other = OrderId(uuid::Uuid::from_bytes(other));
            assert!(!secret.opens(other), "{other}");
        }
    }

    #[test]
    fn a_secret_is_read_as_people_type_it() {
        let secret = ReceiptSecret::parse("K7QM2XVD9RTA0111").unwrap();
        for typed in ["k7qm-2xvd-9rta-oil1", " K7QM 2XVD 9RTA OLI1 "] {
            assert_eq!(ReceiptSecret::parse(typed), Some(secret.clone()), "{typed}");
        }
        for bad in [
            "",
            "K7QM2XVD9RTA011",
            "K7QM2XVD9RTA01111",
            "K7QM2XVD9RTA011U",
            "七",
        ] {
            assert_eq!(ReceiptSecret::parse(bad), None, "{bad}");
        }
        assert_eq!(format!("{secret:?}"), "ReceiptSecret");
    }
}
