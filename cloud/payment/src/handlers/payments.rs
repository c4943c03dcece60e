//! Payments of customers, and their payment methods: those the adapter offers, and those a customer
//! has saved. The order service checks here whether an order is paid, before it refuses an edge's
//! start for lack of funds [ASK_BEFORE_REFUSING].

use axum::{
    extract::{FromRequestParts, State},
    http::{HeaderName, StatusCode, header, request::Parts},
};
use custody::{FundsQuery, FundsReply, MovementId, PaymentRequest, PaymentState};
use process::{
    parts::CloudPart,
    problem::{CreatedJson, Json, Path, Problem, Query, no_content_or_not_found},
    tokens::{Caller, ServiceCaller},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;
use wire::{
    Actor, Amount, Code, Currency, OpenMattersCount, OpenMattersQuery, OrderId, Role, UnixMillis,
    UserId,
};

use super::{KeyedCaller, MoneyId, WholeList, to_amount};
use crate::{
    actions::Service,
    adapter::{PayLink, PaymentAdapter},
    say,
    store::{KEPT_METHODS_MAX, KeptMethodRow, PaymentRow, StepMetadata, parse_column},
};

#[derive(Deserialize, ToSchema)]
#[schema(as = PaymentForm)]
pub(crate) struct PaymentForm {
    order_id: OrderId,
    amount: Amount,
    /// Defaults to the order's currency.
    #[serde(default)]
    currency: Option<Currency>,
    /// The adapter's token of the payment method. Defaults to the customer's default, else to the
    /// adapter's usual one.
    #[serde(default)]
    payment_method: Option<String>,
}

#[derive(Deserialize, ToSchema)]
pub(crate) struct OfOrder {
    pub order_id: OrderId,
}

#[derive(Serialize, ToSchema)]
#[schema(as = Payment)]
pub(crate) struct PaymentView {
    id: Uuid,
    /// The adapter's id of the payment.
    transaction_id: Uuid,
    order_id: OrderId,
    customer_id: UserId,
    #[schema(required)]
    provider_id: Option<UserId>,
    amount: Amount,
    currency: Currency,
    payment_method: String,
    status: PaymentState,
    /// The page where the customer pays. Null if the payment is closed or needs no page.
    #[schema(required)]
    pay_url: Option<String>,
    created_at: UnixMillis,
    updated_at: UnixMillis,
}

impl PaymentView {
    pub(crate) fn from_row(row: PaymentRow, adapter: &PaymentAdapter) -> Result<Self, Problem> {
        Ok(Self {
            id: row.id,
            transaction_id: row.id,
            pay_url: pay_link(&row).and_then(|pay| adapter.payment_link(&pay)),
            order_id: row.order_id,
            customer_id: row.customer_id,
            provider_id: row.provider_id,
            amount: to_amount(row.amount_minor)?,
            currency: row.currency,
            payment_method: row.payment_method,
            status: parse_column(&row.status, "payments.status", row.id)?,
            created_at: row.created_at,
            updated_at: row.updated_at,
        })
    }

    pub(crate) fn id(&self) -> Uuid {
        self.id
    }
}

fn pay_link(row: &PaymentRow) -> Option<PayLink> {
    let link = PayLink {
        payment: MovementId(row.id),
        order: row.order_id,
        amount_minor: row.amount_minor,
        begun_at: row.created_at,
    };
    row.is_wanted().then_some(link)
}

/// `POST /api/v1/payments`.
pub(crate) async fn pay(
    State(service): State<Service>,
    sender: KeyedCaller,
    Json(form): Json<PaymentForm>,
) -> Result<([(HeaderName, String); 1], CreatedJson<PaymentView>), Problem> {
    let by = sender.caller.actor.user_id;
    let PaymentForm {
        order_id,
        amount,
        currency,
        payment_method,
    } = form;
    let adapter = &service.worker.adapter;
    let method = match payment_method {
        Some(named) => named,
        None => choose_default_method(&service, by).await?,
    };
    if !adapter.accepts_method(&method) {
        return Err(Problem::wrong_field("payment_method", say::method_unknown));
    }
    let order = service.refresh_order(order_id).await?;
    if order.customer_id != by {
        return Err(Code::OrderNotFound.into());
    }
    let currency = currency.unwrap_or(order.currency);
    if !adapter.accepts_currency(currency) {
        return Err(Problem::wrong_field(
            "payment_method",
            say::currency_unpayable,
        ));
    }
    let wish = PaymentRequest {
        by,
        amount_minor: amount.minor_units(),
        currency,
    };
    let key = sender.keyed_request("pay", amount);
    let note = StepMetadata {
        method: Some(method),
        request: key,
        ..StepMetadata::default()
    };
    let movement = service.pay_order(order_id, wish, &note).await?;
    let row = match movement {
        Some(id) => service.store.find_payment(id.0).await?,
        None => None,
    };
    let view = PaymentView::from_row(row.ok_or(Code::Internal)?, adapter)?;
    let place = [(header::LOCATION, format!("/api/v1/payments/{}", view.id()))];
    Ok((place, CreatedJson(view)))
}

/// `GET /api/v1/payments?order_id=`.
pub(crate) async fn payments(
    State(service): State<Service>,
    Caller { actor, .. }: Caller,
    Query(OfOrder { order_id }): Query<OfOrder>,
) -> Result<Json<WholeList<PaymentView>>, Problem> {
    check_payer(&service, actor, order_id).await?;
    let adapter = &service.worker.adapter;
    let rows = service.store.payments_of(order_id).await?;
    let items = rows
        .into_iter()
        .map(|row| PaymentView::from_row(row, adapter))
        .collect::<Result<_, _>>()?;
    Ok(Json(WholeList { items }))
}

/// `GET /api/v1/payments/{id}`.
pub(crate) async fn payment(
    State(service): State<Service>,
    Caller { actor, .. }: Caller,
    Path(MoneyId(id)): Path<MoneyId>,
) -> Result<Json<PaymentView>, Problem> {
    let row = service.store.find_payment(id).await?;
    let row = row
        .filter(|row| is_payer(actor, row.customer_id))
        .ok_or(Code::NotFound)?;
    Ok(Json(PaymentView::from_row(row, &service.worker.adapter)?))
}

/// Only the order's customer and admins can see payments.
pub(crate) async fn check_payer(
    service: &Service,
    actor: Actor,
    order: OrderId,
) -> Result<(), Problem> {
    let parties = service.find_parties(order).await?;
    if is_payer(actor, parties.customer) {
        Ok(())
    } else {
        Err(Code::OrderNotFound.into())
    }
}

fn is_payer(actor: Actor, customer: UserId) -> bool {
    match actor.role {
        Role::Admin => true,
        Role::Customer => customer == actor.user_id,
        Role::Provider => false,
    }
}

#[derive(Deserialize, ToSchema)]
#[schema(as = KeptMethodForm)]
#[serde(deny_unknown_fields)]
pub(crate) struct KeptMethodForm {
    /// True replaces the previous default. False clears the default if it was this method.
    is_default: bool,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct PaymentMethods {
    /// Methods the adapter offers, the usual one first.
    items: Vec<PaymentMethod>,
    /// The customer's saved methods, oldest first. Empty for an admin.
    kept: Vec<KeptMethod>,
    /// One of the offered methods: the customer's default, else the last one they paid with, else
    /// the adapter's usual one.
    proposed: String,
}

/// A payment method.
#[derive(Serialize, ToSchema)]
pub(crate) struct PaymentMethod {
    /// The adapter's token, used in a payment.
    method: &'static str,
    /// True if no real money is charged: for tests and demonstrations.
    simulated: bool,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct KeptMethod {
    method: String,
    is_default: bool,
    /// True if the adapter still offers it; otherwise it can only be removed.
    is_offered: bool,
    kept_at: UnixMillis,
}

/// `GET /api/v1/payments/methods`.
pub(crate) async fn methods(
    State(service): State<Service>,
    Caller { actor, .. }: Caller,
) -> Result<Json<PaymentMethods>, Problem> {
    let store = &service.store;
    let adapter = &service.worker.adapter;
    let mut kept = Vec::new();
    let mut last_used = None;
    if actor.role == Role::Customer {
        kept = store.kept_methods(actor.user_id).await?;
        last_used = store.last_used_method(actor.user_id).await?;
    }
    let proposed = default_of(&kept, adapter)
        .or_else(|| last_used.filter(|method| adapter.accepts_method(method)))
        .unwrap_or_else(|| adapter.usual_method().to_owned());
    let simulated = adapter.is_simulated();
    let items = adapter
        .supported_methods()
        .into_iter()
        .map(|method| PaymentMethod { method, simulated });
    let kept = kept.into_iter().map(
        |KeptMethodRow {
             method,
             is_default,
             kept_at,
             ..
         }| {
            KeptMethod {
                is_offered: adapter.accepts_method(&method),
                method,
                is_default,
                kept_at,
            }
        },
    );
    Ok(Json(PaymentMethods {
        items: items.collect(),
        kept: kept.collect(),
        proposed,
    }))
}

/// `PUT /api/v1/payments/methods/{method}`.
pub(crate) async fn keep_method(
    State(service): State<Service>,
    caller: Caller,
    Path(method): Path<String>,
    Json(KeptMethodForm { is_default }): Json<KeptMethodForm>,
) -> Result<StatusCode, Problem> {
    if !service.worker.adapter.accepts_method(&method) {
        return Err(Problem::wrong_field("method", say::method_unknown));
    }
    if !service
        .store
        .keep_method(caller.actor.user_id, &method, is_default)
        .await?
    {
        return Err(Problem::wrong_field(
            "method",
            say::methods_full {
                most: KEPT_METHODS_MAX.into(),
            },
        ));
    }
    Ok(StatusCode::NO_CONTENT)
}

/// `DELETE /api/v1/payments/methods/{method}`.
pub(crate) async fn remove_method(
    State(service): State<Service>,
    caller: Caller,
    Path(method): Path<String>,
) -> Result<StatusCode, Problem> {
    let is_gone = service
        .store
        .remove_method(caller.actor.user_id, method)
        .await?;
    no_content_or_not_found(is_gone)
}

/// The default method for a payment without one.
async fn choose_default_method(service: &Service, customer: UserId) -> Result<String, Problem> {
    let adapter = &service.worker.adapter;
    let kept = service.store.kept_methods(customer).await?;
    Ok(default_of(&kept, adapter).unwrap_or_else(|| adapter.usual_method().to_owned()))
}

/// The saved default, if this adapter offers it: a former adapter may have been the only one.
fn default_of(kept: &[KeptMethodRow], adapter: &PaymentAdapter) -> Option<String> {
    let default = kept
        .iter()
        .find(|kept| kept.is_default && adapter.accepts_method(&kept.method))?;
    Some(default.method.clone())
}

/// Each order may need an adapter query; the order service sends fewer at a time.
const ORDERS_MAX: usize = 200;

/// Proves that the caller is the order service.
pub(crate) struct OrderServiceCaller;

impl FromRequestParts<Service> for OrderServiceCaller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, service: &Service) -> Result<Self, Problem> {
        let ServiceCaller(from) = ServiceCaller::from_request_parts(parts, service).await?;
        if from == CloudPart::Order.name() {
            Ok(Self)
        } else {
            Err(Code::RoleForbidden.into())
        }
    }
}

/// Counts a person's unsettled orders, payouts and balances. Only for auth.
pub(crate) async fn count_open_matters(
    State(service): State<Service>,
    ServiceCaller(from): ServiceCaller,
    Json(OpenMattersQuery { user_id }): Json<OpenMattersQuery>,
) -> Result<Json<OpenMattersCount>, Problem> {
    if from != CloudPart::Auth.name() {
        return Err(Code::RoleForbidden.into());
    }
    let open = service.store.count_open_matters(user_id).await?;
    Ok(Json(OpenMattersCount { open }))
}

/// Returns the latest event about each order's money, after querying the adapter about open
/// payments.
pub(crate) async fn answer_funds_query(
    State(service): State<Service>,
    _: OrderServiceCaller,
    Json(FundsQuery { orders }): Json<FundsQuery>,
) -> Result<Json<FundsReply>, Problem> {
    if orders.len() > ORDERS_MAX {
        return Err(Code::BodyTooLarge.into());
    }
    let mut words = Vec::with_capacity(orders.len());
    for order in orders {
        words.extend(service.find_latest_event(order).await?);
    }
    Ok(Json(FundsReply { words }))
}
