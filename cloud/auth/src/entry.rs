//! Identifies the origin of a sign-in: a known device of the account, or an address.
//!
//! Invariant: a device secret is trusted for accounts that it signed in to, and is reused for
//! another account only if auth issued it.

use platform::ClientAddress;
use process::{random, trace::TraceId};
use wire::{GuessReport, IdentityId, UnixMillis};

use crate::{
    domain::{DeviceSecret, Lockout, Username},
    errors::{AttemptError, RefusalReason, ServiceError},
    grants::Tablet,
    limits::QuotaExceeded,
    passwords::{HashLane, HashPermit},
    service::Service,
    store::{NameHash, PlaceHash},
};

pub struct SignInAttempt {
    pub from: ClientAddress,
    pub typed_name: String,
    pub password: String,
    /// The device secret; an empty text requests one.
    pub device: Option<String>,
    /// Requests a refresh token.
    pub refresh: bool,
    /// Requests a device grant for this tablet instead of an access token of an hour.
    pub tablet: Option<Tablet>,
    pub trace: TraceId,
}

pub struct SignInOrigin {
    pub name: NameHash,
    pub place: PlaceHash,
    pub lane: HashLane,
    /// The secret that the device stores after a successful sign-in.
    pub device: Option<DeviceSecret>,
    /// Replaces the password.
    pub identity: Option<IdentityId>,
}

/// The reason for rejecting a password or the code that replaces it.
pub enum CredentialRefusal {
    /// The name or the secret is wrong. The answer does not reveal which.
    Wrong,
    Locked(UnixMillis),
    TooOften(QuotaExceeded),
}

impl RefusalReason for CredentialRefusal {}

impl Service {
    /// Admits a sign-in attempt. The permit is held while the lockout is checked and a failure
    /// counted, so concurrent guesses exceed the limit by at most the number of permits.
    pub async fn admit_attempt(
        &self,
        username: &Username,
        from: ClientAddress,
        device: Option<String>,
    ) -> Result<(SignInOrigin, HashPermit), AttemptError<CredentialRefusal>> {
        let entry = self
            .resolve_origin(username, from, device)
            .await
            .map_err(|error| error.map_refusal(CredentialRefusal::TooOften))?;
        let permit = self.passwords.acquire_permit(from, entry.lane).await?;
        match self.check_lockout(&entry).await? {
            Lockout::Until(until) => Err(CredentialRefusal::Locked(until).into()),
            Lockout::Open => Ok((entry, permit)),
        }
    }

    pub async fn record_failure(&self, origin: &SignInOrigin) -> Result<(), ServiceError> {
        let id = self.clock.new_id();
        let now = self.clock.now();
        self.store
            .record_failure(id, origin.name, origin.place, now)
            .await?;
        Ok(())
    }

    /// Only attempts from unknown devices count per name and address: others cannot use up the
    /// limit of a known device.
    pub async fn resolve_origin(
        &self,
        username: &Username,
        from: ClientAddress,
        device: Option<String>,
    ) -> Result<SignInOrigin, AttemptError<QuotaExceeded>> {
        let name = NameHash::from_username(username);
        let now = self.clock.now();
        let asks_for_secret = device.is_some();
        let mut device = device.and_then(DeviceSecret::new);
        if let Some(secret) = &device {
            let place = PlaceHash::from_device(secret);
            if self.store.is_known_device(username, place, now).await? {
                return Ok(SignInOrigin {
                    name,
                    place,
                    lane: HashLane::Known,
                    device,
                    identity: None,
                });
            }
            if !self.store.is_issued_device(place, now).await? {
                device = None;
            }
        }
        self.limits.count_sign_in(name, from).await?;
        if asks_for_secret && device.is_none() {
            device = DeviceSecret::new(random::secret_text(DeviceSecret::RANDOM_BYTES));
        }
        let place = PlaceHash::from_address(from);
        let lane = self.limits.choose_lane(from).await;
        Ok(SignInOrigin {
            name,
            place,
            lane,
            device,
            identity: None,
        })
    }

    pub async fn check_lockout(&self, origin: &SignInOrigin) -> Result<Lockout, ServiceError> {
        let now = self.clock.now();
        let since = Lockout::window_start(now);
        let here = self
            .store
            .count_failures_here(origin.name, origin.place, since)
            .await?;
        let of_all = match origin.lane {
            HashLane::Known => None,
            HashLane::Usual | HashLane::Crowded => Some(
                self.store
                    .count_failures_everywhere(origin.name, since)
                    .await?,
            ),
        };
        Ok(Lockout::from_guesses(here, of_all, now))
    }

    /// Reports the wrong passwords since the owner's last sign-in, except those from this place.
    pub async fn report_wrong_guesses(
        &self,
        last: Option<UnixMillis>,
        origin: &SignInOrigin,
    ) -> Result<Option<GuessReport>, ServiceError> {
        let horizon = Lockout::window_start(self.clock.now());
        let since = last.map_or(horizon, |last| last.max(horizon));
        Ok(self
            .store
            .count_failures_elsewhere(origin.name, origin.place, since)
            .await?)
    }
}
