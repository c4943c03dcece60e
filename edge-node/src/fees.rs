//! Keeps the edge's copies of the fees up to date. Tablets use the platform fee to show a
//! provider's share of a price, and kiosks use the late-cancellation fee to show the price of a
//! cancel. Fetches both when the link comes up, and then every quarter of an hour.
//!
//! Invariant: only a complete and sound answer replaces a copy.

use std::time::Duration;

use axum::body::{Bytes, to_bytes};
use http::{Method, StatusCode};
use journal::WriteError;
use process::{
    client::{Client, ClientError, json_request},
    problem::format_error_chain,
};
use serde::de::DeserializeOwned;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use wire::{CancelFees, PlatformFees};

use crate::context::{EdgeContext, LinkStatus};

/// An answer is complete for half an hour, so that the next one comes before it has gaps.
const ASKED_EVERY: Duration = Duration::from_mins(15);
const ASKED_AGAIN_AFTER_FAILURE: Duration = Duration::from_mins(1);
const TIMEOUT: Duration = Duration::from_secs(10);
/// Several times the longest list.
const ANSWER_BYTES_MAX: usize = 16 * 1024;

#[derive(Debug, thiserror::Error)]
enum FeesError {
    #[error("the cloud did not answer")]
    Unanswered(#[source] ClientError),
    #[error("the cloud did not answer in time")]
    Late,
    #[error("the cloud answered {0}")]
    Refused(StatusCode),
    #[error("the answer is longer than {ANSWER_BYTES_MAX} bytes, or broke off")]
    Body(#[source] axum::Error),
    #[error("the answer is not a list of fees")]
    Form(#[from] serde_json::Error),
    #[error("the list is empty, too long, out of order, or has a fee or a notice above its limit")]
    Unsound,
    #[error("the fees could not be stored")]
    Store(#[from] WriteError<rusqlite::Error>),
}

#[derive(Debug, Clone, Copy)]
enum FeeList {
    Platform,
    LateCancel,
}

/// A fee list, and the failure that was last logged for it.
struct RefreshedList {
    list: FeeList,
    reported: Option<String>,
}

pub(crate) async fn refresh_until_stopped(
    context: EdgeContext,
    mut link: watch::Receiver<LinkStatus>,
    stop: CancellationToken,
) {
    let client = Client::with_clock(&context.clock);
    let mut lists = [FeeList::Platform, FeeList::LateCancel].map(RefreshedList::new);
    let work = async {
        while wait_for_link(&mut link, true).await {
            let mut are_fresh = true;
            for list in &mut lists {
                are_fresh &= list.refresh_copy(&context, &client).await;
            }
            let pause = if are_fresh {
                ASKED_EVERY
            } else {
                ASKED_AGAIN_AFTER_FAILURE
            };
            // A link that goes down ends the pause, so the next link fetches at once.
            let link_down = tokio::time::timeout(pause, wait_for_link(&mut link, false));
            if matches!(link_down.await, Ok(false)) {
                break;
            }
        }
    };
    tokio::select! {
        () = work => {}
        () = stop.cancelled() => {}
    }
}

/// False if the link has ended for good.
async fn wait_for_link(link: &mut watch::Receiver<LinkStatus>, up: bool) -> bool {
    link.wait_for(|status| status.up == up).await.is_ok()
}

impl RefreshedList {
    fn new(list: FeeList) -> Self {
        Self {
            list,
            reported: None,
        }
    }

    /// False if the copy stays as it was. A repeated reason is logged once.
    async fn refresh_copy(&mut self, context: &EdgeContext, client: &Client) -> bool {
        let refreshed = self.list.copy_from_cloud(context, client).await;
        let reason = refreshed.err().map(|error| format_error_chain(&error));
        if let Some(cause) = &reason
            && reason != self.reported
        {
            self.list.log_failure(cause);
        }
        self.reported = reason;
        self.reported.is_none()
    }
}

impl FeeList {
    async fn copy_from_cloud(
        self,
        context: &EdgeContext,
        client: &Client,
    ) -> Result<(), FeesError> {
        let gateway = context.config.gateway_url.trim_end_matches('/');
        match self {
            Self::Platform => {
                let url = format!("{gateway}/api/v1/platform-fees");
                let fees: PlatformFees = ask_cloud(client, url).await?;
                if !fees.is_sound() {
                    return Err(FeesError::Unsound);
                }
                context.store.save_platform_fees(fees).await?;
            }
            Self::LateCancel => {
                let url = format!("{gateway}/api/v1/cancel-fees");
                let fees: CancelFees = ask_cloud(client, url).await?;
                if !fees.is_sound() {
                    return Err(FeesError::Unsound);
                }
                context.store.save_cancel_fees(fees).await?;
            }
        }
        Ok(())
    }

    fn log_failure(self, cause: &str) {
        match self {
            Self::Platform => tracing::warn!(
                cause,
                "Could not learn the platform's fees; tablets go by those known before"
            ),
            Self::LateCancel => tracing::warn!(
                cause,
                "Could not learn the fee of a late cancel; kiosks go by the one known before"
            ),
        }
    }
}

async fn ask_cloud<T: DeserializeOwned>(client: &Client, url: String) -> Result<T, FeesError> {
    let answer = tokio::time::timeout(TIMEOUT, read_answer(client, url));
    let bytes = answer.await.map_err(|_| FeesError::Late)??;
    Ok(serde_json::from_slice(&bytes)?)
}

async fn read_answer(client: &Client, url: String) -> Result<Bytes, FeesError> {
    let request = json_request(Method::GET, &url, None, None::<&()>);
    let request = request.map_err(FeesError::Unanswered)?;
    let response = client.send_request(request).await;
    let (head, body) = response.map_err(FeesError::Unanswered)?.into_parts();
    if !head.status.is_success() {
        return Err(FeesError::Refused(head.status));
    }
    let bytes = to_bytes(body, ANSWER_BYTES_MAX).await;
    bytes.map_err(FeesError::Body)
}
