//! Owns the admission of people: checks their tokens without the cloud, by the cached public keys and the
//! revocations that the feed has brought. It takes no token that was not made for its region's edges: one
//! that opens the cloud must not come to rest here.

use std::{
    collections::HashSet,
    sync::{Arc, PoisonError, RwLock, RwLockReadGuard},
    time::Duration,
};

use engine::verdict::fresh;
use process::{
    clock::Clock,
    tokens::{Claims, Keys, TokenAudience, TokenError, TokenKind},
};
use serde::{Deserialize, Serialize};
use wire::{Code, DeviceId, Region, SessionId, UnixMillis, UserId};

use crate::store::{Trust, TrustNews};

#[derive(Clone)]
pub struct Gate {
    pub keys: Keys,
    audience: TokenAudience,
    revoked: Arc<RwLock<KnownRevocations>>,
    clock: Clock,
    revocations_age_max: Duration,
}

#[derive(Default)]
struct KnownRevocations {
    sessions: HashSet<SessionId>,
    users: HashSet<UserId>,
    /// Up to where the feed's revocations are in here.
    version: u64,
    confirmed: Option<Confirmation>,
}

/// The feed's word that there are no other revocations than those known here.
#[derive(Debug, Clone, Copy)]
struct Confirmation {
    /// On the clock that neither jumps nor stops.
    at: Duration,
    /// Of a word that came before the process started: how old it was then.
    age: Duration,
}

/// A token of ours, and why it opens nothing any more: its owner's earlier commands are answered anyway.
#[derive(Debug, Clone)]
pub struct SignedToken {
    pub claims: Claims,
    pub refusal: Option<Code>,
}

/// An admitted token, for as long as its owner is here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pass {
    pub user_id: UserId,
    pub session_id: SessionId,
    pub expires_at: UnixMillis,
}

impl From<&Claims> for Pass {
    fn from(claims: &Claims) -> Self {
        Self { user_id: claims.sub, session_id: claims.jti, expires_at: claims.expires_at() }
    }
}

impl Gate {
    /// A firm answer stands on revocations of this age at most.
    pub fn new(region: Region, clock: Clock, revocations_age_max: Duration) -> Self {
        Self {
            keys: Keys::empty(),
            audience: TokenAudience::Edges(region),
            revoked: Arc::default(),
            clock,
            revocations_age_max,
        }
    }

    pub fn trust(&self, trust: &Trust) {
        self.learn(&trust.known);
        // Between two runs there is only the wall clock. One that was set back tells no age.
        let now = self.clock.now();
        let age_ms = trust.feed_confirmed_at.map(|at| now.0.saturating_sub(at.0));
        let age_ms = age_ms.and_then(|ms| u64::try_from(ms).ok());
        self.confirmed(age_ms.map(Duration::from_millis));
    }

    pub fn learn(&self, news: &TrustNews) {
        if let Some(jwks) = &news.jwks {
            self.replace_keys(jwks);
        }
        self.revoke(&news.revoked_sessions, &news.revoked_users, news.revocations_version);
    }

    pub fn confirm_revocations(&self) {
        self.confirmed(Some(Duration::ZERO));
    }

    pub fn revocations_are_fresh(&self) -> bool {
        fresh(self.feed_age(), self.revocations_age_max)
    }

    /// How long ago the feed said that nothing of it is missing here.
    pub fn feed_age(&self) -> Option<Duration> {
        let now = self.clock.elapsed();
        self.revoked().confirmed.map(|word| now.saturating_sub(word.at) + word.age)
    }

    fn confirmed(&self, age: Option<Duration>) {
        let at = self.clock.elapsed();
        let mut revoked = self.revoked.write().unwrap_or_else(PoisonError::into_inner);
        revoked.confirmed = age.map(|age| Confirmation { at, age });
    }

    /// A key set that cannot be read leaves the old one in place: without keys nobody could work.
    pub fn replace_keys(&self, jwks: &str) {
        if let Err(error) = self.keys.replace(jwks) {
            tracing::error!(%error, "The new key set cannot be used; the old one stays");
        }
    }

    pub fn revoke(&self, sessions: &[SessionId], users: &[UserId], version: u64) {
        let mut revoked = self.revoked.write().unwrap_or_else(PoisonError::into_inner);
        revoked.sessions.extend(sessions);
        revoked.users.extend(users);
        // Another feed counts anew, so the number may fall; its revocations stay.
        revoked.version = version;
    }

    /// Of these sessions no token lives any more.
    pub fn forget_sessions(&self, sessions: &[SessionId]) {
        let mut revoked = self.revoked.write().unwrap_or_else(PoisonError::into_inner);
        revoked.sessions.retain(|session| !sessions.contains(session));
    }

    /// The revocations by which people are let in now. The file may have more for a moment.
    pub fn revocations_version(&self) -> u64 {
        self.revoked().version
    }

    /// `None` for a token that we never signed, one for the cloud or for another region's edges, or a grant
    /// for another device than it came from.
    pub fn signed(&self, token: &str, device: Option<&DeviceId>) -> Option<SignedToken> {
        // At the beginning of time nothing has expired, so this checks the signature alone.
        let claims = self.keys.verify(token, self.audience, UnixMillis(0)).ok()?;
        let bound = claims.device.as_ref();
        if bound.is_some() && device.is_some() && bound != device {
            return None;
        }
        let refusal = self.revocation(&claims).or_else(|| {
            match self.keys.verify(token, self.audience, self.clock.now()) {
                Ok(_) => None,
                Err(TokenError::Expired) => Some(Code::TokenExpired),
                Err(TokenError::Invalid | TokenError::Elsewhere) => Some(Code::InvalidToken),
            }
        });
        Some(SignedToken { claims, refusal })
    }

    pub fn admit(&self, token: &str, device: Option<&DeviceId>) -> Result<Claims, Code> {
        let signed = self.signed(token, device).ok_or(Code::InvalidToken)?;
        signed.refusal.map_or(Ok(signed.claims), Err)
    }

    /// Whether the pass has not run out, and neither its session nor its owner has been revoked since.
    pub fn lets_stay(&self, pass: &Pass) -> bool {
        self.clock.now() < pass.expires_at && !self.is_revoked(pass.user_id, pass.session_id)
    }

    fn revoked(&self) -> RwLockReadGuard<'_, KnownRevocations> {
        self.revoked.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// A person, a device and a single sign-in are ended each by itself, and each hears its own word.
    fn revocation(&self, claims: &Claims) -> Option<Code> {
        let revoked = self.revoked();
        if revoked.users.contains(&claims.sub) {
            return Some(Code::Revoked);
        }
        let of_device = claims.kind == TokenKind::DeviceGrant;
        let code = if of_device { Code::DeviceClosed } else { Code::SessionEnded };
        revoked.sessions.contains(&claims.jti).then_some(code)
    }

    fn is_revoked(&self, user: UserId, session: SessionId) -> bool {
        let revoked = self.revoked();
        revoked.users.contains(&user) || revoked.sessions.contains(&session)
    }
}

#[cfg(test)]
mod tests {
    use wire::CommandId;

    use super::*;
    use crate::tests::{People, device, id};

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
        // Another feed counts anew, and takes back nothing of what the old one brought.
        gate.revoke(&[], &[], 0);
        assert_eq!(gate.revocations_version(), 0);
        assert_eq!(gate.admit(&fresh, None), Err(Code::Revoked));
        assert_eq!(gate.admit("nonsense", None), Err(Code::InvalidToken));
    }

    #[test]
    fn an_ended_sign_in_an_expired_token_a_revoked_person_and_a_closed_device_are_told_apart() {
        let people = People::new();
        let gate = people.gate();
        let session = |n| SessionId(id(n));
        let of = |n, kind| people.token_of(|claims| Claims { jti: session(n), kind, ..claims });
        let (sign_in, grant) = (of(1, TokenKind::Edge), of(2, TokenKind::DeviceGrant));
        let other = of(3, TokenKind::Edge);
        gate.revoke(&[session(1), session(2)], &[], 1);
        assert_eq!(gate.admit(&sign_in, None), Err(Code::SessionEnded));
        assert_eq!(gate.admit(&grant, None), Err(Code::DeviceClosed));
        assert!(gate.admit(&other, None).is_ok());
        people.clock.advance(3_601_000);
        assert_eq!(gate.admit(&other, None), Err(Code::TokenExpired));
        gate.revoke(&[], &[people.user(7)], 2);
        for token in [sign_in, grant, other] {
            assert_eq!(gate.admit(&token, None), Err(Code::Revoked), "nothing else helps");
        }
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
    fn only_a_token_for_the_edges_of_this_region_opens_anything() {
        let people = People::new();
        let gate = people.gate();
        let here = people.token(wire::Role::Provider, 7);
        let command = CommandId(uuid::Uuid::from_u128(1));
        assert!(gate.admit(&here, None).is_ok());
        for elsewhere in [
            people.cloud_token(wire::Role::Provider, 7),
            people.token_of(|claims| Claims { region: Some(Region::South), ..claims }),
            people.token_of(|claims| Claims { command: Some(command), ..claims }),
        ] {
            assert!(gate.signed(&elsewhere, None).is_none());
            assert_eq!(gate.admit(&elsewhere, None), Err(Code::InvalidToken));
        }
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
    fn the_age_of_what_is_known_of_revocations_counts_over_a_restart() {
        let people = People::new();
        let hours = |n: i64| n * 3_600_000;
        let gate = people.gate();
        assert!(!gate.revocations_are_fresh(), "nobody has said anything yet");
        gate.confirm_revocations();
        people.clock.advance(hours(72));
        assert!(gate.revocations_are_fresh());
        people.clock.advance(1);
        assert!(!gate.revocations_are_fresh());

        let now = people.clock.now();
        for (ago, later, expected) in
            [(70, 2, true), (70, 3, false), (73, 0, false), (-1, 0, false)]
        {
            let feed_confirmed_at = Some(now.plus_ms(-hours(ago)));
            let people = People::new();
            people.clock.advance(now.since(people.clock.now()));
            let gate = people.gate();
            gate.trust(&Trust { feed_confirmed_at, ..Trust::default() });
            people.clock.advance(hours(later));
            assert_eq!(gate.revocations_are_fresh(), expected, "{ago} h ago, {later} h later");
        }
        let strict = Gate::new(Region::North, people.clock.clone(), Duration::from_secs(1));
        strict.confirm_revocations();
        people.clock.advance(1_001);
        assert!(!strict.revocations_are_fresh());
    }

    #[test]
    fn a_broken_key_set_leaves_the_old_one() {
        let people = People::new();
        let gate = people.gate();
        gate.replace_keys("{}");
        assert!(gate.admit(&people.token(wire::Role::Customer, 1), None).is_ok());
    }
}
