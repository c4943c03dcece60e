//! People's permissions in the cache, written by auth and read by the gateway. auth_db is the
//! record; the copy saves a call to auth per admin request.
//!
//! Invariant: auth removes the copy when a role changes. A copy survives if the cache is down or a
//! concurrent reader had just loaded the old row; it then expires after `KEPT_FOR`.

use std::time::Duration;

use wire::{Permission, UserId};

use crate::cache::{Cache, CacheError, count_read};

/// The longest time that a role change may go unnoticed.
pub const KEPT_FOR: Duration = Duration::from_secs(30);

pub async fn store_permissions(
    cache: &Cache,
    user: UserId,
    permissions: &[Permission],
) -> Result<(), CacheError> {
    let words: Vec<&str> = permissions.iter().map(|one| one.as_str()).collect();
    cache
        .set(&cache_key(user), &words.join(" "), KEPT_FOR)
        .await
}

pub async fn forget_permissions(cache: &Cache, user: UserId) -> Result<(), CacheError> {
    cache.delete(&cache_key(user)).await
}

/// `None` if there is no copy. Permissions that only a newer auth defines are left out.
pub async fn look_up(cache: &Cache, user: UserId) -> Result<Option<Vec<Permission>>, CacheError> {
    let words = cache.get(&cache_key(user)).await?;
    count_read("permissions", "held", words.is_some());
    Ok(words.map(|words| {
        words
            .split(' ')
            .filter_map(|word| word.parse().ok())
            .collect()
    }))
}

fn cache_key(user: UserId) -> String {
    format!("permissions:{user}")
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[tokio::test]
    async fn a_copy_is_read_as_it_was_kept_until_it_is_forgotten() {
        let cache = Cache::open("memory:").unwrap();
        let user = UserId(Uuid::from_u128(1));
        assert_eq!(look_up(&cache, user).await.unwrap(), None);
        for held in [&[][..], Permission::allowed_for_role(wire::Role::Admin)] {
            store_permissions(&cache, user, held).await.unwrap();
            assert_eq!(look_up(&cache, user).await.unwrap().as_deref(), Some(held));
        }
        cache
            .set(&cache_key(user), "cancel_orders of_a_newer_auth", KEPT_FOR)
            .await
            .unwrap();
        let known = look_up(&cache, user).await.unwrap();
        assert_eq!(known, Some(vec![Permission::CancelOrders]));
        forget_permissions(&cache, user).await.unwrap();
        assert_eq!(look_up(&cache, user).await.unwrap(), None);
    }
}
