//! `POST /api/v1/auth/register` creates a customer's or provider's account. `POST
//! /api/v1/admin/users/{id}/revoke` closes an account and `.../readmit` reopens it, on record. Only
//! operators create admins.

use axum::extract::State;
use platform::ClientAddress;
use process::{
    problem::{CreatedJson, Json, Path, Problem},
    trace::RequestTrace,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;
use wire::{Code, Permission, Role, UnixMillis, UserId, check_reason};

use super::{IntoProblem, LiveCaller, require_permission};
use crate::{
    domain::NewAccount,
    limits::QuotaExceeded,
    say,
    service::{self, Service},
};

#[derive(Deserialize, ToSchema)]
pub struct RegisterForm {
    username: String,
    email: String,
    password: String,
    /// By name, or by number for older clients.
    #[serde(alias = "role_id")]
    #[schema(value_type = Role)]
    role: Value,
}

#[derive(Serialize, ToSchema)]
pub struct NewUser {
    user_id: UserId,
    username: String,
    role: Role,
}

#[derive(Deserialize, ToSchema)]
pub struct RevokeForm {
    #[serde(default)]
    pub reason: String,
}

#[derive(Serialize, ToSchema)]
pub struct ClosedAccount {
    user_id: UserId,
    role: Role,
}

#[derive(Serialize, ToSchema)]
pub struct ReopenedAccount {
    user_id: UserId,
    role: Role,
    /// Earlier tokens are invalid. Absent if the person was never revoked.
    #[serde(skip_serializing_if = "Option::is_none")]
    tokens_since: Option<UnixMillis>,
}

pub async fn register(
    State(service): State<Service>,
    RequestTrace(trace): RequestTrace,
    from: ClientAddress,
    Json(form): Json<RegisterForm>,
) -> Result<CreatedJson<NewUser>, Problem> {
    let role = parse_role(&form.role)?;
    if role == Role::Admin {
        return Err(Problem::new(Code::RoleForbidden));
    }
    let account = NewAccount::new(&form.username, &form.email, form.password, role)?;
    let username = account.username.as_str().to_owned();
    service
        .limits
        .count_registration(from)
        .await
        .map_err(to_quota_problem)?;
    let Service {
        store,
        passwords,
        clock,
        ..
    } = &service;
    let made = service::register_account(store, passwords, clock, from, account, &trace).await?;
    let user_id =
        made.ok_or_else(|| Problem::new(Code::UserExists).with_detail(say::name_taken))?;
    Ok(CreatedJson(NewUser {
        user_id,
        username,
        role,
    }))
}

/// Repeats change nothing and get the same answer.
pub async fn revoke(
    State(service): State<Service>,
    RequestTrace(trace): RequestTrace,
    LiveCaller(caller): LiveCaller,
    Path(user_id): Path<UserId>,
    Json(RevokeForm { reason }): Json<RevokeForm>,
) -> Result<Json<ClosedAccount>, Problem> {
    require_permission(&service, &caller, Permission::RevokePeople).await?;
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

/// Repeats change nothing and get the same answer.
pub async fn readmit(
    State(service): State<Service>,
    RequestTrace(trace): RequestTrace,
    LiveCaller(caller): LiveCaller,
    Path(user_id): Path<UserId>,
    Json(RevokeForm { reason }): Json<RevokeForm>,
) -> Result<Json<ReopenedAccount>, Problem> {
    require_permission(&service, &caller, Permission::RevokePeople).await?;
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

pub fn to_quota_problem(QuotaExceeded { most, retry_s }: QuotaExceeded) -> Problem {
    let why = say::registrations_of_address { most: most.into() };
    Problem::new(Code::RegistrationQuota)
        .with_detail(why)
        .retry_after(retry_s)
}

fn parse_role(asked: &Value) -> Result<Role, Problem> {
    let found = match asked {
        Value::String(name) => Role::ALL.into_iter().find(|role| role.as_str() == name),
        asked => asked.as_i64().and_then(Role::from_number),
    };
    found.ok_or_else(|| Problem::wrong_field("role", say::role_needs))
}
