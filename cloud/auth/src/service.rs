//! The use cases of auth, between routes and tables. Refusals are values; faults are errors.

use axum::extract::FromRef;
use platform::{ClientAddress, cache::Cache};
use process::{
    clock::Clock,
    tokens::{Claims, TokenAudience, TokenKind, TokenVerifier},
    trace::TraceId,
};
use serde::Serialize;
use utoipa::ToSchema;
use wire::{EventType, GuessReport, ReadmissionEvent, Role, SessionId, UnixMillis, UserId};

use crate::{
    codes::PhoneCodes,
    domain::{NewAccount, Password, RoleRefusal, Username},
    entry::{CredentialRefusal, SignInAttempt, SignInOrigin},
    errors::{AttemptError, ServiceError},
    events,
    grants::{self, GrantHours, Tablet},
    issuers::Issuers,
    limits::AuthRateLimits,
    passwords::{HashLane, HashPermit, Passwords, is_our_hash},
    renewal::session_end,
    revocations::{CachedSession, SessionStatusCache},
    signing::SigningKeys,
    store::{
        Account, AddUserResult, CloseAccountResult, ClosureRecord, PlaceHash, SessionKind, Store,
        UserSession, VerifiedSignIn,
    },
};

pub const ACCESS_TOKEN_SECONDS: i64 = 3600;
const ISSUER: &str = "holdfast";

#[derive(Clone, FromRef)]
pub struct Service {
    pub store: Store,
    pub passwords: Passwords,
    pub limits: AuthRateLimits,
    pub signing: SigningKeys,
    pub issuers: Issuers,
    pub codes: PhoneCodes,
    pub grant_hours: GrantHours,
    pub addresses_trusted_before: UnixMillis,
    pub verifier: TokenVerifier,
    pub clock: Clock,
    pub cache: Cache,
    pub sessions: SessionStatusCache,
}

#[derive(Serialize, ToSchema)]
pub struct AccessGrant {
    /// Absent if only an edge token was requested.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub access_token: Option<String>,
    /// For `POST /api/v1/auth/refresh`. Present if requested.
    #[serde(skip_serializing_if = "Option::is_none")]
    refresh_token: Option<String>,
    /// For the edges of the requested region.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub edge_token: Option<String>,
    /// `Bearer`.
    token_type: &'static str,
    /// In seconds.
    expires_in: i64,
    user_id: UserId,
    /// The account's name, if the sign-in did not include it.
    #[serde(skip_serializing_if = "Option::is_none")]
    username: Option<String>,
    role: Role,
    #[serde(skip)]
    pub claims: Box<Claims>,
    /// Keep it secret, and send it with the next sign-in on this device. Present if `device` was
    /// sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    device: Option<String>,
    /// Wrong passwords tried since the previous sign-in.
    #[serde(skip_serializing_if = "Option::is_none")]
    wrong_passwords: Option<GuessReport>,
    /// Present if the password changed since the previous sign-in.
    #[serde(skip_serializing_if = "Option::is_none")]
    password_changed_at: Option<UnixMillis>,
}

impl AccessGrant {
    pub fn with_username(self, username: String) -> Self {
        Self {
            username: Some(username),
            ..self
        }
    }
}

impl Service {
    pub async fn sign_in(
        &self,
        attempt: SignInAttempt,
    ) -> Result<AccessGrant, AttemptError<CredentialRefusal>> {
        let SignInAttempt {
            from,
            typed_name,
            password,
            device,
            refresh,
            tablet,
            trace,
        } = attempt;
        let password = Password::new(password).ok();
        let Some(username) = Username::parse_typed(&typed_name) else {
            let lane = self.limits.choose_lane(from).await;
            self.passwords
                .acquire_permit(from, lane)
                .await?
                .verify(password, None)
                .await?;
            return Err(CredentialRefusal::Wrong.into());
        };
        let (entry, permit) = self.admit_attempt(&username, from, device).await?;
        let verified = self.verify_password(&permit, &username, password).await?;
        let Some(account) = verified else {
            self.record_failure(&entry).await?;
            return Err(CredentialRefusal::Wrong.into());
        };
        let begun = self
            .begin_session(&account, entry, refresh, tablet, &trace)
            .await?;
        Ok(begun.ok_or(CredentialRefusal::Wrong)?)
    }

    /// Returns the account with this name if the password is right, and replaces an imported hash
    /// with our own.
    pub async fn verify_password(
        &self,
        permit: &HashPermit,
        username: &Username,
        password: Option<Password>,
    ) -> Result<Option<Account>, ServiceError> {
        let account = self.store.find_account(username).await?;
        let hash = account
            .as_ref()
            .map(|account| account.password_hash.clone());
        let fits = permit.verify(password.clone(), hash).await?;
        let account = account.filter(|_| fits);
        if let (Some(account), Some(password)) = (&account, password)
            && !is_our_hash(&account.password_hash)
        {
            let new = permit.hash(password).await?;
            self.store
                .upgrade_hash(account.id, &account.password_hash, &new)
                .await?;
            tracing::info!(user.id = %account.id, "Replaced an imported password hash");
        }
        Ok(account)
    }

    pub async fn begin_session(
        &self,
        account: &Account,
        origin: SignInOrigin,
        refresh: bool,
        tablet: Option<Tablet>,
        trace: &TraceId,
    ) -> Result<Option<AccessGrant>, ServiceError> {
        let last = self.store.last_sign_in(account.id).await?;
        let wrong_passwords = self.report_wrong_guesses(last, &origin).await?;
        let changed_at = account.password_changed_at;
        let password_changed_at = changed_at.filter(|at| last.is_none_or(|last| last < *at));
        // After a readmission, tokens start at a whole second, possibly the next one.
        let created_at = self.clock.now().max(account.tokens_since);
        let claims = self.build_session_claims(account, created_at, tablet);
        let claims = self.with_current_mark(claims).await?;
        let session = build_session(&claims, created_at, refresh);
        let token = self.signing.sign_claims(&claims);
        let refresh_token = refresh.then(|| self.refresh_token(&claims, session.expires_at));
        let asked_at = self.clock.now();
        let sign_in = self.build_verified_sign_in(account, &origin);
        if !self.store.begin_session(&session, sign_in).await? {
            return Ok(None);
        }
        let is_grant = claims.kind == TokenKind::DeviceGrant;
        if is_grant {
            self.end_replaced_grants(&claims, &session, trace).await?;
        } else {
            self.sessions
                .cache_live_session(&claims, asked_at, session.expires_at)
                .await;
        }
        tracing::info!(user.id = %account.id, session.id = %session.id, "Signed in");
        let (access_token, edge_token) = if is_grant {
            (None, Some(token))
        } else {
            (Some(token), None)
        };
        Ok(Some(AccessGrant {
            access_token,
            refresh_token,
            edge_token,
            token_type: "Bearer",
            expires_in: claims.exp - claims.iat,
            user_id: account.id,
            username: None,
            role: account.role_id,
            claims: Box::new(claims),
            device: origin.device.map(|secret| secret.reveal().to_owned()),
            wrong_passwords,
            password_changed_at,
        }))
    }

    /// Builds the claims of a new session; a tablet of a provider gets a device grant.
    fn build_session_claims(
        &self,
        account: &Account,
        created_at: UnixMillis,
        tablet: Option<Tablet>,
    ) -> Claims {
        let issued = created_at.0 / 1000;
        let tablet = tablet.filter(|_| grants::can_hold_grant(account.role_id));
        let (kind, expires_in) = match tablet {
            Some(_) => (TokenKind::DeviceGrant, self.grant_hours.to_seconds()),
            None => (TokenKind::Access, ACCESS_TOKEN_SECONDS),
        };
        let (region, device) = tablet
            .map(|Tablet { region, device }| (region, device))
            .unzip();
        Claims {
            iss: ISSUER.to_owned(),
            sub: account.id,
            role: account.role_id,
            jti: SessionId(self.clock.new_id()),
            iat: issued,
            exp: issued + expires_in,
            kind,
            device,
            region,
            command: None,
            verified: false,
            mark_version: 0,
        }
    }

    fn build_verified_sign_in(&self, account: &Account, origin: &SignInOrigin) -> VerifiedSignIn {
        let device = origin.device.as_ref();
        VerifiedSignIn {
            role: account.role_id,
            password_of: account.password_changed_at,
            name: origin.name,
            place: origin.place,
            device: device.map(|secret| (self.clock.new_id(), PlaceHash::from_device(secret))),
            identity: origin.identity,
        }
    }

    /// Returns the claims with the owner's current verification mark; only providers have one.
    pub async fn with_current_mark(&self, claims: Claims) -> Result<Claims, ServiceError> {
        let mark = match claims.role {
            Role::Provider => self.store.load_provider_mark(claims.sub).await?,
            Role::Customer | Role::Admin => None,
        };
        Ok(claims.with_provider_mark(mark))
    }

    /// Returns true if a verified token's session is not revoked, and its account is open and has
    /// the role in the token.
    pub async fn is_live(&self, claims: &Claims) -> Result<bool, ServiceError> {
        Ok(self.live_session_end(claims).await?.is_some())
    }

    /// Returns the session's expiry, or `None` if it is not live.
    pub async fn live_session_end(
        &self,
        claims: &Claims,
    ) -> Result<Option<UnixMillis>, ServiceError> {
        let state = self
            .store
            .session_state(claims.jti, self.clock.now())
            .await?;
        let live = state
            .filter(|state| state.live && state.user_id == claims.sub && state.role == claims.role);
        Ok(live.map(|state| state.expires_at))
    }

    /// Returns the claims of a cloud token if its signature, expiry and session are valid.
    pub async fn verify_live_token(&self, token: &str) -> Result<Option<Claims>, ServiceError> {
        match self
            .verifier
            .keys
            .verify(token, TokenAudience::Cloud, self.clock.now())
        {
            Ok(claims) if self.is_live(&claims).await? => Ok(Some(claims)),
            _ => Ok(None),
        }
    }

    /// Like [`Self::verify_live_token`], for read-only callers: uses the cache if it has the session.
    pub async fn verify_token_cached(&self, token: &str) -> Result<Option<Claims>, ServiceError> {
        let asked_at = self.clock.now();
        let verified = self
            .verifier
            .keys
            .verify(token, TokenAudience::Cloud, asked_at);
        let Ok(claims) = verified else {
            return Ok(None);
        };
        let kept = match self.sessions.lookup_session(&claims).await {
            CachedSession::Stands => return Ok(Some(claims)),
            CachedSession::Over => return Ok(None),
            CachedSession::Unknown { kept } => kept,
        };
        let Some(ends_at) = self.live_session_end(&claims).await? else {
            return Ok(None);
        };
        if kept {
            self.sessions
                .cache_live_session(&claims, asked_at, ends_at)
                .await;
        }
        Ok(Some(claims))
    }

    /// Closes a person's account and ends its sessions. Returns the person's role. On return the
    /// account is closed in auth_db; the feed informs the edges.
    pub async fn revoke_person(
        &self,
        user: UserId,
        by: UserId,
        why: String,
        trace: &TraceId,
    ) -> Result<Role, AttemptError<RoleRefusal>> {
        let Some(role) = self.store.load_role(user).await? else {
            return Err(RoleRefusal::Unknown.into());
        };
        let record = ClosureRecord {
            at: self.clock.now(),
            by,
            why,
        };
        let ending = self.sessions.begin_revocation();
        let closed = self
            .store
            .close_account(user, &record, |at| {
                events::build_closed_event(&self.clock, trace, user, role, at)
            })
            .await?;
        let decided = match closed {
            CloseAccountResult::Closed => {
                tracing::info!(user.id = %user, by = %by, "Closed an account");
                self.evict_permissions(user).await;
                self.sessions.refill_blacklist().await;
                Ok(role)
            }
            CloseAccountResult::ClosedBefore => Ok(role),
            CloseAccountResult::Refused(refused) => Err(refused),
        };
        ending.mark_reported();
        Ok(decided?)
    }

    /// Reopens the account of a revoked person. Earlier tokens stay invalid: their sessions have
    /// ended, and edges receive the time from which tokens are valid. Returns the role and that
    /// time, or `None` if the person does not exist.
    pub async fn readmit_person(
        &self,
        user: UserId,
        by: UserId,
        why: String,
        trace: &TraceId,
    ) -> Result<Option<(Role, UnixMillis)>, ServiceError> {
        let Some((role, _)) = self.store.load_tokens_since(user).await? else {
            return Ok(None);
        };
        let id = self.clock.new_id();
        let record = ClosureRecord {
            at: self.clock.now(),
            by,
            why,
        };
        let is_readmitted = self
            .store
            .readmit_user(id, user, &record, |tokens_since| {
                let body = ReadmissionEvent {
                    user_id: user,
                    role,
                    tokens_since,
                };
                events::build_readmitted_event(&self.clock, trace, &body)
            })
            .await?;
        if is_readmitted {
            tracing::info!(user.id = %user, by = %by, "Readmitted a revoked person");
        }
        Ok(self.store.load_tokens_since(user).await?)
    }
}

/// With a refresh token, the session outlasts its access token.
fn build_session(claims: &Claims, created_at: UnixMillis, refresh: bool) -> UserSession {
    let kind = if claims.kind == TokenKind::DeviceGrant {
        SessionKind::DeviceGrant
    } else {
        SessionKind::Access
    };
    let mut session = UserSession::from_claims(claims, kind, created_at);
    if refresh {
        session.expires_at = session_end(created_at);
    }
    session
}

/// Creates an account and its event. Returns `None` if the name is taken. If another account has
/// the address, neither the answer nor its timing changes: the owner gets a mail. The hash is
/// computed before the transaction begins.
pub async fn register_account(
    store: &Store,
    passwords: &Passwords,
    clock: &Clock,
    from: ClientAddress,
    new: NewAccount,
    trace: &TraceId,
) -> Result<Option<UserId>, ServiceError> {
    let permit = passwords.acquire_permit(from, HashLane::Usual).await?;
    let password_hash = permit.hash(new.password).await?;
    drop(permit);
    let user_id = UserId(clock.new_id());
    let role = new.role;
    let account = Account {
        id: user_id,
        role_id: role,
        password_hash,
        password_changed_at: None,
        tokens_since: UnixMillis(0),
    };
    let event =
        events::build_user_event(EventType::UserRegistered, clock, trace, user_id, role, None)?;
    let added = store
        .add_user(&account, &new.username, &new.email, clock.now(), &event)
        .await?;
    match added {
        AddUserResult::NameTaken => return Ok(None),
        AddUserResult::Made | AddUserResult::MadeWithoutAddress => {}
    }
    tracing::info!(user.id = %user_id, role = role.as_str(), "Registered");
    Ok(Some(user_id))
}
