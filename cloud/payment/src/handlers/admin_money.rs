//! Admins' discretionary actions on money. Each is recorded with its reason in the transaction of
//! its change.

use axum::{extract::State, http::StatusCode};
use custody::{CompensationRequest, MoneyStep, MovementId, OrderMoney, RefundState, Saga, Source};
use process::problem::{Json, MaybeJson, Path, Problem, format_error_chain};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;
use wire::{Amount, Code, Currency, OrderId, OrderStatus, PaymentStatus, UnixMillis, UserId};

use super::{
    KeyedAdmin, MoneySum, money_cases::CaseView, payments::PaymentView, refunds::RequestView,
    to_amount,
};
use crate::{
    actions::{Service, order_service_unavailable},
    say,
    store::{
        KeyedRequest, MoneyAct, MoneyActKind, MoneyActRow, RefundRow, StepMetadata, parse_column,
    },
};

/// The state of an order's money, for admins.
#[derive(Serialize, ToSchema)]
#[schema(as = MoneyDesk)]
pub(crate) struct DeskView {
    order_id: OrderId,
    order_status: OrderStatus,
    payment_status: PaymentStatus,
    /// `settling`, `needs_person` (a refund failed: send it again, or record payment by other
    /// means) or `done`.
    saga: Saga,
    customer_id: UserId,
    #[schema(required)]
    provider_id: Option<UserId>,
    price: Amount,
    currency: Currency,
    /// In custody.
    held: MoneySum,
    /// Granted to the customer from the money in custody.
    granted: MoneySum,
    /// Granted from the platform's own money.
    goodwill: MoneySum,
    /// Taken back by the customer's bank, less reversals.
    charged_back: MoneySum,
    /// The maximum goodwill that can still be granted.
    goodwill_most: MoneySum,
    /// The price of the cancel, if the order was cancelled.
    #[schema(required)]
    cancel_fee: Option<Amount>,
    /// When the next timed step is due.
    #[schema(required)]
    next_at: Option<UnixMillis>,
    payments: Vec<PaymentView>,
    refunds: Vec<RefundView>,
    requests: Vec<RequestView>,
    cases: Vec<CaseView>,
    acts: Vec<ActView>,
    /// Providers with work in vain on the order. Null if the order service is unavailable.
    #[schema(required)]
    worked_in_vain: Option<Vec<VainWorkView>>,
}

/// Work in vain on an order. Its provider may be compensated once.
#[derive(Serialize, ToSchema)]
#[schema(as = WorkInVain)]
struct VainWorkView {
    provider_id: UserId,
    /// Their share of the price, less earlier earnings from the order.
    most: MoneySum,
    /// The provider has been compensated.
    compensated: bool,
}

/// A refund, sent or in transit to the customer. Its source is `held`, `suspense` (a mistaken
/// payment) or `loss` (the platform's own money).
#[derive(Serialize, ToSchema)]
#[schema(as = Refund)]
pub(crate) struct RefundView {
    id: Uuid,
    payment_id: Uuid,
    amount: Amount,
    currency: Currency,
    // Inline, because another type has the name `Source` in the API.
    #[schema(inline)]
    source: Source,
    /// `pending`, `completed` or `rejected` (failed, and owed until sent again or paid by other
    /// means).
    status: RefundState,
    created_at: UnixMillis,
    updated_at: UnixMillis,
}

/// An admin's discretionary action on money.
#[derive(Serialize, ToSchema)]
#[schema(as = MoneyAct)]
pub(crate) struct ActView {
    kind: MoneyActKind,
    /// The refund, the provider, or the case's movement.
    #[schema(required)]
    subject: Option<Uuid>,
    #[schema(required)]
    amount: Option<Amount>,
    by: UserId,
    reason: String,
    at: UnixMillis,
}

#[derive(Deserialize, ToSchema)]
#[schema(as = GoodwillForm)]
pub(crate) struct Goodwill {
    amount: Amount,
    reason: String,
}

#[derive(Deserialize, ToSchema)]
#[schema(as = CompensationForm)]
pub(crate) struct Compensation {
    provider_id: UserId,
    amount: Amount,
    reason: String,
}

#[derive(Deserialize, ToSchema)]
#[schema(as = PaidOtherwiseForm)]
pub(crate) struct PaidOtherwise {
    /// The failed refund.
    refund_id: Uuid,
    /// How the refund was paid.
    reason: String,
}

#[derive(Deserialize, Default, ToSchema)]
#[schema(as = SendAnewForm)]
pub(crate) struct SendAnew {
    #[serde(default)]
    reason: Option<String>,
}

/// `GET /api/v1/admin/orders/{id}/money`.
pub(crate) async fn money(
    State(service): State<Service>,
    Path(id): Path<OrderId>,
) -> Result<Json<DeskView>, Problem> {
    let store = &service.store;
    let rows = store
        .load_order_money(id)
        .await?
        .ok_or(Code::OrderNotFound)?;
    let due = &rows.due;
    let order = &rows.due.order;
    let adapter = &service.worker.adapter;
    let payments = store.payments_of(id).await?.into_iter();
    let payments = payments.map(|row| PaymentView::from_row(row, adapter));
    let refunds = store
        .refunds_of(id)
        .await?
        .into_iter()
        .map(RefundView::from_row);
    let requests = store
        .requests_of(id)
        .await?
        .into_iter()
        .map(RequestView::from_row);
    let cases = store
        .cases_of(id)
        .await?
        .into_iter()
        .map(CaseView::from_row);
    let acts = store.acts_of(id).await?.into_iter().map(ActView::from_row);
    Ok(Json(DeskView {
        order_id: id,
        order_status: order.status,
        payment_status: due.payment_status,
        saga: due.saga,
        customer_id: order.customer_id,
        provider_id: order.provider_id,
        price: to_amount(order.price_minor)?,
        currency: order.currency,
        held: MoneySum(rows.held_minor()),
        granted: MoneySum(due.granted_minor),
        goodwill: MoneySum(due.goodwill_minor),
        charged_back: MoneySum(rows.charged_back_minor()),
        goodwill_most: MoneySum(rows.goodwill_left_minor().max(0)),
        cancel_fee: order
            .terms
            .map(|terms| to_amount(terms.fee_minor))
            .transpose()?,
        next_at: due.next_at,
        payments: payments.collect::<Result<_, _>>()?,
        refunds: refunds.collect::<Result<_, _>>()?,
        requests: requests.collect::<Result<_, _>>()?,
        cases: cases.collect::<Result<_, _>>()?,
        acts: acts.collect::<Result<_, _>>()?,
        worked_in_vain: list_providers_in_vain(&service, &rows).await?,
    }))
}

/// Without the order service, the view still shows everything else.
async fn list_providers_in_vain(
    service: &Service,
    money: &OrderMoney,
) -> Result<Option<Vec<VainWorkView>>, Problem> {
    let providers = match service.fetch_providers_in_vain(money.order_id()).await {
        Ok(providers) => providers,
        Err(error) => {
            tracing::warn!(
                cause = format_error_chain(&error),
                "Could not query the order service"
            );
            return Ok(None);
        }
    };
    let policies = service.store.fee_policies().await?;
    let work = providers
        .into_iter()
        .map(|provider_id| VainWorkView {
            provider_id,
            most: MoneySum(money.compensation_most_minor(provider_id, &policies)),
            compensated: money.compensated_minor(provider_id).is_some(),
        })
        .collect();
    Ok(Some(work))
}

/// `POST /api/v1/admin/orders/{id}/goodwill`.
pub(crate) async fn goodwill(
    State(service): State<Service>,
    admin: KeyedAdmin,
    Path(id): Path<OrderId>,
    Json(Goodwill { amount, reason }): Json<Goodwill>,
) -> Result<StatusCode, Problem> {
    check_positive(amount)?;
    let act = new_money_act(&admin, MoneyActKind::Goodwill, None, Some(amount), &reason)?;
    let step = MoneyStep::Goodwill {
        amount_minor: amount.minor_units(),
    };
    let key = admin.keyed_request("goodwill", None, amount.minor_units());
    apply_admin_step(&service, id, &step, step_metadata(act, key)).await
}

/// `POST /api/v1/admin/orders/{id}/compensation`. Once per order and provider with work in vain.
pub(crate) async fn compensation(
    State(service): State<Service>,
    admin: KeyedAdmin,
    Path(id): Path<OrderId>,
    Json(Compensation {
        provider_id,
        amount,
        reason,
    }): Json<Compensation>,
) -> Result<StatusCode, Problem> {
    check_positive(amount)?;
    let subject = Some(provider_id.0);
    let act = new_money_act(
        &admin,
        MoneyActKind::Compensation,
        subject,
        Some(amount),
        &reason,
    )?;
    service
        .store
        .find_parties(id)
        .await?
        .ok_or(Code::OrderNotFound)?;
    let key = admin.keyed_request("compensation", subject, amount.minor_units());
    // Answer a repeat from its idempotency key, even if the order service has changed its data
    // since.
    let has_case = service.store.knows_key(&key).await?
        || has_worked_in_vain(&service, id, provider_id).await?;
    let wish = CompensationRequest {
        provider: provider_id,
        amount_minor: amount.minor_units(),
        has_case,
    };
    apply_admin_step(
        &service,
        id,
        &MoneyStep::Compensate(wish),
        step_metadata(act, key),
    )
    .await
}

/// `POST /api/v1/admin/orders/{id}/paid-otherwise`.
pub(crate) async fn paid_otherwise(
    State(service): State<Service>,
    admin: KeyedAdmin,
    Path(id): Path<OrderId>,
    Json(PaidOtherwise { refund_id, reason }): Json<PaidOtherwise>,
) -> Result<StatusCode, Problem> {
    let act = new_money_act(
        &admin,
        MoneyActKind::PaidOtherwise,
        Some(refund_id),
        None,
        &reason,
    )?;
    let step = MoneyStep::PaidOtherwise {
        refund: MovementId(refund_id),
    };
    let key = admin.keyed_request("by_hand", Some(refund_id), 0);
    apply_admin_step(&service, id, &step, step_metadata(act, key)).await
}

/// `POST /api/v1/admin/orders/{id}/refund-anew`.
pub(crate) async fn send_anew(
    State(service): State<Service>,
    admin: KeyedAdmin,
    Path(id): Path<OrderId>,
    MaybeJson(SendAnew { reason }): MaybeJson<SendAnew>,
) -> Result<StatusCode, Problem> {
    let reason = wire::check_optional_reason(reason.as_deref())?.unwrap_or_default();
    let by = admin.user_id;
    let kind = MoneyActKind::SentAnew;
    let act = MoneyAct {
        kind,
        subject: None,
        amount_minor: None,
        by,
        reason,
    };
    let key = admin.keyed_request("sent_anew", None, 0);
    apply_admin_step(&service, id, &MoneyStep::SendAnew, step_metadata(act, key)).await
}

async fn apply_admin_step(
    service: &Service,
    order: OrderId,
    step: &MoneyStep,
    metadata: StepMetadata,
) -> Result<StatusCode, Problem> {
    service
        .store
        .find_parties(order)
        .await?
        .ok_or(Code::OrderNotFound)?;
    service.apply_step(order, step, &metadata).await?;
    Ok(StatusCode::NO_CONTENT)
}

fn new_money_act(
    admin: &KeyedAdmin,
    kind: MoneyActKind,
    subject: Option<Uuid>,
    amount: Option<Amount>,
    reason: &str,
) -> Result<MoneyAct, Problem> {
    let reason = wire::check_reason(reason)?;
    let amount_minor = amount.map(Amount::minor_units);
    Ok(MoneyAct {
        kind,
        subject,
        amount_minor,
        by: admin.user_id,
        reason,
    })
}

async fn has_worked_in_vain(
    service: &Service,
    order: OrderId,
    provider: UserId,
) -> Result<bool, Problem> {
    let providers = service
        .fetch_providers_in_vain(order)
        .await
        .map_err(|error| order_service_unavailable(&error))?;
    Ok(providers.contains(&provider))
}

fn step_metadata(act: MoneyAct, request: KeyedRequest) -> StepMetadata {
    StepMetadata {
        by: Some(act.by),
        act: Some(act),
        request: Some(request),
        ..StepMetadata::default()
    }
}

fn check_positive(amount: Amount) -> Result<(), Problem> {
    if amount.is_positive() {
        Ok(())
    } else {
        Err(Problem::wrong_field("amount", say::amount_not_positive))
    }
}

impl RefundView {
    pub(crate) fn from_row(row: RefundRow) -> Result<Self, Problem> {
        Ok(Self {
            id: row.id,
            payment_id: row.payment_id,
            amount: to_amount(row.amount_minor)?,
            currency: row.currency,
            source: parse_column(&row.source, "refunds.source", row.id)?,
            status: parse_column(&row.status, "refunds.status", row.id)?,
            created_at: row.created_at,
            updated_at: row.updated_at,
        })
    }
}

impl ActView {
    pub(crate) fn from_row(row: MoneyActRow) -> Result<Self, Problem> {
        Ok(Self {
            kind: parse_column(&row.kind, "money_acts.kind", row.id)?,
            subject: row.subject,
            amount: row.amount_minor.map(to_amount).transpose()?,
            by: row.by_id,
            reason: row.reason,
            at: row.at,
        })
    }
}
