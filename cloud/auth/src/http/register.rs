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

use super::problems::invalid_fields;
use crate::{
    domain::{FieldError, NewAccount},
    service::Service,
    store::Added,
};

#[derive(Deserialize)]
pub struct Asked {
    username: String,
    email: String,
    password: String,
    /// By name, or by number as older clients do.
    #[serde(alias = "role_id")]
    role: Value,
}

#[derive(Serialize)]
pub struct Registered {
    user_id: UserId,
    username: String,
    role: Role,
}

pub async fn register(
    State(service): State<Service>,
    Trace(trace): Trace,
    Json(asked): Json<Asked>,
) -> Result<(StatusCode, axum::Json<Registered>), Problem> {
    let role = role_of(&asked.role).map_err(|error| invalid_fields(&[error]))?;
    if role == Role::Admin {
        return Err(Problem::new(Code::RoleForbidden));
    }
    let account = NewAccount::new(&asked.username, &asked.email, asked.password, role)
        .map_err(|errors| invalid_fields(&errors))?;
    let username = account.username.as_str().to_owned();
    match service.register(account, &trace).await? {
        (user_id, Added::Yes) => {
            Ok((StatusCode::CREATED, axum::Json(Registered { user_id, username, role })))
        }
        (_, Added::Taken) => Err(Problem::new(Code::UserExists)),
    }
}

fn role_of(asked: &Value) -> Result<Role, FieldError> {
    let found = match asked {
        Value::String(name) => Role::ALL.into_iter().find(|role| role.as_str() == name),
        asked => asked.as_i64().and_then(Role::from_number),
    };
    found.ok_or(FieldError {
        field: "role",
        en: "`customer` or `provider`.",
        zh: "请填写 `customer` 或 `provider`。",
    })
}
