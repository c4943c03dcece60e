//! The caller's email address: `GET /api/v1/auth/address` shows it, `PUT` requests another one,
//! `POST .../code` sends another code, and `.../confirm` confirms the address with it. The
//! notification service fetches the code to mail it.

use axum::extract::State;
use platform::ClientAddress;
use process::{
    parts::CloudPart,
    problem::{Json, Problem},
    tokens::ServiceCaller,
    trace::RequestTrace,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use wire::{Code, EventId, UnixMillis, UserId};

use super::{IntoProblem, LiveCaller};
use crate::{
    addresses::{AddressRefusal, EmailStatus},
    domain::{Email, OneTimeCode},
    limits::QuotaExceeded,
    say,
    service::Service,
    store::AddressCodeTarget,
};

#[derive(Serialize, ToSchema)]
pub struct MailAddress {
    /// `null` if the account has no deliverable address.
    #[schema(required)]
    email: Option<String>,
    /// If true, mail goes to `email`. An unconfirmed address receives only its code.
    is_confirmed: bool,
    /// Replaces `email` once confirmed.
    #[schema(required)]
    pending: Option<String>,
}

#[derive(Deserialize, ToSchema)]
pub struct MailAddressForm {
    email: String,
    password: String,
}

#[derive(Deserialize, ToSchema)]
pub struct MailCodeForm {
    /// The code from the mail. Dashes, spaces and case do not matter.
    code: String,
}

#[derive(Deserialize)]
pub struct AddressCodeQuestion {
    user_id: UserId,
}

/// The code to mail, and its recipient. All fields are `null` if no address is unconfirmed.
#[derive(Serialize)]
pub struct AddressCodeAnswer {
    email: Option<String>,
    code: Option<String>,
    expires_at: Option<UnixMillis>,
    /// The name of the other account that has confirmed this address. The mail contains this name
    /// instead of a code.
    owner: Option<String>,
    /// The event that announced the requested change: send the code only after notifying the
    /// current address. `null` for the current address.
    wish: Option<EventId>,
}

pub async fn show_address(
    State(service): State<Service>,
    LiveCaller(caller): LiveCaller,
) -> Result<Json<MailAddress>, Problem> {
    let own = service.own_address(caller.claims.sub).await?;
    own.map(to_mail_address)
        .ok_or_else(|| Code::InvalidToken.into())
}

pub async fn change_address(
    State(service): State<Service>,
    RequestTrace(trace): RequestTrace,
    LiveCaller(caller): LiveCaller,
    from: ClientAddress,
    Json(MailAddressForm { email, password }): Json<MailAddressForm>,
) -> Result<Json<MailAddress>, Problem> {
    let email = Email::new(&email)?;
    service
        .change_address(&caller.claims, from, password, email, &trace)
        .await
        .map(to_mail_address)
        .map_err(|error| error.into_problem(&service))
}

pub async fn send_address_code(
    State(service): State<Service>,
    RequestTrace(trace): RequestTrace,
    LiveCaller(caller): LiveCaller,
) -> Result<Json<MailAddress>, Problem> {
    service
        .request_address_code(&caller.claims, &trace)
        .await
        .map(to_mail_address)
        .map_err(|error| error.into_problem(&service))
}

pub async fn confirm_address(
    State(service): State<Service>,
    LiveCaller(caller): LiveCaller,
    Json(MailCodeForm { code }): Json<MailCodeForm>,
) -> Result<Json<MailAddress>, Problem> {
    let code = OneTimeCode::parse_typed(&code);
    let code = code.ok_or_else(|| Problem::wrong_field("code", say::address_code_needs))?;
    service
        .confirm_address(&caller.claims, &code)
        .await
        .map(to_mail_address)
        .map_err(|error| error.into_problem(&service))
}

/// Only the mailbox may receive the code, so this route serves only the notification service.
pub async fn issue_address_code(
    State(service): State<Service>,
    ServiceCaller(from): ServiceCaller,
    Json(AddressCodeQuestion { user_id }): Json<AddressCodeQuestion>,
) -> Result<Json<AddressCodeAnswer>, Problem> {
    if from != CloudPart::Notification.name() {
        return Err(Code::RoleForbidden.into());
    }
    Ok(Json(match service.generate_address_code(user_id).await? {
        Some((AddressCodeTarget { email, owner, wish }, code, expires_at)) => AddressCodeAnswer {
            email: Some(email.as_str().to_owned()),
            code: owner.is_none().then(|| code.reveal()),
            expires_at: Some(expires_at),
            owner,
            wish,
        },
        None => AddressCodeAnswer {
            email: None,
            code: None,
            expires_at: None,
            owner: None,
            wish: None,
        },
    }))
}

fn to_mail_address(
    EmailStatus {
        email,
        is_confirmed,
        pending,
    }: EmailStatus,
) -> Json<MailAddress> {
    Json(MailAddress {
        email: email.map(|email| email.as_str().to_owned()),
        is_confirmed,
        pending: pending.map(|email| email.as_str().to_owned()),
    })
}

impl IntoProblem for AddressRefusal {
    fn into_problem(self, service: &Service) -> Problem {
        match self {
            Self::Entry(refused) => refused.into_problem(service),
            Self::Mails(QuotaExceeded { most, retry_s }) => {
                let most = most.into();
                let minutes = retry_s.div_ceil(60).into();
                let why = say::address_mails { most, minutes };
                Problem::new(Code::RateLimited)
                    .with_detail(why)
                    .retry_after(retry_s)
            }
            Self::TooOften(QuotaExceeded { retry_s, .. }) => {
                let why = say::codes_too_fast {
                    seconds: retry_s.into(),
                };
                Problem::new(Code::RateLimited)
                    .with_detail(why)
                    .retry_after(retry_s)
            }
            Self::Wrong => Code::CodeWrong.into(),
            Self::Over => Code::CodeOver.into(),
            Self::Taken => Problem::new(Code::UserExists).with_detail(say::address_taken),
            Self::Closed => Code::InvalidToken.into(),
        }
    }
}
