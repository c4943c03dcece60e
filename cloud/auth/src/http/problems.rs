//! How refusals and faults of auth are answered.

use process::problem::{Problem, Said, chain, fault};
use wire::Code;

use crate::{
    domain::FieldError, passwords::PasswordError, service::ServiceError, store::StoreError,
};

/// A full queue of passwords is empty again after some seconds.
const BUSY_RETRY_S: u32 = 5;
const UNAVAILABLE_RETRY_S: u32 = 2;

pub fn invalid_fields(errors: &[FieldError]) -> Problem {
    let problem = Problem::new(Code::InvalidInput);
    errors
        .iter()
        .fold(problem, |problem, error| problem.field(error.field, Said::both(error.en, error.zh)))
}

impl From<ServiceError> for Problem {
    fn from(error: ServiceError) -> Self {
        match error {
            ServiceError::Store(StoreError::Sql(error)) if error.is_unavailable() => {
                tracing::warn!(error = chain(&error), "auth_db is out of reach");
                Problem::new(Code::Unavailable).retry_after(UNAVAILABLE_RETRY_S)
            }
            ServiceError::Store(error) => fault("Could not use auth_db", error),
            ServiceError::Password(PasswordError::Busy) => {
                Problem::new(Code::TooManyRequests).retry_after(BUSY_RETRY_S)
            }
            ServiceError::Password(error @ PasswordError::Hash(_)) => {
                fault("Could not check a password", error)
            }
        }
    }
}
