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

use super::{LiveCaller, account::to_quota_problem, session::to_sign_in_problem};
use crate::{
    identities::{IdentityRefusal, OidcCallback, SignInContext, StartedOidcFlow},
    issuers::AuthorizationResponse,
    limits::QuotaExceeded,
    say,
    service::{AccessGrant, Service, ServiceError},
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
    let offer = |issuer: &crate::issuers::Issuer| OfferedIssuer {
        name: issuer.name().to_owned(),
        label: issuer.label().to_owned(),
    };
    Json(OfferedIssuers {
        items: service.issuers.all().iter().map(offer).collect(),
    })
}

pub async fn begin_visit(
    State(service): State<Service>,
    Path(issuer): Path<String>,
) -> Result<Json<IssuerVisit>, Problem> {
    let begun = service.begin_oidc_flow(&issuer, None).await;
    begun
        .map(IssuerVisit::from)
        .map(Json)
        .map_err(|refused| to_identity_problem(&service, refused))
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
        .await?;
    begun
        .map(IssuerVisit::from)
        .map(Json)
        .map_err(|refused| to_identity_problem(&service, refused))
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
    let entered = service
        .sign_in_by_oidc(form.into_callback(), arrival)
        .await?;
    let word = if entered.is_ok() {
        "elsewhere"
    } else {
        "refused elsewhere"
    };
    metrics::SIGN_INS.add([word], 1);
    entered
        .map(Json)
        .map_err(|refused| to_identity_problem(&service, refused))
}

pub async fn link_identity(
    State(service): State<Service>,
    LiveCaller(caller): LiveCaller,
    Json(form): Json<VisitForm>,
) -> Result<StatusCode, Problem> {
    let linked = service
        .link_identity(form.into_callback(), &caller.claims)
        .await?;
    linked
        .map(|()| StatusCode::NO_CONTENT)
        .map_err(|refused| to_identity_problem(&service, refused))
}

pub async fn list_identities(
    State(service): State<Service>,
    LiveCaller(caller): LiveCaller,
) -> Result<Json<IdentityList>, Problem> {
    let store = &service.store;
    let user = caller.claims.sub;
    let known = store
        .list_identities(user)
        .await
        .map_err(ServiceError::from)?;
    let has_password = store.has_password(user).await.map_err(ServiceError::from)?;
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

pub fn to_identity_problem(service: &Service, refused: IdentityRefusal) -> Problem {
    match refused {
        IdentityRefusal::UnknownIssuer => Code::NotFound.into(),
        IdentityRefusal::Over => Code::VisitOver.into(),
        IdentityRefusal::Away(label) => {
            let why = say::issuer_away {
                label: label.into(),
            };
            Problem::new(Code::IssuerAway)
                .with_detail(why)
                .retry_after(AWAY_RETRY_S)
        }
        IdentityRefusal::Refused(label) => {
            Problem::new(Code::IdentityRefused).with_detail(say::issuer_refused {
                label: label.into(),
            })
        }
        IdentityRefusal::Closed => Code::Revoked.into(),
        IdentityRefusal::EmailTaken(label) => {
            Problem::new(Code::UserExists).with_detail(say::email_elsewhere {
                label: label.into(),
            })
        }
        IdentityRefusal::IdentityTaken => Code::IdentityTaken.into(),
        IdentityRefusal::PasswordOnly => Code::PasswordOnly.into(),
        IdentityRefusal::Registrations(spent) => to_quota_problem(spent),
        IdentityRefusal::TooOften(QuotaExceeded { most, retry_s }) => {
            let why = say::sign_ins_elsewhere {
                most: most.into(),
                seconds: retry_s.into(),
            };
            Problem::new(Code::RateLimited)
                .with_detail(why)
                .retry_after(retry_s)
        }
        IdentityRefusal::Entry(refused) => to_sign_in_problem(&refused, service.clock.now()).1,
    }
}
