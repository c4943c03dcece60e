//! `POST /api/v1/auth/identities/phone` links a number to the caller's account. It takes the
//! password, and the code sent to the number.

use axum::{extract::State, http::StatusCode};
use platform::ClientAddress;
use process::{
    problem::{Json, Problem},
    tokens::Claims,
};
use serde::Deserialize;
use utoipa::ToSchema;

use super::{
    identities::IdentityRefusal,
    phone_codes::{PhoneCodeRefusal, PhoneProof, parse_phone_proof},
};
use crate::{
    errors::AttemptError,
    service::{IntoProblem, LiveCaller, Service},
    store::{IssuerSubject, LinkIdentityResult, PHONES},
};

#[derive(Deserialize, ToSchema)]
pub(crate) struct PhoneLinkForm {
    phone: String,
    code: String,
    password: String,
}

pub(crate) async fn link_phone(
    State(service): State<Service>,
    LiveCaller(caller): LiveCaller,
    from: ClientAddress,
    Json(form): Json<PhoneLinkForm>,
) -> Result<StatusCode, Problem> {
    let proof = parse_phone_proof(&service, &form.phone, &form.code, None)?;
    service
        .link_phone(proof, &caller.claims, from, form.password)
        .await
        .map(|()| StatusCode::NO_CONTENT)
        .map_err(|error| error.into_problem(&service))
}

impl Service {
    /// Links a number to the signed-in customer's account. This requires the password, like every
    /// new way to sign in: otherwise a session thief would keep access.
    async fn link_phone(
        &self,
        proof: PhoneProof,
        owner: &Claims,
        from: ClientAddress,
        password: String,
    ) -> Result<(), AttemptError<PhoneCodeRefusal>> {
        self.limits
            .count_link(owner.sub)
            .await
            .map_err(PhoneCodeRefusal::TooOften)?;
        let (account, _) = self
            .verify_own_password(owner, from, password)
            .await
            .map_err(|error| {
                error.map_refusal(|refusal| {
                    PhoneCodeRefusal::Identity(IdentityRefusal::Credential(refusal))
                })
            })?;
        self.verify_phone_code(&proof, from).await?;
        let whose = IssuerSubject::from_phone(&proof.phone);
        let identity = self.build_new_identity(whose);
        let password_of = account.password_changed_at;
        let linked = self
            .store
            .link_identity(owner.sub, password_of, identity)
            .await?;
        match linked {
            LinkIdentityResult::Linked => {
                tracing::info!(user.id = %owner.sub, issuer = PHONES, "Linked a phone number to an account");
                Ok(())
            }
            LinkIdentityResult::Taken => {
                Err(PhoneCodeRefusal::Identity(IdentityRefusal::IdentityTaken).into())
            }
            LinkIdentityResult::Changed => Err(PhoneCodeRefusal::Over.into()),
        }
    }
}
