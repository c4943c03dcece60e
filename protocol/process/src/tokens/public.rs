//! Checks if 32 bytes may be registered as a public key.
//!
//! Invariant: for an accepted key, a signature proves possession of the private half. Everyone can
//! sign for a point of low order, and a number written in two ways gives one key two names. Bytes
//! that are not a point are harmless: they verify nothing.

/// 2^255 - 19, little-endian.
const P: [u8; 32] = {
    let mut bytes = [0xff; 32];
    bytes[0] = 0xed;
    bytes[31] = 0x7f;
    bytes
};

/// The y of the points whose order divides eight: 0, 1, -1, and the two of order eight.
const LOW_ORDER: [[u8; 32]; 5] = [
    [0; 32],
    {
        let mut one = [0; 32];
        one[0] = 1;
        one
    },
    {
        let mut minus_one = P;
        minus_one[0] = 0xec;
        minus_one
    },
    [
        0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4, 0x89, 0xf2, 0xef, 0x98,
        0xf0, 0xd5, 0xdf, 0xac, 0x05, 0xd3, 0xc6, 0x33, 0x39, 0xb1, 0x38, 0x02, 0x88, 0x6d, 0x53,
        0xfc, 0x05,
    ],
    [
        0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b, 0x76, 0x0d, 0x10, 0x67,
        0x0f, 0x2a, 0x20, 0x53, 0xfa, 0x2c, 0x39, 0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77, 0x92, 0xac,
        0x03, 0x7a,
    ],
];

/// True if a signature by this Ed25519 key would prove anything.
pub fn is_sound_key(key: &[u8; 32]) -> bool {
    // The top bit is the sign of x.
    let mut y = *key;
    y[31] &= 0x7f;
    let canonical = y.iter().rev().lt(P.iter().rev());
    canonical && !LOW_ORDER.contains(&y)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tokens::Signer;

    #[test]
    fn a_key_that_proves_nothing_is_not_sound() {
        for y in LOW_ORDER {
            for sign in [0, 0x80] {
                let mut key = y;
                key[31] |= sign;
                assert!(!is_sound_key(&key), "{key:02x?}");
            }
        }
        // Encoded as p, as p + 1, and as the largest number.
        let mut p_plus_one = P;
        p_plus_one[0] += 1;
        for other in [P, p_plus_one, [0xff; 32]] {
            assert!(!is_sound_key(&other), "{other:02x?}");
        }
    }

    #[test]
    fn every_key_that_is_made_is_sound() {
        for _ in 0..64 {
            let signer = Signer::from_pkcs8(&Signer::generate_pkcs8()).unwrap();
            assert!(is_sound_key(&signer.public_key()));
        }
    }
}
