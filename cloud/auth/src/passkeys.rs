//! Passkeys as second factors: their challenges, proofs and registration.
//!
//! Invariants: a challenge is answered once, within five minutes, by the person, for the ceremony
//! and with the ticket or session that it was drawn for.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use process::{random, trace::TraceId};
use wire::{PasskeyId, Role, SessionId, UnixMillis, UserId};

use crate::{
    domain::DeviceLabel,
    errors::{AttemptError, RefusalReason, ServiceError},
    service::Service,
    store::{AddPasskeyResult, ChallengeOwner, NewPasskey, Passkey, SessionEnding},
    webauthn::{
        self, CHALLENGE_BYTES, CredentialKey, NewCredential, NewPasskeyForm, PasskeyAnswer,
        PasskeyFault, PasskeyProof,
    },
};

/// Time to find a key and touch it.
const CHALLENGE_LIFE_MS: i64 = 5 * 60 * 1000;

/// A challenge for a passkey, with the ids of those that its person has, all in base64url.
pub struct IssuedChallenge {
    pub challenge: String,
    pub credential_ids: Vec<String>,
    pub expires_at: UnixMillis,
}

/// How a new passkey is stored.
pub struct PasskeyRegistration<'r> {
    pub form: &'r NewPasskeyForm,
    pub label: DeviceLabel,
    /// At a sign-in that sets up the required second factor.
    pub must_be_first: bool,
    /// The session that stays.
    pub except: Option<SessionId>,
}

pub struct RegisteredPasskey {
    pub id: PasskeyId,
    /// Present with the person's first second factor.
    pub recovery_codes: Option<Vec<String>>,
}

/// Why a new passkey is refused.
pub enum PasskeyRefusal {
    /// The answer is wrong. The log has the reason.
    Wrong,
    Exists,
    TooMany,
    AccountClosed,
}

impl RefusalReason for PasskeyRefusal {}

impl Service {
    pub async fn draw_passkey_challenge(
        &self,
        owner: ChallengeOwner,
    ) -> Result<IssuedChallenge, ServiceError> {
        let challenge: [u8; CHALLENGE_BYTES] = random::draw_bytes();
        let expires_at = self.clock.now().plus_ms(CHALLENGE_LIFE_MS);
        let id = self.clock.new_id();
        self.store
            .add_passkey_challenge(id, &challenge, owner, expires_at)
            .await?;
        let passkeys = self.store.list_passkeys(owner.user()).await?;
        let credential_ids = passkeys
            .iter()
            .map(|passkey| URL_SAFE_NO_PAD.encode(&passkey.credential_id));
        Ok(IssuedChallenge {
            challenge: URL_SAFE_NO_PAD.encode(challenge),
            credential_ids: credential_ids.collect(),
            expires_at,
        })
    }

    /// Spends the challenge that a passkey answers. Returns false if the answer is wrong.
    pub async fn use_passkey(
        &self,
        owner: ChallengeOwner,
        proof: &PasskeyProof,
    ) -> Result<bool, ServiceError> {
        match self.check_passkey(owner, proof).await {
            Ok(is_spent) => Ok(is_spent),
            Err(AttemptError::Refused(fault)) => {
                log_refusal(owner.user(), fault);
                Ok(false)
            }
            Err(AttemptError::Failed(error)) => Err(error),
        }
    }

    /// Returns false if a concurrent answer of the same passkey counted as far.
    async fn check_passkey(
        &self,
        owner: ChallengeOwner,
        proof: &PasskeyProof,
    ) -> Result<bool, AttemptError<PasskeyFault>> {
        let answer = proof.decode()?;
        let challenge = self.spend_challenge(owner, &answer.client_data).await?;
        let passkeys = self.store.list_passkeys(owner.user()).await?;
        let passkey = passkeys
            .iter()
            .find(|passkey| passkey.credential_id == answer.credential_id);
        let passkey = passkey.ok_or(PasskeyFault::UnknownKey)?;
        let counter = self.verify_passkey(passkey, &challenge, &answer)?;
        let now = self.clock.now();
        Ok(self.store.spend_passkey(passkey, counter, now).await?)
    }

    fn verify_passkey(
        &self,
        passkey: &Passkey,
        challenge: &[u8; CHALLENGE_BYTES],
        answer: &PasskeyAnswer,
    ) -> Result<u32, PasskeyFault> {
        let key = CredentialKey::from_stored(passkey.algorithm, &passkey.public_key);
        let key = key.ok_or(PasskeyFault::UnsupportedKey)?;
        webauthn::verify_proof(&self.passkey_site, challenge, &key, passkey.counter, answer)
    }

    /// Verifies and stores a new passkey. Of a person without a second factor it ends the other
    /// sessions, and returns the recovery codes.
    pub async fn register_passkey(
        &self,
        owner: ChallengeOwner,
        registration: PasskeyRegistration<'_>,
        trace: &TraceId,
    ) -> Result<RegisteredPasskey, AttemptError<PasskeyRefusal>> {
        let user = owner.user();
        let credential = self
            .verify_new_passkey(owner, registration.form)
            .await
            .map_err(|error| {
                error.map_refusal(|fault| {
                    log_refusal(user, fault);
                    PasskeyRefusal::Wrong
                })
            })?;
        let new = NewPasskey {
            id: PasskeyId(self.clock.new_id()),
            credential,
            label: registration.label.into_string(),
            must_be_first: registration.must_be_first,
        };
        let codes = self.draw_recovery_codes();
        let why = SessionEnding::FactorChanged;
        let change = self.begin_account_change(user, Role::Admin, registration.except, why, trace);
        let added = self
            .store
            .add_passkey(&new, &codes.rows, change.revocation, |session| {
                change.build_event(session)
            })
            .await?;
        let refusal = match added {
            AddPasskeyResult::Added { is_first, ended } => {
                let ended = change.finish(&ended).await;
                tracing::info!(user.id = %user, ended, "A person added a passkey");
                return Ok(RegisteredPasskey {
                    id: new.id,
                    recovery_codes: is_first.then_some(codes.shown),
                });
            }
            AddPasskeyResult::Exists => PasskeyRefusal::Exists,
            AddPasskeyResult::TooMany => PasskeyRefusal::TooMany,
            AddPasskeyResult::AccountClosed => PasskeyRefusal::AccountClosed,
        };
        change.cancel();
        Err(refusal.into())
    }

    async fn verify_new_passkey(
        &self,
        owner: ChallengeOwner,
        form: &NewPasskeyForm,
    ) -> Result<NewCredential, AttemptError<PasskeyFault>> {
        let answer = form.decode()?;
        let challenge = self.spend_challenge(owner, &answer.client_data).await?;
        let site = &self.passkey_site;
        Ok(webauthn::verify_registration(site, &challenge, &answer)?)
    }

    /// Spends the challenge that an answer names, so that even a wrong answer uses it up.
    async fn spend_challenge(
        &self,
        owner: ChallengeOwner,
        client_data: &[u8],
    ) -> Result<[u8; CHALLENGE_BYTES], AttemptError<PasskeyFault>> {
        let challenge = webauthn::read_challenge(client_data)?;
        let now = self.clock.now();
        let is_theirs = self
            .store
            .spend_passkey_challenge(&challenge, owner, now)
            .await?;
        Ok(is_theirs
            .then_some(challenge)
            .ok_or(PasskeyFault::WrongChallenge)?)
    }
}

fn log_refusal(user: UserId, fault: PasskeyFault) {
    tracing::warn!(user.id = %user, %fault, "Refused a passkey's answer");
}
