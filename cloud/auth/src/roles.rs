//! Custom roles, and the roles of people. Admins create, change, remove and assign them, with an
//! audit record.
//!
//! Invariants: auth_db has a change before the answer leaves, and the cache is updated next; after
//! a role change, a person has no earlier sessions.

use process::{problem::format_error_chain, trace::TraceId};
use uuid::Uuid;
use wire::{Permission, Role, UserId};

use crate::{
    domain::{RoleDraft, RoleRefusal, check_permissions_held},
    errors::{AttemptError, RefusalReason, ServiceError},
    events,
    service::Service,
    store::{BATCH, OtherSessionsRevocation, RoleChangeAudit, SessionEnding},
};

impl RefusalReason for RoleRefusal {}

impl Service {
    /// Loads a person's permissions from auth_db and caches them for the gateways. Revoked people
    /// have no permissions.
    pub async fn load_permissions(&self, user: UserId) -> Result<Vec<Permission>, ServiceError> {
        let role = self
            .store
            .load_person_role(user)
            .await?
            .filter(|role| role.is_active);
        let held = role.map(|role| role.permissions).unwrap_or_default();
        if let Err(error) = platform::permissions::store_permissions(&self.cache, user, &held).await
        {
            tracing::warn!(
                error = format_error_chain(&error),
                "Could not store a person's permissions in the cache"
            );
        }
        Ok(held)
    }

    pub fn new_role_audit(&self, by: UserId, why: String) -> RoleChangeAudit {
        RoleChangeAudit {
            id: self.clock.new_id(),
            at: self.clock.now(),
            by,
            why,
        }
    }

    pub async fn make_role(
        &self,
        draft: &RoleDraft,
        audit: &RoleChangeAudit,
    ) -> Result<i64, AttemptError<RoleRefusal>> {
        let id = self.store.make_role(draft, audit).await?;
        tracing::info!(role.id = id, by = %audit.by, "Created a role");
        Ok(id)
    }

    pub async fn change_role(
        &self,
        id: i64,
        draft: &RoleDraft,
        audit: &RoleChangeAudit,
    ) -> Result<(), AttemptError<RoleRefusal>> {
        self.store.change_role(id, draft, audit).await?;
        tracing::info!(role.id = id, by = %audit.by, "Changed a role");
        self.evict_holders(id).await?;
        Ok(())
    }

    pub async fn remove_role(
        &self,
        id: i64,
        audit: &RoleChangeAudit,
    ) -> Result<(), AttemptError<RoleRefusal>> {
        self.store.remove_role(id, audit).await?;
        tracing::info!(role.id = id, by = %audit.by, "Removed a role");
        Ok(())
    }

    /// Assigns a role and ends all the person's sessions. Their sessions stay if they already have
    /// the role.
    pub async fn give_role(
        &self,
        user: UserId,
        id: i64,
        audit: &RoleChangeAudit,
        trace: &TraceId,
    ) -> Result<(), AttemptError<RoleRefusal>> {
        let Some(role) = self.store.load_role(user).await? else {
            return Err(RoleRefusal::Unknown.into());
        };
        let ending = OtherSessionsRevocation {
            user,
            except: None,
            at: audit.at,
            why: SessionEnding::RoleChanged,
        };
        let under_way = self.sessions.begin_revocation();
        let given = self
            .store
            .give_role(id, ending, audit, |session| {
                events::build_session_revoked_event(&self.clock, trace, user, role, session)
            })
            .await;
        let ended = match given {
            Ok(ended) => ended,
            Err(error) => {
                // After a fault, sessions may have ended.
                if let AttemptError::Refused(_) = error {
                    under_way.mark_reported();
                }
                return Err(error.into());
            }
        };
        tracing::info!(user.id = %user, role.id = id, by = %audit.by, ended = ended.len(), "Gave a person a role");
        self.evict_permissions(user).await;
        self.blacklist_ended(under_way, &ended, audit.at).await;
        Ok(())
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

    pub async fn evict_permissions(&self, user: UserId) {
        if let Err(error) = platform::permissions::forget_permissions(&self.cache, user).await {
            tracing::warn!(user.id = %user, error = format_error_chain(&error), "Could not clear a person's permissions from the cache; they expire there");
        }
    }

    async fn evict_holders(&self, id: i64) -> Result<(), ServiceError> {
        let mut after = UserId(Uuid::nil());
        loop {
            let part = self.store.list_role_holders(id, after).await?;
            for user in &part {
                self.evict_permissions(*user).await;
            }
            match part.last() {
                Some(last) if part.len() == BATCH => after = *last,
                _ => return Ok(()),
            }
        }
    }
}
