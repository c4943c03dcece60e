//! The contact details of an account, for the notification service: its confirmed email address and
//! its verified phone number.

use axum::extract::State;
use process::{
    parts::CloudPart,
    problem::{Json, Problem},
    tokens::ServiceCaller,
};
use serde::{Deserialize, Serialize};
use wire::{Code, Role, UserId};

use crate::service::Service;

#[derive(Deserialize)]
pub(crate) struct ContactQuestion {
    user_id: UserId,
}

#[derive(Serialize)]
pub(crate) struct ContactAnswer {
    is_open: bool,
    /// `null` if the account is closed or does not exist.
    role: Option<Role>,
    /// `null` if the account is closed, or its address is undeliverable or unconfirmed.
    email: Option<String>,
    /// The address exists but is not confirmed.
    is_unconfirmed: bool,
    /// The verified phone number. `null` if the account is closed or has no number.
    phone: Option<String>,
}

pub(crate) async fn show_contact(
    State(service): State<Service>,
    ServiceCaller(from): ServiceCaller,
    Json(ContactQuestion { user_id }): Json<ContactQuestion>,
) -> Result<Json<ContactAnswer>, Problem> {
    if from != CloudPart::Notification.name() {
        return Err(Code::RoleForbidden.into());
    }
    let Some(own) = service.own_address(user_id).await? else {
        return Ok(Json(ContactAnswer {
            is_open: false,
            role: None,
            email: None,
            is_unconfirmed: false,
            phone: None,
        }));
    };
    let is_unconfirmed = own.email.is_some() && !own.is_confirmed;
    let email = own
        .email
        .filter(|_| own.is_confirmed)
        .map(|email| email.as_str().to_owned());
    let phone = service.store.load_phone_number(user_id).await?;
    let role = service.store.load_open_role(user_id).await?;
    Ok(Json(ContactAnswer {
        is_open: true,
        role,
        email,
        is_unconfirmed,
        phone,
    }))
}
