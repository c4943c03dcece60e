//! Shared by all use cases of auth: the stores and clients, the caller and their session, the
//! permissions of admins, and the events of sessions.
//!
//! Invariant: auth_db has recorded the end of a session before the answer leaves. The cache is
//! updated next, and a refill repairs it after a failure; edges learn of the end through the feed.

use std::sync::Arc;

use axum::{
    extract::{FromRef, FromRequestParts},
    http::{HeaderMap, request::Parts},
};
use platform::cache::Cache;
use process::{
    clock::Clock,
    openapi::RouteInput,
    problem::{Problem, format_error_chain},
    routes::{Audience, PermissionRule, RouteGuard},
    tokens::{Caller, Claims, TokenAudience, TokenVerifier},
    trace::TraceId,
};
use wire::{Code, Event, EventType, Permission, Role, SessionId, UnixMillis, UserEvent, UserId};

use crate::{
    config::GrantHours,
    domain::{RoleRefusal, SecondFactorPolicy, check_permissions_held},
    errors::{AttemptError, ServiceError},
    limits::AuthRateLimits,
    lookups::Lookups,
    oidc::Issuers,
    open_matters::OpenMatters,
    passwords::Passwords,
    phone_codes::PhoneCodes,
    session_cache::{PendingRevocation, SessionStatusCache},
    signing::SigningKeys,
    store::{NameHash, SessionEnding, Store},
    webauthn::RelyingParty,
};

pub(crate) const ACCESS_TOKEN_SECONDS: i64 = 3600;

#[derive(Clone, FromRef)]
pub struct Service {
    pub store: Store,
    pub passwords: Passwords,
    pub limits: AuthRateLimits,
    pub signing: SigningKeys,
    pub issuers: Issuers,
    pub codes: PhoneCodes,
    /// Of people who forgot their password.
    pub lookups: Lookups,
    pub grant_hours: GrantHours,
    /// The accounts that are kiosks, by name.
    pub kiosks: Arc<[NameHash]>,
    pub second_factor: SecondFactorPolicy,
    pub passkey_site: RelyingParty,
    pub addresses_trusted_before: UnixMillis,
    pub deletion_days: u32,
    pub open_matters: OpenMatters,
    pub verifier: TokenVerifier,
    pub clock: Clock,
    pub cache: Cache,
    pub sessions: SessionStatusCache,
}

impl Service {
    /// Returns true if a verified token's session is not revoked, and its account is open and has
    /// the role in the token.
    pub async fn is_live(&self, claims: &Claims) -> Result<bool, ServiceError> {
        Ok(self.live_session_end(claims).await?.is_some())
    }

    /// Returns the session's expiry, or `None` if it is not live. A session from before the policy
    /// is not live while its owner lacks a second factor that the policy requires.
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
        if live.is_some() && self.lacks_required_factor(claims.sub, claims.role).await? {
            return Ok(None);
        }
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

    /// Returns the claims with the owner's current verification mark; only providers have one.
    pub async fn with_current_mark(&self, claims: Claims) -> Result<Claims, ServiceError> {
        let mark = match claims.role {
            Role::Provider => self.store.load_provider_mark(claims.sub).await?,
            Role::Customer | Role::Admin => None,
        };
        Ok(claims.with_provider_mark(mark))
    }

    /// `owner` holds claims of the session's owner.
    pub async fn end_session(
        &self,
        owner: &Claims,
        session: SessionId,
        why: SessionEnding,
        trace: &TraceId,
    ) -> Result<(), ServiceError> {
        let now = self.clock.now();
        let kind = EventType::SessionRevoked;
        let user = owner.sub;
        let role = owner.role;
        let event = build_user_event(kind, &self.clock, trace, user, role, Some(session))?;
        let ending = self.sessions.begin_revocation();
        if self.store.revoke_session(session, now, why, &event).await? {
            let why = why.as_str();
            tracing::info!(user.id = %user, session.id = %session, why, "Ended a session");
        }
        self.blacklist_ended(ending, &[session], now).await;
        Ok(())
    }

    pub async fn blacklist_ended(
        &self,
        ending: PendingRevocation,
        ended: &[SessionId],
        now: UnixMillis,
    ) {
        // A newer token of the session may still be in transit to its holder.
        let until = now.plus_ms(ACCESS_TOKEN_SECONDS * 1000);
        for session in ended {
            self.sessions.blacklist_session(*session, until, now).await;
        }
        ending.mark_reported();
    }

    /// Refuses an admin who lacks one of the person's permissions, so that they cannot lock out
    /// people with more permissions.
    pub async fn check_may_administer(
        &self,
        by: UserId,
        user: UserId,
    ) -> Result<(), AttemptError<RoleRefusal>> {
        let own = self.store.load_person_role(by).await?;
        let theirs = self.store.load_person_role(user).await?;
        let own = own.map(|role| role.permissions).unwrap_or_default();
        let theirs = theirs.filter(|theirs| theirs.role.base_id == Role::Admin);
        let theirs = theirs.map(|role| role.permissions).unwrap_or_default();
        Ok(check_permissions_held(&own, &theirs)?)
    }

    /// Verifies a request's access token, and that its session has not ended.
    async fn verify_live_caller(&self, headers: &HeaderMap) -> Result<Caller, Problem> {
        let caller = self.verifier.verify_caller(headers)?;
        require_live_session(self.clone(), caller.claims.clone()).await?;
        Ok(caller)
    }

    /// Refuses an admin whose current role in auth_db lacks the permissions. The roles of other
    /// people are fixed.
    async fn check_permissions(
        &self,
        caller: &Caller,
        permission: PermissionRule,
    ) -> Result<(), Problem> {
        let role = caller.actor.role;
        if role != Role::Admin || permission == PermissionRule::Nothing {
            return Ok(());
        }
        let held = self
            .store
            .load_person_role(caller.actor.user_id)
            .await
            .map_err(ServiceError::from)?;
        let held = held.map(|role| role.permissions).unwrap_or_default();
        permission.check_permissions(role, &held)
    }

    pub async fn evict_permissions(&self, user: UserId) {
        if let Err(error) = platform::sessions::forget_permissions(&self.cache, user).await {
            tracing::warn!(user.id = %user, error = format_error_chain(&error), "Could not clear a person's permissions from the cache; they expire there");
        }
    }
}

/// A caller with a live session according to auth_db.
pub(crate) struct LiveCaller(pub Caller);

impl RouteInput for LiveCaller {}

impl FromRequestParts<Service> for LiveCaller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, service: &Service) -> Result<Self, Problem> {
        // The guard of the route has checked the session.
        if let Some(caller) = Caller::find_admitted(parts) {
            return Ok(Self(caller));
        }
        let caller = service.verify_live_caller(&parts.headers).await?;
        Ok(Self(caller))
    }
}

impl RouteGuard for Service {
    fn verifier(&self) -> &TokenVerifier {
        &self.verifier
    }

    /// Checks the session, and an admin's permissions, in auth_db.
    async fn admit_caller(
        &self,
        audience: Audience,
        permission: PermissionRule,
        headers: &HeaderMap,
    ) -> Result<Caller, Problem> {
        let caller = self.verify_live_caller(headers).await?;
        audience.check_role(caller.actor.role)?;
        self.check_permissions(&caller, permission).await?;
        Ok(caller)
    }
}

pub(crate) async fn require_live_session(service: Service, claims: Claims) -> Result<(), Problem> {
    let live = service.is_live(&claims).await?;
    live.then_some(())
        .ok_or_else(|| Problem::new(Code::InvalidToken))
}

fn to_missing_permission(permission: Permission) -> Problem {
    Problem::new(Code::PermissionMissing).with_member("permission", permission)
}

/// Turns a refusal into the answer to the caller.
pub(crate) trait IntoProblem {
    fn into_problem(self, service: &Service) -> Problem;
}

impl<R: IntoProblem, E> IntoProblem for AttemptError<R, E>
where
    Problem: From<E>,
{
    fn into_problem(self, service: &Service) -> Problem {
        match self {
            Self::Refused(refusal) => refusal.into_problem(service),
            Self::Failed(fault) => fault.into(),
        }
    }
}

impl IntoProblem for RoleRefusal {
    fn into_problem(self, _: &Service) -> Problem {
        match self {
            Self::Beyond(permission) => to_missing_permission(permission),
            Self::Unknown => Code::NotFound.into(),
            Self::BuiltIn => Code::RoleBuiltIn.into(),
            Self::NameTaken => Code::RoleExists.into(),
            Self::InUse => Code::RoleInUse.into(),
            Self::TooMany => Code::TooManyRoles.into(),
            Self::Fixed => Code::RoleFixed.into(),
        }
    }
}

pub(crate) fn build_user_event(
    kind: EventType,
    clock: &Clock,
    trace: &TraceId,
    user_id: UserId,
    role: Role,
    session_id: Option<SessionId>,
) -> Result<Event, serde_json::Error> {
    let body = UserEvent {
        user_id,
        role,
        session_id,
    };
    Event::new(
        clock.new_id().into(),
        kind,
        clock.now(),
        trace.as_str(),
        &body,
    )
}

pub(crate) fn build_session_revoked_event(
    clock: &Clock,
    trace: &TraceId,
    user_id: UserId,
    role: Role,
    session: SessionId,
) -> Result<Event, serde_json::Error> {
    let kind = EventType::SessionRevoked;
    build_user_event(kind, clock, trace, user_id, role, Some(session))
}
