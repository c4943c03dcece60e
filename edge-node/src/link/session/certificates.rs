//! Requests the certificate of this edge's listeners from the hub, and stores it.
//!
//! Invariant: no failure here ends the session. The next check retries.

use std::{convert::Infallible, time::Duration};

use process::problem::format_error_chain;
use tokio::task;
use wire::CertificateAnswer;

use super::{LinkSession, SessionEnd};
use crate::issued_certificate::CertificateError;

/// An edge that moves to another network has new addresses.
const CHECK_EVERY: Duration = Duration::from_secs(60 * 60);

impl LinkSession<'_> {
    /// Runs once in every session, and then every hour.
    pub(super) async fn request_certificate_if_due(&mut self) -> Result<(), SessionEnd> {
        let context = &self.link.context;
        let elapsed = context.clock.elapsed();
        let is_early = self
            .certificate_checked_at
            .is_some_and(|at| elapsed.saturating_sub(at) < CHECK_EVERY);
        if is_early {
            return Ok(());
        }
        self.certificate_checked_at = Some(elapsed);
        let certificate = self.link.certificate.clone();
        let now = context.clock.now();
        let preparing = run_blocking(move || certificate.prepare_request(now));
        let csr = self.wait_for_file(Box::pin(preparing)).await?.flatten();
        if let Some(request) = csr.and_then(|csr| self.edge.request_certificate(csr)) {
            self.socket.send(&request).await?;
        }
        Ok(())
    }

    pub(super) async fn store_certificate(
        &mut self,
        answer: CertificateAnswer,
    ) -> Result<(), SessionEnd> {
        let certificate = self.link.certificate.clone();
        let storing = run_blocking(move || certificate.handle_answer(&answer));
        self.wait_for_file(Box::pin(storing)).await?;
        if let Some(shown) = &self.link.context.security.certificate {
            // The periodic reload reports files that it cannot use.
            let _ = shown.reload_if_changed().await;
        }
        Ok(())
    }
}

/// Returns `None` after a failure, which it logs.
async fn run_blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, CertificateError> + Send + 'static,
) -> Result<Option<T>, Infallible> {
    let cause = match task::spawn_blocking(work).await {
        Ok(Ok(done)) => return Ok(Some(done)),
        Ok(Err(error)) => format_error_chain(&error),
        Err(error) => format_error_chain(&error),
    };
    tracing::error!(
        cause,
        "Could not get a certificate for this edge's listeners"
    );
    Ok(None)
}
