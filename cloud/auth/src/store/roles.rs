//! Roles with their permissions, and people's roles. Each change is recorded.
//!
//! Invariants: a lock on the admin's role serialises role changes, so that no admin uses a
//! permission that a concurrent change removed; a person's role changes in one transaction with the
//! end of their sessions.

use std::collections::HashMap;

use platform::{
    columns, row,
    sql::{Columns, Tx},
    transact, vals,
};
use uuid::Uuid;
use wire::{Event, Permission, Role, SessionId, UnixMillis, UserId};

use super::{
    BATCH, Store, StoreError,
    people::{RecordedRoleChange, RoleChangeAudit},
    sessions::OtherSessionsRevocation,
};
use crate::{
    domain::{BUILT_IN_MAX, OWN_ROLES_MAX, RoleDraft, RoleRefusal, check_permissions_held},
    errors::AttemptError,
};

const LOCK: &str = "UPDATE roles SET changed_at = changed_at WHERE id = 3";
const ALL: &str = "ORDER BY id";
const ONE: &str = "WHERE id = ?";
const ALL_HELD: &str = "SELECT role_id, permission FROM role_permissions";
const HELD_BY_ROLE: &str = "SELECT permission FROM role_permissions WHERE role_id = ?";
const HOLDERS: &str = "SELECT own_role_id, COUNT(*) FROM users \
    WHERE own_role_id IS NOT NULL GROUP BY own_role_id";
const HOLDERS_OF_ONE: &str =
    "SELECT id FROM users WHERE own_role_id = ? AND id > ? ORDER BY id LIMIT ?";
const OF_PERSON: &str = "SELECT r.id, r.name, r.description, r.base_id, u.is_active, p.permission \
    FROM users u JOIN roles r ON r.id = COALESCE(u.own_role_id, u.role_id) \
    LEFT JOIN role_permissions p ON p.role_id = r.id WHERE u.id = ?";
const OF_NAME: &str = "SELECT id FROM roles WHERE name = ?";
const COUNT: &str = "SELECT COUNT(*) FROM roles WHERE id > ?";
const LAST: &str = "SELECT COALESCE(MAX(id), 0) FROM roles";
const CHANGE: &str = "UPDATE roles SET name = ?, description = ?, changed_at = ? WHERE id = ?";
const REMOVE: &str = "DELETE FROM roles WHERE id = ?";
const EMPTY: &str = "DELETE FROM role_permissions WHERE role_id = ?";
const GIVE: &str = "UPDATE users SET role_id = ?, own_role_id = ?, updated_at = ? WHERE id = ?";

type PersonRoleColumns = (i64, String, String, Role, bool, Option<String>);

row! {
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct RoleRow in roles {
        pub id: i64,
        pub name: String,
        pub description: String,
        pub base_id: Role,
    }
}

/// A role with its permissions and its number of people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoleDetails {
    pub row: RoleRow,
    pub permissions: Vec<Permission>,
    /// Counted only for custom roles: everyone else has a built-in one.
    pub people: Option<u64>,
}

/// A person's role with its permissions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeldRole {
    pub role: RoleRow,
    pub is_active: bool,
    pub permissions: Vec<Permission>,
}

columns! {
    struct NewRoleRow<'a> in roles {
        id: i64,
        name: &'a str,
        description: &'a str,
        base_id: Role,
        changed_at: UnixMillis,
    }
}

columns! {
    struct GrantedRow in role_permissions {
        role_id: i64,
        permission: &'static str,
    }
}

impl Store {
    /// Built-in roles first, then custom ones.
    pub async fn list_roles(&self) -> Result<Vec<RoleDetails>, StoreError> {
        let rows: Vec<RoleRow> = self.sql.fetch_all(RoleRow::select(ALL), Vec::new()).await?;
        let mut held: HashMap<i64, Vec<String>> = HashMap::new();
        for (role, permission) in self
            .sql
            .fetch_all::<(i64, String)>(ALL_HELD, Vec::new())
            .await?
        {
            held.entry(role).or_default().push(permission);
        }
        let people: Vec<(i64, i64)> = self.sql.fetch_all(HOLDERS, Vec::new()).await?;
        let people: HashMap<i64, i64> = people.into_iter().collect();
        let known = rows.into_iter().map(|row| {
            let permissions =
                to_known_permissions(row.base_id, held.remove(&row.id).unwrap_or_default());
            let count = people
                .get(&row.id)
                .copied()
                .unwrap_or_default()
                .unsigned_abs();
            let people = (row.id > BUILT_IN_MAX).then_some(count);
            RoleDetails {
                row,
                permissions,
                people,
            }
        });
        Ok(known.collect())
    }

    /// `None` if the person never registered.
    pub async fn load_person_role(&self, user: UserId) -> Result<Option<HeldRole>, StoreError> {
        Ok(fold_role_rows(
            self.sql.fetch_all(OF_PERSON, vals![user]).await?,
        ))
    }

    /// Creates a custom role. Returns its number.
    pub async fn make_role(
        &self,
        draft: &RoleDraft,
        audit: &RoleChangeAudit,
    ) -> Result<i64, AttemptError<RoleRefusal, StoreError>> {
        transact!(self.sql, tx => {
            let held = Self::lock_roles(tx, audit.by).await?;
            check_permissions_held(&held, &draft.permissions)?;
            let count: Option<i64> = tx.fetch_optional(COUNT, vals![BUILT_IN_MAX]).await?;
            if count.is_some_and(|count| count >= OWN_ROLES_MAX) {
                return Err(RoleRefusal::TooMany.into());
            }
            if Self::find_role_by_name(tx, &draft.name).await?.is_some() {
                return Err(RoleRefusal::NameTaken.into());
            }
            let last: Option<i64> = tx.fetch_optional(LAST, Vec::new()).await?;
            let id = last.unwrap_or_default().max(BUILT_IN_MAX) + 1;
            let RoleDraft { name, description, permissions } = draft;
            let base_id = Role::Admin;
            tx.insert(NewRoleRow { id, name, description, base_id, changed_at: audit.at }).await?;
            Self::insert_permissions(tx, id, permissions).await?;
            Self::record_role_change(tx, audit, RecordedRoleChange {
                act: "made",
                role_name: name,
                user_id: None,
                was: String::new(),
                became: join_permission_names(permissions),
            })
            .await?;
            Ok(id)
        })
    }

    /// Changes the name and permissions of a custom role.
    pub async fn change_role(
        &self,
        id: i64,
        draft: &RoleDraft,
        audit: &RoleChangeAudit,
    ) -> Result<(), AttemptError<RoleRefusal, StoreError>> {
        transact!(self.sql, tx => {
            let (_, was) = Self::find_changeable_role(tx, id, audit.by).await?;
            let held = Self::load_held_permissions(tx, audit.by).await?;
            check_permissions_held(&held, &draft.permissions)?;
            if Self::find_role_by_name(tx, &draft.name).await?.is_some_and(|other| other != id) {
                return Err(RoleRefusal::NameTaken.into());
            }
            let RoleDraft { name, description, permissions } = draft;
            let values = vals![name.as_str(), description.as_str(), audit.at, id];
            tx.exec(CHANGE, values).await?;
            tx.exec(EMPTY, vals![id]).await?;
            Self::insert_permissions(tx, id, permissions).await?;
            Self::record_role_change(tx, audit, RecordedRoleChange {
                act: "changed",
                role_name: name,
                user_id: None,
                was: join_permission_names(&was),
                became: join_permission_names(permissions),
            })
            .await?;
            Ok(())
        })
    }

    /// Removes an unused custom role.
    pub async fn remove_role(
        &self,
        id: i64,
        audit: &RoleChangeAudit,
    ) -> Result<(), AttemptError<RoleRefusal, StoreError>> {
        transact!(self.sql, tx => {
            let (role, was) = Self::find_changeable_role(tx, id, audit.by).await?;
            let holder: Option<UserId> =
                tx.fetch_optional(HOLDERS_OF_ONE, vals![id, UserId(Uuid::nil()), 1_i64]).await?;
            if holder.is_some() {
                return Err(RoleRefusal::InUse.into());
            }
            tx.exec(EMPTY, vals![id]).await?;
            tx.exec(REMOVE, vals![id]).await?;
            Self::record_role_change(tx, audit, RecordedRoleChange {
                act: "removed",
                role_name: &role.name,
                user_id: None,
                was: join_permission_names(&was),
                became: String::new(),
            })
            .await?;
            Ok(())
        })
    }

    /// Gives a person a role and ends their sessions, with an event for each. Returns the sessions,
    /// none if the person already has the role.
    pub async fn give_role(
        &self,
        id: i64,
        revocation: OtherSessionsRevocation,
        audit: &RoleChangeAudit,
        build_event: impl Fn(SessionId) -> Result<Event, serde_json::Error>,
    ) -> Result<Vec<SessionId>, AttemptError<RoleRefusal, StoreError>> {
        let user = revocation.user;
        transact!(self.sql, tx => {
            let held = Self::lock_roles(tx, audit.by).await?;
            let given: Option<RoleRow> = tx.fetch_optional(RoleRow::select(ONE), vals![id]).await?;
            let (Some(given), Some(present)) = (given, Self::find_person_role(tx, user).await?) else {
                return Err(RoleRefusal::Unknown.into());
            };
            if present.role.id == id {
                return Ok(Vec::new());
            }
            let becomes = Self::load_role_permissions(tx, &given).await?;
            check_role_assignment(&held, &present, &given, &becomes)?;
            let own = (id > BUILT_IN_MAX).then_some(id);
            tx.exec(GIVE, vals![given.base_id, own, audit.at, user]).await?;
            Self::record_role_change(tx, audit, RecordedRoleChange {
                act: "given",
                role_name: &given.name,
                user_id: Some(user),
                was: present.role.name,
                became: given.name.clone(),
            })
            .await?;
            Ok(Self::end_others(tx, revocation, &build_event).await?)
        })
    }

    /// Returns the next `BATCH` people after `after` who have that custom role.
    pub async fn list_role_holders(
        &self,
        id: i64,
        after: UserId,
    ) -> Result<Vec<UserId>, StoreError> {
        Ok(self
            .sql
            .fetch_all(HOLDERS_OF_ONE, vals![id, after, BATCH])
            .await?)
    }

    /// Takes the lock and checks that this admin may still close that account.
    pub(super) async fn check_can_close(
        tx: &mut Tx,
        by: UserId,
        user: UserId,
    ) -> Result<Option<RoleRefusal>, StoreError> {
        tx.exec(LOCK, Vec::new()).await?;
        let closer = Self::find_person_role(tx, by).await?;
        let Some(closer) = closer.filter(|closer| closer.is_active) else {
            return Ok(Some(RoleRefusal::Beyond(Permission::RevokePeople)));
        };
        let closed = Self::find_person_role(tx, user).await?;
        let admin = closed.filter(|closed| closed.role.base_id == Role::Admin);
        let theirs = admin.map(|admin| admin.permissions).unwrap_or_default();
        Ok(check_permissions_held(&closer.permissions, &theirs).err())
    }

    /// Takes the lock. Returns the admin's current permissions.
    async fn lock_roles(tx: &mut Tx, by: UserId) -> Result<Vec<Permission>, StoreError> {
        tx.exec(LOCK, Vec::new()).await?;
        Self::load_held_permissions(tx, by).await
    }

    async fn load_held_permissions(
        tx: &mut Tx,
        user: UserId,
    ) -> Result<Vec<Permission>, StoreError> {
        let role = Self::find_person_role(tx, user).await?;
        Ok(role
            .filter(|role| role.is_active)
            .map(|role| role.permissions)
            .unwrap_or_default())
    }

    /// Returns a custom role that this admin may change, with its permissions, under the lock.
    async fn find_changeable_role(
        tx: &mut Tx,
        id: i64,
        by: UserId,
    ) -> Result<(RoleRow, Vec<Permission>), AttemptError<RoleRefusal, StoreError>> {
        let held = Self::lock_roles(tx, by).await?;
        let role: Option<RoleRow> = tx.fetch_optional(RoleRow::select(ONE), vals![id]).await?;
        let Some(role) = role else {
            return Err(RoleRefusal::Unknown.into());
        };
        if id <= BUILT_IN_MAX {
            return Err(RoleRefusal::BuiltIn.into());
        }
        let permissions = Self::load_role_permissions(tx, &role).await?;
        check_permissions_held(&held, &permissions)?;
        Ok((role, permissions))
    }

    async fn find_role_by_name(tx: &mut Tx, name: &str) -> Result<Option<i64>, StoreError> {
        Ok(tx.fetch_optional(OF_NAME, vals![name]).await?)
    }

    async fn find_person_role(tx: &mut Tx, user: UserId) -> Result<Option<HeldRole>, StoreError> {
        Ok(fold_role_rows(tx.fetch_all(OF_PERSON, vals![user]).await?))
    }

    async fn load_role_permissions(
        tx: &mut Tx,
        role: &RoleRow,
    ) -> Result<Vec<Permission>, StoreError> {
        let names: Vec<String> = tx.fetch_all(HELD_BY_ROLE, vals![role.id]).await?;
        Ok(to_known_permissions(role.base_id, names))
    }

    async fn insert_permissions(
        tx: &mut Tx,
        role_id: i64,
        all: &[Permission],
    ) -> Result<(), StoreError> {
        let rows = all.iter().map(|one| GrantedRow {
            role_id,
            permission: one.as_str(),
        });
        Ok(tx.insert_all(rows.collect()).await?)
    }
}

/// Builds a person's role from one row per permission, or from a single row without any.
fn fold_role_rows(rows: Vec<PersonRoleColumns>) -> Option<HeldRole> {
    let (id, name, description, base_id, is_active, _) = rows.first()?.clone();
    let names = rows
        .into_iter()
        .filter_map(|(.., permission)| permission)
        .collect();
    let role = RoleRow {
        id,
        name,
        description,
        base_id,
    };
    Some(HeldRole {
        role,
        is_active,
        permissions: to_known_permissions(base_id, names),
    })
}

/// Returns the named permissions that a role on that base can hold, in their order. Omits
/// permissions of newer versions.
fn to_known_permissions(base: Role, names: Vec<String>) -> Vec<Permission> {
    let all = Permission::allowed_for_role(base).iter().copied();
    all.filter(|one| names.iter().any(|name| name == one.as_str()))
        .collect()
}

fn check_role_assignment(
    held: &[Permission],
    present: &HeldRole,
    given: &RoleRow,
    given_permissions: &[Permission],
) -> Result<(), RoleRefusal> {
    let present_base = present.role.base_id;
    if present_base == Role::Provider || given.base_id == Role::Provider {
        return Err(RoleRefusal::Fixed);
    }
    if present_base == Role::Admin {
        check_permissions_held(held, &present.permissions)?;
    }
    if given.base_id == Role::Admin {
        check_permissions_held(held, given_permissions)?;
    }
    Ok(())
}

fn join_permission_names(permissions: &[Permission]) -> String {
    permissions
        .iter()
        .map(|one| one.as_str())
        .collect::<Vec<_>>()
        .join(", ")
}
