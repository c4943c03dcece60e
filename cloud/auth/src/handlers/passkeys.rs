//! A person's own passkeys, under `/api/v1/auth/second-factor`: `POST .../passkeys/begin` asks the
//! browser for a new one, `POST .../passkeys` stores it, and `.../passkeys/{id}/remove` removes one.
//! `POST .../passkey` asks for a proof by one.

use axum::{extract::State, http::StatusCode};
use platform::ClientAddress;
use process::{
    problem::{Json, Path, Problem},
    tokens::Claims,
    trace::RequestTrace,
};
use serde::Serialize;
use utoipa::ToSchema;
use wire::{PasskeyId, UnixMillis, UserId};

use super::second_factors::{FactorProofForm, FactorRefusal, OwnProofForm};
use crate::{
    domain::{DeviceLabel, Username},
    errors::{AttemptError, ServiceError},
    passkeys::{PasskeyRegistration, RegisteredPasskey},
    service::{IntoProblem, LiveCaller, Service},
    store::{ChallengeOwner, OwnFactor, PasskeyCeremony},
    webauthn::NewPasskeyForm,
};

/// What the browser needs for a proof by a passkey (`navigator.credentials.get`).
#[derive(Serialize, ToSchema)]
pub(crate) struct PasskeyRequest {
    challenge: String,
    /// The host name of the pages that can use these passkeys.
    site: String,
    /// The person's passkeys.
    credentials: Vec<String>,
    expires_at: UnixMillis,
}

/// What the browser needs to make a passkey (`navigator.credentials.create`).
#[derive(Serialize, ToSchema)]
pub(crate) struct NewPasskeyRequest {
    challenge: String,
    /// The host name of the pages that can use it.
    site: String,
    /// The id of the person at their authenticators.
    user_handle: UserId,
    username: String,
    /// The person's passkeys: their authenticators make no second one.
    credentials: Vec<String>,
    expires_at: UnixMillis,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct AddedPasskey {
    id: PasskeyId,
    /// Shown only this once, with the person's first second factor.
    #[serde(skip_serializing_if = "Option::is_none")]
    recovery_codes: Option<Vec<String>>,
}

pub(crate) async fn ask_proof(
    State(service): State<Service>,
    LiveCaller(caller): LiveCaller,
) -> Result<Json<PasskeyRequest>, Problem> {
    let Claims { sub, jti, .. } = caller.claims;
    let owner = ChallengeOwner::with_session(sub, PasskeyCeremony::Prove, jti);
    Ok(Json(service.request_passkey(owner).await?))
}

pub(crate) async fn begin_passkey(
    State(service): State<Service>,
    LiveCaller(caller): LiveCaller,
    from: ClientAddress,
    Json(form): Json<OwnProofForm>,
) -> Result<Json<NewPasskeyRequest>, Problem> {
    service
        .begin_passkey(&caller.claims, from, form)
        .await
        .map(Json)
        .map_err(|error| error.into_problem(&service))
}

impl Service {
    pub(super) async fn request_passkey(
        &self,
        owner: ChallengeOwner,
    ) -> Result<PasskeyRequest, ServiceError> {
        let issued = self.draw_passkey_challenge(owner).await?;
        Ok(PasskeyRequest {
            challenge: issued.challenge,
            site: self.passkey_site.id().to_owned(),
            credentials: issued.credential_ids,
            expires_at: issued.expires_at,
        })
    }

    pub(super) async fn request_new_passkey(
        &self,
        owner: ChallengeOwner,
        username: &Username,
    ) -> Result<NewPasskeyRequest, ServiceError> {
        let issued = self.draw_passkey_challenge(owner).await?;
        Ok(NewPasskeyRequest {
            challenge: issued.challenge,
            site: self.passkey_site.id().to_owned(),
            user_handle: owner.user(),
            username: username.as_str().to_owned(),
            credentials: issued.credential_ids,
            expires_at: issued.expires_at,
        })
    }

    async fn begin_passkey(
        &self,
        owner: &Claims,
        from: ClientAddress,
        form: OwnProofForm,
    ) -> Result<NewPasskeyRequest, AttemptError<FactorRefusal>> {
        let username = self.require_own_proof(owner, from, form).await?;
        let register = PasskeyCeremony::Register;
        let challenge = ChallengeOwner::with_session(owner.sub, register, owner.jti);
        Ok(self.request_new_passkey(challenge, &username).await?)
    }
}

pub(crate) async fn add_passkey(
    State(service): State<Service>,
    RequestTrace(trace): RequestTrace,
    LiveCaller(caller): LiveCaller,
    Json(form): Json<NewPasskeyForm>,
) -> Result<Json<AddedPasskey>, Problem> {
    let label = DeviceLabel::new("label", &form.label)?;
    let Claims { sub, jti, .. } = caller.claims;
    let owner = ChallengeOwner::with_session(sub, PasskeyCeremony::Register, jti);
    let registration = PasskeyRegistration {
        form: &form,
        label,
        must_be_first: false,
        except: Some(jti),
    };
    let RegisteredPasskey { id, recovery_codes } = service
        .register_passkey(owner, registration, &trace)
        .await
        .map_err(|error| {
            let refused = error.map_refusal(FactorRefusal::from);
            refused.into_problem(&service)
        })?;
    Ok(Json(AddedPasskey { id, recovery_codes }))
}

pub(crate) async fn remove_passkey(
    State(service): State<Service>,
    RequestTrace(trace): RequestTrace,
    LiveCaller(caller): LiveCaller,
    from: ClientAddress,
    Path(passkey): Path<PasskeyId>,
    Json(form): Json<FactorProofForm>,
) -> Result<StatusCode, Problem> {
    service
        .remove_own_factor(
            &caller.claims,
            from,
            OwnFactor::Passkey(passkey),
            form,
            &trace,
        )
        .await
        .map(|()| StatusCode::NO_CONTENT)
        .map_err(|error| error.into_problem(&service))
}
