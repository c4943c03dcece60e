//! The reconciliation report for admins.

use axum::extract::State;
use process::{
    problem::{Json, Problem},
    tokens::Admin,
};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;
use wire::UnixMillis;

use crate::{
    reconcile::{MoneyFinding, Reconciliation},
    service::Service,
};

/// Orders, payments, the books and the adapter held against each other, as they stand now.
#[derive(Serialize, ToSchema)]
#[schema(as = Reconciliation)]
pub struct ReportView {
    at: UnixMillis,
    /// Bookings and movements from here on were compared.
    since: UnixMillis,
    /// Empty, where all agree.
    differences: Vec<FindingView>,
    /// Open for longer than an hour, or an adapter without a statement.
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
}

/// `GET /api/v1/payments/reconciliation`.
pub async fn reconciliation(
    State(service): State<Service>,
    _: Admin,
) -> Result<Json<ReportView>, Problem> {
    let Reconciliation { at, since, differences, waiting } = service.reconciler().report().await?;
    let views = |found: Vec<MoneyFinding>| found.into_iter().map(FindingView::from).collect();
    Ok(Json(ReportView { at, since, differences: views(differences), waiting: views(waiting) }))
}

impl From<MoneyFinding> for FindingView {
    fn from(MoneyFinding { kind, subject, since }: MoneyFinding) -> Self {
        Self { kind: kind.as_str(), subject, since }
    }
}
