//! The errors of use cases: a refusal is for the caller to correct; a fault is ours.

use platform::{StoreError, sql::SqlError};
use process::problem::{Problem, log_fault};
use wire::Code;

use crate::{domain::RoleRefusal, passwords::PasswordError, webauthn::PasskeyFault};

#[derive(Debug, thiserror::Error)]
pub enum ServiceError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Password(#[from] PasswordError),
}

impl From<serde_json::Error> for ServiceError {
    fn from(error: serde_json::Error) -> Self {
        Self::Store(error.into())
    }
}

/// Why an attempt did not succeed.
#[derive(Debug)]
pub enum AttemptError<R, E = ServiceError> {
    Refused(R),
    Failed(E),
}

impl<R, E> AttemptError<R, E> {
    pub fn map_refusal<Other>(self, change: impl FnOnce(R) -> Other) -> AttemptError<Other, E> {
        match self {
            Self::Refused(refusal) => AttemptError::Refused(change(refusal)),
            Self::Failed(fault) => AttemptError::Failed(fault),
        }
    }
}

/// A reason for a refusal, which `?` turns into an [`AttemptError`].
pub trait RefusalReason {}

impl<R: RefusalReason, E> From<R> for AttemptError<R, E> {
    fn from(refusal: R) -> Self {
        Self::Refused(refusal)
    }
}

/// Lets `?` turn these faults into an [`AttemptError`] with this error.
macro_rules! convert_faults {
    ($error:ty: $($fault:ty),+) => {
        $(
            impl<R> From<$fault> for $crate::errors::AttemptError<R, $error> {
                fn from(fault: $fault) -> Self {
                    Self::Failed(fault.into())
                }
            }
        )+
    };
}
pub(crate) use convert_faults;

convert_faults!(StoreError: StoreError, SqlError);

convert_faults!(ServiceError: ServiceError, StoreError, PasswordError, serde_json::Error);

impl<R> From<AttemptError<R, StoreError>> for AttemptError<R, ServiceError> {
    fn from(error: AttemptError<R, StoreError>) -> Self {
        match error {
            AttemptError::Refused(refusal) => Self::Refused(refusal),
            AttemptError::Failed(fault) => Self::Failed(fault.into()),
        }
    }
}

impl RefusalReason for RoleRefusal {}
impl RefusalReason for PasskeyFault {}

/// A full password queue drains within seconds.
const BUSY_RETRY_S: u32 = 5;

impl From<ServiceError> for Problem {
    fn from(error: ServiceError) -> Self {
        match error {
            ServiceError::Store(error) => error.into(),
            ServiceError::Password(PasswordError::Busy) => {
                Problem::new(Code::TooManyRequests).retry_after(BUSY_RETRY_S)
            }
            ServiceError::Password(error @ PasswordError::Hash(_)) => {
                log_fault("Could not check a password", error)
            }
        }
    }
}
