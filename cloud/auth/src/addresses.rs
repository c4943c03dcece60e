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
    entry::EntryRefusal,
    events,
    limits::SpentQuota,
    service::{Service, ServiceError},
    store::{AddressCode, AddressWish, CodeAddress, ConfirmResult, KnownAddress, OneTimeCodeHash},
};

/// People check their mail within a day.
const CODE_LIFE_MS: i64 = 24 * 60 * 60 * 1000;

/// A person's current address and the one that may replace it.
pub struct OwnAddress {
    /// `None` if the address is undeliverable.
    pub email: Option<Email>,
    pub is_confirmed: bool,
    pub pending: Option<Email>,
}

/// The reason for not confirming an address or not sending mail there.
pub enum AddressRefusal {
    Entry(EntryRefusal),
    Mails(SpentQuota),
    TooOften(SpentQuota),
    Wrong,
    Over,
    Taken,
    /// The session outlived its account.
    Closed,
}

impl Service {
    /// Returns true if mail may go to an account's address: its owner confirmed it, or the account
    /// predates `addresses_trusted_before`.
    pub fn is_confirmed(&self, confirmed_at: Option<UnixMillis>, created_at: UnixMillis) -> bool {
        confirmed_at.is_some() || created_at < self.addresses_trusted_before
    }

    pub async fn own_address(&self, user: UserId) -> Result<Option<OwnAddress>, ServiceError> {
        let known = self.store.address(user, self.clock.now()).await?;
        Ok(known.map(|KnownAddress { email, confirmed_at, created_at, pending }| {
            let email = (!email.reaches_nobody()).then_some(email);
            let is_confirmed = email.is_some() && self.is_confirmed(confirmed_at, created_at);
            OwnAddress { email, is_confirmed, pending }
        }))
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
    ) -> Result<Result<OwnAddress, AddressRefusal>, ServiceError> {
        let account = match self.own_account(owner, from, password).await? {
            Ok((account, _)) => account,
            Err(refused) => return Ok(Err(AddressRefusal::Entry(refused))),
        };
        let Some(own) = self.own_address(owner.sub).await? else {
            return Ok(Err(AddressRefusal::Closed));
        };
        if own.email.as_ref() == Some(&email) {
            self.store.drop_address_wish(owner.sub).await?;
            return self.ask_for_code(owner, trace).await;
        }
        if let Err(spent) = self.count_mail(owner.sub, &email).await {
            return Ok(Err(AddressRefusal::Mails(spent)));
        }
        let (user, at) = (owner.sub, self.clock.now());
        let (password_of, expires_at) = (account.password_changed_at, at.plus_ms(CODE_LIFE_MS));
        let pending = Some(email.clone());
        let kind = EventType::UserAddressChangeAsked;
        let event = events::of(kind, &self.clock, trace, user, owner.role, None)?;
        let wish = AddressWish { id: event.id, user, email, password_of, at, expires_at };
        if !self.store.wish_address(&wish, &event).await? {
            return Ok(Err(AddressRefusal::Entry(EntryRefusal::Wrong)));
        }
        tracing::info!(user.id = %user, "Another address was asked for");
        Ok(Ok(OwnAddress { pending, ..own }))
    }

    /// Sends another code to the unconfirmed address. Sends nothing if all are confirmed.
    pub async fn ask_for_code(
        &self,
        owner: &Claims,
        trace: &TraceId,
    ) -> Result<Result<OwnAddress, AddressRefusal>, ServiceError> {
        let Some(own) = self.own_address(owner.sub).await? else {
            return Ok(Err(AddressRefusal::Closed));
        };
        let unconfirmed = own.email.as_ref().filter(|_| !own.is_confirmed);
        let Some(waiting) = own.pending.as_ref().or(unconfirmed) else { return Ok(Ok(own)) };
        if let Err(spent) = self.count_mail(owner.sub, waiting).await {
            return Ok(Err(AddressRefusal::Mails(spent)));
        }
        let kind = EventType::UserConfirmationAsked;
        let event = events::of(kind, &self.clock, trace, owner.sub, owner.role, None)?;
        self.store.ask_for_code(&event).await?;
        Ok(Ok(own))
    }

    /// Generates a code for the unconfirmed address, for the service that mails it, and voids the
    /// previous code. `None` if no address is unconfirmed.
    pub async fn address_code(
        &self,
        user: UserId,
    ) -> Result<Option<(CodeAddress, OneTimeCode, UnixMillis)>, ServiceError> {
        let (code, at) = (OneTimeCode::new(random::bytes()), self.clock.now());
        if !self.may_mail_newcomer(user, at).await? {
            return Ok(None);
        }
        let (hash, expires_at) = (OneTimeCodeHash::of(&code), at.plus_ms(CODE_LIFE_MS));
        let made = AddressCode { id: self.clock.new_id(), user, hash, at, expires_at };
        let settled = |known: &KnownAddress| self.is_settled(known);
        let address = self.store.put_address_code(made, settled).await?;
        Ok(address.map(|address| (address, code, expires_at)))
    }

    pub async fn confirm_address(
        &self,
        owner: &Claims,
        code: &OneTimeCode,
    ) -> Result<Result<OwnAddress, AddressRefusal>, ServiceError> {
        if let Err(spent) = self.limits.address_try(owner.sub).await {
            return Ok(Err(AddressRefusal::TooOften(spent)));
        }
        let (hash, now) = (OneTimeCodeHash::of(code), self.clock.now());
        let settled = |known: &KnownAddress| self.is_settled(known);
        match self.store.confirm_address(owner.sub, hash, now, settled).await? {
            ConfirmResult::Confirmed => {}
            ConfirmResult::Wrong => return Ok(Err(AddressRefusal::Wrong)),
            ConfirmResult::Over => return Ok(Err(AddressRefusal::Over)),
            ConfirmResult::Taken => return Ok(Err(AddressRefusal::Taken)),
        }
        tracing::info!(user.id = %owner.sub, "An address was confirmed");
        let own = self.own_address(owner.sub).await?;
        Ok(own.ok_or(AddressRefusal::Closed))
    }

    /// Returns true if an address needs no code: it is undeliverable, or mail may go there already.
    fn is_settled(&self, known: &KnownAddress) -> bool {
        let KnownAddress { email, confirmed_at, created_at, .. } = known;
        email.reaches_nobody() || self.is_confirmed(*confirmed_at, *created_at)
    }

    /// Counts the first mail to a new account's address, and returns true if it may be sent. This
    /// limit never refuses the registration: that would reveal earlier registrations with the
    /// address.
    async fn may_mail_newcomer(&self, user: UserId, now: UnixMillis) -> Result<bool, ServiceError> {
        if self.store.has_address_code(user, now).await? {
            return Ok(true);
        }
        let Some(known) = self.store.address(user, now).await? else { return Ok(false) };
        if self.is_settled(&known) {
            return Ok(false);
        }
        Ok(self.limits.newcomer_mail(self.store.address_name(&known.email)).await.is_ok())
    }

    async fn count_mail(&self, user: UserId, to: &Email) -> Result<(), SpentQuota> {
        self.limits.address_mail(user, self.store.address_name(to)).await
    }
}
