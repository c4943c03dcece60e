//! Small values the tests of this crate build on.

use process::{
    clock::Clock,
    tokens::{Claims, Signer, TokenKind},
};
use uuid::Uuid;
use wire::{
    Actor, Amount, DeviceId, Draft, EdgeId, Order, OrderId, OrderStatus, Region, Role, ServiceType,
    SessionId, Source, UnixMillis, UserId,
};

use crate::{gate::Gate, intake::Sender, store::EdgeIdentity};

pub fn id(n: u128) -> Uuid {
    Uuid::from_u128(n)
}

pub fn device(name: &str) -> DeviceId {
    DeviceId::new(name).unwrap()
}

/// A provider's tablet.
pub fn sender(name: &str, user: u128) -> Sender {
    let actor = Actor { user_id: UserId(id(user)), role: Role::Provider };
    Sender { device: device(name), actor }
}

pub fn identity() -> EdgeIdentity {
    EdgeIdentity { name: EdgeId::new("north-1").unwrap(), region: Region::North }
}

pub fn draft() -> Draft {
    let price = Amount::from_minor(20_000).unwrap();
    Draft::new("Fix the tap", ServiceType::CleaningRepair, price, Region::North, "1 Lake Road")
}

/// A pending order of customer 10.
pub fn order(n: u128, version: u64) -> Order {
    let (customer, at) = (UserId(id(10)), UnixMillis(0));
    Order {
        status: OrderStatus::Pending,
        version,
        updated_at: UnixMillis(i64::try_from(version).unwrap()),
        ..Order::published(OrderId(id(n)), draft(), customer, at, Source::Portal)
    }
}

/// A signer of people's tokens, and a clock to let them run out.
pub struct People {
    signer: Signer,
    pub clock: Clock,
}

impl People {
    pub fn new() -> Self {
        let signer = Signer::from_pkcs8(&Signer::generate()).unwrap();
        Self { signer, clock: Clock::fixed(UnixMillis(1_764_000_000_000)) }
    }

    pub fn jwks(&self) -> String {
        self.signer.jwks()
    }

    pub fn gate(&self) -> Gate {
        let gate = Gate::new(self.clock.clone());
        gate.replace_keys(&self.jwks());
        gate
    }

    pub fn user(&self, n: u128) -> UserId {
        UserId(id(n))
    }

    pub fn token(&self, role: Role, user: u128) -> String {
        self.signer.sign(&self.claims(role, user, TokenKind::Access, None))
    }

    pub fn grant(&self, user: u128, device: &DeviceId) -> String {
        let claims =
            self.claims(Role::Provider, user, TokenKind::DeviceGrant, Some(device.clone()));
        self.signer.sign(&claims)
    }

    fn claims(&self, role: Role, user: u128, kind: TokenKind, device: Option<DeviceId>) -> Claims {
        let iat = self.clock.now().0 / 1_000;
        Claims {
            iss: "holdfast".into(),
            sub: self.user(user),
            role,
            jti: SessionId(id(user + 5_000)),
            iat,
            exp: iat + 3_600,
            kind,
            device,
        }
    }
}
