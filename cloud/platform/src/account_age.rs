//! Derives the age of a person's account from their access token.
//!
//! Global limits reserve a share for established accounts, so that accounts created for an attack
//! cannot use them up. The token alone decides: a limit must not cost a database read.

use process::tokens::Claims;
use uuid::Version;
use wire::{Role, UnixMillis, UserId};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AccountAge {
    New,
    /// Older than a week, a verified provider, or an admin.
    Established,
}

const NEW_FOR_MS: i64 = 7 * 24 * 60 * 60 * 1000;

impl AccountAge {
    /// The account's age when the token was signed.
    pub fn from_claims(claims: &Claims) -> Self {
        let is_vouched_for = claims.verified || claims.role == Role::Admin;
        let is_old = match creation_time(claims.sub) {
            Some(created_at) => claims.issued_at() >= created_at.plus_ms(NEW_FOR_MS),
            None => true,
        };
        if is_vouched_for || is_old {
            Self::Established
        } else {
            Self::New
        }
    }
}

/// Auth creates version 7 ids, which begin with a timestamp. Other ids were imported from an
/// earlier system, so those accounts are old.
fn creation_time(user: UserId) -> Option<UnixMillis> {
    if user.0.get_version() != Some(Version::SortRand) {
        return None;
    }
    let (seconds, nanos) = user.0.get_timestamp()?.to_unix();
    let seconds = i64::try_from(seconds).ok()?;
    Some(UnixMillis(
        seconds
            .saturating_mul(1000)
            .saturating_add(i64::from(nanos / 1_000_000)),
    ))
}

#[cfg(test)]
mod tests {
    use process::clock::Clock;
    use uuid::Uuid;
    use wire::Actor;

    use super::*;

    const AT: UnixMillis = UnixMillis(1_764_000_000_000);

    fn claims(user: Uuid, role: Role, signed_at: UnixMillis) -> Claims {
        let actor = Actor {
            user_id: UserId(user),
            role,
        };
        Claims {
            verified: false,
            ..support::claims(actor, signed_at)
        }
    }

    fn age(user: Uuid, role: Role, signed_at: UnixMillis) -> AccountAge {
        AccountAge::from_claims(&claims(user, role, signed_at))
    }

    #[test]
    fn an_account_is_new_for_a_week() {
        let user = Clock::fixed_at(AT).new_id();
        for (days, expected) in [
            (0, AccountAge::New),
            (6, AccountAge::New),
            (7, AccountAge::Established),
            // Clocks of two machines differ.
            (-1, AccountAge::New),
        ] {
            let signed_at = AT.plus_ms(days * 24 * 60 * 60 * 1000);
            assert_eq!(age(user, Role::Customer, signed_at), expected, "{days}");
        }
    }

    #[test]
    fn admins_verified_providers_and_imported_accounts_are_established_at_once() {
        let user = Clock::fixed_at(AT).new_id();
        assert_eq!(age(user, Role::Admin, AT), AccountAge::Established);
        assert_eq!(age(user, Role::Provider, AT), AccountAge::New);
        let verified = Claims {
            verified: true,
            ..claims(user, Role::Provider, AT)
        };
        assert_eq!(AccountAge::from_claims(&verified), AccountAge::Established);
        assert_eq!(
            age(Uuid::from_u128(7), Role::Customer, AT),
            AccountAge::Established
        );
    }
}
