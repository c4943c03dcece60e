//! Who may come in: checks people's tokens without the cloud, by the cached public keys and the
//! revocations that the feed has brought.

use std::{
    collections::HashSet,
    sync::{Arc, PoisonError, RwLock},
};

use process::{
    clock::Clock,
    tokens::{Claims, Keys, TokenError, TokenKind},
};
use wire::{Code, DeviceId, SessionId, UnixMillis, UserId};

use crate::store::Trust;

/// Clones share keys and revocations.
#[derive(Clone)]
pub struct Gate {
    pub keys: Keys,
    revoked: Arc<RwLock<Revoked>>,
    clock: Clock,
}

#[derive(Default)]
struct Revoked {
    sessions: HashSet<SessionId>,
    users: HashSet<UserId>,
    /// Up to where the feed's revocations are in here.
    version: u64,
}

/// A token whose signature is ours. Whether it may still be used is said beside it: what its owner
/// sent before it ran out is answered in any case.
#[derive(Debug, Clone)]
pub struct Signed {
    pub claims: Claims,
    pub refusal: Option<Code>,
}

/// What is kept of an admitted token for as long as its owner is here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pass {
    pub user_id: UserId,
    pub session_id: SessionId,
    pub expires_at: UnixMillis,
}

impl From<&Claims> for Pass {
    fn from(claims: &Claims) -> Self {
        let expires_at = UnixMillis(claims.exp.saturating_mul(1_000));
        Self { user_id: claims.sub, session_id: claims.jti, expires_at }
    }
}

impl Gate {
    pub fn new(clock: Clock) -> Self {
        Self { keys: Keys::empty(), revoked: Arc::default(), clock }
    }

    /// Takes over what the file knows.
    pub fn trust(&self, trust: &Trust) {
        if !trust.jwks.is_empty() {
            self.replace_keys(&trust.jwks);
        }
        self.revoke(&trust.revoked_sessions, &trust.revoked_users, trust.revocations_version);
    }

    /// A key set that cannot be read leaves the old one in place: without keys nobody could work.
    pub fn replace_keys(&self, jwks: &str) {
        if let Err(error) = self.keys.replace(jwks) {
            tracing::error!(%error, "The new key set cannot be used; the old one stays");
        }
    }

    /// What the file knows up to this version.
    pub fn revoke(&self, sessions: &[SessionId], users: &[UserId], version: u64) {
        let mut revoked = self.revoked.write().unwrap_or_else(PoisonError::into_inner);
        revoked.sessions.extend(sessions);
        revoked.users.extend(users);
        revoked.version = revoked.version.max(version);
    }

    /// The revocations by which people are let in now. The file may have more for a moment.
    pub fn revocations_version(&self) -> u64 {
        self.revoked.read().unwrap_or_else(PoisonError::into_inner).version
    }

    /// Whose token this is; `None` where we never signed it, or it is a grant for another device than
    /// the one it came from.
    pub fn signed(&self, token: &str, device: Option<&DeviceId>) -> Option<Signed> {
        // At the beginning of time nothing has expired, so this checks the signature alone.
        let claims = self.keys.verify(token, UnixMillis(0)).ok()?;
        let elsewhere = device.is_some() && claims.device.as_ref() != device;
        if claims.kind == TokenKind::DeviceGrant && elsewhere {
            return None;
        }
        let refusal = if self.is_revoked(claims.sub, claims.jti) {
            Some(Code::Revoked)
        } else {
            match self.keys.verify(token, self.clock.now()) {
                Ok(_) => None,
                Err(TokenError::Expired) => Some(Code::TokenExpired),
                Err(TokenError::Invalid) => Some(Code::InvalidToken),
            }
        };
        Some(Signed { claims, refusal })
    }

    /// The claims of a token that opens the door now.
    pub fn admit(&self, token: &str, device: Option<&DeviceId>) -> Result<Claims, Code> {
        let signed = self.signed(token, device).ok_or(Code::InvalidToken)?;
        signed.refusal.map_or(Ok(signed.claims), Err)
    }

    /// Whether who came in by a token may still be here: it has not run out, and neither its session
    /// nor its owner has been revoked since.
    pub fn lets_stay(&self, pass: &Pass) -> bool {
        self.clock.now() < pass.expires_at && !self.is_revoked(pass.user_id, pass.session_id)
    }

    fn is_revoked(&self, user: UserId, session: SessionId) -> bool {
        let revoked = self.revoked.read().unwrap_or_else(PoisonError::into_inner);
        revoked.users.contains(&user) || revoked.sessions.contains(&session)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{People, device};

    #[test]
    fn an_expired_or_revoked_token_is_known_and_not_admitted() {
        let people = People::new();
        let gate = people.gate();
        let token = people.token(wire::Role::Provider, 7);
        assert!(gate.admit(&token, None).is_ok());
        people.clock.advance(3_601_000);
        assert_eq!(gate.admit(&token, None), Err(Code::TokenExpired));
        assert!(gate.signed(&token, None).is_some());
        let fresh = people.token(wire::Role::Provider, 7);
        gate.revoke(&[], &[people.user(7)], 1);
        assert_eq!(gate.admit(&fresh, None), Err(Code::Revoked));
        assert_eq!(gate.admit("nonsense", None), Err(Code::InvalidToken));
    }

    #[test]
    fn nobody_stays_on_a_token_that_ran_out_or_was_revoked() {
        let people = People::new();
        let gate = people.gate();
        let pass = |user| {
            let token = people.token(wire::Role::Provider, user);
            Pass::from(&gate.admit(&token, None).unwrap())
        };
        let (one, other, late) = (pass(7), pass(8), pass(9));
        assert!([one, other, late].iter().all(|pass| gate.lets_stay(pass)));
        gate.revoke(&[one.session_id], &[other.user_id], 1);
        assert_eq!([one, other, late].map(|pass| gate.lets_stay(&pass)), [false, false, true]);
        people.clock.advance(3_600_000);
        assert!(!gate.lets_stay(&late));
    }

    #[test]
    fn a_grant_opens_for_its_device_alone() {
        let people = People::new();
        let gate = people.gate();
        let grant = people.grant(7, &device("t-1"));
        assert!(gate.admit(&grant, Some(&device("t-1"))).is_ok());
        assert_eq!(gate.admit(&grant, Some(&device("t-2"))), Err(Code::InvalidToken));
        assert!(gate.admit(&grant, None).is_ok(), "the way does not name a device");
    }

    #[test]
    fn a_broken_key_set_leaves_the_old_one() {
        let people = People::new();
        let gate = people.gate();
        gate.replace_keys("{}");
        assert!(gate.admit(&people.token(wire::Role::Customer, 1), None).is_ok());
    }
}
