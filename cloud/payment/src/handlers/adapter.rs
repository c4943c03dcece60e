//! Messages from the adapter, and the reconciliation with its statement. Anyone can send a message;
//! only a signed one about one of our movements has an effect, and the effect is a query to the
//! adapter [ASK_DONT_BELIEVE].

use axum::{
    body::Bytes,
    extract::State,
    http::HeaderMap,
    response::{IntoResponse, Response},
};
use custody::MovementId;
use process::problem::{self, ItemList, Json, Path, Problem, TimeCursor};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;
use wire::{Amount, Code, Currency, OrderId, UnixMillis, UserId};

use super::{MoneySum, to_amount};
use crate::{
    actions::Service,
    reconcile::{FindingKind, MoneyFinding, Reconciliation},
    store::{CallbackRow, CallbackVerdict, FindingContext, parse_column},
};

type Page = problem::Page<TimeCursor>;

/// Larger messages are refused.
const BODY_BYTES_MAX: usize = 64 * 1024;

/// The name of an adapter.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(transparent)]
pub(crate) struct AdapterWord(String);

/// A message received from the adapter.
#[derive(Serialize, ToSchema)]
#[schema(as = PaymentCallback)]
pub(crate) struct CallbackView {
    id: Uuid,
    /// `asked` (we queried the adapter), `forged` or `unknown`.
    verdict: CallbackVerdict,
    /// As claimed by the message; never acted on.
    #[schema(required)]
    movement_id: Option<Uuid>,
    #[schema(required)]
    claim: Option<String>,
    #[schema(required)]
    amount: Option<Amount>,
    at: UnixMillis,
}

/// `POST /api/v1/payments/callbacks/{adapter}`.
pub(crate) async fn callback(
    State(service): State<Service>,
    Path(AdapterWord(adapter)): Path<AdapterWord>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Problem> {
    if adapter != service.worker.adapter.name() {
        return Err(Code::NotFound.into());
    }
    process_callback(&service, &headers, &body).await
}

/// `POST /api/v1/payments/callback`: for the configured adapter.
pub(crate) async fn usual_callback(
    State(service): State<Service>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Problem> {
    process_callback(&service, &headers, &body).await
}

async fn process_callback(
    service: &Service,
    headers: &HeaderMap,
    body: &[u8],
) -> Result<Response, Problem> {
    let Service {
        store,
        worker,
        callbacks,
        ..
    } = service;
    let now = store.clock().now();
    if body.len() > BODY_BYTES_MAX {
        return Err(Code::BodyTooLarge.into());
    }
    let name = worker.adapter.name();
    let callback = worker.adapter.read_callback(headers, body);
    if !callback.is_signed {
        if callbacks.admits_forged_record(now) {
            tracing::warn!("Rejected a callback that the adapter did not sign");
            store
                .keep_callback(name, &callback, CallbackVerdict::Forged)
                .await?;
        }
        return Err(Code::SignatureWrong.into());
    }
    if !callbacks.admits_signed(now) {
        return Err(Problem::new(Code::TooManyRequests).retry_after(1));
    }
    let movement = callback.claim.movement.map(MovementId);
    let is_ours = match movement {
        Some(id) => store.build_query_call(id).await?.is_some(),
        None => false,
    };
    // Record the message first, so that it survives a failing query.
    let verdict = if is_ours {
        CallbackVerdict::Asked
    } else {
        CallbackVerdict::Unknown
    };
    store.keep_callback(name, &callback, verdict).await?;
    let Some(id) = movement.filter(|_| is_ours) else {
        return Err(Code::NotFound.into());
    };
    worker.query_movement(id).await?;
    Ok(worker.adapter.acknowledgement_body().into_response())
}

/// `GET /api/v1/admin/payment-callbacks`.
pub(crate) async fn callbacks(
    State(service): State<Service>,
    page: Page,
) -> Result<ItemList<CallbackView>, Problem> {
    let rows = service
        .store
        .list_callbacks(page.rows_to_read(), page.after)
        .await?;
    let ItemList { items, next } = page.build_page(rows, |row| TimeCursor {
        at: row.at,
        id: row.id,
    });
    let items = items
        .into_iter()
        .map(CallbackView::from_row)
        .collect::<Result<_, _>>()?;
    Ok(ItemList { items, next })
}

impl CallbackView {
    fn from_row(row: CallbackRow) -> Result<Self, Problem> {
        Ok(Self {
            id: row.id,
            verdict: parse_column(&row.verdict, "callbacks.verdict", row.id)?,
            movement_id: row.movement_id,
            claim: row.claim,
            // A message may claim an impossible amount.
            amount: row.amount_minor.and_then(|minor| to_amount(minor).ok()),
            at: row.at,
        })
    }
}

/// A comparison of orders, payments, the books and the adapter, in their current state.
#[derive(Serialize, ToSchema)]
#[schema(as = Reconciliation)]
pub(crate) struct ReportView {
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
    kind: FindingKind,
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
pub(crate) async fn reconciliation(
    State(service): State<Service>,
) -> Result<Json<ReportView>, Problem> {
    Ok(Json(service.reconciler().build_report().await?.into()))
}

/// `POST /api/v1/payments/reconciliation`. Books the adapter's statement before responding, so that
/// no work starts on money that the reader sees is gone.
pub(crate) async fn reconcile(State(service): State<Service>) -> Result<Json<ReportView>, Problem> {
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
            kind,
            subject,
            since,
            order_id,
            provider_id,
            amount,
            currency,
        }
    }
}
