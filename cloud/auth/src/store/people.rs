//! People as admins see them: the list, by name, in pages, with role and state; and the record of
//! closings, readmissions and role changes by admins.
//!
//! Invariant: the reason of a closing is sealed for its person, not for its row: a readmission
//! moves it into its own record, and an older version copies it unopened.

use platform::{
    columns, outbox, row,
    sealing::DataKeys,
    sql::{Columns, KeyColumn, SealedColumn, SealedTable, Statement, Tx, Val},
    transact, vals,
};
use uuid::Uuid;
use wire::{Event, Role, UnixMillis, UserId, words, words_from_text};

use super::{
    Store, StoreError,
    accounts::{EMAIL, ID, USERS, closing_place},
    reseal_if_stale,
    sessions::SessionEnding,
};
use crate::domain::{BUILT_IN_MAX, RoleRefusal, earliest_token_time};

const PEOPLE: &str = "SELECT u.id, u.username, u.email, u.role_id, COALESCE(u.own_role_id, u.role_id) \
    AS held_role_id, r.name AS role_name, u.is_active, u.created_at, \
    u.email_confirmed_at, u.closed_at, u.closed_by, \
    u.closed_why, d.deleted_at FROM users u JOIN roles r ON r.id = COALESCE(u.own_role_id, u.role_id) \
    LEFT JOIN account_deletions d ON d.user_id = u.id WHERE ";
const AFTER_NAME: &str = "d.deleted_at IS NULL AND u.username > ?";
const ONE_PERSON: &str = "u.id = ?";
const CLOSE: &str = "UPDATE users SET is_active = 0, updated_at = ?, closed_at = ?, closed_by = ?, \
    closed_why = ? WHERE id = ? AND is_active = 1";
pub(super) const END_SESSIONS: &str = "UPDATE sessions SET revoked_at = ?, ended_why = ? \
    WHERE user_id = ? AND revoked_at IS NULL AND expires_at > ?";
pub(super) const TOKENS_SINCE: &str = "SELECT tokens_since FROM users WHERE id = ?";
const LOCK_PERSON: &str = "UPDATE users SET updated_at = updated_at WHERE id = ?";
const REOPEN: &str =
    "UPDATE users SET is_active = 1, updated_at = ? WHERE id = ? AND is_active = 0";
const CLOSING: &str =
    "SELECT tokens_since, closed_at, closed_by, closed_why FROM users WHERE id = ?";
const BEGIN_TOKENS: &str = "UPDATE users SET tokens_since = ?, closed_at = NULL, closed_by = NULL, \
    closed_why = NULL WHERE id = ?";
const ROLE_AND_TOKENS_SINCE: &str = "SELECT u.role_id, u.tokens_since FROM users u \
    LEFT JOIN account_deletions d ON d.user_id = u.id WHERE u.id = ? AND d.deleted_at IS NULL";
const ACTS_OF_PERSON: &str = "WHERE user_id = ? ORDER BY at DESC, id DESC LIMIT ?";
/// Per person; older ones stay in the table.
const ACTS_SHOWN_MAX: usize = 20;
pub(super) const READMISSION_WHY: SealedColumn = SealedColumn::text("why", "readmissions.why", ID);

pub(super) const READMISSIONS: SealedTable = SealedTable {
    label: "auth.readmissions",
    name: "readmissions",
    key: ID,
    part: None,
    columns: &[
        READMISSION_WHY,
        // Moved here as it was sealed for the person.
        SealedColumn::text(
            "closed_why",
            "users.closed_why",
            &[KeyColumn::Id("user_id")],
        ),
    ],
};

pub(super) const ROLE_ACT_WHY: SealedColumn = SealedColumn::text("why", "role_acts.why", ID);

pub(super) const ROLE_ACTS: SealedTable = SealedTable {
    label: "auth.role_acts",
    name: "role_acts",
    key: ID,
    part: None,
    columns: &[ROLE_ACT_WHY],
};

words! {
    /// Only open accounts can sign in.
    AccountState {
        Open "open",
        /// Revoked by an admin.
        Closed "closed",
        /// Deleted at the person's own wish. Nothing says who they were.
        Deleted "deleted",
    }
}

words_from_text!(AccountState);

row! {
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct PersonRow sealed by USERS {
        pub id: UserId,
        pub username: String,
        pub email: String,
        /// The base role, which tokens carry.
        pub role_id: Role,
        pub held_role_id: i64,
        pub role_name: String,
        pub is_active: bool,
        pub created_at: UnixMillis,
        pub email_confirmed_at: Option<UnixMillis>,
        pub closed_at: Option<UnixMillis>,
        pub closed_by: Option<UserId>,
        pub closed_why: Option<String>,
        pub deleted_at: Option<UnixMillis>,
    }
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PeopleFilter {
    pub search: Option<PeopleSearch>,
    pub role: Option<i64>,
    pub state: Option<AccountState>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PeopleSearch {
    NameStart(String),
    Email(String),
    /// The owner of a phone number.
    Person(UserId),
}

/// The outcome of a request to close an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CloseAccountResult {
    Closed,
    ClosedBefore,
    Refused(RoleRefusal),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClosureRecord {
    pub at: UnixMillis,
    pub by: UserId,
    pub why: String,
}

type ClosingColumns = (
    UnixMillis,
    Option<UnixMillis>,
    Option<UserId>,
    Option<String>,
);

columns! {
    /// Its values are sealed already: the reason of the closing is moved unopened.
    struct ReadmissionRow in readmissions {
        id: Uuid,
        user_id: UserId,
        at: UnixMillis,
        by_user: UserId,
        why: String,
        closed_at: Option<UnixMillis>,
        closed_by: Option<UserId>,
        closed_why: Option<String>,
    }
}

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
    struct NewActRow<'a> in role_acts sealed by ROLE_ACTS {
        id: Uuid,
        act: &'static str,
        at: UnixMillis,
        by_user: UserId,
        why: &'a str,
        role_name: &'a str,
        user_id: Option<UserId>,
        was: String,
        became: String,
    }
}

row! {
    /// A record of a role given to a person.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct RoleAct in role_acts sealed by ROLE_ACTS {
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
    /// Returns at most `limit` people after `after`, by name. Deleted people have none.
    pub async fn list_people(
        &self,
        filter: &PeopleFilter,
        after: &str,
        limit: usize,
    ) -> Result<Vec<PersonRow>, StoreError> {
        if filter.state == Some(AccountState::Deleted) {
            return Ok(Vec::new());
        }
        let (text, values) = build_statement(filter, self.sql.data_keys(), after, limit);
        Ok(self.sql.fetch_all(text, values).await?)
    }

    pub async fn load_person(&self, user: UserId) -> Result<Option<PersonRow>, StoreError> {
        let text = Statement::new(PEOPLE).append_text(ONE_PERSON);
        Ok(self.sql.fetch_optional(text, vals![user]).await?)
    }

    /// Closes an account, ends its sessions and publishes the event once. Checks the closing
    /// admin's permission under the role lock: two admins who close each other concurrently would
    /// leave none. Writes the account first, so a concurrent sign-in waits for it or is ended here.
    pub async fn close_account(
        &self,
        user: UserId,
        record: &ClosureRecord,
        build_event: impl Fn(UnixMillis) -> Result<Event, serde_json::Error>,
    ) -> Result<CloseAccountResult, StoreError> {
        let ClosureRecord { at, by, why } = record;
        let why = self.sql.data_keys().seal_text(&closing_place(user), why);
        transact!(self.sql, tx => {
            if let Some(refused) = Self::check_can_close(tx, *by, user).await? {
                return Ok(CloseAccountResult::Refused(refused));
            }
            let first = tx.exec(CLOSE, vals![*at, *at, *by, why.as_str(), user]).await? == 1;
            if first {
                let why = SessionEnding::AccountClosed;
                tx.exec(END_SESSIONS, vals![*at, why, user, *at]).await?;
                let since: Option<UnixMillis> = tx.fetch_optional(TOKENS_SINCE, vals![user]).await?;
                let event = build_event(since.map_or(*at, |since| since.max(*at)))?;
                outbox::add(tx, &event).await?;
            }
            Ok(if first { CloseAccountResult::Closed } else { CloseAccountResult::ClosedBefore })
        })
    }

    /// Returns a person's role, and the earliest issue time of their valid tokens. `None` if the
    /// account is deleted.
    pub async fn load_tokens_since(
        &self,
        user: UserId,
    ) -> Result<Option<(Role, UnixMillis)>, StoreError> {
        Ok(self
            .sql
            .fetch_optional(ROLE_AND_TOKENS_SINCE, vals![user])
            .await?)
    }

    /// Reopens a closed account, sets a new start for its tokens and publishes the event. Returns
    /// false if the account is open or deleted. Ended sessions stay ended.
    pub async fn readmit_user(
        &self,
        id: Uuid,
        user: UserId,
        record: &ClosureRecord,
        build_event: impl Fn(UnixMillis) -> Result<Event, serde_json::Error>,
    ) -> Result<bool, StoreError> {
        let ClosureRecord { at, by, why } = record;
        transact!(self.sql, tx => {
            // A concurrent deletion waits for this row, or is seen here.
            tx.exec(LOCK_PERSON, vals![user]).await?;
            if Self::is_deleted(tx, user).await? || tx.exec(REOPEN, vals![*at, user]).await? != 1 {
                return Ok(false);
            }
            let standing: Option<ClosingColumns> = tx.fetch_optional(CLOSING, vals![user]).await?;
            let Some((before, closed_at, closed_by, closed_why)) = standing else {
                return Ok(false);
            };
            let keys = tx.data_keys();
            let place = closing_place(user);
            let closed_why = closed_why.map(|why| reseal_if_stale(keys, &place, why)).transpose()?;
            let why = keys.seal_text(&READMISSION_WHY.context(&vals![id]), why);
            let since = earliest_token_time(&[*at, before, closed_at.unwrap_or(before)]);
            tx.exec(BEGIN_TOKENS, vals![since, user]).await?;
            let row = ReadmissionRow {
                id,
                user_id: user,
                at: *at,
                by_user: *by,
                why,
                closed_at,
                closed_by,
                closed_why,
            };
            tx.insert(row).await?;
            outbox::add(tx, &build_event(since)?).await?;
            Ok(true)
        })
    }

    /// Returns the latest roles given to a person, newest first.
    pub async fn list_role_changes(&self, user: UserId) -> Result<Vec<RoleAct>, StoreError> {
        let text = RoleAct::select(ACTS_OF_PERSON);
        Ok(self
            .sql
            .fetch_all(text, vals![user, ACTS_SHOWN_MAX])
            .await?)
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

fn build_statement(
    filter: &PeopleFilter,
    keys: &DataKeys,
    after: &str,
    limit: usize,
) -> (Statement, Vec<Val>) {
    let PeopleFilter {
        search,
        role,
        state,
    } = filter;
    let mut text = Statement::new(PEOPLE).append_text(AFTER_NAME);
    let mut values = vals![after];
    match search {
        Some(PeopleSearch::Email(address)) => {
            // Addresses are plain until the job seals them.
            text = text.append_text(" AND (u.email_hash = ? OR u.email = ?)");
            values.extend(vals![keys.hash(EMAIL, address).to_vec(), address.as_str()]);
        }
        Some(PeopleSearch::Person(user)) => {
            text = text.append_text(" AND u.id = ?");
            values.push((*user).into());
        }
        Some(PeopleSearch::NameStart(start)) => {
            // An index answers the range; the end sign sorts after all characters of a name.
            text = text.append_text(" AND u.username >= ? AND u.username < ?");
            values.extend(vals![start.as_str(), format!("{start}\u{7f}")]);
        }
        None => {}
    }
    if let Some(role) = *role {
        let condition = if role > BUILT_IN_MAX {
            " AND u.own_role_id = ?"
        } else {
            " AND u.role_id = ? AND u.own_role_id IS NULL"
        };
        text = text.append_text(condition);
        values.push(role.into());
    }
    if let Some(state) = state {
        text = text.append_text(" AND u.is_active = ?");
        values.push((*state == AccountState::Open).into());
    }
    values.push(limit.into());
    (text.append_text(" ORDER BY u.username LIMIT ?"), values)
}
