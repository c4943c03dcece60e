//! The caller's email address: `GET /api/v1/auth/address` shows it, `PUT` requests another one,
//! `POST .../code` sends another code, and `.../confirm` confirms the address with it: people type
//! the code that was mailed to their address. The notification service fetches the code to mail it.
//!
//! Invariants: the current address stays until a new one is confirmed; answers do not reveal if an
//! address belongs to an account; a code is generated just before its mail, so no code is stored in
//! the clear.

use axum::extract::State;
use platform::ClientAddress;
use process::{
    parts::CloudPart,
    problem::{Json, Problem},
    random,
    tokens::{Claims, ServiceCaller},
    trace::{RequestTrace, TraceId},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use wire::{Code, EventId, EventType, UnixMillis, UserId};

use crate::{
    domain::{Email, OneTimeCode},
    errors::{AttemptError, RefusalReason, ServiceError},
    limits::QuotaExceeded,
    say,
    service::{IntoProblem, LiveCaller, Service, build_user_event},
    sign_in::CredentialRefusal,
    store::{
        AccountAddress, AddressChangeRequest, AddressCode, AddressCodeTarget, ConfirmAddressResult,
        OneTimeCodeHash,
    },
};

/// People check their mail within a day.
const CODE_LIFE_MS: i64 = 24 * 60 * 60 * 1000;

#[derive(Serialize, ToSchema)]
pub(crate) struct MailAddress {
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
pub(crate) struct MailAddressForm {
    email: String,
    password: String,
}

#[derive(Deserialize, ToSchema)]
pub(crate) struct MailCodeForm {
    /// The code from the mail. Dashes, spaces and case do not matter.
    code: String,
}

#[derive(Deserialize)]
pub(crate) struct AddressCodeQuestion {
    user_id: UserId,
}

/// The code to mail, and its recipient. All fields are `null` if no address is unconfirmed.
#[derive(Serialize)]
pub(crate) struct AddressCodeAnswer {
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

/// A person's current address and the one that may replace it.
pub(super) struct EmailStatus {
    /// `None` if the address is undeliverable.
    pub email: Option<Email>,
    pub is_confirmed: bool,
    pub pending: Option<Email>,
}

/// The reason for not confirming an address or not sending mail there.
enum AddressRefusal {
    Credential(CredentialRefusal),
    Mails(QuotaExceeded),
    TooOften(QuotaExceeded),
    Wrong,
    Over,
    Taken,
    /// The session outlived its account.
    Closed,
}

impl RefusalReason for AddressRefusal {}

pub(crate) async fn show_address(
    State(service): State<Service>,
    LiveCaller(caller): LiveCaller,
) -> Result<Json<MailAddress>, Problem> {
    let own = service.own_address(caller.claims.sub).await?;
    own.map(to_mail_address)
        .ok_or_else(|| Code::InvalidToken.into())
}

impl Service {
    pub(super) async fn own_address(
        &self,
        user: UserId,
    ) -> Result<Option<EmailStatus>, ServiceError> {
        let known = self.store.load_address(user, self.clock.now()).await?;
        Ok(known.map(
            |AccountAddress {
                 email,
                 confirmed_at,
                 created_at,
                 pending,
             }| {
                let email = (!email.is_undeliverable()).then_some(email);
                let is_confirmed = email.is_some() && self.is_confirmed(confirmed_at, created_at);
                EmailStatus {
                    email,
                    is_confirmed,
                    pending,
                }
            },
        ))
    }

    /// Returns true if mail may go to an account's address: its owner confirmed it, or the account
    /// predates `addresses_trusted_before`.
    pub fn is_confirmed(&self, confirmed_at: Option<UnixMillis>, created_at: UnixMillis) -> bool {
        confirmed_at.is_some() || created_at < self.addresses_trusted_before
    }
}

pub(crate) async fn change_address(
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

impl Service {
    /// Requests a code for a new address. This requires the password: an address gives access to a
    /// person's mail.
    async fn change_address(
        &self,
        owner: &Claims,
        from: ClientAddress,
        password: String,
        email: Email,
        trace: &TraceId,
    ) -> Result<EmailStatus, AttemptError<AddressRefusal>> {
        let (account, _) = self
            .verify_own_password(owner, from, password)
            .await
            .map_err(|error| error.map_refusal(AddressRefusal::Credential))?;
        let Some(own) = self.own_address(owner.sub).await? else {
            return Err(AddressRefusal::Closed.into());
        };
        if own.email.as_ref() == Some(&email) {
            self.store.cancel_address_change(owner.sub).await?;
            return self.request_address_code(owner, trace).await;
        }
        self.count_confirmation_mail(owner.sub, &email)
            .await
            .map_err(AddressRefusal::Mails)?;
        let user = owner.sub;
        let at = self.clock.now();
        let password_of = account.password_changed_at;
        let expires_at = at.plus_ms(CODE_LIFE_MS);
        let pending = Some(email.clone());
        let kind = EventType::UserAddressChangeAsked;
        let event = build_user_event(kind, &self.clock, trace, user, owner.role, None)?;
        let wish = AddressChangeRequest {
            id: event.id,
            user,
            email,
            password_of,
            at,
            expires_at,
        };
        if !self.store.request_address_change(&wish, &event).await? {
            return Err(AddressRefusal::Credential(CredentialRefusal::Wrong).into());
        }
        tracing::info!(user.id = %user, "A change of e-mail address was requested");
        Ok(EmailStatus { pending, ..own })
    }
}

pub(crate) async fn send_address_code(
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

impl Service {
    /// Sends another code to the unconfirmed address. Sends nothing if all are confirmed.
    async fn request_address_code(
        &self,
        owner: &Claims,
        trace: &TraceId,
    ) -> Result<EmailStatus, AttemptError<AddressRefusal>> {
        let Some(own) = self.own_address(owner.sub).await? else {
            return Err(AddressRefusal::Closed.into());
        };
        let unconfirmed = own.email.as_ref().filter(|_| !own.is_confirmed);
        let Some(waiting) = own.pending.as_ref().or(unconfirmed) else {
            return Ok(own);
        };
        self.count_confirmation_mail(owner.sub, waiting)
            .await
            .map_err(AddressRefusal::Mails)?;
        let kind = EventType::UserConfirmationAsked;
        let event = build_user_event(kind, &self.clock, trace, owner.sub, owner.role, None)?;
        self.store.publish_code_request(&event).await?;
        Ok(own)
    }

    async fn count_confirmation_mail(&self, user: UserId, to: &Email) -> Result<(), QuotaExceeded> {
        self.limits
            .count_address_mail(user, self.store.address_name_hash(to))
            .await
    }
}

/// Only the mailbox may receive the code, so this route serves only the notification service.
pub(crate) async fn issue_address_code(
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

impl Service {
    /// Generates a code for the unconfirmed address, for the service that mails it, and voids the
    /// previous code. `None` if no address is unconfirmed.
    async fn generate_address_code(
        &self,
        user: UserId,
    ) -> Result<Option<(AddressCodeTarget, OneTimeCode, UnixMillis)>, ServiceError> {
        let code = OneTimeCode::new(random::draw_bytes());
        let at = self.clock.now();
        if !self.can_mail_newcomer(user, at).await? {
            return Ok(None);
        }
        let hash = OneTimeCodeHash::from_code(&code);
        let expires_at = at.plus_ms(CODE_LIFE_MS);
        let made = AddressCode {
            id: self.clock.new_id(),
            user,
            hash,
            at,
            expires_at,
        };
        let address = self
            .store
            .store_address_code(made, |known| self.needs_no_code(known))
            .await?;
        Ok(address.map(|address| (address, code, expires_at)))
    }

    /// Counts the first mail to a new account's address, and returns true if it may be sent. This
    /// limit never refuses the registration: that would reveal earlier registrations with the
    /// address.
    async fn can_mail_newcomer(&self, user: UserId, now: UnixMillis) -> Result<bool, ServiceError> {
        if self.store.has_address_code(user, now).await? {
            return Ok(true);
        }
        let Some(known) = self.store.load_address(user, now).await? else {
            return Ok(false);
        };
        if self.needs_no_code(&known) {
            return Ok(false);
        }
        Ok(self
            .limits
            .count_newcomer_mail(self.store.address_name_hash(&known.email))
            .await
            .is_ok())
    }

    /// Returns true if an address needs no code: it is undeliverable, or mail may go there already.
    fn needs_no_code(&self, known: &AccountAddress) -> bool {
        let AccountAddress {
            email,
            confirmed_at,
            created_at,
            ..
        } = known;
        email.is_undeliverable() || self.is_confirmed(*confirmed_at, *created_at)
    }
}

pub(crate) async fn confirm_address(
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

impl Service {
    async fn confirm_address(
        &self,
        owner: &Claims,
        code: &OneTimeCode,
    ) -> Result<EmailStatus, AttemptError<AddressRefusal>> {
        self.limits
            .count_address_try(owner.sub)
            .await
            .map_err(AddressRefusal::TooOften)?;
        let hash = OneTimeCodeHash::from_code(code);
        let now = self.clock.now();
        let confirmed = self
            .store
            .confirm_address(owner.sub, hash, now, |known| self.needs_no_code(known))
            .await?;
        match confirmed {
            ConfirmAddressResult::Confirmed => {}
            ConfirmAddressResult::Wrong => return Err(AddressRefusal::Wrong.into()),
            ConfirmAddressResult::Over => return Err(AddressRefusal::Over.into()),
            ConfirmAddressResult::Taken => return Err(AddressRefusal::Taken.into()),
        }
        tracing::info!(user.id = %owner.sub, "An e-mail address was confirmed");
        let own = self.own_address(owner.sub).await?;
        Ok(own.ok_or(AddressRefusal::Closed)?)
    }
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
            Self::Credential(refused) => refused.into_problem(service),
            Self::Mails(QuotaExceeded { most, retry_s }) => {
                let most = most.into();
                let minutes = retry_s.div_ceil(60).into();
                let why = say::address_mails { most, minutes };
                Problem::new(Code::RateLimited)
                    .with_detail(why)
                    .retry_after(retry_s)
            }
            Self::TooOften(spent) => to_code_tries_problem(spent),
            Self::Wrong => Code::CodeWrong.into(),
            Self::Over => Code::CodeOver.into(),
            Self::Taken => Problem::new(Code::UserExists).with_detail(say::address_taken),
            Self::Closed => Code::InvalidToken.into(),
        }
    }
}

pub(crate) fn to_code_tries_problem(QuotaExceeded { retry_s, .. }: QuotaExceeded) -> Problem {
    let why = say::codes_too_fast {
        seconds: retry_s.into(),
    };
    Problem::new(Code::RateLimited)
        .with_detail(why)
        .retry_after(retry_s)
}
