//! The kinds of handler failure; each leads to different treatment.

use crate::{documents::DocumentsError, sql::SqlError, upstream::UpstreamError};

type Cause = Box<dyn std::error::Error + Send + Sync>;

#[derive(Debug, thiserror::Error)]
pub enum HandleError {
    /// A retry may succeed; after eight failures the event becomes a dead letter.
    #[error("the event could not be handled")]
    Retry(#[source] Cause),
    /// A dependency is out of reach: the event waits as long as the outage lasts.
    #[error("a dependency of the event's handler is unavailable")]
    Unavailable(#[source] Cause),
    /// Retrying is useless: the event becomes a dead letter at once.
    #[error("the event cannot be handled")]
    Poison(#[source] Cause),
}

impl HandleError {
    pub fn retry(cause: impl Into<Cause>) -> Self {
        Self::Retry(cause.into())
    }

    pub fn poison(cause: impl Into<Cause>) -> Self {
        Self::Poison(cause.into())
    }

    fn unavailable_or_retry(is_unavailable: bool, cause: impl Into<Cause>) -> Self {
        if is_unavailable {
            Self::Unavailable(cause.into())
        } else {
            Self::Retry(cause.into())
        }
    }
}

impl From<SqlError> for HandleError {
    fn from(error: SqlError) -> Self {
        Self::unavailable_or_retry(error.is_unavailable() || error.is_contention(), error)
    }
}

impl From<DocumentsError> for HandleError {
    fn from(error: DocumentsError) -> Self {
        Self::unavailable_or_retry(error.is_unavailable() || error.is_contention(), error)
    }
}

impl From<UpstreamError> for HandleError {
    fn from(error: UpstreamError) -> Self {
        Self::unavailable_or_retry(error.is_unreachable(), error)
    }
}

/// The body does not match its event type.
impl From<serde_json::Error> for HandleError {
    fn from(error: serde_json::Error) -> Self {
        Self::Poison(error.into())
    }
}
