//! The admins' list of people: by name, in pages, with role and state.

use platform::{
    row,
    sealing::DataKeys,
    sql::{Statement, Val},
    vals,
};
use wire::{Role, UnixMillis, UserId, words, words_from_text};

use super::{
    Store, StoreError, reasons,
    users::{EMAIL, email_seal_place},
};
use crate::domain::BUILT_IN_MAX;

const PEOPLE: &str = "SELECT u.id, u.username, u.email, u.role_id, COALESCE(u.own_role_id, u.role_id) \
    AS held_role_id, r.name AS role_name, u.is_active, u.created_at, \
    u.email_confirmed_at, u.closed_at, u.closed_by, \
    u.closed_why FROM users u JOIN roles r ON r.id = COALESCE(u.own_role_id, u.role_id) WHERE ";
const IN_ORDER: &str = "u.username > ?";
const ONE: &str = "u.id = ?";

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
            .fetch_optional(Statement::new(PEOPLE).append_text(ONE), vals![user])
            .await?;
        person.map(|person| self.unseal_person(person)).transpose()
    }

    fn unseal_person(&self, person: PersonRow) -> Result<PersonRow, StoreError> {
        let keys = self.sql.data_keys();
        let email = keys.open_text(&email_seal_place(person.id), person.email)?;
        let place = reasons::closing_place(person.id);
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
    let mut text = Statement::new(PEOPLE).append_text(IN_ORDER);
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
