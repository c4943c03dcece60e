//! Whose a command is: what the token says that it refers to, judged at the moment the edge took it.

use std::collections::{HashMap, HashSet};

use process::tokens::{Keys, TokenError};
use wire::CommandOp;

use crate::{
    domain::{
        batch::{Due, Judged},
        intake::Read,
    },
    feed,
    hub::Hub,
    store::{Claim, StoreError},
};

/// The tokens that a run refers to, and the keys they are checked with.
pub(super) struct Judge {
    tokens: HashMap<u64, String>,
    keys: Keys,
    /// Whether the keys were asked for after a token had been found to be none of theirs: before
    /// that, it may only name a key that is new.
    keys_are_fresh: bool,
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
        let mut judge = Self { tokens, keys: hub.keys.clone(), keys_are_fresh: false };
        if judge.doubts(run) {
            judge.keys_are_fresh = freshen(hub).await;
        }
        Ok(judge)
    }

    /// An op that refers to no token names nobody.
    pub fn judge(&self, op: &CommandOp) -> Judged {
        let Some(token) = self.tokens.get(&op.token_seq) else { return Judged::Known(None) };
        match self.keys.verify(token, op.received_at) {
            Ok(claims) => Judged::Known(Some(claims.actor())),
            Err(TokenError::Expired) => Judged::Known(None),
            Err(TokenError::Invalid) if self.keys_are_fresh => Judged::Known(None),
            Err(TokenError::Invalid) => Judged::NotYet,
        }
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
