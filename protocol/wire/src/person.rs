//! The validity of a person's tokens: when they were revoked, and since when new tokens let the
//! person in again. Also the admins' verification of a provider.
//!
//! Invariant: updates may arrive in any order, and a repeated older one changes nothing.

use std::cmp::Ordering;

use minicbor::{Decode, Encode};
use serde::{Deserialize, Serialize};

use crate::{ProfileEvent, UnixMillis, UserId};

/// An update on a provider's verification. Providers without one are not verified.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Encode, Decode)]
#[cbor(map)]
pub struct ProviderVerification {
    #[n(0)]
    pub user: UserId,
    /// The profile's version; the newest update counts.
    #[n(1)]
    pub version: u64,
    #[n(2)]
    pub verified: bool,
}

impl ProviderVerification {
    /// The update in an event; `None` for a customer or an admin.
    pub fn from_profile_event(event: &ProfileEvent) -> Option<Self> {
        let verified = event.provider.as_ref()?.verified;
        let version = u64::try_from(event.version).ok()?;
        Some(Self {
            user: event.user_id,
            version,
            verified,
        })
    }

    /// The newer of two updates about one person. If equal versions contradict each other, the
    /// provider is not verified.
    pub fn merge_with(self, other: Self) -> Self {
        match self.version.cmp(&other.version) {
            Ordering::Greater => self,
            Ordering::Less => other,
            Ordering::Equal => Self {
                verified: self.verified && other.verified,
                ..self
            },
        }
    }
}

/// An update about a person's revocation, or several merged. Both times are by auth's clock; 0
/// means none, or a revocation without a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct RevocationStatus {
    #[n(0)]
    pub user: UserId,
    #[n(1)]
    pub revoked_at: UnixMillis,
    #[n(2)]
    pub tokens_since: UnixMillis,
}

impl RevocationStatus {
    pub fn from_revocation(user: UserId, revoked_at: UnixMillis) -> Self {
        Self {
            user,
            revoked_at,
            tokens_since: UnixMillis(0),
        }
    }

    pub fn from_readmission(user: UserId, tokens_since: UnixMillis) -> Self {
        Self {
            user,
            revoked_at: UnixMillis(0),
            tokens_since,
        }
    }

    /// Merges two updates about the same person.
    pub fn merge_with(self, other: Self) -> Self {
        Self {
            user: self.user,
            revoked_at: self.revoked_at.max(other.revoked_at),
            tokens_since: self.tokens_since.max(other.tokens_since),
        }
    }

    /// Returns true if a token issued at that time is refused.
    pub fn refuses_token(self, issued: UnixMillis) -> bool {
        self.revoked_at >= self.tokens_since || issued < self.tokens_since
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_later_word_counts_in_whatever_order_they_come() {
        let user = UserId(uuid::Uuid::from_u128(1));
        let revoked = |at| RevocationStatus::from_revocation(user, UnixMillis(at));
        let readmitted = |since| RevocationStatus::from_readmission(user, UnixMillis(since));
        for (one, other, refused) in [
            (revoked(10), readmitted(20), [true, false, false]),
            (revoked(0), readmitted(20), [true, false, false]),
            (revoked(20), readmitted(20), [true; 3]),
            (revoked(30), readmitted(20), [true; 3]),
            (revoked(0), revoked(0), [true; 3]),
            (readmitted(10), readmitted(20), [true, false, false]),
        ] {
            for joined in [one.merge_with(other), other.merge_with(one).merge_with(one)] {
                let refuses = [19, 20, 90].map(|issued| joined.refuses_token(UnixMillis(issued)));
                assert_eq!(refuses, refused, "{joined:?}");
            }
        }
    }

    #[test]
    fn the_newest_word_about_a_mark_counts_in_whatever_order_they_come() {
        let user = UserId(uuid::Uuid::from_u128(1));
        let word = |version, verified| ProviderVerification {
            user,
            version,
            verified,
        };
        for (one, other, verified) in [
            (word(1, false), word(2, true), true),
            (word(3, false), word(2, true), false),
            (word(2, true), word(2, true), true),
            (word(2, true), word(2, false), false),
        ] {
            for joined in [one.merge_with(other), other.merge_with(one).merge_with(one)] {
                assert_eq!(joined.verified, verified, "{one:?} {other:?}");
            }
        }
    }
}
