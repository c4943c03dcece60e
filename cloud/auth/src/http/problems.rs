//! How refusals and faults of auth are answered.

use process::problem::{Problem, fault};
use wire::Code;

use crate::{passwords::PasswordError, service::ServiceError};

/// A full queue of passwords is empty again after some seconds.
const BUSY_RETRY_S: u32 = 5;

impl From<ServiceError> for Problem {
    fn from(error: ServiceError) -> Self {
        match error {
            ServiceError::Store(error) => error.into(),
            ServiceError::Password(PasswordError::Busy) => {
                Problem::new(Code::TooManyRequests).retry_after(BUSY_RETRY_S)
            }
            ServiceError::Password(error @ PasswordError::Hash(_)) => {
                fault("Could not check a password", error)
            }
        }
    }
}
