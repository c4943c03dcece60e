//! The rotation state of the signing keys: the current signer and the published keys.
//!
//! Invariant: a killed key never signs or verifies again, and no key signs after a later one has
//! begun.

use process::tokens::{FORMER_KEYS_MAX, KeySet, PublishedKey};
use serde::Serialize;
use utoipa::ToSchema;
use wire::UnixMillis;

use crate::store::SigningKey;

/// The longest token lifetime, with a margin for replicas that reload late. Tokens live this long
/// after their key stops signing.
pub(super) const TOKENS_LIVE_MS: i64 = 13 * 3600 * 1000;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum KeyState {
    /// Published; signs later.
    Next,
    Present,
    /// Signs no longer; its tokens are still valid.
    Previous,
    /// Its tokens have expired. It still verifies the authors of old operations at an edge.
    Former,
    Killed,
}

/// The schedule of key rotation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyRotationPlan {
    /// Time between two keys.
    pub signs_ms: i64,
    /// Time from publication to the first signature.
    pub known_ms: i64,
}

/// All keys, in the order in which they sign.
#[derive(Debug, Clone, Default)]
pub struct KeyRing(pub Vec<SigningKey>);

impl KeyRing {
    /// `None` if it was killed and no other has begun.
    pub fn current_key(&self, now: UnixMillis) -> Option<&SigningKey> {
        self.newest_started(now)
            .filter(|key| key.killed_at.is_none())
    }

    pub fn next(&self, now: UnixMillis) -> Option<&SigningKey> {
        let begun = self.newest_started(now).map(|key| key.place);
        self.0.iter().find(|key| {
            key.killed_at.is_none() && key.signs_from > now && begun.is_none_or(|at| at < key.place)
        })
    }

    /// A killed key that had begun also ends all earlier keys.
    pub fn newest_started(&self, now: UnixMillis) -> Option<&SigningKey> {
        self.0
            .iter()
            .rev()
            .find(|key| key.signs_from <= now && key.killed_at.is_none_or(|at| at > key.signs_from))
    }

    /// The keys that may sign: the current one and its successors.
    pub fn signing_keys(&self, now: UnixMillis) -> impl Iterator<Item = &SigningKey> {
        let begun = self.newest_started(now).map_or(0, |key| key.place);
        self.0
            .iter()
            .filter(move |key| key.place >= begun && key.killed_at.is_none())
    }

    pub fn key_state(&self, key: &SigningKey, now: UnixMillis) -> KeyState {
        if key.killed_at.is_some() {
            KeyState::Killed
        } else if key.former_at.is_some() {
            KeyState::Former
        } else if key.signs_from > now {
            KeyState::Next
        } else if self
            .current_key(now)
            .is_some_and(|present| present.kid == key.kid)
        {
            KeyState::Present
        } else {
            KeyState::Previous
        }
    }

    /// The same on every replica, independent of clocks. If there are too many former keys, the
    /// oldest are left out.
    pub fn to_key_set(&self) -> KeySet {
        let (former, active): (Vec<_>, Vec<_>) = self
            .0
            .iter()
            .filter(|key| key.killed_at.is_none())
            .partition(|key| key.former_at.is_some());
        let latest_former = former.into_iter().rev().take(FORMER_KEYS_MAX);
        KeySet {
            keys: active.into_iter().filter_map(to_published_key).collect(),
            former_keys: latest_former.filter_map(to_published_key).collect(),
        }
    }

    /// Returns when the next key becomes trusted and when it starts to sign. `None` if a next key
    /// exists. The replacement of a killed key starts immediately.
    pub fn plan_next_key(
        &self,
        plan: KeyRotationPlan,
        now: UnixMillis,
    ) -> Option<(UnixMillis, UnixMillis)> {
        if self.next(now).is_some() {
            return None;
        }
        let Some(present) = self.current_key(now) else {
            return Some((now, now));
        };
        let trusted_from = now.plus_ms(plan.known_ms);
        Some((
            trusted_from,
            trusted_from.max(present.signs_from.plus_ms(plan.signs_ms)),
        ))
    }
}

fn to_published_key(key: &SigningKey) -> Option<PublishedKey> {
    Some(PublishedKey {
        public: key.public_key.as_slice().try_into().ok()?,
        trusted_from: key.trusted_from,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAN: KeyRotationPlan = KeyRotationPlan {
        signs_ms: 1_000,
        known_ms: 100,
    };

    fn key(place: i64, signs_from: i64, killed_at: Option<i64>) -> SigningKey {
        SigningKey {
            kid: place.to_string(),
            place,
            public_key: vec![u8::try_from(place).unwrap(); 32],
            sealed: None,
            made_at: UnixMillis(0),
            trusted_from: UnixMillis(0),
            signs_from: UnixMillis(signs_from),
            signed_until: None,
            former_at: None,
            killed_at: killed_at.map(UnixMillis),
        }
    }

    #[test]
    fn one_key_signs_at_a_time_and_the_next_one_is_known_before() {
        let now = UnixMillis(50);
        let mut ring = KeyRing(vec![key(1, 0, None)]);
        assert_eq!(
            ring.plan_next_key(PLAN, now),
            Some((UnixMillis(150), UnixMillis(1_000)))
        );
        let late = UnixMillis(5_000);
        assert_eq!(
            ring.plan_next_key(PLAN, late),
            Some((UnixMillis(5_100), UnixMillis(5_100)))
        );
        ring.0.push(key(2, 1_000, None));
        assert_eq!(ring.plan_next_key(PLAN, now), None);
        let states = |ring: &KeyRing, at| {
            ring.0
                .iter()
                .map(|key| ring.key_state(key, UnixMillis(at)))
                .collect::<Vec<_>>()
        };
        assert_eq!(states(&ring, 999), [KeyState::Present, KeyState::Next]);
        assert_eq!(
            states(&ring, 1_000),
            [KeyState::Previous, KeyState::Present]
        );
        assert_eq!(ring.to_key_set().keys.len(), 2);
        ring.0[0].former_at = Some(late);
        assert_eq!(states(&ring, 5_000), [KeyState::Former, KeyState::Present]);
        let set = ring.to_key_set();
        assert_eq!((set.keys.len(), set.former_keys.len()), (1, 1));
    }

    #[test]
    fn no_key_comes_back_after_the_one_that_followed_it_was_killed() {
        let ring = KeyRing(vec![
            key(1, 0, None),
            key(2, 10, Some(20)),
            key(3, 90, None),
        ]);
        let now = UnixMillis(30);
        assert!(
            ring.current_key(now).is_none(),
            "neither the killed one nor the one before"
        );
        assert_eq!(ring.next(now).map(|key| key.place), Some(3));
        assert_eq!(
            ring.signing_keys(now)
                .map(|key| key.place)
                .collect::<Vec<_>>(),
            [3]
        );
        assert_eq!(
            ring.to_key_set().keys.len(),
            2,
            "a killed key is published no more"
        );
        let ring = KeyRing(vec![key(1, 0, None), key(2, 10, Some(5))]);
        assert_eq!(
            ring.current_key(now).map(|key| key.place),
            Some(1),
            "it was killed before it began"
        );
        let ring = KeyRing(vec![key(1, 0, Some(20))]);
        assert_eq!(ring.plan_next_key(PLAN, now), Some((now, now)));
    }
}
