//! Second factors. Under `/api/v1/auth/second-factor` staff look after their own, and `POST
//! /api/v1/admin/users/{id}/second-factor/remove` removes those that a person lost, on record.
//!
//! Invariants: a wrong code or passkey counts as a wrong password of the account; a person who has
//! a second factor changes none of them without a proof of one.

use axum::{extract::State, http::StatusCode};
use platform::ClientAddress;
use process::{
    problem::{Json, Path, Problem},
    tokens::Claims,
    trace::{RequestTrace, TraceId},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use wire::{Code, EventType, FieldError, PasskeyId, Role, UnixMillis, UserId, check_reason};

use super::people::RevokeForm;
use crate::{
    account_change::AccountChange,
    domain::{RoleRefusal, Username},
    errors::{AttemptError, RefusalReason},
    passkeys::PasskeyRefusal,
    passwords::HashPermit,
    say,
    second_factor::FactorProof,
    service::{IntoProblem, LiveCaller, Service},
    sign_in::{CredentialRefusal, SignInOrigin},
    store::{
        ChallengeOwner, FactorEnding, FactorRemoval, OwnFactor, Passkey, PasskeyCeremony,
        SessionEnding,
    },
    totp::TotpSecret,
    webauthn::PasskeyProof,
};

/// The proof that the owner of a session asks, and not its thief.
#[derive(Deserialize, ToSchema)]
pub(crate) struct OwnProofForm {
    /// Of a person without a second factor.
    #[serde(default)]
    password: Option<String>,
    /// A code of the authenticator app, or a recovery code.
    #[serde(default)]
    code: Option<String>,
    #[serde(default)]
    passkey: Option<PasskeyProof>,
}

#[derive(Deserialize, ToSchema)]
pub(crate) struct FactorProofForm {
    /// A code of the authenticator app, or a recovery code.
    #[serde(default)]
    code: Option<String>,
    /// Instead of a code.
    #[serde(default)]
    passkey: Option<PasskeyProof>,
}

#[derive(Deserialize, ToSchema)]
pub(crate) struct FactorCodeForm {
    /// The first code of the authenticator app.
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
    /// When the first one was set up. Null without a second factor.
    #[schema(required)]
    since: Option<UnixMillis>,
    /// When the authenticator app was set up. Null without one.
    #[schema(required)]
    app_since: Option<UnixMillis>,
    passkeys: Vec<PasskeyItem>,
    /// The host name of the pages that can use passkeys.
    passkey_site: String,
    recovery_codes_left: i64,
    /// The person's work requires a second factor.
    required: bool,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct PasskeyItem {
    id: PasskeyId,
    /// What its person calls it.
    label: String,
    created_at: UnixMillis,
    /// Null if it has not been used since.
    #[schema(required)]
    last_used_at: Option<UnixMillis>,
}

/// Why a code or a change of a second factor is refused.
pub(super) enum FactorRefusal {
    Credential(CredentialRefusal),
    WrongCode,
    WrongPasskey,
    /// The form lacks the proof in this field.
    Unproved(&'static str),
    Field(FieldError),
    /// The ticket is spent, expired, or was tried too often.
    TicketOver,
    Missing,
    Exists,
    TooManyPasskeys,
    /// The person's work requires a second factor, and this is their only one.
    Last,
}

impl RefusalReason for FactorRefusal {}

impl From<PasskeyRefusal> for FactorRefusal {
    fn from(refusal: PasskeyRefusal) -> Self {
        match refusal {
            PasskeyRefusal::Wrong => Self::WrongPasskey,
            PasskeyRefusal::Exists => Self::Exists,
            PasskeyRefusal::TooMany => Self::TooManyPasskeys,
            PasskeyRefusal::AccountClosed => Self::Missing,
        }
    }
}

impl IntoProblem for FactorRefusal {
    fn into_problem(self, service: &Service) -> Problem {
        match self {
            Self::Credential(refusal) => refusal.into_problem(service),
            Self::WrongCode => Code::CodeWrong.into(),
            Self::WrongPasskey => Code::PasskeyWrong.into(),
            Self::Unproved(field) => Problem::wrong_field(field, say::factor_proof_needs),
            Self::Field(error) => error.into(),
            Self::TooManyPasskeys => Code::TooManyPasskeys.into(),
            Self::Last => Code::LastSecondFactor.into(),
            Self::TicketOver => Code::VisitOver.into(),
            Self::Missing => Code::NotFound.into(),
            Self::Exists => Code::SecondFactorExists.into(),
        }
    }
}

/// Reads the proof of a form. A code is read first.
pub(super) fn read_factor_proof(
    code: Option<String>,
    passkey: Option<PasskeyProof>,
) -> Result<FactorProof, FactorRefusal> {
    let code = code.map(FactorProof::Code);
    code.or_else(|| passkey.map(FactorProof::Passkey))
        .ok_or(FactorRefusal::Unproved("code"))
}

impl Service {
    pub(super) async fn require_factor_proof(
        &self,
        owner: ChallengeOwner,
        proof: &FactorProof,
        origin: &SignInOrigin,
    ) -> Result<(), AttemptError<FactorRefusal>> {
        if self.use_factor_proof(owner, proof).await? {
            return Ok(());
        }
        self.record_failure(origin).await?;
        Err(match proof {
            FactorProof::Code(_) => FactorRefusal::WrongCode.into(),
            FactorProof::Passkey(_) => FactorRefusal::WrongPasskey.into(),
        })
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
    let standing = service.store.factor_standing(user).await?;
    let passkeys = service.store.list_passkeys(user).await?;
    let recovery_codes_left = service.store.count_recovery_codes(user).await?;
    let required = service.requires_factor(user).await?;
    Ok(Json(FactorState {
        since: standing.since(),
        app_since: standing.app_since,
        passkeys: passkeys.into_iter().map(PasskeyItem::from).collect(),
        passkey_site: service.passkey_site.id().to_owned(),
        recovery_codes_left,
        required,
    }))
}

impl From<Passkey> for PasskeyItem {
    fn from(passkey: Passkey) -> Self {
        Self {
            id: passkey.id,
            label: passkey.label,
            created_at: passkey.created_at,
            last_used_at: passkey.last_used_at,
        }
    }
}

pub(crate) async fn begin_set_up(
    State(service): State<Service>,
    LiveCaller(caller): LiveCaller,
    from: ClientAddress,
    Json(form): Json<OwnProofForm>,
) -> Result<Json<FactorSecret>, Problem> {
    service
        .begin_set_up(&caller.claims, from, form)
        .await
        .map(Json)
        .map_err(|error| error.into_problem(&service))
}

impl Service {
    async fn begin_set_up(
        &self,
        owner: &Claims,
        from: ClientAddress,
        form: OwnProofForm,
    ) -> Result<FactorSecret, AttemptError<FactorRefusal>> {
        let standing = self.store.factor_standing(owner.sub).await?;
        if standing.app_since.is_some() {
            return Err(FactorRefusal::Exists.into());
        }
        let username = self.require_own_proof(owner, from, form).await?;
        let secret = self.draw_factor_secret(owner.sub).await?;
        let secret = secret.ok_or(FactorRefusal::Exists)?;
        Ok(to_factor_secret(&secret, &username))
    }

    /// Requires a second factor of a person who has one, otherwise their password: a session thief
    /// would lock the owner out. Returns their name.
    pub(super) async fn require_own_proof(
        &self,
        owner: &Claims,
        from: ClientAddress,
        form: OwnProofForm,
    ) -> Result<Username, AttemptError<FactorRefusal>> {
        let standing = self.store.factor_standing(owner.sub).await?;
        if standing.is_empty() {
            let password = form.password.ok_or(FactorRefusal::Unproved("password"))?;
            let verified = self.verify_own_password(owner, from, password).await;
            verified.map_err(|error| error.map_refusal(FactorRefusal::Credential))?;
        } else {
            let proof = read_factor_proof(form.code, form.passkey)?;
            self.verify_own_proof(owner, from, &proof).await?;
        }
        self.load_own_username(owner).await
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
    Json(form): Json<FactorProofForm>,
) -> Result<Json<RecoveryCodes>, Problem> {
    service
        .require_own_factor(&caller.claims, from, form)
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
    Json(form): Json<FactorProofForm>,
) -> Result<StatusCode, Problem> {
    service
        .remove_own_factor(&caller.claims, from, OwnFactor::App, form, &trace)
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

    /// Requires a proof of one of the person's second factors.
    pub(super) async fn require_own_factor(
        &self,
        owner: &Claims,
        from: ClientAddress,
        form: FactorProofForm,
    ) -> Result<(), AttemptError<FactorRefusal>> {
        let standing = self.store.factor_standing(owner.sub).await?;
        if standing.is_empty() {
            return Err(FactorRefusal::Missing.into());
        }
        let proof = read_factor_proof(form.code, form.passkey)?;
        self.verify_own_proof(owner, from, &proof).await
    }

    async fn verify_own_proof(
        &self,
        owner: &Claims,
        from: ClientAddress,
        proof: &FactorProof,
    ) -> Result<(), AttemptError<FactorRefusal>> {
        let (origin, permit) = self.admit_own_attempt(owner, from).await?;
        let prove = PasskeyCeremony::Prove;
        let challenge = ChallengeOwner::with_session(owner.sub, prove, owner.jti);
        let verified = self.require_factor_proof(challenge, proof, &origin).await;
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

    /// Ends the other sessions: the finder of a lost phone or key may have begun one.
    pub(super) async fn remove_own_factor(
        &self,
        owner: &Claims,
        from: ClientAddress,
        factor: OwnFactor,
        form: FactorProofForm,
        trace: &TraceId,
    ) -> Result<(), AttemptError<FactorRefusal>> {
        let user = owner.sub;
        let is_required = self.requires_factor(user).await?;
        self.require_own_factor(owner, from, form).await?;
        let why = SessionEnding::FactorChanged;
        let change = self.begin_account_change(user, Role::Admin, Some(owner.jti), why, trace);
        let ending = self
            .store
            .remove_own_factor(factor, is_required, change.revocation, |session| {
                change.build_event(session)
            })
            .await?;
        let ended = finish_factor_ending(change, ending).await?;
        tracing::info!(user.id = %user, ended, ?factor, "A person removed a second factor");
        Ok(())
    }
}

/// Returns the number of sessions that the removal of a factor ended.
async fn finish_factor_ending(
    change: AccountChange<'_>,
    ending: FactorEnding,
) -> Result<usize, FactorRefusal> {
    let refusal = match ending {
        FactorEnding::Removed(ended) => return Ok(change.finish(&ended).await),
        FactorEnding::Missing => FactorRefusal::Missing,
        FactorEnding::Last => FactorRefusal::Last,
    };
    change.cancel();
    Err(refusal)
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
        // Their own takes a proof, so that a stolen session cannot remove it.
        return Err(Code::RoleForbidden.into());
    }
    service
        .remove_factor(user, by, why, &trace)
        .await
        .map(|()| StatusCode::NO_CONTENT)
        .map_err(|error| error.into_problem(&service))
}

impl Service {
    /// Removes all second factors and ends the person's sessions: the finder of a lost phone may be
    /// signed in on it.
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
        tracing::info!(user.id = %user, by = %by, ended, "An admin removed the second factors of a person");
        Ok(())
    }
}

pub(super) fn to_factor_secret(secret: &TotpSecret, username: &Username) -> FactorSecret {
    FactorSecret {
        secret: secret.reveal(),
        address: secret.app_address(username.as_str()),
    }
}
