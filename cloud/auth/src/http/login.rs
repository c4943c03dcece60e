//! `POST /api/v1/auth/login`: a name and a password for an access token of an hour.

use axum::extract::State;
use process::{
    metrics,
    problem::{Json, Problem},
};
use serde::Deserialize;
use wire::Code;

use crate::service::{AccessGrant, Service, SignIn};

#[derive(Deserialize)]
pub struct LoginForm {
    username: String,
    password: String,
}

pub async fn login(
    State(service): State<Service>,
    Json(form): Json<LoginForm>,
) -> Result<Json<AccessGrant>, Problem> {
    match service.sign_in(&form.username, form.password).await? {
        SignIn::Done(grant) => {
            metrics::SIGN_INS.add(["done"], 1);
            Ok(Json(grant))
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
