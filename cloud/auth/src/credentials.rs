//! Password changes: by the owner with the old password, or with a one-time code from an admin.
//!
//! Invariants: a change ends all sessions that began with the old password, except the one that
//! made it; a wrong old password or code counts as a wrong password at sign-in; a code allows ten
//! tries, at most five from one place.

use platform::ClientAddress;
use process::{random, tokens::Claims, trace::TraceId};
use wire::{Role, SessionId, UnixMillis, UserId};

use crate::{
    domain::{OneTimeCode, Password, Username},
    entry::{CredentialRefusal, SignInOrigin},
    errors::{AttemptError, ServiceError},
    events,
    passwords::HashPermit,
    service::Service,
    store::{
        Account, NewPassword, OneTimeCodeHash, OtherSessionsRevocation, PasswordReset,
        SessionEnding,
    },
};

/// Enough to read a code out and type it in, too short to leave it lying around.
const CODE_LIFE_MS: i64 = 30 * 60 * 1000;

/// The answer to an admin who issues a password-reset code.
pub enum ResetCodeResult {
    Issued(OneTimeCode, UnixMillis),
    /// No open account has this id.
    Nobody,
    /// Only the operator resets an admin's password: otherwise one admin's stolen token would open
    /// all admin accounts.
    OfAdmin,
}

impl Service {
    /// Returns the number of other sessions it ended.
    pub async fn change_password(
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

    /// Returns the caller's account if the password is right; a wrong one counts.
    pub async fn verify_own_password(
        &self,
        owner: &Claims,
        from: ClientAddress,
        password: String,
    ) -> Result<(Account, HashPermit), AttemptError<CredentialRefusal>> {
        let name = self.store.load_username(owner.sub).await?;
        let Some(username) = name.and_then(|name| Username::new(&name).ok()) else {
            return Err(CredentialRefusal::Wrong.into());
        };
        let (entry, permit) = self.admit_attempt(&username, from, None).await?;
        let verified = self
            .verify_password(&permit, &username, Password::new(password).ok())
            .await?;
        let Some(account) = verified else {
            self.record_failure(&entry).await?;
            return Err(CredentialRefusal::Wrong.into());
        };
        Ok((account, permit))
    }

    /// Sets a new password with a reset code, and ends all sessions of the account.
    pub async fn redeem_reset(
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
        let (entry, permit) = self.admit_attempt(&username, from, None).await?;
        let Some((account, code)) = self.try_reset_code(&username, code, &entry).await? else {
            // Spend the same work as for a wrong password.
            permit.verify(None, None).await?;
            self.record_failure(&entry).await?;
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

    /// Issues a reset code for a person; only its hash is stored.
    pub async fn issue_reset(
        &self,
        user: UserId,
        by: UserId,
        why: String,
    ) -> Result<ResetCodeResult, ServiceError> {
        match self.store.load_open_role(user).await? {
            None => return Ok(ResetCodeResult::Nobody),
            Some(Role::Admin) => return Ok(ResetCodeResult::OfAdmin),
            Some(Role::Customer | Role::Provider) => {}
        }
        let code = OneTimeCode::new(random::draw_bytes());
        let at = self.clock.now();
        let expires_at = at.plus_ms(CODE_LIFE_MS);
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

    async fn replace_password(
        &self,
        account: &Account,
        new: &NewPassword,
        except: Option<SessionId>,
        why: SessionEnding,
        trace: &TraceId,
    ) -> Result<Option<usize>, ServiceError> {
        let user = account.id;
        let at = self.clock.now();
        let ending = OtherSessionsRevocation {
            user,
            except,
            at,
            why,
        };
        let under_way = self.sessions.begin_revocation();
        let ended = self
            .store
            .change_password(new, ending, |session| {
                let role = account.role_id;
                events::build_session_revoked_event(&self.clock, trace, user, role, session)
            })
            .await?;
        let Some(ended) = ended else {
            under_way.mark_reported();
            return Ok(None);
        };
        let why = why.as_str();
        let ended_count = ended.len();
        tracing::info!(user.id = %user, why, ended = ended_count, "Changed a password");
        self.blacklist_ended(under_way, &ended, at).await;
        Ok(Some(ended_count))
    }
}
