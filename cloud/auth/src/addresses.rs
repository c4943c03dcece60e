//! Email confirmation: people type the code that auth mailed to their address.
//!
//! Invariants: the current address stays until a new one is confirmed; answers do not reveal if an
//! address belongs to an account; a code is generated just before its mail, so no code is stored in
//! the clear.

use platform::ClientAddress;
use process::{random, tokens::Claims, trace::TraceId};
use wire::{EventType, UnixMillis, UserId};

use crate::{
    domain::{Email, OneTimeCode},
    entry::CredentialRefusal,
    errors::{AttemptError, RefusalReason, ServiceError},
    events,
    limits::QuotaExceeded,
    service::Service,
    store::{
        AccountAddress, AddressChangeRequest, AddressCode, AddressCodeTarget, ConfirmAddressResult,
        OneTimeCodeHash,
    },
};

/// People check their mail within a day.
const CODE_LIFE_MS: i64 = 24 * 60 * 60 * 1000;

/// A person's current address and the one that may replace it.
pub struct EmailStatus {
    /// `None` if the address is undeliverable.
    pub email: Option<Email>,
    pub is_confirmed: bool,
    pub pending: Option<Email>,
}

/// The reason for not confirming an address or not sending mail there.
pub enum AddressRefusal {
    Entry(CredentialRefusal),
    Mails(QuotaExceeded),
    TooOften(QuotaExceeded),
    Wrong,
    Over,
    Taken,
    /// The session outlived its account.
    Closed,
}

impl RefusalReason for AddressRefusal {}

impl Service {
    /// Returns true if mail may go to an account's address: its owner confirmed it, or the account
    /// predates `addresses_trusted_before`.
    pub fn is_confirmed(&self, confirmed_at: Option<UnixMillis>, created_at: UnixMillis) -> bool {
        confirmed_at.is_some() || created_at < self.addresses_trusted_before
    }

    pub async fn own_address(&self, user: UserId) -> Result<Option<EmailStatus>, ServiceError> {
        let known = self.store.load_address(user, self.clock.now()).await?;
        Ok(known.map(
            |AccountAddress {
                 email,
                 confirmed_at,
                 created_at,
                 pending,
             }| {
                let email = (!email.is_undeliverable()).then_some(email);
                let is_confirmed = email.is_some() && self.is_confirmed(confirmed_at, created_at);
                EmailStatus {
                    email,
                    is_confirmed,
                    pending,
                }
            },
        ))
    }

    /// Requests a code for a new address. This requires the password: an address gives access to a
    /// person's mail.
    pub async fn change_address(
        &self,
        owner: &Claims,
        from: ClientAddress,
        password: String,
        email: Email,
        trace: &TraceId,
    ) -> Result<EmailStatus, AttemptError<AddressRefusal>> {
        let (account, _) = self
            .verify_own_password(owner, from, password)
            .await
            .map_err(|error| error.map_refusal(AddressRefusal::Entry))?;
        let Some(own) = self.own_address(owner.sub).await? else {
            return Err(AddressRefusal::Closed.into());
        };
        if own.email.as_ref() == Some(&email) {
            self.store.cancel_address_change(owner.sub).await?;
            return self.request_address_code(owner, trace).await;
        }
        self.count_confirmation_mail(owner.sub, &email)
            .await
            .map_err(AddressRefusal::Mails)?;
        let user = owner.sub;
        let at = self.clock.now();
        let password_of = account.password_changed_at;
        let expires_at = at.plus_ms(CODE_LIFE_MS);
        let pending = Some(email.clone());
        let kind = EventType::UserAddressChangeAsked;
        let event = events::build_user_event(kind, &self.clock, trace, user, owner.role, None)?;
        let wish = AddressChangeRequest {
            id: event.id,
            user,
            email,
            password_of,
            at,
            expires_at,
        };
        if !self.store.request_address_change(&wish, &event).await? {
            return Err(AddressRefusal::Entry(CredentialRefusal::Wrong).into());
        }
        tracing::info!(user.id = %user, "A change of e-mail address was requested");
        Ok(EmailStatus { pending, ..own })
    }

    /// Sends another code to the unconfirmed address. Sends nothing if all are confirmed.
    pub async fn request_address_code(
        &self,
        owner: &Claims,
        trace: &TraceId,
    ) -> Result<EmailStatus, AttemptError<AddressRefusal>> {
        let Some(own) = self.own_address(owner.sub).await? else {
            return Err(AddressRefusal::Closed.into());
        };
        let unconfirmed = own.email.as_ref().filter(|_| !own.is_confirmed);
        let Some(waiting) = own.pending.as_ref().or(unconfirmed) else {
            return Ok(own);
        };
        self.count_confirmation_mail(owner.sub, waiting)
            .await
            .map_err(AddressRefusal::Mails)?;
        let kind = EventType::UserConfirmationAsked;
        let event =
            events::build_user_event(kind, &self.clock, trace, owner.sub, owner.role, None)?;
        self.store.publish_code_request(&event).await?;
        Ok(own)
    }

    /// Generates a code for the unconfirmed address, for the service that mails it, and voids the
    /// previous code. `None` if no address is unconfirmed.
    pub async fn generate_address_code(
        &self,
        user: UserId,
    ) -> Result<Option<(AddressCodeTarget, OneTimeCode, UnixMillis)>, ServiceError> {
        let code = OneTimeCode::new(random::draw_bytes());
        let at = self.clock.now();
        if !self.can_mail_newcomer(user, at).await? {
            return Ok(None);
        }
        let hash = OneTimeCodeHash::from_code(&code);
        let expires_at = at.plus_ms(CODE_LIFE_MS);
        let made = AddressCode {
            id: self.clock.new_id(),
            user,
            hash,
            at,
            expires_at,
        };
        let address = self
            .store
            .store_address_code(made, |known| self.needs_no_code(known))
            .await?;
        Ok(address.map(|address| (address, code, expires_at)))
    }

    pub async fn confirm_address(
        &self,
        owner: &Claims,
        code: &OneTimeCode,
    ) -> Result<EmailStatus, AttemptError<AddressRefusal>> {
        self.limits
            .count_address_try(owner.sub)
            .await
            .map_err(AddressRefusal::TooOften)?;
        let hash = OneTimeCodeHash::from_code(code);
        let now = self.clock.now();
        let confirmed = self
            .store
            .confirm_address(owner.sub, hash, now, |known| self.needs_no_code(known))
            .await?;
        match confirmed {
            ConfirmAddressResult::Confirmed => {}
            ConfirmAddressResult::Wrong => return Err(AddressRefusal::Wrong.into()),
            ConfirmAddressResult::Over => return Err(AddressRefusal::Over.into()),
            ConfirmAddressResult::Taken => return Err(AddressRefusal::Taken.into()),
        }
        tracing::info!(user.id = %owner.sub, "An e-mail address was confirmed");
        let own = self.own_address(owner.sub).await?;
        Ok(own.ok_or(AddressRefusal::Closed)?)
    }

    /// Returns true if an address needs no code: it is undeliverable, or mail may go there already.
    fn needs_no_code(&self, known: &AccountAddress) -> bool {
        let AccountAddress {
            email,
            confirmed_at,
            created_at,
            ..
        } = known;
        email.is_undeliverable() || self.is_confirmed(*confirmed_at, *created_at)
    }

    /// Counts the first mail to a new account's address, and returns true if it may be sent. This
    /// limit never refuses the registration: that would reveal earlier registrations with the
    /// address.
    async fn can_mail_newcomer(&self, user: UserId, now: UnixMillis) -> Result<bool, ServiceError> {
        if self.store.has_address_code(user, now).await? {
            return Ok(true);
        }
        let Some(known) = self.store.load_address(user, now).await? else {
            return Ok(false);
        };
        if self.needs_no_code(&known) {
            return Ok(false);
        }
        Ok(self
            .limits
            .count_newcomer_mail(self.store.address_name_hash(&known.email))
            .await
            .is_ok())
    }

    async fn count_confirmation_mail(&self, user: UserId, to: &Email) -> Result<(), QuotaExceeded> {
        self.limits
            .count_address_mail(user, self.store.address_name_hash(to))
            .await
    }
}
