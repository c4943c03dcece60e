//! Sign-in by any credential: its origin, the lockout, the password, and the session that it
//! begins.
//!
//! Invariants: a device secret is trusted for accounts that it signed in to, and is reused for
//! another account only if auth issued it; only providers and kiosks get device grants.

use platform::ClientAddress;
use process::{
    problem::Problem,
    random,
    tokens::{Claims, TokenKind},
    trace::TraceId,
};
use serde::Serialize;
use utoipa::ToSchema;
use wire::{EventType, GuessReport, IdentityId, Region, Role, SessionId, UnixMillis, UserId};

use crate::{
    device_grants::{DeviceRegistration, Tablet, TabletForm},
    domain::{DeviceSecret, Lockout, Password, Username},
    errors::{AttemptError, RefusalReason, ServiceError},
    limits::QuotaExceeded,
    passwords::{HashLane, HashPermit, is_our_hash},
    say,
    second_factor::SecondFactorStep,
    service::{ACCESS_TOKEN_SECONDS, Service, build_user_event},
    store::{Account, NameHash, PlaceHash, SessionKind, UserSession, VerifiedSignIn},
};

const ISSUER: &str = "holdfast";
/// A day's work. Then people must enter the password again, regardless of renewals.
const SESSION_SECONDS_MAX: i64 = 12 * 3600;

pub struct SignInOrigin {
    pub name: NameHash,
    pub place: PlaceHash,
    pub lane: HashLane,
    /// The keyed hash of the address.
    pub address: PlaceHash,
    /// The secret that the device stores after a successful sign-in.
    pub device: Option<DeviceSecret>,
    /// Replaces the password.
    pub identity: Option<IdentityId>,
    /// The sign-in has proved a second factor of the account.
    pub has_factor_proof: bool,
}

/// The reason for rejecting a password or the code that replaces it.
pub enum CredentialRefusal {
    /// The name or the secret is wrong. The answer does not reveal which.
    Wrong,
    Locked(UnixMillis),
    TooOften(QuotaExceeded),
    /// The credential is right; the sign-in continues with a second factor.
    SecondFactor(SecondFactorStep),
}

impl RefusalReason for CredentialRefusal {}

/// The tokens that a sign-in form requests.
pub struct TokenChoice {
    pub region: Option<Region>,
    /// Nothing that opens the cloud: neither an access token nor a refresh token.
    pub edge_only: bool,
    pub refresh: bool,
    pub tablet: Option<Tablet>,
}

impl TokenChoice {
    /// Refuses a form that requests only an edge token but names no region.
    pub fn from_form(
        region: Option<Region>,
        edge_only: bool,
        refresh: bool,
        tablet: Option<TabletForm>,
    ) -> Result<Self, Problem> {
        if edge_only && region.is_none() {
            return Err(Problem::wrong_field("region", say::region_needs));
        }
        let tablet = match (region, tablet) {
            (Some(region), Some(form)) if edge_only => Some(form.into_tablet(region)?),
            _ => None,
        };
        Ok(Self {
            region,
            edge_only,
            refresh: refresh && !edge_only,
            tablet,
        })
    }

    /// The region, if the person signs in only to its edges.
    pub fn sole_region(&self) -> Option<Region> {
        self.region.filter(|_| self.edge_only)
    }
}

#[derive(Serialize, ToSchema)]
pub struct AccessGrant {
    /// Absent if only an edge token was requested.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub access_token: Option<String>,
    /// For `POST /api/v1/auth/refresh`. Present if requested.
    #[serde(skip_serializing_if = "Option::is_none")]
    refresh_token: Option<String>,
    /// For the edges of the requested region.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub edge_token: Option<String>,
    /// `Bearer`.
    token_type: &'static str,
    /// In seconds.
    expires_in: i64,
    user_id: UserId,
    /// The account's name, if the sign-in did not include it.
    #[serde(skip_serializing_if = "Option::is_none")]
    username: Option<String>,
    role: Role,
    #[serde(skip)]
    pub claims: Box<Claims>,
    /// Keep it secret, and send it with the next sign-in on this device. Present if `device` was
    /// sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    device: Option<String>,
    /// Wrong passwords tried since the previous sign-in.
    #[serde(skip_serializing_if = "Option::is_none")]
    wrong_passwords: Option<GuessReport>,
    /// Present if the password changed since the previous sign-in.
    #[serde(skip_serializing_if = "Option::is_none")]
    password_changed_at: Option<UnixMillis>,
    /// Shown only this once, if the sign-in set up a second factor. Each replaces its code once.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recovery_codes: Option<Vec<String>>,
}

impl AccessGrant {
    pub fn with_username(self, username: String) -> Self {
        Self {
            username: Some(username),
            ..self
        }
    }
}

impl SignInOrigin {
    /// The place to remember for later sign-ins: the device by its secret or its key, otherwise the
    /// address.
    fn find_familiar_place(&self, session: &UserSession) -> PlaceHash {
        let by_secret = self.device.as_ref().map(PlaceHash::from_device);
        let by_key = session.device_id.map(PlaceHash::from_registered_device);
        by_secret.or(by_key).unwrap_or(self.address)
    }
}

impl Service {
    /// Admits a sign-in attempt. The permit is held while the lockout is checked and a failure
    /// counted, so concurrent guesses exceed the limit by at most the number of permits.
    pub async fn admit_attempt(
        &self,
        username: &Username,
        from: ClientAddress,
        device: Option<String>,
    ) -> Result<(SignInOrigin, HashPermit), AttemptError<CredentialRefusal>> {
        let origin = self
            .resolve_origin(username, from, device)
            .await
            .map_err(|error| error.map_refusal(CredentialRefusal::TooOften))?;
        let permit = self.passwords.acquire_permit(from, origin.lane).await?;
        match self.check_lockout(&origin).await? {
            Lockout::Until(until) => Err(CredentialRefusal::Locked(until).into()),
            Lockout::Open => Ok((origin, permit)),
        }
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
        let address = self.store.address_place(from);
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
                    address,
                    device,
                    identity: None,
                    has_factor_proof: false,
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
            address,
            device,
            identity: None,
            has_factor_proof: false,
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

    pub async fn record_failure(&self, origin: &SignInOrigin) -> Result<(), ServiceError> {
        let id = self.clock.new_id();
        let now = self.clock.now();
        self.store
            .record_failure(id, origin.name, origin.place, now)
            .await?;
        Ok(())
    }

    /// Returns the account with this name if the password is right, and replaces an imported hash
    /// with our own.
    pub async fn verify_password(
        &self,
        permit: &HashPermit,
        username: &Username,
        password: Option<Password>,
    ) -> Result<Option<Account>, ServiceError> {
        let account = self.store.find_account(username).await?;
        let hash = account
            .as_ref()
            .map(|account| account.password_hash.clone());
        let fits = permit.verify(password.clone(), hash).await?;
        let account = account.filter(|_| fits);
        if let (Some(account), Some(password)) = (&account, password)
            && !is_our_hash(&account.password_hash)
        {
            let new = permit.hash(password).await?;
            self.store
                .upgrade_hash(account.id, &account.password_hash, &new)
                .await?;
            tracing::info!(user.id = %account.id, "Replaced an imported password hash");
        }
        Ok(account)
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
        let (origin, permit) = self.admit_attempt(&username, from, None).await?;
        let verified = self
            .verify_password(&permit, &username, Password::new(password).ok())
            .await?;
        let Some(account) = verified else {
            self.record_failure(&origin).await?;
            return Err(CredentialRefusal::Wrong.into());
        };
        Ok((account, permit))
    }

    pub async fn begin_session(
        &self,
        account: &Account,
        origin: SignInOrigin,
        refresh: bool,
        tablet: Option<Tablet>,
        trace: &TraceId,
    ) -> Result<Option<AccessGrant>, AttemptError<SecondFactorStep>> {
        let factors = self
            .check_second_factor(account, origin.identity, origin.has_factor_proof)
            .await?;
        let last = self.store.last_sign_in(account.id).await?;
        let wrong_passwords = self.report_wrong_guesses(last, &origin).await?;
        let changed_at = account.password_changed_at;
        let password_changed_at = changed_at.filter(|at| last.is_none_or(|last| last < *at));
        // After a readmission, tokens start at a whole second, possibly the next one.
        let created_at = self.clock.now().max(account.tokens_since);
        let tablet = tablet.filter(|_| self.can_hold_grant(account.role_id, origin.name));
        let registration = tablet.as_ref().and_then(|to| to.registration.clone());
        let claims = self.build_session_claims(account, created_at, tablet);
        let claims = self.with_current_mark(claims).await?;
        let session = build_session(&claims, created_at, refresh);
        let token = self.signing.sign_claims(&claims);
        let refresh_token = refresh.then(|| self.sign_refresh_token(&claims, session.expires_at));
        let asked_at = self.clock.now();
        let sign_in = VerifiedSignIn {
            role: account.role_id,
            password_of: account.password_changed_at,
            name: origin.name,
            place: origin.place,
            known_by: (self.clock.new_id(), origin.find_familiar_place(&session)),
            identity: origin.identity,
            factors,
        };
        let news = EventType::UserNewDeviceSeen;
        let news = build_user_event(news, &self.clock, trace, account.id, account.role_id, None)?;
        if !self.store.begin_session(&session, sign_in, &news).await? {
            return Ok(None);
        }
        let is_grant = claims.kind == TokenKind::DeviceGrant;
        if is_grant {
            self.record_grant(&claims, &session, registration, trace)
                .await?;
        } else {
            self.sessions
                .cache_live_session(&claims, asked_at, session.expires_at)
                .await;
        }
        tracing::info!(user.id = %account.id, session.id = %session.id, "Signed in");
        let (access_token, edge_token) = if is_grant {
            (None, Some(token))
        } else {
            (Some(token), None)
        };
        Ok(Some(AccessGrant {
            access_token,
            refresh_token,
            edge_token,
            token_type: "Bearer",
            expires_in: claims.exp - claims.iat,
            user_id: account.id,
            username: None,
            role: account.role_id,
            claims: Box::new(claims),
            device: origin.device.map(|secret| secret.reveal().to_owned()),
            wrong_passwords,
            password_changed_at,
            recovery_codes: None,
        }))
    }

    /// Reports the wrong passwords since the owner's last sign-in, except those from this place.
    async fn report_wrong_guesses(
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

    /// Only providers work at a tablet for days, and only kiosks publish while cut off.
    fn can_hold_grant(&self, role: Role, name: NameHash) -> bool {
        role == Role::Provider || role == Role::Customer && self.kiosks.contains(&name)
    }

    /// Builds the claims of a new session; a tablet gets a device grant.
    fn build_session_claims(
        &self,
        account: &Account,
        created_at: UnixMillis,
        tablet: Option<Tablet>,
    ) -> Claims {
        let issued = created_at.0 / 1000;
        let (kind, expires_in) = match tablet {
            Some(_) => (TokenKind::DeviceGrant, self.grant_hours.to_seconds()),
            None => (TokenKind::Access, ACCESS_TOKEN_SECONDS),
        };
        let registration = tablet.as_ref().and_then(|to| to.registration.as_ref());
        let binding = registration.map(DeviceRegistration::binding);
        let region = tablet.as_ref().map(|to| to.region);
        let device = tablet.map(|to| to.device);
        Claims {
            iss: ISSUER.to_owned(),
            sub: account.id,
            role: account.role_id,
            jti: SessionId(self.clock.new_id()),
            iat: issued,
            exp: issued + expires_in,
            kind,
            device,
            region,
            command: None,
            verified: false,
            mark_version: 0,
            binding,
        }
    }

    pub fn sign_refresh_token(&self, access: &Claims, ends_at: UnixMillis) -> String {
        let exp = ends_at.0 / 1000;
        let kind = TokenKind::Refresh;
        self.signing.sign_claims(&Claims {
            exp,
            kind,
            ..access.clone()
        })
    }
}

/// With a refresh token, the session outlasts its access token.
fn build_session(claims: &Claims, created_at: UnixMillis, refresh: bool) -> UserSession {
    let kind = if claims.kind == TokenKind::DeviceGrant {
        SessionKind::DeviceGrant
    } else {
        SessionKind::Access
    };
    let mut session = UserSession::from_claims(claims, kind, created_at);
    if refresh {
        session.expires_at = session_end(created_at);
    }
    session
}

pub(crate) fn session_end(created_at: UnixMillis) -> UnixMillis {
    UnixMillis((created_at.0 / 1000 + SESSION_SECONDS_MAX) * 1000)
}
