//! The identities of an account: at other services, and phone numbers. `/api/v1/auth/identities`
//! lists and removes the caller's. Phone codes and OpenID Connect flows register people and sign
//! them in by their identity.
//!
//! Invariant: an identity opens only the account that it registered or that its owner linked with
//! the password.

use axum::{extract::State, http::StatusCode};
use platform::ClientAddress;
use process::{
    problem::{Json, Path, Problem},
    random,
    tokens::Claims,
    trace::{RequestTrace, TraceId},
};
use serde::Serialize;
use utoipa::ToSchema;
use wire::{Code, EventType, IdentityId, Role, UnixMillis, UserId};

use super::passwords::to_quota_problem;
use crate::{
    device_grants::Tablet,
    domain::{Email, Username},
    errors::{AttemptError, RefusalReason, ServiceError},
    limits::QuotaExceeded,
    passwords::NO_PASSWORD,
    say,
    service::{IntoProblem, LiveCaller, Service, build_user_event},
    sign_in::{AccessGrant, CredentialRefusal, SignInOrigin},
    store::{
        Account, CreateAccountResult, IssuerSubject, NewIdentity, PHONES, SessionEnding,
        UnlinkIdentityResult,
    },
};

/// An issuer may recover within seconds.
const UNAVAILABLE_RETRY_S: u32 = 5;
const TAIL_ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
/// Enough suffixes for more guests than there are people.
const GUEST_CHARS: usize = 8;

#[derive(Serialize, ToSchema)]
pub(crate) struct IdentityItem {
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
pub(crate) struct IdentityList {
    items: Vec<IdentityItem>,
    /// False if the person registered through another service and has set no password since.
    has_password: bool,
}

/// The context of a sign-in request.
pub struct SignInContext {
    pub from: ClientAddress,
    pub device: Option<String>,
    pub refresh: bool,
    /// Requests a device grant for this tablet instead of an access token of an hour.
    pub tablet: Option<Tablet>,
    pub trace: TraceId,
}

/// The reason for refusing a flow. Labels name the issuer.
pub enum IdentityRefusal {
    UnknownIssuer,
    /// The flow was completed before, has expired, or belongs to another browser.
    Over,
    Unavailable(String),
    /// The issuer's token failed verification.
    Refused(String),
    Closed,
    /// Another account has the address.
    EmailTaken(String),
    /// Another account has the identity, or this account has another one at that issuer.
    IdentityTaken,
    /// Phone codes do not open this kind of account.
    PasswordOnly,
    Registrations(QuotaExceeded),
    TooOften(QuotaExceeded),
    Credential(CredentialRefusal),
}

impl RefusalReason for IdentityRefusal {}

pub(crate) async fn list_identities(
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

pub(crate) async fn unlink_identity(
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
        UnlinkIdentityResult::LastSignInMethod => Err(Code::LastWayIn.into()),
    }
}

impl Service {
    /// Removes an identity from the caller's account and ends all other sessions: they may have
    /// begun with it.
    async fn unlink_identity(
        &self,
        owner: &Claims,
        identity: IdentityId,
        trace: &TraceId,
    ) -> Result<UnlinkIdentityResult, ServiceError> {
        let user = owner.sub;
        let why = SessionEnding::ByOwner;
        let change = self.begin_account_change(user, owner.role, Some(owner.jti), why, trace);
        let result = self
            .store
            .unlink_identity(identity, change.revocation, |session| {
                change.build_event(session)
            })
            .await?;
        if let UnlinkIdentityResult::Removed(ended) = &result {
            let ended = change.finish(ended).await;
            tracing::info!(user.id = %user, ended, "Removed an identity from an account");
        } else {
            change.cancel();
        }
        Ok(result)
    }
}

impl Service {
    /// Registers a customer without a password, with the first free name. Returns `None` if all
    /// names are taken.
    pub async fn register_with_identity(
        &self,
        subject: IssuerSubject<'_>,
        user: UserId,
        email: Email,
        names: impl Iterator<Item = Username>,
        trace: &TraceId,
    ) -> Result<Option<CreateAccountResult>, ServiceError> {
        let account = Account {
            id: user,
            role_id: Role::Customer,
            password_hash: NO_PASSWORD.to_owned(),
            password_changed_at: None,
            tokens_since: UnixMillis(0),
        };
        for username in names {
            let kind = EventType::UserRegistered;
            let role = account.role_id;
            let event = build_user_event(kind, &self.clock, trace, account.id, role, None)?;
            let identity = self.build_new_identity(subject);
            match self
                .store
                .create_account_with_identity(&account, &username, &email, identity, &event)
                .await?
            {
                CreateAccountResult::NameTaken => {}
                result => {
                    if result == CreateAccountResult::Created {
                        tracing::info!(user.id = %account.id, issuer = subject.issuer, "Registered");
                    }
                    return Ok(Some(result));
                }
            }
        }
        tracing::error!(
            issuer = subject.issuer,
            "Could not register a new person: every generated user name is taken"
        );
        Ok(None)
    }

    /// Begins a session as a password does. Wrong passwords from other people cause no lockout
    /// here.
    pub async fn sign_in_by_identity(
        &self,
        subject: IssuerSubject<'_>,
        sign_in: SignInContext,
    ) -> Result<AccessGrant, AttemptError<IdentityRefusal>> {
        let SignInContext {
            from,
            device,
            refresh,
            tablet,
            trace,
        } = sign_in;
        let Some((identity, user)) = self.store.find_identity(subject).await? else {
            return Err(IdentityRefusal::Over.into());
        };
        let name = self.store.load_username(user).await?;
        let Some(username) = name.and_then(|name| Username::new(&name).ok()) else {
            return Err(IdentityRefusal::Closed.into());
        };
        let Some(account) = self.store.find_account(&username).await? else {
            return Err(IdentityRefusal::Closed.into());
        };
        if subject.issuer == PHONES && account.role_id != Role::Customer {
            return Err(IdentityRefusal::PasswordOnly.into());
        }
        self.store.store_missing_number(identity, subject).await?;
        let origin = self
            .resolve_origin(&username, from, device)
            .await
            .map_err(|error| {
                error.map_refusal(|spent| {
                    IdentityRefusal::Credential(CredentialRefusal::TooOften(spent))
                })
            })?;
        // A concurrent unlink or password change either finds this session or prevents it.
        let origin = SignInOrigin {
            identity: Some(identity),
            ..origin
        };
        let begun = self
            .begin_session(&account, origin, refresh, tablet, &trace)
            .await
            .map_err(|error| {
                error.map_refusal(|step| {
                    IdentityRefusal::Credential(CredentialRefusal::SecondFactor(step))
                })
            })?;
        let grant = begun.ok_or(IdentityRefusal::Closed)?;
        Ok(grant.with_username(username.as_str().to_owned()))
    }

    pub fn build_new_identity<'i>(&self, subject: IssuerSubject<'i>) -> NewIdentity<'i> {
        NewIdentity {
            id: IdentityId(self.clock.new_id()),
            subject,
            at: self.clock.now(),
        }
    }
}

/// Random characters that make a name unique.
pub(crate) fn random_suffix<const CHARS: usize>() -> String {
    random::draw_bytes::<CHARS>()
        .iter()
        .map(|byte| char::from(TAIL_ALPHABET[usize::from(byte & 31)]))
        .collect()
}

/// The name reveals nothing about the number.
pub(crate) fn random_guest_name() -> Option<Username> {
    Username::new(&format!("guest-{}", random_suffix::<GUEST_CHARS>())).ok()
}

impl IntoProblem for IdentityRefusal {
    fn into_problem(self, service: &Service) -> Problem {
        match self {
            Self::UnknownIssuer => Code::NotFound.into(),
            Self::Over => Code::VisitOver.into(),
            Self::Unavailable(label) => {
                let why = say::issuer_away {
                    label: label.into(),
                };
                Problem::new(Code::IssuerAway)
                    .with_detail(why)
                    .retry_after(UNAVAILABLE_RETRY_S)
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
            Self::Credential(refused) => refused.into_problem(service),
        }
    }
}
