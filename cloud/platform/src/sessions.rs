//! Owns the words of the cache about sessions: the list of those that were ended, which auth writes
//! and the gateway reads, and beside it a word of auth's own about each that stood when auth_db was
//! asked. The record of both is auth_db; the cache only saves asking for every request.
//!
//! Invariants: the absence of a session in the list says something only while the mark of
//! completeness stands; a cache that was emptied, or that auth has not filled yet, has no mark. The
//! word of a session that stands counts only beside a complete list without that session, and ends
//! before an end of the session could leave the list: so no word that comes late undoes an end.

use std::time::Duration;

use wire::{Role, SessionId, UnixMillis, UserId};

use crate::cache::{Cache, CacheError, count_read};

/// An ended session stays listed for at least so long, and a word that it stands counts for no
/// longer.
pub const KEPT_FOR: Duration = Duration::from_secs(3600);

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

/// A session that stood when auth_db was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LiveSession {
    pub user: UserId,
    pub role: Role,
    /// From then on auth_db has to be asked anew.
    pub until: UnixMillis,
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
    let [revoked, complete] = cache.get_all([&key(session), COMPLETE_KEY]).await?;
    let status = status(revoked.is_some(), complete.is_some());
    count_read("sessions", "ended", status != SessionStatus::Unknown);
    Ok(status)
}

/// Notes that a session stands, under a key of its own: a gateway of a version before takes any
/// word under the session's for an end.
pub async fn remember(
    cache: &Cache,
    session: SessionId,
    live: &LiveSession,
    left: Duration,
) -> Result<(), CacheError> {
    let LiveSession { user, role, until: UnixMillis(until) } = live;
    let word = format!("{user} {} {until}", role.number());
    cache.set(&live_key(session), &word, left.min(KEPT_FOR)).await
}

/// As `look_up`, with the word of a session that is clear.
pub async fn recall(
    cache: &Cache,
    session: SessionId,
) -> Result<(SessionStatus, Option<LiveSession>), CacheError> {
    let keys = [key(session), live_key(session)];
    let [revoked, live, complete] = cache.get_all([&keys[0], &keys[1], COMPLETE_KEY]).await?;
    let status = status(revoked.is_some(), complete.is_some());
    let live = live.filter(|_| status == SessionStatus::Clear).and_then(|word| read(&word));
    count_read("sessions", "live", status == SessionStatus::Revoked || live.is_some());
    Ok((status, live))
}

fn status(is_revoked: bool, is_complete: bool) -> SessionStatus {
    match (is_revoked, is_complete) {
        (true, _) => SessionStatus::Revoked,
        (false, true) => SessionStatus::Clear,
        (false, false) => SessionStatus::Unknown,
    }
}

fn read(word: &str) -> Option<LiveSession> {
    let mut parts = word.split(' ');
    let (user, role, until) = (parts.next()?, parts.next()?, parts.next()?);
    let (role, until) = (Role::from_number(role.parse().ok()?)?, UnixMillis(until.parse().ok()?));
    Some(LiveSession { user: user.parse().ok()?, role, until })
}

fn key(session: SessionId) -> String {
    format!("session:{session}")
}

fn live_key(session: SessionId) -> String {
    format!("session:{session}:live")
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);

    #[tokio::test]
    async fn an_empty_list_is_believed_only_when_marked_complete() {
        let cache = Cache::open("memory:").unwrap();
        let (gone, other) = (SessionId(Uuid::from_u128(1)), SessionId(Uuid::from_u128(2)));
        assert_eq!(look_up(&cache, other).await.unwrap(), SessionStatus::Unknown);
        revoke(&cache, gone, MINUTE).await.unwrap();
        assert_eq!(look_up(&cache, gone).await.unwrap(), SessionStatus::Revoked);
        mark_complete(&cache).await.unwrap();
        assert_eq!(look_up(&cache, gone).await.unwrap(), SessionStatus::Revoked);
        assert_eq!(look_up(&cache, other).await.unwrap(), SessionStatus::Clear);
    }

    #[tokio::test]
    async fn a_word_counts_beside_a_complete_list_without_the_session() {
        let cache = Cache::open("memory:").unwrap();
        let session = SessionId(Uuid::from_u128(1));
        let user = UserId(Uuid::from_u128(2));
        let live = LiveSession { user, role: Role::Provider, until: UnixMillis(7) };
        let known = async || recall(&cache, session).await.unwrap();
        remember(&cache, session, &live, MINUTE).await.unwrap();
        assert_eq!(known().await, (SessionStatus::Unknown, None));
        mark_complete(&cache).await.unwrap();
        assert_eq!(known().await, (SessionStatus::Clear, Some(live)));
        revoke(&cache, session, MINUTE).await.unwrap();
        assert_eq!(known().await, (SessionStatus::Revoked, None));
        // A reader who had asked before the end.
        remember(&cache, session, &live, MINUTE).await.unwrap();
        assert_eq!(known().await, (SessionStatus::Revoked, None));
        assert_eq!(look_up(&cache, session).await.unwrap(), SessionStatus::Revoked);
    }
}
