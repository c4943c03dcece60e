//! Ends sessions: by sign-out, by their owner from elsewhere, by an admin, or on reuse of a refresh
//! token.
//!
//! Invariant: auth_db has recorded an end before the answer leaves. The cache is updated next, and
//! a refill repairs it after a failure; edges learn of the end through the feed.

use process::{tokens::Claims, trace::TraceId};
use wire::{EventType, SessionId, UnixMillis, UserId};

use crate::{
    errors::ServiceError,
    events,
    revocations::PendingRevocation,
    service::{ACCESS_TOKEN_SECONDS, Service},
    store::{OtherSessionsRevocation, SessionEnding},
};

impl Service {
    pub async fn sign_out(&self, claims: &Claims, trace: &TraceId) -> Result<(), ServiceError> {
        self.end_session(claims, claims.jti, SessionEnding::SignedOut, trace)
            .await
    }

    /// Ends one of the caller's sessions. Returns false if it is not live or not theirs.
    pub async fn end_own_session(
        &self,
        claims: &Claims,
        session: SessionId,
        trace: &TraceId,
    ) -> Result<bool, ServiceError> {
        let state = self.store.session_state(session, self.clock.now()).await?;
        let is_own = state.is_some_and(|state| state.live && state.user_id == claims.sub);
        if is_own {
            self.end_session(claims, session, SessionEnding::ByOwner, trace)
                .await?;
        }
        Ok(is_own)
    }

    /// Ends a session of the given person. Returns false if it is not live or not theirs.
    pub async fn end_session_by_admin(
        &self,
        by: UserId,
        user: UserId,
        session: SessionId,
        trace: &TraceId,
    ) -> Result<bool, ServiceError> {
        let now = self.clock.now();
        let state = self.store.session_state(session, now).await?;
        let Some(state) = state.filter(|state| state.live && state.user_id == user) else {
            return Ok(false);
        };
        let kind = EventType::SessionRevoked;
        let event =
            events::build_user_event(kind, &self.clock, trace, user, state.role, Some(session))?;
        let ending = self.sessions.begin_revocation();
        if self.store.revoke_by_admin(session, by, now, &event).await? {
            tracing::info!(user.id = %user, session.id = %session, by = %by, "An admin ended a session");
        }
        self.blacklist_ended(ending, &[session], now).await;
        Ok(true)
    }

    /// Ends all of the person's sessions except the caller's. Returns the number it ended.
    pub async fn end_other_sessions(
        &self,
        claims: &Claims,
        trace: &TraceId,
    ) -> Result<usize, ServiceError> {
        let at = self.clock.now();
        let why = SessionEnding::ByOwner;
        let ending = OtherSessionsRevocation {
            user: claims.sub,
            except: Some(claims.jti),
            at,
            why,
        };
        let under_way = self.sessions.begin_revocation();
        let ended = self
            .store
            .revoke_others(ending, |session| {
                events::build_session_revoked_event(
                    &self.clock,
                    trace,
                    claims.sub,
                    claims.role,
                    session,
                )
            })
            .await?;
        tracing::info!(user.id = %claims.sub, ended = ended.len(), "A person ended their other sessions");
        self.blacklist_ended(under_way, &ended, at).await;
        Ok(ended.len())
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
        let event = events::build_user_event(kind, &self.clock, trace, user, role, Some(session))?;
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
}
