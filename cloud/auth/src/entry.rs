//! The place from which somebody signs in: a device that is known for the account, or an address.
//!
//! Invariant: a secret is believed for an account that it signed in to, and is taken over for
//! another account only where it was given out here.

use platform::ClientAddress;
use process::{random, trace::TraceId};
use wire::{GuessReport, IdentityId, UnixMillis};

use crate::{
    domain::{DeviceSecret, Lockout, Username},
    grants::Tablet,
    limits::SpentQuota,
    passwords::{HashPermit, Lane},
    service::{Service, ServiceError},
    store::{NameHash, PlaceHash},
};

/// What somebody sends to sign in.
pub struct SignInAttempt {
    pub from: ClientAddress,
    pub typed_name: String,
    pub password: String,
    /// The secret of the device; an empty text asks for one.
    pub device: Option<String>,
    /// Asks for a token that gives new access tokens.
    pub refresh: bool,
    /// Asks for a grant for this tablet, in place of a token of an hour.
    pub tablet: Option<Tablet>,
    pub trace: TraceId,
}

pub struct Entry {
    pub name: NameHash,
    pub place: PlaceHash,
    pub lane: Lane,
    /// The secret that the device keeps if the password is right.
    pub device: Option<DeviceSecret>,
    /// Stands in the password's place.
    pub identity: Option<IdentityId>,
}

/// Why a password, or a code in its place, opens nothing.
pub enum EntryRefusal {
    /// The name or the secret is wrong. The answer does not say which.
    Wrong,
    Locked(UnixMillis),
    TooOften(SpentQuota),
}

impl Service {
    /// Lets somebody try a secret. The lock is looked at, and a wrong one counted, while holding a
    /// permit: guesses that arrive together pass the limit by no more than the number of permits.
    pub async fn admitted(
        &self,
        username: &Username,
        from: ClientAddress,
        device: Option<String>,
    ) -> Result<Result<(Entry, HashPermit), EntryRefusal>, ServiceError> {
        let entry = match self.entry(username, from, device).await? {
            Ok(entry) => entry,
            Err(reached) => return Ok(Err(EntryRefusal::TooOften(reached))),
        };
        let permit = self.passwords.permit(from, entry.lane).await?;
        match self.lockout(&entry).await? {
            Lockout::Until(until) => Ok(Err(EntryRefusal::Locked(until))),
            Lockout::Open => Ok(Ok((entry, permit))),
        }
    }

    /// Counts a wrong secret.
    pub async fn wrong(&self, entry: &Entry) -> Result<EntryRefusal, ServiceError> {
        let (id, now) = (self.clock.new_id(), self.clock.now());
        self.store.add_failure(id, entry.name, entry.place, now).await?;
        Ok(EntryRefusal::Wrong)
    }

    /// Only a stranger's attempts are counted by name and address: nobody else can use up a known
    /// device's.
    pub async fn entry(
        &self,
        username: &Username,
        from: ClientAddress,
        device: Option<String>,
    ) -> Result<Result<Entry, SpentQuota>, ServiceError> {
        let (name, now) = (NameHash::of(username), self.clock.now());
        let asks_for_secret = device.is_some();
        let mut device = device.and_then(DeviceSecret::new);
        if let Some(secret) = &device {
            let place = PlaceHash::of_device(secret);
            if self.store.is_known_device(username, place, now).await? {
                return Ok(Ok(Entry { name, place, lane: Lane::Known, device, identity: None }));
            }
            if !self.store.is_own_device(place, now).await? {
                device = None;
            }
        }
        if let Err(reached) = self.limits.sign_in(name, from).await {
            return Ok(Err(reached));
        }
        if asks_for_secret && device.is_none() {
            device = DeviceSecret::new(random::secret_text(DeviceSecret::RANDOM_BYTES));
        }
        let (place, lane) = (PlaceHash::of_address(from), self.limits.lane(from).await);
        Ok(Ok(Entry { name, place, lane, device, identity: None }))
    }

    pub async fn lockout(&self, entry: &Entry) -> Result<Lockout, ServiceError> {
        let now = self.clock.now();
        let since = Lockout::horizon(now);
        let here = self.store.failures_here(entry.name, entry.place, since).await?;
        let of_all = match entry.lane {
            Lane::Known => None,
            Lane::Usual | Lane::Crowded => {
                Some(self.store.failures_everywhere(entry.name, since).await?)
            }
        };
        Ok(Lockout::judge(here, of_all, now))
    }

    /// The wrong passwords that the owner has not heard of since their last sign-in. His own ones
    /// here need no word.
    pub async fn guesses(
        &self,
        last: Option<UnixMillis>,
        entry: &Entry,
    ) -> Result<Option<GuessReport>, ServiceError> {
        let horizon = Lockout::horizon(self.clock.now());
        let since = last.map_or(horizon, |last| last.max(horizon));
        Ok(self.store.failures_elsewhere(entry.name, entry.place, since).await?)
    }
}
