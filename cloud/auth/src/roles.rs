//! Custom roles, and the roles of people. Admins create, change, remove and assign them, with an
//! audit record.
//!
//! Invariants: auth_db has a change before the answer leaves, and the cache is updated next; after
//! a role change, a person has no earlier sessions.

use process::{problem::format_error_chain, trace::TraceId};
use uuid::Uuid;
use wire::{EventType, Permission, Role, UserId};

use crate::{
    domain::{RoleDraft, RoleRefusal, check_permissions_held},
    events,
    service::{Service, ServiceError},
    store::{BATCH, OtherSessionsRevocation, RoleChangeAudit, SessionEnding},
};

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
                "The cache missed somebody's permissions"
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
        order: &RoleChangeAudit,
    ) -> Result<Result<i64, RoleRefusal>, ServiceError> {
        let made = self.store.make_role(draft, order).await?;
        if let Ok(id) = made {
            tracing::info!(role.id = id, by = %order.by, "A role was made");
        }
        Ok(made)
    }

    pub async fn change_role(
        &self,
        id: i64,
        draft: &RoleDraft,
        order: &RoleChangeAudit,
    ) -> Result<Result<(), RoleRefusal>, ServiceError> {
        let changed = self.store.change_role(id, draft, order).await?;
        if changed.is_ok() {
            tracing::info!(role.id = id, by = %order.by, "A role was changed");
            self.evict_holders(id).await?;
        }
        Ok(changed)
    }

    pub async fn remove_role(
        &self,
        id: i64,
        order: &RoleChangeAudit,
    ) -> Result<Result<(), RoleRefusal>, ServiceError> {
        let removed = self.store.remove_role(id, order).await?;
        if removed.is_ok() {
            tracing::info!(role.id = id, by = %order.by, "A role was removed");
        }
        Ok(removed)
    }

    /// Assigns a role and ends all the person's sessions. Their sessions stay if they already have
    /// the role.
    pub async fn give_role(
        &self,
        user: UserId,
        id: i64,
        order: &RoleChangeAudit,
        trace: &TraceId,
    ) -> Result<Result<(), RoleRefusal>, ServiceError> {
        let Some(role) = self.store.load_role(user).await? else {
            return Ok(Err(RoleRefusal::Unknown));
        };
        let ending = OtherSessionsRevocation {
            user,
            except: None,
            at: order.at,
            why: SessionEnding::RoleChanged,
        };
        let event_of = |session| {
            let kind = EventType::SessionRevoked;
            events::build_user_event(kind, &self.clock, trace, user, role, Some(session))
        };
        let under_way = self.sessions.begin_revocation();
        let ended = match self.store.give_role(id, ending, order, event_of).await? {
            Ok(ended) => ended,
            Err(refused) => {
                under_way.mark_reported();
                return Ok(Err(refused));
            }
        };
        tracing::info!(user.id = %user, role.id = id, by = %order.by, ended = ended.len(), "Gave a person a role");
        self.evict_permissions(user).await;
        self.blacklist_ended(under_way, &ended, order.at).await;
        Ok(Ok(()))
    }

    /// Refuses an admin who lacks one of the person's permissions, so that they cannot lock out
    /// people with more permissions.
    pub async fn check_may_administer(
        &self,
        by: UserId,
        user: UserId,
    ) -> Result<Result<(), RoleRefusal>, ServiceError> {
        let own = self.store.load_person_role(by).await?;
        let theirs = self.store.load_person_role(user).await?;
        let own = own.map(|role| role.permissions).unwrap_or_default();
        let theirs = theirs.filter(|theirs| theirs.role.base_id == Role::Admin);
        Ok(check_permissions_held(
            &own,
            &theirs.map(|role| role.permissions).unwrap_or_default(),
        ))
    }

    pub async fn evict_permissions(&self, user: UserId) {
        if let Err(error) = platform::permissions::forget_permissions(&self.cache, user).await {
            tracing::warn!(user.id = %user, error = format_error_chain(&error), "The cache keeps somebody's permissions until they end");
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
