//! Sign-ins through other services, by OpenID Connect: `GET /api/v1/auth/oidc` lists them,
//! `.../{name}/begin` starts a flow, and `.../sign-in` completes it. `.../{name}/link` starts one
//! for a signed-in person, and `POST /api/v1/auth/identities` completes that.
//!
//! Invariants: a flow is completed once, by the browser that started it; an address from an issuer
//! never links an account.

use axum::{extract::State, http::StatusCode};
use platform::ClientAddress;
use process::{
    metrics,
    problem::{Json, Path, Problem},
    tokens::Claims,
    trace::RequestTrace,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use wire::{UnixMillis, UserId};

use super::identities::{IdentityRefusal, SignInContext, random_suffix};
use crate::{
    constant_time::constant_time_eq,
    domain::{Email, Username, derive_username},
    errors::AttemptError,
    oidc::{
        AuthorizationResponse, IdentityClaims, Issuer, LinkingSession, OidcFlow, OidcFlowError,
        VerifiedIdentity,
    },
    service::{IntoProblem, LiveCaller, Service},
    sign_in::{AccessGrant, CredentialRefusal},
    store::{CreateAccountResult, IssuerSubject, LinkIdentityResult},
};

/// Every attempt after the first adds four random characters.
const NAMES_TRIED: usize = 6;

/// A service for sign-ins.
#[derive(Serialize, ToSchema)]
pub(crate) struct OfferedIssuer {
    name: String,
    /// For the button.
    label: String,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct OfferedIssuers {
    items: Vec<OfferedIssuer>,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct IssuerVisit {
    /// Send the browser there.
    address: String,
    /// Keep it in this browser, and send it with the parameters that the issuer returns.
    ticket: String,
    expires_at: UnixMillis,
}

#[derive(Deserialize, ToSchema)]
pub(crate) struct LinkForm {
    password: String,
}

/// The ticket of this browser, and the parameters that the issuer added to the return address.
#[derive(Deserialize, ToSchema)]
pub(crate) struct VisitForm {
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

struct StartedOidcFlow {
    /// The browser is sent to this address.
    pub address: String,
    /// The browser keeps this until it returns.
    pub ticket: String,
    pub ends_at: UnixMillis,
}

/// The parameters that a browser brings back from an issuer.
struct OidcCallback {
    pub ticket: String,
    pub state: String,
    pub reply: AuthorizationResponse,
}

pub(crate) async fn offered_issuers(State(service): State<Service>) -> Json<OfferedIssuers> {
    let items = service.issuers.all().iter().map(|issuer| OfferedIssuer {
        name: issuer.name().to_owned(),
        label: issuer.label().to_owned(),
    });
    Json(OfferedIssuers {
        items: items.collect(),
    })
}

pub(crate) async fn begin_visit(
    State(service): State<Service>,
    Path(issuer): Path<String>,
) -> Result<Json<IssuerVisit>, Problem> {
    let begun = service
        .begin_oidc_flow(&issuer, None)
        .await
        .map_err(|refused| refused.into_problem(&service))?;
    Ok(Json(begun.into()))
}

impl Service {
    async fn begin_oidc_flow(
        &self,
        issuer: &str,
        link: Option<LinkingSession>,
    ) -> Result<StartedOidcFlow, IdentityRefusal> {
        let issuer = self
            .issuers
            .find_by_name(issuer)
            .ok_or(IdentityRefusal::UnknownIssuer)?;
        let flow = OidcFlow::new(self.clock.new_id(), issuer.name(), self.clock.now(), link);
        let address = issuer
            .authorization_url(&flow)
            .await
            .map_err(|unavailable| log_issuer_unavailable(issuer, &unavailable))?;
        Ok(StartedOidcFlow {
            address,
            ticket: self.issuers.seal_ticket(&flow),
            ends_at: flow.ends_at(),
        })
    }
}

pub(crate) async fn sign_in_elsewhere(
    State(service): State<Service>,
    RequestTrace(trace): RequestTrace,
    from: ClientAddress,
    Json(form): Json<VisitForm>,
) -> Result<Json<AccessGrant>, Problem> {
    let context = SignInContext {
        from,
        device: form.device.clone(),
        refresh: form.refresh,
        tablet: None,
        trace,
    };
    let result = service.sign_in_by_oidc(form.into_callback(), context).await;
    match &result {
        Ok(_) => metrics::SIGN_INS.add(["elsewhere"], 1),
        Err(AttemptError::Refused(_)) => metrics::SIGN_INS.add(["refused elsewhere"], 1),
        Err(AttemptError::Failed(_)) => {}
    }
    result
        .map(Json)
        .map_err(|error| error.into_problem(&service))
}

impl Service {
    /// Signs a person in after they return from an issuer; new people become customers.
    async fn sign_in_by_oidc(
        &self,
        reply: OidcCallback,
        sign_in: SignInContext,
    ) -> Result<AccessGrant, AttemptError<IdentityRefusal>> {
        // Count before the flow is spent, so that a refused person may retry it.
        self.limits
            .count_oidc_return(sign_in.from)
            .await
            .map_err(IdentityRefusal::TooOften)?;
        let (issuer, _, proof) = self.verify_callback(reply, None).await?;
        let subject = proof.claims.sub.clone();
        let whose = IssuerSubject {
            issuer: issuer.address(),
            subject: &subject,
        };
        if self.store.find_identity_owner(whose).await?.is_none() {
            self.register_newcomer(issuer, proof, &sign_in).await?;
        }
        self.sign_in_by_identity(whose, sign_in).await
    }

    /// Completes a flow and verifies the identity with its issuer. The flow is spent regardless of
    /// the result.
    async fn verify_callback(
        &self,
        OidcCallback {
            ticket,
            state,
            reply,
        }: OidcCallback,
        owner: Option<&Claims>,
    ) -> Result<(&Issuer, Option<LinkingSession>, VerifiedIdentity), AttemptError<IdentityRefusal>>
    {
        let flow = self.issuers.open_ticket(&ticket);
        let flow = flow.filter(|flow| {
            let linking = flow.link.map(|link| (link.user, link.session));
            constant_time_eq(&flow.state, &state)
                && self.clock.now() < flow.ends_at()
                && linking == owner.map(|owner| (owner.sub, owner.jti))
        });
        let Some(flow) = flow else {
            return Err(IdentityRefusal::Over.into());
        };
        let Some(issuer) = self.issuers.find_by_name(&flow.issuer) else {
            return Err(IdentityRefusal::UnknownIssuer.into());
        };
        if !self.store.mark_flow_spent(flow.id, flow.ends_at()).await? {
            return Err(IdentityRefusal::Over.into());
        }
        match issuer.exchange_code(&flow, reply).await {
            Ok(proof) => Ok((issuer, flow.link, proof)),
            Err(OidcFlowError::Unavailable(unavailable)) => {
                Err(log_issuer_unavailable(issuer, &unavailable).into())
            }
            Err(OidcFlowError::Refused(fault)) => {
                tracing::warn!(issuer = issuer.name(), %fault, "Rejected an issuer's ID token");
                Err(IdentityRefusal::Refused(issuer.label().to_owned()).into())
            }
        }
    }

    /// Registers a customer. The address is used only if the issuer verified it and no account has
    /// it.
    async fn register_newcomer(
        &self,
        issuer: &Issuer,
        proof: VerifiedIdentity,
        sign_in: &SignInContext,
    ) -> Result<(), AttemptError<IdentityRefusal>> {
        self.limits
            .count_registration(sign_in.from)
            .await
            .map_err(IdentityRefusal::Registrations)?;
        let claims = issuer
            .complete_claims(proof)
            .await
            .map_err(|unavailable| log_issuer_unavailable(issuer, &unavailable))?;
        let whose = IssuerSubject {
            issuer: issuer.address(),
            subject: &claims.sub,
        };
        let user = UserId(self.clock.new_id());
        let Some(email) = choose_email(&claims, user) else {
            return Err(IdentityRefusal::Refused(issuer.label().to_owned()).into());
        };
        let names = (0..NAMES_TRIED).filter_map(|attempt| choose_username(&claims, attempt));
        let registered = self
            .register_with_identity(whose, user, email, names, &sign_in.trace)
            .await?;
        match registered {
            Some(CreateAccountResult::EmailTaken) => {
                Err(IdentityRefusal::EmailTaken(issuer.label().to_owned()).into())
            }
            Some(_) => Ok(()),
            None => Err(IdentityRefusal::Over.into()),
        }
    }
}

pub(crate) async fn begin_link(
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

impl Service {
    /// Starts a flow that links an identity to the signed-in account. This requires the password:
    /// otherwise a session thief would keep access.
    async fn begin_identity_link(
        &self,
        owner: &Claims,
        from: ClientAddress,
        issuer: &str,
        password: String,
    ) -> Result<StartedOidcFlow, AttemptError<IdentityRefusal>> {
        if self.issuers.find_by_name(issuer).is_none() {
            return Err(IdentityRefusal::UnknownIssuer.into());
        }
        let (account, _) = self
            .verify_own_password(owner, from, password)
            .await
            .map_err(|error| error.map_refusal(IdentityRefusal::Credential))?;
        let password_of = account.password_changed_at;
        let link = LinkingSession {
            user: owner.sub,
            session: owner.jti,
            password_of,
        };
        Ok(self.begin_oidc_flow(issuer, Some(link)).await?)
    }
}

pub(crate) async fn link_identity(
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

impl Service {
    /// Links the returned identity to the account that started the flow.
    async fn link_identity(
        &self,
        reply: OidcCallback,
        owner: &Claims,
    ) -> Result<(), AttemptError<IdentityRefusal>> {
        // Count before the flow is spent and the issuer called, as for a sign-in.
        if let Err(spent) = self.limits.count_link(owner.sub).await {
            return Err(IdentityRefusal::Credential(CredentialRefusal::TooOften(spent)).into());
        }
        let (issuer, link, proof) = self.verify_callback(reply, Some(owner)).await?;
        let link = link.ok_or(IdentityRefusal::Over)?;
        let whose = IssuerSubject {
            issuer: issuer.address(),
            subject: &proof.claims.sub,
        };
        let identity = self.build_new_identity(whose);
        let linked = self
            .store
            .link_identity(owner.sub, link.password_of, identity)
            .await?;
        match linked {
            LinkIdentityResult::Linked => {
                tracing::info!(user.id = %owner.sub, issuer = issuer.name(), "Linked an identity to an account");
                Ok(())
            }
            LinkIdentityResult::Taken => Err(IdentityRefusal::IdentityTaken.into()),
            LinkIdentityResult::Changed => Err(IdentityRefusal::Over.into()),
        }
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

fn log_issuer_unavailable(
    issuer: &Issuer,
    unavailable: &impl std::fmt::Display,
) -> IdentityRefusal {
    tracing::warn!(issuer = issuer.name(), away = %unavailable, "An issuer gave no usable answer for a sign-in or a link");
    IdentityRefusal::Unavailable(issuer.label().to_owned())
}

/// Every account requires an address; `.invalid` marks undeliverable ones.
fn choose_email(claims: &IdentityClaims, user: UserId) -> Option<Email> {
    let told = claims.email.as_deref().filter(|_| claims.email_verified);
    let told = told.and_then(|email| Email::new(email).ok());
    told.or_else(|| Email::new(&format!("{user}@elsewhere.invalid")).ok())
}

fn choose_username(claims: &IdentityClaims, attempt: usize) -> Option<Username> {
    let words = [&claims.preferred_username, &claims.email, &claims.name];
    let words = words.into_iter().filter_map(Option::as_deref);
    let tail = (attempt > 0).then(random_suffix::<4>);
    derive_username(words, tail.as_deref())
}
