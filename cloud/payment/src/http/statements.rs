//! Bookings, limited to those the reader may see.

use axum::extract::State;
use process::{
    problem::{self, ItemList, Json, Path, Problem, TimeCursor},
    tokens::Caller,
};
use serde::Serialize;
use utoipa::ToSchema;
use wire::{Actor, Code, Currency, OrderId, Role};

use super::{WholeList, sum::MoneySum, views::LineView};
use crate::{
    service::Service,
    store::{AccountBalance, Parties, StatementEntry},
};

type Page = problem::Page<TimeCursor>;

/// A provider's balance in one currency.
#[derive(Serialize, ToSchema)]
pub struct Earnings {
    currency: Currency,
    /// Awaiting the next payout.
    available: MoneySum,
    /// On the way to the provider's bank.
    sending: MoneySum,
}

/// `GET /api/v1/orders/{id}/statement`.
pub async fn statement(
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
pub async fn mine(
    State(service): State<Service>,
    Caller { actor, .. }: Caller,
    page: Page,
) -> Result<ItemList<LineView>, Problem> {
    require_provider(actor)?;
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
pub async fn earnings(
    State(service): State<Service>,
    Caller { actor, .. }: Caller,
) -> Result<Json<WholeList<Earnings>>, Problem> {
    require_provider(actor)?;
    let balances = service.store.balances_of(actor.user_id).await?;
    let mut items = Vec::new();
    for currency in Currency::ALL {
        if balances.iter().any(|row| row.currency == currency) {
            items.push(Earnings {
                currency,
                available: MoneySum(owed_minor(&balances, currency, "provider")),
                sending: MoneySum(owed_minor(&balances, currency, "sending")),
            });
        }
    }
    Ok(Json(WholeList { items }))
}

/// What the platform owes a provider on one account.
fn owed_minor(balances: &[AccountBalance], currency: Currency, account: &str) -> i64 {
    balances
        .iter()
        .find(|row| row.currency == currency && row.account == account)
        .map_or(0, |row| -row.balance_minor)
}

fn require_provider(actor: Actor) -> Result<(), Problem> {
    if actor.role == Role::Provider {
        Ok(())
    } else {
        Err(Code::RoleForbidden.into())
    }
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
    let posting = (entry.action.as_str(), entry.account.as_str());
    match actor.role {
        Role::Admin => true,
        Role::Customer => matches!(
            posting,
            (
                "charge" | "refund_done" | "chargeback" | "reversal",
                "adapter"
            ) | ("paid_otherwise", "bank")
                | ("cancel_fee" | "release", "held")
        ),
        Role::Provider => {
            let is_own = entry.account == "provider" && entry.owner_id == actor.user_id.0;
            is_own
                || is_party && matches!(posting, ("refund" | "refund_back" | "chargeback", "held"))
        }
    }
}
