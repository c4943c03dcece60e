//! Accepts of the portal that wait, handed in again: the cloud decides them once the right has ended, in
//! whatever way, and says which of them the holder has brought about meanwhile.

use std::collections::BTreeSet;

use http::Method;
use process::trace::{self, TraceId};
use uuid::Uuid;
use wire::{
    CommandId, HeldReason, OpDecision, UserId, WaitingAccept, WaitingAccepts, WaitingAnswers,
};

use super::{
    owner::{ORDER, is_away},
    sweeps::AGAIN_AFTER,
};
use crate::{
    NAME,
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
    Owner(#[from] platform::upstream::UpstreamError),
    #[error("their owner's answers fit no accepts")]
    Answers,
}

impl Fault {
    /// Whether this says nothing of what was handed in.
    fn is_away(&self) -> bool {
        match self {
            Self::Store(_) => true,
            Self::Owner(error) => is_away(error),
            Self::Answers => false,
        }
    }
}

pub(super) async fn follow(hub: &Hub) {
    let stop = hub.tasks.token();
    let (mut fails, mut bad) = (false, BTreeSet::new());
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            () = hub.wake.turned.notified() => {}
            () = tokio::time::sleep(AGAIN_AFTER) => {}
        }
        let result = hand_in(hub, &mut bad).await;
        if let Err(fault) = &result
            && !fails
        {
            let cause = process::problem::chain(fault);
            tracing::warn!(cause, "The accepts that wait at the portal cannot be handed in");
        }
        fails = result.is_err();
    }
}

/// One that cannot be decided keeps none of the others waiting. Each is spoken of once: `bad` holds those
/// of the last time, and as many wait as the store takes in.
async fn hand_in(hub: &Hub, bad: &mut BTreeSet<AskName>) -> Result<(), Fault> {
    let mut after = (CommandId(Uuid::nil()), UserId(Uuid::nil()));
    let mut bad_now = BTreeSet::new();
    loop {
        let part = hub.store.waiting_accepts(after, PART).await?;
        let Some((last, _)) = part.last() else { break };
        after = *last;
        let whole = part.len() < PART;
        let mut items = Vec::with_capacity(part.len());
        for (name, accept) in part {
            match accept {
                Some(accept) => items.push(accept),
                None => _ = bad_now.insert(name),
            }
        }
        bad_now.extend(decide(hub, items).await?);
        if whole {
            break;
        }
    }
    for (id, user) in bad_now.difference(bad) {
        tracing::error!(command.id = %id, user.id = %user, "An accept that waits cannot be decided");
    }
    *bad = bad_now;
    Ok(())
}

/// All at once or, where that fails while their owner is there, each by itself; answers with those that
/// fail alone.
async fn decide(hub: &Hub, items: Vec<WaitingAccept>) -> Result<Vec<AskName>, Fault> {
    match ask(hub, items.clone()).await {
        Ok(bad) => return Ok(bad),
        Err(fault) if fault.is_away() => return Err(fault),
        Err(_) => {}
    }
    let mut bad = Vec::new();
    for item in items {
        let name = name(&item);
        match ask(hub, vec![item]).await {
            Ok(failed) => bad.extend(failed),
            Err(fault) if fault.is_away() => return Err(fault),
            Err(_) => bad.push(name),
        }
    }
    Ok(bad)
}

/// What is decided waits no more. Answers with those that their owner could not decide.
async fn ask(hub: &Hub, items: Vec<WaitingAccept>) -> Result<Vec<AskName>, Fault> {
    let names: Vec<AskName> = items.iter().map(name).collect();
    let token = hub.service_key.token(NAME, ORDER, &hub.clock);
    let body = WaitingAccepts { items };
    let call = hub.order.json(Method::POST, PATH, Some(&token), Some(&body));
    let WaitingAnswers { answers } = trace::scope(TraceId::random(), call).await?;
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

fn name(item: &WaitingAccept) -> AskName {
    (item.command.id, item.actor.user_id)
}
