//! Second factors of staff in every sign-in and session: the policy, the ticket of a sign-in that
//! waits for one, and the checks of codes. `passkeys` checks the others.
//!
//! Invariants: each way to begin a session passes `check_second_factor`; a code works once.

use process::{problem::Problem, random, trace::TraceId};
use serde::Serialize;
use wire::{Code, IdentityId, Role, SessionId, UnixMillis, UserId};

use crate::{
    domain::{OneTimeCode, SecondFactorCode, SignInCode},
    errors::{AttemptError, RefusalReason, ServiceError},
    service::{IntoProblem, Service},
    store::{
        Account, ChallengeOwner, FactorStanding, NewRecoveryCode, OneTimeCodeHash, SecondFactor,
        SessionEnding, SignInTicket, TicketHash,
    },
    totp::TotpSecret,
    webauthn::PasskeyProof,
};

/// Time to fetch the phone, or to set up an app.
const TICKET_LIFE_MS: i64 = 10 * 60 * 1000;
/// A drawn secret was on a screen, so it does not wait for its first code forever.
const PENDING_SECRET_LIFE_MS: i64 = 10 * 60 * 1000;
const TICKET_BYTES: usize = 32;
const RECOVERY_CODES: usize = 10;

/// What a person may use as their second factor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum FactorWay {
    Passkey,
    App,
    RecoveryCode,
}

/// The step that a sign-in still needs.
pub enum SecondFactorStep {
    Prove {
        ticket: IssuedTicket,
        ways: Vec<FactorWay>,
    },
    /// The account's role requires a second factor that is not set up yet.
    SetUp(IssuedTicket),
}

/// What a person shows as their second factor.
pub enum FactorProof {
    /// A code of the app, or a recovery code.
    Code(String),
    Passkey(PasskeyProof),
}

/// Replaces the password, or another service's answer, until the second factor arrives.
pub struct IssuedTicket {
    secret: String,
    expires_at: UnixMillis,
}

/// New recovery codes, to store and to show once.
pub struct DrawnRecoveryCodes {
    pub rows: Vec<NewRecoveryCode>,
    pub shown: Vec<String>,
}

impl RefusalReason for SecondFactorStep {}

impl IntoProblem for SecondFactorStep {
    fn into_problem(self, service: &Service) -> Problem {
        let (code, ticket, ways) = match self {
            Self::Prove { ticket, ways } => (Code::SecondFactorRequired, ticket, Some(ways)),
            Self::SetUp(ticket) => (Code::SecondFactorSetupRequired, ticket, None),
        };
        let problem = Problem::new(code)
            .with_member("ticket", ticket.secret)
            .with_member("expires_at", ticket.expires_at)
            .with_member("passkey_site", service.passkey_site.id());
        match ways {
            Some(ways) => problem.with_member("ways", ways),
            None => problem,
        }
    }
}

impl Service {
    /// Returns the second factors of an admin, for the session's own check. Refuses a sign-in that
    /// lacks a proof of one, or that lacks a required second factor.
    pub async fn check_second_factor(
        &self,
        account: &Account,
        identity: Option<IdentityId>,
        has_proof: bool,
    ) -> Result<FactorStanding, AttemptError<SecondFactorStep>> {
        if account.role_id != Role::Admin {
            return Ok(FactorStanding::default());
        }
        let standing = self.store.factor_standing(account.id).await?;
        if standing.is_empty() {
            if !self.requires_factor(account.id).await? {
                return Ok(standing);
            }
            let ticket = self.issue_ticket(account, identity).await?;
            return Err(SecondFactorStep::SetUp(ticket).into());
        }
        if has_proof {
            return Ok(standing);
        }
        let ways = self.list_factor_ways(account.id, standing).await?;
        let ticket = self.issue_ticket(account, identity).await?;
        Err(SecondFactorStep::Prove { ticket, ways }.into())
    }

    async fn list_factor_ways(
        &self,
        user: UserId,
        standing: FactorStanding,
    ) -> Result<Vec<FactorWay>, ServiceError> {
        let codes = self.store.count_recovery_codes(user).await?;
        let ways = [
            (FactorWay::Passkey, standing.passkeys > 0),
            (FactorWay::App, standing.app_since.is_some()),
            (FactorWay::RecoveryCode, codes > 0),
        ];
        let usable = ways.into_iter().filter(|(_, is_usable)| *is_usable);
        Ok(usable.map(|(way, _)| way).collect())
    }

    async fn issue_ticket(
        &self,
        account: &Account,
        identity: Option<IdentityId>,
    ) -> Result<IssuedTicket, ServiceError> {
        let secret = random::secret_text(TICKET_BYTES);
        let expires_at = self.clock.now().plus_ms(TICKET_LIFE_MS);
        let ticket = SignInTicket {
            user_id: account.id,
            password_of: account.password_changed_at,
            identity,
            expires_at,
        };
        let hash = TicketHash::from_ticket(&secret);
        self.store
            .add_sign_in_ticket(self.clock.new_id(), hash, ticket)
            .await?;
        tracing::info!(user.id = %account.id, "A sign-in waits for its second factor");
        Ok(IssuedTicket { secret, expires_at })
    }

    /// Returns true if the policy requires a second factor of this admin.
    pub async fn requires_factor(&self, user: UserId) -> Result<bool, ServiceError> {
        if self.second_factor.is_off() {
            return Ok(false);
        }
        let role = self.store.load_person_role(user).await?;
        let permissions = role.map(|role| role.permissions).unwrap_or_default();
        Ok(self.second_factor.requires_factor(&permissions))
    }

    pub async fn lacks_required_factor(
        &self,
        user: UserId,
        role: Role,
    ) -> Result<bool, ServiceError> {
        if role != Role::Admin || self.second_factor.is_off() {
            return Ok(false);
        }
        let standing = self.store.factor_standing(user).await?;
        Ok(standing.is_empty() && self.requires_factor(user).await?)
    }

    /// Spends a proof: a code, or the challenge of `owner` that a passkey answers. Returns false if
    /// it is wrong or was used.
    pub async fn use_factor_proof(
        &self,
        owner: ChallengeOwner,
        proof: &FactorProof,
    ) -> Result<bool, ServiceError> {
        match proof {
            FactorProof::Code(typed) => self.use_factor_code(owner.user(), typed).await,
            FactorProof::Passkey(proof) => self.use_passkey(owner, proof).await,
        }
    }

    async fn use_factor_code(&self, user: UserId, typed: &str) -> Result<bool, ServiceError> {
        match SecondFactorCode::parse_typed(typed) {
            None => Ok(false),
            Some(SecondFactorCode::Authenticator(code)) => {
                let factor = self.store.load_second_factor(user).await?;
                let factor = factor.filter(|factor| factor.confirmed_at.is_some());
                let Some(factor) = factor else {
                    return Ok(false);
                };
                match self.find_step(&factor, &code) {
                    None => Ok(false),
                    Some(step) => Ok(self.store.spend_step(&factor, step).await?),
                }
            }
            Some(SecondFactorCode::Recovery(code)) => {
                let hash = OneTimeCodeHash::from_code(&code);
                let is_right = self.store.spend_recovery_code(user, hash).await?;
                if is_right {
                    tracing::info!(user.id = %user, "A person used a recovery code");
                }
                Ok(is_right)
            }
        }
    }

    fn find_step(&self, factor: &SecondFactor, code: &SignInCode) -> Option<i64> {
        let secret = TotpSecret::from_stored(&factor.secret)?;
        secret.find_step(code, factor.last_step, self.clock.now())
    }

    /// Draws a new secret, which counts once a code confirms it. `None` if the person has a
    /// confirmed one.
    pub async fn draw_factor_secret(
        &self,
        user: UserId,
    ) -> Result<Option<TotpSecret>, ServiceError> {
        let secret = TotpSecret::new(random::draw_bytes());
        let now = self.clock.now();
        let is_stored = self.store.store_pending_secret(user, &secret, now).await?;
        Ok(is_stored.then_some(secret))
    }

    /// Returns false if the secret was drawn too long ago, so another must be drawn.
    pub fn may_still_confirm(&self, pending: &SecondFactor) -> bool {
        self.clock.now() < pending.created_at.plus_ms(PENDING_SECRET_LIFE_MS)
    }

    /// Confirms a pending secret by its first code, ends the person's tickets and the sessions that
    /// began without it, and returns the recovery codes. `None` if the code is wrong.
    pub async fn confirm_factor(
        &self,
        pending: &SecondFactor,
        typed: &str,
        except: Option<SessionId>,
        trace: &TraceId,
    ) -> Result<Option<Vec<String>>, ServiceError> {
        let Some(code) = SignInCode::parse_typed(typed) else {
            return Ok(None);
        };
        let Some(step) = self.find_step(pending, &code) else {
            return Ok(None);
        };
        let user = pending.user_id;
        let codes = self.draw_recovery_codes();
        let why = SessionEnding::FactorChanged;
        let change = self.begin_account_change(user, Role::Admin, except, why, trace);
        let ended = self
            .store
            .confirm_second_factor(pending, step, &codes.rows, change.revocation, |session| {
                change.build_event(session)
            })
            .await?;
        let Some(ended) = change.finish_if_made(ended).await else {
            return Ok(None);
        };
        tracing::info!(user.id = %user, ended, "A person set up a second factor");
        Ok(Some(codes.shown))
    }

    pub async fn renew_recovery_codes(&self, user: UserId) -> Result<Vec<String>, ServiceError> {
        let codes = self.draw_recovery_codes();
        self.store.replace_recovery_codes(user, &codes.rows).await?;
        tracing::info!(user.id = %user, "A person replaced their recovery codes");
        Ok(codes.shown)
    }

    pub fn draw_recovery_codes(&self) -> DrawnRecoveryCodes {
        let codes = (0..RECOVERY_CODES).map(|_| OneTimeCode::new(random::draw_bytes()));
        let codes: Vec<OneTimeCode> = codes.collect();
        let rows = codes.iter().map(|code| NewRecoveryCode {
            id: self.clock.new_id(),
            hash: OneTimeCodeHash::from_code(code),
        });
        DrawnRecoveryCodes {
            rows: rows.collect(),
            shown: codes.iter().map(OneTimeCode::reveal).collect(),
        }
    }
}
