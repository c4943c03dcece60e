//! Whose a command is: what the token says that it refers to, judged at the moment the edge took it.

use std::collections::{HashMap, HashSet};

use process::tokens::{Claims, Keys, TokenError};
use uuid::Uuid;
use wire::{CommandOp, UnixMillis};

use crate::{
    domain::{
        batch::{Due, Judged, Person},
        intake::Read,
    },
    feed,
    hub::Hub,
    store::{Claim, Revocations, StoreError},
};

/// At the beginning of time no token has expired.
const BEFORE_ANY_END: UnixMillis = UnixMillis(0);

/// The tokens that a run refers to, and the keys they are checked with.
pub(super) struct Judge {
    tokens: HashMap<u64, String>,
    keys: Keys,
    /// Whether the keys were asked for after a token had been found to be none of theirs: before
    /// that, it may only name a key that is new.
    keys_are_fresh: bool,
    /// What the region's feed tells of the sessions and people that these tokens name.
    revocations: Revocations,
}

impl Judge {
    pub async fn of(hub: &Hub, claim: &Claim, run: &[Due]) -> Result<Self, StoreError> {
        let mut tokens = HashMap::new();
        let mut elsewhere = HashSet::new();
        for due in run {
            match &due.read {
                Read::Token { token } => {
                    tokens.insert(due.seq, token.clone());
                }
                Read::Command(op) if !tokens.contains_key(&op.token_seq) => {
                    elsewhere.insert(op.token_seq);
                }
                _ => {}
            }
        }
        let elsewhere: Vec<u64> = elsewhere.into_iter().collect();
        tokens.extend(hub.store.tokens(claim, &elsewhere).await?);
        let (keys, revocations) = (hub.keys.clone(), Revocations::default());
        let mut judge = Self { tokens, keys, keys_are_fresh: false, revocations };
        if judge.doubts(run) {
            judge.keys_are_fresh = freshen(hub).await;
        }
        judge.revocations = hub.store.revocations(claim.region, &judge.named()).await?;
        Ok(judge)
    }

    /// An op that refers to no token names nobody.
    pub fn judge(&self, op: &CommandOp) -> Judged {
        let Some(token) = self.tokens.get(&op.token_seq) else { return Judged::Known(None) };
        match self.keys.verify(token, op.received_at) {
            Ok(claims) => Judged::Known(Some(Person {
                actor: claims.actor(),
                revoked_version: self.revoked_version(&claims, op.received_at),
            })),
            // The edge took it before, and had checked the token then: a receipt says so, and not when.
            Err(TokenError::Expired) if op.relogged.is_some() => Judged::Known(self.then(token)),
            Err(TokenError::Expired) => Judged::Known(None),
            Err(TokenError::Invalid) if self.keys_are_fresh => Judged::Known(None),
            Err(TokenError::Invalid) => Judged::NotYet,
        }
    }

    /// Whoever the token named while it was valid. Their session may have ended since, and they may not
    /// be revoked.
    fn then(&self, token: &str) -> Option<Person> {
        let claims = self.keys.verify(token, BEFORE_ANY_END).ok()?;
        let revoked = self.revocations.get(&claims.sub.0);
        let revoked_version = revoked.map(|revocation| revocation.version);
        Some(Person { actor: claims.actor(), revoked_version })
    }

    /// A person is revoked whatever happened when; a session ends, and what the edge took from it before
    /// that stands, as it does with a token that runs out.
    fn revoked_version(&self, claims: &Claims, received_at: UnixMillis) -> Option<u64> {
        let user = self.revocations.get(&claims.sub.0);
        let session = self.revocations.get(&claims.jti.0);
        let session = session.filter(|revocation| revocation.at <= received_at);
        user.or(session).map(|revocation| revocation.version)
    }

    /// The sessions and people of the tokens.
    fn named(&self) -> Vec<Uuid> {
        let claims = self.tokens.values().filter_map(|t| self.keys.verify(t, BEFORE_ANY_END).ok());
        let named: HashSet<Uuid> = claims.flat_map(|claims| [claims.sub.0, claims.jti.0]).collect();
        named.into_iter().collect()
    }

    fn doubts(&self, run: &[Due]) -> bool {
        run.iter().any(|due| match &due.read {
            Read::Command(op) => self.judge(op) == Judged::NotYet,
            _ => false,
        })
    }
}

async fn freshen(hub: &Hub) -> bool {
    match feed::refresh_keys(hub).await {
        Ok(()) => true,
        Err(error) => {
            tracing::warn!(%error, "Ops wait for the keys their tokens are checked with");
            false
        }
    }
}
