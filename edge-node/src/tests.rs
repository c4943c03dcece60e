//! Sample values for this crate's tests.

use std::time::Duration;

use process::{
    clock::Clock,
    tokens::{Claims, TokenBinding, TokenKind},
};
use support::{DeviceSigner, Issuer, samples::person};
use uuid::Uuid;
use wire::{DeviceId, EdgeId, Region, Role, UnixMillis, UserId};

use crate::{
    authentication::{TabletSender, TokenAuthenticator},
    store::EdgeIdentity,
};

pub(crate) use support::samples::{draft, order};

pub(crate) fn id(n: u128) -> Uuid {
    Uuid::from_u128(n)
}

pub(crate) fn device(name: &str) -> DeviceId {
    DeviceId::new(name).unwrap()
}

/// A provider's tablet.
pub(crate) fn sender(name: &str, user: u128) -> TabletSender {
    TabletSender {
        device: device(name),
        actor: person(user, Role::Provider),
    }
}

pub(crate) fn identity() -> EdgeIdentity {
    EdgeIdentity {
        edge_id: EdgeId::new("north-1").unwrap(),
        region: Region::North,
    }
}

/// Issues people's tokens; the clock lets them expire.
pub(crate) struct People {
    issuer: Issuer,
    pub clock: Clock,
}

impl People {
    pub(crate) fn new() -> Self {
        Self {
            issuer: Issuer::new(),
            clock: Clock::fixed_at(UnixMillis(1_764_000_000_000)),
        }
    }

    pub(crate) fn issuer(&self) -> &Issuer {
        &self.issuer
    }

    pub(crate) fn jwks(&self) -> String {
        self.issuer.signer.jwks()
    }

    pub(crate) fn authenticator(&self) -> TokenAuthenticator {
        let authenticator =
            TokenAuthenticator::new(Region::North, self.clock.clone(), Duration::from_hours(72));
        authenticator.replace_keys(&self.jwks());
        authenticator
    }

    pub(crate) fn user(&self, n: u128) -> UserId {
        UserId(id(n))
    }

    pub(crate) fn token(&self, role: Role, user: u128) -> String {
        self.issuer
            .edge_token(person(user, role), Region::North, self.clock.now())
    }

    pub(crate) fn cloud_token(&self, role: Role, user: u128) -> String {
        self.issuer.token(person(user, role), self.clock.now())
    }

    pub(crate) fn grant(&self, user: u128, device: &DeviceId) -> String {
        let kind = TokenKind::DeviceGrant;
        let sub = self.user(user);
        let device = Some(device.clone());
        self.token_of(|claims| Claims {
            kind,
            sub,
            device,
            ..claims
        })
    }

    /// A grant that is bound to this key.
    pub(crate) fn bound_grant(&self, device: &DeviceId, key: &DeviceSigner) -> String {
        let kind = TokenKind::DeviceGrant;
        let device = Some(device.clone());
        let binding = Some(TokenBinding { key: key.key() });
        self.token_of(|claims| Claims {
            kind,
            device,
            binding,
            ..claims
        })
    }

    /// A provider's token for this region's edges, altered.
    pub(crate) fn token_of(&self, alter: impl FnOnce(Claims) -> Claims) -> String {
        let provider = person(7, Role::Provider);
        let claims = support::edge_claims(provider, Region::North, self.clock.now());
        self.issuer.signer.sign_claims(&alter(claims))
    }
}
