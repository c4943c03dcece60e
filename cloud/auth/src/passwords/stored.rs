//! The two kinds of hash that auth_db may hold: argon2id, which is made here, and bcrypt, which an import may bring
//! as `$2a$`, `$2b$` or `$2y$`, two digits of cost, and 53 characters.

use argon2::{
    Argon2,
    password_hash::{PasswordVerifier, phc::PasswordHash},
};

use super::PasswordError;

/// Each step doubles the work. A dearer hash would hold up the queue of all others, so it fits no password: its
/// person needs a reset.
const BCRYPT_COST_MAX: u32 = 14;

/// In the place of a hash: the person signs in at another service. No password fits it.
pub const NO_PASSWORD: &str = "none";

pub fn is_our_hash(stored: &str) -> bool {
    stored.starts_with("$argon2id$")
}

/// Returns whether a password may be held against it.
pub fn is_usable(stored: &str) -> bool {
    stored != NO_PASSWORD && is_affordable(stored)
}

fn is_affordable(stored: &str) -> bool {
    match bcrypt_cost(stored) {
        Some(cost) if cost > BCRYPT_COST_MAX => {
            tracing::warn!(cost, "An imported hash costs too much; its person needs a reset");
            false
        }
        _ => true,
    }
}

pub fn verify(password: &[u8], stored: &str) -> Result<bool, PasswordError> {
    let unusable = |error: &dyn std::fmt::Display| PasswordError::Hash(error.to_string());
    if bcrypt_cost(stored).is_some() {
        // As the systems it comes from do, it looks at 72 bytes at most.
        return bcrypt::verify(password, stored).map_err(|error| unusable(&error));
    }
    let stored = PasswordHash::new(stored).map_err(|error| unusable(&error))?;
    Ok(Argon2::default().verify_password(password, &stored).is_ok())
}

fn bcrypt_cost(stored: &str) -> Option<u32> {
    let mut parts = stored.strip_prefix('$')?.split('$');
    let kind = parts.next()?;
    matches!(kind, "2a" | "2b" | "2y").then_some(())?;
    parts.next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Of `correct horse battery`, made by libxcrypt.
    const COST_4: &str = "$2b$04$abcdefghijklmnopqrstuuqREtd3VJD2QVZbuFskFSLk6eRIrQoOS";

    #[test]
    fn a_bcrypt_hash_fits_its_password_alone() {
        assert!(!is_our_hash(COST_4) && is_affordable(COST_4));
        for kind in ["2a", "2b", "2y"] {
            let stored = COST_4.replacen("2b", kind, 1);
            assert!(verify(b"correct horse battery", &stored).unwrap(), "{kind}");
            assert!(!verify(b"correct horse batterz", &stored).unwrap(), "{kind}");
        }
        for broken in ["", "x", "$2b$", "$2b$04$short"] {
            assert!(verify(b"correct horse battery", broken).is_err(), "{broken}");
        }
    }

    #[test]
    fn a_cost_has_its_bound() {
        for (cost, affordable) in [("04", true), ("14", true), ("15", false), ("31", false)] {
            assert_eq!(is_affordable(&COST_4.replacen("04", cost, 1)), affordable, "{cost}");
        }
    }
}
