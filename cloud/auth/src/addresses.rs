//! Confirming an address: its person brings the code back that was sent there.
//!
//! Invariants: the address in force stays until another is confirmed; nobody learns by asking
//! whether an address belongs to an account; a code is made when its mail is about to be sent, so
//! that none lies anywhere in the clear.

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

/// A mailbox is looked into within a day.
const CODE_LIFE_MS: i64 = 24 * 60 * 60 * 1000;

/// The address of a person's own account, and the one that is to take its place.
pub struct OwnAddress {
    /// `None` where it reaches nobody.
    pub email: Option<Email>,
    pub is_confirmed: bool,
    pub pending: Option<Email>,
}

/// Why an address is not confirmed, or no mail is sent there.
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
    /// Returns whether mail may go to the address of an account: its owner has confirmed it, or the
    /// operator trusts all from before that moment.
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

    /// Has a code sent to another address. It takes the password: whoever reads a person's mail
    /// knows much of them.
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

    /// Has a code sent once more to the address that waits. Where none does, nothing is sent.
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

    /// Makes a code for the address of a person that waits, on behalf of who sends it. Returns
    /// them, and until when the code is good; `None` where nothing waits. The code before is void.
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

    /// Confirms an address by the code that was sent there.
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

    /// Returns whether no code is needed for an address: it reaches no mailbox, or mail may go
    /// there already.
    fn is_settled(&self, known: &KnownAddress) -> bool {
        let KnownAddress { email, confirmed_at, created_at, .. } = known;
        email.reaches_nobody() || self.is_confirmed(*confirmed_at, *created_at)
    }

    /// Counts the first mail to the address of a new account, and returns whether it may be sent.
    /// The registration itself is never refused for this bound: a refusal would show that others
    /// have registered with the address.
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
