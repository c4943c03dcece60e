//! Second factors of staff in every sign-in and session: the policy, the ticket of a sign-in that
//! waits for a code, and the checks of codes.
//!
//! Invariants: each way to begin a session passes `check_second_factor`; a code works once.

use process::{problem::Problem, random, trace::TraceId};
use wire::{Code, IdentityId, Role, SessionId, UnixMillis, UserId};

use crate::{
    domain::{OneTimeCode, SecondFactorCode, SignInCode},
    errors::{AttemptError, RefusalReason, ServiceError},
    service::{IntoProblem, Service},
    store::{
        Account, NewRecoveryCode, OneTimeCodeHash, SecondFactor, SessionEnding, SignInTicket,
        TicketHash,
    },
    totp::TotpSecret,
};

/// Time to fetch the phone, or to set up an app.
const TICKET_LIFE_MS: i64 = 10 * 60 * 1000;
/// A drawn secret was on a screen, so it does not wait for its first code forever.
const PENDING_SECRET_LIFE_MS: i64 = 10 * 60 * 1000;
const TICKET_BYTES: usize = 32;
const RECOVERY_CODES: usize = 10;

/// The step that a sign-in still needs.
pub enum SecondFactorStep {
    Code(IssuedTicket),
    /// The account's role requires a second factor that is not set up yet.
    SetUp(IssuedTicket),
}

/// Replaces the password, or another service's answer, until the second factor arrives.
pub struct IssuedTicket {
    secret: String,
    expires_at: UnixMillis,
}

impl RefusalReason for SecondFactorStep {}

impl IntoProblem for SecondFactorStep {
    fn into_problem(self, _: &Service) -> Problem {
        let (code, ticket) = match self {
            Self::Code(ticket) => (Code::SecondFactorRequired, ticket),
            Self::SetUp(ticket) => (Code::SecondFactorSetupRequired, ticket),
        };
        Problem::new(code)
            .with_member("ticket", ticket.secret)
            .with_member("expires_at", ticket.expires_at)
    }
}

impl Service {
    /// Returns when the account's second factor was confirmed, for the session's own check. Refuses
    /// a sign-in that lacks a code, or that lacks a required second factor.
    pub async fn check_second_factor(
        &self,
        account: &Account,
        identity: Option<IdentityId>,
        has_code: bool,
    ) -> Result<Option<UnixMillis>, AttemptError<SecondFactorStep>> {
        if account.role_id != Role::Admin {
            return Ok(None);
        }
        let since = self.store.second_factor_since(account.id).await?;
        if since.is_some() && has_code {
            return Ok(since);
        }
        if since.is_none() && !self.requires_factor(account.id).await? {
            return Ok(None);
        }
        let ticket = self.issue_ticket(account, identity).await?;
        let step = match since {
            Some(_) => SecondFactorStep::Code(ticket),
            None => SecondFactorStep::SetUp(ticket),
        };
        Err(step.into())
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
        let since = self.store.second_factor_since(user).await?;
        Ok(since.is_none() && self.requires_factor(user).await?)
    }

    /// Spends a code of the app or a recovery code. Returns false if it is wrong or was used.
    pub async fn use_factor_code(
        &self,
        factor: &SecondFactor,
        typed: &str,
    ) -> Result<bool, ServiceError> {
        let user = factor.user_id;
        match SecondFactorCode::parse_typed(typed) {
            None => Ok(false),
            Some(SecondFactorCode::App(code)) => match self.find_step(factor, &code) {
                None => Ok(false),
                Some(step) => Ok(self.store.spend_step(factor, step).await?),
            },
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
        let codes = draw_recovery_codes();
        let rows = self.to_code_rows(&codes);
        let why = SessionEnding::FactorChanged;
        let change = self.begin_account_change(user, Role::Admin, except, why, trace);
        let ended = self
            .store
            .confirm_second_factor(pending, step, &rows, change.revocation, |session| {
                change.build_event(session)
            })
            .await?;
        let Some(ended) = change.finish_if_made(ended).await else {
            return Ok(None);
        };
        tracing::info!(user.id = %user, ended, "A person set up a second factor");
        Ok(Some(reveal_codes(&codes)))
    }

    pub async fn renew_recovery_codes(&self, user: UserId) -> Result<Vec<String>, ServiceError> {
        let codes = draw_recovery_codes();
        let rows = self.to_code_rows(&codes);
        self.store.replace_recovery_codes(user, &rows).await?;
        tracing::info!(user.id = %user, "A person replaced their recovery codes");
        Ok(reveal_codes(&codes))
    }

    fn to_code_rows(&self, codes: &[OneTimeCode]) -> Vec<NewRecoveryCode> {
        let rows = codes.iter().map(|code| NewRecoveryCode {
            id: self.clock.new_id(),
            hash: OneTimeCodeHash::from_code(code),
        });
        rows.collect()
    }
}

fn draw_recovery_codes() -> Vec<OneTimeCode> {
    let codes = (0..RECOVERY_CODES).map(|_| OneTimeCode::new(random::draw_bytes()));
    codes.collect()
}

fn reveal_codes(codes: &[OneTimeCode]) -> Vec<String> {
    codes.iter().map(OneTimeCode::reveal).collect()
}
