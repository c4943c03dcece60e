//! API views of movements and bookings.

use custody::MovementId;
use process::problem::Problem;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;
use wire::{Amount, Currency, OrderId, UnixMillis, UserId};

use super::{sum::MoneySum, to_amount};
use crate::{
    adapter::{PayLink, PaymentAdapter},
    store::{ActRow, MoneyCaseRow, PaymentRow, RefundRow, RequestRecord, StatementEntry},
};

/// The id of a payment or refund request.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(transparent)]
pub struct MoneyId(pub Uuid);

#[derive(Serialize, ToSchema)]
#[schema(as = Payment)]
pub struct PaymentView {
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
    /// `pending`, `completed` or `failed`.
    status: String,
    /// The page where the customer pays. Null if the payment is closed or needs no page.
    #[schema(required)]
    pay_url: Option<String>,
    created_at: UnixMillis,
    updated_at: UnixMillis,
}

#[derive(Serialize, ToSchema)]
#[schema(as = RefundRequest)]
pub struct RequestView {
    id: Uuid,
    order_id: OrderId,
    customer_id: UserId,
    amount: Amount,
    currency: Currency,
    /// `open`, `granted` or `refused`.
    status: String,
    reason: String,
    #[schema(required)]
    granted: Option<Amount>,
    created_at: UnixMillis,
    #[schema(required)]
    decided_at: Option<UnixMillis>,
}

/// A posting on an account. Debit is positive.
#[derive(Serialize, ToSchema)]
#[schema(as = StatementLine)]
pub struct LineView {
    at: UnixMillis,
    /// The booked fact, such as `charge`, `refund_done` or `release`.
    action: String,
    account: String,
    #[schema(required)]
    order_id: Option<OrderId>,
    amount: MoneySum,
    currency: Currency,
    /// The platform fee, for a release to a provider.
    #[schema(required)]
    fee: Option<MoneySum>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = MoneyCase)]
pub struct CaseView {
    id: u64,
    /// Null for a payout, which belongs to no order.
    #[schema(required)]
    order_id: Option<OrderId>,
    /// The payee, for a payout.
    #[schema(required)]
    provider_id: Option<UserId>,
    kind: String,
    movement_id: Uuid,
    opened_at: UnixMillis,
    #[schema(required)]
    closed_at: Option<UnixMillis>,
}

/// A refund, sent or in transit to the customer.
#[derive(Serialize, ToSchema)]
#[schema(as = Refund)]
pub struct RefundView {
    id: Uuid,
    payment_id: Uuid,
    amount: Amount,
    currency: Currency,
    /// The money's source: `held`, `suspense` (a mistaken payment) or `loss` (the platform's own
    /// money).
    source: String,
    /// `pending`, `completed` or `rejected` (failed, and owed until sent again or paid by other
    /// means).
    status: String,
    created_at: UnixMillis,
    updated_at: UnixMillis,
}

/// An admin's discretionary action on money.
#[derive(Serialize, ToSchema)]
#[schema(as = MoneyAct)]
pub struct ActView {
    /// `goodwill`, `compensation`, `sent_anew`, `paid_otherwise` or `case_closed`.
    kind: String,
    /// The refund, the provider, or the case's movement.
    #[schema(required)]
    subject: Option<Uuid>,
    #[schema(required)]
    amount: Option<Amount>,
    by: UserId,
    reason: String,
    at: UnixMillis,
}

impl PaymentView {
    pub fn from_row(row: PaymentRow, adapter: &PaymentAdapter) -> Result<Self, Problem> {
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
            status: row.status,
            created_at: row.created_at,
            updated_at: row.updated_at,
        })
    }

    pub fn id(&self) -> Uuid {
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

impl RequestView {
    pub fn from_row(row: RequestRecord) -> Result<Self, Problem> {
        Ok(Self {
            id: row.id,
            order_id: row.order_id,
            customer_id: row.customer_id,
            amount: to_amount(row.amount_minor)?,
            currency: row.currency,
            status: row.status,
            reason: row.reason,
            granted: row.granted_minor.map(to_amount).transpose()?,
            created_at: row.created_at,
            decided_at: row.decided_at,
        })
    }
}

impl From<StatementEntry> for LineView {
    fn from(entry: StatementEntry) -> Self {
        Self {
            at: entry.at,
            action: entry.action,
            account: entry.account,
            order_id: entry.order_id,
            amount: MoneySum(entry.amount_minor),
            currency: entry.currency,
            fee: entry.fee_minor.map(MoneySum),
        }
    }
}

impl From<MoneyCaseRow> for CaseView {
    fn from(row: MoneyCaseRow) -> Self {
        let MoneyCaseRow {
            id,
            kind,
            movement_id,
            opened_at,
            closed_at,
            provider_id,
            ..
        } = row;
        let order_id = Some(row.order_id).filter(|order| !order.0.is_nil());
        Self {
            id,
            order_id,
            provider_id,
            kind,
            movement_id,
            opened_at,
            closed_at,
        }
    }
}

impl RefundView {
    pub fn from_row(row: RefundRow) -> Result<Self, Problem> {
        Ok(Self {
            id: row.id,
            payment_id: row.payment_id,
            amount: to_amount(row.amount_minor)?,
            currency: row.currency,
            source: row.source,
            status: row.status,
            created_at: row.created_at,
            updated_at: row.updated_at,
        })
    }
}

impl ActView {
    pub fn from_row(row: ActRow) -> Result<Self, Problem> {
        Ok(Self {
            kind: row.kind,
            subject: row.subject,
            amount: row.amount_minor.map(to_amount).transpose()?,
            by: row.by_id,
            reason: row.reason,
            at: row.at,
        })
    }
}
