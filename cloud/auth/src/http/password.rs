//! `POST /api/v1/auth/password` changes the caller's password, `POST /api/v1/auth/password-reset`
//! sets one with a code, and `POST /api/v1/admin/users/{id}/password-reset` issues such a code, on
//! record.

use axum::{extract::State, http::StatusCode};
use platform::ClientAddress;
use process::{
    problem::{CreatedJson, Json, Path, Problem},
    trace::RequestTrace,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use wire::{Code, Permission, UnixMillis, UserId, check_reason};

use super::{
    IntoProblem, LiveCaller, account::RevokeForm, require_permission, session::EndedSessions,
};
use crate::{credentials::ResetCodeResult, domain::Password, say, service::Service};

#[derive(Deserialize, ToSchema)]
pub struct PasswordForm {
    old_password: String,
    new_password: String,
}

#[derive(Deserialize, ToSchema)]
pub struct PasswordResetForm {
    username: String,
    /// The code from an admin. Dashes, spaces and case do not matter.
    code: String,
    new_password: String,
}

#[derive(Serialize, ToSchema)]
pub struct PasswordResetCode {
    user_id: UserId,
    /// Shown only this once; it cannot be retrieved later.
    code: String,
    expires_at: UnixMillis,
}

pub async fn change_password(
    State(service): State<Service>,
    RequestTrace(trace): RequestTrace,
    LiveCaller(caller): LiveCaller,
    from: ClientAddress,
    Json(form): Json<PasswordForm>,
) -> Result<Json<EndedSessions>, Problem> {
    let new = parse_new_password(form.new_password)?;
    let owner = &caller.claims;
    let old = form.old_password;
    let ended = service
        .change_password(owner, from, old, new, &trace)
        .await
        .map_err(|error| error.into_problem(&service))?;
    Ok(Json(EndedSessions { ended }))
}

pub async fn redeem_reset(
    State(service): State<Service>,
    RequestTrace(trace): RequestTrace,
    from: ClientAddress,
    Json(form): Json<PasswordResetForm>,
) -> Result<StatusCode, Problem> {
    let new = parse_new_password(form.new_password)?;
    service
        .redeem_reset(from, &form.username, &form.code, new, &trace)
        .await
        .map(|()| StatusCode::NO_CONTENT)
        .map_err(|error| error.into_problem(&service))
}

pub async fn issue_reset(
    State(service): State<Service>,
    LiveCaller(caller): LiveCaller,
    Path(user_id): Path<UserId>,
    Json(RevokeForm { reason }): Json<RevokeForm>,
) -> Result<CreatedJson<PasswordResetCode>, Problem> {
    require_permission(&service, &caller, Permission::ResetPasswords).await?;
    let why = check_reason(&reason)?;
    match service
        .issue_reset(user_id, caller.actor.user_id, why)
        .await?
    {
        ResetCodeResult::Issued(code, expires_at) => {
            let code = code.reveal();
            Ok(CreatedJson(PasswordResetCode {
                user_id,
                code,
                expires_at,
            }))
        }
        ResetCodeResult::Nobody => Err(Code::NotFound.into()),
        ResetCodeResult::OfAdmin => Err(Code::RoleForbidden.into()),
    }
}

fn parse_new_password(text: String) -> Result<Password, Problem> {
    Password::new(text).map_err(|_| Problem::wrong_field("new_password", say::password_needs))
}
