//! Keeps the edge's copy of the platform fee up to date, from which tablets show what a provider
//! gets for an order: asks the cloud when the link comes up, and then every quarter of an hour.
//!
//! Invariant: only a whole and sound answer replaces the copy.

use std::time::Duration;

use axum::body::to_bytes;
use http::{Method, StatusCode};
use journal::WriteError;
use process::{
    client::{Client, ClientError, json_request},
    problem::format_error_chain,
};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use wire::PlatformFees;

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
    #[error("the list is empty, too long, out of order, or has a fee above the whole price")]
    Unsound,
    #[error("the fees could not be stored")]
    Store(#[from] WriteError<rusqlite::Error>),
}

pub(crate) async fn refresh_until_stopped(
    context: EdgeContext,
    mut link: watch::Receiver<LinkStatus>,
    stop: CancellationToken,
) {
    let client = Client::with_clock(&context.clock);
    let mut reported = None;
    let work = async {
        while wait_for_link(&mut link, true).await {
            let refreshed = refresh_fees(&context, &client).await;
            let reason = refreshed.err().map(|error| format_error_chain(&error));
            // Log a repeated reason once.
            if let Some(cause) = &reason
                && reason != reported
            {
                tracing::warn!(
                    cause,
                    "Could not learn the platform's fees; tablets go by those known before"
                );
            }
            reported = reason;
            let pause = if reported.is_none() {
                ASKED_EVERY
            } else {
                ASKED_AGAIN_AFTER_FAILURE
            };
            // A link that goes down ends the pause, so that the next one asks at once.
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

async fn refresh_fees(context: &EdgeContext, client: &Client) -> Result<(), FeesError> {
    let gateway = context.config.gateway_url.trim_end_matches('/');
    let asking = ask_cloud(client, format!("{gateway}/api/v1/platform-fees"));
    let fees = tokio::time::timeout(TIMEOUT, asking)
        .await
        .map_err(|_| FeesError::Late)??;
    Ok(context.store.save_platform_fees(fees).await?)
}

async fn ask_cloud(client: &Client, url: String) -> Result<PlatformFees, FeesError> {
    let request = json_request(Method::GET, &url, None, None::<&()>);
    let request = request.map_err(FeesError::Unanswered)?;
    let response = client.send_request(request).await;
    let (head, body) = response.map_err(FeesError::Unanswered)?.into_parts();
    if !head.status.is_success() {
        return Err(FeesError::Refused(head.status));
    }
    let bytes = to_bytes(body, ANSWER_BYTES_MAX)
        .await
        .map_err(FeesError::Body)?;
    let fees: PlatformFees = serde_json::from_slice(&bytes)?;
    if fees.is_sound() {
        Ok(fees)
    } else {
        Err(FeesError::Unsound)
    }
}
