//! The second step of a sign-in. `POST /api/v1/auth/login/second-factor` ends a sign-in after the
//! right password or identity; `.../passkey` asks for a proof by a passkey. If the person must set
//! up a second factor first, `.../set-up` draws the secret of an app, and `.../passkey/set-up` asks
//! for a new passkey.
//!
//! Invariant: a ticket opens one session, within ten minutes and five tries.

use axum::extract::State;
use platform::ClientAddress;
use process::{
    metrics,
    problem::{Json, Problem},
    trace::{RequestTrace, TraceId},
};
use serde::Deserialize;
use utoipa::ToSchema;
use wire::{Region, UserId};

use super::{
    passkeys::{NewPasskeyRequest, PasskeyRequest},
    second_factors::{FactorRefusal, FactorSecret, read_factor_proof, to_factor_secret},
};
use crate::{
    domain::{DeviceLabel, Username},
    errors::AttemptError,
    passkeys::PasskeyRegistration,
    service::{IntoProblem, Service},
    sign_in::{AccessGrant, CredentialRefusal, SignInOrigin, TokenChoice},
    store::{Account, ChallengeOwner, PasskeyCeremony, SignInTicket, TicketHash},
    webauthn::{NewPasskeyForm, PasskeyProof},
};

const TICKET_TRIES_MAX: i64 = 5;

#[derive(Deserialize, ToSchema)]
pub(crate) struct SecondFactorForm {
    /// The ticket from the refused sign-in.
    ticket: String,
    /// A code of the authenticator app, or a recovery code.
    #[serde(default)]
    code: Option<String>,
    /// A passkey's answer, instead of a code.
    #[serde(default)]
    passkey: Option<PasskeyProof>,
    /// The passkey that the sign-in sets up, if it requires a second factor.
    #[serde(default)]
    new_passkey: Option<NewPasskeyForm>,
    /// Also requests a token for this region's edges.
    #[serde(default)]
    region: Option<Region>,
    /// Requests only the edge token.
    #[serde(default)]
    edge_only: bool,
    /// The secret that this device received at an earlier sign-in. An empty text requests one.
    #[serde(default)]
    device: Option<String>,
    /// Requests a refresh token, for programs that store it.
    #[serde(default)]
    refresh: bool,
}

#[derive(Deserialize, ToSchema)]
pub(crate) struct TicketForm {
    /// The ticket from the refused sign-in.
    ticket: String,
}

/// A sign-in with an open ticket.
struct TicketOwner {
    ticket: SignInTicket,
    username: Username,
    account: Account,
}

pub(crate) async fn sign_in_by_factor(
    State(service): State<Service>,
    RequestTrace(trace): RequestTrace,
    from: ClientAddress,
    Json(form): Json<SecondFactorForm>,
) -> Result<Json<AccessGrant>, Problem> {
    let tokens = TokenChoice::from_form(form.region, form.edge_only, form.refresh, None)?;
    let result = service.sign_in_by_factor(form, from, &tokens, &trace).await;
    match &result {
        Ok(_) => metrics::SIGN_INS.add(["done"], 1),
        Err(AttemptError::Refused(_)) => metrics::SIGN_INS.add(["refused second factor"], 1),
        Err(AttemptError::Failed(_)) => {}
    }
    let mut grant = result.map_err(|error| error.into_problem(&service))?;
    service.add_edge_token(&mut grant, &tokens);
    Ok(Json(grant))
}

impl Service {
    /// Ends a sign-in that waits for a second factor, or that sets one up.
    async fn sign_in_by_factor(
        &self,
        form: SecondFactorForm,
        from: ClientAddress,
        tokens: &TokenChoice,
        trace: &TraceId,
    ) -> Result<AccessGrant, AttemptError<FactorRefusal>> {
        let hash = TicketHash::from_ticket(&form.ticket);
        let owner = self.find_ticket_owner(hash).await?;
        let user = owner.account.id;
        let (origin, permit) = self
            .admit_attempt(&owner.username, from, form.device)
            .await
            .map_err(|error| error.map_refusal(FactorRefusal::Credential))?;
        let now = self.clock.now();
        if !self
            .store
            .try_sign_in_ticket(hash, TICKET_TRIES_MAX, now)
            .await?
        {
            return Err(FactorRefusal::TicketOver.into());
        }
        let standing = self.store.factor_standing(user).await?;
        let recovery_codes = if standing.is_empty() {
            // Either spends all tickets of the person.
            let codes = match form.new_passkey {
                Some(new) => self.set_up_passkey(user, hash, &new, trace).await?,
                None => self.set_up_app(user, form.code, &origin, trace).await?,
            };
            Some(codes)
        } else {
            let proof = read_factor_proof(form.code, form.passkey)?;
            let challenge = ChallengeOwner::with_ticket(user, PasskeyCeremony::SignIn, hash);
            self.require_factor_proof(challenge, &proof, &origin)
                .await?;
            if !self.store.spend_sign_in_ticket(hash).await? {
                return Err(FactorRefusal::TicketOver.into());
            }
            None
        };
        drop(permit);
        let origin = SignInOrigin {
            identity: owner.ticket.identity,
            has_factor_proof: true,
            ..origin
        };
        let begun = self
            .begin_session(&owner.account, origin, tokens.refresh, None, trace)
            .await
            .map_err(|error| {
                error.map_refusal(|step| {
                    FactorRefusal::Credential(CredentialRefusal::SecondFactor(step))
                })
            })?;
        let mut grant = begun.ok_or(FactorRefusal::TicketOver)?;
        grant.recovery_codes = recovery_codes;
        Ok(grant.with_username(owner.username.as_str().to_owned()))
    }

    /// Confirms a drawn secret by the first code of its app. Returns the recovery codes.
    async fn set_up_app(
        &self,
        user: UserId,
        code: Option<String>,
        origin: &SignInOrigin,
        trace: &TraceId,
    ) -> Result<Vec<String>, AttemptError<FactorRefusal>> {
        let code = code.ok_or(FactorRefusal::Unproved("code"))?;
        let factor = self.store.load_second_factor(user).await?;
        let factor = factor.ok_or(FactorRefusal::TicketOver)?;
        if !self.may_still_confirm(&factor) {
            return Err(FactorRefusal::TicketOver.into());
        }
        let codes = self.confirm_factor(&factor, &code, None, trace).await?;
        self.count_if_wrong(codes, origin).await
    }

    /// Returns the recovery codes.
    async fn set_up_passkey(
        &self,
        user: UserId,
        ticket: TicketHash,
        form: &NewPasskeyForm,
        trace: &TraceId,
    ) -> Result<Vec<String>, AttemptError<FactorRefusal>> {
        let label = DeviceLabel::new("label", &form.label);
        let label = label.map_err(FactorRefusal::Field)?;
        let owner = ChallengeOwner::with_ticket(user, PasskeyCeremony::Register, ticket);
        let registration = PasskeyRegistration {
            form,
            label,
            must_be_first: true,
            except: None,
        };
        let registered = self.register_passkey(owner, registration, trace).await;
        let registered = registered.map_err(|error| error.map_refusal(FactorRefusal::from))?;
        Ok(registered.recovery_codes.unwrap_or_default())
    }

    /// Finds the person of an open ticket. A password that was changed meanwhile ends it.
    async fn find_ticket_owner(
        &self,
        hash: TicketHash,
    ) -> Result<TicketOwner, AttemptError<FactorRefusal>> {
        let now = self.clock.now();
        let ticket = self
            .store
            .find_sign_in_ticket(hash, TICKET_TRIES_MAX, now)
            .await?;
        let ticket = ticket.ok_or(FactorRefusal::TicketOver)?;
        let name = self.store.load_username(ticket.user_id).await?;
        let username = name.and_then(|name| Username::new(&name).ok());
        let username = username.ok_or(FactorRefusal::TicketOver)?;
        let account = self.store.find_account(&username).await?;
        let account = account.filter(|account| account.password_changed_at == ticket.password_of);
        let account = account.ok_or(FactorRefusal::TicketOver)?;
        Ok(TicketOwner {
            ticket,
            username,
            account,
        })
    }
}

pub(crate) async fn set_up_at_sign_in(
    State(service): State<Service>,
    Json(form): Json<TicketForm>,
) -> Result<Json<FactorSecret>, Problem> {
    service
        .set_up_by_ticket(&form.ticket)
        .await
        .map(Json)
        .map_err(|error| error.into_problem(&service))
}

pub(crate) async fn ask_passkey(
    State(service): State<Service>,
    Json(form): Json<TicketForm>,
) -> Result<Json<PasskeyRequest>, Problem> {
    service
        .ask_passkey_by_ticket(&form.ticket)
        .await
        .map(Json)
        .map_err(|error| error.into_problem(&service))
}

pub(crate) async fn set_up_passkey_at_sign_in(
    State(service): State<Service>,
    Json(form): Json<TicketForm>,
) -> Result<Json<NewPasskeyRequest>, Problem> {
    service
        .begin_passkey_by_ticket(&form.ticket)
        .await
        .map(Json)
        .map_err(|error| error.into_problem(&service))
}

impl Service {
    async fn set_up_by_ticket(
        &self,
        ticket: &str,
    ) -> Result<FactorSecret, AttemptError<FactorRefusal>> {
        let owner = self.find_owner_without_factor(ticket).await?;
        let secret = self.draw_factor_secret(owner.account.id).await?;
        let secret = secret.ok_or(FactorRefusal::Exists)?;
        Ok(to_factor_secret(&secret, &owner.username))
    }

    async fn begin_passkey_by_ticket(
        &self,
        ticket: &str,
    ) -> Result<NewPasskeyRequest, AttemptError<FactorRefusal>> {
        let owner = self.find_owner_without_factor(ticket).await?;
        let hash = TicketHash::from_ticket(ticket);
        let register = PasskeyCeremony::Register;
        let challenge = ChallengeOwner::with_ticket(owner.account.id, register, hash);
        Ok(self.request_new_passkey(challenge, &owner.username).await?)
    }

    async fn ask_passkey_by_ticket(
        &self,
        ticket: &str,
    ) -> Result<PasskeyRequest, AttemptError<FactorRefusal>> {
        let hash = TicketHash::from_ticket(ticket);
        let owner = self.find_ticket_owner(hash).await?;
        let sign_in = PasskeyCeremony::SignIn;
        let challenge = ChallengeOwner::with_ticket(owner.account.id, sign_in, hash);
        Ok(self.request_passkey(challenge).await?)
    }

    /// A ticket sets up nothing beside a second factor that exists: its holder has only proved the
    /// password.
    async fn find_owner_without_factor(
        &self,
        ticket: &str,
    ) -> Result<TicketOwner, AttemptError<FactorRefusal>> {
        let hash = TicketHash::from_ticket(ticket);
        let owner = self.find_ticket_owner(hash).await?;
        let standing = self.store.factor_standing(owner.account.id).await?;
        if !standing.is_empty() {
            return Err(FactorRefusal::Exists.into());
        }
        Ok(owner)
    }
}
