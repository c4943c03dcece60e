//! `GET /api/v1/admin/users` lists people for admins, `.../{id}` shows one, and `PUT .../{id}/role`
//! assigns a role, on record. `GET /api/v1/users/{id}/account` shows people their own account.
//!
//! Invariant: email addresses are always masked.

use std::{
    fmt::{self, Display},
    str::FromStr,
};

use axum::extract::State;
use process::{
    problem::{ItemList, Json, Page, Path, Problem, Query},
    trace::RequestTrace,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use wire::{Code, Permission, Role, UnixMillis, UserId, check_reason};

use super::{IntoProblem, LiveCaller, require_permission};
use crate::{
    domain::{EMAIL_BYTES_MAX, Email, USERNAME_CHARS_MAX, mask_email},
    say,
    service::Service,
    store::{AccountState, PeopleFilter, PersonRow, RoleAct},
};

#[derive(Deserialize, ToSchema)]
pub struct PeopleQuery {
    /// The beginning of a user name, or a complete email address.
    search: Option<String>,
    /// A role's number.
    role: Option<i64>,
    state: Option<AccountState>,
}

/// A cursor of the list: the last user name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UsernameCursor(String);

#[derive(Serialize, ToSchema)]
pub struct PersonItem {
    user_id: UserId,
    username: String,
    /// Masked: its first letter and its domain.
    email: String,
    /// The address is confirmed, so mail goes there.
    email_confirmed: bool,
    /// The role in tokens.
    role: Role,
    role_id: i64,
    /// The role's display name.
    role_name: String,
    state: AccountState,
    created_at: UnixMillis,
}

/// An admin's action on a person, with time and reason.
#[derive(Serialize, ToSchema)]
pub struct PersonActItem {
    at: UnixMillis,
    by: UserId,
    reason: String,
    /// The previous and new role, for a role change.
    #[serde(skip_serializing_if = "Option::is_none")]
    was: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    became: Option<String>,
}

#[derive(Serialize, ToSchema)]
pub struct PersonDetail {
    #[serde(flatten)]
    person: PersonItem,
    /// The revocation, if the account is closed.
    #[serde(skip_serializing_if = "Option::is_none")]
    closed: Option<PersonActItem>,
    /// The latest role changes, newest first.
    roles_given: Vec<PersonActItem>,
}

/// An account. Only admins see its record, which contains their reasons.
#[derive(Serialize, ToSchema)]
pub struct AccountView {
    #[serde(flatten)]
    person: PersonItem,
    /// Only for admins: the revocation, if the account is closed.
    #[serde(skip_serializing_if = "Option::is_none")]
    closed: Option<PersonActItem>,
    /// Only for admins: the latest role changes, newest first.
    #[serde(skip_serializing_if = "Option::is_none")]
    roles_given: Option<Vec<PersonActItem>>,
}

#[derive(Deserialize, ToSchema)]
pub struct RoleGift {
    role_id: i64,
    reason: String,
}

pub async fn list_people(
    State(service): State<Service>,
    LiveCaller(caller): LiveCaller,
    Query(query): Query<PeopleQuery>,
    page: Page<UsernameCursor>,
) -> Result<ItemList<PersonItem>, Problem> {
    require_permission(&service, &caller, Permission::ReadPeople).await?;
    let PeopleQuery {
        search,
        role,
        state,
    } = query;
    let search = search
        .map(|text| text.trim().to_lowercase())
        .filter(|text| !text.is_empty());
    if search
        .as_ref()
        .is_some_and(|text| text.len() > EMAIL_BYTES_MAX)
    {
        return Err(Problem::wrong_field("search", say::search_needs));
    }
    let filter = PeopleFilter {
        search,
        role,
        state,
    };
    let after = page.after.as_ref().map_or("", |UsernameCursor(name)| name);
    let found = service
        .store
        .list_people(&filter, after, page.rows_to_read())
        .await;
    let list = page.build_page(found?, |row| row.username.clone());
    Ok(list.map_items(|row| to_person_item(&service, &row)))
}

pub async fn show_person(
    State(service): State<Service>,
    LiveCaller(caller): LiveCaller,
    Path(user): Path<UserId>,
) -> Result<Json<PersonDetail>, Problem> {
    require_permission(&service, &caller, Permission::ReadPeople).await?;
    load_person_detail(&service, user).await
}

/// Admins see the same as in `show_person`. Other callers cannot distinguish another's account from
/// a missing one.
pub async fn show_account(
    State(service): State<Service>,
    LiveCaller(caller): LiveCaller,
    Path(user): Path<UserId>,
) -> Result<Json<AccountView>, Problem> {
    if caller.actor.role == Role::Admin {
        require_permission(&service, &caller, Permission::ReadPeople).await?;
        let Json(PersonDetail {
            person,
            closed,
            roles_given,
        }) = load_person_detail(&service, user).await?;
        return Ok(Json(AccountView {
            person,
            closed,
            roles_given: Some(roles_given),
        }));
    }
    if caller.actor.user_id != user {
        return Err(Code::NotFound.into());
    }
    let person = service.store.load_person(user).await?;
    let person = person.ok_or(Code::NotFound)?;
    let person = to_person_item(&service, &person);
    Ok(Json(AccountView {
        person,
        closed: None,
        roles_given: None,
    }))
}

/// Repeats change nothing and get the same answer.
pub async fn give_role(
    State(service): State<Service>,
    RequestTrace(trace): RequestTrace,
    LiveCaller(caller): LiveCaller,
    Path(user): Path<UserId>,
    Json(RoleGift { role_id, reason }): Json<RoleGift>,
) -> Result<Json<PersonDetail>, Problem> {
    require_permission(&service, &caller, Permission::ManageRoles).await?;
    let why = check_reason(&reason)?;
    if caller.actor.user_id == user {
        // If the last admin gave up their role, no admin could restore it.
        return Err(Problem::new(Code::RoleForbidden));
    }
    let order = service.new_role_audit(caller.actor.user_id, why);
    service
        .give_role(user, role_id, &order, &trace)
        .await
        .map_err(|error| error.into_problem(&service))?;
    load_person_detail(&service, user).await
}

async fn load_person_detail(
    service: &Service,
    user: UserId,
) -> Result<Json<PersonDetail>, Problem> {
    let person = service.store.load_person(user).await?;
    let person = person.ok_or(Code::NotFound)?;
    let given = service.store.list_role_changes(user).await?;
    let closed = person
        .closed_at
        .zip(person.closed_by)
        .filter(|_| !person.is_active);
    let closed = closed.map(|(at, by)| {
        let reason = person.closed_why.clone().unwrap_or_default();
        PersonActItem {
            at,
            by,
            reason,
            was: None,
            became: None,
        }
    });
    let roles_given = given.into_iter().map(PersonActItem::from).collect();
    Ok(Json(PersonDetail {
        person: to_person_item(service, &person),
        closed,
        roles_given,
    }))
}

fn to_person_item(service: &Service, row: &PersonRow) -> PersonItem {
    let reaches_nobody = Email::from_stored(row.email.clone()).is_undeliverable();
    let is_confirmed = service.is_confirmed(row.email_confirmed_at, row.created_at);
    PersonItem {
        user_id: row.id,
        username: row.username.clone(),
        email: mask_email(&row.email),
        email_confirmed: is_confirmed && !reaches_nobody,
        role: row.role_id,
        role_id: row.held_role_id,
        role_name: row.role_name.clone(),
        state: if row.is_active {
            AccountState::Open
        } else {
            AccountState::Closed
        },
        created_at: row.created_at,
    }
}

impl From<RoleAct> for PersonActItem {
    fn from(
        RoleAct {
            at,
            by_user,
            why,
            was,
            became,
            ..
        }: RoleAct,
    ) -> Self {
        Self {
            at,
            by: by_user,
            reason: why,
            was: Some(was),
            became: Some(became),
        }
    }
}

impl FromStr for UsernameCursor {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let fits = text.len() <= USERNAME_CHARS_MAX;
        fits.then(|| Self(text.to_owned()))
            .ok_or("not a cursor of this list")
    }
}

impl Display for UsernameCursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
