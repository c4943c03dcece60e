//! `POST /api/v1/auth/login`: a name and a password for an access token of an hour.

use axum::extract::State;
use process::{
    metrics,
    problem::{Json, Problem},
};
use serde::{Deserialize, Serialize};
use wire::{Code, Role, UserId};

use crate::service::{ACCESS_TOKEN_SECONDS, Service, SignIn};

#[derive(Deserialize)]
pub struct Asked {
    username: String,
    password: String,
}

#[derive(Serialize)]
pub struct Granted {
    access_token: String,
    token_type: &'static str,
    expires_in: i64,
    user_id: UserId,
    role: Role,
}

pub async fn login(
    State(service): State<Service>,
    Json(asked): Json<Asked>,
) -> Result<axum::Json<Granted>, Problem> {
    match service.sign_in(&asked.username, asked.password).await? {
        SignIn::Done(done) => {
            metrics::SIGN_INS.add(["done"], 1);
            Ok(axum::Json(Granted {
                access_token: done.token,
                token_type: "Bearer",
                expires_in: ACCESS_TOKEN_SECONDS,
                user_id: done.user_id,
                role: done.role,
            }))
        }
        SignIn::Wrong => {
            metrics::SIGN_INS.add(["wrong"], 1);
            Err(Problem::new(Code::InvalidCredentials))
        }
        SignIn::Locked(until) => {
            metrics::SIGN_INS.add(["locked"], 1);
            let left_s = until.since(service.clock.now()) / 1000 + 1;
            let problem = Problem::new(Code::AccountLocked).with("locked_until", until);
            Err(problem.retry_after(u32::try_from(left_s).unwrap_or(u32::MAX)))
        }
    }
}
