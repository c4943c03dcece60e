//! The person who acts: from a verified token, never from a body or a header a client can set.

use minicbor::{Decode, Encode};
use serde::{Deserialize, Serialize};

use crate::UserId;

/// Role numbers are the stored ones: 1 customer, 2 provider, 3 admin.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, Encode, Decode,
)]
#[serde(rename_all = "snake_case")]
#[cbor(index_only)]
pub enum Role {
    #[n(1)]
    Customer,
    #[n(2)]
    Provider,
    #[n(3)]
    Admin,
}

impl Role {
    pub const ALL: [Self; 3] = [Self::Customer, Self::Provider, Self::Admin];

    pub fn number(self) -> i64 {
        match self {
            Self::Customer => 1,
            Self::Provider => 2,
            Self::Admin => 3,
        }
    }

    pub fn from_number(number: i64) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.number() == number)
    }

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Customer => "customer",
            Self::Provider => "provider",
            Self::Admin => "admin",
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, Encode, Decode)]
#[cbor(array)]
pub struct Actor {
    #[n(0)]
    pub user_id: UserId,
    #[n(1)]
    pub role: Role,
}
