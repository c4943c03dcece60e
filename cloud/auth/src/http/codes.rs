//! Sign-in with a code sent to a phone: `GET /api/v1/auth/codes` shows if it is offered, `POST`
//! sends a code, and `.../sign-in` accepts it. `POST /api/v1/auth/identities/phone` links a number
//! to the caller's account.

use axum::{
    extract::State,
    http::{HeaderMap, StatusCode, header},
};
use platform::{ClientAddress, sms::PhoneNumber};
use process::{
    metrics,
    problem::{Json, Problem},
    trace::RequestTrace,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use wire::{Code, FieldError, Language, Region};

use super::{IntoProblem, LiveCaller};
use crate::{
    codes::{PhoneCodeRefusal, PhoneProof},
    domain::SignInCode,
    entry::CredentialRefusal,
    errors::AttemptError,
    identities::SignInContext,
    limits::{CodeQuota, QuotaExceeded},
    say,
    service::{AccessGrant, Service},
};

/// The SMS gateway may recover within seconds.
const NOT_SENT_RETRY_S: u32 = 5;

#[derive(Serialize, ToSchema)]
pub struct CodeOffer {
    /// False if the operator has configured no SMS gateway.
    offered: bool,
}

#[derive(Deserialize, ToSchema)]
pub struct PhoneForm {
    /// With `+` and the country code, or in national format.
    phone: String,
}

/// The same for every number, with or without an account.
#[derive(Serialize, ToSchema)]
pub struct SentCode {
    /// In seconds.
    expires_in: u32,
}

#[derive(Deserialize, ToSchema)]
pub struct CodeForm {
    phone: String,
    /// Six digits. Spaces do not matter.
    code: String,
    /// Also requests a token for this region's edges.
    #[serde(default)]
    region: Option<Region>,
    /// The secret that this device received at an earlier sign-in. An empty text requests one.
    #[serde(default)]
    device: Option<String>,
    /// Requests a refresh token, for programs that store it.
    #[serde(default)]
    refresh: bool,
}

#[derive(Deserialize, ToSchema)]
pub struct PhoneLinkForm {
    phone: String,
    code: String,
    password: String,
}

pub async fn code_offer(State(service): State<Service>) -> Json<CodeOffer> {
    Json(CodeOffer {
        offered: service.codes.are_offered(),
    })
}

pub async fn send_code(
    State(service): State<Service>,
    from: ClientAddress,
    headers: HeaderMap,
    Json(form): Json<PhoneForm>,
) -> Result<Json<SentCode>, Problem> {
    let phone = parse_phone(&service, &form.phone)?;
    let accepted = headers
        .get(header::ACCEPT_LANGUAGE)
        .and_then(|value| value.to_str().ok());
    let language = accepted.map(Language::from_accept).unwrap_or_default();
    let expires_in = service
        .send_code(phone, from, language)
        .await
        .map_err(|error| error.into_problem(&service))?;
    Ok(Json(SentCode { expires_in }))
}

pub async fn sign_in_by_code(
    State(service): State<Service>,
    RequestTrace(trace): RequestTrace,
    from: ClientAddress,
    Json(form): Json<CodeForm>,
) -> Result<Json<AccessGrant>, Problem> {
    let CodeForm {
        phone,
        code,
        region,
        device,
        refresh,
    } = form;
    let proof = parse_phone_proof(&service, &phone, &code)?;
    let arrival = SignInContext {
        from,
        device,
        refresh,
        trace,
    };
    let entered = service.sign_in_by_code(proof, arrival).await;
    match &entered {
        Ok(_) => metrics::SIGN_INS.add(["by code"], 1),
        Err(AttemptError::Refused(_)) => metrics::SIGN_INS.add(["refused by code"], 1),
        Err(AttemptError::Failed(_)) => {}
    }
    let mut grant = entered.map_err(|error| error.into_problem(&service))?;
    if let Some(region) = region {
        service.add_edge_token(&mut grant, region, false);
    }
    Ok(Json(grant))
}

pub async fn link_phone(
    State(service): State<Service>,
    LiveCaller(caller): LiveCaller,
    from: ClientAddress,
    Json(form): Json<PhoneLinkForm>,
) -> Result<StatusCode, Problem> {
    let proof = parse_phone_proof(&service, &form.phone, &form.code)?;
    service
        .link_phone(proof, &caller.claims, from, form.password)
        .await
        .map(|()| StatusCode::NO_CONTENT)
        .map_err(|error| error.into_problem(&service))
}

fn parse_phone(service: &Service, typed: &str) -> Result<PhoneNumber, Problem> {
    let number = PhoneNumber::parse_typed(typed, &service.codes.home);
    number.ok_or_else(|| Problem::wrong_field("phone", say::phone_needs))
}

/// Reports errors in both fields together.
fn parse_phone_proof(service: &Service, phone: &str, code: &str) -> Result<PhoneProof, Problem> {
    let typed = (
        PhoneNumber::parse_typed(phone, &service.codes.home),
        SignInCode::parse_typed(code),
    );
    match typed {
        (Some(phone), Some(code)) => Ok(PhoneProof { phone, code }),
        (phone, code) => {
            let wrong = [
                phone
                    .is_none()
                    .then(|| FieldError::new("phone", say::phone_needs)),
                code.is_none()
                    .then(|| FieldError::new("code", say::code_needs)),
            ];
            Err(Vec::from_iter(wrong.into_iter().flatten()).into())
        }
    }
}

impl IntoProblem for PhoneCodeRefusal {
    fn into_problem(self, service: &Service) -> Problem {
        match self {
            Self::Off => Code::CodesOff.into(),
            Self::NotSent => Problem::new(Code::CodeNotSent).retry_after(NOT_SENT_RETRY_S),
            Self::NotServed => {
                let countries = service.codes.served_countries();
                Problem::wrong_field(
                    "phone",
                    say::phone_countries {
                        countries: countries.into(),
                    },
                )
            }
            Self::Asked(quota, QuotaExceeded { most, retry_s }) => {
                let most = most.into();
                let minutes = retry_s.div_ceil(60).into();
                let too_many = Problem::new(Code::RateLimited).retry_after(retry_s);
                match quota {
                    CodeQuota::Phone => too_many.with_detail(say::codes_of_phone { most, minutes }),
                    CodeQuota::Address => {
                        too_many.with_detail(say::codes_of_address { most, minutes })
                    }
                    CodeQuota::All => {
                        // A number with an account still gets its code, for the same form.
                        let problem = too_many.with_detail(say::codes_of_all { minutes });
                        problem.with_member("expires_in", service.codes.lifetime_seconds())
                    }
                }
            }
            Self::Wrong { tries_left } => {
                let why = say::tries_left {
                    count: u64::from(tries_left),
                };
                Problem::new(Code::CodeWrong)
                    .with_detail(why)
                    .with_member("tries_left", tries_left)
            }
            Self::Over => Code::CodeOver.into(),
            Self::TooOften(QuotaExceeded { retry_s, .. }) => {
                let why = say::codes_too_fast {
                    seconds: retry_s.into(),
                };
                Problem::new(Code::RateLimited)
                    .with_detail(why)
                    .retry_after(retry_s)
            }
            Self::Locked(until) => {
                let locked = CredentialRefusal::Locked(until).into_problem(service);
                locked.with_detail(say::codes_locked)
            }
            Self::Unknown => Code::PhoneUnknown.into(),
            Self::RoleForbidden => Code::RoleForbidden.into(),
            Self::Visit(refused) => refused.into_problem(service),
        }
    }
}
