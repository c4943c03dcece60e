//! `/api/v1/auth/deletion`: customers and providers request the deletion of their account, see the
//! open matters that delay it, and undo it.
//!
//! Invariant: a session alone deletes nothing: a request takes the password, or a recent sign-in if
//! the account has no password.

use axum::{extract::State, http::StatusCode};
use platform::ClientAddress;
use process::{
    problem::{Json, Problem, format_error_chain, no_content_or_not_found},
    tokens::Claims,
    trace::{RequestTrace, TraceId},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use wire::{Code, EventType, UnixMillis, UserId};

use crate::{
    domain::Username,
    errors::{AttemptError, RefusalReason, ServiceError},
    open_matters::OpenMattersOfPerson,
    service::{IntoProblem, LiveCaller, Service, build_user_event},
    sign_in::CredentialRefusal,
    store::{AccountDeletion, NameHash},
};

const DAY_MS: i64 = 24 * 60 * 60 * 1000;
const RECENT_SIGN_IN_MS: i64 = 15 * 60 * 1000;

#[derive(Deserialize, ToSchema)]
pub(crate) struct DeletionForm {
    /// Not needed by a person who has no password and signed in within the last 15 minutes.
    #[serde(default)]
    password: String,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct DeletionState {
    /// Absent if the person has not asked, like `delete_at`.
    #[serde(skip_serializing_if = "Option::is_none")]
    asked_at: Option<UnixMillis>,
    /// The account is deleted soon after this, once no order or payment is open.
    #[serde(skip_serializing_if = "Option::is_none")]
    delete_at: Option<UnixMillis>,
    /// How long an account stays after its owner has asked.
    days: u32,
    /// Absent if the person has not asked, or if a service does not answer now.
    #[serde(skip_serializing_if = "Option::is_none")]
    waits_for: Option<OpenMattersOfPerson>,
}

impl DeletionState {
    fn new(
        request: Option<AccountDeletion>,
        days: u32,
        waits_for: Option<OpenMattersOfPerson>,
    ) -> Self {
        Self {
            asked_at: request.as_ref().map(|request| request.asked_at),
            delete_at: request.map(|request| request.delete_at),
            days,
            waits_for,
        }
    }
}

/// The reason for refusing a request to delete an account.
enum DeletionRefusal {
    Credential(CredentialRefusal),
    /// They have no password, and signed in too long ago.
    SignInAgain,
    /// A kiosk: whoever registered its freed name would become a kiosk.
    IsKiosk,
}

impl RefusalReason for DeletionRefusal {}

impl IntoProblem for DeletionRefusal {
    fn into_problem(self, service: &Service) -> Problem {
        match self {
            Self::Credential(refusal) => refusal.into_problem(service),
            Self::SignInAgain => Code::SignInAgain.into(),
            Self::IsKiosk => Code::RoleForbidden.into(),
        }
    }
}

pub(crate) async fn show_deletion(
    State(service): State<Service>,
    LiveCaller(caller): LiveCaller,
) -> Result<Json<DeletionState>, Problem> {
    let user = caller.claims.sub;
    let request = service.store.find_deletion(user).await?;
    let waits_for = match &request {
        Some(_) => service.count_open_matters(user).await,
        None => None,
    };
    let days = service.deletion_days;
    Ok(Json(DeletionState::new(request, days, waits_for)))
}

/// Repeats change nothing and get the same answer.
pub(crate) async fn ask_deletion(
    State(service): State<Service>,
    RequestTrace(trace): RequestTrace,
    LiveCaller(caller): LiveCaller,
    address: ClientAddress,
    Json(form): Json<DeletionForm>,
) -> Result<Json<DeletionState>, Problem> {
    let owner = &caller.claims;
    service
        .verify_owner(owner, address, form.password)
        .await
        .map_err(|error| error.into_problem(&service))?;
    let request = service.request_deletion(owner, &trace).await?;
    let waits_for = service.count_open_matters(owner.sub).await;
    let days = service.deletion_days;
    Ok(Json(DeletionState::new(Some(request), days, waits_for)))
}

pub(crate) async fn undo_deletion(
    State(service): State<Service>,
    RequestTrace(trace): RequestTrace,
    LiveCaller(caller): LiveCaller,
) -> Result<StatusCode, Problem> {
    no_content_or_not_found(service.undo_deletion(&caller.claims, &trace).await?)
}

impl Service {
    /// Requires the password, or a recent sign-in if the account has none. Refuses kiosks.
    async fn verify_owner(
        &self,
        owner: &Claims,
        address: ClientAddress,
        password: String,
    ) -> Result<(), AttemptError<DeletionRefusal>> {
        let name = self.store.load_username(owner.sub).await?;
        let username = name.and_then(|name| Username::new(&name).ok());
        let name = username.map(|name| NameHash::from_username(&name));
        if name.is_some_and(|name| self.kiosks.contains(&name)) {
            return Err(DeletionRefusal::IsKiosk.into());
        }
        if self.store.has_password(owner.sub).await? {
            self.verify_own_password(owner, address, password)
                .await
                .map_err(|error| error.map_refusal(DeletionRefusal::Credential))?;
            return Ok(());
        }
        let began = self.store.load_session_start(owner.jti).await?;
        let now = self.clock.now();
        let is_recent = began.is_some_and(|began| now.ms_since(began) <= RECENT_SIGN_IN_MS);
        Ok(is_recent
            .then_some(())
            .ok_or(DeletionRefusal::SignInAgain)?)
    }

    async fn request_deletion(
        &self,
        owner: &Claims,
        trace: &TraceId,
    ) -> Result<AccountDeletion, ServiceError> {
        let user = owner.sub;
        let at = self.clock.now();
        let delete_at = at.plus_ms(i64::from(self.deletion_days) * DAY_MS);
        let kind = EventType::UserDeletionAsked;
        let event = build_user_event(kind, &self.clock, trace, user, owner.role, None)?;
        let request = self
            .store
            .request_deletion(user, at, delete_at, &event)
            .await?;
        tracing::info!(user.id = %user, "A person asked to delete their account");
        Ok(request)
    }

    /// Returns false if there is no request.
    async fn undo_deletion(&self, owner: &Claims, trace: &TraceId) -> Result<bool, ServiceError> {
        let user = owner.sub;
        let kind = EventType::UserDeletionUndone;
        let event = build_user_event(kind, &self.clock, trace, user, owner.role, None)?;
        let is_undone = self.store.undo_deletion(user, &event).await?;
        if is_undone {
            tracing::info!(user.id = %user, "A person undid the deletion of their account");
        }
        Ok(is_undone)
    }

    /// `None` if a service does not answer: the request is stored all the same.
    async fn count_open_matters(&self, user: UserId) -> Option<OpenMattersOfPerson> {
        match self.open_matters.count_of(user).await {
            Ok(open) => Some(open),
            Err(error) => {
                tracing::warn!(
                    cause = format_error_chain(&error),
                    "Could not ask for a person's open orders and payments"
                );
                None
            }
        }
    }
}
