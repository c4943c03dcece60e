//! Issues device grants: tokens for one region's edges, bound to one tablet and valid for days, so
//! that a provider keeps working while the cloud is unreachable.
//!
//! Invariants: only providers get grants; each grant is a separate session, ended like any other,
//! and edges learn of its end through the feed.

use std::num::NonZeroU32;

use process::{
    tokens::{Claims, TokenKind},
    trace::TraceId,
};
use serde::{Deserialize, Serialize};
use wire::{DeviceId, EdgeGrant, Region, Role, SessionId};

use crate::{
    errors::ServiceError,
    events,
    service::Service,
    store::{SessionEnding, SessionKind, UserSession},
};

/// The tablet that a grant is bound to, and the region of its edges.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tablet {
    pub region: Region,
    pub device: DeviceId,
}

/// Edges make no firm promises once their revocations are 72 hours old, and the hub keeps
/// revocations for 96.
const HOURS_MAX: NonZeroU32 = NonZeroU32::new(72).unwrap();

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "NonZeroU32")]
pub struct GrantHours(NonZeroU32);

impl GrantHours {
    pub fn to_seconds(self) -> i64 {
        i64::from(self.0.get()) * 3600
    }
}

impl Default for GrantHours {
    fn default() -> Self {
        Self(HOURS_MAX)
    }
}

impl TryFrom<NonZeroU32> for GrantHours {
    type Error = String;

    fn try_from(hours: NonZeroU32) -> Result<Self, String> {
        let fits = hours <= HOURS_MAX;
        fits.then_some(Self(hours))
            .ok_or_else(|| format!("a device grant must last at most {HOURS_MAX} hours"))
    }
}

impl Service {
    /// Issues a separate grant for a signed-in provider's tablet, or `None` if their session is not
    /// live.
    pub async fn issue_device_grant(
        &self,
        claims: &Claims,
        tablet: Tablet,
        trace: &TraceId,
    ) -> Result<Option<EdgeGrant>, ServiceError> {
        let Tablet { region, device } = tablet;
        let now = self.clock.now();
        let expires_in = self.grant_hours.to_seconds();
        let iat = (now.0 / 1000).max(claims.iat);
        let granted = self.with_current_mark(Claims {
            jti: SessionId(self.clock.new_id()),
            iat,
            exp: iat + expires_in,
            kind: TokenKind::DeviceGrant,
            device: Some(device),
            region: Some(region),
            ..claims.clone()
        });
        let granted = granted.await?;
        let session = UserSession::from_claims(&granted, SessionKind::DeviceGrant, now);
        self.store.add_session(&session).await?;
        // Check again after the insert: the session may have ended meanwhile, with all others of
        // the person.
        if !self.is_live(claims).await? {
            self.end_session(&granted, granted.jti, SessionEnding::Replaced, trace)
                .await?;
            return Ok(None);
        }
        self.end_replaced_grants(&granted, &session, trace).await?;
        let edge_token = self.signing.sign_claims(&granted);
        let user_id = claims.sub;
        let role = claims.role;
        Ok(Some(EdgeGrant {
            edge_token,
            region,
            expires_in,
            user_id,
            role,
            device: None,
        }))
    }

    /// Ends the grants that this one replaces.
    pub async fn end_replaced_grants(
        &self,
        claims: &Claims,
        session: &UserSession,
        trace: &TraceId,
    ) -> Result<(), ServiceError> {
        let now = self.clock.now();
        let ending = self.sessions.begin_revocation();
        let ended = self
            .store
            .end_replaced_grants(session, now, |ended| {
                events::build_session_revoked_event(
                    &self.clock,
                    trace,
                    claims.sub,
                    claims.role,
                    ended,
                )
            })
            .await?;
        tracing::info!(
            user.id = %claims.sub, session.id = %session.id, device = session.device.as_ref().map(DeviceId::as_str),
            ended = ended.len(), "Issued a device grant to a tablet"
        );
        self.blacklist_ended(ending, &ended, now).await;
        Ok(())
    }
}

/// Only providers work at a tablet for days.
pub fn can_hold_grant(role: Role) -> bool {
    role == Role::Provider
}
