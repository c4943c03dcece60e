//! Bookings, limited to those the reader may see, and the versions of the platform fee: for admins,
//! and without their authors for everyone.

use axum::{
    extract::State,
    http::{HeaderName, StatusCode, header},
};
use custody::{Action, WHOLE_BASIS_POINTS};
use process::{
    problem::{self, ItemList, Json, Path, Problem, TimeCursor},
    tokens::Caller,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use wire::{Actor, Code, Currency, OrderId, PlatformFees, Role, UnixMillis, UserId};

use super::{MoneySum, WholeList};
use crate::{
    actions::Service,
    say,
    store::{AccountBalance, AccountName, Parties, PlatformFeeRow, StatementEntry},
};

type Page = problem::Page<TimeCursor>;

/// A posting on an account, with the booked fact as its action. Debit is positive.
#[derive(Serialize, ToSchema)]
#[schema(as = StatementLine)]
pub(crate) struct LineView {
    at: UnixMillis,
    // Inline, because another type has the name `Action` in the API.
    #[schema(inline)]
    action: Action,
    account: AccountName,
    #[schema(required)]
    order_id: Option<OrderId>,
    amount: MoneySum,
    currency: Currency,
    /// The platform fee, for a release to a provider.
    #[schema(required)]
    fee: Option<MoneySum>,
}

/// A provider's balance in one currency.
#[derive(Serialize, ToSchema)]
pub(crate) struct Earnings {
    currency: Currency,
    /// Awaiting the next payout.
    available: MoneySum,
    /// On the way to the provider's bank.
    sending: MoneySum,
}

/// `GET /api/v1/orders/{id}/statement`.
pub(crate) async fn statement(
    State(service): State<Service>,
    Caller { actor, .. }: Caller,
    Path(id): Path<OrderId>,
) -> Result<Json<WholeList<LineView>>, Problem> {
    let parties = service.find_parties(id).await?;
    let is_party = is_party(parties, actor);
    let entries = service.store.entries_of_order(id).await?;
    let seen: Vec<StatementEntry> = entries
        .into_iter()
        .filter(|entry| is_theirs(entry, actor, is_party))
        .collect();
    // A former provider of the order may still have earned from it.
    let earned = actor.role == Role::Provider && !seen.is_empty();
    if !is_party && !earned {
        return Err(Code::OrderNotFound.into());
    }
    let items = seen.into_iter().map(LineView::from).collect();
    Ok(Json(WholeList { items }))
}

/// `GET /api/v1/statements`.
pub(crate) async fn mine(
    State(service): State<Service>,
    Caller { actor, .. }: Caller,
    page: Page,
) -> Result<ItemList<LineView>, Problem> {
    let rows = service
        .store
        .entries_of_provider(actor.user_id, page.rows_to_read(), page.after)
        .await?;
    let seen = page.build_page(rows, |entry| TimeCursor {
        at: entry.at,
        id: entry.journal_id,
    });
    Ok(seen.map_items(LineView::from))
}

/// `GET /api/v1/earnings`.
pub(crate) async fn earnings(
    State(service): State<Service>,
    Caller { actor, .. }: Caller,
) -> Result<Json<WholeList<Earnings>>, Problem> {
    list_earnings(&service, actor.user_id).await
}

/// `GET /api/v1/admin/providers/{id}/earnings`.
pub(crate) async fn provider_earnings(
    State(service): State<Service>,
    Path(provider): Path<UserId>,
) -> Result<Json<WholeList<Earnings>>, Problem> {
    list_earnings(&service, provider).await
}

/// Empty if the person never earned anything.
async fn list_earnings(
    service: &Service,
    provider: UserId,
) -> Result<Json<WholeList<Earnings>>, Problem> {
    let balances = service.store.balances_of(provider).await?;
    let mut items = Vec::new();
    for currency in Currency::ALL {
        if balances.iter().any(|row| row.currency == currency) {
            items.push(Earnings {
                currency,
                available: MoneySum(owed_minor(&balances, currency, AccountName::Provider)),
                sending: MoneySum(owed_minor(&balances, currency, AccountName::Sending)),
            });
        }
    }
    Ok(Json(WholeList { items }))
}

/// The platform's debt to a provider on one account.
fn owed_minor(balances: &[AccountBalance], currency: Currency, account: AccountName) -> i64 {
    balances
        .iter()
        .find(|row| row.currency == currency && row.account == account.as_str())
        .map_or(0, |row| -row.balance_minor)
}

fn is_party(parties: Parties, actor: Actor) -> bool {
    match actor.role {
        Role::Admin => true,
        Role::Customer => parties.customer == actor.user_id,
        Role::Provider => parties.provider == Some(actor.user_id),
    }
}

/// Customers see money they paid and every way it left custody. Providers see their own account,
/// and money that leaves their current order's custody without reaching them. Admins see every
/// posting.
fn is_theirs(entry: &StatementEntry, actor: Actor, is_party: bool) -> bool {
    match actor.role {
        Role::Admin => true,
        Role::Customer => match entry.account {
            AccountName::Adapter => matches!(
                entry.action,
                Action::Charge | Action::RefundDone | Action::Chargeback | Action::Reversal
            ),
            AccountName::Bank => entry.action == Action::PaidOtherwise,
            AccountName::Held => matches!(entry.action, Action::CancelFee | Action::Release),
            AccountName::Fees
            | AccountName::Loss
            | AccountName::Provider
            | AccountName::Refunding
            | AccountName::Sending
            | AccountName::Suspense => false,
        },
        Role::Provider => {
            let is_own =
                entry.account == AccountName::Provider && entry.owner_id == actor.user_id.0;
            let leaves_custody = entry.account == AccountName::Held
                && matches!(
                    entry.action,
                    Action::Refund | Action::RefundBack | Action::Chargeback
                );
            is_own || is_party && leaves_custody
        }
    }
}

/// Much shorter than the time for which an answer is complete.
const FEES_CACHED: &str = "public, max-age=60";

/// What decides a provider's share of a price, and when it is theirs.
#[derive(Serialize, ToSchema)]
pub(crate) struct PayoutTerms {
    #[serde(flatten)]
    fees: PlatformFees,
    /// Held money waits so long after the completion, and stays held if its customer objects.
    objection_ms: i64,
}

/// `GET /api/v1/platform-fees`.
pub(crate) async fn newest_platform_fees(
    State(service): State<Service>,
) -> Result<([(HeaderName, String); 1], Json<PayoutTerms>), Problem> {
    let terms = PayoutTerms {
        fees: service.store.newest_platform_fees().await?,
        objection_ms: service.store.objection_ms(),
    };
    let cached = [(header::CACHE_CONTROL, FEES_CACHED.to_owned())];
    Ok((cached, Json(terms)))
}

#[derive(Deserialize, ToSchema)]
#[schema(as = PlatformFeeForm)]
#[serde(deny_unknown_fields)]
pub(crate) struct PlatformFeeForm {
    /// At least an hour from now.
    in_force_from: UnixMillis,
    /// In hundredths of a percent: 1000 is a tenth of the price.
    #[schema(maximum = 10_000)]
    basis_points: u16,
}

/// One version of the platform fee. It applies to orders created from its start until the next
/// version's.
#[derive(Serialize, ToSchema)]
#[schema(as = PlatformFee)]
pub(crate) struct PlatformFeeView {
    in_force_from: UnixMillis,
    basis_points: u32,
    /// Null for the version that the platform was installed with.
    #[schema(required)]
    set_by: Option<UserId>,
    #[schema(required)]
    set_at: Option<UnixMillis>,
}

/// `GET /api/v1/admin/platform-fees`.
pub(crate) async fn platform_fees(
    State(service): State<Service>,
) -> Result<Json<WholeList<PlatformFeeView>>, Problem> {
    let rows = service.store.platform_fees().await?;
    Ok(Json(WholeList {
        items: rows.into_iter().map(PlatformFeeView::from).collect(),
    }))
}

/// `POST /api/v1/admin/platform-fees`.
pub(crate) async fn set_platform_fee(
    State(service): State<Service>,
    caller: Caller,
    Json(PlatformFeeForm {
        in_force_from,
        basis_points,
    }): Json<PlatformFeeForm>,
) -> Result<StatusCode, Problem> {
    if i64::from(basis_points) > WHOLE_BASIS_POINTS {
        return Err(Problem::wrong_field(
            "basis_points",
            say::fee_above_the_whole,
        ));
    }
    let by = caller.actor.user_id;
    service
        .store
        .set_platform_fee(in_force_from, basis_points, by)
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `DELETE /api/v1/admin/platform-fees/{in_force_from}`.
pub(crate) async fn take_back_platform_fee(
    State(service): State<Service>,
    caller: Caller,
    Path(from): Path<UnixMillis>,
) -> Result<StatusCode, Problem> {
    service
        .store
        .take_back_platform_fee(from, caller.actor.user_id)
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

impl From<PlatformFeeRow> for PlatformFeeView {
    fn from(row: PlatformFeeRow) -> Self {
        let PlatformFeeRow {
            in_force_from,
            platform_fee_bp,
            set_by,
            set_at,
        } = row;
        Self {
            in_force_from,
            basis_points: platform_fee_bp,
            set_by,
            set_at,
        }
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
