//! Errors common to all services: of the store, and of opening a service.

use process::problem::{Problem, format_error_chain, log_fault};
use wire::Code;

use crate::{
    consume::HandleError, documents::DocumentsError, jobs::JobError, sealing::SealError,
    sql::SqlError,
};

type Cause = Box<dyn std::error::Error + Send + Sync>;

/// A restarted or overloaded database is usually back after about a second.
const RETRY_AFTER_S: u32 = 1;

/// The service's own database failed or contains invalid data. The log line or trace names the
/// service.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    #[error("the database failed")]
    Sql(#[from] SqlError),
    #[error("the document store failed")]
    Documents(#[from] DocumentsError),
    #[error("the store contains a value that this version cannot read: {0}")]
    Unreadable(&'static str),
    #[error("could not decrypt a sealed value")]
    Sealed(#[from] SealError),
    #[error("the change would make the store inconsistent: {0}")]
    Contradiction(&'static str),
    #[error("could not write a value as JSON")]
    Encode(#[from] serde_json::Error),
}

impl StoreError {
    /// The same request may succeed soon, and this one stored no data.
    pub fn is_unavailable(&self) -> bool {
        match self {
            Self::Sql(error) => error.is_unavailable() || error.is_contention(),
            Self::Documents(error) => error.is_unavailable() || error.is_contention(),
            Self::Unreadable(_) | Self::Sealed(_) | Self::Contradiction(_) | Self::Encode(_) => {
                false
            }
        }
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        if error.is_unavailable() {
            tracing::warn!(
                cause = format_error_chain(&error),
                "The store is unreachable or overloaded"
            );
            return Self::new(Code::Unavailable).retry_after(RETRY_AFTER_S);
        }
        log_fault("Could not use the store", error)
    }
}

impl From<DocumentsError> for Problem {
    fn from(error: DocumentsError) -> Self {
        StoreError::from(error).into()
    }
}

impl From<StoreError> for HandleError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Sql(error) => error.into(),
            StoreError::Documents(error) => error.into(),
            error => Self::retry(error),
        }
    }
}

#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Jobs(#[from] JobError),
    /// A key, text or setting of the service itself.
    #[error("{what}")]
    Own {
        what: &'static str,
        #[source]
        source: Cause,
    },
}

impl OpenError {
    /// The store did not respond. It may recover without intervention.
    pub fn is_store_away(&self) -> bool {
        matches!(self, Self::Store(error) if error.is_unavailable())
    }

    /// For `map_err`; `what` names the failed step.
    pub fn own_failure<E: Into<Cause>>(what: &'static str) -> impl FnOnce(E) -> Self {
        move |source| Self::Own {
            what,
            source: source.into(),
        }
    }
}

impl From<SqlError> for OpenError {
    fn from(error: SqlError) -> Self {
        Self::Store(error.into())
    }
}

impl From<DocumentsError> for OpenError {
    fn from(error: DocumentsError) -> Self {
        Self::Store(error.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_outage_that_may_pass_by_itself_is_called_unavailable() {
        let slow = StoreError::Sql(SqlError::TimedOut { sql: String::new() });
        assert_eq!(Problem::from(slow).code(), Code::Unavailable);
        for ours in [
            StoreError::Unreadable("orders.status"),
            StoreError::Contradiction("twice"),
        ] {
            assert_eq!(Problem::from(ours).code(), Code::Internal);
        }
    }
}
