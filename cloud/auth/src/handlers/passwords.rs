//! Accounts with a password. `POST /api/v1/auth/register` creates a customer's or provider's
//! account; only operators create admins. `POST /api/v1/auth/password` changes the caller's
//! password, `POST /api/v1/auth/password-reset` sets one with a code, and `POST
//! /api/v1/admin/users/{id}/password-reset` issues such a code, on record.
//!
//! Invariants: a change ends all sessions that began with the old password, except the one that
//! made it; a wrong old password or code counts as a wrong password at sign-in; a code allows ten
//! tries, at most five from one place.

use axum::{extract::State, http::StatusCode};
use platform::ClientAddress;
use process::{
    clock::Clock,
    problem::{CreatedJson, Json, Path, Problem},
    random,
    tokens::Claims,
    trace::{RequestTrace, TraceId},
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;
use wire::{Code, EventType, Role, SessionId, UnixMillis, UserId, check_reason};

use super::{people::RevokeForm, sessions::EndedSessions};
use crate::{
    domain::{NewAccount, OneTimeCode, Password, Username},
    errors::{AttemptError, ServiceError},
    limits::QuotaExceeded,
    passwords::{HashLane, Passwords},
    say,
    service::{IntoProblem, LiveCaller, Service, build_user_event},
    sign_in::{CredentialRefusal, SignInOrigin},
    store::{
        Account, AddUserResult, NewPassword, OneTimeCodeHash, PasswordReset, SessionEnding, Store,
    },
};

/// Enough to read a code out or fetch a mail and type it in, too short to leave it lying around.
pub(super) const RESET_CODE_LIFE_MS: i64 = 30 * 60 * 1000;

#[derive(Deserialize, ToSchema)]
pub(crate) struct RegisterForm {
    username: String,
    email: String,
    password: String,
    /// By name, or by number for older clients.
    #[serde(alias = "role_id")]
    #[schema(value_type = Role)]
    role: Value,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct NewUser {
    user_id: UserId,
    username: String,
    role: Role,
}

#[derive(Deserialize, ToSchema)]
pub(crate) struct PasswordForm {
    old_password: String,
    new_password: String,
}

#[derive(Deserialize, ToSchema)]
pub(crate) struct PasswordResetForm {
    username: String,
    /// The code from a mail or an admin. Dashes, spaces and case do not matter.
    code: String,
    new_password: String,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct PasswordResetCode {
    user_id: UserId,
    /// Shown only this once; it cannot be retrieved later.
    code: String,
    expires_at: UnixMillis,
}

/// The answer to an admin who issues a password-reset code.
enum ResetCodeResult {
    Issued(OneTimeCode, UnixMillis),
    /// No open account has this id.
    NoAccount,
    /// Only the operator resets an admin's password: otherwise one admin's stolen token would open
    /// all admin accounts.
    IsAdmin,
}

pub(crate) async fn register(
    State(service): State<Service>,
    RequestTrace(trace): RequestTrace,
    from: ClientAddress,
    Json(form): Json<RegisterForm>,
) -> Result<CreatedJson<NewUser>, Problem> {
    let role = parse_role(&form.role)?;
    if role == Role::Admin {
        return Err(Problem::new(Code::RoleForbidden));
    }
    let account = NewAccount::new(&form.username, &form.email, form.password, role)?;
    let username = account.username.as_str().to_owned();
    service
        .limits
        .count_registration(from)
        .await
        .map_err(to_quota_problem)?;
    let Service {
        store,
        passwords,
        clock,
        ..
    } = &service;
    let made = register_account(store, passwords, clock, from, account, &trace).await?;
    let user_id =
        made.ok_or_else(|| Problem::new(Code::UserExists).with_detail(say::name_taken))?;
    Ok(CreatedJson(NewUser {
        user_id,
        username,
        role,
    }))
}

/// Creates an account and its event. Returns `None` if the name is taken. If another account has
/// the address, neither the answer nor its timing changes: the owner gets a mail. The hash is
/// computed before the transaction begins.
pub(crate) async fn register_account(
    store: &Store,
    passwords: &Passwords,
    clock: &Clock,
    from: ClientAddress,
    new: NewAccount,
    trace: &TraceId,
) -> Result<Option<UserId>, ServiceError> {
    let permit = passwords.acquire_permit(from, HashLane::Usual).await?;
    let password_hash = permit.hash(new.password).await?;
    drop(permit);
    let user_id = UserId(clock.new_id());
    let role = new.role;
    let account = Account {
        id: user_id,
        role_id: role,
        password_hash,
        password_changed_at: None,
        tokens_since: UnixMillis(0),
    };
    let event = build_user_event(EventType::UserRegistered, clock, trace, user_id, role, None)?;
    let added = store
        .add_user(&account, &new.username, &new.email, clock.now(), &event)
        .await?;
    match added {
        AddUserResult::NameTaken => return Ok(None),
        AddUserResult::Made | AddUserResult::MadeWithoutAddress => {}
    }
    tracing::info!(user.id = %user_id, role = role.as_str(), "Registered");
    Ok(Some(user_id))
}

pub(crate) async fn change_password(
    State(service): State<Service>,
    RequestTrace(trace): RequestTrace,
    LiveCaller(caller): LiveCaller,
    from: ClientAddress,
    Json(form): Json<PasswordForm>,
) -> Result<Json<EndedSessions>, Problem> {
    let new = parse_new_password(form.new_password)?;
    let owner = &caller.claims;
    let old = form.old_password;
    let ended = service
        .change_password(owner, from, old, new, &trace)
        .await
        .map_err(|error| error.into_problem(&service))?;
    Ok(Json(EndedSessions { ended }))
}

impl Service {
    /// Returns the number of other sessions it ended.
    async fn change_password(
        &self,
        owner: &Claims,
        from: ClientAddress,
        old: String,
        new: Password,
        trace: &TraceId,
    ) -> Result<usize, AttemptError<CredentialRefusal>> {
        let (account, permit) = self.verify_own_password(owner, from, old).await?;
        let hash = permit.hash(new).await?;
        drop(permit);
        let new = NewPassword {
            hash,
            before: account.password_changed_at,
            code: None,
        };
        let why = SessionEnding::PasswordChanged;
        let ended = self
            .replace_password(&account, &new, Some(owner.jti), why, trace)
            .await?;
        Ok(ended.ok_or(CredentialRefusal::Wrong)?)
    }

    async fn replace_password(
        &self,
        account: &Account,
        new: &NewPassword,
        except: Option<SessionId>,
        why: SessionEnding,
        trace: &TraceId,
    ) -> Result<Option<usize>, ServiceError> {
        let user = account.id;
        let change = self.begin_account_change(user, account.role_id, except, why, trace);
        let notice = change.build_notice(EventType::UserPasswordChanged)?;
        let ended = self
            .store
            .change_password(new, change.revocation, &notice, |session| {
                change.build_event(session)
            })
            .await?;
        let ended = change.finish_if_made(ended).await;
        if let Some(ended) = ended {
            tracing::info!(user.id = %user, why = why.as_str(), ended, "Changed a password");
        }
        Ok(ended)
    }
}

pub(crate) async fn redeem_reset(
    State(service): State<Service>,
    RequestTrace(trace): RequestTrace,
    from: ClientAddress,
    Json(form): Json<PasswordResetForm>,
) -> Result<StatusCode, Problem> {
    let new = parse_new_password(form.new_password)?;
    service
        .redeem_reset(from, &form.username, &form.code, new, &trace)
        .await
        .map(|()| StatusCode::NO_CONTENT)
        .map_err(|error| error.into_problem(&service))
}

impl Service {
    /// Sets a new password with a reset code, and ends all sessions of the account.
    async fn redeem_reset(
        &self,
        from: ClientAddress,
        typed_name: &str,
        code: &str,
        new: Password,
        trace: &TraceId,
    ) -> Result<(), AttemptError<CredentialRefusal>> {
        let Some(username) = Username::parse_typed(typed_name) else {
            return Err(CredentialRefusal::Wrong.into());
        };
        let (origin, permit) = self.admit_attempt(&username, from, None).await?;
        let Some((account, code)) = self.try_reset_code(&username, code, &origin).await? else {
            // Spend the same work as for a wrong password.
            permit.verify(None, None).await?;
            self.record_failure(&origin).await?;
            return Err(CredentialRefusal::Wrong.into());
        };
        let hash = permit.hash(new).await?;
        drop(permit);
        let before = account.password_changed_at;
        let new = NewPassword {
            hash,
            before,
            code: Some(code),
        };
        let why = SessionEnding::PasswordReset;
        let ended = self
            .replace_password(&account, &new, None, why, trace)
            .await?;
        Ok(ended.map(drop).ok_or(CredentialRefusal::Wrong)?)
    }

    /// Returns the account of this name if the code is valid for it.
    async fn try_reset_code(
        &self,
        username: &Username,
        code: &str,
        origin: &SignInOrigin,
    ) -> Result<Option<(Account, OneTimeCodeHash)>, ServiceError> {
        let account = self.store.find_account(username).await?;
        let code = OneTimeCode::parse_typed(code).map(|code| OneTimeCodeHash::from_code(&code));
        let (Some(account), Some(code)) = (account, code) else {
            return Ok(None);
        };
        let now = self.clock.now();
        let is_right = self
            .store
            .try_reset_code(account.id, code, origin.name, origin.place, now)
            .await?;
        Ok(is_right.then_some((account, code)))
    }
}

pub(crate) async fn issue_reset(
    State(service): State<Service>,
    LiveCaller(caller): LiveCaller,
    Path(user_id): Path<UserId>,
    Json(RevokeForm { reason }): Json<RevokeForm>,
) -> Result<CreatedJson<PasswordResetCode>, Problem> {
    let why = check_reason(&reason)?;
    match service
        .issue_reset(user_id, caller.actor.user_id, why)
        .await?
    {
        ResetCodeResult::Issued(code, expires_at) => {
            let code = code.reveal();
            Ok(CreatedJson(PasswordResetCode {
                user_id,
                code,
                expires_at,
            }))
        }
        ResetCodeResult::NoAccount => Err(Code::NotFound.into()),
        ResetCodeResult::IsAdmin => Err(Code::RoleForbidden.into()),
    }
}

impl Service {
    /// Issues a reset code for a person; only its hash is stored.
    async fn issue_reset(
        &self,
        user: UserId,
        by: UserId,
        why: String,
    ) -> Result<ResetCodeResult, ServiceError> {
        match self.store.load_open_role(user).await? {
            None => return Ok(ResetCodeResult::NoAccount),
            Some(Role::Admin) => return Ok(ResetCodeResult::IsAdmin),
            Some(Role::Customer | Role::Provider) => {}
        }
        let code = OneTimeCode::new(random::draw_bytes());
        let at = self.clock.now();
        let expires_at = at.plus_ms(RESET_CODE_LIFE_MS);
        let id = self.clock.new_id();
        let hash = OneTimeCodeHash::from_code(&code);
        let reset = PasswordReset {
            id,
            user,
            code: hash,
            at,
            by,
            why,
            expires_at,
        };
        self.store.store_reset_code(&reset).await?;
        tracing::info!(user.id = %user, by = %by, "An admin issued a password-reset code");
        Ok(ResetCodeResult::Issued(code, expires_at))
    }
}

fn parse_role(asked: &Value) -> Result<Role, Problem> {
    let found = match asked {
        Value::String(name) => Role::ALL.into_iter().find(|role| role.as_str() == name),
        asked => asked.as_i64().and_then(Role::from_number),
    };
    found.ok_or_else(|| Problem::wrong_field("role", say::role_needs))
}

fn parse_new_password(text: String) -> Result<Password, Problem> {
    Password::new(text).map_err(|_| Problem::wrong_field("new_password", say::password_needs))
}

pub(crate) fn to_quota_problem(QuotaExceeded { most, retry_s }: QuotaExceeded) -> Problem {
    let why = say::registrations_of_address { most: most.into() };
    Problem::new(Code::RegistrationQuota)
        .with_detail(why)
        .retry_after(retry_s)
}
