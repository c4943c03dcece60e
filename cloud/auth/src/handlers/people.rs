//! `GET /api/v1/admin/users` lists people for admins and `.../{id}` shows one. `.../{id}/revoke`
//! closes an account and `.../readmit` reopens it, on record. `GET /api/v1/users/{id}/account`
//! shows people their own account.
//!
//! Invariant: email addresses are always masked.

use std::{
    fmt::{self, Display},
    str::FromStr,
};

use axum::extract::State;
use platform::sms::PhoneNumber;
use process::{
    clock::Clock,
    problem::{ItemList, Json, Page, Path, Problem, Query},
    trace::{RequestTrace, TraceId},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use wire::{Code, Event, EventType, ReadmissionEvent, Role, UnixMillis, UserId, check_reason};

use crate::{
    domain::{EMAIL_BYTES_MAX, Email, RoleRefusal, USERNAME_CHARS_MAX, mask_email},
    errors::{AttemptError, ServiceError},
    say,
    service::{IntoProblem, LiveCaller, Service, build_user_event},
    store::{
        AccountState, CloseAccountResult, ClosureRecord, IssuerSubject, PeopleFilter, PeopleSearch,
        PersonRow, RoleAct,
    },
};

#[derive(Deserialize, ToSchema)]
pub(crate) struct PeopleQuery {
    /// The beginning of a user name, or a complete email address or confirmed phone number.
    search: Option<String>,
    /// A role's number.
    role: Option<i64>,
    state: Option<AccountState>,
}

/// A cursor of the list: the last user name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct UsernameCursor(String);

#[derive(Serialize, ToSchema)]
pub(crate) struct PersonItem {
    user_id: UserId,
    /// Empty if the account is deleted, like the address.
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
pub(crate) struct PersonActItem {
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
pub(crate) struct PersonDetail {
    #[serde(flatten)]
    person: PersonItem,
    /// The revocation, if the account is closed.
    #[serde(skip_serializing_if = "Option::is_none")]
    closed: Option<PersonActItem>,
    /// The latest role changes, newest first.
    roles_given: Vec<PersonActItem>,
    /// When the person set up their oldest second factor.
    #[serde(skip_serializing_if = "Option::is_none")]
    second_factor_since: Option<UnixMillis>,
}

/// An account. Only admins see its record, which contains their reasons.
#[derive(Serialize, ToSchema)]
pub(crate) struct AccountView {
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
pub(crate) struct RevokeForm {
    #[serde(default)]
    pub reason: String,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct ClosedAccount {
    user_id: UserId,
    role: Role,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct ReopenedAccount {
    user_id: UserId,
    role: Role,
    /// Earlier tokens are invalid. Absent if the person was never revoked.
    #[serde(skip_serializing_if = "Option::is_none")]
    tokens_since: Option<UnixMillis>,
}

pub(crate) async fn list_people(
    State(service): State<Service>,
    Query(query): Query<PeopleQuery>,
    page: Page<UsernameCursor>,
) -> Result<ItemList<PersonItem>, Problem> {
    let PeopleQuery {
        search,
        role,
        state,
    } = query;
    let search = search.map(|text| text.trim().to_lowercase());
    let filter = PeopleFilter {
        search: match search.filter(|text| !text.is_empty()) {
            Some(text) => Some(interpret_search(&service, text).await?),
            None => None,
        },
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

/// A name may consist of digits, so a number that no one has confirmed is one.
async fn interpret_search(service: &Service, text: String) -> Result<PeopleSearch, Problem> {
    if text.len() > EMAIL_BYTES_MAX {
        return Err(Problem::wrong_field("search", say::search_needs));
    }
    if text.contains('@') {
        return Ok(PeopleSearch::Email(text));
    }
    let Some(phone) = PhoneNumber::parse_typed(&text, &service.codes.home) else {
        return Ok(PeopleSearch::NameStart(text));
    };
    let subject = IssuerSubject::from_phone(&phone);
    let owner = service.store.find_identity_owner(subject).await?;
    Ok(owner.map_or(PeopleSearch::NameStart(text), PeopleSearch::Person))
}

pub(crate) async fn show_person(
    State(service): State<Service>,
    Path(user): Path<UserId>,
) -> Result<Json<PersonDetail>, Problem> {
    load_person_detail(&service, user).await
}

/// Admins see the same as in `show_person`. Other callers cannot distinguish another's account from
/// a missing one.
pub(crate) async fn show_account(
    State(service): State<Service>,
    LiveCaller(caller): LiveCaller,
    Path(user): Path<UserId>,
) -> Result<Json<AccountView>, Problem> {
    if caller.actor.role == Role::Admin {
        let Json(PersonDetail {
            person,
            closed,
            roles_given,
            ..
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

pub(crate) async fn load_person_detail(
    service: &Service,
    user: UserId,
) -> Result<Json<PersonDetail>, Problem> {
    let person = service.store.load_person(user).await?;
    let person = person.ok_or(Code::NotFound)?;
    if person.deleted_at.is_some() {
        return Ok(Json(PersonDetail {
            person: to_person_item(service, &person),
            closed: None,
            roles_given: Vec::new(),
            second_factor_since: None,
        }));
    }
    let given = service.store.list_role_changes(user).await?;
    let standing = service.store.factor_standing(user).await?;
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
        second_factor_since: standing.since(),
    }))
}

fn to_person_item(service: &Service, row: &PersonRow) -> PersonItem {
    let reaches_nobody = Email::from_stored(row.email.clone()).is_undeliverable();
    let is_confirmed = service.is_confirmed(row.email_confirmed_at, row.created_at);
    let is_deleted = row.deleted_at.is_some();
    let shown = |text: String| if is_deleted { String::new() } else { text };
    PersonItem {
        user_id: row.id,
        username: shown(row.username.clone()),
        email: shown(mask_email(&row.email)),
        email_confirmed: is_confirmed && !reaches_nobody,
        role: row.role_id,
        role_id: row.held_role_id,
        role_name: row.role_name.clone(),
        state: if is_deleted {
            AccountState::Deleted
        } else if row.is_active {
            AccountState::Open
        } else {
            AccountState::Closed
        },
        created_at: row.created_at,
    }
}

/// Repeats change nothing and get the same answer.
pub(crate) async fn revoke(
    State(service): State<Service>,
    RequestTrace(trace): RequestTrace,
    LiveCaller(caller): LiveCaller,
    Path(user_id): Path<UserId>,
    Json(RevokeForm { reason }): Json<RevokeForm>,
) -> Result<Json<ClosedAccount>, Problem> {
    let why = check_reason(&reason)?;
    if caller.actor.user_id == user_id {
        // If the last admin revoked themselves, no admin could readmit them.
        return Err(Problem::new(Code::RoleForbidden));
    }
    let by = caller.actor.user_id;
    let role = service
        .revoke_person(user_id, by, why, &trace)
        .await
        .map_err(|error| error.into_problem(&service))?;
    Ok(Json(ClosedAccount { user_id, role }))
}

impl Service {
    /// Closes a person's account and ends its sessions. Returns the person's role. On return the
    /// account is closed in auth_db; the feed informs the edges.
    async fn revoke_person(
        &self,
        user: UserId,
        by: UserId,
        why: String,
        trace: &TraceId,
    ) -> Result<Role, AttemptError<RoleRefusal>> {
        let Some(role) = self.store.load_role(user).await? else {
            return Err(RoleRefusal::Unknown.into());
        };
        let record = ClosureRecord {
            at: self.clock.now(),
            by,
            why,
        };
        let ending = self.sessions.begin_revocation();
        let closed = self
            .store
            .close_account(user, &record, |at| {
                build_closed_event(&self.clock, trace, user, role, at)
            })
            .await?;
        let decided = match closed {
            CloseAccountResult::Closed => {
                tracing::info!(user.id = %user, by = %by, "Closed an account");
                self.evict_permissions(user).await;
                self.sessions.refill_blacklist().await;
                Ok(role)
            }
            CloseAccountResult::ClosedBefore => Ok(role),
            CloseAccountResult::Refused(refused) => Err(refused),
        };
        ending.mark_reported();
        Ok(decided?)
    }
}

/// Repeats change nothing and get the same answer.
pub(crate) async fn readmit(
    State(service): State<Service>,
    RequestTrace(trace): RequestTrace,
    LiveCaller(caller): LiveCaller,
    Path(user_id): Path<UserId>,
    Json(RevokeForm { reason }): Json<RevokeForm>,
) -> Result<Json<ReopenedAccount>, Problem> {
    let why = check_reason(&reason)?;
    let by = caller.actor.user_id;
    service
        .check_may_administer(by, user_id)
        .await
        .map_err(|error| error.into_problem(&service))?;
    let open = service.readmit_person(user_id, by, why, &trace).await?;
    let (role, since) = open.ok_or(Code::NotFound)?;
    let tokens_since = (since > UnixMillis(0)).then_some(since);
    Ok(Json(ReopenedAccount {
        user_id,
        role,
        tokens_since,
    }))
}

impl Service {
    /// Reopens the account of a revoked person. Earlier tokens stay invalid: their sessions have
    /// ended, and edges receive the time from which tokens are valid. Returns the role and that
    /// time, or `None` if the person does not exist.
    async fn readmit_person(
        &self,
        user: UserId,
        by: UserId,
        why: String,
        trace: &TraceId,
    ) -> Result<Option<(Role, UnixMillis)>, ServiceError> {
        let Some((role, _)) = self.store.load_tokens_since(user).await? else {
            return Ok(None);
        };
        let id = self.clock.new_id();
        let record = ClosureRecord {
            at: self.clock.now(),
            by,
            why,
        };
        let is_readmitted = self
            .store
            .readmit_user(id, user, &record, |tokens_since| {
                let body = ReadmissionEvent {
                    user_id: user,
                    role,
                    tokens_since,
                };
                build_readmitted_event(&self.clock, trace, &body)
            })
            .await?;
        if is_readmitted {
            tracing::info!(user.id = %user, by = %by, "Readmitted a revoked person");
        }
        Ok(self.store.load_tokens_since(user).await?)
    }
}

/// `at` is never before the start of the person's valid tokens, so event times order closings and
/// readmissions.
fn build_closed_event(
    clock: &Clock,
    trace: &TraceId,
    user_id: UserId,
    role: Role,
    at: UnixMillis,
) -> Result<Event, serde_json::Error> {
    let event = build_user_event(EventType::UserRevoked, clock, trace, user_id, role, None)?;
    Ok(Event { at, ..event })
}

fn build_readmitted_event(
    clock: &Clock,
    trace: &TraceId,
    body: &ReadmissionEvent,
) -> Result<Event, serde_json::Error> {
    let id = clock.new_id().into();
    let kind = EventType::UserReadmitted;
    Event::new(id, kind, clock.now(), trace.as_str(), body)
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
