//! The gateway's cached facts about people: sessions and permissions.
//!
//! Session entries: the revocation list, which auth writes and the gateway reads, and
//! auth's separate snapshots of sessions that were live when it read auth_db. auth_db is the record
//! of both; the cache saves a read per request.
//!
//! Invariants: the absence of a session from the list means "not revoked" only while the
//! completeness mark exists; an emptied or not yet filled cache has no mark. A snapshot counts only
//! if the list is complete and lacks the session, and it expires before a revocation could leave
//! the list: so a late snapshot never undoes a revocation.
//!
//! People's permissions, written by auth and read by the gateway. auth_db is the
//! record; the copy saves a call to auth per admin request.
//!
//! Invariant: auth removes the copy when a role changes. A copy survives if the cache is down or a
//! concurrent reader had just loaded the old row; it then expires after `PERMISSIONS_KEPT_FOR`.

use std::time::Duration;

use wire::{Permission, Role, SessionId, UnixMillis, UserId};

use crate::cache::{Cache, CacheError, count_read};

/// The minimum time that a revoked session stays listed, and the maximum life of a snapshot.
pub const KEPT_FOR: Duration = Duration::from_secs(3600);

const REVOKED: &str = "revoked";
const COMPLETE_KEY: &str = "sessions:complete";
/// Much longer than any outage of auth; during an outage no session is revoked.
const COMPLETE_FOR: Duration = Duration::from_secs(30 * 24 * 3600);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SessionStatus {
    Clear,
    Revoked,
    /// The list is incomplete; call auth.
    Unknown,
}

/// A session that was live when auth_db was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LiveSession {
    pub user: UserId,
    pub role: Role,
    /// After this time, auth_db must be read again.
    pub until: UnixMillis,
}

/// Lists a session as revoked until its token would have expired.
pub async fn revoke_session(
    cache: &Cache,
    session: SessionId,
    left: Duration,
) -> Result<(), CacheError> {
    cache.set(&cache_key(session), REVOKED, left).await
}

/// Marks the list as complete: it contains every revoked session.
pub async fn mark_complete(cache: &Cache) -> Result<(), CacheError> {
    cache.set(COMPLETE_KEY, "1", COMPLETE_FOR).await
}

pub async fn look_up(cache: &Cache, session: SessionId) -> Result<SessionStatus, CacheError> {
    let [revoked, complete] = cache.get_all([&cache_key(session), COMPLETE_KEY]).await?;
    let status = session_status(revoked.is_some(), complete.is_some());
    count_read("sessions", "ended", status != SessionStatus::Unknown);
    Ok(status)
}

/// Stores a snapshot of a live session under a separate key: a gateway of the previous version
/// treats any value under the session's own key as a revocation.
pub async fn store_live_session(
    cache: &Cache,
    session: SessionId,
    live: &LiveSession,
    left: Duration,
) -> Result<(), CacheError> {
    let LiveSession {
        user,
        role,
        until: UnixMillis(until),
    } = live;
    let word = format!("{user} {} {until}", role.as_number());
    cache
        .set(&live_key(session), &word, left.min(KEPT_FOR))
        .await
}

/// Like `look_up`, with the snapshot of a clear session.
pub async fn look_up_live(
    cache: &Cache,
    session: SessionId,
) -> Result<(SessionStatus, Option<LiveSession>), CacheError> {
    let keys = [cache_key(session), live_key(session)];
    let [revoked, live, complete] = cache.get_all([&keys[0], &keys[1], COMPLETE_KEY]).await?;
    let status = session_status(revoked.is_some(), complete.is_some());
    let live = live
        .filter(|_| status == SessionStatus::Clear)
        .and_then(|word| read(&word));
    count_read(
        "sessions",
        "live",
        status == SessionStatus::Revoked || live.is_some(),
    );
    Ok((status, live))
}

fn session_status(is_revoked: bool, is_complete: bool) -> SessionStatus {
    match (is_revoked, is_complete) {
        (true, _) => SessionStatus::Revoked,
        (false, true) => SessionStatus::Clear,
        (false, false) => SessionStatus::Unknown,
    }
}

fn read(word: &str) -> Option<LiveSession> {
    let mut parts = word.split(' ');
    let user = parts.next()?;
    let role = parts.next()?;
    let until = parts.next()?;
    let role = Role::from_number(role.parse().ok()?)?;
    let until = UnixMillis(until.parse().ok()?);
    Some(LiveSession {
        user: user.parse().ok()?,
        role,
        until,
    })
}

fn cache_key(session: SessionId) -> String {
    format!("session:{session}")
}

fn live_key(session: SessionId) -> String {
    format!("session:{session}:live")
}

/// The longest time that a role change may go unnoticed.
pub const PERMISSIONS_KEPT_FOR: Duration = Duration::from_secs(30);

pub async fn store_permissions(
    cache: &Cache,
    user: UserId,
    permissions: &[Permission],
) -> Result<(), CacheError> {
    let words: Vec<&str> = permissions.iter().map(|one| one.as_str()).collect();
    cache
        .set(
            &permissions_key(user),
            &words.join(" "),
            PERMISSIONS_KEPT_FOR,
        )
        .await
}

pub async fn forget_permissions(cache: &Cache, user: UserId) -> Result<(), CacheError> {
    cache.delete(&permissions_key(user)).await
}

/// `None` if there is no copy. Permissions that only a newer auth defines are left out.
pub async fn read_permissions(
    cache: &Cache,
    user: UserId,
) -> Result<Option<Vec<Permission>>, CacheError> {
    let words = cache.get(&permissions_key(user)).await?;
    count_read("permissions", "held", words.is_some());
    Ok(words.map(|words| {
        words
            .split(' ')
            .filter_map(|word| word.parse().ok())
            .collect()
    }))
}

fn permissions_key(user: UserId) -> String {
    format!("permissions:{user}")
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);

    #[tokio::test]
    async fn an_empty_list_is_believed_only_when_marked_complete() {
        let cache = Cache::open("memory:").unwrap();
        let gone = SessionId(Uuid::from_u128(1));
        let other = SessionId(Uuid::from_u128(2));
        assert_eq!(
            look_up(&cache, other).await.unwrap(),
            SessionStatus::Unknown
        );
        revoke_session(&cache, gone, MINUTE).await.unwrap();
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
        let live = LiveSession {
            user,
            role: Role::Provider,
            until: UnixMillis(7),
        };
        let known = async || look_up_live(&cache, session).await.unwrap();
        store_live_session(&cache, session, &live, MINUTE)
            .await
            .unwrap();
        assert_eq!(known().await, (SessionStatus::Unknown, None));
        mark_complete(&cache).await.unwrap();
        assert_eq!(known().await, (SessionStatus::Clear, Some(live)));
        revoke_session(&cache, session, MINUTE).await.unwrap();
        assert_eq!(known().await, (SessionStatus::Revoked, None));
        // A reader that read auth_db before the revocation.
        store_live_session(&cache, session, &live, MINUTE)
            .await
            .unwrap();
        assert_eq!(known().await, (SessionStatus::Revoked, None));
        assert_eq!(
            look_up(&cache, session).await.unwrap(),
            SessionStatus::Revoked
        );
    }

    #[tokio::test]
    async fn a_copy_is_read_as_it_was_kept_until_it_is_forgotten() {
        let cache = Cache::open("memory:").unwrap();
        let user = UserId(Uuid::from_u128(1));
        assert_eq!(read_permissions(&cache, user).await.unwrap(), None);
        for held in [&[][..], Permission::allowed_for_role(wire::Role::Admin)] {
            store_permissions(&cache, user, held).await.unwrap();
            assert_eq!(
                read_permissions(&cache, user).await.unwrap().as_deref(),
                Some(held)
            );
        }
        cache
            .set(
                &permissions_key(user),
                "cancel_orders of_a_newer_auth",
                PERMISSIONS_KEPT_FOR,
            )
            .await
            .unwrap();
        let known = read_permissions(&cache, user).await.unwrap();
        assert_eq!(known, Some(vec![Permission::CancelOrders]));
        forget_permissions(&cache, user).await.unwrap();
        assert_eq!(read_permissions(&cache, user).await.unwrap(), None);
    }
}
