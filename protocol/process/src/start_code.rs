//! Hashes a start code for its order. The order service publishes the hash with the order, and an
//! edge that is cut off compares it with the hash of the entered code.
//!
//! The hash is slow, and the order's id is its salt: a thief of an edge's disk must try all codes of
//! one order, and can reuse nothing for the next. A graphics card does that in a minute;
//! `docs/decisions/evidence.md` has the limits.

use std::num::NonZeroU32;

use ring::pbkdf2;
use wire::{Hash, OrderId, StartCode};

/// About 30 ms on a small edge machine, so all codes of one order take it hours.
const ROUNDS: NonZeroU32 = NonZeroU32::new(100_000).expect("the number is not zero");

/// Takes tens of milliseconds: call it off the async threads.
pub fn hash_start_code(order: OrderId, code: &StartCode) -> Hash {
    let mut hash = [0; 32];
    let salt = order.as_bytes();
    let algorithm = pbkdf2::PBKDF2_HMAC_SHA256;
    pbkdf2::derive(algorithm, ROUNDS, salt, code.as_str().as_bytes(), &mut hash);
    Hash(hash)
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn a_hash_belongs_to_its_order_and_code() {
        let hash = |order, number| {
            let code = StartCode::from_number(number);
            hash_start_code(OrderId(Uuid::from_u128(order)), &code)
        };
        assert_eq!(hash(1, 407_193), hash(1, 407_193));
        assert_ne!(hash(1, 407_193), hash(1, 407_194));
        assert_ne!(hash(1, 407_193), hash(2, 407_193));
    }

    /// An edge of an earlier version must agree with the cloud.
    #[test]
    fn the_hash_of_a_known_code_never_changes() {
        let hash = hash_start_code(OrderId(Uuid::nil()), &StartCode::from_number(407_193));
        let known = "ee3c43ebf954e1974e696509ea1ba8b6bb1d282227284edb41ad43f6da7bbaec";
        assert_eq!(hash.to_string(), known);
    }
}
