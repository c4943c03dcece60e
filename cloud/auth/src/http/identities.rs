//! Sign-ins through other services: `GET /api/v1/auth/oidc` lists them, `.../{name}/begin` starts a
//! flow, and `.../sign-in` completes it. `/api/v1/auth/identities` lists, links and removes the
//! caller's identities.

use axum::{extract::State, http::StatusCode};
use platform::ClientAddress;
use process::{
    metrics,
    problem::{Json, Path, Problem},
    trace::RequestTrace,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use wire::{Code, IdentityId, UnixMillis};

use super::{IntoProblem, LiveCaller, account::to_quota_problem};
use crate::{
    errors::AttemptError,
    identities::{IdentityRefusal, OidcCallback, SignInContext, StartedOidcFlow},
    issuers::AuthorizationResponse,
    limits::QuotaExceeded,
    say,
    service::{AccessGrant, Service},
    store::{PHONES, UnlinkIdentityResult},
};

/// An issuer may recover within seconds.
const AWAY_RETRY_S: u32 = 5;

/// A service for sign-ins.
#[derive(Serialize, ToSchema)]
pub struct OfferedIssuer {
    name: String,
    /// For the button.
    label: String,
}

#[derive(Serialize, ToSchema)]
pub struct OfferedIssuers {
    items: Vec<OfferedIssuer>,
}

#[derive(Serialize, ToSchema)]
pub struct IssuerVisit {
    /// Send the browser there.
    address: String,
    /// Keep it in this browser, and send it with the parameters that the issuer returns.
    ticket: String,
    expires_at: UnixMillis,
}

#[derive(Deserialize, ToSchema)]
pub struct LinkForm {
    password: String,
}

/// The ticket of this browser, and the parameters that the issuer added to the return address.
#[derive(Deserialize, ToSchema)]
pub struct VisitForm {
    ticket: String,
    state: String,
    code: String,
    #[serde(default)]
    iss: Option<String>,
    /// The secret that this device received at an earlier sign-in. An empty text requests one.
    #[serde(default)]
    device: Option<String>,
    /// Requests a refresh token, for programs that store it.
    #[serde(default)]
    refresh: bool,
}

#[derive(Serialize, ToSchema)]
pub struct IdentityItem {
    id: IdentityId,
    /// The issuer's label, or its address if it is no longer offered.
    label: String,
    /// True for a phone number that receives codes; the label is then `phone`.
    phone: bool,
    /// The account was registered with this identity.
    origin: bool,
    linked_at: UnixMillis,
}

#[derive(Serialize, ToSchema)]
pub struct IdentityList {
    items: Vec<IdentityItem>,
    /// False if the person registered through another service and has set no password since.
    has_password: bool,
}

pub async fn offered_issuers(State(service): State<Service>) -> Json<OfferedIssuers> {
    let items = service.issuers.all().iter().map(|issuer| OfferedIssuer {
        name: issuer.name().to_owned(),
        label: issuer.label().to_owned(),
    });
    Json(OfferedIssuers {
        items: items.collect(),
    })
}

pub async fn begin_visit(
    State(service): State<Service>,
    Path(issuer): Path<String>,
) -> Result<Json<IssuerVisit>, Problem> {
    let begun = service
        .begin_oidc_flow(&issuer, None)
        .await
        .map_err(|refused| refused.into_problem(&service))?;
    Ok(Json(begun.into()))
}

pub async fn begin_link(
    State(service): State<Service>,
    LiveCaller(caller): LiveCaller,
    from: ClientAddress,
    Path(issuer): Path<String>,
    Json(form): Json<LinkForm>,
) -> Result<Json<IssuerVisit>, Problem> {
    let begun = service
        .begin_identity_link(&caller.claims, from, &issuer, form.password)
        .await
        .map_err(|error| error.into_problem(&service))?;
    Ok(Json(begun.into()))
}

pub async fn sign_in_elsewhere(
    State(service): State<Service>,
    RequestTrace(trace): RequestTrace,
    from: ClientAddress,
    Json(form): Json<VisitForm>,
) -> Result<Json<AccessGrant>, Problem> {
    let arrival = SignInContext {
        from,
        device: form.device.clone(),
        refresh: form.refresh,
        trace,
    };
    let entered = service.sign_in_by_oidc(form.into_callback(), arrival).await;
    match &entered {
        Ok(_) => metrics::SIGN_INS.add(["elsewhere"], 1),
        Err(AttemptError::Refused(_)) => metrics::SIGN_INS.add(["refused elsewhere"], 1),
        Err(AttemptError::Failed(_)) => {}
    }
    entered
        .map(Json)
        .map_err(|error| error.into_problem(&service))
}

pub async fn link_identity(
    State(service): State<Service>,
    LiveCaller(caller): LiveCaller,
    Json(form): Json<VisitForm>,
) -> Result<StatusCode, Problem> {
    service
        .link_identity(form.into_callback(), &caller.claims)
        .await
        .map(|()| StatusCode::NO_CONTENT)
        .map_err(|error| error.into_problem(&service))
}

pub async fn list_identities(
    State(service): State<Service>,
    LiveCaller(caller): LiveCaller,
) -> Result<Json<IdentityList>, Problem> {
    let store = &service.store;
    let user = caller.claims.sub;
    let known = store.list_identities(user).await?;
    let has_password = store.has_password(user).await?;
    let items = known.into_iter().map(|identity| IdentityItem {
        id: identity.id,
        phone: identity.issuer == PHONES,
        label: match service.issuers.find_by_address(&identity.issuer) {
            Some(issuer) => issuer.label().to_owned(),
            None => identity.issuer,
        },
        origin: identity.is_origin,
        linked_at: identity.created_at,
    });
    Ok(Json(IdentityList {
        items: items.collect(),
        has_password,
    }))
}

pub async fn unlink_identity(
    State(service): State<Service>,
    RequestTrace(trace): RequestTrace,
    LiveCaller(caller): LiveCaller,
    Path(identity): Path<IdentityId>,
) -> Result<StatusCode, Problem> {
    match service
        .unlink_identity(&caller.claims, identity, &trace)
        .await?
    {
        UnlinkIdentityResult::Removed(_) => Ok(StatusCode::NO_CONTENT),
        UnlinkIdentityResult::Unknown => Err(Code::NotFound.into()),
        UnlinkIdentityResult::LastWayIn => Err(Code::LastWayIn.into()),
    }
}

impl VisitForm {
    fn into_callback(self) -> OidcCallback {
        let Self {
            ticket,
            state,
            code,
            iss,
            ..
        } = self;
        OidcCallback {
            ticket,
            state,
            reply: AuthorizationResponse { code, iss },
        }
    }
}

impl From<StartedOidcFlow> for IssuerVisit {
    fn from(
        StartedOidcFlow {
            address,
            ticket,
            ends_at,
        }: StartedOidcFlow,
    ) -> Self {
        Self {
            address,
            ticket,
            expires_at: ends_at,
        }
    }
}

impl IntoProblem for IdentityRefusal {
    fn into_problem(self, service: &Service) -> Problem {
        match self {
            Self::UnknownIssuer => Code::NotFound.into(),
            Self::Over => Code::VisitOver.into(),
            Self::Away(label) => {
                let why = say::issuer_away {
                    label: label.into(),
                };
                Problem::new(Code::IssuerAway)
                    .with_detail(why)
                    .retry_after(AWAY_RETRY_S)
            }
            Self::Refused(label) => {
                Problem::new(Code::IdentityRefused).with_detail(say::issuer_refused {
                    label: label.into(),
                })
            }
            Self::Closed => Code::Revoked.into(),
            Self::EmailTaken(label) => {
                Problem::new(Code::UserExists).with_detail(say::email_elsewhere {
                    label: label.into(),
                })
            }
            Self::IdentityTaken => Code::IdentityTaken.into(),
            Self::PasswordOnly => Code::PasswordOnly.into(),
            Self::Registrations(spent) => to_quota_problem(spent),
            Self::TooOften(QuotaExceeded { most, retry_s }) => {
                let why = say::sign_ins_elsewhere {
                    most: most.into(),
                    seconds: retry_s.into(),
                };
                Problem::new(Code::RateLimited)
                    .with_detail(why)
                    .retry_after(retry_s)
            }
            Self::Entry(refused) => refused.into_problem(service),
        }
    }
}
