//! What auth does, between its routes and its tables. A refusal is a value; an error is a fault.

use axum::extract::FromRef;
use platform::cache::Cache;
use process::{
    clock::Clock,
    tokens::{Claims, Signer, TokenKind, Verifier},
    trace::TraceId,
};
use wire::{Role, SessionId, UnixMillis, UserId};

use crate::{
    domain::{Lockout, NewAccount, Password, Username},
    events,
    passwords::{PasswordError, Passwords, Seat},
    revocations,
    store::{Account, Added, Closing, NameHash, Session, SessionKind, Store, StoreError},
};

pub const ACCESS_TOKEN_SECONDS: i64 = 3600;
pub const ISSUER: &str = "holdfast";

#[derive(Clone, FromRef)]
pub struct Service {
    pub store: Store,
    pub passwords: Passwords,
    pub signer: Signer,
    pub verifier: Verifier,
    pub clock: Clock,
    pub cache: Cache,
}

#[derive(Debug, thiserror::Error)]
pub enum ServiceError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Password(#[from] PasswordError),
}

pub enum SignIn {
    Done(SignedIn),
    /// The name or the password is wrong; which of them is not told.
    Wrong,
    Locked(UnixMillis),
}

pub struct SignedIn {
    pub token: String,
    pub user_id: UserId,
    pub role: Role,
}

impl Service {
    pub async fn register(
        &self,
        new: NewAccount,
        trace: &TraceId,
    ) -> Result<(UserId, Added), ServiceError> {
        register(&self.store, &self.passwords, &self.clock, new, trace).await
    }

    /// The lock is looked at, and a wrong password counted, while holding the seat: guesses that
    /// arrive together pass the limit by no more than the number of seats.
    pub async fn sign_in(
        &self,
        typed_name: &str,
        password: String,
    ) -> Result<SignIn, ServiceError> {
        let password = Password::new(password).ok();
        let seat = self.passwords.seat().await?;
        let Some(username) = Username::typed(typed_name) else {
            seat.verify(password, None).await?;
            return Ok(SignIn::Wrong);
        };
        let (name, now) = (NameHash::of(&username), self.clock.now());
        let failures = self.store.failures(name, Lockout::horizon(now)).await?;
        if let Lockout::Until(until) = Lockout::judge(&failures, now) {
            return Ok(SignIn::Locked(until));
        }
        match self.verified(&seat, &username, password).await? {
            Some(account) => match self.begin_session(&account, name).await? {
                Some(signed_in) => Ok(SignIn::Done(signed_in)),
                None => Ok(SignIn::Wrong),
            },
            None => {
                self.store.add_failure(self.clock.new_id(), name, now).await?;
                Ok(SignIn::Wrong)
            }
        }
    }

    async fn verified(
        &self,
        seat: &Seat,
        username: &Username,
        password: Option<Password>,
    ) -> Result<Option<Account>, ServiceError> {
        let account = self.store.account(username).await?;
        let hash = account.as_ref().map(|account| account.password_hash.clone());
        let fits = seat.verify(password, hash).await?;
        Ok(account.filter(|_| fits))
    }

    async fn begin_session(
        &self,
        account: &Account,
        name: NameHash,
    ) -> Result<Option<SignedIn>, ServiceError> {
        let created_at = self.clock.now();
        let issued = created_at.0 / 1000;
        let claims = Claims {
            iss: ISSUER.to_owned(),
            sub: account.user_id,
            role: account.role,
            jti: SessionId(self.clock.new_id()),
            iat: issued,
            exp: issued + ACCESS_TOKEN_SECONDS,
            kind: TokenKind::Access,
            device: None,
        };
        let session = Session {
            id: claims.jti,
            kind: SessionKind::Access,
            created_at,
            expires_at: UnixMillis(claims.exp * 1000),
        };
        let token = self.signer.sign(&claims);
        if !self.store.begin_session(&session, account.user_id, name).await? {
            return Ok(None);
        }
        tracing::info!(user.id = %account.user_id, session.id = %session.id, "Signed in");
        Ok(Some(SignedIn { token, user_id: account.user_id, role: account.role }))
    }

    /// Whether the session of a verified token still stands: not revoked, the account open, the role
    /// still the one in the token.
    pub async fn is_live(&self, claims: &Claims) -> Result<bool, ServiceError> {
        let standing = self.store.standing(claims.jti, self.clock.now()).await?;
        Ok(standing.is_some_and(|standing| {
            standing.live && standing.user_id == claims.sub && standing.role == claims.role
        }))
    }

    /// The token's signature, time and session, all checked.
    pub async fn live_claims(&self, token: &str) -> Result<Option<Claims>, ServiceError> {
        match self.verifier.keys.verify(token, self.clock.now()) {
            Ok(claims) if self.is_live(&claims).await? => Ok(Some(claims)),
            _ => Ok(None),
        }
    }

    /// Ends a session for good. Once this returns, auth_db knows; the cache is told next, and should
    /// it miss that, the refill tells it again.
    pub async fn sign_out(&self, claims: &Claims, trace: &TraceId) -> Result<(), ServiceError> {
        let event =
            events::session_revoked(&self.clock, trace, claims.sub, claims.role, claims.jti);
        let now = self.clock.now();
        if self.store.revoke(claims.jti, now, &event).await? {
            tracing::info!(user.id = %claims.sub, session.id = %claims.jti, "Signed out");
        }
        revocations::tell(&self.cache, claims.jti, UnixMillis(claims.exp * 1000), now).await;
        Ok(())
    }

    /// Closes a person's account for good and ends every session of it. The role they had, or `None`
    /// for somebody there is not. Once this returns, auth_db knows; edges hear of it by the feed.
    pub async fn revoke(
        &self,
        user: UserId,
        by: UserId,
        why: String,
        trace: &TraceId,
    ) -> Result<Option<Role>, ServiceError> {
        let Some(role) = self.store.role(user).await? else { return Ok(None) };
        let event = events::user_revoked(&self.clock, trace, user, role);
        let record = Closing { at: self.clock.now(), by, why };
        if self.store.close_account(user, &record, &event).await? {
            tracing::info!(user.id = %user, by = %by, "An account was closed");
            revocations::fill(&self.store, &self.cache, &self.clock).await;
        }
        Ok(Some(role))
    }
}

/// Makes an account and tells of it. The hash is made before the transaction opens.
pub async fn register(
    store: &Store,
    passwords: &Passwords,
    clock: &Clock,
    new: NewAccount,
    trace: &TraceId,
) -> Result<(UserId, Added), ServiceError> {
    let seat = passwords.seat().await?;
    let password_hash = seat.hash(new.password).await?;
    drop(seat);
    let account = Account { user_id: UserId(clock.new_id()), role: new.role, password_hash };
    let event = events::user_registered(clock, trace, account.user_id, account.role);
    let added = store.add_user(&account, &new.username, &new.email, clock.now(), &event).await?;
    if added == Added::Yes {
        tracing::info!(user.id = %account.user_id, role = account.role.as_str(), "Registered");
    }
    Ok((account.user_id, added))
}
