//! Second factors. Under `/api/v1/auth/second-factor` staff look after their own, and `POST
//! /api/v1/admin/users/{id}/second-factor/remove` removes a lost one, on record.
//!
//! Invariant: a wrong code counts as a wrong password of the account.

use axum::{extract::State, http::StatusCode};
use platform::ClientAddress;
use process::{
    problem::{Json, Path, Problem},
    tokens::Claims,
    trace::{RequestTrace, TraceId},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use wire::{Code, EventType, Role, UnixMillis, UserId, check_reason};

use super::people::RevokeForm;
use crate::{
    domain::{RoleRefusal, Username},
    errors::{AttemptError, RefusalReason},
    passwords::HashPermit,
    service::{IntoProblem, LiveCaller, Service},
    sign_in::{CredentialRefusal, SignInOrigin},
    store::{FactorRemoval, SecondFactor, SessionEnding},
    totp::TotpSecret,
};

#[derive(Deserialize, ToSchema)]
pub(crate) struct OwnPasswordForm {
    password: String,
}

#[derive(Deserialize, ToSchema)]
pub(crate) struct FactorCodeForm {
    /// A code of the authenticator app, or a recovery code.
    code: String,
}

/// The secret of a second factor, which counts once a code confirms it.
#[derive(Serialize, ToSchema)]
pub(crate) struct FactorSecret {
    /// To type into an authenticator app.
    secret: String,
    /// The same for the app's camera, as the text of a QR code.
    address: String,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct RecoveryCodes {
    /// Shown only this once. Each replaces a code of the app once.
    recovery_codes: Vec<String>,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct FactorState {
    /// When it was set up. Null without a second factor.
    #[schema(required)]
    since: Option<UnixMillis>,
    recovery_codes_left: i64,
    /// The person's work requires a second factor.
    required: bool,
}

/// Why a code or a change of a second factor is refused.
pub(super) enum FactorRefusal {
    Credential(CredentialRefusal),
    WrongCode,
    /// The ticket is spent, expired, or was tried too often.
    TicketOver,
    Missing,
    Exists,
}

impl RefusalReason for FactorRefusal {}

impl IntoProblem for FactorRefusal {
    fn into_problem(self, service: &Service) -> Problem {
        match self {
            Self::Credential(refusal) => refusal.into_problem(service),
            Self::WrongCode => Code::CodeWrong.into(),
            Self::TicketOver => Code::VisitOver.into(),
            Self::Missing => Code::NotFound.into(),
            Self::Exists => Code::SecondFactorExists.into(),
        }
    }
}

impl Service {
    pub(super) async fn require_factor_code(
        &self,
        factor: &SecondFactor,
        typed: &str,
        origin: &SignInOrigin,
    ) -> Result<(), AttemptError<FactorRefusal>> {
        let is_right = self.use_factor_code(factor, typed).await?;
        self.count_if_wrong(is_right.then_some(()), origin).await
    }

    /// Counts a wrong code as a wrong password.
    pub(super) async fn count_if_wrong<T>(
        &self,
        checked: Option<T>,
        origin: &SignInOrigin,
    ) -> Result<T, AttemptError<FactorRefusal>> {
        match checked {
            Some(checked) => Ok(checked),
            None => {
                self.record_failure(origin).await?;
                Err(FactorRefusal::WrongCode.into())
            }
        }
    }
}

pub(crate) async fn show_factor(
    State(service): State<Service>,
    LiveCaller(caller): LiveCaller,
) -> Result<Json<FactorState>, Problem> {
    let user = caller.claims.sub;
    let since = service.store.second_factor_since(user).await?;
    let recovery_codes_left = service.store.count_recovery_codes(user).await?;
    let required = service.requires_factor(user).await?;
    Ok(Json(FactorState {
        since,
        recovery_codes_left,
        required,
    }))
}

pub(crate) async fn begin_set_up(
    State(service): State<Service>,
    LiveCaller(caller): LiveCaller,
    from: ClientAddress,
    Json(form): Json<OwnPasswordForm>,
) -> Result<Json<FactorSecret>, Problem> {
    service
        .begin_set_up(&caller.claims, from, form.password)
        .await
        .map(Json)
        .map_err(|error| error.into_problem(&service))
}

impl Service {
    /// Requires the password: otherwise a session thief would lock the owner out.
    async fn begin_set_up(
        &self,
        owner: &Claims,
        from: ClientAddress,
        password: String,
    ) -> Result<FactorSecret, AttemptError<FactorRefusal>> {
        self.verify_own_password(owner, from, password)
            .await
            .map_err(|error| error.map_refusal(FactorRefusal::Credential))?;
        let username = self.load_own_username(owner).await?;
        let secret = self.draw_factor_secret(owner.sub).await?;
        let secret = secret.ok_or(FactorRefusal::Exists)?;
        Ok(to_factor_secret(&secret, &username))
    }

    async fn load_own_username(
        &self,
        owner: &Claims,
    ) -> Result<Username, AttemptError<FactorRefusal>> {
        let name = self.store.load_username(owner.sub).await?;
        let username = name.and_then(|name| Username::new(&name).ok());
        Ok(username.ok_or(FactorRefusal::Missing)?)
    }
}

pub(crate) async fn confirm_set_up(
    State(service): State<Service>,
    RequestTrace(trace): RequestTrace,
    LiveCaller(caller): LiveCaller,
    from: ClientAddress,
    Json(form): Json<FactorCodeForm>,
) -> Result<Json<RecoveryCodes>, Problem> {
    let recovery_codes = service
        .confirm_set_up(&caller.claims, from, &form.code, &trace)
        .await
        .map_err(|error| error.into_problem(&service))?;
    Ok(Json(RecoveryCodes { recovery_codes }))
}

pub(crate) async fn renew_codes(
    State(service): State<Service>,
    LiveCaller(caller): LiveCaller,
    from: ClientAddress,
    Json(form): Json<FactorCodeForm>,
) -> Result<Json<RecoveryCodes>, Problem> {
    service
        .verify_own_code(&caller.claims, from, &form.code)
        .await
        .map_err(|error| error.into_problem(&service))?;
    let recovery_codes = service.renew_recovery_codes(caller.claims.sub).await?;
    Ok(Json(RecoveryCodes { recovery_codes }))
}

pub(crate) async fn turn_off(
    State(service): State<Service>,
    RequestTrace(trace): RequestTrace,
    LiveCaller(caller): LiveCaller,
    from: ClientAddress,
    Json(form): Json<FactorCodeForm>,
) -> Result<StatusCode, Problem> {
    service
        .turn_factor_off(&caller.claims, from, &form.code, &trace)
        .await
        .map(|()| StatusCode::NO_CONTENT)
        .map_err(|error| error.into_problem(&service))
}

impl Service {
    async fn confirm_set_up(
        &self,
        owner: &Claims,
        from: ClientAddress,
        typed: &str,
        trace: &TraceId,
    ) -> Result<Vec<String>, AttemptError<FactorRefusal>> {
        let (origin, permit) = self.admit_own_attempt(owner, from).await?;
        let pending = self.store.load_second_factor(owner.sub).await?;
        let pending = pending.ok_or(FactorRefusal::Missing)?;
        if pending.confirmed_at.is_some() {
            return Err(FactorRefusal::Exists.into());
        }
        if !self.may_still_confirm(&pending) {
            return Err(FactorRefusal::Missing.into());
        }
        let codes = self
            .confirm_factor(&pending, typed, Some(owner.jti), trace)
            .await?;
        let codes = self.count_if_wrong(codes, &origin).await;
        drop(permit);
        codes
    }

    async fn verify_own_code(
        &self,
        owner: &Claims,
        from: ClientAddress,
        typed: &str,
    ) -> Result<(), AttemptError<FactorRefusal>> {
        let (origin, permit) = self.admit_own_attempt(owner, from).await?;
        let factor = self.store.load_second_factor(owner.sub).await?;
        let factor = factor.filter(|factor| factor.confirmed_at.is_some());
        let factor = factor.ok_or(FactorRefusal::Missing)?;
        let verified = self.require_factor_code(&factor, typed, &origin).await;
        drop(permit);
        verified
    }

    /// The permit is held until a wrong code has counted, as at a sign-in.
    async fn admit_own_attempt(
        &self,
        owner: &Claims,
        from: ClientAddress,
    ) -> Result<(SignInOrigin, HashPermit), AttemptError<FactorRefusal>> {
        let username = self.load_own_username(owner).await?;
        self.admit_attempt(&username, from, None)
            .await
            .map_err(|error| error.map_refusal(FactorRefusal::Credential))
    }

    /// Ends the other sessions. Where a second factor is required it ends this one too, because
    /// other parts accept its token for an hour; the next sign-in sets up a new one.
    async fn turn_factor_off(
        &self,
        owner: &Claims,
        from: ClientAddress,
        typed: &str,
        trace: &TraceId,
    ) -> Result<(), AttemptError<FactorRefusal>> {
        let user = owner.sub;
        let is_required = self.requires_factor(user).await?;
        self.verify_own_code(owner, from, typed).await?;
        let except = (!is_required).then_some(owner.jti);
        let why = SessionEnding::FactorChanged;
        let change = self.begin_account_change(user, Role::Admin, except, why, trace);
        let ended = self
            .store
            .turn_factor_off(change.revocation, |session| change.build_event(session))
            .await?;
        let ended = change.finish_if_made(ended).await;
        let ended = ended.ok_or(FactorRefusal::Missing)?;
        tracing::info!(user.id = %user, ended, "A person turned their second factor off");
        Ok(())
    }
}

pub(crate) async fn remove_factor(
    State(service): State<Service>,
    RequestTrace(trace): RequestTrace,
    LiveCaller(caller): LiveCaller,
    Path(user): Path<UserId>,
    Json(RevokeForm { reason }): Json<RevokeForm>,
) -> Result<StatusCode, Problem> {
    let why = check_reason(&reason)?;
    let by = caller.actor.user_id;
    if by == user {
        // Their own takes a code, so that a stolen session cannot remove it.
        return Err(Code::RoleForbidden.into());
    }
    service
        .remove_factor(user, by, why, &trace)
        .await
        .map(|()| StatusCode::NO_CONTENT)
        .map_err(|error| error.into_problem(&service))
}

impl Service {
    /// Removes a lost second factor and ends the person's sessions: the finder of a lost phone may
    /// be signed in on it.
    async fn remove_factor(
        &self,
        user: UserId,
        by: UserId,
        why: String,
        trace: &TraceId,
    ) -> Result<(), AttemptError<RoleRefusal>> {
        self.check_may_administer(by, user).await?;
        let changed = SessionEnding::FactorChanged;
        let change = self.begin_account_change(user, Role::Admin, None, changed, trace);
        let notice = change.build_notice(EventType::UserSecondFactorRemoved)?;
        let removal = FactorRemoval {
            id: self.clock.new_id(),
            user,
            at: change.revocation.at,
            by,
            why,
        };
        let ended = self
            .store
            .remove_factor(&removal, change.revocation, &notice, |session| {
                change.build_event(session)
            })
            .await?;
        let ended = change.finish_if_made(ended).await;
        let ended = ended.ok_or(RoleRefusal::Unknown)?;
        tracing::info!(user.id = %user, by = %by, ended, "An admin removed a second factor");
        Ok(())
    }
}

pub(super) fn to_factor_secret(secret: &TotpSecret, username: &Username) -> FactorSecret {
    FactorSecret {
        secret: secret.reveal(),
        address: secret.app_address(username.as_str()),
    }
}
