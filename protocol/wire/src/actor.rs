//! The person who acts: from a verified token, never from a body or a header a client can set.

use minicbor::{Decode, Encode};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::UserId;

words! {
    /// Its number is the stored one.
    #[derive(Encode, Decode)]
    #[cbor(index_only)]
    Role {
        Customer = 1 "customer",
        Provider = 2 "provider",
        Admin = 3 "admin",
    }
}

impl Role {
    pub fn number(self) -> i64 {
        self as i64
    }

    pub fn from_number(number: i64) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.number() == number)
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
