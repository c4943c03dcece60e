//! Hands a run of ops to the service that decides it.

use std::sync::Arc;

use http::{Method, StatusCode};
use platform::upstream::UpstreamError;
use process::trace::{self, TraceId};
use tokio::sync::Semaphore;
use wire::{BatchOp, OpAnswer, OpsBatch, OpsDecisions};

use crate::{NAME, hub::Hub, store::Claim};

const PATH: &str = "/internal/ops";
pub(super) const ORDER: &str = "order";
/// Batches of different edges under way at once; the rest wait their turn.
const BATCHES_MAX: usize = 4;
/// What a batch may weigh as JSON; the owner takes several times as much.
pub(super) const BYTES_MAX: usize = 2 * 1024 * 1024;

#[derive(Clone)]
pub(super) struct Batches(Arc<Semaphore>);

impl Default for Batches {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(BATCHES_MAX)))
    }
}

/// What came of a batch.
#[derive(Debug)]
pub(super) enum Answered {
    Decisions(Vec<OpAnswer>),
    /// The owner is out of reach, or takes nothing at all now.
    Away(UpstreamError),
    /// It takes batches, but not this one.
    Failed(UpstreamError),
}

/// A batch that fails is followed by an empty one, and a `controlled` one also preceded by it: an
/// owner that takes no batch at all is away. One that answers an empty batch and not this one is there,
/// however long it has kept silent.
pub(super) async fn hand_over(
    hub: &Hub,
    batches: &Batches,
    claim: &Claim,
    ops: Vec<BatchOp>,
    controlled: bool,
) -> Answered {
    let Ok(_turn) = batches.0.acquire().await else { unreachable!("it is never closed") };
    if controlled && let Err(error) = control(hub, claim).await {
        return Answered::Away(error);
    }
    let batch =
        OpsBatch { edge: claim.edge.clone(), region: claim.region, epoch: claim.epoch, ops };
    match ask(hub, &batch).await {
        Ok(decisions) => Answered::Decisions(decisions.answers),
        Err(error) if is_away(&error) && !matches!(error, UpstreamError::TimedOut) => {
            Answered::Away(error)
        }
        Err(error) => match control(hub, claim).await {
            Ok(()) => Answered::Failed(error),
            Err(error) => Answered::Away(error),
        },
    }
}

async fn control(hub: &Hub, claim: &Claim) -> Result<(), UpstreamError> {
    let Claim { edge, region, epoch, .. } = claim.clone();
    ask(hub, &OpsBatch { edge, region, epoch, ops: Vec::new() }).await.map(drop)
}

async fn ask(hub: &Hub, batch: &OpsBatch) -> Result<OpsDecisions, UpstreamError> {
    let token = hub.service_key.token(NAME, ORDER, &hub.clock);
    let call = hub.order.json(Method::POST, PATH, Some(&token), Some(batch));
    // The batch is a trace of its own; each op in it goes on under its command's.
    let call = trace::scope(TraceId::random(), call);
    let answered = tokio::time::timeout(hub.decided_within, call).await;
    answered.unwrap_or(Err(UpstreamError::TimedOut))
}

/// Answers that speak of the owner, or of the way to it, and not of what was asked.
pub(super) fn is_away(error: &UpstreamError) -> bool {
    match error {
        UpstreamError::Unreachable(_) | UpstreamError::TimedOut => true,
        UpstreamError::Refused { status, .. } => matches!(
            *status,
            StatusCode::UNAUTHORIZED
                | StatusCode::FORBIDDEN
                | StatusCode::NOT_FOUND
                | StatusCode::TOO_MANY_REQUESTS
                | StatusCode::BAD_GATEWAY
                | StatusCode::SERVICE_UNAVAILABLE
                | StatusCode::GATEWAY_TIMEOUT
        ),
        UpstreamError::Unreadable(_) | UpstreamError::Request(_) => false,
    }
}
