//! Codes by mail for people who forgot their password: `POST /api/v1/auth/password-codes` requests
//! one, and the notification service fetches it to mail it. `passwords::redeem_reset` accepts it.
//!
//! Invariants: no answer waits for an account lookup, so neither the answer nor its timing reveals
//! an account; a code goes only to a confirmed address; admins get none; a code that an admin
//! issued stays valid.

use axum::{extract::State, http::StatusCode};
use platform::ClientAddress;
use process::{
    parts::CloudPart,
    problem::{Json, Problem, format_error_chain},
    random,
    tokens::ServiceCaller,
    trace::{RequestTrace, TraceId},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use wire::{Code, EventType, Role, UnixMillis, UserId};

use super::passwords::RESET_CODE_LIFE_MS;
use crate::{
    domain::{Email, OneTimeCode, Username},
    errors::ServiceError,
    limits::QuotaExceeded,
    say,
    service::{Service, build_user_event},
    store::{Account, NameHash, OneTimeCodeHash, PasswordReset},
};

/// The lookups of others end within milliseconds.
const LOOKUPS_RETRY_S: u32 = 1;

#[derive(Deserialize, ToSchema)]
pub(crate) struct PasswordCodeForm {
    /// The user name, or the confirmed email address.
    account: String,
}

#[derive(Deserialize)]
pub(crate) struct PasswordCodeQuestion {
    user_id: UserId,
}

/// The code to mail, and its recipient. All fields are `null` if the account gets none.
#[derive(Serialize, Default)]
pub(crate) struct PasswordCodeAnswer {
    email: Option<String>,
    /// People may have forgotten it too.
    username: Option<String>,
    code: Option<String>,
    expires_at: Option<UnixMillis>,
}

enum AccountName {
    Username(Username),
    Address(Email),
}

impl AccountName {
    fn parse_typed(text: &str) -> Option<Self> {
        if text.contains('@') {
            Email::new(text).ok().map(Self::Address)
        } else {
            Username::parse_typed(text).map(Self::Username)
        }
    }
}

pub(crate) async fn request_password_code(
    State(service): State<Service>,
    RequestTrace(trace): RequestTrace,
    from: ClientAddress,
    Json(PasswordCodeForm { account }): Json<PasswordCodeForm>,
) -> Result<StatusCode, Problem> {
    let name = AccountName::parse_typed(&account)
        .ok_or_else(|| Problem::wrong_field("account", say::account_needs))?;
    service
        .limits
        .count_password_mail(service.account_name_hash(&name), from)
        .await
        .map_err(to_mails_problem)?;
    if service.request_code_in_background(name, trace) {
        Ok(StatusCode::NO_CONTENT)
    } else {
        Err(Problem::new(Code::Unavailable).retry_after(LOOKUPS_RETRY_S))
    }
}

impl Service {
    fn account_name_hash(&self, name: &AccountName) -> NameHash {
        match name {
            AccountName::Username(username) => NameHash::from_username(username),
            AccountName::Address(email) => self.store.address_name_hash(email),
        }
    }

    /// Requests the mail if the account exists. Returns false if too many requests are being
    /// looked up.
    fn request_code_in_background(&self, name: AccountName, trace: TraceId) -> bool {
        let service = self.clone();
        self.lookups.try_spawn("password-code", async move {
            if let Err(error) = service.request_password_code(&name, &trace).await {
                tracing::warn!(
                    cause = format_error_chain(&error),
                    "Could not look up an account; no password code was mailed"
                );
            }
        })
    }

    async fn request_password_code(
        &self,
        name: &AccountName,
        trace: &TraceId,
    ) -> Result<(), ServiceError> {
        let found = match name {
            AccountName::Username(username) => self.store.find_account(username).await?,
            AccountName::Address(email) => self.store.find_account_by_address(email).await?,
        };
        let Some(Account { id, role_id, .. }) = found else {
            return Ok(());
        };
        if role_id == Role::Admin {
            return Ok(());
        }
        let kind = EventType::UserPasswordCodeAsked;
        let event = build_user_event(kind, &self.clock, trace, id, role_id, None)?;
        self.store.publish_code_request(&event).await?;
        tracing::info!(user.id = %id, "A password code was requested by mail");
        Ok(())
    }
}

/// Only the mailbox may receive the code, so this route serves only the notification service.
pub(crate) async fn issue_password_code(
    State(service): State<Service>,
    ServiceCaller(from): ServiceCaller,
    Json(PasswordCodeQuestion { user_id }): Json<PasswordCodeQuestion>,
) -> Result<Json<PasswordCodeAnswer>, Problem> {
    if from != CloudPart::Notification.name() {
        return Err(Code::RoleForbidden.into());
    }
    let issued = service.issue_password_code(user_id).await?;
    Ok(Json(issued.unwrap_or_default()))
}

impl Service {
    /// Generates a code for the service that mails it, and voids the previous one. `None` if the
    /// account gets no code by mail.
    async fn issue_password_code(
        &self,
        user: UserId,
    ) -> Result<Option<PasswordCodeAnswer>, ServiceError> {
        match self.store.load_open_role(user).await? {
            None | Some(Role::Admin) => return Ok(None),
            Some(Role::Customer | Role::Provider) => {}
        }
        let own = self.own_address(user).await?;
        let confirmed = own.filter(|own| own.is_confirmed).and_then(|own| own.email);
        let Some(email) = confirmed else {
            return Ok(None);
        };
        let code = OneTimeCode::new(random::draw_bytes());
        let at = self.clock.now();
        let expires_at = at.plus_ms(RESET_CODE_LIFE_MS);
        let reset = PasswordReset {
            id: self.clock.new_id(),
            user,
            code: OneTimeCodeHash::from_code(&code),
            at,
            by: user,
            why: String::new(),
            expires_at,
        };
        if !self.store.store_mailed_code(&reset).await? {
            return Ok(None);
        }
        Ok(Some(PasswordCodeAnswer {
            email: Some(email.as_str().to_owned()),
            username: self.store.load_username(user).await?,
            code: Some(code.reveal()),
            expires_at: Some(expires_at),
        }))
    }
}

fn to_mails_problem(QuotaExceeded { retry_s, .. }: QuotaExceeded) -> Problem {
    let why = say::password_mails {
        minutes: retry_s.div_ceil(60).into(),
    };
    Problem::new(Code::RateLimited)
        .with_detail(why)
        .retry_after(retry_s)
}
