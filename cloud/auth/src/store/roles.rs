//! Roles with their permissions, people's roles, and an audit record of each change.
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

use super::{BATCH, OthersEnding, Store, StoreError, reasons};
use crate::domain::{BUILT_IN_MAX, OWN_ROLES_MAX, RoleDraft, RoleRefusal, within};

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
const ACTS: &str = "WHERE user_id = ? ORDER BY at DESC, id DESC LIMIT ?";
/// Per person; older ones stay in the table.
const ACTS_SHOWN: usize = 20;

type OfPerson = (i64, String, String, Role, bool, Option<String>);

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
pub struct KnownRole {
    pub row: RoleRow,
    pub permissions: Vec<Permission>,
    /// Counted only for custom roles: everyone else has a built-in one.
    pub people: Option<u64>,
}

/// A person's role with its permissions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PersonsRole {
    pub role: RoleRow,
    pub is_active: bool,
    pub permissions: Vec<Permission>,
}

/// The admin who changes a role, with time and reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoleOrder {
    pub id: Uuid,
    pub at: UnixMillis,
    pub by: UserId,
    pub why: String,
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

columns! {
    struct NewActRow<'a> in role_acts {
        id: Uuid,
        act: &'static str,
        at: UnixMillis,
        by_user: UserId,
        why: String,
        role_name: &'a str,
        user_id: Option<UserId>,
        was: String,
        became: String,
    }
}

row! {
    /// A record of a role given to a person.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct RoleAct in role_acts {
        pub id: Uuid,
        pub at: UnixMillis,
        pub by_user: UserId,
        pub why: String,
        /// Role names at that time.
        pub was: String,
        pub became: String,
    }
}

impl Store {
    /// Built-in roles first, then custom ones.
    pub async fn roles(&self) -> Result<Vec<KnownRole>, StoreError> {
        let rows: Vec<RoleRow> = self.sql.all(RoleRow::select(ALL), Vec::new()).await?;
        let mut held: HashMap<i64, Vec<String>> = HashMap::new();
        for (role, permission) in self.sql.all::<(i64, String)>(ALL_HELD, Vec::new()).await? {
            held.entry(role).or_default().push(permission);
        }
        let people: Vec<(i64, i64)> = self.sql.all(HOLDERS, Vec::new()).await?;
        let people: HashMap<i64, i64> = people.into_iter().collect();
        let known = rows.into_iter().map(|row| {
            let permissions = known_of(row.base_id, held.remove(&row.id).unwrap_or_default());
            let count = people.get(&row.id).copied().unwrap_or_default().unsigned_abs();
            let people = (row.id > BUILT_IN_MAX).then_some(count);
            KnownRole { row, permissions, people }
        });
        Ok(known.collect())
    }

    /// `None` if the person never registered.
    pub async fn role_of(&self, user: UserId) -> Result<Option<PersonsRole>, StoreError> {
        Ok(folded(self.sql.all(OF_PERSON, vals![user]).await?))
    }

    /// Creates a custom role. Returns its number.
    pub async fn make_role(
        &self,
        draft: &RoleDraft,
        order: &RoleOrder,
    ) -> Result<Result<i64, RoleRefusal>, StoreError> {
        transact!(self.sql, tx => {
            let held = Self::locked(tx, order.by).await?;
            if let Err(refused) = within(&held, &draft.permissions) {
                return Ok(Err(refused));
            }
            let count: Option<i64> = tx.one(COUNT, vals![BUILT_IN_MAX]).await?;
            if count.is_some_and(|count| count >= OWN_ROLES_MAX) {
                return Ok(Err(RoleRefusal::TooMany));
            }
            if Self::named(tx, &draft.name).await?.is_some() {
                return Ok(Err(RoleRefusal::NameTaken));
            }
            let last: Option<i64> = tx.one(LAST, Vec::new()).await?;
            let id = last.unwrap_or_default().max(BUILT_IN_MAX) + 1;
            let RoleDraft { name, description, permissions } = draft;
            let base_id = Role::Admin;
            tx.insert(NewRoleRow { id, name, description, base_id, changed_at: order.at }).await?;
            Self::grant(tx, id, permissions).await?;
            Self::note(tx, order, "made", name, None, (String::new(), told(permissions))).await?;
            Ok(Ok(id))
        })
    }

    /// Changes the name and permissions of a custom role.
    pub async fn change_role(
        &self,
        id: i64,
        draft: &RoleDraft,
        order: &RoleOrder,
    ) -> Result<Result<(), RoleRefusal>, StoreError> {
        transact!(self.sql, tx => {
            let was = match Self::changeable(tx, id, order.by).await? {
                Ok((_, was)) => was,
                Err(refused) => return Ok(Err(refused)),
            };
            let held = Self::held_by(tx, order.by).await?;
            if let Err(refused) = within(&held, &draft.permissions) {
                return Ok(Err(refused));
            }
            if Self::named(tx, &draft.name).await?.is_some_and(|other| other != id) {
                return Ok(Err(RoleRefusal::NameTaken));
            }
            let RoleDraft { name, description, permissions } = draft;
            let values = vals![name.as_str(), description.as_str(), order.at, id];
            tx.exec(CHANGE, values).await?;
            tx.exec(EMPTY, vals![id]).await?;
            Self::grant(tx, id, permissions).await?;
            Self::note(tx, order, "changed", name, None, (told(&was), told(permissions))).await?;
            Ok(Ok(()))
        })
    }

    /// Removes an unused custom role.
    pub async fn remove_role(
        &self,
        id: i64,
        order: &RoleOrder,
    ) -> Result<Result<(), RoleRefusal>, StoreError> {
        transact!(self.sql, tx => {
            let (role, was) = match Self::changeable(tx, id, order.by).await? {
                Ok(found) => found,
                Err(refused) => return Ok(Err(refused)),
            };
            let holder: Option<UserId> =
                tx.one(HOLDERS_OF_ONE, vals![id, UserId(Uuid::nil()), 1_i64]).await?;
            if holder.is_some() {
                return Ok(Err(RoleRefusal::InUse));
            }
            tx.exec(EMPTY, vals![id]).await?;
            tx.exec(REMOVE, vals![id]).await?;
            let told = (told(&was), String::new());
            Self::note(tx, order, "removed", &role.name, None, told).await?;
            Ok(Ok(()))
        })
    }

    /// Gives a person a role and ends their sessions, with an event for each. Returns the sessions,
    /// none if the person already has the role.
    pub async fn give_role(
        &self,
        id: i64,
        ending: OthersEnding,
        order: &RoleOrder,
        event_of: impl Fn(SessionId) -> Result<Event, serde_json::Error>,
    ) -> Result<Result<Vec<SessionId>, RoleRefusal>, StoreError> {
        let user = ending.user;
        transact!(self.sql, tx => {
            let held = Self::locked(tx, order.by).await?;
            let given: Option<RoleRow> = tx.one(RoleRow::select(ONE), vals![id]).await?;
            let (Some(given), Some(present)) = (given, Self::role_of_person(tx, user).await?) else {
                return Ok(Err(RoleRefusal::Unknown));
            };
            if present.role.id == id {
                return Ok(Ok(Vec::new()));
            }
            let becomes = Self::held_by_role(tx, &given).await?;
            if let Err(refused) = may_be_given(&held, (&present.role, &present.permissions), (&given, &becomes)) {
                return Ok(Err(refused));
            }
            let own = (id > BUILT_IN_MAX).then_some(id);
            tx.exec(GIVE, vals![given.base_id, own, order.at, user]).await?;
            let told = (present.role.name, given.name.clone());
            Self::note(tx, order, "given", &given.name, Some(user), told).await?;
            Ok(Ok(Self::end_others(tx, ending, &event_of).await?))
        })
    }

    /// Returns the next `BATCH` people after `after` who have that custom role.
    pub async fn holders(&self, id: i64, after: UserId) -> Result<Vec<UserId>, StoreError> {
        Ok(self.sql.all(HOLDERS_OF_ONE, vals![id, after, BATCH]).await?)
    }

    /// Returns the latest roles given to a person, newest first.
    pub async fn roles_given(&self, user: UserId) -> Result<Vec<RoleAct>, StoreError> {
        let keys = self.sql.data_keys();
        let acts: Vec<RoleAct> =
            self.sql.all(RoleAct::select(ACTS), vals![user, ACTS_SHOWN]).await?;
        let opened = |act: RoleAct| {
            let why = keys.open_text(&reasons::role_act(act.id), act.why)?;
            Ok(RoleAct { why, ..act })
        };
        acts.into_iter().map(opened).collect()
    }

    /// Takes the lock and checks that this admin may still close that account.
    pub(super) async fn refuse_closing(
        tx: &mut Tx,
        by: UserId,
        user: UserId,
    ) -> Result<Option<RoleRefusal>, StoreError> {
        tx.exec(LOCK, Vec::new()).await?;
        let closer = Self::role_of_person(tx, by).await?;
        let Some(closer) = closer.filter(|closer| closer.is_active) else {
            return Ok(Some(RoleRefusal::Beyond(Permission::RevokePeople)));
        };
        let closed = Self::role_of_person(tx, user).await?;
        let admin = closed.filter(|closed| closed.role.base_id == Role::Admin);
        let theirs = admin.map(|admin| admin.permissions).unwrap_or_default();
        Ok(within(&closer.permissions, &theirs).err())
    }

    /// Takes the lock. Returns the admin's current permissions.
    async fn locked(tx: &mut Tx, by: UserId) -> Result<Vec<Permission>, StoreError> {
        tx.exec(LOCK, Vec::new()).await?;
        Self::held_by(tx, by).await
    }

    async fn held_by(tx: &mut Tx, user: UserId) -> Result<Vec<Permission>, StoreError> {
        let role = Self::role_of_person(tx, user).await?;
        Ok(role.filter(|role| role.is_active).map(|role| role.permissions).unwrap_or_default())
    }

    /// Returns a custom role that this admin may change, with its permissions, under the lock.
    async fn changeable(
        tx: &mut Tx,
        id: i64,
        by: UserId,
    ) -> Result<Result<(RoleRow, Vec<Permission>), RoleRefusal>, StoreError> {
        let held = Self::locked(tx, by).await?;
        let role: Option<RoleRow> = tx.one(RoleRow::select(ONE), vals![id]).await?;
        let Some(role) = role else { return Ok(Err(RoleRefusal::Unknown)) };
        if id <= BUILT_IN_MAX {
            return Ok(Err(RoleRefusal::BuiltIn));
        }
        let permissions = Self::held_by_role(tx, &role).await?;
        Ok(within(&held, &permissions).map(|()| (role, permissions)))
    }

    async fn named(tx: &mut Tx, name: &str) -> Result<Option<i64>, StoreError> {
        Ok(tx.one(OF_NAME, vals![name]).await?)
    }

    async fn role_of_person(tx: &mut Tx, user: UserId) -> Result<Option<PersonsRole>, StoreError> {
        Ok(folded(tx.all(OF_PERSON, vals![user]).await?))
    }

    async fn held_by_role(tx: &mut Tx, role: &RoleRow) -> Result<Vec<Permission>, StoreError> {
        let names: Vec<String> = tx.all(HELD_BY_ROLE, vals![role.id]).await?;
        Ok(known_of(role.base_id, names))
    }

    async fn grant(tx: &mut Tx, role_id: i64, all: &[Permission]) -> Result<(), StoreError> {
        let row = |one: &Permission| GrantedRow { role_id, permission: one.as_str() };
        Ok(tx.insert_all(all.iter().map(row).collect()).await?)
    }

    async fn note(
        tx: &mut Tx,
        order: &RoleOrder,
        act: &'static str,
        role_name: &str,
        user_id: Option<UserId>,
        (was, became): (String, String),
    ) -> Result<(), StoreError> {
        let RoleOrder { id, at, by, why } = order;
        let (id, at, by_user) = (*id, *at, *by);
        let why = tx.data_keys().seal_text(&reasons::role_act(id), why);
        tx.insert(NewActRow { id, act, at, by_user, why, role_name, user_id, was, became }).await?;
        Ok(())
    }
}

/// Builds a person's role from one row per permission, or from a single row without any.
fn folded(rows: Vec<OfPerson>) -> Option<PersonsRole> {
    let (id, name, description, base_id, is_active, _) = rows.first()?.clone();
    let names = rows.into_iter().filter_map(|(.., permission)| permission).collect();
    let role = RoleRow { id, name, description, base_id };
    Some(PersonsRole { role, is_active, permissions: known_of(base_id, names) })
}

/// Returns the named permissions that a role on that base can hold, in their order. Omits
/// permissions of newer versions.
fn known_of(base: Role, names: Vec<String>) -> Vec<Permission> {
    let all = Permission::of(base).iter().copied();
    all.filter(|one| names.iter().any(|name| name == one.as_str())).collect()
}

fn may_be_given(
    held: &[Permission],
    (present, has): (&RoleRow, &[Permission]),
    (given, becomes): (&RoleRow, &[Permission]),
) -> Result<(), RoleRefusal> {
    if [present, given].iter().any(|role| role.base_id == Role::Provider) {
        return Err(RoleRefusal::Fixed);
    }
    for (role, permissions) in [(present, has), (given, becomes)] {
        if role.base_id == Role::Admin {
            within(held, permissions)?;
        }
    }
    Ok(())
}

fn told(permissions: &[Permission]) -> String {
    permissions.iter().map(|one| one.as_str()).collect::<Vec<_>>().join(", ")
}
