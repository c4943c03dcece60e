//! Timed work: calls the adapter about open movements, processes dues at their expiry or release,
//! pays out balances, repairs lost events, reconciles orders, books and adapter, and seals
//! plaintext. Each job runs once across replicas.

use std::borrow::Cow;

use custody::{MoneyStep, PayoutStep};
use platform::{jobs::Job, sealing::SealWalk};
use process::problem::chain;
use uuid::Uuid;
use wire::{Currency, OrderId, UserId};

use crate::{
    adapter::Payments,
    courier::Courier,
    reconcile::Reconciler,
    store::{StepNote, Store, StoreError},
};

/// Batches of one table per run.
const BATCHES_MAX: usize = 200;

/// The progress of sealing in both tables with people's text.
#[derive(Clone)]
pub struct ReasonWalks {
    requests: SealWalk<Uuid>,
    acts: SealWalk<Uuid>,
}

impl Default for ReasonWalks {
    fn default() -> Self {
        Self {
            requests: SealWalk::of("payment.refund_requests"),
            acts: SealWalk::of("payment.money_acts"),
        }
    }
}

/// `payouts_at` is the payout schedule.
pub fn all(reconciler: &Reconciler, payouts_at: String) -> Vec<Job> {
    let mut all = own(reconciler, payouts_at);
    all.extend(callbacks(&reconciler.courier.adapter));
    all
}

/// The simulated adapter's callbacks, sent as if it ran elsewhere.
fn callbacks(adapter: &Payments) -> Option<Job> {
    let Payments::Simulated(simulated) = adapter else { return None };
    let simulated = simulated.clone();
    simulated.tells().then(|| {
        Job::new("payment-simulated-callbacks", "*/2 * * * * *", move || {
            let simulated = simulated.clone();
            async move {
                simulated.send_callbacks().await?;
                Ok(())
            }
        })
    })
}

fn own(reconciler: &Reconciler, payouts_at: String) -> Vec<Job> {
    let courier = &reconciler.courier;
    let walks = ReasonWalks::default();
    let seal = {
        let store = courier.store.clone();
        Job::new("payment-seal", "25 */5 * * * *", move || {
            let (store, walks) = (store.clone(), walks.clone());
            async move { Ok(seal(&store, &walks).await?) }
        })
    };
    vec![
        job(courier, "payment-errands", "4,14,24,34,44,54 * * * * *", |courier| async move {
            courier.carry_all().await.map(drop)
        }),
        job(courier, "payment-settle", "7,37 * * * * *", |courier| async move {
            settle(&courier).await
        }),
        // An open payout is not begun again.
        job(
            courier,
            "payment-payouts",
            payouts_at,
            |courier| async move { pay_out(&courier).await },
        ),
        compare(reconciler),
        report(reconciler),
        seal,
    ]
}

fn compare(reconciler: &Reconciler) -> Job {
    let comparison = reconciler.comparison.clone();
    Job::new("payment-compare", "15 */10 * * * *", move || {
        let comparison = comparison.clone();
        async move {
            comparison.pull().await?;
            Ok(())
        }
    })
}

fn report(reconciler: &Reconciler) -> Job {
    let reconciler = reconciler.clone();
    Job::new("payment-reconciliation", "0 40 5 * * *", move || {
        let reconciler = reconciler.clone();
        async move {
            reconciler.reconcile().await?;
            Ok(())
        }
    })
}

fn job<W>(
    courier: &Courier,
    name: &'static str,
    cron: impl Into<Cow<'static, str>>,
    run: impl Fn(Courier) -> W + Clone + Send + Sync + 'static,
) -> Job
where
    W: Future<Output = Result<(), StoreError>> + Send + 'static,
{
    let courier = courier.clone();
    Job::new(name, cron, move || {
        let work = run(courier.clone());
        async move { Ok(work.await?) }
    })
}

/// Closes expired payments, releases undisputed money, and opens cases for long unpaid orders.
pub async fn settle(courier: &Courier) -> Result<(), StoreError> {
    for order in courier.store.dues_by_now().await? {
        let Err(error) = look_at(courier, order).await else { continue };
        if error.is_unavailable() {
            return Err(error);
        }
        // A failing due must not block the others.
        tracing::error!(order.id = %order, cause = chain(&error), "A due cannot go on");
        courier.store.look_later(order).await?;
    }
    Ok(())
}

async fn look_at(courier: &Courier, order: OrderId) -> Result<(), StoreError> {
    courier.store.step(order, &MoneyStep::TimePassed, &StepNote::default()).await?;
    courier.carry(order).await
}

/// Sends every large enough balance to its provider, if the adapter can.
pub async fn pay_out(courier: &Courier) -> Result<(), StoreError> {
    if !courier.adapter.pays_out() {
        return Ok(());
    }
    let mut after: Option<(UserId, Currency)> = None;
    loop {
        let owed = courier.store.owed(after).await?;
        let Some(last) = owed.last().copied() else { break };
        for (provider, currency) in owed {
            let begun = courier.store.pay_out(provider, currency, PayoutStep::HourStruck).await;
            let Err(error) = begun else { continue };
            if error.is_unavailable() {
                return Err(error);
            }
            tracing::error!(user.id = %provider, cause = chain(&error), "A payout cannot begin");
        }
        after = Some(last);
    }
    courier.carry_all().await.map(drop)
}

pub async fn seal(store: &Store, walks: &ReasonWalks) -> Result<(), StoreError> {
    let mut turn = walks.requests.turn(store.data_keys(), BATCHES_MAX).await;
    while let Some(after) = turn.place() {
        turn.reached(store.reseal_reasons(after).await?);
    }
    let mut turn = walks.acts.turn(store.data_keys(), BATCHES_MAX).await;
    while let Some(after) = turn.place() {
        turn.reached(store.reseal_acts(after).await?);
    }
    Ok(())
}
