//! Accepts of the portal that wait, handed in again: the cloud decides them once the right has ended, in
//! whatever way, and says which of them the holder has brought about meanwhile.

use http::Method;
use process::trace::{self, TraceId};
use uuid::Uuid;
use wire::{CommandId, OpDecision, UserId, WaitingAccept, WaitingAccepts, WaitingAnswers};

use super::{owner::ORDER, sweeps::AGAIN_AFTER};
use crate::{NAME, hub::Hub, store::StoreError};

const PATH: &str = "/internal/waiting-accepts";
const PART: usize = 100;

#[derive(Debug, thiserror::Error)]
enum Fault {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("their owner is away")]
    Owner(#[from] platform::upstream::UpstreamError),
    #[error("their owner's answers fit no accepts")]
    Answers,
}

pub(super) async fn follow(hub: &Hub) {
    let stop = hub.tasks.token();
    let mut fails = false;
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            () = hub.wake.turned.notified() => {}
            () = tokio::time::sleep(AGAIN_AFTER) => {}
        }
        let result = hand_in(hub).await;
        if let Err(fault) = &result
            && !fails
        {
            let cause = process::problem::chain(fault);
            tracing::warn!(cause, "The accepts that wait at the portal cannot be handed in");
        }
        fails = result.is_err();
    }
}

async fn hand_in(hub: &Hub) -> Result<(), Fault> {
    let mut after = (CommandId(Uuid::nil()), UserId(Uuid::nil()));
    loop {
        let items = hub.store.waiting_accepts(after, PART).await?;
        let Some(last) = items.last() else { return Ok(()) };
        after = name(last);
        let whole = items.len() < PART;
        let names: Vec<(CommandId, UserId)> = items.iter().map(name).collect();
        let token = hub.service_key.token(NAME, ORDER, &hub.clock);
        let body = WaitingAccepts { items };
        let call = hub.order.json(Method::POST, PATH, Some(&token), Some(&body));
        let WaitingAnswers { answers } = trace::scope(TraceId::random(), call).await?;
        if answers.len() != names.len() {
            return Err(Fault::Answers);
        }
        let is_decided = |answer: &OpDecision| matches!(answer, OpDecision::Decided(_));
        let decided = names.into_iter().zip(&answers).filter(|(_, answer)| is_decided(answer));
        let decided: Vec<_> = decided.map(|(name, _)| name).collect();
        hub.store.drop_asks(&decided).await?;
        if whole {
            return Ok(());
        }
    }
}

/// An id is its user's own.
fn name(item: &WaitingAccept) -> (CommandId, UserId) {
    (item.command.id, item.actor.user_id)
}
