//! How refusals and faults of auth are answered.

use process::problem::{Problem, Said, fault};
use wire::Code;

use crate::{domain::FieldError, passwords::PasswordError, service::ServiceError};

/// A full queue of passwords is empty again after some seconds.
const BUSY_RETRY_S: u32 = 5;

pub fn invalid_fields(errors: &[FieldError]) -> Problem {
    let problem = Problem::new(Code::InvalidInput);
    errors
        .iter()
        .fold(problem, |problem, error| problem.field(error.field, Said::both(error.en, error.zh)))
}

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
