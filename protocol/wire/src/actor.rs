//! The acting person, taken from a verified token and never from a body or header that a client
//! sets.

use minicbor::{Decode, Encode};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::UserId;

words! {
    /// Stores keep the variant's number.
    #[derive(Encode, Decode)]
    #[cbor(index_only)]
    Role {
        Customer = 1 "customer",
        Provider = 2 "provider",
        Admin = 3 "admin",
    }
}

impl Role {
    pub fn as_number(self) -> i64 {
        self as i64
    }

    pub fn from_number(number: i64) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|role| role.as_number() == number)
    }
}

#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, Encode, Decode, ToSchema,
)]
#[cbor(array)]
pub struct Actor {
    #[n(0)]
    pub user_id: UserId,
    #[n(1)]
    pub role: Role,
}
