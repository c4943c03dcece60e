//! Accepts of the portal that wait, handed in again: the cloud decides them once the right has ended, in
//! whatever way, and says which of them the holder has brought about meanwhile.
//!
//! Invariant: one that fails alone is counted and handed in no more in the end, so that it waits for an
//! operator and for nobody in secret. Only what fails while others could be decided counts.

use http::Method;
use platform::upstream::UpstreamError;
use process::trace::{self, TraceId};
use uuid::Uuid;
use wire::{
    CommandId, HeldReason, OpDecision, UserId, WaitingAccept, WaitingAccepts, WaitingAnswers,
};

use super::owner::{ORDER, is_away};
use crate::{
    NAME,
    domain::batch::FAILURES_MAX,
    hub::Hub,
    store::{AskName, StoreError},
};

const PATH: &str = "/internal/waiting-accepts";
const PART: usize = 100;

#[derive(Debug, thiserror::Error)]
enum Fault {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("their owner is away")]
    Away(#[source] UpstreamError),
    #[error("their owner fails on them")]
    Failed(#[source] UpstreamError),
    #[error("their owner's answers fit no accepts")]
    Answers,
}

impl Fault {
    /// Whether this may be the fault of what was handed in.
    fn blames_them(&self) -> bool {
        matches!(self, Self::Failed(_) | Self::Answers)
    }
}

pub(super) async fn follow(hub: &Hub) {
    let stop = hub.tasks.token();
    let mut fails = false;
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            () = hub.wake.turned.notified() => {}
            () = tokio::time::sleep(hub.held_again) => {}
        }
        let result = tokio::select! {
            result = hand_in(hub) => result,
            () = super::given_up(&stop) => return,
        };
        if let Err(fault) = &result
            && !fails
        {
            let cause = process::problem::chain(fault);
            tracing::warn!(cause, "The accepts that wait at the portal cannot be handed in");
        }
        fails = result.is_err();
    }
}

/// One that cannot be decided keeps none of the others waiting.
async fn hand_in(hub: &Hub) -> Result<(), Fault> {
    let mut after = Some((CommandId(Uuid::nil()), UserId(Uuid::nil())));
    while let Some(from) = after {
        let part = hub.store.waiting_accepts(from, PART).await?;
        let failures = |name: &AskName| part.failures.get(name).copied().unwrap_or_default();
        let mut bad = part.unreadable.clone();
        if !part.accepts.is_empty() {
            let doubted = part.accepts.iter().any(|accept| failures(&name(accept)) > 0);
            bad.extend(decide(hub, part.accepts.clone(), doubted).await?);
        }
        for name in bad {
            failed(hub, name, failures(&name)).await?;
        }
        after = part.next;
    }
    Ok(())
}

async fn failed(hub: &Hub, name: AskName, failures: u32) -> Result<(), StoreError> {
    if !hub.store.ask_failed(name, failures).await? {
        return Ok(());
    }
    let (id, user) = name;
    if failures + 1 >= FAILURES_MAX {
        tracing::error!(command.id = %id, user.id = %user, "Accept `{id}` needs an operator");
    } else {
        tracing::error!(command.id = %id, user.id = %user, "Accept `{id}` cannot be decided");
    }
    Ok(())
}

/// All at once or, where that fails, each by itself; answers with those that fail alone. Those that are
/// `doubted` are tried only between two controls that succeed, the others only before one: an owner that
/// decides nothing at all says nothing of them.
async fn decide(
    hub: &Hub,
    items: Vec<WaitingAccept>,
    doubted: bool,
) -> Result<Vec<AskName>, Fault> {
    if doubted {
        control(hub).await?;
    }
    let names: Vec<AskName> = items.iter().map(name).collect();
    match tried(hub, items.clone()).await? {
        Some(bad) => return Ok(bad),
        None if names.len() == 1 => return Ok(names),
        None => {}
    }
    let mut bad = Vec::new();
    for item in items {
        let name = name(&item);
        bad.extend(tried(hub, vec![item]).await?.unwrap_or_else(|| vec![name]));
    }
    Ok(bad)
}

/// Those of a list that its owner could not decide, `None` where the list fails as a whole. Where there
/// is any such failure the owner was there also after it.
async fn tried(hub: &Hub, items: Vec<WaitingAccept>) -> Result<Option<Vec<AskName>>, Fault> {
    let bad = match ask(hub, items).await {
        Ok(bad) if bad.is_empty() => return Ok(Some(bad)),
        Ok(bad) => Some(bad),
        Err(fault) if fault.blames_them() => {
            let cause = process::problem::chain(&fault);
            tracing::error!(cause, "A list of accepts that wait fails");
            None
        }
        Err(fault) => return Err(fault),
    };
    control(hub).await?;
    Ok(bad)
}

/// Whether anything is decided at all.
async fn control(hub: &Hub) -> Result<(), Fault> {
    match call(hub, Vec::new()).await {
        Ok(_) => Ok(()),
        Err(error) => Err(Fault::Away(error)),
    }
}

/// What is decided waits no more. Answers with those that their owner could not decide.
async fn ask(hub: &Hub, items: Vec<WaitingAccept>) -> Result<Vec<AskName>, Fault> {
    let names: Vec<AskName> = items.iter().map(name).collect();
    let answers = match call(hub, items).await {
        Ok(WaitingAnswers { answers }) => answers,
        // One that keeps silent may do so because of one of them; the control tells.
        Err(error) if is_away(&error) && !matches!(error, UpstreamError::TimedOut) => {
            return Err(Fault::Away(error));
        }
        Err(error) => return Err(Fault::Failed(error)),
    };
    if answers.len() != names.len() {
        return Err(Fault::Answers);
    }
    let (mut decided, mut bad) = (Vec::new(), Vec::new());
    for (name, answer) in names.into_iter().zip(answers) {
        match answer {
            OpDecision::Decided(_) => decided.push(name),
            OpDecision::Held(HeldReason::NeedsOperator) => bad.push(name),
            OpDecision::Held(HeldReason::Region) => {}
        }
    }
    hub.store.drop_asks(&decided).await?;
    Ok(bad)
}

async fn call(hub: &Hub, items: Vec<WaitingAccept>) -> Result<WaitingAnswers, UpstreamError> {
    let token = hub.service_key.token(NAME, ORDER, &hub.clock);
    let body = WaitingAccepts { items };
    let call = hub.order.json(Method::POST, PATH, Some(&token), Some(&body));
    let call = trace::scope(TraceId::random(), call);
    let answered = tokio::time::timeout(hub.decided_within, call).await;
    answered.unwrap_or(Err(UpstreamError::TimedOut))
}

fn name(item: &WaitingAccept) -> AskName {
    (item.command.id, item.actor.user_id)
}
