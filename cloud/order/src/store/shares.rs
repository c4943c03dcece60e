//! Reads and writes providers' shares of the work, and counts customers' open orders.
//!
//! Invariant: a person's share is counted and used up under a per-person lock, so that concurrent
//! requests take no more than sequential ones. A batch locks its providers before its customers.

use std::collections::{BTreeMap, BTreeSet};

use platform::{
    columns,
    sql::{Tx, Val},
    vals,
};
use rules::{ProviderAct, Submission};
use wire::{
    Action, CommandBody, OrderStatus, ProviderWorkload, Role, ShareAct, ShareLimits, UnixMillis,
    UserId, is_open,
};

use super::StoreError;

columns! {
    struct ActRow in provider_acts {
        provider_id: UserId,
        act: ShareAct,
        at: UnixMillis,
    }
}

impl ActRow {
    fn from_act(act: &ProviderAct) -> Self {
        let ProviderAct {
            provider_id,
            act,
            at,
        } = *act;
        Self {
            provider_id,
            act,
            at,
        }
    }
}

/// The shares of the providers accepting or withdrawing in these requests.
pub async fn read_workloads(
    tx: &mut Tx,
    limits: &ShareLimits,
    submissions: &[Submission],
    now: UnixMillis,
) -> Result<BTreeMap<UserId, ProviderWorkload>, StoreError> {
    let (providers, first) = share_takers(submissions, now);
    if *limits == ShareLimits::OFF || providers.is_empty() {
        return Ok(BTreeMap::new());
    }
    lock_people(tx, &providers).await?;
    const OPEN: &str = "SELECT provider_id, COUNT(*) FROM orders \
        WHERE status IN (?, ?) AND provider_id IN (";
    const ACTS: &str = "SELECT provider_id, act, at FROM provider_acts \
        WHERE at > ? AND provider_id IN (";
    let mut loads: BTreeMap<UserId, ProviderWorkload> = providers
        .iter()
        .map(|provider| (*provider, ProviderWorkload::default()))
        .collect();
    let at_work = vals![OrderStatus::Accepted, OrderStatus::InProgress];
    let open = tx.all_named::<(UserId, u64)>(OPEN, &at_work, &providers, ") GROUP BY provider_id");
    for (provider, jobs) in open.await? {
        loads.entry(provider).or_default().open_jobs = u32::try_from(jobs).unwrap_or(u32::MAX);
    }
    let since = vals![ProviderWorkload::window_start(first)];
    let acts = tx.all_named::<(UserId, ShareAct, UnixMillis)>(ACTS, &since, &providers, ")");
    for (provider, act, at) in acts.await? {
        loads.entry(provider).or_default().add(act, at);
    }
    Ok(loads)
}

/// The open-order counts of the customers publishing in these requests.
pub async fn open_orders(
    tx: &mut Tx,
    most: u32,
    submissions: &[Submission],
) -> Result<BTreeMap<UserId, u32>, StoreError> {
    let customers = publishing_customers(submissions);
    if most == 0 || customers.is_empty() {
        return Ok(BTreeMap::new());
    }
    lock_people(tx, &customers).await?;
    const OPEN: &str = "SELECT customer_id, COUNT(*) FROM orders \
        WHERE status IN (?, ?, ?, ?) AND customer_id IN (";
    let open = OrderStatus::ALL
        .into_iter()
        .filter(|status| is_open(*status));
    let open: Vec<Val> = open.map(Val::from).collect();
    let mut counts: BTreeMap<UserId, u32> =
        customers.iter().map(|customer| (*customer, 0)).collect();
    let rows = tx.all_named::<(UserId, u64)>(OPEN, &open, &customers, ") GROUP BY customer_id");
    for (customer, orders) in rows.await? {
        counts.insert(customer, u32::try_from(orders).unwrap_or(u32::MAX));
    }
    Ok(counts)
}

fn publishing_customers(submissions: &[Submission]) -> BTreeSet<UserId> {
    let publishes = submissions.iter().filter_map(|request| match request {
        Submission::Command(attempt) => {
            let publishes = matches!(attempt.command.body, CommandBody::PublishOrder { .. });
            attempt
                .actor
                .filter(|actor| publishes && actor.role == Role::Customer)
        }
        Submission::LeaseReleased { .. } => None,
    });
    publishes.map(|actor| actor.user_id).collect()
}

pub async fn insert(tx: &mut Tx, acts: &[ProviderAct]) -> Result<(), StoreError> {
    let rows = acts.iter().map(ActRow::from_act).collect();
    Ok(tx.insert_all(rows).await?)
}

/// The providers using up a share, and the earliest time of use.
fn share_takers(submissions: &[Submission], now: UnixMillis) -> (BTreeSet<UserId>, UnixMillis) {
    let mut takers = BTreeSet::new();
    let mut first = now;
    for request in submissions {
        let Submission::Command(attempt) = request else {
            continue;
        };
        let action = attempt.command.body.order_action();
        let Some(actor) = attempt.actor.filter(|actor| actor.role == Role::Provider) else {
            continue;
        };
        if matches!(action, Some(Action::Accept | Action::Withdraw)) {
            takers.insert(actor.user_id);
            first = attempt
                .op()
                .map_or(first, |op| op.evidence.received_at.min(first));
        }
    }
    (takers, first)
}

/// Locks people in id order, like every transaction. SQLite has one writer and requires no lock.
async fn lock_people(tx: &mut Tx, people: &BTreeSet<UserId>) -> Result<(), StoreError> {
    const LOCK: &str = "INSERT INTO provider_locks (provider_id) VALUES (?) \
        ON DUPLICATE KEY UPDATE provider_id = provider_id";
    if tx.is_mysql() {
        for person in people {
            tx.exec(LOCK, vals![*person]).await?;
        }
    }
    Ok(())
}
