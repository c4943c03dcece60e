//! The values a statement may carry. Closed, so that both engines store each of them the same way.

use uuid::Uuid;
use wire::{
    CommandId, DeviceId, EdgeId, EventId, Hash, OrderId, OrderStatus, Region, SessionId,
    UnixMillis, UserId,
};

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Val {
    Null,
    Int(i64),
    Text(String),
    Bytes(Vec<u8>),
    /// 16 bytes: BINARY(16) on MySQL, a BLOB on SQLite.
    Id(Uuid),
}

/// The values of a statement, in the order of its question marks.
#[macro_export]
macro_rules! vals {
    ($($value:expr),* $(,)?) => { ::std::vec![$($crate::sql::Val::from($value)),*] };
}

/// Counters are u64 in the words and BIGINT in the stores; no counter reaches the difference.
pub fn bigint(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

impl From<i64> for Val {
    fn from(value: i64) -> Self {
        Self::Int(value)
    }
}

impl From<i32> for Val {
    fn from(value: i32) -> Self {
        Self::Int(value.into())
    }
}

impl From<u32> for Val {
    fn from(value: u32) -> Self {
        Self::Int(value.into())
    }
}

impl From<u64> for Val {
    fn from(value: u64) -> Self {
        Self::Int(bigint(value))
    }
}

impl From<usize> for Val {
    fn from(value: usize) -> Self {
        Self::Int(i64::try_from(value).unwrap_or(i64::MAX))
    }
}

impl From<bool> for Val {
    fn from(value: bool) -> Self {
        Self::Int(value.into())
    }
}

impl From<&str> for Val {
    fn from(value: &str) -> Self {
        Self::Text(value.to_owned())
    }
}

impl From<String> for Val {
    fn from(value: String) -> Self {
        Self::Text(value)
    }
}

impl From<Vec<u8>> for Val {
    fn from(value: Vec<u8>) -> Self {
        Self::Bytes(value)
    }
}

impl From<&[u8]> for Val {
    fn from(value: &[u8]) -> Self {
        Self::Bytes(value.to_vec())
    }
}

impl<const N: usize> From<[u8; N]> for Val {
    fn from(value: [u8; N]) -> Self {
        Self::Bytes(value.to_vec())
    }
}

impl From<Uuid> for Val {
    fn from(value: Uuid) -> Self {
        Self::Id(value)
    }
}

impl From<UnixMillis> for Val {
    fn from(value: UnixMillis) -> Self {
        Self::Int(value.0)
    }
}

impl From<Hash> for Val {
    fn from(value: Hash) -> Self {
        Self::Bytes(value.0.to_vec())
    }
}

macro_rules! ids {
    ($($id:ty),+) => {$(
        impl From<$id> for Val {
            fn from(value: $id) -> Self {
                Self::Id(value.0)
            }
        }
    )+};
}

macro_rules! names {
    ($($name:ty),+) => {$(
        impl From<$name> for Val {
            fn from(value: $name) -> Self {
                Self::Text(value.as_str().to_owned())
            }
        }
    )+};
}

ids!(OrderId, UserId, CommandId, EventId, SessionId);
names!(EdgeId, DeviceId, Region, OrderStatus);

impl<T: Clone + Into<Val>> From<&T> for Val {
    fn from(value: &T) -> Self {
        value.clone().into()
    }
}

impl<T: Into<Val>> From<Option<T>> for Val {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}
