//! The audit record of role changes: one row per change of a role or of a person's role.

use platform::{
    columns, row,
    sql::{Columns, Tx},
    vals,
};
use uuid::Uuid;
use wire::{UnixMillis, UserId};

use super::{Store, StoreError, reasons};

const ACTS: &str = "WHERE user_id = ? ORDER BY at DESC, id DESC LIMIT ?";
/// Per person; older ones stay in the table.
const ACTS_SHOWN: usize = 20;

/// The admin who changes a role, with time and reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoleChangeAudit {
    pub id: Uuid,
    pub at: UnixMillis,
    pub by: UserId,
    pub why: String,
}

/// A change for the audit record: of a role, or of a person's role.
pub(super) struct RecordedRoleChange<'r> {
    pub act: &'static str,
    pub role_name: &'r str,
    pub user_id: Option<UserId>,
    /// Permissions, or role names if a person got the role.
    pub was: String,
    pub became: String,
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
    /// Returns the latest roles given to a person, newest first.
    pub async fn list_role_changes(&self, user: UserId) -> Result<Vec<RoleAct>, StoreError> {
        let keys = self.sql.data_keys();
        let acts: Vec<RoleAct> = self
            .sql
            .fetch_all(RoleAct::select(ACTS), vals![user, ACTS_SHOWN])
            .await?;
        acts.into_iter()
            .map(|act| {
                let why = keys.open_text(&reasons::role_change_place(act.id), act.why)?;
                Ok(RoleAct { why, ..act })
            })
            .collect()
    }

    pub(super) async fn record_role_change(
        tx: &mut Tx,
        audit: &RoleChangeAudit,
        change: RecordedRoleChange<'_>,
    ) -> Result<(), StoreError> {
        let RecordedRoleChange {
            act,
            role_name,
            user_id,
            was,
            became,
        } = change;
        let RoleChangeAudit { id, at, by, why } = audit;
        let id = *id;
        let at = *at;
        let by_user = *by;
        let why = tx
            .data_keys()
            .seal_text(&reasons::role_change_place(id), why);
        tx.insert(NewActRow {
            id,
            act,
            at,
            by_user,
            why,
            role_name,
            user_id,
            was,
            became,
        })
        .await?;
        Ok(())
    }
}
