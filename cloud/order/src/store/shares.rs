//! Reads and writes the shares of the work that providers have used up.
//!
//! Invariant: a provider's share is counted and used up under a lock of his own, so that many requests at
//! once take no more than one after the other.

use std::collections::{BTreeMap, BTreeSet};

use platform::{columns, sql::Tx, vals};
use rules::{ProviderAct, Submission};
use wire::{Action, OrderStatus, Role, ShareAct, ShareLimits, UnixMillis, UserId, Workload};

use super::StoreError;

columns! {
    struct ActRow in provider_acts {
        provider_id: UserId,
        act: ShareAct,
        at: UnixMillis,
    }
}

/// The shares of the providers who accept or withdraw by these requests.
pub async fn workloads(
    tx: &mut Tx,
    limits: &ShareLimits,
    requests: &[Submission],
    now: UnixMillis,
) -> Result<BTreeMap<UserId, Workload>, StoreError> {
    let (providers, first) = takers(requests, now);
    if *limits == ShareLimits::OFF || providers.is_empty() {
        return Ok(BTreeMap::new());
    }
    lock(tx, &providers).await?;
    const OPEN: &str = "SELECT provider_id, COUNT(*) FROM orders \
        WHERE status IN (?, ?) AND provider_id IN (";
    const ACTS: &str = "SELECT provider_id, act, at FROM provider_acts \
        WHERE at > ? AND provider_id IN (";
    let mut loads: BTreeMap<UserId, Workload> =
        providers.iter().map(|provider| (*provider, Workload::default())).collect();
    let at_work = vals![OrderStatus::Accepted, OrderStatus::InProgress];
    let open = tx.all_named::<(UserId, u64)>(OPEN, &at_work, &providers, ") GROUP BY provider_id");
    for (provider, jobs) in open.await? {
        loads.entry(provider).or_default().open_jobs = u32::try_from(jobs).unwrap_or(u32::MAX);
    }
    let since = vals![Workload::since(first)];
    let acts = tx.all_named::<(UserId, ShareAct, UnixMillis)>(ACTS, &since, &providers, ")");
    for (provider, act, at) in acts.await? {
        loads.entry(provider).or_default().add(act, at);
    }
    Ok(loads)
}

pub async fn insert(tx: &mut Tx, acts: &[ProviderAct]) -> Result<(), StoreError> {
    let row = |act: &ProviderAct| {
        let ProviderAct { provider_id, act, at } = *act;
        ActRow { provider_id, act, at }
    };
    Ok(tx.insert_all(acts.iter().map(row).collect()).await?)
}

/// Those who use up a share, and the earliest moment at which one was used up.
fn takers(requests: &[Submission], now: UnixMillis) -> (BTreeSet<UserId>, UnixMillis) {
    let mut takers = BTreeSet::new();
    let mut first = now;
    for request in requests {
        let Submission::Command(attempt) = request else { continue };
        let action = attempt.command.body.action();
        let Some(actor) = attempt.actor.filter(|actor| actor.role == Role::Provider) else {
            continue;
        };
        if matches!(action, Some(Action::Accept | Action::Withdraw)) {
            takers.insert(actor.user_id);
            first = attempt.op().map_or(first, |op| op.evidence.received_at.min(first));
        }
    }
    (takers, first)
}

/// In the order of their ids, as every transaction takes them. SQLite has one writer at a time.
async fn lock(tx: &mut Tx, providers: &BTreeSet<UserId>) -> Result<(), StoreError> {
    const LOCK: &str = "INSERT INTO provider_locks (provider_id) VALUES (?) \
        ON DUPLICATE KEY UPDATE provider_id = provider_id";
    if tx.is_mysql() {
        for provider in providers {
            tx.exec(LOCK, vals![*provider]).await?;
        }
    }
    Ok(())
}
