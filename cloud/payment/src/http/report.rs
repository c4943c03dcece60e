//! The reconciliation report for admins.

use axum::extract::State;
use process::{
    problem::{Json, Problem},
    tokens::AdminCaller,
};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;
use wire::{Currency, OrderId, UnixMillis, UserId};

use super::sum::MoneySum;
use crate::{
    reconcile::{MoneyFinding, Reconciliation},
    service::Service,
    store::FindingContext,
};

/// A comparison of orders, payments, the books and the adapter, in their current state.
#[derive(Serialize, ToSchema)]
#[schema(as = Reconciliation)]
pub struct ReportView {
    at: UnixMillis,
    /// The start of the compared bookings and movements.
    since: UnixMillis,
    /// Empty if everything agrees.
    differences: Vec<FindingView>,
    /// Movements open for over an hour, or an adapter without a statement.
    waiting: Vec<FindingView>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = ReconciliationFinding)]
struct FindingView {
    /// Such as `account_adrift`, `adapter_differs` or `needs_person`.
    kind: &'static str,
    /// The journal, account, movement or order.
    subject: Uuid,
    #[schema(required)]
    since: Option<UnixMillis>,
    /// Set if the row still exists, except for payouts and accounts.
    #[schema(required)]
    order_id: Option<OrderId>,
    /// The payee, for a payout or a compensation.
    #[schema(required)]
    provider_id: Option<UserId>,
    /// The amount in our books, for a movement.
    #[schema(required)]
    amount: Option<MoneySum>,
    #[schema(required)]
    currency: Option<Currency>,
}

/// `GET /api/v1/payments/reconciliation`.
pub async fn reconciliation(
    State(service): State<Service>,
    _: AdminCaller,
) -> Result<Json<ReportView>, Problem> {
    Ok(Json(service.reconciler().build_report().await?.into()))
}

/// `POST /api/v1/payments/reconciliation`. Books the adapter's statement before responding, so that
/// no work starts on money that the reader sees is gone.
pub async fn reconcile(
    State(service): State<Service>,
    _: AdminCaller,
) -> Result<Json<ReportView>, Problem> {
    let reconciler = service.reconciler();
    reconciler.book_statement().await?;
    Ok(Json(reconciler.build_report().await?.into()))
}

impl From<Reconciliation> for ReportView {
    fn from(report: Reconciliation) -> Self {
        let Reconciliation {
            at,
            since,
            differences,
            waiting,
        } = report;
        let differences = differences.into_iter().map(FindingView::from).collect();
        let waiting = waiting.into_iter().map(FindingView::from).collect();
        Self {
            at,
            since,
            differences,
            waiting,
        }
    }
}

impl From<MoneyFinding> for FindingView {
    fn from(
        MoneyFinding {
            kind,
            subject,
            since,
            about,
        }: MoneyFinding,
    ) -> Self {
        let FindingContext {
            order_id,
            provider_id,
            amount: moved,
        } = about;
        let (minor, currency) = moved.unzip();
        let amount = minor.map(MoneySum);
        Self {
            kind: kind.as_str(),
            subject,
            since,
            order_id,
            provider_id,
            amount,
            currency,
        }
    }
}
