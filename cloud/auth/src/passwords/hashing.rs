//! Computes and verifies the two kinds of hash in auth_db: our argon2id, and imported bcrypt:
//! `$2a$`, `$2b$` or `$2y$`, two digits of cost, and 53 characters. Pools the memory for argon2id,
//! 19 MiB per running hash.
//!
//! Invariants: buffers are reused and never outnumber the peak of concurrent hashes. They never
//! return to the allocator: glibc would keep them per arena, so the process would grow with every
//! thread that computed a hash.
//!
//! Buffers are not wiped. Each hash makes at least two passes over its memory, and the second
//! overwrites everything that depends on the password alone. Testing a guess against the leftovers
//! costs as much as against the stored hash.

use std::{
    mem,
    sync::{Arc, Mutex, PoisonError},
};

use argon2::{
    Algorithm, Argon2, Block, Params, Version,
    password_hash::{
        self,
        phc::{Output, ParamsString, PasswordHash, Salt},
    },
};
use process::random;

/// Each step doubles the work. A more expensive hash would block the queue, so it matches no
/// password and the account requires a reset.
const BCRYPT_COST_MAX: u32 = 14;
/// In KiB, as argon2 counts. Other systems use as much; a larger hash would strain memory, so it
/// matches no password either.
const ARGON2_MEMORY_MAX: u32 = 64 * 1024;
const SALT_BYTES: usize = 16;
/// Blocks of 1 KiB for one of our hashes.
const BLOCKS: usize = Params::DEFAULT.block_count();
/// Replaces the hash of people who sign in by other means. No password matches it.
pub(crate) const NO_PASSWORD: &str = "none";

#[derive(Debug, thiserror::Error)]
pub enum PasswordError {
    /// The queue is full.
    #[error("too many passwords are being checked")]
    Busy,
    #[error("could not hash a password: {0}")]
    Hash(String),
}

pub(crate) fn is_our_hash(stored: &str) -> bool {
    stored.starts_with("$argon2id$")
}

/// Returns false if the hash is too expensive or absent.
pub(super) fn is_usable(stored: &str) -> bool {
    stored != NO_PASSWORD && is_affordable(stored)
}

fn is_affordable(stored: &str) -> bool {
    let too_dear = match bcrypt_cost(stored) {
        Some(cost) => Some(cost).filter(|cost| *cost > BCRYPT_COST_MAX),
        None => argon2_memory(stored).filter(|memory| *memory > ARGON2_MEMORY_MAX),
    };
    if let Some(cost) = too_dear {
        tracing::warn!(
            cost,
            "An imported password hash is too expensive to verify; its person needs a password reset"
        );
    }
    too_dear.is_none()
}

/// Returns one of our hashes, in PHC format.
pub(super) fn hash(password: &[u8], memory: &mut HashMemory) -> Result<String, PasswordError> {
    compute_hash(password, memory).map_err(|error| to_hash_error(&error))
}

pub(super) fn verify_hash(
    password: &[u8],
    stored: &str,
    memory: &mut HashMemory,
) -> Result<bool, PasswordError> {
    if bcrypt_cost(stored).is_some() {
        // Bcrypt reads at most 72 bytes, as in the systems that exported the hash.
        return bcrypt::verify(password, stored).map_err(|error| to_hash_error(&error));
    }
    let stored = PasswordHash::new(stored).map_err(|error| to_hash_error(&error))?;
    Ok(matches_hash(password, &stored, memory).unwrap_or(false))
}

fn to_hash_error(error: &dyn std::fmt::Display) -> PasswordError {
    PasswordError::Hash(error.to_string())
}

fn compute_hash(password: &[u8], memory: &mut HashMemory) -> Result<String, password_hash::Error> {
    let algorithm = Algorithm::default();
    let version = Version::default();
    let params = Params::default();
    let salt = Salt::new(&random::draw_bytes::<SALT_BYTES>())?;
    let named = ParamsString::try_from(&params)?;
    let argon2 = Argon2::new(algorithm, version, params);
    let output = compute_output(&argon2, password, &salt, Params::DEFAULT_OUTPUT_LEN, memory)?;
    let hash = PasswordHash {
        algorithm: algorithm.ident(),
        version: Some(version.into()),
        params: named,
        salt: Some(salt),
        hash: Some(output),
    };
    Ok(hash.to_string())
}

/// Uses the parameters of the stored hash. The comparison takes constant time.
fn matches_hash(
    password: &[u8],
    stored: &PasswordHash,
    memory: &mut HashMemory,
) -> Result<bool, password_hash::Error> {
    let (Some(salt), Some(expected)) = (&stored.salt, &stored.hash) else {
        return Ok(false);
    };
    let algorithm = Algorithm::try_from(stored.algorithm.as_str())?;
    let version = stored
        .version
        .map(Version::try_from)
        .transpose()?
        .unwrap_or_default();
    let argon2 = Argon2::new(algorithm, version, Params::try_from(stored)?);
    Ok(compute_output(&argon2, password, salt, expected.len(), memory)? == *expected)
}

fn compute_output(
    argon2: &Argon2<'_>,
    password: &[u8],
    salt: &Salt,
    len: usize,
    memory: &mut HashMemory,
) -> Result<Output, password_hash::Error> {
    let mut bytes = [0; Output::MAX_LENGTH];
    let bytes = bytes
        .get_mut(..len)
        .ok_or(password_hash::Error::OutputSize)?;
    memory.with_blocks(argon2.params().block_count(), |blocks| {
        argon2.hash_password_into_with_memory(password, salt, bytes, blocks)
    })?;
    Ok(Output::new(bytes)?)
}

fn argon2_memory(stored: &str) -> Option<u32> {
    let stored = PasswordHash::new(stored).ok()?;
    stored.params.get_decimal("m")
}

fn bcrypt_cost(stored: &str) -> Option<u32> {
    let mut parts = stored.strip_prefix('$')?.split('$');
    let kind = parts.next()?;
    matches!(kind, "2a" | "2b" | "2y").then_some(())?;
    parts.next()?.parse().ok()
}

/// Clones share the pool.
#[derive(Clone, Default)]
pub(super) struct MemoryPool {
    free: Arc<Mutex<Vec<Vec<Block>>>>,
}

/// Memory for one hash at a time. Dropping it returns the blocks to the pool.
pub(super) struct HashMemory {
    pool: MemoryPool,
    /// Empty until the first hash.
    blocks: Vec<Block>,
}

impl MemoryPool {
    pub(super) fn lend_memory(&self) -> HashMemory {
        HashMemory {
            pool: self.clone(),
            blocks: Vec::new(),
        }
    }

    fn with_free<T>(&self, work: impl FnOnce(&mut Vec<Vec<Block>>) -> T) -> T {
        work(&mut self.free.lock().unwrap_or_else(PoisonError::into_inner))
    }

    #[cfg(test)]
    pub(super) fn free_count(&self) -> usize {
        self.with_free(|free| free.len())
    }
}

impl HashMemory {
    /// Runs the work with `count` blocks. Imported hashes that need more than ours use a temporary
    /// buffer.
    pub(super) fn with_blocks<T>(
        &mut self,
        count: usize,
        work: impl FnOnce(&mut [Block]) -> T,
    ) -> T {
        if count > BLOCKS {
            return work(&mut vec![Block::new(); count]);
        }
        if self.blocks.is_empty() {
            let kept = self.pool.with_free(Vec::pop);
            self.blocks = kept.unwrap_or_else(|| vec![Block::new(); BLOCKS]);
        }
        work(&mut self.blocks[..count])
    }
}

impl Drop for HashMemory {
    fn drop(&mut self) {
        let blocks = mem::take(&mut self.blocks);
        if !blocks.is_empty() {
            self.pool.with_free(|free| free.push(blocks));
        }
    }
}

#[cfg(test)]
mod tests {
    use argon2::password_hash::PasswordVerifier;

    use super::*;

    /// The hash of `correct horse battery`, made by libxcrypt.
    const COST_4: &str = "$2b$04$abcdefghijklmnopqrstuuqREtd3VJD2QVZbuFskFSLk6eRIrQoOS";
    /// Hashes of `password`, made by the reference implementation of argon2.
    const OF_REFERENCE: [&str; 3] = [
        "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4",
        "$argon2id$v=19$m=256,t=2,p=2$c29tZXNhbHQ$bQk8UB/VmZZF4Oo79iDXuL5/0ttZwg2f/5U52iv1cDc",
        "$argon2id$v=19$m=65536,t=1,p=1$c29tZXNhbHQ$9qWtwbpyPd3vm1rB1GThgPzZ3/ydHL92zKL+15XZypg",
    ];

    fn memory() -> HashMemory {
        MemoryPool::default().lend_memory()
    }

    #[test]
    fn a_bcrypt_hash_fits_its_password_alone() {
        assert!(!is_our_hash(COST_4) && is_affordable(COST_4));
        let verify = |password: &[u8], stored: &str| verify_hash(password, stored, &mut memory());
        for kind in ["2a", "2b", "2y"] {
            let stored = COST_4.replacen("2b", kind, 1);
            assert!(verify(b"correct horse battery", &stored).unwrap(), "{kind}");
            assert!(
                !verify(b"correct horse batterz", &stored).unwrap(),
                "{kind}"
            );
        }
        for broken in ["", "x", "$2b$", "$2b$04$short"] {
            assert!(
                verify(b"correct horse battery", broken).is_err(),
                "{broken}"
            );
        }
    }

    #[test]
    fn used_memory_changes_no_hash() {
        let mut memory = memory();
        for _ in 0..2 {
            let ours = hash(b"correct horse battery", &mut memory).unwrap();
            assert!(
                ours.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"),
                "{ours}"
            );
            let plain = Argon2::default();
            assert!(
                plain
                    .verify_password(b"correct horse battery", ours.as_str())
                    .is_ok()
            );
            assert!(verify_hash(b"correct horse battery", &ours, &mut memory).unwrap());
            assert!(!verify_hash(b"correct horse batterz", &ours, &mut memory).unwrap());
            for stored in OF_REFERENCE {
                assert!(is_usable(stored) && is_our_hash(stored));
                assert!(
                    verify_hash(b"password", stored, &mut memory).unwrap(),
                    "{stored}"
                );
                assert!(
                    !verify_hash(b"passwore", stored, &mut memory).unwrap(),
                    "{stored}"
                );
            }
        }
    }

    #[test]
    fn a_hash_without_an_output_fits_no_password() {
        let ours = hash(b"correct horse battery", &mut memory()).unwrap();
        let (salted, _) = ours.rsplit_once('$').unwrap();
        for stored in [
            salted,
            "$argon2id$v=19$m=19456,t=2,p=1",
            "$scrypt$ln=16,r=8,p=1",
        ] {
            assert!(
                !verify_hash(b"correct horse battery", stored, &mut memory()).unwrap(),
                "{stored}"
            );
        }
    }

    #[test]
    fn a_cost_has_its_bound() {
        for (cost, affordable) in [("04", true), ("14", true), ("15", false), ("31", false)] {
            assert_eq!(
                is_affordable(&COST_4.replacen("04", cost, 1)),
                affordable,
                "{cost}"
            );
        }
        let ours = hash(b"correct horse battery", &mut memory()).unwrap();
        for (kib, affordable) in [("19456", true), ("65536", true), ("65537", false)] {
            let stored = ours.replacen("m=19456", &format!("m={kib}"), 1);
            assert_eq!(is_affordable(&stored), affordable, "{kib}");
        }
    }
}
