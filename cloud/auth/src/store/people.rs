//! People as admins see them: the list, by name, in pages, with role and state; and the record of
//! what admins did: closings, readmissions and role changes.
//!
//! Invariant: the reason of a closing is sealed for its person, not for its row: a readmission
//! moves it into its own record, and an older version copies it unopened.

use platform::{
    columns, outbox, row,
    sealing::{DataKeys, ResealedBatch, SealContext},
    sql::{Columns, Statement, Tx, Val},
    transact, vals,
};
use uuid::Uuid;
use wire::{Event, Role, UnixMillis, UserId, words, words_from_text};

use super::{
    BATCH, Store, StoreError,
    accounts::{EMAIL, closing_place, email_seal_place},
    reseal_if_stale,
    sessions::SessionEnding,
};
use crate::domain::{BUILT_IN_MAX, RoleRefusal, earliest_token_time};

const PEOPLE: &str = "SELECT u.id, u.username, u.email, u.role_id, COALESCE(u.own_role_id, u.role_id) \
    AS held_role_id, r.name AS role_name, u.is_active, u.created_at, \
    u.email_confirmed_at, u.closed_at, u.closed_by, \
    u.closed_why FROM users u JOIN roles r ON r.id = COALESCE(u.own_role_id, u.role_id) WHERE ";
const AFTER_NAME: &str = "u.username > ?";
const ONE_PERSON: &str = "u.id = ?";
const CLOSE: &str = "UPDATE users SET is_active = 0, updated_at = ?, closed_at = ?, closed_by = ?, \
    closed_why = ? WHERE id = ? AND is_active = 1";
const END_SESSIONS: &str = "UPDATE sessions SET revoked_at = ?, ended_why = ? \
    WHERE user_id = ? AND revoked_at IS NULL AND expires_at > ?";
const TOKENS_SINCE: &str = "SELECT tokens_since FROM users WHERE id = ?";
const REOPEN: &str =
    "UPDATE users SET is_active = 1, updated_at = ? WHERE id = ? AND is_active = 0";
const CLOSING: &str =
    "SELECT tokens_since, closed_at, closed_by, closed_why FROM users WHERE id = ?";
const BEGIN_TOKENS: &str = "UPDATE users SET tokens_since = ?, closed_at = NULL, closed_by = NULL, \
    closed_why = NULL WHERE id = ?";
const ROLE_AND_TOKENS_SINCE: &str = "SELECT role_id, tokens_since FROM users WHERE id = ?";
const ACTS_OF_PERSON: &str = "WHERE user_id = ? ORDER BY at DESC, id DESC LIMIT ?";
/// Per person; older ones stay in the table.
const ACTS_SHOWN_MAX: usize = 20;
const SEALED_ACTS: &str = "SELECT id, why FROM role_acts WHERE id > ? ORDER BY id LIMIT ?";
const RESEAL_ACT: &str = "UPDATE role_acts SET why = ? WHERE id = ? AND why = ?";
const SEALED_READMISSIONS: &str =
    "SELECT id, user_id, why, closed_why FROM readmissions WHERE id > ? ORDER BY id LIMIT ?";
const RESEAL_READMISSION: &str = "UPDATE readmissions SET why = ? WHERE id = ? AND why = ?";
const RESEAL_ENDED_CLOSING: &str =
    "UPDATE readmissions SET closed_why = ? WHERE id = ? AND closed_why = ?";

words! {
    /// Only open accounts can sign in.
    AccountState {
        Open "open",
        /// Revoked by an admin.
        Closed "closed",
    }
}

words_from_text!(AccountState);

row! {
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct PersonRow {
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
    }
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PeopleFilter {
    /// The start of a name, or a whole address.
    pub search: Option<String>,
    pub role: Option<i64>,
    pub state: Option<AccountState>,
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
    /// Returns at most `limit` people after `after`, by name.
    pub async fn list_people(
        &self,
        filter: &PeopleFilter,
        after: &str,
        limit: usize,
    ) -> Result<Vec<PersonRow>, StoreError> {
        let (text, values) = build_statement(filter, self.sql.data_keys(), after, limit);
        let people: Vec<PersonRow> = self.sql.fetch_all(text, values).await?;
        people
            .into_iter()
            .map(|person| self.unseal_person(person))
            .collect()
    }

    pub async fn load_person(&self, user: UserId) -> Result<Option<PersonRow>, StoreError> {
        let person = self
            .sql
            .fetch_optional(Statement::new(PEOPLE).append_text(ONE_PERSON), vals![user])
            .await?;
        person.map(|person| self.unseal_person(person)).transpose()
    }

    fn unseal_person(&self, person: PersonRow) -> Result<PersonRow, StoreError> {
        let keys = self.sql.data_keys();
        let email = keys.open_text(&email_seal_place(person.id), person.email)?;
        let place = closing_place(person.id);
        let closed_why = person
            .closed_why
            .map(|why| keys.open_text(&place, why))
            .transpose()?;
        Ok(PersonRow {
            email,
            closed_why,
            ..person
        })
    }

    /// Closes an account, ends its sessions and publishes the event once. Checks the closing
    /// admin's permission under the role lock: two admins who close each other concurrently would
    /// leave none. Writes the account first, so a concurrent sign-in waits for it or is ended here.
    pub async fn close_account(
        &self,
        user: UserId,
        record: &ClosureRecord,
        event_of: impl Fn(UnixMillis) -> Result<Event, serde_json::Error>,
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
                let event = event_of(since.map_or(*at, |since| since.max(*at)))?;
                outbox::add(tx, &event).await?;
            }
            Ok(if first { CloseAccountResult::Closed } else { CloseAccountResult::ClosedBefore })
        })
    }

    /// Returns a person's role, and the earliest issue time of their valid tokens.
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
    /// false if the account is open. Ended sessions stay ended.
    pub async fn readmit_user(
        &self,
        id: Uuid,
        user: UserId,
        record: &ClosureRecord,
        event_of: impl Fn(UnixMillis) -> Result<Event, serde_json::Error>,
    ) -> Result<bool, StoreError> {
        let ClosureRecord { at, by, why } = record;
        transact!(self.sql, tx => {
            if tx.exec(REOPEN, vals![*at, user]).await? != 1 {
                return Ok(false);
            }
            let standing: Option<ClosingColumns> = tx.fetch_optional(CLOSING, vals![user]).await?;
            let Some((before, closed_at, closed_by, closed_why)) = standing else {
                return Ok(false);
            };
            let keys = tx.data_keys();
            let place = closing_place(user);
            let closed_why = closed_why.map(|why| reseal_if_stale(keys, &place, why)).transpose()?;
            let why = keys.seal_text(&readmission_place(id), why);
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
            outbox::add(tx, &event_of(since)?).await?;
            Ok(true)
        })
    }

    /// Returns the latest roles given to a person, newest first.
    pub async fn list_role_changes(&self, user: UserId) -> Result<Vec<RoleAct>, StoreError> {
        let keys = self.sql.data_keys();
        let acts: Vec<RoleAct> = self
            .sql
            .fetch_all(RoleAct::select(ACTS_OF_PERSON), vals![user, ACTS_SHOWN_MAX])
            .await?;
        acts.into_iter()
            .map(|act| {
                let why = keys.open_text(&role_change_place(act.id), act.why)?;
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
        let why = tx.data_keys().seal_text(&role_change_place(id), why);
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

    /// As `reseal_resets`, for role changes.
    pub async fn reseal_role_acts(&self, after: Uuid) -> Result<ResealedBatch<Uuid>, StoreError> {
        self.reseal_texts(SEALED_ACTS, RESEAL_ACT, role_change_place, after)
            .await
    }

    /// As `reseal_resets`, for readmissions and the closings that they ended.
    pub async fn reseal_readmissions(
        &self,
        after: Uuid,
    ) -> Result<ResealedBatch<Uuid>, StoreError> {
        let rows: Vec<(Uuid, UserId, String, Option<String>)> = self
            .sql
            .fetch_all(SEALED_READMISSIONS, vals![after, BATCH])
            .await?;
        let last = rows
            .last()
            .filter(|_| rows.len() == BATCH)
            .map(|(id, ..)| *id);
        let mut sealed = 0;
        for (id, user, why, closed_why) in rows {
            sealed += self
                .reseal_text(RESEAL_READMISSION, &readmission_place(id), id, Some(why))
                .await?;
            sealed += self
                .reseal_text(RESEAL_ENDED_CLOSING, &closing_place(user), id, closed_why)
                .await?;
        }
        Ok(ResealedBatch { sealed, last })
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
        Some(address) if address.contains('@') => {
            // Addresses are plain until the job seals them.
            text = text.append_text(" AND (u.email_hash = ? OR u.email = ?)");
            values.extend(vals![keys.hash(EMAIL, address).to_vec(), address.as_str()]);
        }
        Some(start) => {
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

pub(super) fn readmission_place(id: Uuid) -> SealContext {
    SealContext::of_id("readmissions.why", id)
}

pub(super) fn role_change_place(id: Uuid) -> SealContext {
    SealContext::of_id("role_acts.why", id)
}
