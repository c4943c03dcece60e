//! How the person of an account is reached, for the service that writes to people.

use axum::extract::State;
use process::{
    parts::CloudPart,
    problem::{Json, Problem},
    tokens::FromService,
};
use serde::{Deserialize, Serialize};
use wire::{Code, UserId};

use crate::service::{Service, ServiceError};

/// Stands in addresses that nobody can be written to, as the first admin's.
const NOWHERE: &str = ".invalid";

#[derive(Deserialize)]
pub struct ContactQuestion {
    user_id: UserId,
}

#[derive(Serialize)]
pub struct ContactAnswer {
    is_open: bool,
    /// `null` for a closed account, and where there is nothing to write to.
    email: Option<String>,
    /// The number of a phone that was proven; `null` for a closed account, and where there is none.
    phone: Option<String>,
}

pub async fn of_person(
    State(service): State<Service>,
    FromService(from): FromService,
    Json(ContactQuestion { user_id }): Json<ContactQuestion>,
) -> Result<Json<ContactAnswer>, Problem> {
    if from != CloudPart::Notification.name() {
        return Err(Code::RoleForbidden.into());
    }
    let person = service.store.person(user_id).await.map_err(ServiceError::from)?;
    let Some(person) = person.filter(|person| person.is_active) else {
        return Ok(Json(ContactAnswer { is_open: false, email: None, phone: None }));
    };
    let email = (!person.email.ends_with(NOWHERE)).then_some(person.email);
    let phone = service.store.number_of(user_id).await.map_err(ServiceError::from)?;
    Ok(Json(ContactAnswer { is_open: true, email, phone }))
}
