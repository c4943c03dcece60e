//! The values of statements and columns, a closed set that both engines store the same way.

use uuid::Uuid;
use wire::{
    Action, AddressShown, Amount, BootNonce, Code, CommandId, Currency, DeviceId, DiskLevel,
    EdgeId, EventId, FenceEnding, GateState, Hash, IdentityId, IncidentKind, OfferAct, OrderId,
    OrderStatus, PasskeyId, PaymentStatus, Policy, ProposalId, QuarantineWhy, RaceRule, Region,
    RegisteredDeviceId, Role, ServiceType, SessionId, ShareAct, Source, UnixMillis, UserId,
    Verdict,
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

/// Counters are u64 on the wire and BIGINT in the stores; none reaches the difference.
pub fn to_bigint(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

pub type ColumnError = Box<dyn std::error::Error + Send + Sync>;

pub trait Column: Sized {
    /// The type that the engines support.
    type Plain;

    fn read(plain: Self::Plain) -> Result<Self, ColumnError>;
}

impl<T: Column> Column for Option<T> {
    type Plain = Option<T::Plain>;

    fn read(plain: Self::Plain) -> Result<Self, ColumnError> {
        plain.map(T::read).transpose()
    }
}

/// `type: plain type, value => stored form, plain value => read form;`
macro_rules! stored {
    ($($type:ty: $plain:ty, $value:ident => $stored:expr, $column:ident => $read:expr;)+) => {$(
        impl From<$type> for Val {
            fn from($value: $type) -> Self {
                $stored
            }
        }

        impl Column for $type {
            type Plain = $plain;

            fn read($column: $plain) -> Result<Self, ColumnError> {
                $read
            }
        }
    )+};
}

stored! {
    i64: i64, number => Self::Int(number), column => Ok(column);
    u64: i64, count => Self::Int(to_bigint(count)), column => Ok(column.try_into()?);
    u32: i64, count => Self::Int(count.into()), column => Ok(column.try_into()?);
    bool: i64, yes => Self::Int(yes.into()), column => Ok(column != 0);
    String: String, text => Self::Text(text), column => Ok(column);
    Vec<u8>: Vec<u8>, bytes => Self::Bytes(bytes), column => Ok(column);
    BootNonce: Uuid, nonce => Self::Id(Uuid::from_bytes(nonce.0)), column => {
        Ok(Self(column.into_bytes()))
    };
    Uuid: Uuid, id => Self::Id(id), column => Ok(column);
    UnixMillis: i64, at => Self::Int(at.0), column => Ok(Self(column));
    Hash: Vec<u8>, hash => Self::Bytes(hash.0.to_vec()), column => Ok(column.as_slice().try_into()?);
    Amount: i64, amount => Self::Int(amount.minor_units()), column => Ok(Self::from_minor(column)?);
    Role: i64, role => Self::Int(role.as_number()), column => {
        Self::from_number(column).ok_or_else(|| "no role has this number".into())
    };
    Source: String, source => Self::Text(source.to_string()), column => Ok(column.parse()?);
    // A newer version may have stored an unknown code, ending or rule: read it as unrecognised.
    Code: String, code => code.as_str().into(), column => {
        Ok(column.parse().unwrap_or(Self::Unrecognised))
    };
    FenceEnding: String, ending => ending.as_str().into(), column => {
        Ok(column.parse().unwrap_or(Self::Unrecognised))
    };
    RaceRule: String, rule => rule.as_str().into(), column => {
        Ok(column.parse().unwrap_or(Self::Unrecognised))
    };
}

macro_rules! ids {
    ($($id:ty),+) => {
        stored! { $($id: Uuid, id => Self::Id(id.0), column => Ok(Self(column));)+ }
    };
}

macro_rules! names {
    ($($name:ty),+) => {
        stored! { $($name: String, name => name.as_str().into(), column => Ok(column.parse()?);)+ }
    };
}

ids!(
    OrderId,
    UserId,
    CommandId,
    EventId,
    ProposalId,
    SessionId,
    IdentityId,
    RegisteredDeviceId,
    PasskeyId
);
names!(
    EdgeId,
    DeviceId,
    Region,
    OrderStatus,
    PaymentStatus,
    ServiceType,
    Currency,
    Action,
    Policy
);
names!(
    AddressShown,
    IncidentKind,
    OfferAct,
    ShareAct,
    Verdict,
    GateState,
    QuarantineWhy,
    DiskLevel
);

macro_rules! values {
    ($($type:ty, $value:ident => $stored:expr;)+) => {$(
        impl From<$type> for Val {
            fn from($value: $type) -> Self {
                $stored
            }
        }
    )+};
}

values! {
    i32, number => Self::Int(number.into());
    usize, count => Self::Int(to_bigint(count as u64));
    &str, text => Self::Text(text.to_owned());
    &[u8], bytes => Self::Bytes(bytes.to_vec());
}

impl<const N: usize> From<[u8; N]> for Val {
    fn from(value: [u8; N]) -> Self {
        Self::Bytes(value.to_vec())
    }
}

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
