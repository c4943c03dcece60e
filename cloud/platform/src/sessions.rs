//! Owns the blacklist of sessions in the cache, which auth writes and the gateway reads. The record of a
//! revocation is auth_db; the list only saves asking auth for every request.
//!
//! Invariant: the absence of a session says something only while the mark of completeness stands. A
//! cache that was emptied, or that auth has not filled yet, has no mark.

use std::time::Duration;

use wire::SessionId;

use crate::cache::{Cache, CacheError};

const REVOKED: &str = "revoked";
const COMPLETE_KEY: &str = "sessions:complete";
/// Much longer than auth is ever away, and while it is away no session is revoked.
const COMPLETE_FOR: Duration = Duration::from_secs(30 * 24 * 3600);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SessionStatus {
    Clear,
    Revoked,
    /// The list is not complete; ask auth.
    Unknown,
}

/// Lists a session until its token would have expired by itself.
pub async fn revoke(cache: &Cache, session: SessionId, left: Duration) -> Result<(), CacheError> {
    cache.set(&key(session), REVOKED, left).await
}

/// Marks the list as complete: every revoked session is in it.
pub async fn mark_complete(cache: &Cache) -> Result<(), CacheError> {
    cache.set(COMPLETE_KEY, "1", COMPLETE_FOR).await
}

pub async fn look_up(cache: &Cache, session: SessionId) -> Result<SessionStatus, CacheError> {
    // In this order: a list that was emptied between the two questions has lost its mark.
    if cache.get(&key(session)).await?.is_some() {
        return Ok(SessionStatus::Revoked);
    }
    let complete = cache.get(COMPLETE_KEY).await?.is_some();
    Ok(if complete { SessionStatus::Clear } else { SessionStatus::Unknown })
}

fn key(session: SessionId) -> String {
    format!("session:{session}")
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[tokio::test]
    async fn an_empty_list_is_believed_only_when_marked_complete() {
        let cache = Cache::open("memory:").unwrap();
        let (gone, other) = (SessionId(Uuid::from_u128(1)), SessionId(Uuid::from_u128(2)));
        assert_eq!(look_up(&cache, other).await.unwrap(), SessionStatus::Unknown);
        revoke(&cache, gone, Duration::from_secs(60)).await.unwrap();
        assert_eq!(look_up(&cache, gone).await.unwrap(), SessionStatus::Revoked);
        mark_complete(&cache).await.unwrap();
        assert_eq!(look_up(&cache, gone).await.unwrap(), SessionStatus::Revoked);
        assert_eq!(look_up(&cache, other).await.unwrap(), SessionStatus::Clear);
    }
}
