//! The address of an account, for the service that writes to people.

use axum::extract::State;
use process::{
    problem::{Json, Problem},
    tokens::FromService,
};
use serde::{Deserialize, Serialize};
use wire::UserId;

use crate::service::{Service, ServiceError};

/// Stands in addresses that nobody can be written to, as the first admin's.
const NOWHERE: &str = ".invalid";

#[derive(Deserialize)]
pub struct ContactQuestion {
    user_id: UserId,
}

#[derive(Serialize)]
pub struct ContactAnswer {
    /// `null` for a closed account, and where there is nothing to write to.
    email: Option<String>,
}

pub async fn of_person(
    State(service): State<Service>,
    _: FromService,
    Json(ContactQuestion { user_id }): Json<ContactQuestion>,
) -> Result<Json<ContactAnswer>, Problem> {
    let person = service.store.person(user_id).await.map_err(ServiceError::from)?;
    let open = person.filter(|person| person.is_active && !person.email.ends_with(NOWHERE));
    Ok(Json(ContactAnswer { email: open.map(|person| person.email) }))
}
