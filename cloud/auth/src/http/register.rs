//! `POST /api/v1/auth/register`: makes an account, as customer or provider. Admins are made by an
//! operator, not here.

use axum::{extract::State, http::StatusCode};
use process::{
    problem::{Json, Problem},
    trace::Trace,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use wire::{Code, Role, UserId};

use crate::{domain::NewAccount, say, service::Service};

#[derive(Deserialize)]
pub struct RegisterForm {
    username: String,
    email: String,
    password: String,
    /// By name, or by number as older clients do.
    #[serde(alias = "role_id")]
    role: Value,
}

#[derive(Serialize)]
pub struct NewUser {
    user_id: UserId,
    username: String,
    role: Role,
}

pub async fn register(
    State(service): State<Service>,
    Trace(trace): Trace,
    Json(form): Json<RegisterForm>,
) -> Result<(StatusCode, Json<NewUser>), Problem> {
    let role = role_of(&form.role)?;
    if role == Role::Admin {
        return Err(Problem::new(Code::RoleForbidden));
    }
    let account = NewAccount::new(&form.username, &form.email, form.password, role)?;
    let username = account.username.as_str().to_owned();
    let user_id = service.register(account, &trace).await?.ok_or(Code::UserExists)?;
    Ok((StatusCode::CREATED, Json(NewUser { user_id, username, role })))
}

fn role_of(asked: &Value) -> Result<Role, Problem> {
    let found = match asked {
        Value::String(name) => Role::ALL.into_iter().find(|role| role.as_str() == name),
        asked => asked.as_i64().and_then(Role::from_number),
    };
    found.ok_or_else(|| Problem::wrong("role", say::role_needs))
}
