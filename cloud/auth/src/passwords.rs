//! Owns the hashing of passwords: argon2id, off the async threads, two at a time.
//!
//! Invariant: an answer about a password costs one hash, also where the account does not exist.
//! Each hash takes 19 MiB and tens of milliseconds, so two run at once, 256 more may wait (some
//! seconds), and any later one is told to try again.

use std::sync::Arc;

use argon2::{
    Argon2,
    password_hash::{PasswordHasher, PasswordVerifier, phc::PasswordHash},
};
use process::random;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::domain::Password;

const HASHES_AT_ONCE_MAX: usize = 2;
const WAITING_MAX: usize = 256;

#[derive(Clone)]
pub struct Passwords {
    permits: Arc<Semaphore>,
    queue: Arc<Semaphore>,
    /// The hash of a password nobody knows, to spend the same work on an unknown name.
    decoy: Arc<str>,
}

/// The right to compute hashes, one at a time, until dropped.
pub struct HashPermit {
    decoy: Arc<str>,
    _place: OwnedSemaphorePermit,
}

#[derive(Debug, thiserror::Error)]
pub enum PasswordError {
    /// More are waiting than may.
    #[error("too many passwords are being checked")]
    Busy,
    #[error("could not hash a password: {0}")]
    Hash(String),
}

impl Passwords {
    pub fn new() -> Result<Self, PasswordError> {
        let decoy = hash(random::secret_text(32).as_bytes())?;
        Ok(Self {
            permits: Arc::new(Semaphore::new(HASHES_AT_ONCE_MAX)),
            queue: Arc::new(Semaphore::new(WAITING_MAX)),
            decoy: decoy.into(),
        })
    }

    /// Waits for one's turn.
    pub async fn permit(&self) -> Result<HashPermit, PasswordError> {
        let _waiting = self.queue.try_acquire().map_err(|_| PasswordError::Busy)?;
        let place = Arc::clone(&self.permits).acquire_owned().await;
        Ok(HashPermit {
            decoy: self.decoy.clone(),
            _place: place.map_err(|_| PasswordError::Busy)?,
        })
    }
}

impl HashPermit {
    pub async fn hash(&self, password: Password) -> Result<String, PasswordError> {
        blocking(move || hash(password.reveal())).await?
    }

    /// Returns whether this is the password of that hash. Without a hash, or without a password that could
    /// be one, the work is the same and the answer is no.
    pub async fn verify(
        &self,
        password: Option<Password>,
        stored: Option<String>,
    ) -> Result<bool, PasswordError> {
        let possible = password.is_some() && stored.is_some();
        let stored = stored.unwrap_or_else(|| self.decoy.to_string());
        let fits = blocking(move || {
            let text = password.as_ref().map_or(&b"no such password"[..], Password::reveal);
            verify(text, &stored)
        });
        Ok(fits.await?? && possible)
    }
}

fn hash(password: &[u8]) -> Result<String, PasswordError> {
    let hash = Argon2::default().hash_password(password);
    hash.map(|hash| hash.to_string()).map_err(|error| PasswordError::Hash(error.to_string()))
}

fn verify(password: &[u8], stored: &str) -> Result<bool, PasswordError> {
    let stored =
        PasswordHash::new(stored).map_err(|error| PasswordError::Hash(error.to_string()))?;
    Ok(Argon2::default().verify_password(password, &stored).is_ok())
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, PasswordError> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|error| PasswordError::Hash(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn password(text: &str) -> Password {
        Password::new(text.to_owned()).unwrap()
    }

    #[tokio::test]
    async fn only_the_password_itself_fits_its_hash() {
        let passwords = Passwords::new().unwrap();
        let permit = passwords.permit().await.unwrap();
        let stored = permit.hash(password("correct horse")).await.unwrap();
        assert!(stored.starts_with("$argon2id$"), "{stored}");
        let right = Some(password("correct horse"));
        assert!(permit.verify(right.clone(), Some(stored.clone())).await.unwrap());
        assert!(
            !permit.verify(Some(password("wrong horse!")), Some(stored.clone())).await.unwrap()
        );
        assert!(!permit.verify(right, None).await.unwrap());
        assert!(!permit.verify(None, Some(stored)).await.unwrap());
    }

    #[tokio::test]
    async fn a_hash_is_salted() {
        let permit = Passwords::new().unwrap().permit().await.unwrap();
        let first = permit.hash(password("correct horse")).await.unwrap();
        assert_ne!(first, permit.hash(password("correct horse")).await.unwrap());
    }

    #[tokio::test]
    async fn whoever_finds_the_queue_full_is_told_so() {
        let passwords = Passwords::new().unwrap();
        let _permits = (passwords.permit().await.unwrap(), passwords.permit().await.unwrap());
        let queue = Arc::clone(&passwords.queue);
        let _rest = queue.try_acquire_many(u32::try_from(WAITING_MAX).unwrap());
        assert!(matches!(passwords.permit().await, Err(PasswordError::Busy)));
    }
}
