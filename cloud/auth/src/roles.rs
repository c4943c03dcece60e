//! Custom roles, and the roles of people. Admins create, change, remove and assign them, with an
//! audit record.
//!
//! Invariants: auth_db has a change before the answer leaves, and the cache is updated next; after
//! a role change, a person has no earlier sessions.

use process::{problem::chain, trace::TraceId};
use uuid::Uuid;
use wire::{EventType, Permission, Role, UserId};

use crate::{
    domain::{RoleDraft, RoleRefusal, within},
    events,
    service::{Service, ServiceError},
    store::{BATCH, OthersEnding, RoleOrder, SessionEnding},
};

impl Service {
    /// Loads a person's permissions from auth_db and caches them for the gateways. Revoked people
    /// have no permissions.
    pub async fn permissions(&self, user: UserId) -> Result<Vec<Permission>, ServiceError> {
        let role = self.store.role_of(user).await?.filter(|role| role.is_active);
        let held = role.map(|role| role.permissions).unwrap_or_default();
        if let Err(error) = platform::permissions::keep(&self.cache, user, &held).await {
            tracing::warn!(error = chain(&error), "The cache missed somebody's permissions");
        }
        Ok(held)
    }

    pub fn role_order(&self, by: UserId, why: String) -> RoleOrder {
        RoleOrder { id: self.clock.new_id(), at: self.clock.now(), by, why }
    }

    pub async fn make_role(
        &self,
        draft: &RoleDraft,
        order: &RoleOrder,
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
        order: &RoleOrder,
    ) -> Result<Result<(), RoleRefusal>, ServiceError> {
        let changed = self.store.change_role(id, draft, order).await?;
        if changed.is_ok() {
            tracing::info!(role.id = id, by = %order.by, "A role was changed");
            self.forget_holders(id).await?;
        }
        Ok(changed)
    }

    pub async fn remove_role(
        &self,
        id: i64,
        order: &RoleOrder,
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
        order: &RoleOrder,
        trace: &TraceId,
    ) -> Result<Result<(), RoleRefusal>, ServiceError> {
        let Some(role) = self.store.role(user).await? else {
            return Ok(Err(RoleRefusal::Unknown));
        };
        let ending =
            OthersEnding { user, except: None, at: order.at, why: SessionEnding::RoleChanged };
        let event_of = |session| {
            let kind = EventType::SessionRevoked;
            events::of(kind, &self.clock, trace, user, role, Some(session))
        };
        let under_way = self.sessions.ending();
        let ended = match self.store.give_role(id, ending, order, event_of).await? {
            Ok(ended) => ended,
            Err(refused) => {
                under_way.told();
                return Ok(Err(refused));
            }
        };
        tracing::info!(user.id = %user, role.id = id, by = %order.by, ended = ended.len(), "Gave a person a role");
        self.forget(user).await;
        self.tell_ended(under_way, &ended, order.at).await;
        Ok(Ok(()))
    }

    /// Refuses an admin who lacks one of the person's permissions, so that they cannot lock out
    /// people with more permissions.
    pub async fn may_judge(
        &self,
        by: UserId,
        user: UserId,
    ) -> Result<Result<(), RoleRefusal>, ServiceError> {
        let (own, theirs) = (self.store.role_of(by).await?, self.store.role_of(user).await?);
        let own = own.map(|role| role.permissions).unwrap_or_default();
        let theirs = theirs.filter(|theirs| theirs.role.base_id == Role::Admin);
        Ok(within(&own, &theirs.map(|role| role.permissions).unwrap_or_default()))
    }

    pub async fn forget(&self, user: UserId) {
        if let Err(error) = platform::permissions::forget(&self.cache, user).await {
            tracing::warn!(user.id = %user, error = chain(&error), "The cache keeps somebody's permissions until they end");
        }
    }

    async fn forget_holders(&self, id: i64) -> Result<(), ServiceError> {
        let mut after = UserId(Uuid::nil());
        loop {
            let part = self.store.holders(id, after).await?;
            for user in &part {
                self.forget(*user).await;
            }
            match part.last() {
                Some(last) if part.len() == BATCH => after = *last,
                _ => return Ok(()),
            }
        }
    }
}
