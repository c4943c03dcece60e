//! Timed work: calls the adapter about open movements, processes dues at their expiry or release,
//! pays out balances, repairs lost events, reconciles orders, books and adapter, and seals
//! plaintext. Each job runs once across replicas.

use std::borrow::Cow;

use custody::{MoneyStep, PayoutStep};
use platform::jobs::Job;
use process::problem::format_error_chain;
use wire::{Currency, OrderId, UserId};

use crate::{
    actions::AdapterWorker,
    adapter::PaymentAdapter,
    reconcile::Reconciler,
    store::{StepMetadata, StoreError},
};

/// `payouts_at` is the payout schedule.
pub fn build_jobs(reconciler: &Reconciler, payouts_at: String) -> Vec<Job> {
    let mut all = service_jobs(reconciler, payouts_at);
    all.extend(callback_job(&reconciler.worker.adapter));
    all
}

/// The simulated adapter's callbacks, sent as if it ran elsewhere.
fn callback_job(adapter: &PaymentAdapter) -> Option<Job> {
    let PaymentAdapter::Simulated(simulated) = adapter else {
        return None;
    };
    let simulated = simulated.clone();
    simulated.can_send_callbacks().then(|| {
        Job::new("payment-simulated-callbacks", "*/2 * * * * *", move || {
            let simulated = simulated.clone();
            async move {
                simulated.send_callbacks().await?;
                Ok(())
            }
        })
    })
}

fn service_jobs(reconciler: &Reconciler, payouts_at: String) -> Vec<Job> {
    let worker = &reconciler.worker;
    vec![
        worker_job(
            worker,
            "payment-errands",
            "4,14,24,34,44,54 * * * * *",
            |worker| async move { worker.make_due_calls().await.map(drop) },
        ),
        worker_job(
            worker,
            "payment-settle",
            "7,37 * * * * *",
            |worker| async move { settle_dues(&worker).await },
        ),
        // An open payout is not begun again.
        worker_job(worker, "payment-payouts", payouts_at, |worker| async move {
            start_due_payouts(&worker).await
        }),
        comparison_job(reconciler),
        reconciliation_job(reconciler),
        Job::reseal("payment-seal", "25 */5 * * * *", worker.store.resealer()),
    ]
}

fn comparison_job(reconciler: &Reconciler) -> Job {
    let comparison = reconciler.comparison.clone();
    Job::new("payment-compare", "15 */10 * * * *", move || {
        let comparison = comparison.clone();
        async move {
            comparison.repair_missed_events().await?;
            Ok(())
        }
    })
}

fn reconciliation_job(reconciler: &Reconciler) -> Job {
    let reconciler = reconciler.clone();
    Job::new("payment-reconciliation", "0 40 5 * * *", move || {
        let reconciler = reconciler.clone();
        async move {
            reconciler.run_reconciliation().await?;
            Ok(())
        }
    })
}

fn worker_job<W>(
    worker: &AdapterWorker,
    name: &'static str,
    cron: impl Into<Cow<'static, str>>,
    run: impl Fn(AdapterWorker) -> W + Clone + Send + Sync + 'static,
) -> Job
where
    W: Future<Output = Result<(), StoreError>> + Send + 'static,
{
    let worker = worker.clone();
    Job::new(name, cron, move || {
        let work = run(worker.clone());
        async move { Ok(work.await?) }
    })
}

/// Closes expired payments, releases undisputed money, and opens cases for long unpaid orders.
pub async fn settle_dues(worker: &AdapterWorker) -> Result<(), StoreError> {
    for order in worker.store.list_dues_by_now().await? {
        let Err(error) = settle_due(worker, order).await else {
            continue;
        };
        if error.is_unavailable() {
            return Err(error);
        }
        // A failing due must not block the others.
        tracing::error!(
            order.id = %order, cause = format_error_chain(&error),
            "Could not process the money of an order; it is postponed"
        );
        worker.store.postpone_due(order).await?;
    }
    Ok(())
}

async fn settle_due(worker: &AdapterWorker, order: OrderId) -> Result<(), StoreError> {
    worker
        .store
        .apply_step(order, &MoneyStep::TimePassed, &StepMetadata::default())
        .await?;
    worker.make_order_calls(order).await
}

/// Sends every large enough balance to its provider, if the adapter can.
pub async fn start_due_payouts(worker: &AdapterWorker) -> Result<(), StoreError> {
    if !worker.adapter.pays_out() {
        return Ok(());
    }
    let mut after: Option<(UserId, Currency)> = None;
    loop {
        let owed = worker.store.list_owed_providers(after).await?;
        let Some(last) = owed.last().copied() else {
            break;
        };
        for (provider, currency) in owed {
            let begun = worker
                .store
                .apply_payout_step(provider, currency, PayoutStep::HourStruck)
                .await;
            let Err(error) = begun else { continue };
            if error.is_unavailable() {
                return Err(error);
            }
            tracing::error!(user.id = %provider, cause = format_error_chain(&error), "Could not start a payout");
        }
        after = Some(last);
    }
    worker.make_due_calls().await.map(drop)
}
