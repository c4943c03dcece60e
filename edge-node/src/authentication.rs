//! Admits people: checks their tokens offline, using cached public keys and the feed's revocations
//! and verification marks. It accepts only tokens for its region's edges: a token that opens the
//! cloud must never be stored here. A token that is bound to a device's key admits only with a
//! proof of that key.

use std::{
    collections::{HashMap, HashSet},
    sync::{
        Arc, PoisonError, RwLock, RwLockReadGuard,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use engine::verdict::are_revocations_fresh;
use process::{
    clock::Clock,
    tokens::{
        Claims, NONCE_VALID, PresentedToken, ProofNonces, TokenAudience, TokenError, TokenKeys,
        TokenKind,
    },
};
use wire::{
    Actor, Code, DeviceId, ProviderVerification, Region, RevocationStatus, SessionId, UnixMillis,
    UserId,
};

use crate::store::{Trust, TrustUpdate};

#[derive(Clone)]
pub(crate) struct TokenAuthenticator {
    pub keys: TokenKeys,
    /// Counts removed keys. Each removal ends all admitted tokens, as they do not record their
    /// signing key.
    lost_keys: Arc<AtomicU64>,
    audience: TokenAudience,
    nonces: Arc<ProofNonces>,
    revoked: Arc<RwLock<KnownRevocations>>,
    clock: Clock,
    revocations_age_max: Duration,
}

#[derive(Default)]
struct KnownRevocations {
    sessions: HashSet<SessionId>,
    /// People with a revocation, including lifted ones.
    people: HashMap<UserId, RevocationStatus>,
    /// The newest verification mark of each provider.
    marks: HashMap<UserId, ProviderVerification>,
    confirmed: Option<FeedConfirmation>,
}

/// The feed's confirmation that this edge has all revocations.
#[derive(Debug, Clone, Copy)]
struct FeedConfirmation {
    /// On the monotonic clock.
    at: Duration,
    /// Age at that moment, if it was stored before the process started.
    age: Duration,
}

/// A genuine token, and the reason if it no longer admits. Its owner's earlier commands still get
/// their answers.
#[derive(Debug, Clone)]
pub(crate) struct GenuineToken {
    pub claims: Claims,
    /// Without its proof: the log that stores it can be stolen, and goes to the hub.
    pub token: String,
    pub refusal: Option<Code>,
}

/// A device signs this to prove its key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct IssuedNonce {
    pub nonce: String,
    pub valid_for: Duration,
}

/// An admitted token's rights, kept with a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct AdmittedToken {
    pub user_id: UserId,
    pub session_id: SessionId,
    kind: TokenKind,
    pub issued_at: UnixMillis,
    pub expires_at: UnixMillis,
    lost_keys: u64,
}

/// Why an admitted token no longer admits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum AdmissionEnd {
    /// A new attempt gets this refusal.
    Refused(Code),
    /// Of any key, so a new attempt may succeed.
    KeyRemoved,
}

/// The sending tablet and the person signed in there. The command may be another person's: a tablet
/// also sends the taps of its previous user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TabletSender {
    pub device: DeviceId,
    pub actor: Actor,
}

impl TokenAuthenticator {
    /// `revocations_age_max`: the oldest revocations that a firm answer may rest on.
    pub(crate) fn new(region: Region, clock: Clock, revocations_age_max: Duration) -> Self {
        Self {
            keys: TokenKeys::empty(),
            lost_keys: Arc::default(),
            audience: TokenAudience::Edges(region),
            nonces: Arc::new(ProofNonces::new()),
            revoked: Arc::default(),
            clock,
            revocations_age_max,
        }
    }

    pub(crate) fn apply_stored_trust(&self, trust: &Trust) {
        self.apply_trust_update(&trust.known);
        // Across restarts there is only the wall clock; if it was set back, the age is unknown.
        let now = self.clock.now();
        let age_ms = trust.feed_confirmed_at.map(|at| now.0.saturating_sub(at.0));
        let age_ms = age_ms.and_then(|ms| u64::try_from(ms).ok());
        self.set_confirmation(age_ms.map(Duration::from_millis));
    }

    pub(crate) fn apply_trust_update(&self, news: &TrustUpdate) {
        if let Some(jwks) = &news.jwks {
            self.replace_keys(jwks);
        }
        self.merge_marks(&news.marks);
        self.merge_revocations(&news.revoked_sessions, &news.people);
    }

    pub(crate) fn confirm_revocations(&self) {
        self.set_confirmation(Some(Duration::ZERO));
    }

    pub(crate) fn revocations_are_fresh(&self) -> bool {
        are_revocations_fresh(self.feed_age(), self.revocations_age_max)
    }

    /// Time since the feed confirmed that this edge is up to date.
    pub(crate) fn feed_age(&self) -> Option<Duration> {
        let now = self.clock.elapsed();
        self.lock_revocations()
            .confirmed
            .map(|word| now.saturating_sub(word.at) + word.age)
    }

    fn set_confirmation(&self, age: Option<Duration>) {
        let at = self.clock.elapsed();
        let mut revoked = self.revoked.write().unwrap_or_else(PoisonError::into_inner);
        revoked.confirmed = age.map(|age| FeedConfirmation { at, age });
    }

    /// Keeps the old key set if the new one is unreadable: with no keys, all work would stop.
    pub(crate) fn replace_keys(&self, jwks: &str) {
        match self.keys.replace_key_set(jwks) {
            Ok(false) => {}
            Ok(true) => {
                self.lost_keys.fetch_add(1, Ordering::SeqCst);
                tracing::warn!("A token key was removed; open connections must authenticate again");
            }
            Err(error) => {
                tracing::error!(%error, "Could not use the new key set; keeping the old one");
            }
        }
    }

    /// Merges revocations; readmissions are among `people`.
    pub(crate) fn merge_revocations(&self, sessions: &[SessionId], people: &[RevocationStatus]) {
        let mut revoked = self.revoked.write().unwrap_or_else(PoisonError::into_inner);
        revoked.sessions.extend(sessions);
        for word in people {
            let known = revoked.people.entry(word.user).or_insert(*word);
            *known = known.merge_with(*word);
        }
    }

    pub(crate) fn merge_marks(&self, marks: &[ProviderVerification]) {
        let mut revoked = self.revoked.write().unwrap_or_else(PoisonError::into_inner);
        for word in marks {
            let known = revoked.marks.entry(word.user).or_insert(*word);
            *known = known.merge_with(*word);
        }
    }

    /// True if an admin has verified the token's owner, by the newer of token and feed.
    pub(crate) fn is_verified(&self, claims: &Claims) -> bool {
        let told = claims.provider_mark();
        let revoked = self.lock_revocations();
        revoked
            .marks
            .get(&claims.sub)
            .map_or(told, |known| known.merge_with(told))
            .verified
    }

    /// Forgets sessions whose tokens have all expired.
    pub(crate) fn forget_sessions(&self, sessions: &[SessionId]) {
        let mut revoked = self.revoked.write().unwrap_or_else(PoisonError::into_inner);
        revoked
            .sessions
            .retain(|session| !sessions.contains(session));
    }

    pub(crate) fn issue_nonce(&self) -> IssuedNonce {
        IssuedNonce {
            nonce: self.nonces.issue_nonce(self.clock.elapsed()),
            valid_for: NONCE_VALID,
        }
    }

    /// `None` for a token that is forged, for the cloud or for another region, and for a grant
    /// bound to another device. A genuine token that lacks its proof, has expired or is revoked
    /// keeps its claims and gets the refusal.
    pub(crate) fn check_token(
        &self,
        presented: &str,
        device: Option<&DeviceId>,
    ) -> Option<GenuineToken> {
        let presented = PresentedToken::parse(presented);
        let token = presented.token;
        let claims = self.keys.read(token).ok()?;
        if claims.audience() != Some(self.audience) {
            return None;
        }
        let bound = claims.device.as_ref();
        if bound.is_some() && device.is_some() && bound != device {
            return None;
        }
        // First: a sender without the key learns nothing more of the token.
        let refusal = self
            .find_proof_refusal(presented, &claims)
            .or_else(|| {
                self.lock_revocations()
                    .find_revocation(&AdmittedToken::from_claims(&claims, 0))
            })
            .or_else(|| self.find_expiry_refusal(token));
        Some(GenuineToken {
            claims,
            token: token.to_owned(),
            refusal,
        })
    }

    /// No receipt lifts this refusal: the holder of the key can always prove it.
    fn find_proof_refusal(&self, presented: PresentedToken<'_>, claims: &Claims) -> Option<Code> {
        let binding = claims.binding.as_ref()?;
        let now = self.clock.elapsed();
        let is_proven = self.nonces.is_proven(presented, &binding.key, now);
        (!is_proven).then_some(Code::ProofRequired)
    }

    /// States the refusal only: `judge_and_log_command` applies it to a new command, unless the
    /// command carries this edge's receipt.
    fn find_expiry_refusal(&self, token: &str) -> Option<Code> {
        match self.keys.verify(token, self.audience, self.clock.now()) {
            Ok(_) => None,
            Err(TokenError::Expired) => Some(Code::TokenExpired),
            Err(TokenError::Invalid | TokenError::Elsewhere) => Some(Code::InvalidToken),
        }
    }

    pub(crate) fn admit_token(
        &self,
        token: &str,
        device: Option<&DeviceId>,
    ) -> Result<Claims, Code> {
        let signed = self.check_token(token, device).ok_or(Code::InvalidToken)?;
        signed.refusal.map_or(Ok(signed.claims), Err)
    }

    pub(crate) fn admit_connection(
        &self,
        token: &str,
        device: Option<&DeviceId>,
    ) -> Result<(Claims, AdmittedToken), Code> {
        // Read first: a key removed in between ends the admission.
        let lost_keys = self.lost_keys.load(Ordering::SeqCst);
        let claims = self.admit_token(token, device)?;
        let admitted = AdmittedToken::from_claims(&claims, lost_keys);
        Ok((claims, admitted))
    }

    /// True until the token expires, its session or owner is revoked, or a key is removed.
    pub(crate) fn is_still_valid(&self, admitted: &AdmittedToken) -> bool {
        self.find_end(admitted).is_none()
    }

    pub(crate) fn find_end(&self, admitted: &AdmittedToken) -> Option<AdmissionEnd> {
        if let Some(code) = self.lock_revocations().find_revocation(admitted) {
            return Some(AdmissionEnd::Refused(code));
        }
        if self.clock.now() >= admitted.expires_at {
            return Some(AdmissionEnd::Refused(Code::TokenExpired));
        }
        let keys_lost = admitted.lost_keys != self.lost_keys.load(Ordering::SeqCst);
        keys_lost.then_some(AdmissionEnd::KeyRemoved)
    }

    fn lock_revocations(&self) -> RwLockReadGuard<'_, KnownRevocations> {
        self.revoked.read().unwrap_or_else(PoisonError::into_inner)
    }
}

impl AdmittedToken {
    fn from_claims(claims: &Claims, lost_keys: u64) -> Self {
        Self {
            user_id: claims.sub,
            session_id: claims.jti,
            kind: claims.kind,
            issued_at: claims.issued_at(),
            expires_at: claims.expires_at(),
            lost_keys,
        }
    }
}

impl KnownRevocations {
    /// A revoked person, a closed device and an ended sign-in have separate codes.
    fn find_revocation(&self, token: &AdmittedToken) -> Option<Code> {
        if self.is_person_revoked(token.user_id, token.issued_at) {
            return Some(Code::Revoked);
        }
        let code = match token.kind {
            TokenKind::DeviceGrant => Code::DeviceClosed,
            TokenKind::Access | TokenKind::Edge | TokenKind::Refresh => Code::SessionEnded,
        };
        self.sessions.contains(&token.session_id).then_some(code)
    }

    /// True if a token issued to this person at that time is dead, in any session.
    fn is_person_revoked(&self, user: UserId, issued: UnixMillis) -> bool {
        self.people
            .get(&user)
            .is_some_and(|known| known.refuses_token(issued))
    }
}

#[cfg(test)]
mod tests;
